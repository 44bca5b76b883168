/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fake machine: the architecture hooks on a normal process.
 *
 * Memory is an array, a physical CPU is a thread or a setting, time stands
 * still until the test moves it. What the core asks of the machine is
 * recorded. Functions of the core that are not linked into a test have a weak
 * stand-in here, so every test may link all of arch/fake and softirq.c.
 */
#ifndef XENLITE_FAKE_H
#define XENLITE_FAKE_H

#include <setjmp.h>

#include "domain.h"
#include "percpu.h"

/** fake_machine_init() - a new machine: @nr_frames of RAM, none of it given to
 * the allocator; @nr CPUs, running on CPU 0. Frames are backed when touched, so
 * a machine may be huge.
 */
void fake_machine_init(u64 nr_frames, u32 nr);
/** fake_machine_end() - give it all back. */
void fake_machine_end(void);

/**
 * fake_run_on() - this thread is CPU @cpu now. arch_this_cpu() is a constant for
 * the compiler: do not look at `current` on both sides of it in one function.
 */
void fake_run_on(u32 cpu);
/** fake_be_cpu() - this thread is @cpu, which need not be one of the machine's. */
void fake_be_cpu(struct cpu *cpu);
/** fake_set_current() - @v runs on this CPU. */
void fake_set_current(struct vcpu *v);

/* What happened to each CPU. */
struct fake_cpu {
	u64 timer_due;		/* arch_timer_program(), 0: off */
	u32 timer_programmed;	/* how often */
	u32 kicks;		/* arch_kick_cpu() */
};
extern struct fake_cpu fake_cpus[MAX_CPUS];

extern u64 fake_now;		/* arch_now() */
/** fake_timer_interrupts() - raise SOFTIRQ_TIMER where one is due. Return: any? */
bool fake_timer_interrupts(void);

/* The memory that copy_from_guest() and copy_to_guest() reach; of this thread. */
void fake_guest_window(void *start, size_t len);

/* TLBs: the clock, and the last filter asked for. */
extern u32 fake_tlb_clock, fake_tlb_filtered, fake_tlb_filters;

/* preempt_requested() is false this many times, then true once; -1: always false. */
extern int fake_preempt_in;

/* arch_pirq_*: what is bound, and an error for the next binding. */
#define FAKE_PIRQS	32
struct fake_pirq {
	u32 port;		/* 0: not bound */
	struct vcpu *vcpu;
};
extern struct fake_pirq fake_pirqs[FAKE_PIRQS];
extern int fake_pirq_error;

/** fake_domain_create() - a domain with events and grants, its vcpus up. */
struct domain *fake_domain_create(domid_t id, bool privileged, u32 vcpus);
/** fake_domain_destroy() - it dies; the rest goes with its last reference. */
void fake_domain_destroy(struct domain *d);

/* True if @statement panics. */
extern jmp_buf *fake_panic_to;
#define FAKE_PANICS(statement) ({			\
	jmp_buf _buf;					\
	volatile bool _panicked = true;			\
	fake_panic_to = &_buf;				\
	if (!setjmp(_buf)) {				\
		statement;				\
		_panicked = false;			\
	}						\
	fake_panic_to = NULL;				\
	_panicked;					\
})

#endif
