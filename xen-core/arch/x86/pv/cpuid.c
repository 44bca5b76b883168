// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID as a PV guest's kernel sees it.
 *
 * The hardware's answer through masks: what the core does not give a PV guest
 * (virtualisation, paging features, timers, power) is off, whatever the CPU
 * has. User mode runs the real instruction where the CPU cannot fault it.
 */
#include "asm.h"
#include "clock.h"
#include "compiler.h"
#include "cpu.h"
#include "page.h"
#include "pv.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/features.h>

#define XEN_BASE	0x40000000u
#define XEN_LAST	(XEN_BASE + 5)
#define XEN_VERSION_417	0x00040011

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
/* 4VNNIW, 4FMAPS, FSRM, VP2INTERSECT, MD_CLEAR. */
#define L7_B_AVX512 (BIT(16) | BIT(17) | BIT(21) | BIT(28) | BIT(30) | BIT(31))
#define L7_D	(BIT(2) | BIT(3) | BIT(4) | BIT(8) | BIT(10))
#define L7_1A	(BIT(4) | BIT(5) | BIT(10) | BIT(11) | BIT(12))
#define LX1_C	(BIT(0) | BIT(1) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(11) | BIT(16) | BIT(21))
#define LX1_D	(BIT(11) | BIT(20) | BIT(22) | BIT(27) | BIT(29) | BIT(30) | BIT(31))
/* The low bits of 8000_0001 EDX repeat leaf 1 on AMD. */
#define LX1_D_COMMON 0x0183f3ffu

static void xen_leaf(struct vcpu *v, u32 leaf, u32 sub, struct cpuid *o)
{
	switch (leaf) {
	case XEN_BASE:
		*o = (struct cpuid){ XEN_LAST, 0x566e6558, 0x65584d4d, 0x4d4d566e };
		break;
	case XEN_BASE + 1:
		o->a = XEN_VERSION_417;
		break;
	case XEN_BASE + 2:
		*o = (struct cpuid){ 1, XEN_BASE, XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD, 0 };
		break;
	case XEN_BASE + 3:
		if (sub == 0)
			o->a = cpu_features.rdtscp ? 4 : 0;
		else if (sub == 1)
			*o = (struct cpuid){ 0, 0, 0, 0 };
		else if (sub == 2)
			o->a = clock_tsc_khz;
		break;
	case XEN_BASE + 5:
		o->b = 64 - __builtin_clzll((max_mfn << PAGE_SHIFT) - 1);
		break;
	}
}

static void xsave_leaf(u32 sub, struct cpuid *o)
{
	if (!cpu_features.xsave) {
		*o = (struct cpuid){ 0 };
	} else if (sub == 0) {
		o->a = cpu_features.xcr0;
		o->d = cpu_features.xcr0 >> 32;
		o->c = cpu_features.xsave_size;
	} else if (sub == 1) {
		*o = (struct cpuid){ o->a & (BIT(0) | BIT(2)), 0, 0, 0 };
	} else if (sub > 62 || !(cpu_features.xcr0 >> sub & 1)) {
		*o = (struct cpuid){ 0 };
	}
}

static void basic_leaf(struct vcpu *v, u32 leaf, u32 sub, struct cpuid *o)
{
	switch (leaf) {
	case 1:
		o->b = (o->b & 0x00ffffff) | v->id << 24;
		o->c &= L1_C & ~(cpu_features.xsave ? 0 : BIT(26) | BIT(28) | BIT(12));
		o->c |= BIT(31) | (cpu_features.xsave ? BIT(27) : 0);
		o->d &= L1_D;
		break;
	case 7:
		if (sub == 0)
			*o = (struct cpuid){ o->a ? 1 : 0, o->b & L7_B, o->c & L7_C, o->d & L7_D };
		else
			*o = (struct cpuid){ .a = sub == 1 ? o->a & L7_1A : 0 };
		/* AVX-512 comes with its state, or not at all. */
		if (!(cpu_features.xcr0 & 0xe0))
			o->b &= sub ? 0 : ~L7_B_AVX512;
		break;
	case 0xd:
		xsave_leaf(sub, o);
		break;
	case 0xb:
		o->d = v->id;
		break;
	case 0: case 2: case 4:
		break;
	default:
		*o = (struct cpuid){ 0 };
	}
}

static void extended_leaf(u32 leaf, struct cpuid *o)
{
	switch (leaf) {
	case 0x80000001:
		o->c &= LX1_C;
		o->d &= LX1_D | (LX1_D_COMMON & L1_D);
		break;
	case 0x80000008:
		*o = (struct cpuid){ .a = (o->a & 0xff) | 48 << 8 };
		break;
	case 0x80000000:
	case 0x80000002 ... 0x80000006:
		break;
	default:
		*o = (struct cpuid){ 0 };
	}
}

/** pv_cpuid() - the answer to leaf @leaf, subleaf @sub for @v's kernel */
void pv_cpuid(struct vcpu *v, u32 leaf, u32 sub, struct cpuid *o)
{
	*o = (struct cpuid){ 0 };
	if (leaf >= XEN_BASE && leaf < XEN_BASE + 0x10000) {
		xen_leaf(v, leaf, sub, o);
		return;
	}
	if (leaf > cpuid(leaf & 0x80000000, 0).a || (leaf & 0x7fff0000))
		return;
	*o = cpuid(leaf, sub);
	if (leaf & 0x80000000)
		extended_leaf(leaf, o);
	else
		basic_leaf(v, leaf, sub, o);
}
