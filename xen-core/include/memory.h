/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENLITE_MEMORY_H
#define XENLITE_MEMORY_H

#include "types.h"

/** do_memory_op() - XENMEM_* (xen/memory.h); high bits of @cmd carry progress. */
long do_memory_op(u64 cmd, gva_t arg);

#endif
