/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands at dom0's entry point instead of the kernel when the path from
 * the core's entry to dom0's first instruction is measured (see patch-kernel):
 * read the TSC at once, run a loop of 2,000,000 instructions, read it again,
 * print both and have the machine reset. Under -icount the TSC counts instructions; the
 * loop proves that the core handed it through as it is. Position independent,
 * hypercalls by the bare SYSCALL that a hypercall page would do.
 */
	.code64
	.globl _start
_start:
	rdtsc
	shlq	$32, %rdx
	leaq	(%rax, %rdx), %r12
	movl	$1000000, %ecx
1:	decl	%ecx
	jnz	1b
	rdtsc
	shlq	$32, %rdx
	leaq	(%rax, %rdx), %r13

	subq	$256, %rsp
	andq	$-16, %rsp
	movabsq	$0x3d54535249462058, %rax	/* "X FIRST=" */
	movq	%rax, (%rsp)
	movq	%r12, %rax
	leaq	8(%rsp), %rdi
	call	hex
	movb	$' ', (%rdi)
	incq	%rdi
	movq	%r13, %rax
	call	hex
	movw	$0x0a0a, (%rdi)
	leaq	1(%rdi), %rax

	movq	%rsp, %rdx			/* console_io(write, length, text) */
	subq	%rdx, %rax
	movq	%rax, %rsi
	xorl	%edi, %edi
	movl	$18, %eax
	syscall

	movq	$1, (%rsp)			/* sched_op(shutdown, reboot) */
	movq	%rsp, %rsi
	movl	$2, %edi
	movl	$29, %eax
	syscall
2:	jmp	2b

/* %rax as 16 hexadecimal digits to (%rdi), which ends behind them. */
hex:
	movl	$16, %r8d
3:	rolq	$4, %rax
	movl	%eax, %edx
	andl	$15, %edx
	addl	$'0', %edx
	cmpl	$'9', %edx
	jbe	4f
	addl	$'a' - '9' - 1, %edx
4:	movb	%dl, (%rdi)
	incq	%rdi
	decl	%r8d
	jnz	3b
	ret
