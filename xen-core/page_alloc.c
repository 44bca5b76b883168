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
 */
#include "page_alloc.h"

#include "printk.h"
#include "spinlock.h"
#include "string.h"

#define NR_ZONES	33u	/* frame numbers have 32 bits */

static struct {
	struct spinlock lock;
	u32 orders[NR_ZONES];	/* bit n: free_list[n] has a block */
	u32 free_list[NR_ZONES][MAX_ORDER + 1];
	u64 nr_free;		/* frames */
} buddy;

/* Blocks are aligned and frame 0 is never free, so a block lies in one zone. */
static unsigned int page_alloc_zone(u32 mfn)
{
	return 32 - __builtin_clz(mfn);
}

/*
 * The later of two TLB stamps; 0 is earlier than any. Stamps wrap, so compare
 * by age, as arch_tlb_filter() will: a very old one may look young, never the
 * other way round.
 */
static u32 page_alloc_later(u32 a, u32 b)
{
	u32 now;

	if (!a || !b)
		return a | b;
	now = tlb_clock_now();
	return now - a < now - b ? a : b;
}

static void page_alloc_link(u32 mfn, unsigned int order, u32 stamp)
{
	unsigned int zone = page_alloc_zone(mfn);
	struct page *p = &frame_table[mfn];
	u32 *head = &buddy.free_list[zone][order];

	p->free = true;
	p->order = order;
	p->stamp = stamp;
	p->prev = PAGE_NIL;
	p->next = PAGE_NIL;
	if (buddy.orders[zone] >> order & 1) {
		p->next = *head;
		frame_table[*head].prev = mfn;
	}
	*head = mfn;
	buddy.orders[zone] |= 1u << order;
}

static void page_alloc_unlink(u32 mfn)
{
	struct page *p = &frame_table[mfn];
	unsigned int zone = page_alloc_zone(mfn);

	if (p->next != PAGE_NIL)
		frame_table[p->next].prev = p->prev;
	if (p->prev != PAGE_NIL)
		frame_table[p->prev].next = p->next;
	else
		buddy.free_list[zone][p->order] = p->next;
	if (p->prev == PAGE_NIL && p->next == PAGE_NIL)
		buddy.orders[zone] &= ~(1u << p->order);
	p->free = false;
}

/* Under the lock: put a block back and join it with its free neighbours. */
static void page_alloc_insert(u32 mfn, unsigned int order, u32 stamp)
{
	buddy.nr_free += 1ull << order;

	for (; order < MAX_ORDER; order++) {
		u32 other = mfn ^ (1u << order);
		struct page *p = &frame_table[other];

		if (other >= max_mfn || !p->free || p->order != order)
			break;
		page_alloc_unlink(other);
		stamp = page_alloc_later(stamp, p->stamp);
		mfn &= ~(1u << order);
	}
	page_alloc_link(mfn, order, stamp);
}

/* Insert any range as the largest aligned blocks it consists of. */
static void page_alloc_insert_range(u32 start, u32 end, u32 stamp)
{
	spin_lock(&buddy.lock);
	while (start < end) {
		unsigned int order = MIN(__builtin_ctz(start), MAX_ORDER);

		while (end - start < 1u << order)
			order--;
		page_alloc_insert(start, order, stamp);
		start += 1u << order;
	}
	spin_unlock(&buddy.lock);
}

void page_alloc_add(mfn_t start, mfn_t end)
{
	/* Frame 0 is the firmware's, and would make a block span zones. */
	if (!start.n)
		start.n = 1;
	BUG_ON(end.n > max_mfn || max_mfn > PAGE_NIL);
	if (start.n < end.n)
		page_alloc_insert_range(start.n, end.n, 0);
}

/* Under the lock: take a block of exactly @order, or return PAGE_NIL. */
static u32 page_alloc_take(unsigned int order, unsigned int top_zone)
{
	for (unsigned int zone = top_zone; zone; zone--) {
		u32 fit = buddy.orders[zone] >> order << order;
		u32 mfn;

		if (!fit)
			continue;
		mfn = buddy.free_list[zone][__builtin_ctz(fit)];
		page_alloc_unlink(mfn);
		for (unsigned int o = __builtin_ctz(fit); o-- > order;)
			page_alloc_link(mfn + (1u << o), o, frame_table[mfn].stamp);
		buddy.nr_free -= 1ull << order;
		return mfn;
	}
	return PAGE_NIL;
}

struct page *page_alloc(unsigned int order, unsigned int addr_bits)
{
	unsigned int top_zone = MIN(addr_bits, NR_ZONES - 1 + PAGE_SHIFT);
	u32 mfn = PAGE_NIL;

	if (order > MAX_ORDER || top_zone <= PAGE_SHIFT)
		return NULL;

	spin_lock(&buddy.lock);
	mfn = page_alloc_take(order, top_zone - PAGE_SHIFT);
	spin_unlock(&buddy.lock);
	if (mfn == PAGE_NIL)
		return NULL;

	/* A guest may have had it mapped: no CPU may still know that mapping. */
	if (frame_table[mfn].stamp)
		arch_tlb_filter(frame_table[mfn].stamp);
	return &frame_table[mfn];
}

void page_free(struct page *p, unsigned int order)
{
	u32 stamp = tlb_clock_now();

	BUG_ON(p->free || p->count);
	for (u32 i = 0; i < 1u << order; i++) {
		p[i].type = 0;
		p[i].stamp = stamp;
	}
	spin_lock(&buddy.lock);
	page_alloc_insert(page_to_mfn(p).n, order, stamp);
	spin_unlock(&buddy.lock);
}

u64 page_alloc_nr_free(void)
{
	return READ_ONCE(buddy.nr_free);
}

void *alloc_zeroed(size_t bytes)
{
	u64 nr = PFN_UP(bytes);
	unsigned int order = nr > 1 ? 64 - __builtin_clzll(nr - 1) : 0;
	struct page *p = nr ? page_alloc(order, ADDR_BITS_ANY) : NULL;
	u32 mfn;

	if (!p)
		return NULL;
	mfn = page_to_mfn(p).n;
	if (nr < 1ull << order)
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
	p = virt_to_page(va);
	for (u64 i = 0; i < PFN_UP(bytes); i++)
		page_free(&p[i], 0);
}

void page_alloc_dump(void)
{
	pr_always("free memory: %llu KiB\n",
		  (unsigned long long)page_alloc_nr_free() << (PAGE_SHIFT - 10));
	spin_lock(&buddy.lock);
	for (unsigned int zone = 1; zone < NR_ZONES; zone++) {
		u64 frames = 0;

		for (unsigned int o = 0; o <= MAX_ORDER; o++) {
			u32 mfn = buddy.orders[zone] >> o & 1 ?
				  buddy.free_list[zone][o] : PAGE_NIL;

			for (; mfn != PAGE_NIL; mfn = frame_table[mfn].next)
				frames += 1ull << o;
		}
		if (frames)
			pr_always("  below 2^%u: %llu KiB, orders %05x\n",
				  zone + PAGE_SHIFT,
				  (unsigned long long)frames << (PAGE_SHIFT - 10),
				  buddy.orders[zone]);
	}
	spin_unlock(&buddy.lock);
}
