/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to guest memory: the one place where a gva_t is followed.
 *
 * Copy in once, then validate, then use. A fault on the guest's side ends
 * the copy; an address in the core's own range is refused before it.
 */
#ifndef XENLITE_UACCESS_H
#define XENLITE_UACCESS_H

/**
 * copy_from_guest() - read the current guest's memory.
 * Return: 0, or -EFAULT (part may have been copied).
 */
int __must_check copy_from_guest(void *dst, gva_t src, size_t len);

/**
 * copy_to_guest() - write the current guest's memory.
 * Return: 0, or -EFAULT (part may have been written).
 */
int __must_check copy_to_guest(gva_t dst, const void *src, size_t len);

/** clear_guest() - write zeroes. Return: 0 or -EFAULT. */
int __must_check clear_guest(gva_t dst, size_t len);

/*
 * copy_words_from_guest(), copy_words_to_guest() - the same, in line, for a constant
 * number of words, 1 to UACCESS_WORDS, the latter from the guest's word @first on: for structures
 * that come all day.
 */
#include "arch_uaccess.h"

/* copy_struct_from_guest() - the whole of such a structure, to @dst. Return: as above. */
#define copy_struct_from_guest(dst, src) ({						\
	static_assert(sizeof(*(dst)) % 8 == 0 && sizeof(*(dst)) <= 8 * UACCESS_WORDS,	\
		      "its words");							\
	copy_words_from_guest((u64 *)(dst), src, sizeof(*(dst)) / 8);			\
})

/* Address of element @i of the array at @base; wraps are caught by the copy. */
#define gva_index(base, type, i)	GVA((base).a + (u64)(i) * sizeof(type))
/* A XEN_GUEST_HANDLE in a public structure as an address. */
#define gva_of(handle)			GVA((handle).p)

#endif
