// SPDX-License-Identifier: GPL-2.0-only
/*
 * GNTTABOP_copy: bytes from frame to frame, each end the caller's own frame or
 * one that was granted to it. The core copies through its own view of memory;
 * nothing is mapped.
 */
#include "grant_table.h"

#include "hypercall.h"

/* An end of a copy: its frame, held, the destination with a writable use. NULL: *@status */
static __always_inline struct page *copy_open(const struct gnttab_copy_ptr *p, bool by_ref,
					      bool write, struct grant_batch *b, s16 *status)
{
	struct domain *owner = grant_peer(b, write, p->domid);

	*status = GNTST_bad_domain;
	if (!owner)
		return NULL;
	if (by_ref)
		return grant_entry_get(owner, p->u.ref, !write, status);
	*status = p->domid == DOMID_SELF ? GNTST_bad_page : GNTST_permission_denied;
	return p->domid == DOMID_SELF ? mfn_get(MFN(p->u.gmfn), owner) : NULL;
}

static __always_inline void copy_close(struct page *page, const struct gnttab_copy_ptr *p,
				       bool by_ref, bool write)
{
	/* The batch holds the owner, so a frame that was of the granter's still is. */
	if (by_ref)
		grant_entry_put(page->owner, p->u.ref, !write);
	else
		page_put(page);
}

long grant_op_copy(void *arg, struct grant_batch *b)
{
	const struct gnttab_copy *op = arg;
	bool from_ref = op->flags & GNTCOPY_source_gref, to_ref = op->flags & GNTCOPY_dest_gref;
	struct page *source, *dest;
	s16 status;

	if (MAX(op->source.offset, op->dest.offset) + 0ul + op->len > PAGE_SIZE)
		return GNTST_bad_copy_arg;
	source = copy_open(&op->source, from_ref, false, b, &status);
	if (!source)
		return status;
	dest = copy_open(&op->dest, to_ref, true, b, &status);
	if (!dest)
		goto out;
	status = GNTST_general_error;
	if (arch_page_write_begin(dest)) {	/* G4: not into a page table */
		memmove(page_to_virt(dest) + op->dest.offset,
			page_to_virt(source) + op->source.offset, op->len);
		arch_page_write_end(dest);
		status = GNTST_okay;
	}
	copy_close(dest, &op->dest, to_ref, true);
out:
	copy_close(source, &op->source, from_ref, false);
	return status;
}
