// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler on CPUs that really run at the same time: one thread each.
 *
 * Rules under test: a vcpu is never on two CPUs; nobody runs a vcpu before the
 * CPU that had it last is through with it; no wake-up is lost, whatever blocks,
 * wakes, pauses and moves vcpus meanwhile. Once a domain is destroyed nobody
 * touches it or its vcpus, whatever timers it had: the address sanitizer looks.
 *
 * Links: string.c sched.c sched_fair.c sched_ctl.c runstate.c sched_op.c vcpu_op.c
 * Links: domain.c domain_list.c
 * Links: softirq.c timer.c page_alloc.c frame.c
 * Links: arch/fake/fake.c arch/fake/fake_domain.c
 */
#include <pthread.h>
#include <sanitizer/asan_interface.h>

#include "test_util.h"
#include "fake.h"
#include "event.h"
#include "page.h"
#include "sched.h"

#define CPUS	4
#define VCPUS	10
#define STEPS	3000	/* each vcpu runs that many */
#define FRAMES	65536

#define DOMAINS	3000	/* that come and go */

static struct domain *guest;
static u64 ran[VCPUS];
static u32 violations, working;
static __thread u32 switches;

bool opt_noreboot;
void machine_restart(void) { abort(); }
void machine_halt(void) { abort(); }
void event_send_virq(struct vcpu *v, u32 virq) { vcpu_kick(v); }
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

/* CPU + 1 that has the vcpu's state, 0 none; kicks is of no other use here. */
static u32 take(struct vcpu *v, u32 who)
{
	return __atomic_exchange_n(&v->arch.kicks, who, __ATOMIC_SEQ_CST);
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
	if (v->domain == guest)
		WRITE_ONCE(ran[v->id], ran[v->id] + 1);
	switch (test_random(seed) % (v->domain == guest ? 8 : 16)) {
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
	case 8:
		do_set_timer_op(arch_now() + 1 + test_random(seed) % 20000);
		break;
	case 9:
		v->period = 1000;
		timer_set(&v->periodic, arch_now());
		break;
	case 10:
		v->poll_port = -1;
		if (vcpu_block())
			timer_set(&v->poll, arch_now() + test_random(seed) % 20000);
		break;
	case 11:
		timer_set(&v->domain->watchdog[0], arch_now() + test_random(seed) % 500000);
		break;
	}
}

static void poison(void *p, size_t size, bool on)
{
	if (on)
		ASAN_POISON_MEMORY_REGION(p, size);
	else
		ASAN_UNPOISON_MEMORY_REGION(p, size);
}

/* A domain's life. Its memory is gone for the time that the next one lives. */
static void domain_comes_and_goes(u32 nr, u64 *seed)
{
	static struct domain *last;
	struct domain *d;

	if (last) {
		poison(last, sizeof(*last), false);
		for_each_vcpu(last, v) {
			poison(v, sizeof(*v), false);
			free_zeroed(v, sizeof(*v));
		}
		free_zeroed(last, sizeof(*last));
	}
	d = last = domain_create(2 + nr % 1000, false, 1 + nr % 6);
	if (!d) {
		violation();
		return;
	}
	domain_publish(d);
	sched_domain_set(d, 256, nr % 2 ? 0 : 20);
	for_each_vcpu(d, v)
		vcpu_clear_pause(v, VPF_DOWN);
	domain_unpause(d);
	for (u32 i = test_random(seed) % 200; i; i--)
		arch_spin_poll();
	if (nr % 3)
		domain_pause(d);
	sched_destroy_domain(d);
	spin_lock(&domain_list_lock);
	list_del(&d->all);
	spin_unlock(&domain_list_lock);
	for_each_vcpu(d, v) {
		if (v->running || v->arch.kicks || waits(v) || timer_pending(&v->single) ||
		    timer_pending(&v->periodic) || timer_pending(&v->poll))
			violation();
		poison(v, sizeof(*v), true);
	}
	if (timer_pending(&d->sched.refill) || timer_pending(&d->watchdog[0]))
		violation();
	poison(d, sizeof(*d), true);
}

/* Whoever has nothing to do does something to the others. */
static void meddle(u64 *seed)
{
	struct vcpu *v = guest->vcpu[test_random(seed) % VCPUS];
	u64 cpus_wanted, soft = test_random(seed);

	switch (test_random(seed) % 12) {
	case 0:
		vcpu_set_pause(v, VPF_DOWN);
		vcpu_wait_descheduled(v);
		if (v->running)
			violation();
		vcpu_clear_pause(v, VPF_DOWN);
		break;
	case 1:
		cpus_wanted = test_random(seed) | 1ull << test_random(seed) % CPUS;
		if (vcpu_set_affinity(v, &cpus_wanted, &soft, false))
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
	u32 domains = 0;

	/* An observer without a CPU of its own: the last one, which runs nothing. */
	fake_run_on(CPUS);
	for (u32 i = 0; i < VCPUS || domains < DOMAINS;) {
		meddle(&seed);
		arch_spin_poll();
		if (domains < DOMAINS && test_random(&seed) % 8 == 0)
			domain_comes_and_goes(domains++, &seed);
		/* If a wake-up is lost for good, this never ends: the runner has a limit. */
		if (i < VCPUS && READ_ONCE(ran[i]) >= STEPS)
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
	domain_publish(guest);
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
		assert_int_equal(v->running, v->arch.kicks != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
