// SPDX-License-Identifier: GPL-2.0-only
/*
 * TLB: after a change with its flush, nobody sees the old page any more, on
 * this vcpu or the other one (xen.h, uvm_flags and mmuext flushes).
 */
#include "micro.h"

static volatile uint64_t *window;
static uint64_t *pages[2];

static void pages_setup(void)
{
	window = micro_page_alloc();
	pages[0] = micro_page_alloc();
	pages[1] = micro_page_alloc();
	pages[0][0] = 0xaaaa;
	pages[1][0] = 0xbbbb;
}

static void switch_report(const char *key, unsigned long flags)
{
	uint64_t seen[2];
	unsigned int i;
	long ret;

	for (i = 0; i < 2; i++) {
		ret = hc_update_va_mapping(window,
					   micro_page_pte(pages[i], PTE_RW),
					   flags);
		if (ret)
			micro_error("%s: %ld", key, ret);
		seen[i] = *window;
	}
	micro_report("%s=%lx,%lx", key, seen[0], seen[1]);
	micro_check(seen[0] == 0xaaaa && seen[1] == 0xbbbb);
}

/* On the vcpu itself, by each kind of flush that covers it. */
MICRO_TEST(mmu_flush_own)
{
	static uint64_t mask = 1;
	uint64_t ptr;
	unsigned int i;

	pages_setup();
	switch_report("invlpg_local", UVMF_INVLPG | UVMF_LOCAL);
	switch_report("invlpg_all", UVMF_INVLPG | UVMF_ALL);
	switch_report("tlb_local", UVMF_TLB_FLUSH | UVMF_LOCAL);
	switch_report("tlb_all", UVMF_TLB_FLUSH | UVMF_ALL);
	switch_report("invlpg_mask",
		      UVMF_INVLPG | UVMF_MULTI | (unsigned long)&mask);
	ptr = micro_pte_maddr((unsigned long)window, 1);
	for (i = 0; i < 2; i++) {
		micro_need(!micro_mmu_update(ptr, micro_page_pte(pages[i],
								 PTE_RW)));
		micro_need(!micro_mmuext(MMUEXT_INVLPG_LOCAL,
					 (unsigned long)window, 0));
		micro_report("mmuext_invlpg%u=%lx", i, *window);
	}
	for (i = 0; i < 2; i++) {
		micro_need(!micro_mmu_update(ptr, micro_page_pte(pages[i],
								 PTE_RW)));
		micro_need(!micro_mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0));
		micro_report("mmuext_tlb%u=%lx", i, *window);
	}
}

/* A table taken out by mmu_update is gone from the TLB before its reuse. */
MICRO_TEST(mmu_flush_unlink)
{
	struct micro_regs regs = { .rdi = micro_scratch_va(20) };
	uint64_t *table = micro_scratch_open(20);
	uint64_t l2 = micro_pte_maddr(micro_scratch_va(20), 2);
	char *page = micro_page_alloc();

	micro_need(!micro_mmu_update(micro_pte_maddr(micro_scratch_va(20), 1),
				     micro_page_pte(page, PTE_RW)));
	MICRO_PROBE(&regs, "movq (%%rdi), %%rax");
	micro_probe_report("mapped");
	micro_report("unlink=%ld", micro_mmu_update(l2, 0));
	MICRO_PROBE(&regs, "movq (%%rdi), %%rax");
	micro_probe_report("unlinked");
	micro_check(micro_probe.trapped);
	micro_report("table_rw=%ld",
		     micro_map(table, micro_page_pte(table, PTE_RW)));
}

static volatile unsigned int go, answered;
static volatile uint64_t answer;

/* Keeps the window in its TLB and reads it when told to. */
static void body_reader(void)
{
	unsigned int seen = 0;

	while (seen < 4) {
		while (go == seen) {
			answer = *window;
			asm volatile("pause");
		}
		seen = go;
		answer = *window;
		answered = seen;
	}
}

static void remote_try(const char *key, unsigned int step, long ret)
{
	go = step;
	while (answered != step)
		asm volatile("pause");
	micro_report("%s=%ld other_sees=%lx", key, ret, answer);
	micro_check(answer == (step & 1 ? 0xbbbb : 0xaaaa));
}

/* On the other vcpu: the flush is over there, too, when the call returns. */
MICRO_TEST(mmu_flush_remote)
{
	static uint64_t mask = 2;
	uint64_t ptr, pte[2];
	long ret;

	pages_setup();
	go = answered = 0;
	pte[0] = micro_page_pte(pages[0], PTE_RW);
	pte[1] = micro_page_pte(pages[1], PTE_RW);
	ptr = micro_pte_maddr((unsigned long)window, 1);
	micro_need(!hc_update_va_mapping(window, pte[0], UVMF_INVLPG));
	micro_need(!micro_vcpu_start(1, body_reader));
	while (answer != 0xaaaa)
		asm volatile("pause");
	ret = hc_update_va_mapping(window, pte[1], UVMF_INVLPG | UVMF_ALL);
	remote_try("invlpg_all", 1, ret);
	ret = hc_update_va_mapping(window, pte[0], UVMF_TLB_FLUSH | UVMF_MULTI |
				   (unsigned long)&mask);
	remote_try("tlb_mask", 2, ret);
	micro_need(!micro_mmu_update(ptr, pte[1]));
	ret = micro_mmuext(MMUEXT_INVLPG_MULTI, (unsigned long)window,
			   (unsigned long)&mask);
	remote_try("mmuext_invlpg_mask", 3, ret);
	micro_need(!micro_mmu_update(ptr, pte[0]));
	ret = micro_mmuext(MMUEXT_TLB_FLUSH_ALL, 0, 0);
	remote_try("mmuext_tlb_all", 4, ret);
	micro_vcpu_stop(1);
}
