// SPDX-License-Identifier: GPL-2.0-only
/*
 * HYPERVISOR_mmuext_op (xen/xen.h): pinning, base pointers, flushes, LDT,
 * clearing and copying frames.
 */
#include "asm.h"
#include "compiler.h"
#include "errno.h"
#include "page_type.h"
#include "preempt.h"
#include "pv.h"
#include "smp.h"
#include "string.h"
#include "uaccess.h"

#define DONE_BIT	(1u << 31)

static int pin(struct domain *d, mfn_t mfn, unsigned int level)
{
	struct page *p = mfn_to_page(mfn);
	int err = pt_get(d, mfn, level);

	if (err)
		return err;
	if (__atomic_fetch_or(&p->type, PT_PINNED, __ATOMIC_RELAXED) & PT_PINNED) {
		pt_put(p);
		return -EINVAL;
	}
	return 0;
}

/* The pin goes last: a preempted release finds it still there and goes on. */
static int unpin(struct domain *d, mfn_t mfn)
{
	struct page *p = mfn_to_page(mfn);
	int err;

	if (!mfn_valid(mfn) || !page_get(p, d))
		return -EINVAL;
	err = -EINVAL;
	if (p->type & PT_PINNED) {
		err = page_type_put(p);
		if (!err) {
			__atomic_fetch_and(&p->type, ~PT_PINNED, __ATOMIC_RELAXED);
			page_put(p);
		}
	}
	page_put(p);
	return err;
}

#define M2P_SLOT	256	/* of an L4 table: MACH2PHYS_VIRT_START */

void pv_show_m2p(mfn_t root, bool visible)
{
	u64 *l4 = mfn_to_virt(root);

	l4[M2P_SLOT] = visible ? core_l4[M2P_SLOT] : 0;
}

static int new_root(struct vcpu *v, mfn_t mfn, bool user)
{
	u64 *root = user ? &v->arch.user_cr3 : &v->arch.kernel_cr3;
	u64 old = *root, new = mfn_to_maddr(mfn).a;
	int err;

	if (new == old)
		return 0;
	if (!user || mfn.n) {
		err = pt_get(v->domain, mfn, 4);
		if (err)
			return err;
	}
	*root = new;
	/* The guest's user mode has no business with the machine's frame numbers. */
	if (new)
		pv_show_m2p(mfn, !user || new == v->arch.kernel_cr3);
	if (!user)
		pv_load_cr3(v);
	if (old)
		pt_put(mfn_to_page(PTE_MFN(old)));
	return 0;
}

static struct page *writable_frame(struct domain *d, mfn_t mfn)
{
	struct page *p = mfn_to_page(mfn);

	if (!mfn_valid(mfn) || !page_get(p, d))
		return NULL;
	if (!page_type_get(p, PT_WRITABLE))
		return p;
	page_put(p);
	return NULL;
}

struct page *arch_get_guest_page_writable(struct domain *d, u64 gmfn)
{
	struct page *p;

	spin_lock(&d->pt_lock);
	p = writable_frame(d, MFN(gmfn));
	spin_unlock(&d->pt_lock);
	return p;
}

void arch_put_guest_page_writable(struct page *p)
{
	page_type_put(p);
	page_put(p);
}

static int clear_or_copy(struct domain *d, const struct mmuext_op *op)
{
	struct page *to = writable_frame(d, MFN(op->arg1.mfn)), *from;
	int err = -EINVAL;

	if (!to)
		return err;
	if (op->cmd == MMUEXT_CLEAR_PAGE) {
		memset(page_to_virt(to), 0, PAGE_SIZE);
		err = 0;
	} else if (mfn_valid(MFN(op->arg2.src_mfn))) {
		from = mfn_to_page(MFN(op->arg2.src_mfn));
		if (page_get(from, d)) {
			memcpy(page_to_virt(to), page_to_virt(from), PAGE_SIZE);
			page_put(from);
			err = 0;
		}
	}
	page_type_put(to);
	page_put(to);
	return err;
}

/* Operations that do not touch page tables: without pt_lock. */
static int flush_op(struct vcpu *v, const struct mmuext_op *op)
{
	u64 me = 1ull << this_cpu()->id, mask, va = op->arg1.linear_addr;

	switch (op->cmd) {
	case MMUEXT_TLB_FLUSH_LOCAL:
		tlb_flush_local();
		return 0;
	case MMUEXT_INVLPG_LOCAL:
		if (va_is_guest(va))
			invlpg(va);
		return 0;
	case MMUEXT_TLB_FLUSH_MULTI:
	case MMUEXT_INVLPG_MULTI:
		if (pv_flush_mask(v->domain, gva_of(op->arg2.vcpumask), &mask))
			return -EINVAL;
		break;
	case MMUEXT_TLB_FLUSH_ALL:
	case MMUEXT_INVLPG_ALL:
		mask = pv_flush_mask_all(v->domain);
		break;
	case MMUEXT_FLUSH_CACHE:
	case MMUEXT_FLUSH_CACHE_GLOBAL:
		if (!v->domain->privileged)
			return -EACCES;
		wbinvd();
		return 0;
	case MMUEXT_SET_LDT:
		return pv_set_ldt(v, va, op->arg2.nr_ents);
	case MMUEXT_MARK_SUPER:
	case MMUEXT_UNMARK_SUPER:
		return -EOPNOTSUPP;
	default:
		return -ENOSYS;
	}
	if (op->cmd == MMUEXT_TLB_FLUSH_MULTI || op->cmd == MMUEXT_TLB_FLUSH_ALL)
		tlb_flush_cpus(mask);
	else if (va_is_guest(va))
		tlb_flush_page_cpus(mask & ~me, va), mask & me ? invlpg(va) : (void)0;
	return 0;
}

static int table_op(struct vcpu *v, const struct mmuext_op *op)
{
	struct domain *d = v->domain;
	mfn_t mfn = MFN(op->arg1.mfn);
	int err = pt_finish_deferred(d);

	if (err)
		return err;
	switch (op->cmd) {
	case MMUEXT_PIN_L1_TABLE ... MMUEXT_PIN_L4_TABLE:
		return pin(d, mfn, op->cmd - MMUEXT_PIN_L1_TABLE + 1);
	case MMUEXT_UNPIN_TABLE:
		return unpin(d, mfn);
	case MMUEXT_NEW_BASEPTR:
		return new_root(v, mfn, false);
	case MMUEXT_NEW_USER_BASEPTR:
		return new_root(v, mfn, true);
	default:	/* MMUEXT_CLEAR_PAGE, MMUEXT_COPY_PAGE */
		return clear_or_copy(d, op);
	}
}

static bool is_table_op(u32 cmd)
{
	return cmd <= MMUEXT_NEW_BASEPTR || cmd == MMUEXT_NEW_USER_BASEPTR ||
	       cmd == MMUEXT_CLEAR_PAGE || cmd == MMUEXT_COPY_PAGE;
}

int pv_mmuext_one(struct vcpu *v, const struct mmuext_op *op)
{
	int err;

	if (!is_table_op(op->cmd))
		return flush_op(v, op);
	spin_lock(&v->domain->pt_lock);
	err = table_op(v, op);
	spin_unlock(&v->domain->pt_lock);
	return err;
}

static int foreign_check(const struct domain *d, u32 foreign)
{
	if (foreign == DOMID_SELF)
		return 0;
	return foreign == DOMID_IO || foreign == DOMID_XEN ? -EPERM : -ESRCH;
}

/** do_mmuext_op() - HYPERVISOR_mmuext_op; a continuation as in do_mmu_update() */
long do_mmuext_op(gva_t ops, u32 count, gva_t done, u32 foreign)
{
	struct vcpu *v = current;
	struct mmuext_op op;
	u32 before = 0, n = 0;
	int err;

	if (count & DONE_BIT) {
		count &= ~DONE_BIT;
		if (done.a && copy_from_guest(&before, done, sizeof(before)))
			before = 0;
	}
	err = foreign_check(v->domain, foreign);
	while (!err && n < count) {
		err = copy_from_guest(&op, gva_index(ops, struct mmuext_op, n), sizeof(op));
		if (!err)
			err = pv_mmuext_one(v, &op);
		if (!err)
			n++;
		if (!err && n < count && preempt_requested())
			err = -ERESTART;
	}
	before += n;
	if (done.a && copy_to_guest(done, &before, sizeof(before)))
		before = 0;
	if (err == -ERESTART) {
		hypercall_set_arg(0, gva_index(ops, struct mmuext_op, n).a);
		hypercall_set_arg(1, (count - n) | DONE_BIT);
	}
	return err;
}
