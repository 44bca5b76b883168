// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page-table updates: HYPERVISOR_mmu_update and update_va_mapping (xen/xen.h).
 *
 * Requests come in runs for the same table, so the table's page is looked up
 * when it changes, not for every entry. All of a batch is done under the
 * table owner's pt_lock; it is dropped when the batch is preempted.
 */
#include "pv.h"

#define BATCH		32

/**
 * struct update - a batch in progress
 * @owner:	of the tables, @fd: of what L1 entries map
 * @page,@mfn:	the frame the last request was for; NULL: none
 * @flush:	a table may have been unlinked: what the CPUs cached of it must go
 * @level:	its level, 0: not a page table (then held for writing)
 */
struct update {
	struct domain *owner, *fd;
	struct page *page;
	mfn_t mfn;
	unsigned int level;
	bool flush;
};

static void update_drop_page(struct update *u)
{
	/* Tables need no reference: pt_lock keeps what is one as it is. */
	if (u->page && !u->level)
		pv_frame_put(u->page);
	u->page = NULL;
}

static noinline int update_look_up(struct update *u, mfn_t mfn)
{
	struct page *p = mfn_to_page(mfn);
	int err = 0;

	update_drop_page(u);
	if (!mfn_valid(mfn))
		return -EINVAL;
	if (type_is_table(p->type) && p->type & PT_COUNT_MASK && p->owner == u->owner) {
		if (!(p->type & PT_VALID))
			return -EINVAL;
		u->level = PT_LEVEL(p->type);
	} else {
		u->level = 0;
		err = page_use(u->owner, mfn, PT_WRITABLE);
	}
	u->page = err ? NULL : p;
	u->mfn = mfn;
	return err;
}

static int update_one(struct update *u, const struct mmu_update *req)
{
	mfn_t mfn = maddr_to_mfn(MADDR(req->ptr));
	u32 cmd = req->ptr & 7;
	bool keep_ad = cmd == MMU_PT_UPDATE_PRESERVE_AD;
	u64 *slot;
	int err;

	if (cmd > MMU_PT_UPDATE_NO_TRANSLATE)
		return -ENOSYS;
	if (cmd == MMU_MACHPHYS_UPDATE) {
		struct page *p = mfn_get(mfn, u->fd);

		if (!p)
			return -EINVAL;
		m2p[mfn.n] = req->val;
		page_put(p);
		return 0;
	}
	err = likely(u->page && mfn_equal(mfn, u->mfn)) ? 0 : update_look_up(u, mfn);
	if (unlikely(err))
		return err;
	slot = arch_direct_map(MADDR(req->ptr & ~7ull));
	if (likely(u->level == 1))
		return pt_write_l1(u->owner, u->fd, slot, req->val, keep_ad);
	if (u->level) {
		u->flush = true;
		err = pt_write(u->owner, u->level, slot, req->val, keep_ad);
		/*
		 * P6: what it unlinked is gone before the next entry: or that could
		 * be one of a table which goes with it. To write it again is harmless.
		 */
		return err ? err : pt_finish_deferred(u->owner);
	}
	WRITE_ONCE(*slot, req->val);
	return 0;
}

/* Who is meant by the two halves of foreigndom. Return: 0, -ESRCH or -EPERM. */
static int update_domains(struct update *u, u32 foreign)
{
	domid_t fd = foreign, pfd = foreign >> 16;
	struct domain *d = current->domain;

	u->owner = d;
	if (pfd && pfd - 1 != d->id)
		return -ESRCH;
	if (fd == DOMID_SELF)
		u->fd = d;
	else if (fd == DOMID_IO)
		u->fd = dom_io;
	else if (fd == DOMID_XEN)
		u->fd = dom_xen;
	else
		return -ESRCH;
	return u->fd != d && !d->privileged ? -EPERM : 0;
}

/*
 * More requests for the frame that the last one was for: they come in such runs,
 * so nothing is looked up. Return: how many were done.
 */
static inline u32 update_more(struct update *u, const struct mmu_update *req, u32 n, int *err)
{
	u8 *frame = mfn_to_virt(u->mfn);
	u32 i;

	if (!u->page || u->level > 1)
		return 0;
	if (u->level)
		return pt_write_l1_run(u->owner, u->fd, u->mfn, req, n, err);
	for (i = 0; i < n && update_is_for(&req[i], u->mfn); i++)
		WRITE_ONCE(*(u64 *)(frame + (req[i].ptr & ~PAGE_MASK & ~7ull)), req[i].val);
	return i;
}

static int update_run(struct update *u, gva_t reqs, u32 count, u32 *done)
{
	struct mmu_update req[BATCH];
	int err;

	spin_guard(&u->owner->pt_lock);
	err = pt_finish_deferred(u->owner);
	while (*done < count && !err) {
		u32 n = MIN(count - *done, (u32)BATCH), i;

		err = copy_from_guest(req, gva_index(reqs, struct mmu_update, *done),
				      n * sizeof(*req));
		for (i = 0; i < n && !err;) {
			err = update_one(u, &req[i]);
			if (err)
				break;
			i++;
			i += update_more(u, &req[i], n - i, &err);
		}
		*done += i;
		if (!err && *done < count && preempt_requested())
			err = -ERESTART;
	}
	update_drop_page(u);
	return err;
}

/*
 * One entry of an L1 table of the caller's own: set_pte() outside of a batch,
 * so on every page fault. Return: false when it is anything else.
 */
static __always_inline bool update_single(gva_t reqs, long *ret)
{
	struct domain *d = current->domain;
	struct mmu_update req;
	u64 *slot;
	mfn_t mfn;

	static_assert(sizeof(req) == 16, "xen/xen.h");
	if (!va_is_guest(reqs.a) || uaccess_read16(reqs.a, &req.ptr, &req.val))
		return false;
	mfn = maddr_to_mfn(MADDR(req.ptr));
	if (!mfn_valid(mfn) || !update_is_for(&req, mfn))
		return false;
	slot = arch_direct_map(MADDR(req.ptr & ~7ull));
	spin_guard(&d->pt_lock);
	if (unlikely(!page_is_l1(mfn_to_page(mfn), d)))
		return false;
	*ret = 0;
	if (!pt_map_l1(d, slot, req.val))
		*ret = pt_write_l1(d, d, slot, req.val, req.ptr & MMU_PT_UPDATE_PRESERVE_AD);
	return true;
}

static noinline long update_list(gva_t reqs, u32 count, gva_t done, u32 foreign)
{
	u32 before = pv_list_begin(&count, done), n = 0;
	struct update u = { 0 };
	int err = update_domains(&u, foreign) ?: update_run(&u, reqs, count, &n);

	if (u.flush)
		tlb_flush_cpus(pv_flush_mask_all(u.owner));
	return pv_list_end(err, gva_index(reqs, struct mmu_update, n), count - n, done, before + n);
}

/** do_mmu_update() - HYPERVISOR_mmu_update; a continuation as pv_list_begin() says */
long do_mmu_update(gva_t reqs, u32 count, gva_t done, u32 foreign)
{
	long ret;

	if (count == 1 && !done.a && foreign == DOMID_SELF && update_single(reqs, &ret))
		return ret;
	return update_list(reqs, count, done, foreign);
}

/* The CPUs on which vcpus of @d, those in @vcpus when given, may have TLB entries. */
static u64 flush_mask(struct domain *d, const u64 *vcpus)
{
	u64 mask = 0;

	/* Orders the guest's page-table writes before the look at who runs. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for_each_vcpu(d, v) {
		u32 cpu = READ_ONCE(v->arch.dirty_cpu);

		if (cpu != ~0u && (!vcpus || test_bit(v->id, vcpus)))
			mask |= 1ull << cpu;
	}
	return mask;
}

int pv_flush_mask(struct domain *d, gva_t bitmap, u64 *mask)
{
	u64 vcpus[BITS_TO_LONGS(MAX_VCPUS)] = { 0 };

	if (copy_from_guest(vcpus, bitmap, (d->max_vcpus + 7) / 8))
		return -EFAULT;
	*mask = flush_mask(d, vcpus);
	return 0;
}

u64 pv_flush_mask_all(struct domain *d)
{
	return flush_mask(d, NULL);
}

static long update_va(struct domain *fd, u64 va, u64 val, u64 flags)
{
	u64 mask, who = flags & ~UVMF_FLUSHTYPE_MASK, *slot;
	struct vcpu *v = current;
	struct domain *d = v->domain;
	int err;

	spin_lock(&d->pt_lock);
	slot = pt_find_l1(v->arch.kernel_cr3, va);
	err = slot ? pt_write_l1(d, fd, slot, val, false) : -EINVAL;
	spin_unlock(&d->pt_lock);
	if (err)
		return err;
	mask = 1ull << this_cpu()->id;
	if (who == UVMF_ALL)
		mask = pv_flush_mask_all(d);
	else if (who != UVMF_LOCAL && pv_flush_mask(d, GVA(who), &mask))
		return -EFAULT;
	if ((flags & UVMF_FLUSHTYPE_MASK) == UVMF_TLB_FLUSH)
		tlb_flush_cpus(mask);
	else if ((flags & UVMF_FLUSHTYPE_MASK) == UVMF_INVLPG)
		tlb_flush_page_cpus(mask, va);
	return 0;
}

/** do_update_va_mapping() - HYPERVISOR_update_va_mapping */
long do_update_va_mapping(u64 va, u64 val, u64 flags)
{
	return update_va(current->domain, va, val, flags);
}

/** do_update_va_mapping_otherdomain() - the same, mapping another's frame */
long do_update_va_mapping_otherdomain(u64 va, u64 val, u64 flags, u32 domid)
{
	struct update u = { 0 };
	int err = update_domains(&u, (u16)domid);

	return err ? err : update_va(u.fd, va, val, flags);
}
