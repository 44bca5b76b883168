/* SPDX-License-Identifier: GPL-2.0-only */
/* Dom0's layout, and its first page tables. */
#ifndef XENLITE_DOM0_PT_H
#define XENLITE_DOM0_PT_H

#include "types.h"

/**
 * struct dom0_plan - where dom0's first things are
 * @initrd,@p2m,@start_info,@tables,@stack,@end: bytes from @virt_base
 * @block:	the first @end bytes in the direct map
 * @p2m_scratch: machine frame of each guest frame
 * @p2m_gfn:	first guest frame of the list and then its page tables
 */
struct dom0_plan {
	u64 nr_pages, virt_base;
	u64 initrd, p2m, start_info, tables, stack, end;
	u64 nr_tables, p2m_tables, initrd_pages, p2m_pages, nr_outside;
	u64 initrd_gfn, p2m_gfn, p2m_va;
	bool initrd_outside, p2m_outside;
	u8 *block;
	u64 first_mfn;
	u64 *p2m_scratch;
};

/** dom0_pt_count() - tables of all levels to map [start, end), the root included */
u64 dom0_pt_count(u64 start, u64 end);
/** dom0_pt_build() - fill the tables that the plan has room for, and the p2m list */
void dom0_pt_build(struct dom0_plan *p);

#endif
