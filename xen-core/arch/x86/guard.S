/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entries and exits where the CPU leaks (spec_ctrl.c decides): around those of
 * entry.S, whose jumps are patched to lead here while booting. On other CPUs
 * nothing of this runs.
 *
 *	guest --> stub, entry_N --> entry stack --> core's tables, IBRS, RSB
 *	      --> frame copied to v->regs --> syscall_entry, trap_enter ...
 *	... guest_iretq --> guard_exit --> entry stack --> IBRS off, the guest's view,
 *	      buffers --> iretq
 *
 * In a guest's view (struct guest_view) only this file's pages, the IDT and pages
 * 0, 1 and the IST stacks of the CPU's block are mapped of the core. G_* are
 * places in page 1 of the block, whatever stack of the block is in use.
 */
#include "entry.h"

#define MSR_SPEC_CTRL 0x48
#define RSB_CALLS 16		/* two entries each */

	.section .text.guard, "ax"

.macro BLOCK reg
	movq	%rsp, %\reg
	andq	$-STACK_BLOCK_SIZE, %\reg
.endm

/* %rdx: the block. Clobbers eax, ecx. */
.macro SPEC_CTRL value
	testb	$GUARD_IBRS, G_FLAGS(%rdx)
	jz	.Lno\@
	movl	\value(%rdx), %eax
	movl	$MSR_SPEC_CTRL, %ecx
	xorl	%edx, %edx
	wrmsr
	BLOCK	rdx
.Lno\@:
.endm

/* V6: speculation does not run past it with the guest's settings. %rdx, clobbers: as above. */
.macro FENCE_ENTRY
	SPEC_CTRL G_MSR_CORE
	testb	$GUARD_RSB, G_FLAGS(%rdx)
	jz	.Ldone\@
	movl	$RSB_CALLS, %eax
.Lfill\@:
	.rept	2
	call	92f			/* no small numbers: they are the caller's */
91:	pause
	lfence
	jmp	91b
92:
	.endr
	decl	%eax
	jnz	.Lfill\@
	addq	$RSB_CALLS * 16, %rsp
.Ldone\@:
	lfence
.endm

/*
 * From a guest, @words of its frame on the entry stack: they go to v->regs, their
 * last one to its end - @off. Then %rsp is where the first is, all else as it was.
 */
.macro FROM_GUEST words off=0
	PUSH	rax, rcx, rdx
	BLOCK	rdx
	movq	G_CORE_CR3(%rdx), %rax
	cmpq	G_GUEST_CR3(%rdx), %rax
	je	.Lsame\@
	movq	%rax, %cr3
.Lsame\@:
	FENCE_ENTRY
	movq	G_REGS_END(%rdx), %rax
	subq	$\off, %rax
	xchgq	%rsp, %rax
	.set	at, 24 + 8 * \words
	.rept	\words
	.set	at, at - 8
	pushq	at(%rax)
	.endr
	movq	(%rax), %rdx
	movq	8(%rax), %rcx
	movq	16(%rax), %rax
.endm

	ENTRY guard_syscall
	addq	$8, %rsp
	FROM_GUEST 5
	jmp	syscall_entry

	ENTRY guard_syscall32
	addq	$8, %rsp
	FROM_GUEST 5
	jmp	syscall_entry32

	ENTRY guard_page_fault
	testb	$3, 16(%rsp)
	jz	1f
	FROM_GUEST 6
	jmp	page_fault_enter
1:	pushq	$14
	jmp	guard_core

	ENTRY guard_trap
	testb	$3, 24(%rsp)
	jz	guard_core
	FROM_GUEST 7
	jmp	trap_enter

/* In the core, so its tables are loaded: unless it was the iretq to a guest. */
guard_core:
	pushq	%rax
	leaq	guard_iretq(%rip), %rax
	cmpq	%rax, 24(%rsp)
	popq	%rax
	jne	core_enter
	/* v->regs has the frame that the CPU refused: error code and vector go below it. */
	FROM_GUEST 2, 40
	PUSH_GPRS
	jmp	iretq_fault_saved

/*
 * NMI and its like may come anywhere in here, with either tables. If these are the
 * guest's view, G_CORE_CR3 is good, for they are loaded later and left earlier.
 */
	ENTRY guard_ist
	PUSH_GPRS
	BLOCK	rdx
	movq	%cr3, %r12
	cmpq	%r12, G_GUEST_CR3(%rdx)
	jne	1f
	movq	G_CORE_CR3(%rdx), %rax
	movq	%rax, %cr3
1:	cld
	FENCE_ENTRY
	CLAC
	movq	%rsp, %rdi
	testb	$3, R_CS(%rsp)
	jnz	ist_from_guest
	movq	%rsp, %rbx
	call	trap_from_core
	movq	%rbx, %rsp
	movq	%r12, %cr3
	POP_GPRS
	iretq

/* The fast system call and page fault, as in entry.S, but not by sysret. */
	ENTRY guard_syscall_exit
	leaq	-56(%r11), %r11
	movq	V_SYSCALL_RIP(%rcx), %rax
	jmp	1f
	ENTRY guard_fault_exit
	leaq	-64(%r11), %r11
	movq	V_PF_RIP(%rcx), %rax
1:	movq	%rax, R_RIP(%rcx)
	movq	%r11, R_RSP(%rcx)
	movq	$USER_CS, R_CS(%rcx)
	movq	$USER_SS, R_SS(%rcx)
	andl	$~ENTRY_CLEAR, R_RFLAGS(%rcx)
	leaq	R_RIP(%rcx), %rsp
	movq	R_RAX(%rcx), %rax
	movq	(%rsp), %rcx		/* as SYSRET has it, and no address of the core's */

/* %rsp = &v->regs.rip, all other registers are the guest's. */
	ENTRY guard_exit
	PUSH	rax, rcx, rdx
	movq	V_STACK - R_RDI(%rsp), %rdx
	andq	$-STACK_BLOCK_SIZE, %rdx
	movzbl	V_IN_KERNEL - R_RDI(%rsp), %ecx
	shll	$5, %ecx
	addq	%rdx, %rcx
	movq	(%rdx), %rax
	movq	C_ARCH(%rax), %rax
	movq	A_TLB_TIME(%rax), %rax
	cmpq	%rax, G_TIME(%rcx)
	jne	guard_refresh
	movq	%cr3, %rax
	cmpq	%rax, G_ROOT(%rcx)
	jne	guard_refresh
	movq	%rax, G_CORE_CR3(%rdx)
	movq	G_VIEW(%rcx), %rcx
	movq	%rcx, G_GUEST_CR3(%rdx)
	leaq	STACK_ENTRY_TOP(%rdx), %rax
	movq	%rax, STACK_TSS + 4(%rdx)
	xchgq	%rsp, %rax
	.irp	at, 56, 48, 40, 32, 24, 16, 8, 0
	pushq	\at(%rax)
	.endr
	addq	$64, %rax
	movq	%rax, G_REGS_END(%rdx)
	cmpq	%rcx, G_CORE_CR3(%rdx)
	je	1f
	movq	%rcx, %cr3
1:	SPEC_CTRL G_MSR_GUEST
	/* V5: nothing of the core is read after this but the frame. */
	testb	$GUARD_VERW, G_FLAGS(%rdx)
	jz	2f
	verw	G_SELECTOR(%rdx)
2:	POP	rdx, rcx, rax
	ENTRY guard_iretq 1
	iretq

guard_refresh:
	POP	rdx, rcx, rax
	subq	$16, %rsp
	PUSH_GPRS
	movq	%rsp, %rbx
	movq	%rsp, %rdi
	movq	V_STACK(%rbx), %rsp
	cld			/* E9: the fast way of a page fault leaves the guest's */
	call	spec_ctrl_enter_guest
	movq	%rbx, %rsp
	POP_GPRS
	jmp	guard_exit

/* V5, from a guest to the idle loop: another thread of this core may run one meanwhile. */
	ENTRY guard_idle
	BLOCK	rdx
	testb	$GUARD_VERW, G_FLAGS(%rdx)
	jz	1f
	verw	G_SELECTOR(%rdx)
1:	jmp	idle_loop
