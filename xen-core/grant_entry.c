// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grant entries: taking what another domain offers, and letting go of it.
 *
 * An entry's header (flags, domid) is read once and changed by compare-exchange:
 * the granting guest writes it at any time. GTF_reading and GTF_writing tell the
 * guest that its frame is in use:
 *
 *	first use --> GTF_reading [| GTF_writing]    checks, one reference
 *	first writing use --> | GTF_writing          checks again, same frame
 *	last writing use ends --> & ~GTF_writing
 *	last use ends --> & ~GTF_reading             the reference goes
 */
#include "grant_table.h"

#include "page_alloc.h"
#include "percpu.h"

/* Under the lock. */
static struct grant_entry_v1 *grant_entry(const struct grant_table *gt, u32 ref)
{
	struct grant_entry_v1 *frame = page_to_virt(gt->frame[ref / GRANTS_PER_FRAME]);

	return &frame[ref % GRANTS_PER_FRAME];
}

static struct grant_active *grant_active(const struct grant_table *gt, u32 ref)
{
	return &gt->active[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME];
}

static bool grant_is_used(const struct grant_active *a)
{
	return a->readers || a->writers;
}

static void grant_clear_flags(struct grant_entry_v1 *e, u16 flags)
{
	/* Release: the core's accesses to the frame are over when the guest sees this. */
	__atomic_fetch_and(&e->flags, (u16)~flags, __ATOMIC_RELEASE);
}

/* Does the entry allow @domid the access? Then say in it that there is one. */
static bool grant_mark(struct grant_entry_v1 *e, domid_t domid, bool readonly)
{
	u32 *header = (u32 *)(void *)e, old = READ_ONCE(*header);
	u16 flags;

	do {
		flags = (u16)old;
		if ((flags & GTF_type_mask) != GTF_permit_access || flags & GTF_sub_page ||
		    (!readonly && flags & GTF_readonly) || (domid_t)(old >> 16) != domid)
			return false;
		/* G1; acquire: the frame number is read after the permission. */
	} while (!__atomic_compare_exchange_n(header, &old,
					      old | GTF_reading | (readonly ? 0 : GTF_writing),
					      false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return true;
}

/* The first use of an entry that is marked for it already. */
static s16 grant_activate(struct domain *granter, struct grant_entry_v1 *e,
			  struct grant_active *a, domid_t domid)
{
	u32 mfn = READ_ONCE(e->frame);

	if (!mfn_valid(MFN(mfn)) || !page_get(mfn_to_page(MFN(mfn)), granter))
		return GNTST_bad_page;
	a->mfn = mfn;
	a->domid = domid;
	return GNTST_okay;
}

/**
 * grant_entry_get() - the current domain begins to use what @granter grants
 * @uses:	how many uses it is
 * @page:	the frame; held until grant_entry_put()
 *
 * Return: GNTST_*.
 */
s16 grant_entry_get(struct domain *granter, u32 ref, bool readonly, u32 uses, struct page **page)
{
	struct grant_table *gt = granter->grants;
	domid_t domid = current->domain->id;
	struct grant_entry_v1 *e;
	struct grant_active *a;
	s16 status = GNTST_general_error;

	spin_lock(&gt->lock);
	if (ref >= gt->nr_frames * GRANTS_PER_FRAME) {
		status = GNTST_bad_gntref;
		goto out;
	}
	e = grant_entry(gt, ref);
	a = grant_active(gt, ref);
	if (grant_is_used(a) && a->domid != domid)
		goto out;
	if (!grant_is_used(a) || (!readonly && !a->writers)) {
		if (!grant_mark(e, domid, readonly))
			goto out;
		status = grant_is_used(a) ? GNTST_okay : grant_activate(granter, e, a, domid);
		if (status) {
			grant_clear_flags(e, GTF_reading | (readonly ? 0 : GTF_writing));
			goto out;
		}
	}
	*(readonly ? &a->readers : &a->writers) += uses;
	*page = mfn_to_page(MFN(a->mfn));
	status = GNTST_okay;
out:
	spin_unlock(&gt->lock);
	return status;
}

/** grant_entry_put() - @uses uses of grant_entry_get() are over */
void grant_entry_put(struct domain *granter, u32 ref, bool readonly, u32 uses)
{
	struct grant_table *gt = granter->grants;
	struct grant_entry_v1 *e;
	struct grant_active *a;
	struct page *page = NULL;

	spin_lock(&gt->lock);
	e = grant_entry(gt, ref);
	a = grant_active(gt, ref);
	*(readonly ? &a->readers : &a->writers) -= uses;
	if (!readonly && !a->writers)
		grant_clear_flags(e, GTF_writing);
	if (!grant_is_used(a)) {
		page = mfn_to_page(MFN(a->mfn));
		grant_clear_flags(e, GTF_reading);
	}
	spin_unlock(&gt->lock);
	if (page)
		page_put(page);
}

/** grant_entry_page() - the frame of an entry that the caller has a use of */
struct page *grant_entry_page(struct domain *granter, u32 ref)
{
	/* Constant while used, and frames of the table do not go away. */
	return mfn_to_page(MFN(grant_active(granter->grants, ref)->mfn));
}

/** grant_entry_swap() - GNTTABOP_swap_grant_ref */
s16 grant_entry_swap(struct domain *d, u32 a, u32 b)
{
	struct grant_table *gt = d->grants;
	struct grant_entry_v1 *x, *y, t;
	s16 status = GNTST_bad_gntref;
	u32 nr;

	spin_lock(&gt->lock);
	nr = gt->nr_frames * GRANTS_PER_FRAME;
	if (a >= nr || b >= nr)
		goto out;
	status = GNTST_eagain;
	if (grant_is_used(grant_active(gt, a)) || grant_is_used(grant_active(gt, b)))
		goto out;
	x = grant_entry(gt, a);
	y = grant_entry(gt, b);
	t = *x;
	*x = *y;
	*y = t;
	status = GNTST_okay;
out:
	spin_unlock(&gt->lock);
	return status;
}
