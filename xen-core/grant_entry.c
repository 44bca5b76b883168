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

/* Under the lock. */
static struct grant_entry_v1 *grant_entry(const struct grant_table *gt, u32 ref)
{
	return &gt->frame[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME];
}

static struct grant_active *grant_active(const struct grant_table *gt, u32 ref)
{
	return &gt->active[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME];
}

static bool grant_is_used(const struct grant_active *a)
{
	return a->readers | a->writers;
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

/**
 * grant_entry_get() - the current domain begins to use what @granter grants
 *
 * Return: the frame, held until grant_entry_put(); or NULL, and *@status is GNTST_*.
 */
struct page *grant_entry_get(struct domain *granter, u32 ref, bool readonly, s16 *status)
{
	struct grant_table *gt = granter->grants;
	domid_t domid = current->domain->id;
	struct grant_entry_v1 *e;
	struct grant_active *a;
	bool used;

	spin_guard(&gt->lock);
	*status = GNTST_bad_gntref;
	if (unlikely(ref >= gt->nr_frames * GRANTS_PER_FRAME))
		return NULL;
	*status = GNTST_general_error;
	e = grant_entry(gt, ref);
	a = grant_active(gt, ref);
	used = grant_is_used(a);
	if (unlikely(used) && a->domid != domid)
		return NULL;
	if ((!used || (!readonly && !a->writers)) && !grant_mark(e, domid, readonly))
		return NULL;
	/* G2: the frame that is in use stays, whatever the entry says now. */
	if (likely(!used)) {
		mfn_t mfn = MFN(READ_ONCE(e->frame));

		if (unlikely(!mfn_get(mfn, granter))) {
			grant_clear_flags(e, GTF_reading | (readonly ? 0 : GTF_writing));
			*status = GNTST_bad_page;
			return NULL;
		}
		a->mfn = (u32)mfn.n;
		a->domid = domid;
	}
	a->readers += readonly;
	a->writers += !readonly;
	return mfn_to_page(MFN(a->mfn));
}

/** grant_entry_put() - a use of grant_entry_get() is over */
void grant_entry_put(struct domain *granter, u32 ref, bool readonly)
{
	struct grant_table *gt = granter->grants;
	struct grant_active *a = grant_active(gt, ref);
	struct page *page;
	u16 over = 0;

	spin_lock(&gt->lock);
	page = mfn_to_page(MFN(a->mfn));
	a->readers -= readonly;
	a->writers -= !readonly;
	if (!readonly && !a->writers)
		over |= GTF_writing;
	if (!grant_is_used(a))
		over |= GTF_reading;
	grant_clear_flags(grant_entry(gt, ref), over);
	spin_unlock(&gt->lock);
	if (over & GTF_reading)
		page_put(page);
}

/** grant_entry_page() - the frame of an entry that the caller has a use of */
struct page *grant_entry_page(struct domain *granter, u32 ref)
{
	/* Constant while used, and frames of the table do not go away. */
	return mfn_to_page(MFN(grant_active(granter->grants, ref)->mfn));
}

long grant_op_swap_grant_ref(void *arg, struct grant_batch *batch)
{
	const struct gnttab_swap_grant_ref *op = arg;
	struct grant_table *gt = current->domain->grants;
	struct grant_entry_v1 *a, *b, was;

	spin_guard(&gt->lock);
	if (MAX(op->ref_a, op->ref_b) >= gt->nr_frames * GRANTS_PER_FRAME)
		return GNTST_bad_gntref;
	if (grant_is_used(grant_active(gt, op->ref_a)) ||
	    grant_is_used(grant_active(gt, op->ref_b)))
		return GNTST_eagain;
	a = grant_entry(gt, op->ref_a);
	b = grant_entry(gt, op->ref_b);
	was = *a;
	*a = *b;
	*b = was;
	return GNTST_okay;
}
