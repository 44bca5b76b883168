// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptor tables: set_gdt, update_descriptor, MMUEXT_SET_LDT, and which
 * descriptors a guest may have (arch-x86/xen.h, segment descriptor tables).
 */
#include "micro.h"

static struct micro_regs regs;

extern char user_load_es[];
asm(".text\n"
	"user_load_es:	movl %eax, %es\n"
	"		ud2\n");

static const struct {
	const char *name;
	uint64_t value;
} descriptors[] = {
	{ "null", 0 },
	{ "data_dpl3", 0x00cff3000000ffff },
	{ "data_dpl0", 0x00cf93000000ffff },
	{ "data_dpl1", 0x00cfb3000000ffff },
	{ "data_absent", 0x00cf73000000ffff },
	{ "code64_dpl3", 0x00affb000000ffff },
	{ "code64_dpl0", 0x00af9b000000ffff },
	{ "code32_dpl3", 0x00cffb000000ffff },
	{ "code_conforming", 0x00afff000000ffff },
	{ "code_l_and_d", 0x00effb000000ffff },
	{ "not_accessed", 0x00cff2000000ffff },
	{ "tss", 0x0000e9000000ffff },
	{ "ldt", 0x0000e2000000ffff },
	{ "call_gate", 0x0000ec00e0330000 },
	{ "int_gate", 0x0000ee00e0330000 },
	{ "call_gate_hyp", 0xffffec00e0080000 },
	{ "system_0", 0x0000e0000000ffff },
	{ "absent_gate", 0x00006c00e0080000 },
};

/* update_descriptor on a live GDT page: which values are refused, changed. */
MICRO_TEST(descriptor_update)
{
	uint64_t *gdt = micro_page_alloc();
	unsigned long frame = micro_va_to_mfn(gdt);
	uint64_t at = (frame << PAGE_SHIFT) + 8;
	unsigned int i;
	long ret;

	micro_page_protect(gdt, false);
	micro_need(!hc_set_gdt(&frame, 512));
	for (i = 0; i < ARRAY_SIZE(descriptors); i++) {
		ret = hc_update_descriptor(at, descriptors[i].value);
		micro_report("%s=%ld", descriptors[i].name, ret);
		if (!ret && gdt[1] != descriptors[i].value)
			micro_report("%s becomes %lx", descriptors[i].name,
				     gdt[1]);
	}
	micro_report("unaligned=%ld",
		     hc_update_descriptor(at + 4, descriptors[1].value));
	micro_report("bad_mfn=%ld",
		     hc_update_descriptor(micro_bad_mfn() << PAGE_SHIFT, 0));
	micro_report("free=%ld",
		     hc_update_descriptor(micro_free_mfn() << PAGE_SHIFT, 0));
	micro_report("table=%ld",
		     hc_update_descriptor(micro_pte_maddr(VIRT_BASE, 1), 0));
	hc_set_gdt(NULL, 0);
	ret = hc_update_descriptor(at, descriptors[1].value);
	micro_report("idle_page=%ld same=%d", ret,
		     gdt[1] == descriptors[1].value);
	micro_page_protect(gdt, true);
	ret = hc_update_descriptor(at, descriptors[13].value);
	micro_report("writable_page gate=%ld", ret);
}

/* set_gdt: sizes, frames, content checked as a whole, writable mappings. */
MICRO_TEST(descriptor_set_gdt)
{
	uint64_t *gdt = micro_page_alloc();
	static unsigned long frames[16];
	unsigned int i;
	long ret;

	frames[0] = micro_va_to_mfn(gdt);
	micro_report("writable=%ld", hc_set_gdt(frames, 512));
	for (i = 0; i < ARRAY_SIZE(descriptors); i++) {
		micro_page_protect(gdt, true);
		gdt[1] = descriptors[i].value;
		micro_page_protect(gdt, false);
		ret = hc_set_gdt(frames, 512);
		micro_report("%s=%ld", descriptors[i].name, ret);
		if (!ret && gdt[1] != descriptors[i].value)
			micro_report("%s becomes %lx", descriptors[i].name,
				     gdt[1]);
		hc_set_gdt(NULL, 0);
	}
	micro_page_protect(gdt, true);
	gdt[1] = 0;
	micro_page_protect(gdt, false);
	for (i = 1; i < 16; i++)
		frames[i] = frames[0];
	micro_report("entries_7168=%ld", hc_set_gdt(frames, 7168));
	micro_report("entries_7169=%ld", hc_set_gdt(frames, 7169));
	micro_report("entries_8192=%ld", hc_set_gdt(frames, 8192));
	micro_report("entries_max=%ld", hc_set_gdt(frames, 0xffffffff));
	micro_report("entries_1=%ld", hc_set_gdt(frames, 1));
	frames[1] = micro_bad_mfn();
	micro_report("second_bad=%ld", hc_set_gdt(frames, 513));
	frames[0] = micro_free_mfn();
	micro_report("free=%ld", hc_set_gdt(frames, 512));
	micro_report("bad_list=%ld", hc_set_gdt(0x1000, 512));
	micro_report("bad_list_empty=%ld", hc_set_gdt(0x1000, 0));
}

/* Selectors of the guest's part work after set_gdt, at DPL 3 only. */
MICRO_TEST(descriptor_use)
{
	uint64_t *gdt = micro_page_alloc();
	unsigned long frame = micro_va_to_mfn(gdt);
	unsigned int i;

	gdt[1] = 0x00cff3000000ffff;
	gdt[2] = 0x00cf73000000ffff;
	gdt[3] = 0x00affb000000ffff;
	gdt[4] = 0x0040f30000000fff;
	micro_page_protect(gdt, false);
	micro_need(!hc_set_gdt(&frame, 512));
	for (i = 1; i <= 5; i++) {
		regs.rax = i * 8 | 3;
		MICRO_PROBE(&regs, "movl %%eax, %%es");
		micro_report("entry%u", i);
		micro_probe_report("load_es");
	}
	regs.rax = 2 * 8 | 3;
	MICRO_PROBE(&regs, "movl %%eax, %%ss");
	micro_probe_report("absent_ss");
	regs.rax = 1 * 8 | 3;
	MICRO_PROBE(&regs, "lar %%ax, %%ecx; setz %%dl; movzbl %%dl, %%edx");
	micro_report("lar=%lx zf=%lu", regs.rcx, regs.rdx);
	regs.rax = 0;
	MICRO_PROBE(&regs, "movl %%eax, %%es");
	hc_set_gdt(NULL, 0);
}

static void gate_target(void)
{
	micro_error("the gate led there");
}

/* D1: the gate that set_gdt takes has a DPL by which nobody but the core goes through. */
MICRO_TEST(descriptor_call_gate)
{
	static struct { uint32_t offset; uint16_t selector; } __attribute__((packed)) far = {
		.selector = 1 << 3 | 3,
	};
	uint64_t *gdt = micro_page_alloc(), to = (uint64_t)gate_target;
	unsigned long frame = micro_va_to_mfn(gdt);

	gdt[1] = (to & 0xffff) | 0xe033UL << 16 | 0xecUL << 40 | (to >> 16 & 0xffff) << 48;
	gdt[2] = to >> 32;
	micro_page_protect(gdt, false);
	micro_report("set=%ld", hc_set_gdt(&frame, 512));
	micro_report("type=%lx", gdt[1] >> 40 & 0xff);
	regs.rbx = (uint64_t)&far;
	MICRO_PROBE(&regs, "lcall *(%%rbx)");
	micro_probe_report("lcall");
	hc_set_gdt(NULL, 0);
}

/* The reserved part: present whatever the guest sets, with fixed selectors. */
MICRO_TEST(descriptor_reserved)
{
	static const unsigned int selectors[] = {
		FLAT_RING3_CS32, FLAT_RING3_CS64, FLAT_RING3_SS32,
		0xe019, 0xe03b, 0xe043, 0xe04b,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(selectors); i++) {
		regs.rax = selectors[i];
		regs.rcx = 0;
		MICRO_PROBE(&regs, "lar %%ax, %%ecx; setz %%dl;"
			    "movzbl %%dl, %%edx");
		/* only the three of the ABI are to be alike */
		if (i < 3)
			micro_report("lar_%x=%lx valid=%lu", selectors[i],
				     regs.rcx, regs.rdx);
		else
			micro_info("lar_%x=%lx valid=%lu", selectors[i],
				   regs.rcx, regs.rdx);
	}
}

/* LDT: alignment and size rules, and pages that come in when first used. */
MICRO_TEST(descriptor_ldt)
{
	uint64_t *ldt = micro_page_alloc();
	unsigned long va = (unsigned long)ldt;
	unsigned int i;

	ldt[1] = 0x00cff3000000ffff;
	ldt[2] = 0x00cf73000000ffff;
	ldt[3] = 0x0000ec00e0080000;
	micro_report("unaligned=%ld",
		     micro_mmuext(MMUEXT_SET_LDT, va + 8, 512));
	micro_report("entries_8193=%ld",
		     micro_mmuext(MMUEXT_SET_LDT, va, 8193));
	micro_report("noncanonical=%ld",
		     micro_mmuext(MMUEXT_SET_LDT, 0x800000000000, 8));
	micro_report("hypervisor=%ld",
		     micro_mmuext(MMUEXT_SET_LDT, 0xffff830000000000, 8));
	micro_report("set_writable=%ld",
		     micro_mmuext(MMUEXT_SET_LDT, va, 512));
	regs.rax = 1 * 8 | 7;
	MICRO_PROBE(&regs, "movl %%eax, %%es");
	micro_probe_report("writable_use");
	micro_page_protect(ldt, false);
	micro_report("set_gate=%ld", micro_mmuext(MMUEXT_SET_LDT, va, 512));
	MICRO_PROBE(&regs, "movl %%eax, %%es");
	micro_probe_report("gate_inside_use");
	micro_report("drop=%ld", micro_mmuext(MMUEXT_SET_LDT, 0, 0));
	micro_page_protect(ldt, true);
	ldt[3] = 0;
	micro_page_protect(ldt, false);
	micro_report("set=%ld", micro_mmuext(MMUEXT_SET_LDT, va, 512));
	for (i = 1; i <= 3; i++) {
		regs.rax = i * 8 | 7;
		MICRO_PROBE(&regs, "movl %%eax, %%es");
		micro_report("entry%u", i);
		micro_probe_report("load_es");
	}
	micro_report("map_rw_live=%ld",
		     micro_map(ldt, micro_page_pte(ldt, PTE_RW)));
	regs.rax = 0;
	MICRO_PROBE(&regs, "movl %%eax, %%es");
	micro_report("drop=%ld", micro_mmuext(MMUEXT_SET_LDT, 0, 0));
	micro_report("map_rw_after=%ld",
		     micro_map(ldt, micro_page_pte(ldt, PTE_RW)));
}

/* An LDT whose memory is not there: the load faults at the LDT's address. */
MICRO_TEST(descriptor_ldt_absent)
{
	unsigned long va = micro_scratch_va(12);

	micro_report("set=%ld", micro_mmuext(MMUEXT_SET_LDT, va, 512));
	regs.rax = 5 * 8 | 7;
	MICRO_PROBE(&regs, "movl %%eax, %%es");
	micro_probe_report("load_es");
	micro_report("cr2_in_ldt=%d", micro_probe.cr2 == va + 5 * 8);
	micro_report("drop=%ld", micro_mmuext(MMUEXT_SET_LDT, 0, 0));
}

/* The user's first use of a page of the LDT brings it in, too. */
MICRO_TEST(descriptor_ldt_user)
{
	static struct micro_user_result result;
	uint64_t *ldt = micro_page_alloc();
	unsigned int i;

	ldt[1] = 0x00cff3000000ffff;
	ldt[2] = 0x00cf73000000ffff;
	micro_page_protect(ldt, false);
	micro_report("set=%ld", micro_mmuext(MMUEXT_SET_LDT, (unsigned long)ldt, 512));
	for (i = 1; i <= 3; i++) {
		regs.rax = i * 8 | 7;
		micro_user_run(user_load_es, 0, &regs, &result);
		micro_report("entry%u=%s(%lx)+%ld", i, micro_vector_name(result.frame.vector),
			     result.frame.error,
			     (long)(result.frame.rip - (unsigned long)user_load_es));
		micro_mmuext(MMUEXT_SET_LDT, 0, 0);
		micro_mmuext(MMUEXT_SET_LDT, (unsigned long)ldt, 512);
	}
	regs.rax = 0;
	MICRO_PROBE(&regs, "movl %%eax, %%es");
	micro_report("drop=%ld", micro_mmuext(MMUEXT_SET_LDT, 0, 0));
}
