/* SPDX-License-Identifier: GPL-2.0-only */
/* What the CPU can do, and its descriptor tables. */
#ifndef XENLITE_CPU_H
#define XENLITE_CPU_H

struct cpu;

/**
 * struct cpu_features - what the core uses of the boot CPU
 * @xcr0:	state components that are switched with a vcpu, 0 without XSAVE
 * @xsave_size:	bytes of a save area
 */
struct cpu_features {
	bool smep, smap, fsgsbase, xsave, rdtscp, pages_1g;
	u64 xcr0;
	u32 xsave_size;
	u64 cr4;		/* what every CPU runs with */
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

#define CORE_CS		0xe008	/* in the reserved part of every GDT */

#endif
