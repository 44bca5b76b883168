// SPDX-License-Identifier: GPL-2.0-only
/* What dom0 gives another domain of the machine: I/O ports, global VIRQs (domctl.h). */
#include "domain.h"

#define PORT_KEYBOARD	0x64	/* the status, never all ones */

enum { ASK_PORT, ASK_VIRQ, ASK_END_SOME };

static long give_ports(domid_t dom, uint32_t first, uint32_t nr, bool allow)
{
	micro_domctl_clear();
	micro_domctl.u.ioport_permission.first_port = first;
	micro_domctl.u.ioport_permission.nr_ports = nr;
	micro_domctl.u.ioport_permission.allow_access = allow;
	return micro_domctl_do(XEN_DOMCTL_ioport_permission, dom);
}

static long give_virq(domid_t dom, uint32_t virq)
{
	micro_domctl_clear();
	micro_domctl.u.set_virq_handler.virq = virq;
	return micro_domctl_do(XEN_DOMCTL_set_virq_handler, dom);
}

static long destroy(domid_t dom)
{
	micro_domctl_clear();
	return micro_domctl_do(XEN_DOMCTL_destroydomain, dom);
}

/* Which ports can be given: none that dom0 has not, nor PCI's configuration. */
MICRO_TEST(domctl_ioports)
{
	static const struct { uint32_t first, nr; } ranges[] = {
		{ 0x3c0, 1 }, { 0x3c0, 0 }, { 0x3f8, 8 }, { 0x3f7, 2 }, { 0xcf8, 8 },
		{ 0xcff, 1 }, { 0xd00, 1 }, { 0x20, 2 }, { 0, 65536 }, { 0xffff, 1 },
		{ 0xffff, 2 }, { 0x10000, 1 }, { 1, ~0U }, { ~0U, 1 }, { ~0U, 2 },
	};
	domid_t dom = micro_domctl_create_vcpus(0, 1);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		micro_report("%x+%x: allow=%ld deny=%ld", ranges[i].first, ranges[i].nr,
			     give_ports(dom, ranges[i].first, ranges[i].nr, true),
			     give_ports(dom, ranges[i].first, ranges[i].nr, false));
	micro_report("nobody=%ld", give_ports(77, 0x3c0, 1, true));
	micro_report("destroy=%ld", destroy(dom));
}

/* Which VIRQs can be given. */
MICRO_TEST(domctl_virq_handler)
{
	domid_t dom = micro_domctl_create_vcpus(0, 1);
	unsigned int virq;

	for (virq = 0; virq < NR_VIRQS + 2; virq++)
		micro_report("%u: %ld", virq, give_virq(dom, virq));
	micro_report("back=%ld", give_virq(0, VIRQ_CONSOLE));
	micro_report("nobody=%ld", give_virq(77, VIRQ_CONSOLE));
	micro_report("destroy=%ld", destroy(dom));
	micro_report("gone=%ld", give_virq(dom, VIRQ_CONSOLE));
}

static int64_t serve(struct micro_domain *d, uint32_t question, uint64_t argument)
{
	long ret;

	if (question == ASK_PORT)
		ret = give_ports(d->id, PORT_KEYBOARD, 1, argument);
	else if (question == ASK_VIRQ)
		ret = give_virq(argument ? d->id : 0, VIRQ_DOM_EXC);
	else
		ret = destroy(micro_domctl_create_vcpus(0, 1));
	micro_domctl_clear();
	return ret;
}

static bool sees_keyboard(void)
{
	struct micro_regs regs = { 0 };

	MICRO_PROBE(&regs, "inb $0x64");
	return !micro_probe.trapped && (uint8_t)regs.rax != 0xff;
}

/* I1: a port is the domain's from when it is given until it is taken. */
MICRO_TEST_DOMU_SERVED(domu_ioports, 1, serve)
{
	struct physdev_set_iopl iopl = { .iopl = 1 };

	micro_need(!hc_physdev_op(PHYSDEVOP_set_iopl, &iopl));
	micro_report("at first=%d", sees_keyboard());
	micro_report("give=%ld", (long)micro_ask(ASK_PORT, 1));
	micro_report("given=%d", sees_keyboard());
	micro_report("take=%ld", (long)micro_ask(ASK_PORT, 0));
	micro_report("taken=%d", sees_keyboard());
}

/* Does a domain's end make the event pending? It may come a little later. */
static bool is_told(evtchn_port_t port)
{
	uint64_t end = micro_time_now() + 10000000000UL;
	struct sched_poll poll = { .nr_ports = 1, .timeout = end };

	micro_event_clear(port);
	micro_need(!micro_ask(ASK_END_SOME, 0));
	set_xen_guest_handle(poll.ports, &port);
	while (!micro_event_is_pending(port) && micro_time_now() < end)
		hc_sched_op(SCHEDOP_poll, &poll);
	return micro_event_is_pending(port);
}

/* A global VIRQ comes to the domain that it was given to, in which it has one port. */
MICRO_TEST_DOMU_SERVED(domu_virq_handler, 1, serve)
{
	evtchn_port_t port = micro_event_bind_virq(VIRQ_DOM_EXC, 0);

	micro_need(!micro_ask(ASK_END_SOME, 0));
	micro_report("at first=%d", micro_event_is_pending(port));
	micro_report("give=%ld", (long)micro_ask(ASK_VIRQ, 1));
	micro_report("told=%d", is_told(port));
	micro_report("take=%ld", (long)micro_ask(ASK_VIRQ, 0));
	micro_event_clear(port);
	micro_need(!micro_ask(ASK_END_SOME, 0));
	micro_report("taken=%d", micro_event_is_pending(port));
	/* It is left with it at its end: then the VIRQ is dom0's again. */
	micro_report("give=%ld", (long)micro_ask(ASK_VIRQ, 1));
}
