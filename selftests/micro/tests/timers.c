// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time: the pvclock page, single-shot and periodic timers (vcpu.h, xen.h).
 *
 * What is compared is order and error, never a duration: waits end when the
 * event comes, and only a lower bound of the time passed is checked.
 */
#include "micro.h"

#define MS	1000000UL

static evtchn_port_t timer_open(void)
{
	return micro_event_bind_virq(VIRQ_TIMER, 0);
}

static void timer_wait(evtchn_port_t port)
{
	while (!micro_event_is_pending(port))
		hc_sched_op(SCHEDOP_yield, NULL);
}

static long singleshot(uint64_t when, uint32_t flags)
{
	struct vcpu_set_singleshot_timer op = {
		.timeout_abs_ns = when, .flags = flags,
	};

	return hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, &op);
}

/* The time page: even version, sane scale, and a clock that never steps back. */
MICRO_TEST(time_page)
{
	const struct vcpu_time_info *time = &micro_vcpu_info()->time;
	uint64_t last = 0, now;
	unsigned int i, back = 0;

	for (i = 0; i < 200000; i++) {
		now = micro_time_now();
		back += now < last;
		last = now;
	}
	micro_report("version_even=%d multiplier_set=%d back=%u",
		     !(READ_ONCE(time->version) & 1),
		     time->tsc_to_system_mul != 0, back);
	micro_info("flags=%x shift=%d", time->flags, time->tsc_shift);
	micro_report("guest_stopped=%d",
		     !!(time->flags & XEN_PVCLOCK_GUEST_STOPPED));
	micro_check(!back);
}

/* Single shot: fires once, at or after its time, also when that is past. */
MICRO_TEST(timer_singleshot)
{
	evtchn_port_t port = timer_open();
	uint64_t when = micro_time_now() + 3 * MS;
	long ret;

	ret = singleshot(when, 0);
	micro_report("set=%ld", ret);
	timer_wait(port);
	micro_report("not_early=%d", micro_time_now() >= when);
	micro_event_clear(port);
	ret = singleshot(1, 0);
	timer_wait(port);
	micro_report("past=%ld fired=1", ret);
	micro_event_clear(port);
	micro_report("past_future_flag=%ld",
		     singleshot(1, VCPU_SSHOTTMR_future));
	micro_report("other_flags=%ld", singleshot(when, 0xfffe));
	timer_wait(port);
	micro_event_clear(port);
	ret = singleshot(micro_time_now() + 2 * MS, VCPU_SSHOTTMR_future);
	timer_wait(port);
	micro_report("future=%ld fired=1", ret);
}

/* Stopped before its time, it does not fire; stopping twice is fine. */
MICRO_TEST(timer_stop)
{
	evtchn_port_t port = timer_open();
	uint64_t end;

	micro_event_clear(port);
	micro_report("set=%ld", singleshot(micro_time_now() + 20 * MS, 0));
	micro_report("stop=%ld",
		     hc_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL));
	micro_report("stop_again=%ld",
		     hc_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL));
	end = micro_time_now() + 40 * MS;
	while (micro_time_now() < end)
		hc_sched_op(SCHEDOP_yield, NULL);
	micro_report("fired=%d", micro_event_is_pending(port));
	micro_check(!micro_event_is_pending(port));
}

/* set_timer_op: the old call for the same timer; 0 stops it. */
MICRO_TEST(timer_set_timer_op)
{
	evtchn_port_t port = timer_open();
	uint64_t when = micro_time_now() + 2 * MS;

	micro_event_clear(port);
	micro_report("set=%ld", hc_set_timer_op(when));
	timer_wait(port);
	micro_report("not_early=%d", micro_time_now() >= when);
	micro_event_clear(port);
	micro_report("past=%ld", hc_set_timer_op(1));
	timer_wait(port);
	micro_report("past_fired=1");
	micro_report("stop=%ld", hc_set_timer_op(0));
	micro_report("far=%ld", hc_set_timer_op(0x7fffffffffffffff));
	micro_report("stop=%ld", hc_set_timer_op(0));
}

/* Periodic: fires again and again; too short a period is refused. */
MICRO_TEST(timer_periodic)
{
	struct vcpu_set_periodic_timer op = { .period_ns = 2 * MS };
	evtchn_port_t port = timer_open();
	unsigned int i;

	micro_event_clear(port);
	micro_report("set=%ld", hc_vcpu_op(VCPUOP_set_periodic_timer, 0, &op));
	for (i = 0; i < 3; i++) {
		timer_wait(port);
		micro_event_clear(port);
	}
	micro_report("fired=%u", i);
	micro_report("stop=%ld",
		     hc_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL));
	op.period_ns = MS - 1;
	micro_report("short=%ld",
		     hc_vcpu_op(VCPUOP_set_periodic_timer, 0, &op));
	op.period_ns = 0;
	micro_report("zero=%ld",
		     hc_vcpu_op(VCPUOP_set_periodic_timer, 0, &op));
	op.period_ns = ~0UL;
	micro_report("max=%ld",
		     hc_vcpu_op(VCPUOP_set_periodic_timer, 0, &op));
	hc_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
}

/* Timers are set for oneself only; pointers are checked. */
MICRO_TEST(timer_errors)
{
	struct vcpu_set_singleshot_timer op = { .timeout_abs_ns = 1 };
	struct vcpu_set_periodic_timer periodic = { .period_ns = 5 * MS };

	micro_report("singleshot_vcpu1=%ld",
		     hc_vcpu_op(VCPUOP_set_singleshot_timer, 1, &op));
	micro_report("stop_vcpu1=%ld",
		     hc_vcpu_op(VCPUOP_stop_singleshot_timer, 1, NULL));
	micro_report("periodic_vcpu1=%ld",
		     hc_vcpu_op(VCPUOP_set_periodic_timer, 1, &periodic));
	micro_report("stop_periodic_vcpu1=%ld",
		     hc_vcpu_op(VCPUOP_stop_periodic_timer, 1, NULL));
	micro_report("singleshot_pointer=%ld",
		     hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, 0x1000));
	micro_report("periodic_pointer=%ld",
		     hc_vcpu_op(VCPUOP_set_periodic_timer, 0, 0x1000));
}

static unsigned int upcalls;

static void upcall(struct micro_frame *frame)
{
	(void)frame;
	upcalls++;
	micro_vcpu_info()->evtchn_upcall_pending = 0;
	micro_vcpu_info()->evtchn_pending_sel = 0;
}

/* A timer wakes a vcpu that blocks: the upcall has run when block returns. */
MICRO_TEST(timer_wakes_block)
{
	evtchn_port_t port = timer_open();
	unsigned int i;
	uint64_t when;
	long ret;

	upcalls = 0;
	micro_trap_hook(ENTRY_EVENT, upcall);
	for (i = 0; i < 3; i++) {
		micro_event_clear(port);
		micro_event_set_mask(port, false);
		when = micro_time_now() + 3 * MS;
		micro_need(!singleshot(when, 0));
		ret = hc_sched_op(SCHEDOP_block, NULL);
		micro_report("block=%ld upcalls=%u pending=%d not_early=%d",
			     ret, upcalls, micro_event_is_pending(port),
			     micro_time_now() >= when);
		micro_event_disable();
	}
}
