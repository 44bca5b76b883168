/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame table: one struct page for each machine frame of RAM.
 *
 *   owner ---- who the frame belongs to (NULL: free, or the core's own)
 *   count ---- how many hold the frame; at 0 it goes back to the allocator
 *   type ----- what it may be used as, and how many use it so
 *
 * A PV guest writes machine frames into its own page tables. What keeps it in
 * its cage is that a frame has one type at a time: it is a page table, or a
 * descriptor table, or writable, never two of them (docs/SECURITY.md).
 */
#ifndef XENLITE_PAGE_H
#define XENLITE_PAGE_H

struct domain;

/* page->type: | type:4 | valid:1 | pinned:1 | who pinned it:16 | count:42 | */
#define PT_NONE		(0ull << 60)
#define PT_L1		(1ull << 60)	/* page table of level 1 .. 4 */
#define PT_L2		(2ull << 60)
#define PT_L3		(3ull << 60)
#define PT_L4		(4ull << 60)
#define PT_DESC		(5ull << 60)	/* part of a GDT or LDT */
#define PT_WRITABLE	(6ull << 60)	/* has writable mappings */
#define PT_TYPE_MASK	(15ull << 60)
#define PT_VALID_SHIFT	59
#define PT_VALID	(1ull << PT_VALID_SHIFT)	/* all entries are validated */
#define PT_PINNED	(1ull << 58)	/* the guest's pin holds one count and reference */
#define PT_COUNT_BITS	42
#define PT_PINNED_BY(d)	(PT_PINNED | (u64)(d)->id << PT_COUNT_BITS)
#define PT_PINNED_MASK	(PT_PINNED | 0xffffull << PT_COUNT_BITS)
#define PT_COUNT_MASK	((1ull << PT_COUNT_BITS) - 1)

/* page->count: | allocated:1 | xen:1 | ... | count:32 | */
#define PC_ALLOCATED	(1ull << 63)	/* the domain's allocation holds one count */
#define PC_XEN		(1ull << 62)	/* the core's own frame, shared with a guest */
#define PC_COUNT_MASK	((1ull << 32) - 1)

/* page->flags: what log-dirty knows of a frame (the architecture's log_dirty.c) */
#define PAGE_DIRTY	1u		/* written since it was reported */
#define PAGE_USER	2u		/* while it looks: a table of the user's half */
#define PAGE_KERNEL	4u		/* ... of the kernel's */
#define PAGE_HOLDER	8u		/* writable uses that are no entries of the owner's: */
#define PAGE_HOLDERS	(31u * PAGE_HOLDER)	/* so many, or more for ever */

#define PAGE_NIL	0u		/* end of a list: frame 0 is the firmware's */

/**
 * struct page - one machine frame
 * @count:	references, atomic
 * @type:	type, flags and type count, atomic
 * @owner:	stable while a reference is held
 * @next,@prev:	neighbours in the owner's page list or the free list (frame numbers)
 * @stamp:	TLB clock when the last writable or page-table use ended
 * @nr_valid:	page tables: entries [0, nr_valid) hold references; owner's pt_lock
 * @order:	free blocks: log2 of the size, on the first frame
 * @free:	the frame starts a free block
 * @flags:	PAGE_*, atomic
 */
struct page {
	u64 count;
	u64 type;
	struct domain *owner;
	u32 next, prev;
	u32 stamp;
	u16 nr_valid;
	u8 order : 7, free : 1;
	u8 flags;
};
static_assert(sizeof(struct page) == 40, "the frame table is 1% of memory");

extern struct page *frame_table;	/* indexed by machine frame */
extern u64 max_mfn;			/* frames below it are in the table */

static inline bool mfn_valid(mfn_t m) { return m.n < max_mfn; }
static inline struct page *mfn_to_page(mfn_t m) { return &frame_table[m.n]; }
static inline mfn_t page_to_mfn(const struct page *p) { return MFN(p - frame_table); }

/* The core's own view of all RAM (arch: the direct map). */
void *arch_direct_map(maddr_t ma) __attribute__((const));
maddr_t arch_direct_unmap(const void *va) __attribute__((const));

static inline void *mfn_to_virt(mfn_t m) { return arch_direct_map(mfn_to_maddr(m)); }
static inline void *page_to_virt(const struct page *p) { return mfn_to_virt(page_to_mfn(p)); }
static inline mfn_t virt_to_mfn(const void *va) { return maddr_to_mfn(arch_direct_unmap(va)); }
static inline struct page *virt_to_page(const void *va) { return mfn_to_page(virt_to_mfn(va)); }

/**
 * page_get() - take a reference on @p if it belongs to @d.
 * Return: false when it is somebody else's, free, or its count is exhausted.
 */
bool __must_check page_get(struct page *p, const struct domain *d);
/** mfn_get() - the same by number. Return: the page, or NULL. */
static inline struct page *mfn_get(mfn_t m, const struct domain *d)
{
	return mfn_valid(m) && page_get(mfn_to_page(m), d) ? mfn_to_page(m) : NULL;
}
/** page_put() - drop a reference; the last one frees the frame. */
void page_put(struct page *p);

/** page_mark_dirty() - the core wrote to @p, or its use changed; after the fact. */
static inline void page_mark_dirty(struct page *p)
{
	__atomic_fetch_or(&p->flags, PAGE_DIRTY, __ATOMIC_SEQ_CST);
}
/**
 * page_hold() - others than its owner's page tables may write to @p, until page_unhold()
 * As long as that is so it counts as dirty.
 */
void page_hold(struct page *p);
void page_unhold(struct page *p);

/* page_alloc.c and frame.c: the buddy allocator, and the frames of domains. */

#define MAX_ORDER	18	/* 1 GiB */
#define ADDR_BITS_ANY	64	/* no limit on where the frame is */

/** page_alloc_add() - give [start, end) frames to the allocator; boot time. */
void page_alloc_add(mfn_t start, mfn_t end);

/**
 * page_alloc() - 2^@order contiguous frames, aligned, below 2^@addr_bits bytes.
 * The frames are dirty; TLBs hold no entry for them any more. @claim: NULL, or the
 * caller's claim, which they lessen by @used; what others have claimed is not given.
 * Return: the first frame's page with count 0 and no owner, or NULL.
 */
struct page *page_alloc_claimed(unsigned int order, unsigned int addr_bits, u32 *claim, u32 *used);
#define page_alloc(order, addr_bits)	page_alloc_claimed(order, addr_bits, NULL, &(u32){ 0 })
/** page_free() - give back what page_alloc() returned (also in parts), and the claim on it. */
void page_free_claimed(struct page *p, unsigned int order, u32 *claim, u32 used);
#define page_free(p, order)		page_free_claimed(p, order, NULL, 0)
/** page_alloc_nr_free_in() - frames that are free now, of addresses of so many bits. */
u64 page_alloc_nr_free_in(u32 min_bits, u32 max_bits);
static inline u64 page_alloc_nr_free(void) { return page_alloc_nr_free_in(0, ADDR_BITS_ANY); }

/** page_claim() - have @claim be of @nr frames. Return: 0, or -ENOMEM and it is as it was. */
int page_claim(u32 *claim, u32 nr);
u64 page_claims_outstanding(void);

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
 * domain_page_adopt() - the same with frames that page_alloc() gave already, @claimed of
 * them from @d's claim. Return: 0, or -ENOMEM when @d is over its limit or dying, and they
 * are free again.
 */
int domain_page_adopt(struct domain *d, struct page *first, unsigned int order, u32 claimed);
/**
 * domain_page_release() - drop the allocation's reference of one frame.
 * Return: -EINVAL when it has been dropped already, or the frame is pinned.
 */
int domain_page_release(struct domain *d, struct page *p);
/**
 * domain_claim_pages() - @d shall come to have @nr frames: keep free those that it lacks
 * 0 ends the claim. Return: 0, -ENOMEM, or -EINVAL: it has them or may not have them,
 * or has another claim.
 */
int domain_claim_pages(struct domain *d, u64 nr);
/** page_share_xen() - let @d map a frame of the core's own (shared_info, grant table). */
void page_share_xen(struct page *p, struct domain *d);
/** page_unshare_xen() - the core's use of it is over, and with it the domain is. */
void page_unshare_xen(struct page *p);

/* Lists of frames by page->next and ->prev; their lock is held. */
void page_list_add(u32 *head, u32 mfn);
void page_list_del(u32 *head, u32 mfn);

/** page_alloc_dump() - the 'm' debug key. */
void page_alloc_dump(void);

/*
 * TLBs, the architecture's. The TLB clock counts flushes; it is never 0 and wraps.
 * tlb_clock_now() - now.
 * arch_tlb_filter() - on return no CPU has an entry older than @stamp of a frame of @owner's,
 * which it was all the time; NULL: it had others.
 * May wait for other CPUs; called with no allocator lock held.
 */
u32 tlb_clock_now(void);
void arch_tlb_filter(u32 stamp, const struct domain *owner);

#endif
