/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels: the life of ports, and sending.
 *
 *   closed --alloc--> unbound <--> interdomain (both ends)
 *          --bind---> virq | ipi | pirq            all --close--> closed
 *
 * What a guest may ask for is in event_op.c. A pending port reaches it by one of
 * two ABIs: that of two levels is here, event_fifo.c has the other. The locks
 * are explained in event_port.h.
 */
#include "event_port.h"

#include "hypercall.h"

/* Closed ports still in a queue that allocation passes over before it takes one. */
#define EVENT_SKIP_BUSY		4096
/* Ports that are closed between two preemption points. */
#define EVENT_CLOSE_STEP	64

struct spinlock event_pairs;
event_word_t event_no_word;

/*
 * Pending ports. The 2-level ABI has 4096 of them, in shared_info:
 *
 *   vcpu_info.evtchn_upcall_pending   something is pending
 *     vcpu_info.evtchn_pending_sel    bit n: look at word n of
 *       shared_info.evtchn_pending    a bit a port; evtchn_mask alike
 *
 * The bit of the port is set before vcpu->info is read. So if the guest moves
 * its vcpu_info meanwhile and we set the selector bit in the old place, the
 * bit of the port is there when event_info_moved() makes the guest look at all
 * words.
 */

void event_notify(struct vcpu *v)
{
	if (!__atomic_exchange_n(&READ_ONCE(v->info)->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST))
		vcpu_kick(v);
}

void event_info_moved(struct vcpu *v)
{
	__atomic_store_n(&v->info->evtchn_pending_sel, ~0ul, __ATOMIC_SEQ_CST);
	__atomic_store_n(&v->info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
	vcpu_kick(v);
}

static void event_2l_select(struct domain *d, const struct evtchn *e, u32 port)
{
	struct vcpu *v = d->vcpu[READ_ONCE(e->vcpu)];

	if (!test_and_set_bit(port / 64, &READ_ONCE(v->info)->evtchn_pending_sel))
		event_notify(v);
}

void event_set_pending(struct domain *d, struct evtchn *e, u32 port)
{
	if (READ_ONCE(d->evtchn->fifo))
		event_fifo_set_pending(d, e, port);
	else if (!test_and_set_bit(port, d->shared->evtchn_pending) &&
		 !test_bit(port, d->shared->evtchn_mask))
		event_2l_select(d, e, port);

	/* Any vcpu of the domain may poll for any port. */
	for_each_vcpu(d, v) {
		s32 polls = READ_ONCE(v->poll_port);

		if (unlikely(polls && (polls < 0 || (u32)polls == port)))
			vcpu_kick(v);
	}
}

/* Of a pirq too it says nothing more: a level is ended by PHYSDEVOP_eoi alone. */
long event_unmask(struct domain *d, u32 port)
{
	struct evtchn *e = event_lookup(d, port);

	if (!e)
		return -EINVAL;
	spin_guard(&e->lock);
	if (e->state == EVTCHNSTAT_closed)
		return 0;
	if (d->evtchn->fifo)
		event_fifo_unmask(d, e, port);
	else if (test_and_clear_bit(port, d->shared->evtchn_mask) &&
		 test_bit(port, d->shared->evtchn_pending))
		event_2l_select(d, e, port);
	return 0;
}

bool event_is_pending(const struct domain *d, const struct evtchn *e, u32 port)
{
	if (e->state == EVTCHNSTAT_closed)
		return false;
	if (!READ_ONCE(d->evtchn->fifo))
		return test_bit(port, d->shared->evtchn_pending);
	return READ_ONCE(e->pending) || READ_ONCE(*event_fifo_word(d, port)) & EVENT_WORD_PENDING;
}

int event_port_pending(struct vcpu *v, u32 port)
{
	struct evtchn *e = event_lookup(v->domain, port);

	if (!e)
		return -EINVAL;
	spin_guard(&e->lock);
	return event_is_pending(v->domain, e, port);
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

int event_open(struct domain *d, u8 state, u16 vcpu, u32 what, u32 *out)
{
	struct evtchn_domain *ed = d->evtchn;
	u32 max = MIN(ed->fifo ? EVTCHN_FIFO_NR_CHANNELS : EVTCHN_2L_NR_CHANNELS, ed->max_ports);
	u32 busy = 0;

	if (d->dying)	/* L2 */
		return -EINVAL;
	for (u32 port = ed->first_free; port < max; port++) {
		struct evtchn *e = event_lookup(d, port) ?: event_add_bucket(ed, port);

		if (!e)
			return -ENOMEM;
		if (e->state != EVTCHNSTAT_closed)
			continue;
		if (busy < EVENT_SKIP_BUSY &&
		    READ_ONCE(*event_fifo_word(d, port)) & EVENT_WORD_LINKED) {
			busy++;
			continue;
		}
		spin_lock(&e->lock);
		e->vcpu = vcpu;
		e->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
		e->irq = what;
		e->state = state;
		spin_unlock(&e->lock);
		if (!busy)
			ed->first_free = port + 1;
		ed->nr_open++;
		*out = port;
		return 0;
	}
	return -ENOSPC;
}

void event_release(struct domain *d, u32 port)
{
	struct evtchn_domain *ed = d->evtchn;
	struct evtchn *e = event_lookup(d, port);

	spin_lock(&e->lock);
	e->state = EVTCHNSTAT_closed;
	e->vcpu = 0;
	e->pending = false;
	spin_unlock(&e->lock);
	/* Or the next user of the number gets this one's event. */
	if (ed->fifo)
		__atomic_fetch_and(event_fifo_word(d, port), ~EVENT_WORD_PENDING, __ATOMIC_SEQ_CST);
	else
		clear_bit(port, d->shared->evtchn_pending);
	ed->first_free = MIN(ed->first_free, port);
	ed->nr_open--;
}

/* Under event_pairs. Return: 0, or -EINVAL: not open. */
static int event_unbind(struct domain *d, struct evtchn *e, u32 port)
{
	struct evtchn *r;

	spin_guard(&d->evtchn->lock);
	switch (e->state) {
	case EVTCHNSTAT_closed:
		return -EINVAL;
	case EVTCHNSTAT_interdomain:
		/* The other end goes back to waiting for us. */
		r = event_lookup(e->remote, e->remote_port);
		spin_lock(&r->lock);
		r->state = EVTCHNSTAT_unbound;
		r->remote_id = d->id;
		spin_unlock(&r->lock);
		break;
	case EVTCHNSTAT_virq:
		for_each_vcpu(d, v)
			if (event_vcpu(v)->virq_port[e->irq] == port)
				WRITE_ONCE(event_vcpu(v)->virq_port[e->irq], 0);
		break;
	case EVTCHNSTAT_pirq:
		arch_pirq_unbind(d, e->irq);
		break;
	}
	event_release(d, port);
	return 0;
}

int event_close(struct domain *d, u32 port)
{
	struct evtchn *e = event_lookup(d, port);

	if (!e)
		return -EINVAL;
	spin_guard(&event_pairs);
	return event_unbind(d, e, port);
}

int event_close_all(struct domain *d)
{
	u32 closed = 0;

	for (u32 port = READ_ONCE(d->evtchn->reset_next); event_lookup(d, port); port++) {
		/* T5 */
		if (event_close(d, port) || ++closed % EVENT_CLOSE_STEP || !preempt_requested())
			continue;
		WRITE_ONCE(d->evtchn->reset_next, port + 1);
		return -ERESTART;
	}
	WRITE_ONCE(d->evtchn->reset_next, 0);
	return 0;
}

int event_reset(struct domain *d)
{
	int rc = event_close_all(d);

	if (rc)
		return rc;
	spin_guard(&d->evtchn->lock);
	/* Another vcpu may have opened one meanwhile: then close that too. */
	if (d->evtchn->nr_open)
		return -ERESTART;
	event_fifo_destroy(d);
	return 0;
}

/*
 * The core's own senders
 */

static void event_send_irq(struct domain *d, u32 port, u8 state, u32 irq)
{
	struct evtchn *e = event_lookup(d, port);

	if (!e)
		return;
	spin_guard(&e->lock);
	/* It may have been closed and used again since the port was looked up. */
	if (e->state == state && (irq == e->irq || state == EVTCHNSTAT_pirq))
		event_set_pending(d, e, port);
}

void event_send_virq(struct vcpu *v, u32 virq)
{
	event_send_irq(v->domain, READ_ONCE(event_vcpu(v)->virq_port[virq]), EVTCHNSTAT_virq, virq);
}

static struct spinlock handlers_lock;
static struct domain *handlers[NR_VIRQS];	/* handlers_lock; NULL: dom0 */

void event_send_global_virq(u32 virq)
{
	spin_guard(&handlers_lock);	/* whoever it is, it is not freed meanwhile */
	struct domain *d = handlers[virq] ?: dom0;

	if (d)
		event_send_virq(d->vcpu[0], virq);
}

int event_set_virq_handler(struct domain *d, u32 virq)
{
	if (virq >= NR_VIRQS || !event_virq_is_global(virq))
		return -EINVAL;
	spin_guard(&handlers_lock);
	if (d->dying)
		return -EINVAL;
	handlers[virq] = d;
	return 0;
}

void event_clear_virq_handlers(const struct domain *d)
{
	spin_guard(&handlers_lock);
	for (u32 i = 0; i < NR_VIRQS; i++)
		if (handlers[i] == d)
			handlers[i] = NULL;
}

void event_send_pirq(struct domain *d, u32 port)
{
	event_send_irq(d, port, EVTCHNSTAT_pirq, 0);
}

/*
 * Set-up
 */

int event_init_domain(struct domain *d)
{
	d->evtchn = alloc_zeroed(EVENT_DOMAIN_SIZE(d));
	if (!d->evtchn)
		return -ENOMEM;
	d->evtchn->first_free = 1;	/* port 0 means none */
	d->evtchn->max_ports = EVTCHN_FIFO_NR_CHANNELS;
	return event_add_bucket(d->evtchn, 0) ? 0 : -ENOMEM;
}

void event_free_domain(struct domain *d)
{
	if (!d->evtchn)
		return;
	for (u32 i = 0; i < EVENT_NR_BUCKETS; i++)
		free_zeroed(d->evtchn->bucket[i], PAGE_SIZE);
	free_zeroed(d->evtchn, EVENT_DOMAIN_SIZE(d));
	d->evtchn = NULL;
}
