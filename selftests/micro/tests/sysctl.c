// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysctl: what the tools ask about the machine (sysctl.h). Cores differ in what
 * they offer to know, so mostly shapes, errors and what must hold of the answers.
 */
#include "micro.h"

#include <xen/sysctl.h>

static struct xen_sysctl op;
static union {
	char text[4096];
	uint8_t byte[4096];
	uint32_t word[1024];
	uint64_t quad[512];
	xen_sysctl_cputopo_t topo[4];
	xen_sysctl_meminfo_t memory;
	xen_domctl_getdomaininfo_t domain[4];
	xen_cpuid_leaf_t leaf[130];
} out;

#define FILLED	0x5a5a5a5aU

static long sysctl(uint32_t cmd)
{
	op.cmd = cmd;
	op.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	memset(&out, 0x5a, sizeof(out));
	return hypercall1(__HYPERVISOR_sysctl, &op);
}

/* With all arguments zero. */
static long sysctl_empty(uint32_t cmd)
{
	memset(&op.u, 0, sizeof(op.u));
	return sysctl(cmd);
}

/* The version is looked at first; what does not exist answers -ENOSYS. */
MICRO_TEST(sysctl_versions)
{
	static const uint32_t versions[] = { 0, 0x14, 0x16, ~0U };
	static const uint32_t unknown[] = { 0, 5, 13, 15, 24, 28, 30, 1000, ~0U };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		op.interface_version = versions[i];
		op.cmd = XEN_SYSCTL_sched_id;
		micro_report("version%x=%ld", versions[i],
			     hypercall1(__HYPERVISOR_sysctl, &op));
		op.cmd = ~0U;
		micro_report("version%x unknown=%ld", versions[i],
			     hypercall1(__HYPERVISOR_sysctl, &op));
	}
	for (i = 0; i < ARRAY_SIZE(unknown); i++)
		micro_report("cmd%x=%ld", unknown[i], sysctl_empty(unknown[i]));
	micro_report("pointer=%ld", hypercall1(__HYPERVISOR_sysctl, 0x1000));
	micro_report("hypervisor=%ld",
		     hypercall1(__HYPERVISOR_sysctl, 0xffff830000000000));
}

/* Without buffers, every operation that is there answers something sensible. */
MICRO_TEST(sysctl_no_arguments)
{
	static const uint32_t cmds[] = {
		XEN_SYSCTL_readconsole, XEN_SYSCTL_physinfo, XEN_SYSCTL_sched_id,
		XEN_SYSCTL_getdomaininfolist, XEN_SYSCTL_debug_keys,
		XEN_SYSCTL_getcpuinfo, XEN_SYSCTL_availheap, XEN_SYSCTL_get_pmstat,
		XEN_SYSCTL_pm_op, XEN_SYSCTL_cputopoinfo, XEN_SYSCTL_numainfo,
		XEN_SYSCTL_cpupool_op, XEN_SYSCTL_scheduler_op,
		XEN_SYSCTL_pcitopoinfo, XEN_SYSCTL_get_cpu_levelling_caps,
		XEN_SYSCTL_get_cpu_featureset, XEN_SYSCTL_get_cpu_policy,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++)
		micro_report("cmd%u=%ld", cmds[i], sysctl_empty(cmds[i]));
}

/* physinfo: the numbers fit each other and the machine. */
MICRO_TEST(sysctl_physinfo)
{
	const struct xen_sysctl_physinfo *p = &op.u.physinfo;

	memset(&op.u, 0xff, sizeof(op.u));
	micro_report("physinfo=%ld", sysctl(XEN_SYSCTL_physinfo));
	micro_report("threads=%u cores=%u cpus=%u max_cpu=%u nodes=%u",
		     p->threads_per_core, p->cores_per_socket, p->nr_cpus,
		     p->max_cpu_id, p->nr_nodes);
	micro_report("total=%lx scrub=%lx outstanding=%lx max_mfn=%lx",
		     p->total_pages, p->scrub_pages, p->outstanding_pages,
		     p->max_mfn);
	micro_report("pv=%d gnttab_v1=%d arch=%x pad=%x",
		     !!(p->capabilities & XEN_SYSCTL_PHYSCAP_pv),
		     !!(p->capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v1),
		     p->arch_capabilities, p->pad);
	micro_report("hw_cap1=%x hw_cap2=%x hw_cap3=%x", p->hw_cap[1], p->hw_cap[2],
		     p->hw_cap[3]);
	micro_info("khz=%u free=%lx caps=%x", p->cpu_khz, p->free_pages,
		   p->capabilities);
	micro_check(p->cpu_khz > 100000);
	micro_check(p->free_pages && p->free_pages < p->total_pages);
	micro_check(p->max_node_id >= p->nr_nodes - 1);
}

static uint64_t avail(uint32_t min, uint32_t max, int32_t node)
{
	long ret;

	op.u.availheap.min_bitwidth = min;
	op.u.availheap.max_bitwidth = max;
	op.u.availheap.node = node;
	ret = sysctl(XEN_SYSCTL_availheap);
	if (ret)
		micro_fail("availheap=%ld", ret);
	return op.u.availheap.avail_bytes;
}

/* availheap: ranges of addresses, and nodes. */
MICRO_TEST(sysctl_availheap)
{
	uint64_t all = avail(0, 0, -1);

	micro_report("node0_all=%d", avail(0, 0, 0) == all);
	micro_report("node1=%lx node64=%lx node-2=%lx", avail(0, 0, 1),
		     avail(0, 0, 64), avail(0, 0, -2));
	micro_report("below_32=%lx above_60=%lx", avail(0, 5, -1),
		     avail(60, 0, -1));
	micro_report("split=%d", avail(0, 27, -1) + avail(28, 0, -1) == all);
	micro_report("some_below_28=%d", avail(0, 28, -1) < all);
	micro_check(all && !(all & (PAGE_SIZE - 1)));
}

static uint64_t idle_time(void)
{
	return out.quad[0] + out.quad[1];
}

/* getcpuinfo: as many as there are and asked for; idle time goes on. */
MICRO_TEST(sysctl_getcpuinfo)
{
	struct xen_sysctl_getcpuinfo *u = &op.u.getcpuinfo;
	unsigned int n;
	uint64_t before, end;
	long ret;

	for (n = 0; n < 5; n++) {
		u->max_cpus = n;
		u->info.p = (void *)&out;
		ret = sysctl(XEN_SYSCTL_getcpuinfo);
		micro_report("max=%u ret=%ld nr=%u after=%d", n, ret, u->nr_cpus,
			     out.word[2 * u->nr_cpus] == FILLED);
	}
	/* One of them is idle, whenever the emulator lets it be; which one may change. */
	before = idle_time();
	end = micro_time_now() + 10000000000UL;
	do
		ret = sysctl(XEN_SYSCTL_getcpuinfo);
	while (!ret && idle_time() == before && micro_time_now() < end);
	micro_report("other_idle=%d", idle_time() > before);
	u->info.p = NULL;
	micro_report("null=%ld", sysctl(XEN_SYSCTL_getcpuinfo));
	u->info.p = (void *)0xffff830000000000;
	micro_report("hypervisor=%ld", sysctl(XEN_SYSCTL_getcpuinfo));
}

/* cputopoinfo: two cores of one socket. */
MICRO_TEST(sysctl_cputopoinfo)
{
	struct xen_sysctl_cputopoinfo *u = &op.u.cputopoinfo;
	unsigned int n, i;
	long ret;

	for (n = 0; n < 4; n++) {
		u->num_cpus = n;
		u->cputopo.p = (void *)&out;
		ret = sysctl(XEN_SYSCTL_cputopoinfo);
		micro_report("max=%u ret=%ld nr=%u", n, ret, u->num_cpus);
		for (i = 0; i < u->num_cpus; i++)
			micro_report("cpu%u core=%u socket=%u node=%u", i,
				     out.topo[i].core, out.topo[i].socket,
				     out.topo[i].node);
		micro_check(out.topo[i].core == FILLED);
	}
	u->num_cpus = 99;
	u->cputopo.p = NULL;
	ret = sysctl(XEN_SYSCTL_cputopoinfo);
	micro_report("null=%ld nr=%u", ret, u->num_cpus);
	u->num_cpus = 99;
	u->cputopo.p = (void *)0x1000;
	ret = sysctl(XEN_SYSCTL_cputopoinfo);
	micro_report("pointer=%ld nr=%u", ret, u->num_cpus);
}

/* numainfo: one node, as far away as a node is from itself. */
MICRO_TEST(sysctl_numainfo)
{
	struct xen_sysctl_numainfo *u = &op.u.numainfo;
	unsigned int n;
	long ret;

	for (n = 0; n < 3; n++) {
		u->num_nodes = n;
		u->meminfo.p = (void *)&out;
		u->distance.p = (void *)(out.byte + 64);
		ret = sysctl(XEN_SYSCTL_numainfo);
		micro_report("max=%u ret=%ld nr=%u distance=%x", n, ret, u->num_nodes,
			     out.word[16]);
		micro_report("size=%lx", n ? out.memory.memsize : 0);
		micro_check(!n || out.memory.memfree < out.memory.memsize);
		micro_check(out.word[4] == FILLED && out.word[17] == FILLED);
	}
	u->num_nodes = 9;
	u->distance.p = NULL;
	ret = sysctl(XEN_SYSCTL_numainfo);
	micro_report("memory_only=%ld nr=%u", ret, u->num_nodes);
	u->num_nodes = 9;
	u->meminfo.p = NULL;
	ret = sysctl(XEN_SYSCTL_numainfo);
	micro_report("null=%ld nr=%u", ret, u->num_nodes);
	u->meminfo.p = (void *)0x1000;
	micro_report("pointer=%ld", sysctl(XEN_SYSCTL_numainfo));
}

/* pcitopoinfo: of devices that nobody announced. */
MICRO_TEST(sysctl_pcitopoinfo)
{
	struct xen_sysctl_pcitopoinfo *u = &op.u.pcitopoinfo;
	static physdev_pci_device_t devices[2] = { { .seg = 77 }, { .bus = 200 } };
	long ret;

	memset(&op.u, 0, sizeof(op.u));
	u->devs.p = devices;
	u->nodes.p = out.word;
	ret = sysctl(XEN_SYSCTL_pcitopoinfo);
	micro_report("none=%ld nr=%u", ret, u->num_devs);
	u->num_devs = 2;
	ret = sysctl(XEN_SYSCTL_pcitopoinfo);
	micro_report("two=%ld nr=%u nodes=%x %x", ret, u->num_devs, out.word[0],
		     out.word[1]);
	u->nodes.p = (void *)0x1000;
	micro_report("pointer=%ld", sysctl(XEN_SYSCTL_pcitopoinfo));
	u->devs.p = (void *)0x1000;
	u->nodes.p = out.word;
	micro_report("devices=%ld", sysctl(XEN_SYSCTL_pcitopoinfo));
}

/* getdomaininfolist: this domain alone, by any way of asking. */
MICRO_TEST(sysctl_getdomaininfolist)
{
	struct xen_sysctl_getdomaininfolist *u = &op.u.getdomaininfolist;
	unsigned int n;
	long ret;

	for (n = 0; n < 4; n++) {
		u->first_domain = n == 3;
		u->max_domains = n;
		u->buffer.p = out.domain;
		u->num_domains = 55;
		ret = sysctl(XEN_SYSCTL_getdomaininfolist);
		micro_report("max=%u ret=%ld nr=%u", n, ret, u->num_domains);
		if (u->num_domains)
			micro_report("id=%u max_vcpu=%u", out.domain[0].domain,
				     out.domain[0].max_vcpu_id);
		micro_check(*(uint32_t *)&out.domain[u->num_domains] == FILLED);
	}
	u->first_domain = 0;
	u->buffer.p = (void *)0x1000;
	ret = sysctl(XEN_SYSCTL_getdomaininfolist);
	micro_report("pointer=%ld nr=%u", ret, u->num_domains);
}

static void read_report(const char *what)
{
	struct xen_sysctl_readconsole *u = &op.u.readconsole;
	uint32_t count = u->count, index = u->index;
	long ret;

	u->buffer.p = out.text;
	ret = sysctl(XEN_SYSCTL_readconsole);
	micro_report("%s=%ld count=%u moved=%d", what, ret, u->count,
		     u->count == count && u->index == index + count);
	micro_check(out.text[u->count] == 0x5a);
}

/* readconsole: from the start, from an index, from one that never was, and clear. */
MICRO_TEST(sysctl_readconsole)
{
	struct xen_sysctl_readconsole *u = &op.u.readconsole;
	uint32_t start;
	char first;
	long ret;

	memset(&op.u, 0, sizeof(op.u));
	u->count = 100;
	u->buffer.p = out.text;
	ret = sysctl(XEN_SYSCTL_readconsole);
	start = u->index;
	first = out.text[0];
	micro_report("start=%ld count=%u", ret, u->count);
	u->incremental = 1;
	read_report("next");
	u->index = start - 100;
	read_report("again");
	micro_check(out.text[0] == first);
	u->index = 0x7fffffff;
	read_report("nowhere");
	micro_check(out.text[0] == first);
	u->count = 0;
	read_report("nothing");
	u->count = 10;
	u->incremental = 0;
	u->clear = 1;
	ret = sysctl(XEN_SYSCTL_readconsole);
	micro_report("clear=%ld count=%u", ret, u->count);
	start = u->index;
	u->clear = 0;
	u->index = 0;
	read_report("cleared");
	micro_report("what_was_read=%d", u->index == start + 10);
	u->buffer.p = (void *)0x1000;
	u->count = ~0U;
	ret = sysctl(XEN_SYSCTL_readconsole);
	micro_report("pointer=%ld count=%x", ret, u->count);
}

/* debug_keys: keys that nobody has, and bad pointers. */
MICRO_TEST(sysctl_debug_keys)
{
	struct xen_sysctl_debug_keys *u = &op.u.debug_keys;

	u->keys.p = "@\1\377";
	u->nr_keys = 3;
	micro_report("unused=%ld", sysctl(XEN_SYSCTL_debug_keys));
	u->keys.p = "";
	u->nr_keys = 0;
	micro_report("none=%ld", sysctl(XEN_SYSCTL_debug_keys));
	u->keys.p = (void *)0x1000;
	micro_report("none pointer=%ld", sysctl(XEN_SYSCTL_debug_keys));
	u->nr_keys = 1;
	micro_report("pointer=%ld", sysctl(XEN_SYSCTL_debug_keys));
	u->keys.p = (void *)0xffff830000000000;
	u->nr_keys = ~0U;
	micro_report("hypervisor=%ld", sysctl(XEN_SYSCTL_debug_keys));
}

/* Scheduler: credit2, its rate limit has bounds and can be off. */
MICRO_TEST(sysctl_scheduler)
{
	static const uint32_t limits[] = { 0, 1, 99, 100, 500000, 500001, 1000 };
	struct xen_sysctl_scheduler_op *u = &op.u.scheduler_op;
	uint32_t *limit = &u->u.sched_credit2.ratelimit_us;
	unsigned int i, pool;
	long ret;

	micro_report("sched_id=%ld", sysctl_empty(XEN_SYSCTL_sched_id));
	micro_report("id=%u", op.u.sched_id.sched_id);
	memset(&op.u, 0, sizeof(op.u));
	u->cmd = XEN_SYSCTL_SCHEDOP_getinfo;
	u->sched_id = XEN_SCHEDULER_CREDIT2;
	ret = sysctl(XEN_SYSCTL_scheduler_op);
	micro_report("get=%ld limit=%u", ret, *limit);
	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		*limit = limits[i];
		u->cmd = XEN_SYSCTL_SCHEDOP_putinfo;
		ret = sysctl(XEN_SYSCTL_scheduler_op);
		*limit = 7;
		u->cmd = XEN_SYSCTL_SCHEDOP_getinfo;
		sysctl(XEN_SYSCTL_scheduler_op);
		micro_report("put %u=%ld now=%u", limits[i], ret, *limit);
	}
	for (pool = 0; pool < 2; pool++)
		for (i = 0; i < 3; i++) {
			u->cpupool_id = -pool;
			u->cmd = i;
			u->sched_id = XEN_SCHEDULER_CREDIT;
			ret = sysctl(XEN_SYSCTL_scheduler_op);
			u->sched_id = XEN_SCHEDULER_CREDIT2;
			micro_report("pool%x cmd%u credit=%ld credit2=%ld", -pool, i,
				     ret, sysctl(XEN_SYSCTL_scheduler_op));
		}
}

/* cpupool_op: the first pool has all CPUs; a bitmap is filled as far as it goes. */
MICRO_TEST(sysctl_cpupools)
{
	struct xen_sysctl_cpupool_op *u = &op.u.cpupool_op;
	static const uint32_t sizes[] = { 0, 4, 8, 12, 16, 64, 100 };
	static const uint32_t ids[] = { 1, 2, ~0U };
	unsigned int i;
	long ret;

	memset(&op.u, 0, sizeof(op.u));
	u->cpumap.bitmap.p = out.byte;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u->op = XEN_SYSCTL_CPUPOOL_OP_INFO;
		u->cpumap.nr_bits = sizes[i];
		ret = sysctl(XEN_SYSCTL_cpupool_op);
		micro_report("bits=%u ret=%ld sched=%u map=%x %x %x %x", sizes[i], ret,
			     u->sched_id, out.word[0], out.word[1], out.word[2],
			     out.word[3]);
		u->op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO;
		ret = sysctl(XEN_SYSCTL_cpupool_op);
		micro_report("bits=%u free=%ld map=%x %x", sizes[i], ret, out.word[0],
			     out.word[1]);
	}
	micro_check(u->n_dom >= 1);
	u->op = XEN_SYSCTL_CPUPOOL_OP_INFO;
	u->cpumap.bitmap.p = (void *)0x1000;
	micro_report("pointer=%ld", sysctl(XEN_SYSCTL_cpupool_op));
	u->cpumap.bitmap.p = out.byte;
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		u->op = XEN_SYSCTL_CPUPOOL_OP_INFO;
		u->cpupool_id = ids[i];
		ret = sysctl(XEN_SYSCTL_cpupool_op);
		micro_report("pool%x info=%ld id=%x", ids[i], ret, u->cpupool_id);
	}
	u->op = XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN;
	u->domid = 99;
	micro_report("move=%ld", sysctl(XEN_SYSCTL_cpupool_op));
	u->op = 8;
	micro_report("op8=%ld", sysctl(XEN_SYSCTL_cpupool_op));
}

/* Power management: no frequencies are known, and CPUs that are not there. */
MICRO_TEST(sysctl_power)
{
	static const uint32_t types[] = { 0, PMSTAT_get_max_px, PMSTAT_get_pxstat,
					  PMSTAT_reset_pxstat, 0x31 };
	static const uint32_t cmds[] = { 0, GET_CPUFREQ_PARA, SET_CPUFREQ_GOV,
					 SET_CPUFREQ_PARA, GET_CPUFREQ_AVGFREQ, 0x28 };
	static const uint32_t cpus[] = { 0, 1, 2, ~0U };
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		for (k = 0; k < ARRAY_SIZE(cpus); k++) {
			memset(&op.u, 0, sizeof(op.u));
			op.u.get_pmstat.type = types[i];
			op.u.get_pmstat.cpuid = cpus[k];
			micro_report("pmstat%x cpu%x=%ld", types[i], cpus[k],
				     sysctl(XEN_SYSCTL_get_pmstat));
		}
	for (i = 0; i < ARRAY_SIZE(cmds); i++)
		for (k = 0; k < ARRAY_SIZE(cpus); k++) {
			memset(&op.u, 0, sizeof(op.u));
			op.u.pm_op.cmd = cmds[i];
			op.u.pm_op.cpuid = cpus[k];
			micro_report("pm_op%x cpu%x=%ld", cmds[i], cpus[k],
				     sysctl(XEN_SYSCTL_pm_op));
		}
}

/* Featuresets: their length, too little room, and each within the one it is made of. */
MICRO_TEST(sysctl_featureset)
{
	struct xen_sysctl_cpu_featureset *u = &op.u.cpu_featureset;
	static const uint32_t index[] = { XEN_SYSCTL_cpu_featureset_raw,
					  XEN_SYSCTL_cpu_featureset_pv };
	uint32_t host[2];
	unsigned int i;
	long ret;

	u->index = XEN_SYSCTL_cpu_featureset_host;
	u->nr_features = 32;
	u->features.p = out.word;
	ret = sysctl(XEN_SYSCTL_get_cpu_featureset);
	memcpy(host, out.word, sizeof(host));
	micro_report("host=%ld nr=%u after=%d", ret, u->nr_features,
		     out.word[u->nr_features] == FILLED);
	for (i = 0; i < ARRAY_SIZE(index); i++) {
		u->index = index[i];
		u->nr_features = 3;
		ret = sysctl(XEN_SYSCTL_get_cpu_featureset);
		micro_report("short%u=%ld nr=%u after=%x", index[i], ret,
			     u->nr_features, out.word[3]);
		u->nr_features = 19;
		ret = sysctl(XEN_SYSCTL_get_cpu_featureset);
		micro_report("whole%u=%ld nr=%u lm=%u", index[i], ret,
			     u->nr_features, out.word[2] >> 29 & 1);
		micro_check(i || !(host[0] & ~out.word[0]));
		micro_check(!i || !((out.word[0] & ~host[0]) |
				    (out.word[1] & ~host[1] & ~(1U << 31))));
	}
	/* What a guest may have by default. */
	for (i = 0; i < 4; i++)
		micro_report("pv%u=%x", i, out.word[i]);
	for (u->index = 6; u->index < 9; u->index++)
		micro_report("index%u=%ld", u->index,
			     sysctl(XEN_SYSCTL_get_cpu_featureset));
	u->features.p = (void *)0x1000;
	u->index = XEN_SYSCTL_cpu_featureset_raw;
	micro_report("pointer=%ld", sysctl(XEN_SYSCTL_get_cpu_featureset));
	u->features.p = NULL;
	u->nr_features = 0;
	u->index = 99;
	ret = sysctl(XEN_SYSCTL_get_cpu_featureset);
	micro_report("null=%ld nr=%u", ret, u->nr_features);
}

static xen_msr_entry_t msrs[4];

static void policy_report(const char *what, uint32_t index, uint32_t nr_leaves,
			  uint32_t nr_msrs)
{
	struct xen_sysctl_cpu_policy *u = &op.u.cpu_policy;
	bool enough;
	long ret;

	memset(&op.u, 0, sizeof(op.u));
	u->index = index;
	u->leaves.p = out.leaf;
	u->msrs.p = msrs;
	u->nr_leaves = nr_leaves;
	u->nr_msrs = nr_msrs;
	ret = sysctl(XEN_SYSCTL_get_cpu_policy);
	enough = u->nr_leaves > 26 && u->nr_leaves < nr_leaves;
	micro_report("%s%u=%ld leaves=%d msrs=%u", what, index, ret,
		     enough ? -1 : (int)u->nr_leaves, u->nr_msrs);
}

/* Policies: how much there is, too little room for each half, and their order. */
MICRO_TEST(sysctl_policy)
{
	struct xen_sysctl_cpu_policy *u = &op.u.cpu_policy;
	static const uint32_t index[] = {
		XEN_SYSCTL_cpu_policy_raw, XEN_SYSCTL_cpu_policy_host,
		XEN_SYSCTL_cpu_policy_pv_max, XEN_SYSCTL_cpu_policy_pv_default,
	};
	unsigned int i, k;
	long ret;

	for (i = 0; i < ARRAY_SIZE(index); i++) {
		memset(&op.u, 0, sizeof(op.u));
		u->index = index[i];
		ret = sysctl(XEN_SYSCTL_get_cpu_policy);
		micro_report("null%u=%ld leaves=%u msrs=%u", index[i], ret,
			     u->nr_leaves, u->nr_msrs);
		policy_report("short", index[i], 3, 1);
		policy_report("no_msr", index[i], 120, 0);
		policy_report("one_msr", index[i], 120, 1);
		policy_report("whole", index[i], 120, 4);
		micro_report("msrs=%x %x", msrs[0].idx, msrs[1].idx);
		for (k = 1; k < u->nr_leaves; k++)
			micro_check(out.leaf[k].leaf > out.leaf[k - 1].leaf ||
				    (out.leaf[k].leaf == out.leaf[k - 1].leaf &&
				     out.leaf[k].subleaf == out.leaf[k - 1].subleaf + 1));
	}
	/* The last one, that of a guest. */
	for (k = 0; k < 18; k++)
		micro_report("leaf%x.%x: %x %x %x %x", out.leaf[k].leaf,
			     out.leaf[k].subleaf, out.leaf[k].a, out.leaf[k].b,
			     out.leaf[k].c, out.leaf[k].d);
	for (u->index = 6; u->index < 8; u->index++)
		micro_report("index%u=%ld", u->index, sysctl(XEN_SYSCTL_get_cpu_policy));
	u->index = XEN_SYSCTL_cpu_policy_raw;
	u->_rsvd = 1;
	micro_report("reserved=%ld", sysctl(XEN_SYSCTL_get_cpu_policy));
	u->_rsvd = 0;
	u->nr_leaves = 120;
	u->msrs.p = (void *)0x1000;
	micro_report("msr_pointer=%ld", sysctl(XEN_SYSCTL_get_cpu_policy));
	u->leaves.p = (void *)0x1000;
	micro_report("pointer=%ld", sysctl(XEN_SYSCTL_get_cpu_policy));
}
