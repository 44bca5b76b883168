// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rest of grant_table_op (grant_table.h): copies that are refused,
 * transfer, replacing, swapping, caches, status frames.
 */
#include "micro.h"

#define FIRST_REF	200	/* lower ones belong to other tests */

static struct grant_entry_v1 *table;

static grant_ref_t grant_mfn(unsigned long mfn, unsigned int flags)
{
	static grant_ref_t next = FIRST_REF;
	static xen_pfn_t frame;
	struct gnttab_setup_table setup = {
		.dom = DOMID_SELF, .nr_frames = 1,
	};

	if (!table) {
		set_xen_guest_handle(setup.frame_list, &frame);
		micro_need(!hc_grant_table_op(GNTTABOP_setup_table, &setup, 1));
		table = micro_page_alloc();
		micro_need(!micro_map(table, (frame << PAGE_SHIFT) | PTE_RW));
	}
	table[next].frame = mfn;
	table[next].domid = micro_own_id();
	barrier();
	table[next].flags = flags;
	return next++;
}

#define VA(p)	((unsigned long)(p))

/* Each end of a copy is inside of its page, wherever the other one is. */
MICRO_TEST(grant_copy_ends)
{
	static const uint16_t cases[][3] = {	/* source, destination, length */
		{ 4000, 0, 96 }, { 4000, 0, 97 }, { 0, 4000, 96 }, { 0, 4000, 97 },
		{ 4096, 0, 0 }, { 4096, 0, 1 }, { 0, 4096, 1 }, { 1, 0, 4096 }, { 0, 1, 4096 },
		{ 65535, 0, 2 }, { 0, 65535, 2 }, { 65535, 65535, 65535 },
	};
	uint64_t a = micro_va_to_mfn(micro_page_alloc()), b = micro_va_to_mfn(micro_page_alloc());
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct gnttab_copy copy = {
			.source = { .domid = DOMID_SELF, .u.gmfn = a, .offset = cases[i][0] },
			.dest = { .domid = DOMID_SELF, .u.gmfn = b, .offset = cases[i][1] },
			.len = cases[i][2],
		};

		micro_need(!hc_grant_table_op(GNTTABOP_copy, &copy, 1));
		micro_report("%u to %u, %u: %d", copy.source.offset, copy.dest.offset, copy.len,
			     copy.status);
	}
}

static char *from, *to;

static int copy_one(unsigned int flags, uint64_t source, domid_t source_dom,
		    uint64_t dest, domid_t dest_dom, unsigned int offset, unsigned int len)
{
	struct gnttab_copy copy = {
		.source.domid = source_dom, .dest.domid = dest_dom,
		.source.offset = offset, .dest.offset = offset,
		.len = len, .flags = flags,
	};
	long ret;

	if (flags & GNTCOPY_source_gref)
		copy.source.u.ref = source;
	else
		copy.source.u.gmfn = source;
	if (flags & GNTCOPY_dest_gref)
		copy.dest.u.ref = dest;
	else
		copy.dest.u.gmfn = dest;
	ret = hc_grant_table_op(GNTTABOP_copy, &copy, 1);
	if (ret)
		micro_error("copy failed as a whole: %ld", ret);
	return copy.status;
}

/* Frames and domains that a copy names directly. */
MICRO_TEST(grant_copy_frames)
{
	unsigned long s, d;
	uint64_t *l1 = micro_table_build(0);

	from = micro_page_alloc();
	to = micro_page_alloc();
	s = micro_va_to_mfn(from);
	d = micro_va_to_mfn(to);
	memset(from, 0x5a, PAGE_SIZE);
	micro_report("plain=%d", copy_one(0, s, DOMID_SELF, d, DOMID_SELF, 0, 16));
	micro_report("value=%x next=%x", to[15], to[16]);
	micro_report("own_number=%d",
		     copy_one(0, s, micro_own_id(), d, micro_own_id(), 0, 16));
	micro_report("len0=%d", copy_one(0, s, DOMID_SELF, d, DOMID_SELF, 0, 0));
	micro_report("whole=%d", copy_one(0, s, DOMID_SELF, d, DOMID_SELF, 0, 4096));
	micro_report("beyond=%d", copy_one(0, s, DOMID_SELF, d, DOMID_SELF, 1, 4096));
	micro_report("offset4096=%d", copy_one(0, s, DOMID_SELF, d, DOMID_SELF, 4096, 0));
	micro_report("offset4096_1=%d", copy_one(0, s, DOMID_SELF, d, DOMID_SELF, 4096, 1));
	micro_report("offset5000_0=%d", copy_one(0, s, DOMID_SELF, d, DOMID_SELF, 5000, 0));
	micro_report("same_frame=%d", copy_one(0, s, DOMID_SELF, s, DOMID_SELF, 0, 16));
	micro_report("nobodys_source=%d",
		     copy_one(0, micro_free_mfn(), DOMID_SELF, d, DOMID_SELF, 0, 16));
	micro_report("nobodys_dest=%d",
		     copy_one(0, s, DOMID_SELF, micro_free_mfn(), DOMID_SELF, 0, 16));
	micro_report("none_source=%d",
		     copy_one(0, 0xfffffffffUL, DOMID_SELF, d, DOMID_SELF, 0, 16));
	micro_report("none_dest=%d",
		     copy_one(0, s, DOMID_SELF, 0xfffffffffUL, DOMID_SELF, 0, 16));
	micro_report("vga_source=%d", copy_one(0, 0xb8, DOMID_SELF, d, DOMID_SELF, 0, 16));
	micro_report("other_dom=%d", copy_one(0, s, 77, d, DOMID_SELF, 0, 16));
	micro_report("other_dest_dom=%d", copy_one(0, s, DOMID_SELF, d, 77, 0, 16));
	micro_report("dom_xen=%d", copy_one(0, s, DOMID_XEN, d, DOMID_SELF, 0, 16));
	micro_report("dom_io=%d", copy_one(0, s, DOMID_IO, d, DOMID_SELF, 0, 16));
	micro_need(!micro_mmuext(MMUEXT_PIN_L1_TABLE, micro_va_to_mfn(l1), 0));
	micro_report("from_table=%d",
		     copy_one(0, micro_va_to_mfn(l1), DOMID_SELF, d, DOMID_SELF, 0, 16));
	micro_report("to_table=%d",
		     copy_one(0, s, DOMID_SELF, micro_va_to_mfn(l1), DOMID_SELF, 0, 16));
	micro_need(!micro_mmuext(MMUEXT_UNPIN_TABLE, micro_va_to_mfn(l1), 0));
	micro_report("flags4=%d", copy_one(4, s, DOMID_SELF, d, DOMID_SELF, 0, 16));
	micro_report("flags8000=%d", copy_one(0x8000, s, DOMID_SELF, d, DOMID_SELF, 0, 16));
}

/* Grants that a copy names. */
MICRO_TEST(grant_copy_grants)
{
	char *a = micro_page_alloc(), *b = micro_page_alloc();
	unsigned long s = micro_va_to_mfn(a), d = micro_va_to_mfn(b);
	grant_ref_t rw = grant_mfn(s, GTF_permit_access);
	grant_ref_t ro = grant_mfn(s, GTF_permit_access | GTF_readonly);
	grant_ref_t none = grant_mfn(s, GTF_invalid);
	grant_ref_t other = grant_mfn(s, GTF_permit_access);
	grant_ref_t free = grant_mfn(micro_free_mfn(), GTF_permit_access);
	grant_ref_t far = grant_mfn(0xffffffff, GTF_permit_access);

	table[other].domid = 9;
	micro_report("source=%d", copy_one(1, rw, micro_own_id(), d, DOMID_SELF, 0, 16));
	micro_report("source_self=%d", copy_one(1, rw, DOMID_SELF, d, DOMID_SELF, 0, 16));
	micro_report("source_dom77=%d", copy_one(1, rw, 77, d, DOMID_SELF, 0, 16));
	micro_report("dest=%d", copy_one(2, d, DOMID_SELF, rw, micro_own_id(), 0, 16));
	micro_report("used=%x", table[rw].flags);
	micro_report("dest_self=%d", copy_one(2, d, DOMID_SELF, rw, DOMID_SELF, 0, 16));
	micro_report("both=%d",
		     copy_one(3, ro, micro_own_id(), rw, micro_own_id(), 0, 16));
	micro_report("dest_readonly=%d", copy_one(2, d, DOMID_SELF, ro, micro_own_id(), 0, 16));
	micro_report("invalid=%d", copy_one(1, none, 0, d, DOMID_SELF, 0, 16));
	micro_report("not_for_us=%d", copy_one(1, other, 0, d, DOMID_SELF, 0, 16));
	micro_report("nobodys=%d", copy_one(1, free, 0, d, DOMID_SELF, 0, 16));
	micro_report("nobodys_dest=%d", copy_one(2, d, DOMID_SELF, free, 0, 0, 16));
	micro_report("none=%d", copy_one(1, far, 0, d, DOMID_SELF, 0, 16));
	micro_report("ref_unused=%d", copy_one(1, 511, 0, d, DOMID_SELF, 0, 16));
	micro_report("ref_max=%d", copy_one(1, ~0U, 0, d, DOMID_SELF, 0, 16));
	micro_report("used rw=%x ro=%x", table[rw].flags, table[ro].flags);
}

/* A list of copies; a later pointer is bad. */
MICRO_TEST(grant_copy_batch)
{
	static struct gnttab_copy list[3];
	char *a = micro_page_alloc(), *b = micro_page_alloc();
	struct gnttab_copy *last = (struct gnttab_copy *)(a + PAGE_SIZE) - 1;
	unsigned int i;
	long ret;

	for (i = 0; i < 3; i++) {
		list[i].source.u.gmfn = micro_va_to_mfn(a);
		list[i].dest.u.gmfn = micro_va_to_mfn(b);
		list[i].source.domid = list[i].dest.domid = DOMID_SELF;
		list[i].len = i == 1 ? 5000 : 10;
		list[i].status = 99;
	}
	ret = hc_grant_table_op(GNTTABOP_copy, list, 3);
	micro_report("list=%ld %d %d %d", ret, list[0].status, list[1].status,
		     list[2].status);
	micro_need(last + 1 == (struct gnttab_copy *)b);
	*last = list[0];
	last->status = 99;
	micro_need(!micro_map(b, 0));
	ret = hc_grant_table_op(GNTTABOP_copy, last, 2);
	micro_report("cut=%ld %d", ret, last->status);
}

/* Transfer: of a bad frame, of one that is in use. */
MICRO_TEST(grant_transfer)
{
	struct gnttab_transfer op = { .mfn = micro_bad_mfn(), .ref = 3 };
	char *page = micro_page_alloc();
	unsigned long mfn = micro_va_to_mfn(page);
	long ret;

	ret = hc_grant_table_op(GNTTABOP_transfer, &op, 1);
	micro_report("bad_frame=%ld status=%d", ret, op.status);
	op.mfn = micro_free_mfn();
	ret = hc_grant_table_op(GNTTABOP_transfer, &op, 1);
	micro_report("nobodys=%ld status=%d", ret, op.status);
	op.mfn = mfn;
	op.domid = 77;
	ret = hc_grant_table_op(GNTTABOP_transfer, &op, 1);
	micro_report("mapped_to_nobody=%ld status=%d", ret, op.status);
	micro_report("still_mine=%ld", micro_map(page, micro_page_pte(page, PTE_RW)));
}

/* unmap_and_replace: the entry of another address takes the mapping's place. */
MICRO_TEST(grant_replace)
{
	char *page = micro_page_alloc(), *window = micro_page_alloc();
	char *spare = micro_page_alloc();
	grant_ref_t ref = grant_mfn(micro_va_to_mfn(page), GTF_permit_access);
	struct gnttab_map_grant_ref map = {
		.dom = micro_own_id(),
		.host_addr = VA(window), .flags = GNTMAP_host_map, .ref = ref,
	};
	struct gnttab_unmap_and_replace op = { .handle = 5000 };
	long ret;

	spare[0] = 0x44;
	ret = hc_grant_table_op(GNTTABOP_unmap_and_replace, &op, 1);
	micro_report("bad_handle=%ld status=%d", ret, op.status);
	micro_need(!hc_grant_table_op(GNTTABOP_map_grant_ref, &map, 1) && !map.status);
	op.handle = map.handle;
	op.host_addr = VA(window);
	op.new_addr = 0x123456000;
	ret = hc_grant_table_op(GNTTABOP_unmap_and_replace, &op, 1);
	micro_report("no_table=%ld status=%d used=%x", ret, op.status, table[ref].flags);
	op.new_addr = 0xffff830000000000;
	ret = hc_grant_table_op(GNTTABOP_unmap_and_replace, &op, 1);
	micro_report("hypervisor=%ld status=%d used=%x", ret, op.status, table[ref].flags);
	op.new_addr = VA(spare);
	ret = hc_grant_table_op(GNTTABOP_unmap_and_replace, &op, 1);
	micro_report("replace=%ld status=%d used=%x", ret, op.status, table[ref].flags);
	micro_report("value=%x spare=%lx window=%lx",
		     *micro_pte_find(VA(window), 1) & PTE_P ? window[0] : 0xff,
		     *micro_pte_find(VA(spare), 1),
		     *micro_pte_find(VA(window), 1) & 0xf9f);
	ret = hc_grant_table_op(GNTTABOP_unmap_and_replace, &op, 1);
	micro_report("again=%ld status=%d", ret, op.status);
	map.status = 99;
	micro_need(!hc_grant_table_op(GNTTABOP_map_grant_ref, &map, 1) && !map.status);
	op.handle = map.handle;
	op.new_addr = 0;
	op.host_addr = VA(window);
	ret = hc_grant_table_op(GNTTABOP_unmap_and_replace, &op, 1);
	micro_report("with_null=%ld status=%d pte=%lx used=%x", ret, op.status,
		     *micro_pte_find(VA(window), 1), table[ref].flags);
	micro_need(!hc_grant_table_op(GNTTABOP_map_grant_ref, &map, 1) && !map.status);
	op.handle = map.handle;
	op.host_addr = 0;
	ret = hc_grant_table_op(GNTTABOP_unmap_and_replace, &op, 1);
	micro_report("no_host=%ld status=%d used=%x", ret, op.status, table[ref].flags);
	map.host_addr = micro_pte_maddr(VA(window), 1);
	map.flags |= GNTMAP_contains_pte;
	micro_need(!hc_grant_table_op(GNTTABOP_map_grant_ref, &map, 1) && !map.status);
	op.handle = map.handle;
	op.host_addr = map.host_addr;
	op.new_addr = VA(page);
	ret = hc_grant_table_op(GNTTABOP_unmap_and_replace, &op, 1);
	micro_report("by_pte=%ld status=%d used=%x", ret, op.status, table[ref].flags);
}

/* Two entries change places, unless one is in use. */
MICRO_TEST(grant_swap)
{
	char *page = micro_page_alloc(), *window = micro_page_alloc();
	grant_ref_t a = grant_mfn(0x123, GTF_permit_access);
	grant_ref_t b = grant_mfn(micro_va_to_mfn(page), GTF_invalid);
	struct gnttab_swap_grant_ref op = { .ref_a = a, .ref_b = b };
	struct gnttab_map_grant_ref map = {
		.dom = micro_own_id(),
		.host_addr = VA(window), .flags = GNTMAP_host_map,
	};
	struct gnttab_unmap_grant_ref unmap = { .host_addr = VA(window) };
	long ret;

	ret = hc_grant_table_op(GNTTABOP_swap_grant_ref, &op, 1);
	micro_report("swap=%ld status=%d a=%x b=%x frame=%x", ret, op.status,
		     table[a].flags, table[b].flags, table[b].frame);
	op.ref_b = a;
	ret = hc_grant_table_op(GNTTABOP_swap_grant_ref, &op, 1);
	micro_report("same=%ld status=%d", ret, op.status);
	op.ref_b = 512 * 64;
	ret = hc_grant_table_op(GNTTABOP_swap_grant_ref, &op, 1);
	micro_report("beyond=%ld status=%d", ret, op.status);
	op.ref_a = ~0U;
	op.ref_b = b;
	ret = hc_grant_table_op(GNTTABOP_swap_grant_ref, &op, 1);
	micro_report("first_beyond=%ld status=%d", ret, op.status);
	op.ref_a = a;
	table[a].flags = GTF_permit_access;
	map.ref = a;
	micro_need(!hc_grant_table_op(GNTTABOP_map_grant_ref, &map, 1) && !map.status);
	ret = hc_grant_table_op(GNTTABOP_swap_grant_ref, &op, 1);
	micro_report("in_use=%ld status=%d", ret, op.status);
	op.ref_a = b;
	op.ref_b = a;
	ret = hc_grant_table_op(GNTTABOP_swap_grant_ref, &op, 1);
	micro_report("second_in_use=%ld status=%d", ret, op.status);
	unmap.handle = map.handle;
	hc_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
	micro_report("unmap=%d", unmap.status);
}

/* Cache maintenance and status frames. */
MICRO_TEST(grant_calls)
{
	char *page = micro_page_alloc();
	uint64_t frames[2] = { 1, 1 };
	struct gnttab_cache_flush flush = { .op = GNTTAB_CACHE_CLEAN, .length = 16 };
	struct gnttab_get_status_frames status = { .dom = DOMID_SELF, .nr_frames = 1 };
	struct gnttab_get_version version = { .dom = 77 };
	grant_ref_t ref = grant_mfn(micro_va_to_mfn(page), GTF_permit_access);
	long ret;

	flush.a.dev_bus_addr = micro_va_to_mfn(page) << PAGE_SHIFT;
	micro_report("clean=%ld", hc_grant_table_op(GNTTABOP_cache_flush, &flush, 1));
	flush.op = GNTTAB_CACHE_INVAL;
	micro_report("inval=%ld", hc_grant_table_op(GNTTABOP_cache_flush, &flush, 1));
	flush.op = GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_SOURCE_GREF;
	flush.a.ref = ref;
	micro_report("by_ref=%ld", hc_grant_table_op(GNTTABOP_cache_flush, &flush, 1));
	flush.op = 0;
	micro_report("nothing=%ld", hc_grant_table_op(GNTTABOP_cache_flush, &flush, 1));
	flush.op = 8;
	micro_report("bad_op=%ld", hc_grant_table_op(GNTTABOP_cache_flush, &flush, 1));
	flush.op = GNTTAB_CACHE_CLEAN;
	flush.length = 0;
	micro_report("len0=%ld", hc_grant_table_op(GNTTABOP_cache_flush, &flush, 1));
	flush.length = 5000;
	micro_report("crossing=%ld", hc_grant_table_op(GNTTABOP_cache_flush, &flush, 1));
	flush.length = 16;
	flush.a.dev_bus_addr = micro_bad_mfn() << PAGE_SHIFT;
	micro_report("none=%ld", hc_grant_table_op(GNTTABOP_cache_flush, &flush, 1));
	flush.a.dev_bus_addr = micro_free_mfn() << PAGE_SHIFT;
	micro_report("nobodys=%ld", hc_grant_table_op(GNTTABOP_cache_flush, &flush, 1));
	set_xen_guest_handle(status.frame_list, frames);
	status.status = 99;
	ret = hc_grant_table_op(GNTTABOP_get_status_frames, &status, 1);
	micro_report("status_frames=%ld status=%d first=%lx", ret, status.status, frames[0]);
	status.dom = 77;
	ret = hc_grant_table_op(GNTTABOP_get_status_frames, &status, 1);
	micro_report("status_frames_other=%ld status=%d", ret, status.status);
	status.dom = DOMID_SELF;
	ret = hc_grant_table_op(GNTTABOP_get_status_frames, &status, 2);
	micro_report("status_frames_two=%ld", ret);
	status.nr_frames = 0;
	status.status = 99;
	ret = hc_grant_table_op(GNTTABOP_get_status_frames, &status, 1);
	micro_report("status_frames_none=%ld status=%d", ret, status.status);
	micro_report("version_other=%ld", hc_grant_table_op(GNTTABOP_get_version, &version, 1));
	micro_report("version_two=%ld", hc_grant_table_op(GNTTABOP_get_version, &version, 2));
}
