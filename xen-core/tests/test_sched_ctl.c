// SPDX-License-Identifier: GPL-2.0-only
/*
 * What tools set is what vcpus get, on a simulated machine.
 *
 * Rules under test: with any weights, caps and sleepers, each vcpu gets what it
 * deserves, within a few per cent: who asks for less than its share gets all
 * of that, soon, and the rest is parted by weight. Soft affinity is followed
 * when it costs nobody anything. Domains keep to their pool's CPUs. The tools'
 * calls answer as Xen 4.17 does, whatever the size of their bitmaps.
 *
 * Links: string.c sched.c sched_fair.c sched_ctl.c runstate.c sched_op.c vcpu_op.c
 * Links: domain.c domain_list.c
 * Links: softirq.c timer.c page_alloc.c frame.c
 * Links: arch/fake/fake.c arch/fake/fake_domain.c
 */
#include <xen/domctl.h>
#include <xen/sysctl.h>

#include "test_sched.h"

/*
 * Shares
 */

static const u16 weights[] = { 64, 128, 256, 384, 512, 1024 };

static u32 any_weight(void)
{
	return weights[pick(ARRAY_SIZE(weights))];
}

/* What a task uses of a CPU if, each time it wakes, it has to wait for @wait. */
static double demand(const struct task *t, u64 wait)
{
	return t->burst == NEVER ? 1 : (double)t->burst / (t->burst + t->sleep + wait);
}

/*
 * What each task deserves of @nr CPUs. The level rises, by weight, until the CPUs
 * are used; a task stops at its demand, those of a domain at its cap.
 */
static void deserved(double *share, double nr)
{
	double lo = 0, hi = 1e3;

	for (u32 round = 0; round < 100; round++) {
		double level = (lo + hi) / 2, sum = 0;

		for (u32 i = 0; i < nr_tasks; i++) {
			const struct domain *d = tasks[i].v->domain;
			double cap = d->sched.cap ? d->sched.cap / 100.0 / d->max_vcpus : 1;

			share[i] = MIN(demand(&tasks[i], 0), level * d->sched.weight / 256);
			share[i] = MIN(share[i], cap);
			sum += share[i];
		}
		if (sum < nr)
			lo = level;
		else
			hi = level;
	}
}

/* Run for 20 s: each domain gets what it deserves, and one with a cap not more. */
static void check_deserved(double tolerance)
{
	double share[MAX_TASKS];

	simulate(SEC);
	forget_past();
	simulate(20 * SEC);
	deserved(share, nr_cpus);
	for (u32 i = 0; i < nr_tasks; i += tasks[i].v->domain->max_vcpus) {
		const struct domain *d = tasks[i].v->domain;
		double got = domain_ran(d) / 20e9, want = share[i] * d->max_vcpus;
		double least = MIN(want, demand(&tasks[i], 3 * MS) * d->max_vcpus);

		if (got < least * (1 - tolerance) - .005 || got > want * (1 + tolerance) + .005 ||
		    (d->sched.cap && got > d->sched.cap / 100.0 * 1.01))
			fail_msg("d%u on %u CPUs: %u vcpus, weight %u, cap %u, demand %.3f: "
				 "got %.3f, deserves %.3f", d->id, nr_cpus, d->max_vcpus,
				 d->sched.weight, d->sched.cap, demand(&tasks[i], 0), got, want);
	}
}

#define FOR_MACHINES(most)						\
	for (u32 cpus = 1; cpus <= 4; cpus++)				\
		for (u32 vcpus = 2, n = 0; vcpus <= (most); n++, vcpus += n % 5 == 0)

static void test_weights(void **state)
{
	FOR_MACHINES(8) {
		machine(cpus);
		for (u32 i = 0; i < vcpus; i++)
			add_domain(1, any_weight(), 0, NEVER, 0);
		check_deserved(0.02);
	}
}

/* Half of them sleep, and ask for less than their share, which they get. */
static void test_sleepers(void **state)
{
	FOR_MACHINES(8) {
		machine(cpus);
		for (u32 i = 0; i < vcpus; i++) {
			if (i % 2)
				add_domain(1, any_weight(), 0, NEVER, 0);
			else
				add_domain(1, 1024, 0, MS / 10 + pick(2 * MS),
					   40 * MS + pick(30 * MS));
		}
		check_deserved(0.05);
	}
}

/* The CPUs are never idle, so that caps and weights both count. */
static void test_capped(void **state)
{
	FOR_MACHINES(6) {
		machine(cpus);
		add_domain(cpus, any_weight(), 0, NEVER, 0);
		for (u32 i = 1; i < vcpus; i++)
			add_domain(1 + i % 2, any_weight(), 5 + pick(90), NEVER, 0);
		check_deserved(0.2);
	}
}

/* Who sleeps much gets a CPU soon, whatever weights those that spin have. */
static void test_latency(void **state)
{
	for (u32 n = 0; n < 60; n++) {
		struct task *t;

		machine(1 + n % 4);
		for (u32 i = 2 * nr_cpus; i; i--)
			add_domain(1, any_weight(), 0, NEVER, 0);
		add_domain(1, 512, 0, MS / 10 + pick(MS / 5), 20 * MS + pick(10 * MS));
		t = &tasks[nr_tasks - 1];
		simulate(SEC);
		forget_past();
		simulate(5 * SEC);
		if (t->worst_wait > 2 * SCHED_MIN_RUN)
			fail_msg("%u CPUs: waited %lu us", nr_cpus, t->worst_wait / 1000);
	}
}

/*
 * Affinity and pools
 */

static void set_soft(struct vcpu *v, u64 cpus)
{
	assert_int_equal(vcpu_set_affinity(v, NULL, &cpus, false), 0);
}

static void test_soft_affinity(void **state)
{
	machine(4);
	add_domain(3, 256, 0, NEVER, 0);
	simulate(100 * MS);
	/* One that runs elsewhere goes there, if that CPU is free. */
	for (u32 i = 0; i < 8; i++) {
		u32 to = i % 4;

		while (!cpus[to]->curr->is_idle)
			to = (to + 1) % 4;
		set_soft(tasks[0].v, 1ull << to);
		simulate(MS);
		assert_int_equal(tasks[0].v->cpu->id, to);
	}
	/* All prefer one: nobody waits for it, and one has it. */
	for (u32 i = 0; i < 3; i++)
		set_soft(tasks[i].v, 1);
	forget_past();
	simulate(SEC);
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(tasks[i].ran, SEC);
	assert_false(cpus[0]->curr->is_idle);
	/* When that one leaves, another one comes. */
	fake_run_on(1);
	vcpu_set_pause(cpus[0]->curr, VPF_DOMAIN);
	simulate(MS);
	assert_false(cpus[0]->curr->is_idle);
	/* One that wakes looks there first. */
	machine(4);
	add_domain(1, 256, 0, MS, 3 * MS);
	set_soft(tasks[0].v, 1ull << 2);
	simulate(10 * MS);
	for (u32 i = 0; i < 100; i++) {
		simulate(MS);
		assert_int_equal(tasks[0].v->cpu->id, 2);
	}
}

static long domctl_map(u32 cmd, struct domain *d, u32 vcpu, u32 flags, void *hard, void *soft,
		       u32 bits)
{
	struct xen_domctl op = { 0 };
	struct xen_domctl_vcpuaffinity *a = &op.u.vcpuaffinity;

	a->vcpu = vcpu;
	a->flags = flags;
	set_xen_guest_handle(a->cpumap_hard.bitmap, hard);
	set_xen_guest_handle(a->cpumap_soft.bitmap, soft);
	a->cpumap_hard.nr_bits = a->cpumap_soft.nr_bits = bits;
	return cmd == XEN_DOMCTL_setvcpuaffinity ? domctl_setvcpuaffinity(d, &op) :
						   domctl_getvcpuaffinity(d, &op);
}

#define SET	XEN_DOMCTL_setvcpuaffinity
#define GET	XEN_DOMCTL_getvcpuaffinity
#define HARD	XEN_VCPUAFFINITY_HARD
#define SOFT	XEN_VCPUAFFINITY_SOFT

/* No byte beyond those of the map is written; bits that the map has not do not count. */
static void test_bitmaps(void **state)
{
	struct domain *d;

	machine(3);
	d = add_domain(1, 256, 0, NEVER, 0);
	for (u32 bits = 0; bits < 200; bits++) {
		u32 bytes = (bits + 7) / 8;
		u8 *map = malloc(bytes ?: 1);

		fake_guest_window(map, bytes);
		memset(map, 0x5a, bytes);
		assert_int_equal(set_hard(d->vcpu[0], ~0ull), 0);
		assert_int_equal(domctl_map(GET, d, 0, HARD, map, NULL, bits), 0);
		for (u32 i = 0; i < bytes; i++)
			assert_int_equal(map[i], i ? 0 : 7);
		memset(map, 0xfe, bytes);
		assert_int_equal(domctl_map(SET, d, 0, HARD, map, NULL, bits),
				 bits < 2 ? -EINVAL : 0);
		if (bits >= 2)
			assert_int_equal(map[0], bits == 2 ? 2 : 6);
		assert_int_equal(domctl_map(SET, d, 0, HARD, map - 1, NULL, MAX(bits, 1u)),
				 -EFAULT);
		assert_int_equal(domctl_map(GET, d, 0, HARD, map, NULL, bits + 8), -EFAULT);
		free(map);
	}
	fake_guest_window(NULL, 0);
	assert_int_equal(domctl_map(GET, d, 0, 0, NULL, NULL, 0), -EINVAL);
	assert_int_equal(domctl_map(GET, d, 1, HARD, NULL, NULL, 0), -EINVAL);
	assert_int_equal(domctl_map(SET, d, ~0u, HARD, NULL, NULL, 0), -EINVAL);
	assert_int_equal(domctl_map(SET, d, 0, HARD, NULL, NULL, ~0u), -EINVAL);
}

static void test_effective(void **state)
{
	u64 map[2];
	struct vcpu *v;

	machine(4);
	v = add_domain(1, 256, 0, NEVER, 0)->vcpu[0];
	fake_guest_window(map, sizeof(map));
	map[0] = 0xf6;
	map[1] = 0x3c;
	assert_int_equal(domctl_map(SET, v->domain, 0, HARD | SOFT, map, map + 1, 64), 0);
	assert_int_equal(map[0], 6);
	assert_int_equal(map[1], 4);
	assert_int_equal(domctl_map(GET, v->domain, 0, HARD | SOFT, map, map + 1, 64), 0);
	assert_int_equal(map[0], 6);
	assert_int_equal(map[1], 0xc);
	/* While it is pinned it stays so. */
	assert_int_equal(vcpu_pin(v, 0), 0);
	assert_int_equal(domctl_map(SET, v->domain, 0, SOFT, map, map, 64), -EBUSY);
	settle();
	assert_int_equal(v->cpu->id, 0);
	map[0] = 8;
	assert_int_equal(domctl_map(SET, v->domain, 0, HARD | XEN_VCPUAFFINITY_FORCE, map, NULL,
				    64), 0);
	settle();
	assert_int_equal(v->cpu->id, 3);
	assert_int_equal(vcpu_pin(v, -1), -EINVAL);
	fake_guest_window(NULL, 0);
}

static long pool_op(u32 cmd, u32 id, u32 cpu)
{
	struct xen_sysctl op = { .u.cpupool_op = {
		.op = cmd, .cpupool_id = id, .cpu = cpu, .domid = cpu,
		.sched_id = XEN_SCHEDULER_CREDIT2,
	} };

	return sysctl_cpupool_op(&op);
}

enum {
	CREATE = XEN_SYSCTL_CPUPOOL_OP_CREATE, DESTROY = XEN_SYSCTL_CPUPOOL_OP_DESTROY,
	ADD = XEN_SYSCTL_CPUPOOL_OP_ADDCPU, REMOVE = XEN_SYSCTL_CPUPOOL_OP_RMCPU,
	MOVE = XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, ANY = -1,
};

static void test_pools(void **state)
{
	struct domain *a, *b;

	machine(4);
	a = add_domain(4, 256, 0, NEVER, 0);
	b = add_domain(4, 256, 0, NEVER, 0);
	assert_int_equal(pool_op(CREATE, 5, 0), 0);
	assert_int_equal(pool_op(MOVE, 5, b->id), -ENOENT);
	assert_int_equal(pool_op(ADD, 5, ANY), -ENODEV);
	assert_int_equal(pool_op(REMOVE, 0, 0), -EINVAL);
	assert_int_equal(pool_op(REMOVE, 0, ANY), 0);
	assert_int_equal(pool_op(REMOVE, 0, 2), 0);
	simulate(SEC);
	forget_past();
	simulate(SEC);
	assert_int_equal(domain_ran(a) + domain_ran(b), 2 * SEC);
	assert_int_equal(pool_op(ADD, 5, 2), 0);
	assert_int_equal(pool_op(ADD, 5, ANY), 0);
	assert_int_equal(pool_op(MOVE, 5, b->id), 0);
	/* A domain has its pool, and its weight there. */
	assert_int_equal(sched_domain_set(a, 512, 0), 0);
	simulate(SEC);
	forget_past();
	simulate(SEC);
	assert_int_equal(domain_ran(a), 2 * SEC);
	assert_int_equal(domain_ran(b), 2 * SEC);
	/* A vcpu's own CPU goes: then it may have any. */
	assert_int_equal(set_hard(b->vcpu[0], 3), -EINVAL);
	assert_int_equal(set_hard(b->vcpu[0], 1ull << 2), 0);
	assert_int_equal(pool_op(REMOVE, 5, 2), 0);
	assert_true(b->vcpu[0]->hard_affinity == ~0ull);
	assert_int_equal(pool_op(REMOVE, 5, 3), -EBUSY);
	assert_int_equal(vcpu_pin(b->vcpu[1], 2), -EINVAL);
	assert_int_equal(pool_op(ADD, 5, 2), 0);
	assert_int_equal(vcpu_pin(b->vcpu[1], 3), 0);
	assert_int_equal(pool_op(REMOVE, 5, 3), -EADDRINUSE);
	/* It moves with its domain, and so does what it goes back to. */
	assert_int_equal(pool_op(MOVE, 0, b->id), 0);
	assert_int_equal(vcpu_pin(b->vcpu[1], -1), 0);
	simulate(SEC);
	assert_int_equal(pool_op(DESTROY, 5, 0), -EBUSY);
	assert_int_equal(pool_op(REMOVE, 5, ANY), 0);
	assert_int_equal(pool_op(REMOVE, 5, ANY), 0);
	assert_int_equal(pool_op(DESTROY, 5, 0), 0);
	assert_int_equal(pool_op(DESTROY, 5, 0), -ENOENT);
	assert_int_equal(pool_op(ADD, 0, ANY), 0);
	assert_int_equal(pool_op(ADD, 0, ANY), 0);
	forget_past();
	simulate(SEC);
	assert_int_equal(domain_ran(a) + domain_ran(b), 4 * SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_sleepers),
		cmocka_unit_test(test_capped),
		cmocka_unit_test(test_latency),
		cmocka_unit_test(test_soft_affinity),
		cmocka_unit_test(test_bitmaps),
		cmocka_unit_test(test_effective),
		cmocka_unit_test(test_pools),
	};

	seed = 0x5eed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
