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

#include "hypercall.h"

int grant_frame(struct domain *d, u64 idx, mfn_t *out)
{
	struct grant_table *gt = d->grants;

	/* Also refuses XENMAPIDX_grant_table_status: version 1 has no such frames. */
	if (idx >= gt->max_frames)
		return -EINVAL;
	spin_guard(&gt->lock);
	for (u32 i = gt->nr_frames; i <= idx; gt->nr_frames = ++i) {
		struct grant_active *active = alloc_zeroed(GRANT_ACTIVE_SIZE);
		void *frame = active ? alloc_zeroed(PAGE_SIZE) : NULL;

		if (!frame) {
			free_zeroed(active, GRANT_ACTIVE_SIZE);
			return -ENOMEM;
		}
		gt->active[i] = active;
		gt->frame[i] = frame;
		page_share_xen(virt_to_page(frame), d);
	}
	*out = virt_to_mfn(gt->frame[idx]);
	return 0;
}

int grant_init_domain(struct domain *d)
{
	mfn_t first;

	d->grants = alloc_zeroed(sizeof(struct grant_table));
	if (!d->grants)
		return -ENOMEM;
	d->grants->max_frames = GRANT_MAX_FRAMES;
	d->grants->max_map_pages = GRANT_MAP_PAGES;
	return grant_frame(d, 0, &first);
}

void grant_destroy_domain(struct domain *d)
{
	struct grant_table *gt = d->grants;

	if (!gt)
		return;
	/* A frame that is still mapped goes with its last mapping. */
	for (u32 i = 0; i < gt->nr_frames; i++) {
		page_unshare_xen(virt_to_page(gt->frame[i]));
		free_zeroed(gt->active[i], GRANT_ACTIVE_SIZE);
	}
	for (u32 i = 0; i < GRANT_MAP_PAGES; i++)
		free_zeroed(gt->map_page[i], PAGE_SIZE);
	free_zeroed(gt, sizeof(*gt));
	d->grants = NULL;
}

static_assert(sizeof(struct gnttab_copy) == 40, "the largest operation: grant_run() has room");

/*
 * The operations. Return: GNTST_*, which goes into the structure's status. The
 * domain that the structure names, if it names one, is in the batch.
 */

static long grant_op_setup_table(void *arg, struct grant_batch *b)
{
	const struct gnttab_setup_table *op = arg;
	mfn_t mfn[GRANT_MAX_FRAMES];
	long rc = op->nr_frames > GRANT_MAX_FRAMES;

	for (u32 i = 0; !rc && i < op->nr_frames; i++)
		rc = grant_frame(b->domain, i, &mfn[i]);
	if (rc)
		return GNTST_general_error;
	return copy_to_guest(gva_of(op->frame_list), mfn, op->nr_frames * sizeof(mfn[0]))
		? GNTST_bad_virt_addr : GNTST_okay;
}

static long grant_op_query_size(void *arg, struct grant_batch *b)
{
	struct gnttab_query_size *op = arg;

	op->nr_frames = READ_ONCE(b->domain->grants->nr_frames);
	op->max_nr_frames = b->domain->grants->max_frames;
	return GNTST_okay;
}

/* A version 1 table has no such frames. */
static long grant_op_get_status_frames(void *arg, struct grant_batch *b)
{
	const struct gnttab_get_status_frames *op = arg;

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
	struct page *p;

	if (op->op & ~(u32)(GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL) ||
	    op->offset + 0ul + op->length > PAGE_SIZE)
		return -EINVAL;
	if (!op->op || !op->length)
		return 0;
	if (op->op & GNTTAB_CACHE_INVAL)
		return -EOPNOTSUPP;
	p = mfn_get(mfn, current->domain);
	if (!p)
		return mfn_valid(mfn) ? -EPERM : -EINVAL;
	page_put(p);
	return 0;
}

/* There is version 1 only; the answer says so. */
static long grant_op_set_version(void *arg, struct grant_batch *b)
{
	struct gnttab_set_version *op = arg;
	u32 version = op->version;

	op->version = 1;
	return version == 1 ? 0 : version == 2 ? -ENOSYS : -EINVAL;
}

static long grant_op_get_version(void *arg, struct grant_batch *b)
{
	struct gnttab_get_version *op = arg;

	op->version = 1;
	return 0;
}

#define GRANT_PLAIN(name)	grant_op_##name, sizeof(struct gnttab_##name)
#define GRANT_OP(name)		GRANT_PLAIN(name), offsetof(struct gnttab_##name, status)
#define GRANT_DOM(name)		.domain = offsetof(struct gnttab_##name, dom) + 1

/**
 * struct grant_op - an operation that comes as a list, or could
 * @status:	where in the structure; 0: it has none, and its result is the call's
 * @domain:	where in the structure is the domain it is about, plus 1; 0: it names none
 * @single:	the list has exactly one
 * @uncounted:	there is one, whatever the count says
 * @input:	the structure is not written
 */
static const struct grant_op {
	long (*run)(void *op, struct grant_batch *b);
	u8 size, status, domain;
	bool single, uncounted, input;
} grant_ops[] = {
	[GNTTABOP_map_grant_ref]	= { GRANT_OP(map_grant_ref) },
	[GNTTABOP_unmap_grant_ref]	= { GRANT_OP(unmap_grant_ref) },
	[GNTTABOP_setup_table]		= { GRANT_OP(setup_table), .single = true,
					    GRANT_DOM(setup_table) },
	[GNTTABOP_transfer]		= { GRANT_OP(transfer) },
	[GNTTABOP_copy]			= { GRANT_OP(copy) },
	[GNTTABOP_query_size]		= { GRANT_OP(query_size), .single = true,
					    GRANT_DOM(query_size) },
	[GNTTABOP_unmap_and_replace]	= { GRANT_OP(unmap_and_replace) },
	[GNTTABOP_get_status_frames]	= { GRANT_OP(get_status_frames), .single = true,
					    GRANT_DOM(get_status_frames) },
	[GNTTABOP_swap_grant_ref]	= { GRANT_OP(swap_grant_ref) },
	[GNTTABOP_set_version]		= { GRANT_PLAIN(set_version), .uncounted = true },
	[GNTTABOP_get_version]		= { GRANT_PLAIN(get_version), .uncounted = true,
					    GRANT_DOM(get_version) },
	[GNTTABOP_cache_flush]		= { GRANT_PLAIN(cache_flush), .input = true },
};

static long grant_run(u32 cmd, gva_t uop, struct grant_batch *b)
{
	const struct grant_op *o = &grant_ops[cmd];
	u64 op[sizeof(struct gnttab_copy) / 8];
	long rc = 0;

	if (copy_from_guest(op, uop, o->size))	/* H3 */
		return -EFAULT;
	if (o->domain)
		rc = domain_get_target(*(domid_t *)((u8 *)op + o->domain - 1), &b->domain);
	if (rc && o->status)
		rc = rc == -ESRCH ? GNTST_bad_domain : GNTST_permission_denied;
	if (!rc) {
		rc = o->run(op, b);
		if (o->domain)
			domain_put(b->domain);
	}
	if (o->input)
		return rc;
	if (o->status) {
		*(s16 *)((u8 *)op + o->status) = rc;
		rc = 0;
	}
	return copy_to_guest(uop, op, o->size) ?: rc;
}

/*
 * The operations that guests do all day, all of words; what they write is the words
 * from the one with the status on.
 */
#define GRANT_RUN_QUICK(name)								\
static __always_inline long grant_run_##name(u32 cmd, gva_t uop, struct grant_batch *b)	\
{											\
	struct gnttab_##name op;							\
	const u32 words = sizeof(op) / 8, out = offsetof(struct gnttab_##name, status) / 8;	\
											\
	if (copy_struct_from_guest(&op, uop))	/* H3 */				\
		return -EFAULT;								\
	op.status = grant_op_##name(&op, b);						\
	return copy_words_to_guest(uop, out, (u64 *)&op + out, words - out);		\
}
GRANT_RUN_QUICK(map_grant_ref)
GRANT_RUN_QUICK(unmap_grant_ref)
GRANT_RUN_QUICK(copy)

/* They are worked off in batches: TLBs are flushed once for each. */
static __always_inline long grant_run_list(long (*run)(u32 cmd, gva_t uop, struct grant_batch *b),
					   u32 cmd, gva_t uop, u32 count)
{
	struct grant_batch batch;
	long rc = 0;

	while (count && !rc) {
		u32 n = MIN(count, GRANT_BATCH);

		grant_begin_batch(&batch);
		for (count -= n; n && !rc; n--, uop.a += grant_ops[cmd].size)
			rc = run(cmd, uop, &batch);
		grant_finish_batch(&batch);
		if (count && !rc && preempt_requested()) {	/* T5 */
			hypercall_set_arg(1, uop.a);
			hypercall_set_arg(2, count);
			rc = -ERESTART;
		}
	}
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
	/* A copy each of the list's loop, made for the operation. */
	switch (cmd) {
	case GNTTABOP_map_grant_ref:
		return grant_run_list(grant_run_map_grant_ref, cmd, uop, count);
	case GNTTABOP_unmap_grant_ref:
		return grant_run_list(grant_run_unmap_grant_ref, cmd, uop, count);
	case GNTTABOP_copy:
		return grant_run_list(grant_run_copy, cmd, uop, count);
	}
	if (cmd >= ARRAY_SIZE(grant_ops) || !grant_ops[cmd].run)
		return -ENOSYS;
	if (grant_ops[cmd].single && count != 1)
		return -EINVAL;
	return grant_run_list(grant_run, cmd, uop, grant_ops[cmd].uncounted ? 1 : count);
}
