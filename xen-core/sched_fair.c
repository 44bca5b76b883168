// SPDX-License-Identifier: GPL-2.0-only
/*
 * Weighted-fair scheduling: who goes first, for how long, and what is owed.
 *
 * Each vcpu has a virtual run time that grows while it runs, the slower the
 * higher its domain's weight. Those that wait are in one queue, ordered by it:
 * a CPU takes the first one that may run there, so nobody is forgotten on one
 * CPU while another has nothing to do, and shares are fair over all of them.
 *
 *     clock - CREDIT            clock          who waits first
 *   --------|---------------------|-------------------|----------> virtual time
 *     who is taken from           who runs has no more than DEBT
 *     the queue starts here       less than the one that waits
 *     at the earliest
 *
 * A CPU's clock is the least time of those it may run, and never goes back. If
 * nobody waits for a CPU, who runs is kept near the most advanced clock, so a
 * load that nobody competes for leaves no debts behind.
 *
 * A cap is a budget that all vcpus of the domain draw from, refilled every
 * FAIR_PERIOD; what is overdrawn is taken from the next. Vcpus without budget
 * are not in the queue.
 */
#include "sched.h"

#define FAIR_SLICE	MAX(sched_min_run, 10000000ull)	/* ns: a turn, when others wait */
#define FAIR_PERIOD	10000000ull	/* ns: over which a cap is kept */
#define FAIR_MIN_SHARE	250000ull	/* ns: no timer sooner because of a cap */
#define FAIR_DEBT	20000000ull	/* ns: more is not held against anybody */
#define FAIR_CREDIT	17000000ull	/* virtual ns: what one that slept has good */
#define FAIR_CAP_CREDIT	6000000ull	/* virtual ns: the same for one whose cap was reached */
#define FAIR_LEAD	500000ull	/* virtual ns: who has so much more gives way */

struct spinlock sched_lock;
u64 sched_min_run = SCHED_MIN_RUN;
bool sched_preferences;

/* All under sched_lock. */
static struct list fair_queue = { &fair_queue, &fair_queue };
static u64 fair_idle = ~0ull;	/* CPUs that have nothing to do and were not given anything yet */
static u64 fair_time;		/* the most advanced clock */

static_assert(MAX_CPUS <= 64, "CPU sets are one word");

#define fair_entry(l)	list_entry(l, struct vcpu, sched.link)

/* Real to virtual time for @v. */
static u64 fair_scale(const struct vcpu *v, u64 ns)
{
	return ns * SCHED_WEIGHT / v->domain->sched.weight;
}

/* Does @v's domain have run time left in this period? */
static bool fair_has_budget(const struct domain *d)
{
	return !d->sched.cap || d->sched.budget > 0;
}

/* Who waits for @cpu and goes first, or NULL. */
static struct vcpu *fair_first(const struct cpu *cpu)
{
	for (struct list *l = fair_queue.next, *next; l != &fair_queue; l = next) {
		struct vcpu *v = fair_entry(l);

		next = l->next;
		if (!fair_has_budget(v->domain))
			list_del(l);		/* until the next period */
		else if (v->sched.cpus >> cpu->id & 1)
			return v;
	}
	return NULL;
}

/* What virtual time has @cpu's vcpu reached? Everybody is behind the idle one. */
static u64 fair_reached(const struct cpu *cpu, u64 now)
{
	const struct vcpu *v = READ_ONCE(cpu->curr);
	s64 ran = now - cpu->sched.charged;
	u64 at = v->sched.vruntime + (ran > 0 ? fair_scale(v, ran) : 0);

	if (v->is_idle)
		return ~0ull;
	return cpu->sched.contended ? at : MAX(at, fair_time);
}

/*
 * Have a CPU look at @v, which is in the queue: an idle one, else where it ran,
 * else the one that is most ahead. If that need not give way yet, it does at the
 * end of its slice: a CPU for which somebody waits has that timer set.
 */
static void fair_call_cpu(struct vcpu *v, u64 now)
{
	u64 set = v->sched.cpus, idle = set & fair_idle, most = 0;
	u64 ahead = v->sched.vruntime + FAIR_LEAD;
	struct cpu *best = v->cpu;

	if (idle & v->sched.prefers)
		idle &= v->sched.prefers;
	if (idle) {
		if (!(idle >> best->id & 1))
			best = cpus[__builtin_ctzll(idle)];
		WRITE_ONCE(v->cpu, best);
		/* Others shall look for another one. */
		fair_idle &= ~(1ull << best->id);
	} else if (!(set >> best->id & 1) || fair_reached(best, now) < ahead) {
		for (; set; set &= set - 1) {
			struct cpu *cpu = cpus[__builtin_ctzll(set)];
			u64 at = fair_reached(cpu, now);

			if (at > most) {
				most = at;
				best = cpu;
			}
		}
		/* Its turn ends soon enough; what is set for later is a budget's end. */
		if (most < ahead && timer_pending(&best->sched.slice) &&
		    READ_ONCE(best->sched.slice.expires) <= now + FAIR_SLICE)
			return;
	}
	cpu_raise(best, SOFTIRQ_SCHEDULE);
}

void fair_enqueue(struct vcpu *v, u64 now)
{
	struct list *at = &fair_queue;

	if (!fair_has_budget(v->domain))
		return;
	/* Behind those with the same time: they have waited longer. */
	while (at->prev != &fair_queue &&
	       fair_entry(at->prev)->sched.vruntime > v->sched.vruntime)
		at = at->prev;
	list_add_tail(at, &v->sched.link);
	fair_call_cpu(v, now);
}

/*
 * Account what @cpu's vcpu has used up to @now.
 * Return: who waits for @cpu and goes first then, or NULL.
 */
static struct vcpu *fair_charge(struct cpu *cpu, u64 now)
{
	struct vcpu *v = cpu->curr, *rival, *next;
	struct domain *d = v->domain;
	u64 ran = now - cpu->sched.charged, *mine = &v->sched.vruntime, others, debt;

	cpu->sched.charged = now;
	if (d->sched.cap) {
		d->sched.budget -= ran;
		if (!timer_pending(&d->sched.refill))
			timer_set(&d->sched.refill, now + FAIR_PERIOD);
	}
	next = fair_first(cpu);
	if (v->is_idle)
		return next;
	/* One that has just come says nothing about the time that has passed. */
	rival = cpu->sched.contended ? next : NULL;
	others = rival ? rival->sched.vruntime : fair_time;
	debt = fair_scale(rival ? rival : v, FAIR_DEBT);
	*mine = MAX(*mine + fair_scale(v, ran) + debt, others) - debt;
	cpu->sched.clock = MAX(cpu->sched.clock, rival ? MIN(*mine, others) : *mine);
	fair_time = MAX(fair_time, cpu->sched.clock);
	return next;
}

/* Have @v, which runs on @cpu, looked at when its turn may be over; @rival is next. */
static void fair_set_slice(struct cpu *cpu, struct vcpu *v, const struct vcpu *rival, u64 now)
{
	const struct domain *d = v->domain;
	struct timer *slice = &cpu->sched.slice;
	u64 end = ~0ull;

	if (rival)
		end = cpu->sched.picked + (rival->sched.vruntime < v->sched.vruntime ?
					   sched_min_run : FAIR_SLICE);
	if (d->sched.cap) {
		/* Its siblings may be running too. */
		u64 share = (u64)d->sched.budget / d->max_vcpus;

		end = MIN(end, now + MAX(share, FAIR_MIN_SHARE));
	}
	/* One that comes too early finds nothing to do and sets the next. */
	if (end != ~0ull && (!timer_pending(slice) || slice->expires > end))
		timer_set(slice, end);
}

/* Is one of @others, which are idle, better for @v than @cpu? */
static bool fair_would_leave(const struct vcpu *v, const struct cpu *cpu, u64 others)
{
	return unlikely(v->sched.prefers & others) && !(v->sched.prefers >> cpu->id & 1);
}

/* @cpu has nothing to do: if somebody would rather run here, have it look. */
static void fair_offer(const struct cpu *cpu)
{
	for (u32 i = 0; sched_preferences && i < nr_cpus; i++)
		if (fair_would_leave(READ_ONCE(cpus[i]->curr), cpus[i], 1ull << cpu->id)) {
			cpu_raise(cpus[i], SOFTIRQ_SCHEDULE);
			return;
		}
}

struct vcpu *fair_pick(struct cpu *cpu, u64 now)
{
	struct vcpu *prev = cpu->curr, *next = fair_charge(cpu, now), *rival = NULL;
	bool stays = !prev->is_idle && !READ_ONCE(prev->pause_flags) &&
		     prev->sched.cpus >> cpu->id & 1 && fair_has_budget(prev->domain) &&
		     !fair_would_leave(prev, cpu, fair_idle);

	if (stays && (!next || now - cpu->sched.picked < sched_min_run ||
		      prev->sched.vruntime <= next->sched.vruntime)) {
		/* The slice is over but nobody is worse off: another one. */
		if (now - cpu->sched.picked >= FAIR_SLICE)
			cpu->sched.picked = now;
		rival = next;
		next = prev;
	} else if (next) {
		list_del(&next->sched.link);
		next->sched.vruntime = MAX(next->sched.vruntime + FAIR_CREDIT, cpu->sched.clock) -
				       FAIR_CREDIT;
		cpu->sched.picked = now;
		/* Who is put off will be in the queue, too. */
		rival = fair_first(cpu);
		if (!rival && stays)
			rival = prev;
	} else {
		next = dom_idle->vcpu[cpu->id];
	}
	cpu->sched.contended = rival;
	fair_set_slice(cpu, next, rival, now);
	if (next->is_idle) {
		fair_idle |= 1ull << cpu->id;
		fair_offer(cpu);
	} else if (prev->is_idle) {
		fair_idle &= ~(1ull << cpu->id);
		/* It was called for one of them, but another one came first. */
		list_for_each(struct vcpu, v, &fair_queue, sched.link)
			if (v->cpu == cpu)
				fair_call_cpu(v, now);
	}
	return next;
}

void vcpu_yield(void)
{
	struct cpu *cpu = this_cpu();
	u64 *mine = &cpu->curr->sched.vruntime;

	spin_guard(&sched_lock);
	const struct vcpu *rival = fair_first(cpu);

	if (!rival)
		return;
	*mine = MAX(*mine, rival->sched.vruntime + 1);
	cpu->sched.picked = 0;		/* its turn was long enough */
	cpu_raise(cpu, SOFTIRQ_SCHEDULE);
}

static s64 fair_quota(const struct domain *d)
{
	return d->sched.cap * (s64)(FAIR_PERIOD / 100);
}

/*
 * @d's vcpus, which had no budget for a while, may run again. The one that is first
 * may use it all up, so it is another one each time; turns would keep time with
 * what else is going on. To have been kept off is not to have slept: less credit.
 */
static void fair_resume(struct domain *d, u64 now)
{
	d->sched.dice = d->sched.dice * 1103515245 + 12345;
	for (u32 i = 0; i < d->max_vcpus; i++) {
		struct vcpu *v = d->vcpu[((d->sched.dice >> 16) + i) % d->max_vcpus];

		if (!v || v->running || READ_ONCE(v->pause_flags))
			continue;
		v->sched.vruntime = MAX(v->sched.vruntime + FAIR_CAP_CREDIT, v->cpu->sched.clock) -
				    FAIR_CAP_CREDIT;
		sched_place(v, now);
	}
}

/* A new period: pay off the debt, let those go on that wait for it. */
static void fair_refill(void *domain)
{
	struct domain *d = domain;
	bool resumes;

	spin_guard(&sched_lock);
	/* Nothing used: the timer starts again with the next charge. */
	if (!d->sched.cap || d->sched.budget >= fair_quota(d))
		return;
	resumes = !fair_has_budget(d);
	d->sched.budget = MIN(MAX(d->sched.budget, -(s64)FAIR_DEBT) + fair_quota(d), fair_quota(d));
	timer_set(&d->sched.refill, arch_now() + FAIR_PERIOD);
	if (resumes && fair_has_budget(d))
		fair_resume(d, arch_now());
}

void sched_init_domain(struct domain *d)
{
	d->sched.weight = SCHED_WEIGHT;
	d->sched.nodes = 1;
	timer_init(&d->sched.refill, fair_refill, d);
	sched_join_pool(d, 0);
}

int sched_domain_set(struct domain *d, u32 weight, u32 cap)
{
	u64 now = arch_now();

	if (weight < 1 || weight > 65535 || cap > 100 * d->max_vcpus)
		return -EINVAL;
	spin_guard(&sched_lock);
	d->sched.weight = weight;
	d->sched.cap = cap;
	d->sched.budget = fair_quota(d);
	for_each_vcpu(d, v)
		sched_place(v, now);
	return 0;
}

void sched_dump(void)
{
	spin_guard(&sched_lock);
	pr_always("Scheduler: weighted fair, idle CPUs 0x%lx\n", (unsigned long)fair_idle);
	for (u32 i = 0; i < nr_cpus; i++) {
		const struct vcpu *v = cpus[i]->curr;

		pr_always("CPU%u: clock %lu, runs d%uv%u at %lu\n", i,
			  (unsigned long)cpus[i]->sched.clock, v->domain->id, v->id,
			  (unsigned long)v->sched.vruntime);
	}
	list_for_each(struct vcpu, v, &fair_queue, sched.link)
		pr_always("  waits: d%uv%u at %lu, weight %u, cap %u\n", v->domain->id, v->id,
			  (unsigned long)v->sched.vruntime, v->domain->sched.weight,
			  v->domain->sched.cap);
}
