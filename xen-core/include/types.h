/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Basic types, and one type for each kind of address.
 *
 * An address is never a bare integer here: the kinds cannot be mixed by
 * mistake, and the compiler turns each into the one register it is.
 */
#ifndef XENLITE_TYPES_H
#define XENLITE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/** mfn_t - number of a machine frame (4 KiB unit of the machine's memory). */
typedef struct { u64 n; } mfn_t;
/** maddr_t - byte address in machine memory. */
typedef struct { u64 a; } maddr_t;
/** gva_t - virtual address in a guest; only uaccess.h may follow it. */
typedef struct { u64 a; } gva_t;

#define MFN(x)		((mfn_t){ (x) })
#define MADDR(x)	((maddr_t){ (x) })
#define GVA(x)		((gva_t){ (u64)(x) })

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096ul
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define PFN_UP(x)	(((u64)(x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x)	((u64)(x) >> PAGE_SHIFT)
#define ROUND_UP(x, a)	(((x) + (a) - 1) & ~((typeof(x))(a) - 1))
#define ROUND_DOWN(x, a) ((x) & ~((typeof(x))(a) - 1))

static inline maddr_t mfn_to_maddr(mfn_t m) { return MADDR(m.n << PAGE_SHIFT); }
static inline mfn_t maddr_to_mfn(maddr_t m) { return MFN(m.a >> PAGE_SHIFT); }
static inline bool mfn_equal(mfn_t a, mfn_t b) { return a.n == b.n; }

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)	({ typeof(a) _a = (a); typeof(b) _b = (b); _a < _b ? _a : _b; })
#define MAX(a, b)	({ typeof(a) _a = (a); typeof(b) _b = (b); _a > _b ? _a : _b; })
#define container_of(p, type, member) \
	((type *)((char *)(p) - offsetof(type, member)))

#endif
