/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch of hypercalls. */
#ifndef XENLITE_HYPERCALL_H
#define XENLITE_HYPERCALL_H

#include "types.h"

typedef long (*hypercall_fn)(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);

#define NR_HYPERCALLS	64

/** hypercall_table - by __HYPERVISOR_*; unused slots answer -ENOSYS. */
extern const hypercall_fn hypercall_table[NR_HYPERCALLS];

long do_multicall(gva_t list, u32 nr);

#endif
