// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries of L1 tables: what a guest may map, and how (xen.h mmu_update).
 *
 * A core that is sloppy here gives the guest the machine: a writable mapping
 * of a live page table or of a frame of somebody else is all it takes.
 */
#include "micro.h"

static unsigned long table_mfn(int level)
{
	if (level == 4)
		return micro_va_to_mfn((void *)micro_start_info->pt_base);
	return (*micro_pte_find(VIRT_BASE, level + 1) & PTE_ADDR_MASK) >>
	       PAGE_SHIFT;
}

/* No writable mapping of a live page table of any level, by any command. */
MICRO_TEST(mmu_l1_maps_table)
{
	char *page = micro_page_alloc();
	uint64_t ptr = micro_pte_maddr((unsigned long)page, 1);
	uint64_t rw, ro;
	int level;
	long ret;

	for (level = 1; level <= 4; level++) {
		rw = (table_mfn(level) << PAGE_SHIFT) | PTE_RW;
		ro = (table_mfn(level) << PAGE_SHIFT) | PTE_RO;
		ret = micro_mmu_update(ptr | MMU_NORMAL_PT_UPDATE, rw);
		micro_report("l%d normal=%ld", level, ret);
		micro_check(ret < 0);
		ret = micro_mmu_update(ptr | MMU_PT_UPDATE_PRESERVE_AD, rw);
		micro_report("l%d preserve_ad=%ld", level, ret);
		micro_check(ret < 0);
		ret = micro_mmu_update(ptr | MMU_PT_UPDATE_NO_TRANSLATE, rw);
		micro_report("l%d no_translate=%ld", level, ret);
		micro_check(ret < 0);
		ret = micro_map(page, rw);
		micro_report("l%d va_mapping=%ld", level, ret);
		micro_check(ret < 0);
		ret = micro_map(page, ro);
		micro_report("l%d readonly=%ld", level, ret);
		/* from a read-only mapping to a writable one of the same */
		ret = micro_map(page, rw);
		micro_report("l%d upgrade=%ld", level, ret);
		micro_check(ret < 0);
	}
	micro_check(!(*micro_pte_find((unsigned long)page, 1) & PTE_W));
}

/* Frames: only the guest's own; for dom0 also I/O memory, but not RAM. */
MICRO_TEST(mmu_l1_frames)
{
	char *page = micro_page_alloc();
	const uint64_t *entry = micro_pte_find((unsigned long)page, 1);
	const struct {
		const char *name;
		uint64_t pte;
	} tries[] = {
		{ "bad_mfn", (micro_bad_mfn() << PAGE_SHIFT) | PTE_RW },
		{ "bad_mfn_ro", (micro_bad_mfn() << PAGE_SHIFT) | PTE_RO },
		{ "free_rw", (micro_free_mfn() << PAGE_SHIFT) | PTE_RW },
		{ "free_ro", (micro_free_mfn() << PAGE_SHIFT) | PTE_RO },
		{ "shared_info_rw", micro_start_info->shared_info | PTE_RW },
		{ "local_apic", 0xfee00000 | PTE_RW },
		{ "io_apic", 0xfec00000 | PTE_RW },
		{ "io_apic_ro", 0xfec00000 | PTE_RO },
		{ "hpet", 0xfed00000 | PTE_RW },
		{ "vga", 0xa0000 | PTE_RW },
		{ "bios", 0xf0000 | PTE_RO },
		{ "pci_hole", 0xfe000000 | PTE_RW },
		{ "above_ram", 0x100000000 | PTE_RW },
		{ "absent_garbage", 0xdeadbeef000 },
		{ "absent_own", micro_page_pte(page, PTE_RW & ~PTE_P) },
		{ "own", micro_page_pte(page, PTE_RW) },
	};
	unsigned int i;
	long ret;

	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		micro_need(!micro_map(page, 0));
		ret = micro_map(page, tries[i].pte);
		micro_report("%s=%ld writable=%d", tries[i].name, ret,
			     (*entry & (PTE_P | PTE_W)) == (PTE_P | PTE_W));
	}
}

/* The core's own frames: those of the m2p list may be read, not written. */
MICRO_TEST(mmu_l1_core_frames)
{
	static xen_pfn_t mfns[1];
	struct xen_machphys_mfn_list list = { .max_extents = 1 };
	char *page = micro_page_alloc();
	uint64_t ptr = micro_pte_maddr((unsigned long)page, 1);
	struct mmu_update update = { .ptr = ptr };

	micro_need(!micro_map(page, 0));
	set_xen_guest_handle(list.extent_start, mfns);
	micro_need(!hc_memory_op(XENMEM_machphys_mfn_list, &list));
	update.val = (mfns[0] << PAGE_SHIFT) | PTE_RW;
	micro_report("m2p_rw_self=%ld",
		     hc_mmu_update(&update, 1, NULL, DOMID_SELF));
	micro_report("m2p_rw_xen=%ld",
		     hc_mmu_update(&update, 1, NULL, DOMID_XEN));
	update.val = (mfns[0] << PAGE_SHIFT) | PTE_RO;
	micro_report("m2p_ro_self=%ld",
		     hc_mmu_update(&update, 1, NULL, DOMID_SELF));
	micro_report("m2p_ro_xen=%ld",
		     hc_mmu_update(&update, 1, NULL, DOMID_XEN));
	micro_check(!(*micro_pte_find((unsigned long)page, 1) & PTE_W));
}

/*
 * Flag bits: which are refused, which are changed on the way in. The global
 * bit is the core's to use as it likes.
 */
MICRO_TEST(mmu_l1_flags)
{
	char *page = micro_page_alloc();
	const uint64_t *entry = micro_pte_find((unsigned long)page, 1);
	static const struct {
		const char *name;
		uint64_t bits;
	} tries[] = {
		{ "supervisor", PTE_P | PTE_W },
		{ "user", PTE_P | PTE_W | PTE_U },
		{ "global", PTE_RW | PTE_G },
		{ "pat", PTE_RW | PTE_PSE },
		{ "pcd", PTE_RW | PTE_PCD },
		{ "pwt", PTE_RW | PTE_PWT },
		{ "pcd_pwt", PTE_RW | PTE_PCD | PTE_PWT },
		{ "pat_pcd", PTE_RW | PTE_PCD | PTE_PSE },
		{ "nx", PTE_RW | PTE_NX },
		{ "avail9", PTE_RW | 0x200 },
		{ "avail11", PTE_RW | 0xe00 },
		{ "bit52", PTE_RW | 1UL << 52 },
		{ "bit53", PTE_RW | 1UL << 53 },
		{ "bit58", PTE_RW | 1UL << 58 },
		{ "bit59", PTE_RW | 1UL << 59 },
		{ "bit62", PTE_RW | 1UL << 62 },
		{ "bit51", PTE_RW | 1UL << 51 },
		{ "bit47", PTE_RW | 1UL << 47 },
	};
	unsigned int i;
	long ret;

	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		ret = micro_map(page, micro_page_pte(page, tries[i].bits));
		micro_report("%s=%ld flags=%lx", tries[i].name, ret,
			     *entry & (PTE_NX | 0xe9f));
	}
	micro_page_protect(page, true);
}

/* The same where only bits change, for the second of two updates of one table. */
MICRO_TEST(mmu_l1_flags_run)
{
	char *page = micro_page_alloc();
	const uint64_t *entry = micro_pte_find((unsigned long)page, 1);
	uint64_t ptr = micro_pte_maddr((unsigned long)page, 1);
	static const struct {
		const char *name;
		uint64_t bits;
	} tries[] = {
		{ "same", PTE_RW },
		{ "supervisor", PTE_RW & ~PTE_U },
		{ "supervisor_ro", PTE_RO & ~PTE_U },
		{ "global", PTE_RW | PTE_G },
		{ "global_ro", PTE_RO | PTE_G },
		{ "both_ro", (PTE_RO & ~PTE_U) | PTE_G },
		{ "ro", PTE_RO },
		{ "avail11", PTE_RW | 0xe00 },
		{ "nx", PTE_RW | PTE_NX },
		{ "bit51", PTE_RW | 1UL << 51 },
	};
	unsigned int i, kind;
	long ret;

	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		for (kind = MMU_NORMAL_PT_UPDATE; kind <= MMU_PT_UPDATE_PRESERVE_AD; kind += 2) {
			struct mmu_update updates[] = {
				{ ptr | kind, micro_page_pte(page, PTE_RW) },
				{ ptr | kind, micro_page_pte(page, tries[i].bits) },
			};

			ret = hc_mmu_update(updates, 2, NULL, DOMID_SELF);
			micro_report("%s kind=%u: %ld flags=%lx", tries[i].name, kind, ret,
				     *entry & (PTE_NX | 0xe9f));
		}
	}
	micro_page_protect(page, true);
}

/*
 * A page that is mapped writable cannot become a table, and one that is a
 * table cannot be mapped writable until it is none any more.
 */
MICRO_TEST(mmu_l1_type_conflict)
{
	uint64_t *table = micro_page_alloc();
	uint64_t l2 = micro_pte_maddr(micro_scratch_va(1), 2);
	uint64_t entry = micro_page_pte(table, PTE_TABLE);
	long ret;

	ret = micro_mmu_update(l2, entry);
	micro_report("link_writable=%ld", ret);
	micro_check(ret < 0);
	micro_report("pin_writable=%ld",
		     micro_mmuext(MMUEXT_PIN_L1_TABLE, micro_va_to_mfn(table),
				  0));
	micro_page_protect(table, false);
	micro_report("link=%ld", micro_mmu_update(l2, entry));
	ret = micro_map(table, micro_page_pte(table, PTE_RW));
	micro_report("map_live=%ld", ret);
	micro_check(ret < 0);
	micro_report("relink_same=%ld", micro_mmu_update(l2, entry));
	micro_report("unlink=%ld", micro_mmu_update(l2, 0));
	micro_report("map_retired=%ld",
		     micro_map(table, micro_page_pte(table, PTE_RW)));
	table[3] = micro_page_pte(table, PTE_RW);
	micro_page_protect(table, false);
	ret = micro_mmu_update(l2, entry);
	micro_report("link_self_writable=%ld", ret);
	micro_check(ret < 0);
}

/* L1 entries that map another level's table read-only are fine. */
MICRO_TEST(mmu_l1_garbage_table)
{
	static const struct {
		const char *name;
		uint64_t entry;
	} tries[] = {
		{ "bad_mfn", 0xfffffffff000 | PTE_RW },
		{ "local_apic", 0xfee00000 | PTE_RW },
		{ "reserved_bit", 1UL << 51 | PTE_RW },
		{ "absent_junk", 0xfffffffffffffffeUL },
	};
	uint64_t l2 = micro_pte_maddr(micro_scratch_va(2), 2);
	uint64_t *table;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		table = micro_page_alloc();
		table[511] = tries[i].entry;
		micro_page_protect(table, false);
		micro_report("%s=%ld", tries[i].name,
			     micro_mmu_update(l2, micro_page_pte(table,
								 PTE_TABLE)));
	}
	micro_report("clear=%ld", micro_mmu_update(l2, 0));
}

/*
 * An entry that is not present may hold anything (xen.h), so also the address of
 * a frame: where the CPU has no L1TF. Where it has, and with pv-l1tf=true, the
 * domain is crashed: selftests/leaks.
 */
MICRO_TEST(mmu_l1_absent_names_memory)
{
	char *page = micro_page_alloc();
	uint64_t pte = micro_page_pte(page, PTE_RW);

	micro_report("swapped=%ld", micro_map(page, ~pte & PTE_ADDR_MASK));
	micro_report("empty=%ld", micro_map(page, 0));
	micro_report("present=%ld", micro_map(page, pte));
	micro_report("absent=%ld", micro_map(page, pte & ~PTE_P));
	micro_report("restored=%ld", micro_map(page, pte));
}

/* The same with address bits that no cache of such a CPU compares. */
MICRO_TEST(mmu_l1_absent_high_bits)
{
	char *page = micro_page_alloc();
	uint64_t pte = micro_page_pte(page, PTE_RW & ~PTE_P);

	micro_report("absent=%ld", micro_map(page, pte | 1UL << 51));
}

/* An absent entry for a large page names all of it, however it begins. */
MICRO_TEST(mmu_l2_absent_large)
{
	uint64_t l2 = micro_pte_maddr(micro_scratch_va(3), 2);

	micro_report("absent=%ld", micro_mmu_update(l2, PTE_PSE | PTE_W));
	micro_report("empty=%ld", micro_mmu_update(l2, 0));
}
