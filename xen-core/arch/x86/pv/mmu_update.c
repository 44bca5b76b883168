// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page-table updates: HYPERVISOR_mmu_update and update_va_mapping (xen/xen.h).
 *
 * Requests come in runs for the same table, so the table's page is looked up
 * when it changes, not for every entry. All of a batch is done under the
 * table owner's pt_lock.
 *
 * A privileged caller's own tables may also map frames of another domain. What
 * needs that one's pt_lock, a writable use, is taken before the batch and let go
 * after it: two pt_locks are never held together.
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
		page_mark_dirty(p);
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

/* X1, G5: none but a privileged domain reaches another's frames. */
int pv_other_get(domid_t id, struct domain **out)
{
	struct domain *self = current->domain, *d;

	if (id == DOMID_IO || id == DOMID_XEN) {
		d = id == DOMID_IO ? dom_io : dom_xen;
		domain_get(d);
	} else {
		d = id == self->id ? NULL : domain_get_by_id(id);
	}
	*out = d;
	if (!d)
		return -ESRCH;
	if (self->privileged)
		return 0;
	pv_foreign_put(d);
	return -EPERM;
}

void pv_foreign_put(struct domain *d)
{
	if (d != current->domain)
		domain_put(d);
}

/* Who is meant by the two halves of foreigndom. Return: 0, -ESRCH, -EPERM or -EINVAL. */
static int update_domains(struct update *u, u32 foreign)
{
	domid_t pfd = foreign >> 16;
	struct domain *tables;

	u->owner = current->domain;
	if (pfd && pfd - 1 != u->owner->id) {
		/* Nobody writes another's tables, but it matters whether there is one. */
		tables = pfd - 1 == DOMID_SELF ? NULL : domain_get_by_id(pfd - 1);
		if (!tables)
			return -ESRCH;
		domain_put(tables);
		return u->owner->privileged ? -EINVAL : -EPERM;
	}
	return pv_foreign_get(foreign, &u->fd);
}

/* X2: what an entry @val needs of @fd, under its lock: a writable use. Or NULL. */
static struct page *foreign_hold(struct domain *fd, u64 val)
{
	if ((val & (PTE_P | PTE_W)) != (PTE_P | PTE_W) || fd == dom_io)
		return NULL;
	return arch_get_guest_page_writable(fd, PTE_MFN(val).n);
}

static void foreign_release(struct page *held)
{
	if (held)
		arch_put_guest_page_writable(held);
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

/* Who logs writes wants to know before: what an entry allowed is lost with it. */
static noinline void update_log(struct domain *d, const struct mmu_update *req, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		mfn_t mfn = maddr_to_mfn(MADDR(req[i].ptr));

		if (mfn_valid(mfn) && (req[i].ptr & 7) != MMU_MACHPHYS_UPDATE &&
		    mfn_to_page(mfn)->owner == d)
			log_dirty_mark_slot(d, arch_direct_map(MADDR(req[i].ptr & ~7ull)),
					    req[i].val);
	}
}

/* Return: 0 when all are done, which *@done counts. */
static int update_batch(struct update *u, const struct mmu_update *req, u32 n, u32 *done)
{
	u32 i = 0;
	int err;

	spin_guard(&u->owner->pt_lock);
	if (unlikely(u->owner->arch.log_dirty.on))
		update_log(u->owner, req, n);
	err = pt_finish_deferred(u->owner);
	while (i < n && !err) {
		err = update_one(u, &req[i]);
		if (err)
			break;
		i++;
		i += update_more(u, &req[i], n - i, &err);
	}
	update_drop_page(u);
	*done += i;
	return err;
}

static noinline int update_batch_foreign(struct update *u, const struct mmu_update *req, u32 n,
					 u32 *done)
{
	struct page *held[BATCH];
	int err;

	for (u32 i = 0; i < n; i++)
		held[i] = (req[i].ptr & 7) == MMU_MACHPHYS_UPDATE
			? NULL : foreign_hold(u->fd, req[i].val);
	err = update_batch(u, req, n, done);
	for (u32 i = 0; i < n; i++)
		foreign_release(held[i]);
	return err;
}

static int update_run(struct update *u, gva_t reqs, u32 count, u32 *done)
{
	struct mmu_update req[BATCH];
	int err = 0;

	while (*done < count && !err) {
		u32 n = MIN(count - *done, (u32)BATCH);

		err = copy_from_guest(req, gva_index(reqs, struct mmu_update, *done),
				      n * sizeof(*req));
		if (!err)
			err = u->fd == u->owner ? update_batch(u, req, n, done)
						: update_batch_foreign(u, req, n, done);
		if (!err && *done < count && preempt_requested())
			err = -ERESTART;
	}
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
	if (unlikely(!page_is_l1(mfn_to_page(mfn), d)) || unlikely(d->arch.log_dirty.on))
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
	int err = update_domains(&u, foreign);

	if (!err) {
		err = update_run(&u, reqs, count, &n);
		pv_foreign_put(u.fd);
	}
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
	if (slot)
		log_dirty_slot(d, slot, val);
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
	struct page *held = NULL;
	struct domain *fd;
	long err = pv_foreign_get(domid, &fd);

	if (err)
		return err;
	if (fd != current->domain)
		held = foreign_hold(fd, val);
	err = update_va(fd, va, val, flags);
	foreign_release(held);
	pv_foreign_put(fd);
	return err;
}
