/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a guest's frames are used as. page_type.c explains the rules.
 */
#ifndef XENLITE_PAGE_TYPE_H
#define XENLITE_PAGE_TYPE_H

#include "domain.h"
#include "paging.h"

#define PT_LEVEL(type)	((unsigned int)((type) >> 60))	/* of PT_L1 .. PT_L4: 1 .. 4 */
#define PT_OF_LEVEL(l)	((u64)(l) << 60)

static inline bool type_is_table(u64 type)
{
	return PT_LEVEL(type) >= 1 && PT_LEVEL(type) <= 4;
}

/** type_is_valid() - @type, and VALID? These are on top of @x: shifts beat masks of 64 bits. */
static inline bool type_is_valid(u64 x, u64 type)
{
	return x >> PT_VALID_SHIFT == (type | PT_VALID) >> PT_VALID_SHIFT;
}

/** page_is_table() - is @p a live table of @d's? pt_lock held, so that it stays one. */
static inline bool page_is_table(const struct page *p, const struct domain *d, unsigned int level)
{
	u64 type = READ_ONCE(p->type);

	return p->owner == d && type_is_valid(type, PT_OF_LEVEL(level)) && type & PT_COUNT_MASK;
}
#define page_is_l1(p, d)	page_is_table(p, d, 1)

/** update_is_for() - does @req write an entry of the table @mfn (xen/xen.h: MMU_*_UPDATE)? */
static inline bool update_is_for(const struct mmu_update *req, mfn_t mfn)
{
	u64 in_entry = ~PAGE_MASK & ~7ull, kinds = MMU_PT_UPDATE_PRESERVE_AD;

	return !((req->ptr ^ mfn_to_maddr(mfn).a) & ~(in_entry | kinds));
}

/**
 * page_type_get() - use @p as @type (PT_*), validating its contents if needed.
 *
 * The caller holds a reference on @p and, for tables and descriptors, the
 * owner's pt_lock. Return: 0, -EINVAL (other use, or L2 and above: contents),
 * the error of a bad L1 entry, or -ERESTART: call again, it goes on.
 */
int __must_check page_type_get(struct page *p, u64 type);

/**
 * page_type_put() - end one use of @p as what it is.
 * Return: 0, or -ERESTART: the use has not ended yet, call again. Only tables
 * of level 2 and above can restart.
 */
int page_type_put(struct page *p);

/** page_use() - reference and use of frame @mfn of @d. pt_lock held; as page_type_get() */
int __must_check page_use(struct domain *d, mfn_t mfn, u64 type);
/* The same for a table. */
#define pt_get(d, mfn, level)	page_use(d, mfn, PT_OF_LEVEL(level))
/** pt_get_whole() - the same without preemption, for who cannot restart. */
int __must_check pt_get_whole(struct domain *d, mfn_t mfn, unsigned int level);
/** pt_put() - end both; what is preempted is finished by pt_finish_deferred(). */
void pt_put(struct page *p);
/**
 * pt_is_pinned_root() - is @mfn a live root that @d pinned?
 * It stays one while @d's pt_lock is held: only under that are its pins set and taken away.
 */
static __always_inline bool pt_is_pinned_root(const struct domain *d, mfn_t mfn)
{
	return mfn_valid(mfn) && READ_ONCE(mfn_to_page(mfn)->type) >> PT_COUNT_BITS ==
				 (PT_L4 | PT_VALID | PT_PINNED_BY(d)) >> PT_COUNT_BITS;
}
/** pt_finish_deferred() - finish what pt_put() could not. Return: 0 or -ERESTART. */
int pt_finish_deferred(struct domain *d);

/**
 * pt_write_l1() - validated write of one entry of a level 1 table of @owner.
 * @fd:		whose frames it may map
 * @slot:	in the direct map
 * @keep_ad:	or the old accessed and dirty bits in
 * pt_lock held. Return: 0, -EBUSY (the frame's use forbids it) or -EPERM.
 */
int __must_check pt_write_l1(struct domain *owner, struct domain *fd, u64 *slot, u64 val,
			     bool keep_ad);
/**
 * pt_map_l1() - the usual case of that, quickly: the entry is absent and comes to map
 * a frame of @d's. Return: false when it is another case; then nothing has changed.
 */
bool pt_map_l1(struct domain *d, u64 *slot, u64 val);
/**
 * pt_write_l1_run() - the same for the first of @n requests that are for table @table.
 * Return: how many were done; *@err is set when one failed.
 */
u32 pt_write_l1_run(struct domain *owner, struct domain *fd, mfn_t table,
		    const struct mmu_update *req, u32 n, int *err);
/**
 * pt_exchange_l1() - the same for @d's own frames, if the entry still is @old.
 * Return: as above, or -EAGAIN: the CPU changed its accessed or dirty bit.
 */
int __must_check pt_exchange_l1(struct domain *d, u64 *slot, u64 old, u64 val);
/**
 * pt_write() - the same for a table of @level 2 and above.
 * Return: 0, -EINVAL, the error of a bad L1 entry below, or -ERESTART.
 */
int __must_check pt_write(struct domain *owner, unsigned int level, u64 *slot, u64 val,
			  bool keep_ad);
/**
 * pt_set_l1() - write an entry of a live L1 table that needs no check, and drop what
 * the old one held. pt_lock held.
 * @e:	0, or what it maps is held for it already
 */
void pt_set_l1(struct domain *owner, u64 *slot, u64 e);

/* log_dirty.c */
/** log_dirty_table() - @p is no live table any more; what it let write may have changed. */
void log_dirty_table(struct page *p);
/** log_dirty_mark_slot() - the entry at @slot may be written, perhaps as @val. pt_lock held */
void log_dirty_mark_slot(struct domain *d, u64 *slot, u64 val);
static inline void log_dirty_slot(struct domain *d, u64 *slot, u64 val)
{
	if (unlikely(d->arch.log_dirty.on))
		log_dirty_mark_slot(d, slot, val);
}

/**
 * pt_find_l1() - the L1 entry that maps @va in the address space at @root.
 * pt_lock held. Return: the slot in the direct map, or NULL.
 */
u64 *pt_find_l1(u64 root, u64 va);

#endif
