/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler: which vcpu runs on which CPU.
 *
 * sched.c is the mechanism, sched_fair.c the policy (weighted fair, caps, hard and
 * soft affinity), sched_ctl.c what tools set; the architecture only swaps state
 * (arch_switch_to).
 */
#ifndef XENLITE_SCHED_H
#define XENLITE_SCHED_H

#include "domain.h"

#define SCHED_WEIGHT	256		/* a domain's weight, unless another is set */
#define SCHED_MIN_RUN	1000000ull	/* ns: not preempted before, unless tools set another */

int sched_init_cpu(struct cpu *cpu);	/* also for CPU 0; with its idle vcpu */
void sched_init_domain(struct domain *d);
/** sched_init_vcpu() - @v, which its domain lists, may run where its affinity says. */
void sched_init_vcpu(struct vcpu *v);
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
/** vcpu_run_time() - how long @v has run, ns. */
u64 vcpu_run_time(struct vcpu *v);
int vcpu_set_affinity(struct vcpu *v, u64 *hard, u64 *soft, bool unpin);
int vcpu_pin(struct vcpu *v, s32 cpu);

/**
 * sched_domain_set() - weight (1 .. 65535, default 256) and cap (per cent of one
 * CPU, at most all of its vcpus', 0: none) of @d. Return: 0 or -EINVAL.
 */
int sched_domain_set(struct domain *d, u32 weight, u32 cap);

/* A set of CPUs that domains are bound to; a CPU is in one pool at most. */
struct cpupool {
	bool used;
	u32 id, domains;
	u64 cpus;
};

/** sched_join_pool() - move @d to CPU pool @id. Return: 0, -ESRCH, -ENODEV: it has no CPUs. */
int sched_join_pool(struct domain *d, u32 id);
void sched_leave_pool(struct domain *d);
/** sched_apply_affinity() - what @v's affinity and pool say takes effect; under sched_lock */
void sched_apply_affinity(struct vcpu *v);

/* For the tables of domctl and sysctl; @d may be the caller's. */
struct xen_domctl;
struct xen_sysctl;
long domctl_setvcpuaffinity(struct domain *d, struct xen_domctl *op);
long domctl_getvcpuaffinity(struct domain *d, struct xen_domctl *op);
long domctl_setnodeaffinity(struct domain *d, struct xen_domctl *op);
long domctl_getnodeaffinity(struct domain *d, struct xen_domctl *op);
long domctl_scheduler_op(struct domain *d, struct xen_domctl *op);
long domctl_getvcpuinfo(struct domain *d, struct xen_domctl *op);
long sysctl_cpupool_op(struct xen_sysctl *op);
long sysctl_scheduler_op(struct xen_sysctl *op);

/*
 * Between the mechanism and the policy, sched_fair.c; under sched_lock.
 */
extern struct spinlock sched_lock;
extern u64 sched_min_run;		/* ns: nobody is preempted before */
extern bool sched_preferences;		/* somebody has, or had, a soft affinity */
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
