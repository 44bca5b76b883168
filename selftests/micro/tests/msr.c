// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSRs of a guest kernel (CPU manual, MSR lists): which can be read, which
 * writes take, which are dropped, which are #GP.
 */
#include "micro.h"

static struct micro_regs regs;

static const struct {
	const char *name;
	uint32_t msr;
	bool show;		/* the value is the same on every core */
} msrs[] = {
	{ "tsc", 0x10, false },
	{ "platform_id", 0x17, true },
	{ "apic_base", 0x1b, false },
	{ "feature_control", 0x3a, true },
	{ "tsc_adjust", 0x3b, true },
	{ "spec_ctrl", 0x48, true },
	{ "ucode_rev", 0x8b, false },
	{ "mtrr_cap", 0xfe, false },
	{ "arch_caps", 0x10a, true },
	{ "sysenter_cs", 0x174, true },
	{ "sysenter_esp", 0x175, true },
	{ "sysenter_eip", 0x176, true },
	{ "mcg_cap", 0x179, false },
	{ "mcg_status", 0x17a, true },
	{ "misc_enable", 0x1a0, false },
	{ "debugctl", 0x1d9, true },
	{ "mtrr_base0", 0x200, false },
	{ "pat", 0x277, true },
	{ "mtrr_def", 0x2ff, false },
	{ "mc0_ctl", 0x400, false },
	{ "vmx_basic", 0x480, true },
	{ "xss", 0xda0, true },
	{ "x2apic_id", 0x802, true },
	{ "x2apic_version", 0x803, true },
	{ "xen_msr", 0x40000000, true },
	{ "efer", 0xc0000080, true },
	{ "star", 0xc0000081, true },
	{ "lstar", 0xc0000082, true },
	{ "cstar", 0xc0000083, true },
	{ "sfmask", 0xc0000084, true },
	{ "fs_base", 0xc0000100, true },
	{ "gs_base", 0xc0000101, true },
	{ "kernel_gs_base", 0xc0000102, true },
	{ "tsc_aux", 0xc0000103, true },
	{ "syscfg", 0xc0010010, false },
	{ "hwcr", 0xc0010015, false },
	{ "top_mem", 0xc001001a, false },
	{ "nb_cfg", 0xc001001f, false },
	{ "pstate_status", 0xc0010063, false },
	{ "vm_cr", 0xc0010114, true },
	{ "vm_hsave", 0xc0010117, true },
	{ "osvw_length", 0xc0010140, false },
	{ "nothing", 0x12345678, true },
};

/* Reads: #GP where a PV guest has no business. */
MICRO_TEST(msr_read)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(msrs); i++) {
		regs = (struct micro_regs){ .rcx = msrs[i].msr };
		MICRO_PROBE(&regs, "rdmsr");
		micro_probe_report(msrs[i].name);
		if (micro_probe.trapped)
			continue;
		if (msrs[i].show)
			micro_report("%s value=%lx", msrs[i].name,
				     regs.rdx << 32 | regs.rax);
		else
			micro_info("%s value=%lx", msrs[i].name,
				   regs.rdx << 32 | regs.rax);
	}
}

/* Writing back what was read, or 0 where nothing can be. */
MICRO_TEST(msr_write_same)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(msrs); i++) {
		regs = (struct micro_regs){ .rcx = msrs[i].msr };
		MICRO_PROBE(&regs, "rdmsr");
		if (micro_probe.trapped)
			regs.rax = regs.rdx = 0;
		MICRO_PROBE(&regs, "wrmsr");
		micro_probe_report(msrs[i].name);
	}
}

static void write_try(const char *name, uint32_t msr, uint64_t value)
{
	regs = (struct micro_regs){
		.rcx = msr, .rax = (uint32_t)value, .rdx = value >> 32,
	};
	MICRO_PROBE(&regs, "wrmsr");
	micro_probe_report(name);
	regs = (struct micro_regs){ .rcx = msr };
	MICRO_PROBE(&regs, "rdmsr");
	if (!micro_probe.trapped)
		micro_report("%s reads=%lx", name, regs.rdx << 32 | regs.rax);
}

/* Values: bases must be canonical; EFER and PAT are not the guest's. */
MICRO_TEST(msr_write_values)
{
	write_try("fs_base", 0xc0000100, 0x123456789000);
	write_try("fs_base_noncanonical", 0xc0000100, 0x800000000000);
	write_try("gs_base_noncanonical", 0xc0000101, 0x800000000000);
	write_try("kernel_gs_noncanonical", 0xc0000102, 0x800000000000);
	write_try("fs_base_hypervisor", 0xc0000100, 0xffff830000000000);
	write_try("kernel_gs_base", 0xc0000102, 0x1234567000);
	write_try("efer_svme", 0xc0000080, 0x1d01);
	write_try("efer_zero", 0xc0000080, 0);
	write_try("pat", 0x277, 0);
	write_try("debugctl_lbr", 0x1d9, 1);
	write_try("debugctl_rsvd", 0x1d9, 1UL << 40);
	write_try("lstar", 0xc0000082, 0x1234);
	write_try("sysenter_cs", 0x174, 0x10);
	write_try("vm_hsave", 0xc0010117, 0x1000);
	write_try("tsc_aux", 0xc0000103, 0x77);
	write_try("tsc_aux", 0xc0000103, 0);
	write_try("fs_base", 0xc0000100, 0);
	write_try("kernel_gs_base", 0xc0000102, 0);
}

#define SCRATCH_SLOT	57

static const char user_code[] = { 0x0f, 0x32 };

static void gs_base_report(const char *key)
{
	const struct micro_frame *f = &micro_probe.frame;

	if (micro_probe.trapped)
		micro_report("%s=%s(%lx) rax=%lx rdx=%lx", key, micro_vector_name(f->vector),
			     f->error, f->rax, f->rdx);
	else
		micro_report("%s rax=%lx rdx=%lx", key, regs.rax, regs.rdx);
}

#define GS_BASE_TRY(key, insn)				\
	do {						\
		regs = start;				\
		MICRO_PROBE(&regs, insn);		\
		gs_base_report(key);			\
	} while (0)

/*
 * What Linux reads at each switch between processes, its user's GS base. A core may have
 * a short way for it, so: whatever is only like it.
 */
MICRO_TEST(msr_user_gs_base)
{
	unsigned long page = micro_scratch_va(SCRATCH_SLOT);
	const struct micro_regs start = {
		.rax = 0x1111111111111111, .rdx = 0x2222222222222222,
		.rcx = 0xffffffffc0000102, .rbx = page + PAGE_SIZE - sizeof(user_code),
	};
	char *code = micro_page_alloc();
	struct micro_user_result user;

	regs = (struct micro_regs){ .rcx = 0xc0000102, .rax = 0x98765000, .rdx = 0x123 };
	MICRO_PROBE(&regs, "wrmsr");
	GS_BASE_TRY("read", "rdmsr");
	GS_BASE_TRY("prefix", "cs rdmsr");
	GS_BASE_TRY("hlt", "hlt");
	GS_BASE_TRY("invd", "invd");
	GS_BASE_TRY("selector", "movw $0x3, %%ax; movw %%ax, %%fs");
	GS_BASE_TRY("step", "pushfq; orl $0x100, (%%rsp); popfq; rdmsr; nop; nop");
	micro_report("step offset=%ld", micro_probe.rip_offset);
	micro_need(!hc_set_debugreg(6, 0));

	/* The last two bytes before a page that is not there. */
	memset(code, 0, PAGE_SIZE);
	memcpy(code + PAGE_SIZE - sizeof(user_code), user_code, sizeof(user_code));
	micro_scratch_open(SCRATCH_SLOT);
	micro_need(!micro_map((void *)page, micro_page_pte(code, PTE_RO)));
	GS_BASE_TRY("page_end", "jmp *%%rbx");
	micro_report("page_end rip=%lx", micro_probe.frame.rip - page);

	regs = start;
	micro_user_run((void *)user_code, 0, &regs, &user);
	micro_report("user=%s(%lx) rax=%lx rdx=%lx", micro_vector_name(user.frame.vector),
		     user.frame.error, user.frame.rax, user.frame.rdx);
	micro_check(user.frame.rax == start.rax);
	write_try("restored", 0xc0000102, 0);
}
