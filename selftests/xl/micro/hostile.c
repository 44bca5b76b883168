// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a broken guest does to those that serve it:
 *	bad-console	indices that cannot be, in its console ring
 *	bad-store	indices and messages that cannot be, in its xenstore ring
 *	bad-disk	a block device's ring of nonsense (its first disk is xvda)
 *	bad-info	start_info and shared info overwritten with ones
 *	bad-tables	takes the code it runs away from itself
 * It says "MICRO did it" where that still can be said.
 */
#include "micro.h"

#define DISK		"device/vbd/51712/"
#define RING_REF	8	/* the first entry that the toolstack leaves alone */
#define ROUNDS		20

static uint8_t grant_page[4096] __attribute__((aligned(4096)));
static uint8_t ring_page[4096] __attribute__((aligned(4096)));

static uint32_t any(void)
{
	static uint32_t state = 12345;

	state = state * 1664525 + 1013904223;
	return state >> 8;
}

static void fill(void *to, uint8_t value, size_t size)
{
	uint8_t *at = to;

	while (size--)
		*at++ = value;
}

static void *store_ring(const struct start_info *info)
{
	return frame_address(info, info->store_mfn);
}

/* A ring of requests for xenstored, byte by byte. */
static void store_put(const struct start_info *info, const void *data, size_t size)
{
	struct xenstore_domain_interface *ring = store_ring(info);
	const char *from = data;
	uint32_t prod = ring->req_prod;

	while (size--) {
		while (prod - __atomic_load_n(&ring->req_cons, __ATOMIC_ACQUIRE) ==
		       XENSTORE_RING_SIZE)
			port_wait(info->store_evtchn);
		ring->req[MASK_XENSTORE_IDX(prod)] = *from++;
		__atomic_store_n(&ring->req_prod, ++prod, __ATOMIC_RELEASE);
	}
	port_kick(info->store_evtchn);
}

/* Take bytes of an answer. */
static void store_get(const struct start_info *info, void *data, size_t size)
{
	struct xenstore_domain_interface *ring = store_ring(info);
	char *to = data;
	uint32_t cons = ring->rsp_cons;

	while (size--) {
		while (cons == __atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE))
			port_wait(info->store_evtchn);
		*to++ = ring->rsp[MASK_XENSTORE_IDX(cons)];
		__atomic_store_n(&ring->rsp_cons, ++cons, __ATOMIC_RELEASE);
	}
	port_kick(info->store_evtchn);
}

static void store_write(const struct start_info *info, const char *path, const char *value)
{
	struct xsd_sockmsg head = { .type = XS_WRITE };
	char text[64];
	uint32_t n = 0;

	while (*path)
		text[n++] = *path++;
	text[n++] = 0;
	while (*value)
		text[n++] = *value++;
	head.len = n;
	store_put(info, &head, sizeof(head));
	store_put(info, text, n);
	store_get(info, &head, sizeof(head));
	for (; head.len; head.len -= n) {
		n = head.len < sizeof(text) ? head.len : sizeof(text);
		store_get(info, text, n);
	}
}

static char *number(unsigned int value)
{
	static char text[12];
	char *at = text + sizeof(text) - 1;

	do {
		*--at = '0' + value % 10;
	} while (value /= 10);
	return at;
}

static void bad_console(void)
{
	static const uint32_t off[] = {
		0x80000000, 2049, 0x7fffffff, 0xffffffff, 1025, 0x10000
	};
	unsigned int n;

	for (n = 0; n < sizeof(off) / sizeof(off[0]); n++) {
		console->out_prod = console->out_cons + off[n];
		console->in_cons = console->in_prod + off[n];
		port_kick(console_port);
	}
}

static void bad_store(const struct start_info *info)
{
	struct xenstore_domain_interface *ring = store_ring(info);
	struct xsd_sockmsg head = { .type = 0xffffffff, .len = 0xffffffff };

	store_put(info, &head, sizeof(head));
	ring->rsp_cons = ring->rsp_prod + 0x80000000;
	ring->req_prod = ring->req_cons + 0x80000000;
	port_kick(info->store_evtchn);
	fill(ring, 0xff, sizeof(*ring));
	port_kick(info->store_evtchn);
}

static unsigned long page_mfn(const struct start_info *info, const void *page)
{
	return ((const unsigned long *)info->mfn_list)[((unsigned long)page - VIRT_BASE) >> 12];
}

/* Give dom0 the ring's page; 0 or an error. */
static long ring_grant(const struct start_info *info)
{
	xen_pfn_t frame = 0;
	struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };
	grant_entry_v1_t *entry = (grant_entry_v1_t *)grant_page + RING_REF;
	long ret;

	set_xen_guest_handle(setup.frame_list, &frame);
	ret = hc_grant_table_op(GNTTABOP_setup_table, &setup, 1);
	if (ret || setup.status)
		return -1;
	ret = hc_update_va_mapping(grant_page, frame << 12 | 7, UVMF_INVLPG);
	if (ret)
		return ret;
	entry->frame = page_mfn(info, ring_page);
	entry->domid = 0;
	__atomic_store_n(&entry->flags, GTF_permit_access, __ATOMIC_RELEASE);
	return 0;
}

/* Requests of each kind, none of which makes sense; the ring's head stays. */
static void ring_fill(void)
{
	size_t n;

	for (n = offsetof(blkif_sring_t, ring); n < sizeof(ring_page); n++) {
		ring_page[n] = any();
		if ((n - offsetof(blkif_sring_t, ring)) % sizeof(union blkif_sring_entry) == 0)
			ring_page[n] = any() % 8;	/* the operation */
	}
}

static void bad_disk(const struct start_info *info)
{
	struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = 0 };
	blkif_sring_t *ring = (blkif_sring_t *)ring_page;
	unsigned int round;

	if (ring_grant(info) || hc_event_channel_op(EVTCHNOP_alloc_unbound, &alloc)) {
		console_print("MICRO has no ring\r\n");
		return;
	}
	ring->rsp_event = 1;
	ring->req_event = 1;
	store_write(info, DISK "ring-ref", number(RING_REF));
	store_write(info, DISK "event-channel", number(alloc.port));
	store_write(info, DISK "protocol", "x86_64-abi");
	store_write(info, DISK "state", "3");
	/* The back end takes what is there when it has connected. */
	for (round = 1; round <= ROUNDS; round++) {
		ring_fill();
		__atomic_store_n(&ring->req_prod, round * 32, __ATOMIC_RELEASE);
		port_kick(alloc.port);
		while (__atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE) != round * 32) {
			ring->rsp_event = ring->rsp_prod + 1;
			port_wait(alloc.port);
		}
	}
	fill(ring_page, 0xff, sizeof(ring_page));
	ring->req_prod = 0x7fffffff;
	port_kick(alloc.port);
}

/** hostile_main() - do what the command line says, if it is one of the above */
void hostile_main(struct start_info *info, void *shared)
{
	struct sched_poll forever = { .nr_ports = 0 };

	if (told_to(info, "bad-console")) {
		console_print("MICRO did it\r\n");
		while (__atomic_load_n(&console->out_cons, __ATOMIC_ACQUIRE) != console->out_prod)
			port_wait(console_port);
		bad_console();
	}
	if (told_to(info, "bad-store")) {
		bad_store(info);
		console_print("MICRO did it\r\n");
	}
	if (told_to(info, "bad-disk")) {
		bad_disk(info);
		console_print("MICRO did it\r\n");
	}
	if (told_to(info, "bad-info")) {
		console_print("MICRO did it\r\n");
		fill(shared, 0xff, 4096);
		fill(info, 0xff, 4096);
		for (;;)
			hc_sched_op(SCHEDOP_poll, &forever);
	}
	if (told_to(info, "bad-tables")) {
		console_print("MICRO did it\r\n");
		hc_update_va_mapping((unsigned long)hostile_main & ~0xfffUL, 0, UVMF_INVLPG);
	}
}
