/* SPDX-License-Identifier: GPL-2.0-only */
/* Compiler attributes, section placement and single-access helpers. */
#ifndef XENLITE_COMPILER_H
#define XENLITE_COMPILER_H

#include <assert.h>

#ifdef XENLITE_FAKE
#define __section(s)
#define __saves_all
#else
#define __section(s)	__attribute__((section(s)))
/* For what is called rarely in the midst of what is hot: it saves, not its caller. */
#define __saves_all	__attribute__((no_caller_saved_registers, __noinline__))
#endif

/* Used while booting only; the memory is given back before dom0 runs. */
#define __init		__section(".init.text") __attribute__((cold))
#define __initdata	__section(".init.data")
#define __initconst	__section(".init.rodata")
/* Written while booting, constant afterwards. */
#define __ro_after_init	__section(".data.ro_after_init")

#define __packed	__attribute__((packed))
#define __aligned(x)	__attribute__((aligned(x)))
#define __used		__attribute__((used))
#define __noreturn	__attribute__((noreturn))
#define __must_check	__attribute__((warn_unused_result))
#define __printf(a, b)	__attribute__((format(printf, a, b)))
#define noinline	__attribute__((noinline))
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

/* One load or store, neither torn nor repeated nor dropped by the compiler. */
#define READ_ONCE(x)	(*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile typeof(x) *)&(x) = (v))
#define barrier()	asm volatile("" ::: "memory")

#endif
