// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler on CPUs that really run at the same time: one thread each.
 *
 * Rules under test: a vcpu is never on two CPUs; nobody runs a vcpu before the
 * CPU that had it last is through with it; no wake-up is lost, whatever blocks,
 * wakes, pauses and moves vcpus meanwhile.
 *
 * Links: string.c sched.c sched_fair.c runstate.c sched_op.c vcpu_op.c domain.c
 * Links: softirq.c timer.c page_alloc.c frame.c
 * Links: arch/fake/fake.c arch/fake/fake_domain.c
 */
#include <pthread.h>

#include "test_util.h"
#include "fake.h"
#include "event.h"
#include "page.h"
#include "sched.h"

#define CPUS	4
#define VCPUS	10
#define STEPS	3000	/* each vcpu runs that many */
#define FRAMES	8192

static struct domain *guest;
static u32 on_cpu[VCPUS];	/* atomic: CPU + 1 that has the vcpu's state, 0 none */
static u64 ran[VCPUS];
static u32 violations, working;
static __thread u32 switches;

bool opt_noreboot;
void machine_restart(void) { abort(); }
void machine_halt(void) { abort(); }
void event_send_virq(struct vcpu *v, u32 virq) { }
void event_send_global_virq(u32 virq) { }
void event_info_moved(struct vcpu *v) { }
int event_port_pending(struct vcpu *v, u32 port) { return 0; }

static bool waits(const struct vcpu *v)
{
	return v->sched.link.next != &v->sched.link;
}

static void violation(void)
{
	__atomic_fetch_add(&violations, 1, __ATOMIC_RELAXED);
}

static u32 take(const struct vcpu *v, u32 who)
{
	return __atomic_exchange_n(&on_cpu[v->id], who, __ATOMIC_SEQ_CST);
}

/* As the real one: the old state is saved and given up, then the new one taken. */
void arch_switch_to(struct vcpu *prev, struct vcpu *next)
{
	struct cpu *cpu = this_cpu();

	if (cpu->curr != prev || next->cpu != cpu)
		violation();
	/* Saving takes a while, in which others are not to touch it. */
	if (switches++ % 2 == 0)
		arch_spin_poll();
	if (!prev->is_idle && take(prev, 0) != cpu->id + 1)
		violation();
	if (!next->is_idle && take(next, cpu->id + 1))
		violation();
	cpu->curr = next;
}

/* A step of the guest that runs here. */
static void guest_step(struct vcpu *v, u64 *seed)
{
	WRITE_ONCE(ran[v->id], ran[v->id] + 1);
	switch (test_random(seed) % 8) {
	case 0:
	case 1:
		/* An event may be there already, so that it does not sleep after all. */
		v->info->evtchn_upcall_mask = 0;
		v->info->evtchn_upcall_pending = test_random(seed) % 2;
		vcpu_block();
		break;
	case 2:
		vcpu_yield();
		break;
	}
}

/* Whoever has nothing to do does something to the others. */
static void meddle(u64 *seed)
{
	struct vcpu *v = guest->vcpu[test_random(seed) % VCPUS];

	switch (test_random(seed) % 12) {
	case 0:
		vcpu_set_pause(v, VPF_DOWN);
		vcpu_wait_descheduled(v);
		if (v->running)
			violation();
		vcpu_clear_pause(v, VPF_DOWN);
		break;
	case 1:
		if (vcpu_set_affinity(v, test_random(seed) | 1ull << test_random(seed) % CPUS))
			violation();
		break;
	default:
		vcpu_kick(v);
		break;
	}
}

/* Stays out of the waits that meddle() does for another CPU. */
static void *cpu_thread(void *arg)
{
	struct cpu *cpu = arg;
	u64 seed = 77 + cpu->id, *due = &fake_cpus[cpu->id].timer_due;

	fake_run_on(cpu->id);
	while (__atomic_load_n(&working, __ATOMIC_SEQ_CST)) {
		struct vcpu *v;

		__atomic_fetch_add(&fake_now, 500, __ATOMIC_RELAXED);
		if (*due && *due <= READ_ONCE(fake_now)) {
			*due = 0;
			__atomic_fetch_or(&cpu->softirqs, 1u << SOFTIRQ_TIMER, __ATOMIC_SEQ_CST);
		}
		cpu_run_softirqs();
		v = cpu->curr;
		if (v->is_idle)
			arch_spin_poll();
		else
			guest_step(v, &seed);
	}
	return NULL;
}

static void *meddler_thread(void *arg)
{
	u64 seed = 4242;

	/* An observer without a CPU of its own: the last one, which runs nothing. */
	fake_run_on(CPUS);
	for (u32 i = 0; i < VCPUS;) {
		meddle(&seed);
		arch_spin_poll();
		/* If a wake-up is lost for good, this never ends: the runner has a limit. */
		if (READ_ONCE(ran[i]) >= STEPS)
			i++;
	}
	__atomic_store_n(&working, 0, __ATOMIC_SEQ_CST);
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[CPUS + 1];

	fake_machine_init(FRAMES, CPUS + 1);
	page_alloc_add(MFN(16), MFN(FRAMES));
	domain_init();
	for (u32 i = 0; i <= CPUS; i++) {
		timer_init_cpu(cpus[i]);
		sched_init_cpu(cpus[i]);
	}
	nr_cpus = CPUS;
	guest = domain_create(1, false, VCPUS);
	assert_non_null(guest);
	for (u32 i = 0; i < VCPUS; i++)
		vcpu_clear_pause(guest->vcpu[i], VPF_DOWN);
	domain_unpause(guest);

	working = 1;
	for (u32 i = 0; i < CPUS; i++)
		pthread_create(&threads[i], NULL, cpu_thread, cpus[i]);
	pthread_create(&threads[CPUS], NULL, meddler_thread, NULL);
	for (u32 i = 0; i <= CPUS; i++)
		pthread_join(threads[i], NULL);

	assert_int_equal(violations, 0);
	for (u32 i = 0; i < VCPUS; i++) {
		struct vcpu *v = guest->vcpu[i];

		/* Runnable but known to nobody: its wake-up was lost. */
		assert_true(v->pause_flags || v->running || waits(v));
		assert_int_equal(v->running, on_cpu[i] != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
