/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timers: one heap for each CPU, ordered by expiry in system time.
 *
 * The heap is made of the timers themselves: arming a timer allocates nothing
 * and cannot fail.
 *
 * System time is nanoseconds since the core started (arch_now()), the same on
 * every CPU. A timer runs from its CPU's SOFTIRQ_TIMER with no lock held.
 */
#ifndef XENLITE_TIMER_H
#define XENLITE_TIMER_H

#define TIMER_SLACK	50000	/* ns a timer may be late so that several fire at once */

/**
 * struct timer - something to do at @expires (not before the CPU's timer_round)
 * @cpu:	in whose heap it is or was last: the one that set it
 * @left,@right: the heaps of those that expire later, cpu->timer_lock
 * @back:	what points to it in the heap, NULL when it is not pending; cpu->timer_lock
 * @runs_on:	CPU that is in @fn now
 */
struct timer {
	u64 expires;
	void (*fn)(void *data);
	void *data;
	struct cpu *cpu;
	struct timer *left, *right, **back;
	struct cpu *runs_on;
};

void timer_init(struct timer *t, void (*fn)(void *data), void *data);
/** timer_set() - (re)arm, on this CPU; a time in the past fires at once. */
void timer_set(struct timer *t, u64 expires);
/**
 * timer_stop() - disarm; on return it neither runs nor will (unless called by
 * itself). Waits for a handler on another CPU: hold no lock that @fn takes.
 */
void timer_stop(struct timer *t);
static inline bool timer_pending(const struct timer *t) { return READ_ONCE(t->back); }
/** timer_init_cpu() - the heap of a new CPU; also registers the softirq once. */
int timer_init_cpu(struct cpu *cpu);
/** timer_dump() - part of the 't' debug key. */
void timer_dump(void);

u64 arch_now(void);			/* system time, ns */
/* Program this CPU's one-shot interrupt for @when (0: none); raises SOFTIRQ_TIMER. */
void arch_timer_program(u64 when);

#endif
