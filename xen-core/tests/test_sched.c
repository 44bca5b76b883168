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
 * Links: string.c sched.c sched_fair.c runstate.c sched_op.c vcpu_op.c domain.c
 * Links: softirq.c timer.c page_alloc.c frame.c
 * Links: arch/fake/fake.c arch/fake/fake_domain.c
 */
#include "test_util.h"
#include "fake.h"
#include "errno.h"
#include "event.h"
#include "page.h"
#include "sched.h"

#define MS		1000000ull
#define SEC		1000000000ull
#define FRAMES		16384
#define MAX_TASKS	64
#define NEVER		(~0ull)

/* A vcpu and what it does: run for @burst, sleep for @sleep, again. */
static struct task {
	struct vcpu *v;
	u64 burst, sleep;	/* burst NEVER: it always runs */
	u64 left, wake_at;
	u64 ran;
	u64 woken_at, worst_wait;
} tasks[MAX_TASKS];
static u32 nr_tasks;
static u64 switches, kicks_of_nobody, seed;
static u16 next_domid;

bool opt_noreboot;
void machine_restart(void) { abort(); }
void machine_halt(void) { abort(); }
void event_send_virq(struct vcpu *v, u32 virq) { kicks_of_nobody++; }
void event_send_global_virq(u32 virq) { }
void event_info_moved(struct vcpu *v) { }
int event_port_pending(struct vcpu *v, u32 port) { return 0; }

void arch_switch_to(struct vcpu *prev, struct vcpu *next)
{
	struct cpu *cpu = this_cpu();

	assert_ptr_equal(cpu->curr, prev);
	assert_ptr_not_equal(prev, next);
	assert_ptr_equal(next->cpu, cpu);
	assert_true(next->running);
	for (u32 i = 0; i < nr_cpus; i++)
		assert_ptr_not_equal(cpus[i]->curr, next);
	cpu->curr = next;
	switches++;
}

static u32 pick(u32 n)
{
	return test_random(&seed) % n;
}

/*
 * The simulation
 */

static noinline void run_softirqs_on(u32 i)
{
	fake_run_on(i);
	cpu_run_softirqs();
}

/* Let all CPUs do what is pending, in any order, until there is nothing left. */
static void settle(void)
{
	for (u32 rounds = 0; rounds < 10000; rounds++) {
		u32 first = pick(nr_cpus), i;

		for (i = 0; i < nr_cpus; i++) {
			if (cpus[(first + i) % nr_cpus]->softirqs)
				break;
		}
		if (i == nr_cpus)
			return;
		run_softirqs_on((first + i) % nr_cpus);
	}
	fail_msg("the CPUs keep each other busy for ever");
}

static bool waits(const struct vcpu *v)
{
	return v->sched.link.next != &v->sched.link;
}

static bool may_run_on(const struct vcpu *v, u32 cpu)
{
	return !v->pause_flags && v->hard_affinity >> cpu & 1;
}

static bool has_budget(const struct domain *d)
{
	return !d->sched.cap || d->sched.budget > 0;
}

static void check_machine(void)
{
	u32 running = 0, found = 0;

	for (u32 t = 0; t < nr_tasks; t++) {
		struct vcpu *v = tasks[t].v;

		running += v->running;
		if (v->running)
			assert_ptr_equal(v->cpu->curr, v);
		assert_false(v->running && waits(v));
		/* Lost: may run, but nobody knows of it. */
		assert_true(v->pause_flags || v->running || waits(v) || !has_budget(v->domain));
	}
	for (u32 i = 0; i < nr_cpus; i++) {
		struct vcpu *v = cpus[i]->curr;
		u32 queued = 0;

		if (!v->is_idle) {
			found++;
			assert_true(v->running);
			assert_true(may_run_on(v, i));
			continue;
		}
		for (u32 t = 0; t < nr_tasks; t++)
			queued += waits(tasks[t].v) && may_run_on(tasks[t].v, i) &&
				  has_budget(tasks[t].v->domain);
		assert_int_equal(queued, 0);
	}
	assert_int_equal(running, found);
}

static noinline void block_current_on(u32 cpu)
{
	fake_run_on(cpu);
	vcpu_block();
}

static void task_begins(struct task *t)
{
	t->left = t->burst;
	t->wake_at = NEVER;
	t->woken_at = fake_now;
	fake_run_on(pick(nr_cpus));
	vcpu_kick(t->v);
}

static u64 next_event(u64 end)
{
	u64 next = end;

	for (u32 i = 0; i < nr_cpus; i++) {
		if (fake_cpus[i].timer_due)
			next = MIN(next, MAX(fake_cpus[i].timer_due, fake_now));
	}
	for (u32 i = 0; i < nr_tasks; i++) {
		if (tasks[i].v->running && tasks[i].left != NEVER)
			next = MIN(next, fake_now + tasks[i].left);
		next = MIN(next, tasks[i].wake_at);
	}
	return next;
}

static void pass_time(u64 dt)
{
	fake_now += dt;
	for (u32 i = 0; i < nr_tasks; i++) {
		struct task *t = &tasks[i];

		if (!t->v->running) {
			if (t->woken_at && fake_now - t->woken_at > t->worst_wait)
				t->worst_wait = fake_now - t->woken_at;
			continue;
		}
		t->woken_at = 0;
		t->ran += dt;
		if (t->left != NEVER)
			t->left -= dt;
	}
}

static void simulate(u64 ns)
{
	u64 end = fake_now + ns;

	settle();
	while (fake_now < end) {
		pass_time(next_event(end) - fake_now);
		for (u32 i = 0; i < nr_tasks; i++) {
			struct task *t = &tasks[i];

			if (t->wake_at <= fake_now) {
				task_begins(t);
			} else if (!t->left && t->v->running) {
				/* Or somebody else woke it: then it sleeps on. */
				if (t->wake_at == NEVER)
					t->wake_at = fake_now + t->sleep;
				block_current_on(t->v->cpu->id);
			}
		}
		fake_timer_interrupts();
		settle();
		check_machine();
	}
}

static void drain_allocator(void)
{
	for (int order = MAX_ORDER; order >= 0; order--) {
		while (page_alloc(order, ADDR_BITS_ANY))
			;
	}
}

static void machine(u32 nr)
{
	static bool used;

	if (used) {
		/* The queue is to be empty when their memory goes. */
		for (u32 i = 0; i < nr_tasks; i++)
			vcpu_set_pause(tasks[i].v, VPF_DOMAIN);
		drain_allocator();
		fake_machine_end();
	}
	used = true;
	fake_machine_init(FRAMES, nr);
	page_alloc_add(MFN(16), MFN(FRAMES));
	list_init(&domain_list);
	dom0 = NULL;
	nr_tasks = 0;
	next_domid = 1;
	memset(tasks, 0, sizeof(tasks));
	domain_init();
	for (u32 i = 0; i < nr; i++) {
		assert_int_equal(timer_init_cpu(cpus[i]), 0);
		assert_int_equal(sched_init_cpu(cpus[i]), 0);
	}
	settle();
}

static struct domain *add_domain(u32 vcpus, u32 weight, u32 cap, u64 burst, u64 sleep)
{
	struct domain *d = domain_create(next_domid++, false, vcpus);

	assert_non_null(d);
	assert_int_equal(sched_domain_set(d, weight, cap), 0);
	for (u32 i = 0; i < vcpus; i++) {
		assert_true(nr_tasks < MAX_TASKS);
		tasks[nr_tasks++] = (struct task){
			.v = d->vcpu[i], .burst = burst, .sleep = sleep, .left = burst,
			.wake_at = NEVER,
		};
		vcpu_clear_pause(d->vcpu[i], VPF_DOWN);
	}
	domain_unpause(d);
	return d;
}

static u64 domain_ran(const struct domain *d)
{
	u64 sum = 0;

	for (u32 i = 0; i < nr_tasks; i++)
		sum += tasks[i].v->domain == d ? tasks[i].ran : 0;
	return sum;
}

static void forget_past(void)
{
	for (u32 i = 0; i < nr_tasks; i++)
		tasks[i].ran = tasks[i].worst_wait = 0;
}

/*
 * Shares
 */

/* What each task deserves of @nr CPUs: by weight, but not more than one. */
static void ideal_shares(double *share, u32 nr)
{
	double left = nr;
	bool full[MAX_TASKS] = { 0 }, again = true;

	while (again) {
		double weights = 0;

		again = false;
		for (u32 i = 0; i < nr_tasks; i++)
			weights += full[i] ? 0 : tasks[i].v->domain->sched.weight;
		for (u32 i = 0; i < nr_tasks && !again; i++) {
			if (full[i])
				continue;
			share[i] = left * tasks[i].v->domain->sched.weight / weights;
			if (share[i] > 1) {
				share[i] = 1;
				full[i] = again = true;
				left -= 1;
			}
		}
	}
}

static void check_shares(u64 ns, double tolerance)
{
	double share[MAX_TASKS], off = 0;

	ideal_shares(share, nr_cpus);
	for (u32 i = 0; i < nr_tasks; i++) {
		double got = (double)tasks[i].ran / ns;

		off += got > share[i] ? got - share[i] : share[i] - got;
		if (got < share[i] * (1 - tolerance) - 0.005 ||
		    got > share[i] * (1 + tolerance) + 0.005)
			fail_msg("task %u of %u on %u CPUs: weight %u got %.3f, deserves %.3f",
				 i, nr_tasks, nr_cpus, tasks[i].v->domain->sched.weight,
				 got, share[i]);
	}
	/* One may be a little off where shares are near a whole CPU; not all. */
	assert_true(off / nr_cpus < 0.05);
}

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
			assert_int_equal(vcpu_set_affinity(v, 1ull << pick(nr_cpus) |
							   1ull << pick(nr_cpus)), 0);
		else
			assert_int_equal(vcpu_set_affinity(v, ~0ull), 0);
		break;
	case 3:
		if (v->running)
			yield_on(v->cpu->id);
		break;
	case 4:
		assert_int_equal(sched_domain_set(v->domain, 1 + pick(65535),
						  pick(3) ? 0 : 1 + pick(200)), 0);
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
			add_domain(1 + pick(4), 256, pick(4) ? 0 : 20 + pick(200),
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
			assert_int_equal(vcpu_set_affinity(tasks[i].v, ~0ull), 0);
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
	assert_int_equal(vcpu_set_affinity(tasks[0].v, 0), -EINVAL);
	assert_int_equal(vcpu_set_affinity(tasks[0].v, 8), -EINVAL);
	/* All on one CPU: they share it. */
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(vcpu_set_affinity(tasks[i].v, 2), 0);
	simulate(SEC);
	forget_past();
	simulate(3 * SEC);
	for (u32 i = 0; i < 3; i++)
		assert_true(tasks[i].ran > 95 * SEC / 100 && tasks[i].ran < 105 * SEC / 100);
	/* And apart again. */
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(vcpu_set_affinity(tasks[i].v, 1ull << i), 0);
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
	assert_int_equal(sched_domain_set(d, 256, 100 * MAX_CPUS + 1), -EINVAL);
	assert_int_equal(sched_domain_set(d, 65535, 100 * MAX_CPUS), 0);
	assert_int_equal(d->sched.weight, 65535);
	assert_int_equal(d->sched.cap, 100 * MAX_CPUS);
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
