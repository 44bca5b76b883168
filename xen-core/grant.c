/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grant tables: the table's frames and their set-up.
 *
 *   grant_table.frame[i] -> a frame of the core's, shared with the domain,
 *                           512 entries of version 1
 *
 * The table grows when the guest asks for it and never shrinks. Mapping,
 * copying and transfer through it answer -ENOSYS.
 */
#include "grant.h"

#include <xen/grant_table.h>

#include "errno.h"
#include "page_alloc.h"
#include "percpu.h"
#include "string.h"
#include "uaccess.h"

#define GRANT_MAX_FRAMES	64	/* of one domain; what 4.17 allows by default */

/**
 * struct grant_table - a domain's grants
 * @nr_frames:	frames the guest may use; under @lock, grows only
 */
struct grant_table {
	struct spinlock lock;
	u32 nr_frames;
	struct page *frame[GRANT_MAX_FRAMES];
};

/* Grow to @nr frames, under the lock. Return: 0, -EINVAL or -ENOMEM. */
static int grant_grow(struct domain *d, u32 nr)
{
	struct grant_table *gt = d->grants;

	if (nr > GRANT_MAX_FRAMES)
		return -EINVAL;
	while (gt->nr_frames < nr) {
		void *frame = alloc_zeroed(PAGE_SIZE);

		if (!frame)
			return -ENOMEM;
		gt->frame[gt->nr_frames] = virt_to_page(frame);
		page_share_xen(gt->frame[gt->nr_frames], d);
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
	for (u32 i = 0; i < gt->nr_frames; i++)
		page_put(gt->frame[i]);
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

	switch (cmd) {
	case GNTTABOP_setup_table:	return grant_op_setup_table(uop, count);
	case GNTTABOP_query_size:	return grant_op_query_size(uop, count);
	case GNTTABOP_set_version:	return grant_op_set_version(uop, count);
	case GNTTABOP_get_version:	return grant_op_get_version(uop, count);
	}
	return -ENOSYS;
}
