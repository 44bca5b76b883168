/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * References on frames, and the frames of domains.
 *
 *   alloc: count = PC_ALLOCATED | 1 --- page_get +1 / page_put -1 ---> 0: free
 *
 * Each mapping and each use of a frame holds a reference; so does the domain's
 * allocation, until domain_page_release(). All frames of a domain together
 * hold one reference on the domain. What a frame may be used as (page->type)
 * is the architecture's affair.
 */
#include "domain.h"

bool page_get(struct page *p, const struct domain *d)
{
	u64 count = READ_ONCE(p->count);

	do
		/* 0: free or the core's own; or all ones: a guest maps it 2^32 times. */
		if ((u32)count + 1 <= 1)
			return false;
	while (!__atomic_compare_exchange_n(&p->count, &count, count + 1, false,
					    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));

	/* F1: the reference keeps the owner what it is, so look now, not before. */
	if (likely(p->owner == d))
		return true;
	page_put(p);
	return false;
}

void page_hold(struct page *p)
{
	u8 old = READ_ONCE(p->flags);

	while (old < PAGE_HOLDERS &&
	       !__atomic_compare_exchange_n(&p->flags, &old, old + PAGE_HOLDER, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
}

void page_unhold(struct page *p)
{
	u8 old = READ_ONCE(p->flags);

	page_mark_dirty(p);
	/* Once there were too many to count, nobody knows when the last one goes. */
	do
		if (old < PAGE_HOLDER || old >= PAGE_HOLDERS)
			return;
	while (!__atomic_compare_exchange_n(&p->flags, &old, (old - PAGE_HOLDER) | PAGE_DIRTY,
					    false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
}

void page_list_add(u32 *head, u32 mfn)
{
	frame_table[mfn].prev = PAGE_NIL;
	frame_table[mfn].next = *head;
	if (*head != PAGE_NIL)
		frame_table[*head].prev = mfn;
	*head = mfn;
}

void page_list_del(u32 *head, u32 mfn)
{
	struct page *p = &frame_table[mfn];

	if (p->next != PAGE_NIL)
		frame_table[p->next].prev = p->prev;
	if (p->prev != PAGE_NIL)
		frame_table[p->prev].next = p->next;
	else
		*head = p->next;
}

/* L1: nobody holds it any more; its last frame lets go of the domain. */
static noinline void frame_free(struct page *p, u64 count)
{
	struct domain *d = p->owner;
	bool last = false;

	p->owner = NULL;
	p->count = 0;
	if (!(count & PC_XEN)) {
		/* F3: each typed use has a reference too. */
		BUG_ON(p->type & PT_COUNT_MASK);
		spin_lock(&d->page_lock);
		page_list_del(&d->loose_list, page_to_mfn(p).n);
		last = !--d->tot_pages;
		spin_unlock(&d->page_lock);
	}
	page_free(p, 0);
	if (last)
		domain_put(d);
}

void page_put(struct page *p)
{
	u64 count = __atomic_fetch_sub(&p->count, 1, __ATOMIC_ACQ_REL);

	BUG_ON(!(count & PC_COUNT_MASK));
	if (unlikely((count & PC_COUNT_MASK) == 1))
		frame_free(p, count);
}

int domain_page_adopt(struct domain *d, struct page *first, unsigned int order, u32 claimed)
{
	u32 nr = 1u << order;
	bool gone, last;

	/* Charge the domain first: then no two can pass the limit together; and L2. */
	{
		spin_guard(&d->page_lock);
		if (d->dying || d->tot_pages + 0ul + nr > d->max_pages) {
			/* The claim of one that dies has ended, or is about to: X5. */
			page_free_claimed(first, order, &d->claimed, d->dying ? 0 : claimed);
			return -ENOMEM;
		}
		if (!d->tot_pages)
			domain_get(d);
		d->tot_pages += nr;
	}
	for (struct page *p = first; p < first + nr; p++) {
		/*
		 * F4: what others had in it is not for this domain's eyes. Memory
		 * never used since the start may hold what ran before: dom0
		 * could have looked there anyway, and needs it quickly.
		 */
		if (p->stamp || !d->privileged)
			memset(page_to_virt(p), 0, PAGE_SIZE);
		p->stamp = 0;
		p->flags = PAGE_DIRTY;
		p->type = PT_NONE;
		p->owner = d;
	}
	/*
	 * A frame that has a count may be released by another vcpu that guesses
	 * its number; the lock makes that wait until the frame is listed.
	 * Backwards, so that the list has them in ascending order.
	 */
	spin_lock(&d->page_lock);
	/* It began to die meanwhile, and may have given back all that is on its list. */
	gone = READ_ONCE(d->dying);
	for (u32 i = nr; i-- > 0 && !gone;) {
		page_list_add(&d->page_list, page_to_mfn(first + i).n);
		/* Release: who sees the count sees the owner and the zeroes. */
		__atomic_store_n(&first[i].count, PC_ALLOCATED | 1, __ATOMIC_RELEASE);
	}
	if (gone)
		d->tot_pages -= nr;
	last = gone && !d->tot_pages;
	spin_unlock(&d->page_lock);
	for (struct page *p = first; p < first + nr && gone; p++)
		p->owner = NULL;
	if (gone)
		page_free(first, order);
	if (last)
		domain_put(d);
	return gone ? -ENOMEM : 0;
}

struct page *domain_page_alloc(struct domain *d, unsigned int order, unsigned int addr_bits)
{
	u32 claimed;
	struct page *first = page_alloc_claimed(order, addr_bits, &d->claimed, &claimed);

	return first && !domain_page_adopt(d, first, order, claimed) ? first : NULL;
}

int domain_page_release(struct domain *d, struct page *p)
{
	{
		spin_guard(&d->page_lock);
		/* F2: who clears the bit ends the reference. */
		if (p->owner != d || p->type & PT_PINNED ||
		    !(__atomic_fetch_and(&p->count, ~PC_ALLOCATED, __ATOMIC_ACQ_REL) &
		      PC_ALLOCATED))
			return -EINVAL;
		page_list_del(&d->page_list, page_to_mfn(p).n);
		page_list_add(&d->loose_list, page_to_mfn(p).n);
	}
	page_put(p);
	return 0;
}

int domain_claim_pages(struct domain *d, u64 nr)
{
	spin_guard(&d->page_lock);
	if (nr && (d->claimed || d->dying || nr <= d->tot_pages || nr > d->max_pages))
		return -EINVAL;
	return page_claim(&d->claimed, nr ? nr - d->tot_pages : 0);
}

/*
 * F5: the core writes such a frame itself, so it is writable for ever: the type
 * count it starts with keeps it from becoming a page table (with P1). The
 * core's reference goes with page_put().
 */
void page_share_xen(struct page *p, struct domain *d)
{
	p->owner = d;
	p->flags = 0;
	p->type = PT_WRITABLE | PT_VALID | 1;
	__atomic_store_n(&p->count, PC_XEN | 1, __ATOMIC_RELEASE);
}

/* L3: others may still map it: it is the core's then, until they let go. */
void page_unshare_xen(struct page *p)
{
	p->owner = dom_xen;
	page_put(p);
}
