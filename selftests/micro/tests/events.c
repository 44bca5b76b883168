// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event channels: the operations, their errors, and how a port's state changes
 * (event_channel.h), with the 2-level bitmaps of shared_info (xen.h).
 */
#include "domain.h"

static long send(evtchn_port_t port)
{
	struct evtchn_send op = { .port = port };

	return micro_event_op(EVTCHNOP_send, &op);
}

static long close_port(evtchn_port_t port)
{
	struct evtchn_close op = { .port = port };

	return micro_event_op(EVTCHNOP_close, &op);
}

static long alloc_unbound(domid_t dom, domid_t remote, evtchn_port_t *port)
{
	struct evtchn_alloc_unbound op = { .dom = dom, .remote_dom = remote };
	long ret = micro_event_op(EVTCHNOP_alloc_unbound, &op);

	*port = op.port;
	return ret;
}

static long bind_interdomain(domid_t remote, evtchn_port_t remote_port,
			     evtchn_port_t *port)
{
	struct evtchn_bind_interdomain op = {
		.remote_dom = remote, .remote_port = remote_port,
	};
	long ret = micro_event_op(EVTCHNOP_bind_interdomain, &op);

	*port = op.local_port;
	return ret;
}

/* The number of a domain other than dom0 depends on the tests before; so: 1. */
static unsigned int number(domid_t dom)
{
	return micro_is_dom0() ? dom : !!dom;
}

static void status_report(const char *key, evtchn_port_t port)
{
	struct evtchn_status op = { .dom = DOMID_SELF, .port = port };
	long ret = micro_event_op(EVTCHNOP_status, &op);

	if (ret)
		micro_report("%s status ret=%ld", key, ret);
	else if (op.status == EVTCHNSTAT_interdomain)
		micro_report("%s interdomain dom=%x port=%u vcpu=%u", key,
			     number(op.u.interdomain.dom),
			     op.u.interdomain.port, op.vcpu);
	else if (op.status == EVTCHNSTAT_unbound)
		micro_report("%s unbound dom=%x vcpu=%u", key,
			     number(op.u.unbound.dom), op.vcpu);
	else if (op.status == EVTCHNSTAT_virq)
		micro_report("%s virq=%u vcpu=%u", key, op.u.virq, op.vcpu);
	else
		micro_report("%s status=%u vcpu=%u", key, op.status, op.vcpu);
}

/* A life: unbound, interdomain to oneself, closed; and what status says. */
MICRO_TEST(event_interdomain)
{
	evtchn_port_t a, b, c;

	micro_report("alloc=%ld", alloc_unbound(DOMID_SELF, DOMID_SELF, &a));
	status_report("a", a);
	micro_report("send_unbound=%ld", send(a));
	micro_report("bind=%ld", bind_interdomain(DOMID_SELF, a, &b));
	micro_report("ports a=%u b=%u", a, b);
	status_report("a", a);
	status_report("b", b);
	micro_report("bind_again=%ld", bind_interdomain(DOMID_SELF, a, &c));
	/* binding marks the new port pending, it may have missed one */
	micro_report("pending a=%d b=%d", micro_event_is_pending(a),
		     micro_event_is_pending(b));
	micro_event_clear(a);
	micro_event_clear(b);
	micro_report("send_b=%ld", send(b));
	micro_report("pending a=%d b=%d", micro_event_is_pending(a),
		     micro_event_is_pending(b));
	micro_report("close_b=%ld", close_port(b));
	status_report("a", a);
	status_report("b", b);
	micro_report("send_a=%ld", send(a));
	micro_report("close_a=%ld", close_port(a));
	micro_report("close_a_again=%ld", close_port(a));
	micro_report("send_closed=%ld", send(a));
}

/* Ports: the lowest free one is taken; 0 is never one. */
MICRO_TEST(event_port_numbers)
{
	evtchn_port_t ports[5];
	unsigned int i;

	for (i = 0; i < 5; i++)
		alloc_unbound(DOMID_SELF, DOMID_SELF, &ports[i]);
	micro_report("first=%u fifth=%u", ports[0], ports[4]);
	close_port(ports[1]);
	close_port(ports[3]);
	alloc_unbound(DOMID_SELF, DOMID_SELF, &ports[3]);
	micro_report("reused=%u", ports[3]);
	status_report("port0", 0);
	status_report("port4095", 4095);
	status_report("port4096", 4096);
	status_report("port_max", ~0U);
	micro_report("send0=%ld send5000=%ld", send(0), send(5000));
	micro_report("close0=%ld close5000=%ld", close_port(0),
		     close_port(5000));
}

/* Bad domains, vcpus, virqs and pointers. */
MICRO_TEST(event_bind_errors)
{
	struct evtchn_bind_virq virq = { 0 };
	struct evtchn_bind_ipi ipi = { 0 };
	struct evtchn_bind_pirq pirq = { 0 };
	evtchn_port_t port;
	unsigned int i;

	micro_report("alloc_bad_dom=%ld", alloc_unbound(77, DOMID_SELF, &port));
	micro_report("alloc_bad_remote=%ld",
		     alloc_unbound(DOMID_SELF, 77, &port));
	micro_report("inter_bad_dom=%ld", bind_interdomain(77, 1, &port));
	micro_report("inter_bad_port=%ld",
		     bind_interdomain(DOMID_SELF, 3000, &port));
	for (i = 0; i < 26; i++) {
		virq.virq = i;
		virq.vcpu = 0;
		micro_report("virq%u=%ld", i,
			     micro_event_op(EVTCHNOP_bind_virq, &virq));
	}
	virq.virq = VIRQ_TIMER;
	micro_report("virq_twice=%ld",
		     micro_event_op(EVTCHNOP_bind_virq, &virq));
	virq.vcpu = 1;
	micro_report("virq_vcpu1=%ld",
		     micro_event_op(EVTCHNOP_bind_virq, &virq));
	virq.virq = VIRQ_CONSOLE;
	micro_report("global_virq_vcpu1=%ld",
		     micro_event_op(EVTCHNOP_bind_virq, &virq));
	virq.vcpu = 2;
	micro_report("virq_vcpu2=%ld",
		     micro_event_op(EVTCHNOP_bind_virq, &virq));
	ipi.vcpu = 2;
	micro_report("ipi_vcpu2=%ld", micro_event_op(EVTCHNOP_bind_ipi, &ipi));
	ipi.vcpu = ~0U;
	micro_report("ipi_vcpu_max=%ld",
		     micro_event_op(EVTCHNOP_bind_ipi, &ipi));
	pirq.pirq = 100000;
	micro_report("pirq_100000=%ld",
		     micro_event_op(EVTCHNOP_bind_pirq, &pirq));
	pirq.pirq = 300;
	micro_report("pirq_unmapped=%ld",
		     micro_event_op(EVTCHNOP_bind_pirq, &pirq));
	for (i = 0; i <= EVTCHNOP_set_priority; i++)
		micro_report("op%u_bad_pointer=%ld", i,
			     micro_event_op(i, (void *)0x1000));
	micro_report("op15=%ld", micro_event_op(15, &ipi));
}

/* bind_vcpu: interdomain, unbound and global ports move; IPIs do not. */
MICRO_TEST(event_bind_vcpu)
{
	struct evtchn_bind_vcpu op;
	evtchn_port_t a, b, ipi, timer, console;

	alloc_unbound(DOMID_SELF, DOMID_SELF, &a);
	bind_interdomain(DOMID_SELF, a, &b);
	ipi = micro_event_bind_ipi(0);
	timer = micro_event_bind_virq(VIRQ_TIMER, 0);
	console = micro_event_bind_virq(VIRQ_DOM_EXC, 0);
	op = (struct evtchn_bind_vcpu){ .port = b, .vcpu = 1 };
	micro_report("interdomain=%ld",
		     micro_event_op(EVTCHNOP_bind_vcpu, &op));
	status_report("b", b);
	op.port = ipi;
	micro_report("ipi=%ld", micro_event_op(EVTCHNOP_bind_vcpu, &op));
	op.port = timer;
	micro_report("timer=%ld", micro_event_op(EVTCHNOP_bind_vcpu, &op));
	op.port = console;
	micro_report("global_virq=%ld",
		     micro_event_op(EVTCHNOP_bind_vcpu, &op));
	op = (struct evtchn_bind_vcpu){ .port = a, .vcpu = 2 };
	micro_report("bad_vcpu=%ld", micro_event_op(EVTCHNOP_bind_vcpu, &op));
	op = (struct evtchn_bind_vcpu){ .port = 99, .vcpu = 0 };
	micro_report("closed=%ld", micro_event_op(EVTCHNOP_bind_vcpu, &op));
	op.port = 5000;
	micro_report("bad_port=%ld", micro_event_op(EVTCHNOP_bind_vcpu, &op));
}

/* reset: everything closed; only SELF for a guest, dom0 may name others. */
MICRO_TEST(event_reset_all)
{
	struct evtchn_reset op = { .dom = DOMID_SELF };
	evtchn_port_t a;

	alloc_unbound(DOMID_SELF, DOMID_SELF, &a);
	micro_event_bind_virq(VIRQ_TIMER, 0);
	micro_report("self=%ld", micro_event_op(EVTCHNOP_reset, &op));
	status_report("a", a);
	micro_event_bind_virq(VIRQ_TIMER, 0);
	op.dom = 77;
	micro_report("other=%ld", micro_event_op(EVTCHNOP_reset, &op));
	op.dom = 0;
	micro_report("own_number=%ld", micro_event_op(EVTCHNOP_reset, &op));
}

/* The bitmaps: masked sets pending only; unmasked sets selector and flag. */
MICRO_TEST(event_bitmaps)
{
	struct vcpu_info *info = micro_vcpu_info();
	struct evtchn_unmask unmask;
	evtchn_port_t port = micro_event_bind_ipi(0);
	long ret;

	send(port);
	micro_report("masked pending=%d sel=%lx upcall=%u",
		     micro_event_is_pending(port), info->evtchn_pending_sel,
		     info->evtchn_upcall_pending);
	unmask.port = port;
	micro_report("unmask=%ld", micro_event_op(EVTCHNOP_unmask, &unmask));
	micro_report("unmasked pending=%d sel=%lx upcall=%u mask_bit=%lu",
		     micro_event_is_pending(port), info->evtchn_pending_sel,
		     info->evtchn_upcall_pending,
		     micro_shared->evtchn_mask[0] >> port & 1);
	/* a second send while pending changes nothing more */
	info->evtchn_pending_sel = 0;
	info->evtchn_upcall_pending = 0;
	micro_report("send_pending=%ld", send(port));
	micro_report("still pending=%d sel=%lx upcall=%u",
		     micro_event_is_pending(port), info->evtchn_pending_sel,
		     info->evtchn_upcall_pending);
	micro_event_clear(port);
	micro_report("send=%ld", send(port));
	micro_report("again pending=%d sel=%lx upcall=%u",
		     micro_event_is_pending(port), info->evtchn_pending_sel,
		     info->evtchn_upcall_pending);
	unmask.port = 5000;
	micro_report("unmask_bad=%ld",
		     micro_event_op(EVTCHNOP_unmask, &unmask));
	unmask.port = 60;
	ret = micro_event_op(EVTCHNOP_unmask, &unmask);
	micro_report("unmask_closed=%ld mask_bit=%lu", ret,
		     micro_shared->evtchn_mask[0] >> 60 & 1);
}

/* Closing a pending port clears its bit: a later owner starts clean. */
MICRO_TEST(event_close_pending)
{
	evtchn_port_t port = micro_event_bind_ipi(0);

	send(port);
	micro_report("pending=%d", micro_event_is_pending(port));
	close_port(port);
	micro_report("after_close=%d mask_bit=%lu",
		     micro_event_is_pending(port),
		     micro_shared->evtchn_mask[0] >> port & 1);
}
