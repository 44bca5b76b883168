/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each CPU's block of stacks, 64 KiB of address space; holes catch overflows.
 *
 *   page 0	struct cpu pointer, syscall entry stub	read-only, executable
 *   page 1	TSS, scratch of the stub		read-write
 *		where the CPU leaks, struct guard, and from its end the entry stack
 *   page 3	NMI stack
 *   page 5	double fault stack
 *   page 7	machine check stack
 *   page 9	debug exception stack
 *   page 12-15	the stack; C code finds the block by masking its address
 */
#ifndef XENLITE_STACKS_H
#define XENLITE_STACKS_H

#define STACK_BLOCK_SIZE	(1 << 16)
/* The stack is never quite empty: its address must stay inside of the block. */
#define STACK_TOP_GAP		16
#define STACK_BOTTOM		0xc000
#define STACK_TSS		0x1000
#define STACK_SCRATCH		0x1100
#define STACK_SYSCALL_TARGET	0x1108
#define STACK_GUARD		0x1200
#define STACK_ENTRY_TOP		0x2000
#define STACK_STUB_SIZE		0x40
#define STACK_STUB		0x40	/* where the stub is in page 0 */
#define STACK_STUB32		0x80	/* the one for SYSCALL from 32-bit code, right behind */

/* struct guard: flags */
#define GUARD_VERW	1	/* clear buffers on the way out */
#define GUARD_IBRS	2	/* switch SPEC_CTRL on both ways */
#define GUARD_RSB	4	/* fill the return stack buffer on the way in */

/* Kinds of .init.jumps: what makes a CPU need the other way */
#define PATCH_GUARD	0	/* the whole jump is written */
#define PATCH_L1TF	1	/* a conditional jump keeps its condition */

#define STACK_IST_TOP(ist) ((2 * (ist) + 2) * PAGE_SIZE)

#ifndef __ASSEMBLY__
#include "cpu.h"
#include "paging.h"

/* IST numbers; STACK_IST_TOP() is the end of the stack of each. */
enum { IST_NMI = 1, IST_DF, IST_MC, IST_DB };

struct __packed tss {
	u32 reserved0;
	u64 rsp0, rsp1, rsp2, reserved1, ist[7], reserved2;
	u16 reserved3, io_base;
};

/**
 * struct guard - guard.S's memory
 * @core_cr3:	what was loaded when the guest was entered, and is again on the way in
 * @guest_cr3:	what the guest runs with: its view, or the same
 * @regs_end:	of the vcpu; what TSS.rsp0 is otherwise
 * @selector:	for VERW
 * @mode:	of the guest's user and kernel: the tables whose view is @view, made
 *		when the TLB clock was @time
 */
struct guard {
	u64 core_cr3, guest_cr3, regs_end;
	u32 flags, msr_core, msr_guest;
	u16 selector;
	struct { u64 root, time, view, unused; } mode[2];
};

/* Start of its 64 KiB of address space. */
static inline u64 stacks_block(const struct cpu *cpu)
{
	return STACKS_VA + (u64)cpu->id * STACK_BLOCK_SIZE;
}

/* Initial stack pointer of @cpu. */
static inline u64 stacks_top(const struct cpu *cpu)
{
	return stacks_block(cpu) + STACK_BLOCK_SIZE - STACK_TOP_GAP;
}

static inline struct tss *stacks_tss(const struct cpu *cpu)
{
	return (struct tss *)(stacks_block(cpu) + STACK_TSS);
}

static inline struct guard *stacks_guard(const struct cpu *cpu)
{
	return (struct guard *)(stacks_block(cpu) + STACK_GUARD);
}

#endif
#endif
