// SPDX-License-Identifier: GPL-2.0-only
/*
 * Long hypercalls under interrupts: the core may stop one to deliver an event
 * and go on later, but every entry is carried out once, in order.
 */
#include "domain.h"

#define ENTRIES	6000
#define MS	1000000UL

static struct mmu_update updates[ENTRIES];
static struct multicall_entry calls[ENTRIES];
static unsigned int upcalls, restarts;

static void upcall(struct micro_frame *frame)
{
	upcalls++;
	/* before a "syscall": one that will be gone on with */
	restarts += *(const uint16_t *)frame->rip == 0x050f;
	micro_vcpu_info()->evtchn_upcall_pending = 0;
	micro_vcpu_info()->evtchn_pending_sel = 0;
	micro_shared->evtchn_pending[0] = 0;
}

static void ticks_start(void)
{
	struct vcpu_set_periodic_timer op = { .period_ns = MS };
	evtchn_port_t port = micro_event_bind_virq(VIRQ_TIMER, 0);

	upcalls = 0;
	micro_trap_hook(ENTRY_EVENT, upcall);
	micro_event_set_mask(port, false);
	micro_need(!hc_vcpu_op(VCPUOP_set_periodic_timer, 0, &op));
	micro_vcpu_info()->evtchn_upcall_mask = 0;
	barrier();
}

static void ticks_stop(void)
{
	micro_event_disable();
	hc_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
}

/* mmu_update: repeated until a tick has come in; all entries, count right. */
MICRO_TEST(preempt_mmu_update)
{
	uint64_t *page = micro_page_alloc();
	uint64_t at = micro_va_to_mfn(page) << PAGE_SHIFT;
	unsigned int i, done = 0, wrong = 0;
	long ret = 0;

	for (i = 0; i < ENTRIES; i++) {
		updates[i].ptr = at + (i % 512) * 8;
		updates[i].val = i + 1;
	}
	ticks_start();
	while (upcalls < 5 && !ret && !wrong) {
		memset(page, 0, PAGE_SIZE);
		ret = hc_mmu_update(updates, ENTRIES, &done, DOMID_SELF);
		for (i = 0; i < 512; i++)
			wrong += page[i] != i + 1 + (ENTRIES - 1 - i) / 512 *
				 512;
		wrong += done != ENTRIES;
	}
	ticks_stop();
	micro_report("ret=%ld done=%u wrong=%u", ret, done, wrong);
	micro_check(!ret && !wrong);
}

/* multicall: each result is there, none is written twice. */
MICRO_TEST(preempt_multicall)
{
	unsigned int i, wrong = 0;
	long ret = 0;

	ticks_start();
	while (upcalls < 5 && !ret && !wrong) {
		for (i = 0; i < ENTRIES; i++) {
			calls[i].op = __HYPERVISOR_xen_version;
			calls[i].args[0] = i & 1 ? XENVER_pagesize :
					   XENVER_version;
			calls[i].result = 1;
		}
		ret = hc_multicall(calls, ENTRIES);
		for (i = 0; i < ENTRIES; i++)
			wrong += calls[i].result != (i & 1 ? 4096 : 0x40011);
	}
	ticks_stop();
	micro_report("ret=%ld wrong=%u", ret, wrong);
	micro_check(!ret && !wrong);
}

/* Tables of a tree: the L4, and the last of its L1 tables. */
static uint64_t *tree_build(uint64_t **last_l1)
{
	uint64_t *l2 = micro_page_alloc();
	unsigned int i;

	for (i = 0; i < 24; i++) {
		*last_l1 = micro_table_build(0);
		l2[i * 20] = micro_page_pte(*last_l1, PTE_TABLE);
	}
	micro_page_protect(l2, false);
	return micro_table_build(micro_page_pte(
		micro_table_build(micro_page_pte(l2, PTE_TABLE)), PTE_TABLE));
}

/* Pinning and unpinning a tree of tables under ticks. */
MICRO_TEST(preempt_pin)
{
	uint64_t *l1, *l4 = tree_build(&l1);
	unsigned long mfn = micro_va_to_mfn(l4);
	unsigned int rounds = 0;
	long ret = 0;

	ticks_start();
	while (upcalls < 5 && !ret) {
		ret = micro_mmuext(MMUEXT_PIN_L4_TABLE, mfn, 0);
		if (!ret)
			ret = micro_mmuext(MMUEXT_UNPIN_TABLE, mfn, 0);
		rounds++;
	}
	ticks_stop();
	micro_report("ret=%ld enough=%d", ret, rounds > 0);
	micro_report("l1_free=%ld",
		     micro_map(l1, micro_page_pte(l1, PTE_RW)));
}

/* Give the page, or the two from it on, back to the core. */
static bool frames_give(char *page, unsigned int order)
{
	struct xen_memory_reservation op = {
		.nr_extents = 1, .extent_order = order, .domid = DOMID_SELF,
	};
	xen_pfn_t mfn = micro_va_to_mfn(page);

	set_xen_guest_handle(op.extent_start, &mfn);
	restarts = 0;
	return hc_memory_op(XENMEM_decrease_reservation, &op) == 1;
}

/* Map frames that follow each other at pages that have none. */
static void frames_put(char *page, xen_pfn_t frame, unsigned int n)
{
	for (; n--; page += PAGE_SIZE, frame++) {
		((unsigned long *)micro_start_info->mfn_list)[micro_va_to_pfn(page)] = frame;
		micro_page_protect(page, true);
	}
}

/* Frames that follow each other for the two pages, which have none. */
static void pair_renew(char *page)
{
	struct xen_memory_reservation op = {
		.nr_extents = 1, .extent_order = 1, .domid = DOMID_SELF,
	};
	xen_pfn_t frame = micro_va_to_pfn(page);

	set_xen_guest_handle(op.extent_start, &frame);
	micro_need(hc_memory_op(XENMEM_populate_physmap, &op) == 1);
	frames_put(page, frame, 2);
}

/* An L3 table, all entries of whose L1 tables are in use: to let go of it takes long. */
static uint64_t *full_tree_build(uint64_t **first_l1)
{
	uint64_t *l1, *l2 = micro_page_alloc();
	unsigned int i, k;

	for (i = 0; i < 24; i++) {
		l1 = micro_page_alloc();
		for (k = 0; k < 512; k++)
			l1[k] = micro_page_pte(micro_user_stack, PTE_RO);
		micro_page_protect(l1, false);
		l2[i] = micro_page_pte(l1, PTE_TABLE);
		if (!i)
			*first_l1 = l1;
	}
	micro_page_protect(l2, false);
	return micro_table_build(micro_page_pte(l2, PTE_TABLE));
}

/*
 * The last use of a tree is that it is a vcpu's root. When the vcpu has another one the
 * tables are no tables any more, whatever came in meanwhile.
 */
MICRO_TEST_DOMU(domu_preempt_root)
{
	uint64_t *old = (uint64_t *)micro_start_info->pt_base, *l4 = micro_page_alloc(), *l1;
	unsigned int rounds;
	long ret = 0;

	memcpy(l4, old, PAGE_SIZE);
	l4[1] = micro_page_pte(full_tree_build(&l1), PTE_TABLE);
	micro_page_protect(l4, false);
	ticks_start();
	restarts = 0;
	for (rounds = 0; rounds < 1000 && !restarts && !ret; rounds++) {
		ret = micro_mmuext(MMUEXT_NEW_BASEPTR, micro_va_to_mfn(l4), 0);
		restarts = 0;
		ret = ret ?: micro_mmuext(MMUEXT_NEW_BASEPTR, micro_va_to_mfn(old), 0);
		/* the last of its tables to be let go of */
		ret = ret ?: micro_map(l1, micro_page_pte(l1, PTE_RW));
		ret = ret ?: micro_map(l1, micro_page_pte(l1, PTE_RO));
	}
	ticks_stop();
	micro_report("ret=%ld restarted=%d", ret, restarts > 0);
}

/* The second frame of an extent is a pinned tree. */
MICRO_TEST(preempt_decrease)
{
	char *pair = micro_page_alloc(), *other = micro_page_alloc();
	uint64_t *l1, *l3 = full_tree_build(&l1), *l4 = (uint64_t *)other;
	unsigned long mfn;
	unsigned int rounds;
	bool good = true;

	micro_need(other == pair + PAGE_SIZE);
	micro_map(pair, 0);
	micro_map(other, 0);
	micro_need(frames_give(pair, 0) && frames_give(other, 0));
	ticks_start();
	restarts = 0;
	for (rounds = 0; rounds < 100 && good && !restarts; rounds++) {
		pair_renew(pair);
		l4[0] = micro_page_pte(l3, PTE_TABLE);
		micro_page_protect(l4, false);
		good = !micro_mmuext(MMUEXT_PIN_L4_TABLE, micro_va_to_mfn(l4), 0);
		micro_map(pair, 0);
		micro_map(l4, 0);
		mfn = micro_va_to_mfn(l4);
		good = good && frames_give(pair, 1);
		if (!micro_is_ours())	/* a pin outlives that there */
			micro_mmuext(MMUEXT_UNPIN_TABLE, mfn, 0);
	}
	ticks_stop();
	pair_renew(pair);
	micro_report("good=%d l3_free=%ld", good, micro_map(l3, micro_page_pte(l3, PTE_RW)));
	/* T5: the core does not stay in the call until all of the tree is let go. */
	micro_check(restarts || !micro_is_ours());
}

/* 512 single frames for a large one: the call goes on after a tick, and loses nothing. */
MICRO_TEST_ALONE(preempt_exchange)
{
	struct xen_memory_exchange op = {
		.in = { .nr_extents = 512, .domid = DOMID_SELF },
		.out = { .nr_extents = 1, .extent_order = 9, .domid = DOMID_SELF },
	};
	struct xen_memory_domain self = { .domid = DOMID_SELF };
	long before = hc_memory_op(XENMEM_current_reservation, &self), ret = 0;
	static xen_pfn_t in[512], out;
	unsigned int i, rounds, wrong = 0;
	char *pages = micro_page_alloc();

	for (i = 1; i < 512; i++)
		micro_page_alloc();
	set_xen_guest_handle(op.in.extent_start, in);
	set_xen_guest_handle(op.out.extent_start, &out);
	ticks_start();
	restarts = 0;
	for (rounds = 0; rounds < 100 && !restarts && !ret; rounds++) {
		for (i = 0; i < 512; i++) {
			in[i] = micro_va_to_mfn(pages + i * PAGE_SIZE);
			micro_map(pages + i * PAGE_SIZE, 0);
		}
		out = micro_va_to_pfn(pages);
		op.nr_exchanged = 0;
		ret = hc_memory_op(XENMEM_exchange, &op);
		wrong += op.nr_exchanged != 512;
		for (i = 0; i < 512 && !ret; i++)
			wrong += machine_to_phys_mapping[out + i] != micro_va_to_pfn(pages) + i;
		if (!ret)
			frames_put(pages, out, 512);
	}
	ticks_stop();
	micro_report("ret=%ld wrong=%u change=%ld", ret, wrong,
		     hc_memory_op(XENMEM_current_reservation, &self) - before);
	micro_check(restarts || !micro_is_ours());
}

/*
 * A vcpu's roots are validated under ticks. One that is good is kept while the other
 * one is refused, and let go when it is not wanted any more.
 */
MICRO_TEST_ALONE(preempt_initialise)
{
	static struct vcpu_guest_context context;
	uint64_t *good_l1, *good = tree_build(&good_l1);
	uint64_t *bad_l1, *bad = tree_build(&bad_l1);
	long ret;

	micro_page_protect(bad_l1, true);
	bad_l1[511] = micro_bad_mfn() << PAGE_SHIFT | PTE_RW;
	micro_page_protect(bad_l1, false);
	micro_vcpu_context(&context, micro_event_entry, micro_user_stack);
	context.ctrlreg[3] = xen_pfn_to_cr3(micro_va_to_mfn(good));
	context.ctrlreg[1] = xen_pfn_to_cr3(micro_va_to_mfn(bad));
	ticks_start();
	do
		ret = hc_vcpu_op(VCPUOP_initialise, 1, &context);
	while (upcalls < 5 && ret);
	ticks_stop();
	micro_report("refused=%ld", ret);
	micro_report("good_kept=%ld", micro_map(good_l1, micro_page_pte(good_l1, PTE_RW)));
	micro_report("bad_free=%ld", micro_map(bad_l1, micro_page_pte(bad_l1, PTE_RW)));
	bad_l1[511] = 0;
	micro_page_protect(bad_l1, false);
	context.ctrlreg[3] = context.ctrlreg[1];
	context.ctrlreg[1] = 0;
	micro_report("other=%ld", hc_vcpu_op(VCPUOP_initialise, 1, &context));
	micro_report("again=%ld", hc_vcpu_op(VCPUOP_initialise, 1, &context));
	micro_report("good_free=%ld", micro_map(good_l1, micro_page_pte(good_l1, PTE_RW)));
	micro_report("used=%ld", micro_map(bad_l1, micro_page_pte(bad_l1, PTE_RW)));
}
