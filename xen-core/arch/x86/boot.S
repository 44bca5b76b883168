/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the boot loader, or from a start-up IPI, to C in 64-bit mode.
 *
 * The boot CPU arrives in 32-bit protected mode without paging (multiboot 1
 * and 2). Its tables map the first 4 GiB over and over, so one to one, at the
 * image's place and at the direct map's place. paging.c replaces them.
 * The other CPUs arrive in real mode at a copy of ap_start below 1 MiB.
 */
#include "paging.h"

#define PA(sym)		((sym) - IMAGE_VA)

#define MB1_MAGIC	0x1badb002
#define MB1_FLAGS	0x00000003	/* page-aligned modules, memory map */
#define MB2_MAGIC	0xe85250d6

	.section .init.head, "awx"
	.code32
	.globl	_start
_start:
	jmp	start32

	.balign	8
	.long	MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)

	.balign	8
mb2_header:
	.long	MB2_MAGIC, 0, mb2_end - mb2_header, -(MB2_MAGIC + 0 + (mb2_end - mb2_header))
	/* Tags: type (and no flags), size, data; all sizes are multiples of 8 */
	.long	1, 24, 1, 3, 6, 14	/* request: command line, modules, map, RSDP */
	.long	6, 8			/* modules page aligned */
	.long	0, 8			/* the end */
mb2_end:

	.balign	8
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* 0x08: 64-bit code */
	.quad	0x00cf93000000ffff	/* 0x10: data */
	.quad	0x00cf9b000000ffff	/* 0x18: 32-bit code */
boot_gdt_end:

start32:
	cld
	cli
	movl	$PA(boot_stack_top), %esp
	movl	%eax, %edi		/* loader's magic */
	movl	%ebx, %esi		/* loader's information */
	lgdtl	PA(gdt_ptr)
	call	enter_long_mode		/* returns in 64-bit mode, at the image's place */
	.code64
	leaq	boot_stack_top(%rip), %rsp
	xorl	%ebp, %ebp
	call	core_start		/* takes two u32: their high halves are not known */
	ud2

/*
 * From 32-bit mode, flat segments and our GDT loaded, on to 64-bit mode with boot_l4.
 * Clobbers eax, ecx, edx.
 */
	.code32
enter_long_mode:
	movl	%cr4, %eax
	orl	$0x620, %eax		/* PAE, OSFXSR, OSXMMEXCPT */
	movl	%eax, %cr4
	movl	$PA(boot_l4), %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx
	rdmsr
	orl	$0x901, %eax		/* SCE, LME, NXE */
	wrmsr
	movl	$0x80010033, %eax	/* PG, WP, NE, ET, MP, PE */
	movl	%eax, %cr0
	popl	%eax			/* the high half of %rax is not known: */
	ljmp	$8, $PA(1f)
	.code64
1:	movl	%eax, %eax
	movabs	$IMAGE_VA, %rcx
	addq	%rcx, %rax
	jmp	*%rax

/*
 * Start-up of the other CPUs. Copied to a page below 1 MiB; runs with
 * CS = page >> 4, IP = 0. All addresses are relative to the copy.
 */
	.code16
	.balign	16
	.globl	ap_start
ap_start:
	cli
	cld
	lgdtl	%cs:gdt_ptr - ap_start
	movl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$0x18, $PA(ap_start32)
gdt_ptr:
	.short	boot_gdt_end - boot_gdt - 1
	.long	PA(boot_gdt)

	.code32
ap_start32:
	movw	$0x10, %ax		/* only the stack is used before 64-bit mode */
	movw	%ax, %ss
	movl	$PA(boot_stack_top), %esp
	call	enter_long_mode
	.code64
	movq	ap_stack_top(%rip), %rsp
	movl	$PA(core_l4), %eax
	movq	%rax, %cr3		/* the stack is only in the core's own tables */
	xorl	%ebp, %ebp
	call	smp_ap_main
	ud2

/* Each table repeats: all of the entries of one level lead to the same 4 GiB. */
	.section .init.data, "aw"
	.balign	4096
boot_l4:
	.rept	512
	.quad	PA(boot_l3) + 0x23	/* present, writable, accessed */
	.endr
boot_l3:
	.rept	512 / 4
	.quad	PA(boot_l2) + 0x23, PA(boot_l2) + 0x1023, PA(boot_l2) + 0x2023, PA(boot_l2) + 0x3023
	.endr
boot_l2:
	.set	at, 0
	.rept	4 * 512
	.quad	at + 0xe3		/* present, writable, accessed, dirty, 2 MiB */
	.set	at, at + (1 << 21)
	.endr
	.skip	8192
boot_stack_top:
