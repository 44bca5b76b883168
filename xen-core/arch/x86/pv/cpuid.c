// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID as a PV guest's kernel sees it.
 *
 * The hardware's answer through masks: what the core does not give a PV guest
 * (virtualisation, paging features, timers, power) is off, whatever the CPU
 * has. User mode runs the real instruction where the CPU cannot fault it.
 */
#include "clock.h"
#include "pv.h"

#include <xen/arch-x86/cpuid.h>

#define XEN_LAST XEN_CPUID_LEAF(XEN_CPUID_MAX_NUM_LEAVES)
#define BIT(n) (1u << (n))
/* Leaf 1: VMX, SMX, EST, TM2, x2APIC, TSC deadline, PCID, MONITOR ... are off. */
#define L1_C	(~(BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(10) | \
		   BIT(11) | BIT(14) | BIT(15) | BIT(16) | BIT(17) | BIT(18) | BIT(21) | BIT(24)))
/* VME, PSE, SEP, PGE, PSE36, DS, TM, PBE are off. */
#define L1_D	(~(BIT(1) | BIT(3) | BIT(10) | BIT(11) | BIT(13) | BIT(17) | BIT(18) | \
		   BIT(20) | BIT(21) | BIT(29) | BIT(30) | BIT(31)))
/* FSGSBASE, BMI, AVX2, ERMS, AVX-512, ADX, RDSEED, SHA, CLFLUSHOPT, CLWB. */
#define L7_B	(BIT(0) | BIT(3) | BIT(5) | BIT(8) | BIT(9) | BIT(16) | BIT(17) | BIT(18) | \
		 BIT(19) | BIT(21) | BIT(23) | BIT(24) | BIT(28) | BIT(29) | BIT(30) | BIT(31))
/* VBMI, VBMI2, GFNI, VAES, VPCLMULQDQ, VNNI, BITALG, VPOPCNTDQ, CLDEMOTE. */
#define L7_C	(BIT(1) | BIT(6) | BIT(8) | BIT(9) | BIT(10) | BIT(11) | BIT(12) | BIT(14) | \
		 BIT(25))
#define L7_B_AVX512 (BIT(16) | BIT(17) | BIT(21) | BIT(28) | BIT(30) | BIT(31))
/* 4VNNIW, 4FMAPS, FSRM, VP2INTERSECT, MD_CLEAR. */
#define L7_D	(BIT(2) | BIT(3) | BIT(4) | BIT(8) | BIT(10))
#define L7_1A	(BIT(4) | BIT(5) | BIT(10) | BIT(11) | BIT(12))
#define LX1_C	(BIT(0) | BIT(1) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(11) | BIT(16) | BIT(21))
#define LX1_D	(BIT(11) | BIT(20) | BIT(22) | BIT(27) | BIT(29) | BIT(30) | BIT(31))
/* The low bits of 8000_0001 EDX repeat leaf 1 on AMD. */
#define LX1_D_COMMON 0x0183f3ffu

#define ALL { ~0u, ~0u, ~0u, ~0u }
/* What passes of the hardware's answer; of a leaf that is not here, nothing. */
static const struct { u32 leaf; struct cpuid keep; } table[] = {
	{ 0, ALL }, { 2, ALL }, { 4, ALL }, { 0xb, ALL }, { 0xd, ALL },
	{ 1, { ~0u, 0x00ffffff, L1_C, L1_D } },
	{ 7, { ~0u, L7_B, L7_C, L7_D } }, { 0x80000000, ALL },
	{ 0x80000001, { ~0u, ~0u, LX1_C, LX1_D | (LX1_D_COMMON & L1_D) } },
	{ 0x80000002, ALL }, { 0x80000003, ALL }, { 0x80000004, ALL }, { 0x80000005, ALL },
	{ 0x80000006, ALL }, { 0x80000008, { .a = 0xff } },
};

static struct cpuid xen_leaf(u32 leaf, u32 sub)
{
	const u32 tsc[] = { cpu_features.rdtscp ? 4 : 0, 0, clock_tsc_khz };
	const struct cpuid leaves[] = {
		{ XEN_LAST, XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX,
		  XEN_CPUID_SIGNATURE_EDX },
		{ .a = 0x00040011 },	/* version 4.17 */
		{ 1, XEN_CPUID_FIRST_LEAF, XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD, 0 },
		{ .a = sub < ARRAY_SIZE(tsc) ? tsc[sub] : 0 },
		[5] = { .b = 64 - __builtin_clzll((max_mfn << PAGE_SHIFT) - 1) },
	};

	return leaf <= XEN_LAST ? leaves[leaf - XEN_CPUID_FIRST_LEAF] : (struct cpuid){ 0 };
}

static struct cpuid xsave_leaf(u32 sub, struct cpuid o)
{
	u64 xcr0 = cpu_features.xcr0;	/* 0 without XSAVE */

	if (xcr0 && sub == 0)
		return (struct cpuid){ xcr0, o.b, cpu_features.xsave_size, xcr0 >> 32 };
	if (xcr0 && sub == 1)
		return (struct cpuid){ .a = o.a & (BIT(0) | BIT(2)) };
	return sub <= 62 && xcr0 >> sub & 1 ? o : (struct cpuid){ 0 };
}

/* The answer to leaf @leaf, subleaf @sub for @v's kernel. */
static struct cpuid pv_cpuid(const struct vcpu *v, u32 leaf, u32 sub)
{
	bool xsave = cpu_features.xsave;
	struct cpuid o;
	u32 i = 0;

	if (leaf >> 16 == XEN_CPUID_FIRST_LEAF >> 16)
		return xen_leaf(leaf, sub);
	while (i < ARRAY_SIZE(table) && table[i].leaf != leaf)
		i++;
	if (i == ARRAY_SIZE(table) || leaf > cpuid(leaf & 0x80000000, 0).a)
		return (struct cpuid){ 0 };
	o = cpuid(leaf, sub);
	o.a &= table[i].keep.a;
	o.b &= table[i].keep.b;
	o.c &= table[i].keep.c;
	o.d &= table[i].keep.d;
	switch (leaf) {
	case 1:
		o.b |= v->id << 24;
		o.c &= xsave ? ~0u : ~(BIT(26) | BIT(28) | BIT(12));
		o.c |= BIT(31) | (xsave ? BIT(27) : 0);
		break;
	case 7:
		if (sub)
			return (struct cpuid){ .a = sub == 1 ? o.a & L7_1A : 0 };
		o.a = o.a ? 1 : 0;
		/* AVX-512 comes with its state, or not at all. */
		if (!(cpu_features.xcr0 & 0xe0))
			o.b &= ~L7_B_AVX512;
		break;
	case 0xb:
		o.d = v->id;
		break;
	case 0xd:
		return xsave_leaf(sub, o);
	case 0x80000008:
		o.a |= 48 << 8;
		break;
	}
	return o;
}

/* ud2; "xen"; cpuid is how a kernel asks for CPUID as the core sees fit (xen.h). */
void pv_invalid_opcode(struct vcpu *v)
{
	static const u8 pattern[] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 };
	u8 code[sizeof(pattern)];
	struct regs *r = &v->regs;
	struct cpuid c;

	if (copy_from_guest(code, GVA(r->rip), sizeof(code)) ||
	    memcmp(code, pattern, sizeof(code))) {
		pv_inject_trap(v, TRAP_UD, 0);
		return;
	}
	c = pv_cpuid(v, r->rax, r->rcx);
	r->rax = c.a;
	r->rbx = c.b;
	r->rcx = c.c;
	r->rdx = c.d;
	r->rip += sizeof(code);
}
