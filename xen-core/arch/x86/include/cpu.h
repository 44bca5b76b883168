/* SPDX-License-Identifier: GPL-2.0-only */
/* What the CPU can do, and its descriptor tables. */
#ifndef XENLITE_CPU_H
#define XENLITE_CPU_H

#include "types.h"

struct cpu;

bool cpu_has_1g_pages(void);

/**
 * struct cpu_features - what the core uses of the boot CPU
 * @xcr0:	state components that are switched with a vcpu, 0 without XSAVE
 * @xsave_size:	bytes of a save area
 */
struct cpu_features {
	bool smep, smap, fsgsbase, xsave, xsaveopt, rdtscp, invariant_tsc;
	u64 xcr0;
	u32 xsave_size;
	u64 cr4;		/* what every CPU runs with */
	u8 phys_bits;
	char vendor[13];
};
extern struct cpu_features cpu_features;

/** cpu_detect() - fill cpu_features; boot CPU, before the others start. */
void cpu_detect(void);
/** cpu_init() - load descriptor tables and control registers on this CPU. */
void cpu_init(struct cpu *cpu);

/* Selectors of the core, in the reserved part of every GDT. */
#define CORE_CS		0xe008
#define CORE_DS		0xe010
#define CORE_TSS	0xe040

#endif
