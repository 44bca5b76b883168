/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler: which vcpu runs on which CPU.
 *
 * sched.c is the mechanism, sched_fair.c the policy (weighted fair, caps, hard
 * affinity); the architecture only swaps state (arch_switch_to).
 */
#ifndef XENLITE_SCHED_H
#define XENLITE_SCHED_H

#include "domain.h"

#define SCHED_WEIGHT	256		/* a domain's weight, unless another is set */
#define SCHED_MIN_RUN	1000000ull	/* ns: not preempted before */

int sched_init_cpu(struct cpu *cpu);	/* also for CPU 0; with its idle vcpu */
void sched_init_domain(struct domain *d);
/** sched_destroy_domain() - no vcpu of @d, which is paused for good, is known anywhere. */
void sched_destroy_domain(struct domain *d);

/** vcpu_set_pause() - add a reason not to run; a running vcpu is descheduled soon. */
void vcpu_set_pause(struct vcpu *v, enum vcpu_pause why);
/** vcpu_clear_pause() - remove a reason; with none left the vcpu becomes runnable. */
void vcpu_clear_pause(struct vcpu *v, enum vcpu_pause why);
/** vcpu_wait_descheduled() - spin (answering requests) until @v runs nowhere. */
void vcpu_wait_descheduled(struct vcpu *v);
/** vcpu_yield() - let others run before the current vcpu goes on. */
void vcpu_yield(void);
/** vcpu_block() - block the current vcpu unless an event is already deliverable: false. */
bool vcpu_block(void);
/** vcpu_set_affinity() - hard affinity bitmap; -EINVAL when no online CPU is in it. */
int vcpu_set_affinity(struct vcpu *v, u64 cpus);

/**
 * sched_domain_set() - weight (1 .. 65535, default 256) and cap (per cent of one
 * CPU, 0: none) of @d, in credit2's units. Return: 0 or -EINVAL.
 */
int sched_domain_set(struct domain *d, u32 weight, u32 cap);

/*
 * Between the mechanism and the policy, sched_fair.c; under sched_lock.
 */
extern struct spinlock sched_lock;
void sched_place(struct vcpu *v, u64 now);
/** fair_enqueue() - @v waits from now on; have a CPU look at it if one should. */
void fair_enqueue(struct vcpu *v, u64 now);
/** fair_pick() - who runs on @cpu, this one, from now on; taken off the queue. */
struct vcpu *fair_pick(struct cpu *cpu, u64 now);

/** do_sched_op() - SCHEDOP_* (xen/sched.h) */
long do_sched_op(u32 cmd, gva_t arg);
long do_sched_op_compat(u32 cmd, u64 arg);
/** do_set_timer_op() - one-shot timer of the current vcpu; 0 stops it. */
long do_set_timer_op(u64 timeout);
/** vcpu_periodic_resume() - @v runs here again: tick if one is due, start the timer. */
void vcpu_periodic_resume(struct vcpu *v);
void vcpu_init_timers(struct vcpu *v);
/** vcpu_nmi() - @v's guest gets an NMI. */
void vcpu_nmi(struct vcpu *v);
/** sched_poll_timeout() - the timer function of SCHEDOP_poll. */
void sched_poll_timeout(void *vcpu);
/** do_vcpu_op() - VCPUOP_* (xen/vcpu.h) */
long do_vcpu_op(u32 cmd, u32 vcpu, gva_t arg);

/** runstate_change() - account the time @v spent and enter RUNSTATE_@state. */
void runstate_change(struct vcpu *v, int state, u64 now);
/** runstate_get() - @v's times up to now. */
void runstate_get(struct vcpu *v, struct vcpu_runstate_info *out);
/** runstate_update_guest() - copy to the area the guest registered; v is current. */
void runstate_update_guest(struct vcpu *v);

void sched_dump(void);			/* the 'r' debug key */

/*
 * arch_switch_to() - make @next (maybe an idle vcpu) this CPU's current vcpu:
 * saves what of the old one's state is only in the CPU, loads the new one's.
 * Called from SOFTIRQ_SCHEDULE with interrupts off and no lock held. On
 * return this CPU runs on as @next: the exit path restores its v->regs (or
 * goes on in the idle loop).
 */
void arch_switch_to(struct vcpu *prev, struct vcpu *next);

#endif
