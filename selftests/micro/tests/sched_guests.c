// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains that run, next to dom0: they get what weights, caps and pools say, and
 * can be ended at any moment. Each is a few pages: page tables, and code that
 * spins or calls the core. dom0's second vcpu is down.
 */
#include "domain.h"

#define GUEST_VA	0x400000UL	/* the code; the data page follows */
#define MS		1000000UL

enum { PAGE_L4, PAGE_L3, PAGE_L2, PAGE_L1, PAGE_CODE, PAGE_DATA, NR_PAGES };

/* What a guest's vcpus do. */
enum { SPIN, CALL };

static const uint8_t programs[][16] = {
	[SPIN] = { 0xf3, 0x90,				/* 1: pause */
		   0xeb, 0xfc },			/* jmp 1b */
	[CALL] = { 0x0f, 0x05,				/* syscall */
		   0xb8, __HYPERVISOR_sched_op, 0, 0, 0, /* 1: mov eax */
		   0x31, 0xff,				/* xor edi, edi: yield */
		   0x0f, 0x05,				/* syscall */
		   0xeb, 0xf5 },			/* jmp 1b */
};

static struct vcpu_guest_context context;

static uint64_t *open_page(domid_t dom, uint64_t mfn)
{
	static uint64_t *window;
	struct mmu_update update;

	if (!window)
		window = micro_page_alloc();
	update.ptr = micro_pte_maddr((unsigned long)window, 1);
	update.val = mfn << PAGE_SHIFT | (mfn ? PTE_RW : 0);
	if (!mfn)
		update.val = 0;
	micro_need(!hc_mmu_update(&update, 1, NULL, dom));
	micro_mmuext(MMUEXT_INVLPG_LOCAL, (unsigned long)window, 0);
	return window;
}

static void fill_memory(domid_t dom, xen_pfn_t *mfn)
{
	/* Which entry of each table leads to GUEST_VA. */
	static const unsigned int slot[] = { 0, 0, GUEST_VA >> 21, 0 };
	struct vcpu_set_periodic_timer *timer;
	struct mmuext_op pin = { .cmd = MMUEXT_PIN_L4_TABLE };
	uint64_t *page;
	unsigned int i;

	for (i = PAGE_L4; i <= PAGE_L1; i++) {
		page = open_page(dom, mfn[i]);
		memset(page, 0, PAGE_SIZE);
		page[slot[i]] = mfn[i + 1] << PAGE_SHIFT |
				(i == PAGE_L1 ? PTE_RO : PTE_TABLE);
		if (i == PAGE_L1)
			page[1] = mfn[PAGE_DATA] << PAGE_SHIFT | PTE_RW;
	}
	page = open_page(dom, mfn[PAGE_CODE]);
	memcpy(page, programs, sizeof(programs));
	timer = (void *)open_page(dom, mfn[PAGE_DATA]);
	timer->period_ns = MS;
	open_page(DOMID_SELF, 0);
	pin.arg1.mfn = mfn[PAGE_L4];
	micro_need(!hc_mmuext_op(&pin, 1, NULL, dom));
}

static void start_vcpu(domid_t dom, uint32_t vcpu, uint64_t root, unsigned int program)
{
	micro_vcpu_context(&context,
			   (void *)(GUEST_VA + program * sizeof(programs[0])),
			   (void *)(GUEST_VA + 2 * PAGE_SIZE));
	context.flags |= VGCF_online;
	context.ctrlreg[3] = xen_pfn_to_cr3(root);
	/* Its first hypercall, if it begins with one. */
	context.user_regs.rax = __HYPERVISOR_vcpu_op;
	context.user_regs.rdi = VCPUOP_set_periodic_timer;
	context.user_regs.rsi = vcpu;
	context.user_regs.rdx = GUEST_VA + PAGE_SIZE;
	micro_domctl_clear();
	micro_domctl.u.vcpucontext.vcpu = vcpu;
	set_xen_guest_handle(micro_domctl.u.vcpucontext.ctxt, &context);
	micro_need(!micro_domctl_do(XEN_DOMCTL_setvcpucontext, dom));
}

/* A domain that runs. */
static domid_t guest_start(uint32_t vcpus, unsigned int program)
{
	struct xen_memory_reservation r = { .nr_extents = NR_PAGES };
	xen_pfn_t mfn[NR_PAGES];
	domid_t dom;
	uint32_t i;

	dom = micro_domctl_create_vcpus(0, vcpus);
	micro_domctl.u.max_mem.max_memkb = 1024;
	micro_need(!micro_domctl_do(XEN_DOMCTL_max_mem, dom));
	for (i = 0; i < NR_PAGES; i++)
		mfn[i] = i;
	r.domid = dom;
	set_xen_guest_handle(r.extent_start, mfn);
	micro_need(hc_memory_op(XENMEM_populate_physmap, &r) == NR_PAGES);
	fill_memory(dom, mfn);
	for (i = 0; i < vcpus; i++)
		start_vcpu(dom, i, mfn[PAGE_L4], program);
	micro_need(!micro_domctl_do(XEN_DOMCTL_unpausedomain, dom));
	return dom;
}

static void guest_params(domid_t dom, uint32_t weight, uint32_t cap)
{
	micro_domctl_clear();
	micro_domctl.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	micro_domctl.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	micro_domctl.u.scheduler_op.u.credit2.weight = weight;
	micro_domctl.u.scheduler_op.u.credit2.cap = cap;
	micro_need(!micro_domctl_do(XEN_DOMCTL_scheduler_op, dom));
}

static uint64_t guest_ran(domid_t dom)
{
	micro_domctl_clear();
	micro_need(!micro_domctl_do(XEN_DOMCTL_getvcpuinfo, dom));
	return micro_domctl.u.getvcpuinfo.cpu_time;
}

/* Sleep: the guests may have dom0's CPU. */
static void pass_time(uint64_t ns)
{
	struct sched_poll op = { .timeout = micro_time_now() + ns };

	hc_sched_op(SCHEDOP_poll, &op);
}

static bool is_about(unsigned int percent, unsigned int want)
{
	return percent + 3 >= want && percent <= want + 3;
}

/*
 * Does each of two guests get what it deserves of a CPU for a while? On a machine
 * that has other things to do than to run this one it may take several tries.
 */
static bool measure(const domid_t dom[2], const uint32_t want[2])
{
	unsigned int percent[2], i, tries;
	uint64_t ran[2], start, time;

	for (tries = 0; tries < 10; tries++) {
		pass_time(100 * MS);
		start = micro_time_now();
		for (i = 0; i < 2; i++)
			ran[i] = guest_ran(dom[i]);
		pass_time(500 * MS);
		time = micro_time_now() - start;
		for (i = 0; i < 2; i++)
			percent[i] = (guest_ran(dom[i]) - ran[i]) * 100 / time;
		micro_info("%u %% and %u %%", percent[0], percent[1]);
		if (is_about(percent[0], want[0]) && is_about(percent[1], want[1]))
			return true;
	}
	return false;
}

/* Two guests on one CPU part it by weight, and keep to their caps. */
MICRO_TEST_ALONE(guests_shares)
{
	static const struct { uint32_t weight[2], cap[2], want[2]; } cases[] = {
		{ { 256, 256 }, { 0, 0 }, { 50, 50 } },
		{ { 512, 256 }, { 0, 0 }, { 67, 33 } },
		{ { 1000, 250 }, { 0, 0 }, { 80, 20 } },
		{ { 256, 256 }, { 30, 0 }, { 30, 70 } },
		{ { 256, 256 }, { 40, 15 }, { 40, 15 } },
	};
	unsigned int i, k;
	domid_t dom[2];

	for (i = 0; i < 2; i++) {
		dom[i] = guest_start(1, SPIN);
		micro_domain_place(dom[i], 1);
	}
	for (k = 0; k < ARRAY_SIZE(cases); k++) {
		bool good;

		for (i = 0; i < 2; i++)
			guest_params(dom[i], cases[k].weight[i], cases[k].cap[i]);
		good = measure(dom, cases[k].want);
		micro_report("%u %% and %u %%: %s", cases[k].want[0],
			     cases[k].want[1], good ? "yes" : "no");
		micro_check(good);
	}
	for (i = 0; i < 2; i++)
		micro_domctl_destroy(dom[i]);
}

/* A domain can be ended whatever its vcpus and timers are about to do. */
MICRO_TEST_ALONE(guests_end)
{
	unsigned int i, k, rounds = 0;
	domid_t dom[2];

	for (i = 0; i < 40; i++) {
		for (k = 0; k < 2; k++)
			dom[k] = guest_start(1 + i % 3, i % 4 ? CALL : SPIN);
		if (i % 2)
			guest_params(dom[0], 256, 20);
		pass_time((i * 7 % 12) * MS / 2);
		if (i % 5 == 0) {
			micro_domctl_clear();
			micro_need(!micro_domctl_do(XEN_DOMCTL_pausedomain, dom[1]));
		}
		for (k = 0; k < 2; k++)
			micro_domctl_destroy(dom[k]);
		rounds++;
		micro_info("round %u", rounds);
	}
	micro_report("rounds=%u", rounds);
	micro_domctl_clear();
	micro_report("gone=%ld", micro_domctl_do(XEN_DOMCTL_pausedomain, dom[0]));
}
