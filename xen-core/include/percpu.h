/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What there is once for each physical CPU.
 *
 * A CPU's block is found from its stack pointer (arch_this_cpu()), so nothing
 * has to be loaded on entry and the guest's segment bases stay untouched.
 */
#ifndef XENLITE_PERCPU_H
#define XENLITE_PERCPU_H

#include "spinlock.h"
#include "timer.h"

#define MAX_CPUS	64

/* Work that is done before returning to a guest, or by the idle loop. */
enum softirq {
	SOFTIRQ_TIMER,		/* expired timers */
	SOFTIRQ_SCHEDULE,	/* pick another vcpu */
	SOFTIRQ_KEY,		/* a debug key was typed */
	SOFTIRQ_CONSOLE,	/* console input waits for dom0 */
	SOFTIRQ_RECLAIM,	/* domains have died */
	NR_SOFTIRQS
};

/**
 * struct cpu - one physical CPU
 * @id:		dense number, 0 is the boot CPU
 * @apic_id:	its local APIC's number
 * @curr:	the vcpu whose state is loaded, an idle one when none: `current` to its own CPU
 * @softirqs:	pending enum softirq bits; set by any CPU, cleared by this one
 * @timers:	timer.c's heap: the first to expire
 * @timer_due:	when the timer interrupt will come, ~0: never
 * @timer_round: earliest expiry that is not served yet; what is set for before
 *		waits till then
 * @sched:	sched_fair.c's part, sched_lock: up to when @curr's run time is accounted;
 *		when it got the CPU or its present slice; the CPU's virtual time; whether
 *		somebody has waited since then; what ends the slice, set if so or if a
 *		cap applies. @leaving: the vcpu that it is switching from, whose memory
 *		it may touch; without a lock, see sched_destroy_domain()
 * @arch:	the architecture's private part
 */
struct cpu {
	u32 id, apic_id;
	bool online;
	struct vcpu *curr;
	u32 softirqs;

	struct spinlock timer_lock;
	struct timer *timers;		/* timer_lock */
	u64 timer_due, timer_round;	/* timer_lock */

	struct {
		u64 charged, picked, clock;
		bool contended;
		struct vcpu *leaving;
		struct timer slice;
	} sched;
	struct arch_cpu *arch;
};

extern struct cpu *cpus[MAX_CPUS];	/* NULL where there is none */
extern u32 nr_cpus;			/* CPUs online; ids are 0 .. nr_cpus - 1 */

static inline u64 cpus_online(void) { return ~0ull >> (64 - nr_cpus); }

struct cpu *arch_this_cpu(void) __attribute__((const));
#define this_cpu()	arch_this_cpu()
#define current		(this_cpu()->curr)

/** cpu_raise() - have @cpu do @what soon; kicks it out of a guest or idle. */
void cpu_raise(struct cpu *cpu, enum softirq what);
/* Have another CPU leave its guest or idle and look at its softirqs and events. */
void arch_kick_cpu(struct cpu *cpu);
/** cpu_run_softirqs() - do all that is pending on this CPU. */
void cpu_run_softirqs(void);
/** softirq_set_handler() - who does @what; boot time only. */
void softirq_set_handler(enum softirq what, void (*handler)(void));

#endif
