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
#include "grant_table.h"

#include "page_alloc.h"
#include "percpu.h"
#include "preempt.h"
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
	d->grants = alloc_zeroed(sizeof(struct grant_table));
	if (!d->grants)
		return -ENOMEM;
	d->grants->free_map = GRANT_NO_MAP;
	return grant_grow(d, 1);
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

static_assert(sizeof(struct gnttab_copy) == 40, "the largest operation: grant_run() has room");

/* The domain that an operation names, with a reference. Return: a GNTST_*. */
static s16 grant_get_domain(domid_t id, struct domain **d)
{
	switch (domain_get_target(id, d)) {
	case 0:		return GNTST_okay;
	case -ESRCH:	return GNTST_bad_domain;
	default:	return GNTST_permission_denied;
	}
}

/*
 * The operations. Return: GNTST_*, which goes into the structure's status.
 */

static long grant_op_setup_table(void *arg, struct grant_batch *b)
{
	const struct gnttab_setup_table *op = arg;
	u64 mfn[GRANT_MAX_FRAMES];
	struct domain *d;
	long rc = grant_get_domain(op->dom, &d);

	if (rc)
		return rc;
	spin_lock(&d->grants->lock);
	rc = grant_grow(d, op->nr_frames);
	for (u32 i = 0; !rc && i < op->nr_frames; i++)
		mfn[i] = page_to_mfn(d->grants->frame[i]).n;
	spin_unlock(&d->grants->lock);
	domain_put(d);
	if (rc)
		return GNTST_general_error;
	if (copy_to_guest(gva_of(op->frame_list), mfn, op->nr_frames * sizeof(mfn[0])))
		return GNTST_bad_virt_addr;
	return GNTST_okay;
}

static long grant_op_query_size(void *arg, struct grant_batch *b)
{
	struct gnttab_query_size *op = arg;
	struct domain *d;
	long status = grant_get_domain(op->dom, &d);

	if (status)
		return status;
	op->nr_frames = READ_ONCE(d->grants->nr_frames);
	op->max_nr_frames = GRANT_MAX_FRAMES;
	domain_put(d);
	return GNTST_okay;
}

/* A version 1 table has no such frames. */
static long grant_op_get_status_frames(void *arg, struct grant_batch *b)
{
	const struct gnttab_get_status_frames *op = arg;
	struct domain *d;
	long status = grant_get_domain(op->dom, &d);

	if (status)
		return status;
	domain_put(d);
	return op->nr_frames ? GNTST_general_error : GNTST_okay;
}

/* No frame is fit for it; this answer says that the caller keeps it. */
static long grant_op_transfer(void *arg, struct grant_batch *b)
{
	return GNTST_bad_page;
}

/* Caches are coherent with devices: there is nothing to do for one's own frames. */
static long grant_op_cache_flush(void *arg, struct grant_batch *b)
{
	const struct gnttab_cache_flush *op = arg;
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

#define GRANT_OP(name) \
	grant_op_##name, sizeof(struct gnttab_##name), offsetof(struct gnttab_##name, status)

/**
 * struct grant_op - an operation that comes as a list, or could
 * @status:	where in the structure; 0: it has none, and its result is the call's
 * @single:	the list has exactly one
 */
static const struct grant_op {
	long (*run)(void *op, struct grant_batch *b);
	u8 size;
	u8 status;
	bool single;
} grant_ops[] = {
	[GNTTABOP_map_grant_ref]	= { GRANT_OP(map_grant_ref) },
	[GNTTABOP_unmap_grant_ref]	= { GRANT_OP(unmap_grant_ref) },
	[GNTTABOP_setup_table]		= { GRANT_OP(setup_table), .single = true },
	[GNTTABOP_transfer]		= { GRANT_OP(transfer) },
	[GNTTABOP_copy]			= { GRANT_OP(copy) },
	[GNTTABOP_query_size]		= { GRANT_OP(query_size), .single = true },
	[GNTTABOP_unmap_and_replace]	= { GRANT_OP(unmap_and_replace) },
	[GNTTABOP_get_status_frames]	= { GRANT_OP(get_status_frames), .single = true },
	[GNTTABOP_swap_grant_ref]	= { GRANT_OP(swap_grant_ref) },
	[GNTTABOP_cache_flush] = { grant_op_cache_flush, sizeof(struct gnttab_cache_flush) },
};

static long grant_run(const struct grant_op *o, gva_t uop, struct grant_batch *b)
{
	u64 op[sizeof(struct gnttab_copy) / 8];
	long rc;

	if (copy_from_guest(op, uop, o->size))	/* H3 */
		return -EFAULT;
	rc = o->run(op, b);
	if (!o->status)
		return rc;
	*(s16 *)((u8 *)op + o->status) = rc;
	return copy_to_guest(uop, op, o->size);
}

/* Work off a list, in batches: TLBs are flushed once for each. */
static long grant_list(const struct grant_op *o, gva_t uop, u32 count)
{
	struct grant_batch batch;
	long rc = 0;

	batch.nr = 0;
	for (u32 n = 0; n < count && !rc; n++, uop.a += o->size) {
		if (n && !(n % GRANT_BATCH)) {
			grant_finish_batch(current->domain, &batch);
			if (preempt_requested()) {	/* T5 */
				hypercall_set_arg(1, uop.a);
				hypercall_set_arg(2, count - n);
				return -ERESTART;
			}
		}
		rc = grant_run(o, uop, &batch);
	}
	grant_finish_batch(current->domain, &batch);
	return rc;
}

/* There is version 1 only; the answer says so. */
static long grant_set_version(gva_t uop)
{
	struct gnttab_set_version op;
	long rc;

	if (copy_from_guest(&op, uop, sizeof(op)))
		return -EFAULT;
	rc = op.version == 1 ? 0 : op.version == 2 ? -ENOSYS : -EINVAL;
	op.version = 1;
	return copy_to_guest(uop, &op, sizeof(op)) ?: rc;
}

static long grant_get_version(gva_t uop)
{
	struct gnttab_get_version op;
	struct domain *d;
	int err;

	if (copy_from_guest(&op, uop, sizeof(op)))
		return -EFAULT;
	err = domain_get_target(op.dom, &d);
	if (err)
		return err;
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
	if (cmd == GNTTABOP_set_version)
		return grant_set_version(uop);
	if (cmd == GNTTABOP_get_version)
		return grant_get_version(uop);
	if (cmd >= ARRAY_SIZE(grant_ops) || !grant_ops[cmd].run)
		return -ENOSYS;
	if (grant_ops[cmd].single && count != 1)
		return -EINVAL;
	return grant_list(&grant_ops[cmd], uop, count);
}
