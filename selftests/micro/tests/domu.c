// SPDX-License-Identifier: GPL-2.0-only
/* Unprivileged domains: the frame that the attack tests stand in. */
#include "domain.h"

static void second(void)
{
	micro_report("second vcpu runs");
}

/* A domain built by hand starts, prints, and ends. */
MICRO_TEST_DOMU(domu_start)
{
	micro_report("flags=%x vcpus up=%ld", micro_start_info->flags,
		     hc_vcpu_op(VCPUOP_is_up, 0, NULL));
	micro_need(!micro_vcpu_start(1, second));
	micro_vcpu_stop(1);
}

/* Each case has its own domain, and may end it. */
MICRO_TEST_DOMU_CASES(domu_ends, 3)
{
	struct sched_shutdown end = { .reason = SHUTDOWN_reboot };

	micro_report("case %u", micro_mail->which);
	if (micro_mail->which == 1)
		hc_sched_op(SCHEDOP_shutdown, &end);
	if (micro_mail->which == 2) {
		hc_set_trap_table(NULL);
		asm volatile("ud2");
	}
}
