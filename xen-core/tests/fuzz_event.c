// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the event channels: two guests that do and write what the input says.
 *
 * Four bytes a step: what, and three arguments. Besides what the sanitizers
 * see: no other page changes, channels are bound at both ends or none, and at
 * the end no frame is held or lost.
 *
 * Links: event.c event_op.c event_fifo.c frame.c page_alloc.c
 * Links: softirq.c arch/fake/fake.c arch/fake/fake_domain.c
 */
#include <stdlib.h>
#include <string.h>
#include "event.h"
#include "event_port.h"
#include "fake.h"
#include "page.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

#define FRAMES	128
#define PAGES	4		/* of each guest, for words and control blocks */
#define PORTS	72
#define STEPS	4000		/* more add time, not insight */

static struct domain *guests[2];
static u32 *pages[2][PAGES];
static u32 *canary;

static long hypercall(struct domain *d, u32 cmd, const u32 *args)
{
	/* Every structure fits, and takes its fields from the input's bytes. */
	u32 op[6] = { 0 };

	switch (cmd) {
	case EVTCHNOP_alloc_unbound: case EVTCHNOP_bind_interdomain:
	case EVTCHNOP_status: case EVTCHNOP_reset:
		op[0] = 1 + args[0] % 3;		/* 3: nobody */
		if (args[0] & 0x80)
			op[0] = DOMID_SELF;
		op[1] = args[1] % PORTS;
		if (cmd == EVTCHNOP_alloc_unbound)
			op[0] |= (1 + args[1] % 3) << 16;
		break;
	case EVTCHNOP_init_control:
		op[0] = virt_to_mfn(pages[args[2] % 2][args[0] % PAGES]).n;
		op[2] = args[1] * 8 * (1 + args[2] / 16);
		op[3] = args[2] % 3;
		break;
	case EVTCHNOP_expand_array:
		op[0] = virt_to_mfn(pages[args[1] % 2][args[0] % PAGES]).n;
		break;
	default:
		op[0] = args[0] % PORTS;
		op[1] = args[1] % 20;
	}
	fake_set_current(d->vcpu[0]);
	fake_guest_window(op, sizeof(op));
	return do_event_channel_op(cmd, GVA((uintptr_t)op));
}

static void step(const u8 *in)
{
	static const u32 bits[] = { 0x80000000, 0x40000000, 0x20000000, 0x10000000 };
	struct domain *d = guests[in[0] & 1];
	u32 cmd = in[0] >> 1 & 31, args[3] = { in[1], in[2], in[3] };
	u32 *words = pages[in[0] & 1][in[1] % PAGES];

	if (cmd <= EVTCHNOP_set_priority) {
		hypercall(d, cmd, args);
	} else if (cmd < 20) {
		words[(in[1] & 0xc0) * 4 + in[2]] = bits[cmd & 3] | in[3];
	} else if (cmd < 24) {
		words[in[2] % PORTS] ^= bits[cmd & 3];
	} else if (cmd < 28) {
		event_send_virq(d->vcpu[in[1] & 1], in[2] % NR_VIRQS);
		event_port_pending(d->vcpu[0], in[3]);
	} else {
		memset(d->shared->evtchn_mask, in[1], in[2]);
	}
}

static void start(void)
{
	fake_machine_init(FRAMES, 1);
	page_alloc_add(MFN(1), MFN(FRAMES));
	for (u32 i = 0; i < 2; i++) {
		guests[i] = fake_domain_create(1 + i, false, 2);
		for (u32 k = 0; k < PAGES; k++)
			pages[i][k] = page_to_virt(domain_page_alloc(guests[i], 0, ADDR_BITS_ANY));
	}
	canary = page_to_virt(domain_page_alloc(guests[0], 0, ADDR_BITS_ANY));
}

static void end(void)
{
	for (u32 i = 0; i < PAGE_SIZE / 4; i++) {
		if (canary[i])
			abort();
	}
	for (u32 i = 0; i < 2; i++) {
		guests[i]->dying = true;
		if (event_reset(guests[i]))
			abort();
		while (guests[i]->page_list != PAGE_NIL) {
			struct page *p = &frame_table[guests[i]->page_list];

			/* The core holds no guest's frame any more. */
			if (p->count != (PC_ALLOCATED | 1) || p->type & PT_COUNT_MASK)
				abort();
			domain_page_release(guests[i], p);
		}
		fake_domain_destroy(guests[i]);
	}
	if (page_alloc_nr_free() != FRAMES - 1)
		abort();
	while (page_alloc(0, ADDR_BITS_ANY))
		;
	fake_machine_end();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	start();
	for (size_t i = 0; i + 4 <= len && i < 4 * STEPS; i += 4)
		step(data + i);
	for (u32 i = 0; i < 2; i++) {
		for (u32 port = 0; event_lookup(guests[i], port); port++) {
			struct evtchn *e = event_lookup(guests[i], port), *r;

			if (e->state != EVTCHNSTAT_interdomain)
				continue;
			r = event_lookup(e->remote, e->remote_port);
			if (r->state != EVTCHNSTAT_interdomain || r->remote != guests[i] ||
			    r->remote_port != port)
				abort();
		}
	}
	end();
	return 0;
}
