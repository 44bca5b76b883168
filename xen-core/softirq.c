// SPDX-License-Identifier: GPL-2.0-only
/*
 * Softirqs: work that waits until the CPU is about to leave the core.
 *
 * Any CPU sets a bit, the owner clears it and does the work: on its way back
 * to the guest, or in the idle loop. No lock is held then.
 */
#include "percpu.h"

struct cpu *cpus[MAX_CPUS];
u32 nr_cpus;

static void (*softirq_handler[NR_SOFTIRQS])(void) __ro_after_init;

/** softirq_set_handler() - @handler does @what from now on. Boot time only. */
void __init softirq_set_handler(enum softirq what, void (*handler)(void))
{
	softirq_handler[what] = handler;
}

/**
 * cpu_raise() - have @cpu do @what soon
 *
 * Callable from anywhere, with any lock held. A CPU that is in the core looks
 * at its bits before it leaves; one that may be in a guest or idle is kicked.
 */
void cpu_raise(struct cpu *cpu, enum softirq what)
{
	u32 bit = 1u << what;

	/* Full barrier: what the work is about is visible before the bit. */
	if (__atomic_fetch_or(&cpu->softirqs, bit, __ATOMIC_SEQ_CST) & bit)
		return;
	if (cpu != this_cpu())
		arch_kick_cpu(cpu);
}

/** cpu_run_softirqs() - do all that is pending on this CPU. */
void cpu_run_softirqs(void)
{
	struct cpu *cpu = this_cpu();
	u32 todo;

	while ((todo = READ_ONCE(cpu->softirqs))) {
		u32 what = __builtin_ctz(todo);

		/* Cleared first: work that comes up meanwhile sets it again. */
		__atomic_fetch_and(&cpu->softirqs, ~(1u << what), __ATOMIC_SEQ_CST);
		softirq_handler[what]();
	}
}
