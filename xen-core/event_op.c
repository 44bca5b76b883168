/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations of event_channel_op: who may do what to which port.
 *
 * Each copies its arguments in once, works on the copy, and copies back what
 * has output. Error numbers are those of 4.17.
 */
#include "errno.h"
#include "event.h"
#include "event_port.h"
#include "percpu.h"
#include "preempt.h"
#include "uaccess.h"

/*
 * The domain that an operation names, with a reference.
 * Return: 0, -ESRCH, or -EPERM when it is not the caller's to touch.
 */
static int event_get_domain(domid_t id, struct domain **d)
{
	int rc;

	*d = domain_get_by_id(id);
	if (!*d)
		return -ESRCH;
	if (*d == current->domain)
		return 0;
	rc = !(*d)->evtchn ? -ESRCH : !current->domain->privileged ? -EPERM : 0;
	if (rc)
		domain_put(*d);
	return rc;
}

static bool event_virq_is_global(u32 virq)
{
	return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF &&
	       virq != VIRQ_XENPMU;
}

static long event_op_alloc_unbound(struct evtchn_alloc_unbound *op)
{
	struct evtchn *e;
	struct domain *d;
	long port = event_get_domain(op->dom, &d);

	if (port)
		return port;
	spin_lock(&d->evtchn->lock);
	port = event_open(d, EVTCHNSTAT_unbound, 0, &e);
	if (port >= 0) {
		spin_lock(&e->lock);
		e->remote_id = op->remote_dom == DOMID_SELF ? current->domain->id : op->remote_dom;
		spin_unlock(&e->lock);
		op->port = port;
	}
	spin_unlock(&d->evtchn->lock);
	domain_put(d);
	return MIN(port, 0l);
}

static long event_bind_ends(struct domain *d, struct domain *r, struct evtchn_bind_interdomain *op)
{
	struct evtchn *e, *re = event_lookup(r, op->remote_port);
	long port;

	if (!re || re->state != EVTCHNSTAT_unbound || re->remote_id != d->id || r->dying)
		return -EINVAL;
	port = event_open(d, EVTCHNSTAT_unbound, 0, &e);
	if (port < 0)
		return port;

	/* Each end is complete before it can be sent through. */
	spin_lock(&e->lock);
	e->remote = r;
	e->remote_port = op->remote_port;
	e->state = EVTCHNSTAT_interdomain;
	/* The other end may have sent before there was this one. */
	event_set_pending(d, e, port);
	spin_unlock(&e->lock);

	spin_lock(&re->lock);
	re->remote = d;
	re->remote_port = port;
	re->state = EVTCHNSTAT_interdomain;
	spin_unlock(&re->lock);
	op->local_port = port;
	return 0;
}

static long event_op_bind_interdomain(struct evtchn_bind_interdomain *op)
{
	struct domain *d = current->domain, *r = domain_get_by_id(op->remote_dom);
	long rc;

	if (!r)
		return -ESRCH;
	if (!r->evtchn) {	/* one of the core's pseudo-domains */
		domain_put(r);
		return -ESRCH;
	}
	event_lock_two(d, r);
	rc = event_bind_ends(d, r, op);
	event_unlock_two(d, r);
	domain_put(r);
	return rc;
}

static long event_op_bind_virq(struct evtchn_bind_virq *op)
{
	struct domain *d = current->domain;
	struct evtchn *e;
	struct vcpu *v;
	long port;

	if (op->virq >= NR_VIRQS || (event_virq_is_global(op->virq) && op->vcpu))
		return -EINVAL;
	v = vcpu_lookup(d, op->vcpu);
	if (!v)
		return -ENOENT;
	spin_lock(&d->evtchn->lock);
	port = v->evtchn->virq_port[op->virq] ? -EEXIST :
	       event_open(d, EVTCHNSTAT_virq, op->vcpu, &e);
	if (port >= 0) {
		spin_lock(&e->lock);
		e->irq = op->virq;
		spin_unlock(&e->lock);
		WRITE_ONCE(v->evtchn->virq_port[op->virq], port);
		op->port = port;
	}
	spin_unlock(&d->evtchn->lock);
	return MIN(port, 0l);
}

static long event_op_bind_ipi(struct evtchn_bind_ipi *op)
{
	struct domain *d = current->domain;
	struct evtchn *e;
	long port;

	if (!vcpu_lookup(d, op->vcpu))
		return -ENOENT;
	spin_lock(&d->evtchn->lock);
	port = event_open(d, EVTCHNSTAT_ipi, op->vcpu, &e);
	spin_unlock(&d->evtchn->lock);
	if (port < 0)
		return port;
	op->port = port;
	return 0;
}

static long event_op_bind_pirq(struct evtchn_bind_pirq *op)
{
	struct domain *d = current->domain;
	struct evtchn *e;
	long port;
	int rc;

	spin_lock(&d->evtchn->lock);
	port = event_open(d, EVTCHNSTAT_pirq, 0, &e);
	if (port < 0)
		goto out;
	/* Complete before it is bound: the interrupt may come at once. */
	spin_lock(&e->lock);
	e->irq = op->pirq;
	spin_unlock(&e->lock);
	rc = arch_pirq_bind(d, op->pirq, port, op->flags & BIND_PIRQ__WILL_SHARE, d->vcpu[0]);
	if (rc) {
		event_release(d, e, port);
		port = rc;
		goto out;
	}
	op->port = port;
out:
	spin_unlock(&d->evtchn->lock);
	return MIN(port, 0l);
}

static long event_op_close(struct evtchn_close *op)
{
	return event_close(current->domain, op->port);
}

static long event_op_send(struct evtchn_send *op)
{
	struct domain *d = current->domain;
	struct evtchn *e = event_lookup(d, op->port);
	long rc = 0;

	if (!e)
		return -EINVAL;
	spin_lock(&e->lock);
	switch (e->state) {
	case EVTCHNSTAT_interdomain:
		event_set_pending(e->remote, event_lookup(e->remote, e->remote_port),
				  e->remote_port);
		break;
	case EVTCHNSTAT_ipi:
		event_set_pending(d, e, op->port);
		break;
	case EVTCHNSTAT_unbound:	/* nobody there yet; the binding makes up for it */
		break;
	default:
		rc = -EINVAL;
	}
	spin_unlock(&e->lock);
	return rc;
}

static long event_op_status(struct evtchn_status *op)
{
	struct evtchn *e;
	struct domain *d;
	long rc = event_get_domain(op->dom, &d);

	if (rc)
		return rc;
	e = event_lookup(d, op->port);
	if (!e) {
		rc = -EINVAL;
		goto put;
	}
	spin_lock(&e->lock);
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
	case EVTCHNSTAT_pirq:
		op->u.pirq = e->irq;
		break;
	case EVTCHNSTAT_virq:
		op->u.virq = e->irq;
		break;
	}
	spin_unlock(&e->lock);
put:
	domain_put(d);
	return rc;
}

static long event_op_bind_vcpu(struct evtchn_bind_vcpu *op)
{
	struct domain *d = current->domain;
	struct vcpu *v = vcpu_lookup(d, op->vcpu);
	struct evtchn *e = event_lookup(d, op->port);
	long rc = 0;

	if (!v)
		return -ENOENT;
	if (!e)
		return -EINVAL;
	spin_lock(&d->evtchn->lock);
	switch (e->state) {
	case EVTCHNSTAT_virq:
		if (!event_virq_is_global(e->irq))
			rc = -EINVAL;
		break;
	case EVTCHNSTAT_unbound:
	case EVTCHNSTAT_interdomain:
		break;
	case EVTCHNSTAT_pirq:
		arch_pirq_set_vcpu(d, e->irq, v);
		break;
	default:
		rc = -EINVAL;
	}
	if (!rc)
		WRITE_ONCE(e->vcpu, op->vcpu);
	spin_unlock(&d->evtchn->lock);
	return rc;
}

/* Of a pirq too it says nothing more: a level is ended by PHYSDEVOP_eoi alone. */
long event_unmask(struct domain *d, u32 port)
{
	struct evtchn *e = event_lookup(d, port);

	if (!e)
		return -EINVAL;
	spin_lock(&e->lock);
	if (e->state != EVTCHNSTAT_closed) {
		if (d->evtchn->fifo)
			event_fifo_unmask(d, e, port);
		else
			event_2l_unmask(d, e, port);
	}
	spin_unlock(&e->lock);
	return 0;
}

static long event_op_unmask(struct evtchn_unmask *op)
{
	return event_unmask(current->domain, op->port);
}

static long event_op_reset(struct evtchn_reset *op)
{
	struct domain *d;
	long rc = event_get_domain(op->dom, &d);

	if (rc)
		return rc;
	rc = event_close_all(d);
	if (!rc && d == current->domain) {
		spin_lock(&d->evtchn->lock);
		/* Another vcpu may have opened one meanwhile: then close that too. */
		if (d->evtchn->nr_open)
			rc = -ERESTART;
		else if (d->evtchn->fifo)
			event_fifo_destroy(d);
		spin_unlock(&d->evtchn->lock);
	}
	domain_put(d);
	return rc;
}

static long event_op_init_control(struct evtchn_init_control *op)
{
	struct domain *d = current->domain;
	long rc;

	spin_lock(&d->evtchn->lock);
	rc = event_fifo_init_control(d, op);
	spin_unlock(&d->evtchn->lock);
	return rc;
}

static long event_op_expand_array(struct evtchn_expand_array *op)
{
	struct domain *d = current->domain;
	long rc;

	spin_lock(&d->evtchn->lock);
	rc = event_fifo_expand_array(d, op->array_gfn);
	spin_unlock(&d->evtchn->lock);
	return rc;
}

static long event_op_set_priority(struct evtchn_set_priority *op)
{
	struct domain *d = current->domain;
	struct evtchn *e = event_lookup(d, op->port);
	long rc = 0;

	if (!e)
		return -EINVAL;
	spin_lock(&d->evtchn->lock);
	if (!d->evtchn->fifo)
		rc = -ENOSYS;
	else if (op->priority > EVTCHN_FIFO_PRIORITY_MIN)
		rc = -EINVAL;
	else
		WRITE_ONCE(e->priority, op->priority);
	spin_unlock(&d->evtchn->lock);
	return rc;
}

/* Copy in, do, and copy back what has output. */
#define EVENT_CALL(name, has_output) ({						\
	struct evtchn_##name op;						\
	long rc = copy_from_guest(&op, arg, sizeof(op)) ?: event_op_##name(&op);\
	rc ?: has_output ? copy_to_guest(arg, &op, sizeof(op)) : 0;		\
})

/* One line a sub-operation; docs/ABI.md has a row for each. */
long do_event_channel_op(u32 cmd, gva_t arg)
{
	switch (cmd) {
	case EVTCHNOP_alloc_unbound:	return EVENT_CALL(alloc_unbound, true);
	case EVTCHNOP_bind_interdomain:	return EVENT_CALL(bind_interdomain, true);
	case EVTCHNOP_bind_virq:	return EVENT_CALL(bind_virq, true);
	case EVTCHNOP_bind_pirq:	return EVENT_CALL(bind_pirq, true);
	case EVTCHNOP_close:		return EVENT_CALL(close, false);
	case EVTCHNOP_send:		return EVENT_CALL(send, false);
	case EVTCHNOP_status:		return EVENT_CALL(status, true);
	case EVTCHNOP_bind_ipi:		return EVENT_CALL(bind_ipi, true);
	case EVTCHNOP_bind_vcpu:	return EVENT_CALL(bind_vcpu, false);
	case EVTCHNOP_unmask:		return EVENT_CALL(unmask, false);
	case EVTCHNOP_reset:		return EVENT_CALL(reset, false);
	case EVTCHNOP_init_control:	return EVENT_CALL(init_control, true);
	case EVTCHNOP_expand_array:	return EVENT_CALL(expand_array, false);
	case EVTCHNOP_set_priority:	return EVENT_CALL(set_priority, false);
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
