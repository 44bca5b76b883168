/* SPDX-License-Identifier: GPL-2.0-only */
/* The ELF notes that all small PV guests have alike (xen/elfnote.h), for assembly. */
#ifndef MICRO_NOTES_H
#define MICRO_NOTES_H

#define __ASSEMBLY__
#include <xen/elfnote.h>

#define VIRT_BASE	0xffffffff80000000

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
	note XEN_ELFNOTE_VIRT_BASE, .quad VIRT_BASE
	note XEN_ELFNOTE_PADDR_OFFSET, .quad 0
	note XEN_ELFNOTE_FEATURES, .asciz "!writable_page_tables|pae_pgdir_above_4gb"

#endif
