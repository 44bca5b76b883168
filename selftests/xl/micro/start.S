/* SPDX-License-Identifier: GPL-2.0-only */
/* Entry point and ELF notes of the smallest domU; see main.c. */
#include "notes.h"

	note XEN_ELFNOTE_ENTRY, .quad entry
	note XEN_ELFNOTE_PAE_MODE, .asciz "yes"

	.text
	.globl entry
entry:
	cld
	xorl	%ebp, %ebp
	movq	%rsi, %rdi
	call	guest_main
	ud2

	.section .note.GNU-stack, "", @progbits
