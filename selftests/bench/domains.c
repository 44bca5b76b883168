// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a core's own part of work between domains costs, without an operating
 * system around it: this micro-guest as dom0 and a second domain of the same
 * image, on one processor, under `qemu -icount`, where the TSC counts
 * instructions (which is checked first).
 *
 *	dom0						peer
 *	send, SCHEDOP_block --event, switch-->		upcall, iret
 *	upcall, iret <--event, switch--			send, SCHEDOP_block
 *
 * Lines are "XB <name> <instructions>"; each section runs twice and the second
 * run counts. The guests' own instructions are part of the figures: some 150 in
 * an upcall, 74 in a map and unmap, below 50 in the other operations.
 */
#include "../micro/lib/domain.h"

#define BATCH		32
#define FIRST_REF	8
#define LOOP		1000000UL

enum { PING, YIELD };				/* what the peer is to do */
enum { UP, PORT, MODE, STOP, YIELDS };		/* words of the mail */

static struct micro_domain peer;
static evtchn_port_t port;
static volatile bool got;
static bool warm;
static void *pages[BATCH];

static void report(const char *name, uint64_t begin, unsigned long operations)
{
	uint64_t spent = micro_rdtsc() - begin;

	if (warm)
		micro_info("XB %s %lu", name, (spent + operations / 2) / operations);
}

static void on_event(struct micro_frame *frame)
{
	(void)frame;
	WRITE_ONCE(micro_vcpu_info()->evtchn_upcall_pending, 0);
	WRITE_ONCE(micro_vcpu_info()->evtchn_pending_sel, 0);
	micro_event_clear(port);
	got = true;
}

static void send(void)
{
	struct evtchn_send op = { .port = port };

	micro_event_op(EVTCHNOP_send, &op);
}

/* SCHEDOP_block unmasks, so nothing comes in before it. */
static void wait_event(void)
{
	while (!got) {
		hc_sched_op(SCHEDOP_block, NULL);
		micro_event_disable();
	}
	got = false;
}

static void use_port(evtchn_port_t which)
{
	port = which;
	micro_event_clear(port);
	micro_event_set_mask(port, false);
	micro_trap_hook(ENTRY_EVENT, on_event);
}

/*
 * The peer
 */

static void grant_pages(void)
{
	struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };
	struct grant_entry_v1 *table = micro_page_alloc();
	xen_pfn_t frame;
	unsigned int i;

	set_xen_guest_handle(setup.frame_list, &frame);
	micro_need(!hc_grant_table_op(GNTTABOP_setup_table, &setup, 1) && !setup.status);
	micro_need(!micro_map(table, frame << PAGE_SHIFT | PTE_RW));
	for (i = 0; i < BATCH; i++) {
		table[FIRST_REF + i].frame = micro_va_to_mfn(micro_page_alloc());
		table[FIRST_REF + i].domid = 0;
		barrier();	/* the frame before the permission */
		WRITE_ONCE(table[FIRST_REF + i].flags, GTF_permit_access);
	}
}

static void peer_body(void)
{
	struct evtchn_alloc_unbound unbound = { .dom = DOMID_SELF, .remote_dom = 0 };

	WRITE_ONCE(micro_mail->word[UP], 1);
	grant_pages();
	micro_need(!micro_event_op(EVTCHNOP_alloc_unbound, &unbound));
	use_port(unbound.port);
	WRITE_ONCE(micro_mail->word[PORT], port);
	for (;;) {
		wait_event();
		if (READ_ONCE(micro_mail->word[MODE]) == YIELD) {
			while (!READ_ONCE(micro_mail->word[STOP])) {
				hc_sched_op(SCHEDOP_yield, NULL);
				micro_mail->word[YIELDS]++;
			}
		}
		send();
	}
}

/*
 * dom0
 */

static void await_word(unsigned int which)
{
	while (!READ_ONCE(peer.mail->word[which]))
		hc_sched_op(SCHEDOP_yield, NULL);
}

static bool peer_exists(void)
{
	micro_domctl.u.getdomaininfo.domain = peer.id;
	return !micro_domctl_do(XEN_DOMCTL_getdomaininfo, peer.id) &&
	       micro_domctl.u.getdomaininfo.domain == peer.id;
}

static void create_peer(void)
{
	uint64_t begin = micro_rdtsc();

	micro_domain_build(&peer, "tests=bench_domains", 1);
	micro_domain_start(&peer);
	await_word(UP);
	report("core_create", begin, 1);
}

static void destroy_peer(void)
{
	uint64_t begin;

	micro_map_of(DOMID_SELF, peer.console, micro_page_pte(peer.console, PTE_RW));
	micro_map_of(DOMID_SELF, peer.mail, micro_page_pte(peer.mail, PTE_RW));
	begin = micro_rdtsc();
	micro_need(!micro_domctl_do(XEN_DOMCTL_destroydomain, peer.id));
	while (peer_exists())
		hc_sched_op(SCHEDOP_yield, NULL);
	report("core_destroy", begin, 1);
}

static void bind_peer(void)
{
	struct evtchn_bind_interdomain bind = { .remote_dom = peer.id };

	await_word(PORT);
	bind.remote_port = peer.mail->word[PORT];
	micro_need(!micro_event_op(EVTCHNOP_bind_interdomain, &bind));
	use_port(bind.local_port);
	got = false;
}

static void bench_event(void)
{
	const unsigned long n = 2000;
	uint64_t begin = micro_rdtsc();
	unsigned long i;

	for (i = 0; i < n; i++) {
		send();
		wait_event();
	}
	report("core_event_rt", begin, n);
}

static void bench_yield(void)
{
	const unsigned long n = 2000;
	unsigned long i, theirs;
	uint64_t begin;

	peer.mail->word[MODE] = YIELD;
	WRITE_ONCE(peer.mail->word[STOP], 0);
	send();
	hc_sched_op(SCHEDOP_yield, NULL);
	theirs = READ_ONCE(peer.mail->word[YIELDS]);
	begin = micro_rdtsc();
	for (i = 0; i < n; i++)
		hc_sched_op(SCHEDOP_yield, NULL);
	theirs = READ_ONCE(peer.mail->word[YIELDS]) - theirs;
	if (theirs < n - n / 10 || theirs > n + n / 10)
		micro_info("%lu yields of ours, %lu of the peer's", n, theirs);
	else
		report("core_switch", begin, n + theirs);
	peer.mail->word[MODE] = PING;
	WRITE_ONCE(peer.mail->word[STOP], 1);
	wait_event();
}

static void bench_grant_map(const char *name, unsigned int batch)
{
	static struct gnttab_map_grant_ref maps[BATCH];
	static struct gnttab_unmap_grant_ref unmaps[BATCH];
	const unsigned long n = 500;
	uint64_t begin = micro_rdtsc();
	unsigned long i;
	unsigned int k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < batch; k++)
			maps[k] = (struct gnttab_map_grant_ref){
				.host_addr = (unsigned long)pages[k], .dom = peer.id,
				.ref = FIRST_REF + k, .flags = GNTMAP_host_map,
			};
		micro_need(!hc_grant_table_op(GNTTABOP_map_grant_ref, maps, batch));
		for (k = 0; k < batch; k++)
			unmaps[k] = (struct gnttab_unmap_grant_ref){
				.host_addr = (unsigned long)pages[k], .handle = maps[k].handle,
			};
		micro_need(!hc_grant_table_op(GNTTABOP_unmap_grant_ref, unmaps, batch));
		for (k = 0; k < batch; k++)
			micro_need(!maps[k].status && !unmaps[k].status);
	}
	report(name, begin, n * batch);
}

static void bench_grant_copy(const char *name, unsigned int size)
{
	static char buffer[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
	const unsigned long n = 500;
	struct gnttab_copy copy = {
		.source.u.ref = FIRST_REF, .source.domid = peer.id,
		.dest.u.gmfn = micro_va_to_mfn(buffer), .dest.domid = DOMID_SELF,
		.len = size, .flags = GNTCOPY_source_gref,
	};
	uint64_t begin = micro_rdtsc();
	unsigned long i;

	for (i = 0; i < n; i++) {
		micro_need(!hc_grant_table_op(GNTTABOP_copy, &copy, 1));
		micro_need(!copy.status);
	}
	report(name, begin, n);
}

/* A call that does next to nothing, by itself ... */
static void bench_call(void)
{
	const unsigned long n = 500;
	uint64_t begin = micro_rdtsc();
	unsigned long i;

	for (i = 0; i < n; i++)
		hc_xen_version(XENVER_version, NULL);
	report("core_call", begin, n);
}

/* ... and @batch of them in a list. */
static void bench_multicall(const char *name, unsigned int batch)
{
	static struct multicall_entry calls[BATCH];
	const unsigned long n = 500;
	uint64_t begin = micro_rdtsc();
	unsigned long i;
	unsigned int k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < batch; k++)
			calls[k] = (struct multicall_entry){
				.op = __HYPERVISOR_xen_version, .args = { XENVER_version },
			};
		micro_need(!hc_multicall(calls, batch));
	}
	report(name, begin, n);
}

/* Under -icount a loop of 2 instructions takes twice its number. */
static void check_tsc(void)
{
	uint64_t begin = micro_rdtsc(), spent;
	unsigned int i = LOOP;

	asm volatile("1: decl %0; jnz 1b" : "+r" (i));
	spent = micro_rdtsc() - begin;
	if (spent < 2 * LOOP || spent > 2 * LOOP + LOOP / 10)
		micro_error("the TSC does not count instructions: %lu", spent);
}

MICRO_TEST(bench_domains)
{
	unsigned int i;

	if (!micro_is_dom0())
		peer_body();
	check_tsc();
	for (i = 0; i < BATCH; i++)
		pages[i] = micro_page_alloc();
	for (warm = false; ; warm = true) {
		create_peer();
		bind_peer();
		bench_event();
		bench_yield();
		bench_grant_map("core_grant_map", 1);
		bench_grant_map("core_grant_map32", BATCH);
		bench_grant_copy("core_grant_copy", PAGE_SIZE);
		bench_grant_copy("core_grant_copy64", 64);
		bench_call();
		bench_multicall("core_multicall2", 2);
		bench_multicall("core_multicall32", BATCH);
		destroy_peer();
		if (warm)
			break;
	}
}
