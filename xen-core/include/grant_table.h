/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grant tables: frames one domain lets another map or copy.
 *
 *   granter                                    mapper
 *   frame[]: entries, shared with the guest    map_page[]: what it has mapped,
 *   active[]: which of them are in use   <---- a handle each, (granter, ref)
 *
 * An entry belongs to a hostile guest. Once it is in use, what counts is its
 * active part: the frame then mapped, held with one reference, and by whom.
 *
 * Lock order: mapper's map_lock, then pt_lock of either side or granter's lock.
 */
#ifndef XENLITE_GRANT_TABLE_H
#define XENLITE_GRANT_TABLE_H

#include "domain.h"

#include <xen/grant_table.h>

#define GRANT_MAX_FRAMES	64u	/* of one domain; what 4.17 allows by default */
#define GRANTS_PER_FRAME	(PAGE_SIZE / sizeof(struct grant_entry_v1))
#define GRANT_MAP_PAGES		1024u
#define MAPS_PER_PAGE		(PAGE_SIZE / sizeof(struct grant_map))
#define GRANT_BATCH		32u	/* operations between two preemption points */

/**
 * struct grant_active - an entry's uses
 * @mfn,@domid:	what is used by whom, while there are uses
 */
struct grant_active {
	u32 mfn;
	domid_t domid;
	u32 readers, writers;
};
#define GRANT_ACTIVE_SIZE	(GRANTS_PER_FRAME * sizeof(struct grant_active))
static_assert(GRANT_ACTIVE_SIZE == 2 * PAGE_SIZE, "a waste of memory otherwise");

/**
 * struct grant_map - a mapping, named by its handle
 * @granter:	held with a reference; NULL: free
 * @ref:	free: the next free handle, nr_maps behind the last
 * @flags:	GNTMAP_*: those of host_map and device_map still there
 */
struct grant_map {
	struct domain *granter;
	u32 ref;
	u32 flags;
};
static_assert(sizeof(struct grant_map) == 16, "handles divide by shifting");

/**
 * struct grant_table - a domain's grants, and its mappings of others' grants
 * @nr_frames:	frames the guest may use; grows only, up to @max_frames
 * @max_map_pages: pages of mappings it may have
 * @nr_maps:	handles there are, in use or free
 * @free_map:	first free handle; nr_maps: one is to be made
 * @nr_released: grant_unmap_all() is done with the handles below
 */
struct grant_table {
	struct spinlock lock;
	u32 nr_frames;					/* lock */
	u32 max_frames, max_map_pages;			/* set when it is made */
	struct grant_entry_v1 *frame[GRANT_MAX_FRAMES];	/* lock */
	struct grant_active *active[GRANT_MAX_FRAMES];	/* lock */

	struct spinlock map_lock;
	u32 nr_maps;					/* map_lock */
	u32 free_map;					/* map_lock */
	u32 nr_released;				/* map_lock */
	struct grant_map *map_page[GRANT_MAP_PAGES];	/* map_lock */
};

/**
 * struct grant_batch - uses of entries that end when all TLBs have been flushed
 * @domain:	that the operation at hand names, if it does
 * @peer:	whom the last operation named, held: the next one often names the same.
 *		Two, for a copy may be from one to another.
 * @granter:	held; NULL: only the flush is wanted
 */
struct grant_batch {
	struct domain *domain;
	struct domain *peer[2];
	u32 nr;
	struct grant_use {
		struct domain *granter;
		u32 ref;
		bool readonly;
	} use[GRANT_BATCH];
};

int grant_init_domain(struct domain *d);
/** grant_unmap_all() - @d is dying: end its mappings. Return: 0 or -ERESTART: again. */
int grant_unmap_all(struct domain *d);
/** grant_destroy_domain() - the last reference on @d is gone. */
void grant_destroy_domain(struct domain *d);
/** grant_frame() - frame @idx of @d's table for XENMAPSPACE_grant_table, growing it. */
int grant_frame(struct domain *d, u64 idx, mfn_t *out);
long do_grant_table_op(u32 cmd, gva_t uop, u32 count);

/* Operations: @op is a copy of the guest's structure. Return: GNTST_*, its status. */
long grant_op_map_grant_ref(void *op, struct grant_batch *b);
long grant_op_unmap_grant_ref(void *op, struct grant_batch *b);
long grant_op_unmap_and_replace(void *op, struct grant_batch *b);
long grant_op_copy(void *op, struct grant_batch *b);
long grant_op_swap_grant_ref(void *op, struct grant_batch *b);

struct page *grant_entry_get(struct domain *granter, u32 ref, bool readonly, s16 *status);
void grant_entry_put(struct domain *granter, u32 ref, bool readonly);
struct page *grant_entry_page(struct domain *granter, u32 ref);
/** grant_peer() - domain @id until the batch ends, or grant_peer() with the same @which */
static inline struct domain *grant_peer(struct grant_batch *b, u32 which, domid_t id)
{
	struct domain *self = current->domain, **peer = &b->peer[which];

	if (id == DOMID_SELF || id == self->id)
		return self;
	if (!*peer || (*peer)->id != id) {
		if (*peer)
			domain_put(*peer);
		*peer = domain_get_by_id(id);
	}
	return *peer;
}
static inline void grant_begin_batch(struct grant_batch *b)
{
	b->nr = 0;
	b->peer[0] = b->peer[1] = NULL;
}
/** grant_end_uses() - flush @d's TLBs, then end the uses that @b has collected */
void grant_end_uses(struct domain *d, struct grant_batch *b);
/** grant_finish_batch() - the end of a batch of the current domain's */
static inline void grant_finish_batch(struct grant_batch *b)
{
	if (b->nr)
		grant_end_uses(current->domain, b);
	if (b->peer[0])
		domain_put(b->peer[0]);
	if (b->peer[1])
		domain_put(b->peer[1]);
}

/**
 * arch_grant_map() - have the page-table entry at @addr of the current domain
 * map @page, as @flags (GNTMAP_*) say: a virtual address, or with
 * GNTMAP_contains_pte the entry's machine address. The caller holds @page; the entry
 * takes a reference of its own and, unless GNTMAP_readonly, a writable use.
 * Return: 0 or -EINVAL.
 */
int arch_grant_map(struct page *page, u64 addr, u32 flags);

/**
 * arch_grant_unmap() - end a mapping that arch_grant_map() made with @flags
 * @new_addr: not 0: the entry of this address takes its place and is cleared
 *
 * TLBs are not flushed yet. Return: 0, or -EINVAL and nothing has changed: the
 * entry at @addr does not map @page so.
 */
int arch_grant_unmap(struct page *page, u64 addr, u32 flags, u64 new_addr);

/** arch_grant_flush() - no TLB knows any old mapping of @d. */
void arch_grant_flush(struct domain *d);

#endif
