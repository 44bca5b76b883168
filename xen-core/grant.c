/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grant tables: the table's frames and their set-up, and GNTTABOP_*.
 *
 *   grant_table.frame[i] -> a frame of the core's, shared with the domain,
 *                           512 entries of version 1
 *
 * The table grows when the guest asks for it and never shrinks. Entries are
 * grant_entry.c's, mapping grant_map.c's, copying grant_copy.c's.
 */
#include "grant.h"
#include "grant_table.h"

#include "errno.h"
#include "page_alloc.h"
#include "percpu.h"
#include "preempt.h"
#include "string.h"
#include "uaccess.h"

/* Grow to @nr frames, under the lock. Return: 0, -EINVAL or -ENOMEM. */
static int grant_grow(struct domain *d, u32 nr)
{
	struct grant_table *gt = d->grants;

	if (nr > GRANT_MAX_FRAMES)
		return -EINVAL;
	while (gt->nr_frames < nr) {
		u32 i = gt->nr_frames;
		void *frame;

		gt->active[i] = alloc_zeroed(GRANTS_PER_FRAME * sizeof(struct grant_active));
		frame = gt->active[i] ? alloc_zeroed(PAGE_SIZE) : NULL;
		if (!frame) {
			free_zeroed(gt->active[i], GRANTS_PER_FRAME * sizeof(struct grant_active));
			return -ENOMEM;
		}
		gt->frame[i] = virt_to_page(frame);
		page_share_xen(gt->frame[i], d);
		gt->nr_frames++;
	}
	return 0;
}

int grant_init_domain(struct domain *d)
{
	int rc;

	d->grants = alloc_zeroed(sizeof(struct grant_table));
	if (!d->grants)
		return -ENOMEM;
	d->grants->free_map = GRANT_NO_MAP;
	rc = grant_grow(d, 1);
	if (rc)
		grant_destroy_domain(d);
	return rc;
}

void grant_destroy_domain(struct domain *d)
{
	struct grant_table *gt = d->grants;

	if (!gt)
		return;
	/* A frame that is still mapped goes with its last mapping. */
	for (u32 i = 0; i < gt->nr_frames; i++) {
		page_put(gt->frame[i]);
		free_zeroed(gt->active[i], GRANTS_PER_FRAME * sizeof(struct grant_active));
	}
	grant_free_maps(gt);
	free_zeroed(gt, sizeof(*gt));
	d->grants = NULL;
}

int grant_frame(struct domain *d, u64 idx, mfn_t *out)
{
	int rc;

	/* Also refuses XENMAPIDX_grant_table_status: version 1 has no such frames. */
	if (idx >= GRANT_MAX_FRAMES)
		return -EINVAL;
	spin_lock(&d->grants->lock);
	rc = grant_grow(d, idx + 1);
	if (!rc)
		*out = page_to_mfn(d->grants->frame[idx]);
	spin_unlock(&d->grants->lock);
	return rc;
}

/* The domain that an operation names, with a reference. Return: a GNTST_*. */
static s16 grant_get_domain(domid_t id, struct domain **d)
{
	*d = domain_get_by_id(id);
	if (!*d)
		return GNTST_bad_domain;
	if ((*d)->grants && (*d == current->domain || current->domain->privileged))
		return GNTST_okay;
	domain_put(*d);
	return GNTST_permission_denied;
}

static s16 grant_setup(struct domain *d, const struct gnttab_setup_table *op)
{
	u64 mfn[GRANT_MAX_FRAMES];
	int rc;

	spin_lock(&d->grants->lock);
	rc = grant_grow(d, op->nr_frames);
	for (u32 i = 0; !rc && i < op->nr_frames; i++)
		mfn[i] = page_to_mfn(d->grants->frame[i]).n;
	spin_unlock(&d->grants->lock);
	if (rc)
		return GNTST_general_error;
	if (copy_to_guest(gva_of(op->frame_list), mfn, op->nr_frames * sizeof(mfn[0])))
		return GNTST_bad_virt_addr;
	return GNTST_okay;
}

static long grant_op_setup_table(gva_t uop, u32 count)
{
	struct gnttab_setup_table op;
	struct domain *d;

	if (count != 1)
		return -EINVAL;
	if (copy_from_guest(&op, uop, sizeof(op)))
		return -EFAULT;
	op.status = grant_get_domain(op.dom, &d);
	if (op.status == GNTST_okay) {
		op.status = grant_setup(d, &op);
		domain_put(d);
	}
	return copy_to_guest(uop, &op, sizeof(op));
}

static long grant_op_query_size(gva_t uop, u32 count)
{
	struct gnttab_query_size op;
	struct domain *d;

	if (count != 1)
		return -EINVAL;
	if (copy_from_guest(&op, uop, sizeof(op)))
		return -EFAULT;
	op.status = grant_get_domain(op.dom, &d);
	if (op.status == GNTST_okay) {
		op.nr_frames = READ_ONCE(d->grants->nr_frames);
		op.max_nr_frames = GRANT_MAX_FRAMES;
		domain_put(d);
	}
	return copy_to_guest(uop, &op, sizeof(op));
}

/* There is version 1 only; the answer says so. */
static long grant_op_set_version(gva_t uop, u32 count)
{
	struct gnttab_set_version op;
	long rc;

	if (copy_from_guest(&op, uop, sizeof(op)))
		return -EFAULT;
	rc = op.version == 1 ? 0 : op.version == 2 ? -ENOSYS : -EINVAL;
	op.version = 1;
	return copy_to_guest(uop, &op, sizeof(op)) ?: rc;
}

static long grant_op_get_version(gva_t uop, u32 count)
{
	struct gnttab_get_version op;
	struct domain *d;
	s16 status;

	if (copy_from_guest(&op, uop, sizeof(op)))
		return -EFAULT;
	status = grant_get_domain(op.dom, &d);
	if (status != GNTST_okay)
		return status == GNTST_bad_domain ? -ESRCH : -EPERM;
	domain_put(d);
	op.version = 1;
	return copy_to_guest(uop, &op, sizeof(op));
}

/* A version 1 table has no such frames. */
static long grant_op_get_status_frames(gva_t uop, u32 count)
{
	struct gnttab_get_status_frames op;
	struct domain *d;

	if (count != 1)
		return -EINVAL;
	if (copy_from_guest(&op, uop, sizeof(op)))
		return -EFAULT;
	op.status = grant_get_domain(op.dom, &d);
	if (op.status == GNTST_okay) {
		op.status = op.nr_frames ? GNTST_general_error : GNTST_okay;
		domain_put(d);
	}
	return copy_to_guest(uop, &op, sizeof(op));
}

/* Caches are coherent with devices: there is nothing to do for one's own frames. */
static long grant_cache_flush(const struct gnttab_cache_flush *op)
{
	mfn_t mfn = maddr_to_mfn(MADDR(op->a.dev_bus_addr));

	if (op->op & ~(u32)(GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL) ||
	    op->offset + 0ul + op->length > PAGE_SIZE)
		return -EINVAL;
	if (!op->op || !op->length)
		return 0;
	if (op->op & GNTTAB_CACHE_INVAL)
		return -EOPNOTSUPP;
	if (!mfn_valid(mfn))
		return -EINVAL;
	if (!page_get(mfn_to_page(mfn), current->domain))
		return -EPERM;
	page_put(mfn_to_page(mfn));
	return 0;
}

union grant_op {
	struct gnttab_map_grant_ref map;
	struct gnttab_unmap_grant_ref unmap;
	struct gnttab_unmap_and_replace replace;
	struct gnttab_transfer transfer;
	struct gnttab_copy copy;
	struct gnttab_swap_grant_ref swap;
	struct gnttab_cache_flush flush;
};

/* Sizes of those that come as lists. */
static const u8 grant_op_size[] = {
	[GNTTABOP_map_grant_ref]	= sizeof(struct gnttab_map_grant_ref),
	[GNTTABOP_unmap_grant_ref]	= sizeof(struct gnttab_unmap_grant_ref),
	[GNTTABOP_unmap_and_replace]	= sizeof(struct gnttab_unmap_and_replace),
	[GNTTABOP_transfer]		= sizeof(struct gnttab_transfer),
	[GNTTABOP_copy]			= sizeof(struct gnttab_copy),
	[GNTTABOP_swap_grant_ref]	= sizeof(struct gnttab_swap_grant_ref),
	[GNTTABOP_cache_flush]		= sizeof(struct gnttab_cache_flush),
};

static s16 grant_replace(const struct gnttab_unmap_and_replace *op, struct grant_batch *b)
{
	const struct gnttab_unmap_grant_ref unmap = {
		.host_addr = op->host_addr, .handle = op->handle,
	};

	return grant_unmap_ref(&unmap, op->new_addr, b);
}

static long grant_one(u32 cmd, union grant_op *op, struct grant_batch *b)
{
	switch (cmd) {
	case GNTTABOP_map_grant_ref:
		op->map.status = grant_map_ref(&op->map);
		return 0;
	case GNTTABOP_unmap_grant_ref:
		op->unmap.status = grant_unmap_ref(&op->unmap, 0, b);
		return 0;
	case GNTTABOP_unmap_and_replace:
		op->replace.status = grant_replace(&op->replace, b);
		return 0;
	case GNTTABOP_transfer:
		/* No frame is fit for it; this answer says that the caller keeps it. */
		op->transfer.status = GNTST_bad_page;
		return 0;
	case GNTTABOP_copy:
		op->copy.status = grant_copy(&op->copy);
		return 0;
	case GNTTABOP_swap_grant_ref:
		op->swap.status = grant_entry_swap(current->domain, op->swap.ref_a, op->swap.ref_b);
		return 0;
	default:	/* GNTTABOP_cache_flush */
		return grant_cache_flush(&op->flush);
	}
}

/* Work off a list, in batches: TLBs are flushed once for each. */
static long grant_list(u32 cmd, gva_t uop, u32 count)
{
	struct grant_batch batch;
	union grant_op op;
	long rc = 0;

	batch.nr = 0;
	for (u32 n = 0; n < count && !rc; n++, uop.a += grant_op_size[cmd]) {
		if (n && !(n % GRANT_BATCH)) {
			grant_finish_batch(&batch);
			if (preempt_requested()) {
				hypercall_set_arg(1, uop.a);
				hypercall_set_arg(2, count - n);
				return -ERESTART;
			}
		}
		if (copy_from_guest(&op, uop, grant_op_size[cmd]))
			rc = -EFAULT;
		else
			rc = grant_one(cmd, &op, &batch);
		if (!rc && copy_to_guest(uop, &op, grant_op_size[cmd]))
			rc = -EFAULT;
	}
	grant_finish_batch(&batch);
	return rc;
}

/**
 * do_grant_table_op() - GNTTABOP_* (xen/grant_table.h)
 * @uop:	array of @count operations
 *
 * Return: 0 or -errno; what became of a single operation is in its status.
 */
long do_grant_table_op(u32 cmd, gva_t uop, u32 count)
{
	if ((s32)count < 0)
		return -EINVAL;
	if (!current->domain->grants)
		return -ENOSYS;

	switch (cmd) {
	case GNTTABOP_map_grant_ref:
	case GNTTABOP_unmap_grant_ref:
	case GNTTABOP_unmap_and_replace:
	case GNTTABOP_transfer:
	case GNTTABOP_copy:
	case GNTTABOP_swap_grant_ref:
	case GNTTABOP_cache_flush:	return grant_list(cmd, uop, count);
	case GNTTABOP_get_status_frames: return grant_op_get_status_frames(uop, count);
	case GNTTABOP_setup_table:	return grant_op_setup_table(uop, count);
	case GNTTABOP_query_size:	return grant_op_query_size(uop, count);
	case GNTTABOP_set_version:	return grant_op_set_version(uop, count);
	case GNTTABOP_get_version:	return grant_op_get_version(uop, count);
	}
	return -ENOSYS;
}
