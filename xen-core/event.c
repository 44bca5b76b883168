/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels: the life of ports, and sending.
 *
 *   closed --alloc--> unbound <--> interdomain (both ends)
 *          --bind---> virq | ipi | pirq            all --close--> closed
 *
 * What a guest may ask for is in event_op.c. How a pending port reaches it is
 * the business of event_2l.c and event_fifo.c. The locks are explained in
 * event_port.h.
 */
#include "event.h"

#include "errno.h"
#include "event_port.h"
#include "page_alloc.h"
#include "percpu.h"
#include "preempt.h"

/* Closed ports still in a queue that allocation passes over before it takes one. */
#define EVENT_SKIP_BUSY		4096
/* Ports that are closed between two preemption points. */
#define EVENT_CLOSE_STEP	64

void event_notify(struct vcpu *v)
{
	struct vcpu_info *info = READ_ONCE(v->info);

	if (info && !__atomic_exchange_n(&info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST))
		vcpu_kick(v);
}

void event_info_moved(struct vcpu *v)
{
	__atomic_store_n(&v->info->evtchn_pending_sel, ~0ul, __ATOMIC_SEQ_CST);
	__atomic_store_n(&v->info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
	vcpu_kick(v);
}

/* Any vcpu of the domain may poll for any port. */
static void event_wake_pollers(struct domain *d, u32 port)
{
	for_each_vcpu(d, v) {
		s32 polls = READ_ONCE(v->poll_port);

		if (unlikely(polls && (polls < 0 || (u32)polls == port)))
			vcpu_kick(v);
	}
}

void event_set_pending(struct domain *d, struct evtchn *e, u32 port)
{
	if (READ_ONCE(d->evtchn->fifo))
		event_fifo_set_pending(d, e, port);
	else
		event_2l_set_pending(d, e, port);
	event_wake_pollers(d, port);
}

static bool event_is_pending(struct domain *d, struct evtchn *e, u32 port)
{
	return READ_ONCE(d->evtchn->fifo) ?
	       READ_ONCE(e->pending) || event_fifo_is_pending(d, port) :
	       event_2l_is_pending(d, port);
}

/*
 * Locks and look-ups
 */

/* A reference on a domain that is known to live. */
static void event_hold_domain(struct domain *d)
{
	__atomic_fetch_add(&d->refs, 1, __ATOMIC_RELAXED);
}

void event_lock_two(struct domain *a, struct domain *b)
{
	if (!b || a == b) {
		spin_lock(&a->evtchn->lock);
	} else {
		spin_lock(a < b ? &a->evtchn->lock : &b->evtchn->lock);
		spin_lock(a < b ? &b->evtchn->lock : &a->evtchn->lock);
	}
}

void event_unlock_two(struct domain *a, struct domain *b)
{
	if (b && a != b)
		spin_unlock(&b->evtchn->lock);
	spin_unlock(&a->evtchn->lock);
}

/*
 * Opening and closing; under the domain's event lock
 */

static struct evtchn *event_add_bucket(struct evtchn_domain *ed, u32 port)
{
	struct evtchn *bucket = alloc_zeroed(PAGE_SIZE);

	if (!bucket)
		return NULL;
	__atomic_store_n(&ed->bucket[port / EVENT_PORTS_PER_BUCKET], bucket, __ATOMIC_RELEASE);
	return bucket + port % EVENT_PORTS_PER_BUCKET;
}

long event_open(struct domain *d, u8 state, u16 vcpu, struct evtchn **out)
{
	struct evtchn_domain *ed = d->evtchn;
	u32 max = ed->fifo ? EVTCHN_FIFO_NR_CHANNELS : EVTCHN_2L_NR_CHANNELS;
	u32 port, busy = 0;
	struct evtchn *e;

	if (d->dying)
		return -EINVAL;
	for (port = ed->first_free; port < MIN(max, ed->max_ports); port++) {
		e = event_lookup(d, port);
		if (!e)
			e = event_add_bucket(ed, port);
		if (!e)
			return -ENOMEM;
		if (e->state != EVTCHNSTAT_closed)
			continue;
		if (ed->fifo && busy < EVENT_SKIP_BUSY && event_fifo_is_busy(d, port)) {
			busy++;
			continue;
		}
		spin_lock(&e->lock);
		e->vcpu = vcpu;
		e->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
		e->remote = NULL;
		e->state = state;
		spin_unlock(&e->lock);
		if (!busy)
			ed->first_free = port + 1;
		ed->nr_open++;
		*out = e;
		return port;
	}
	return -ENOSPC;
}

void event_release(struct domain *d, struct evtchn *e, u32 port)
{
	struct evtchn_domain *ed = d->evtchn;

	spin_lock(&e->lock);
	e->state = EVTCHNSTAT_closed;
	e->vcpu = 0;
	e->pending = false;
	spin_unlock(&e->lock);
	/* Or the next user of the number gets this one's event. */
	if (ed->fifo)
		event_fifo_clear_pending(d, port);
	else
		event_2l_clear_pending(d, port);
	ed->first_free = MIN(ed->first_free, port);
	ed->nr_open--;
}

/* Both domains are locked. */
static void event_unbind(struct domain *d, struct evtchn *e, u32 port)
{
	struct evtchn *r;

	switch (e->state) {
	case EVTCHNSTAT_interdomain:
		/* The other end goes back to waiting for us. */
		r = event_lookup(e->remote, e->remote_port);
		spin_lock(&r->lock);
		r->state = EVTCHNSTAT_unbound;
		r->remote_id = d->id;
		r->remote = NULL;
		spin_unlock(&r->lock);
		break;
	case EVTCHNSTAT_virq:
		for_each_vcpu(d, v) {
			if (v->evtchn->virq_port[e->irq] == port)
				WRITE_ONCE(v->evtchn->virq_port[e->irq], 0);
		}
		break;
	case EVTCHNSTAT_pirq:
		arch_pirq_unbind(d, e->irq);
		break;
	}
	event_release(d, e, port);
}

int event_close(struct domain *d, u32 port)
{
	struct evtchn *e = event_lookup(d, port);
	struct domain *other = NULL;
	int rc = 0;

	if (!e)
		return -EINVAL;
	for (;;) {
		struct domain *r;

		event_lock_two(d, other);
		r = e->state == EVTCHNSTAT_interdomain ? e->remote : NULL;
		if (!r || r == d || r == other)
			break;
		/* Now we know who else is to be locked. It lives while it is bound. */
		event_hold_domain(r);
		event_unlock_two(d, other);
		if (other)
			domain_put(other);
		other = r;
	}
	if (e->state == EVTCHNSTAT_closed)
		rc = -EINVAL;
	else
		event_unbind(d, e, port);
	event_unlock_two(d, other);
	if (other)
		domain_put(other);
	return rc;
}

int event_close_all(struct domain *d)
{
	u32 closed = 0;

	for (u32 port = READ_ONCE(d->evtchn->reset_next); event_lookup(d, port); port++) {
		if (event_close(d, port) || ++closed % EVENT_CLOSE_STEP || !preempt_requested())
			continue;
		WRITE_ONCE(d->evtchn->reset_next, port + 1);
		return -ERESTART;
	}
	WRITE_ONCE(d->evtchn->reset_next, 0);
	return 0;
}

/*
 * The core's own senders
 */

static void event_send_irq(struct domain *d, u32 port, u8 state, u32 irq)
{
	struct evtchn *e = event_lookup(d, port);

	if (!port || !e)
		return;
	spin_lock(&e->lock);
	/* It may have been closed and used again since the port was looked up. */
	if (e->state == state && (irq == e->irq || state == EVTCHNSTAT_pirq))
		event_set_pending(d, e, port);
	spin_unlock(&e->lock);
}

void event_send_virq(struct vcpu *v, u32 virq)
{
	if (v->evtchn)
		event_send_irq(v->domain, READ_ONCE(v->evtchn->virq_port[virq]),
			       EVTCHNSTAT_virq, virq);
}

void event_send_global_virq(u32 virq)
{
	if (dom0 && dom0->vcpu[0])
		event_send_virq(dom0->vcpu[0], virq);
}

void event_send_pirq(struct domain *d, u32 port)
{
	event_send_irq(d, port, EVTCHNSTAT_pirq, 0);
}

bool event_port_pending(struct vcpu *v, u32 port)
{
	struct domain *d = v->domain;
	struct evtchn *e = event_lookup(d, port);
	bool pending;

	if (!e)
		return false;
	spin_lock(&e->lock);
	pending = e->state != EVTCHNSTAT_closed && event_is_pending(d, e, port);
	spin_unlock(&e->lock);
	return pending;
}

int event_port_valid(struct domain *d, u32 port)
{
	return event_lookup(d, port) ? 0 : -EINVAL;
}

/*
 * Set-up
 */

static size_t event_domain_size(const struct domain *d)
{
	return sizeof(struct evtchn_domain) + d->max_vcpus * sizeof(struct evtchn_vcpu);
}

int event_init_domain(struct domain *d)
{
	d->evtchn = alloc_zeroed(event_domain_size(d));
	if (!d->evtchn)
		return -ENOMEM;
	d->evtchn->first_free = 1;	/* port 0 means none */
	d->evtchn->max_ports = EVTCHN_FIFO_NR_CHANNELS;
	if (event_add_bucket(d->evtchn, 0))
		return 0;
	free_zeroed(d->evtchn, event_domain_size(d));
	d->evtchn = NULL;
	return -ENOMEM;
}

int event_init_vcpu(struct vcpu *v)
{
	v->evtchn = &v->domain->evtchn->vcpu[v->id];
	return 0;
}

int event_destroy_domain(struct domain *d)
{
	int rc = event_close_all(d);

	if (!rc) {
		spin_lock(&d->evtchn->lock);
		event_fifo_destroy(d);
		spin_unlock(&d->evtchn->lock);
	}
	return rc;
}

void event_free_domain(struct domain *d)
{
	struct evtchn_domain *ed = d->evtchn;

	if (!ed)
		return;
	for (u32 i = 0; i < EVENT_NR_BUCKETS; i++)
		free_zeroed(ed->bucket[i], PAGE_SIZE);
	free_zeroed(ed, event_domain_size(d));
	d->evtchn = NULL;
}
