// SPDX-License-Identifier: GPL-2.0-only
/*
 * What tools ask of the scheduler: domctl.h (affinity, weights, vcpu
 * statistics) and sysctl.h (CPU pools, the scheduler's own parameters). The
 * guest is dom0 with two vcpus on two CPUs, and the administrator.
 */
#include "micro.h"

#include <xen/domctl.h>
#include <xen/sysctl.h>

#define SET	XEN_DOMCTL_setvcpuaffinity
#define GET	XEN_DOMCTL_getvcpuaffinity
#define HARD	XEN_VCPUAFFINITY_HARD
#define SOFT	XEN_VCPUAFFINITY_SOFT
#define FORCE	XEN_VCPUAFFINITY_FORCE
#define BOTH	(HARD | SOFT)
#define ALL	(~0ul)

static long domctl(struct xen_domctl *op, uint32_t cmd)
{
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	return hypercall1(__HYPERVISOR_domctl, op);
}

static long sysctl(struct xen_sysctl *op, uint32_t cmd)
{
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return hypercall1(__HYPERVISOR_sysctl, op);
}

static void set_map(struct xenctl_bitmap *map, void *bits, uint32_t nr)
{
	set_xen_guest_handle(map->bitmap, bits);
	map->nr_bits = nr;
}

/* A call with affinities, and what it is to be called in the report. */
struct affinity {
	const char *what;
	uint32_t cmd, flags;
	uint64_t hard, soft;
	uint32_t bits, vcpu;
};

static void affinity_call(domid_t dom, const struct affinity *a)
{
	uint64_t hard[2] = { a->hard, 0x5555 }, soft[2] = { a->soft, 0x5555 };
	struct xen_domctl op = { .domain = dom };
	long rc;

	op.u.vcpuaffinity.vcpu = a->vcpu;
	op.u.vcpuaffinity.flags = a->flags;
	set_map(&op.u.vcpuaffinity.cpumap_hard, hard, a->bits);
	set_map(&op.u.vcpuaffinity.cpumap_soft, soft, a->bits);
	rc = domctl(&op, a->cmd);
	micro_report("%s=%ld hard=%lx,%lx soft=%lx,%lx", a->what, rc, hard[0],
		     hard[1], soft[0], soft[1]);
}

/* In turn, for dom0; each line that sets is followed by what is set then. */
static void affinity_calls(const struct affinity *a, uint32_t nr)
{
	static const struct affinity get = { "get", GET, BOTH, .bits = 64 };

	for (; nr; a++, nr--) {
		affinity_call(0, a);
		if (a->cmd == SET)
			affinity_call(0, &get);
	}
}

/* What was asked for is kept, and what takes effect of it comes back. */
MICRO_TEST(schedctl_affinity)
{
	static const struct affinity calls[] = {
		{ "get", GET, BOTH, .bits = 64 },
		{ "get_v1", GET, BOTH, .bits = 64, .vcpu = 1 },
		{ "get_hard", GET, HARD, 0x77, 0x77, 64, 0 },
		{ "get_none", GET, 0, .bits = 64 },
		{ "get_unknown", GET, 8, 0x77, 0x77, 64, 0 },
		{ "get_more", GET, 15, 0x77, 0x77, 64, 0 },
		{ "get_force", GET, FORCE, 0x77, 0x77, 64, 0 },
		{ "get_v2", GET, HARD, .bits = 64, .vcpu = 2 },
		{ "get_v_big", GET, HARD, .bits = 64, .vcpu = ~0u },
		{ "get_v_big_none", GET, 0, .bits = 64, .vcpu = ~0u },
		{ "set_hard", SET, HARD, 1, 0x77, 64, 0 },
		{ "set_soft", SET, SOFT, 0x77, 3, 64, 0 },
		{ "set_soft_apart", SET, SOFT, 0x77, 2, 64, 0 },
		{ "set_both", SET, BOTH, 3, 0xf2, 64, 0 },
		{ "set_all", SET, BOTH, ALL, ALL, 64, 0 },
		{ "set_hard_more", SET, HARD, 0xf2, 0, 64, 0 },
		{ "set_hard_none", SET, HARD, 0, 0, 64, 0 },
		{ "set_hard_offline", SET, HARD, 0xf0, 0, 64, 0 },
		{ "set_soft_none", SET, SOFT, 0, 0, 64, 0 },
		{ "set_soft_offline", SET, SOFT, 0, 0xf0, 64, 0 },
		{ "set_hard_bad", SET, BOTH, 0xf0, 1, 64, 0 },
		{ "set_soft_bad", SET, BOTH, 1, 0, 64, 0 },
		{ "set_none", SET, 0, 1, 1, 64, 0 },
		{ "set_unknown", SET, 8, 1, 1, 64, 0 },
		{ "set_v_big", SET, HARD, 1, 1, 64, 1000 },
		{ "set_reset", SET, BOTH, ALL, ALL, 64, 0 },
	};

	affinity_calls(calls, ARRAY_SIZE(calls));
}

/* Maps of any number of bits; whole bytes are written. */
MICRO_TEST(schedctl_bitmaps)
{
	static const uint32_t bits[] = { 0, 1, 7, 8, 9, 15, 16, 17, 63, 65, 80 };
	static const struct affinity calls[] = {
		{ "set_no_bit", SET, HARD, 1, 1, 0, 0 },
		{ "set_1_bit", SET, HARD, 3, 1, 1, 0 },
		{ "set_5_bits", SET, HARD, ALL, 1, 5, 0 },
		{ "set_100_bits", SET, BOTH, ALL, ALL, 100, 0 },
		{ "set_reset", SET, BOTH, ALL, ALL, 64, 0 },
	};
	struct xen_domctl op = { .domain = 0 };
	struct affinity get = { "get", GET, BOTH, 0x5a5a5a5a5a5a5a5a,
				0x3c3c3c3c3c3c3c3c, 0, 0 };
	uint64_t map = 3;
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		get.bits = bits[i];
		affinity_call(0, &get);
	}
	affinity_calls(calls, ARRAY_SIZE(calls));
	op.u.vcpuaffinity.flags = HARD;
	set_map(&op.u.vcpuaffinity.cpumap_hard, &map, ~0u);
	micro_report("set_huge=%ld", domctl(&op, SET));
	set_map(&op.u.vcpuaffinity.cpumap_hard, (void *)0x1000, 64);
	micro_report("set_pointer=%ld", domctl(&op, SET));
	micro_report("get_pointer=%ld", domctl(&op, GET));
	op.domain = 77;
	micro_report("nobody=%ld", domctl(&op, GET));
}

static long pin(int cpu)
{
	struct sched_pin_override op = { .pcpu = cpu };

	return hc_sched_op(SCHEDOP_pin_override, &op);
}

/* A vcpu that has pinned itself is left alone, unless by force. */
MICRO_TEST(schedctl_pinned)
{
	static const struct affinity pinned[] = {
		{ "get", GET, BOTH, .bits = 64 },
		{ "set_hard", SET, HARD, 2, 0, 64, 0 },
		{ "set_soft", SET, SOFT, 2, 3, 64, 0 },
		{ "force_hard", SET, HARD | FORCE, 3, 0, 64, 0 },
	};
	static const struct affinity force = { "force", SET, FORCE, .bits = 64 };

	micro_report("pin=%ld", pin(0));
	affinity_calls(pinned, ARRAY_SIZE(pinned));
	micro_report("unpin=%ld", pin(-1));
	micro_report("pin=%ld", pin(0));
	affinity_calls(&force, 1);
	micro_report("unpin=%ld", pin(-1));
	affinity_calls(&force, 1);
}

/* NUMA nodes are remembered, but one that exists has to be among them. */
MICRO_TEST(schedctl_nodes)
{
	static const uint64_t nodes[] = { 1, 3, 2, 0, ALL, 0xf0 };
	struct xen_domctl op = { .domain = 0 };
	struct xenctl_bitmap *map = &op.u.nodeaffinity.nodemap;
	uint64_t bits[2];
	uint32_t i;
	long rc;

	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		bits[0] = nodes[i];
		set_map(map, bits, 64);
		rc = domctl(&op, XEN_DOMCTL_setnodeaffinity);
		micro_report("set=%ld %lx", rc, bits[0]);
		bits[0] = bits[1] = 0x5a5a5a5a5a5a5a5a;
		set_map(map, bits, 73);
		rc = domctl(&op, XEN_DOMCTL_getnodeaffinity);
		micro_report("get=%ld %lx,%lx", rc, bits[0], bits[1]);
	}
	set_map(map, bits, 0);
	micro_report("set_no_bit=%ld", domctl(&op, XEN_DOMCTL_setnodeaffinity));
	set_map(map, (void *)0x1000, 64);
	micro_report("set_pointer=%ld", domctl(&op, XEN_DOMCTL_setnodeaffinity));
	micro_report("get_pointer=%ld", domctl(&op, XEN_DOMCTL_getnodeaffinity));
}

static void params(const char *what, uint32_t sched, uint32_t cmd,
		   uint32_t weight, uint32_t cap)
{
	struct xen_domctl op = { .domain = 0 };
	struct xen_domctl_scheduler_op *s = &op.u.scheduler_op;
	long rc;

	s->sched_id = sched;
	s->cmd = cmd;
	s->u.credit2.weight = weight;
	s->u.credit2.cap = cap;
	rc = domctl(&op, XEN_DOMCTL_scheduler_op);
	micro_report("%s=%ld weight=%u cap=%u", what, rc, s->u.credit2.weight,
		     s->u.credit2.cap);
}

/* Weight 1 .. 65535, 0: as it is; cap up to all of the domain's vcpus. */
MICRO_TEST(schedctl_params)
{
	static const struct { const char *what; uint32_t weight, cap; } puts[] = {
		{ "put", 512, 50 }, { "put_same_weight", 0, 60 },
		{ "put_least", 1, 0 }, { "put_most", 65535, 200 },
		{ "put_cap_more", 0, 201 }, { "put_cap_most", 0, 65535 },
		{ "put_reset", 256, 0 },
	};
	struct xen_domctl op = { .domain = 0 };
	struct xen_domctl_scheduler_op *s = &op.u.scheduler_op;
	xen_domctl_schedparam_vcpu_t vcpu = { .vcpuid = 0 };
	uint32_t i;

	params("get", XEN_SCHEDULER_CREDIT2, XEN_DOMCTL_SCHEDOP_getinfo, 7, 7);
	for (i = 0; i < ARRAY_SIZE(puts); i++) {
		params(puts[i].what, XEN_SCHEDULER_CREDIT2,
		       XEN_DOMCTL_SCHEDOP_putinfo, puts[i].weight, puts[i].cap);
		params("get", XEN_SCHEDULER_CREDIT2,
		       XEN_DOMCTL_SCHEDOP_getinfo, 7, 7);
	}
	for (i = 0; i < 12; i++)
		params("get_of_sched", i, XEN_DOMCTL_SCHEDOP_getinfo, 7, 7);
	params("unknown", XEN_SCHEDULER_CREDIT2, 4, 7, 7);
	for (i = 0; i < 2; i++) {
		s->sched_id = XEN_SCHEDULER_CREDIT2;
		s->cmd = i ? XEN_DOMCTL_SCHEDOP_putvcpuinfo :
			     XEN_DOMCTL_SCHEDOP_getvcpuinfo;
		set_xen_guest_handle(s->u.v.vcpus, &vcpu);
		s->u.v.nr_vcpus = 1;
		micro_report("of_vcpus=%ld", domctl(&op, XEN_DOMCTL_scheduler_op));
	}
}

static bool vcpu_info(const char *what, uint32_t domain, uint32_t vcpu)
{
	struct xen_domctl op = { .domain = domain };
	struct xen_domctl_getvcpuinfo *i = &op.u.getvcpuinfo;
	long rc;

	memset(&op.u, 0x77, sizeof(op.u));
	i->vcpu = vcpu;
	rc = domctl(&op, XEN_DOMCTL_getvcpuinfo);
	if (!what)
		return i->blocked;
	micro_report("%s=%ld", what, rc);
	if (!rc) {
		micro_report("online=%u blocked=%u time=%s", i->online,
			     i->blocked, i->cpu_time ? "some" : "none");
		micro_check(i->cpu < 2);
	}
	return i->blocked;
}

static evtchn_port_t wake_port;

static void wait_for_port(void)
{
	struct sched_poll op = { .nr_ports = 1 };

	set_xen_guest_handle(op.ports, &wake_port);
	hc_sched_op(SCHEDOP_poll, &op);
}

/* A vcpu that is down, that runs, that sleeps, and that does not exist. */
MICRO_TEST(schedctl_vcpu_info)
{
	struct evtchn_send send;

	vcpu_info("v0", 0, 0);
	vcpu_info("v1", 0, 1);
	vcpu_info("v2", 0, 2);
	vcpu_info("v_big", 0, ~0u);
	vcpu_info("nobody", 77, 0);
	vcpu_info("idle", DOMID_IDLE, 0);
	wake_port = micro_event_bind_ipi(1);
	micro_event_set_mask(wake_port, true);
	micro_need(!micro_vcpu_start(1, wait_for_port));
	while (!vcpu_info(NULL, 0, 1))
		hc_sched_op(SCHEDOP_yield, NULL);
	vcpu_info("v1_sleeps", 0, 1);
	send.port = wake_port;
	micro_event_op(EVTCHNOP_send, &send);
	micro_vcpu_stop(1);
	vcpu_info("v1_down", 0, 1);
}

enum {
	CREATE = XEN_SYSCTL_CPUPOOL_OP_CREATE,
	DESTROY = XEN_SYSCTL_CPUPOOL_OP_DESTROY,
	INFO = XEN_SYSCTL_CPUPOOL_OP_INFO,
	ADD = XEN_SYSCTL_CPUPOOL_OP_ADDCPU,
	REMOVE = XEN_SYSCTL_CPUPOOL_OP_RMCPU,
	MOVE = XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN,
	FREE = XEN_SYSCTL_CPUPOOL_OP_FREEINFO,
	ANY = -1,
};

/* @arg: the CPU, the domain or the scheduler */
static void pool(const char *what, uint32_t cmd, uint32_t id, uint32_t arg)
{
	struct xen_sysctl op = { 0 };
	struct xen_sysctl_cpupool_op *p = &op.u.cpupool_op;
	uint64_t map[2] = { 0x5a5a5a5a5a5a5a5a, 0x3333 };
	long rc;

	*p = (struct xen_sysctl_cpupool_op){
		.op = cmd, .cpupool_id = id, .sched_id = arg, .domid = arg,
		.cpu = arg, .n_dom = 99,
	};
	set_map(&p->cpumap, map, 64);
	rc = sysctl(&op, XEN_SYSCTL_cpupool_op);
	micro_report("%s=%ld id=%d sched=%d n_dom=%d map=%lx,%lx", what, rc,
		     p->cpupool_id, p->sched_id, p->n_dom, map[0], map[1]);
}

/* Pools that come and go, and their CPUs. */
MICRO_TEST_ALONE(schedctl_pools)
{
	static const struct affinity one = { "set_1", SET, HARD, 2, 0, 64, 0 },
		both = { "set_both", SET, HARD, 3, 0, 64, 0 };

	pool("unknown", 0, 0, 0);
	pool("unknown", 8, 0, 0);
	pool("info", INFO, 0, 9);
	pool("info_1", INFO, 1, 9);
	pool("info_any", INFO, ANY, 9);
	pool("free", FREE, 0, 9);
	pool("remove_0", REMOVE, 0, 0);
	pool("create_0", CREATE, 0, XEN_SCHEDULER_CREDIT2);
	pool("create_no_sched", CREATE, 5, 0);
	pool("create_sched_99", CREATE, 5, 99);
	pool("create_5", CREATE, 5, XEN_SCHEDULER_CREDIT2);
	pool("create_5", CREATE, 5, XEN_SCHEDULER_CREDIT2);
	pool("create_any", CREATE, ANY, XEN_SCHEDULER_CREDIT2);
	pool("info_1", INFO, 1, 9);
	pool("info_6", INFO, 6, 9);
	pool("info_7", INFO, 7, 9);
	pool("add_any", ADD, 5, ANY);
	pool("add_used", ADD, 5, 1);
	pool("remove_bad", REMOVE, 0, 7);
	pool("remove_huge", REMOVE, 0, 1000);
	pool("remove_other", REMOVE, 5, 0);
	pool("remove_none", REMOVE, 5, ANY);
	pool("remove_nowhere", REMOVE, 55, 0);
	pool("remove_1", REMOVE, 0, 1);
	pool("info", INFO, 0, 9);
	affinity_calls(&one, 1);
	affinity_calls(&both, 1);
	pool("free", FREE, 0, 9);
	pool("remove_1", REMOVE, 0, 1);
	pool("remove_last", REMOVE, 0, ANY);
	pool("add_bad", ADD, 5, 7);
	pool("add_nowhere", ADD, 55, 1);
	pool("add_1", ADD, 5, 1);
	pool("info_5", INFO, 5, 9);
	pool("move_dom0", MOVE, 5, 0);
	pool("move_dom0", MOVE, 55, 0);
	pool("move_nobody", MOVE, 5, 77);
	pool("destroy_busy", DESTROY, 5, 9);
	pool("remove_any", REMOVE, 5, ANY);
	pool("destroy_5", DESTROY, 5, 9);
	pool("destroy_5", DESTROY, 5, 9);
	pool("destroy_0", DESTROY, 0, 9);
	pool("add_1", ADD, 0, ANY);
	/* An affinity that loses its last CPU is given up for good. */
	affinity_calls(&one, 1);
	pool("remove_1", REMOVE, 0, 1);
	affinity_calls(&both, 1);
	pool("add_1", ADD, 0, 1);
	micro_report("pin=%ld", pin(1));
	pool("remove_pinned", REMOVE, 0, 1);
	micro_report("unpin=%ld", pin(-1));
}

static long create(uint32_t pool_id)
{
	struct xen_domctl op = { .domain = 0 };
	long rc;

	op.u.createdomain = (struct xen_domctl_createdomain){
		.max_vcpus = 1, .max_evtchn_port = 1023, .max_grant_frames = 4,
		.max_maptrack_frames = 16, .cpupool_id = pool_id,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	rc = domctl(&op, XEN_DOMCTL_createdomain);
	micro_report("create_in_%u=%ld", pool_id, rc);
	if (rc)
		return 0;
	rc = op.domain;
	op.u.max_vcpus.max = 1;
	micro_need(!domctl(&op, XEN_DOMCTL_max_vcpus));
	return rc;
}

/* Domains in pools. */
MICRO_TEST_ALONE(schedctl_domains)
{
	static const struct affinity set_0 = { "set_0", SET, HARD, 1, 0, 64, 0 },
		set_1 = { "set_1", SET, HARD, 2, 0, 64, 0 },
		get = { "get", GET, HARD, .bits = 64 };
	struct xen_domctl op = { .domain = 0 };
	long d;

	create(77);
	d = create(0);
	micro_need(d);
	vcpu_info("v0", d, 0);
	affinity_call(d, &get);
	pool("create_5", CREATE, 5, XEN_SCHEDULER_CREDIT2);
	create(5);
	pool("move_no_cpu", MOVE, 5, d);
	pool("remove_1", REMOVE, 0, 1);
	pool("add_1", ADD, 5, ANY);
	pool("move", MOVE, 5, d);
	pool("move_again", MOVE, 5, d);
	pool("move_nowhere", MOVE, 77, d);
	pool("info_0", INFO, 0, 9);
	pool("info_5", INFO, 5, 9);
	pool("remove_last", REMOVE, 5, 1);
	pool("destroy", DESTROY, 5, 9);
	affinity_call(d, &set_0);
	affinity_call(d, &set_1);
	pool("move_back", MOVE, 0, d);
	affinity_call(d, &get);
	affinity_call(d, &set_0);
	create(5);
	pool("info_5", INFO, 5, 9);
	op.domain = d;
	micro_report("destroy=%ld", domctl(&op, XEN_DOMCTL_destroydomain));
	affinity_call(d, &get);
}

/* The rate limit of pool 0's scheduler: 0, or 100 us to half a second. */
MICRO_TEST(schedctl_ratelimit)
{
	static const struct { uint32_t pool, sched, cmd, us; } calls[] = {
		{ 0, 6, 1, 7 }, { 0, 6, 0, 0 }, { 0, 6, 0, 1 }, { 0, 6, 0, 99 },
		{ 0, 6, 0, 100 }, { 0, 6, 0, 500000 }, { 0, 6, 0, 500001 },
		{ 0, 6, 0, ~0u }, { 0, 6, 0, 1000 }, { 0, 5, 1, 7 },
		{ 0, 0, 1, 7 }, { 1, 6, 1, 7 }, { ~0u, 6, 1, 7 }, { 0, 6, 2, 7 },
	};
	struct xen_sysctl op;
	struct xen_sysctl_scheduler_op *s = &op.u.scheduler_op;
	uint32_t *us = &s->u.sched_credit2.ratelimit_us, i;
	long rc;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		op = (struct xen_sysctl){ 0 };
		s->cpupool_id = calls[i].pool;
		s->sched_id = calls[i].sched;
		s->cmd = calls[i].cmd;
		*us = calls[i].us;
		rc = sysctl(&op, XEN_SYSCTL_scheduler_op);
		micro_report("pool=%d sched=%u cmd=%u us=%u: %ld", calls[i].pool,
			     calls[i].sched, calls[i].cmd, calls[i].us, rc);
		s->cpupool_id = 0;
		s->sched_id = XEN_SCHEDULER_CREDIT2;
		s->cmd = XEN_SYSCTL_SCHEDOP_getinfo;
		rc = sysctl(&op, XEN_SYSCTL_scheduler_op);
		micro_report("get=%ld us=%u", rc, *us);
	}
}
