// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU policies: what CPUID and some MSRs say, for the machine and for each domain.
 *
 *   raw -----> host ------> pv -------------> guest --------------> a domain's own
 *   the CPU's  less what    less what a PV    as it looks from      set by the tools,
 *              no guest     guest cannot      inside; every         never more than
 *              sees         have              domain's at first     `guest` has
 *
 * A policy has a fixed place for every leaf that tools know (xen_cpuid_leaf_t); a
 * leaf that is not there is zero. What is computed for a vcpu when it asks, its
 * number for one, is zero here, too: see pv/cpuid.c.
 */
#include "cpu_policy.h"

#include "domctl.h"
#include "sysctl.h"
#include "uaccess.h"

#define BIT(n) (1u << (n))
#define NO_SUBLEAF XEN_CPUID_NO_SUBLEAF
#define AVX512_1 (BIT(16) | BIT(17) | BIT(21) | BIT(28) | BIT(30) | BIT(31))

enum { SLOT_7 = 12, SLOT_XSTATE = 21, SLOT_XEN = 84, SLOT_EXT = 86 };
#define EXT_LAST 0x80000021u
enum { MSR_PLATFORM_INFO = 0xce };
enum { RAW, HOST, PV, GUEST, NR_POLICIES };

static struct cpu_policy policies[NR_POLICIES];
static const u32 msrs[CPU_POLICY_MSRS] = { MSR_PLATFORM_INFO, MSR_ARCH_CAPS };

/*
 * Leaves [first, first + count) begin at @slot; @subs: the one leaf has as many
 * subleaves. Tools refuse what is not in here.
 */
static const struct range {
	u32 first;
	u8 count, subs, slot;
} ranges[] = {
	{ 0, 4, 0, 0 }, { 4, 1, 6, 4 }, { 5, 2, 0, 10 }, { 7, 1, 3, SLOT_7 }, { 8, 3, 0, 15 },
	{ 0xb, 1, 2, 18 }, { 0xc, 1, 0, 20 }, { 0xd, 1, 63, SLOT_XSTATE },
	{ 0x40000000, 1, 0, SLOT_XEN }, { 0x40000100, 1, 0, SLOT_XEN + 1 },
	{ 0x80000000, 0x22, 0, SLOT_EXT },
};

static u32 range_slots(const struct range *r)
{
	return r->subs ?: r->count;
}

#define for_each_range(r) \
	for (const struct range *r = ranges; r < ranges + ARRAY_SIZE(ranges); r++)

/* Where the words of a featureset are in a policy, taken as an array (cpufeatureset.h). */
#define AT(slot, reg) ((slot) * 4 + (reg))
static const u16 features[CPU_POLICY_FEATURES] = {
	AT(1, 3), AT(1, 2), AT(SLOT_EXT + 1, 3), AT(SLOT_EXT + 1, 2), AT(SLOT_XSTATE + 1, 0),
	AT(SLOT_7, 1), AT(SLOT_7, 2), AT(SLOT_EXT + 7, 3), AT(SLOT_EXT + 8, 1), AT(SLOT_7, 3),
	AT(SLOT_7 + 1, 0), AT(SLOT_EXT + 0x21, 0), AT(SLOT_7 + 1, 1), AT(SLOT_7 + 2, 3),
	AT(SLOT_7 + 1, 2), AT(SLOT_7 + 1, 3),
	AT(CPU_POLICY_LEAVES, 2), AT(CPU_POLICY_LEAVES, 3),	/* ARCH_CAPABILITIES */
	AT(SLOT_EXT + 0x21, 2),
};

static u32 *policy_word(struct cpu_policy *p, u32 at)
{
	return (u32 *)p + at;
}

/* The low bits of 8000_0001 EDX repeat leaf 1 on AMD; a featureset has them once. */
#define COMMON_D 0x0183f3ffu

#define ALL { ~0u, ~0u, ~0u, ~0u }
/* What passes to PV guests of the host's answer; of a slot that is not here, nothing. */
static const __initconst struct { u8 slot, count; struct cpuid keep; } pv_keeps[] = {
	{ 0, 1, ALL }, { 2, 1, ALL }, { 4, 6, ALL }, { SLOT_XSTATE, 63, ALL },
	{ SLOT_EXT, 1, ALL }, { SLOT_EXT + 2, 5, ALL },
	{ 1, 1, { ~0u, ~0u,
	   /* VMX, SMX, EST, TM2, x2APIC, TSC deadline, PCID, MONITOR ... are off */
	   ~(BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(10) | BIT(11) |
	     BIT(14) | BIT(15) | BIT(16) | BIT(17) | BIT(18) | BIT(21) | BIT(24)),
	   /* VME, PSE, SEP, MTRR, PGE, PSE36, DS, TM, PBE are off */
	   ~(BIT(1) | BIT(3) | BIT(10) | BIT(11) | BIT(12) | BIT(13) | BIT(17) | BIT(18) |
	     BIT(20) | BIT(21) | BIT(29) | BIT(30) | BIT(31)) } },
	{ SLOT_7, 1, { 0,
	   /* FSGSBASE, BMI, AVX2, ERMS, ADX, RDSEED, SHA, CLFLUSHOPT, CLWB, AVX-512 */
	   BIT(0) | BIT(3) | BIT(5) | BIT(8) | BIT(9) | BIT(18) | BIT(19) | BIT(23) | BIT(24) |
	   BIT(29) | AVX512_1,
	   /* VBMI, VBMI2, GFNI, VAES, VPCLMULQDQ, VNNI, BITALG, VPOPCNTDQ, CLDEMOTE */
	   BIT(1) | BIT(6) | BIT(8) | BIT(9) | BIT(10) | BIT(11) | BIT(12) | BIT(14) | BIT(25),
	   /* 4VNNIW, 4FMAPS, FSRM, VP2INTERSECT, MD_CLEAR */
	   BIT(2) | BIT(3) | BIT(4) | BIT(8) | BIT(10) } },
	{ SLOT_7 + 1, 1, { BIT(4) | BIT(5) | BIT(10) | BIT(11) | BIT(12), 0, 0, 0 } },
	{ SLOT_EXT + 1, 1, { ~0u, ~0u,
	   BIT(0) | BIT(1) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(11) | BIT(16) | BIT(21),
	   BIT(11) | BIT(20) | BIT(22) | BIT(27) | BIT(29) | BIT(30) | BIT(31) } },
	{ SLOT_EXT + 8, 1, { 0xff, 0, 0, 0 } },
};

/* ---- one leaf ---- */

/* The slot of a leaf as the tools name it, or -1. */
static int policy_slot(u32 leaf, u32 sub)
{
	for_each_range(r) {
		if (leaf - r->first >= r->count)
			continue;
		if (r->subs)
			return sub < r->subs ? r->slot + (int)sub : -1;
		return sub == NO_SUBLEAF ? (int)(r->slot + leaf - r->first) : -1;
	}
	return -1;
}

/* The last leaf of @leaf's kind. */
static u32 policy_last(const struct cpu_policy *p, u32 leaf)
{
	return leaf >> 30 == 1 ? leaf : p->leaf[leaf >> 31 ? SLOT_EXT : 0].a;
}

static struct cpu_policy *policy_of(const struct domain *d)
{
	return __atomic_load_n(&d->arch.cpu_policy, __ATOMIC_ACQUIRE) ?: &policies[GUEST];
}

struct cpuid cpu_policy_find(const struct domain *d, u32 leaf, u32 sub)
{
	const struct cpu_policy *p = policy_of(d);
	int slot = policy_slot(leaf, sub);

	if (slot < 0)
		slot = policy_slot(leaf, NO_SUBLEAF);
	return slot >= 0 && leaf <= policy_last(p, leaf) ? p->leaf[slot] : (struct cpuid){ 0 };
}

void cpu_policy_host_features(u32 *words, u32 nr)
{
	for (u32 i = 0; i < nr; i++)
		words[i] = *policy_word(&policies[HOST], features[i]);
	words[2] &= ~COMMON_D;
}

/* ---- the machine's ---- */

static __init void policy_read(struct cpu_policy *p)
{
	for_each_range(r)
		for (u32 i = 0; i < range_slots(r); i++) {
			u32 leaf = r->first + (r->subs ? 0 : i);

			if (leaf >> 30 != 1 && leaf <= cpuid(leaf & 0x80000000, 0).a)
				p->leaf[r->slot + i] = cpuid(leaf, r->subs ? i : 0);
		}
	if (p->leaf[SLOT_7].d & BIT(29) && rdmsr_safe(MSR_ARCH_CAPS, &p->msr[1]))
		p->msr[1] = 0;
}

/* The state components are those that the core switches. */
static __init void policy_limit_xstate(struct cpuid *l)
{
	u64 xcr0 = cpu_features.xcr0;	/* 0 without XSAVE */

	for (u32 i = 2; i < 63; i++)
		if (!(xcr0 >> i & 1))
			l[i] = (struct cpuid){ 0 };
	l[0] = (struct cpuid){ (u32)xcr0, 0, xcr0 ? cpu_features.xsave_size : 0, xcr0 >> 32 };
	l[1] = (struct cpuid){ .a = xcr0 ? l[1].a & (BIT(0) | BIT(2)) : 0 };
}

static __init void policy_limit_pv(struct cpu_policy *p)
{
	struct cpuid *one = &p->leaf[1];

	for (u32 i = 0; i < ARRAY_SIZE(pv_keeps); i++)
		for (u32 k = 0; k < pv_keeps[i].count; k++) {
			struct cpuid *l = &p->leaf[pv_keeps[i].slot + k];
			const struct cpuid *host = &policies[HOST].leaf[l - p->leaf];
			const struct cpuid *keep = &pv_keeps[i].keep;

			*l = (struct cpuid){ host->a & keep->a, host->b & keep->b,
					     host->c & keep->c, host->d & keep->d };
		}
	policy_limit_xstate(&p->leaf[SLOT_XSTATE]);
	one->c |= BIT(31);
	p->leaf[SLOT_7].a = MIN(policies[HOST].leaf[SLOT_7].a, 1u);
	/* AVX-512 comes with its state, or not at all; AVX as well. */
	if (!(cpu_features.xcr0 & 0xe0))
		p->leaf[SLOT_7].b &= ~AVX512_1;
	if (!cpu_features.xsave)
		one->c &= ~(BIT(26) | BIT(28) | BIT(12));
	p->leaf[SLOT_EXT + 8].a |= 48 << 8;
}

/* From inside, CPUID looks like the CPU's. */
static void policy_finish(struct cpu_policy *p)
{
	u32 *d = &p->leaf[SLOT_EXT + 1].d;

	*d = (*d & ~COMMON_D) | (p->leaf[1].d & policies[HOST].leaf[SLOT_EXT + 1].d & COMMON_D);
}

void __init cpu_policy_init(void)
{
	struct cpu_policy *host = &policies[HOST];

	policy_read(&policies[RAW]);
	*host = policies[RAW];
	host->leaf[0].a = MIN(host->leaf[0].a, 0xdu);
	host->leaf[SLOT_7].a = MIN(host->leaf[SLOT_7].a, 2u);
	host->leaf[SLOT_EXT].a = MIN(host->leaf[SLOT_EXT].a, EXT_LAST);
	/* A vcpu's number, and what its kernel has switched on. */
	host->leaf[1].b &= 0x00ffffff;
	host->leaf[1].c &= ~BIT(27);
	host->leaf[18] = host->leaf[19] = (struct cpuid){ 0 };
	policy_limit_pv(&policies[PV]);
	policies[GUEST] = policies[PV];
	policy_finish(&policies[GUEST]);
}

/* ---- to the tools and back ---- */

/* How many subleaves of @r does @p show? The last one of a list says that it is the end. */
static u32 policy_subleaves(const struct cpu_policy *p, const struct range *r)
{
	const struct cpuid *l = &p->leaf[r->slot];
	u64 states = (l[0].a | l[1].c) | (u64)(l[0].d | l[1].d) << 32;
	u32 n = 0;

	switch (r->first) {
	case 4:
		while (n < 5 && l[n].a & 0x1f)
			n++;
		return n + 1;
	case 7:
		return MIN(l->a, 2u) + 1;
	case 0xb:
		return l[0].c & 0xff00 ? 2 : 1;
	case 0xd:
		return states >> 2 ? MIN(64 - __builtin_clzll(states), 63) : 2;
	}
	return 1;
}

static int policy_put_leaves(const struct cpu_policy *p, gva_t to, u32 *nr)
{
	u32 n = 0;

	for_each_range(r) {
		u32 count = r->subs ? policy_subleaves(p, r) : r->count;

		for (u32 i = 0; i < count; i++) {
			u32 leaf = r->first + (r->subs ? 0 : i);
			const struct cpuid *l = &p->leaf[r->slot + i];
			xen_cpuid_leaf_t out = { leaf, r->subs ? i : NO_SUBLEAF,
						 l->a, l->b, l->c, l->d };

			if (leaf > policy_last(p, leaf))
				break;
			if (n == *nr)
				return -ENOBUFS;
			if (copy_to_guest(gva_index(to, xen_cpuid_leaf_t, n++), &out, sizeof(out)))
				return -EFAULT;
		}
	}
	*nr = n;
	return 0;
}

/* Without a buffer: how many there may be at most. */
static long policy_put(const struct cpu_policy *p, gva_t leaves, u32 *nr_leaves,
		       gva_t to, u32 *nr_msrs)
{
	int err = 0;

	if (leaves.a)
		err = policy_put_leaves(p, leaves, nr_leaves);
	else
		*nr_leaves = CPU_POLICY_LEAVES;
	for (u32 i = 0; !err && to.a && i < CPU_POLICY_MSRS; i++) {
		xen_msr_entry_t out = { msrs[i], 0, p->msr[i] };

		err = i == *nr_msrs ? -ENOBUFS :
		      copy_to_guest(gva_index(to, xen_msr_entry_t, i), &out, sizeof(out));
	}
	if (!err)
		*nr_msrs = CPU_POLICY_MSRS;
	return err;
}

/* The one of <xen/sysctl.h>'s index, for policies and featuresets alike; no HVM here. */
static long policy_by_index(u32 index, struct cpu_policy **p)
{
	static const u8 which[] = { RAW, HOST, PV, NR_POLICIES, PV, NR_POLICIES };

	if (index >= ARRAY_SIZE(which))
		return -EINVAL;
	*p = &policies[which[index]];
	return which[index] == NR_POLICIES ? -EOPNOTSUPP : 0;
}

long sysctl_get_cpu_policy(struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_policy *u = &op->u.cpu_policy;
	struct cpu_policy *p;
	long err = u->_rsvd ? -EINVAL : policy_by_index(u->index, &p);

	return err ?: policy_put(p, gva_of(u->leaves), &u->nr_leaves, gva_of(u->msrs),
				 &u->nr_msrs);
}

long sysctl_get_cpu_featureset(struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_featureset *u = &op->u.cpu_featureset;
	gva_t to = gva_of(u->features);
	u32 room = u->nr_features;
	struct cpu_policy *p;
	long err = to.a ? policy_by_index(u->index, &p) : 0;

	if (err)
		return err;
	u->nr_features = to.a ? MIN(room, ARRAY_SIZE(features)) : ARRAY_SIZE(features);
	for (u32 i = 0; to.a && i < u->nr_features; i++)
		if (copy_to_guest(gva_index(to, u32, i), policy_word(p, features[i]), sizeof(u32)))
			return -EFAULT;
	return to.a && room < ARRAY_SIZE(features) ? -ENOBUFS : 0;
}

long domctl_get_cpu_policy(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *u = &op->u.cpu_policy;

	return policy_put(policy_of(d), gva_of(u->leaves), &u->nr_leaves, gva_of(u->msrs),
			  &u->nr_msrs);
}

/* Tell which one is not right. */
static int policy_refuse(struct xen_domctl_cpu_policy *u, int err, u32 leaf, u32 sub, u32 msr)
{
	u->err_leaf = leaf;
	u->err_subleaf = sub;
	u->err_msr = msr;
	return err;
}

static int policy_get_leaves(struct cpu_policy *p, struct xen_domctl_cpu_policy *u)
{
	for (u32 i = 0; i < u->nr_leaves; i++) {
		xen_cpuid_leaf_t in;
		int slot;

		if (copy_from_guest(&in, gva_index(gva_of(u->leaves), in, i), sizeof(in)))
			return -EFAULT;
		slot = policy_slot(in.leaf, in.subleaf);
		if (slot < 0)
			return policy_refuse(u, -ERANGE, in.leaf, in.subleaf, ~0u);
		p->leaf[slot] = (struct cpuid){ in.a, in.b, in.c, in.d };
	}
	return 0;
}

static int policy_get_msrs(struct cpu_policy *p, struct xen_domctl_cpu_policy *u)
{
	for (u32 i = 0; i < u->nr_msrs; i++) {
		xen_msr_entry_t in;
		u32 slot = 0;

		if (copy_from_guest(&in, gva_index(gva_of(u->msrs), in, i), sizeof(in)))
			return -EFAULT;
		while (slot < CPU_POLICY_MSRS && msrs[slot] != in.idx)
			slot++;
		if (slot == CPU_POLICY_MSRS)
			return policy_refuse(u, -ERANGE, ~0u, ~0u, in.idx);
		if (in.flags || (in.idx == MSR_PLATFORM_INFO && in.val))
			return policy_refuse(u, -EINVAL, ~0u, ~0u, in.idx);
		p->msr[slot] = in.val;
	}
	return 0;
}

/* May the tools have it as they like? It grants nothing: names, models, the number of leaves. */
static bool policy_is_free(u32 at)
{
	u32 slot = at / 4, reg = at % 4;

	return !slot || at == AT(SLOT_7, 0) || ((slot == 1 || slot == SLOT_EXT + 1) && reg < 2) ||
	       (slot - SLOT_EXT <= 6 && slot != SLOT_EXT + 1);
}

/*
 * I6: more leaves than there are is an error; features that are not there are left out.
 * Leaves up to EXT_LAST are, with nothing in them: Xen has guests see them on any AMD.
 */
static int policy_limit(struct cpu_policy *p, struct xen_domctl_cpu_policy *u)
{
	struct cpu_policy *max = &policies[GUEST];
	const struct { u32 leaf, sub, last; u8 slot; } counts[] = {
		{ 0, NO_SUBLEAF, max->leaf[0].a, 0 }, { 7, 0, max->leaf[SLOT_7].a, SLOT_7 },
		{ 0x80000000, NO_SUBLEAF, EXT_LAST, SLOT_EXT },
	};

	for (u32 i = 0; i < ARRAY_SIZE(counts); i++)
		if (p->leaf[counts[i].slot].a > counts[i].last)
			return policy_refuse(u, -EINVAL, counts[i].leaf, counts[i].sub, ~0u);
	for (u32 at = 0; at < sizeof(*p) / sizeof(u32); at++)
		if (!policy_is_free(at))
			*policy_word(p, at) &= *policy_word(max, at);
	p->leaf[1].b &= 0x00ffffff;
	policy_finish(p);
	return 0;
}

/* A vcpu that asks meanwhile may see one leaf of the old policy and one of the new. */
long domctl_set_cpu_policy(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *u = &op->u.cpu_policy;
	struct cpu_policy *p;
	long err;

	if (u->nr_leaves > CPU_POLICY_LEAVES || u->nr_msrs > CPU_POLICY_MSRS)
		return -E2BIG;
	p = alloc_zeroed(sizeof(*p));
	if (!p)
		return -ENOMEM;
	spin_guard(&d->lock);
	*p = *policy_of(d);
	err = policy_get_leaves(p, u) ?: policy_get_msrs(p, u) ?: policy_limit(p, u);
	if (!err && !d->arch.cpu_policy) {
		__atomic_store_n(&d->arch.cpu_policy, p, __ATOMIC_RELEASE);
		return 0;
	}
	if (!err)
		*d->arch.cpu_policy = *p;
	free_zeroed(p, sizeof(*p));
	return err;
}

void cpu_policy_free(struct domain *d)
{
	free_zeroed(d->arch.cpu_policy, sizeof(struct cpu_policy));
	d->arch.cpu_policy = NULL;
}
