// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping grants (grant_table.h): what entries may be mapped how, what the
 * page-table entry looks like, and how a mapping ends.
 */
#include "micro.h"

#define FIRST_REF	16	/* lower ones belong to other tests */
#define NO_HANDLE	0x7ffffff0U

static struct grant_entry_v1 *table;

static void table_open(void)
{
	static xen_pfn_t frame;
	struct gnttab_setup_table setup = {
		.dom = DOMID_SELF, .nr_frames = 1,
	};

	if (table)
		return;
	set_xen_guest_handle(setup.frame_list, &frame);
	micro_need(!hc_grant_table_op(GNTTABOP_setup_table, &setup, 1));
	micro_need(!setup.status);
	table = micro_page_alloc();
	micro_need(!micro_map(table, (frame << PAGE_SHIFT) | PTE_RW));
}

/* An entry of the table, new each time. */
static grant_ref_t grant_mfn(unsigned long mfn, unsigned int flags)
{
	static grant_ref_t next = FIRST_REF;
	grant_ref_t ref = next++;

	table_open();
	table[ref].frame = mfn;
	table[ref].domid = micro_own_id();
	barrier();
	table[ref].flags = flags;
	return ref;
}

static grant_ref_t grant(const void *page, unsigned int flags)
{
	return grant_mfn(micro_va_to_mfn(page), flags);
}

static struct gnttab_map_grant_ref map;

static int map_grant(grant_ref_t ref, unsigned int flags, uint64_t addr)
{
	memset(&map, 0, sizeof(map));
	map.dom = micro_own_id();
	map.host_addr = addr;
	map.flags = flags;
	map.ref = ref;
	map.handle = NO_HANDLE;
	if (hc_grant_table_op(GNTTABOP_map_grant_ref, &map, 1))
		micro_error("map_grant_ref failed as a whole");
	return map.status;
}

static int unmap_grant(grant_handle_t handle, uint64_t addr, uint64_t bus)
{
	struct gnttab_unmap_grant_ref unmap = {
		.host_addr = addr, .dev_bus_addr = bus, .handle = handle,
		.status = 99,
	};

	if (hc_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1))
		micro_error("unmap_grant_ref failed as a whole");
	return unmap.status;
}

#define VA(p)	((unsigned long)(p))

/*
 * The flags of an entry, without those that a core may keep for itself: global
 * and the available one above the frame number.
 */
static unsigned long pte_flags(const void *va)
{
	return *micro_pte_find(VA(va), 1) & ~PTE_ADDR_MASK & ~(PTE_G | 1UL << 52);
}

/* Report a status with the entry's flags after the call. */
static void report_used(const char *key, int status, grant_ref_t ref)
{
	micro_report("%s=%d used=%x", key, status, table[ref].flags);
}

/* The flags of a map call and what the entry then has. */
MICRO_TEST(grant_map_flags)
{
	static const unsigned int flags[] = {
		GNTMAP_host_map, GNTMAP_host_map | GNTMAP_readonly,
		GNTMAP_host_map | GNTMAP_application_map,
		GNTMAP_host_map | GNTMAP_device_map,
		GNTMAP_host_map | GNTMAP_device_map | GNTMAP_readonly,
		GNTMAP_host_map | 1 << 16, GNTMAP_host_map | 7 << 16,
		GNTMAP_host_map | 0xff << 16, GNTMAP_host_map | 1U << 31,
		GNTMAP_host_map | 1 << 5, GNTMAP_host_map | 1 << 8,
	};
	char *page = micro_page_alloc(), *window = micro_page_alloc();
	unsigned int i, used;
	grant_ref_t ref = grant(page, GTF_permit_access);
	int unmapped;

	micro_need(!micro_map(window, 0));
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		int status = map_grant(ref, flags[i], VA(window));

		used = table[ref].flags;
		if (status) {
			micro_report("flags%x status=%d", flags[i], status);
			continue;
		}
		micro_report("flags%x pte=%lx right=%d bus=%d used=%x",
			     flags[i], pte_flags(window),
			     (*micro_pte_find(VA(window), 1) & PTE_ADDR_MASK) ==
			     micro_va_to_mfn(page) << PAGE_SHIFT,
			     map.dev_bus_addr == micro_va_to_mfn(page) << PAGE_SHIFT,
			     used);
		unmapped = unmap_grant(map.handle, VA(window), 0);
		micro_report("flags%x unmap=%d pte=%lx used=%x", flags[i], unmapped,
			     *micro_pte_find(VA(window), 1), table[ref].flags);
		if (flags[i] & GNTMAP_device_map)
			report_used("bus unmap", unmap_grant(map.handle, 0,
				    micro_va_to_mfn(page) << PAGE_SHIFT), ref);
	}
	micro_report("no_flags=%d", map_grant(ref, 0, VA(window)));
	micro_report("readonly_only=%d", map_grant(ref, GNTMAP_readonly, VA(window)));
}

/* For devices only: no page-table entry, a bus address. */
MICRO_TEST(grant_map_device)
{
	char *page = micro_page_alloc();
	uint64_t bus = micro_va_to_mfn(page) << PAGE_SHIFT;
	grant_ref_t ref = grant(page, GTF_permit_access);

	report_used("map", map_grant(ref, GNTMAP_device_map, 0), ref);
	micro_report("bus=%d", map.dev_bus_addr == bus);
	report_used("wrong_bus", unmap_grant(map.handle, 0, bus + PAGE_SIZE), ref);
	report_used("host", unmap_grant(map.handle, VA(page), 0), ref);
	report_used("unmap", unmap_grant(map.handle, 0, bus), ref);
	micro_report("again=%d", unmap_grant(map.handle, 0, bus));
	report_used("readonly", map_grant(ref, GNTMAP_device_map | GNTMAP_readonly, 0), ref);
	report_used("nothing", unmap_grant(map.handle, 0, 0), ref);
	report_used("after", unmap_grant(map.handle, 0, bus), ref);
}

/* What an entry of the table allows. */
MICRO_TEST(grant_map_entries)
{
	static const unsigned int kinds[] = {
		GTF_invalid, GTF_permit_access, GTF_permit_access | GTF_readonly,
		GTF_accept_transfer, GTF_transitive,
		GTF_permit_access | GTF_sub_page, GTF_permit_access | GTF_PWT,
		GTF_permit_access | GTF_PCD, GTF_permit_access | GTF_PAT,
		GTF_permit_access | 0x200, GTF_permit_access | 0x8000,
		GTF_permit_access | GTF_reading | GTF_writing,
	};
	char *page = micro_page_alloc(), *window = micro_page_alloc();
	unsigned int i, writable;

	micro_need(!micro_map(window, 0));
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (writable = 0; writable < 2; writable++) {
			grant_ref_t ref = grant(page, kinds[i]);
			int status = map_grant(ref, GNTMAP_host_map |
					       (writable ? 0 : GNTMAP_readonly), VA(window));

			micro_report("kind%x writable=%u status=%d used=%x pte=%lx", kinds[i],
				     writable, status, table[ref].flags,
				     status ? 0 : pte_flags(window));
			if (!status)
				unmap_grant(map.handle, VA(window), 0);
			micro_report("kind%x after=%x", kinds[i], table[ref].flags);
		}
	}
}

static void frame_report(const char *what, unsigned long mfn)
{
	char *window = micro_page_alloc();
	grant_ref_t ref = grant_mfn(mfn, GTF_permit_access);
	int rw, ro;
	unsigned int used;

	micro_need(!micro_map(window, 0));
	rw = map_grant(ref, GNTMAP_host_map, VA(window));
	used = table[ref].flags;
	if (!rw)
		unmap_grant(map.handle, VA(window), 0);
	ro = map_grant(ref, GNTMAP_host_map | GNTMAP_readonly, VA(window));
	if (!ro)
		unmap_grant(map.handle, VA(window), 0);
	micro_report("%s rw=%d ro=%d used=%x after=%x", what, rw, ro, used,
		     table[ref].flags);
}

/* What a domain may grant, and who is meant. */
MICRO_TEST(grant_map_frames)
{
	uint64_t *l1 = micro_table_build(0);
	char *page = micro_page_alloc(), *window = micro_page_alloc();
	grant_ref_t ref;

	frame_report("nobodys", micro_free_mfn());
	frame_report("none", 0xffffffffUL);
	frame_report("apic", 0xfee00);
	frame_report("vga", 0xb8);
	frame_report("shared_info", micro_start_info->shared_info >> PAGE_SHIFT);
	micro_need(!micro_mmuext(MMUEXT_PIN_L1_TABLE, micro_va_to_mfn(l1), 0));
	frame_report("table", micro_va_to_mfn(l1));
	micro_need(!micro_mmuext(MMUEXT_UNPIN_TABLE, micro_va_to_mfn(l1), 0));
	ref = grant(page, GTF_permit_access);
	table[ref].domid = 1;
	micro_report("for_another=%d", map_grant(ref, GNTMAP_host_map, VA(window)));
	table[ref].domid = DOMID_SELF;
	micro_report("for_self=%d", map_grant(ref, GNTMAP_host_map, VA(window)));
	micro_report("ref_last=%d", map_grant(511, GNTMAP_host_map, VA(window)));
	micro_report("ref_beyond_size=%d", map_grant(512 * 40, GNTMAP_host_map, VA(window)));
	micro_report("ref_max=%d", map_grant(~0U, GNTMAP_host_map, VA(window)));
}

/* Where a mapping may go. */
MICRO_TEST(grant_map_where)
{
	char *page = micro_page_alloc(), *window = micro_page_alloc();
	char *other = micro_page_alloc();
	grant_ref_t ref = grant(page, GTF_permit_access);

	page[1] = 0x11;
	micro_report("unaligned=%d", map_grant(ref, GNTMAP_host_map, VA(window) + 5));
	if (!map.status) {
		micro_report("unaligned value=%x", window[1]);
		report_used("unaligned unmap",
			    unmap_grant(map.handle, VA(window) + 7, 0), ref);
		micro_need(!micro_map(window, micro_page_pte(window, PTE_RW)));
	}
	report_used("no_table", map_grant(ref, GNTMAP_host_map, 0x123456000), ref);
	micro_report("hypervisor=%d",
		     map_grant(ref, GNTMAP_host_map, 0xffff830000000000));
	micro_report("noncanonical=%d",
		     map_grant(ref, GNTMAP_host_map, 0x1234567812345000));
	report_used("null", map_grant(ref, GNTMAP_host_map, 0), ref);
	window[1] = 0x22;
	micro_report("over_present=%d", map_grant(ref, GNTMAP_host_map, VA(window)));
	micro_need(!micro_mmuext(MMUEXT_INVLPG_LOCAL, VA(window), 0));
	micro_report("value=%x", window[1]);
	report_used("unmap_elsewhere", unmap_grant(map.handle, VA(other), 0), ref);
	report_used("unmap_nowhere", unmap_grant(map.handle, 0x123456000, 0), ref);
	report_used("unmap", unmap_grant(map.handle, VA(window), 0), ref);
	micro_report("handle_max=%d", unmap_grant(~0U, VA(window), 0));
	micro_report("handle_unused=%d", unmap_grant(1000, VA(window), 0));
}

/* By the machine address of the page-table entry. */
MICRO_TEST(grant_map_pte)
{
	char *page = micro_page_alloc(), *other = micro_page_alloc();
	char *window = micro_page_alloc();
	uint64_t slot = micro_pte_maddr(VA(window), 1);
	uint64_t bus = micro_va_to_mfn(page) << PAGE_SHIFT;
	grant_ref_t ref = grant(page, GTF_permit_access);
	const unsigned int how = GNTMAP_host_map | GNTMAP_contains_pte;

	page[0] = 0x77;
	micro_need(!micro_map(window, 0));
	report_used("map", map_grant(ref, how, slot), ref);
	micro_report("pte=%lx", pte_flags(window));
	micro_report("value=%x used=%x", window[0], table[ref].flags);
	micro_report("unmap_other_slot=%d",
		     unmap_grant(map.handle, micro_pte_maddr(VA(other), 1), 0));
	report_used("unmap_va", unmap_grant(map.handle, VA(window), 0), ref);
	report_used("unmap", unmap_grant(map.handle, slot, 0), ref);
	micro_report("pte=%lx", *micro_pte_find(VA(window), 1));
	report_used("again", map_grant(ref, how, slot), ref);
	report_used("unmap", unmap_grant(map.handle, slot, 0), ref);
	report_used("application",
		    map_grant(ref, how | GNTMAP_application_map | GNTMAP_readonly, slot), ref);
	micro_report("pte=%lx", pte_flags(window));
	micro_report("unmap=%d", unmap_grant(map.handle, slot, 0));
	report_used("unaligned", map_grant(ref, how, slot + 3), ref);
	if (!map.status)
		unmap_grant(map.handle, slot + 3, 0);
	micro_report("level2=%d",
		     map_grant(ref, how, micro_pte_maddr(VA(window), 2)));
	micro_report("no_table=%d", map_grant(ref, how, bus));
	micro_report("nobodys=%d",
		     map_grant(ref, how, micro_free_mfn() << PAGE_SHIFT));
	micro_report("none=%d", map_grant(ref, how, micro_bad_mfn() << PAGE_SHIFT));
	report_used("null", map_grant(ref, how, 0), ref);
}

/* Several mappings of one entry: its flags tell of all of them. */
MICRO_TEST(grant_map_twice)
{
	char *page = micro_page_alloc(), *a = micro_page_alloc(), *b = micro_page_alloc();
	grant_ref_t ref = grant(page, GTF_permit_access);
	grant_handle_t first;

	micro_need(!map_grant(ref, GNTMAP_host_map | GNTMAP_readonly, VA(a)));
	first = map.handle;
	micro_report("reading used=%x", table[ref].flags);
	micro_need(!map_grant(ref, GNTMAP_host_map, VA(b)));
	micro_report("writing used=%x distinct=%d", table[ref].flags,
		     first != map.handle);
	report_used("unmap_swapped", unmap_grant(first, VA(b), 0), ref);
	report_used("unmap_writer", unmap_grant(map.handle, VA(b), 0), ref);
	/* what the granter does meanwhile does not matter to mappings */
	table[ref].flags = GTF_invalid;
	table[ref].frame = micro_va_to_mfn(b);
	micro_report("revoked_map=%d", map_grant(ref, GNTMAP_host_map | GNTMAP_readonly, VA(b)));
	if (!map.status)
		micro_report("unmap=%d", unmap_grant(map.handle, VA(b), 0));
	report_used("unmap_reader", unmap_grant(first, VA(a), 0), ref);
}

/* A second mapping takes the frame of the first, whatever the entry says now. */
MICRO_TEST(grant_map_changed_frame)
{
	char *page = micro_page_alloc(), *other = micro_page_alloc();
	char *a = micro_page_alloc(), *b = micro_page_alloc();
	grant_ref_t ref = grant(page, GTF_permit_access);
	grant_handle_t first;

	page[0] = 1;
	other[0] = 2;
	micro_need(!map_grant(ref, GNTMAP_host_map, VA(a)));
	first = map.handle;
	table[ref].frame = micro_va_to_mfn(other);
	report_used("map", map_grant(ref, GNTMAP_host_map, VA(b)), ref);
	micro_report("value=%x", b[0]);
	table[ref].domid = 5;
	report_used("unmap", unmap_grant(map.handle, VA(b), 0), ref);
	micro_report("map_domid=%d", map_grant(ref, GNTMAP_host_map, VA(b)));
	if (!map.status)
		unmap_grant(map.handle, VA(b), 0);
	table[ref].domid = micro_own_id();
	table[ref].flags |= GTF_readonly;
	micro_report("map_readonly_now=%d", map_grant(ref, GNTMAP_host_map, VA(b)));
	if (!map.status)
		unmap_grant(map.handle, VA(b), 0);
	report_used("unmap", unmap_grant(first, VA(a), 0), ref);
}

/* The entry is destroyed by an ordinary update: the mapping still counts. */
MICRO_TEST(grant_map_zapped)
{
	char *page = micro_page_alloc(), *window = micro_page_alloc();
	char *other = micro_page_alloc();
	uint64_t slot = micro_pte_maddr(VA(window), 1);
	grant_ref_t ref = grant(page, GTF_permit_access);

	micro_need(!map_grant(ref, GNTMAP_host_map, VA(window)));
	micro_report("zap=%ld used=%x", micro_map(window, 0), table[ref].flags);
	report_used("unmap", unmap_grant(map.handle, VA(window), 0), ref);
	report_used("again", unmap_grant(map.handle, VA(window), 0), ref);
	report_used("without_address", unmap_grant(map.handle, 0, 0), ref);
	micro_need(!micro_map(page, 0));
	micro_report("frame_as_table=%ld",
		     micro_mmuext(MMUEXT_PIN_L1_TABLE, micro_va_to_mfn(page), 0));

	ref = grant(other, GTF_permit_access);
	micro_need(!map_grant(ref, GNTMAP_host_map | GNTMAP_contains_pte, slot));
	micro_report("overwrite=%ld",
		     micro_map(window, micro_page_pte(micro_page_alloc(), PTE_RW)));
	report_used("unmap_pte", unmap_grant(map.handle, slot, 0), ref);
	micro_report("entry_stays=%d", !!(*micro_pte_find(VA(window), 1) & PTE_P));
	micro_report("rights_changed_map=%d", map_grant(ref, GNTMAP_host_map, VA(window)));
	micro_report("to_readonly=%ld",
		     micro_map(window, micro_page_pte(other, PTE_RO)));
	report_used("unmap_readonly", unmap_grant(map.handle, VA(window), 0), ref);
	micro_report("entry_stays=%d", !!(*micro_pte_find(VA(window), 1) & PTE_P));
	micro_need(!map_grant(ref, GNTMAP_host_map | GNTMAP_readonly, VA(window)));
	micro_report("to_writable=%ld",
		     micro_map(window, micro_page_pte(other, PTE_RW)));
	report_used("unmap_writable", unmap_grant(map.handle, VA(window), 0), ref);
	micro_report("entry_stays=%d", !!(*micro_pte_find(VA(window), 1) & PTE_P));
}

/* A batch: each has its status; a bad pointer ends it. */
MICRO_TEST(grant_map_batch)
{
	static struct gnttab_map_grant_ref maps[3];
	static struct gnttab_unmap_grant_ref unmaps[3];
	char *page = micro_page_alloc();
	unsigned int i;
	long ret;

	for (i = 0; i < 3; i++) {
		maps[i].ref = i == 1 ? 500 : grant(page, GTF_permit_access);
		maps[i].flags = GNTMAP_host_map;
		maps[i].dom = micro_own_id();
		maps[i].host_addr = VA(micro_page_alloc());
	}
	ret = hc_grant_table_op(GNTTABOP_map_grant_ref, maps, 3);
	micro_report("map=%ld %d %d %d", ret, maps[0].status, maps[1].status, maps[2].status);
	for (i = 0; i < 3; i++) {
		unmaps[i].handle = maps[i].handle;
		unmaps[i].host_addr = maps[i].host_addr;
	}
	unmaps[1].handle = 5000;
	ret = hc_grant_table_op(GNTTABOP_unmap_grant_ref, unmaps, 3);
	micro_report("unmap=%ld %d %d %d", ret, unmaps[0].status, unmaps[1].status,
		     unmaps[2].status);
}
