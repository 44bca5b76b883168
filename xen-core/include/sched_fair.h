/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler's run queues, shared by its mechanism (sched.c) and its policy
 * (sched_fair.c). Nobody else includes this.
 */
#ifndef XENLITE_SCHED_FAIR_H
#define XENLITE_SCHED_FAIR_H

#include "domain.h"
#include "list.h"
#include "percpu.h"
#include "spinlock.h"
#include "timer.h"

/**
 * struct sched_cpu - a CPU's run queue; protected by @lock but for what is said
 * @curr:	chosen to run, the idle vcpu when nothing else; not in @queue
 * @queue:	vcpus that are runnable and run nowhere, by virtual run time
 * @nr_queued:	length of @queue; read without the lock as a hint
 * @crowded:	somebody waits here while another runs: the bit in sched_crowded
 * @pull:	another CPU asks to take a vcpu off its queue; no lock
 * @charged:	@curr's run time is accounted up to here
 * @picked:	when @curr got the CPU or its present slice
 * @clock:	the queue's virtual time: the least of its vcpus', never goes back
 * @slice:	ends @curr's slice; armed when somebody waits or a cap applies
 */
struct sched_cpu {
	struct spinlock lock;
	struct vcpu *curr;
	struct list queue;
	u32 nr_queued;
	bool crowded;
	bool pull;
	u64 charged, picked, clock;
	struct timer slice;
};

/**
 * struct sched_vcpu - a vcpu's scheduling state; under the lock of v->cpu's queue
 * @vruntime:	run time in ns, scaled by 256 / weight
 * @queued:	is in the queue of v->cpu
 * @yielded:	asked that others go first
 * @saved_affinity: what SCHEDOP_pin_override replaced, 0 when it did not
 */
struct sched_vcpu {
	struct vcpu *vcpu;
	struct list link;
	u64 vruntime;
	bool queued;
	bool yielded;
	u64 saved_affinity;
};

/**
 * struct sched_domain - a domain's share
 * @scale:	virtual ns for each ns run, 32.20 fixed point: (256 << 20) / weight
 * @cap:	per cent of one CPU, 0: none
 * @budget:	with a cap: ns left in this period, atomic; below 0 is a debt
 * @refill:	starts the next period
 */
struct sched_domain {
	struct domain *domain;
	u32 weight, cap;
	u64 scale;
	s64 budget;
	struct timer refill;
};

#define SCHED_SLICE	10000000ull	/* ns: a turn, when others wait */
#define SCHED_MIN_RUN	1000000ull	/* ns: not preempted before */
#define SCHED_PERIOD	10000000ull	/* ns: over which a cap is kept */

/* The policy. All but fair_init_*() and fair_set() are called under @q's lock. */
void fair_init_cpu(struct sched_cpu *q, struct cpu *cpu);
void fair_init_domain(struct sched_domain *sd, struct domain *d, struct cpu *cpu);
void fair_init_vcpu(struct sched_vcpu *s, const struct sched_cpu *q);
void fair_set(struct sched_domain *sd, u32 weight, u32 cap);
void fair_charge(struct sched_cpu *q, u64 now);
void fair_place(struct sched_cpu *q, struct vcpu *v, bool woken);
void fair_enqueue(struct sched_cpu *q, struct vcpu *v);
void fair_dequeue(struct sched_cpu *q, struct vcpu *v);
struct vcpu *fair_pick(struct sched_cpu *q, struct vcpu *prev, u64 now);
bool fair_preempts(struct sched_cpu *q, const struct vcpu *v, u64 now);
void fair_set_slice(struct sched_cpu *q, u64 now);
u64 fair_pull_limit(struct sched_cpu *q, u64 now);
struct cpu *fair_most_ahead(struct sched_cpu *q, u64 now);

static inline bool fair_is_capped(const struct vcpu *v)
{
	return v->domain->sched->cap;
}

#endif
