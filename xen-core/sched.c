// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler's mechanism: vcpus between queues and CPUs.
 *
 * A vcpu is runnable when no bit of pause_flags is set. It then is in exactly
 * one of these states, told apart under the lock of v->cpu's queue:
 *
 *     queued ----picked----> chosen (curr), running ----put off----> running
 *       ^                                                              |
 *       +------------------- woken, or still runnable <---- switched out
 *
 * A vcpu that is running is never in a queue, so no other CPU can pick it while
 * its state is still being saved: who wakes it meanwhile leaves it alone, and
 * the CPU that switched it out looks at pause_flags afterwards.
 *
 * v->cpu changes only under the lock of the queue it leaves, and only while
 * the vcpu is neither queued, chosen nor running. Queue locks do not nest.
 * Who goes first is sched_fair.c's business.
 */
#include "sched.h"

#include "errno.h"
#include "event.h"
#include "page_alloc.h"
#include "percpu.h"
#include "printk.h"
#include "sched_fair.h"

static_assert(MAX_CPUS <= 64, "CPU sets are one word");

/* CPUs that have nothing to do and were not given anything yet. Atomic. */
static u64 sched_idle;
/* CPUs on which somebody waits while another runs. Atomic. */
static u64 sched_crowded;

static u64 sched_bit(const struct cpu *cpu)
{
	return 1ull << cpu->id;
}

static u64 sched_online(void)
{
	return nr_cpus >= 64 ? ~0ull : (1ull << nr_cpus) - 1;
}

static bool sched_is_allowed(const struct vcpu *v, const struct cpu *cpu)
{
	return READ_ONCE(v->hard_affinity) & sched_bit(cpu);
}

static u32 sched_flags(const struct vcpu *v)
{
	return __atomic_load_n(&v->pause_flags, __ATOMIC_SEQ_CST);
}

/* Lock the queue of v->cpu, which may change until the lock is held. */
static struct sched_cpu *sched_lock_vcpu(struct vcpu *v)
{
	for (;;) {
		struct cpu *cpu = READ_ONCE(v->cpu);

		spin_lock(&cpu->sched->lock);
		if (v->cpu == cpu)
			return cpu->sched;
		spin_unlock(&cpu->sched->lock);
	}
}

/* The state of a vcpu that is not running. */
static int sched_runstate(const struct vcpu *v)
{
	u32 flags = sched_flags(v) & ~(1u << VPF_PARKED);

	if (!flags)
		return RUNSTATE_runnable;
	return flags & 1u << VPF_BLOCKED ? RUNSTATE_blocked : RUNSTATE_offline;
}

/*
 * Under @q's lock: ask another CPU to take over who waits here: an idle one,
 * or, when a slice has just ended, one that is too far ahead.
 */
static void sched_call_taker(struct sched_cpu *q, u64 now)
{
	u64 idle = __atomic_load_n(&sched_idle, __ATOMIC_SEQ_CST);
	struct cpu *taker = NULL;

	if (idle) {
		list_for_each(l, &q->queue) {
			struct sched_vcpu *s = list_entry(l, struct sched_vcpu, link);
			u64 fit = idle & s->vcpu->hard_affinity;

			if (fit) {
				taker = cpus[__builtin_ctzll(fit)];
				break;
			}
		}
	}
	if (!taker && q->picked == now)
		taker = fair_most_ahead(q, now);
	if (taker) {
		WRITE_ONCE(taker->sched->pull, true);
		cpu_raise(taker, SOFTIRQ_SCHEDULE);
	}
}

/*
 * Under @q's lock, after its queue or curr changed. The bit is set before the
 * idle CPUs are read; a CPU that becomes idle does it the other way round, so
 * one of the two sees the other.
 */
static void sched_note_crowd(struct cpu *cpu, struct sched_cpu *q, u64 now)
{
	bool crowded = q->nr_queued && !q->curr->is_idle;

	if (crowded != q->crowded) {
		q->crowded = crowded;
		if (crowded)
			__atomic_fetch_or(&sched_crowded, sched_bit(cpu), __ATOMIC_SEQ_CST);
		else
			__atomic_fetch_and(&sched_crowded, ~sched_bit(cpu), __ATOMIC_SEQ_CST);
	}
	if (crowded)
		sched_call_taker(q, now);
}

/* Where should @v, which runs nowhere, go? An idle CPU, else where it was. */
static struct cpu *sched_choose_cpu(const struct vcpu *v)
{
	u64 allowed = READ_ONCE(v->hard_affinity) & sched_online();
	u64 idle = __atomic_load_n(&sched_idle, __ATOMIC_SEQ_CST) & allowed;
	struct cpu *best = NULL;

	if (idle)
		return idle & sched_bit(v->cpu) ? v->cpu : cpus[__builtin_ctzll(idle)];
	if (!allowed || allowed & sched_bit(v->cpu))
		return v->cpu;
	for (; allowed; allowed &= allowed - 1) {
		struct cpu *cpu = cpus[__builtin_ctzll(allowed)];

		if (!best || READ_ONCE(cpu->sched->nr_queued) < best->sched->nr_queued)
			best = cpu;
	}
	return best;
}

/* Under the lock of its queue, which is left: may @v be queued? */
static bool sched_is_waiting(struct sched_cpu *q, const struct vcpu *v)
{
	/* Its CPU clears running, then reads the flags; here it is the reverse. */
	return !v->sched->queued && q->curr != v && !sched_flags(v) &&
	       !__atomic_load_n(&v->running, __ATOMIC_SEQ_CST);
}

/* Queue @v on @q, whose lock is held, and see that it gets its turn. */
static void sched_enqueue(struct sched_cpu *q, struct vcpu *v, bool woken)
{
	struct cpu *cpu = v->cpu;
	u64 now = arch_now();

	runstate_change(v, RUNSTATE_runnable, now);
	fair_charge(q, now);
	fair_place(q, v, woken);
	fair_enqueue(q, v);
	if (fair_preempts(q, v, now)) {
		/* Taken: others shall look for another idle CPU. */
		if (READ_ONCE(sched_idle) & sched_bit(cpu))
			__atomic_fetch_and(&sched_idle, ~sched_bit(cpu), __ATOMIC_SEQ_CST);
		cpu_raise(cpu, SOFTIRQ_SCHEDULE);
	} else {
		fair_set_slice(q, now);
	}
	sched_note_crowd(cpu, q, now);
}

/* @v may have become runnable: queue it somewhere, unless it is taken care of. */
static void sched_wake(struct vcpu *v, bool woken)
{
	bool moved = false;

	for (;;) {
		struct sched_cpu *q = sched_lock_vcpu(v);
		struct cpu *cpu;

		if (!sched_is_waiting(q, v)) {
			spin_unlock(&q->lock);
			return;
		}
		/* Choose once; again only if the affinity changed meanwhile. */
		cpu = moved && sched_is_allowed(v, v->cpu) ? v->cpu : sched_choose_cpu(v);
		if (cpu == v->cpu) {
			sched_enqueue(q, v, woken);
			spin_unlock(&q->lock);
			return;
		}
		moved = true;
		WRITE_ONCE(v->cpu, cpu);
		spin_unlock(&q->lock);
	}
}

void vcpu_set_pause(struct vcpu *v, enum vcpu_pause why)
{
	u32 old = __atomic_fetch_or(&v->pause_flags, 1u << why, __ATOMIC_SEQ_CST);
	struct sched_cpu *q;

	if (v == current) {
		cpu_raise(this_cpu(), SOFTIRQ_SCHEDULE);
		return;
	}
	if (old)
		return;		/* whoever set the first bit sees to it */
	q = sched_lock_vcpu(v);
	if (v->sched->queued) {
		u64 now = arch_now();

		fair_dequeue(q, v);
		runstate_change(v, sched_runstate(v), now);
		sched_note_crowd(v->cpu, q, now);
	} else if (q->curr == v) {
		cpu_raise(v->cpu, SOFTIRQ_SCHEDULE);
	}
	spin_unlock(&q->lock);
}

void vcpu_clear_pause(struct vcpu *v, enum vcpu_pause why)
{
	u32 bit = 1u << why;
	u32 old = __atomic_fetch_and(&v->pause_flags, ~bit, __ATOMIC_SEQ_CST);
	struct sched_cpu *q;

	if (!(old & bit))
		return;
	if (old == bit) {
		sched_wake(v, why == VPF_BLOCKED);
		return;
	}
	q = sched_lock_vcpu(v);
	if (!v->running && q->curr != v && sched_flags(v))
		runstate_change(v, sched_runstate(v), arch_now());
	spin_unlock(&q->lock);
}

void vcpu_wait_descheduled(struct vcpu *v)
{
	/* Seen false, all that the vcpu's CPU saved of it is visible. */
	while (__atomic_load_n(&v->running, __ATOMIC_ACQUIRE))
		arch_spin_poll();
}

void vcpu_yield(struct vcpu *v)
{
	if (!READ_ONCE(v->cpu->sched->nr_queued))
		return;
	v->sched->yielded = true;
	cpu_raise(v->cpu, SOFTIRQ_SCHEDULE);
}

/**
 * vcpu_block() - put the current vcpu to sleep until an event wakes it
 *
 * Opens event delivery first (xen/sched.h). A sender sets the pending flag and
 * then looks for the blocked bit; here it is the reverse, so an event that
 * comes in between is not slept over.
 */
void vcpu_block(void)
{
	struct vcpu *v = current;

	WRITE_ONCE(v->info->evtchn_upcall_mask, 0);
	__atomic_fetch_or(&v->pause_flags, 1u << VPF_BLOCKED, __ATOMIC_SEQ_CST);
	if (READ_ONCE(v->info->evtchn_upcall_pending) || READ_ONCE(v->nmi_pending))
		__atomic_fetch_and(&v->pause_flags, ~(1u << VPF_BLOCKED), __ATOMIC_SEQ_CST);
	else
		cpu_raise(this_cpu(), SOFTIRQ_SCHEDULE);
}

void vcpu_kick(struct vcpu *v)
{
	if (sched_flags(v) & 1u << VPF_BLOCKED) {
		WRITE_ONCE(v->poll_port, 0);
		vcpu_clear_pause(v, VPF_BLOCKED);
	} else if (__atomic_load_n(&v->running, __ATOMIC_SEQ_CST) && v != current) {
		arch_kick_cpu(READ_ONCE(v->cpu));
	}
}

int vcpu_set_affinity(struct vcpu *v, u64 set)
{
	struct sched_cpu *q;
	bool leaves;

	if (!(set & sched_online()))
		return -EINVAL;
	q = sched_lock_vcpu(v);
	WRITE_ONCE(v->hard_affinity, set);
	leaves = !sched_is_allowed(v, v->cpu);
	if (v->sched->queued) {
		if (leaves)
			fair_dequeue(q, v);
		/* Or an idle CPU may take it now. */
		sched_note_crowd(v->cpu, q, arch_now());
	} else if (leaves && q->curr == v) {
		cpu_raise(v->cpu, SOFTIRQ_SCHEDULE);
	}
	spin_unlock(&q->lock);
	if (leaves)
		sched_wake(v, false);
	return 0;
}

/* Take one off @victim's queue that may run on @cpu and has had less than @limit. */
static struct vcpu *sched_take(struct cpu *victim, struct cpu *cpu, u64 limit)
{
	struct sched_cpu *q = victim->sched;
	struct vcpu *found = NULL;

	spin_lock(&q->lock);
	list_for_each(l, &q->queue) {
		struct sched_vcpu *s = list_entry(l, struct sched_vcpu, link);

		if (s->vruntime < limit && sched_is_allowed(s->vcpu, cpu)) {
			found = s->vcpu;
			break;
		}
	}
	if (found) {
		fair_dequeue(q, found);
		WRITE_ONCE(found->cpu, cpu);
		sched_note_crowd(victim, q, 0);
	}
	spin_unlock(&q->lock);
	return found;
}

/* Pull one vcpu that waits on another CPU to @cpu, this one, if one belongs here. */
static bool sched_pull(struct cpu *cpu, u64 now)
{
	u64 crowded = __atomic_load_n(&sched_crowded, __ATOMIC_SEQ_CST) & ~sched_bit(cpu);
	struct sched_cpu *q = cpu->sched;
	u64 limit;

	if (!crowded)
		return false;
	spin_lock(&q->lock);
	limit = fair_pull_limit(q, now);
	spin_unlock(&q->lock);
	for (; limit && crowded; crowded &= crowded - 1) {
		struct vcpu *v = sched_take(cpus[__builtin_ctzll(crowded)], cpu, limit);

		if (!v)
			continue;
		/* In no queue for a moment: it may have been paused or woken. */
		spin_lock(&q->lock);
		if (sched_is_waiting(q, v)) {
			fair_place(q, v, false);
			fair_enqueue(q, v);
		}
		spin_unlock(&q->lock);
		return true;
	}
	return false;
}

/* Decide who runs on @cpu, this one, from now on. */
static struct vcpu *sched_choose(struct cpu *cpu, u64 now)
{
	struct sched_cpu *q = cpu->sched;
	struct vcpu *prev, *next;
	bool stays;

	spin_lock(&q->lock);
	prev = q->curr;
	fair_charge(q, now);
	stays = !prev->is_idle && !sched_flags(prev) && sched_is_allowed(prev, cpu);
	next = fair_pick(q, stays ? prev : NULL, now);
	if (!next)
		next = cpu->idle_vcpu;
	if (next != prev) {
		runstate_change(prev, sched_runstate(prev), now);
		runstate_change(next, RUNSTATE_running, now);
		q->curr = next;
		q->charged = now;
		q->picked = now;
		/* Ordered before the exit path's look at pending events. */
		__atomic_store_n(&next->running, true, __ATOMIC_SEQ_CST);
	}
	fair_set_slice(q, now);
	sched_note_crowd(cpu, q, now);
	spin_unlock(&q->lock);
	return next;
}

/* Timers follow their vcpu, so that they go off where it runs. */
static void sched_move_timers(struct vcpu *v, struct cpu *cpu)
{
	timer_set_cpu(&v->single, cpu);
	timer_set_cpu(&v->periodic, cpu);
	timer_set_cpu(&v->poll, cpu);
}

static void sched_switch(struct cpu *cpu, struct vcpu *prev, struct vcpu *next)
{
	if (!next->is_idle && next->single.cpu != cpu)
		sched_move_timers(next, cpu);
	arch_switch_to(prev, next);
	/* From here on another CPU may run it; all of its state is saved. */
	__atomic_store_n(&prev->running, false, __ATOMIC_SEQ_CST);
	if (!prev->is_idle && !sched_flags(prev))
		sched_wake(prev, false);
	if (next->period && !timer_pending(&next->periodic))
		vcpu_periodic_resume(next);
}

/* The SOFTIRQ_SCHEDULE handler. */
static void sched_run(void)
{
	struct cpu *cpu = this_cpu();
	struct sched_cpu *q = cpu->sched;
	struct vcpu *prev = cpu->curr, *next;
	bool pull = READ_ONCE(q->pull);
	u64 now;

	/* Nobody else wants the CPU and nothing limits its owner. */
	if (!prev->is_idle && !READ_ONCE(q->nr_queued) && !pull && !sched_flags(prev) &&
	    sched_is_allowed(prev, cpu) && !fair_is_capped(prev))
		return;
	now = arch_now();
	if (pull) {
		WRITE_ONCE(q->pull, false);
		sched_pull(cpu, now);
	}
	next = sched_choose(cpu, now);
	while (next->is_idle) {
		__atomic_fetch_or(&sched_idle, sched_bit(cpu), __ATOMIC_SEQ_CST);
		if (!sched_pull(cpu, now))
			break;
		/* Still idle if that one had no budget: then look for another. */
		next = sched_choose(cpu, now);
	}
	if (!next->is_idle && READ_ONCE(sched_idle) & sched_bit(cpu))
		__atomic_fetch_and(&sched_idle, ~sched_bit(cpu), __ATOMIC_SEQ_CST);
	if (next != prev)
		sched_switch(cpu, prev, next);
}

static void sched_slice_over(void *cpu)
{
	cpu_raise(cpu, SOFTIRQ_SCHEDULE);
}

void runstate_get(struct vcpu *v, struct vcpu_runstate_info *out)
{
	struct sched_cpu *q = sched_lock_vcpu(v);

	*out = v->runstate;
	spin_unlock(&q->lock);
	runstate_bring_up_to(out, arch_now());
}

int __init sched_init(void)
{
	sched_idle = 0;
	sched_crowded = 0;
	softirq_set_handler(SOFTIRQ_SCHEDULE, sched_run);
	return 0;
}

/**
 * sched_init_cpu() - the run queue and the idle vcpu of @cpu
 *
 * After timer_init_cpu() and domain_init(). The CPU joins in when it first runs
 * its softirqs, in the idle loop.
 */
int sched_init_cpu(struct cpu *cpu)
{
	struct sched_cpu *q = alloc_zeroed(sizeof(*q));

	if (!q)
		return -ENOMEM;
	fair_init_cpu(q, cpu);
	timer_init(&q->slice, sched_slice_over, cpu, cpu);
	cpu->sched = q;
	cpu->idle_vcpu = vcpu_create(dom_idle, cpu->id);
	if (!cpu->idle_vcpu)
		return -ENOMEM;
	cpu->idle_vcpu->running = true;
	q->curr = cpu->idle_vcpu;
	if (!cpu->curr)
		cpu->curr = cpu->idle_vcpu;
	__atomic_fetch_or(&cpu->softirqs, 1u << SOFTIRQ_SCHEDULE, __ATOMIC_RELAXED);
	return 0;
}

int sched_init_domain(struct domain *d)
{
	d->sched = alloc_zeroed(sizeof(*d->sched));
	if (!d->sched)
		return -ENOMEM;
	fair_init_domain(d->sched, d, this_cpu());
	return 0;
}

int sched_init_vcpu(struct vcpu *v)
{
	struct sched_vcpu *s = alloc_zeroed(sizeof(*s));

	if (!s)
		return -ENOMEM;
	v->cpu = cpus[v->is_idle ? v->id : v->id % MAX(nr_cpus, 1u)];
	s->vcpu = v;
	fair_init_vcpu(s, v->cpu->sched);
	v->sched = s;
	v->runstate.state = v->is_idle ? RUNSTATE_running : RUNSTATE_offline;
	v->runstate.state_entry_time = arch_now();
	return 0;
}

/** sched_destroy_vcpu() - forget @v, which is paused and runs nowhere. */
void sched_destroy_vcpu(struct vcpu *v)
{
	free_zeroed(v->sched, sizeof(*v->sched));
	v->sched = NULL;
}

int sched_domain_set(struct domain *d, u32 weight, u32 cap)
{
	if (weight < 1 || weight > 65535 || cap > 100 * MAX_CPUS)
		return -EINVAL;
	fair_set(d->sched, weight, cap);
	/* Those that run are to be limited from now on, too. */
	for_each_vcpu(d, v) {
		if (READ_ONCE(v->running))
			cpu_raise(READ_ONCE(v->cpu), SOFTIRQ_SCHEDULE);
	}
	return 0;
}

void sched_domain_get(const struct domain *d, u32 *weight, u32 *cap)
{
	*weight = d->sched->weight;
	*cap = d->sched->cap;
}

static void sched_dump_vcpu(const char *what, const struct vcpu *v)
{
	pr_always("  %s d%uv%u vruntime=%lu flags=0x%x weight=%u cap=%u\n", what,
		  v->domain->id, v->id, (unsigned long)v->sched->vruntime, v->pause_flags,
		  v->domain->sched->weight, v->domain->sched->cap);
}

void sched_dump(void)
{
	pr_always("Scheduler: weighted fair, idle CPUs 0x%lx, crowded CPUs 0x%lx\n",
		  (unsigned long)sched_idle, (unsigned long)sched_crowded);
	for (u32 i = 0; i < nr_cpus; i++) {
		struct sched_cpu *q = cpus[i]->sched;

		spin_lock(&q->lock);
		pr_always("CPU%u: %u waiting, clock %lu\n", i, q->nr_queued,
			  (unsigned long)q->clock);
		sched_dump_vcpu("runs ", q->curr);
		list_for_each(l, &q->queue)
			sched_dump_vcpu("waits", list_entry(l, struct sched_vcpu, link)->vcpu);
		spin_unlock(&q->lock);
	}
}
