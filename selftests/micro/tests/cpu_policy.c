// SPDX-License-Identifier: GPL-2.0-only
/* The CPU policy of a domain, as the tools read and set it (domctl.h). */
#include "domain.h"

#define NO	XEN_CPUID_NO_SUBLEAF

static xen_cpuid_leaf_t leaves[130], wanted[130];
static xen_msr_entry_t msrs[4];

static domid_t create(void)
{
	micro_need(!micro_domctl_create(0, 1));
	return micro_domctl.domain;
}

static void destroy(domid_t dom)
{
	micro_domctl_clear();
	micro_report("destroy=%ld", micro_domctl_do(XEN_DOMCTL_destroydomain, dom));
}

static long policy_op(uint32_t cmd, domid_t dom, const xen_cpuid_leaf_t *from,
		      uint32_t nr_leaves, uint32_t nr_msrs)
{
	micro_domctl_clear();
	micro_domctl.u.cpu_policy.leaves.p = (void *)from;
	micro_domctl.u.cpu_policy.msrs.p = msrs;
	micro_domctl.u.cpu_policy.nr_leaves = nr_leaves;
	micro_domctl.u.cpu_policy.nr_msrs = nr_msrs;
	micro_domctl.u.cpu_policy.err_leaf = micro_domctl.u.cpu_policy.err_subleaf = 0x55;
	micro_domctl.u.cpu_policy.err_msr = 0x55;
	return micro_domctl_do(cmd, dom);
}

static long get(domid_t dom)
{
	return policy_op(XEN_DOMCTL_get_cpu_policy, dom, leaves, 130, 4);
}

static const xen_cpuid_leaf_t *find(uint32_t leaf, uint32_t sub)
{
	unsigned int i;

	for (i = 0; i < micro_domctl.u.cpu_policy.nr_leaves; i++)
		if (leaves[i].leaf == leaf && leaves[i].subleaf == sub)
			return &leaves[i];
	return NULL;
}

static void set_one(domid_t dom, uint32_t leaf, uint32_t sub, uint32_t a, uint32_t b,
		    uint32_t c, uint32_t d)
{
	xen_cpuid_leaf_t one = { leaf, sub, a, b, c, d };
	const xen_cpuid_leaf_t *now;
	long ret = policy_op(XEN_DOMCTL_set_cpu_policy, dom, &one, 1, 0);

	micro_report("set %x.%x=%ld error=%x %x %x", leaf, sub, ret,
		     micro_domctl.u.cpu_policy.err_leaf,
		     micro_domctl.u.cpu_policy.err_subleaf,
		     micro_domctl.u.cpu_policy.err_msr);
	micro_need(!get(dom));
	now = find(leaf, sub);
	if (now && (leaf != 0x80000000 || !ret))
		micro_report("now %x %x %x %x", now->a, now->b, now->c, now->d);
}

/* It comes back as it was set; as much as there is room for; never the caller's own. */
MICRO_TEST(domctl_policy)
{
	struct xen_domctl_cpu_policy *u = &micro_domctl.u.cpu_policy;
	domid_t dom = create();
	uint32_t nr, i;
	long ret;

	ret = policy_op(XEN_DOMCTL_get_cpu_policy, dom, NULL, 3, 1);
	micro_report("short_msrs=%ld msrs=%u", ret, u->nr_msrs);
	u->msrs.p = NULL;
	ret = micro_domctl_do(XEN_DOMCTL_get_cpu_policy, dom);
	micro_report("null=%ld leaves=%u msrs=%u", ret, u->nr_leaves, u->nr_msrs);
	ret = policy_op(XEN_DOMCTL_get_cpu_policy, dom, leaves, 3, 2);
	micro_report("short=%ld leaves=%u msrs=%u", ret, u->nr_leaves, u->nr_msrs);
	micro_report("nobody=%ld", get(77));
	micro_report("own=%ld", get(0));
	micro_report("other=%ld", get(dom));
	micro_report("msrs=%u %x %lx %x %lx", u->nr_msrs, msrs[0].idx, msrs[0].val,
		     msrs[1].idx, msrs[1].val);
	nr = u->nr_leaves;
	for (i = 0; i < 18; i++)
		micro_report("leaf%x.%x: %x %x %x %x", leaves[i].leaf, leaves[i].subleaf,
			     leaves[i].a, leaves[i].b, leaves[i].c, leaves[i].d);
	memcpy(wanted, leaves, sizeof(wanted));
	micro_report("set_own=%ld", policy_op(XEN_DOMCTL_set_cpu_policy, 0, wanted, nr, 2));
	micro_report("set=%ld", policy_op(XEN_DOMCTL_set_cpu_policy, dom, wanted, nr, 2));
	micro_report("set_nothing=%ld",
		     policy_op(XEN_DOMCTL_set_cpu_policy, dom, NULL, 0, 0));
	get(dom);
	micro_report("same=%d", u->nr_leaves == nr &&
		     !memcmp(leaves, wanted, nr * sizeof(*wanted)));
	destroy(dom);
}

/* What tools cannot mean is refused, with its name, and changes nothing. */
MICRO_TEST(domctl_policy_refused)
{
	static const struct { uint32_t leaf, sub, a; } bad[] = {
		{ 0xe, NO, 0 }, { 0, 0, 0xd }, { 7, NO, 0 }, { 7, 3, 0 }, { 0xd, 63, 0 },
		{ 0xb, 2, 0 }, { 4, 6, 0 }, { 0x40000001, NO, 0 }, { 0x80000022, NO, 0 },
		{ 0xc0000000, NO, 0 }, { ~0U, NO, 0 }, { 0, NO, 0xe }, { 7, 0, 5 },
		{ 0x80000000, NO, 0x80000022 },
	};
	static const struct { uint32_t idx, flags; uint64_t val; } bad_msrs[] = {
		{ 0xce, 0, 1 }, { 0xce, 0, 1UL << 31 }, { 0xce, 1, 0 }, { 0x10a, 1, 0 },
		{ 0x10b, 0, 0 },
	};
	domid_t dom = create();
	unsigned int i;
	long ret;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		set_one(dom, bad[i].leaf, bad[i].sub, bad[i].a, 0, 0, 0);
	for (i = 0; i < ARRAY_SIZE(bad_msrs); i++) {
		msrs[0] = (xen_msr_entry_t){ bad_msrs[i].idx, bad_msrs[i].flags,
					     bad_msrs[i].val };
		ret = policy_op(XEN_DOMCTL_set_cpu_policy, dom, NULL, 0, 1);
		micro_report("msr%x=%ld error=%x %x %x", bad_msrs[i].idx, ret,
			     micro_domctl.u.cpu_policy.err_leaf,
		     micro_domctl.u.cpu_policy.err_subleaf,
			     micro_domctl.u.cpu_policy.err_msr);
	}
	micro_report("too_many=%ld",
		     policy_op(XEN_DOMCTL_set_cpu_policy, dom, wanted, 121, 0));
	micro_report("too_many_msrs=%ld",
		     policy_op(XEN_DOMCTL_set_cpu_policy, dom, wanted, 0, 3));
	micro_report("pointer=%ld",
		     policy_op(XEN_DOMCTL_set_cpu_policy, dom, (void *)0x1000, 1, 0));
	destroy(dom);
}

/* Features that a PV guest cannot have are left out; names are free. */
MICRO_TEST(domctl_policy_limited)
{
	domid_t dom = create();

	set_one(dom, 1, NO, ~0U & ~0xf000f000, ~0U & ~0xf700, 0xf6d83223, 0x1fc9c3f5);
	set_one(dom, 1, NO, 0x60fb1, 0x20800, 0xf4d83203, 0x0fc9c3f5);
	set_one(dom, 1, NO, 0x60fb1, 0x20800, 0xf6d83203, 0x1fc9c3f5);
	set_one(dom, 5, NO, 1, 2, 3, 4);
	set_one(dom, 0xa, NO, 1, 2, 3, 4);
	set_one(dom, 0xd, 0, ~0U, ~0U, ~0U, ~0U);
	set_one(dom, 0xd, 1, ~0U, ~0U, ~0U, ~0U);
	set_one(dom, 0xd, 62, 1, 1, 0, 0);
	set_one(dom, 0x80000001, NO, 0x60fb1, 0, ~0U, ~0U);
	set_one(dom, 0x80000002, NO, 0x41414141, ~0U, ~0U, ~0U);
	set_one(dom, 0x80000005, NO, ~0U, ~0U, ~0U, ~0U);
	set_one(dom, 0x80000007, NO, ~0U, ~0U, ~0U, ~0U);
	set_one(dom, 0, NO, 4, 0x68747541, 0x444d4163, 0x69746e65);
	micro_report("leaf7=%d", find(7, 0) != NULL);
	msrs[0] = (xen_msr_entry_t){ 0x10a, 0, ~0UL };
	micro_report("arch_caps=%ld",
		     policy_op(XEN_DOMCTL_set_cpu_policy, dom, NULL, 0, 1));
	get(dom);
	micro_report("arch_caps=%lx", msrs[1].val);
	destroy(dom);
}
