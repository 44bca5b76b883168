// SPDX-License-Identifier: GPL-2.0-only
/*
 * HYPERVISOR_mmuext_op (xen/xen.h): pinning, base pointers, flushes, LDT,
 * clearing and copying frames.
 */
#include "domctl.h"

#include "pv.h"

static int pin(struct domain *d, mfn_t mfn, unsigned int level)
{
	struct page *p = mfn_to_page(mfn);
	int err = pt_get(d, mfn, level);

	if (err)
		return err;
	{
		spin_guard(&d->page_lock);
		/* L4: whoever takes the frame from the domain must see the pin. */
		page_mark_dirty(p);
		if (p->count & PC_ALLOCATED &&
		    !(__atomic_fetch_or(&p->type, PT_PINNED_BY(d), __ATOMIC_RELAXED) & PT_PINNED))
			return 0;
	}
	pt_put(p);
	return -EINVAL;
}

/* E5: vcpus that run on the table @mfn, as it is pinned, come to hold it themselves. */
static int hold_root(struct domain *d, mfn_t mfn)
{
	for_each_vcpu(d, v) {
		for (u32 i = 0; i < ARRAY_SIZE(v->arch.root); i++) {
			int err;

			if (v->arch.root[i] != mfn_to_maddr(mfn).a || v->arch.roots_held & 1u << i)
				continue;
			err = pt_get(d, mfn, 4);
			if (err)
				return err;
			v->arch.roots_held |= 1u << i;
		}
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
	err = p->type & PT_PINNED ? 0 : -EINVAL;
	if (!err && pt_is_pinned_root(d, mfn))
		err = hold_root(d, mfn);
	err = err ?: page_type_put(p);
	if (!err) {
		__atomic_fetch_and(&p->type, ~PT_PINNED_MASK, __ATOMIC_RELAXED);
		page_mark_dirty(p);
		page_put(p);
	}
	page_put(p);
	return err;
}

int arch_page_settle(struct domain *d, struct page *p)
{
	int err;

	spin_guard(&d->pt_lock);
	err = pt_finish_deferred(d);
	if (!err && p->type & PT_PINNED)
		err = unpin(d, page_to_mfn(p));
	if (err)
		return err;
	/* One that was left half validated lets go of what it has to become another type. */
	err = page_type_get(p, PT_WRITABLE);
	if (!err)
		page_type_put(p);
	return err == -ERESTART ? err : 0;
}

int arch_page_release(struct domain *d, struct page *p)
{
	/* L4: nobody begins to make a table of it meanwhile, or has done so again. */
	spin_guard(&d->pt_lock);
	if (type_is_table(p->type) && !(p->type & PT_COUNT_MASK) && p->nr_valid)
		return -EINVAL;
	return domain_page_release(d, p);
}

/* L6: what @d had the core keep of its frames. */
int arch_domain_release(struct domain *d)
{
	memory_free_map(d);
	for_each_vcpu(d, v) {
		pv_set_gdt(v, NULL, 0);
		pv_set_ldt(v, 0, 0);
		spin_guard(&d->pt_lock);
		for (u32 i = 0; i < ARRAY_SIZE(v->arch.root); i++) {
			u64 old = v->arch.root[i];

			if (pt_finish_deferred(d))
				return -ERESTART;
			v->arch.root[i] = 0;
			if (old && v->arch.roots_held & 1u << i)
				pt_put(mfn_to_page(PTE_MFN(old)));
		}
	}
	if (d->arch.eoi_page)
		arch_put_guest_page_writable(d->arch.eoi_page);
	d->arch.eoi_page = NULL;
	spin_guard(&d->pt_lock);
	return pt_finish_deferred(d);
}

/* Is the machine-to-phys table visible through the L4 table @root? */
static void show_m2p(mfn_t root, bool visible)
{
	u64 *l4 = mfn_to_virt(root);

	l4[FIRST_CORE_SLOT] = visible ? core_l4[FIRST_CORE_SLOT] : 0;
}

int pv_set_root(struct vcpu *v, mfn_t mfn, bool user)
{
	u64 old = v->arch.root[user], new = mfn_to_maddr(mfn).a;
	u8 bit = 1u << user, held = v->arch.roots_held & bit;

	if (mfn.n == PFN_DOWN(old))
		return 0;
	/* E5: a root is held by its pin, or else by @v as long as it names it. */
	if ((user && !mfn.n) || pt_is_pinned_root(v->domain, mfn)) {
		v->arch.roots_held &= ~bit;
	} else {
		int err = pt_get(v->domain, mfn, 4);

		if (err)
			return err;
		v->arch.roots_held |= bit;
	}
	v->arch.root[user] = new;
	/* The guest's user mode has no business with the machine's frame numbers. */
	if (new)
		show_m2p(mfn, !user || new == v->arch.kernel_cr3);
	else
		vcpu_forget_fast(v);
	if (!user && v == current)
		pv_load_cr3(v);
	if (old && held)
		pt_put(mfn_to_page(PTE_MFN(old)));
	return 0;
}

/*
 * Both roots of @v: what a guest does that switches from one process to another.
 * P6: neither the old ones nor the new ones are held by @v, so nothing is released.
 * Return: false when it is another case; then nothing has changed.
 */
static __always_inline bool switch_roots(struct vcpu *v, gva_t ops)
{
	u64 cmd, user_cmd, kernel, user, op = ops.a;

	spin_guard(&v->domain->pt_lock);
	if (v->arch.roots_held || !va_is_guest(op) || uaccess_read16(op, &cmd, &kernel) ||
	    (u32)cmd != MMUEXT_NEW_BASEPTR ||
	    uaccess_read16(op + sizeof(struct mmuext_op), &user_cmd, &user) ||
	    (u32)user_cmd != MMUEXT_NEW_USER_BASEPTR ||
	    !pt_is_pinned_root(v->domain, MFN(kernel)) ||
	    !pt_is_pinned_root(v->domain, MFN(user)))
		return false;
	v->arch.kernel_cr3 = mfn_to_maddr(MFN(kernel)).a;
	v->arch.user_cr3 = mfn_to_maddr(MFN(user)).a;
	show_m2p(MFN(kernel), true);
	if (user != kernel)
		show_m2p(MFN(user), false);
	tlb_switched(v->cpu);
	write_cr3(v->arch.kernel_cr3);
	return true;
}

static int clear_or_copy(struct domain *d, const struct mmuext_op *op)
{
	struct page *to = pv_frame_get(d, MFN(op->arg1.mfn), PT_WRITABLE);
	mfn_t src = MFN(op->arg2.src_mfn);
	struct page *from = mfn_to_page(src);
	int err = 0;

	if (!to)
		return -EINVAL;
	if (op->cmd == MMUEXT_CLEAR_PAGE) {
		memset(page_to_virt(to), 0, PAGE_SIZE);
	} else if (mfn_valid(src) && page_get(from, d)) {
		memcpy(page_to_virt(to), page_to_virt(from), PAGE_SIZE);
		page_put(from);
	} else {
		err = -EINVAL;
	}
	pv_frame_put(to);
	return err;
}

/* What needs pt_lock. */
static int table_op(struct vcpu *v, struct domain *d, const struct mmuext_op *op)
{
	mfn_t mfn = MFN(op->arg1.mfn);
	int err;

	spin_guard(&d->pt_lock);
	/* P6: what an earlier operation let go of is gone before this one looks. */
	err = pt_finish_deferred(d);
	if (err)
		return err;
	switch (op->cmd) {
	case MMUEXT_PIN_L1_TABLE ... MMUEXT_PIN_L4_TABLE:
		return pin(d, mfn, op->cmd - MMUEXT_PIN_L1_TABLE + 1);
	case MMUEXT_UNPIN_TABLE:
		return unpin(d, mfn);
	case MMUEXT_NEW_BASEPTR: case MMUEXT_NEW_USER_BASEPTR:
		/* P6: the old one is gone when the guest goes on; once more is harmless. */
		return pv_set_root(v, mfn, op->cmd == MMUEXT_NEW_USER_BASEPTR) ?:
		       pt_finish_deferred(d);
	default:	/* MMUEXT_CLEAR_PAGE, MMUEXT_COPY_PAGE */
		return clear_or_copy(d, op);
	}
}

/* X3: only to do with frames is what a builder may do for another domain. */
static bool is_for_others(u32 cmd)
{
	return cmd <= MMUEXT_UNPIN_TABLE || cmd == MMUEXT_CLEAR_PAGE || cmd == MMUEXT_COPY_PAGE;
}

/* Not inlined: it has two callers, and the image is to stay small. */
noinline int pv_mmuext_one(struct vcpu *v, struct domain *d, const struct mmuext_op *op)
{
	u64 mask, va = op->arg1.linear_addr;

	if (d != v->domain && !is_for_others(op->cmd))
		return op->cmd <= MMUEXT_UNMARK_SUPER ? -EPERM : -ENOSYS;
	switch (op->cmd) {
	case MMUEXT_PIN_L1_TABLE ... MMUEXT_NEW_BASEPTR:
	case MMUEXT_NEW_USER_BASEPTR ... MMUEXT_COPY_PAGE:
		return table_op(v, d, op);
	case MMUEXT_TLB_FLUSH_LOCAL:
		tlb_flush_local();
		return 0;
	case MMUEXT_INVLPG_LOCAL:
		if (va_is_guest(va))
			invlpg(va);
		return 0;
	case MMUEXT_TLB_FLUSH_MULTI: case MMUEXT_INVLPG_MULTI:
		if (pv_flush_mask(v->domain, gva_of(op->arg2.vcpumask), &mask))
			return -EINVAL;
		break;
	case MMUEXT_TLB_FLUSH_ALL: case MMUEXT_INVLPG_ALL:
		mask = pv_flush_mask_all(v->domain);
		break;
	case MMUEXT_FLUSH_CACHE: case MMUEXT_FLUSH_CACHE_GLOBAL:
		if (!v->domain->privileged)
			return -EACCES;
		wbinvd();
		return 0;
	case MMUEXT_SET_LDT:
		return pv_set_ldt(v, va, op->arg2.nr_ents);
	case MMUEXT_MARK_SUPER: case MMUEXT_UNMARK_SUPER:
		return -EOPNOTSUPP;
	default:
		return -ENOSYS;
	}
	if (op->cmd == MMUEXT_TLB_FLUSH_MULTI || op->cmd == MMUEXT_TLB_FLUSH_ALL)
		tlb_flush_cpus(mask);
	else if (va_is_guest(va))
		tlb_flush_page_cpus(mask, va);
	return 0;
}

/* Of the count: a continuation, the rest of a list. */
#define DONE_BIT	(1u << 31)

u32 pv_list_begin(u32 *count, gva_t done)
{
	u32 before = 0;

	if (*count & DONE_BIT && done.a && copy_from_guest(&before, done, sizeof(before)))
		before = 0;
	*count &= ~DONE_BIT;
	return before;
}

/* Not inlined: it has many callers, and the image is to stay small. */
noinline int pv_list_end(int err, gva_t rest, u32 left, gva_t done, u32 total)
{
	/* The header promises nothing when the counter cannot be written. */
	if (done.a && copy_to_guest(done, &total, sizeof(total)))
		total = 0;
	if (err == -ERESTART) {
		hypercall_set_arg(0, rest.a);
		hypercall_set_arg(1, left | DONE_BIT);
	}
	return err;
}

static noinline long mmuext_list(gva_t ops, u32 count, gva_t done, u32 foreign)
{
	u32 before = pv_list_begin(&count, done), n = 0;
	struct vcpu *v = current;
	struct mmuext_op op;
	struct domain *d;
	int err = foreign >> 16 ? -ESRCH : pv_foreign_get(foreign, &d);

	if (err)
		return pv_list_end(err, ops, count, done, before);
	while (!err && n < count) {
		err = copy_struct_from_guest(&op, gva_index(ops, struct mmuext_op, n));
		if (!err)
			err = pv_mmuext_one(v, d, &op);
		if (!err && ++n < count && preempt_requested())
			err = -ERESTART;
	}
	pv_foreign_put(d);
	return pv_list_end(err, gva_index(ops, struct mmuext_op, n), count - n, done, before + n);
}

/** do_mmuext_op() - HYPERVISOR_mmuext_op; a continuation as in do_mmu_update() */
long do_mmuext_op(gva_t ops, u32 count, gva_t done, u32 foreign)
{
	if (count != 2 || done.a || foreign != DOMID_SELF)
		return mmuext_list(ops, count, done, foreign);
	/* Constants: to keep the arguments would take registers that are to be saved. */
	return switch_roots(current, ops) ? 0 : mmuext_list(ops, 2, GVA(0), DOMID_SELF);
}
