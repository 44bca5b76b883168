// SPDX-License-Identifier: GPL-2.0-only
/* memory_op: sizes, giving memory back and getting it, maps (memory.h). */
#include "domain.h"

static long reservation(unsigned int cmd, xen_pfn_t *extents,
			unsigned long count, unsigned int order,
			unsigned int flags, domid_t dom)
{
	struct xen_memory_reservation op = {
		.nr_extents = count, .extent_order = order,
		.mem_flags = flags, .domid = dom,
	};

	set_xen_guest_handle(op.extent_start, extents);
	return hc_memory_op(cmd, &op);
}

/* Sizes: current, maximum, highest frames; and who may be asked about. */
MICRO_TEST_ALONE(memory_sizes)
{
	struct xen_memory_domain self = { .domid = DOMID_SELF };
	struct xen_memory_domain own = { .domid = 0 }, other = { .domid = 77 };

	micro_report("current_is_given=%d",
		     hc_memory_op(XENMEM_current_reservation, &self) ==
		     (long)micro_start_info->nr_pages);
	micro_report("current_own=%ld",
		     hc_memory_op(XENMEM_current_reservation, &own));
	micro_report("current_other=%ld",
		     hc_memory_op(XENMEM_current_reservation, &other));
	micro_info("maximum=%ld",
		   hc_memory_op(XENMEM_maximum_reservation, &self));
	micro_report("maximum_at_least_current=%d",
		     (unsigned int)hc_memory_op(XENMEM_maximum_reservation,
						&self) >=
		     (unsigned int)hc_memory_op(XENMEM_current_reservation,
						&self));
	micro_report("maximum_gpfn=%ld",
		     hc_memory_op(XENMEM_maximum_gpfn, &self));
	micro_report("maximum_ram_page=%lx",
		     hc_memory_op(XENMEM_maximum_ram_page, NULL));
	micro_report("pointer=%ld",
		     hc_memory_op(XENMEM_current_reservation, 0x1000));
	micro_report("op30=%ld op63=%ld", hc_memory_op(30, &self),
		     hc_memory_op(63, &self));
}

/* Give a page back and get another: count, m2p entry, and who may map it. */
MICRO_TEST(memory_decrease_increase)
{
	struct xen_memory_domain self = { .domid = DOMID_SELF };
	char *page = micro_page_alloc();
	xen_pfn_t mfn = micro_va_to_mfn(page), pfn = micro_va_to_pfn(page);
	unsigned long freed = mfn;
	long before = hc_memory_op(XENMEM_current_reservation, &self);
	long ret;

	micro_need(!micro_map(page, 0));
	ret = reservation(XENMEM_decrease_reservation, &mfn, 1, 0, 0,
			  DOMID_SELF);
	micro_report("decrease=%ld change=%ld", ret,
		     hc_memory_op(XENMEM_current_reservation, &self) - before);
	micro_report("m2p_invalid=%d", machine_to_phys_mapping[freed] != pfn);
	micro_report("map_freed=%ld",
		     micro_map(page, (freed << PAGE_SHIFT) | PTE_RW));
	ret = reservation(XENMEM_decrease_reservation, &mfn, 1, 0, 0,
			  DOMID_SELF);
	micro_report("decrease_again=%ld", ret);
	mfn = pfn;
	ret = reservation(XENMEM_populate_physmap, &mfn, 1, 0, 0, DOMID_SELF);
	micro_report("populate=%ld change=%ld", ret,
		     hc_memory_op(XENMEM_current_reservation, &self) - before);
	micro_report("m2p_set=%d", machine_to_phys_mapping[mfn] == pfn);
	ret = micro_map(page, (mfn << PAGE_SHIFT) | PTE_RW);
	micro_report("map_new=%ld zeroed=%d", ret, !ret && !page[0]);
	/* later tests may look for it: keep the list right */
	((unsigned long *)micro_start_info->mfn_list)[pfn] = mfn;
}

/* A mapped page is given back all the same; it goes when it is unmapped. */
MICRO_TEST(memory_decrease_mapped)
{
	char *page = micro_page_alloc();
	xen_pfn_t mfn = micro_va_to_mfn(page);
	unsigned long freed = mfn;
	long ret;

	page[0] = 0x5a;
	ret = reservation(XENMEM_decrease_reservation, &mfn, 1, 0, 0,
			  DOMID_SELF);
	micro_report("decrease=%ld", ret);
	micro_report("remap=%ld",
		     micro_map(page, (freed << PAGE_SHIFT) | PTE_RW));
	micro_report("unmap=%ld", micro_map(page, 0));
	micro_report("map_again=%ld",
		     micro_map(page, (freed << PAGE_SHIFT) | PTE_RW));
}

/* A live page table may be given back as well, and stays until let go. */
MICRO_TEST(memory_decrease_table)
{
	uint64_t *table = micro_table_build(0);
	xen_pfn_t mfn = micro_va_to_mfn(table);

	micro_need(!micro_mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0));
	micro_report("decrease=%ld",
		     reservation(XENMEM_decrease_reservation, &mfn, 1, 0, 0,
				 DOMID_SELF));
	mfn = micro_va_to_mfn(table);
	micro_report("unpin=%ld", micro_mmuext(MMUEXT_UNPIN_TABLE, mfn, 0));
	micro_report("map_rw=%ld",
		     micro_map(table, micro_page_pte(table, PTE_RW)));
}

/*
 * Bad frames, orders, counts, domains and pointers: these calls answer how many
 * extents they did, so 0 is the failure.
 */
MICRO_TEST(memory_reservation_errors)
{
	xen_pfn_t mfn = micro_bad_mfn();

	micro_report("decrease_bad=%ld",
		     reservation(XENMEM_decrease_reservation, &mfn, 1, 0, 0,
				 DOMID_SELF));
	mfn = micro_free_mfn();
	micro_report("decrease_free=%ld",
		     reservation(XENMEM_decrease_reservation, &mfn, 1, 0, 0,
				 DOMID_SELF));
	micro_report("decrease_none=%ld",
		     reservation(XENMEM_decrease_reservation, &mfn, 0, 0, 0,
				 DOMID_SELF));
	micro_report("order_huge=%ld",
		     reservation(XENMEM_decrease_reservation, &mfn, 1, 40, 0,
				 DOMID_SELF));
	micro_report("increase_order_huge=%ld",
		     reservation(XENMEM_increase_reservation, &mfn, 1, 40, 0,
				 DOMID_SELF));
	micro_report("other=%ld",
		     reservation(XENMEM_increase_reservation, &mfn, 1, 0, 0,
				 77));
	micro_report("extents_pointer=%ld",
		     reservation(XENMEM_decrease_reservation, (void *)0x1000,
				 1, 0, 0, DOMID_SELF));
	micro_report("extents_hypervisor=%ld",
		     reservation(XENMEM_decrease_reservation,
				 (void *)0xffff830000000000, 1, 0, 0,
				 DOMID_SELF));
	micro_report("struct_pointer=%ld",
		     hc_memory_op(XENMEM_decrease_reservation, 0x1000));
	micro_report("populate_pointer=%ld",
		     hc_memory_op(XENMEM_populate_physmap, 0x1000));
	mfn = micro_va_to_mfn(micro_user_stack);
	micro_report("increase_beyond_max=%d",
		     reservation(XENMEM_increase_reservation, NULL, 1UL << 30,
				 0, 0, DOMID_SELF) < 1L << 30);
}

/* Give back what a request has brought. */
static void give_back(xen_pfn_t *list, long n)
{
	micro_need(!n || reservation(XENMEM_decrease_reservation, list, n, 0, 0, DOMID_SELF) == n);
}

/* Flags of a request for oneself: width, node, populate on demand; where it begins. */
MICRO_TEST_DOMU(domu_memory_flags)
{
	static const unsigned int flags[] = {
		0, 1, 12, 13, 31, 32, 64, 0xff, 0x100, 0x200, 0xff00, 0x10000, 0x20000, 0x20100,
		0x20200, 0x40000, 0x80000,
	};
	static xen_pfn_t list[2];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		long n;

		list[0] = 0x100000;
		list[1] = 0x100001;
		n = reservation(XENMEM_populate_physmap, list, 2, 0, flags[i], DOMID_SELF);
		micro_report("%x: populate=%ld", flags[i], n);
		give_back(list, n);
		n = reservation(XENMEM_increase_reservation, list, 1, 0, flags[i], DOMID_SELF);
		micro_report("%x: increase=%ld", flags[i], n);
		give_back(list, n);
	}
	for (i = 2; i < 4; i++)
		micro_report("from %u of 2: %ld", i,
			     reservation(XENMEM_populate_physmap | i << 6, list, 2, 0, 0,
					 DOMID_SELF));
}

/* Exchange one page for another. */
MICRO_TEST(memory_exchange)
{
	char *page = micro_page_alloc();
	static xen_pfn_t in, out;
	static struct xen_memory_exchange op;
	unsigned long pfn = micro_va_to_pfn(page);
	long ret;

	in = micro_va_to_mfn(page);
	out = pfn;
	micro_need(!micro_map(page, 0));
	set_xen_guest_handle(op.in.extent_start, &in);
	set_xen_guest_handle(op.out.extent_start, &out);
	op.in.nr_extents = op.out.nr_extents = 1;
	op.in.domid = op.out.domid = DOMID_SELF;
	ret = hc_memory_op(XENMEM_exchange, &op);
	micro_report("exchange=%ld done=%lu", ret, op.nr_exchanged);
	micro_report("m2p_set=%d", machine_to_phys_mapping[out] == pfn);
	ret = micro_map(page, (out << PAGE_SHIFT) | PTE_RW);
	micro_report("map=%ld", ret);
	((unsigned long *)micro_start_info->mfn_list)[pfn] = out;
	in = out;
	op.nr_exchanged = 0;
	op.out.nr_extents = 2;
	micro_report("size_mismatch=%ld", hc_memory_op(XENMEM_exchange, &op));
	op.out.nr_extents = 1;
	op.nr_exchanged = 5;
	micro_report("done_not_zero=%ld", hc_memory_op(XENMEM_exchange, &op));
	micro_report("pointer=%ld", hc_memory_op(XENMEM_exchange, 0x1000));
}

/* Where the machine-to-phys table is. */
MICRO_TEST(memory_machphys)
{
	struct xen_machphys_mapping map;
	struct xen_machphys_mfn_list list = { .max_extents = 8 };
	static xen_pfn_t extents[8];

	micro_report("mapping=%ld",
		     hc_memory_op(XENMEM_machphys_mapping, &map));
	micro_report("v_start=%lx v_end=%lx", map.v_start, map.v_end);
	micro_report("max_mfn_sane=%d",
		     map.max_mfn >= micro_start_info->nr_pages);
	micro_info("max_mfn=%lx", map.max_mfn);
	set_xen_guest_handle(list.extent_start, extents);
	micro_report("list=%ld",
		     hc_memory_op(XENMEM_machphys_mfn_list, &list));
	micro_report("extents=%u first_set=%d", list.nr_extents,
		     extents[0] != 0);
	micro_report("pointer=%ld",
		     hc_memory_op(XENMEM_machphys_mapping, 0x1000));
}

struct e820 {
	uint64_t start, size;
	uint32_t type;
} __attribute__((packed));

static void map_report(const char *key, unsigned int cmd, unsigned int room)
{
	static struct e820 entries[64];
	struct xen_memory_map map = { .nr_entries = room };
	unsigned int i, disorder = 0, ram = 0;
	long ret;

	set_xen_guest_handle(map.buffer, entries);
	ret = hc_memory_op(cmd, &map);
	for (i = 0; !ret && i < map.nr_entries; i++) {
		ram += entries[i].type == 1;
		disorder += i && entries[i].start < entries[i - 1].start +
			    entries[i - 1].size;
		micro_info("%s %lx %lx %u", key, entries[i].start,
			   entries[i].size, entries[i].type);
	}
	micro_report("%s=%ld ram=%d disorder=%u", key, ret, ram > 0, disorder);
}

/* Maps: the machine's for dom0; its own, before one is set, is an error. */
MICRO_TEST(memory_maps)
{
	map_report("machine", XENMEM_machine_memory_map, 64);
	map_report("machine_small", XENMEM_machine_memory_map, 1);
	map_report("own", XENMEM_memory_map, 64);
	micro_report("pointer=%ld",
		     hc_memory_op(XENMEM_machine_memory_map, 0x1000));
}

/* add_to_physmap and friends are for auto-translated guests. */
MICRO_TEST(memory_physmap)
{
	struct xen_add_to_physmap add = { .domid = DOMID_SELF };
	struct xen_remove_from_physmap del = { .domid = DOMID_SELF };
	unsigned int space;

	add.gpfn = del.gpfn = micro_va_to_pfn(micro_page_alloc());
	for (space = 0; space < 6; space++) {
		add.space = space;
		micro_report("space%u=%ld", space,
			     hc_memory_op(XENMEM_add_to_physmap, &add));
	}
	micro_report("remove=%ld",
		     hc_memory_op(XENMEM_remove_from_physmap, &del));
	micro_report("pointer=%ld",
		     hc_memory_op(XENMEM_add_to_physmap, 0x1000));
}
