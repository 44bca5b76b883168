// SPDX-License-Identifier: GPL-2.0-only
/*
 * Weighted-fair scheduling: who goes first, for how long, and what is owed.
 *
 * Each vcpu has a virtual run time that grows while it runs, the slower the
 * higher its domain's weight. A CPU's queue is ordered by it: the one that has
 * had the least comes first. Two bounds keep the past from weighing too much:
 *
 *     clock - CREDIT   - CARRY   clock          clock + DEBT
 *   -----|----------------|--------|-------------------|-----> virtual time
 *        who slept starts in here; who comes from another CPU: from CARRY on
 *
 * Virtual times are comparable between CPUs: a CPU whose vcpu is well ahead of
 * one that waits elsewhere takes that one over (fair_pull_limit). A vcpu that
 * has a CPU to itself is kept near the most advanced clock, so that an unequal
 * load that nobody competes for leaves no debts behind.
 *
 * A cap is a budget that all vcpus of the domain draw from, refilled every
 * SCHED_PERIOD; what is overdrawn is taken from the next.
 */
#include "sched_fair.h"

#include "sched.h"

#define FAIR_CREDIT	17000000ull	/* virtual ns: a woken one, so that it goes first */
#define FAIR_CARRY	15000000ull	/* virtual ns: one that came from another CPU */
#define FAIR_DEBT	20000000ull	/* ns */
#define FAIR_MIN_SHARE	250000ull	/* ns: no timer sooner because of a cap */
#define FAIR_SLACK	SCHED_SLICE	/* lead at which a CPU pulls */
#define FAIR_WAKE_EDGE	500000ull	/* lag at which a woken vcpu preempts */
#define FAIR_EPOCH	(1ull << 44)	/* where clocks start, so that they can be undercut */
#define FAIR_MAX_DELTA	(1ull << 32)	/* ns charged at once: keeps the product in 64 bits */
#define FAIR_WEIGHT	256u
#define FAIR_SHIFT	20

/* The most advanced clock of all CPUs; no lock, a little stale does no harm. */
static u64 fair_time = FAIR_EPOCH;

static struct sched_vcpu *fair_entry(struct list *l)
{
	return list_entry(l, struct sched_vcpu, link);
}

static struct vcpu *fair_head(const struct sched_cpu *q)
{
	return q->nr_queued ? fair_entry(q->queue.next)->vcpu : NULL;
}

/* Real to virtual time for @v; @ns < FAIR_MAX_DELTA. */
static u64 fair_scale(const struct vcpu *v, u64 ns)
{
	return ns * v->domain->sched->scale >> FAIR_SHIFT;
}

void fair_init_cpu(struct sched_cpu *q, struct cpu *cpu)
{
	spin_lock_init(&q->lock);
	list_init(&q->queue);
	q->clock = fair_time;
}

void fair_init_vcpu(struct sched_vcpu *s, const struct sched_cpu *q)
{
	list_init(&s->link);
	s->vruntime = q->clock;
}

static s64 fair_quota(const struct sched_domain *sd)
{
	return (s64)sd->cap * (s64)(SCHED_PERIOD / 100);
}

/* A new period: pay off the debt, let parked vcpus go on if something is left. */
static void fair_refill(void *data)
{
	struct sched_domain *sd = data;
	s64 quota = fair_quota(sd), old, new;

	old = __atomic_load_n(&sd->budget, __ATOMIC_RELAXED);
	do {
		new = sd->cap ? MIN(old + quota, quota) : 0;
	} while (!__atomic_compare_exchange_n(&sd->budget, &old, new, true,
					      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	if (!sd->cap || new > 0) {
		for_each_vcpu(sd->domain, v)
			vcpu_clear_pause(v, VPF_PARKED);
	}
	/* Nothing used: the timer starts again with the next charge. */
	if (sd->cap && old < quota)
		timer_set(&sd->refill, arch_now() + SCHED_PERIOD);
}

void fair_init_domain(struct sched_domain *sd, struct domain *d, struct cpu *cpu)
{
	sd->domain = d;
	fair_set(sd, FAIR_WEIGHT, 0);
	timer_init(&sd->refill, fair_refill, sd, cpu);
}

/** fair_set() - new parameters, already checked; run time is charged by them at once. */
void fair_set(struct sched_domain *sd, u32 weight, u32 cap)
{
	WRITE_ONCE(sd->scale, ((u64)FAIR_WEIGHT << FAIR_SHIFT) / weight);
	sd->weight = weight;
	WRITE_ONCE(sd->cap, cap);
	__atomic_store_n(&sd->budget, fair_quota(sd), __ATOMIC_SEQ_CST);
}

static void fair_advance_clock(struct sched_cpu *q)
{
	struct vcpu *head = fair_head(q);
	u64 least = ~0ull;

	if (!q->curr->is_idle)
		least = q->curr->sched->vruntime;
	if (head && head->sched->vruntime < least)
		least = head->sched->vruntime;
	if (least != ~0ull && least > q->clock) {
		q->clock = least;
		if (least > READ_ONCE(fair_time))
			WRITE_ONCE(fair_time, least);
	}
}

static void fair_draw(struct sched_domain *sd, u64 ns)
{
	__atomic_fetch_sub(&sd->budget, (s64)ns, __ATOMIC_SEQ_CST);
	if (!timer_pending(&sd->refill))
		timer_set(&sd->refill, arch_now() + SCHED_PERIOD);
}

/** fair_charge() - account what @q's running vcpu has used up to @now. */
void fair_charge(struct sched_cpu *q, u64 now)
{
	struct vcpu *v = q->curr;
	struct sched_vcpu *s = v->sched;
	u64 ran;

	if (v->is_idle || now <= q->charged)
		return;
	ran = now - q->charged;
	q->charged = now;
	s->vruntime += fair_scale(v, MIN(ran, FAIR_MAX_DELTA));
	if (!q->nr_queued) {
		/* Alone: nobody owes it anything that is long ago. */
		u64 floor = READ_ONCE(fair_time) - fair_scale(v, FAIR_DEBT);

		s->vruntime = MAX(s->vruntime, floor);
	}
	if (fair_is_capped(v))
		fair_draw(v->domain->sched, ran);
	fair_advance_clock(q);
}

/**
 * fair_place() - bring @v's virtual time near @q's clock before it is queued
 * @woken: it slept; what it did not use then is forfeit but for a little
 */
void fair_place(struct sched_cpu *q, struct vcpu *v, bool woken)
{
	u64 least = q->clock - (woken ? FAIR_CREDIT : FAIR_CARRY);
	u64 most = q->clock + fair_scale(v, FAIR_DEBT);
	u64 *vruntime = &v->sched->vruntime;

	if (*vruntime < least)
		*vruntime = least;
	else if (*vruntime > most)
		*vruntime = most;
}

void fair_enqueue(struct sched_cpu *q, struct vcpu *v)
{
	struct sched_vcpu *s = v->sched;
	struct list *at = &q->queue;

	/* Behind those with the same time: they have waited longer. */
	while (at->prev != &q->queue && fair_entry(at->prev)->vruntime > s->vruntime)
		at = at->prev;
	list_add_tail(at, &s->link);
	s->queued = true;
	q->nr_queued++;
}

void fair_dequeue(struct sched_cpu *q, struct vcpu *v)
{
	list_del(&v->sched->link);
	v->sched->queued = false;
	q->nr_queued--;
}

/* Has @v's domain used up its cap? Then @v is parked until the next period. */
static bool fair_park(struct vcpu *v)
{
	struct sched_domain *sd = v->domain->sched;

	if (!sd->cap || __atomic_load_n(&sd->budget, __ATOMIC_SEQ_CST) > 0)
		return false;
	__atomic_fetch_or(&v->pause_flags, 1u << VPF_PARKED, __ATOMIC_SEQ_CST);
	if (!timer_pending(&sd->refill))
		timer_set(&sd->refill, arch_now() + SCHED_PERIOD);
	return true;
}

/* @prev runs and @head waits: who goes on? */
static bool fair_keeps(struct sched_cpu *q, struct vcpu *prev, struct vcpu *head, u64 now)
{
	u64 *mine = &prev->sched->vruntime, other = head->sched->vruntime;

	if (prev->sched->yielded) {
		*mine = MAX(*mine, other + 1);
		return false;
	}
	if (now - q->picked < SCHED_MIN_RUN || *mine <= other) {
		/* The slice is over but nobody is worse off: another one. */
		if (now - q->picked >= SCHED_SLICE)
			q->picked = now;
		return true;
	}
	return false;
}

/**
 * fair_pick() - who runs next on @q
 * @prev: who ran and still may, or NULL
 *
 * The chosen one is taken off the queue. @prev is not put on it.
 * Return: a vcpu, or NULL for the idle one.
 */
struct vcpu *fair_pick(struct sched_cpu *q, struct vcpu *prev, u64 now)
{
	struct vcpu *head;

	if (prev && fair_park(prev))
		prev = NULL;
	while ((head = fair_head(q)) && fair_park(head)) {
		/* Still wants to run: its runstate stays "runnable". */
		fair_dequeue(q, head);
	}
	if (prev && (!head || fair_keeps(q, prev, head, now)))
		head = prev;
	else if (head)
		fair_dequeue(q, head);
	if (prev)
		prev->sched->yielded = false;
	return head;
}

/** fair_preempts() - may @v, just queued, take the CPU from who runs there? */
bool fair_preempts(struct sched_cpu *q, const struct vcpu *v, u64 now)
{
	if (q->curr->is_idle)
		return true;
	return now - q->picked >= SCHED_MIN_RUN &&
	       v->sched->vruntime + fair_scale(v, FAIR_WAKE_EDGE) <= q->curr->sched->vruntime;
}

/** fair_set_slice() - have the running vcpu looked at when its turn may be over. */
void fair_set_slice(struct sched_cpu *q, u64 now)
{
	struct vcpu *v = q->curr, *head = fair_head(q);
	u64 end = q->picked + SCHED_SLICE;

	if (v->is_idle || (!head && !fair_is_capped(v)))
		return;
	if (head && now - q->picked < SCHED_MIN_RUN &&
	    head->sched->vruntime < v->sched->vruntime)
		end = q->picked + SCHED_MIN_RUN;
	if (fair_is_capped(v)) {
		s64 left = __atomic_load_n(&v->domain->sched->budget, __ATOMIC_RELAXED);
		/* Its siblings may be running too. */
		u64 share = left > 0 ? (u64)left / v->domain->max_vcpus : 0;
		u64 broke = now + MAX(share, FAIR_MIN_SHARE);

		end = head ? MIN(end, broke) : broke;
	}
	/* One that comes too early finds nothing to do and sets the next. */
	if (!timer_pending(&q->slice) || q->slice.expires > end)
		timer_set(&q->slice, end);
}

/**
 * fair_pull_limit() - who waits elsewhere with less virtual time belongs on @q
 *
 * That is one who would run here at once, in place of one that has had much
 * more. Who was pulled runs, so two CPUs do not pass a vcpu to and fro.
 * Return: the limit; 0: nobody, ~0: anybody, as this CPU is idle.
 */
u64 fair_pull_limit(struct sched_cpu *q, u64 now)
{
	struct vcpu *head = fair_head(q);
	u64 limit;

	fair_charge(q, now);
	if (q->curr->is_idle)
		return head ? 0 : ~0ull;
	if (now - q->picked < SCHED_MIN_RUN)
		return 0;
	limit = q->curr->sched->vruntime - fair_scale(q->curr, FAIR_SLACK);
	return head ? MIN(limit, head->sched->vruntime) : limit;
}

/**
 * fair_most_ahead() - the CPU that should take over who waits first on @q
 *
 * @q is not empty. Reads the other queues without their locks: it is only a
 * hint, and the pull checks again. Return: a CPU or NULL.
 */
struct cpu *fair_most_ahead(struct sched_cpu *q, u64 now)
{
	struct vcpu *head = fair_head(q);
	u64 least = head->sched->vruntime;
	struct cpu *best = NULL;

	for (u32 i = 0; i < nr_cpus; i++) {
		struct sched_cpu *other = cpus[i]->sched;
		const struct vcpu *v = READ_ONCE(other->curr);
		u64 charged = READ_ONCE(other->charged), at;

		if (other == q || v->is_idle || !(head->hard_affinity >> i & 1) ||
		    now - READ_ONCE(other->picked) < SCHED_MIN_RUN)
			continue;
		at = READ_ONCE(v->sched->vruntime) - fair_scale(v, FAIR_SLACK);
		if (now > charged)
			at += fair_scale(v, MIN(now - charged, FAIR_MAX_DELTA));
		if (at > least) {
			least = at;
			best = cpus[i];
		}
	}
	return best;
}
