// SPDX-License-Identifier: GPL-2.0-only
/*
 * GNTTABOP_copy: bytes from frame to frame, each end the caller's own frame or
 * one that was granted to it. The core copies through its own view of memory;
 * nothing is mapped.
 */
#include "grant_table.h"

#include "arch_hypercalls.h"
#include "page_alloc.h"
#include "percpu.h"
#include "string.h"

/**
 * struct copy_end - one end of a copy while it is open
 * @granter:	of the grant @ref, held; NULL: @page is the caller's own frame, held
 */
struct copy_end {
	struct domain *granter;
	struct page *page;
	u32 ref;
	bool write;
};

static s16 copy_open_frame(struct copy_end *end, const struct gnttab_copy_ptr *p)
{
	mfn_t mfn = MFN(p->u.gmfn);
	struct domain *d;

	if (p->domid != DOMID_SELF) {
		d = domain_get_by_id(p->domid);
		if (!d)
			return GNTST_bad_domain;
		domain_put(d);
		return d->grants ? GNTST_permission_denied : GNTST_bad_domain;
	}
	if (!mfn_valid(mfn) || !page_get(mfn_to_page(mfn), current->domain))
		return GNTST_bad_page;
	end->granter = NULL;
	end->page = mfn_to_page(mfn);
	return GNTST_okay;
}

static s16 copy_open_grant(struct copy_end *end, const struct gnttab_copy_ptr *p)
{
	s16 status = GNTST_bad_domain;

	end->ref = p->u.ref;
	end->granter = domain_get_by_id(p->domid);
	if (!end->granter)
		return status;
	if (end->granter->grants)
		status = grant_entry_get(end->granter, end->ref, !end->write, 1, &end->page);
	if (status)
		domain_put(end->granter);
	return status;
}

/* What copy_open_*() took. */
static void copy_let_go(const struct copy_end *end)
{
	if (!end->granter) {
		page_put(end->page);
		return;
	}
	grant_entry_put(end->granter, end->ref, !end->write, 1);
	domain_put(end->granter);
}

static s16 copy_open(struct copy_end *end, const struct gnttab_copy_ptr *p, bool by_ref,
		     bool write)
{
	s16 status;

	end->write = write;
	status = by_ref ? copy_open_grant(end, p) : copy_open_frame(end, p);
	if (status || !write)
		return status;
	/* Not into a page table. */
	if (arch_get_guest_page_writable(end->granter ?: current->domain,
					 page_to_mfn(end->page).n))
		return GNTST_okay;
	copy_let_go(end);
	return GNTST_general_error;
}

static void copy_close(const struct copy_end *end)
{
	if (end->write)
		arch_put_guest_page_writable(end->page);
	copy_let_go(end);
}

/** grant_copy() - one GNTTABOP_copy. Return: GNTST_*. */
s16 grant_copy(const struct gnttab_copy *op)
{
	struct copy_end source, dest;
	s16 status;

	if (MAX(op->source.offset, op->dest.offset) + 0ul + op->len > PAGE_SIZE)
		return GNTST_bad_copy_arg;
	status = copy_open(&source, &op->source, op->flags & GNTCOPY_source_gref, false);
	if (status)
		return status;
	status = copy_open(&dest, &op->dest, op->flags & GNTCOPY_dest_gref, true);
	if (!status) {
		memmove(page_to_virt(dest.page) + op->dest.offset,
			page_to_virt(source.page) + op->source.offset, op->len);
		copy_close(&dest);
	}
	copy_close(&source);
	return status;
}
