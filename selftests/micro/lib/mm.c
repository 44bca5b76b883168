// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a micro-guest: pages, page-table entries, and the calls on them.
 *
 * All pages come from a pool inside the image, so virtual address, guest frame
 * and machine frame of each are known: va = VIRT_BASE + pfn * 4096, and the
 * list at start_info->mfn_list has the machine frame of each pfn. Page tables
 * of the start of day are inside that mapping, too (read-only). Pages are
 * never given back: a test may leave its page in any state.
 */
#include "micro.h"

#define POOL_PAGES	1536

struct shared_info *micro_shared;

static char pool[POOL_PAGES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static unsigned int pool_used;
static char shared_window[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

/** micro_page_alloc() - a zeroed page mapped read-write, never used before */
void *micro_page_alloc(void)
{
	if (pool_used == POOL_PAGES)
		micro_error("page pool is empty");
	return pool[pool_used++];
}

unsigned long micro_va_to_pfn(const void *va)
{
	return ((unsigned long)va - VIRT_BASE) >> PAGE_SHIFT;
}

unsigned long micro_pfn_to_mfn(unsigned long pfn)
{
	return ((unsigned long *)micro_start_info->mfn_list)[pfn];
}

unsigned long micro_va_to_mfn(const void *va)
{
	return micro_pfn_to_mfn(micro_va_to_pfn(va));
}

/** micro_mfn_to_va() - address of an own frame inside the image's mapping */
void *micro_mfn_to_va(unsigned long mfn)
{
	return (void *)(VIRT_BASE +
			(machine_to_phys_mapping[mfn] << PAGE_SHIFT));
}

/** micro_bad_mfn() - a frame number far behind all memory */
unsigned long micro_bad_mfn(void)
{
	return 0xfffffffffUL;
}

/**
 * micro_pte_find() - the entry that maps an address
 * @va: virtual address
 * @level: of the table the entry is in, 1 to 4
 *
 * Return: the entry (read-only memory), NULL when a higher one is not there.
 */
uint64_t *micro_pte_find(unsigned long va, int level)
{
	uint64_t *table = (uint64_t *)micro_start_info->pt_base;
	uint64_t *entry;
	int at;

	for (at = 4; ; at--) {
		entry = &table[(va >> (12 + 9 * (at - 1))) & 511];
		if (at == level)
			return entry;
		if (!(*entry & PTE_P))
			return NULL;
		table = micro_mfn_to_va((*entry & PTE_ADDR_MASK) >> PAGE_SHIFT);
	}
}

/** micro_pte_maddr() - machine address of the entry that maps an address */
uint64_t micro_pte_maddr(unsigned long va, int level)
{
	uint64_t *entry = micro_pte_find(va, level);

	if (!entry)
		micro_error("no level %d entry for %lx", level, va);
	return (micro_va_to_mfn(entry) << PAGE_SHIFT) |
	       ((unsigned long)entry & (PAGE_SIZE - 1));
}

/** micro_mmu_update() - one mmu_update entry on our own tables */
long micro_mmu_update(uint64_t ptr, uint64_t val)
{
	struct mmu_update update = { .ptr = ptr, .val = val };

	return hc_mmu_update(&update, 1, NULL, DOMID_SELF);
}

/** micro_map() - write the L1 entry of an address, flushing it locally */
long micro_map(void *va, uint64_t pte)
{
	return hc_update_va_mapping(va, pte, UVMF_INVLPG | UVMF_LOCAL);
}

/** micro_page_protect() - map a pool page read-only or read-write */
void micro_page_protect(void *va, bool writable)
{
	uint64_t pte = (micro_va_to_mfn(va) << PAGE_SHIFT) |
		       (writable ? PTE_RW : PTE_RO);
	long ret = micro_map(va, pte);

	if (ret)
		micro_error("protecting a page: %ld", ret);
}

/**
 * micro_mmuext() - one mmuext operation on ourselves
 * @cmd: MMUEXT_*
 * @arg1: mfn or linear address
 * @arg2: entries, source frame or address of a vcpu mask
 */
long micro_mmuext(unsigned int cmd, unsigned long arg1, unsigned long arg2)
{
	struct mmuext_op op = { .cmd = cmd };

	op.arg1.linear_addr = arg1;
	op.arg2.src_mfn = arg2;
	return hc_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

/**
 * micro_table_build() - a page fit to become a page table of any level
 * @first_entry: value of entry 0, the others are 0
 *
 * Return: the page, mapped read-only; it has no type yet.
 */
uint64_t *micro_table_build(uint64_t first_entry)
{
	uint64_t *table = micro_page_alloc();

	table[0] = first_entry;
	micro_page_protect(table, false);
	return table;
}

/** micro_tree_build() - a level 3 table whose first page has @pte; two more below it */
uint64_t *micro_tree_build(uint64_t pte)
{
	uint64_t *l1 = micro_table_build(pte);
	uint64_t *l2 = micro_table_build(micro_page_pte(l1, PTE_TABLE));

	return micro_table_build(micro_page_pte(l2, PTE_TABLE));
}

/** micro_page_pte() - the entry that maps a pool page with some flags */
uint64_t micro_page_pte(const void *va, uint64_t flags)
{
	return (micro_va_to_mfn(va) << PAGE_SHIFT) | flags;
}

/** micro_scratch_va() - start of an unused 2 MB slot, 0 to 63 */
unsigned long micro_scratch_va(unsigned int slot)
{
	return VIRT_BASE + 0x20000000 + slot * 0x200000UL;
}

/**
 * micro_scratch_open() - put an empty L1 table behind a scratch slot
 * @slot: 0 to 63, one no other test uses
 *
 * Return: the table, for reading; change it by mmu_update.
 */
uint64_t *micro_scratch_open(unsigned int slot)
{
	uint64_t *table = micro_table_build(0);
	long ret = micro_mmu_update(micro_pte_maddr(micro_scratch_va(slot), 2),
				    micro_page_pte(table, PTE_TABLE));

	if (ret)
		micro_error("linking a scratch table: %ld", ret);
	return table;
}

/** micro_free_mfn() - a frame of RAM that belongs to nobody, or to the core */
unsigned long micro_free_mfn(void)
{
	unsigned long mfn, pfn;

	/* the middle of the first 256 MB: behind what boot loaders use */
	for (mfn = 0x8000; mfn < 0x10000; mfn++) {
		pfn = machine_to_phys_mapping[mfn];
		if (pfn >= micro_start_info->nr_pages ||
		    micro_pfn_to_mfn(pfn) != mfn)
			return mfn;
	}
	micro_error("no frame of RAM that is not ours");
}

/** micro_mm_init() - map the shared info page */
void micro_mm_init(void)
{
	micro_map(shared_window, micro_start_info->shared_info | PTE_RW);
	micro_shared = (struct shared_info *)shared_window;
}
