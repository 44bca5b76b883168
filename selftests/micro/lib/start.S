/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry point, ELF notes and trap stubs of a micro-guest.
 *
 * The core enters at micro_entry with %rsi = start_info (virtual address) and
 * a boot stack in %rsp. All registers are saved before anything else runs: a
 * test compares them. Every way into the guest kernel (exceptions, the event,
 * failsafe, syscall and NMI callbacks) ends in micro_trap_dispatch() with the
 * same struct micro_frame, and leaves through the iret hypercall.
 *
 * What the core pushes (arch-x86/xen-x86_64.h), lowest address first:
 *   rcx, r11, [ds, es, fs, gs (failsafe only)], [error code], rip, cs, rflags,
 *   rsp, ss
 */
#include "notes.h"

	note XEN_ELFNOTE_ENTRY, .quad micro_entry
	note XEN_ELFNOTE_HYPERCALL_PAGE, .quad micro_hypercall_page
	note XEN_ELFNOTE_SUPPORTED_FEATURES, .long 0x8801
	note XEN_ELFNOTE_L1_MFN_VALID, .quad 1, 1
	note XEN_ELFNOTE_SUSPEND_CANCEL, .long 1
#ifdef MICRO_INIT_P2M
	note XEN_ELFNOTE_INIT_P2M, .quad 0x8000000000
	note XEN_ELFNOTE_MOD_START_PFN, .long 1
#endif

	.text
	.globl micro_entry
micro_entry:
	movq	%rax, micro_boot_regs + 0 * 8(%rip)
	movq	%rbx, micro_boot_regs + 1 * 8(%rip)
	movq	%rcx, micro_boot_regs + 2 * 8(%rip)
	movq	%rdx, micro_boot_regs + 3 * 8(%rip)
	movq	%rsi, micro_boot_regs + 4 * 8(%rip)
	movq	%rdi, micro_boot_regs + 5 * 8(%rip)
	movq	%rbp, micro_boot_regs + 6 * 8(%rip)
	movq	%rsp, micro_boot_regs + 7 * 8(%rip)
	movq	%r8,  micro_boot_regs + 8 * 8(%rip)
	movq	%r9,  micro_boot_regs + 9 * 8(%rip)
	movq	%r10, micro_boot_regs + 10 * 8(%rip)
	movq	%r11, micro_boot_regs + 11 * 8(%rip)
	movq	%r12, micro_boot_regs + 12 * 8(%rip)
	movq	%r13, micro_boot_regs + 13 * 8(%rip)
	movq	%r14, micro_boot_regs + 14 * 8(%rip)
	movq	%r15, micro_boot_regs + 15 * 8(%rip)
	leaq	micro_stack_end(%rip), %rsp
	pushfq
	popq	micro_boot_regs + 16 * 8(%rip)
	movl	%cs, %eax
	movq	%rax, micro_boot_regs + 17 * 8(%rip)
	movl	%ss, %eax
	movq	%rax, micro_boot_regs + 18 * 8(%rip)
	movl	%ds, %eax
	movq	%rax, micro_boot_regs + 19 * 8(%rip)
	movl	%es, %eax
	movq	%rax, micro_boot_regs + 20 * 8(%rip)
	movl	%fs, %eax
	movq	%rax, micro_boot_regs + 21 * 8(%rip)
	movl	%gs, %eax
	movq	%rax, micro_boot_regs + 22 * 8(%rip)
	cld
	xorl	%ebp, %ebp
	movq	%rsi, %rdi
	call	micro_main
	ud2

/* int micro_setjmp(struct micro_jmp *) and micro_longjmp(.., value) */
	.globl micro_setjmp
micro_setjmp:
	popq	%rdx
	movq	%rbx, 0(%rdi)
	movq	%rbp, 8(%rdi)
	movq	%r12, 16(%rdi)
	movq	%r13, 24(%rdi)
	movq	%r14, 32(%rdi)
	movq	%r15, 40(%rdi)
	movq	%rsp, 48(%rdi)
	movq	%rdx, 56(%rdi)
	xorl	%eax, %eax
	jmp	*%rdx

	.globl micro_longjmp
micro_longjmp:
	movq	0(%rdi), %rbx
	movq	8(%rdi), %rbp
	movq	16(%rdi), %r12
	movq	24(%rdi), %r13
	movq	32(%rdi), %r14
	movq	40(%rdi), %r15
	movq	48(%rdi), %rsp
	movl	%esi, %eax
	cld
	jmp	*56(%rdi)

/*
 * One 32-byte stub a vector, found by its number; each leaves the stack as
 * struct micro_frame has it from the vector on.
 */
	.text
	.balign 32
	.globl micro_stubs
micro_stubs:
	.set	i, 0
	.rept	256
	.balign 32
	.if i == 14
	movq	%rcx, micro_entry_rcx(%rip)
	.endif
	movq	(%rsp), %rcx
	movq	8(%rsp), %r11
	.if (i == 8) || ((i >= 10) && (i <= 14)) || (i == 17) || (i == 21)
	addq	$16, %rsp
	.else
	addq	$8, %rsp
	movq	$0, (%rsp)
	.endif
	pushq	$i
	jmp	micro_trap_common
	.set	i, i + 1
	.endr

	.macro callback name:req, number:req
	.balign 32
	.globl	\name
\name:
	movq	%rcx, micro_entry_rcx(%rip)
	movq	(%rsp), %rcx
	movq	8(%rsp), %r11
	addq	$8, %rsp
	movq	$0, (%rsp)
	pushq	$\number
	jmp	micro_trap_common
	.endm

	callback micro_event_entry, 256
	callback micro_syscall_entry, 257
	callback micro_sysenter_entry, 258
	callback micro_syscall32_entry, 259
	callback micro_nmi_entry, 260

	/* Failsafe: keep the four selectors before dropping them. */
	.balign 32
	.globl	micro_failsafe_entry
micro_failsafe_entry:
	movq	16(%rsp), %rcx
	movq	%rcx, micro_failsafe_selectors + 0(%rip)
	movq	24(%rsp), %rcx
	movq	%rcx, micro_failsafe_selectors + 8(%rip)
	movq	32(%rsp), %rcx
	movq	%rcx, micro_failsafe_selectors + 16(%rip)
	movq	40(%rsp), %rcx
	movq	%rcx, micro_failsafe_selectors + 24(%rip)
	movq	(%rsp), %rcx
	movq	8(%rsp), %r11
	addq	$40, %rsp
	movq	$0, (%rsp)
	pushq	$261
	jmp	micro_trap_common

micro_trap_common:
	pushq	%rax
	pushq	%rbx
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%rbp
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushfq
	popq	micro_entry_flags(%rip)
	cld
	movq	%rsp, %rdi
	movq	%rsp, %rbx
	andq	$-16, %rsp
	call	micro_trap_dispatch
	movq	%rbx, %rsp
	/* fall through with %rsp at the frame */
micro_frame_restore:
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rbp
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rbx
	popq	%rax
	addq	$8, %rsp		/* the vector; its slot, then the */
	popq	micro_iret_scratch(%rip)/* error code, are no longer needed */
	pushq	micro_iret_flags(%rip)
	jmp	micro_hypercall_page + 23 * 32

/* void micro_frame_load(struct micro_frame *): leave through iret. */
	.globl	micro_frame_load
micro_frame_load:
	movq	%rdi, %rsp
	jmp	micro_frame_restore

/* Entry of vcpu 1: the stack is set by VCPUOP_initialise. */
	.globl	micro_secondary_entry
micro_secondary_entry:
	cld
	xorl	%ebp, %ebp
	movq	%rsi, micro_secondary_rsi(%rip)
	call	micro_secondary_main
	ud2

	.balign 4096
	.globl	micro_hypercall_page
micro_hypercall_page:
	.skip	4096, 0x90

	.data
	.globl	micro_boot_regs
	.balign 8
micro_boot_regs:
	.skip	32 * 8, 0xff
	.globl	micro_failsafe_selectors
micro_failsafe_selectors:
	.skip	4 * 8
	.globl	micro_iret_flags
micro_iret_flags:
	.quad	0
micro_iret_scratch:
	.quad	0
	.globl	micro_secondary_rsi
micro_secondary_rsi:
	.quad	0

	.section .bss
	.balign 4096
	.globl	micro_stack
micro_stack:
	.skip	8 * 4096
	.globl	micro_stack_end
micro_stack_end:

	.section .note.GNU-stack, "", @progbits
