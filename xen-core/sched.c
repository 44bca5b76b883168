// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler's mechanism: vcpus between the queue and the CPUs.
 *
 * A vcpu is runnable when no bit of pause_flags is set. It then is in exactly
 * one of these states, told apart under sched_lock:
 *
 *     waiting ----picked----> running ----put off----> running, not picked
 *       ^                                                    |
 *       +------------ woken, or still runnable <------- switched out
 *
 * or waits outside of the queue for its domain's next period (sched_fair.c).
 *
 * A vcpu that is running is never in the queue, so no other CPU can pick it while
 * its state is still being saved: who wakes it meanwhile leaves it alone, and
 * the CPU that switched it out looks at pause_flags afterwards.
 *
 * There is one queue under one lock, which is held for a few dozen instructions
 * at a time. Who goes first and where is sched_fair.c's business.
 */
#include "sched.h"

#include "event.h"

static u32 sched_flags(const struct vcpu *v)
{
	return __atomic_load_n(&v->pause_flags, __ATOMIC_SEQ_CST);
}

/* The state of a vcpu that is not running. */
static int sched_runstate(const struct vcpu *v)
{
	u32 flags = sched_flags(v);

	if (!flags)
		return RUNSTATE_runnable;
	return flags & 1u << VPF_BLOCKED ? RUNSTATE_blocked : RUNSTATE_offline;
}

/**
 * sched_place() - what @v may do has changed: put it where it belongs
 *
 * Under sched_lock. Flags are changed before running is read; who clears running
 * reads the flags after that, so one of the two sees the other.
 */
void sched_place(struct vcpu *v, u64 now)
{
	if (__atomic_load_n(&v->running, __ATOMIC_SEQ_CST)) {
		cpu_raise(v->cpu, SOFTIRQ_SCHEDULE);
		return;
	}
	runstate_change(v, sched_runstate(v), now);
	list_del(&v->sched.link);
	if (!sched_flags(v))
		fair_enqueue(v, now);
}

static void sched_update(struct vcpu *v)
{
	spin_guard(&sched_lock);
	sched_place(v, arch_now());
}

void vcpu_set_pause(struct vcpu *v, enum vcpu_pause why)
{
	__atomic_fetch_or(&v->pause_flags, 1u << why, __ATOMIC_SEQ_CST);
	sched_update(v);
}

void vcpu_clear_pause(struct vcpu *v, enum vcpu_pause why)
{
	u32 bit = 1u << why;

	if (__atomic_fetch_and(&v->pause_flags, ~bit, __ATOMIC_SEQ_CST) & bit)
		sched_update(v);
}

void vcpu_wait_descheduled(struct vcpu *v)
{
	/* Seen false, all that the vcpu's CPU saved of it is visible. */
	while (__atomic_load_n(&v->running, __ATOMIC_ACQUIRE))
		arch_spin_poll();
}

/**
 * vcpu_block() - put the current vcpu to sleep until an event wakes it
 *
 * A sender sets the pending flag and then looks for the blocked bit; here it is
 * the reverse, so an event that comes in between is not slept over.
 *
 * Return: false when an upcall or an NMI is due, and it does not sleep.
 */
bool vcpu_block(void)
{
	struct vcpu *v = current;

	__atomic_fetch_or(&v->pause_flags, 1u << VPF_BLOCKED, __ATOMIC_SEQ_CST);
	if ((READ_ONCE(v->info->evtchn_upcall_pending) &&
	     !READ_ONCE(v->info->evtchn_upcall_mask)) || READ_ONCE(v->nmi_pending)) {
		__atomic_fetch_and(&v->pause_flags, ~(1u << VPF_BLOCKED), __ATOMIC_SEQ_CST);
		return false;
	}
	cpu_raise(this_cpu(), SOFTIRQ_SCHEDULE);
	return true;
}

void vcpu_kick(struct vcpu *v)
{
	if (sched_flags(v) & 1u << VPF_BLOCKED)
		vcpu_clear_pause(v, VPF_BLOCKED);
	else if (__atomic_load_n(&v->running, __ATOMIC_SEQ_CST) && v != current)
		arch_kick_cpu(READ_ONCE(v->cpu));
}

/* The SOFTIRQ_SCHEDULE handler. */
static void sched_run(void)
{
	struct cpu *cpu = this_cpu();
	struct vcpu *prev = cpu->curr, *next;
	u64 now = arch_now();

	spin_lock(&sched_lock);
	next = fair_pick(cpu, now);
	if (next != prev) {
		runstate_change(prev, sched_runstate(prev), now);
		runstate_change(next, RUNSTATE_running, now);
		WRITE_ONCE(next->cpu, cpu);
		/*
		 * Its poll is over. Not said by who wakes it: a slow one would
		 * take the port of the next poll away, and that one's event with it.
		 */
		WRITE_ONCE(next->poll_port, 0);
		WRITE_ONCE(cpu->sched.leaving, prev);
		/* Ordered before the exit path's look at pending events. */
		__atomic_store_n(&next->running, true, __ATOMIC_SEQ_CST);
	}
	spin_unlock(&sched_lock);
	if (next == prev)
		return;
	arch_switch_to(prev, next);
	/* From here on another CPU may run it; all of its state is saved. */
	__atomic_store_n(&prev->running, false, __ATOMIC_SEQ_CST);
	if (!prev->is_idle && !sched_flags(prev))
		sched_update(prev);
	/* And from here on its memory may be given back. */
	__atomic_store_n(&cpu->sched.leaving, NULL, __ATOMIC_RELEASE);
	vcpu_periodic_resume(next);
}

/* Off its CPU, and that CPU does not look back at it either. */
static void vcpu_wait_left(struct vcpu *v)
{
	vcpu_wait_descheduled(v);
	for (u32 i = 0; i < nr_cpus; i++)
		while (__atomic_load_n(&cpus[i]->sched.leaving, __ATOMIC_ACQUIRE) == v)
			arch_spin_poll();
}

/**
 * sched_destroy_domain() - take @d's vcpus off every CPU, queue and timer for good
 *
 * T6, L5: on return no CPU will look at the domain or its vcpus of its own accord, nor has
 * their state loaded: their memory and their page tables may be given back by
 * whoever holds the only reference. What still refers to a vcpu, like an event
 * channel, may call vcpu_kick() on it, which does nothing any more.
 *
 * Waits for other CPUs to leave the guest or its hypercalls: no lock may be held,
 * and @d is not the caller's. Calling it again does no harm.
 */
void sched_destroy_domain(struct domain *d)
{
	for_each_vcpu(d, v)
		vcpu_set_pause(v, VPF_GONE);
	for_each_vcpu(d, v)
		vcpu_wait_left(v);
	/* Only vcpus of the domain set these, and the timers' functions themselves. */
	for_each_vcpu(d, v) {
		timer_stop(&v->single);
		timer_stop(&v->periodic);
		timer_stop(&v->poll);
	}
	for (u32 i = 0; i < NR_WATCHDOGS; i++)
		timer_stop(&d->watchdog[i]);
	timer_stop(&d->sched.refill);
	/* Who looked at another CPU's vcpu did so under the lock, and has it no more. */
	sched_leave_pool(d);
	arch_domain_forget(d);
}

static void sched_slice_over(void *cpu)
{
	cpu_raise(cpu, SOFTIRQ_SCHEDULE);
}

/**
 * sched_init_cpu() - the scheduler on @cpu, which begins with its idle vcpu
 *
 * After timer_init_cpu() and domain_init(). The CPU joins in when it first runs
 * its softirqs, in the idle loop.
 */
int sched_init_cpu(struct cpu *cpu)
{
	if (!cpu->id)
		softirq_set_handler(SOFTIRQ_SCHEDULE, sched_run);
	timer_init(&cpu->sched.slice, sched_slice_over, cpu);
	cpu->curr = vcpu_create(dom_idle, cpu->id);
	if (!cpu->curr)
		return -ENOMEM;
	__atomic_fetch_or(&cpu->softirqs, 1u << SOFTIRQ_SCHEDULE, __ATOMIC_RELAXED);
	return 0;
}
