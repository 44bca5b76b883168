/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The buddy allocator of machine frames.
 *
 * A free block is 2^order frames, aligned to its size, and described by the
 * struct page of its first frame; the allocator has no memory of its own:
 *
 *   free_list[zone][order] -> page -> page -> ...   (page->next, ->prev)
 *
 * A zone is the range of frames whose numbers have the same highest bit, so an
 * address limit is a highest zone. Allocation starts at the highest allowed
 * one: memory that devices of few address bits can reach is used last.
 *
 * page->stamp of a free frame tells when it was freed, in ticks of the TLB
 * clock; 0 is memory that nobody has used since the start. A block's first
 * frame has the latest stamp of the block. Who gets such a frame must not be
 * reachable through old TLB entries, nor see old contents: page_alloc() sees to
 * the first, frame.c and alloc_zeroed() to the second.
 *
 * A claim is a number of free frames, no frame in particular, that only who made
 * it may have: a large domain is not begun that then cannot be finished.
 */
#include "page.h"

#include "spinlock.h"

#define NR_ZONES	33u	/* frame numbers have 32 bits */
#define FREED		0xdb	/* the bytes of what is freed: no canonical address */

static struct {
	struct spinlock lock;
	struct zone {
		u32 orders;	/* bit n: free_list[n] has a block */
		u32 free_list[MAX_ORDER + 1];
		u64 nr_free;	/* frames */
	} zone[NR_ZONES];
	u64 nr_free, nr_claimed; /* frames; never more claimed than free */
} buddy;

/* Blocks are aligned and frame 0 is never free, so a block lies in one zone. */
static struct zone *page_alloc_zone(u32 mfn)
{
	return &buddy.zone[32 - __builtin_clz(mfn)];
}

static void page_alloc_link(u32 mfn, unsigned int order, u32 stamp)
{
	struct zone *z = page_alloc_zone(mfn);
	struct page *p = &frame_table[mfn];

	p->free = true;
	p->order = order;
	p->stamp = stamp;
	page_list_add(&z->free_list[order], mfn);
	z->orders |= 1u << order;
	z->nr_free += 1ull << order;
	buddy.nr_free += 1ull << order;
}

static void page_alloc_unlink(u32 mfn)
{
	struct zone *z = page_alloc_zone(mfn);
	struct page *p = &frame_table[mfn];

	p->free = false;
	page_list_del(&z->free_list[p->order], mfn);
	if (z->free_list[p->order] == PAGE_NIL)
		z->orders &= ~(1u << p->order);
	z->nr_free -= 1ull << p->order;
	buddy.nr_free -= 1ull << p->order;
}

/* Under the lock: put a block back and join it with its free neighbours. */
static void page_alloc_insert(u32 mfn, unsigned int order, u32 stamp)
{
	for (; order < MAX_ORDER; order++) {
		u32 other = mfn ^ (1u << order);
		struct page *p = &frame_table[other];

		if (other >= max_mfn || !p->free || p->order != order)
			break;
		page_alloc_unlink(other);
		/* Stamps wrap, so which is later cannot be told for sure: now is. */
		if (stamp != p->stamp)
			stamp = tlb_clock_now();
		mfn &= ~(1u << order);
	}
	page_alloc_link(mfn, order, stamp);
}

/* Insert any range as the largest aligned blocks it consists of. */
static void page_alloc_insert_range(u64 start, u64 end, u32 stamp)
{
	spin_guard(&buddy.lock);
	while (start < end) {
		unsigned int order = MIN(__builtin_ctzll(start), MAX_ORDER);

		while (end - start < 1u << order)
			order--;
		page_alloc_insert(start, order, stamp);
		start += 1u << order;
	}
}

void page_alloc_add(mfn_t start, mfn_t end)
{
	BUG_ON(end.n > max_mfn || max_mfn > ~0u);
	/* Frame 0 is the firmware's, and would make a block span zones. */
	page_alloc_insert_range(MAX(start.n, 1ul), end.n, 0);
}

int page_claim(u32 *claim, u32 nr)
{
	spin_guard(&buddy.lock);
	if (nr > buddy.nr_free - (buddy.nr_claimed - *claim))
		return -ENOMEM;
	buddy.nr_claimed += nr - (u64)*claim;
	*claim = nr;
	return 0;
}

u64 page_claims_outstanding(void)
{
	return READ_ONCE(buddy.nr_claimed);
}

/* Take a block of exactly @order, or return PAGE_NIL. */
static u32 page_alloc_take(unsigned int order, int top_zone, u32 *claim, u32 *used)
{
	spin_guard(&buddy.lock);
	*used = claim ? MIN(*claim, 1u << order) : 0;
	if ((1u << order) + buddy.nr_claimed - *used > buddy.nr_free)
		return PAGE_NIL;
	for (struct zone *z = &buddy.zone[top_zone]; z > buddy.zone; z--) {
		u32 fit = z->orders >> order << order, mfn;

		if (!fit)
			continue;
		mfn = z->free_list[__builtin_ctz(fit)];
		page_alloc_unlink(mfn);
		for (unsigned int o = __builtin_ctz(fit); o-- > order;)
			page_alloc_link(mfn + (1u << o), o, frame_table[mfn].stamp);
		buddy.nr_claimed -= *used;
		if (*used)
			*claim -= *used;
		return mfn;
	}
	return PAGE_NIL;
}

struct page *page_alloc_claimed(unsigned int order, unsigned int addr_bits, u32 *claim, u32 *used)
{
	unsigned int top_zone = MIN(addr_bits, NR_ZONES - 1 + PAGE_SHIFT);
	u32 mfn;

	if (order > MAX_ORDER || top_zone <= PAGE_SHIFT)
		return NULL;
	mfn = page_alloc_take(order, top_zone - PAGE_SHIFT, claim, used);
	if (mfn == PAGE_NIL)
		return NULL;

	/* P4: a guest may have had it mapped; no CPU may still know that mapping. */
	if (frame_table[mfn].stamp)
		arch_tlb_filter(frame_table[mfn].stamp, NULL);
	return &frame_table[mfn];
}

void page_free_claimed(struct page *p, unsigned int order, u32 *claim, u32 used)
{
	u32 stamp = tlb_clock_now();

	BUG_ON(p->free || p->count);
	for (u32 i = 0; i < 1u << order; i++) {
		p[i].type = 0;
		p[i].stamp = stamp;
	}
	spin_guard(&buddy.lock);
	page_alloc_insert(page_to_mfn(p).n, order, stamp);
	if (claim) {
		*claim += used;
		buddy.nr_claimed += used;
	}
}

u64 page_alloc_nr_free_in(u32 min_bits, u32 max_bits)
{
	u64 nr = 0;

	for (u32 zone = 1; zone < NR_ZONES; zone++)
		if (zone + PAGE_SHIFT >= min_bits && zone + PAGE_SHIFT <= max_bits)
			nr += READ_ONCE(buddy.zone[zone].nr_free);
	return nr;
}

void *alloc_zeroed(size_t bytes)
{
	u64 nr = PFN_UP(bytes);
	unsigned int order = nr == 1 ? 0 : 64 - __builtin_clzll(nr - 1);
	struct page *p = page_alloc(order, ADDR_BITS_ANY);
	u32 mfn;

	if (!p)
		return NULL;
	mfn = page_to_mfn(p).n;
	page_alloc_insert_range(mfn + nr, mfn + (1u << order), p->stamp);
	for (u64 i = 0; i < nr; i++)
		p[i].stamp = 0;
	return memset(page_to_virt(p), 0, nr << PAGE_SHIFT);
}

void free_zeroed(void *va, size_t bytes)
{
	struct page *p;

	if (!va)
		return;
	/* L5: addresses that fault, for who has not heard of it. */
	memset(va, FREED, MIN(bytes, PAGE_SIZE));
	p = virt_to_page(va);
	for (u64 i = 0; i < PFN_UP(bytes); i++)
		page_free(&p[i], 0);
}

void page_alloc_dump(void)
{
	pr_always("free memory: %llu KiB\n",
		  (unsigned long long)page_alloc_nr_free() << (PAGE_SHIFT - 10));
	for (u32 zone = 1; zone < NR_ZONES; zone++) {
		const struct zone *z = &buddy.zone[zone];

		if (READ_ONCE(z->nr_free))
			pr_always("  below 2^%u: %llu KiB, orders %05x\n", zone + PAGE_SHIFT,
				  (unsigned long long)z->nr_free << (PAGE_SHIFT - 10), z->orders);
	}
}
