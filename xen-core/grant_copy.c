// SPDX-License-Identifier: GPL-2.0-only
/*
 * GNTTABOP_copy: bytes from frame to frame, each end the caller's own frame or
 * one that was granted to it. The core copies through its own view of memory;
 * nothing is mapped.
 */
#include "grant_table.h"

#include "hypercall.h"

/**
 * struct copy_end - one end of a copy while it is open
 * @owner:	of @page, held
 * @ref:	the grant that holds @page, when @by_ref
 * @write:	is it the destination?
 * @writable:	it has a writable use
 */
struct copy_end {
	struct domain *owner;
	struct page *page;
	u32 ref;
	bool by_ref, write, writable;
};

static s16 copy_find(struct copy_end *end, const struct gnttab_copy_ptr *p)
{
	if (end->by_ref)
		return grant_entry_get(end->owner, end->ref, !end->write, &end->page);
	if (p->domid != DOMID_SELF)
		return GNTST_permission_denied;
	end->page = mfn_get(MFN(p->u.gmfn), end->owner);
	return end->page ? GNTST_okay : GNTST_bad_page;
}

static void copy_close(const struct copy_end *end)
{
	if (end->writable)
		arch_put_guest_page_writable(end->page);
	if (end->by_ref)
		grant_entry_put(end->owner, end->ref, !end->write);
	else
		page_put(end->page);
	domain_put(end->owner);
}

static s16 copy_open(struct copy_end *end, const struct gnttab_copy_ptr *p, bool by_ref, bool write)
{
	s16 status;

	*end = (struct copy_end){
		.owner = domain_get_by_id(p->domid),
		.ref = p->u.ref, .by_ref = by_ref, .write = write,
	};
	if (!end->owner)
		return GNTST_bad_domain;
	status = copy_find(end, p);
	if (status) {
		domain_put(end->owner);
		return status;
	}
	/* G4: not into a page table. */
	end->writable = write && arch_get_guest_page_writable(end->owner, page_to_mfn(end->page).n);
	if (write == end->writable)
		return GNTST_okay;
	copy_close(end);
	return GNTST_general_error;
}

long grant_op_copy(void *arg, struct grant_batch *b)
{
	const struct gnttab_copy *op = arg;
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
