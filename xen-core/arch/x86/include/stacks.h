/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each CPU's block of stacks, 64 KiB of address space; holes catch overflows.
 *
 *   page 0	struct cpu pointer, syscall entry stub	read-only, executable
 *   page 1	TSS, scratch of the stub		read-write
 *   page 3	NMI stack
 *   page 5	double fault stack
 *   page 7	machine check stack
 *   page 9	debug exception stack
 *   page 12-15	the stack; C code finds the block by masking its address
 */
#ifndef XENLITE_STACKS_H
#define XENLITE_STACKS_H

#define STACK_BLOCK_SHIFT	16
#define STACK_BLOCK_SIZE	(1 << STACK_BLOCK_SHIFT)
/* The stack is never quite empty: its address must stay inside of the block. */
#define STACK_TOP_GAP		16
#define STACK_TSS		0x1000
#define STACK_SCRATCH		0x1100
#define STACK_SYSCALL_TARGET	0x1108
#define STACK_STUB		0x40	/* where the stub is in page 0 */
#define STACK_STUB32		0x80	/* the one for SYSCALL from 32-bit code */

/* IST numbers */
#define IST_NMI		1
#define IST_DF		2
#define IST_MC		3
#define IST_DB		4

#ifndef __ASSEMBLY__
#include "types.h"

struct cpu;

struct __attribute__((packed)) tss {
	u32 reserved0;
	u64 rsp0, rsp1, rsp2;
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3, io_base;
};

/** stacks_create() - allocate and map @cpu's block. Return: 0 or -ENOMEM. */
int stacks_create(struct cpu *cpu);
/** stacks_block() - start of its 64 KiB of address space. */
u64 stacks_block(const struct cpu *cpu);
/** stacks_top() - initial stack pointer of @cpu. */
u64 stacks_top(const struct cpu *cpu);
struct tss *stacks_tss(const struct cpu *cpu);

#endif
#endif
