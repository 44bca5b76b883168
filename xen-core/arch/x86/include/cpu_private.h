/* SPDX-License-Identifier: GPL-2.0-only */
/* The architecture's part of struct cpu, and what its files share. */
#ifndef XENLITE_CPU_PRIVATE_H
#define XENLITE_CPU_PRIVATE_H

#include "asm.h"
#include "percpu.h"

/**
 * struct arch_cpu - x86's part of a physical CPU
 * @gdt:	its own GDT, page aligned, for LTR and LLDT
 * @loaded:	vcpu whose segments, FPU and CR3 are in the registers, or NULL
 * @requests:	bits of smp.c asked for by other CPUs, atomic
 * @tlb_time:	TLB clock when the last full flush began
 * @tlb_flushed: when the last one on request began that has been done since
 */
struct arch_cpu {
	u64 gdt[512];
	struct vcpu *loaded;
	u32 requests;
	u64 tlb_time, tlb_flushed;
	bool breakpoints;
	u32 tsd;
};

static inline void xsetbv(u64 v)
{
	asm volatile("xsetbv" : : "c"(0), "a"((u32)v), "d"((u32)(v >> 32)));
}

extern u64 reserved_gdt[512];	/* the reserved page of all vcpus' GDTs */
void cpu_load_gdt(u64 base);
/** cpu_load_ldt() - LDT of @entries at @base (0: none), leaving GDT @gdt_after. */
void cpu_load_ldt(struct cpu *cpu, u64 base, u32 entries, u64 gdt_after);

int load_segment_ds(u16 sel);
int load_segment_es(u16 sel);
int load_segment_fs(u16 sel);
int load_segment_gs(u16 sel);
int xrstor_safe(void *area, u64 mask);

#endif
