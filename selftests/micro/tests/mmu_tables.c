// SPDX-License-Identifier: GPL-2.0-only
/* Entries of L2, L3 and L4 tables, and pinning (xen.h mmu_update, mmuext). */
#include "micro.h"

#define SCRATCH	4

/* L2: no superpages, no foreign tables; flag bits as on L1. */
MICRO_TEST(mmu_l2_entries)
{
	uint64_t l2 = micro_pte_maddr(micro_scratch_va(SCRATCH), 2);
	uint64_t *table = micro_table_build(0);
	const uint64_t *entry = micro_pte_find(micro_scratch_va(SCRATCH), 2);
	const struct {
		const char *name;
		uint64_t value;
	} tries[] = {
		{ "good", micro_page_pte(table, PTE_TABLE) },
		{ "superpage", micro_page_pte(table, PTE_TABLE | PTE_PSE) },
		{ "superpage_aligned", 0x10000000 | PTE_TABLE | PTE_PSE },
		{ "nx", micro_page_pte(table, PTE_TABLE | PTE_NX) },
		{ "supervisor", micro_page_pte(table, PTE_TABLE & ~PTE_U) },
		{ "readonly", micro_page_pte(table, PTE_TABLE & ~PTE_W) },
		{ "pcd", micro_page_pte(table, PTE_TABLE | PTE_PCD) },
		{ "global", micro_page_pte(table, PTE_TABLE | PTE_G) },
		{ "avail", micro_page_pte(table, PTE_TABLE | 0xe00) },
		{ "bit51", micro_page_pte(table, PTE_TABLE | 1UL << 51) },
		{ "bit52", micro_page_pte(table, PTE_TABLE | 1UL << 52) },
		{ "bad_mfn", (micro_bad_mfn() << PAGE_SHIFT) | PTE_TABLE },
		{ "free", (micro_free_mfn() << PAGE_SHIFT) | PTE_TABLE },
		{ "io", 0xfee00000 | PTE_TABLE },
		{ "shared_info", micro_start_info->shared_info | PTE_TABLE },
		{ "l4_as_l1", micro_page_pte((void *)micro_start_info->pt_base,
					     PTE_TABLE) },
		{ "l2_itself", (l2 & PTE_ADDR_MASK) | PTE_TABLE },
		{ "absent_junk", 0xdeadbeef000 | PTE_W },
		{ "clear", 0 },
	};
	unsigned int i;
	long ret;

	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		ret = micro_mmu_update(l2, tries[i].value);
		micro_report("%s=%ld flags=%lx", tries[i].name, ret,
			     *entry & (PTE_NX | 0xfdf));
	}
}

/* L3: likewise; a 1 GB page is refused. */
MICRO_TEST(mmu_l3_entries)
{
	/* the last entry of the L3 table is free: 1 GB below the top */
	uint64_t l3 = micro_pte_maddr(0xffffffffc0000000, 3);
	const uint64_t *entry = micro_pte_find(0xffffffffc0000000, 3);
	uint64_t *table = micro_table_build(0);
	const struct {
		const char *name;
		uint64_t value;
	} tries[] = {
		{ "good", micro_page_pte(table, PTE_TABLE) },
		{ "gigabyte_page", micro_page_pte(table, PTE_TABLE | PTE_PSE) },
		{ "nx", micro_page_pte(table, PTE_TABLE | PTE_NX) },
		{ "global", micro_page_pte(table, PTE_TABLE | PTE_G) },
		{ "bad_mfn", (micro_bad_mfn() << PAGE_SHIFT) | PTE_TABLE },
		{ "l3_itself", (l3 & PTE_ADDR_MASK) | PTE_TABLE },
		{ "clear", 0 },
	};
	unsigned int i;
	long ret;

	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		ret = micro_mmu_update(l3, tries[i].value);
		micro_report("%s=%ld flags=%lx", tries[i].name, ret,
			     *entry & (PTE_NX | 0xfdf));
	}
}

/* L4: the core's 16 slots cannot be written; others can, but not with PSE. */
MICRO_TEST(mmu_l4_slots)
{
	uint64_t *l4 = (void *)micro_start_info->pt_base;
	uint64_t at = micro_va_to_mfn(l4) << PAGE_SHIFT;
	uint64_t *table = micro_table_build(0);
	uint64_t good = micro_page_pte(table, PTE_TABLE);
	static const unsigned int slots[] = { 0, 255, 256, 257, 261, 264, 271,
					      272, 300, 510 };
	unsigned int i;
	long ret;

	for (i = 0; i < ARRAY_SIZE(slots); i++) {
		ret = micro_mmu_update(at + slots[i] * 8, good);
		micro_report("slot%u set=%ld", slots[i], ret);
		micro_check(slots[i] < 256 || slots[i] > 271 ? !ret : ret < 0);
		ret = micro_mmu_update(at + slots[i] * 8, 0);
		micro_report("slot%u clear=%ld", slots[i], ret);
	}
	micro_report("pse=%ld", micro_mmu_update(at + 300 * 8, good | PTE_PSE));
	micro_report("global=%ld", micro_mmu_update(at + 300 * 8,
						    good | PTE_G));
	ret = micro_mmu_update(at + 300 * 8, good | PTE_NX);
	micro_report("nx=%ld flags=%lx", ret, l4[300] & (PTE_NX | 0xfdf));
	micro_report("itself_rw=%ld", micro_mmu_update(at + 300 * 8,
						       at | PTE_TABLE));
	/* linear page tables are an option of Xen's build */
	micro_info("itself_ro=%ld", micro_mmu_update(at + 300 * 8, at |
						     (PTE_TABLE & ~PTE_W)));
	micro_report("clear=%ld", micro_mmu_update(at + 300 * 8, 0));
}

/* Pinning: once a table, of the level it is, and only with good content. */
MICRO_TEST(mmu_pin_states)
{
	uint64_t *table = micro_table_build(0);
	unsigned long mfn = micro_va_to_mfn(table);
	uint64_t *bad;

	micro_report("unpin_fresh=%ld",
		     micro_mmuext(MMUEXT_UNPIN_TABLE, mfn, 0));
	micro_report("pin_l1=%ld", micro_mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0));
	micro_report("pin_again=%ld",
		     micro_mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0));
	micro_report("pin_as_l2=%ld",
		     micro_mmuext(MMUEXT_PIN_L2_TABLE, mfn, 0));
	micro_report("map_pinned_rw=%ld",
		     micro_map(table, micro_page_pte(table, PTE_RW)));
	micro_report("unpin=%ld", micro_mmuext(MMUEXT_UNPIN_TABLE, mfn, 0));
	micro_report("unpin_again=%ld",
		     micro_mmuext(MMUEXT_UNPIN_TABLE, mfn, 0));
	micro_report("pin_l2=%ld", micro_mmuext(MMUEXT_PIN_L2_TABLE, mfn, 0));
	micro_report("unpin=%ld", micro_mmuext(MMUEXT_UNPIN_TABLE, mfn, 0));
	micro_report("pin_l3=%ld", micro_mmuext(MMUEXT_PIN_L3_TABLE, mfn, 0));
	micro_report("unpin=%ld", micro_mmuext(MMUEXT_UNPIN_TABLE, mfn, 0));
	micro_report("pin_l4=%ld", micro_mmuext(MMUEXT_PIN_L4_TABLE, mfn, 0));
	micro_report("unpin=%ld", micro_mmuext(MMUEXT_UNPIN_TABLE, mfn, 0));
	bad = micro_page_alloc();
	bad[7] = micro_page_pte((void *)micro_start_info->pt_base, PTE_RW);
	micro_page_protect(bad, false);
	micro_report("pin_bad_content=%ld",
		     micro_mmuext(MMUEXT_PIN_L1_TABLE, micro_va_to_mfn(bad),
				  0));
	micro_report("pin_l4_bad_content=%ld",
		     micro_mmuext(MMUEXT_PIN_L4_TABLE, micro_va_to_mfn(bad),
				  0));
	micro_report("still_untyped=%ld",
		     micro_map(bad, micro_page_pte(bad, PTE_RW)));
	micro_report("pin_bad_mfn=%ld",
		     micro_mmuext(MMUEXT_PIN_L1_TABLE, micro_bad_mfn(), 0));
	micro_report("pin_free=%ld",
		     micro_mmuext(MMUEXT_PIN_L1_TABLE, micro_free_mfn(), 0));
	micro_report("unpin_bad_mfn=%ld",
		     micro_mmuext(MMUEXT_UNPIN_TABLE, micro_bad_mfn(), 0));
}

/*
 * A whole tree: pinning the top validates all levels; one bad L1 entry at the
 * bottom fails the whole, and leaves nothing typed behind.
 */
MICRO_TEST(mmu_pin_tree)
{
	uint64_t *l1 = micro_page_alloc(), *l2, *l3, *l4;
	char *data = micro_page_alloc();
	unsigned long mfn;

	l1[5] = micro_page_pte(data, PTE_RW);
	micro_page_protect(l1, false);
	l2 = micro_table_build(micro_page_pte(l1, PTE_TABLE));
	l3 = micro_table_build(micro_page_pte(l2, PTE_TABLE));
	l4 = micro_table_build(micro_page_pte(l3, PTE_TABLE));
	mfn = micro_va_to_mfn(l4);
	micro_report("pin=%ld", micro_mmuext(MMUEXT_PIN_L4_TABLE, mfn, 0));
	micro_report("l1_rw=%ld", micro_map(l1, micro_page_pte(l1, PTE_RW)));
	micro_report("l3_rw=%ld", micro_map(l3, micro_page_pte(l3, PTE_RW)));
	/* data is mapped writable in the tree: it cannot become a table */
	micro_page_protect(data, false);
	micro_report("pin_data=%ld",
		     micro_mmuext(MMUEXT_PIN_L1_TABLE, micro_va_to_mfn(data),
				  0));
	micro_report("unpin=%ld", micro_mmuext(MMUEXT_UNPIN_TABLE, mfn, 0));
	micro_report("pin_data_after=%ld",
		     micro_mmuext(MMUEXT_PIN_L1_TABLE, micro_va_to_mfn(data),
				  0));
	/* now the tree maps a live L1 table writable */
	micro_report("pin_bad_tree=%ld",
		     micro_mmuext(MMUEXT_PIN_L4_TABLE, mfn, 0));
	micro_report("l1_rw_after=%ld",
		     micro_map(l1, micro_page_pte(l1, PTE_RW)));
	micro_report("l4_rw_after=%ld",
		     micro_map(l4, micro_page_pte(l4, PTE_RW)));
}

/* A table with the kernel's own entries, which it may be a root with. */
static void root_fill(uint64_t *l4)
{
	memcpy(l4, (void *)micro_start_info->pt_base, PAGE_SIZE);
	micro_page_protect(l4, false);
}

/* Base pointers: the frame must be, or can become, a good L4 table. */
MICRO_TEST(mmu_base_pointer)
{
	uint64_t *kernel = (void *)micro_start_info->pt_base;
	uint64_t *l4 = micro_page_alloc();

	micro_report("bad_mfn=%ld",
		     micro_mmuext(MMUEXT_NEW_BASEPTR, micro_bad_mfn(), 0));
	micro_report("free=%ld",
		     micro_mmuext(MMUEXT_NEW_BASEPTR, micro_free_mfn(), 0));
	micro_report("writable=%ld",
		     micro_mmuext(MMUEXT_NEW_BASEPTR, micro_va_to_mfn(l4), 0));
	micro_report("same=%ld",
		     micro_mmuext(MMUEXT_NEW_BASEPTR, micro_va_to_mfn(kernel),
				  0));
	root_fill(l4);
	micro_report("unpinned=%ld",
		     micro_mmuext(MMUEXT_NEW_BASEPTR, micro_va_to_mfn(l4), 0));
	micro_report("map_base_rw=%ld",
		     micro_map(l4, micro_page_pte(l4, PTE_RW)));
	micro_report("back=%ld",
		     micro_mmuext(MMUEXT_NEW_BASEPTR, micro_va_to_mfn(kernel),
				  0));
	micro_report("map_old_base_rw=%ld",
		     micro_map(l4, micro_page_pte(l4, PTE_RW)));
	micro_report("user_bad_mfn=%ld",
		     micro_mmuext(MMUEXT_NEW_USER_BASEPTR, micro_bad_mfn(),
				  0));
	micro_report("user_kernels=%ld",
		     micro_mmuext(MMUEXT_NEW_USER_BASEPTR,
				  micro_va_to_mfn(kernel), 0));
	micro_report("user_none=%ld",
		     micro_mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0));
	micro_user_l4 = NULL;	/* the next user-mode test makes its own */
}

/* Another root like the kernel's own, pinned. */
static uint64_t *root_pinned(void)
{
	uint64_t *l4 = micro_page_alloc();

	root_fill(l4);
	micro_need(!micro_mmuext(MMUEXT_PIN_L4_TABLE, micro_va_to_mfn(l4), 0));
	return l4;
}

/* Both base pointers with one call, as in a switch of processes. */
static void roots_load(const char *key, uint64_t kernel, uint64_t user)
{
	struct mmuext_op ops[2] = {
		{ .cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = kernel },
		{ .cmd = MMUEXT_NEW_USER_BASEPTR, .arg1.mfn = user },
	};

	micro_report("%s=%ld", key, hc_mmuext_op(ops, 2, NULL, DOMID_SELF));
}

static void root_unpin(const char *key, uint64_t *l4)
{
	micro_report("%s unpin=%ld", key, micro_mmuext(MMUEXT_UNPIN_TABLE, micro_va_to_mfn(l4), 0));
	micro_report("%s map_rw=%ld", key, micro_map(l4, micro_page_pte(l4, PTE_RW)));
	micro_report("%s again=%ld", key, micro_mmuext(MMUEXT_UNPIN_TABLE, micro_va_to_mfn(l4), 0));
}

/* E5: what is loaded stays a table, also when the pin goes that it was loaded with. */
MICRO_TEST(mmu_unpin_loaded)
{
	uint64_t kernel = micro_va_to_mfn((void *)micro_start_info->pt_base);
	uint64_t *a = root_pinned(), *b = root_pinned(), *c = micro_page_alloc();

	roots_load("load", micro_va_to_mfn(a), micro_va_to_mfn(b));
	root_unpin("kernels", a);
	root_unpin("users", b);
	roots_load("other", kernel, kernel);
	micro_report("map_rw=%ld,%ld", micro_map(a, micro_page_pte(a, PTE_RW)),
		     micro_map(b, micro_page_pte(b, PTE_RW)));
	roots_load("writable", micro_va_to_mfn(c), kernel);
	roots_load("users_writable", kernel, micro_va_to_mfn(c));
	roots_load("bad", micro_bad_mfn(), kernel);
	roots_load("users_bad", kernel, micro_bad_mfn());
	micro_report("user_alias=%ld", micro_mmuext(MMUEXT_NEW_USER_BASEPTR, 1UL << 52, 0));
	micro_report("kernel_alias=%ld",
		     micro_mmuext(MMUEXT_NEW_BASEPTR, kernel | 1UL << 52, 0));
	roots_load("none", kernel, 0);
	micro_user_l4 = NULL;
}

/* The same table as both, and the pin's end, and once more with another. */
MICRO_TEST(mmu_unpin_loaded_twice)
{
	uint64_t kernel = micro_va_to_mfn((void *)micro_start_info->pt_base);
	uint64_t *a = root_pinned();

	roots_load("load", micro_va_to_mfn(a), micro_va_to_mfn(a));
	root_unpin("both", a);
	micro_report("user=%ld", micro_mmuext(MMUEXT_NEW_USER_BASEPTR, kernel, 0));
	micro_report("map_rw=%ld", micro_map(a, micro_page_pte(a, PTE_RW)));
	micro_report("kernel=%ld", micro_mmuext(MMUEXT_NEW_BASEPTR, kernel, 0));
	micro_report("map_rw=%ld", micro_map(a, micro_page_pte(a, PTE_RW)));
	roots_load("none", kernel, 0);
	micro_user_l4 = NULL;
}

/* E5: another vcpu has it, which does not even run. */
MICRO_TEST_ALONE(mmu_unpin_others)
{
	static struct vcpu_guest_context context;
	uint64_t *a = root_pinned(), *b = root_pinned();

	micro_vcpu_context(&context, micro_stack_end, micro_stack_end);
	context.ctrlreg[3] = xen_pfn_to_cr3(micro_va_to_mfn(a));
	context.ctrlreg[1] = xen_pfn_to_cr3(micro_va_to_mfn(b));
	micro_report("initialise=%ld", hc_vcpu_op(VCPUOP_initialise, 1, &context));
	root_unpin("kernels", a);
	root_unpin("users", b);
}
