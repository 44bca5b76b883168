// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest does with its vcpus: bring them up and down, time them, and say
 * where it wants to read about them.
 */
#include "sched.h"

#include "event.h"
#include "hypercall.h"

#define MIN_PERIOD	1000000ull		/* ns, VCPUOP_set_periodic_timer */
#define MAX_PERIOD	(1ull << 62)
#define FAR_AHEAD	(1ull << 50)		/* ns: 13 days, do_set_timer_op() */
#define FAR_AHEAD_DELAY	100000000ull		/* ns */

static_assert(sizeof(struct vcpu_info) == 64, "xen/xen.h");
static_assert(sizeof(struct vcpu_set_singleshot_timer) == 16, "xen/vcpu.h");
static_assert(sizeof(struct vcpu_register_vcpu_info) == 16, "xen/vcpu.h");

/*
 * Timers
 */

static void vcpu_single_expired(void *vcpu)
{
	event_send_virq(vcpu, VIRQ_TIMER);
}

/*
 * The tick is for running vcpus: one that sleeps is not woken by it, the timer
 * stays off until the vcpu runs again.
 */
void vcpu_periodic_resume(struct vcpu *v)
{
	u64 period = READ_ONCE(v->period), next = v->periodic.expires, now;

	if (!period || (timer_pending(&v->periodic) && v->periodic.cpu == v->cpu))
		return;
	now = arch_now();
	if (next <= now) {
		event_send_virq(v, VIRQ_TIMER);
		next = next + period > now ? next + period : now + period;
	}
	timer_set(&v->periodic, next);
}

static void vcpu_periodic_expired(void *vcpu)
{
	struct vcpu *v = vcpu;

	if (READ_ONCE(v->running))
		vcpu_periodic_resume(v);
}

void vcpu_init_timers(struct vcpu *v)
{
	timer_init(&v->single, vcpu_single_expired, v);
	timer_init(&v->periodic, vcpu_periodic_expired, v);
	timer_init(&v->poll, sched_poll_timeout, v);
}

/**
 * do_set_timer_op() - VIRQ_TIMER at @timeout, system time in ns; 0: never
 *
 * A timeout in the past fires at once. One that is absurdly far away, which
 * guests produce when their own time wraps, fires soon, so that they look again.
 */
long do_set_timer_op(u64 timeout)
{
	struct vcpu *v = current;
	u64 now;

	if (!timeout) {
		timer_stop(&v->single);
		return 0;
	}
	now = arch_now();
	if ((s64)timeout < 0 || (timeout > now && timeout - now >= FAR_AHEAD))
		timeout = now + FAR_AHEAD_DELAY;
	timer_set(&v->single, timeout);
	return 0;
}

/*
 * VCPU_SSHOTTMR_future may be ignored, which guests are used to: one that is
 * past fires at once. So does a negative one.
 */
static long vcpu_set_singleshot_timer(const struct vcpu_set_singleshot_timer *t, struct vcpu *v)
{
	timer_set(&v->single, (s64)t->timeout_abs_ns < 0 ? 0 : t->timeout_abs_ns);
	return 0;
}

static long vcpu_set_periodic_timer(const struct vcpu_set_periodic_timer *t, struct vcpu *v)
{
	if (t->period_ns < MIN_PERIOD || t->period_ns >= MAX_PERIOD)
		return -EINVAL;
	WRITE_ONCE(v->period, t->period_ns);
	timer_set(&v->periodic, arch_now());	/* the first tick comes now */
	return 0;
}

static long vcpu_stop_periodic(struct vcpu *v)
{
	WRITE_ONCE(v->period, 0);
	timer_stop(&v->periodic);
	return 0;
}

/*
 * Up and down
 */

static long vcpu_initialise(struct vcpu *v, gva_t arg)
{
	long rc;

	if (v->info == &domain_dummy_info)
		return -EINVAL;
	/* The context is long to read and validate: a second caller is kept out. */
	if (__atomic_exchange_n(&v->initialising, true, __ATOMIC_SEQ_CST))
		return -EEXIST;
	rc = v->initialised ? -EEXIST : arch_vcpu_initialise(v, arg);
	/* Who sees it, to bring it up, sees all of its state. */
	if (!rc)
		__atomic_store_n(&v->initialised, true, __ATOMIC_RELEASE);
	__atomic_store_n(&v->initialising, false, __ATOMIC_RELEASE);
	return rc;
}

static long vcpu_up(struct vcpu *v)
{
	if (!__atomic_load_n(&v->initialised, __ATOMIC_ACQUIRE))
		return -EINVAL;
	vcpu_clear_pause(v, VPF_DOWN);
	return 0;
}

/* The last one to go down takes the domain with it: nothing could wake it. */
static long vcpu_down(struct vcpu *v)
{
	struct domain *d = v->domain;
	bool others = false;

	spin_lock(&d->lock);
	for_each_vcpu(d, o)
		others |= o != v && !(READ_ONCE(o->pause_flags) & 1u << VPF_DOWN);
	if (others)
		vcpu_set_pause(v, VPF_DOWN);
	spin_unlock(&d->lock);
	if (!others)
		domain_shutdown(d, SHUTDOWN_poweroff);
	return 0;
}

/*
 * Memory that the guest reads about a vcpu in
 */

/*
 * Switch @v over to its new vcpu_info at @info. Senders read v->info without a
 * lock; what they still write to the old place, event_info_moved() makes good.
 */
static void vcpu_move_info(struct vcpu *v, struct vcpu_info *info)
{
	if (v->info == &domain_dummy_info) {
		memset(info, 0, sizeof(*info));
		info->evtchn_upcall_mask = 1;
	} else {
		memcpy(info, v->info, sizeof(*info));
	}
	/* The contents are there before anybody follows the pointer. */
	__atomic_store_n(&v->info, info, __ATOMIC_SEQ_CST);
	event_info_moved(v);
}

static long vcpu_register_vcpu_info(const struct vcpu_register_vcpu_info *r, struct vcpu *v)
{
	struct domain *d = v->domain;
	struct page *page;
	long rc = -EINVAL;

	if (r->offset > PAGE_SIZE - sizeof(struct vcpu_info) ||
	    r->offset % __alignof__(struct vcpu_info))
		return -ENXIO;
	page = arch_get_guest_page_writable(d, r->mfn);
	if (!page)
		return -EINVAL;
	spin_lock(&d->lock);
	/* A running vcpu may only move its own. */
	if (!v->info_page && (v == current || READ_ONCE(v->pause_flags) & 1u << VPF_DOWN)) {
		v->info_page = page;
		vcpu_move_info(v, page_to_virt(page) + r->offset);
		rc = 0;
	}
	spin_unlock(&d->lock);
	if (rc)
		arch_put_guest_page_writable(page);
	return rc;
}

static long vcpu_get_runstate(struct vcpu *v, gva_t arg)
{
	struct vcpu_runstate_info r;

	runstate_get(v, &r);
	return copy_to_guest(arg, &r, sizeof(r));
}

static long vcpu_register_runstate_memory_area(
	const struct vcpu_register_runstate_memory_area *a, struct vcpu *v)
{
	if (a->addr.p && vcpu_get_runstate(v, GVA(a->addr.p)))
		return -EFAULT;
	WRITE_ONCE(v->runstate_guest.a, a->addr.p);
	return 0;
}

static long vcpu_register_time_memory_area(
	const struct vcpu_register_time_memory_area *a, struct vcpu *v)
{
	if (a->addr.p && clear_guest(GVA(a->addr.p), sizeof(struct vcpu_time_info)))
		return -EFAULT;
	WRITE_ONCE(v->time_guest.a, a->addr.p);
	if (a->addr.p)
		arch_vcpu_update_time(v);
	return 0;
}

void vcpu_nmi(struct vcpu *v)
{
	if (!__atomic_exchange_n(&v->nmi_pending, true, __ATOMIC_SEQ_CST))
		vcpu_kick(v);
}

static long vcpu_send_nmi(struct vcpu *v, gva_t arg)
{
	if (arg.a)
		return -EINVAL;
	vcpu_nmi(v);
	return 0;
}

/* Copy in and do. */
#define VCPU_CALL(name) COPY_AND_CALL(arg, struct vcpu_##name, vcpu_##name, v)

/**
 * do_vcpu_op() - VCPUOP_* (xen/vcpu.h) on vcpu @id of the caller's domain
 *
 * Return: 0, or 1 for a vcpu that is up; -ENOENT when there is no such vcpu,
 * -ENOSYS for an unknown @cmd, else what the operation says.
 */
long do_vcpu_op(u32 cmd, u32 id, gva_t arg)
{
	struct vcpu *v = vcpu_lookup(current->domain, id);

	if (!v)
		return -ENOENT;
	switch (cmd) {
	case VCPUOP_initialise:		return vcpu_initialise(v, arg);
	case VCPUOP_up:			return vcpu_up(v);
	case VCPUOP_down:		return vcpu_down(v);
	case VCPUOP_is_up:		return !(READ_ONCE(v->pause_flags) & 1u << VPF_DOWN);
	case VCPUOP_get_runstate_info:	return vcpu_get_runstate(v, arg);
	case VCPUOP_register_runstate_memory_area: return VCPU_CALL(register_runstate_memory_area);
	case VCPUOP_set_periodic_timer:	return VCPU_CALL(set_periodic_timer);
	case VCPUOP_stop_periodic_timer: return vcpu_stop_periodic(v);
	case VCPUOP_set_singleshot_timer:
		return v == current ? VCPU_CALL(set_singleshot_timer) : -EINVAL;
	case VCPUOP_stop_singleshot_timer: return v == current ? do_set_timer_op(0) : -EINVAL;
	case VCPUOP_register_vcpu_info:	return VCPU_CALL(register_vcpu_info);
	case VCPUOP_send_nmi:		return vcpu_send_nmi(v, arg);
	case VCPUOP_get_physid:		return -EINVAL;	/* only for a vcpu that never moves */
	case VCPUOP_register_vcpu_time_memory_area: return VCPU_CALL(register_time_memory_area);
	}
	return -ENOSYS;
}
