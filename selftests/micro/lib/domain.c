// SPDX-License-Identifier: GPL-2.0-only
/*
 * The builder of domains: a copy of our own image, as it was before it ran.
 *
 *	pfn 0        256     image_end              nr_pages
 *	| unused |  image  | start_info | console | mail | p2m | L4 L3 L2 L1.. | stack |
 *
 * All of it is mapped from VIRT_BASE on, page tables read-only, as the start of
 * day of any PV guest has it (xen.h).
 */
#include "domain.h"

#include <xen/sysctl.h>

#define IMAGE_START	(VIRT_BASE + 0x100000)
#define DATA_MAX	(8 * PAGE_SIZE)
#define KEPT_TABLES	4	/* of three vcpus, and one that dom0 makes beside them */
#define POLL_TIME	2000000	/* ns; for domains that have no port to call us */

extern char micro_data_start[], micro_data_end[], micro_image_end[], micro_entry[];

struct xen_domctl micro_domctl;

/* Tables that the core has kept, of vcpus that are gone (micro_domain_destroy). */
static long kept_tables;

static char data_saved[DATA_MAX];

/* Where we map frames of other domains to fill them. */
static char window[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

/** micro_domain_save_data() - keep the initialised data for domains to come */
void micro_domain_save_data(void)
{
	memcpy(data_saved, micro_data_start, micro_data_end - micro_data_start);
}

/** micro_domctl_do() - one domctl with what is in micro_domctl.u */
long micro_domctl_do(uint32_t cmd, domid_t id)
{
	micro_domctl.cmd = cmd;
	micro_domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	micro_domctl.domain = id;
	return hypercall1(__HYPERVISOR_domctl, &micro_domctl);
}

void micro_domctl_clear(void)
{
	memset(&micro_domctl, 0, sizeof(micro_domctl));
}

/** micro_domctl_create() - a PV domain, as the tools make one: paused, without memory and vcpus */
long micro_domctl_create(domid_t wanted, uint32_t vcpus)
{
	micro_domctl_clear();
	micro_domctl.u.createdomain = (struct xen_domctl_createdomain){
		.max_vcpus = vcpus, .max_evtchn_port = 1023,
		.max_grant_frames = MICRO_GRANT_FRAMES, .max_maptrack_frames = 1024,
		.grant_opts = XEN_DOMCTL_GRANT_version(2), .handle = { 0xde, 0xad, 1, 2, 3 },
	};
	return micro_domctl_do(XEN_DOMCTL_createdomain, wanted);
}

/** micro_domctl_create_vcpus() - the same with its vcpus; the test needs it */
domid_t micro_domctl_create_vcpus(domid_t wanted, uint32_t vcpus)
{
	long ret = micro_domctl_create(wanted, vcpus);
	domid_t id = micro_domctl.domain;

	if (ret)
		micro_error("createdomain: %ld", ret);
	micro_domctl_clear();
	micro_domctl.u.max_vcpus.max = vcpus;
	ret = micro_domctl_do(XEN_DOMCTL_max_vcpus, id);
	if (ret)
		micro_error("max_vcpus: %ld", ret);
	micro_domctl_clear();
	return id;
}

static void domctl_need(uint32_t cmd, domid_t id)
{
	long ret = micro_domctl_do(cmd, id);

	if (ret)
		micro_error("domctl %u: %ld", cmd, ret);
	micro_domctl_clear();
}

/** micro_domctl_destroy() - end the domain; the test needs it */
void micro_domctl_destroy(domid_t id)
{
	micro_domctl_clear();
	domctl_need(XEN_DOMCTL_destroydomain, id);
}

unsigned long micro_free_pages(void)
{
	static struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_physinfo,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION,
	};
	long ret = hypercall1(__HYPERVISOR_sysctl, &op);

	if (ret)
		micro_error("physinfo: %ld", ret);
	return op.u.physinfo.free_pages;
}

/** micro_is_ours() - do we run on the core under test, not on the reference? */
bool micro_is_ours(void)
{
	struct xen_compile_info info;

	return !hc_xen_version(XENVER_compile_info, &info) &&
	       !strncmp(info.compile_by, "xenlite", 7);
}

/** micro_map_of() - map a frame of some domain at one of our pages */
long micro_map_of(domid_t id, void *va, uint64_t pte)
{
	return hypercall4(__HYPERVISOR_update_va_mapping_otherdomain, va, pte,
			  UVMF_INVLPG | UVMF_LOCAL, id);
}

static void *map_pfn(struct micro_domain *d, void *va, unsigned int pfn)
{
	long ret = micro_map_of(d->id, va, d->mfn[pfn] << PAGE_SHIFT | PTE_RW);

	if (ret)
		micro_error("mapping page %u of domain %u: %ld", pfn, d->id, ret);
	return va;
}

static void *va_of(unsigned int pfn)
{
	return (void *)(VIRT_BASE + ((unsigned long)pfn << PAGE_SHIFT));
}

static void make_domain(struct micro_domain *d, unsigned int vcpus)
{
	d->id = micro_domctl_create_vcpus(d->wanted_id, vcpus);
	micro_domctl.u.max_mem.max_memkb = (d->nr_pages + 64) * 4;
	domctl_need(XEN_DOMCTL_max_mem, d->id);
}

static void populate(struct micro_domain *d)
{
	struct xen_memory_reservation r = { .nr_extents = d->nr_pages, .domid = d->id };
	unsigned int i;
	long ret;

	for (i = 0; i < d->nr_pages; i++)
		d->mfn[i] = i;
	set_xen_guest_handle(r.extent_start, d->mfn);
	ret = hc_memory_op(XENMEM_populate_physmap, &r);
	if (ret != d->nr_pages)
		micro_error("populating %u pages: %ld", d->nr_pages, ret);
}

/* Text and data as they were at our start; what is behind them is zero. */
static void copy_image(struct micro_domain *d)
{
	const char *at;
	char *to;

	for (at = (char *)IMAGE_START; at < micro_data_end; at += PAGE_SIZE) {
		size_t data = micro_data_start - at, size = micro_data_end - at;

		to = map_pfn(d, window, micro_va_to_pfn(at));
		if (size > PAGE_SIZE)
			size = PAGE_SIZE;
		if (at >= micro_data_start)
			memcpy(to, data_saved + (at - micro_data_start), size);
		else if (data >= size)
			memcpy(to, at, size);
		else {
			memcpy(to, at, data);
			memcpy(to + data, data_saved, size - data);
		}
	}
}

/* The tables: one L4, L3 and L2, and L1 tables for all pages. */
static void build_tables(struct micro_domain *d, unsigned int nr_tables)
{
	unsigned int l4 = d->l4_pfn, l1, i;
	uint64_t *table, flags;

	table = map_pfn(d, window, l4);
	table[511] = d->mfn[l4 + 1] << PAGE_SHIFT | PTE_TABLE;
	table = map_pfn(d, window, l4 + 1);
	table[510] = d->mfn[l4 + 2] << PAGE_SHIFT | PTE_TABLE;
	table = map_pfn(d, window, l4 + 2);
	for (l1 = 0; l1 < nr_tables - 3; l1++)
		table[l1] = d->mfn[l4 + 3 + l1] << PAGE_SHIFT | PTE_TABLE;
	for (i = 0; i < d->nr_pages; i++) {
		if (i % 512 == 0)
			table = map_pfn(d, window, l4 + 3 + i / 512);
		flags = i >= l4 && i < l4 + nr_tables ? PTE_RO : PTE_RW;
		table[i % 512] = d->mfn[i] << PAGE_SHIFT | flags;
	}
}

static evtchn_port_t open_port(struct micro_domain *d)
{
	struct evtchn_alloc_unbound unbound = { .dom = d->id };
	struct evtchn_bind_interdomain bind = { .remote_dom = d->id };

	micro_need(!micro_event_op(EVTCHNOP_alloc_unbound, &unbound));
	bind.remote_port = unbound.port;
	micro_need(!micro_event_op(EVTCHNOP_bind_interdomain, &bind));
	d->port = bind.local_port;
	micro_event_clear(d->port);
	return unbound.port;
}

static void fill_start_info(struct micro_domain *d, unsigned int pfn, unsigned int p2m_pfn,
			    unsigned int nr_tables, const char *command_line)
{
	evtchn_port_t port = d->has_port ? open_port(d) : 0;
	struct shared_info *shared;
	struct start_info *info;
	unsigned int i;

	micro_need(!micro_domctl_do(XEN_DOMCTL_getdomaininfo, d->id));
	info = map_pfn(d, window, pfn);
	memcpy(info->magic, "xen-3.0-x86_64", 15);
	info->nr_pages = d->nr_pages;
	info->shared_info = micro_domctl.u.getdomaininfo.shared_info_frame << PAGE_SHIFT;
	info->console.domU.mfn = d->mfn[pfn + 1];
	info->console.domU.evtchn = port;
	info->store_mfn = d->mfn[pfn + 2];
	info->store_evtchn = port;
	info->pt_base = (unsigned long)va_of(d->l4_pfn);
	info->nr_pt_frames = nr_tables;
	info->mfn_list = (unsigned long)va_of(p2m_pfn);
	memcpy(info->cmd_line, command_line, strlen(command_line) + 1);
	micro_need(!micro_map_of(d->id, window,
			micro_domctl.u.getdomaininfo.shared_info_frame << PAGE_SHIFT | PTE_RW));
	shared = (struct shared_info *)window;
	for (i = 0; i < ARRAY_SIZE(shared->vcpu_info); i++)
		shared->vcpu_info[i].evtchn_upcall_mask = 1;
}

static void set_context(struct micro_domain *d, unsigned int info_pfn)
{
	static struct vcpu_guest_context context;

	micro_vcpu_context(&context, micro_entry, va_of(d->nr_pages));
	context.flags |= VGCF_online;
	context.vm_assist = 1 << VMASST_TYPE_writable_pagetables;
	context.user_regs.rsi = (unsigned long)va_of(info_pfn);
	context.ctrlreg[3] = xen_pfn_to_cr3(d->mfn[d->l4_pfn]);
	micro_domctl_clear();
	set_xen_guest_handle(micro_domctl.u.vcpucontext.ctxt, &context);
	domctl_need(XEN_DOMCTL_setvcpucontext, d->id);
}

/**
 * micro_domain_build() - make a domain that runs our image; it is still paused
 * @d: to be filled
 * @command_line: its start_info's
 * @vcpus: how many it may have; the first is up
 */
void micro_domain_build(struct micro_domain *d, const char *command_line, unsigned int vcpus)
{
	unsigned int info = micro_va_to_pfn(micro_image_end), p2m = info + 3, i;
	unsigned int p2m_pages = DOMAIN_PAGES * 8 / PAGE_SIZE;
	unsigned int nr_tables = 3 + DOMAIN_PAGES / 512;
	struct mmuext_op pin = { .cmd = MMUEXT_PIN_L4_TABLE };

	micro_need(micro_data_end - micro_data_start <= (long)DATA_MAX);
	d->l4_pfn = p2m + p2m_pages;
	d->nr_pages = d->l4_pfn + nr_tables + 1;
	micro_need(d->nr_pages <= DOMAIN_PAGES);
	d->free_before = micro_free_pages();
	d->kept_before = kept_tables;
	make_domain(d, vcpus);
	populate(d);
	copy_image(d);
	build_tables(d, nr_tables);
	fill_start_info(d, info, p2m, nr_tables, command_line);
	for (i = 0; i < d->nr_pages; i += 512) {
		memcpy(map_pfn(d, window, p2m + i / 512), d->mfn + i, PAGE_SIZE);
	}
	micro_map_of(DOMID_SELF, window, micro_page_pte(window, PTE_RW));
	micro_domctl_clear();
	micro_domctl.u.hypercall_init.gmfn = d->mfn[micro_va_to_pfn(micro_hypercall_page)];
	domctl_need(XEN_DOMCTL_hypercall_init, d->id);
	pin.arg1.mfn = d->mfn[d->l4_pfn];
	micro_need(!hc_mmuext_op(&pin, 1, NULL, d->id));
	set_context(d, info);
	d->console = map_pfn(d, d->window[0], info + 1);
	d->mail = map_pfn(d, d->window[1], info + 2);
	d->mail->id = d->id;
}

void micro_domain_start(struct micro_domain *d)
{
	domctl_need(XEN_DOMCTL_unpausedomain, d->id);
}

/** micro_vcpu_place() - a vcpu of @id runs on @cpus, a mask, only */
void micro_vcpu_place(domid_t id, uint32_t vcpu, uint64_t cpus)
{
	micro_domctl_clear();
	micro_domctl.u.vcpuaffinity.vcpu = vcpu;
	micro_domctl.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
	set_xen_guest_handle(micro_domctl.u.vcpuaffinity.cpumap_hard.bitmap, (void *)&cpus);
	micro_domctl.u.vcpuaffinity.cpumap_hard.nr_bits = 64;
	micro_need(!micro_domctl_do(XEN_DOMCTL_setvcpuaffinity, id));
	micro_domctl_clear();
}

/** micro_domain_place() - the same for its first vcpu */
void micro_domain_place(domid_t id, uint64_t cpus)
{
	micro_vcpu_place(id, 0, cpus);
}

/** micro_domain_print() - print what the domain has written since */
void micro_domain_print(struct micro_domain *d)
{
	struct xencons_interface *ring = d->console;
	uint32_t end = READ_ONCE(ring->out_prod), at = ring->out_cons;
	static char text[sizeof(ring->out)];
	unsigned int n = 0;

	barrier();	/* what it wrote before it said so */
	for (; at != end && n < sizeof(text); at++)
		text[n++] = ring->out[at % sizeof(ring->out)];
	if (n)
		hc_console_io(CONSOLEIO_write, n, text);
	barrier();	/* read, and printed, before it may write there again */
	WRITE_ONCE(ring->out_cons, at);
}

/** micro_domain_has_ended() - has it crashed or shut down, and why */
bool micro_domain_has_ended(struct micro_domain *d, unsigned int *reason)
{
	uint32_t flags;

	micro_need(!micro_domctl_do(XEN_DOMCTL_getdomaininfo, d->id));
	flags = micro_domctl.u.getdomaininfo.flags;
	*reason = (flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask;
	micro_domctl_clear();
	return flags & (XEN_DOMINF_shutdown | XEN_DOMINF_dying);
}

static void poll_ports(evtchn_port_t *ports, unsigned int n)
{
	struct sched_poll poll = { .nr_ports = n, .timeout = micro_time_now() + POLL_TIME };

	set_xen_guest_handle(poll.ports, ports);
	hc_sched_op(SCHEDOP_poll, &poll);
}

/** micro_domain_serve() - print and answer until the domain has ended */
void micro_domain_serve(struct micro_domain *d, const struct micro_guest *guest)
{
	evtchn_port_t ports[2] = { micro_event_bind_virq(VIRQ_DOM_EXC, 0), d->port };
	struct evtchn_close close = { .port = ports[0] };
	struct evtchn_send send = { .port = d->port };
	unsigned int reason;

	for (bool ended = false; !ended; ) {
		micro_event_clear(ports[0]);
		micro_event_clear(ports[1]);
		ended = micro_domain_has_ended(d, &reason);
		micro_domain_print(d);
		if (READ_ONCE(d->mail->asked) != d->mail->answered) {
			d->mail->answer = guest && guest->serve ?
				guest->serve(d, d->mail->question, d->mail->argument) : -1;
			barrier();	/* the answer before its announcement */
			WRITE_ONCE(d->mail->answered, d->mail->answered + 1);
			micro_event_op(EVTCHNOP_send, &send);
		}
		if (!ended)
			poll_ports(ports, d->has_port ? 2 : 1);
	}
	micro_event_op(EVTCHNOP_close, &close);
	if (reason == SHUTDOWN_crash)
		micro_report("the domain has crashed");
	else if (reason != SHUTDOWN_poweroff || !d->mail->over)
		micro_report("the domain has ended by %u", reason);
}

/* Guests have views of their own on our core when its options say so: QEMU needs none. */
static bool has_xpti(void)
{
	static xen_commandline_t options;
	size_t i;

	micro_need(!hc_xen_version(XENVER_commandline, options));
	for (i = 0; i < strlen(options); i++)
		if (!strncmp(options + i, "xpti", 4))
			return true;
	return false;
}

/**
 * micro_domain_destroy() - end the domain; all its memory must come back
 * @d: it
 *
 * Frees may be deferred for a moment, so a second passes before one is missed.
 */
void micro_domain_destroy(struct micro_domain *d)
{
	struct evtchn_close close = { .port = d->port };
	uint64_t end = micro_time_now() + 1000000000;
	long missing;

	if (d->has_port)
		micro_event_op(EVTCHNOP_close, &close);
	micro_map_of(DOMID_SELF, d->console, micro_page_pte(d->console, PTE_RW));
	micro_map_of(DOMID_SELF, d->mail, micro_page_pte(d->mail, PTE_RW));
	micro_domctl_destroy(d->id);
	do {
		missing = d->free_before - micro_free_pages();
		if (missing)
			hc_sched_op(SCHEDOP_yield, NULL);
	} while (missing && micro_is_ours() && micro_time_now() < end);
	/* With xpti ours keeps a page table for each vcpu that there ever was at a time. */
	if (missing > 0 && d->kept_before + missing <= KEPT_TABLES && has_xpti()) {
		if (kept_tables < d->kept_before + missing)
			kept_tables = d->kept_before + missing;
		missing = 0;
	}
	/* The reference keeps some for its small objects, and for later. */
	if (missing && micro_is_ours())
		micro_fail("%ld pages did not come back", missing);
}

/** micro_pattern() - dom0's page that nobody else is to change */
uint64_t *micro_pattern(void)
{
	static uint64_t *page;
	unsigned int i;

	if (!page) {
		page = micro_page_alloc();
		for (i = 0; i < 512; i++)
			page[i] = ~(uint64_t)i;
	}
	return page;
}

bool micro_pattern_is_intact(void)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		if (micro_pattern()[i] != ~(uint64_t)i)
			return false;
	return true;
}

/**
 * micro_domain_test() - run a test in a domain of its own, from dom0
 * @name: as on its command line
 * @guest: NULL for one that is not of a MICRO_TEST_DOMU
 */
void micro_domain_test(const char *name, const struct micro_guest *guest)
{
	static struct micro_domain domain;
	char command_line[80];
	unsigned int i;

	micro_format(command_line, sizeof(command_line), "tests=%s", name);
	for (i = 0; i < (guest ? guest->cases : 1); i++) {
		domain.has_port = guest;
		micro_domain_build(&domain, command_line, 2);
		domain.mail->which = i;
		micro_domain_start(&domain);
		micro_domain_serve(&domain, guest);
		if (domain.mail->over)
			micro_outcome_set(domain.mail->over - 1, domain.mail->reason);
		micro_domain_destroy(&domain);
	}
}
