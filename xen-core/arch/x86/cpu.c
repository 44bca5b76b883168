// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU features, control registers and descriptor tables.
 *
 * The reserved page of every GDT is one frame, the same for all vcpus: the
 * core's flat segments and the guests'. TSS and LDT descriptors are needed
 * only while LTR and LLDT run; they are in a GDT of the CPU's own.
 */
#include "spec_ctrl.h"
#include "stacks.h"


struct __packed table_ptr { u16 limit; u64 base; };

extern char entry_points[], guard_ist[], guard_trap[];
extern const struct { u64 at, byte; } _alt_start[], _alt_end[];
extern const struct { u64 at, to, kind; } _jumps_start[], _jumps_end[];

__ro_after_init struct cpu_features cpu_features;
__aligned(PAGE_SIZE) struct idt_gate idt[256];

__aligned(PAGE_SIZE) u64 reserved_gdt[512] = {
	[1] = 0x00af9b000000ffff,	/* 0xe008: the core's 64-bit code */
	[2] = 0x00cf93000000ffff,	/* 0xe010: its data */
	[4] = 0x00cffb000000ffff,	/* 0xe023: guests' 32-bit code */
	[5] = 0x00cff3000000ffff,	/* 0xe02b: their data */
	[6] = 0x00affb000000ffff,	/* 0xe033: their 64-bit code */
};

__init void cpu_detect(void)
{
	struct cpu_features *f = &cpu_features;
	struct cpuid base = cpuid(0, 0), ext = cpuid(0x80000001, 0), l7 = { 0 };
	struct cpuid e8 = cpuid(0x80000008, 0);

	memcpy(f->vendor, (u32[]){ base.b, base.d, base.c }, 12);
	if (base.a >= 7)
		l7 = cpuid(7, 0);
	f->fsgsbase = l7.b & 1;
	f->smep = l7.b >> 7 & 1;
	f->smap = l7.b >> 20 & 1;
	f->pages_1g = ext.d >> 26 & 1;
	f->rdtscp = ext.d >> 27 & 1;
	f->phys_bits = e8.a;
	/* RstrFpErrPtrs */
	f->keeps_fpu_pointers = strcmp(f->vendor, "GenuineIntel") && !(e8.b & 1 << 2);
	f->cr4 = CR4_DE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT |
		 (f->smep ? CR4_SMEP : 0) | (f->smap ? CR4_SMAP : 0) |
		 (f->fsgsbase ? CR4_FSGSBASE : 0);
	f->xsave_size = 512;
	f->xsave = cpuid(1, 0).c >> 26 & 1;
	if (!f->xsave)
		return;
	f->cr4 |= CR4_OSXSAVE;
	/* x87, SSE, AVX, AVX-512; no MPX, no PKRU: a PV guest cannot have them */
	f->xcr0 = cpuid(13, 0).a & 0xe7;
	if (!(f->xcr0 & 4) || (f->xcr0 & 0xe0) != 0xe0)
		f->xcr0 &= 7;
	write_cr4(read_cr4() | CR4_OSXSAVE);
	xsetbv(f->xcr0);
	f->xsave_size = cpuid(13, 0).b;
}

/* The jump at @at, of 5 bytes, or the conditional one whose second byte is there, leads to @to. */
static __init void patch_jump(u64 at, u64 to, bool conditional)
{
	u8 *p = (u8 *)(DIRECT_VA + at - IMAGE_VA);
	u32 distance = to - at - 5;

	if (!conditional)
		*p = 0xe9;
	memcpy(p + 1, &distance, 4);
}

/* Before the text is write-protected in the direct map. */
__init void cpu_init_tables(void)
{
	static const __initconst u8 ist[32] = {
		[1] = IST_DB, [2] = IST_NMI, [8] = IST_DF, [18] = IST_MC,
	};

	for (u32 n = 0; n < 256; n++) {
		u64 at = (u64)entry_points + n * 16;

		idt[n] = (struct idt_gate){
			.low = at, .mid = at >> 16, .high = at >> 32, .cs = CORE_CS,
			.ist = n < ARRAY_SIZE(ist) ? ist[n] : 0,
			/* Interrupt gates; INT3 and INTO come from a guest directly. */
			.type = n == 3 || n == 4 ? 0xee : 0x8e,
		};
		/* Behind the error code, if it is 0, and the vector; 14 is in the list below. */
		if (spec_ctrl.guard && n != 14)
			patch_jump(at + (*(u8 *)at == 0x6a ? 7 : 5),
				   (u64)(idt[n].ist ? guard_ist : guard_trap), false);
	}
	for (typeof(&_jumps_start[0]) p = _jumps_start; p < _jumps_end; p++)
		if (p->kind == PATCH_L1TF ? spec_ctrl.pv_l1tf[0] || spec_ctrl.pv_l1tf[1]
					  : spec_ctrl.guard)
			patch_jump(p->at, p->to, p->kind == PATCH_L1TF);
	if (!cpu_features.smap)
		return;
	/* Replace the NOPs at each user access by STAC and CLAC. */
	for (typeof(&_alt_start[0]) p = _alt_start; p < _alt_end; p++)
		memcpy((void *)(DIRECT_VA + p->at - IMAGE_VA), (u8[]){ 0x0f, 0x01, p->byte }, 3);
}

void cpu_load_gdt(u64 base)
{
	asm volatile("lgdt %0" : : "m"((struct table_ptr){ 0xefff, base }));
}

static void set_system_descriptor(u64 *gdt, u16 sel, u64 base, u32 limit, u8 type)
{
	u64 *d = &gdt[(sel - 0xe000) / 8];

	d[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | (u64)(0x80 | type) << 40 |
	       (u64)(limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56;
	d[1] = base >> 32;
}

void cpu_load_ldt(struct cpu *cpu, u64 base, u32 entries, u64 gdt_after)
{
	if (entries) {
		set_system_descriptor(cpu->arch->gdt, CORE_LDT, base, entries * 8 - 1, 2);
		cpu_load_gdt((u64)cpu->arch->gdt - 0xe000);
	}
	asm volatile("lldt %0" : : "r"((u16)(entries ? CORE_LDT : 0)));
	cpu_load_gdt(gdt_after);
}

void cpu_init(struct cpu *cpu)
{
	u64 *gdt = cpu->arch->gdt, block = stacks_block(cpu);

	memcpy(gdt, reserved_gdt, PAGE_SIZE);
	set_system_descriptor(gdt, CORE_TSS, (u64)stacks_tss(cpu), sizeof(struct tss) - 1, 9);
	cpu_load_gdt((u64)gdt - 0xe000);
	asm volatile("pushq %0\n\tleaq 1f(%%rip), %%rax\n\tpushq %%rax\n\tlretq\n1:"
		     : : "i"(CORE_CS) : "rax", "memory");
	asm volatile("mov %0, %%ss; mov %1, %%ds; mov %1, %%es; mov %1, %%fs; mov %1, %%gs"
		     : : "r"(CORE_DS), "r"(0));
	asm volatile("lidt %0" : : "m"((struct table_ptr){ sizeof(idt) - 1, (u64)idt }));
	asm volatile("ltr %w0; lldt %w1" : : "r"(CORE_TSS), "r"(0) : "memory");
	write_cr4(cpu_features.cr4);
	spec_ctrl_init_cpu();
	write_cr0(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE | CR0_AM);
	if (cpu_features.xsave)
		xsetbv(cpu_features.xcr0);
	wrmsr(MSR_PAT, PAT_XEN);
	wrmsr(MSR_STAR, (u64)0xe023 << 48 | (u64)CORE_CS << 32);
	wrmsr(MSR_LSTAR, block + STACK_STUB);
	wrmsr(MSR_CSTAR, block + STACK_STUB32);
	/* E7: what ran before may have left an entry point at CPL 0; 0: SYSENTER faults. */
	wrmsr(MSR_SYSENTER_CS, 0);
	wrmsr(MSR_SYSCALL_MASK, EFLAGS_IF | EFLAGS_TF | EFLAGS_DF | EFLAGS_NT | EFLAGS_AC |
	      EFLAGS_RF | EFLAGS_IOPL | EFLAGS_VM);
	write_dr7(0x400);
}
