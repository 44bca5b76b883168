/* SPDX-License-Identifier: GPL-2.0-only */
/* A simulated machine for the scheduler, whose time the test moves. */
#ifndef XENLITE_TEST_SCHED_H
#define XENLITE_TEST_SCHED_H

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

/* Hard affinity. */
static inline int set_hard(struct vcpu *v, u64 cpus)
{
	return vcpu_set_affinity(v, &cpus, NULL, false);
}

static inline u32 pick(u32 n)
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
	return !v->pause_flags && v->sched.cpus >> cpu & 1;
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

static inline void simulate(u64 ns)
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

static inline struct domain *add_domain(u32 vcpus, u32 weight, u32 cap, u64 burst, u64 sleep)
{
	struct domain *d = domain_create(next_domid++, false, vcpus);

	assert_non_null(d);
	domain_publish(d);
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

static inline u64 domain_ran(const struct domain *d)
{
	u64 sum = 0;

	for (u32 i = 0; i < nr_tasks; i++)
		sum += tasks[i].v->domain == d ? tasks[i].ran : 0;
	return sum;
}

static inline void forget_past(void)
{
	for (u32 i = 0; i < nr_tasks; i++)
		tasks[i].ran = tasks[i].worst_wait = 0;
}

/*
 * Shares
 */

/* What each task deserves of @nr CPUs: by weight, but not more than one. */
static inline void ideal_shares(double *share, u32 nr)
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

static inline void check_shares(u64 ns, double tolerance)
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

#endif
