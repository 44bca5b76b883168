/* SPDX-License-Identifier: GPL-2.0-only */
/* The buddy allocator of machine frames, and the frames of domains. */
#ifndef XENLITE_PAGE_ALLOC_H
#define XENLITE_PAGE_ALLOC_H

#include "page.h"

#define MAX_ORDER	18	/* 1 GiB */
#define ADDR_BITS_ANY	64	/* no limit on where the frame is */

/** page_alloc_add() - give [start, end) frames to the allocator; boot time. */
void page_alloc_add(mfn_t start, mfn_t end);

/**
 * page_alloc() - 2^@order contiguous frames, aligned, below 2^@addr_bits bytes.
 * The frames are dirty; TLBs hold no entry for them any more.
 * Return: the first frame's page with count 0 and no owner, or NULL.
 */
struct page *page_alloc(unsigned int order, unsigned int addr_bits);
/** page_free() - give back what page_alloc() returned (also in parts). */
void page_free(struct page *p, unsigned int order);
/** page_alloc_nr_free() - frames that are free now. */
u64 page_alloc_nr_free(void);

/** alloc_zeroed() - @bytes of the core's own memory, page aligned, or NULL. */
void *alloc_zeroed(size_t bytes);
void free_zeroed(void *p, size_t bytes);

/**
 * domain_page_alloc() - frames for @d: owned, one reference each
 * (PC_ALLOCATED), on its page list and counted in tot_pages.
 * Return: first page or NULL (no memory, or over d->max_pages).
 */
struct page *domain_page_alloc(struct domain *d, unsigned int order, unsigned int addr_bits);
/**
 * domain_page_adopt() - the same with frames that page_alloc() gave already.
 * Return: 0, or -ENOMEM when @d is over its limit or dying.
 */
int domain_page_adopt(struct domain *d, struct page *first, unsigned int order);
/**
 * domain_page_release() - drop the allocation's reference of one frame.
 * Return: -EINVAL when it has been dropped already.
 */
int domain_page_release(struct domain *d, struct page *p);
/** page_share_xen() - let @d map a frame of the core's own (shared_info, grant table). */
void page_share_xen(struct page *p, struct domain *d);

/* Lists of frames by page->next and ->prev; their lock is held. */
void page_list_add(u32 *head, u32 mfn);
void page_list_del(u32 *head, u32 mfn);

/** page_alloc_dump() - the 'm' debug key. */
void page_alloc_dump(void);

/*
 * TLBs, the architecture's. The TLB clock counts flushes; it is never 0 and wraps.
 * tlb_clock_now() - now.
 * arch_tlb_filter() - on return no CPU has an entry older than @stamp.
 * May wait for other CPUs; called with no allocator lock held.
 */
u32 tlb_clock_now(void);
void arch_tlb_filter(u32 stamp);

#endif
