/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timers: one heap for each CPU, ordered by expiry in system time.
 *
 * System time is nanoseconds since the core started (arch_now()), the same on
 * every CPU. A timer runs from its CPU's SOFTIRQ_TIMER with no lock held.
 */
#ifndef XENLITE_TIMER_H
#define XENLITE_TIMER_H

#include "types.h"

struct cpu;

/**
 * struct timer - something to do at @expires
 * @cpu:	whose heap it is in or goes to (migrated by timer_set_cpu)
 * @slot:	place in the heap, 0: not pending
 */
struct timer {
	u64 expires;
	void (*fn)(void *data);
	void *data;
	struct cpu *cpu;
	u32 slot;
	bool running;
};

void timer_init(struct timer *t, void (*fn)(void *), void *data, struct cpu *cpu);
/** timer_set() - (re)arm; a time in the past fires at once. Any CPU may call. */
void timer_set(struct timer *t, u64 expires);
/** timer_stop() - disarm; on return it neither runs nor will (unless called by itself). */
void timer_stop(struct timer *t);
void timer_set_cpu(struct timer *t, struct cpu *cpu);
bool timer_pending(const struct timer *t);
/** timer_init_cpu() - the heap of a new CPU; also registers the softirq once. */
int timer_init_cpu(struct cpu *cpu);
/** timer_dump() - part of the 't' debug key. */
void timer_dump(void);

u64 arch_now(void);			/* system time, ns */
/* Program this CPU's one-shot interrupt for @when (0: none); raises SOFTIRQ_TIMER. */
void arch_timer_program(u64 when);

#endif
