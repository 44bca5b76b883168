// SPDX-License-Identifier: GPL-2.0-only
/*
 * HYPERVISOR_memory_op (xen/memory.h): a domain's frames come and go.
 *
 * Lists of extents are worked off one by one; the number done is kept in the
 * high bits of the command, so that a preempted call can go on.
 */
#include "hypercall.h"

#include "grant_table.h"

#include <xen/memory.h>

#define CMD_MASK	((1u << 6) - 1)
#define EXTENT_SHIFT	6
#define INVALID_GFN	(~0ull)
#define SETTLE_STEP	32u		/* frames between two preemption points */
#define GUEST_ORDER_MAX	9		/* 2 MiB */
#define DOM0_ORDER_MAX	12		/* 16 MiB: they are cleared in one go */
#define NO_NODE		0xff		/* what XENMEMF_get_node() makes of none */

static unsigned int address_bits(const struct xen_memory_reservation *r)
{
	return XENMEMF_get_address_bits(r->mem_flags) ?: ADDR_BITS_ANY;
}

static unsigned int order_max(const struct domain *d)
{
	return d->privileged ? DOM0_ORDER_MAX : GUEST_ORDER_MAX;
}

static gva_t extent_slot(const struct xen_memory_reservation *r, u64 i)
{
	return gva_index(gva_of(r->extent_start), xen_pfn_t, i);
}

/* The frames from @p on become @d's, as @gfn and the following if given; it learns which. */
static int extent_adopt(struct domain *d, struct page *p, unsigned int order, u32 claimed,
			const xen_pfn_t *gfn, gva_t slot)
{
	xen_pfn_t mfn = page_to_mfn(p).n;

	/* X6: while they are nobody's, or they could be another's by now. */
	for (u64 k = 0; k < 1ull << order; k++)
		arch_set_gfn(p + k, gfn ? *gfn + k : INVALID_GFN);
	if (domain_page_adopt(d, p, order, claimed))
		return -ENOMEM;
	return slot.a ? copy_to_guest(slot, &mfn, sizeof(mfn)) : 0;
}

/* There is one node, number 0. */
static bool node_exists(u32 flags)
{
	u32 node = XENMEMF_get_node(flags);

	return !(flags & XENMEMF_exact_node_request) || !node || node == NO_NODE;
}

/* Once there, the frames are the domain's; that it cannot learn which is its loss. */
static int give_extent(struct domain *d, const struct xen_memory_reservation *r, u64 i, bool gfns)
{
	gva_t slot = extent_slot(r, i);
	struct page *p;
	xen_pfn_t gfn;
	u32 claimed;

	if (gfns && copy_from_guest(&gfn, slot, sizeof(gfn)))
		return -EFAULT;
	/* Whether it may is decided in the end; to take frames in vain makes CPUs flush. */
	if (!node_exists(r->mem_flags) ||
	    (gfns && r->mem_flags & XENMEMF_populate_on_demand && d == current->domain) ||
	    READ_ONCE(d->tot_pages) + (1ull << r->extent_order) > d->max_pages)
		return -ENOMEM;
	p = page_alloc_claimed(r->extent_order, address_bits(r), &d->claimed, &claimed);
	if (!p)
		return -ENOMEM;
	return extent_adopt(d, p, r->extent_order, claimed, gfns ? &gfn : NULL, slot);
}

static int take_page(struct domain *d, struct page *p)
{
	int err = arch_page_release(d, p);

	if (!err)
		arch_set_gfn(p, INVALID_GFN);
	return err;
}

/* Could it be taken? Not when it is mapped or otherwise in use by somebody but us. */
static int check_page(struct domain *d, struct page *p)
{
	return READ_ONCE(p->count) == (PC_ALLOCATED | 2) ? 0 : -EINVAL;
}

/* For frames @k to @end of those in @r's extents, until one fails. */
static int frames_do(struct domain *d, const struct xen_memory_reservation *r, u64 k, u64 end,
		     int (*what)(struct domain *d, struct page *p))
{
	int err = 0;

	for (; k < end && !err; k++) {
		struct page *p;
		xen_pfn_t mfn;

		err = copy_from_guest(&mfn, extent_slot(r, k >> r->extent_order), sizeof(mfn));
		p = err ? NULL : mfn_get(MFN(mfn + (k & ((1ull << r->extent_order) - 1))), d);
		if (!p)
			return err ?: -EINVAL;
		err = what(d, p);
		page_put(p);
	}
	return err;
}

/*
 * The same frames are nobody's. First their pins end, also when one of them cannot be
 * taken; a page table stays one till its uses end. That may be begun again (T5); what
 * follows not.
 */
static int take_frames(struct domain *d, const struct xen_memory_reservation *r, u64 k, u64 end)
{
	int err = 0;

	for (u64 step = k; step < end && !err; step += SETTLE_STEP)
		err = step > k && preempt_requested() ? -ERESTART :
		      frames_do(d, r, step, MIN(step + SETTLE_STEP, end), arch_page_settle);
	return err ?: frames_do(d, r, k, end, take_page);
}

/* Return: how many extents were done, whatever stopped it. */
static long change_reservation(u32 cmd, u64 start, gva_t arg)
{
	struct xen_memory_reservation r;
	struct domain *d;
	int err = 0;
	u64 i;

	/* H3 */
	if (copy_from_guest(&r, arg, sizeof(r)) || start > r.nr_extents ||
	    r.extent_order > order_max(current->domain) ||
	    r.nr_extents > ~0ull >> (EXTENT_SHIFT + 1 + r.extent_order) ||
	    domain_get_target(r.domid, &d))
		return start;
	for (i = start; i < r.nr_extents; i++) {
		if (i > start && preempt_requested())	/* T5 */
			err = -ERESTART;
		else if (cmd == XENMEM_decrease_reservation)
			err = take_frames(d, &r, i << r.extent_order, (i + 1) << r.extent_order);
		else
			err = give_extent(d, &r, i, cmd == XENMEM_populate_physmap);
		if (err)
			break;
	}
	domain_put(d);
	if (err == -ERESTART)
		hypercall_set_arg(0, cmd | i << EXTENT_SHIFT);
	return err == -ERESTART ? err : (long)i;
}

/* One extent of new frames; they are found first, so that a failure loses nothing. */
static int exchange_one(struct domain *d, const struct xen_memory_exchange *x, u64 i)
{
	unsigned int order = x->out.extent_order;
	gva_t slot = extent_slot(&x->out, i);
	xen_pfn_t gfn;
	struct page *p;
	int err;

	if (copy_from_guest(&gfn, slot, sizeof(gfn)))
		return -EFAULT;
	/* To take frames in vain makes CPUs flush. */
	err = frames_do(d, &x->in, i << order, (i + 1) << order, check_page);
	if (err)
		return err;
	p = page_alloc(order, address_bits(&x->out));
	if (!p)
		return -ENOMEM;
	err = take_frames(d, &x->in, i << order, (i + 1) << order);
	if (err) {
		page_free(p, order);
		return err;
	}
	return extent_adopt(d, p, order, 0, &gfn, slot);
}

static long exchange(u64 start, gva_t arg)
{
	struct domain *d = current->domain;
	struct xen_memory_exchange x;
	u64 ratio, i;
	int err = 0;

	if (copy_from_guest(&x, arg, sizeof(x)))
		return -EFAULT;
	if (x.nr_exchanged > x.in.nr_extents || x.in.extent_order > MAX_ORDER ||
	    x.out.extent_order > MAX_ORDER || x.in.domid != x.out.domid ||
	    x.in.nr_extents > 1u << 30 || x.out.nr_extents > 1u << 30 ||
	    x.in.nr_extents << x.in.extent_order != x.out.nr_extents << x.out.extent_order)
		return -EINVAL;
	if (x.out.extent_order > order_max(d))
		return -EPERM;
	/* Into larger or equal pieces; a guest that would break one up keeps it. */
	if (x.out.extent_order < x.in.extent_order)
		return -EINVAL;
	ratio = 1ull << (x.out.extent_order - x.in.extent_order);
	if (start > x.out.nr_extents || x.nr_exchanged != start * ratio)
		return -EINVAL;
	if (x.in.domid != DOMID_SELF && x.in.domid != d->id)
		return -EPERM;
	for (i = start; i < x.out.nr_extents && !err; i += !err) {
		err = i > start && preempt_requested() ? -ERESTART : exchange_one(d, &x, i);
		x.nr_exchanged += err ? 0 : ratio;
	}
	if (copy_to_guest(GVA(arg.a + offsetof(struct xen_memory_exchange, nr_exchanged)),
			  &x.nr_exchanged, sizeof(x.nr_exchanged)))
		return -EFAULT;
	if (err == -ERESTART)
		hypercall_set_arg(0, XENMEM_exchange | i << EXTENT_SHIFT);
	return err;
}

static long claim_pages(const struct xen_memory_reservation *r)
{
	struct domain *d;
	long err;

	if (!current->domain->privileged)
		return -EPERM;
	if (r->extent_order || r->mem_flags || r->extent_start.p ||
	    r->domid == DOMID_SELF || domain_get_target(r->domid, &d))
		return -EINVAL;
	err = domain_claim_pages(d, r->nr_extents);
	domain_put(d);
	return err;
}

/* How many frames of that kind there can be. */
static long resource_limit(const struct domain *d, const struct xen_mem_acquire_resource *r)
{
	if (r->type != XENMEM_resource_grant_table)
		return r->type > XENMEM_resource_vmtrace_buf ? -EOPNOTSUPP : -EINVAL;
	switch (r->id) {
	case XENMEM_resource_grant_table_id_shared:	return d->grants->max_frames;
	/* What version 2 would have. */
	case XENMEM_resource_grant_table_id_status:	return (d->grants->max_frames + 7) / 8;
	default:					return -EINVAL;
	}
}

static long resource_frames(struct domain *d, struct xen_mem_acquire_resource *r)
{
	long limit = resource_limit(d, r), err = 0;

	if (limit < 0)
		return limit;
	if (!r->nr_frames) {
		r->nr_frames = limit;
		return 0;
	}
	/* Version 1 tables have no status frames. */
	if (r->frame >= (u64)limit || r->nr_frames > limit - r->frame || r->id)
		return -EINVAL;
	for (u32 i = 0; i < r->nr_frames && !err; i++) {
		xen_pfn_t frame;
		mfn_t mfn;

		err = grant_frame(d, r->frame + i, &mfn);
		frame = mfn.n;
		if (!err)
			err = copy_to_guest(gva_index(gva_of(r->frame_list), xen_pfn_t, i), &frame,
					    sizeof(frame));
	}
	return err;
}

static long acquire_resource(gva_t arg)
{
	struct xen_mem_acquire_resource r;
	struct domain *d;
	long err;

	if (copy_from_guest(&r, arg, sizeof(r)))
		return -EFAULT;
	if (r.pad || !r.nr_frames != !r.frame_list.p)
		return -EINVAL;
	err = r.domid == DOMID_SELF ? -ESRCH : domain_get_target(r.domid, &d);
	if (err)
		return err;
	err = d == current->domain ? -EPERM : resource_frames(d, &r);
	domain_put(d);
	return err ? err : copy_to_guest(arg, &r, sizeof(r));
}

/* Populate on demand is for guests whose memory the core translates. */
static long pod_target(const struct xen_pod_target *t)
{
	struct domain *d;
	long err = domain_get_target(t->domid, &d);

	if (err)
		return err;
	domain_put(d);
	return -EINVAL;
}

static long query(u32 cmd, gva_t arg)
{
	struct domain *d;
	domid_t id;
	long n;

	n = copy_from_guest(&id, arg, sizeof(id)) ?: domain_get_target(id, &d);
	if (n)
		return n;
	if (cmd == XENMEM_current_reservation)
		n = d->tot_pages;
	else if (cmd == XENMEM_maximum_reservation)
		n = d->max_pages;
	else
		/* The guest's word, which another domain may have asked for. */
		n = MIN(READ_ONCE(d->shared->arch.max_pfn), 1ul << 40);
	domain_put(d);
	return cmd == XENMEM_maximum_gpfn && n ? n - 1 : n;
}

long do_memory_op(u64 cmd, gva_t arg)
{
	u64 start = (u32)cmd >> EXTENT_SHIFT | (cmd >> 32) << (32 - EXTENT_SHIFT);

	cmd &= CMD_MASK;
	switch (cmd) {
	case XENMEM_increase_reservation:
	case XENMEM_decrease_reservation:
	case XENMEM_populate_physmap:		return change_reservation(cmd, start, arg);
	case XENMEM_exchange:			return exchange(start, arg);
	case XENMEM_maximum_ram_page:		return max_mfn;
	case XENMEM_current_reservation:
	case XENMEM_maximum_reservation:
	case XENMEM_maximum_gpfn:		return query(cmd, arg);
	case XENMEM_claim_pages:
		return COPY_AND_CALL(arg, struct xen_memory_reservation, claim_pages);
	case XENMEM_acquire_resource:		return acquire_resource(arg);
	case XENMEM_set_pod_target:
	case XENMEM_get_pod_target:
		return COPY_AND_CALL(arg, struct xen_pod_target, pod_target);
	case XENMEM_get_vnumainfo:		return -EOPNOTSUPP;	/* nobody has any */
	case XENMEM_get_sharing_freed_pages:
	case XENMEM_get_sharing_shared_pages:	return 0;	/* no frame is shared */
	}
	return arch_memory_op(cmd, arg);
}
