/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the boot loader, or from a start-up IPI, to C in 64-bit mode.
 *
 * The boot CPU arrives in 32-bit protected mode without paging (multiboot 1
 * and 2). It builds tables that map the first 4 GiB three times: one to one,
 * at the image's place and at the direct map's place. paging.c replaces them.
 * The other CPUs arrive in real mode at a copy of ap_start below 1 MiB.
 */
#include "paging.h"

#define PA(sym)		((sym) - IMAGE_VA)
#define L4_INDEX(va)	(((va) >> 39) & 511)
#define L3_INDEX(va)	(((va) >> 30) & 511)

#define MB1_MAGIC	0x1badb002
#define MB1_FLAGS	0x00000003	/* page-aligned modules, memory map */
#define MB2_MAGIC	0xe85250d6

	.section .init.head, "awx"
	.code32
	.globl	_start
_start:
	jmp	start32

	.balign	8
mb1_header:
	.long	MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)

	.balign	8
mb2_header:
	.long	MB2_MAGIC, 0, mb2_end - mb2_header
	.long	-(MB2_MAGIC + 0 + (mb2_end - mb2_header))
	.balign	8
	.short	1, 0			/* information request */
	.long	24
	.long	1, 3, 6, 14		/* command line, modules, map, RSDP */
	.balign	8
	.short	6, 0			/* modules page aligned */
	.long	8
	.balign	8
	.short	0, 0
	.long	8
mb2_end:

	.balign	8
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* 0x08: 64-bit code */
	.quad	0x00cf93000000ffff	/* 0x10: data */
	.quad	0x00cf9b000000ffff	/* 0x18: 32-bit code */
boot_gdt_end:
boot_gdt_ptr:
	.short	boot_gdt_end - boot_gdt - 1
	.long	PA(boot_gdt)

start32:
	cld
	cli
	movl	$PA(boot_stack_top), %esp
	movl	%eax, %esi		/* loader's magic */
	movl	%ebx, %edi		/* loader's information */

	/* One L2 table a GiB. */
	movl	$PA(boot_l2), %ebx
	xorl	%ecx, %ecx
1:	movl	%ecx, %eax
	shll	$21, %eax
	orl	$0xe3, %eax		/* present, writable, accessed, dirty, 2 MiB */
	movl	%eax, (%ebx, %ecx, 8)
	movl	$0, 4(%ebx, %ecx, 8)
	incl	%ecx
	cmpl	$2048, %ecx
	jne	1b

	movl	$PA(boot_l2) + 0x23, %eax
	movl	$PA(boot_l3), %ebx
	movl	%eax, PA(boot_l3_image) + L3_INDEX(IMAGE_VA) * 8
	xorl	%ecx, %ecx
2:	movl	%eax, (%ebx, %ecx, 8)
	addl	$4096, %eax
	incl	%ecx
	cmpl	$4, %ecx
	jne	2b

	movl	$PA(boot_l3) + 0x23, PA(boot_l4)
	movl	$PA(boot_l3) + 0x23, PA(boot_l4) + L4_INDEX(DIRECT_VA) * 8
	movl	$PA(boot_l3_image) + 0x23, PA(boot_l4) + L4_INDEX(IMAGE_VA) * 8

	lgdtl	PA(boot_gdt_ptr)
	call	enter_long_mode		/* returns in 64-bit mode, at the image's place */
	.code64
	leaq	boot_stack_top(%rip), %rsp
	xorl	%ebp, %ebp
	xchgl	%edi, %esi
	movl	%edi, %edi		/* magic; zero-extends */
	movl	%esi, %esi		/* information */
	call	core_start
	ud2

/* 32-bit mode, flat, GDT loaded: on to 64-bit mode with boot_l4. Clobbers eax, ecx, edx. */
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
	movw	$0x10, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	xorl	%eax, %eax
	movw	%ax, %fs
	movw	%ax, %gs
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
	.globl	ap_start, ap_start_end
ap_start:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	ap_gdt_ptr - ap_start
	movl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$0x18, $PA(ap_start32)
ap_gdt_ptr:
	.short	boot_gdt_end - boot_gdt - 1
	.long	PA(boot_gdt)
ap_start_end:

	.code32
ap_start32:
	movw	$0x10, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movl	$PA(boot_stack_top), %esp
	call	enter_long_mode
	.code64
	movq	ap_stack_top(%rip), %rsp
	movq	ap_root(%rip), %rax
	movq	%rax, %cr3		/* the stack is only in the core's own tables */
	xorl	%ebp, %ebp
	call	smp_ap_main
	ud2

	.section .init.data, "aw"
	.balign	8
	.globl	ap_stack_top, ap_root
ap_stack_top:
	.quad	0
ap_root:
	.quad	0

	.section .bss.page_aligned, "aw", @nobits
	.balign	4096
	.globl	boot_l4
boot_l4:	.skip 4096
boot_l3:	.skip 4096
boot_l3_image:	.skip 4096
boot_l2:	.skip 4 * 4096
boot_stack:	.skip 8192
	.globl	boot_stack_top
boot_stack_top:
