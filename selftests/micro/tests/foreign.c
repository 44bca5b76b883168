// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second domain's memory in dom0's hands: what its builder does (xen.h, memory.h,
 * domctl.h). The domain is empty: made, given memory, never run.
 */
#include "domain.h"

#define DOM	9
#define NEVER	77		/* a domain that is not there */
#define GFNS	32

static xen_pfn_t mfns[GFNS];

static long reserve(unsigned int cmd, domid_t dom, xen_pfn_t *list, unsigned long n,
		    unsigned int order, unsigned int flags)
{
	struct xen_memory_reservation r = {
		.nr_extents = n, .extent_order = order, .mem_flags = flags, .domid = dom,
	};

	if (list)
		set_xen_guest_handle(r.extent_start, list);
	return hc_memory_op(cmd, &r);
}

/* The domain, once for all tests of a boot. */
static void need_domain(void)
{
	static bool made;
	unsigned int i;

	if (made)
		return;
	micro_need(!micro_domctl_create(DOM, 1));
	micro_domctl_clear();
	micro_domctl.u.max_mem.max_memkb = 8192;
	micro_need(!micro_domctl_do(XEN_DOMCTL_max_mem, DOM));
	for (i = 0; i < GFNS; i++)
		mfns[i] = i;
	micro_need(reserve(XENMEM_populate_physmap, DOM, mfns, GFNS, 0, 0) == GFNS);
	made = true;
}

static long update_for(unsigned int who, uint64_t ptr, uint64_t val)
{
	struct mmu_update update = { .ptr = ptr, .val = val };

	return hc_mmu_update(&update, 1, NULL, who);
}

static long map_foreign(unsigned int who, void *va, uint64_t pte)
{
	long ret = update_for(who, micro_pte_maddr((unsigned long)va, 1), pte);

	micro_mmuext(MMUEXT_INVLPG_LOCAL, (unsigned long)va, 0);
	return ret;
}

static uint64_t pte_of(unsigned int gfn, uint64_t flags)
{
	return mfns[gfn] << PAGE_SHIFT | flags;
}

static long ext_for(unsigned int who, unsigned int cmd, unsigned long arg1, unsigned long arg2)
{
	struct mmuext_op op = { .cmd = cmd };

	op.arg1.linear_addr = arg1;
	op.arg2.src_mfn = arg2;
	return hc_mmuext_op(&op, 1, NULL, who);
}

/* A page of the other domain with the given first entry, as a table to be. */
static void foreign_table(unsigned int gfn, uint64_t first)
{
	static uint64_t *window;

	if (!window)
		window = micro_page_alloc();
	micro_need(!map_foreign(DOM, window, pte_of(gfn, PTE_RW)));
	window[0] = first;
	micro_need(!map_foreign(DOMID_SELF, window, 0));
}

/* Whose frames an entry may map when a domain is named. */
MICRO_TEST(foreign_map_owner)
{
	char *page = micro_page_alloc();
	uint64_t own = micro_page_pte(page, PTE_RW);

	need_domain();
	micro_report("theirs=%ld", map_foreign(DOM, page, pte_of(0, PTE_RW)));
	page[0] = 0x77;
	micro_report("again_ro=%ld", map_foreign(DOM, page, pte_of(0, PTE_RO)));
	micro_report("value=%x", page[0]);
	micro_report("bits_by_self=%ld",
		     map_foreign(DOMID_SELF, page, pte_of(0, PTE_RO & ~PTE_A)));
	micro_report("rw_by_self=%ld", map_foreign(DOMID_SELF, page, pte_of(0, PTE_RW)));
	micro_report("rw_again=%ld", map_foreign(DOM, page, pte_of(0, PTE_RW)));
	micro_report("ro_by_self=%ld", map_foreign(DOMID_SELF, page, pte_of(0, PTE_RO)));
	micro_report("own_with_dom=%ld", map_foreign(DOM, page, own));
	micro_report("theirs_with_self=%ld", map_foreign(DOMID_SELF, page, pte_of(1, PTE_RW)));
	micro_report("theirs_with_io=%ld", map_foreign(DOMID_IO, page, pte_of(1, PTE_RW)));
	micro_report("theirs_with_xen=%ld", map_foreign(DOMID_XEN, page, pte_of(1, PTE_RW)));
	micro_report("nobody=%ld", map_foreign(NEVER, page, pte_of(1, PTE_RW)));
	micro_report("free=%ld",
		     map_foreign(DOM, page, micro_free_mfn() << PAGE_SHIFT | PTE_RW));
	micro_report("bad=%ld",
		     map_foreign(DOM, page, micro_bad_mfn() << PAGE_SHIFT | PTE_RW));
	micro_report("mmio=%ld", map_foreign(DOM, page, 0xfed00000 | PTE_RO));
	micro_report("clear=%ld", map_foreign(DOM, page, 0));
	micro_report("own=%ld", map_foreign(DOMID_SELF, page, own));
}

/* update_va_mapping_otherdomain() is the same by address. */
MICRO_TEST(foreign_map_va)
{
	char *page = micro_page_alloc();
	unsigned long nr = __HYPERVISOR_update_va_mapping_otherdomain;

	need_domain();
	micro_report("theirs=%ld",
		     hypercall4(nr, page, pte_of(2, PTE_RW), UVMF_INVLPG, DOM));
	page[1] = 3;
	micro_report("own=%ld",
		     hypercall4(nr, page, micro_page_pte(page, PTE_RW), UVMF_INVLPG, DOM));
	micro_report("nobody=%ld",
		     hypercall4(nr, page, pte_of(2, PTE_RW), UVMF_INVLPG, NEVER));
	micro_report("clear=%ld", hypercall4(nr, page, 0, UVMF_INVLPG, DOM));
}

/* What dom0 has mapped outlives its domain, and goes with the mapping. */
MICRO_TEST_ALONE(foreign_map_dying)
{
	char *page = micro_page_alloc(), *second = micro_page_alloc();

	need_domain();
	micro_need(!map_foreign(DOM, page, pte_of(13, PTE_RW)));
	page[100] = 0x5a;
	micro_report("destroy=%ld", micro_domctl_do(XEN_DOMCTL_destroydomain, DOM));
	micro_report("value=%x", page[100]);
	page[100] = 0x5b;
	micro_report("mapped_frame=%ld", map_foreign(DOM, second, pte_of(13, PTE_RO)));
	micro_report("other_frame=%ld", map_foreign(DOM, second, pte_of(14, PTE_RO)));
	micro_domctl_clear();
	micro_report("info=%ld", micro_domctl_do(XEN_DOMCTL_getdomaininfo, DOM));
	micro_report("still=%d dying=%d pages=%lu", micro_domctl.domain == DOM,
		     micro_domctl.u.getdomaininfo.flags & XEN_DOMINF_dying,
		     micro_domctl.u.getdomaininfo.tot_pages);
	micro_report("unmap=%ld", map_foreign(DOMID_SELF, page, 0));
	micro_report("unmap_second=%ld", map_foreign(DOMID_SELF, second, 0));
	micro_report("nobody=%ld", map_foreign(DOM, page, pte_of(13, PTE_RO)));
}

static long claim(domid_t dom, unsigned long pages)
{
	return reserve(XENMEM_claim_pages, dom, NULL, pages, 0, 0);
}

static long acquire(domid_t dom, uint16_t type, uint32_t id, uint64_t frame, uint32_t *n,
		    xen_pfn_t *list)
{
	struct xen_mem_acquire_resource r = {
		.domid = dom, .type = type, .id = id, .nr_frames = *n, .frame = frame,
	};
	long ret;

	if (list)
		set_xen_guest_handle(r.frame_list, list);
	ret = hc_memory_op(XENMEM_acquire_resource, &r);
	*n = r.nr_frames;
	return ret;
}

/* A frame of the other domain's grant table, the first. */
static xen_pfn_t grant_table_frame(void)
{
	xen_pfn_t frame;
	uint32_t n = 1;

	micro_need(!acquire(DOM, XENMEM_resource_grant_table, 0, 0, &n, &frame));
	return frame;
}

/* The other domain grants us a page of its own, as entry 8. */
static void grant_open(unsigned int gfn)
{
	struct grant_entry_v1 *table = micro_page_alloc();

	micro_need(!map_foreign(DOM, table, grant_table_frame() << PAGE_SHIFT | PTE_RW));
	table[8] = (struct grant_entry_v1){ .flags = GTF_permit_access, .frame = mfns[gfn] };
	micro_need(!map_foreign(DOMID_SELF, table, 0));
}

/* Map that page, and not any more. */
static long grant_map_of(domid_t dom)
{
	void *page = micro_page_alloc();
	struct gnttab_map_grant_ref op = {
		.dom = dom, .ref = 8, .flags = GNTMAP_host_map, .host_addr = (uint64_t)page,
	};
	struct gnttab_unmap_grant_ref end = { .host_addr = op.host_addr };

	micro_need(!micro_map(page, 0));
	hc_grant_table_op(GNTTABOP_map_grant_ref, &op, 1);
	end.handle = op.handle;
	if (!op.status)
		hc_grant_table_op(GNTTABOP_unmap_grant_ref, &end, 1);
	return op.status ?: end.status;
}

/* L2: a domain that dies, and cannot go as a frame of it is mapped, gets nothing more. */
MICRO_TEST_ALONE(foreign_dying)
{
	struct evtchn_alloc_unbound theirs = { .dom = DOM }, ours = { .dom = DOMID_SELF };
	struct xen_memory_domain dom = { .domid = DOM };
	struct evtchn_bind_interdomain bind = { .remote_dom = DOM };
	char *page = micro_page_alloc();
	static xen_pfn_t list[4];
	long ret;

	need_domain();
	grant_open(13);
	micro_report("grant=%ld", grant_map_of(DOM));
	micro_need(!micro_event_op(EVTCHNOP_alloc_unbound, &theirs));
	bind.remote_port = theirs.port;
	ours.remote_dom = DOM;
	micro_need(!map_foreign(DOM, page, pte_of(13, PTE_RW)));
	micro_domctl_destroy(DOM);
	micro_report("current=%ld", hc_memory_op(XENMEM_current_reservation, &dom));
	list[0] = 100;
	micro_report("populate=%ld", reserve(XENMEM_populate_physmap, DOM, list, 1, 0, 0));
	micro_report("order9=%ld", reserve(XENMEM_populate_physmap, DOM, list, 1, 9, 0));
	micro_report("increase=%ld", reserve(XENMEM_increase_reservation, DOM, NULL, 1, 0, 0));
	micro_report("claim=%ld", claim(DOM, 100));
	micro_report("current=%ld", hc_memory_op(XENMEM_current_reservation, &dom));
	ret = micro_event_op(EVTCHNOP_alloc_unbound, &theirs);
	micro_report("port=%ld", ret);
	micro_report("bind=%ld", micro_event_op(EVTCHNOP_bind_interdomain, &bind));
	micro_report("port_for=%ld", micro_event_op(EVTCHNOP_alloc_unbound, &ours));
	micro_report("grant=%ld", grant_map_of(DOM));
	micro_report("pin=%ld", ext_for(DOM, MMUEXT_PIN_L1_TABLE, mfns[13], 0));
	micro_report("pin_freed=%ld", ext_for(DOM, MMUEXT_PIN_L1_TABLE, mfns[14], 0));
	micro_domctl_clear();
	micro_report("unpause=%ld", micro_domctl_do(XEN_DOMCTL_unpausedomain, DOM));
	micro_report("create=%ld", micro_domctl_create(DOM, 1));
	micro_report("unmap=%ld", map_foreign(DOMID_SELF, page, 0));
	micro_report("create=%ld", micro_domctl_create(DOM, 1));
	micro_domctl_destroy(DOM);
}

/*
 * L3: frames that the core shares with a domain, its shared info and grant table, stay
 * what they are while dom0 maps them, are no domain's, and go with the mappings.
 */
MICRO_TEST_ALONE(foreign_dead_shared)
{
	struct shared_info *info = micro_page_alloc();
	uint64_t *table = micro_page_alloc();
	unsigned long free;
	xen_pfn_t frame[2];
	unsigned int i;

	need_domain();
	micro_domctl_clear();
	micro_need(!micro_domctl_do(XEN_DOMCTL_getdomaininfo, DOM));
	frame[0] = micro_domctl.u.getdomaininfo.shared_info_frame;
	frame[1] = grant_table_frame();
	micro_need(!map_foreign(DOM, info, frame[0] << PAGE_SHIFT | PTE_RW));
	micro_need(!map_foreign(DOM, table, frame[1] << PAGE_SHIFT | PTE_RW));
	info->arch.max_pfn = 0x5a5a;
	table[511] = 0x5b5b;
	micro_domctl_destroy(DOM);
	free = micro_free_pages();
	for (i = 0; i < 2; i++) {
		char *page = micro_page_alloc();

		micro_report("again=%ld", map_foreign(DOM, page, frame[i] << PAGE_SHIFT | PTE_RO));
		micro_report("as_own=%ld",
			     map_foreign(DOMID_SELF, page, frame[i] << PAGE_SHIFT | PTE_RO));
		/* whose memory it would be, if it were free */
		micro_need(!micro_domctl_create(DOM + 1 + i, 1));
		micro_report("as_new=%ld",
			     map_foreign(DOM + 1 + i, page, frame[i] << PAGE_SHIFT | PTE_RO));
		micro_domctl_destroy(DOM + 1 + i);
	}
	micro_report("values=%lx %lx", info->arch.max_pfn, table[511]);
	micro_report("unmap=%ld %ld", map_foreign(DOMID_SELF, info, 0),
		     map_foreign(DOMID_SELF, table, 0));
	micro_report("nobody=%ld", map_foreign(DOM, info, frame[0] << PAGE_SHIFT | PTE_RO));
	micro_check(micro_free_pages() >= free + 2 || !micro_is_ours());
}

/* The machine-to-phys table of another domain's frames; memory that is no table. */
MICRO_TEST(foreign_machphys)
{
	uint64_t ptr;

	need_domain();
	ptr = mfns[3] << PAGE_SHIFT | MMU_MACHPHYS_UPDATE;
	micro_report("populated=%lx", machine_to_phys_mapping[mfns[3]]);
	micro_report("set=%ld", update_for(DOM, ptr, 0x1234));
	micro_report("value=%lx", machine_to_phys_mapping[mfns[3]]);
	micro_report("by_self=%ld", update_for(DOMID_SELF, ptr, 3));
	micro_report("restore=%ld", update_for(DOM, ptr, 3));
	micro_report("plain_memory=%ld", update_for(DOM, mfns[3] << PAGE_SHIFT, 5));
	/* PFD, in the high half: whose tables, or memory, are written */
	micro_report("plain_pfd=%ld", update_for((DOM + 1) << 16 | DOM, mfns[3] << PAGE_SHIFT, 5));
	micro_report("pfd_nobody=%ld",
		     update_for((NEVER + 1) << 16 | DOM, mfns[3] << PAGE_SHIFT, 5));
	micro_report("pfd_xen=%ld",
		     update_for((DOMID_XEN + 1) << 16 | DOM, mfns[3] << PAGE_SHIFT, 5));
	micro_report("pfd_io=%ld",
		     update_for((DOMID_IO + 1) << 16 | DOM, mfns[3] << PAGE_SHIFT, 5));
}

/* Pins of another domain's tables, and what a pinned table may be mapped as. */
MICRO_TEST(foreign_pin)
{
	char *page = micro_page_alloc();

	need_domain();
	foreign_table(4, pte_of(5, PTE_RW));
	foreign_table(6, pte_of(4, PTE_TABLE));
	foreign_table(7, pte_of(6, PTE_TABLE));
	foreign_table(8, pte_of(7, PTE_TABLE));
	micro_report("by_self=%ld", ext_for(DOMID_SELF, MMUEXT_PIN_L4_TABLE, mfns[8], 0));
	micro_report("nobody=%ld", ext_for(NEVER, MMUEXT_PIN_L4_TABLE, mfns[8], 0));
	micro_report("pin_l4=%ld", ext_for(DOM, MMUEXT_PIN_L4_TABLE, mfns[8], 0));
	micro_report("again=%ld", ext_for(DOM, MMUEXT_PIN_L4_TABLE, mfns[8], 0));
	micro_report("map_l4_rw=%ld", map_foreign(DOM, page, pte_of(8, PTE_RW)));
	micro_report("map_l1_rw=%ld", map_foreign(DOM, page, pte_of(4, PTE_RW)));
	micro_report("map_l1_ro=%ld", map_foreign(DOM, page, pte_of(4, PTE_RO)));
	micro_report("entry=%d", (*(uint64_t *)page & PTE_ADDR_MASK) == mfns[5] << PAGE_SHIFT);
	micro_report("pin_mapped_rw=%ld", ext_for(DOM, MMUEXT_PIN_L1_TABLE, mfns[5], 0));
	/* an entry of theirs: by PFD, or not */
	micro_report("write_own=%ld",
		     update_for(DOM, (mfns[4] << PAGE_SHIFT) + 8, pte_of(9, PTE_RW)));
	micro_report("write_pfd=%ld", update_for((DOM + 1) << 16 | DOM,
		     (mfns[4] << PAGE_SHIFT) + 8, pte_of(9, PTE_RW)));
	micro_report("entry1=%d", ((uint64_t *)page)[1] == pte_of(9, PTE_RW));
	micro_report("pfd_mine_in_theirs=%ld", update_for((DOM + 1) << 16 | DOMID_SELF,
		     (mfns[4] << PAGE_SHIFT) + 16, micro_page_pte(micro_page_alloc(), PTE_RO)));
	micro_report("unpin_by_self=%ld", ext_for(DOMID_SELF, MMUEXT_UNPIN_TABLE, mfns[8], 0));
	micro_report("unpin=%ld", ext_for(DOM, MMUEXT_UNPIN_TABLE, mfns[8], 0));
	micro_report("unpin_again=%ld", ext_for(DOM, MMUEXT_UNPIN_TABLE, mfns[8], 0));
	micro_report("map_l4_after=%ld", map_foreign(DOM, page, pte_of(8, PTE_RW)));
	micro_report("unmap=%ld", map_foreign(DOMID_SELF, page, 0));
}

/* A page that dom0 has mapped writable is no table for its owner. */
MICRO_TEST(foreign_pin_mapped)
{
	char *page = micro_page_alloc();

	need_domain();
	foreign_table(10, 0);
	micro_report("map=%ld", map_foreign(DOM, page, pte_of(10, PTE_RW)));
	micro_report("pin=%ld", ext_for(DOM, MMUEXT_PIN_L1_TABLE, mfns[10], 0));
	micro_report("readonly=%ld", map_foreign(DOM, page, pte_of(10, PTE_RO)));
	micro_report("pin_now=%ld", ext_for(DOM, MMUEXT_PIN_L1_TABLE, mfns[10], 0));
	micro_report("unpin=%ld", ext_for(DOM, MMUEXT_UNPIN_TABLE, mfns[10], 0));
	micro_report("unmap=%ld", map_foreign(DOMID_SELF, page, 0));
}

/* The other mmuext operations with a domain named. */
MICRO_TEST(foreign_mmuext)
{
	static const unsigned int who[] = { DOM, DOMID_IO, DOMID_XEN, 0 };
	char *page = micro_page_alloc();
	unsigned long mfn = micro_va_to_mfn(page);
	unsigned long root = micro_va_to_mfn((void *)micro_start_info->pt_base);
	unsigned int i;

	need_domain();
	for (i = 0; i < ARRAY_SIZE(who); i++) {
		micro_report("%x: clear=%ld",
			     who[i], ext_for(who[i], MMUEXT_CLEAR_PAGE, mfns[11], 0));
		micro_report("%x: clear_own=%ld",
			     who[i], ext_for(who[i], MMUEXT_CLEAR_PAGE, mfn, 0));
		micro_report("%x: copy=%ld", who[i],
			     ext_for(who[i], MMUEXT_COPY_PAGE, mfns[11], mfns[12]));
		micro_report("%x: copy_from_own=%ld", who[i],
			     ext_for(who[i], MMUEXT_COPY_PAGE, mfns[11], mfn));
		micro_report("%x: base=%ld", who[i], ext_for(who[i], MMUEXT_NEW_BASEPTR, root, 0));
		micro_report("%x: user_base=%ld", who[i],
			     ext_for(who[i], MMUEXT_NEW_USER_BASEPTR, 0, 0));
		micro_report("%x: flush=%ld",
			     who[i], ext_for(who[i], MMUEXT_TLB_FLUSH_LOCAL, 0, 0));
		micro_report("%x: flush_all=%ld",
			     who[i], ext_for(who[i], MMUEXT_TLB_FLUSH_ALL, 0, 0));
		micro_report("%x: invlpg=%ld", who[i],
			     ext_for(who[i], MMUEXT_INVLPG_ALL, (unsigned long)page, 0));
		micro_report("%x: ldt=%ld", who[i], ext_for(who[i], MMUEXT_SET_LDT, 0, 0));
		micro_report("%x: cache=%ld", who[i], ext_for(who[i], MMUEXT_FLUSH_CACHE, 0, 0));
		micro_report("%x: unknown=%ld", who[i], ext_for(who[i], 40, 0, 0));
	}
}

/* The machine-to-phys table for tools: readable as DOMID_XEN. */
MICRO_TEST(foreign_m2p_frames)
{
	static xen_pfn_t frames[4];
	struct xen_machphys_mfn_list list = { .max_extents = ARRAY_SIZE(frames) };
	unsigned long *window = micro_page_alloc(), mfn = micro_va_to_mfn(window);

	set_xen_guest_handle(list.extent_start, frames);
	micro_need(!hc_memory_op(XENMEM_machphys_mfn_list, &list));
	micro_report("rw=%ld", map_foreign(DOMID_XEN, window, frames[0] << PAGE_SHIFT | PTE_RW));
	micro_report("by_self=%ld",
		     map_foreign(DOMID_SELF, window, frames[0] << PAGE_SHIFT | PTE_RO));
	micro_need(mfn < list.nr_extents << 18);
	micro_report("ro=%ld", map_foreign(DOMID_XEN, window,
		     (frames[mfn >> 18] + (mfn % (1 << 18)) / 512) << PAGE_SHIFT | PTE_RO));
	micro_report("same=%d", window[mfn % 512] == machine_to_phys_mapping[mfn]);
	micro_report("unmap=%ld", map_foreign(DOMID_SELF, window, 0));
}

/* Giving memory to another domain and taking it; its limit; hints on nodes. */
MICRO_TEST(foreign_reservation)
{
	struct xen_memory_domain dom = { .domid = DOM };
	static xen_pfn_t list[4];
	long before;

	need_domain();
	before = hc_memory_op(XENMEM_current_reservation, &dom);
	micro_report("maximum=%ld", hc_memory_op(XENMEM_maximum_reservation, &dom));
	micro_report("gpfn=%ld", hc_memory_op(XENMEM_maximum_gpfn, &dom));
	list[0] = 100;
	micro_report("populate=%ld", reserve(XENMEM_populate_physmap, DOM, list, 1, 2, 0));
	micro_report("m2p=%lx %lx", machine_to_phys_mapping[list[0]],
		     machine_to_phys_mapping[list[0] + 3]);
	micro_report("change=%ld", hc_memory_op(XENMEM_current_reservation, &dom) - before);
	micro_report("decrease=%ld", reserve(XENMEM_decrease_reservation, DOM, list, 1, 2, 0));
	micro_report("change=%ld", hc_memory_op(XENMEM_current_reservation, &dom) - before);
	list[0] = 100;
	micro_report("node0=%ld", reserve(XENMEM_populate_physmap, DOM, list, 1, 0,
					  XENMEMF_exact_node(0)));
	micro_report("decrease=%ld", reserve(XENMEM_decrease_reservation, DOM, list, 1, 0, 0));
	list[0] = 100;
	micro_report("node5=%ld", reserve(XENMEM_populate_physmap, DOM, list, 1, 0,
					  XENMEMF_node(5)));
	list[0] = 100;
	micro_report("exact5=%ld", reserve(XENMEM_populate_physmap, DOM, list, 1, 0,
					   XENMEMF_exact_node(5)));
	list[0] = 100;
	micro_report("vnode=%ld", reserve(XENMEM_populate_physmap, DOM, list, 1, 0,
					  XENMEMF_vnode | XENMEMF_node(0)));
	list[0] = 100;
	micro_report("pod=%ld", reserve(XENMEM_populate_physmap, DOM, list, 1, 0,
					XENMEMF_populate_on_demand));
	list[0] = 512;
	micro_report("over_limit=%ld", reserve(XENMEM_populate_physmap, DOM, list, 1, 11, 0));
	micro_report("increase=%ld", reserve(XENMEM_increase_reservation, DOM, list, 1, 0, 0));
	micro_report("decrease=%ld", reserve(XENMEM_decrease_reservation, DOM, list, 1, 0, 0));
	micro_report("own_by_dom=%ld", (list[0] = micro_va_to_mfn(micro_page_alloc()),
		     reserve(XENMEM_decrease_reservation, DOM, list, 1, 0, 0)));
	micro_report("nobody=%ld", reserve(XENMEM_populate_physmap, NEVER, list, 1, 0, 0));
}

/* Claims: on memory that is to come, for a domain or against others. */
MICRO_TEST_ALONE(foreign_claim)
{
	static xen_pfn_t list[4];

	need_domain();
	micro_report("nobody=%ld", claim(NEVER, 10));
	micro_report("less_than_has=%ld", claim(DOM, 1));
	micro_report("what_it_has=%ld", claim(DOM, GFNS));
	micro_report("over_limit=%ld", claim(DOM, 1000000));
	micro_report("order=%ld", reserve(XENMEM_claim_pages, DOM, NULL, 40, 1, 0));
	micro_report("flags=%ld", reserve(XENMEM_claim_pages, DOM, NULL, 40, 0, 1));
	micro_report("list=%ld", reserve(XENMEM_claim_pages, DOM, list, 40, 0, 0));
	micro_report("claim=%ld", claim(DOM, 1024));
	micro_report("again=%ld", claim(DOM, 1000));
	list[0] = 64;
	micro_report("populate=%ld", reserve(XENMEM_populate_physmap, DOM, list, 1, 3, 0));
	micro_report("cancel=%ld", claim(DOM, 0));
	micro_report("cancel_again=%ld", claim(DOM, 0));
	micro_domctl.u.max_mem.max_memkb = 1UL << 40;
	micro_need(!micro_domctl_do(XEN_DOMCTL_max_mem, DOM));
	micro_report("too_much=%ld", claim(DOM, 1UL << 26));
	micro_report("way_too_much=%ld", claim(DOM, 1UL << 40));
	micro_report("self=%ld", claim(DOMID_SELF, 0));
	micro_report("self_number=%ld", claim(0, 0));
}

static void acquire_report(const char *what, domid_t dom, uint16_t type, uint32_t id,
			   uint64_t frame, uint32_t n, bool with_list)
{
	static xen_pfn_t list[16];
	long ret = acquire(dom, type, id, frame, &n, with_list ? list : NULL);

	micro_report("%s=%ld n=%u", what, ret, n);
}

/* XENMEM_acquire_resource: the frames of a grant table. */
MICRO_TEST(foreign_resource)
{
	struct grant_entry_v1 *table = micro_page_alloc();
	struct xen_mem_acquire_resource pad = { .domid = DOM, .type = 1, .pad = 1 };
	xen_pfn_t frame;
	uint32_t n = 1;

	need_domain();
	acquire_report("size", DOM, 1, 0, 0, 0, false);
	acquire_report("size_status", DOM, 1, 1, 0, 0, false);
	acquire_report("size_id2", DOM, 1, 2, 0, 0, false);
	acquire_report("size_ioreq", DOM, 0, 0, 0, 0, false);
	acquire_report("size_vmtrace", DOM, 2, 0, 0, 0, false);
	acquire_report("nobody", NEVER, 1, 0, 0, 1, true);
	acquire_report("self", DOMID_SELF, 1, 0, 0, 1, true);
	acquire_report("self_number", 0, 1, 0, 0, 1, true);
	micro_report("pad=%ld", hc_memory_op(XENMEM_acquire_resource, &pad));
	acquire_report("list_without_n", DOM, 1, 0, 0, 0, true);
	acquire_report("n_without_list", DOM, 1, 0, 0, 1, false);
	acquire_report("first", DOM, 1, 0, 0, 1, true);
	acquire_report("two", DOM, 1, 0, 0, 2, true);
	acquire_report("last", DOM, 1, 0, MICRO_GRANT_FRAMES - 1, 1, true);
	acquire_report("beyond", DOM, 1, 0, MICRO_GRANT_FRAMES, 1, true);
	acquire_report("across_end", DOM, 1, 0, MICRO_GRANT_FRAMES - 1, 2, true);
	acquire_report("wraps", DOM, 1, 0, ~0UL, 2, true);
	acquire_report("far", DOM, 1, 0, 1UL << 32, 1, true);
	acquire_report("status", DOM, 1, 1, 0, 1, true);
	acquire_report("id2", DOM, 1, 2, 0, 1, true);
	acquire_report("ioreq", DOM, 0, 0, 0, 1, true);
	acquire_report("vmtrace", DOM, 2, 0, 0, 1, true);
	acquire_report("type3", DOM, 3, 0, 0, 1, true);
	micro_report("bad_list=%ld", acquire(DOM, 1, 0, 0, &n, (void *)0x1000));
	n = 1;
	micro_need(!acquire(DOM, 1, 0, 0, &n, &frame));
	micro_report("map=%ld", map_foreign(DOM, table, frame << PAGE_SHIFT | PTE_RW));
	table[1].frame = 1;
	micro_report("entry=%x", table[1].frame);
	micro_report("unmap=%ld", map_foreign(DOMID_SELF, table, 0));
}

struct e820 {
	uint64_t start, size;
	uint32_t type;
} __attribute__((packed));

static long set_map(domid_t dom, unsigned int nr, void *list)
{
	struct xen_foreign_memory_map m = { .domid = dom, .map.nr_entries = nr };

	set_xen_guest_handle(m.map.buffer, list);
	return hc_memory_op(XENMEM_set_memory_map, &m);
}

static long get_map(unsigned int *nr, void *list)
{
	struct xen_memory_map m = { .nr_entries = *nr };
	long ret;

	set_xen_guest_handle(m.buffer, list);
	ret = hc_memory_op(XENMEM_memory_map, &m);
	*nr = m.nr_entries;
	return ret;
}

/* The memory map of a domain, as its builder gives it. */
MICRO_TEST_ALONE(foreign_memory_map)
{
	static struct e820 map[4] = { { 0, 1 << 20, 1 }, { 2 << 20, 1 << 20, 2 } }, got[4];
	unsigned int nr = 4;

	need_domain();
	micro_report("none=%ld", get_map(&nr, got));
	micro_report("other=%ld", set_map(DOM, 2, map));
	micro_report("nobody=%ld", set_map(NEVER, 2, map));
	micro_report("many=%ld", set_map(DOM, 10000, map));
	micro_report("empty=%ld", set_map(DOM, 0, map));
	micro_report("pointer=%ld", set_map(DOM, 2, (void *)0x1000));
	micro_report("self=%ld", set_map(DOMID_SELF, 2, map));
	nr = 4;
	micro_report("get=%ld", get_map(&nr, got));
	micro_report("nr=%u", nr);
	micro_report("same=%d", !memcmp(map, got, 2 * sizeof(map[0])));
	nr = 1;
	micro_report("short=%ld", get_map(&nr, got));
	micro_report("nr=%u", nr);
	nr = 4;
	micro_report("get_pointer=%ld", get_map(&nr, (void *)0x1000));
	micro_report("again=%ld", set_map(DOMID_SELF, 1, map));
	nr = 4;
	micro_report("get=%ld", get_map(&nr, got));
	micro_report("nr=%u", nr);
	micro_report("empty=%ld", set_map(DOMID_SELF, 0, map));
	micro_report("get=%ld", get_map(&nr, got));
}

/* XENMEM operations that are for other kinds of guests. */
MICRO_TEST(foreign_no_pod)
{
	struct xen_pod_target pod = { .target_pages = 10, .domid = DOM };

	need_domain();
	micro_report("get=%ld", hc_memory_op(XENMEM_get_pod_target, &pod));
	micro_report("tot=%lu cache=%lu entries=%lu", pod.tot_pages, pod.pod_cache_pages,
		     pod.pod_entries);
	micro_report("set=%ld", hc_memory_op(XENMEM_set_pod_target, &pod));
	pod.domid = NEVER;
	micro_report("nobody=%ld", hc_memory_op(XENMEM_get_pod_target, &pod));
	micro_report("sharing_freed=%ld", hc_memory_op(XENMEM_get_sharing_freed_pages, 0));
	micro_report("sharing_shared=%ld", hc_memory_op(XENMEM_get_sharing_shared_pages, 0));
}

static long frame_info(xen_pfn_t *list, uint64_t n)
{
	micro_domctl_clear();
	micro_domctl.u.getpageframeinfo3.num = n;
	set_xen_guest_handle(micro_domctl.u.getpageframeinfo3.array, list);
	return micro_domctl_do(XEN_DOMCTL_getpageframeinfo3, DOM);
}

/* XEN_DOMCTL_getpageframeinfo3: what each frame is used as. */
MICRO_TEST(foreign_frame_info)
{
	static xen_pfn_t list[16];
	unsigned int i;

	need_domain();
	foreign_table(20, pte_of(5, PTE_RW));
	foreign_table(21, pte_of(20, PTE_TABLE));
	foreign_table(22, pte_of(21, PTE_TABLE));
	foreign_table(23, pte_of(22, PTE_TABLE));
	foreign_table(24, 0);
	micro_need(!ext_for(DOM, MMUEXT_PIN_L4_TABLE, mfns[23], 0));
	micro_need(!ext_for(DOM, MMUEXT_PIN_L1_TABLE, mfns[24], 0));
	for (i = 0; i < 5; i++)
		list[i] = mfns[20 + i];
	list[5] = mfns[5];
	list[6] = mfns[25];
	list[7] = micro_bad_mfn();
	list[8] = micro_free_mfn();
	list[9] = micro_va_to_mfn(list);
	list[10] = mfns[20] | 1UL << 60;
	list[11] = ~0UL;
	micro_domctl_clear();
	micro_need(!micro_domctl_do(XEN_DOMCTL_getdomaininfo, DOM));
	list[12] = micro_domctl.u.getdomaininfo.shared_info_frame;
	micro_report("ret=%ld", frame_info(list, 13));
	for (i = 0; i < 13; i++)
		micro_report("%u: %lx", i, list[i]);
	micro_report("num=%lu", micro_domctl.u.getpageframeinfo3.num);
	micro_report("none=%ld", frame_info(list, 0));
	micro_report("many=%ld", frame_info(list, 1025));
	micro_report("huge=%ld", frame_info(list, ~0UL));
	micro_report("pointer=%ld", frame_info((void *)0x1000, 1));
	micro_report("core_pointer=%ld", frame_info((void *)0xffff830000000000, 1));
	micro_need(!ext_for(DOM, MMUEXT_UNPIN_TABLE, mfns[23], 0));
	micro_need(!ext_for(DOM, MMUEXT_UNPIN_TABLE, mfns[24], 0));
	list[0] = mfns[23];
	list[1] = mfns[20];
	micro_report("after=%ld", frame_info(list, 2));
	micro_report("%lx %lx", list[0], list[1]);
}
