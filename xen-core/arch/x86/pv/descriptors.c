// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's segment descriptor tables.
 *
 * The CPU reads a guest's GDT and LDT frames directly: while they are in use
 * they have type PT_DESC, so the guest cannot write them, and each descriptor
 * was checked (D1: none of CPL below 3, no gate or system segment that
 * works). Each vcpu has 32 pages of the core's address space:
 *
 *	gdt_va + 0 .. 13	the guest's GDT frames, or a page of zeroes
 *	gdt_va + 14		the core's reserved descriptors, for all the same
 *	gdt_va + 16 .. 31	LDT frames, mapped when the CPU first wants them
 */
#include "pv.h"
#include "spec_ctrl.h"

#define AREA_PAGES	32
/* Where guests have views an L1 table each, so that one shows its own vcpu's only. */
#define AREA_STRIDE	(spec_ctrl.xpti[0] || spec_ctrl.xpti[1] ? 1ull << 21 : \
			 AREA_PAGES * PAGE_SIZE)
#define LDT_PAGE	16
#define MAX_AREAS	(1u << 15)	/* fit between DESC_VA and STACKS_VA */

#define DESC_P		(1ull << 47)
#define DESC_S		(1ull << 44)
#define DESC_DPL3	(3ull << 45)
#define DESC_TYPE(d)	((d) >> 40 & 0xf)
#define TYPE_CALL_GATE	12

static u64 area_used[MAX_AREAS / 64];	/* area_lock */
static struct spinlock area_lock;
static const u64 zero_page[512] __aligned(PAGE_SIZE);

bool descriptor_fix(u64 *d)
{
	u64 v = *d, target = v >> 16 & 0xffff;
	bool into_core = target >= FIRST_RESERVED_GDT_BYTE && target < 0xe020;

	if (!(v & DESC_P) || (!(v & DESC_S) && !DESC_TYPE(v)))
		return true;	/* absent, or of a reserved type: using it faults */
	if (!(v & DESC_S) && (DESC_TYPE(v) != TYPE_CALL_GATE || into_core))
		return false;
	/* D1: a call gate of DPL 0 is of no use to a guest. */
	*d = v & DESC_S ? v | DESC_DPL3 : v & ~DESC_DPL3;
	return true;
}

/* Page @n of @v's area: @p, or the core's own that belongs there. */
static int map_area_page(struct vcpu *v, u32 n, struct page *p)
{
	const void *own = n == GDT_FRAMES ? reserved_gdt : zero_page;

	/*
	 * D2: the core's own are read-only. @p is writable for the accessed bits
	 * that the CPU sets: only the core can get there. T4: not global.
	 */
	return paging_map(v->arch.gdt_va + n * PAGE_SIZE,
			  arch_direct_unmap(p ? page_to_virt(p) : own), PAGE_SIZE,
			  (p ? PTE_CORE_RW : PTE_CORE_RO) & ~PTE_G);
}

/* The area's entries changed: what this CPU knows of them must go, running or not. */
static void flush_area(struct vcpu *v)
{
	if (v->arch.dirty_cpu != ~0u)
		tlb_flush_cpus(1ull << v->arch.dirty_cpu);
}

int pv_desc_area_create(struct vcpu *v)
{
	u32 n = 0;

	/* Also while mapping: areas share the tables above, and only here they are made. */
	spin_guard(&area_lock);
	while (n < MAX_AREAS && test_bit(n, area_used))
		n++;
	if (n == MAX_AREAS)
		return -ENOMEM;
	v->arch.gdt_va = DESC_VA + n * AREA_STRIDE;
	for (u32 i = 0; i <= GDT_FRAMES; i++)
		if (map_area_page(v, i, NULL))
			return -ENOMEM;
	set_bit(n, area_used);
	return 0;
}

/*
 * Its pages are the core's own again. They stay mapped: an idle CPU may have its
 * GDT there until it runs another vcpu.
 */
void pv_desc_area_destroy(struct vcpu *v)
{
	u64 off = v->arch.gdt_va - DESC_VA;

	spin_guard(&area_lock);
	if (v->arch.gdt_va)
		clear_bit(off / AREA_STRIDE, area_used);
}

void pv_load_descriptors(struct vcpu *v)
{
	cpu_load_ldt(this_cpu(), v->arch.gdt_va + LDT_PAGE * PAGE_SIZE, v->arch.ldt_entries,
		     v->arch.gdt_va);
}

/** pv_set_gdt() - @frames hold @entries descriptors; 0 entries: none */
int pv_set_gdt(struct vcpu *v, const u64 *frames, u32 entries)
{
	struct page *page[GDT_FRAMES] = { 0 }, *old;
	int err = 0;

	/* D2: not the reserved page. */
	if (entries > FIRST_RESERVED_GDT_ENTRY)
		return -EINVAL;
	spin_guard(&v->domain->pt_lock);
	for (u32 i = 0; i < PFN_UP(entries * sizeof(u64)) && !err; i++) {
		page[i] = pv_frame_get(v->domain, MFN(frames[i]), PT_DESC);
		if (!page[i])
			err = -EINVAL;
	}
	if (!err) {
		for (u32 i = 0; i < GDT_FRAMES; i++) {
			old = v->arch.gdt_page[i];
			v->arch.gdt_page[i] = page[i];
			map_area_page(v, i, page[i]);
			page[i] = old;
		}
		flush_area(v);
	}
	/* D3: those that are out of use, flushed; or the new ones if one of them is bad. */
	for (u32 i = 0; i < GDT_FRAMES; i++)
		if (page[i])
			pv_frame_put(page[i]);
	return err;
}

/** do_set_gdt() - HYPERVISOR_set_gdt */
long do_set_gdt(gva_t frames, u32 entries)
{
	u64 list[GDT_FRAMES];

	if (entries > FIRST_RESERVED_GDT_ENTRY)
		return -EINVAL;
	if (copy_from_guest(list, frames, PFN_UP(entries * sizeof(u64)) * sizeof(*list)))
		return -EFAULT;
	return pv_set_gdt(current, list, entries);
}

/** do_update_descriptor() - HYPERVISOR_update_descriptor */
long do_update_descriptor(u64 ma, u64 desc)
{
	struct domain *d = current->domain;
	mfn_t mfn = maddr_to_mfn(MADDR(ma));
	struct page *p = mfn_to_page(mfn);
	bool in_use;

	if (ma & 7 || !mfn_valid(mfn) || !descriptor_fix(&desc))
		return -EINVAL;
	spin_guard(&d->pt_lock);
	in_use = (READ_ONCE(p->type) & PT_TYPE_MASK) == PT_DESC;
	if (!pv_frame_get(d, mfn, in_use ? PT_DESC : PT_WRITABLE))
		return -EINVAL;
	/* One store: another vcpu's CPU may read the descriptor meanwhile. */
	WRITE_ONCE(*(u64 *)arch_direct_map(MADDR(ma)), desc);
	pv_frame_put(p);
	return 0;
}

int pv_set_ldt(struct vcpu *v, u64 base, u32 entries)
{
	struct domain *d = v->domain;

	if (base & ~PAGE_MASK || entries > 8192 || !va_is_guest(base) ||
	    !va_is_guest(base + entries * 8ull))
		return -EINVAL;
	if (v->arch.ldt_base == base && v->arch.ldt_entries == entries && !v->arch.ldt_mapped)
		return 0;
	spin_lock(&d->pt_lock);
	if (v->arch.ldt_mapped) {
		for (u32 i = LDT_PAGE; i < AREA_PAGES; i++)
			paging_map(v->arch.gdt_va + i * PAGE_SIZE, MADDR(0), PAGE_SIZE, 0);
		flush_area(v);
	}
	/* D3: after the flush. */
	for (u32 i = 0; i < ARRAY_SIZE(v->arch.ldt_page); i++) {
		if (v->arch.ldt_page[i])
			pv_frame_put(v->arch.ldt_page[i]);
		v->arch.ldt_page[i] = NULL;
	}
	v->arch.ldt_mapped = false;
	v->arch.ldt_base = base;
	v->arch.ldt_entries = entries;
	spin_unlock(&d->pt_lock);
	if (v == current)
		pv_load_descriptors(v);
	return 0;
}

/**
 * pv_ldt_map() - the CPU faulted at @va: map that page of @v's LDT
 * Return: false when it is no part of it, cannot be, or was mapped already.
 */
bool pv_ldt_map(struct vcpu *v, u64 va)
{
	u64 n = (va - v->arch.gdt_va) / PAGE_SIZE - LDT_PAGE;
	struct page *p;
	u64 *slot;

	if (n >= ARRAY_SIZE(v->arch.ldt_page) || v->arch.ldt_page[n])
		return false;
	spin_guard(&v->domain->pt_lock);
	slot = pt_find_l1(v->arch.kernel_cr3, v->arch.ldt_base + n * PAGE_SIZE);
	if (!slot || !(READ_ONCE(*slot) & PTE_P))
		return false;
	p = pv_frame_get(v->domain, PTE_MFN(*slot), PT_DESC);	/* D3 */
	if (!p)
		return false;
	v->arch.ldt_page[n] = p;
	v->arch.ldt_mapped = true;
	map_area_page(v, LDT_PAGE + n, p);
	return true;
}

/* The same for the guest's own doing. Return: false when @va is no part of its LDT area. */
bool pv_ldt_fault(struct vcpu *v, u64 va)
{
	u64 off = va - v->arch.gdt_va - LDT_PAGE * PAGE_SIZE;

	if (off >= (AREA_PAGES - LDT_PAGE) * PAGE_SIZE)
		return false;
	if (!pv_ldt_map(v, va))
		pv_inject_page_fault(v, v->arch.ldt_base + off, 0);
	return true;
}
