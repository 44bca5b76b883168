// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page-table entries that map granted frames.
 *
 * Such an entry is like any other: it holds a reference on its frame, and a
 * writable use if it may write, and an ordinary update can replace it. Only it
 * is made here alone, because its frame belongs to another domain (G5).
 */
#include "grant_table.h"

#include "pv.h"

#define AVAIL_SHIFT	9	/* of the three bits that a guest may use as it likes */

/*
 * The L1 entry at machine address @ma, if it is in a live table of @d. The owner
 * of a frame that is held cannot change; what is a live table then, pt_lock keeps.
 */
static u64 *slot_at(struct domain *d, u64 ma)
{
	struct page *p = ma & 7 ? NULL : mfn_get(maddr_to_mfn(MADDR(ma)), d);
	bool found = p && page_is_l1(p, d);

	if (p)
		page_put(p);
	return found ? arch_direct_map(MADDR(ma)) : NULL;
}

/* By address as @flags say. pt_lock held. */
static u64 *slot_find(struct domain *d, u64 addr, u32 flags)
{
	u64 *slot = flags & GNTMAP_contains_pte ? slot_at(d, addr)
						: pt_find_l1(current->arch.kernel_cr3, addr);

	if (slot)
		log_dirty_slot(d, slot, 0);
	return slot;
}

/*
 * What an entry of @d's holds of @page (P5, G4); l1_put() is the end of it. The use
 * may need the owner's pt_lock, so it comes before @d's (X2).
 */
static bool entry_hold(struct domain *d, struct page *page, bool writable)
{
	if (!page_get(page, page->owner))
		return false;
	if (!writable)
		return true;
	if (unlikely(!arch_page_write_begin(page))) {
		page_put(page);
		return false;
	}
	if (likely(page->owner != d))
		page_hold(page);
	return true;
}

int arch_grant_map(struct page *page, u64 addr, u32 flags)
{
	struct domain *d = current->domain;
	u64 e = mfn_to_maddr(page_to_mfn(page)).a | PTE_P | PTE_U | PTE_A | PTE_D | PTE_NX;
	u64 *slot;

	if (!(flags & GNTMAP_readonly))
		e |= PTE_W;
	e |= (u64)(flags >> _GNTMAP_guest_avail0) << AVAIL_SHIFT & PTE_AVAIL;
	if (unlikely(!entry_hold(d, page, e & PTE_W)))
		return -EINVAL;
	spin_guard(&d->pt_lock);
	if (page->owner != d)
		tlb_maps_others(d);
	slot = slot_find(d, addr, flags);
	if (!slot)
		pt_set_l1(d, &e, 0);	/* all that the entry holds is dropped again */
	else
		pt_set_l1(d, slot, e);
	return slot ? 0 : -EINVAL;
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
	pt_set_l1(d, new, 0);
	return 0;
}

int arch_grant_unmap(struct page *page, u64 addr, u32 flags, u64 new_addr)
{
	struct domain *d = current->domain;
	u64 *slot;

	/* Another entry can take the place of a virtual address only. */
	if (new_addr && flags & GNTMAP_contains_pte)
		return -EINVAL;
	spin_guard(&d->pt_lock);
	slot = slot_find(d, addr, flags);
	if (!slot || !maps(READ_ONCE(*slot), page, flags))
		return -EINVAL;
	if (new_addr)
		return slot_move(d, slot, slot_find(d, new_addr, 0));
	pt_set_l1(d, slot, 0);
	return 0;
}

void arch_grant_flush(struct domain *d)
{
	tlb_flush_cpus(pv_flush_mask_all(d));
}
