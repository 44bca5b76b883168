/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The smallest dom0: says "PROBE reached" on the core's console and has the
 * machine reset. Tests that only ask whether a core still comes as far as its
 * dom0 boot this instead of Linux. Notes as in <xen/elfnote.h>; hypercalls by
 * the bare SYSCALL that a hypercall page would do. Assembled with -DNOTES it
 * has its notes; without them it is a kernel that knows nothing of Xen. With
 * -DSPIN it stays.
 */
	.code64
	.text
	.globl _start
_start:
	leaq	text(%rip), %rdx		/* console_io(write, length, text) */
	movl	$text_end - text, %esi
	xorl	%edi, %edi
	movl	$18, %eax
	syscall
#ifndef SPIN
	leaq	reason(%rip), %rsi		/* sched_op(shutdown, reboot) */
	movl	$2, %edi
	movl	$29, %eax
	syscall
#endif
1:	jmp	1b

	.data
text:	.ascii	"PROBE reached\n"
text_end:
	.balign	4
reason:	.long	1

#ifdef NOTES
	.macro	note number, text
	.balign	4
	.long	4, 9f - 8f, \number
	.asciz	"Xen"
8:	.asciz	"\text"
9:	.balign	4
	.endm

	.section .note.Xen, "a", @note
	note	5, "xen-3.0"			/* XEN_VERSION */
	note	6, "probe"			/* GUEST_OS */
	note	8, "generic"			/* LOADER */
	.long	4, 8, 3				/* VIRT_BASE */
	.asciz	"Xen"
	.quad	0xffffffff80000000
	.long	4, 8, 4				/* PADDR_OFFSET */
	.asciz	"Xen"
	.quad	0xffffffff80000000
	.long	4, 8, 1				/* ENTRY */
	.asciz	"Xen"
	.quad	_start
#endif
	.section .note.GNU-stack, "", @progbits
