// SPDX-License-Identifier: GPL-2.0-only
/*
 * HYPERVISOR_memory_op (xen/memory.h): a domain's frames come and go.
 *
 * Lists of extents are worked off one by one; the number done is kept in the
 * high bits of the command, so that a preempted call can go on.
 */
#include "memory.h"

#include "types.h"
#include "domain.h"
#include "errno.h"
#include "page_alloc.h"
#include "percpu.h"
#include "preempt.h"
#include "uaccess.h"

#include <xen/memory.h>

#define CMD_MASK	((1u << 6) - 1)
#define EXTENT_SHIFT	6
#define INVALID_GFN	(~0ull)
#define GUEST_ORDER_MAX	9		/* 2 MiB; dom0 may take what there is */

/* Whom a structure means: only a privileged domain may name another. */
static struct domain *target(domid_t id)
{
	struct domain *d;

	if (id != DOMID_SELF && id != current->domain->id && !current->domain->privileged)
		return NULL;
	d = domain_get_by_id(id);
	return d;
}

static int give_extent(struct domain *d, const struct xen_memory_reservation *r, u64 i, bool gfns)
{
	unsigned int bits = XENMEMF_get_address_bits(r->mem_flags);
	gva_t slot = gva_index(gva_of(r->extent_start), xen_pfn_t, i);
	xen_pfn_t gfn = 0, mfn;
	struct page *p;

	if (gfns && copy_from_guest(&gfn, slot, sizeof(gfn)))
		return -EFAULT;
	p = domain_page_alloc(d, r->extent_order, bits ? bits : ADDR_BITS_ANY);
	if (!p)
		return -ENOMEM;
	mfn = page_to_mfn(p).n;
	for (u64 k = 0; gfns && k < 1ull << r->extent_order; k++)
		arch_set_gfn(p + k, gfn + k);
	/* The frames are the domain's already; that it cannot learn which is its loss. */
	if ((gfns || slot.a) && copy_to_guest(slot, &mfn, sizeof(mfn)))
		return -EFAULT;
	return 0;
}

static int take_frame(struct domain *d, mfn_t mfn)
{
	struct page *p = mfn_to_page(mfn);
	int err;

	if (!mfn_valid(mfn) || !page_get(p, d))
		return -EINVAL;
	/* A page table stays one till its pin and its uses end. */
	err = domain_page_release(d, p);
	if (!err)
		arch_set_gfn(p, INVALID_GFN);
	page_put(p);
	return err;
}

static int take_extent(struct domain *d, const struct xen_memory_reservation *r, u64 i)
{
	xen_pfn_t mfn;
	int err = 0;

	if (copy_from_guest(&mfn, gva_index(gva_of(r->extent_start), xen_pfn_t, i), sizeof(mfn)))
		return -EFAULT;
	for (u64 k = 0; k < 1ull << r->extent_order && !err; k++)
		err = take_frame(d, MFN(mfn + k));
	return err;
}

static int one_extent(u32 cmd, struct domain *d, const struct xen_memory_reservation *r, u64 i)
{
	switch (cmd) {
	case XENMEM_increase_reservation:
		return give_extent(d, r, i, false);
	case XENMEM_populate_physmap:
		return give_extent(d, r, i, true);
	default:	/* XENMEM_decrease_reservation */
		return take_extent(d, r, i);
	}
}

/* Return: how many extents were done, whatever stopped it. */
static long change_reservation(u32 cmd, u64 start, gva_t arg)
{
	struct xen_memory_reservation r;
	struct domain *d;
	u64 i;
	int err = 0;

	if (copy_from_guest(&r, arg, sizeof(r)))
		return start;
	if (r.nr_extents > ~0ull >> (EXTENT_SHIFT + 1) || start > r.nr_extents)
		return start;
	if (r.extent_order > (current->domain->privileged ? MAX_ORDER : GUEST_ORDER_MAX))
		return start;
	d = target(r.domid);
	if (!d)
		return start;
	for (i = start; i < r.nr_extents; i++) {
		err = one_extent(cmd, d, &r, i);
		if (err)
			break;
		if (i + 1 < r.nr_extents && preempt_requested()) {
			hypercall_set_arg(0, cmd | (i + 1) << EXTENT_SHIFT);
			err = -ERESTART;
			break;
		}
	}
	domain_put(d);
	return err == -ERESTART ? err : (long)i;
}

/* Could all the frames that one new extent replaces be taken? */
static int exchange_check(struct domain *d, const struct xen_memory_exchange *x, u64 first,
			  u64 nr)
{
	for (u64 i = 0; i < nr << x->in.extent_order; i++) {
		u64 extent = first + (i >> x->in.extent_order);
		xen_pfn_t mfn;
		struct page *p;

		if (copy_from_guest(&mfn, gva_index(gva_of(x->in.extent_start), xen_pfn_t, extent),
				    sizeof(mfn)))
			return -EFAULT;
		mfn += i & ((1ull << x->in.extent_order) - 1);
		if (!mfn_valid(MFN(mfn)))
			return -EINVAL;
		p = mfn_to_page(MFN(mfn));
		/* Mapped or otherwise in use by somebody: it would not go. */
		if (p->owner != d || READ_ONCE(p->count) != (PC_ALLOCATED | 1))
			return -EINVAL;
	}
	return 0;
}

/* One extent of new frames; they are found first, so that a failure loses nothing. */
static int exchange_one(struct domain *d, const struct xen_memory_exchange *x, u64 i)
{
	unsigned int bits = XENMEMF_get_address_bits(x->out.mem_flags);
	u64 ratio = 1ull << (x->out.extent_order - x->in.extent_order);
	gva_t slot = gva_index(gva_of(x->out.extent_start), xen_pfn_t, i);
	xen_pfn_t gfn, mfn;
	struct page *p;
	int err;

	if (copy_from_guest(&gfn, slot, sizeof(gfn)))
		return -EFAULT;
	p = page_alloc(x->out.extent_order, bits ? bits : ADDR_BITS_ANY);
	if (!p)
		return -ENOMEM;
	err = exchange_check(d, x, i * ratio, ratio);
	for (u64 k = 0; k < ratio && !err; k++)
		err = take_extent(d, &x->in, i * ratio + k);
	if (!err)
		err = domain_page_adopt(d, p, x->out.extent_order);
	if (err) {
		page_free(p, x->out.extent_order);
		return err;
	}
	for (u64 k = 0; k < 1ull << x->out.extent_order; k++)
		arch_set_gfn(p + k, gfn + k);
	mfn = page_to_mfn(p).n;
	return copy_to_guest(slot, &mfn, sizeof(mfn));
}

static long exchange(u64 start, gva_t arg)
{
	struct xen_memory_exchange x;
	struct domain *d;
	u64 ratio, i;
	int err = 0;

	if (copy_from_guest(&x, arg, sizeof(x)))
		return -EFAULT;
	if (x.nr_exchanged > x.in.nr_extents || x.in.extent_order > MAX_ORDER ||
	    x.out.extent_order > MAX_ORDER || x.in.domid != x.out.domid ||
	    x.in.nr_extents > 1u << 30 || x.out.nr_extents > 1u << 30 ||
	    x.in.nr_extents << x.in.extent_order != x.out.nr_extents << x.out.extent_order)
		return -EINVAL;
	if (x.out.extent_order > GUEST_ORDER_MAX && !current->domain->privileged)
		return -EPERM;
	/* Into larger or equal pieces; breaking up has no user. */
	if (x.out.extent_order < x.in.extent_order)
		return -EINVAL;
	ratio = 1ull << (x.out.extent_order - x.in.extent_order);
	if (start > x.out.nr_extents || x.nr_exchanged != start * ratio)
		return -EINVAL;
	if (x.in.domid != DOMID_SELF && x.in.domid != current->domain->id)
		return -EPERM;
	d = current->domain;
	for (i = start; i < x.out.nr_extents && !err; i++) {
		err = exchange_one(d, &x, i);
		if (!err)
			x.nr_exchanged += ratio;
		if (!err && i + 1 < x.out.nr_extents && preempt_requested()) {
			hypercall_set_arg(0, XENMEM_exchange | (i + 1) << EXTENT_SHIFT);
			err = -ERESTART;
		}
	}
	if (copy_to_guest(GVA(arg.a + offsetof(struct xen_memory_exchange, nr_exchanged)),
			  &x.nr_exchanged, sizeof(x.nr_exchanged)))
		err = -EFAULT;
	return err;
}

static long query(u32 cmd, gva_t arg)
{
	struct domain *d;
	domid_t id;
	long n;

	if (copy_from_guest(&id, arg, sizeof(id)))
		return -EFAULT;
	d = target(id);
	if (!d)
		return -ESRCH;
	if (cmd == XENMEM_current_reservation)
		n = d->tot_pages;
	else if (cmd == XENMEM_maximum_reservation)
		n = d->max_pages;
	else
		n = d->shared ? (long)MAX(READ_ONCE(d->shared->arch.max_pfn), 1ul) - 1 : -ENOSYS;
	domain_put(d);
	return n;
}

long do_memory_op(u64 cmd, gva_t arg)
{
	u64 start = (u32)cmd >> EXTENT_SHIFT | (cmd >> 32) << (32 - EXTENT_SHIFT);

	cmd &= CMD_MASK;
	switch (cmd) {
	case XENMEM_increase_reservation:
	case XENMEM_decrease_reservation:
	case XENMEM_populate_physmap:
		return change_reservation(cmd, start, arg);
	case XENMEM_exchange:
		return exchange(start, arg);
	case XENMEM_maximum_ram_page:
		return max_mfn;
	case XENMEM_current_reservation:
	case XENMEM_maximum_reservation:
	case XENMEM_maximum_gpfn:
		return query(cmd, arg);
	default:
		return arch_memory_op(cmd, arg);
	}
}
