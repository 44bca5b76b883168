// SPDX-License-Identifier: GPL-2.0-only
/*
 * Log-dirty: which of a domain's frames were written to, for who moves it while it
 * runs (XEN_DOMCTL_shadow_op).
 *
 * Who asks gets the frames that changed since he asked last. Nothing is hidden from
 * the guest, whose tables they are (M3). To take W away and give it back unseen would
 * not do: a fork that finds a page read-only leaves it so, and the parent would write
 * to what the child has, too. What tells is the dirty bit of the guest's own entries:
 *
 *	a table of	an entry with W and D marks its frame, then
 *	kernel half	loses D: a kernel does not ask what itself wrote to
 *	user half	loses W, for D matters there; the table is marked as well. The
 *			next write faults, and the kernel gives W back as after a fork
 *	both, neither	keeps both, and is marked in every round; so is the lower half of
 *			who never ran a user, for it is the kernel's (GRUB's)
 *
 * Halves are told by where tables hang in L4 tables. So the domain is paused while
 * they are looked at, from the top down, and the TLBs are flushed before it goes on.
 *
 * Between two looks, what takes an entry away marks what it let write (under pt_lock,
 * where page->flags are also reported); the core marks what it writes by itself, and
 * table frames whenever they or their use change. A frame that others than the
 * owner's tables may write counts as dirty as long as that is so (page_hold()).
 *
 * Marks are by machine frame; the bitmap is by the guest's numbers at the time of
 * the report. One tool a domain: a second one would take marks from the first.
 */
#include "domctl.h"

#include "hypercall.h"
#include "pv.h"

#define PTE_WRITABLE	(PTE_P | PTE_W)
#define PTE_WRITTEN	(PTE_P | PTE_W | PTE_D)
#define HALVES		(PAGE_USER | PAGE_KERNEL)
#define LOOK_STEP	1024		/* frames between two preemption points */
#define CLEAR_STEP	(64 * PAGE_SIZE)	/* bytes of the bitmap */

/* What one pass does, in order; the domain is paused from STEP_L4 to STEP_L1. */
enum step { STEP_NONE, STEP_CLEAR, STEP_L4, STEP_L3, STEP_L2, STEP_L1, STEP_REPORT };

/* ---- marks ---- */

static void mark_writable(const struct domain *d, u64 e)
{
	struct page *p = mfn_to_page(PTE_MFN(e));

	if ((e & PTE_WRITABLE) == PTE_WRITABLE && mfn_valid(PTE_MFN(e)) && p->owner == d)
		page_mark_dirty(p);
}

void log_dirty_mark_slot(struct domain *d, u64 *slot, u64 val)
{
	page_mark_dirty(virt_to_page(slot));
	mark_writable(d, READ_ONCE(*slot));
	mark_writable(d, val);
}

void log_dirty_table(struct page *p)
{
	const u64 *t = page_to_virt(p);

	page_mark_dirty(p);
	if ((p->type & PT_TYPE_MASK) != PT_L1)
		return;
	for (u32 i = 0; i < p->nr_valid; i++)
		mark_writable(p->owner, READ_ONCE(t[i]));
}

/* ---- looking at tables (M2); the domain is paused, its pt_lock is held ---- */

static void look_at_l1(struct domain *d, struct page *p, u8 half)
{
	u64 *t = page_to_virt(p);

	for (u32 i = 0; i < PAGE_SIZE / sizeof(*t); i++) {
		u64 e = READ_ONCE(t[i]);

		if ((e & PTE_WRITTEN) != PTE_WRITTEN || !mfn_valid(PTE_MFN(e)) ||
		    mfn_to_page(PTE_MFN(e))->owner != d)
			continue;
		page_mark_dirty(mfn_to_page(PTE_MFN(e)));
		if (half == PAGE_KERNEL) {
			__atomic_fetch_and(&t[i], ~(u64)PTE_D, __ATOMIC_RELAXED);
			continue;
		}
		page_mark_dirty(p);
		/* To take a right away from an own frame cannot fail. */
		if (half == PAGE_USER && pt_write_l1(d, d, &t[i], e & ~(u64)PTE_W, true))
			continue;
	}
}

static void look_at(struct domain *d, struct page *p, unsigned int level)
{
	u8 half = __atomic_fetch_and(&p->flags, ~HALVES, __ATOMIC_RELAXED) & HALVES;
	u8 lower = test_bit(VM_NO_USER_YET, &d->vm_assist) ? HALVES : PAGE_USER;
	const u64 *t = page_to_virt(p);

	if (level == 1) {
		look_at_l1(d, p, half);
		return;
	}
	for (u32 i = 0; i < PAGE_SIZE / sizeof(*t); i++) {
		if (level == 4 && i == FIRST_CORE_SLOT)
			i = END_CORE_SLOT;
		if (level == 4)
			half = i < FIRST_CORE_SLOT ? lower : PAGE_KERNEL;
		if (t[i] & PTE_P)
			__atomic_fetch_or(&mfn_to_page(PTE_MFN(t[i]))->flags, half,
					  __ATOMIC_RELAXED);
	}
}

static int look_at_all(struct domain *d, unsigned int level)
{
	struct log_dirty *l = &d->arch.log_dirty;

	for (; l->next < max_mfn; l->next++) {
		struct page *p = mfn_to_page(MFN(l->next));
		bool worked = page_is_table(p, d, level);

		if (worked) {
			spin_guard(&d->pt_lock);
			if (page_is_table(p, d, level))
				look_at(d, p, level);
		}
		if ((worked || !(l->next % LOOK_STEP)) && preempt_requested()) {
			l->next++;
			return -ERESTART;
		}
	}
	return 0;
}

/* ---- the report ---- */

/* @bitmap: the caller's, of @pages bits, or none; @count: of those set */
struct report {
	gva_t bitmap;
	u64 pages;
	u32 *count;
	bool keep;	/* the marks */
};

static int report_clear(struct domain *d, const struct report *r)
{
	struct log_dirty *l = &d->arch.log_dirty;
	u64 bytes = r->pages / 8 + !!(r->pages % 8);

	for (; r->bitmap.a && l->next < bytes; l->next += CLEAR_STEP) {
		if (l->next && preempt_requested())
			return -ERESTART;
		if (clear_guest(GVA(r->bitmap.a + l->next), MIN(bytes - l->next, CLEAR_STEP)))
			return -EFAULT;
	}
	return 0;
}

static int report_set(const struct report *r, u64 gfn)
{
	gva_t at = GVA(r->bitmap.a + gfn / 8);
	u8 byte;

	if (copy_from_guest(&byte, at, 1))
		return -EFAULT;
	byte |= 1 << gfn % 8;
	return copy_to_guest(at, &byte, 1);
}

static bool page_is_dirty(const struct page *p)
{
	u64 type = READ_ONCE(p->type);

	/* The CPU sets accessed bits in descriptors. */
	return READ_ONCE(p->flags) & (PAGE_DIRTY | PAGE_HOLDERS) ||
	       ((type & PT_TYPE_MASK) == PT_DESC && type & PT_COUNT_MASK);
}

/* Under pt_lock, so that an entry that goes is marked before the report or after it. */
static int report_frame(struct page *p, const struct report *r)
{
	u64 gfn = READ_ONCE(m2p[page_to_mfn(p).n]);
	int err = 0;

	if (gfn >= r->pages || p->count & PC_XEN)
		return 0;
	if (!r->keep)
		__atomic_fetch_and(&p->flags, ~PAGE_DIRTY, __ATOMIC_SEQ_CST);
	if (r->bitmap.a)
		err = report_set(r, gfn);
	if (err)
		page_mark_dirty(p);
	++*r->count;
	return err;
}

static int report_all(struct domain *d, const struct report *r)
{
	struct log_dirty *l = &d->arch.log_dirty;
	int err = 0;

	for (; l->next < max_mfn && !err; l->next++) {
		struct page *p = mfn_to_page(MFN(l->next));

		if (READ_ONCE(p->owner) == d && page_is_dirty(p)) {
			spin_guard(&d->pt_lock);
			err = report_frame(p, r);
		}
		if (!err && !((l->next + 1) % LOOK_STEP) && preempt_requested())
			err = -ERESTART;
	}
	return err;
}

/* ---- a pass, and who asks for it ---- */

/* Return: 0, -EFAULT, or -ERESTART: call again. */
static int pass(struct domain *d, const struct report *r)
{
	struct log_dirty *l = &d->arch.log_dirty;
	int err = 0;

	if (!l->step)
		*r->count = 0;
	while (l->step <= STEP_REPORT && !err) {
		if (l->step == STEP_CLEAR)
			err = report_clear(d, r);
		else if (l->step == STEP_REPORT)
			err = report_all(d, r);
		else if (l->step)
			err = look_at_all(d, 4 - (l->step - STEP_L4));
		if (err)
			break;
		l->step++;
		l->next = 0;
		if (l->step == STEP_L4)
			domain_pause(d);
		if (l->step == STEP_REPORT) {
			tlb_flush_cpus(pv_flush_mask_all(d));
			domain_unpause(d);
		}
	}
	if (err != -ERESTART)
		l->step = STEP_NONE;
	return err;
}

static long log_dirty_enable(struct domain *d, struct xen_domctl_shadow_op *s)
{
	struct log_dirty *l = &d->arch.log_dirty;
	u32 mode = s->op == XEN_DOMCTL_SHADOW_OP_ENABLE ? s->mode
							: XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY;

	if (mode != XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY || (l->on && !l->step))
		return -EINVAL;
	l->on = true;
	/* What has been written so far, who asks reads anyhow. */
	return pass(d, &(struct report){ .pages = ~0ull, .count = &s->stats.dirty_count });
}

static long log_dirty_off(struct domain *d)
{
	struct log_dirty *l = &d->arch.log_dirty;
	u32 count;
	int err = l->step ? pass(d, &(struct report){ .count = &count }) : 0;

	if (!l->on)
		return -EINVAL;
	l->on = err;
	return err;
}

static long log_dirty_report(struct domain *d, struct xen_domctl_shadow_op *s)
{
	const struct report r = {
		.bitmap = gva_of(s->dirty_bitmap), .count = &s->stats.dirty_count,
		.pages = s->dirty_bitmap.p ? s->pages : ~0ull,
		.keep = s->op == XEN_DOMCTL_SHADOW_OP_PEEK,
	};

	return d->arch.log_dirty.on ? pass(d, &r) : -EINVAL;
}

long domctl_shadow_op(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_shadow_op *s = &op->u.shadow_op;

	if (d->dying)
		return -EINVAL;
	switch (s->op) {
	case XEN_DOMCTL_SHADOW_OP_OFF:
		return log_dirty_off(d);
	case XEN_DOMCTL_SHADOW_OP_ENABLE: case XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY:
		return log_dirty_enable(d, s);
	case XEN_DOMCTL_SHADOW_OP_CLEAN: case XEN_DOMCTL_SHADOW_OP_PEEK:
		return log_dirty_report(d, s);
	default:	/* also allocations: there are no shadows that would need any */
		return -EINVAL;
	}
}
