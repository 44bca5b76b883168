/* SPDX-License-Identifier: GPL-2.0-only */
/* What entry.S and guard.S, the assembly of entries and exits, have in common. */
#ifndef XENLITE_ENTRY_H
#define XENLITE_ENTRY_H

/*
 * What HYPERVISOR_iret takes of the guest's flags, here as in callbacks.c, IF apart; IOPL
 * and VM stay clear. SYSRET ignores RF.
 */
#define RETURN_FLAGS 0x254dd5

/* regs.vector of system calls and hypercalls. */
#define VECTOR_SYSCALL 0x100

#ifdef __ASSEMBLY__

#include <xen/xen.h>
#include "paging.h"
#include "stacks.h"
#include "offsets.h"

#define USER_CS	0xe033
#define USER_CS32 0xe023
#define USER_SS	0xe02b
#define ERESTART 85
#define EFLAGS_TF 0x100
#define EFLAGS_IF 0x200
#define EFLAGS_RF 0x10000
#define MSR_KERNEL_GS_BASE 0xc0000102
#define RDMSR_OPCODE 0x320f
/* Cleared on entry to a guest's kernel: AC, RF, NT, DF, TF. */
#define ENTRY_CLEAR 0x54500

/* A fault at @from continues at @to. */
.macro EXTABLE from to
	.pushsection .extable, "a"
	.quad	\from, \to
	.popsection
.endm

/* stac or clac where the CPU has SMAP: three bytes, patched while booting. */
.macro SMAP_SITE byte
.Lsite\@:
	.byte	0x0f, 0x1f, 0x00
	.pushsection .init.alternatives, "a"
	.quad	.Lsite\@, \byte
	.popsection
.endm
#define STAC SMAP_SITE 0xcb
#define CLAC SMAP_SITE 0xca

.macro ENTRY name align=16
	.globl	\name
	.balign	\align
\name:
.endm

.macro PUSH regs:vararg
	.irp	reg, \regs
	pushq	%\reg
	.endr
.endm

.macro POP regs:vararg
	.irp	reg, \regs
	popq	%\reg
	.endr
.endm

/* struct regs below the error code and vector: what C may change of them, and the rest. */
#define PUSH_CHANGED PUSH rdi, rsi, rdx, rcx, rax, r8, r9, r10, r11, rbx
#define PUSH_PRESERVED PUSH rbp, r12, r13, r14, r15
.macro PUSH_GPRS
	PUSH_CHANGED
	PUSH_PRESERVED
.endm
.macro POP_GPRS
	POP	r15, r14, r13, r12, rbp
	POP_CHANGED
.endm
.macro POP_CHANGED
	POP	rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi
	addq	$16, %rsp
.endm

/* What comes next becomes a jump to @to where the CPU leaks: 5 bytes, patched while booting. */
.macro GUARD_SITE to
.Lguard\@:
	.pushsection .init.jumps, "aw"
	.quad	.Lguard\@, \to, PATCH_GUARD
	.popsection
.endm

#endif
#endif
