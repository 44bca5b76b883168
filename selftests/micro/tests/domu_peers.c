// SPDX-License-Identifier: GPL-2.0-only
/*
 * What domains share, taken away while the other one uses it: grants, frames,
 * event channels.
 */
#include "domain.h"

#define REF	8
#define ENOUGH	100u

/* Questions to dom0. */
enum {
	ASK_GRANT, ASK_REVOKE, ASK_VALUE, ASK_MAP, ASK_MAP_VALUE, ASK_UNMAP, ASK_OPEN,
	ASK_CLOSE, ASK_SEND, ASK_STORM, ASK_MOVE, ASK_GRANT_TABLE, ASK_PIN, ASK_UNPIN,
	ASK_TABLE_VALUE, ASK_SENDER,
};

/* --- dom0's side --- */

static struct grant_entry_v1 *dom0_grants;
static volatile uint64_t *dom0_page, *dom0_table;
static struct gnttab_map_grant_ref map;
static evtchn_port_t dom0_port;

static struct grant_entry_v1 *open_grants(void)
{
	struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };
	static struct grant_entry_v1 *table;
	static xen_pfn_t frame;

	if (table)
		return table;
	set_xen_guest_handle(setup.frame_list, &frame);
	micro_need(!hc_grant_table_op(GNTTABOP_setup_table, &setup, 1) && !setup.status);
	table = micro_page_alloc();
	micro_need(!micro_map(table, frame << PAGE_SHIFT | PTE_RW));
	return table;
}

static void grant_to(struct grant_entry_v1 *entry, domid_t who, const volatile void *page)
{
	entry->domid = who;
	entry->frame = micro_va_to_mfn((const void *)page);
	barrier();	/* the entry before it counts */
	WRITE_ONCE(entry->flags, GTF_permit_access);
}

static long serve_grant(struct micro_domain *d)
{
	dom0_grants = open_grants();
	if (!dom0_page)
		dom0_page = micro_page_alloc();
	dom0_page[0] = 0x1234;
	grant_to(&dom0_grants[REF], d->id, dom0_page);
	return REF;
}

/* What the core needs for dom0's first mapping stays dom0's. */
static long serve_map(struct micro_domain *d, uint32_t ref)
{
	unsigned long before = micro_free_pages();
	static char *window;

	if (!window)
		window = micro_page_alloc();
	map = (struct gnttab_map_grant_ref){
		.dom = d->id, .ref = ref, .flags = GNTMAP_host_map, .host_addr = (uint64_t)window,
	};
	micro_map(window, 0);
	hc_grant_table_op(GNTTABOP_map_grant_ref, &map, 1);
	d->free_before -= before - micro_free_pages();
	return map.status;
}

static long serve_unmap(void)
{
	struct gnttab_unmap_grant_ref unmap = { .host_addr = map.host_addr, .handle = map.handle };

	hc_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
	return unmap.status;
}

static long serve_open(struct micro_domain *d)
{
	struct evtchn_alloc_unbound open = { .dom = DOMID_SELF, .remote_dom = d->id };
	long ret = micro_event_op(EVTCHNOP_alloc_unbound, &open);

	dom0_port = open.port;
	return ret ? ret : (long)open.port;
}

static long close_port(evtchn_port_t port)
{
	struct evtchn_close close = { .port = port };

	return micro_event_op(EVTCHNOP_close, &close);
}

static long serve_send(void)
{
	struct evtchn_send send = { .port = dom0_port };

	return micro_event_op(EVTCHNOP_send, &send);
}

/* Words of the mail. */
enum { STORM_PORT, STORM_OVER, STORM_BOUND, STORM_REFUSED };

/* Open and close, as fast as can be, while the domain binds and sends. */
static long serve_storm(struct micro_domain *d)
{
	while (READ_ONCE(d->mail->word[STORM_BOUND]) < ENOUGH ||
	       READ_ONCE(d->mail->word[STORM_REFUSED]) < ENOUGH) {
		WRITE_ONCE(d->mail->word[STORM_PORT], serve_open(d));
		hc_sched_op(SCHEDOP_yield, NULL);
		close_port(dom0_port);
	}
	WRITE_ONCE(d->mail->word[STORM_OVER], 1);
	return 0;
}

#define PORTS	8u

/* Send to all ports that the domain names in its mail, until it says that it is over. */
enum { SENDER_OVER = PORTS, SENDER_SENT };

static long serve_sender(struct micro_domain *d)
{
	evtchn_port_t port[PORTS];
	uint64_t *word = d->mail->word;
	unsigned int i;
	long ret = 0;

	for (i = 0; i < PORTS; i++) {
		port[i] = serve_open(d);
		WRITE_ONCE(word[i], port[i]);
	}
	for (i = 0; !READ_ONCE(word[SENDER_OVER]); i++) {
		struct evtchn_send send = { .port = port[i % PORTS] };

		word[SENDER_SENT] += !micro_event_op(EVTCHNOP_send, &send);
	}
	for (i = 0; i < PORTS; i++)
		ret = ret ?: close_port(port[i]);
	return ret;
}

/* The domain to @cpu, where it is alone if that is 1: dom0 stays on 0. */
static long serve_move(struct micro_domain *d, uint64_t cpu)
{
	micro_domain_place(0, 1);
	micro_domain_place(d->id, 1UL << cpu);
	return 0;
}

/* A frame fit to become a table, and each case its own entry. */
static long serve_grant_table(struct micro_domain *d)
{
	uint32_t ref = REF + 1 + d->mail->which;

	dom0_grants = open_grants();
	dom0_table = micro_table_build(0);
	grant_to(&dom0_grants[ref], d->id, dom0_table);
	return ref;
}

static long serve_pin(unsigned int cmd)
{
	return micro_mmuext(cmd, micro_va_to_mfn((void *)dom0_table), 0);
}

static long serve_unpin(void)
{
	micro_domain_place(0, ~0UL);
	return serve_pin(MMUEXT_UNPIN_TABLE);
}

static int64_t serve(struct micro_domain *d, uint32_t question, uint64_t argument)
{
	switch (question) {
	case ASK_GRANT:		return serve_grant(d);
	case ASK_REVOKE:	WRITE_ONCE(dom0_grants[REF].flags, 0); return 0;
	case ASK_VALUE:		return dom0_page[argument];
	case ASK_MAP:		return serve_map(d, argument);
	case ASK_MAP_VALUE:	return *(volatile uint64_t *)map.host_addr;
	case ASK_UNMAP:		return serve_unmap();
	case ASK_OPEN:		return serve_open(d);
	case ASK_CLOSE:		return close_port(dom0_port);
	case ASK_SEND:		return serve_send();
	case ASK_STORM:		return serve_storm(d);
	case ASK_MOVE:		return serve_move(d, argument);
	case ASK_GRANT_TABLE:	return serve_grant_table(d);
	case ASK_PIN:		return serve_pin(MMUEXT_PIN_L1_TABLE);
	case ASK_UNPIN:		return serve_unpin();
	case ASK_SENDER:	return serve_sender(d);
	case ASK_TABLE_VALUE:	return dom0_table[argument];
	default:		return -1;
	}
}

/* --- the domain's side --- */

static long map_from_dom0(struct gnttab_map_grant_ref *op, void *va, uint32_t ref, uint32_t flags)
{
	*op = (struct gnttab_map_grant_ref){
		.dom = 0, .ref = ref, .flags = GNTMAP_host_map | flags, .host_addr = (uint64_t)va,
	};
	micro_map(va, 0);
	hc_grant_table_op(GNTTABOP_map_grant_ref, op, 1);
	return op->status;
}

static long unmap(struct gnttab_map_grant_ref *op)
{
	struct gnttab_unmap_grant_ref end = { .host_addr = op->host_addr, .handle = op->handle };

	hc_grant_table_op(GNTTABOP_unmap_grant_ref, &end, 1);
	return end.status;
}

/* G1, G2: dom0 takes its grant back while it is mapped: what is mapped stays. */
MICRO_TEST_DOMU_SERVED(domu_grant_revoked, 1, serve)
{
	volatile uint64_t *page = micro_page_alloc(), *second = micro_page_alloc();
	struct gnttab_map_grant_ref op, again;
	uint32_t ref = micro_ask(ASK_GRANT, 0);

	micro_report("map=%ld value=%lx", map_from_dom0(&op, (void *)page, ref, 0), page[0]);
	page[1] = 0x77;
	micro_report("dom0 sees %lx", (long)micro_ask(ASK_VALUE, 1));
	micro_ask(ASK_REVOKE, 0);
	micro_report("value=%lx", page[0]);
	page[2] = 0x78;
	micro_report("dom0 sees %lx", (long)micro_ask(ASK_VALUE, 2));
	micro_report("map_again=%ld", map_from_dom0(&again, (void *)second, ref, 0));
	micro_report("as_table=%ld", micro_mmuext(MMUEXT_PIN_L1_TABLE, op.dev_bus_addr >> 12, 0));
	micro_report("unmap=%ld", unmap(&op));
	micro_report("unmap_again=%ld", unmap(&op));
	MICRO_PROBE(&(struct micro_regs){ .rbx = (uint64_t)page }, "movq (%%rbx), %%rax");
	micro_probe_report("after");
}

/* G1: neither others' entries, nor more than an entry allows. */
MICRO_TEST_DOMU_SERVED(domu_grant_refused, 1, serve)
{
	void *page = micro_page_alloc();
	struct gnttab_map_grant_ref op;
	uint32_t ref = micro_ask(ASK_GRANT, 0), i;

	for (i = 0; i < 6; i++)
		if (i != ref)
			micro_report("ref%u=%ld", i, map_from_dom0(&op, page, i, 0));
	micro_report("far=%ld huge=%ld", map_from_dom0(&op, page, 100000, 0),
		     map_from_dom0(&op, page, ~0u, 0));
	micro_report("core_address=%ld",
		     map_from_dom0(&op, (void *)HYPERVISOR_VIRT_START, ref, 0));
	micro_report("noncanonical=%ld", map_from_dom0(&op, (void *)(1UL << 47), ref, 0));
	micro_report("device=%ld", map_from_dom0(&op, page, ref, GNTMAP_device_map));
	micro_report("unmap_bad=%ld", (op.handle = 1000000, unmap(&op)));
	micro_report("unmap_max=%ld", (op.handle = ~0u, unmap(&op)));
	micro_ask(ASK_REVOKE, 0);
}

/* F1: a frame that dom0 has mapped is given back meanwhile: dom0 still has it. */
MICRO_TEST_DOMU_SERVED(domu_grant_freed, 1, serve)
{
	struct grant_entry_v1 *grants = open_grants();
	volatile uint64_t *page = micro_page_alloc();
	xen_pfn_t frame = micro_va_to_mfn((void *)page);
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };
	unsigned int i;

	set_xen_guest_handle(r.extent_start, &frame);
	page[0] = 0xabcd;
	grant_to(&grants[REF], 0, page);
	micro_report("dom0 maps=%ld", (long)micro_ask(ASK_MAP, REF));
	micro_report("flags=%x", grants[REF].flags);
	micro_map((void *)page, 0);
	grants[REF].flags = 0;
	micro_report("decrease=%ld", hc_memory_op(XENMEM_decrease_reservation, &r));
	/* whoever gets it now would write to it */
	for (i = 0; i < 32; i++) {
		frame = 5;
		if (hc_memory_op(XENMEM_populate_physmap, &r) != 1)
			break;
		micro_map((void *)page, frame << PAGE_SHIFT | PTE_RW);
		page[0] = i;
		micro_map((void *)page, 0);
	}
	micro_report("dom0 sees %lx", (long)micro_ask(ASK_MAP_VALUE, 0));
	micro_report("dom0 unmaps=%ld", (long)micro_ask(ASK_UNMAP, 0));
}

/* The vcpu runs while dom0 does it. */
static int64_t ask_running(uint32_t question)
{
	micro_ask_begin(question, 0);
	return micro_ask_end();
}

/*
 * T7: the CPU that runs the domain knows dom0's frame, by an entry that went without
 * a flush, when dom0 makes the frame a page table: then it knows it no more. Case 0:
 * the domain is there when it maps the frame for the first time; 1: it comes later.
 */
MICRO_TEST_DOMU_SERVED(domu_grant_table, 2, serve)
{
	volatile uint64_t *page = micro_page_alloc();
	struct micro_regs regs = { .rax = 0x1000, .rbx = (uint64_t)page };
	uint64_t entry = micro_pte_maddr((uint64_t)page, 1);
	struct gnttab_map_grant_ref op;
	uint32_t ref = micro_ask(ASK_GRANT_TABLE, 0);
	bool stays_out;

	micro_ask(ASK_MOVE, !micro_mail->which);
	micro_report("map=%ld", map_from_dom0(&op, (void *)page, ref, 0));
	micro_ask(ASK_MOVE, 1);
	page[0] = 0;
	micro_report("pin_mapped=%ld", (long)ask_running(ASK_PIN));
	micro_report("zap=%ld", micro_mmu_update(entry, 0));
	MICRO_PROBE(&regs, "movq %%rax, 8(%%rbx)");
	micro_probe_report("unflushed");
	micro_report("pin=%ld", (long)ask_running(ASK_PIN));
	MICRO_PROBE(&regs, "movq %%rax, 16(%%rbx)");
	stays_out = micro_probe.trapped && !micro_ask(ASK_TABLE_VALUE, 2);
	micro_report("unpin=%ld", (long)micro_ask(ASK_UNPIN, 0));
	/* Of the reference only what the lines say is asked. */
	micro_check(stays_out || !micro_is_ours());
}

static long bind_to(evtchn_port_t remote, evtchn_port_t *local)
{
	struct evtchn_bind_interdomain bind = { .remote_dom = 0, .remote_port = remote };
	long ret = micro_event_op(EVTCHNOP_bind_interdomain, &bind);

	*local = bind.local_port;
	return ret;
}

static long send_to(evtchn_port_t port)
{
	struct evtchn_send send = { .port = port };

	return micro_event_op(EVTCHNOP_send, &send);
}

/* A channel whose peer closes it is unbound, and its port still ours. */
MICRO_TEST_DOMU_SERVED(domu_event_closed, 1, serve)
{
	evtchn_port_t remote = micro_ask(ASK_OPEN, 0), local, other;
	struct evtchn_status status = { .dom = DOMID_SELF };
	struct evtchn_close close;

	micro_report("bind=%ld", bind_to(remote, &local));
	micro_report("again=%ld", bind_to(remote, &other));
	micro_report("send=%ld", send_to(local));
	micro_report("dom0 closes=%ld", (long)micro_ask(ASK_CLOSE, 0));
	micro_report("send=%ld", send_to(local));
	status.port = local;
	micro_report("status=%ld", micro_event_op(EVTCHNOP_status, &status));
	micro_report("is=%u", status.status);
	micro_report("bind_again=%ld", bind_to(remote, &other));
	close.port = local;
	micro_report("close=%ld", micro_event_op(EVTCHNOP_close, &close));
	micro_report("close_again=%ld", micro_event_op(EVTCHNOP_close, &close));
	/* the other way round */
	remote = micro_ask(ASK_OPEN, 0);
	micro_report("bind=%ld", bind_to(remote, &local));
	close.port = local;
	micro_report("close=%ld", micro_event_op(EVTCHNOP_close, &close));
	micro_report("dom0 sends=%ld", (long)micro_ask(ASK_SEND, 0));
	micro_report("dom0 closes=%ld", (long)micro_ask(ASK_CLOSE, 0));
}

/* A vcpu binds and sends to what dom0 opens and closes all the time. */
static void storm(void)
{
	struct evtchn_close close;
	evtchn_port_t local;

	while (!READ_ONCE(micro_mail->word[STORM_OVER])) {
		long ret = bind_to(READ_ONCE(micro_mail->word[STORM_PORT]), &local);

		micro_mail->word[ret ? STORM_REFUSED : STORM_BOUND]++;
		if (ret)
			continue;
		send_to(local);
		close.port = local;
		micro_event_op(EVTCHNOP_close, &close);
	}
}

MICRO_TEST_DOMU_SERVED(domu_event_storm, 1, serve)
{
	micro_need(!micro_vcpu_start(1, storm));
	micro_report("storm=%ld", (long)micro_ask(ASK_STORM, 0));
	micro_vcpu_stop(1);
}

/*
 * A domain resets its channels and their FIFO queues while dom0 sends to them: after
 * that the queues' pages are the domain's, and nobody writes to them.
 */
MICRO_TEST_DOMU_SERVED(domu_event_reset, 1, serve)
{
	struct evtchn_init_control control = { .control_gfn = 0 };
	char *block = micro_page_alloc(), *array = micro_page_alloc();
	struct evtchn_expand_array expand = { .array_gfn = micro_va_to_mfn(array) };
	struct evtchn_reset reset = { .dom = DOMID_SELF };
	unsigned int n, i, delivered = 0, written = 0;
	uint64_t *word = micro_mail->word;

	control.control_gfn = micro_va_to_mfn(block);
	micro_ask_begin(ASK_SENDER, 0);
	while (!READ_ONCE(word[PORTS - 1]))
		asm volatile("pause");
	for (n = 0; n < ENOUGH || delivered < ENOUGH; n++) {
		micro_need(!micro_event_op(EVTCHNOP_init_control, &control));
		micro_need(!micro_event_op(EVTCHNOP_expand_array, &expand));
		for (i = 0; i < PORTS; i++) {
			evtchn_port_t local;

			micro_need(!bind_to(word[i], &local));
		}
		for (i = 0; i < n % 8 * 200; i++)
			asm volatile("pause");
		for (i = 1; i < 16; i++)
			delivered += ((uint32_t *)array)[i] >> 31;
		micro_need(!micro_event_op(EVTCHNOP_reset, &reset));
		memset(array, 0x11, PAGE_SIZE);
		memset(block, 0x11, PAGE_SIZE);
		for (i = 0; i < PAGE_SIZE; i++)
			written += array[i] != 0x11 || block[i] != 0x11;
		memset(array, 0, PAGE_SIZE);
		memset(block, 0, PAGE_SIZE);
		if (!(n % 64))
			micro_info("%u resets, %u events", n, delivered);
	}
	WRITE_ONCE(word[SENDER_OVER], 1);
	micro_report("written after a reset=%u closes=%ld", written, (long)micro_ask_end());
	micro_check(!written);
}
