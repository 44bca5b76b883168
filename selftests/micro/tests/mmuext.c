// SPDX-License-Identifier: GPL-2.0-only
/* mmuext_op: flushes, page clearing and copying, and bad arguments (xen.h). */
#include "micro.h"

/* Unknown operations, retired ones, and lists that cannot be read. */
MICRO_TEST(mmuext_arguments)
{
	static struct mmuext_op list[3];
	unsigned int done = 99;
	long ret;

	micro_report("cmd14=%ld", micro_mmuext(14, 0, 0));
	micro_report("cmd21=%ld", micro_mmuext(21, 0, 0));
	micro_report("cmd_max=%ld", micro_mmuext(~0U, 0, 0));
	micro_report("mark_super=%ld", micro_mmuext(MMUEXT_MARK_SUPER, 0, 0));
	micro_report("unmark_super=%ld",
		     micro_mmuext(MMUEXT_UNMARK_SUPER, 0, 0));
	list[0].cmd = MMUEXT_TLB_FLUSH_LOCAL;
	list[1].cmd = 99;
	list[2].cmd = MMUEXT_TLB_FLUSH_LOCAL;
	ret = hc_mmuext_op(list, 3, &done, DOMID_SELF);
	micro_report("second_bad ret=%ld done=%u", ret, done);
	micro_report("bad_list=%ld", hc_mmuext_op(0x1000, 1, 0, DOMID_SELF));
	micro_report("hypervisor_list=%ld",
		     hc_mmuext_op(0xffff830000000000, 1, 0, DOMID_SELF));
	micro_report("noncanonical_list=%ld",
		     hc_mmuext_op(0x800000000000, 1, 0, DOMID_SELF));
	micro_report("empty=%ld", hc_mmuext_op(list, 0, 0, DOMID_SELF));
	micro_report("foreign=%ld", hc_mmuext_op(list, 1, 0, 5));
	micro_report("dom_io=%ld", hc_mmuext_op(list, 1, 0, DOMID_IO));
}

/* Flushes: allowed ones answer 0, masks must be readable. */
MICRO_TEST(mmuext_flushes)
{
	static uint64_t mask[2] = { 3, 0 }, wide[2] = { ~0UL, ~0UL };

	micro_report("tlb_local=%ld",
		     micro_mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0));
	micro_report("tlb_all=%ld", micro_mmuext(MMUEXT_TLB_FLUSH_ALL, 0, 0));
	micro_report("tlb_multi=%ld",
		     micro_mmuext(MMUEXT_TLB_FLUSH_MULTI, 0,
				  (unsigned long)mask));
	micro_report("tlb_multi_wide=%ld",
		     micro_mmuext(MMUEXT_TLB_FLUSH_MULTI, 0,
				  (unsigned long)wide));
	micro_report("tlb_multi_bad=%ld",
		     micro_mmuext(MMUEXT_TLB_FLUSH_MULTI, 0, 0x1000));
	micro_report("invlpg_local=%ld",
		     micro_mmuext(MMUEXT_INVLPG_LOCAL, VIRT_BASE, 0));
	micro_report("invlpg_all=%ld",
		     micro_mmuext(MMUEXT_INVLPG_ALL, VIRT_BASE, 0));
	micro_report("invlpg_multi=%ld",
		     micro_mmuext(MMUEXT_INVLPG_MULTI, VIRT_BASE,
				  (unsigned long)mask));
	micro_report("invlpg_multi_bad=%ld",
		     micro_mmuext(MMUEXT_INVLPG_MULTI, VIRT_BASE, 0x1000));
	micro_report("invlpg_hypervisor=%ld",
		     micro_mmuext(MMUEXT_INVLPG_LOCAL, 0xffff830000000000,
				  0));
	micro_report("invlpg_noncanonical=%ld",
		     micro_mmuext(MMUEXT_INVLPG_LOCAL, 0x800000000000, 0));
	micro_report("invlpg_all_noncanonical=%ld",
		     micro_mmuext(MMUEXT_INVLPG_ALL, 0x800000000000, 0));
	micro_report("cache=%ld", micro_mmuext(MMUEXT_FLUSH_CACHE, 0, 0));
	micro_report("cache_global=%ld",
		     micro_mmuext(MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0));
}

/* CLEAR_PAGE and COPY_PAGE work on own writable frames, never on tables. */
MICRO_TEST(mmuext_clear_copy)
{
	uint64_t *from = micro_page_alloc(), *to = micro_page_alloc();
	uint64_t *table = micro_table_build(0);
	unsigned long table_mfn = micro_va_to_mfn(table);
	unsigned long to_mfn = micro_va_to_mfn(to);
	long ret;

	from[0] = from[511] = 0x1234;
	ret = micro_mmuext(MMUEXT_COPY_PAGE, to_mfn, micro_va_to_mfn(from));
	micro_report("copy=%ld first=%lx last=%lx", ret, to[0], to[511]);
	ret = micro_mmuext(MMUEXT_CLEAR_PAGE, to_mfn, 0);
	micro_report("clear=%ld first=%lx last=%lx", ret, to[0], to[511]);
	micro_need(!micro_mmuext(MMUEXT_PIN_L1_TABLE, table_mfn, 0));
	ret = micro_mmuext(MMUEXT_CLEAR_PAGE, table_mfn, 0);
	micro_report("clear_table=%ld", ret);
	micro_check(ret < 0);
	ret = micro_mmuext(MMUEXT_COPY_PAGE, table_mfn, to_mfn);
	micro_report("copy_to_table=%ld", ret);
	micro_check(ret < 0);
	micro_report("copy_from_table=%ld",
		     micro_mmuext(MMUEXT_COPY_PAGE, to_mfn, table_mfn));
	micro_report("clear_bad=%ld",
		     micro_mmuext(MMUEXT_CLEAR_PAGE, micro_bad_mfn(), 0));
	micro_report("clear_free=%ld",
		     micro_mmuext(MMUEXT_CLEAR_PAGE, micro_free_mfn(), 0));
	micro_report("copy_from_bad=%ld",
		     micro_mmuext(MMUEXT_COPY_PAGE, to_mfn, micro_bad_mfn()));
	micro_report("copy_from_free=%ld",
		     micro_mmuext(MMUEXT_COPY_PAGE, to_mfn, micro_free_mfn()));
	micro_report("clear_io=%ld",
		     micro_mmuext(MMUEXT_CLEAR_PAGE, 0xfee00, 0));
}
