// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains that end, whatever they and others were doing.
 *
 * Rules under test: a domain that is destroyed gives back every page of the
 * core's, and every frame that nobody else holds; a frame that another domain
 * holds stays, and the domain with it, until it is let go; the end can be
 * interrupted anywhere; what is made while it dies is not lost; its number is
 * free again afterwards, not before.
 *
 * Links: string.c domain_destroy.c sched.c sched_fair.c sched_ctl.c runstate.c sched_op.c
 * Links: domain.c domain_list.c
 * Links: vcpu_op.c softirq.c timer.c page_alloc.c frame.c grant*.c
 * Links: event.c event_op.c event_fifo.c
 * Links: arch/fake/fake.c arch/fake/fake_domain.c
 */
#include "test_util.h"
#include "fake.h"
#include "domctl.h"
#include "event_port.h"
#include "grant_table.h"
#include "hypercall.h"
#include "page.h"
#include "sched.h"

#define FRAMES	4096
#define GUESTS	4
#define HELD	64

bool opt_noreboot;
static u64 free_at_start, rnd;
static struct domain *ctl, *guests[GUESTS];
/* What the control domain maps of others. */
static struct page *held[HELD];

void machine_restart(void) { abort(); }
void machine_halt(void) { abort(); }

void arch_switch_to(struct vcpu *prev, struct vcpu *next)
{
	this_cpu()->curr = next;
}

static u32 pick(u32 n)
{
	return (test_random(&rnd) >> 33) % n;
}

static struct domain *make(domid_t id)
{
	struct domain *d = domain_create(id, !id, 2);

	assert_non_null(d);
	domain_publish(d);
	if (!id)
		fake_set_current(d->vcpu[0]);
	return d;
}

static int setup(void **state)
{
	fake_machine_init(FRAMES, 2);
	page_alloc_add(MFN(1), MFN(FRAMES));
	domain_init();
	for (u32 i = 0; i < nr_cpus; i++)
		assert_int_equal(sched_init_cpu(cpus[i]), 0);
	ctl = make(0);
	memset(held, 0, sizeof(held));
	cpu_run_softirqs();
	fake_set_current(ctl->vcpu[0]);
	free_at_start = page_alloc_nr_free();
	rnd = 1;
	return 0;
}

static int teardown(void **state)
{
	while (page_alloc(0, ADDR_BITS_ANY))
		;
	dom0 = NULL;
	list_init(&domain_list);
	fake_machine_end();
	return 0;
}

static u32 destroy(struct domain *d)
{
	u32 calls = 1;

	for (; domain_destroy(d) == -ERESTART; calls++)
		fake_preempt_in = pick(3);
	fake_preempt_in = -1;
	return calls;
}

static void reclaim(void)
{
	fake_set_current(ctl->vcpu[0]);
	cpu_run_softirqs();
	fake_set_current(ctl->vcpu[0]);
}

static bool is_there(domid_t id)
{
	struct domain *d = domain_get_by_id(id);

	if (d)
		domain_put(d);
	return d;
}

static void test_empty(void **state)
{
	struct domain *d = make(5);

	assert_true(is_there(5));
	destroy(d);
	reclaim();
	assert_false(is_there(5));
	assert_int_equal(page_alloc_nr_free(), free_at_start);
}

static void test_frames_that_others_hold(void **state)
{
	struct domain *d = make(5), *again;
	struct page *p = domain_page_alloc(d, 6, ADDR_BITS_ANY), *q = p + 3;
	u64 before;

	assert_non_null(p);
	assert_true(page_get(q, d));
	/* One that the guest gave back before counts like the others. */
	assert_true(page_get(p + 7, d));
	assert_int_equal(domain_page_release(d, p + 7), 0);
	fake_preempt_in = 0;
	assert_true(destroy(d) > 1);
	reclaim();
	assert_true(is_there(5));
	assert_int_equal(d->tot_pages, 2);
	before = page_alloc_nr_free();
	page_put(p + 7);
	assert_int_equal(page_alloc_nr_free(), before + 1);
	/* A frame for the dead: refused, and nothing of it stays. */
	assert_null(domain_page_alloc(d, 2, ADDR_BITS_ANY));
	assert_int_equal(page_alloc_nr_free(), before + 1);
	page_put(q);
	/* Whoever held it last may hold any lock: it goes a little later. */
	assert_false(is_there(5));
	reclaim();
	assert_int_equal(page_alloc_nr_free(), free_at_start);
	again = make(5);
	destroy(again);
	reclaim();
	assert_int_equal(page_alloc_nr_free(), free_at_start);
}

/* Frames that the core shares with it are mapped by others when it goes. */
static void test_shared_frames(void **state)
{
	struct domain *d = make(5);
	struct page *shared = virt_to_page(d->shared), *grants = virt_to_page(d->grants->frame[0]);

	assert_true(page_get(shared, d));
	assert_true(page_get(grants, d));
	destroy(d);
	reclaim();
	assert_false(is_there(5));
	assert_int_equal(page_alloc_nr_free(), free_at_start - 2);
	assert_false(page_get(shared, d));
	page_put(shared);
	page_put(grants);
	assert_int_equal(page_alloc_nr_free(), free_at_start);
}

/* What a domain cannot have is free again, and claimed for it as long as it lives. */
static void test_claim(void **state)
{
	struct domain *d = make(5);
	struct page *p;
	u32 claimed;

	d->max_pages = 40;
	assert_int_equal(domain_claim_pages(d, 20), 0);
	assert_non_null(domain_page_alloc(d, 2, ADDR_BITS_ANY));
	assert_int_equal(page_claims_outstanding(), 16);
	d->max_pages = 10;
	assert_null(domain_page_alloc(d, 3, ADDR_BITS_ANY));
	assert_int_equal(d->claimed, 16);
	assert_int_equal(page_claims_outstanding(), 16);
	p = page_alloc_claimed(3, ADDR_BITS_ANY, &d->claimed, &claimed);
	assert_non_null(p);
	assert_int_equal(page_claims_outstanding(), 8);
	assert_true(domain_get_by_id(5) == d);
	destroy(d);
	assert_int_equal(domain_page_adopt(d, p, 3, claimed), -ENOMEM);
	domain_put(d);
	reclaim();
	assert_int_equal(page_claims_outstanding(), 0);
	assert_int_equal(page_alloc_nr_free(), free_at_start);
}

static void test_no_memory(void **state)
{
	struct page *all = NULL, *p;

	/* One page more each time, until it can be made. */
	while ((p = page_alloc(0, ADDR_BITS_ANY))) {
		p->next = all ? page_to_mfn(all).n : PAGE_NIL;
		all = p;
	}
	for (struct domain *d = NULL; !d;) {
		u64 before = page_alloc_nr_free();

		d = domain_create(9, false, 3);
		if (d) {
			domain_publish(d);
			destroy(d);
			reclaim();
		}
		assert_int_equal(page_alloc_nr_free(), before);
		p = all;
		assert_non_null(p);
		all = p->next != PAGE_NIL ? &frame_table[p->next] : NULL;
		page_free(p, 0);
	}
	assert_false(is_there(9));
}

static long event(struct vcpu *v, u32 cmd, void *op, size_t size)
{
	long rc;

	fake_set_current(v);
	fake_guest_window(op, size);
	rc = do_event_channel_op(cmd, GVA((uintptr_t)op));
	fake_set_current(ctl->vcpu[0]);
	return rc;
}

static void connect(struct domain *x, struct domain *y)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = y->id };
	struct evtchn_bind_interdomain b = { .remote_dom = x->id };
	struct evtchn_send s;

	if (event(x->vcpu[0], EVTCHNOP_alloc_unbound, &a, sizeof(a)))
		return;
	b.remote_port = a.port;
	if (pick(4) && !event(y->vcpu[0], EVTCHNOP_bind_interdomain, &b, sizeof(b))) {
		s.port = b.local_port;
		assert_int_equal(event(y->vcpu[0], EVTCHNOP_send, &s, sizeof(s)), 0);
	}
}

/* It was about to close its ports itself when it was interrupted, and then opened one more. */
static void test_reset_left_halfway(void **state)
{
	struct domain *d = make(5);
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = 5 };
	struct evtchn_bind_interdomain b = { .remote_dom = 0 };
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	struct evtchn_reset r = { .dom = DOMID_SELF };
	struct evtchn_send s;

	for (int i = 0; i < 200; i++)
		assert_int_equal(event(d->vcpu[0], EVTCHNOP_bind_ipi, &ipi, sizeof(ipi)), 0);
	fake_preempt_in = 0;
	assert_int_equal(event(d->vcpu[0], EVTCHNOP_reset, &r, sizeof(r)), -ERESTART);
	fake_preempt_in = -1;
	assert_int_equal(event(ctl->vcpu[0], EVTCHNOP_alloc_unbound, &a, sizeof(a)), 0);
	b.remote_port = a.port;
	assert_int_equal(event(d->vcpu[0], EVTCHNOP_bind_interdomain, &b, sizeof(b)), 0);
	destroy(d);
	reclaim();
	assert_false(is_there(5));
	s.port = a.port;
	assert_int_equal(event(ctl->vcpu[0], EVTCHNOP_send, &s, sizeof(s)), 0);
	assert_int_equal(event_lookup(ctl, a.port)->state, EVTCHNSTAT_unbound);
}

/* @x grants one of its frames, @y maps it or copies into it. */
static void grant(struct domain *x, struct domain *y)
{
	struct grant_entry_v1 *e = x->grants->frame[0];
	struct gnttab_map_grant_ref m = { .flags = GNTMAP_device_map | GNTMAP_readonly };

	if (x->page_list == PAGE_NIL)
		return;
	m.ref = 8 + pick(32);
	m.dom = x->id;
	if (e[m.ref].flags & (GTF_reading | GTF_writing))
		return;
	e[m.ref] = (struct grant_entry_v1){ GTF_permit_access, y->id, x->page_list };
	fake_set_current(y->vcpu[0]);
	fake_guest_window(&m, sizeof(m));
	assert_int_equal(do_grant_table_op(GNTTABOP_map_grant_ref, GVA((uintptr_t)&m), 1), 0);
	fake_set_current(ctl->vcpu[0]);
}

static void one_step(void)
{
	u32 i = pick(GUESTS), k = pick(HELD);
	struct domain *d = guests[i], *o = guests[pick(GUESTS)];
	struct page *p;

	switch (pick(8)) {
	case 0:
		if (!d && !is_there(1 + i))
			guests[i] = make(1 + i);
		break;
	case 1:
		if (d && pick(3) == 0) {
			fake_preempt_in = pick(4);
			destroy(d);
			guests[i] = NULL;
		}
		break;
	case 2:
		if (d)
			domain_page_alloc(d, pick(4), ADDR_BITS_ANY);
		break;
	case 3:	/* taken back, perhaps while it is mapped */
		if (d && d->page_list != PAGE_NIL) {
			p = &frame_table[d->page_list];
			if (!held[k] && pick(2) && page_get(p, d))
				held[k] = p;
			assert_int_equal(domain_page_release(d, p), 0);
		}
		break;
	case 4:
		if (held[k])
			page_put(held[k]);
		held[k] = NULL;
		break;
	case 5:
		if (d && o)
			connect(d, pick(2) ? o : ctl);
		break;
	case 6:
		if (d && o && o != d)
			grant(d, o);
		break;
	default:
		reclaim();
	}
}

static void test_anything(void **state)
{
	for (u32 round = 0; round < 20; round++) {
		rnd = round + 1;
		for (u32 n = 0; n < 3000; n++)
			one_step();
		for (u32 i = 0; i < GUESTS; i++)
			if (guests[i])
				destroy(guests[i]);
		memset(guests, 0, sizeof(guests));
		for (u32 k = 0; k < HELD; k++)
			if (held[k])
				page_put(held[k]);
		memset(held, 0, sizeof(held));
		reclaim();
		for (u32 i = 0; i < GUESTS; i++)
			assert_false(is_there(1 + i));
		/* The control domain's ports stay, without their other ends. */
		while (event_reset(ctl))
			;
		for (u32 i = 1; i < EVENT_NR_BUCKETS && ctl->evtchn->bucket[i]; i++) {
			free_zeroed(ctl->evtchn->bucket[i], PAGE_SIZE);
			ctl->evtchn->bucket[i] = NULL;
		}
		assert_int_equal(page_alloc_nr_free(), free_at_start);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(test_empty), TEST(test_frames_that_others_hold), TEST(test_shared_frames),
		TEST(test_no_memory), TEST(test_claim), TEST(test_reset_left_halfway),
		TEST(test_anything),
	};

	return cmocka_run_group_tests_name("domain_destroy", tests, NULL, NULL);
}
