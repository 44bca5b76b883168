/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations of event_channel_op: who may do what to which port.
 *
 * Each works on a copy of its arguments that was made once (H3), and what has
 * output is copied back. Error numbers are those of 4.17.
 */
#include "event_port.h"
#include "uaccess.h"

static long event_op_alloc_unbound(struct evtchn_alloc_unbound *op)
{
	struct domain *d;
	long rc = domain_get_target(op->dom, &d);

	if (rc)
		return rc;
	if (op->remote_dom == DOMID_SELF)
		op->remote_dom = current->domain->id;
	spin_lock(&d->evtchn->lock);
	rc = event_open(d, EVTCHNSTAT_unbound, 0, op->remote_dom, &op->port);
	spin_unlock(&d->evtchn->lock);
	domain_put(d);
	return rc;
}

/* Under event_pairs. */
static long event_bind_ends(struct domain *d, struct domain *r, struct evtchn_bind_interdomain *op)
{
	struct evtchn *e, *re = event_lookup(r, op->remote_port);
	bool waits;
	int rc;

	if (!re)
		return -EINVAL;
	spin_guard(&d->evtchn->lock);
	spin_lock(&re->lock);
	waits = re->state == EVTCHNSTAT_unbound && re->remote_id == d->id && !r->dying;
	spin_unlock(&re->lock);
	rc = waits ? event_open(d, EVTCHNSTAT_unbound, 0, r->id, &op->local_port) : -EINVAL;
	if (rc)
		return rc;

	/* Each end is complete before it can be sent through. */
	e = event_lookup(d, op->local_port);
	spin_lock(&e->lock);
	e->remote = r;
	e->remote_port = op->remote_port;
	e->state = EVTCHNSTAT_interdomain;
	spin_unlock(&e->lock);

	spin_lock(&re->lock);
	re->remote = d;
	re->remote_port = op->local_port;
	re->state = EVTCHNSTAT_interdomain;
	spin_unlock(&re->lock);
	/* The other end may have sent until now, when there was nobody to hear it. */
	event_set_pending(d, e, op->local_port);
	return 0;
}

static long event_op_bind_interdomain(struct domain *d, struct evtchn_bind_interdomain *op)
{
	struct domain *r = domain_get_by_id(op->remote_dom);
	long rc;

	if (!r)
		return -ESRCH;
	spin_guard(&event_pairs);
	rc = event_bind_ends(d, r, op);
	domain_put(r);
	return rc;
}

static long event_op_bind_virq(struct domain *d, struct evtchn_bind_virq *op)
{
	struct vcpu *v = vcpu_lookup(d, op->vcpu);
	int rc;

	if (op->virq >= NR_VIRQS || (event_virq_is_global(op->virq) && op->vcpu))
		return -EINVAL;
	if (!v)
		return -ENOENT;
	if (event_vcpu(v)->virq_port[op->virq])
		return -EEXIST;
	rc = event_open(d, EVTCHNSTAT_virq, op->vcpu, op->virq, &op->port);
	if (!rc)
		WRITE_ONCE(event_vcpu(v)->virq_port[op->virq], op->port);
	return rc;
}

static long event_op_bind_ipi(struct domain *d, struct evtchn_bind_ipi *op)
{
	if (!vcpu_lookup(d, op->vcpu))
		return -ENOENT;
	return event_open(d, EVTCHNSTAT_ipi, op->vcpu, 0, &op->port);
}

static long event_op_bind_pirq(struct domain *d, struct evtchn_bind_pirq *op)
{
	/* Open before it is bound: the interrupt may come at once. */
	int rc = event_open(d, EVTCHNSTAT_pirq, 0, op->pirq, &op->port);

	if (rc)
		return rc;
	rc = arch_pirq_bind(d, op->pirq, op->port, op->flags & BIND_PIRQ__WILL_SHARE, d->vcpu[0]);
	if (rc)
		event_release(d, op->port);
	return rc;
}

static long event_op_send(struct domain *d, u32 port)
{
	struct evtchn *e = event_lookup(d, port);

	if (!e)
		return -EINVAL;
	spin_guard(&e->lock);
	switch (e->state) {
	case EVTCHNSTAT_interdomain:
		event_set_pending(e->remote, event_lookup(e->remote, e->remote_port),
				  e->remote_port);
		return 0;
	case EVTCHNSTAT_ipi:
		event_set_pending(d, e, port);
		return 0;
	case EVTCHNSTAT_unbound:	/* nobody there yet; the binding makes up for it */
		return 0;
	}
	return -EINVAL;
}

static void event_get_status(struct evtchn *e, struct evtchn_status *op)
{
	spin_guard(&e->lock);
	op->status = e->state;
	op->vcpu = e->vcpu;
	switch (e->state) {
	case EVTCHNSTAT_unbound:
		op->u.unbound.dom = e->remote_id;
		break;
	case EVTCHNSTAT_interdomain:
		op->u.interdomain.dom = e->remote->id;
		op->u.interdomain.port = e->remote_port;
		break;
	case EVTCHNSTAT_pirq:	/* where u.virq is, too */
	case EVTCHNSTAT_virq:
		op->u.virq = e->irq;
	}
}

static long event_op_status(struct evtchn_status *op)
{
	struct evtchn *e;
	struct domain *d;
	long rc = domain_get_target(op->dom, &d);

	if (rc)
		return rc;
	e = event_lookup(d, op->port);
	if (e)
		event_get_status(e, op);
	domain_put(d);
	return e ? 0 : -EINVAL;
}

static long event_op_bind_vcpu(struct domain *d, const struct evtchn_bind_vcpu *op)
{
	struct vcpu *v = vcpu_lookup(d, op->vcpu);
	struct evtchn *e = event_lookup(d, op->port);

	if (!v)
		return -ENOENT;
	if (!e)
		return -EINVAL;
	switch (e->state) {
	case EVTCHNSTAT_virq:
		if (!event_virq_is_global(e->irq))
			return -EINVAL;
		break;
	case EVTCHNSTAT_unbound:
	case EVTCHNSTAT_interdomain:
		break;
	case EVTCHNSTAT_pirq:
		arch_pirq_set_vcpu(d, e->irq, v);
		break;
	default:
		return -EINVAL;
	}
	WRITE_ONCE(e->vcpu, op->vcpu);
	return 0;
}

static long event_op_reset(domid_t dom)
{
	struct domain *d;
	long rc = domain_get_target(dom, &d);

	if (rc)
		return rc;
	/* Another's frames are left to it. */
	rc = d == current->domain ? event_reset(d) : event_close_all(d);
	domain_put(d);
	return rc;
}

static long event_op_set_priority(struct domain *d, const struct evtchn_set_priority *op)
{
	struct evtchn *e = event_lookup(d, op->port);

	if (!e)
		return -EINVAL;
	if (!d->evtchn->fifo)
		return -ENOSYS;
	if (op->priority > EVTCHN_FIFO_PRIORITY_MIN)
		return -EINVAL;
	WRITE_ONCE(e->priority, op->priority);
	return 0;
}

/* Copy in to op, and do what @call says with it. */
#define EVENT_IN(name, call) ({								\
	struct evtchn_##name op;							\
	copy_from_guest(&op, arg, sizeof(op)) ?: (call);				\
})
/* And copy back. */
#define EVENT_INOUT(name, call)	EVENT_IN(name, (call) ?: copy_to_guest(arg, &op, sizeof(op)))

/* One case a sub-operation; docs/ABI.md has a row for each. */
long do_event_channel_op(u32 cmd, gva_t arg)
{
	struct domain *d = current->domain;

	switch (cmd) {
	case EVTCHNOP_alloc_unbound:
		return EVENT_INOUT(alloc_unbound, event_op_alloc_unbound(&op));
	case EVTCHNOP_bind_interdomain:
		return EVENT_INOUT(bind_interdomain, event_op_bind_interdomain(d, &op));
	case EVTCHNOP_close:	return EVENT_IN(close, event_close(d, op.port));
	case EVTCHNOP_send:	return EVENT_IN(send, event_op_send(d, op.port));
	case EVTCHNOP_status:	return EVENT_INOUT(status, event_op_status(&op));
	case EVTCHNOP_unmask:	return EVENT_IN(unmask, event_unmask(d, op.port));
	case EVTCHNOP_reset:	return EVENT_IN(reset, event_op_reset(op.dom));
	}
	/* What changes ports of the caller alone. */
	spin_guard(&d->evtchn->lock);
	switch (cmd) {
	case EVTCHNOP_bind_virq:	return EVENT_INOUT(bind_virq, event_op_bind_virq(d, &op));
	case EVTCHNOP_bind_pirq:	return EVENT_INOUT(bind_pirq, event_op_bind_pirq(d, &op));
	case EVTCHNOP_bind_ipi:		return EVENT_INOUT(bind_ipi, event_op_bind_ipi(d, &op));
	case EVTCHNOP_bind_vcpu:	return EVENT_IN(bind_vcpu, event_op_bind_vcpu(d, &op));
	case EVTCHNOP_set_priority:
		return EVENT_IN(set_priority, event_op_set_priority(d, &op));
	case EVTCHNOP_init_control:
		return EVENT_INOUT(init_control, event_fifo_init_control(d, &op));
	case EVTCHNOP_expand_array:
		return EVENT_IN(expand_array, event_fifo_expand_array(d, op.array_gfn));
	}
	return -ENOSYS;
}

long do_event_channel_op_compat(gva_t arg)
{
	u32 cmd;

	if (copy_from_guest(&cmd, arg, sizeof(cmd)))
		return -EFAULT;
	if (cmd > EVTCHNOP_unmask)
		return -ENOSYS;
	return do_event_channel_op(cmd, GVA(arg.a + offsetof(struct evtchn_op, u)));
}
