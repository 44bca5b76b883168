// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event channels with the FIFO ABI.
 *
 * Rules under test: a pending, unmasked event is in exactly one queue, that of
 * its vcpu and priority, and the queues are first in, first out; the guest
 * takes from them as Linux does and finds every event once; nothing is lost
 * between the ABIs or before a word exists; a guest that writes rubbish into
 * words and control blocks harms nobody but itself, and no operation takes
 * longer for it.
 *
 * Links: event.c event_op.c event_fifo.c frame.c page_alloc.c
 * Links: softirq.c arch/fake/fake.c arch/fake/fake_domain.c
 */
#include <pthread.h>

#include "test_event.h"

#define WORD(name)	(1u << EVTCHN_FIFO_##name)
#define PAGES		8	/* of the guest, some of which are array pages */

/* The guest's side of a domain. */
static struct guest {
	struct domain *d;
	u32 *array[EVENT_NR_ARRAY_PAGES];
	u32 nr_pages;
	struct evtchn_fifo_control_block *control[2];
	u32 head[2][EVTCHN_FIFO_MAX_QUEUES];
} ga, gb;

static u32 *word(struct guest *g, u32 port)
{
	return &g->array[port / EVENT_WORDS_PER_PAGE][port % EVENT_WORDS_PER_PAGE];
}

static long init_control(struct domain *d, u32 vcpu, u64 gfn, u32 offset)
{
	struct evtchn_init_control op = { .control_gfn = gfn, .offset = offset, .vcpu = vcpu };
	long rc = EVENT_OP(d, init_control, op);

	if (!rc)
		assert_int_equal(op.link_bits, EVTCHN_FIFO_LINK_BITS);
	return rc;
}

static long expand_array(struct domain *d, u64 gfn)
{
	struct evtchn_expand_array op = { .array_gfn = gfn };

	return EVENT_OP(d, expand_array, op);
}

static u64 guest_page(struct domain *d, void *virt)
{
	struct page *p = domain_page_alloc(d, 0, ADDR_BITS_ANY);

	*(void **)virt = page_to_virt(p);
	memset(page_to_virt(p), 0, PAGE_SIZE);
	return page_to_mfn(p).n;
}

static void guest_add_page(struct guest *g, u32 word)
{
	u64 gfn = guest_page(g->d, &g->array[g->nr_pages]);

	for (u32 i = 0; i < EVENT_WORDS_PER_PAGE; i++)
		g->array[g->nr_pages][i] = word;
	g->nr_pages++;
	assert_int_equal(expand_array(g->d, gfn), 0);
}

static void guest_start(struct guest *g, struct domain *d)
{
	*g = (struct guest){ .d = d };
	for (u32 i = 0; i < 2; i++) {
		u64 gfn = guest_page(d, &g->control[i]);

		assert_int_equal(init_control(d, i, gfn, 0), 0);
	}
	guest_add_page(g, 0);
}

/*
 * Take all events as drivers/xen/events/events_fifo.c does. @seen gets the
 * ports in order. Return: how many were pending and not masked.
 */
static u32 guest_consume(struct guest *g, u32 vcpu, u32 *seen, u32 max)
{
	struct vcpu_info *info = g->d->vcpu[vcpu]->info;
	struct evtchn_fifo_control_block *control = g->control[vcpu];
	u32 n = 0, ready;

	if (!__atomic_exchange_n(&info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST))
		return 0;
	ready = __atomic_exchange_n(&control->ready, 0, __ATOMIC_SEQ_CST);
	while (ready) {
		u32 q = __builtin_ctz(ready), *head = &g->head[vcpu][q];
		u32 port = *head ? *head : __atomic_load_n(&control->head[q], __ATOMIC_SEQ_CST);
		u32 *w = word(g, port), old = *w;

		while (!__atomic_compare_exchange_n(w, &old, old & ~(WORD(LINKED) |
						    EVTCHN_FIFO_LINK_MASK), false,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
		*head = old & EVTCHN_FIFO_LINK_MASK;
		if (!*head)
			ready &= ~(1u << q);
		if (*w & WORD(PENDING) && !(*w & WORD(MASKED))) {
			__atomic_fetch_and(w, ~WORD(PENDING), __ATOMIC_SEQ_CST);
			if (seen && n < max)
				seen[n] = port;
			n++;
		}
		ready |= __atomic_exchange_n(&control->ready, 0, __ATOMIC_SEQ_CST);
	}
	return n;
}

static void test_set_up(void **state)
{
	u64 gfn, other;
	void *va;

	gfn = guest_page(a, &va);
	other = guest_page(b, &va);
	assert_int_equal(expand_array(a, gfn), -EOPNOTSUPP);
	assert_int_equal(init_control(a, 2, gfn, 0), -ENOENT);
	assert_int_equal(init_control(a, 0, gfn, 4), -EINVAL);
	assert_int_equal(init_control(a, 0, gfn, PAGE_SIZE), -EINVAL);
	assert_int_equal(init_control(a, 0, gfn, ~7u), -EINVAL);
	assert_int_equal(init_control(a, 0, gfn, PAGE_SIZE - 64), -EINVAL);
	assert_int_equal(init_control(a, 0, other, 0), -EINVAL);
	assert_int_equal(init_control(a, 0, ~0ull, 0), -EINVAL);
	assert_int_equal(init_control(a, 0, TEST_FRAMES, 0), -EINVAL);
	assert_false(a->evtchn->fifo);
	assert_int_equal(init_control(a, 0, gfn, PAGE_SIZE - 72), 0);
	assert_int_equal(init_control(a, 0, gfn, 0), -EINVAL);
	assert_int_equal(init_control(a, 1, gfn, 0), 0);
	assert_int_equal(expand_array(a, other), -EINVAL);
	assert_int_equal(expand_array(a, ~0ull), -EINVAL);
	assert_int_equal(expand_array(a, gfn), 0);
	bind_ipi(a, 0);
	assert_int_equal(set_priority(a, 1, 16), -EINVAL);
	assert_int_equal(set_priority(a, 1, 15), 0);
	assert_int_equal(set_priority(a, 5000, 1), -EINVAL);
	/* A page table must not become a place the core writes to. */
	mfn_to_page(MFN(other))->type = PT_L1 | PT_VALID | 1;
	assert_int_equal(init_control(b, 0, other, 0), -EINVAL);
	mfn_to_page(MFN(other))->type = 0;
}

static void test_queue(void **state)
{
	u32 seen[8];
	long p, q, r;

	guest_start(&ga, a);
	p = bind_ipi(a, 0);
	q = bind_ipi(a, 0);
	r = bind_ipi(a, 0);
	assert_int_equal(send(a, q), 0);
	assert_int_equal(*word(&ga, q), WORD(PENDING) | WORD(LINKED));
	assert_int_equal(ga.control[0]->ready, 1u << EVTCHN_FIFO_PRIORITY_DEFAULT);
	assert_int_equal(ga.control[0]->head[EVTCHN_FIFO_PRIORITY_DEFAULT], q);
	assert_int_equal(a->vcpu[0]->arch.kicks, 1);
	assert_int_equal(send(a, p), 0);
	assert_int_equal(send(a, r), 0);
	assert_int_equal(send(a, q), 0);	/* in already */
	assert_int_equal(*word(&ga, q), WORD(PENDING) | WORD(LINKED) | p);
	assert_int_equal(*word(&ga, p), WORD(PENDING) | WORD(LINKED) | r);
	assert_int_equal(a->vcpu[0]->arch.kicks, 1);
	assert_int_equal(guest_consume(&ga, 0, seen, 8), 3);
	assert_int_equal(seen[0], q);
	assert_int_equal(seen[1], p);
	assert_int_equal(seen[2], r);
	/* Empty again: the same may come anew. */
	assert_int_equal(send(a, r), 0);
	assert_int_equal(guest_consume(&ga, 0, seen, 8), 1);
	assert_int_equal(seen[0], r);
	assert_int_equal(guest_consume(&ga, 1, seen, 8), 0);
	/* A link takes away the core's claim to the word. */
	send(a, p);
	*word(&ga, p) |= WORD(BUSY);
	send(a, q);
	assert_int_equal(*word(&ga, p), WORD(PENDING) | WORD(LINKED) | q);
}

static void test_mask(void **state)
{
	long p;

	guest_start(&ga, a);
	p = bind_ipi(a, 1);
	*word(&ga, p) = WORD(MASKED);
	assert_int_equal(send(a, p), 0);
	assert_int_equal(*word(&ga, p), WORD(MASKED) | WORD(PENDING));
	assert_true(event_port_pending(a->vcpu[0], p));
	assert_int_equal(a->vcpu[1]->arch.kicks, 0);
	assert_int_equal(unmask(a, p), 0);
	assert_int_equal(*word(&ga, p), WORD(LINKED) | WORD(PENDING));
	assert_int_equal(a->vcpu[1]->arch.kicks, 1);
	/* Masked while in the queue: stays there, is not handled, comes again. */
	*word(&ga, p) |= WORD(MASKED);
	assert_int_equal(guest_consume(&ga, 1, NULL, 0), 0);
	assert_int_equal(*word(&ga, p), WORD(MASKED) | WORD(PENDING));
	assert_int_equal(unmask(a, p), 0);
	assert_int_equal(guest_consume(&ga, 1, NULL, 0), 1);
	assert_int_equal(unmask(a, p), 0);
	assert_int_equal(*word(&ga, p), 0);
}

static void test_priorities(void **state)
{
	u32 seen[16];
	long p[16];

	guest_start(&ga, a);
	for (u32 i = 0; i < 16; i++) {
		p[i] = bind_ipi(a, 0);
		assert_int_equal(set_priority(a, p[i], 15 - i), 0);
		assert_int_equal(send(a, p[i]), 0);
	}
	assert_int_equal(ga.control[0]->ready, 0xffff);
	assert_int_equal(guest_consume(&ga, 0, seen, 16), 16);
	for (u32 i = 0; i < 16; i++)
		assert_int_equal(seen[i], p[15 - i]);
	/* A port that is used again starts with the default. */
	close_port(a, p[3]);
	assert_int_equal(bind_ipi(a, 0), p[3]);
	send(a, p[3]);
	assert_int_equal(ga.control[0]->ready, 1u << EVTCHN_FIFO_PRIORITY_DEFAULT);
}

/*
 * A consumed event that was a queue's tail goes to another queue. The old
 * queue's next event must not be linked behind it.
 */
static void test_tail_moves(void **state)
{
	u32 seen[4];
	long p, q, r;

	guest_start(&ga, a);
	p = bind_ipi(a, 0);
	q = bind_ipi(a, 0);
	r = alloc_unbound(a, DOMID_SELF, DOMID_SELF);
	bind_interdomain(a, DOMID_SELF, r);
	guest_consume(&ga, 0, NULL, 0);

	send(a, p);
	guest_consume(&ga, 0, NULL, 0);
	set_priority(a, p, 2);
	send(a, p);			/* now in queue 2 */
	send(a, q);			/* in queue 7, whose tail was p */
	assert_int_equal(*word(&ga, p), WORD(PENDING) | WORD(LINKED));
	assert_int_equal(ga.control[0]->ready, 1u << 2 | 1u << 7);
	assert_int_equal(guest_consume(&ga, 0, seen, 4), 2);
	assert_int_equal(seen[0], p);
	assert_int_equal(seen[1], q);

	/* The same between vcpus. */
	send(a, r + 1);			/* to r, on vcpu 0 */
	guest_consume(&ga, 0, NULL, 0);
	assert_int_equal(bind_vcpu(a, r, 1), 0);
	send(a, r + 1);
	assert_int_equal(ga.control[1]->head[7], r);
	send(a, q);
	assert_int_equal(*word(&ga, r), WORD(PENDING) | WORD(LINKED));
	assert_int_equal(guest_consume(&ga, 0, seen, 4), 1);
	assert_int_equal(seen[0], q);
	assert_int_equal(guest_consume(&ga, 1, seen, 4), 1);
	assert_int_equal(seen[0], r);

	/* Still queued: it stays where it is. */
	send(a, r + 1);
	assert_int_equal(bind_vcpu(a, r, 0), 0);
	send(a, r + 1);
	assert_int_equal(guest_consume(&ga, 0, seen, 4), 0);
	assert_int_equal(guest_consume(&ga, 1, seen, 4), 1);
}

/* A port that closes while it is queued is not given out before it is taken. */
static void test_busy(void **state)
{
	long p, q;

	guest_start(&ga, a);
	p = bind_ipi(a, 0);
	q = bind_ipi(a, 0);
	send(a, p);
	send(a, q);
	close_port(a, p);
	assert_int_equal(*word(&ga, p), WORD(LINKED) | q);
	assert_int_equal(bind_ipi(a, 0), q + 1);
	assert_int_equal(guest_consume(&ga, 0, NULL, 0), 1);
	assert_int_equal(bind_ipi(a, 0), p);
	assert_int_equal(bind_ipi(a, 0), q + 2);
}

/* What is pending before there are words comes when they do. */
static void test_from_2l(void **state)
{
	u64 c0, c1;
	u32 seen[4];
	long p, q, r;

	ga = (struct guest){ .d = a };
	p = bind_ipi(a, 0);
	q = bind_ipi(a, 1);
	r = bind_ipi(a, 0);
	send(a, p);
	c0 = guest_page(a, &ga.control[0]);
	assert_int_equal(init_control(a, 0, c0, 0), 0);
	assert_true(event_port_pending(a->vcpu[0], p));
	assert_false(event_port_pending(a->vcpu[0], r));
	send(a, r);			/* no word yet */
	send(a, q);			/* and its vcpu has no control block */
	assert_true(event_port_pending(a->vcpu[0], r));
	a->vcpu[0]->info->evtchn_upcall_pending = 0;
	c1 = guest_page(a, &ga.control[1]);
	assert_int_equal(init_control(a, 1, c1, 0), 0);
	guest_add_page(&ga, 0);
	assert_int_equal(guest_consume(&ga, 0, seen, 4), 2);
	assert_int_equal(seen[0], p);
	assert_int_equal(seen[1], r);
	assert_int_equal(guest_consume(&ga, 1, seen, 4), 1);
	assert_int_equal(seen[0], q);

	/* Masked from the start, as Linux adds its pages. */
	for (u32 port = r + 1; port < EVENT_WORDS_PER_PAGE + 3; port++)
		assert_int_equal(bind_ipi(a, 0), port);
	send(a, EVENT_WORDS_PER_PAGE + 1);
	guest_add_page(&ga, WORD(MASKED));
	assert_int_equal(*word(&ga, EVENT_WORDS_PER_PAGE + 1), WORD(MASKED) | WORD(PENDING));
	unmask(a, EVENT_WORDS_PER_PAGE + 1);
	assert_int_equal(guest_consume(&ga, 0, seen, 4), 1);

	/* A vcpu without a control block: pending, not queued, no harm. */
	assert_int_equal(reset(a, DOMID_SELF), 0);
	assert_int_equal(init_control(a, 0, c0, 0), 0);
	ga.nr_pages = 0;
	guest_add_page(&ga, 0);
	p = bind_ipi(a, 1);
	send(a, p);
	assert_int_equal(*word(&ga, p), WORD(PENDING));
}

static void test_reset(void **state)
{
	struct evtchn_reset op = { .dom = DOMID_SELF };
	u64 free_before = page_alloc_nr_free();
	long p;

	guest_start(&ga, a);
	for (int i = 0; i < 200; i++)
		p = bind_ipi(a, i & 1);
	send(a, p);
	/* Somebody else's reset closes the ports, the ABI stays. */
	assert_int_equal(reset(ctl, a->id), 0);
	assert_true(a->evtchn->fifo);
	p = bind_ipi(a, 0);
	send(a, p);
	fake_preempt_in = 0;
	assert_int_equal(reset(a, DOMID_SELF), 0);
	assert_false(a->evtchn->fifo);
	assert_int_equal(page_alloc_nr_free(), free_before - 3 - 1);	/* guest's, bucket */
	for (u32 mfn = a->page_list; mfn != PAGE_NIL; mfn = frame_table[mfn].next)
		assert_int_equal(frame_table[mfn].count, PC_ALLOCATED | 1);
	/* A preempted reset that somebody else's new port gets in front of. */
	p = bind_ipi(a, 0);
	assert_int_equal(p, 1);
	for (int i = 0; i < 200; i++)
		bind_ipi(a, 0);
	fake_preempt_in = 0;
	assert_int_equal(EVENT_OP(a, reset, op), -ERESTART);
	assert_int_equal(bind_ipi(a, 0), p);
	assert_int_equal(reset(a, DOMID_SELF), 0);
	assert_int_equal(a->evtchn->nr_open, 0);

	/* Two levels again. */
	p = bind_ipi(a, 0);
	send(a, p);
	assert_true(test_bit(p, a->shared->evtchn_pending));
	guest_start(&ga, a);
	assert_int_equal(guest_consume(&ga, 0, NULL, 0), 1);

	/* Queues are forgotten: their tail has no word any more. */
	guest_add_page(&ga, 0);
	do {
		p = bind_ipi(a, 0);
	} while (p < (long)EVENT_WORDS_PER_PAGE);
	send(a, p);
	assert_int_equal(reset(a, DOMID_SELF), 0);
	guest_start(&ga, a);
	p = bind_ipi(a, 0);
	send(a, p);
	assert_int_equal(guest_consume(&ga, 0, NULL, 0), 1);
}

/* All 131072 ports but port 0. */
static void test_all_ports(void **state)
{
	u32 last = EVTCHN_FIFO_NR_CHANNELS - 1, seen[2];
	void *va;

	guest_start(&ga, a);
	for (u32 i = 1; i < EVENT_NR_ARRAY_PAGES; i++)
		guest_add_page(&ga, 0);
	assert_int_equal(expand_array(a, guest_page(a, &va)), -ENOSPC);
	for (u32 port = 1; port <= last; port++)
		assert_int_equal(alloc_unbound(a, DOMID_SELF, b->id), port);
	assert_int_equal(alloc_unbound(a, DOMID_SELF, b->id), -ENOSPC);
	assert_int_equal(bind_ipi(a, 0), -ENOSPC);
	assert_int_equal(bind_interdomain(b, a->id, last), 1);
	assert_int_equal(send(b, 1), 0);
	assert_int_equal(guest_consume(&ga, 0, seen, 2), 1);
	assert_int_equal(seen[0], last);
	assert_int_equal(send(a, last + 1), -EINVAL);
	close_port(a, 77777);
	assert_int_equal(bind_ipi(a, 1), 77777);
	send(a, 77777);

	/* All LINKED by a guest that never takes them: a bounded search. */
	for (u32 port = 1; port < 9000; port++) {
		*word(&ga, port) |= WORD(LINKED);
		close_port(a, port);
	}
	assert_true(bind_ipi(a, 0) > 0);
	fake_preempt_in = 100;
	assert_int_equal(reset(a, DOMID_SELF), 0);
	assert_int_equal(a->evtchn->nr_open, 0);
}

/*
 * Random use by a guest that keeps the rules: every event is found once.
 */
#define RANDOM_PORTS	24

static void test_random_use(void **state)
{
	bool expected[RANDOM_PORTS] = { 0 }, masked[RANDOM_PORTS] = { 0 };
	u32 seen[RANDOM_PORTS], n;
	u64 rnd = 31337;

	guest_start(&ga, a);
	for (u32 i = 1; i < RANDOM_PORTS; i += 2) {
		assert_int_equal(alloc_unbound(a, DOMID_SELF, b->id), i);
		assert_int_equal(bind_ipi(a, test_random(&rnd) % 2), i + 1);
		assert_int_equal(bind_interdomain(b, a->id, i), i / 2 + 1);
	}
	for (int step = 0; step < 60000; step++) {
		u32 port = 1 + test_random(&rnd) % (RANDOM_PORTS - 1);
		u32 vcpu = test_random(&rnd) % 2;

		switch (test_random(&rnd) % 10) {
		case 0: case 1: case 2: case 3:
			assert_int_equal(port & 1 ? send(b, port / 2 + 1) : send(a, port), 0);
			expected[port] = true;
			break;
		case 4:
			__atomic_fetch_or(word(&ga, port), WORD(MASKED), __ATOMIC_SEQ_CST);
			masked[port] = true;
			break;
		case 5: case 6:
			assert_int_equal(unmask(a, port), 0);
			masked[port] = false;
			break;
		case 7:
			if (port & 1)
				assert_int_equal(bind_vcpu(a, port, vcpu), 0);
			assert_int_equal(set_priority(a, port, test_random(&rnd) % 4), 0);
			break;
		default:
			n = guest_consume(&ga, vcpu, seen, RANDOM_PORTS);
			assert_true(n <= RANDOM_PORTS);
			for (u32 i = 0; i < n; i++) {
				assert_true(expected[seen[i]] && !masked[seen[i]]);
				expected[seen[i]] = false;
			}
			n = guest_consume(&ga, !vcpu, seen, RANDOM_PORTS);
			for (u32 i = 0; i < n; i++) {
				assert_true(expected[seen[i]] && !masked[seen[i]]);
				expected[seen[i]] = false;
			}
			/* With both vcpus done, only masked ones are left. */
			for (u32 i = 1; i < RANDOM_PORTS; i++) {
				assert_true(!expected[i] || masked[i]);
				assert_int_equal(!!(*word(&ga, i) & WORD(PENDING)), expected[i]);
			}
		}
	}
}

/*
 * Hostile guests
 */

/* Pages of another domain and of the core; nothing may ever change in them. */
static u8 *canary[PAGES];

static void canary_plant(void)
{
	for (u32 i = 0; i < PAGES; i++) {
		guest_page(b, &canary[i]);
		memset(canary[i], 0xc5, PAGE_SIZE);
	}
}

static void canary_check(void)
{
	for (u32 i = 0; i < PAGES; i++) {
		for (u32 k = 0; k < PAGE_SIZE; k++)
			assert_int_equal(canary[i][k], 0xc5);
	}
}

/* The same rubbish at will: cycles, links to itself, out of range, all bits. */
static u32 rubbish(u64 *rnd, u32 port)
{
	static const u32 bits[] = { 0, 1u << 31, 1u << 30, 1u << 29, 1u << 28, 0xf0000000,
				    0xe0000000, 0xa0000000, 0xffffffff };
	u32 links[] = { 0, port, port + 1, EVTCHN_FIFO_LINK_MASK, (u32)test_random(rnd) };

	return bits[test_random(rnd) % ARRAY_SIZE(bits)] |
	       links[test_random(rnd) % ARRAY_SIZE(links)];
}

static void guest_spoil(struct guest *g, u64 *rnd)
{
	u32 port = test_random(rnd) % 40, vcpu = test_random(rnd) % 2;

	if (test_random(rnd) % 4)
		__atomic_store_n(word(g, port), rubbish(rnd, port), __ATOMIC_RELAXED);
	else
		__atomic_store_n((u32 *)g->control[vcpu] + test_random(rnd) % 18,
				 rubbish(rnd, port), __ATOMIC_RELAXED);
}

static void hostile_op(struct domain *d, u64 *rnd)
{
	u32 port = test_random(rnd) % 40;

	switch (test_random(rnd) % 12) {
	case 0:
		bind_ipi(d, test_random(rnd) % 2);
		break;
	case 1:
		alloc_unbound(d, DOMID_SELF, test_random(rnd) % 3);
		break;
	case 2:
		bind_interdomain(d, test_random(rnd) % 3, port);
		break;
	case 3:
		close_port(d, port);
		break;
	case 4:
		set_priority(d, port, test_random(rnd) % 17);
		break;
	case 5:
		bind_vcpu(d, port, test_random(rnd) % 2);
		break;
	case 6: case 7:
		unmask(d, port);
		break;
	default:
		send(d, port);
	}
}

static void test_hostile(void **state)
{
	u64 rnd = 666, free_after;
	struct evtchn_status st;
	long p, q;

	canary_plant();
	guest_start(&ga, a);
	/* b plays by the rules, with a channel to a. */
	guest_start(&gb, b);
	p = alloc_unbound(b, DOMID_SELF, ctl->id);
	q = bind_interdomain(ctl, b->id, p);
	guest_consume(&gb, 0, NULL, 0);
	a->evtchn->max_ports = 200;
	free_after = page_alloc_nr_free();

	for (int step = 0; step < 200000; step++) {
		guest_spoil(&ga, &rnd);
		hostile_op(a, &rnd);
	}
	canary_check();
	assert_true(free_after - page_alloc_nr_free() <= 2);	/* buckets of ports */
	/* b's and dom0's channel is as it was, and works. */
	st = status_of(b, p);
	assert_int_equal(st.status, EVTCHNSTAT_interdomain);
	assert_int_equal(send(ctl, q), 0);
	assert_int_equal(*word(&gb, p), WORD(PENDING) | WORD(LINKED));
	assert_int_equal(guest_consume(&gb, 0, NULL, 0), 1);
	/* And a can start over. */
	assert_int_equal(reset(a, DOMID_SELF), 0);
	guest_start(&ga, a);
	p = bind_ipi(a, 0);
	send(a, p);
	assert_int_equal(guest_consume(&ga, 0, NULL, 0), 1);
}

/* Guests on other CPUs write rubbish while two CPUs send, bind and close. */
static bool spoil_stop;

static void *spoiler(void *arg)
{
	u64 rnd = 99 + (uintptr_t)arg;

	while (!__atomic_load_n(&spoil_stop, __ATOMIC_RELAXED)) {
		for (int i = 0; i < 100; i++)
			guest_spoil(arg ? &ga : &gb, &rnd);
		arch_spin_poll();
	}
	return NULL;
}

static void *hostile_cpu(void *arg)
{
	u64 rnd = 7 + (uintptr_t)arg;
	struct domain *d = (uintptr_t)arg & 1 ? a : b;
	struct cpu cpu = { .curr = d->vcpu[0] };

	fake_be_cpu(&cpu);
	for (int i = 0; i < 20000; i++)
		hostile_op(d, &rnd);
	return NULL;
}

static void test_hostile_storm(void **state)
{
	pthread_t spoilers[2], workers[4];

	canary_plant();
	guest_start(&ga, a);
	guest_start(&gb, b);
	a->evtchn->max_ports = b->evtchn->max_ports = 200;
	spoil_stop = false;
	for (uintptr_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&spoilers[i], NULL, spoiler, (void *)i), 0);
	for (uintptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&workers[i], NULL, hostile_cpu, (void *)i), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(workers[i], NULL);
	__atomic_store_n(&spoil_stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		pthread_join(spoilers[i], NULL);
	canary_check();
	assert_int_equal(reset(a, DOMID_SELF), 0);
	assert_int_equal(reset(b, DOMID_SELF), 0);
}

/* One vcpu takes events while three CPUs send: none is lost. */
#define RACE_PORTS	6
static u32 race_sent[RACE_PORTS + 1];
static u32 race_done;

static void *race_sender(void *arg)
{
	u64 rnd = 5 + (uintptr_t)arg;
	struct cpu cpu = { .curr = a->vcpu[0] };

	fake_be_cpu(&cpu);
	for (int i = 0; i < 20000; i++) {
		u32 port = 1 + test_random(&rnd) % RACE_PORTS;

		/* The count first: an event may stand for several. */
		__atomic_fetch_add(&race_sent[port], 1, __ATOMIC_SEQ_CST);
		send(a, port);
		if (!(test_random(&rnd) % 16))
			set_priority(a, port, test_random(&rnd) % 3);
		if (!(test_random(&rnd) % 16))
			unmask(a, port);
	}
	__atomic_fetch_add(&race_done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void test_race(void **state)
{
	u32 handled[RACE_PORTS + 1] = { 0 }, seen[64], n;
	pthread_t senders[3];
	bool done;

	guest_start(&ga, a);
	for (u32 i = 1; i <= RACE_PORTS; i++)
		bind_ipi(a, i & 1);
	memset(race_sent, 0, sizeof(race_sent));
	race_done = 0;
	for (uintptr_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&senders[i], NULL, race_sender, (void *)i), 0);
	do {
		done = __atomic_load_n(&race_done, __ATOMIC_SEQ_CST) == 3;
		for (u32 vcpu = 0; vcpu < 2; vcpu++) {
			do {
				n = guest_consume(&ga, vcpu, seen, 64);
				for (u32 i = 0; i < MIN(n, 64u); i++)
					handled[seen[i]] = race_sent[seen[i]];
			} while (n);
		}
	} while (!done);
	for (int i = 0; i < 3; i++)
		pthread_join(senders[i], NULL);
	/* After the last send, every port was handled (it saw the full count). */
	for (u32 i = 1; i <= RACE_PORTS; i++) {
		assert_int_equal(handled[i], race_sent[i]);
		assert_false(*word(&ga, i) & (WORD(PENDING) | WORD(LINKED)));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, event_setup, event_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_set_up),
		TEST(test_queue),
		TEST(test_mask),
		TEST(test_priorities),
		TEST(test_tail_moves),
		TEST(test_busy),
		TEST(test_from_2l),
		TEST(test_reset),
		TEST(test_all_ports),
		TEST(test_random_use),
		TEST(test_hostile),
		TEST(test_hostile_storm),
		TEST(test_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
