// SPDX-License-Identifier: GPL-2.0-only
/*
 * grant_table_op: setting up the table, and using it on oneself
 * (grant_table.h).
 */
#include "micro.h"

static xen_pfn_t frames[64];

static struct grant_entry_v1 *grants_open(void)
{
	static struct grant_entry_v1 *table;
	struct gnttab_setup_table setup = {
		.dom = DOMID_SELF, .nr_frames = 1,
	};
	long ret;

	if (table)
		return table;
	set_xen_guest_handle(setup.frame_list, frames);
	ret = hc_grant_table_op(GNTTABOP_setup_table, &setup, 1);
	if (ret || setup.status)
		micro_error("setup_table: %ld %d", ret, setup.status);
	table = micro_page_alloc();
	ret = micro_map(table, (frames[0] << PAGE_SHIFT) | PTE_RW);
	if (ret)
		micro_error("mapping the grant table: %ld", ret);
	return table;
}

/* Size, version and the table itself. */
MICRO_TEST(grant_setup)
{
	struct gnttab_query_size size = { .dom = DOMID_SELF };
	struct gnttab_get_version version = { .dom = DOMID_SELF };
	struct gnttab_setup_table setup = { .dom = DOMID_SELF };
	struct gnttab_set_version set;
	long ret;

	ret = hc_grant_table_op(GNTTABOP_query_size, &size, 1);
	micro_report("query=%ld status=%d frames=%u max=%u", ret, size.status,
		     size.nr_frames, size.max_nr_frames);
	ret = hc_grant_table_op(GNTTABOP_get_version, &version, 1);
	micro_report("version=%ld value=%u", ret, version.version);
	set_xen_guest_handle(setup.frame_list, frames);
	setup.nr_frames = 4;
	ret = hc_grant_table_op(GNTTABOP_setup_table, &setup, 1);
	micro_report("setup4=%ld status=%d distinct=%d", ret, setup.status,
		     frames[0] != frames[3]);
	setup.nr_frames = 1000;
	ret = hc_grant_table_op(GNTTABOP_setup_table, &setup, 1);
	micro_report("setup1000=%ld status=%d", ret, setup.status);
	setup.dom = 77;
	setup.nr_frames = 1;
	ret = hc_grant_table_op(GNTTABOP_setup_table, &setup, 1);
	micro_report("setup_other=%ld status=%d", ret, setup.status);
	size.dom = 77;
	ret = hc_grant_table_op(GNTTABOP_query_size, &size, 1);
	micro_report("query_other=%ld status=%d", ret, size.status);
	set.version = 3;
	micro_report("set_version3=%ld",
		     hc_grant_table_op(GNTTABOP_set_version, &set, 1));
	set.version = 1;
	ret = hc_grant_table_op(GNTTABOP_set_version, &set, 1);
	micro_report("set_version1=%ld value=%u", ret, set.version);
}

/* Calls: unknown, counts, and pointers. */
MICRO_TEST(grant_arguments)
{
	unsigned int op;

	for (op = 0; op <= 13; op++)
		micro_report("op%u pointer=%ld none=%ld", op,
			     hc_grant_table_op(op, 0x1000, 1),
			     hc_grant_table_op(op, NULL, 0));
	micro_report("count_negative=%ld",
		     hc_grant_table_op(GNTTABOP_query_size, frames,
				       0xffffffff));
}

/* A grant to oneself: map it, write through it, unmap it. */
MICRO_TEST(grant_map_self)
{
	struct grant_entry_v1 *table = grants_open();
	uint64_t *page = micro_page_alloc();
	uint64_t *window = micro_page_alloc();
	struct gnttab_map_grant_ref map = {
		.host_addr = (unsigned long)window, .flags = GNTMAP_host_map,
		.ref = 8, .dom = micro_own_id(),
	};
	struct gnttab_unmap_grant_ref unmap = { 0 };
	long ret;

	page[0] = 0x1234;
	table[8].frame = micro_va_to_mfn(page);
	table[8].domid = micro_own_id();
	barrier();
	table[8].flags = GTF_permit_access;
	ret = hc_grant_table_op(GNTTABOP_map_grant_ref, &map, 1);
	micro_report("map=%ld status=%d value=%lx", ret, map.status,
		     map.status ? 0 : window[0]);
	micro_report("bus_addr_is_frame=%d flags=%x", map.dev_bus_addr ==
		     micro_va_to_mfn(page) << PAGE_SHIFT, table[8].flags);
	unmap.host_addr = map.host_addr;
	unmap.handle = map.handle;
	ret = hc_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
	micro_report("unmap=%ld status=%d flags=%x", ret, unmap.status,
		     table[8].flags);
	ret = hc_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
	micro_report("unmap_again=%ld status=%d", ret, unmap.status);
	table[8].flags = 0;
	ret = hc_grant_table_op(GNTTABOP_map_grant_ref, &map, 1);
	micro_report("map_revoked=%ld status=%d", ret, map.status);
	map.dom = DOMID_SELF;
	ret = hc_grant_table_op(GNTTABOP_map_grant_ref, &map, 1);
	micro_report("map_dom_self=%ld status=%d", ret, map.status);
	map.dom = micro_own_id();
	map.ref = 100000;
	ret = hc_grant_table_op(GNTTABOP_map_grant_ref, &map, 1);
	micro_report("map_bad_ref=%ld status=%d", ret, map.status);
	map.dom = 77;
	ret = hc_grant_table_op(GNTTABOP_map_grant_ref, &map, 1);
	micro_report("map_bad_dom=%ld status=%d", ret, map.status);
}

/* Copies: within own memory, through a grant, and out of bounds. */
MICRO_TEST(grant_copy)
{
	struct grant_entry_v1 *table = grants_open();
	char *from = micro_page_alloc(), *to = micro_page_alloc();
	struct gnttab_copy copy = {
		.source.u.gmfn = micro_va_to_mfn(from),
		.source.domid = DOMID_SELF, .source.offset = 10,
		.dest.u.gmfn = micro_va_to_mfn(to),
		.dest.domid = DOMID_SELF, .dest.offset = 20, .len = 5,
	};
	long ret;

	memcpy(from + 10, "hello", 5);
	ret = hc_grant_table_op(GNTTABOP_copy, &copy, 1);
	micro_report("frames=%ld status=%d text=%s", ret, copy.status,
		     to + 20);
	table[9].frame = micro_va_to_mfn(from);
	table[9].domid = micro_own_id();
	barrier();
	table[9].flags = GTF_permit_access | GTF_readonly;
	copy.source.u.ref = 9;
	copy.flags = GNTCOPY_source_gref;
	copy.dest.offset = 40;
	ret = hc_grant_table_op(GNTTABOP_copy, &copy, 1);
	micro_report("grant=%ld status=%d text=%s", ret, copy.status, to + 40);
	copy.len = 4090;
	ret = hc_grant_table_op(GNTTABOP_copy, &copy, 1);
	micro_report("crossing=%ld status=%d", ret, copy.status);
	copy.len = 5;
	copy.flags = GNTCOPY_dest_gref;
	copy.dest.u.ref = 9;
	copy.source.u.gmfn = micro_va_to_mfn(to);
	ret = hc_grant_table_op(GNTTABOP_copy, &copy, 1);
	micro_report("to_readonly_grant=%ld status=%d", ret, copy.status);
	table[9].flags = 0;
	copy.flags = 0;
	copy.dest.u.gmfn =
		micro_va_to_mfn((void *)micro_start_info->pt_base);
	ret = hc_grant_table_op(GNTTABOP_copy, &copy, 1);
	micro_report("to_page_table=%ld status=%d", ret, copy.status);
	micro_check(copy.status);
}
