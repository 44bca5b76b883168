// SPDX-License-Identifier: GPL-2.0-only
/* Dom0's first page tables: its boot area, and the p2m list where it wants it. */
#include "compiler.h"
#include "dom0_pt.h"
#include "page.h"
#include "paging.h"
#include "printk.h"
#include "string.h"

#define GUEST_RW	(PTE_P | PTE_W | PTE_U)
#define GUEST_TABLE	(PTE_P | PTE_W | PTE_U | PTE_A)

/* Guest frames that become tables, taken one after the other. */
struct pool { u64 next, end; };

__init u64 dom0_pt_count(u64 start, u64 end)
{
	u64 n = 1;

	for (int shift = 39; shift >= 21; shift -= 9)
		n += ((end - 1) >> shift) - (start >> shift) + 1;
	return n;
}

static __init u64 *table_at(const struct dom0_plan *p, u64 gfn)
{
	return mfn_to_virt(MFN(p->p2m_scratch[gfn]));
}

/* The L1 entry for @va; missing tables come from @pool. */
static __init u64 *l1_entry(const struct dom0_plan *p, struct pool *pool, u64 va)
{
	u64 *t = table_at(p, p->tables / PAGE_SIZE);

	for (int shift = 39; shift > 12; shift -= 9) {
		u64 *e = &t[va >> shift & 511];

		if (!(*e & PTE_P)) {
			if (pool->next == pool->end)
				panic("dom0's page tables do not fit");
			memset(table_at(p, pool->next), 0, PAGE_SIZE);
			*e = p->p2m_scratch[pool->next++] << PAGE_SHIFT | GUEST_TABLE;
		}
		t = mfn_to_virt(PTE_MFN(*e));
	}
	return &t[va >> 12 & 511];
}

__init void dom0_pt_build(struct dom0_plan *p)
{
	u64 first = p->tables / PAGE_SIZE, outside = p->end / PAGE_SIZE, *list;
	struct pool pool = { first + 1, first + p->nr_tables };

	memset(table_at(p, first), 0, PAGE_SIZE);
	for (u64 gfn = 0; gfn < outside; gfn++)
		*l1_entry(p, &pool, p->virt_base + gfn * PAGE_SIZE) =
			p->p2m_scratch[gfn] << PAGE_SHIFT | GUEST_RW;
	/* P1: tables are mapped read-only, used or not. */
	for (u64 gfn = first; gfn < first + p->nr_tables; gfn++)
		*l1_entry(p, &pool, p->virt_base + gfn * PAGE_SIZE) &= ~PTE_W;

	p->p2m_gfn = outside + (p->initrd_outside ? p->initrd_pages : 0);
	for (u64 i = 0; i < p->p2m_pages; i++) {
		u64 gfn = p->p2m_outside ? p->p2m_gfn + i : p->p2m / PAGE_SIZE + i;

		list = table_at(p, gfn);
		memset(list, 0xff, PAGE_SIZE);
		memcpy(list, p->p2m_scratch + i * 512, MIN(p->nr_pages - i * 512, 512ull) * 8);
	}
	if (!p->p2m_outside)
		return;
	pool = (struct pool){ p->p2m_gfn + p->p2m_pages,
			      p->p2m_gfn + p->p2m_pages + p->p2m_tables };
	for (u64 i = 0; i < p->p2m_pages; i++)
		*l1_entry(p, &pool, p->p2m_va + i * PAGE_SIZE) =
			p->p2m_scratch[p->p2m_gfn + i] << PAGE_SHIFT | GUEST_RW;
}
