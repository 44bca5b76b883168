/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A multiboot image that only tells when it was entered: it reads the TSC with
 * its first instruction, prints it on COM1 and switches the machine off. Loaded
 * in a core's place with the same modules, under -icount, it gives the number
 * of instructions that the firmware and the boot loader take.
 */
	.code32
	.text
	.balign	4
	.long	0x1badb002, 0, -0x1badb002

	.globl _start
_start:
	rdtsc
	movl	%eax, %esi
	movl	%edx, %ebx
	movl	$stack, %esp
	movl	$text, %ebp
1:	movb	(%ebp), %al
	testb	%al, %al
	jz	2f
	call	put
	incl	%ebp
	jmp	1b
2:	movl	%ebx, %edi
	call	hex
	movl	%esi, %edi
	call	hex
	movb	$'\n', %al
	call	put
	movw	$0x604, %dx		/* PM1a control, where SeaBIOS puts it: S5 */
	movw	$0x2000, %ax
	outw	%ax, %dx
3:	hlt
	jmp	3b

hex:
	movl	$8, %ecx
4:	roll	$4, %edi
	movl	%edi, %eax
	andb	$15, %al
	addb	$'0', %al
	cmpb	$'9', %al
	jbe	5f
	addb	$'a' - '9' - 1, %al
5:	call	put
	loop	4b
	ret

put:
	pushl	%eax
	movw	$0x3fd, %dx
6:	inb	%dx, %al
	testb	$0x20, %al
	jz	6b
	popl	%eax
	movw	$0x3f8, %dx
	outb	%al, %dx
	ret

	.section .rodata
text:	.asciz	"X ENTRY="

	.bss
	.space	4096
stack:
