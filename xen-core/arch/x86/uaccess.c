// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access to guest memory, in the running guest's address space.
 *
 * The range check keeps a guest from naming the core's memory (H1,
 * docs/SECURITY.md); everything else is left to the MMU, whose fault ends the
 * copy: entry.S holds the few instructions that may fault so.
 */
#include "pv.h"
#include "uaccess.h"

int uaccess_copy(void *dst, const void *src, size_t n);
int uaccess_clear(void *dst, size_t n);

int copy_from_guest(void *dst, gva_t src, size_t len)
{
	return va_range_ok(src.a, len) ? uaccess_copy(dst, (const void *)src.a, len) : -EFAULT;
}

int copy_to_guest(gva_t dst, const void *src, size_t len)
{
	return va_range_ok(dst.a, len) ? uaccess_copy((void *)dst.a, src, len) : -EFAULT;
}

int clear_guest(gva_t dst, size_t len)
{
	return va_range_ok(dst.a, len) ? uaccess_clear((void *)dst.a, len) : -EFAULT;
}
