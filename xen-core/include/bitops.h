/* SPDX-License-Identifier: GPL-2.0-only */
/* Atomic operations on single bits, in memory that a guest may share. */
#ifndef XENLITE_BITOPS_H
#define XENLITE_BITOPS_H

#define BITS_TO_LONGS(n)	(((n) + 63) / 64)

static inline bool test_bit(unsigned int n, const volatile void *p)
{
	return ((const volatile u64 *)p)[n / 64] >> (n % 64) & 1;
}

static inline bool test_and_set_bit(unsigned int n, volatile void *p)
{
	u64 bit = 1ull << (n % 64);

	return __atomic_fetch_or((volatile u64 *)p + n / 64, bit, __ATOMIC_SEQ_CST) & bit;
}

static inline bool test_and_clear_bit(unsigned int n, volatile void *p)
{
	u64 bit = 1ull << (n % 64);

	return __atomic_fetch_and((volatile u64 *)p + n / 64, ~bit, __ATOMIC_SEQ_CST) & bit;
}

static inline void set_bit(unsigned int n, volatile void *p) { (void)test_and_set_bit(n, p); }
static inline void clear_bit(unsigned int n, volatile void *p) { (void)test_and_clear_bit(n, p); }

#endif
