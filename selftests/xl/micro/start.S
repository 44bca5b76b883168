/* SPDX-License-Identifier: GPL-2.0-only */
/* Entry point and ELF notes of the smallest domU; see main.c. */
#define __ASSEMBLY__
#include <xen/elfnote.h>

	.macro note type:req, content:vararg
	.pushsection .note.xen, "a", @note
	.balign 4
	.long 4
	.long 9002f - 9001f
	.long \type
	.asciz "Xen"
9001:	\content
9002:	.balign 4
	.popsection
	.endm

	note XEN_ELFNOTE_GUEST_OS, .asciz "micro"
	note XEN_ELFNOTE_GUEST_VERSION, .asciz "1"
	note XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
	note XEN_ELFNOTE_LOADER, .asciz "generic"
	note XEN_ELFNOTE_VIRT_BASE, .quad 0xffffffff80000000
	note XEN_ELFNOTE_PADDR_OFFSET, .quad 0
	note XEN_ELFNOTE_ENTRY, .quad entry
	note XEN_ELFNOTE_PAE_MODE, .asciz "yes"
	note XEN_ELFNOTE_FEATURES, .asciz "!writable_page_tables|pae_pgdir_above_4gb"

	.text
	.globl entry
entry:
	cld
	xorl	%ebp, %ebp
	movq	%rsi, %rdi
	call	guest_main
	ud2

	.section .note.GNU-stack, "", @progbits
