// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest asks of the scheduler: yield, block, poll, shut down, watchdogs.
 */
#include "sched.h"

#include "event.h"
#include "hypercall.h"

#define POLL_MAX_PORTS	128
#define NS_PER_SEC	1000000000ull

static_assert(sizeof(struct sched_poll) == 24, "xen/sched.h");
static_assert(sizeof(struct sched_remote_shutdown) == 8, "xen/sched.h");

/* The timer function of SCHEDOP_poll: @vcpu has waited long enough. */
void sched_poll_timeout(void *vcpu)
{
	struct vcpu *v = vcpu;

	/* If it is not polling any more, an event was first. */
	if (READ_ONCE(v->poll_port))
		vcpu_kick(v);
}

/*
 * Sleep until a port is pending, an upcall can be made, or @timeout. Senders
 * look for pollers after they have set the port pending, so being a poller
 * comes before asking for the ports.
 */
static long sched_poll(const struct sched_poll *p)
{
	struct vcpu *v = current;
	evtchn_port_t ports[POLL_MAX_PORTS];
	bool sleeps;
	long rc = 0;

	if (p->nr_ports > POLL_MAX_PORTS)
		return -EINVAL;
	if (copy_from_guest(ports, gva_of(p->ports), p->nr_ports * sizeof(ports[0])))
		return -EFAULT;
	/* One that an event overtook may still be set. */
	if (timer_pending(&v->poll))
		timer_stop(&v->poll);

	__atomic_store_n(&v->poll_port, p->nr_ports == 1 && ports[0] ? (s32)ports[0] : -1,
			 __ATOMIC_SEQ_CST);
	sleeps = vcpu_block();
	for (u32 i = 0; i < p->nr_ports && !rc; i++)
		rc = event_port_pending(v, ports[i]);
	if (rc || !sleeps) {
		WRITE_ONCE(v->poll_port, 0);
		__atomic_fetch_and(&v->pause_flags, ~(1u << VPF_BLOCKED), __ATOMIC_SEQ_CST);
		return MIN(rc, 0l);
	}
	if (p->timeout)
		timer_set(&v->poll, p->timeout);
	return 0;
}

static long sched_shutdown(const struct sched_shutdown *s)
{
	domain_shutdown(current->domain, (u8)s->reason);
	return 0;
}

static long sched_shutdown_code(const struct sched_shutdown *s)
{
	struct domain *d = current->domain;

	spin_guard(&d->pause_lock);
	/* The first one stays. */
	if (d->shutdown_code == SHUTDOWN_NONE)
		d->shutdown_code = (u8)s->reason;
	return 0;
}

static long sched_remote_shutdown(const struct sched_remote_shutdown *s)
{
	bool allowed = current->domain->privileged;
	struct domain *d;

	d = s->domain_id < DOMID_FIRST_RESERVED ? domain_get_by_id(s->domain_id) : NULL;
	if (!d)
		return -ESRCH;
	if (allowed)
		domain_shutdown(d, (u8)s->reason);
	domain_put(d);
	return allowed ? 0 : -EPERM;
}

/* Set up (id 0), poke, or with timeout 0 destroy a watchdog. A new one may expire at once. */
static long sched_watchdog(const struct sched_watchdog *w)
{
	struct domain *d = current->domain;

	spin_guard(&d->lock);
	u32 id = w->id ? w->id - 1 : (u32)__builtin_ctz(~d->watchdogs_used);

	if (w->id && (id >= NR_WATCHDOGS || !(d->watchdogs_used >> id & 1)))
		return -EINVAL;
	if (id == NR_WATCHDOGS)
		return -ENOSPC;
	if (w->timeout || !w->id) {
		d->watchdogs_used |= 1u << id;
		timer_set(&d->watchdog[id], arch_now() + w->timeout * NS_PER_SEC);
		return w->id ? 0 : id + 1;
	}
	/* Its function takes no domain lock, so it may be waited for. */
	d->watchdogs_used &= ~(1u << id);
	timer_stop(&d->watchdog[id]);
	return 0;
}

/* dom0 wants to run on one CPU for a while (firmware calls), or no more. */
static long sched_pin_override(const struct sched_pin_override *s)
{
	return vcpu_pin(current, s->pcpu);
}

/* Copy in and do. */
#define SCHED_CALL(type, name) COPY_AND_CALL(arg, struct sched_##type, sched_##name)

/**
 * do_sched_op() - SCHEDOP_* (xen/sched.h)
 * Return: 0 or a watchdog's number; -ENOSYS, -EFAULT, -EINVAL, -EPERM, -ESRCH.
 */
long do_sched_op(u32 cmd, gva_t arg)
{
	switch (cmd) {
	case SCHEDOP_yield:
		vcpu_yield();
		return 0;
	case SCHEDOP_block:
		WRITE_ONCE(current->info->evtchn_upcall_mask, 0);
		WRITE_ONCE(current->poll_port, 0);	/* an event was faster than the last poll */
		vcpu_block();
		return 0;
	case SCHEDOP_shutdown:		return SCHED_CALL(shutdown, shutdown);
	case SCHEDOP_poll:		return SCHED_CALL(poll, poll);
	case SCHEDOP_remote_shutdown:	return SCHED_CALL(remote_shutdown, remote_shutdown);
	case SCHEDOP_shutdown_code:	return SCHED_CALL(shutdown, shutdown_code);
	case SCHEDOP_watchdog:		return SCHED_CALL(watchdog, watchdog);
	case SCHEDOP_pin_override:
		if (!current->domain->privileged)
			return -EPERM;
		return SCHED_CALL(pin_override, pin_override);
	}
	return -ENOSYS;
}

/** do_sched_op_compat() - hypercall 6: the argument is the value itself. */
long do_sched_op_compat(u32 cmd, u64 arg)
{
	if (cmd == SCHEDOP_shutdown) {
		domain_shutdown(current->domain, (u8)arg);
		return 0;
	}
	return cmd == SCHEDOP_yield || cmd == SCHEDOP_block ? do_sched_op(cmd, GVA(0)) : -ENOSYS;
}
