/* SPDX-License-Identifier: GPL-2.0-only */
/* Single instructions as functions: ports, MSRs, control registers, CPUID. */
#ifndef XENLITE_ASM_H
#define XENLITE_ASM_H

#define ASM_PORT(suffix, type) \
	static inline void out##suffix(u16 port, type v) \
	{ asm volatile("out" #suffix " %0, %1" : : "a"(v), "Nd"(port)); } \
	static inline type in##suffix(u16 port) \
	{ type v; asm volatile("in" #suffix " %1, %0" : "=a"(v) : "Nd"(port)); return v; }
ASM_PORT(b, u8) ASM_PORT(w, u16) ASM_PORT(l, u32)

/* @size bytes; a read gives what it read, a write nothing. */
static inline u32 port_transfer(u16 port, u32 size, bool write, u32 v)
{
	if (!write)
		return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
	if (size == 1)
		outb(port, (u8)v);
	else if (size == 2)
		outw(port, (u16)v);
	else
		outl(port, v);
	return 0;
}

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 v)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

struct cpuid { u32 a, b, c, d; };
static inline struct cpuid cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid r;

	asm volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
		     : "a"(leaf), "c"(subleaf));
	return r;
}

#define ASM_REGISTER(reg) \
	static inline u64 read_##reg(void) \
	{ u64 v; asm volatile("mov %%" #reg ", %0" : "=r"(v)); return v; } \
	static inline void write_##reg(u64 v) \
	{ asm volatile("mov %0, %%" #reg : : "r"(v) : "memory"); }
ASM_REGISTER(cr0) ASM_REGISTER(cr2) ASM_REGISTER(cr3) ASM_REGISTER(cr4)
ASM_REGISTER(dr0) ASM_REGISTER(dr1) ASM_REGISTER(dr2) ASM_REGISTER(dr3)
ASM_REGISTER(dr6) ASM_REGISTER(dr7)

static inline void cpu_pause(void) { asm volatile("pause" ::: "memory"); }
static inline void irq_disable(void) { asm volatile("cli" ::: "memory"); }
static inline void invlpg(u64 va) { asm volatile("invlpg (%0)" : : "r"(va) : "memory"); }
static inline void wbinvd(void) { asm volatile("wbinvd" ::: "memory"); }
static inline void __noreturn cpu_stop(void) { for (;;) asm volatile("cli; hlt"); }

/* For asm(): a fault at label @from continues at @to (entry.S has the same in assembly). */
#define EXTABLE(from, to) \
	".pushsection .extable, \"a\"\n .quad " #from ", " #to "\n .popsection\n"
/* A jump to patch where the CPU has L1TF: the byte before its distance, and where it leads then. */
#define JUMP_SITE(at, to) \
	".pushsection .init.jumps, \"aw\"\n .quad " #at ", " #to ", 1\n .popsection\n"
/* stac or clac where the CPU has SMAP: three bytes, patched while booting. */
#define SMAP_SITE(byte) \
	"9: .byte 0x0f, 0x1f, 0x00\n .pushsection .init.alternatives, \"a\"\n" \
	".quad 9b, " #byte "\n .popsection\n"
#define ASM_STAC	SMAP_SITE(0xcb)
#define ASM_CLAC	SMAP_SITE(0xca)

/** rdmsr_safe() - of one that may not be there. Return: 0 or -EFAULT, with *@v 0. */
static inline int rdmsr_safe(u32 msr, u64 *v)
{
	u32 lo = 0, hi = 0;
	int err = -EFAULT;

	asm volatile("1: rdmsr\n xorl %0, %0\n2:\n" EXTABLE(1b, 2b)
		     : "+r"(err), "+a"(lo), "+d"(hi) : "c"(msr));
	*v = (u64)hi << 32 | lo;
	return err;
}

#define PAT_XEN		0x050100070406ull	/* WB WT UC- UC WC WP: xen.h, mmu_update */

enum {
	CR0_PE = 1 << 0, CR0_MP = 1 << 1, CR0_TS = 1 << 3, CR0_ET = 1 << 4, CR0_NE = 1 << 5,
	CR0_WP = 1 << 16, CR0_AM = 1 << 18, CR0_PG = 1u << 31,
};

enum {
	CR4_TSD = 1 << 2, CR4_DE = 1 << 3, CR4_PAE = 1 << 5, CR4_MCE = 1 << 6, CR4_PGE = 1 << 7,
	CR4_OSFXSR = 1 << 9, CR4_OSXMMEXCPT = 1 << 10, CR4_FSGSBASE = 1 << 16,
	CR4_OSXSAVE = 1 << 18, CR4_SMEP = 1 << 20, CR4_SMAP = 1 << 21,
};

enum {
	EFLAGS_TF = 1 << 8, EFLAGS_IF = 1 << 9, EFLAGS_DF = 1 << 10, EFLAGS_IOPL = 3 << 12,
	EFLAGS_NT = 1 << 14, EFLAGS_RF = 1 << 16, EFLAGS_VM = 1 << 17, EFLAGS_AC = 1 << 18,
};

enum {
	MSR_TSC = 0x10, MSR_APIC_BASE = 0x1b, MSR_SPEC_CTRL = 0x48, MSR_PRED_CMD = 0x49,
	MSR_ARCH_CAPS = 0x10a, MSR_SYSENTER_CS = 0x174, MSR_PAT = 0x277,
	MSR_EFER = 0xc0000080, MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK,
	MSR_FS_BASE = 0xc0000100, MSR_GS_BASE, MSR_KERNEL_GS_BASE, MSR_TSC_AUX,
};

#endif
