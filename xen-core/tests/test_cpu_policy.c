// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU policies, on two made-up CPUs.
 *
 * Rules under test: what a PV guest may have is a part of what the CPU has; a policy
 * comes back as it was set, but never with more than that; what tools do not know
 * is refused with its name and changes nothing; a list that is too short is not
 * written beyond its end.
 *
 * Links: string.c softirq.c page_alloc.c frame.c
 * Links: arch/fake/fake.c arch/fake/fake_domain.c
 */
#include "test_util.h"
#include "fake.h"

#include <xen/domctl.h>

#include "cpu.h"

/* The CPU: answers that are not here are zero. */
static const xen_cpuid_leaf_t *cpu_leaves;
static u32 nr_cpu_leaves;

static struct cpuid fake_cpuid(u32 leaf, u32 sub)
{
	for (u32 i = 0; i < nr_cpu_leaves; i++) {
		const xen_cpuid_leaf_t *l = &cpu_leaves[i];

		if (l->leaf == leaf && (l->subleaf == sub || l->subleaf == XEN_CPUID_NO_SUBLEAF))
			return (struct cpuid){ l->a, l->b, l->c, l->d };
	}
	return (struct cpuid){ 0 };
}

#define cpuid(leaf, sub)	fake_cpuid(leaf, sub)
#define rdmsr_safe(msr, v)	({ *(v) = 0x2b; 0; })
#include "../arch/x86/cpu_policy.c"
#undef cpuid

struct cpu_features cpu_features;

#define NO XEN_CPUID_NO_SUBLEAF
static const xen_cpuid_leaf_t amd[] = {
	{ 0, NO, 0x10, 0x68747541, 0x444d4163, 0x69746e65 },
	{ 1, NO, 0x60fb1, 0x03020800, 0xfed8320b, 0x1fcbfbfd }, { 5, NO, 1, 2, 3, 4 },
	{ 7, 0, 0, 0x01c843a9, 0x8001021c, 0 },
	{ 0xb, 0, 0, 1, 0x100, 3 }, { 0xb, 1, 1, 2, 0x201, 3 },
	{ 0xd, 0, 0x21f, 0x340, 0xa88, 0 }, { 0xd, 1, 0x1f, 0x3c8, 0x800, 0 },
	{ 0xd, 2, 0x100, 0x240, 0, 0 }, { 0xd, 3, 0x40, 0x3c0, 0, 0 },
	{ 0xd, 9, 8, 0xa80, 0, 0 },
	{ 0x80000000, NO, 0x8000000a, 0x68747541, 0x444d4163, 0x69746e65 },
	{ 0x80000001, NO, 0x60fb1, 0, 0x77, 0xedd3fbfd },
	{ 0x80000002, NO, 0x554d4551, 1, 2, 3 }, { 0x80000006, NO, 0, 1, 2, 3 },
	{ 0x80000008, NO, 0x3928, 0x1000, 0x1001, 0 }, { 0x8000000a, NO, 1, 16, 0, 9 },
	{ 0x80000fff, NO, 1, 1, 1, 1 },
};
static const xen_cpuid_leaf_t intel[] = {
	{ 0, NO, 0x1f, 0x756e6547, 0x6c65746e, 0x49656e69 },
	{ 1, NO, 0x806e9, 0x03100800, ~0u, ~0u }, { 2, NO, 0x76036301, 0xf0b5ff, 0, 0xc30000 },
	{ 4, 0, 0x1c004121, 7, 63, 0 }, { 4, 1, 0x1c004122, 7, 63, 0 },
	{ 7, 0, 2, ~0u, ~0u, ~0u }, { 7, 1, ~0u, ~0u, ~0u, ~0u }, { 7, 2, ~0u, ~0u, ~0u, ~0u },
	{ 0x80000000, NO, 0x80000008, 0, 0, 0 }, { 0x80000001, NO, 0, 0, 0x121, 0x2c100800 },
	{ 0x80000008, NO, 0x3027, 0, 0, 0 },
};

/* All that the tools may pass pointers into. */
static struct {
	xen_cpuid_leaf_t leaf[130];
	xen_msr_entry_t msr[4];
	u32 word[32];
} guest;

static struct domain *d, *tools;

static void use_cpu(const xen_cpuid_leaf_t *leaves, u32 nr, u64 xcr0)
{
	cpu_leaves = leaves;
	nr_cpu_leaves = nr;
	cpu_features = (struct cpu_features){ .xsave = xcr0, .xcr0 = xcr0, .xsave_size = 0x340 };
	memset(policies, 0, sizeof(policies));
	cpu_policy_init();
}

static int setup(void **state)
{
	fake_machine_init(64, 1);
	page_alloc_add(MFN(1), MFN(64));
	fake_guest_window(&guest, sizeof(guest));
	memset(&guest, 0, sizeof(guest));
	list_init(&domain_list);
	tools = fake_domain_create(0, true, 1);
	d = fake_domain_create(7, false, 1);
	fake_set_current(tools->vcpu[0]);
	use_cpu(amd, ARRAY_SIZE(amd), 7);
	return 0;
}

static int teardown(void **state)
{
	cpu_policy_free(d);
	fake_domain_destroy(d);
	fake_domain_destroy(tools);
	fake_machine_end();
	return 0;
}

static struct xen_domctl op;
#define U	(op.u.cpu_policy)

static long get(u32 nr_leaves, u32 nr_msrs)
{
	memset(&op, 0, sizeof(op));
	U.leaves.p = guest.leaf;
	U.msrs.p = guest.msr;
	U.nr_leaves = nr_leaves;
	U.nr_msrs = nr_msrs;
	return domctl_get_cpu_policy(d, &op);
}

static long set(u32 nr_leaves, u32 nr_msrs)
{
	memset(&op, 0, sizeof(op));
	U.leaves.p = guest.leaf;
	U.msrs.p = guest.msr;
	U.nr_leaves = nr_leaves;
	U.nr_msrs = nr_msrs;
	U.err_leaf = U.err_subleaf = U.err_msr = 0x55;
	return domctl_set_cpu_policy(d, &op);
}

static long set_one(u32 leaf, u32 sub, u32 a, u32 b, u32 c, u32 d)
{
	guest.leaf[0] = (xen_cpuid_leaf_t){ leaf, sub, a, b, c, d };
	return set(1, 0);
}

static void assert_leaf(u32 leaf, u32 sub, u32 a, u32 b, u32 c, u32 want_d)
{
	struct cpuid l = cpu_policy_find(d, leaf, sub);

	assert_int_equal(l.a, a);
	assert_int_equal(l.b, b);
	assert_int_equal(l.c, c);
	assert_int_equal(l.d, want_d);
}

static void assert_within(const struct cpu_policy *small, const struct cpu_policy *large)
{
	for (u32 i = 0; i < ARRAY_SIZE(features); i++) {
		u32 beyond = *policy_word((struct cpu_policy *)small, features[i]) &
			     ~*policy_word((struct cpu_policy *)large, features[i]);

		assert_int_equal(i == 1 ? beyond & ~BIT(31) : beyond, 0);
	}
}

static void test_machine(void **state)
{
	u32 hw[8];

	assert_within(&policies[HOST], &policies[RAW]);
	assert_within(&policies[PV], &policies[HOST]);
	assert_int_equal(policies[RAW].leaf[0].a, 0x10);
	cpu_policy_host_features(hw, 8);
	assert_int_equal(hw[2], 0xec500800);
	assert_leaf(0, 0, 0xd, 0x68747541, 0x444d4163, 0x69746e65);
	/* No vcpu's number, no OSXSAVE; the hypervisor's bit. */
	assert_leaf(1, 5, 0x60fb1, 0x00020800, 0xf6d83203, 0x1fc9c3f5);
	assert_leaf(5, 0, 0, 0, 0, 0);
	assert_leaf(7, 0, 0, 0x01880329, 0x200, 0);
	assert_leaf(7, 3, 0, 0, 0, 0);
	assert_leaf(0xd, 0, 7, 0, 0x340, 0);
	assert_leaf(0xd, 1, 5, 0, 0, 0);
	assert_leaf(0xd, 2, 0x100, 0x240, 0, 0);
	assert_leaf(0xd, 9, 0, 0, 0, 0);
	assert_leaf(0xd, ~0u, 0, 0, 0, 0);
	assert_leaf(0x80000001, 0, 0x60fb1, 0, 0x63, 0xe9d1cbf5);
	assert_leaf(0x80000008, 0, 0x3028, 0, 0, 0);
	assert_leaf(0x8000000a, 0, 0, 0, 0, 0);
	assert_leaf(0x80000fff, 0, 0, 0, 0, 0);
	assert_leaf(0xffffffff, 0, 0, 0, 0, 0);
}

/* Another CPU, without XSAVE: neither AVX nor any state. */
static void test_other_machine(void **state)
{
	use_cpu(intel, ARRAY_SIZE(intel), 0);
	assert_within(&policies[PV], &policies[HOST]);
	assert_int_equal(policies[HOST].msr[1], 0x2b);
	assert_int_equal(policies[PV].msr[1], 0);
	assert_int_equal(policies[PV].leaf[1].c & (BIT(26) | BIT(28) | BIT(12)), 0);
	assert_int_equal(policies[PV].leaf[SLOT_7].b & AVX512_1, 0);
	assert_int_equal(policies[PV].leaf[SLOT_7].a, 1);
	assert_leaf(4, 1, 0x1c004122, 7, 63, 0);
	assert_leaf(0x80000001, 0, 0, 0, 0x121, 0x28100800);
	assert_int_equal(get(120, 2), 0);
	/* 0 to d with three leaves 4 and two each of 7 and d; two of the core's; nine. */
	assert_int_equal(U.nr_leaves, 18 + 2 + 9);
	assert_int_equal(guest.leaf[6].leaf, 4);
	assert_int_equal(guest.leaf[6].subleaf, 2);
}

static void test_room(void **state)
{
	xen_cpuid_leaf_t empty = { 0 };

	assert_int_equal(get(120, 2), 0);
	assert_int_equal(U.nr_leaves, 29);
	assert_int_equal(U.nr_msrs, 2);
	for (u32 room = 0; room < 29; room++) {
		memset(&guest, 0, sizeof(guest));
		assert_int_equal(get(room, 2), -ENOBUFS);
		assert_int_equal(U.nr_leaves, room);
		assert_memory_equal(&guest.leaf[room], &empty, sizeof(empty));
		assert_int_equal(guest.msr[0].idx, 0);
	}
	assert_int_equal(get(29, 1), -ENOBUFS);
	assert_int_equal(U.nr_msrs, 1);
	assert_int_equal(guest.msr[1].idx, 0);
	memset(&op, 0, sizeof(op));
	assert_int_equal(domctl_get_cpu_policy(d, &op), 0);
	assert_int_equal(U.nr_leaves, 120);
	assert_int_equal(U.nr_msrs, 2);
}

static void test_same_again(void **state)
{
	static xen_cpuid_leaf_t before[130];
	u32 nr;

	assert_int_equal(get(130, 2), 0);
	nr = U.nr_leaves;
	memcpy(before, guest.leaf, sizeof(before));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(set(nr, 2), 0);
		assert_int_equal(get(130, 2), 0);
		assert_int_equal(U.nr_leaves, nr);
		assert_memory_equal(guest.leaf, before, nr * sizeof(*before));
	}
	/* Other domains' are as they were. */
	assert_non_null(d->arch.cpu_policy);
	assert_null(tools->arch.cpu_policy);
}

static void test_refused(void **state)
{
	static const struct { u32 leaf, sub, a; int err; } bad[] = {
		{ 0xe, NO, 0, -ERANGE }, { 0, 0, 0, -ERANGE }, { 7, NO, 0, -ERANGE },
		{ 7, 3, 0, -ERANGE }, { 0xd, 63, 0, -ERANGE }, { 0xb, 2, 0, -ERANGE },
		{ 4, 6, 0, -ERANGE }, { 0x40000001, NO, 0, -ERANGE },
		{ 0x80000022, NO, 0, -ERANGE }, { 0xc0000000, NO, 0, -ERANGE },
		{ ~0u, ~0u, 0, -ERANGE }, { 0, NO, 0xe, -EINVAL }, { 7, 0, 1, -EINVAL },
		{ 0x80000000, NO, 0x80000022, -EINVAL },
	};

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(set_one(bad[i].leaf, bad[i].sub, bad[i].a, 0, 0, 0), bad[i].err);
		assert_int_equal(U.err_leaf, bad[i].leaf);
		assert_int_equal(U.err_subleaf, bad[i].sub);
		assert_int_equal(U.err_msr, ~0u);
		assert_null(d->arch.cpu_policy);
	}
	assert_int_equal(set(121, 0), -E2BIG);
	assert_int_equal(set(0, 3), -E2BIG);
	U.nr_leaves = 1;
	U.nr_msrs = 0;
	U.leaves.p = (void *)8;
	assert_int_equal(domctl_set_cpu_policy(d, &op), -EFAULT);
	assert_int_equal(U.err_leaf, 0x55);
}

static long set_msr(u32 idx, u32 flags, u64 val)
{
	guest.msr[0] = (xen_msr_entry_t){ idx, flags, val };
	return set(0, 1);
}

static void test_msrs(void **state)
{
	assert_int_equal(set_msr(0xce, 0, 0), 0);
	assert_int_equal(set_msr(0xce, 0, BIT(31)), -EINVAL);
	assert_int_equal(U.err_msr, 0xce);
	assert_int_equal(U.err_leaf, ~0u);
	assert_int_equal(set_msr(0x10a, 1, 0), -EINVAL);
	assert_int_equal(set_msr(0x10b, 0, 0), -ERANGE);
	assert_int_equal(U.err_msr, 0x10b);
	assert_int_equal(set_msr(0x10a, 0, ~0ull), 0);
	assert_int_equal(d->arch.cpu_policy->msr[1], 0);
}

/* What is not there is left out; what only names things is as the tools want it. */
static void test_limited(void **state)
{
	assert_int_equal(set_one(1, NO, ~0u, ~0u, ~0u, ~0u), 0);
	assert_leaf(1, 0, ~0u, 0x00ffffff, 0xf6d83203, 0x1fc9c3f5);
	assert_int_equal(set_one(1, NO, 1, 0, 0xf6d83203 & ~BIT(28), 0x1fc9c3f5 & ~BIT(4)), 0);
	assert_leaf(1, 0, 1, 0, 0xe6d83203, 0x1fc9c3e5);
	assert_leaf(0x80000001, 0, 0x60fb1, 0, 0x63, 0xe9d1cbe5);
	assert_int_equal(set_one(0x80000001, NO, 2, 3, ~0u, ~0u & ~BIT(11)), 0);
	assert_leaf(0x80000001, 0, 2, 3, 0x63, 0xe9d1c3e5);
	assert_int_equal(set_one(0x80000002, NO, 1, ~0u, 3, 4), 0);
	assert_leaf(0x80000002, 0, 1, ~0u, 3, 4);
	assert_int_equal(set_one(0x40000000, NO, 0x40000005, 1, 2, 3), 0);
	assert_leaf(0x40000000, 0, 0, 0, 0, 0);
	assert_int_equal(set_one(0xd, 0, ~0u, ~0u, ~0u, ~0u), 0);
	assert_leaf(0xd, 0, 7, 0, 0x340, 0);
	/* Fewer leaves: what is beyond is gone, and there again with more. */
	assert_int_equal(set_one(0, NO, 4, 0, 0, 0), 0);
	assert_leaf(7, 0, 0, 0, 0, 0);
	assert_int_equal(get(120, 2), 0);
	assert_int_equal(U.nr_leaves, 5 + 2 + 11);
	assert_int_equal(set_one(0, NO, 0xd, 0, 0, 0), 0);
	assert_leaf(7, 0, 0, 0x01880329, 0x200, 0);
}

/* Whatever is set, nobody gets more than there is. */
static void test_any_list(void **state)
{
	u64 seed = 1;

	for (int round = 0; round < 20000; round++) {
		u32 nr = 1 + round % 3;

		for (u32 i = 0; i < nr * 6; i++)
			((u32 *)guest.leaf)[i] = test_random(&seed) | test_random(&seed);
		for (u32 i = 0; i < nr; i++) {
			const struct range *r = &ranges[guest.leaf[i].b % ARRAY_SIZE(ranges)];

			guest.leaf[i].leaf = r->first + guest.leaf[i].c % (r->count + 1);
			guest.leaf[i].subleaf = r->subs ? guest.leaf[i].d % (r->subs + 1u) : NO;
		}
		set(nr, 0);
		assert_within(policy_of(d), &policies[GUEST]);
		assert_true(policy_of(d)->leaf[0].a <= 0xd);
		assert_int_equal(get(120, 2), 0);
		assert_true(U.nr_leaves <= 120);
	}
}

static void test_featureset(void **state)
{
	struct xen_sysctl ctl = { 0 };
	struct xen_sysctl_cpu_featureset *u = &ctl.u.cpu_featureset;

	u->index = XEN_SYSCTL_cpu_featureset_pv;
	u->features.p = guest.word;
	u->nr_features = 32;
	assert_int_equal(sysctl_get_cpu_featureset(&ctl), 0);
	assert_int_equal(u->nr_features, 19);
	assert_int_equal(guest.word[2], 0xe8500800);
	assert_int_equal(guest.word[5], 0x01880329);
	u->nr_features = 2;
	guest.word[2] = 9;
	assert_int_equal(sysctl_get_cpu_featureset(&ctl), -ENOBUFS);
	assert_int_equal(guest.word[2], 9);
	u->index = XEN_SYSCTL_cpu_featureset_hvm;
	assert_int_equal(sysctl_get_cpu_featureset(&ctl), -EOPNOTSUPP);
	u->index = 6;
	assert_int_equal(sysctl_get_cpu_featureset(&ctl), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_machine, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_machine, setup, teardown),
		cmocka_unit_test_setup_teardown(test_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_msrs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limited, setup, teardown),
		cmocka_unit_test_setup_teardown(test_any_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_featureset, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
