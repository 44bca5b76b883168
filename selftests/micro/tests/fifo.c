// SPDX-License-Identifier: GPL-2.0-only
/*
 * The FIFO event channel ABI: control block, event array, queues by priority
 * (event_channel.h, "FIFO-based ABI").
 */
#include "micro.h"

static event_word_t *words;
static struct evtchn_fifo_control_block *control;

static long fifo_init(unsigned int vcpu, void *page, unsigned int offset,
		      unsigned int *link_bits)
{
	struct evtchn_init_control op = {
		.control_gfn = micro_va_to_mfn(page), .offset = offset,
		.vcpu = vcpu,
	};
	long ret = micro_event_op(EVTCHNOP_init_control, &op);

	if (link_bits)
		*link_bits = op.link_bits;
	return ret;
}

static long fifo_expand(void *page)
{
	struct evtchn_expand_array op = {
		.array_gfn = micro_va_to_mfn(page),
	};

	return micro_event_op(EVTCHNOP_expand_array, &op);
}

static long fifo_priority(evtchn_port_t port, unsigned int priority)
{
	struct evtchn_set_priority op = { .port = port, .priority = priority };

	return micro_event_op(EVTCHNOP_set_priority, &op);
}

static long send(evtchn_port_t port)
{
	struct evtchn_send op = { .port = port };

	return micro_event_op(EVTCHNOP_send, &op);
}

/* Setting up: which arguments are refused, in which order things must come. */
MICRO_TEST_ALONE(fifo_setup)
{
	char *page = micro_page_alloc(), *other = micro_page_alloc();
	struct evtchn_init_control bad = { .control_gfn = micro_bad_mfn() };
	unsigned int bits;
	long ret;

	micro_report("expand_first=%ld", fifo_expand(other));
	micro_report("priority_first=%ld", fifo_priority(1, 3));
	micro_report("offset_unaligned=%ld", fifo_init(0, page, 4, NULL));
	micro_report("offset_crossing=%ld", fifo_init(0, page, 4096 - 64,
						      NULL));
	micro_report("vcpu9=%ld", fifo_init(9, page, 0, NULL));
	micro_report("bad_gfn=%ld",
		     micro_event_op(EVTCHNOP_init_control, &bad));
	ret = fifo_init(0, page, 72, &bits);
	micro_report("init=%ld link_bits=%u", ret, bits);
	micro_report("init_again=%ld", fifo_init(0, page, 72, NULL));
	micro_report("vcpu1=%ld", fifo_init(1, page, 144, NULL));
	micro_report("expand=%ld", fifo_expand(other));
	micro_report("expand_readonly=%ld",
		     fifo_expand(micro_table_build(0)));
}

static void queue_report(const char *key)
{
	micro_report("%s ready=%x head3=%u head7=%u head15=%u upcall=%u", key,
		     control->ready, control->head[3], control->head[7],
		     control->head[15],
		     micro_vcpu_info()->evtchn_upcall_pending);
}

/* Delivery: queues, links, masks, and a head that is consumed. */
MICRO_TEST_ALONE(fifo_delivery)
{
	struct evtchn_unmask unmask;
	evtchn_port_t a, b, c;

	control = micro_page_alloc();
	words = micro_page_alloc();
	micro_need(!fifo_init(0, control, 0, NULL));
	micro_need(!fifo_expand(words));
	a = micro_event_bind_ipi(0);
	b = micro_event_bind_ipi(0);
	c = micro_event_bind_ipi(0);
	micro_report("ports=%u,%u,%u words=%x,%x,%x", a, b, c, words[a],
		     words[b], words[c]);
	micro_report("priority c=%ld", fifo_priority(c, 3));
	micro_report("priority_16=%ld", fifo_priority(c, 16));
	micro_report("priority_bad_port=%ld", fifo_priority(5000, 3));
	micro_report("send a=%ld", send(a));
	queue_report("one");
	micro_report("send b=%ld", send(b));
	micro_report("send c=%ld", send(c));
	queue_report("three");
	micro_report("words=%x,%x,%x", words[a], words[b], words[c]);
	/* a masked event is pending, but on no queue, until unmasked */
	words[a] = words[b] = words[c] = 0;
	memset(control->head, 0, sizeof(control->head));
	control->ready = 0;
	micro_vcpu_info()->evtchn_upcall_pending = 0;
	words[a] = 1U << EVTCHN_FIFO_MASKED;
	micro_report("send_masked=%ld", send(a));
	micro_report("word=%x", words[a]);
	queue_report("masked");
	unmask.port = a;
	micro_report("unmask=%ld", micro_event_op(EVTCHNOP_unmask, &unmask));
	micro_report("word=%x", words[a]);
	queue_report("unmasked");
}

/* A reset takes a domain back to the 2-level ABI. */
MICRO_TEST_ALONE(fifo_reset)
{
	struct evtchn_reset reset = { .dom = DOMID_SELF };
	evtchn_port_t port;

	control = micro_page_alloc();
	words = micro_page_alloc();
	micro_need(!fifo_init(0, control, 0, NULL));
	micro_need(!fifo_expand(words));
	micro_report("reset=%ld", micro_event_op(EVTCHNOP_reset, &reset));
	port = micro_event_bind_ipi(0);
	micro_report("send=%ld", send(port));
	micro_report("word=%x pending_2l=%d", words[port],
		     micro_event_is_pending(port));
	micro_report("init_again=%ld", fifo_init(0, control, 0, NULL));
}
