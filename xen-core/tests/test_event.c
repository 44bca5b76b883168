// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event channels with the 2-level ABI.
 *
 * Rules under test: xen/event_channel.h, operation by operation, with the error
 * numbers of Xen 4.17; who may bind to what; that a pending, unmasked event is
 * always announced to its vcpu; that whatever a guest does leaves the channels
 * of others alone. The last tests drive random operations against a plain
 * model, and from several CPUs at once.
 *
 * Links: event.c event_op.c event_fifo.c frame.c page_alloc.c
 * Links: softirq.c arch/fake/fake.c arch/fake/fake_domain.c
 */
#include <pthread.h>

#include "test_event.h"

static bool pending(struct domain *d, u32 port)
{
	return test_bit(port, d->shared->evtchn_pending);
}

/* The guest looks at everything and acknowledges it. */
static void acknowledge(struct domain *d)
{
	for_each_vcpu(d, v) {
		v->info->evtchn_upcall_pending = 0;
		v->info->evtchn_pending_sel = 0;
		v->arch.kicks = 0;
	}
	memset(d->shared->evtchn_pending, 0, sizeof(d->shared->evtchn_pending));
}

static void test_interdomain(void **state)
{
	long pa, pb;

	/* Lowest free port first, never 0; only the named domain may bind. */
	pa = alloc_unbound(a, DOMID_SELF, b->id);
	assert_int_equal(pa, 1);
	assert_int_equal(status_of(a, pa).status, EVTCHNSTAT_unbound);
	assert_int_equal(status_of(a, pa).u.unbound.dom, b->id);
	assert_int_equal(bind_interdomain(ctl, a->id, pa), -EINVAL);
	assert_int_equal(bind_interdomain(a, DOMID_SELF, pa), -EINVAL);
	assert_int_equal(send(a, pa), 0);	/* nobody there: not an error */

	pb = bind_interdomain(b, a->id, pa);
	assert_int_equal(pb, 1);
	assert_int_equal(status_of(a, pa).u.interdomain.dom, b->id);
	assert_int_equal(status_of(b, pb).u.interdomain.dom, a->id);
	assert_int_equal(status_of(b, pb).u.interdomain.port, pa);
	assert_int_equal(bind_interdomain(b, a->id, pa), -EINVAL);
	/* The new end is pending: it may have missed an event. */
	assert_true(pending(b, pb));
	assert_false(pending(a, pa));
	assert_true(b->vcpu[0]->info->evtchn_upcall_pending);
	acknowledge(b);

	assert_int_equal(send(a, pa), 0);
	assert_true(pending(b, pb));
	assert_int_equal(b->vcpu[0]->arch.kicks, 1);
	assert_int_equal(b->vcpu[0]->info->evtchn_pending_sel, 1);
	assert_int_equal(send(b, pb), 0);
	assert_true(pending(a, pa));

	/* Closing one end makes the other wait for the same domain again. */
	assert_int_equal(close_port(b, pb), 0);
	assert_false(pending(b, pb));
	assert_int_equal(status_of(b, pb).status, EVTCHNSTAT_closed);
	assert_int_equal(status_of(a, pa).status, EVTCHNSTAT_unbound);
	assert_int_equal(status_of(a, pa).u.unbound.dom, b->id);
	assert_int_equal(bind_interdomain(b, a->id, pa), pb);
	assert_int_equal(close_port(a, pa), 0);
	assert_int_equal(close_port(a, pa), -EINVAL);
	assert_int_equal(send(a, pa), -EINVAL);
}

static void test_loopback(void **state)
{
	long p = alloc_unbound(a, DOMID_SELF, DOMID_SELF);
	long q = bind_interdomain(a, DOMID_SELF, p);

	assert_int_equal(q, 2);
	acknowledge(a);
	assert_int_equal(send(a, q), 0);
	assert_true(pending(a, p));
	assert_false(pending(a, q));
	assert_int_equal(close_port(a, q), 0);
	assert_int_equal(status_of(a, p).u.unbound.dom, a->id);
	assert_int_equal(bind_interdomain(a, a->id, p), 2);
}

static void test_other_domains(void **state)
{
	struct evtchn_status st = { .dom = 1, .port = 1 };
	long p;

	/* A domain without privilege has a say over itself only. */
	assert_int_equal(alloc_unbound(b, a->id, 0), -EPERM);
	assert_int_equal(alloc_unbound(a, 77, 0), -ESRCH);
	assert_int_equal(alloc_unbound(a, DOMID_SELF, 77), 1);
	assert_int_equal(EVENT_OP(b, status, st), -EPERM);
	assert_int_equal(reset(b, a->id), -EPERM);
	assert_int_equal(reset(b, 77), -ESRCH);
	assert_int_equal(bind_interdomain(b, 77, 1), -ESRCH);

	p = alloc_unbound(ctl, a->id, b->id);	/* as a toolstack does */
	assert_int_equal(p, 2);
	assert_int_equal(status_of(a, p).u.unbound.dom, b->id);
	assert_int_equal(EVENT_OP(ctl, status, st), 0);
	assert_int_equal(st.status, EVTCHNSTAT_unbound);
	st.dom = 77;
	assert_int_equal(EVENT_OP(ctl, status, st), -ESRCH);
	assert_true(bind_interdomain(b, a->id, p) > 0);
	assert_int_equal(reset(ctl, a->id), 0);
	assert_int_equal(status_of(a, p).status, EVTCHNSTAT_closed);
	assert_int_equal(status_of(b, 1).status, EVTCHNSTAT_unbound);
	for_each_vcpu(a, v)
		assert_int_equal(v->domain->refs, 1);
}

static void test_errors(void **state)
{
	u32 far[] = { 0, 60, 4095, 4096, 131071, 131072, ~0u };
	struct evtchn_status st = { .dom = DOMID_SELF };
	struct evtchn_op compat = { .cmd = EVTCHNOP_bind_ipi };

	alloc_unbound(a, DOMID_SELF, 0);
	for (u32 i = 0; i < ARRAY_SIZE(far); i++) {
		assert_int_equal(send(a, far[i]), -EINVAL);
		assert_int_equal(close_port(a, far[i]), -EINVAL);
		assert_int_equal(bind_vcpu(a, far[i], 0), -EINVAL);
		assert_int_equal(bind_interdomain(b, a->id, far[i]), -EINVAL);
		st.port = far[i];
		assert_int_equal(EVENT_OP(a, status, st), i < 2 ? 0 : -EINVAL);
		assert_int_equal(unmask(a, far[i]), i < 2 ? 0 : -EINVAL);
		assert_int_equal(set_priority(a, far[i], 0), i < 2 ? -ENOSYS : -EINVAL);
		assert_int_equal(event_port_pending(a->vcpu[0], far[i]), i < 2 ? 0 : -EINVAL);
		event_send_pirq(a, far[i]);
	}
	assert_int_equal(bind_vcpu(a, 1, 2), -ENOENT);
	assert_int_equal(bind_vcpu(a, 1, ~0u), -ENOENT);
	assert_int_equal(bind_ipi(a, 2), -ENOENT);

	for (u32 cmd = 0; cmd < 20; cmd++) {
		fake_guest_window(NULL, 0);
		fake_set_current(a->vcpu[0]);
		assert_int_equal(do_event_channel_op(cmd, GVA(0x1000)),
				 cmd <= EVTCHNOP_set_priority ? -EFAULT : -ENOSYS);
	}
	/* The old way in. */
	fake_guest_window(&compat, sizeof(compat));
	assert_int_equal(do_event_channel_op_compat(GVA((uintptr_t)&compat)), 0);
	assert_int_equal(compat.u.bind_ipi.port, 2);
	compat.cmd = EVTCHNOP_reset;
	assert_int_equal(do_event_channel_op_compat(GVA((uintptr_t)&compat)), -ENOSYS);
	assert_int_equal(do_event_channel_op_compat(GVA(0)), -EFAULT);
}

static void test_virq(void **state)
{
	long p, q, g;

	assert_int_equal(bind_virq(a, NR_VIRQS, 0), -EINVAL);
	assert_int_equal(bind_virq(a, VIRQ_CONSOLE, 1), -EINVAL);
	assert_int_equal(bind_virq(a, VIRQ_TIMER, 2), -ENOENT);
	p = bind_virq(a, VIRQ_TIMER, 0);
	q = bind_virq(a, VIRQ_TIMER, 1);
	assert_int_equal(bind_virq(a, VIRQ_TIMER, 1), -EEXIST);
	event_send_virq(a->vcpu[1], VIRQ_TIMER);
	assert_true(pending(a, q));
	assert_false(pending(a, p));
	assert_int_equal(a->vcpu[1]->arch.kicks, 1);
	assert_int_equal(a->vcpu[0]->arch.kicks, 0);
	assert_int_equal(bind_vcpu(a, p, 1), -EINVAL);
	assert_int_equal(send(a, p), -EINVAL);
	event_send_virq(a->vcpu[0], VIRQ_DEBUG);	/* not bound: nothing happens */

	/* Global ones come to dom0 only, and may move. */
	g = bind_virq(ctl, VIRQ_CONSOLE, 0);
	assert_true(bind_virq(a, VIRQ_CONSOLE, 0) > 0);
	assert_int_equal(bind_vcpu(ctl, g, 1), 0);
	event_send_global_virq(VIRQ_CONSOLE);
	assert_true(pending(ctl, g));
	assert_int_equal(ctl->vcpu[1]->arch.kicks, 1);
	assert_int_equal(ctl->vcpu[0]->arch.kicks, 0);
	assert_int_equal(status_of(ctl, g).vcpu, 1);
	assert_int_equal(close_port(ctl, g), 0);
	event_send_global_virq(VIRQ_CONSOLE);
	assert_false(pending(ctl, g));
	/* The port's next use does not get it, and starts at vcpu 0. */
	assert_int_equal(bind_ipi(ctl, 0), g);
	assert_int_equal(status_of(ctl, g).vcpu, 0);
	event_send_global_virq(VIRQ_CONSOLE);
	assert_false(pending(ctl, g));

	/* Or to who else shall have it, as long as that one lives. */
	g = bind_virq(ctl, VIRQ_DOM_EXC, 0);
	p = bind_virq(a, VIRQ_DOM_EXC, 0);
	assert_int_equal(event_set_virq_handler(a, NR_VIRQS), -EINVAL);
	assert_int_equal(event_set_virq_handler(a, VIRQ_TIMER), -EINVAL);
	assert_int_equal(event_set_virq_handler(a, VIRQ_DOM_EXC), 0);
	event_send_global_virq(VIRQ_DOM_EXC);
	assert_true(pending(a, p));
	assert_false(pending(ctl, g));
	a->dying = true;
	event_clear_virq_handlers(a);
	assert_int_equal(event_set_virq_handler(a, VIRQ_DOM_EXC), -EINVAL);
	event_send_global_virq(VIRQ_DOM_EXC);
	assert_true(pending(ctl, g));
	a->dying = false;
}

static void test_pirq(void **state)
{
	long p = bind_pirq(ctl, 9);

	assert_int_equal(fake_pirqs[9].port, p);
	assert_ptr_equal(fake_pirqs[9].vcpu, ctl->vcpu[0]);
	assert_int_equal(status_of(ctl, p).u.pirq, 9);
	assert_int_equal(bind_pirq(ctl, 9), -EEXIST);
	fake_pirq_error = -EPERM;
	assert_int_equal(bind_pirq(ctl, 10), -EPERM);
	assert_int_equal(status_of(ctl, p + 1).status, EVTCHNSTAT_closed);
	assert_int_equal(bind_ipi(ctl, 0), p + 1);

	event_send_pirq(ctl, p);
	assert_true(pending(ctl, p));
	event_send_pirq(ctl, p + 1);		/* not a pirq */
	assert_false(pending(ctl, p + 1));
	assert_int_equal(send(ctl, p), -EINVAL);
	assert_int_equal(bind_vcpu(ctl, p, 1), 0);
	assert_ptr_equal(fake_pirqs[9].vcpu, ctl->vcpu[1]);
	assert_int_equal(unmask(ctl, p), 0);
	assert_int_equal(close_port(ctl, p), 0);
	assert_int_equal(fake_pirqs[9].port, 0);
}

static void test_masking(void **state)
{
	long p = bind_ipi(a, 1);
	struct vcpu *v = a->vcpu[1];

	set_bit(p, a->shared->evtchn_mask);
	assert_int_equal(send(a, p), 0);
	assert_true(pending(a, p));
	assert_int_equal(v->info->evtchn_pending_sel, 0);
	assert_int_equal(v->info->evtchn_upcall_pending, 0);
	assert_int_equal(unmask(a, p), 0);
	assert_int_equal(v->info->evtchn_pending_sel, 1);
	assert_int_equal(v->info->evtchn_upcall_pending, 1);
	assert_int_equal(v->arch.kicks, 1);
	/* Pending already, or announced already: nothing more. */
	assert_int_equal(send(a, p), 0);
	assert_int_equal(v->arch.kicks, 1);
	clear_bit(p, a->shared->evtchn_pending);
	assert_int_equal(send(a, p), 0);
	assert_int_equal(v->arch.kicks, 1);
	/* Unmasking what is not pending does not announce it. */
	acknowledge(a);
	set_bit(p, a->shared->evtchn_mask);
	assert_int_equal(unmask(a, p), 0);
	assert_int_equal(v->info->evtchn_upcall_pending, 0);
	assert_true(a->vcpu[0]->arch.kicks == 0);
}

static void test_info_moved(void **state)
{
	/* As domain_dummy_info, when other vcpus have had events before. */
	struct vcpu_info moved = { 0 }, dummy = { .evtchn_upcall_pending = 1 };
	struct vcpu *v = a->vcpu[0];
	long p = bind_ipi(a, 0);

	v->info = &dummy;		/* a vcpu that has not told its place yet */
	assert_int_equal(send(a, p), 0);
	assert_true(pending(a, p));
	v->info = &moved;
	event_info_moved(v);
	assert_int_equal(moved.evtchn_upcall_pending, 1);
	assert_true(moved.evtchn_pending_sel == ~0ul);
	assert_int_equal(v->arch.kicks, 1);
}

static void test_pollers(void **state)
{
	long p = bind_ipi(a, 0), q = bind_ipi(a, 0);

	for (u32 i = 0; i < 2; i++) {
		set_bit(p, a->shared->evtchn_mask);
		set_bit(q, a->shared->evtchn_mask);
	}
	/* A poller waits for masked ports too, of whatever vcpu. */
	a->vcpu[1]->poll_port = q;
	assert_int_equal(send(a, p), 0);
	assert_int_equal(a->vcpu[1]->arch.kicks, 0);
	assert_true(event_port_pending(a->vcpu[1], p));
	assert_false(event_port_pending(a->vcpu[1], q));
	assert_int_equal(send(a, q), 0);
	assert_int_equal(a->vcpu[1]->arch.kicks, 1);
	acknowledge(a);
	a->vcpu[1]->poll_port = -1;
	assert_int_equal(send(a, p), 0);
	assert_int_equal(a->vcpu[1]->arch.kicks, 1);
	assert_int_equal(a->vcpu[0]->arch.kicks, 0);
}

static void test_all_ports(void **state)
{
	u32 n = 0;
	long rc;

	while ((rc = bind_ipi(a, 0)) > 0)
		assert_int_equal(rc, ++n);
	assert_int_equal(rc, -ENOSPC);
	assert_int_equal(n, 4095);
	assert_int_equal(send(a, 4095), 0);
	assert_true(pending(a, 4095));
	assert_int_equal(send(a, 4096), -EINVAL);
	assert_int_equal(alloc_unbound(a, DOMID_SELF, 0), -ENOSPC);
	assert_int_equal(bind_virq(a, VIRQ_TIMER, 0), -ENOSPC);
	assert_int_equal(close_port(a, 777), 0);
	assert_int_equal(bind_virq(a, VIRQ_TIMER, 0), 777);
	fake_preempt_in = 3;
	assert_int_equal(reset(a, DOMID_SELF), 0);
	assert_int_equal(fake_preempt_in, -1);		/* it was preempted */
	assert_int_equal(a->evtchn->nr_open, 0);
	assert_int_equal(bind_ipi(a, 0), 1);
	a->evtchn->max_ports = 3;
	assert_int_equal(bind_ipi(a, 0), 2);
	assert_int_equal(bind_ipi(a, 0), -ENOSPC);
	a->dying = true;
	assert_true(bind_ipi(a, 0) < 0);
	a->dying = false;
}

static void test_no_memory(void **state)
{
	struct page *all = NULL, *p;
	u32 n = 1;

	while (bind_ipi(a, 0) < (long)EVENT_PORTS_PER_BUCKET - 1)
		;
	while ((p = page_alloc(0, ADDR_BITS_ANY))) {
		p->next = all ? page_to_mfn(all).n : PAGE_NIL;
		all = p;
	}
	assert_int_equal(bind_ipi(a, 0), -ENOMEM);
	assert_int_equal(close_port(a, 5), 0);
	assert_int_equal(bind_ipi(a, 0), 5);
	for (; all; all = p, n++) {
		p = all->next == PAGE_NIL ? NULL : &frame_table[all->next];
		page_free(all, 0);
	}
	assert_int_equal(bind_ipi(a, 0), EVENT_PORTS_PER_BUCKET);
}

/* A destroyed domain leaves its peers unbound, and its virqs silent. */
static void test_destroy(void **state)
{
	long p = alloc_unbound(a, DOMID_SELF, b->id);
	long q = bind_interdomain(b, a->id, p);

	bind_virq(b, VIRQ_TIMER, 1);
	b->dying = true;
	assert_int_equal(event_reset(b), 0);
	assert_int_equal(status_of(a, p).status, EVTCHNSTAT_unbound);
	assert_int_equal(send(a, p), 0);
	event_send_virq(b->vcpu[1], VIRQ_TIMER);
	/* Who still has a reference on it finds it closed, and it stays so. */
	assert_int_equal(alloc_unbound(ctl, b->id, 0), -EINVAL);
	assert_int_equal(bind_interdomain(a, b->id, q), -EINVAL);
	assert_int_equal(bind_ipi(b, 0), -EINVAL);
	assert_int_equal(send(b, q), -EINVAL);
	assert_int_equal(b->evtchn->nr_open, 0);
}

/*
 * Random operations against a model
 */

#define MODEL_PORTS	48

static struct model_port {
	u32 state, vcpu, virq, remote_port;
	struct domain *remote;		/* unbound: who may bind */
	bool pending, masked;
} model[3][MODEL_PORTS];

static struct model_port *model_of(struct domain *d, u32 port)
{
	return &model[d->id][port];
}

static long model_free_port(struct domain *d)
{
	for (u32 port = 1; port < MODEL_PORTS; port++) {
		if (model_of(d, port)->state == EVTCHNSTAT_closed)
			return port;
	}
	return -1;
}

/* Pending is kept, masked is the guest's. */
static void model_open(struct domain *d, u32 port, struct model_port m)
{
	m.masked = model_of(d, port)->masked;
	*model_of(d, port) = m;
}

static void model_close(struct domain *d, u32 port)
{
	struct model_port *m = model_of(d, port);

	if (m->state == EVTCHNSTAT_interdomain) {
		struct model_port *r = model_of(m->remote, m->remote_port);

		r->state = EVTCHNSTAT_unbound;
		r->remote = d;
	}
	model_open(d, port, (struct model_port){ 0 });
}

static void model_check(struct domain *d)
{
	for (u32 port = 0; port < MODEL_PORTS; port++) {
		struct model_port *m = model_of(d, port);
		struct evtchn_status st = status_of(d, port);
		bool announced = false;

		assert_int_equal(st.status, m->state);
		assert_int_equal(st.vcpu, m->vcpu);
		if (m->state == EVTCHNSTAT_unbound)
			assert_int_equal(st.u.unbound.dom, m->remote->id);
		if (m->state == EVTCHNSTAT_interdomain) {
			assert_int_equal(st.u.interdomain.dom, m->remote->id);
			assert_int_equal(st.u.interdomain.port, m->remote_port);
		}
		if (m->state == EVTCHNSTAT_virq)
			assert_int_equal(st.u.virq, m->virq);
		assert_int_equal(pending(d, port), m->pending);
		assert_int_equal(test_bit(port, d->shared->evtchn_mask), m->masked);
		/* Pending and not masked: some vcpu is told to look at the word. */
		for_each_vcpu(d, v)
			announced |= v->info->evtchn_upcall_pending &&
				     test_bit(port / 64, &v->info->evtchn_pending_sel);
		assert_true(announced || !m->pending || m->masked);
	}
}

static void random_bind(struct domain *d, u64 *rnd)
{
	struct domain *all[] = { ctl, a, b }, *r = all[test_random(rnd) % 3];
	u32 rport = test_random(rnd) % MODEL_PORTS, vcpu = test_random(rnd) % 2;
	u32 virq = test_random(rnd) % 2 ? VIRQ_TIMER : VIRQ_CONSOLE;
	struct model_port *m = model_of(r, rport);
	long port = model_free_port(d);

	if (port < 0)
		return;
	switch (test_random(rnd) % 5) {
	case 0:
		assert_int_equal(alloc_unbound(d, DOMID_SELF, r->id), port);
		model_open(d, port, (struct model_port){ EVTCHNSTAT_unbound, .remote = r });
		break;
	case 1: case 2:
		if (m->state != EVTCHNSTAT_unbound || m->remote != d) {
			assert_int_equal(bind_interdomain(d, r->id, rport), -EINVAL);
			break;
		}
		assert_int_equal(bind_interdomain(d, r->id, rport), port);
		model_open(d, port, (struct model_port){
			EVTCHNSTAT_interdomain, .remote = r, .remote_port = rport,
			.pending = true });
		m->state = EVTCHNSTAT_interdomain;
		m->remote = d;
		m->remote_port = port;
		break;
	case 3:
		assert_int_equal(bind_ipi(d, vcpu), port);
		model_open(d, port, (struct model_port){ EVTCHNSTAT_ipi, .vcpu = vcpu });
		break;
	case 4:
		vcpu = virq == VIRQ_CONSOLE ? 0 : vcpu;
		if (d->evtchn->vcpu[vcpu].virq_port[virq]) {
			assert_int_equal(bind_virq(d, virq, vcpu), -EEXIST);
			break;
		}
		assert_int_equal(bind_virq(d, virq, vcpu), port);
		model_open(d, port, (struct model_port){ EVTCHNSTAT_virq, .vcpu = vcpu,
							 .virq = virq });
		break;
	}
}

static void random_use(struct domain *d, u64 *rnd)
{
	u32 port = test_random(rnd) % MODEL_PORTS, vcpu = test_random(rnd) % 2;
	struct model_port *m = model_of(d, port);
	long rc;

	switch (test_random(rnd) % 8) {
	case 0: case 1: case 2:
		rc = send(d, port);
		if (m->state == EVTCHNSTAT_interdomain)
			model_of(m->remote, m->remote_port)->pending = true;
		if (m->state == EVTCHNSTAT_ipi)
			m->pending = true;
		assert_int_equal(rc, m->state == EVTCHNSTAT_closed ||
				     m->state == EVTCHNSTAT_virq ? -EINVAL : 0);
		break;
	case 3:
		rc = bind_vcpu(d, port, vcpu);
		if (m->state == EVTCHNSTAT_closed || m->state == EVTCHNSTAT_ipi ||
		    (m->state == EVTCHNSTAT_virq && m->virq == VIRQ_TIMER)) {
			assert_int_equal(rc, -EINVAL);
			break;
		}
		assert_int_equal(rc, 0);
		m->vcpu = vcpu;
		break;
	case 4:
		set_bit(port, d->shared->evtchn_mask);
		m->masked = true;
		break;
	case 5:
		assert_int_equal(unmask(d, port), 0);
		m->masked &= m->state == EVTCHNSTAT_closed;
		break;
	case 6:
		event_send_virq(d->vcpu[vcpu], VIRQ_TIMER);
		if (d->evtchn->vcpu[vcpu].virq_port[VIRQ_TIMER])
			model_of(d, d->evtchn->vcpu[vcpu].virq_port[VIRQ_TIMER])->pending = true;
		break;
	case 7:
		acknowledge(d);
		for (port = 0; port < MODEL_PORTS; port++)
			model_of(d, port)->pending = false;
		break;
	}
}

static void test_random_use(void **state)
{
	struct domain *all[] = { ctl, a, b };
	u64 rnd = 4242;

	memset(model, 0, sizeof(model));
	for (int step = 0; step < 30000; step++) {
		struct domain *d = all[test_random(&rnd) % 3];
		u32 port = test_random(&rnd) % MODEL_PORTS;

		switch (test_random(&rnd) % 8) {
		case 0: case 1: case 2:
			random_bind(d, &rnd);
			break;
		case 3:
			assert_int_equal(close_port(d, port),
					 model_of(d, port)->state ? 0 : -EINVAL);
			if (model_of(d, port)->state)
				model_close(d, port);
			break;
		case 4:
			if (test_random(&rnd) % 64)
				break;
			assert_int_equal(reset(d, DOMID_SELF), 0);
			for (port = 0; port < MODEL_PORTS; port++)
				model_close(d, port);
			break;
		default:
			random_use(d, &rnd);
		}
		if (!(step % 8)) {
			for (u32 i = 0; i < 3; i++)
				model_check(all[i]);
		}
	}
}

/* Both domains bind, send and close the same ports from several CPUs. */
static void *storm(void *arg)
{
	u64 rnd = 1 + (uintptr_t)arg;
	struct domain *d = (uintptr_t)arg & 1 ? a : b, *r = d == a ? b : a;
	struct cpu cpu = { .curr = d->vcpu[0] };

	fake_be_cpu(&cpu);
	for (int i = 0; i < 15000; i++) {
		u32 port = 1 + test_random(&rnd) % 6;

		switch (test_random(&rnd) % 8) {
		case 0:
			alloc_unbound(d, DOMID_SELF, test_random(&rnd) % 4 ? r->id : d->id);
			break;
		case 1: case 2:
			bind_interdomain(d, test_random(&rnd) % 4 ? r->id : d->id, port);
			break;
		case 3:
			close_port(d, port);
			break;
		case 4:
			bind_virq(d, VIRQ_TIMER, 0);
			event_send_virq(d->vcpu[0], VIRQ_TIMER);
			break;
		case 5:
			unmask(d, port);
			bind_vcpu(d, port, port & 1);
			event_port_pending(d->vcpu[0], port);
			break;
		default:
			send(d, port);
		}
	}
	return NULL;
}

static void test_storm(void **state)
{
	pthread_t threads[4];

	for (uintptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, storm, (void *)i), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	/* Whatever is bound now is bound at both ends. */
	for (u32 port = 1; port < EVENT_PORTS_PER_BUCKET; port++) {
		struct evtchn_status st = status_of(a, port);
		struct domain *r = st.u.interdomain.dom == a->id ? a : b;

		if (st.status != EVTCHNSTAT_interdomain)
			continue;
		assert_int_equal(status_of(r, st.u.interdomain.port).u.interdomain.port, port);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, event_setup, event_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_interdomain),
		TEST(test_loopback),
		TEST(test_other_domains),
		TEST(test_errors),
		TEST(test_virq),
		TEST(test_pirq),
		TEST(test_masking),
		TEST(test_info_moved),
		TEST(test_pollers),
		TEST(test_all_ports),
		TEST(test_no_memory),
		TEST(test_destroy),
		TEST(test_random_use),
		TEST(test_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
