// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler on a simulated machine, whose time the test moves.
 *
 * Rules under test: a vcpu runs on one CPU at a time, and only while nothing
 * pauses it and its affinity allows the CPU; no CPU idles while somebody who may
 * use it waits; run time is shared by weight over all CPUs; a domain with a
 * cap gets it and not more; a vcpu that sleeps much is served soon when it
 * wakes; yielding lets others go first; the runstates add up to the time.
 *
 * Links: string.c sched.c sched_fair.c sched_ctl.c runstate.c sched_op.c vcpu_op.c
 * Links: domain.c domain_list.c
 * Links: softirq.c timer.c page_alloc.c frame.c
 * Links: arch/fake/fake.c arch/fake/fake_domain.c
 */
#include "test_sched.h"

static void test_equal_shares(void **state)
{
	static const u8 cases[][2] = { { 1, 2 }, { 1, 5 }, { 2, 3 }, { 2, 5 }, { 3, 4 },
				       { 4, 4 }, { 4, 7 }, { 8, 9 }, { 8, 13 } };

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		machine(cases[i][0]);
		for (u32 n = 0; n < cases[i][1]; n++)
			add_domain(1, 256, 0, NEVER, 0);
		simulate(10 * SEC);
		check_shares(10 * SEC, 0.05);
	}
}

static void test_weighted_shares(void **state)
{
	static const u16 weights[] = { 32, 64, 128, 256, 512, 1024 };

	for (u32 i = 0; i < 60; i++) {
		machine(1 + pick(6));
		for (u32 n = 1 + pick(12); n; n--)
			add_domain(1 + pick(3), weights[pick(ARRAY_SIZE(weights))], 0, NEVER, 0);
		simulate(SEC);
		forget_past();
		simulate(20 * SEC);
		check_shares(20 * SEC, 0.25);
	}
}

/* A weight nobody competes with must not be held against others later. */
static void test_no_old_debts(void **state)
{
	struct domain *light, *a, *b;

	machine(2);
	light = add_domain(1, 1, 0, NEVER, 0);
	simulate(100 * SEC);
	a = add_domain(1, 256, 0, NEVER, 0);
	b = add_domain(1, 256, 0, NEVER, 0);
	simulate(SEC);
	forget_past();
	simulate(2 * SEC);
	assert_true(domain_ran(a) > 19 * SEC / 10);
	assert_true(domain_ran(b) > 19 * SEC / 10);
	assert_true(domain_ran(light) > 0);
}

static void test_caps(void **state)
{
	static const u32 caps[] = { 1, 5, 25, 50, 80, 100, 150, 250 };

	for (u32 i = 0; i < ARRAY_SIZE(caps); i++) {
		double want = caps[i] / 100.0, got;
		struct domain *d, *rest;

		machine(4);
		d = add_domain(3, 256, caps[i], NEVER, 0);
		rest = add_domain(4, 256, 0, NEVER, 0);
		simulate(SEC);
		forget_past();
		simulate(10 * SEC);
		got = domain_ran(d) / (double)(10 * SEC);
		want = MIN(want, 4 * 3 / 7.0);
		if (got > want * 1.03 + 0.002 || got < want * 0.9 - 0.002)
			fail_msg("cap %u%%: got %.3f CPUs", caps[i], got);
		/* What the cap leaves is used. */
		assert_true(domain_ran(rest) + domain_ran(d) > 399 * SEC / 10);
		/* And it can be lifted. */
		assert_int_equal(sched_domain_set(d, 256, 0), 0);
		simulate(SEC);
		forget_past();
		simulate(10 * SEC);
		assert_true(domain_ran(d) > 15 * SEC);
	}
}

/* One that runs little and sleeps much waits for no slice of the others. */
static void test_wake_latency(void **state)
{
	for (u32 n = 1; n <= 4; n++) {
		struct task *t;

		machine(n);
		add_domain(2 * n, 256, 0, NEVER, 0);
		add_domain(1, 256, 0, MS / 5, 7 * MS);
		t = &tasks[nr_tasks - 1];
		simulate(SEC);
		forget_past();
		simulate(5 * SEC);
		if (t->worst_wait > 2 * SCHED_MIN_RUN)
			fail_msg("%u CPUs: waited %lu us", n, t->worst_wait / 1000);
		assert_true(t->ran > 5 * SEC * 2 / 72 * 9 / 10);
	}
}

/* With few vcpus nothing has to be switched at all. */
static void test_quiet(void **state)
{
	u64 before;

	machine(4);
	add_domain(4, 256, 0, NEVER, 0);
	simulate(SEC);
	before = switches;
	simulate(10 * SEC);
	assert_int_equal(switches, before);
	/* Nor does a timer run. */
	for (u32 i = 0; i < nr_cpus; i++)
		assert_false(timer_pending(&cpus[i]->sched.slice));
}

static noinline void yield_on(u32 cpu)
{
	fake_run_on(cpu);
	vcpu_yield();
}

static void test_yield(void **state)
{
	bool seen[3] = { false };

	machine(1);
	add_domain(3, 256, 0, NEVER, 0);
	simulate(100 * MS);
	/* Each time another one goes on, and everybody gets a turn. */
	for (u32 i = 0; i < 1000; i++) {
		struct vcpu *before = cpus[0]->curr;

		seen[before->id] = true;
		yield_on(0);
		settle();
		assert_ptr_not_equal(cpus[0]->curr, before);
		pass_time(MS / 20);
	}
	assert_true(seen[0] && seen[1] && seen[2]);
	/* Alone, it goes on and nothing is scheduled. */
	machine(2);
	add_domain(1, 256, 0, NEVER, 0);
	settle();
	yield_on(tasks[0].v->cpu->id);
	assert_int_equal(cpus[0]->softirqs | cpus[1]->softirqs, 0);
}

/*
 * Everything at once
 */

static void random_deed(void)
{
	struct task *t = &tasks[pick(nr_tasks)];
	struct vcpu *v = t->v;

	fake_run_on(pick(nr_cpus));
	switch (pick(6)) {
	case 0:
		vcpu_set_pause(v, VPF_DOWN);
		break;
	case 1:
		vcpu_clear_pause(v, VPF_DOWN);
		break;
	case 2:
		if (pick(2))
			assert_int_equal(set_hard(v, 1ull << pick(nr_cpus) |
							   1ull << pick(nr_cpus)), 0);
		else
			assert_int_equal(set_hard(v, ~0ull), 0);
		break;
	case 3:
		if (v->running)
			yield_on(v->cpu->id);
		break;
	case 4:
		assert_int_equal(sched_domain_set(v->domain, 1 + pick(65535),
						  pick(3) ? 0 : 1 + pick(100)), 0);
		break;
	case 5:
		vcpu_kick(v);
		break;
	}
}

static void test_everything(void **state)
{
	for (u32 round = 0; round < 20; round++) {
		machine(1 + pick(8));
		for (u32 n = 1 + pick(6); n; n--)
			add_domain(1 + pick(4), 256, pick(4) ? 0 : 20 + pick(80),
				   pick(2) ? NEVER : pick(20 * MS) + 1000, pick(20 * MS) + 1000);
		for (u32 i = 0; i < 1500; i++) {
			for (u32 n = pick(3); n; n--)
				random_deed();
			simulate(pick(3 * MS) + 1);
		}
		/* Nothing was forgotten: once all is allowed, all run. */
		for (u32 i = 0; i < nr_tasks; i++) {
			fake_run_on(0);
			vcpu_clear_pause(tasks[i].v, VPF_DOWN);
			assert_int_equal(set_hard(tasks[i].v, ~0ull), 0);
			assert_int_equal(sched_domain_set(tasks[i].v->domain, 256, 0), 0);
		}
		simulate(SEC);
		forget_past();
		simulate(2 * SEC);
		for (u32 i = 0; i < nr_tasks; i++)
			assert_true(tasks[i].ran > 0);
	}
}

static void test_affinity(void **state)
{
	machine(3);
	add_domain(3, 256, 0, NEVER, 0);
	settle();
	assert_int_equal(set_hard(tasks[0].v, 0), -EINVAL);
	assert_int_equal(set_hard(tasks[0].v, 8), -EINVAL);
	/* All on one CPU: they share it. */
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(set_hard(tasks[i].v, 2), 0);
	simulate(SEC);
	forget_past();
	simulate(3 * SEC);
	for (u32 i = 0; i < 3; i++)
		assert_true(tasks[i].ran > 95 * SEC / 100 && tasks[i].ran < 105 * SEC / 100);
	/* And apart again. */
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(set_hard(tasks[i].v, 1ull << i), 0);
	simulate(100 * MS);
	forget_past();
	simulate(SEC);
	for (u32 i = 0; i < 3; i++) {
		assert_int_equal(tasks[i].ran, SEC);
		assert_int_equal(tasks[i].v->cpu->id, i);
	}
}

/* The times in the states: their sum is the time, and they are true. */
static void test_runstates(void **state)
{
	struct vcpu_runstate_info r;
	u64 start, sum = 0;

	machine(1);
	start = fake_now;
	add_domain(2, 256, 0, NEVER, 0);
	add_domain(1, 256, 0, 2 * MS, 6 * MS);
	simulate(4 * SEC);
	for (u32 i = 0; i < nr_tasks; i++) {
		runstate_get(tasks[i].v, &r);
		sum = r.time[RUNSTATE_running] + r.time[RUNSTATE_runnable] +
		      r.time[RUNSTATE_blocked] + r.time[RUNSTATE_offline];
		assert_int_equal(sum, fake_now - start);
		assert_int_equal(r.time[RUNSTATE_running], tasks[i].ran);
		assert_int_equal(r.time[RUNSTATE_blocked] > 0, i == 2);
	}
	vcpu_set_pause(tasks[0].v, VPF_DOMAIN);
	settle();
	runstate_get(tasks[0].v, &r);
	assert_int_equal(r.state, RUNSTATE_offline);
	vcpu_wait_descheduled(tasks[0].v);
}

static void test_parameters(void **state)
{
	struct domain *d;

	machine(1);
	d = add_domain(1, 256, 0, NEVER, 0);
	assert_int_equal(sched_domain_set(d, 0, 0), -EINVAL);
	assert_int_equal(sched_domain_set(d, 65536, 0), -EINVAL);
	assert_int_equal(sched_domain_set(d, 256, 101), -EINVAL);
	assert_int_equal(sched_domain_set(d, 65535, 100), 0);
	assert_int_equal(d->sched.weight, 65535);
	assert_int_equal(d->sched.cap, 100);
	sched_dump();
	domain_dump();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_equal_shares),
		cmocka_unit_test(test_weighted_shares),
		cmocka_unit_test(test_no_old_debts),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_wake_latency),
		cmocka_unit_test(test_yield),
		cmocka_unit_test(test_affinity),
		cmocka_unit_test(test_runstates),
		cmocka_unit_test(test_everything),
	};

	seed = 0x5eed;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
