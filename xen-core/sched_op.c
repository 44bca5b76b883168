// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest asks of the scheduler: yield, block, poll, shut down, watchdogs.
 */
#include "sched.h"

#include <xen/sched.h>

#include "errno.h"
#include "event.h"
#include "percpu.h"
#include "sched_fair.h"
#include "uaccess.h"

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

/* Is one of the polled ports pending? Return: 1, 0 or -errno. */
static int sched_poll_check(struct vcpu *v, const evtchn_port_t *ports, u32 nr)
{
	for (u32 i = 0; i < nr; i++) {
		if (event_port_valid(v->domain, ports[i]))
			return -EINVAL;
		if (event_port_pending(v, ports[i]))
			return 1;
	}
	return 0;
}

/*
 * Sleep until a port is pending, an upcall can be made, or @timeout. Senders
 * look for pollers after they have set the port pending, so being a poller
 * comes before asking for the ports.
 */
static long sched_poll(gva_t arg)
{
	struct vcpu *v = current;
	evtchn_port_t ports[POLL_MAX_PORTS];
	struct sched_poll p;
	long rc;

	if (copy_from_guest(&p, arg, sizeof(p)))
		return -EFAULT;
	if (p.nr_ports > POLL_MAX_PORTS)
		return -EINVAL;
	if (copy_from_guest(ports, gva_of(p.ports), p.nr_ports * sizeof(ports[0])))
		return -EFAULT;
	/* One that an event overtook may still be set. */
	if (timer_pending(&v->poll))
		timer_stop(&v->poll);

	__atomic_store_n(&v->poll_port, p.nr_ports == 1 && ports[0] ? (s32)ports[0] : -1,
			 __ATOMIC_SEQ_CST);
	__atomic_fetch_or(&v->pause_flags, 1u << VPF_BLOCKED, __ATOMIC_SEQ_CST);

	rc = sched_poll_check(v, ports, p.nr_ports);
	if (rc || (READ_ONCE(v->info->evtchn_upcall_pending) &&
		   !READ_ONCE(v->info->evtchn_upcall_mask)) || READ_ONCE(v->nmi_pending)) {
		WRITE_ONCE(v->poll_port, 0);
		__atomic_fetch_and(&v->pause_flags, ~(1u << VPF_BLOCKED), __ATOMIC_SEQ_CST);
		return MIN(rc, 0l);
	}
	if (p.timeout)
		timer_set(&v->poll, p.timeout);
	cpu_raise(this_cpu(), SOFTIRQ_SCHEDULE);
	return 0;
}

static long sched_shutdown(gva_t arg, bool only_latch)
{
	struct domain *d = current->domain;
	struct sched_shutdown s;

	if (copy_from_guest(&s, arg, sizeof(s)))
		return -EFAULT;
	if (!only_latch) {
		domain_shutdown(d, (u8)s.reason);
		return 0;
	}
	spin_lock(&d->pause_lock);
	/* The first one stays. */
	if (d->shutdown_code == SHUTDOWN_NONE)
		d->shutdown_code = (u8)s.reason;
	spin_unlock(&d->pause_lock);
	return 0;
}

static long sched_remote_shutdown(gva_t arg)
{
	struct sched_remote_shutdown s;
	struct domain *d;
	long rc = 0;

	if (copy_from_guest(&s, arg, sizeof(s)))
		return -EFAULT;
	if (s.domain_id >= DOMID_FIRST_RESERVED)
		return -ESRCH;
	d = domain_get_by_id(s.domain_id);
	if (!d)
		return -ESRCH;
	if (current->domain->privileged)
		domain_shutdown(d, (u8)s.reason);
	else
		rc = -EPERM;
	domain_put(d);
	return rc;
}

/* Set up (id 0), poke, or with timeout 0 destroy a watchdog. A new one may expire at once. */
static long sched_watchdog(gva_t arg)
{
	struct domain *d = current->domain;
	struct sched_watchdog w;
	u32 id;
	long rc;

	if (copy_from_guest(&w, arg, sizeof(w)))
		return -EFAULT;
	spin_lock(&d->lock);
	rc = -EINVAL;
	if (w.id > NR_WATCHDOGS || (w.id && !(d->watchdogs_used >> (w.id - 1) & 1)))
		goto out;
	rc = -ENOSPC;
	if (!w.id && d->watchdogs_used == (1u << NR_WATCHDOGS) - 1)
		goto out;
	id = w.id ? w.id - 1 : (u32)__builtin_ctz(~d->watchdogs_used);
	rc = w.id ? 0 : id + 1;
	if (w.timeout || !w.id) {
		d->watchdogs_used |= 1u << id;
		timer_set(&d->watchdog[id], arch_now() + w.timeout * NS_PER_SEC);
	} else {
		/* Its function takes no domain lock, so it may be waited for. */
		d->watchdogs_used &= ~(1u << id);
		timer_stop(&d->watchdog[id]);
	}
out:
	spin_unlock(&d->lock);
	return rc;
}

/* dom0 wants to run on one CPU for a while (firmware calls). */
static long sched_pin_override(gva_t arg)
{
	struct vcpu *v = current;
	u64 *saved = &v->sched.saved_affinity, old = v->hard_affinity;
	struct sched_pin_override s;
	int rc;

	if (!v->domain->privileged)
		return -EPERM;
	if (copy_from_guest(&s, arg, sizeof(s)))
		return -EFAULT;
	if (s.pcpu < 0) {
		if (!*saved)
			return -EINVAL;
		rc = vcpu_set_affinity(v, *saved);
		if (!rc)
			*saved = 0;
		return rc;
	}
	if (*saved)
		return -EBUSY;
	if ((u32)s.pcpu >= nr_cpus)
		return -EINVAL;
	rc = vcpu_set_affinity(v, 1ull << s.pcpu);
	if (!rc)
		*saved = old;
	return rc;
}

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
		vcpu_block();
		return 0;
	case SCHEDOP_shutdown:
		return sched_shutdown(arg, false);
	case SCHEDOP_poll:
		return sched_poll(arg);
	case SCHEDOP_remote_shutdown:
		return sched_remote_shutdown(arg);
	case SCHEDOP_shutdown_code:
		return sched_shutdown(arg, true);
	case SCHEDOP_watchdog:
		return sched_watchdog(arg);
	case SCHEDOP_pin_override:
		return sched_pin_override(arg);
	default:
		return -ENOSYS;
	}
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
