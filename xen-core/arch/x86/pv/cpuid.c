// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID as a PV guest's kernel sees it: its domain's policy, and what can only be
 * said at the moment. User mode runs the real instruction where the CPU cannot
 * fault it.
 */
#include "clock.h"
#include "cpu_policy.h"
#include "pv.h"

#include <xen/arch-x86/cpuid.h>

#define XEN_LAST XEN_CPUID_LEAF(XEN_CPUID_MAX_NUM_LEAVES)
#define BIT(n) (1u << (n))

static struct cpuid xen_leaf(const struct domain *d, u32 leaf, u32 sub)
{
	const struct guest_tsc *t = &d->arch.tsc;
	const struct cpuid tsc[] = {
		{ t->emulated | (cpu_features.rdtscp ? 4 : 0), t->mode, t->khz ?: clock_tsc_khz,
		  d->privileged ? 0 : t->incarnation + 1 },
		{ 0 },
		{ .a = clock_tsc_khz },
	};
	const struct cpuid leaves[] = {
		{ XEN_LAST, XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX,
		  XEN_CPUID_SIGNATURE_EDX },
		{ .a = 0x00040011 },	/* version 4.17 */
		{ 1, XEN_CPUID_FIRST_LEAF, XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD, 0 },
		sub < ARRAY_SIZE(tsc) ? tsc[sub] : (struct cpuid){ 0 },
		[5] = { .b = 64 - __builtin_clzll((max_mfn << PAGE_SHIFT) - 1) },
	};

	return leaf <= XEN_LAST ? leaves[leaf - XEN_CPUID_FIRST_LEAF] : (struct cpuid){ 0 };
}

/* The answer to leaf @leaf, subleaf @sub for @v's kernel. */
static struct cpuid pv_cpuid(const struct vcpu *v, u32 leaf, u32 sub)
{
	struct cpuid o;

	if (leaf >> 16 == XEN_CPUID_FIRST_LEAF >> 16)
		return xen_leaf(v->domain, leaf, sub);
	o = cpu_policy_find(v->domain, leaf, sub);
	switch (leaf) {
	case 1:
		o.b |= v->id << 24;
		o.c |= o.c & BIT(26) ? BIT(27) : 0;
		if (v->domain->privileged)
			o.d |= cpuid(leaf, 0).d & BIT(12);	/* MTRRs, to read */
		break;
	case 0xb:			/* the machine's shape, but for whom */
		if (leaf <= cpuid(0, 0).a)
			o = cpuid(leaf, sub);
		o.d = v->id;
		break;
	case 0xd:			/* what the present state needs */
		if (!sub && o.a)
			o.b = cpuid(leaf, sub).b;
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
