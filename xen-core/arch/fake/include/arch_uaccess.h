/* SPDX-License-Identifier: GPL-2.0-only */
/* Accesses to guest memory that are worth being in line: here they are not. */
#ifndef XENLITE_ARCH_UACCESS_H
#define XENLITE_ARCH_UACCESS_H

#define UACCESS_WORDS 8

#define copy_words_from_guest(dst, src, n)	copy_from_guest(dst, src, (n) * 8ul)
#define copy_words_to_guest(dst, first, src, n)	\
	copy_to_guest(GVA((dst).a + (first) * 8ul), src, (n) * 8ul)

#endif
