// SPDX-License-Identifier: GPL-2.0-only
/*
 * The start of day: what a PV dom0 kernel finds when it gets control
 * (xen.h, struct start_info and "Start-of-day memory layout").
 */
#include "micro.h"

/* Accessed, dirty and the software bits are the core's own business. */
#define PTE_FLAGS_SHOWN	(PTE_NX | (0x1ff & ~(PTE_A | PTE_D)))

/*
 * Registers at entry: %rsi = start_info, flat selectors of the reserved GDT
 * part with RPL 3, interrupts enabled in rflags, all other registers 0.
 */
MICRO_TEST(start_registers)
{
	static const char * const names[] = {
		"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (i != BOOT_RSI && i != BOOT_RSP)
			micro_report("%s=%lx", names[i], micro_boot_regs[i]);
	}
	micro_check(micro_boot_regs[BOOT_RSI] ==
		    (unsigned long)micro_start_info);
	micro_report("rsp_page_offset=%lx",
		     micro_boot_regs[BOOT_RSP] & (PAGE_SIZE - 1));
	micro_report("rflags=%lx cs=%lx ss=%lx ds=%lx es=%lx fs=%lx gs=%lx",
		     micro_boot_regs[BOOT_RFLAGS], micro_boot_regs[BOOT_CS],
		     micro_boot_regs[BOOT_SS], micro_boot_regs[BOOT_DS],
		     micro_boot_regs[BOOT_ES], micro_boot_regs[BOOT_FS],
		     micro_boot_regs[BOOT_GS]);
}

static void start_info_report(void)
{
	const struct start_info *info = micro_start_info;

	micro_report("magic=%s", info->magic);
	micro_report("nr_pages=%lu flags=%x", info->nr_pages,
		     info->flags & ~SIF_PM_MASK);
	micro_info("flags=%x", info->flags);
	micro_report("store_mfn=%lu store_evtchn=%u", info->store_mfn,
		     info->store_evtchn);
	micro_report("mod_start=%lx mod_len=%lx", info->mod_start,
		     info->mod_len);
	micro_report("console info_off=%x info_size=%x",
		     info->console.dom0.info_off, info->console.dom0.info_size);
	micro_report("shared_info_aligned=%d",
		     !(info->shared_info & (PAGE_SIZE - 1)));
	micro_report("cmd_line_starts_with_tests=%d",
		     !strncmp((const char *)info->cmd_line, "tests=", 6));
	micro_check(info->flags & SIF_PRIVILEGED);
	micro_check(info->flags & SIF_INITDOMAIN);
}

/*
 * start_info of a dom0 with XEN_ELFNOTE_INIT_P2M: the list is at the address
 * asked for, its frames are first_p2m_pfn up, nr_p2m_frames of them, behind
 * the boot page tables.
 */
MICRO_TEST(start_info_p2m)
{
	const struct start_info *info = micro_start_info;
	unsigned long end;

	start_info_report();
	end = (micro_boot_regs[BOOT_RSP] - VIRT_BASE) >> PAGE_SHIFT;
	micro_report("mfn_list=%lx nr_p2m_frames=%lu", info->mfn_list,
		     info->nr_p2m_frames);
	micro_report("p2m_behind_boot_area=%d", info->first_p2m_pfn >= end);
	micro_report("pt_base_behind_info=%d",
		     info->pt_base > (unsigned long)info);
	micro_report("nr_pt_frames=%lu", info->nr_pt_frames);
}

/* The same without the note: the list lies in the kernel's own mapping. */
MICRO_TEST_KIND(plain, start_info_plain)
{
	const struct start_info *info = micro_start_info;

	start_info_report();
	micro_report("list_in_kernel=%d info_behind_list=%d",
		     info->mfn_list > VIRT_BASE,
		     (unsigned long)info > info->mfn_list);
	micro_report("nr_p2m_frames=%lu", info->nr_p2m_frames);
	micro_report("pt_behind_info=%d stack_behind_pt=%d",
		     info->pt_base > (unsigned long)info,
		     micro_boot_regs[BOOT_RSP] >= info->pt_base +
		     info->nr_pt_frames * PAGE_SIZE);
	micro_report("nr_pt_frames=%lu", info->nr_pt_frames);
}

/*
 * Every pfn has a frame, and the machine-to-phys table leads back to it; the
 * boot page tables are mapped read-only, everything else writable.
 */
MICRO_TEST_ALONE(start_mapping)
{
	const struct start_info *info = micro_start_info;
	unsigned long pfn, first_pt, wrong = 0, ro = 0, ro_pt = 0;
	const uint64_t *pte;

	for (pfn = 0; pfn < info->nr_pages; pfn++) {
		if (machine_to_phys_mapping[micro_pfn_to_mfn(pfn)] != pfn)
			wrong++;
	}
	first_pt = micro_va_to_pfn((void *)info->pt_base);
	for (pfn = 0; ; pfn++) {
		pte = micro_pte_find(VIRT_BASE + pfn * PAGE_SIZE, 1);
		if (!pte || !(*pte & PTE_P))
			break;
		if (*pte & PTE_W)
			continue;
		ro++;
		if (pfn >= first_pt && pfn < first_pt + info->nr_pt_frames)
			ro_pt++;
	}
	micro_report("m2p_mismatches=%lu", wrong);
	micro_report("readonly_beside_tables=%lu tables_readonly=%d",
		     ro - ro_pt, ro_pt == info->nr_pt_frames);
	micro_report("mapping_end_aligned_4mb=%d", pfn % 1024 == 0);
	micro_report("spare_512kb=%d", VIRT_BASE + pfn * PAGE_SIZE >=
		     (micro_boot_regs[BOOT_RSP] & ~(PAGE_SIZE - 1)) + 0x80000);
	pte = micro_pte_find(VIRT_BASE + 0x100000, 1);
	micro_report("pte_flags text=%lx",
		     *pte & PTE_FLAGS_SHOWN);
	pte = micro_pte_find(info->pt_base, 1);
	micro_report("pte_flags pt_base=%lx",
		     *pte & PTE_FLAGS_SHOWN);
	micro_report("l4_flags=%lx l3_flags=%lx l2_flags=%lx",
		     *micro_pte_find(VIRT_BASE, 4) & PTE_FLAGS_SHOWN,
		     *micro_pte_find(VIRT_BASE, 3) & PTE_FLAGS_SHOWN,
		     *micro_pte_find(VIRT_BASE, 2) & PTE_FLAGS_SHOWN);
	micro_check(!wrong);
}

/* shared_info and vcpu_info at the start: nothing pending, events masked. */
MICRO_TEST_ALONE(start_shared_info)
{
	struct vcpu_info *info = micro_vcpu_info();
	unsigned int i, pending = 0, masked = 0;

	/* the framework masks all channels before a test: look at vcpu 1 */
	for (i = 0; i < 64; i++)
		pending += !!micro_shared->evtchn_pending[i];
	for (i = 0; i < 64; i++)
		masked += !!micro_shared->evtchn_mask[i];
	micro_report("pending_words=%u mask_words=%u", pending, masked);
	micro_report("upcall_mask_vcpu1=%u upcall_pending_vcpu1=%u",
		     info[1].evtchn_upcall_mask, info[1].evtchn_upcall_pending);
	micro_report("pending_sel_vcpu1=%lx", info[1].evtchn_pending_sel);
	micro_report("max_pfn=%lu p2m_cr3=%lx p2m_vaddr=%lx",
		     micro_shared->arch.max_pfn, micro_shared->arch.p2m_cr3,
		     micro_shared->arch.p2m_vaddr);
	micro_report("wallclock_set=%d wc_version_even=%d",
		     micro_shared->wc_sec != 0,
		     !(micro_shared->wc_version & 1));
}

/* The hypercall page: 32 bytes a call, the number in it, same answers. */
MICRO_TEST(start_hypercall_page)
{
	long (*call)(unsigned long, unsigned long);
	long direct = hc_xen_version(XENVER_version, NULL);
	unsigned int nr, same = 0;

	call = (void *)(micro_hypercall_page +
			__HYPERVISOR_xen_version * 32);
	micro_report("through_page=%lx", call(XENVER_version, 0));
	micro_check(call(XENVER_version, 0) == direct);
	/* unknown calls have a working slot, too */
	for (nr = 56; nr < 128; nr++) {
		call = (void *)(micro_hypercall_page + nr * 32);
		same += call(0, 0) == -XEN_ENOSYS;
	}
	micro_report("enosys_slots=%u", same);
}

static void module_report(void)
{
	static uint64_t window[512] __attribute__((aligned(PAGE_SIZE)));
	const struct start_info *info = micro_start_info;
	unsigned long mfn, pfn = info->mod_start;
	const char *text;
	long ret;

	micro_report("mod_len=%lx is_pfn=%d", info->mod_len,
		     !!(info->flags & SIF_MOD_START_PFN));
	if (info->flags & SIF_MOD_START_PFN) {
		mfn = micro_pfn_to_mfn(pfn);
		ret = micro_map(window, (mfn << PAGE_SHIFT) | PTE_RO);
		micro_report("map=%ld", ret);
		text = (const char *)window;
	} else {
		micro_report("in_kernel_mapping=%d aligned=%d",
			     info->mod_start > VIRT_BASE,
			     !(info->mod_start & (PAGE_SIZE - 1)));
		text = (const char *)info->mod_start;
	}
	micro_report("starts=%d", !memcmp(text, "micro-guest module\n", 19));
	micro_report("counted=%d", info->nr_pages >= 16384);
}

/* A second module, with XEN_ELFNOTE_MOD_START_PFN: given by frame number. */
MICRO_TEST_KIND(module, start_module_pfn)
{
	module_report();
}

/* Without that note it is mapped, at a virtual address. */
MICRO_TEST_KIND(moduleplain, start_module_mapped)
{
	module_report();
}
