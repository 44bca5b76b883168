/* SPDX-License-Identifier: GPL-2.0-only */
/* Accesses to guest memory that are worth being in line. */
#ifndef XENLITE_ARCH_UACCESS_H
#define XENLITE_ARCH_UACCESS_H

#include "asm.h"
#include "paging.h"

#define UACCESS_WORD(i)								\
	".if " #i " < %c[n]\n"							\
	"1: movq 8 * " #i "(%[src]), %%rax\n"					\
	"2: movq %%rax, 8 * " #i "(%[dst])\n"					\
	EXTABLE(1b, %l[fault]) EXTABLE(2b, %l[fault])				\
	".endif\n"

#define UACCESS_WORDS 8

/*
 * One to UACCESS_WORDS words, from or to an address that va_is_guest(). They cannot reach the
 * core, for what lies below its range is not canonical. Return: 0 or -EFAULT.
 */
static __always_inline int uaccess_words(u64 dst, u64 src, u32 n)
{
	asm goto(ASM_STAC
		 UACCESS_WORD(0) UACCESS_WORD(1) UACCESS_WORD(2) UACCESS_WORD(3) UACCESS_WORD(4)
		 UACCESS_WORD(5) UACCESS_WORD(6) UACCESS_WORD(7)
		 ASM_CLAC
		 : : [dst] "r"(dst), [src] "r"(src), [n] "i"(n) : "memory", "rax" : fault);
	return 0;
fault:
	asm volatile(ASM_CLAC);
	return -EFAULT;
}

static __always_inline int copy_words_from_guest(u64 *dst, gva_t src, u32 n)
{
	return likely(va_is_guest(src.a)) ? uaccess_words((u64)dst, src.a, n) : -EFAULT;
}

static __always_inline int copy_words_to_guest(gva_t dst, u32 first, const u64 *src, u32 n)
{
	return likely(va_is_guest(dst.a)) ? uaccess_words(dst.a + first * 8ul, (u64)src, n)
					  : -EFAULT;
}

#endif
