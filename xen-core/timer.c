// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers: a skew heap for each CPU.
 *
 *            cpu->timers --> first to expire
 *                             /          \
 *                          left          right     each expires later than its parent
 *
 * All work is done by joining two heaps along their right sides, where each
 * node that is passed swaps its children: paths stay short on average. Arming
 * joins a heap of one, taking out a timer joins its children in its place.
 *
 * A timer is in the heap of the CPU that set it: it goes off there, and no CPU
 * has to program another's interrupt. That comes for the first to expire, or a
 * little later (TIMER_SLACK) if more can be served then. When the first one is
 * taken out the interrupt stays: coming too early it finds nothing and programs
 * the next.
 */
#include "percpu.h"

#define TIMER_NEVER	(~0ull)

/* Join the heaps @a and @b, of which either may be empty, where @at points to. */
static void timer_join(struct timer **at, struct timer *a, struct timer *b)
{
	while (a && b) {
		struct timer *first = b->expires < a->expires ? b : a, *rest = first->right;

		b = first == a ? b : a;
		a = rest;
		first->right = first->left;
		if (first->right)
			first->right->back = &first->right;
		*at = first;
		first->back = at;
		at = &first->left;
	}
	*at = a ? a : b;
	if (*at)
		(*at)->back = at;
}

static void timer_remove(struct timer *t)
{
	timer_join(t->back, t->left, t->right);
	t->back = NULL;
}

/* Take @t out of its heap, and leave that locked. It may change until the lock is held. */
static struct cpu *timer_lock_out(struct timer *t)
{
	for (;;) {
		struct cpu *cpu = READ_ONCE(t->cpu);

		spin_lock(&cpu->timer_lock);
		if (likely(t->cpu == cpu)) {
			if (t->back)
				timer_remove(t);
			return cpu;
		}
		spin_unlock(&cpu->timer_lock);
	}
}

/* Under this CPU's lock: have the interrupt come when the first ones are due. */
static void timer_program(struct cpu *cpu)
{
	const struct timer *t = cpu->timers;
	u64 due = TIMER_NEVER;

	/* From one to the earlier of its children, while the first one can wait. */
	while (t && t->expires - cpu->timers->expires <= TIMER_SLACK) {
		due = t->expires;
		t = !t->right || (t->left && t->left->expires < t->right->expires) ?
		    t->left : t->right;
	}
	if (due == cpu->timer_due)
		return;
	cpu->timer_due = due;
	arch_timer_program(due == TIMER_NEVER ? 0 : due);
}

void timer_init(struct timer *t, void (*fn)(void *), void *data)
{
	*t = (struct timer){ .fn = fn, .data = data, .cpu = this_cpu() };
}

void timer_set(struct timer *t, u64 expires)
{
	struct cpu *here = this_cpu(), *cpu;

	for (;;) {
		cpu = timer_lock_out(t);
		if (cpu == here)
			break;
		/* It moves here. Whoever sets it meanwhile was first. */
		WRITE_ONCE(t->cpu, here);
		spin_unlock(&cpu->timer_lock);
	}
	/* One that was due before the last round waits for the next like all others. */
	t->expires = MAX(expires, cpu->timer_round);
	t->left = t->right = NULL;
	timer_join(&cpu->timers, cpu->timers, t);
	if (cpu->timers == t && t->expires < cpu->timer_due)
		timer_program(cpu);
	spin_unlock(&cpu->timer_lock);
}

void timer_stop(struct timer *t)
{
	for (;;) {
		struct cpu *cpu = timer_lock_out(t), *runs_on;

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

		spin_guard(&cpu->timer_lock);
		pr_always("CPU%u: first timer in %ld us\n", i,
			  cpu->timers ? (long)(cpu->timers->expires - now) / 1000 : -1);
	}
}
