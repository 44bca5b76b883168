// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page-table entries that map granted frames.
 *
 * Such an entry is like any other: it holds a reference on its frame, and a
 * writable use if it may write, and an ordinary update can replace it. Only it
 * is made here alone, because its frame belongs to another domain.
 */
#include "grant_table.h"

#include "arch_hypercalls.h"
#include "asm.h"
#include "page_type.h"
#include "percpu.h"
#include "pv.h"
#include "smp.h"

#define AVAIL_SHIFT	9	/* of the three bits that a guest may use as it likes */

/*
 * The L1 entry at machine address @ma, if it is in a live table of @d. The
 * table is held: pt_lock alone does not keep a frame from being given back.
 */
static u64 *slot_at(struct domain *d, u64 ma, struct page **table)
{
	struct page *p = mfn_to_page(maddr_to_mfn(MADDR(ma)));

	if (ma & 7 || !mfn_valid(maddr_to_mfn(MADDR(ma))) || !page_get(p, d))
		return NULL;
	if (page_is_l1(p, d)) {
		*table = p;
		return arch_direct_map(MADDR(ma));
	}
	page_put(p);
	return NULL;
}

/* By address as @flags say. pt_lock held; slot_close() when done. */
static u64 *slot_open(struct domain *d, u64 addr, u32 flags, struct page **table)
{
	*table = NULL;
	if (flags & GNTMAP_contains_pte)
		return slot_at(d, addr, table);
	return pt_find_l1(current->arch.kernel_cr3, addr);
}

static void slot_close(struct page *table)
{
	if (table)
		page_put(table);
}

int arch_grant_map(struct page *page, u64 addr, u32 flags)
{
	struct domain *d = current->domain;
	u64 e = mfn_to_maddr(page_to_mfn(page)).a | PTE_P | PTE_U | PTE_A | PTE_D | PTE_NX;
	struct page *table;
	u64 *slot;
	int err = -EINVAL;

	if (!(flags & GNTMAP_readonly))
		e |= PTE_W;
	e |= (u64)(flags >> _GNTMAP_guest_avail0) << AVAIL_SHIFT & PTE_AVAIL;

	spin_lock(&d->pt_lock);
	slot = slot_open(d, addr, flags, &table);
	if (slot)
		err = pt_write_l1(d, page->owner, slot, e, false);
	slot_close(table);
	spin_unlock(&d->pt_lock);
	return err ? -EINVAL : 0;
}

static bool maps(u64 e, const struct page *page, u32 flags)
{
	return e & PTE_P && mfn_equal(PTE_MFN(e), page_to_mfn(page)) &&
	       !(e & PTE_W) == !!(flags & GNTMAP_readonly);
}

/* The entry at @new moves to @slot, with what it holds; what was there is dropped. */
static int slot_move(struct domain *d, u64 *slot, u64 *new)
{
	u64 e;

	if (!new || new == slot)
		return -EINVAL;
	/* Exchanges: the CPU may set accessed and dirty bits meanwhile. */
	e = __atomic_exchange_n(new, 0, __ATOMIC_SEQ_CST);
	e = __atomic_exchange_n(slot, e, __ATOMIC_SEQ_CST);
	WRITE_ONCE(*new, e);
	return pt_write_l1(d, d, new, 0, false);
}

int arch_grant_unmap(struct page *page, u64 addr, u32 flags, u64 new_addr)
{
	struct domain *d = current->domain;
	struct page *table;
	u64 *slot;
	int err = -EINVAL;

	/* Another entry can take the place of a virtual address only. */
	if (new_addr && flags & GNTMAP_contains_pte)
		return err;
	spin_lock(&d->pt_lock);
	slot = slot_open(d, addr, flags, &table);
	if (slot && maps(READ_ONCE(*slot), page, flags)) {
		if (new_addr)
			err = slot_move(d, slot, pt_find_l1(current->arch.kernel_cr3, new_addr));
		else
			err = pt_write_l1(d, d, slot, 0, false);
	}
	slot_close(table);
	spin_unlock(&d->pt_lock);
	return err;
}

void arch_grant_flush(struct domain *d)
{
	tlb_flush_cpus(pv_flush_mask_all(d));
}
