/* SPDX-License-Identifier: GPL-2.0-only */
/* Exceptions: vectors, error code bits, and who handles them. */
#ifndef XENLITE_TRAPS_H
#define XENLITE_TRAPS_H

#include "arch_domain.h"

enum trap_vector {
	TRAP_DE, TRAP_DB, TRAP_NMI, TRAP_BP, TRAP_OF, TRAP_BR, TRAP_UD, TRAP_NM,
	TRAP_DF, TRAP_TS = 10, TRAP_NP, TRAP_SS, TRAP_GP, TRAP_PF, TRAP_MF = 16,
	TRAP_AC, TRAP_MC, TRAP_XM, TRAP_CP = 21,
	FIRST_IRQ_VECTOR = 32,
	TRAP_SYSCALL = 0x100,	/* not a vector: entered by SYSCALL */
};

/* Bits of the error code of a page fault */
enum { PF_P = 1, PF_W = 2, PF_U = 4, PF_RSVD = 8, PF_I = 16 };

struct vcpu;

/* Called by entry.S. */
void trap_from_guest(struct vcpu *v);
void trap_from_core(struct regs *regs);
struct vcpu *trap_ist_to_vcpu(const struct regs *regs);
void idle_loop(void) __attribute__((noreturn));
void enter_guest(void) __attribute__((noreturn));

#endif
