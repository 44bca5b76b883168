/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Preemption points of long hypercalls.
 *
 * The core runs with interrupts off. A long operation calls
 * preempt_requested() between two steps, with no lock held that a handler may
 * take (docs/LOCKING.md): it lets pending
 * interrupts in for a moment and says whether they left work that should not
 * wait. The operation then stores its progress in the hypercall's arguments
 * (hypercall_set_arg) and returns -ERESTART; the guest re-enters it.
 */
#ifndef XENLITE_PREEMPT_H
#define XENLITE_PREEMPT_H

/* Internal: never reaches a guest. */
#define ERESTART	85

bool preempt_requested(void);

/**
 * hypercall_set_arg() - replace argument @n (0 .. 4) of the hypercall being
 * served, for its continuation after -ERESTART (also inside a multicall).
 */
void hypercall_set_arg(unsigned int n, u64 value);

#endif
