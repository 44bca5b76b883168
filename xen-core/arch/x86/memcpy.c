/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memcpy(), memmove() and memset(): eight bytes a step by the string
 * instructions, the rest byte by byte. No vector registers: they are the
 * guest's.
 */

__used void *memcpy(void *dst, const void *src, size_t n)
{
	void *d = dst;
	size_t words = n / 8, rest = n % 8;

	asm volatile("rep movsq" : "+D"(d), "+S"(src), "+c"(words) : : "memory");
	asm volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(rest) : : "memory");
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	const u8 *s = src;
	u8 *d = dst;

	/* Upwards is right unless the source's end would be overwritten first. */
	if ((size_t)(d - s) >= n)
		return memcpy(dst, src, n);
	while (n--) {
		d[n] = s[n];
		barrier();	/* or the compiler sees a memmove() here */
	}
	return dst;
}

__used void *memset(void *dst, int c, size_t n)
{
	void *d = dst;
	u64 v = (u8)c * 0x0101010101010101ull;
	size_t words = n / 8, rest = n % 8;

	asm volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(v) : "memory");
	asm volatile("rep stosb" : "+D"(d), "+c"(rest) : "a"(v) : "memory");
	return dst;
}
