/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the scheduler's mechanism (sched.c) asks of its policy (sched_fair.c).
 * All under sched_lock.
 */
#ifndef XENLITE_SCHED_FAIR_H
#define XENLITE_SCHED_FAIR_H

#include "domain.h"
#include "percpu.h"

extern struct spinlock sched_lock;

/** fair_enqueue() - @v waits from now on; have a CPU look at it if one should. */
void fair_enqueue(struct vcpu *v, bool woken, u64 now);
/** fair_pick() - who runs on @cpu, this one, from now on; taken off the queue. */
struct vcpu *fair_pick(struct cpu *cpu, u64 now);
/** fair_yield() - let who waits for @cpu, this one, go first. Return: anybody there? */
bool fair_yield(struct cpu *cpu);
void fair_init_cpu(struct cpu *cpu);

#endif
