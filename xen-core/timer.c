/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timers: a pairing heap for each CPU.
 *
 *   cpu->timers --> first to expire
 *                     | child
 *                     v
 *                   a --next--> b --next--> c    each expires later than its parent
 *                   |
 *                   d ...
 *
 * Two heaps are joined by hanging the later root under the earlier one; that
 * is all that arming takes. Removing a node joins its children, in pairs.
 *
 * The interrupt is programmed for the first to expire, or a little later
 * (timer_slack) if more can be served then. When the first one is taken out
 * the interrupt stays: coming too early it finds nothing and programs the next.
 */
#include "timer.h"

#include "percpu.h"
#include "printk.h"

#define TIMER_NEVER	(~0ull)
#define TIMER_SLACK_SCAN 8	/* timers that are asked whether they can be served too */

u64 timer_slack = 50000;

/* Join two heaps, both without siblings; either may be empty. */
static struct timer *timer_join(struct timer *a, struct timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->expires < a->expires) {
		struct timer *t = a;

		a = b;
		b = t;
	}
	b->next = a->child;
	if (b->next)
		b->next->back = &b->next;
	b->back = &a->child;
	a->child = b;
	return a;
}

/* One heap of all siblings from @t on: join pairs, then the pairs from the last. */
static struct timer *timer_join_siblings(struct timer *t)
{
	struct timer *pairs = NULL, *root = NULL;

	while (t) {
		struct timer *a = t, *b = t->next;

		t = b ? b->next : NULL;
		a->next = NULL;
		if (b)
			b->next = NULL;
		a = timer_join(a, b);
		a->next = pairs;
		pairs = a;
	}
	while (pairs) {
		struct timer *next = pairs->next;

		pairs->next = NULL;
		root = timer_join(root, pairs);
		pairs = next;
	}
	return root;
}

static void timer_set_root(struct cpu *cpu, struct timer *root)
{
	cpu->timers = root;
	if (root) {
		root->next = NULL;
		root->back = &cpu->timers;
	}
}

static void timer_insert(struct timer *t)
{
	t->child = NULL;
	t->next = NULL;
	t->pending = true;
	t->cpu->nr_timers++;
	timer_set_root(t->cpu, timer_join(t->cpu->timers, t));
}

static void timer_remove(struct timer *t)
{
	struct timer *rest = timer_join_siblings(t->child);

	if (t->back == &t->cpu->timers) {
		timer_set_root(t->cpu, rest);
	} else {
		*t->back = t->next;
		if (t->next)
			t->next->back = t->back;
		timer_set_root(t->cpu, timer_join(t->cpu->timers, rest));
	}
	t->pending = false;
	t->cpu->nr_timers--;
}

/* Lock the heap that @t belongs to, which may change until the lock is held. */
static struct cpu *timer_lock(struct timer *t)
{
	for (;;) {
		struct cpu *cpu = READ_ONCE(t->cpu);

		spin_lock(&cpu->timer_lock);
		if (t->cpu == cpu)
			return cpu;
		spin_unlock(&cpu->timer_lock);
	}
}

/* Under this CPU's lock: when should the interrupt come? */
static u64 timer_next_due(const struct cpu *cpu)
{
	const struct timer *first = cpu->timers, *t;
	u64 due, limit;
	int n = 0;

	if (!first)
		return TIMER_NEVER;
	due = first->expires;
	limit = due + timer_slack < due ? due : due + timer_slack;
	for (t = first->child; t && n < TIMER_SLACK_SCAN; t = t->next, n++) {
		if (t->expires > due && t->expires <= limit)
			due = t->expires;
	}
	return due;
}

static void timer_program(struct cpu *cpu)
{
	u64 due = timer_next_due(cpu);

	if (due == cpu->timer_due)
		return;
	cpu->timer_due = due;
	arch_timer_program(due == TIMER_NEVER ? 0 : due);
}

void timer_init(struct timer *t, void (*fn)(void *), void *data, struct cpu *cpu)
{
	*t = (struct timer){ .fn = fn, .data = data, .cpu = cpu };
}

/* Arm under the lock. Return: true when the owning CPU must be told. */
static bool timer_arm(struct timer *t, u64 expires)
{
	struct cpu *cpu = t->cpu;

	/* One that was due before the last round waits for the next like all others. */
	t->expires = MAX(expires, cpu->timer_round);
	timer_insert(t);
	if (cpu->timers != t || t->expires >= cpu->timer_due)
		return false;
	/* Only a CPU itself can program its interrupt. */
	if (cpu != this_cpu())
		return true;
	timer_program(cpu);
	return false;
}

void timer_set(struct timer *t, u64 expires)
{
	struct cpu *cpu = timer_lock(t);
	bool tell;

	if (t->pending)
		timer_remove(t);
	tell = timer_arm(t, expires);
	spin_unlock(&cpu->timer_lock);
	if (tell)
		cpu_raise(cpu, SOFTIRQ_TIMER);
}

void timer_stop(struct timer *t)
{
	for (;;) {
		struct cpu *cpu = timer_lock(t), *runs_on;

		if (t->pending)
			timer_remove(t);
		/* Set under the lock, so it cannot start to run unseen. */
		runs_on = __atomic_load_n(&t->runs_on, __ATOMIC_ACQUIRE);
		spin_unlock(&cpu->timer_lock);
		if (!runs_on || runs_on == this_cpu())
			return;
		/* It may arm itself again: once it is through, look again. */
		while (__atomic_load_n(&t->runs_on, __ATOMIC_ACQUIRE))
			arch_spin_poll();
	}
}

void timer_set_cpu(struct timer *t, struct cpu *cpu)
{
	struct cpu *old, *first, *second;
	bool tell = false;

	/* Both locks, lower CPU first: a timer on its way must not be missed by timer_stop(). */
	for (;;) {
		old = READ_ONCE(t->cpu);
		if (old == cpu)
			return;
		first = old->id < cpu->id ? old : cpu;
		second = first == old ? cpu : old;
		spin_lock(&first->timer_lock);
		spin_lock(&second->timer_lock);
		if (t->cpu == old)
			break;
		spin_unlock(&second->timer_lock);
		spin_unlock(&first->timer_lock);
	}
	if (t->pending) {
		timer_remove(t);
		WRITE_ONCE(t->cpu, cpu);
		tell = timer_arm(t, t->expires);
	} else {
		WRITE_ONCE(t->cpu, cpu);
	}
	spin_unlock(&second->timer_lock);
	spin_unlock(&first->timer_lock);
	if (tell)
		cpu_raise(cpu, SOFTIRQ_TIMER);
}

bool timer_pending(const struct timer *t)
{
	return READ_ONCE(t->pending);
}

/* SOFTIRQ_TIMER: run what has expired, then program the next interrupt. */
static void timer_run(void)
{
	struct cpu *cpu = this_cpu();
	u64 now = arch_now();
	struct timer *t;

	spin_lock(&cpu->timer_lock);
	cpu->timer_due = 0;		/* handlers need not program it */
	cpu->timer_round = now + 1;	/* nor can they keep us here */
	while ((t = cpu->timers) && t->expires <= now) {
		if (__atomic_load_n(&t->runs_on, __ATOMIC_ACQUIRE)) {
			/* Came from another CPU, which is still in its handler. */
			spin_unlock(&cpu->timer_lock);
			arch_spin_poll();
			spin_lock(&cpu->timer_lock);
			continue;
		}
		timer_remove(t);
		t->runs_on = cpu;
		spin_unlock(&cpu->timer_lock);
		t->fn(t->data);
		/* Release: who sees it over sees all that the handler did. */
		__atomic_store_n(&t->runs_on, NULL, __ATOMIC_RELEASE);
		spin_lock(&cpu->timer_lock);
	}
	timer_program(cpu);
	spin_unlock(&cpu->timer_lock);
}

int timer_init_cpu(struct cpu *cpu)
{
	spin_lock_init(&cpu->timer_lock);
	cpu->timers = NULL;
	cpu->nr_timers = 0;
	cpu->timer_due = TIMER_NEVER;
	cpu->timer_round = 1;
	if (!cpu->id)
		softirq_set_handler(SOFTIRQ_TIMER, timer_run);
	return 0;
}

void timer_dump(void)
{
	u64 now = arch_now();

	for (u32 i = 0; i < nr_cpus; i++) {
		struct cpu *cpu = cpus[i];
		s64 first;

		spin_lock(&cpu->timer_lock);
		first = cpu->timers ? (s64)(cpu->timers->expires - now) / 1000 : 0;
		pr_always("CPU%u: %u timers, first in %ld us\n", i, cpu->nr_timers, (long)first);
		spin_unlock(&cpu->timer_lock);
	}
}
