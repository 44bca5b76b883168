// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU features, control registers and descriptor tables.
 *
 * The reserved page of every GDT is one frame, the same for all vcpus: the
 * core's flat segments and the guests'. TSS and LDT descriptors are needed
 * only while LTR and LLDT run; they are in a GDT of the CPU's own.
 */
#include "asm.h"
#include "compiler.h"
#include "cpu.h"
#include "cpu_private.h"
#include "page_alloc.h"
#include "paging.h"
#include "percpu.h"
#include "printk.h"
#include "stacks.h"
#include "string.h"

#define DESC_CODE64	0x00af9b000000ffffull
#define DESC_DATA	0x00cf93000000ffffull
#define DESC_CODE32_R3	0x00cffb000000ffffull
#define DESC_DATA_R3	0x00cff3000000ffffull
#define DESC_CODE64_R3	0x00affb000000ffffull
#define PAT_XEN		0x050100070406ull	/* WB WT UC- UC WC WP: xen.h, mmu_update */

struct __packed idt_gate { u16 low, cs; u8 ist, type; u16 mid; u32 high, zero; };
struct __packed table_ptr { u16 limit; u64 base; };

extern char entry_points[], syscall_stub[], syscall_stub_end[];
extern char syscall_stub32[], syscall_stub32_end[], syscall_entry[], syscall_entry32[];
extern const struct { u64 at, byte; } _alt_start[], _alt_end[];

__ro_after_init struct cpu_features cpu_features;
static __aligned(PAGE_SIZE) struct idt_gate idt[256];
/* The reserved GDT page of all vcpus. */
__aligned(PAGE_SIZE) u64 reserved_gdt[512];

bool cpu_has_1g_pages(void)
{
	return cpuid(0x80000001, 0).d & (1u << 26);
}

__init void cpu_detect(void)
{
	struct cpu_features *f = &cpu_features;
	struct cpuid base = cpuid(0, 0), l1 = cpuid(1, 0), l7 = { 0 };

	memcpy(f->vendor, &base.b, 4);
	memcpy(f->vendor + 4, &base.d, 4);
	memcpy(f->vendor + 8, &base.c, 4);
	if (base.a >= 7)
		l7 = cpuid(7, 0);
	f->smep = l7.b & (1u << 7);
	f->smap = l7.b & (1u << 20);
	f->fsgsbase = l7.b & 1;
	f->rdtscp = cpuid(0x80000001, 0).d & (1u << 27);
	f->phys_bits = cpuid(0x80000000, 0).a >= 0x80000008 ? cpuid(0x80000008, 0).a & 0xff : 36;
	f->invariant_tsc = cpuid(0x80000000, 0).a >= 0x80000007 &&
			   cpuid(0x80000007, 0).d & (1u << 8);
	f->cr4 = CR4_DE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT |
		 (f->smep ? CR4_SMEP : 0) | (f->smap ? CR4_SMAP : 0) |
		 (f->fsgsbase ? CR4_FSGSBASE : 0);
	if (l1.c & (1u << 26)) {
		f->xsave = true;
		f->xsaveopt = cpuid(13, 1).a & 1;
		f->cr4 |= CR4_OSXSAVE;
		/* x87, SSE, AVX, AVX-512; no MPX, no PKRU: a PV guest cannot have them */
		f->xcr0 = cpuid(13, 0).a & 0xe7;
		if (!(f->xcr0 & 4) || (f->xcr0 & 0xe0) != 0xe0)
			f->xcr0 &= 7;
		write_cr4(read_cr4() | CR4_OSXSAVE);
		xsetbv(f->xcr0);
		f->xsave_size = cpuid(13, 0).b;
	} else {
		f->xsave_size = 512;
	}
}

static __init void init_idt(void)
{
	static const __initconst u8 ist[] = {
		[1] = IST_DB, [2] = IST_NMI, [8] = IST_DF, [18] = IST_MC,
	};

	for (int n = 0; n < 256; n++) {
		u64 at = (u64)entry_points + n * 16;

		idt[n] = (struct idt_gate){
			.low = at, .mid = at >> 16, .high = at >> 32, .cs = CORE_CS,
			.ist = n < (int)sizeof(ist) ? ist[n] : 0,
			/* Interrupt gates; INT3 and INTO come from a guest directly. */
			.type = n == 3 || n == 4 ? 0xee : 0x8e,
		};
	}
}

static __init void init_reserved_gdt(void)
{
	reserved_gdt[1] = DESC_CODE64;		/* 0xe008 */
	reserved_gdt[2] = DESC_DATA;		/* 0xe010 */
	reserved_gdt[4] = DESC_CODE32_R3;	/* 0xe023 */
	reserved_gdt[5] = DESC_DATA_R3;		/* 0xe02b */
	reserved_gdt[6] = DESC_CODE64_R3;	/* 0xe033 */
}

/* Replace the NOPs at each user access by STAC and CLAC. */
static __init void patch_smap(void)
{
	for (typeof(&_alt_start[0]) p = _alt_start; p < _alt_end; p++) {
		u8 *at = (u8 *)DIRECT_VA + (p->at - IMAGE_VA);

		at[0] = 0x0f;
		at[1] = 0x01;
		at[2] = p->byte;
	}
}

/* Before the text is write-protected in the direct map. */
__init void cpu_init_tables(void)
{
	init_idt();
	init_reserved_gdt();
	if (cpu_features.smap)
		patch_smap();
}

void cpu_load_gdt(u64 base)
{
	struct table_ptr p = { 0xefff, base };

	asm volatile("lgdt %0" : : "m"(p));
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
	u16 sel = 0;

	if (entries) {
		set_system_descriptor(cpu->arch->gdt, CORE_LDT, base, entries * 8 - 1, 2);
		cpu_load_gdt((u64)cpu->arch->gdt - 0xe000);
		sel = CORE_LDT;
	}
	asm volatile("lldt %0" : : "r"(sel));
	if (entries)
		cpu_load_gdt(gdt_after);
}

static void init_syscall(struct cpu *cpu)
{
	u64 block = stacks_block(cpu);

	wrmsr(MSR_STAR, (u64)0xe023 << 48 | (u64)CORE_CS << 32);
	wrmsr(MSR_LSTAR, block + STACK_STUB);
	wrmsr(MSR_CSTAR, block + STACK_STUB32);
	/* E7: what ran before may have left an entry point at CPL 0; 0: SYSENTER faults. */
	wrmsr(MSR_SYSENTER_CS, 0);
	wrmsr(MSR_SYSCALL_MASK, EFLAGS_IF | EFLAGS_TF | EFLAGS_DF | EFLAGS_NT | EFLAGS_AC |
	      EFLAGS_RF | EFLAGS_IOPL | EFLAGS_VM);
}

void cpu_init(struct cpu *cpu)
{
	struct table_ptr p = { sizeof(idt) - 1, (u64)idt };
	u64 *gdt = cpu->arch->gdt;

	memcpy(gdt, reserved_gdt, PAGE_SIZE);
	set_system_descriptor(gdt, CORE_TSS, (u64)stacks_tss(cpu), sizeof(struct tss) - 1, 9);
	cpu_load_gdt((u64)gdt - 0xe000);
	asm volatile("pushq %0\n\tleaq 1f(%%rip), %%rax\n\tpushq %%rax\n\tlretq\n1:"
		     : : "i"(CORE_CS) : "rax", "memory");
	asm volatile("mov %0, %%ss; mov %1, %%ds; mov %1, %%es; mov %1, %%fs; mov %1, %%gs"
		     : : "r"(CORE_DS), "r"(0));
	asm volatile("lidt %0" : : "m"(p));
	asm volatile("ltr %0" : : "r"((u16)CORE_TSS));
	asm volatile("lldt %0" : : "r"((u16)0));
	write_cr4(cpu_features.cr4);
	write_cr0(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE | CR0_AM);
	if (cpu_features.xsave)
		xsetbv(cpu_features.xcr0);
	wrmsr(MSR_PAT, PAT_XEN);
	init_syscall(cpu);
	write_dr7(0x400);
}
