// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers against a plain list of when each should fire.
 *
 * Rules under test: no timer fires early, twice, or more than the slack late;
 * those of a CPU fire in order; setting, which moves it to the CPU that does it,
 * and stopping work from any CPU; after timer_stop() the handler neither runs
 * nor will, even if it was running on another CPU; a handler may set and stop
 * its own timer, and another CPU may set it meanwhile; a
 * timer that is always due does not keep the CPU from other work.
 *
 * Links: timer.c softirq.c arch/fake/fake.c arch/fake/fake_domain.c frame.c page_alloc.c
 */
#include <pthread.h>

#include "test_util.h"
#include "fake.h"
#include "timer.h"

#define CPUS	4
#define TIMERS	300

static struct model {
	struct timer t;
	bool armed;
	u64 at;
	u32 fired;
	int in_handler;		/* what the handler does: enum below */
} models[TIMERS];

enum { PLAIN, REARM, REARM_PAST, STOP_SELF };

static u64 last_fired[CPUS];
static bool was_exact;		/* time is moved to each interrupt, not in leaps */

static void handler(void *data)
{
	struct model *m = data;

	assert_true(m->armed);
	assert_true(fake_now >= m->at);
	assert_true(!was_exact || fake_now <= m->at + TIMER_SLACK);
	assert_false(timer_pending(&m->t));
	m->armed = false;
	m->fired++;
	if (was_exact) {
		u32 id = m->t.cpu->id;

		assert_true(m->at >= last_fired[id] || last_fired[id] - m->at <= TIMER_SLACK);
		last_fired[id] = m->at;
	}

	switch (m->in_handler) {
	case REARM:
	case REARM_PAST:
		m->armed = true;
		m->at = m->in_handler == REARM ? fake_now + 1000000 : 5;
		timer_set(&m->t, m->at);
		break;
	case STOP_SELF:
		timer_set(&m->t, fake_now + 1);
		timer_stop(&m->t);
		break;
	}
}

static void init_cpus(void)
{
	for (u32 i = 0; i < CPUS; i++)
		timer_init_cpu(cpus[i]);
}

static int setup(void **state)
{
	fake_machine_init(16, CPUS);
	init_cpus();
	for (u32 i = 0; i < TIMERS; i++) {
		memset(&models[i], 0, sizeof(models[i]));
		timer_init(&models[i].t, handler, &models[i]);
	}
	memset(last_fired, 0, sizeof(last_fired));
	was_exact = false;
	return 0;
}

static int teardown(void **state)
{
	fake_machine_end();
	return 0;
}

static void run_softirqs(void)
{
	u32 here = this_cpu()->id;

	for (u32 i = 0; i < CPUS; i++) {
		fake_run_on(i);
		cpu_run_softirqs();
	}
	fake_run_on(here);
}

static u32 count(const struct timer *t)
{
	return t ? 1 + count(t->left) + count(t->right) : 0;
}

/* What must hold whenever no CPU is in the timer code. */
static void check(void)
{
	u64 first[CPUS];
	u32 nr[CPUS] = { 0 };

	memset(first, 0xff, sizeof(first));
	for (u32 i = 0; i < TIMERS; i++) {
		struct model *m = &models[i];

		assert_int_equal(timer_pending(&m->t), m->armed);
		if (!m->armed)
			continue;
		/* At the time asked for, or with those that are due next. */
		assert_true(m->t.expires == m->at ||
			    (m->t.expires > m->at && m->t.expires <= fake_now + 1));
		first[m->t.cpu->id] = MIN(first[m->t.cpu->id], m->t.expires);
		nr[m->t.cpu->id]++;
	}
	for (u32 i = 0; i < CPUS; i++) {
		assert_int_equal(count(cpus[i]->timers), nr[i]);
		if (!nr[i])
			continue;
		assert_ptr_not_equal(cpus[i]->timers, NULL);
		assert_int_equal(cpus[i]->timers->expires, first[i]);
		/* The interrupt comes in time, or the CPU is about to program it. */
		assert_true((fake_cpus[i].timer_due &&
			     fake_cpus[i].timer_due <= first[i] + TIMER_SLACK) ||
			    cpus[i]->softirqs & 1u << SOFTIRQ_TIMER);
	}
}

static void test_random_use(void **state)
{
	u64 rnd = 77;

	for (int step = 0; step < 40000; step++) {
		struct model *m = &models[test_random(&rnd) % TIMERS];
		u32 cpu = test_random(&rnd) % CPUS;

		fake_run_on(test_random(&rnd) % CPUS);
		switch (test_random(&rnd) % 8) {
		case 0: case 1: case 2: case 3:
			m->armed = true;
			m->at = fake_now - 100000 + test_random(&rnd) % 3000000;
			timer_set(&m->t, m->at);
			break;
		case 4:
			m->armed = false;
			timer_stop(&m->t);
			break;
		case 5:
			/* A pending one moves. */
			if (m->armed) {
				fake_run_on(cpu);
				timer_set(&m->t, m->at);
				assert_ptr_equal(m->t.cpu, cpus[cpu]);
			}
			break;
		case 6:
			fake_now += test_random(&rnd) % 200000;
			fake_timer_interrupts();
			break;
		case 7:
			fake_run_on(cpu);
			cpu_run_softirqs();
			break;
		}
		check();
	}
	/* Let all come: exactly those that are armed fire, once. */
	for (u32 i = 0; i < TIMERS; i++)
		models[i].fired = models[i].armed ? 0 : 1;
	fake_now += 10000000;
	fake_timer_interrupts();
	run_softirqs();
	for (u32 i = 0; i < TIMERS; i++)
		assert_int_equal(models[i].fired, 1);
	check();
}

/* Move time from interrupt to interrupt: then the bounds are sharp. */
static void test_order_and_slack(void **state)
{
	u64 rnd = 99;
	u32 armed = 0, wakeups = 0;

	was_exact = true;
	for (u32 i = 0; i < TIMERS; i++) {
		models[i].armed = true;
		models[i].at = fake_now + test_random(&rnd) % 3000000;
		fake_run_on(i % CPUS);
		timer_set(&models[i].t, models[i].at);
		armed++;
	}
	for (;;) {
		u64 next = ~0ull;

		for (u32 i = 0; i < CPUS; i++) {
			if (fake_cpus[i].timer_due)
				next = MIN(next, fake_cpus[i].timer_due);
		}
		if (next == ~0ull)
			break;
		fake_now = MAX(fake_now, next);
		assert_true(fake_timer_interrupts());
		run_softirqs();
		check();
		wakeups++;
	}
	for (u32 i = 0; i < TIMERS; i++)
		assert_int_equal(models[i].fired, 1);
	/* 75 timers a CPU in 3 ms: the slack saves interrupts. */
	assert_true(wakeups < armed * 3 / 4);
}

static noinline void set_on(u32 cpu, struct timer *t, u64 expires)
{
	fake_run_on(cpu);
	timer_set(t, expires);
}

static void test_programming(void **state)
{
	u64 t0 = fake_now + 1000000;

	fake_run_on(0);
	timer_set(&models[0].t, t0);
	assert_int_equal(fake_cpus[0].timer_programmed, 1);
	assert_int_equal(fake_cpus[0].timer_due, t0);
	/* Later ones, and putting it off, cost nothing ... */
	timer_set(&models[4].t, t0 + 5000000);
	timer_set(&models[0].t, t0 + 2000000);
	timer_stop(&models[0].t);
	assert_int_equal(fake_cpus[0].timer_programmed, 1);
	/* ... until the interrupt finds nothing and programs the next. */
	fake_now = t0;
	assert_true(fake_timer_interrupts());
	cpu_run_softirqs();
	assert_int_equal(fake_cpus[0].timer_due, t0 + 5000000);
	assert_int_equal(models[4].fired, 0);

	/* A CPU programs its own interrupt, and the timer moves to it. */
	models[1].armed = true;
	models[1].at = t0 + 10;
	timer_set(&models[1].t, t0 + 20);
	set_on(1, &models[1].t, t0 + 10);
	assert_int_equal(fake_cpus[0].timer_due, t0 + 20);
	assert_int_equal(fake_cpus[1].timer_due, t0 + 10);
	fake_run_on(1);

	/* In the past: programmed for what is the past already. */
	fake_now += 1000;
	timer_set(&models[1].t, 0);
	assert_in_range(fake_cpus[1].timer_due, 1, fake_now);
	timer_stop(&models[1].t);
	/* The far future. */
	timer_set(&models[1].t, ~0ull - 1);
	timer_stop(&models[4].t);
	timer_dump();
}

static void test_handlers(void **state)
{
	for (int i = 0; i < 4; i++) {
		models[4 * i].in_handler = i;
		models[4 * i].armed = true;
		models[4 * i].at = fake_now;
		timer_set(&models[4 * i].t, fake_now);
	}
	assert_true(fake_timer_interrupts());
	run_softirqs();
	for (int i = 0; i < 4; i++)
		assert_int_equal(models[4 * i].fired, 1);
	assert_true(timer_pending(&models[4 * REARM].t));
	assert_false(timer_pending(&models[4 * STOP_SELF].t));
	/* The one that is always due: served, but after an interrupt each time. */
	assert_true(timer_pending(&models[4 * REARM_PAST].t));
	check();
	for (u32 fired = 2; fired < 5; fired++) {
		fake_now++;
		assert_true(fake_timer_interrupts());
		run_softirqs();
		assert_int_equal(models[4 * REARM_PAST].fired, fired);
	}
	check();
}

/* timer_stop() while the handler runs on another CPU. */
static struct { bool entered, stopping, done; struct timer t; } slow;

static void slow_handler(void *data)
{
	__atomic_store_n(&slow.entered, true, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&slow.stopping, __ATOMIC_SEQ_CST))
		arch_spin_poll();
	for (int i = 0; i < 200; i++)
		arch_spin_poll();
	timer_set(&slow.t, ++fake_now);	/* even this must not survive */
	__atomic_store_n(&slow.done, true, __ATOMIC_SEQ_CST);
}

static void *other_cpu(void *arg)
{
	fake_run_on(1);
	cpu_run_softirqs();
	return NULL;
}

static void test_stop_waits(void **state)
{
	for (int round = 0; round < 50; round++) {
		pthread_t thread;

		memset(&slow, 0, sizeof(slow));
		timer_init(&slow.t, slow_handler, NULL);
		set_on(1, &slow.t, ++fake_now);
		fake_run_on(0);
		fake_timer_interrupts();
		assert_int_equal(pthread_create(&thread, NULL, other_cpu, NULL), 0);
		while (!__atomic_load_n(&slow.entered, __ATOMIC_SEQ_CST))
			arch_spin_poll();
		__atomic_store_n(&slow.stopping, true, __ATOMIC_SEQ_CST);
		timer_stop(&slow.t);
		assert_true(__atomic_load_n(&slow.done, __ATOMIC_SEQ_CST));
		assert_false(timer_pending(&slow.t));
		pthread_join(thread, NULL);
		assert_false(timer_pending(&slow.t));
		assert_null(cpus[1]->timers);
	}
}

/* Four CPUs set and stop the same timers, which move between them, at the same time. */
static u32 storm_fired[8];
static struct timer storm[8];

static void storm_handler(void *data)
{
	__atomic_fetch_add(&storm_fired[(struct timer *)data - storm], 1, __ATOMIC_RELAXED);
}

static void *storm_cpu(void *arg)
{
	u64 rnd = 1 + (uintptr_t)arg;

	fake_run_on((uintptr_t)arg);
	for (int i = 0; i < 20000; i++) {
		struct timer *t = &storm[test_random(&rnd) % 8];

		switch (test_random(&rnd) % 3) {
		case 0:
			timer_set(t, test_random(&rnd) % (2 * fake_now));
			break;
		case 1:
			timer_stop(t);
			break;
		default:
			__atomic_fetch_add(&fake_now, 1, __ATOMIC_RELAXED);
			__atomic_fetch_or(&this_cpu()->softirqs, 1u << SOFTIRQ_TIMER,
					  __ATOMIC_SEQ_CST);
			cpu_run_softirqs();
			break;
		}
	}
	return NULL;
}

static void test_storm(void **state)
{
	pthread_t threads[CPUS];
	u32 pending = 0, counted = 0;

	memset(storm_fired, 0, sizeof(storm_fired));
	for (u32 i = 0; i < 8; i++)
		timer_init(&storm[i], storm_handler, &storm[i]);
	for (uintptr_t i = 0; i < CPUS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, storm_cpu, (void *)i), 0);
	for (u32 i = 0; i < CPUS; i++)
		pthread_join(threads[i], NULL);
	for (u32 i = 0; i < 8; i++) {
		pending += timer_pending(&storm[i]);
		assert_true(storm_fired[i] > 0);
	}
	for (u32 i = 0; i < CPUS; i++)
		counted += count(cpus[i]->timers);
	assert_int_equal(counted, pending);
	for (u32 i = 0; i < 8; i++)
		timer_stop(&storm[i]);
	for (u32 i = 0; i < CPUS; i++) {
		assert_null(cpus[i]->timers);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random_use, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order_and_slack, setup, teardown),
		cmocka_unit_test_setup_teardown(test_programming, setup, teardown),
		cmocka_unit_test_setup_teardown(test_handlers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_storm, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
