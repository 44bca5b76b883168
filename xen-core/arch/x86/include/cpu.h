/* SPDX-License-Identifier: GPL-2.0-only */
/* What the CPU can do, its descriptor tables, and the architecture's part of struct cpu. */
#ifndef XENLITE_CPU_H
#define XENLITE_CPU_H

#include "asm.h"
#include "percpu.h"

/**
 * struct cpu_features - what the core uses of the boot CPU
 * @keeps_fpu_pointers: FXRSTOR leaves FIP, FDP and FOP when no exception is pending
 * @xcr0:	state components that are switched with a vcpu, 0 without XSAVE
 * @xsave_size:	bytes of a save area
 */
struct cpu_features {
	bool smep, smap, fsgsbase, xsave, rdtscp, pages_1g, keeps_fpu_pointers;
	u64 xcr0, cr4;		/* cr4: what every CPU runs with */
	u32 xsave_size;
	u8 phys_bits;
	char vendor[13];
};
extern struct cpu_features cpu_features;

/** cpu_detect() - fill cpu_features; boot CPU, before the others start. */
void cpu_detect(void);
/** cpu_init_tables() - the IDT; and patch the text for what the CPU has. */
void cpu_init_tables(void);
/** cpu_init() - load descriptor tables and control registers on this CPU. */
void cpu_init(struct cpu *cpu);

/**
 * struct arch_cpu - x86's part of a physical CPU
 * @gdt:	its own GDT, page aligned, for LTR and LLDT
 * @loaded:	vcpu whose segments, FPU and CR3 are in the registers, or NULL
 * @requests:	bits of smp.c asked for by other CPUs, atomic
 * @tlb_time:	TLB clock when the last full flush began
 * @tlb_only_of: guests' frames in its TLB are all this domain's, atomic; NULL: anyone's
 * @view:	page tables that guests run with, or NULL (spec_ctrl.c)
 * @last_domain: number of that of the vcpu that was loaded last
 * @tlb_flushed: when the last one on request began that has been done since
 */
struct guest_view;
struct arch_cpu {
	u64 gdt[512];
	struct vcpu *loaded;
	u32 requests;
	u64 tlb_time, tlb_flushed;
	struct domain *tlb_only_of;
	bool breakpoints;
	u32 tsd, last_domain;
	struct guest_view *view;
};

static inline void xsetbv(u64 v)
{
	asm volatile("xsetbv" : : "c"(0), "a"((u32)v), "d"((u32)(v >> 32)));
}

struct __packed idt_gate { u16 low, cs; u8 ist, type; u16 mid; u32 high, zero; };
extern struct idt_gate idt[256];
extern u64 reserved_gdt[512];	/* the reserved page of all vcpus' GDTs */
void cpu_load_gdt(u64 base);
/** cpu_load_ldt() - LDT of @entries at @base (0: none), leaving GDT @gdt_after. */
void cpu_load_ldt(struct cpu *cpu, u64 base, u32 entries, u64 gdt_after);

int load_segment_ds(u16 sel);
int load_segment_es(u16 sel);
int load_segment_fs(u16 sel);
int load_segment_gs(u16 sel);
int xrstor_safe(void *area, u64 mask);

/* Selectors in the reserved part of every GDT, and of the CPU's own */
enum { CORE_CS = 0xe008, CORE_DS = 0xe010, CORE_TSS = 0xe040, CORE_LDT = 0xe050 };

#endif
