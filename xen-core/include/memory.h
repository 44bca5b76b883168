/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory reservations of domains, and the machine's memory map. */
#ifndef XENLITE_MEMORY_H
#define XENLITE_MEMORY_H

/** do_memory_op() - XENMEM_* (xen/memory.h); high bits of @cmd carry progress. */
long do_memory_op(u64 cmd, gva_t arg);

/** arch_memory_op() - those that are about the architecture's tables. */
long arch_memory_op(u32 cmd, gva_t arg);

struct page;

/** arch_set_gfn() - the machine's table says that @p is frame @gfn of its owner. */
void arch_set_gfn(struct page *p, u64 gfn);

#endif
