// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frame types: what keeps a guest, which writes its own page tables, caged.
 *
 * A frame has one type at a time. It may be mapped writable (PT_WRITABLE), or
 * be a page table (PT_L1 .. PT_L4), or hold descriptors (PT_DESC): never two
 * of these at once. A table becomes one by validation: each entry takes a
 * reference and a type use of the frame it points to.
 *
 *	L4 --use--> L3 --use--> L2 --use--> L1 --use (W) or reference (R)--> data
 *
 * Life of a type:	count 0 --get--> [checked: flush, entries] --> VALID, count n
 *			count 1 --put--> [tables: entries released] --> count 0
 *
 * Long work is preemptible and needs no bookkeeping but p->nr_valid: entries
 * [0, nr_valid) of a table hold their references, the others do not. VALID
 * means all do. Work that stops in the middle leaves a table that is simply not
 * VALID: nobody can use it as anything until somebody goes on, up or down.
 *
 * Invariants (docs/SECURITY.md): P1 no writable mapping of a live table; P2 a
 * live table's entries are valid; P3 L4 slots of the core are the core's; P4 a
 * frame changes its type only after all TLBs that may know the old use are
 * flushed; P5 a frame is mapped only with a reference held on it.
 */
#include "page_type.h"
#include "pv.h"
#include "spec_ctrl.h"

#define ENTRIES		512
/* P7: bits an entry above L1 may not have: no large pages, and tables are cached. */
#define UPPER_DENY	(PTE_PSE | PTE_G | PTE_PCD | PTE_PWT)
#define L1_ADDR_BITS	0x000ffffffffff000ull
/* I7: how an L1 entry's frame is cached: the business of who has devices. */
#define L1_CACHE_BITS	(PTE_PAT | PTE_PCD | PTE_PWT)

/* I3, I4: 0: none, 1: read-only, 2: all. The core's own devices are not for writing. */
static int mmio_access(const struct domain *d, mfn_t mfn)
{
	if (!d->privileged || mfn.n >> (cpu_features.phys_bits - PAGE_SHIFT) ||
	    mfn.n == PFN_DOWN(apic_addr))
		return 0;
	/* Frame 0 is what an HPET that is not there has. */
	return msi_is_protected(mfn) || (mfn.n && !msi_is_device_memory(mfn.n)) ? 1 : 2;
}

static bool is_mmio(mfn_t mfn)
{
	return !mfn_valid(mfn) || mfn_to_page(mfn)->owner == dom_io;
}

/* One writable use less: what page_type_put() does, for that type only. */
static __always_inline void writable_put(struct page *p)
{
	u64 x = READ_ONCE(p->type);

	do
		if (!((x - 1) << (64 - PT_COUNT_BITS)))
			WRITE_ONCE(p->stamp, tlb_clock_now());
	while (!__atomic_compare_exchange_n(&p->type, &x, x - 1, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED));
}

/* One more, of a frame that is of @type already; others take the long way. */
static __always_inline bool type_get_valid(struct page *p, u64 type)
{
	u64 x = READ_ONCE(p->type);

	while (type_is_valid(x, type))
		if (__atomic_compare_exchange_n(&p->type, &x, x + 1, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* One use less of a table that has others. */
static __always_inline bool type_put_shared(struct page *p)
{
	u64 x = READ_ONCE(p->type);

	while ((x & PT_COUNT_MASK) > 1)
		if (__atomic_compare_exchange_n(&p->type, &x, x - 1, false,
						__ATOMIC_RELEASE, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* The common use: of a frame of @d's that is of @type already, if that is wanted (@typed). */
static __always_inline bool use_quick(struct domain *d, mfn_t mfn, bool typed, u64 type)
{
	struct page *p = mfn_to_page(mfn);

	if (!mfn_valid(mfn) || !page_get(p, d))
		return false;
	if (likely(!typed || type_get_valid(p, type)))
		return true;
	page_put(p);
	return false;
}

static __always_inline bool l1_get_quick(struct domain *fd, u64 e)
{
	return use_quick(fd, PTE_MFN(e), e & PTE_W, PT_WRITABLE);
}

static noinline int l1_get_slow(struct domain *owner, struct domain *fd, u64 *e)
{
	mfn_t mfn = PTE_MFN(*e);
	struct page *p;
	int err;

	if (is_mmio(mfn)) {
		int access = mmio_access(fd == dom_io ? owner : fd, mfn);

		if (access < 2)
			*e &= ~PTE_W;
		return access ? 0 : -EPERM;
	}
	p = mfn_to_page(mfn);
	if (unlikely(!page_get(p, fd)))
		return -EBUSY;
	/* X2: another's use is there already, held by who asks, or cannot be had. */
	err = !(*e & PTE_W) ? 0 : fd == owner ? page_type_get(p, PT_WRITABLE) : -EBUSY;
	if (err)
		page_put(p);
	return err ? -EBUSY : 0;
}

/*
 * P5, P1: a present L1 entry @e becomes live: take what it maps. It gets the bits
 * that all have, and may lose W (protected device pages).
 */
static __always_inline int l1_get(struct domain *owner, struct domain *fd, u64 *e)
{
	int err;

	*e = (*e | PTE_U) & ~PTE_G;	/* kernels are at CPL 3; T4: none outlives its root */
	if (unlikely(*e & L1_CACHE_BITS) && !owner->privileged)
		return -EINVAL;
	err = likely(l1_get_quick(fd, *e)) ? 0 : l1_get_slow(owner, fd, e);
	if (unlikely(fd != owner) && !err && *e & PTE_W && !is_mmio(PTE_MFN(*e)))
		page_hold(mfn_to_page(PTE_MFN(*e)));
	return err;
}

static noinline void l1_put_foreign(u64 e)
{
	struct page *p = mfn_to_page(PTE_MFN(e));

	if (is_mmio(PTE_MFN(e)))
		return;
	if (e & PTE_W) {
		page_unhold(p);
		writable_put(p);
	}
	page_put(p);
}

static __always_inline void l1_put(struct domain *owner, u64 e)
{
	struct page *p = mfn_to_page(PTE_MFN(e));

	if (unlikely(!mfn_valid(PTE_MFN(e)) || p->owner != owner)) {
		l1_put_foreign(e);
		return;
	}
	if (e & PTE_W)
		writable_put(p);
	page_put(p);
}

int page_use(struct domain *d, mfn_t mfn, u64 type)
{
	struct page *p = mfn_get(mfn, d);
	int err = p ? page_type_get(p, type) : -EINVAL;

	if (p && err)
		page_put(p);
	return err;
}

/* Ends both, or -ERESTART. */
static int pt_try_put(struct page *p)
{
	int err = page_type_put(p);

	if (!err)
		page_put(p);
	return err;
}

/* In place of 0: the table that it points to was validated, or released, for it. */
#define ENTRY_TOOK_LONG	1

/* A present entry @e of a table of @level becomes live: check it, take its uses. */
static __always_inline int entry_get(struct domain *owner, unsigned int level, u64 *e)
{
	if (level == 1)
		return l1_get(owner, owner, e);
	*e |= PTE_U;
	if (*e & UPPER_DENY)
		return -EINVAL;
	if (likely(use_quick(owner, PTE_MFN(*e), true, PT_OF_LEVEL(level - 1))))
		return 0;
	return pt_get(owner, PTE_MFN(*e), level - 1) ?: ENTRY_TOOK_LONG;
}

/* The reverse, of an entry that was live; -ERESTART if that is to go on. */
static __always_inline int entry_put(struct domain *owner, unsigned int level, u64 e)
{
	struct page *p = mfn_to_page(PTE_MFN(e));

	if (level == 1) {
		l1_put(owner, e);
		return 0;
	}
	if (!type_put_shared(p))
		return pt_try_put(p) ?: ENTRY_TOOK_LONG;
	page_put(p);
	return 0;
}

int pt_get_whole(struct domain *d, mfn_t mfn, unsigned int level)
{
	int err;

	do
		err = pt_finish_deferred(d) ?: pt_get(d, mfn, level);
	while (err == -ERESTART);
	return err;
}

/*
 * Where the CPU has L1TF, and only there, an entry that is not present is one to check:
 * the branch that this takes is patched while booting.
 */
enum entry_kind { ENTRY_PRESENT, ENTRY_ABSENT, ENTRY_CHECK };

static __always_inline enum entry_kind entry_kind(u64 e)
{
	asm goto("testb $1, %b0\n"
		 "1: .byte 0x0f, 0x84\n .long %l[absent] - . - 4\n" JUMP_SITE(1b + 1, %l[check])
		 : : "r"(e) : "cc" : absent, check);
	if (!(e & PTE_P))
		__builtin_unreachable();
	return ENTRY_PRESENT;
absent:
	return ENTRY_ABSENT;
check:
	return ENTRY_CHECK;
}

/*
 * V4: such a CPU reads what an absent entry names, when a cache has it: none names memory.
 * The cache knows no address bits beyond those that the CPU has; and PS counts, though
 * the entry is absent: what it names is large and begins below.
 */
static noinline int absent_check(struct domain *owner, unsigned int level, u64 e)
{
	u64 frame = (e & L1_ADDR_BITS & ((1ull << cpu_features.phys_bits) - 1)) >> PAGE_SHIFT;

	if ((!(e & PTE_PSE) || level == 1) && (!frame || !mfn_valid(MFN(frame))))
		return 0;
	if (!spec_ctrl.pv_l1tf[!owner->privileged])
		return 0;
	domain_crash(owner, "an entry of level %u that is not present names memory: %016lx",
		     level, e);
	return -EINVAL;
}

/* Most tables are nearly empty: so many entries are looked at together. */
#define GLANCE	16

static __always_inline u64 any_of(const u64 *t)
{
	u64 any = 0;

#pragma GCC unroll 16
	for (u32 i = 0; i < GLANCE; i++)
		any |= t[i];
	return any;
}

static noinline int absent_check_all(struct domain *owner, unsigned int level, const u64 *t)
{
	int err = 0;

	for (u32 i = 0; i < GLANCE && !err; i++)
		err = absent_check(owner, level, t[i]);
	return err;
}

/* Move @i, which is at the beginning of such a group, past those that are absent. */
static __always_inline int skip_absent(struct domain *owner, unsigned int level, const u64 *t,
				       unsigned int *i)
{
	enum entry_kind kind;

	for (; *i < ENTRIES; *i += GLANCE) {
		kind = entry_kind(any_of(&t[*i]));
		if (kind == ENTRY_PRESENT)
			break;
		if (kind == ENTRY_CHECK && absent_check_all(owner, level, &t[*i]))
			return -EINVAL;
	}
	return 0;
}

static inline bool core_slot(unsigned int level, unsigned int i)
{
	return level == 4 && i >= FIRST_CORE_SLOT && i < END_CORE_SLOT;
}

/* Entries of @p hold their references up to nr_valid: lower that to 0. */
static __always_inline int entries_release(struct page *p, unsigned int level)
{
	u64 *t = page_to_virt(p), e;
	unsigned int i = p->nr_valid;
	int err = 0;

	while (i && !err) {
		if (!(i % GLANCE)) {
			while (i && !(any_of(&t[i - GLANCE]) & PTE_P))
				i -= GLANCE;
			if (!i)
				break;
		}
		e = t[i - 1];
		if (e & PTE_P && !core_slot(level, i - 1)) {
			err = entry_put(p->owner, level, e);
			if (err < 0)
				break;
			err = err && i > 1 && preempt_requested() ? -ERESTART : 0;
		}
		i--;
	}
	p->nr_valid = i;
	return err;
}

/* P2: raise nr_valid to all entries. */
static __always_inline int entries_validate(struct page *p, unsigned int level)
{
	struct domain *owner = p->owner;
	u64 *t = page_to_virt(p), e;
	unsigned int i = p->nr_valid;
	enum entry_kind kind;
	int err = 0;

	while (i < ENTRIES && !err) {
		if (!(i % GLANCE)) {
			err = skip_absent(owner, level, t, &i);
			if (err || i == ENTRIES)
				break;
		}
		e = t[i];
		kind = entry_kind(e);
		if (kind == ENTRY_CHECK)
			err = absent_check(owner, level, e);
		if (kind == ENTRY_PRESENT && !core_slot(level, i)) {
			err = entry_get(owner, level, &e);
			if (err < 0)
				break;
			if (e != t[i])
				t[i] = e;
			err = err && i + 1 < ENTRIES && preempt_requested() ? -ERESTART : 0;
		}
		i++;
	}
	p->nr_valid = i;
	return err;
}

/* Level 1, of which there are most, has its own copy of the loops. */
static int table_release(struct page *p, unsigned int level)
{
	__atomic_fetch_and(&p->type, ~PT_VALID, __ATOMIC_ACQ_REL);
	if (unlikely(p->owner->arch.log_dirty.on))
		log_dirty_table(p);
	return level == 1 ? entries_release(p, 1) : entries_release(p, level);
}

static int table_validate(struct page *p, unsigned int level)
{
	__atomic_store_n(&p->flags, (p->flags & PAGE_HOLDERS) | PAGE_DIRTY, __ATOMIC_SEQ_CST);
	if (level == 4)
		paging_fill_root(page_to_virt(p));	/* P3 */
	return level == 1 ? entries_validate(p, 1) : entries_validate(p, level);
}

/* GDT or LDT contents: every descriptor must be harmless. */
static int descriptors_validate(struct page *p)
{
	u64 *d = page_to_virt(p);

	for (int i = 0; i < ENTRIES; i++)
		if (d[i] && !descriptor_fix(&d[i]))
			return -EINVAL;
	return 0;
}

/* @p has the new type, count 1, and is not VALID: make it so. */
static int type_establish(struct page *p, u64 type, bool fresh)
{
	int err = 0;

	if (fresh && p->stamp)
		arch_tlb_filter(p->stamp, p->owner);	/* P4 */
	if (type_is_table(type)) {
		if (fresh)
			p->nr_valid = 0;
		err = table_validate(p, PT_LEVEL(type));
	} else if (type == PT_DESC) {
		err = descriptors_validate(p);
	}
	if (!err) {
		__atomic_fetch_or(&p->type, PT_VALID, __ATOMIC_RELEASE);
		return 0;
	}
	if (err != -ERESTART && type_is_table(type))
		table_release(p, PT_LEVEL(type));	/* what it leaves, the next user ends */
	if (type == PT_DESC)
		__atomic_fetch_and(&p->type, ~PT_TYPE_MASK, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&p->type, 1, __ATOMIC_RELEASE);
	return err;
}

int page_type_get(struct page *p, u64 type)
{
	u64 x = READ_ONCE(p->type);

	for (;;) {
		bool same = (x & PT_TYPE_MASK) == type;
		u64 new = x + 1;

		/* L4: what was given back holds nothing that it would take along. */
		if (type_is_table(type) && !(x & PT_COUNT_MASK) &&
		    !(READ_ONCE(p->count) & PC_ALLOCATED))
			return -EINVAL;
		if (!same) {
			if (x & PT_COUNT_MASK)
				return -EINVAL;	/* P1 */
			if (type_is_table(x) && p->nr_valid) {
				int err = table_release(p, PT_LEVEL(x));

				if (err)
					return err;
				x = READ_ONCE(p->type);
				continue;
			}
			new = type | 1;
		} else if (!(x & PT_VALID) && !type_is_table(type)) {
			arch_spin_poll();	/* another CPU is at it */
			x = READ_ONCE(p->type);
			continue;
		}
		if (!__atomic_compare_exchange_n(&p->type, &x, new, false,
						 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		if (likely(same && x & PT_VALID))
			return 0;
		/* A table left half way keeps its type; what it has is not fresh. */
		return type_establish(p, type, !same || !p->nr_valid);
	}
}

int page_type_put(struct page *p)
{
	u64 x = READ_ONCE(p->type);

	for (;;) {
		BUG_ON(!(x & PT_COUNT_MASK));
		if ((x & PT_COUNT_MASK) == 1) {
			if (type_is_table(x)) {
				int err = table_release(p, PT_LEVEL(x));

				if (err)
					return err;
				x = READ_ONCE(p->type);
			}
			/* Before the count: who finds 0 must find the stamp too. */
			WRITE_ONCE(p->stamp, tlb_clock_now());
		}
		if (__atomic_compare_exchange_n(&p->type, &x, x - 1, false,
						__ATOMIC_RELEASE, __ATOMIC_RELAXED))
			return 0;
	}
}

struct page *pv_frame_get(struct domain *d, mfn_t mfn, u64 type)
{
	struct page *p = mfn_to_page(mfn);

	if (!mfn_valid(mfn) || !page_get(p, d))
		return NULL;
	if (!page_type_get(p, type))
		return p;
	page_put(p);
	return NULL;
}

void pv_frame_put(struct page *p)
{
	page_mark_dirty(p);
	page_type_put(p);
	page_put(p);
}

struct page *arch_get_guest_page_writable(struct domain *d, u64 gmfn)
{
	spin_guard(&d->pt_lock);
	struct page *p = pv_frame_get(d, MFN(gmfn), PT_WRITABLE);

	if (p)
		page_hold(p);
	return p;
}

void arch_put_guest_page_writable(struct page *p)
{
	page_unhold(p);
	pv_frame_put(p);
}

static noinline bool write_begin_slow(struct page *p)
{
	spin_guard(&p->owner->pt_lock);
	return !page_type_get(p, PT_WRITABLE);
}

bool arch_page_write_begin(struct page *p)
{
	return likely(type_get_valid(p, PT_WRITABLE)) || write_begin_slow(p);
}

void arch_page_write_end(struct page *p)
{
	page_mark_dirty(p);	/* M1: it is reported after it was written */
	writable_put(p);
}

void pt_put(struct page *p)
{
	if (!pt_try_put(p))
		return;
	/* At most one a call path: callers finish it before they begin. */
	BUG_ON(p->owner->arch.deferred_put);
	p->owner->arch.deferred_put = p;
}

int pt_finish_deferred(struct domain *d)
{
	struct page *p = d->arch.deferred_put;

	if (likely(!p))
		return 0;
	if (pt_try_put(p))
		return -ERESTART;
	d->arch.deferred_put = NULL;
	return 0;
}

static inline bool entry_exchange(u64 *slot, u64 old, u64 new)
{
	return __atomic_compare_exchange_n(slot, &old, new, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

/*
 * Many writes leave the frame and change bits, or the right to write: mprotect,
 * fork, the accessed bit. These need no reference, and at most the writable use.
 * @val is what is written, so it must be right in what ours all are (U, no G: T4).
 * Return: false when it is no such write, or no longer @old; nothing has changed.
 */
static __always_inline bool l1_change_bits(struct domain *owner, u64 *slot, u64 old, u64 val)
{
	struct page *p = mfn_to_page(PTE_MFN(val));
	u64 change = old ^ val;

	if (change & (L1_ADDR_BITS | L1_CACHE_BITS | PTE_P | PTE_U | PTE_G) || !(val & PTE_P))
		return false;
	if (!(change & PTE_W))
		return entry_exchange(slot, old, val);
	/* Somebody else's frame, or a device's, may have become read-only for a reason. */
	if (unlikely(!mfn_valid(PTE_MFN(val)) || p->owner != owner))
		return false;
	if (!(val & PTE_W)) {
		if (unlikely(!entry_exchange(slot, old, val)))
			return false;
		writable_put(p);
		return true;
	}
	if (unlikely(!type_get_valid(p, PT_WRITABLE)))
		return false;
	if (likely(entry_exchange(slot, old, val)))
		return true;
	writable_put(p);
	return false;
}

/* One L1 entry becomes @val if it still is @old. */
static __always_inline int l1_exchange(struct domain *owner, struct domain *fd, u64 *slot,
				       u64 old, u64 val)
{
	enum entry_kind kind = entry_kind(val);
	int err = 0;

	if (kind == ENTRY_PRESENT) {
		if (l1_change_bits(owner, slot, old, (val | PTE_U) & ~PTE_G))
			return 0;
		err = l1_get(owner, fd, &val);
	} else if (kind == ENTRY_CHECK) {
		err = absent_check(owner, 1, val);
	}
	if (unlikely(err))
		return err;
	if (unlikely(!entry_exchange(slot, old, val))) {
		if (val & PTE_P)
			l1_put(owner, val);
		return -EAGAIN;
	}
	if (old & PTE_P)
		l1_put(owner, old);
	return 0;
}

int pt_write_l1(struct domain *owner, struct domain *fd, u64 *slot, u64 val, bool keep_ad)
{
	u64 kept = keep_ad && val & PTE_P ? PTE_A | PTE_D : 0;
	int err;

	/* P9: bits that the CPU sets meanwhile are in the next @old. */
	do {
		u64 old = READ_ONCE(*slot);

		err = l1_exchange(owner, fd, slot, old, val | (old & kept));
	} while (unlikely(err == -EAGAIN));
	return err;
}

bool pt_map_l1(struct domain *d, u64 *slot, u64 val)
{
	u64 old = READ_ONCE(*slot), e = (val | PTE_U) & ~PTE_G;

	if (old & PTE_P || (val & (L1_CACHE_BITS | PTE_P)) != PTE_P || !l1_get_quick(d, e))
		return false;
	if (likely(entry_exchange(slot, old, e)))
		return true;
	l1_put(d, e);
	return false;
}

void pt_set_l1(struct domain *owner, u64 *slot, u64 e)
{
	u64 old = __atomic_exchange_n(slot, e, __ATOMIC_SEQ_CST);

	if (old & PTE_P)
		l1_put(owner, old);
}

/* Not inlined: what is around the loop would take the registers that it needs. */
noinline u32 pt_write_l1_run(struct domain *owner, struct domain *fd, mfn_t table,
			     const struct mmu_update *req, u32 n, int *err)
{
	const struct mmu_update *first = req, *end = req + n;
	u8 *entries = mfn_to_virt(table);

	for (; req < end && update_is_for(req, table); req++) {
		u64 *slot = (u64 *)(entries + (req->ptr & ~PAGE_MASK & ~7ull));
		bool keep_ad = req->ptr & MMU_PT_UPDATE_PRESERVE_AD;
		u64 old = READ_ONCE(*slot);

		if (likely(l1_change_bits(owner, slot, old,
					  req->val | (keep_ad ? old & (PTE_A | PTE_D) : 0))))
			continue;
		*err = pt_write_l1(owner, fd, slot, req->val, keep_ad);
		if (unlikely(*err))
			break;
	}
	return req - first;
}

int pt_exchange_l1(struct domain *d, u64 *slot, u64 old, u64 val)
{
	return l1_exchange(d, d, slot, old, val);
}

int pt_write(struct domain *owner, unsigned int level, u64 *slot, u64 val, bool keep_ad)
{
	u64 old = READ_ONCE(*slot), new;
	bool same = val & old & PTE_P && !((val ^ old) & (L1_ADDR_BITS | UPPER_DENY));
	enum entry_kind kind;
	int err = 0;

	if (core_slot(level, (u64)slot / 8 % ENTRIES))
		return -EINVAL;	/* P3 */
	if (same) {
		val |= PTE_U;
	} else {
		kind = entry_kind(val);
		if (kind == ENTRY_PRESENT)
			err = entry_get(owner, level, &val);
		else if (kind == ENTRY_CHECK)
			err = absent_check(owner, level, val);
		if (err < 0)
			return err;
	}
	/* P9, as above */
	do
		new = val | (keep_ad && val & PTE_P ? old & (PTE_A | PTE_D) : 0);
	while (!__atomic_compare_exchange_n(slot, &old, new, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_RELAXED));
	if (!same && old & PTE_P)
		pt_put(mfn_to_page(PTE_MFN(old)));
	return 0;
}

/* What the entry for @va in the table that @e names is at; @shift: of the table's level */
static __always_inline u64 *slot_in(u64 e, u64 va, u32 shift)
{
	u64 *table = arch_direct_map(MADDR(e & PTE_MFN_MASK));

	return &table[va >> shift & 511];
}

u64 *pt_find_l1(u64 root, u64 va)
{
	u64 e;

	if (unlikely(!va_is_guest(va)))
		return NULL;
	e = READ_ONCE(*slot_in(root, va, 39));
	if (likely(e & PTE_P))
		e = READ_ONCE(*slot_in(e, va, 30));
	if (likely(e & PTE_P))
		e = READ_ONCE(*slot_in(e, va, 21));
	return likely(e & PTE_P) ? slot_in(e, va, 12) : NULL;
}
