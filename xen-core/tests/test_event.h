/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of event channels share: hypercalls from fake domains. */
#ifndef XENLITE_TEST_EVENT_H
#define XENLITE_TEST_EVENT_H

#include "test_util.h"
#include "errno.h"
#include "event.h"
#include "event_port.h"
#include "fake.h"
#include "grant_table.h"
#include "page.h"
#include "hypercall.h"

#define TEST_FRAMES	8192

static struct domain *ctl, *a, *b;	/* dom0 and two domains, two vcpus each */

static inline int event_setup(void **state)
{
	fake_machine_init(TEST_FRAMES, 2);
	page_alloc_add(MFN(1), MFN(TEST_FRAMES));
	ctl = fake_domain_create(0, true, 2);
	a = fake_domain_create(1, false, 2);
	b = fake_domain_create(2, false, 2);
	return 0;
}

static inline int event_teardown(void **state)
{
	struct domain *all[] = { ctl, a, b };

	for (u32 i = 0; i < ARRAY_SIZE(all); i++) {
		all[i]->dying = true;
		while (event_reset(all[i]))
			;
		while (all[i]->page_list != PAGE_NIL)
			domain_page_release(all[i], &frame_table[all[i]->page_list]);
		assert_int_equal(all[i]->refs, 1);
		fake_domain_destroy(all[i]);
	}
	/* No page of the core or of a guest is still held. */
	assert_int_equal(page_alloc_nr_free(), TEST_FRAMES - 1);
	while (page_alloc(0, ADDR_BITS_ANY))
		;
	fake_machine_end();
	return 0;
}

static inline long event_op(struct domain *d, u32 cmd, void *op, size_t size)
{
	fake_set_current(d->vcpu[0]);
	fake_guest_window(op, size);
	return do_event_channel_op(cmd, GVA((uintptr_t)op));
}
#define EVENT_OP(d, cmd, op) event_op(d, EVTCHNOP_##cmd, &(op), sizeof(op))

/* Each returns a port or -errno. */
static inline long alloc_unbound(struct domain *d, domid_t dom, domid_t remote)
{
	struct evtchn_alloc_unbound op = { .dom = dom, .remote_dom = remote, .port = ~0u };

	return EVENT_OP(d, alloc_unbound, op) ?: op.port;
}

static inline long bind_interdomain(struct domain *d, domid_t remote, u32 port)
{
	struct evtchn_bind_interdomain op = { .remote_dom = remote, .remote_port = port };

	return EVENT_OP(d, bind_interdomain, op) ?: op.local_port;
}

static inline long bind_virq(struct domain *d, u32 virq, u32 vcpu)
{
	struct evtchn_bind_virq op = { .virq = virq, .vcpu = vcpu };

	return EVENT_OP(d, bind_virq, op) ?: op.port;
}

static inline long bind_ipi(struct domain *d, u32 vcpu)
{
	struct evtchn_bind_ipi op = { .vcpu = vcpu };

	return EVENT_OP(d, bind_ipi, op) ?: op.port;
}

static inline long bind_pirq(struct domain *d, u32 pirq)
{
	struct evtchn_bind_pirq op = { .pirq = pirq };

	return EVENT_OP(d, bind_pirq, op) ?: op.port;
}

static inline long send(struct domain *d, u32 port)
{
	struct evtchn_send op = { .port = port };

	return EVENT_OP(d, send, op);
}

static inline long unmask(struct domain *d, u32 port)
{
	struct evtchn_unmask op = { .port = port };

	return EVENT_OP(d, unmask, op);
}

static inline long close_port(struct domain *d, u32 port)
{
	struct evtchn_close op = { .port = port };

	return EVENT_OP(d, close, op);
}

static inline long bind_vcpu(struct domain *d, u32 port, u32 vcpu)
{
	struct evtchn_bind_vcpu op = { .port = port, .vcpu = vcpu };

	return EVENT_OP(d, bind_vcpu, op);
}

static inline long set_priority(struct domain *d, u32 port, u32 priority)
{
	struct evtchn_set_priority op = { .port = port, .priority = priority };

	return EVENT_OP(d, set_priority, op);
}

/* Re-enters it as a guest does after a preemption. */
static inline long reset(struct domain *d, domid_t dom)
{
	struct evtchn_reset op = { .dom = dom };
	long rc;

	do {
		rc = EVENT_OP(d, reset, op);
	} while (rc == -ERESTART);
	return rc;
}

static inline struct evtchn_status status_of(struct domain *d, u32 port)
{
	struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

	assert_int_equal(EVENT_OP(d, status, op), 0);
	return op;
}

#endif
