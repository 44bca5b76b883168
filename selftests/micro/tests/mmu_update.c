// SPDX-License-Identifier: GPL-2.0-only
/* mmu_update as a call: commands, lists, counts, and who is meant (xen.h). */
#include "micro.h"

/*
 * An entry whose target is no page table: normal memory is simply written;
 * frames that are not the guest's are refused.
 */
MICRO_TEST(mmu_update_plain_page)
{
	uint64_t *page = micro_page_alloc();
	uint64_t at = micro_va_to_mfn(page) << PAGE_SHIFT;

	micro_report("write=%ld", micro_mmu_update(at, 0x1122334455667788));
	micro_report("value=%lx", page[0]);
	micro_report("last=%ld", micro_mmu_update(at + 0xff8, 0x55));
	micro_report("value=%lx", page[511]);
	/* the low three bits are the command, 4 to 7 are none */
	micro_report("command4=%ld", micro_mmu_update(at + 4, 0x1000));
	micro_report("command7=%ld", micro_mmu_update(at + 7, 0x1000));
	micro_report("value=%lx %lx", page[0], page[1]);
	micro_page_protect(page, false);
	micro_report("readonly_page=%ld", micro_mmu_update(at + 16, 0x99));
	micro_report("value=%lx", page[2]);
	micro_report("bad_mfn=%ld",
		     micro_mmu_update(micro_bad_mfn() << PAGE_SHIFT, 0));
	micro_report("free=%ld",
		     micro_mmu_update(micro_free_mfn() << PAGE_SHIFT, 0));
	micro_report("shared_info=%ld",
		     micro_mmu_update(micro_start_info->shared_info | 0xff8,
				      0));
	micro_report("local_apic=%ld", micro_mmu_update(0xfee00000, 0));
}

/* Descriptor pages are not page tables, and not to be written like one. */
MICRO_TEST(mmu_update_gdt_page)
{
	uint64_t *gdt = micro_page_alloc();
	unsigned long frame = micro_va_to_mfn(gdt);
	long ret;

	micro_page_protect(gdt, false);
	micro_need(!hc_set_gdt(&frame, 512));
	ret = micro_mmu_update((frame << PAGE_SHIFT) + 8, 0x00cffb000000ffff);
	micro_report("write=%ld value=%lx", ret, gdt[1]);
	micro_report("map_rw=%ld", micro_map(gdt, micro_page_pte(gdt, PTE_RW)));
	micro_report("drop=%ld", hc_set_gdt(NULL, 0));
	micro_report("map_rw_after=%ld",
		     micro_map(gdt, micro_page_pte(gdt, PTE_RW)));
}

/* The list stops at the first failure; done says how many came before it. */
MICRO_TEST(mmu_update_done_count)
{
	uint64_t *page = micro_page_alloc();
	uint64_t at = micro_va_to_mfn(page) << PAGE_SHIFT;
	static struct mmu_update list[4];
	unsigned int i, done = 99;
	long ret;

	for (i = 0; i < 4; i++) {
		list[i].ptr = at + i * 8;
		list[i].val = i + 1;
	}
	ret = hc_mmu_update(list, 4, &done, DOMID_SELF);
	micro_report("all ret=%ld done=%u", ret, done);
	list[2].ptr = micro_bad_mfn() << PAGE_SHIFT;
	memset(page, 0, 64);
	ret = hc_mmu_update(list, 4, &done, DOMID_SELF);
	micro_report("third_bad ret=%ld done=%u", ret, done);
	micro_report("values=%lu,%lu,%lu,%lu", page[0], page[1], page[2],
		     page[3]);
	done = 99;
	ret = hc_mmu_update(list, 0, &done, DOMID_SELF);
	micro_report("empty ret=%ld done=%u", ret, done);
	ret = hc_mmu_update(list, 1, (void *)0x1000, DOMID_SELF);
	micro_report("bad_done ret=%ld", ret);
	done = 99;
	ret = hc_mmu_update((void *)0x1000, 1, &done, DOMID_SELF);
	micro_report("bad_list ret=%ld done=%u", ret, done);
	ret = hc_mmu_update((void *)0xffff830000000000, 1, &done, DOMID_SELF);
	micro_report("hypervisor_list ret=%ld done=%u", ret, done);
}

/* foreigndom: SELF, the own number, domains that are not there, PFD field. */
MICRO_TEST(mmu_update_foreigndom)
{
	uint64_t *page = micro_page_alloc();
	struct mmu_update update = {
		.ptr = micro_va_to_mfn(page) << PAGE_SHIFT, .val = 1,
	};
	static const unsigned int who[] = {
		DOMID_SELF, 0, 1, 0x7fef, DOMID_IO, DOMID_XEN, DOMID_COW,
		DOMID_INVALID, DOMID_IDLE, 0x8000, 0x17ff0, 0x27ff0,
		(DOMID_SELF + 1) << 16 | DOMID_SELF,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(who); i++)
		micro_report("dom_%x=%ld", who[i],
			     hc_mmu_update(&update, 1, NULL, who[i]));
}

/* MMU_PT_UPDATE_PRESERVE_AD keeps accessed and dirty; a normal one does not. */
MICRO_TEST(mmu_update_preserve_ad)
{
	char *page = micro_page_alloc();
	uint64_t ptr = micro_pte_maddr((unsigned long)page, 1);
	const uint64_t *entry = micro_pte_find((unsigned long)page, 1);
	uint64_t clean = micro_page_pte(page, PTE_RW) & ~(PTE_A | PTE_D);
	long ret;

	micro_need(!micro_map(page, micro_page_pte(page, PTE_RW)));
	ret = micro_mmu_update(ptr | MMU_PT_UPDATE_PRESERVE_AD, clean);
	micro_report("preserve ret=%ld ad=%lx", ret, *entry & (PTE_A | PTE_D));
	ret = micro_mmu_update(ptr | MMU_NORMAL_PT_UPDATE, clean);
	micro_report("normal ret=%ld ad=%lx", ret, *entry & (PTE_A | PTE_D));
	ret = micro_mmu_update(ptr | MMU_PT_UPDATE_PRESERVE_AD, 0);
	micro_report("clear ret=%ld entry=%lx", ret, *entry);
	micro_page_protect(page, true);
}

/* MMU_MACHPHYS_UPDATE: own frames only, and the list shows it. */
MICRO_TEST(mmu_update_machphys)
{
	char *page = micro_page_alloc();
	unsigned long mfn = micro_va_to_mfn(page);
	unsigned long pfn = micro_va_to_pfn(page);
	long ret;

	ret = micro_mmu_update((mfn << PAGE_SHIFT) | MMU_MACHPHYS_UPDATE,
			       0x1234567);
	micro_report("own=%ld value=%lx", ret, machine_to_phys_mapping[mfn]);
	ret = micro_mmu_update((mfn << PAGE_SHIFT) | 0xff8 |
			       MMU_MACHPHYS_UPDATE, pfn);
	micro_report("restore=%ld same=%d", ret,
		     machine_to_phys_mapping[mfn] == pfn);
	micro_report("free=%ld",
		     micro_mmu_update((micro_free_mfn() << PAGE_SHIFT) |
				      MMU_MACHPHYS_UPDATE, 1));
	micro_report("bad=%ld",
		     micro_mmu_update((micro_bad_mfn() << PAGE_SHIFT) |
				      MMU_MACHPHYS_UPDATE, 1));
	micro_report("shared_info=%ld",
		     micro_mmu_update(micro_start_info->shared_info |
				      MMU_MACHPHYS_UPDATE, 1));
}

static void va_mapping_try(const char *name, unsigned long va, uint64_t val,
			   unsigned long flags)
{
	micro_report("%s=%ld", name, hc_update_va_mapping(va, val, flags));
}

/* update_va_mapping: flush kinds, masks, and addresses without a table. */
MICRO_TEST(mmu_va_mapping)
{
	static uint64_t mask[2] = { 1, 0 };
	unsigned long page = (unsigned long)micro_page_alloc();
	uint64_t pte = micro_page_pte((void *)page, PTE_RW);

	va_mapping_try("none", page, pte, UVMF_NONE);
	va_mapping_try("tlb_local", page, pte, UVMF_TLB_FLUSH | UVMF_LOCAL);
	va_mapping_try("tlb_all", page, pte, UVMF_TLB_FLUSH | UVMF_ALL);
	va_mapping_try("invlpg_local", page, pte, UVMF_INVLPG | UVMF_LOCAL);
	va_mapping_try("invlpg_all", page, pte, UVMF_INVLPG | UVMF_ALL);
	va_mapping_try("invlpg_mask", page, pte,
		       UVMF_INVLPG | UVMF_MULTI | (unsigned long)mask);
	va_mapping_try("tlb_mask", page, pte,
		       UVMF_TLB_FLUSH | UVMF_MULTI | (unsigned long)mask);
	va_mapping_try("bad_mask", page, pte & ~PTE_W,
		       UVMF_INVLPG | UVMF_MULTI | 0x1000);
	/* the entry is written before the mask is looked at */
	micro_report("bad_mask readonly=%d",
		     !(*micro_pte_find(page, 1) & PTE_W));
	micro_need(!micro_map((void *)page, pte));
	va_mapping_try("hypervisor_mask", page, pte,
		       UVMF_INVLPG | UVMF_MULTI | 0xffff830000000000);
	va_mapping_try("flush_type_3", page, pte, 3);
	va_mapping_try("offset_in_page", page + 123, pte, UVMF_INVLPG);
	va_mapping_try("no_l1", micro_scratch_va(60), pte, UVMF_INVLPG);
	va_mapping_try("no_l3", 0x123456789000, pte, UVMF_INVLPG);
	va_mapping_try("noncanonical", 0x800000000000, pte, UVMF_INVLPG);
	va_mapping_try("hypervisor", 0xffff830000000000, 0, UVMF_INVLPG);
	va_mapping_try("m2p", 0xffff800000000000, 0, UVMF_INVLPG);
	micro_report("other_self=%ld",
		     hypercall4(__HYPERVISOR_update_va_mapping_otherdomain,
				page, pte, UVMF_INVLPG, DOMID_SELF));
	micro_report("other_none=%ld",
		     hypercall4(__HYPERVISOR_update_va_mapping_otherdomain,
				page, pte, UVMF_INVLPG, 7));
}
