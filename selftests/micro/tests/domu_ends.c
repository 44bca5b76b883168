// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ends: a domain gives back frames that the core, a CPU or a table of its own still
 * uses, and ends while its CPUs have all kinds of its state loaded.
 */
#include "domain.h"

#define TRIES	64

/* Give the frame back, then take @TRIES new ones: is it among them? */
static bool frame_comes_back(xen_pfn_t mfn)
{
	struct xen_memory_reservation give = { .nr_extents = 1, .domid = DOMID_SELF };
	struct xen_memory_reservation take = { .nr_extents = TRIES, .domid = DOMID_SELF };
	static xen_pfn_t list[TRIES];
	bool found = false;
	unsigned int i;
	long n;

	set_xen_guest_handle(give.extent_start, &mfn);
	set_xen_guest_handle(take.extent_start, list);
	micro_report("decrease=%ld", hc_memory_op(XENMEM_decrease_reservation, &give));
	for (i = 0; i < TRIES; i++)
		list[i] = 0x100000 + i;
	n = hc_memory_op(XENMEM_populate_physmap, &take);
	for (i = 0; i < n; i++)
		found |= list[i] == mfn;
	take.nr_extents = n;
	micro_need(n > 0 && hc_memory_op(XENMEM_decrease_reservation, &take) == n);
	return found;
}

/* F3: while it is in use as @what nobody gets it. */
static void still_used(const char *what, xen_pfn_t mfn)
{
	bool found = frame_comes_back(mfn);

	micro_report("%s: found=%d", what, found);
	micro_check(!found);
}

static uint64_t *hidden_page(xen_pfn_t *mfn)
{
	uint64_t *page = micro_page_alloc();

	*mfn = micro_va_to_mfn(page);
	return page;
}

/* A page that is mapped for writing, by nothing but a second address. */
static void use_mapped(void)
{
	uint64_t *page, *va = (uint64_t *)micro_scratch_va(0);
	xen_pfn_t mfn;

	page = hidden_page(&mfn);
	micro_scratch_open(0);
	micro_need(!micro_map(va, micro_page_pte(page, PTE_RW)) && !micro_map(page, 0));
	still_used("mapped", mfn);
	va[3] = 3;
	micro_report("value=%lx", va[3]);
	micro_report("end=%ld", micro_map(va, 0));
}

/* An L1 table, whose entry still maps a page. */
static void use_table(void)
{
	uint64_t *table = micro_scratch_open(1), *data = micro_page_alloc();
	volatile uint64_t *va = (uint64_t *)micro_scratch_va(1);
	xen_pfn_t mfn = micro_va_to_mfn(table);

	data[0] = 0x7ab1e;
	micro_need(!micro_map((void *)va, micro_page_pte(data, PTE_RW)));
	micro_need(!micro_map(table, 0));
	still_used("table", mfn);
	micro_report("value=%lx", va[0]);
	micro_report("end=%ld", micro_mmu_update(micro_pte_maddr((uint64_t)va, 2), 0));
}

/* The root of user mode. */
static void use_root(void)
{
	uint64_t *l4 = micro_table_build(0);
	xen_pfn_t mfn = micro_va_to_mfn(l4);

	micro_need(!micro_mmuext(MMUEXT_NEW_USER_BASEPTR, mfn, 0));
	micro_need(!micro_map(l4, 0));
	still_used("root", mfn);
	micro_report("end=%ld", micro_mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0));
}

#define DATA_SEGMENT 0x00cff3000000ffff

static void load_es(uint64_t selector)
{
	struct micro_regs regs = { .rax = selector };

	MICRO_PROBE(&regs, "movl %%eax, %%es");
	if (selector)
		micro_probe_report("selector");
}

static void use_gdt(void)
{
	xen_pfn_t mfn;
	uint64_t *gdt = hidden_page(&mfn);

	gdt[1] = DATA_SEGMENT;
	micro_page_protect(gdt, false);
	micro_need(!hc_set_gdt(&mfn, 512) && !micro_map(gdt, 0));
	still_used("gdt", mfn);
	load_es(1 * 8 | 3);
	load_es(0);
	micro_report("end=%ld", hc_set_gdt(NULL, 0));
}

/* The core maps a page of it at the first use of a selector. */
static void use_ldt(void)
{
	xen_pfn_t mfn;
	uint64_t *ldt = hidden_page(&mfn);

	ldt[1] = DATA_SEGMENT;
	micro_page_protect(ldt, false);
	micro_need(!micro_mmuext(MMUEXT_SET_LDT, (uint64_t)ldt, 512));
	load_es(1 * 8 | 7);
	micro_need(!micro_map(ldt, 0));
	still_used("ldt", mfn);
	load_es(0);
	micro_report("end=%ld", micro_mmuext(MMUEXT_SET_LDT, 0, 0));
}

/* vcpu 1's vcpu_info, which the core writes to. */
static void use_vcpu_info(void)
{
	struct vcpu_register_vcpu_info info = { .offset = 64 };
	xen_pfn_t mfn;
	uint64_t *page = hidden_page(&mfn);

	info.mfn = mfn;
	micro_need(!hc_vcpu_op(VCPUOP_register_vcpu_info, 1, &info) && !micro_map(page, 0));
	still_used("vcpu_info", mfn);
}

/* F3: each use of a frame holds it, also when its domain has given it back. */
MICRO_TEST_DOMU(domu_free_in_use)
{
	uint64_t *page;
	xen_pfn_t mfn;

	use_mapped();
	use_table();
	use_root();
	use_gdt();
	use_ldt();
	use_vcpu_info();
	/* What is found nowhere proves nothing: ours gives out first what came last. */
	page = hidden_page(&mfn);
	micro_need(!micro_map(page, 0));
	micro_check(frame_comes_back(mfn) || !micro_is_ours());
}

/* --- */

#define MS	1000000UL

static volatile bool spins;

static void spin(void)
{
	struct vcpu_set_periodic_timer tick = { .period_ns = MS };

	asm volatile("fninit; fldpi");
	hc_set_segment_base(SEGBASE_FS, 0x5555000);
	hc_vcpu_op(VCPUOP_set_periodic_timer, 1, &tick);
	spins = true;
	for (;;)
		asm volatile("pause");
}

/* A root, descriptor tables, breakpoints and timers of the vcpu that ends. */
static void state_of_all_kinds(void)
{
	struct vcpu_set_periodic_timer tick = { .period_ns = MS };
	struct vcpu_set_singleshot_timer shot = { .timeout_abs_ns = micro_time_now() + 2 * MS };
	uint64_t *table = micro_page_alloc();
	unsigned long frame = micro_va_to_mfn(table);
	static struct micro_regs regs;

	table[1] = DATA_SEGMENT;
	micro_page_protect(table, false);
	micro_need(!hc_set_gdt(&frame, 512));
	micro_need(!micro_mmuext(MMUEXT_SET_LDT, (uint64_t)table, 512));
	regs.rax = 1 * 8 | 7;
	MICRO_PROBE(&regs, "movl %%eax, %%es");
	regs.rax = 1 * 8 | 3;
	MICRO_PROBE(&regs, "movl %%eax, %%fs");
	micro_need(!hc_set_debugreg(0, (uint64_t)table));
	micro_need(!hc_set_debugreg(7, 0x30001));
	micro_need(!hc_vcpu_op(VCPUOP_set_periodic_timer, 0, &tick));
	micro_need(!hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, &shot));
	micro_need(!hc_set_timer_op(micro_time_now() + 3 * MS));
}

/*
 * L5: the domain ends, by itself or by a crash, with timers about to fire, while its
 * other vcpu runs. dom0 ends it at once, and counts its frames: nothing is left.
 */
MICRO_TEST_DOMU_CASES(domu_end_armed, 8)
{
	micro_need(!micro_vcpu_start(1, spin));
	while (!spins)
		asm volatile("pause");
	state_of_all_kinds();
	micro_report("case %u is armed", micro_mail->which);
	if (micro_mail->which & 1)
		micro_shutdown(SHUTDOWN_crash);
}
