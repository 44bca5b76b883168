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

/* As above, but a #GP is an answer. Return: 0 or -EFAULT. */
int rdmsr_safe(u32 msr, u64 *v);
int wrmsr_safe(u32 msr, u64 v);

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
/* stac or clac where the CPU has SMAP: three bytes, patched while booting. */
#define SMAP_SITE(byte) \
	"9: .byte 0x0f, 0x1f, 0x00\n .pushsection .init.alternatives, \"a\"\n" \
	".quad 9b, " #byte "\n .popsection\n"
#define ASM_STAC	SMAP_SITE(0xcb)
#define ASM_CLAC	SMAP_SITE(0xca)

#define CR0_PE		(1u << 0)
#define CR0_MP		(1u << 1)
#define CR0_TS		(1u << 3)
#define CR0_ET		(1u << 4)
#define CR0_NE		(1u << 5)
#define CR0_WP		(1u << 16)
#define CR0_AM		(1u << 18)
#define CR0_PG		(1u << 31)
#define CR4_DE		(1u << 3)
#define CR4_TSD		(1u << 2)
#define CR4_PAE		(1u << 5)
#define CR4_MCE		(1u << 6)
#define CR4_PGE		(1u << 7)
#define CR4_OSFXSR	(1u << 9)
#define CR4_OSXMMEXCPT	(1u << 10)
#define CR4_FSGSBASE	(1u << 16)
#define CR4_OSXSAVE	(1u << 18)
#define CR4_SMEP	(1u << 20)
#define CR4_SMAP	(1u << 21)

#define EFLAGS_TF	(1u << 8)
#define EFLAGS_IF	(1u << 9)
#define EFLAGS_DF	(1u << 10)
#define EFLAGS_IOPL	(3u << 12)
#define EFLAGS_NT	(1u << 14)
#define EFLAGS_RF	(1u << 16)
#define EFLAGS_VM	(1u << 17)
#define EFLAGS_AC	(1u << 18)

#define MSR_TSC			0x10
#define MSR_APIC_BASE		0x1b
#define MSR_SYSENTER_CS		0x174
#define MSR_PAT			0x277
#define MSR_EFER		0xc0000080
#define MSR_STAR		0xc0000081
#define MSR_LSTAR		0xc0000082
#define MSR_CSTAR		0xc0000083
#define MSR_SYSCALL_MASK	0xc0000084
#define MSR_FS_BASE		0xc0000100
#define MSR_GS_BASE		0xc0000101
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_TSC_AUX		0xc0000103

#endif
