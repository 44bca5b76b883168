// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access to guest memory, in the running guest's address space.
 *
 * The range check keeps a guest from naming the core's memory (H1 in
 * docs/SECURITY.md); everything else is left to the MMU, whose fault ends the
 * copy: entry.S holds the few instructions that may fault so.
 */
#include "errno.h"
#include "pv.h"
#include "uaccess.h"

int uaccess_copy(void *dst, const void *src, size_t n);
int uaccess_clear(void *dst, size_t n);

/* [a, a + len) is canonical and misses the core; one guest range holds it all. */
static bool range_ok(u64 a, size_t len)
{
	u64 last = a + len - 1;

	return !len || (last >= a && va_is_guest(a) && va_is_guest(last) && !((a ^ last) >> 63));
}

int copy_from_guest(void *dst, gva_t src, size_t len)
{
	return range_ok(src.a, len) ? uaccess_copy(dst, (const void *)src.a, len) : -EFAULT;
}

int copy_to_guest(gva_t dst, const void *src, size_t len)
{
	return range_ok(dst.a, len) ? uaccess_copy((void *)dst.a, src, len) : -EFAULT;
}

int clear_guest(gva_t dst, size_t len)
{
	return range_ok(dst.a, len) ? uaccess_clear((void *)dst.a, len) : -EFAULT;
}
