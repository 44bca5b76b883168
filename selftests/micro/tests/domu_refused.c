// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an unprivileged domain is refused: control of the machine and of others,
 * devices, other domains' frames by their numbers, other domains by theirs.
 */
#include "domain.h"

#include <xen/sysctl.h>

#define NOBODY	1234

/* Questions to dom0. */
enum { ASK_PAGE, ASK_ROOT, ASK_SHARED, ASK_INTACT };

static int64_t serve(struct micro_domain *d, uint32_t question, uint64_t argument)
{
	(void)d;
	(void)argument;
	switch (question) {
	case ASK_PAGE:		return micro_va_to_mfn(micro_pattern());
	case ASK_ROOT:		return micro_va_to_mfn((void *)micro_start_info->pt_base);
	case ASK_SHARED:	return micro_start_info->shared_info >> PAGE_SHIFT;
	default:		return micro_pattern_is_intact();
	}
}

/* Calls @fn with 0 to @n - 1: a line for each run of equal answers. */
static void report_runs(const char *key, unsigned int n, long (*fn)(unsigned int i))
{
	long ret, last = fn(0);
	unsigned int first = 0, i;

	for (i = 1; i <= n; i++, last = ret) {
		ret = i < n ? fn(i) : ~last;
		if (ret == last)
			continue;
		micro_report("%s %x to %x: %ld", key, first, i - 1, last);
		first = i;
	}
}

static uint64_t words[64];

static long do_domctl(unsigned int cmd)
{
	struct xen_domctl *op = (void *)words;

	memset(words, 0, sizeof(words));
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	return hypercall1(__HYPERVISOR_domctl, op);
}

static long do_sysctl(unsigned int cmd)
{
	struct xen_sysctl *op = (void *)words;

	memset(words, 0, sizeof(words));
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return hypercall1(__HYPERVISOR_sysctl, op);
}

static long do_platform_op(unsigned int cmd)
{
	struct xen_platform_op *op = (void *)words;

	memset(words, 0, sizeof(words));
	op->cmd = cmd;
	op->interface_version = XENPF_INTERFACE_VERSION;
	return hc_platform_op(op);
}

/* I5: every operation of the administrator's. */
MICRO_TEST_DOMU(domu_control)
{
	unsigned int i;

	for (i = 0; i < 96; i++)
		if (do_domctl(i) >= 0 || do_sysctl(i) >= 0 || do_platform_op(i) >= 0)
			micro_report("done: %x", i);
	report_runs("domctl", 96, do_domctl);
	report_runs("sysctl", 40, do_sysctl);
	report_runs("platform_op", 70, do_platform_op);
}

static long do_physdev(unsigned int cmd)
{
	memset(words, 0, sizeof(words));
	return hc_physdev_op(cmd, words);
}

static long map_pirq(unsigned int type)
{
	struct physdev_map_pirq map = { .domid = DOMID_SELF, .type = type, .index = 9, .pirq = 9 };

	return hc_physdev_op(PHYSDEVOP_map_pirq, &map);
}

static long bind_pirq(unsigned int pirq)
{
	struct evtchn_bind_pirq bind = { .pirq = pirq };

	return micro_event_op(EVTCHNOP_bind_pirq, &bind) ? 1 : 0;
}

static long bind_virq(unsigned int virq)
{
	struct evtchn_bind_virq bind = { .virq = virq };
	struct evtchn_close close;
	long ret = micro_event_op(EVTCHNOP_bind_virq, &bind);

	close.port = bind.port;
	if (!ret)
		micro_event_op(EVTCHNOP_close, &close);
	return ret;
}

/* I4: interrupts. */
MICRO_TEST_DOMU(domu_interrupts)
{
	report_runs("physdev", 36, do_physdev);
	report_runs("map_pirq type", 6, map_pirq);
	report_runs("bind_pirq", 64, bind_pirq);
	report_runs("bind_virq", 26, bind_virq);
}

static const unsigned long device_frames[] = {
	0xa0, 0xb8, 0xf0, 0xb0000, 0xe0000, 0xfebf0, 0xfec00, 0xfed00, 0xfee00, 0xfffff,
	0x100000000, 0xfffffffff,
};

static long map_device(unsigned int i)
{
	static char *page;

	if (!page)
		page = micro_page_alloc();
	return micro_map(page, device_frames[i / 2] << PAGE_SHIFT | (i % 2 ? PTE_RO : PTE_RW));
}

static long map_device_io(unsigned int i)
{
	struct mmu_update update = {
		.ptr = micro_pte_maddr((unsigned long)micro_mail, 1),
		.val = device_frames[i / 2] << PAGE_SHIFT | (i % 2 ? PTE_RO : PTE_RW),
	};

	return hc_mmu_update(&update, 1, NULL, DOMID_IO) < 0;
}

static long read_port(unsigned int port)
{
	struct micro_regs regs = { .rdx = port };

	MICRO_PROBE(&regs, "inb %%dx, %%al");
	return micro_probe.trapped ? micro_probe.frame.vector : 0;
}

static long write_port(unsigned int i)
{
	struct micro_regs regs = { .rdx = 1UL << i };

	MICRO_PROBE(&regs, "outb %%al, %%dx");
	return micro_probe.trapped ? micro_probe.frame.vector : 0;
}

/* I4: the memory and the ports of devices. */
MICRO_TEST_DOMU(domu_devices)
{
	struct physdev_set_iopl iopl = { .iopl = 3 };
	struct physdev_set_iobitmap bitmap = { .nr_ports = 65536 };

	report_runs("map", 2 * ARRAY_SIZE(device_frames), map_device);
	report_runs("map as DOMID_IO refused", 2 * ARRAY_SIZE(device_frames), map_device_io);
	micro_report("iopl=%ld", hc_physdev_op(PHYSDEVOP_set_iopl, &iopl));
	set_xen_guest_handle_raw(bitmap.bitmap, (uint8_t *)micro_page_alloc());
	bitmap.nr_ports = 32768;
	micro_report("bitmap=%ld", hc_physdev_op(PHYSDEVOP_set_iobitmap, &bitmap));
	report_runs("read port", 65536, read_port);
	report_runs("write port bit", 16, write_port);
}

/* An MSR that keeps what is written to it must be one of this domain's own. */
static void try_msr(unsigned int msr)
{
	struct micro_regs regs = { .rcx = msr, .rax = 0x5a5a5a5a, .rdx = 0x5a5a };

	MICRO_PROBE(&regs, "wrmsr");
	if (micro_probe.trapped)
		return;
	regs.rax = 0;
	MICRO_PROBE(&regs, "rdmsr");
	if (!micro_probe.trapped && regs.rax == 0x5a5a5a5a)
		micro_report("kept: %x", msr);
}

/* I2: every MSR with a number that may mean something. */
MICRO_TEST_DOMU(domu_msrs)
{
	static const unsigned int bases[] = { 0, 0x40000000, 0xc0000000, 0xc0010000, 0xc0020000 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(bases); i++)
		for (j = 0; j < 0x2000; j++)
			try_msr(bases[i] + j);
}

static unsigned long victim_mfn;
static char *own;

static long update_for(unsigned int who, uint64_t ptr, uint64_t val)
{
	struct mmu_update update = { .ptr = ptr, .val = val };

	return hc_mmu_update(&update, 1, NULL, who);
}

static long mmuext_for(unsigned int who, unsigned int cmd, unsigned long a, unsigned long b)
{
	struct mmuext_op op = { .cmd = cmd };

	op.arg1.mfn = a;
	op.arg2.src_mfn = b;
	return hc_mmuext_op(&op, 1, NULL, who);
}

static long reserve(unsigned int cmd, domid_t who, xen_pfn_t frame)
{
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = who };

	set_xen_guest_handle(r.extent_start, &frame);
	return hc_memory_op(cmd, &r);
}

static long exchange(xen_pfn_t frame)
{
	xen_pfn_t out = 5;
	struct xen_memory_exchange x = {
		.in = { .nr_extents = 1, .domid = DOMID_SELF },
		.out = { .nr_extents = 1, .domid = DOMID_SELF },
	};

	set_xen_guest_handle(x.in.extent_start, &frame);
	set_xen_guest_handle(x.out.extent_start, &out);
	return hc_memory_op(XENMEM_exchange, &x);
}

static long copy_from(unsigned int who)
{
	struct gnttab_copy copy = {
		.source.domid = who, .dest.domid = DOMID_SELF, .len = 64,
		.source.u.gmfn = victim_mfn, .dest.u.gmfn = micro_va_to_mfn(own),
	};
	long ret = hc_grant_table_op(GNTTABOP_copy, &copy, 1);

	return ret ? ret : copy.status;
}

static long copy_to(unsigned int who)
{
	struct gnttab_copy copy = {
		.dest.domid = who, .source.domid = DOMID_SELF, .len = 64,
		.dest.u.gmfn = victim_mfn, .source.u.gmfn = micro_va_to_mfn(own),
	};
	long ret = hc_grant_table_op(GNTTABOP_copy, &copy, 1);

	return ret ? ret : copy.status;
}

static long bring_up(void)
{
	static struct vcpu_guest_context context;

	micro_vcpu_context(&context, micro_stubs, micro_stack_end);
	context.ctrlreg[3] = xen_pfn_to_cr3(victim_mfn);
	return hc_vcpu_op(VCPUOP_initialise, 1, &context);
}

/* X1, P5: one frame that is not ours, in every place that takes a frame. */
static void try_frame(const char *whose, domid_t owner)
{
	uint64_t slot = micro_pte_maddr((unsigned long)own, 1), pte = victim_mfn << PAGE_SHIFT;
	struct vcpu_register_vcpu_info info = { .mfn = victim_mfn };
	struct evtchn_init_control fifo = { .control_gfn = victim_mfn };
	struct physdev_pirq_eoi_gmfn eoi = { .gmfn = victim_mfn };
	xen_pfn_t frame = victim_mfn;
	unsigned int level;

	micro_report("%s: map_rw=%ld map_ro=%ld", whose, micro_map(own, pte | PTE_RW),
		     micro_map(own, pte | PTE_RO));
	micro_report("%s: other_rw=%ld other_ro=%ld", whose,
		     update_for(owner, slot, pte | PTE_RW), update_for(owner, slot, pte | PTE_RO));
	micro_report("%s: va_other=%ld", whose, micro_map_of(owner, own, pte | PTE_RO));
	micro_report("%s: pfd=%ld", whose,
		     update_for((owner + 1) << 16 | DOMID_SELF, slot, pte | PTE_RW));
	micro_report("%s: write=%ld m2p=%ld m2p_other=%ld", whose, update_for(DOMID_SELF, pte, 0),
		     update_for(DOMID_SELF, pte | MMU_MACHPHYS_UPDATE, 1),
		     update_for(owner, pte | MMU_MACHPHYS_UPDATE, 1));
	for (level = 0; level < 4; level++)
		micro_report("%s: pin_l%u=%ld other=%ld", whose, level + 1,
			     mmuext_for(DOMID_SELF, MMUEXT_PIN_L1_TABLE + level, victim_mfn, 0),
			     mmuext_for(owner, MMUEXT_PIN_L1_TABLE + level, victim_mfn, 0));
	micro_report("%s: unpin=%ld base=%ld user=%ld", whose,
		     mmuext_for(DOMID_SELF, MMUEXT_UNPIN_TABLE, victim_mfn, 0),
		     mmuext_for(DOMID_SELF, MMUEXT_NEW_BASEPTR, victim_mfn, 0),
		     mmuext_for(DOMID_SELF, MMUEXT_NEW_USER_BASEPTR, victim_mfn, 0));
	micro_report("%s: clear=%ld other=%ld copy_to=%ld copy_from=%ld", whose,
		     mmuext_for(DOMID_SELF, MMUEXT_CLEAR_PAGE, victim_mfn, 0),
		     mmuext_for(owner, MMUEXT_CLEAR_PAGE, victim_mfn, 0),
		     mmuext_for(DOMID_SELF, MMUEXT_COPY_PAGE, victim_mfn, micro_va_to_mfn(own)),
		     mmuext_for(DOMID_SELF, MMUEXT_COPY_PAGE, micro_va_to_mfn(own), victim_mfn));
	micro_report("%s: gdt=%ld descriptor=%ld", whose, hc_set_gdt(&frame, 512),
		     hc_update_descriptor(pte, 0));
	micro_report("%s: decrease=%ld other=%ld exchange=%ld", whose,
		     reserve(XENMEM_decrease_reservation, DOMID_SELF, victim_mfn),
		     reserve(XENMEM_decrease_reservation, owner, victim_mfn),
		     exchange(victim_mfn));
	micro_report("%s: grant_copy=%ld,%ld as theirs=%ld,%ld", whose, copy_from(DOMID_SELF),
		     copy_to(DOMID_SELF), copy_from(owner), copy_to(owner));
	micro_report("%s: vcpu_info=%ld fifo=%ld eoi=%ld root=%ld", whose,
		     hc_vcpu_op(VCPUOP_register_vcpu_info, 1, &info),
		     micro_event_op(EVTCHNOP_init_control, &fifo),
		     hc_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &eoi), bring_up());
	micro_report("%s: intact=%ld", whose, (long)micro_ask(ASK_INTACT, 0));
}

MICRO_TEST_DOMU_SERVED(domu_frames, 1, serve)
{
	own = micro_page_alloc();
	victim_mfn = micro_ask(ASK_PAGE, 0);
	try_frame("page of dom0", 0);
	victim_mfn = micro_ask(ASK_ROOT, 0);
	try_frame("root of dom0", 0);
	victim_mfn = micro_ask(ASK_SHARED, 0);
	try_frame("shared of dom0", 0);
	victim_mfn = 0xfffffffffffff;
	try_frame("no frame", DOMID_INVALID);
	victim_mfn = 0xb8;
	try_frame("video", DOMID_IO);
}

static const domid_t ids[] = {
	0, NOBODY, DOMID_IO, DOMID_XEN, DOMID_COW, DOMID_INVALID, DOMID_IDLE, 0x8000, 0xffff,
};

static long open_for(unsigned int i)
{
	struct evtchn_alloc_unbound op = { .dom = ids[i], .remote_dom = DOMID_SELF };

	return micro_event_op(EVTCHNOP_alloc_unbound, &op);
}

static long status_of(unsigned int i)
{
	struct evtchn_status op = { .dom = ids[i], .port = 1 };

	return micro_event_op(EVTCHNOP_status, &op);
}

static long reset_of(unsigned int i)
{
	struct evtchn_reset op = { .dom = ids[i] };

	return micro_event_op(EVTCHNOP_reset, &op);
}

/* A port of theirs that is there, but not for us. */
static long bind_to(unsigned int i)
{
	struct evtchn_bind_interdomain op = { .remote_dom = ids[i / 8], .remote_port = i % 8 + 8 };

	return micro_event_op(EVTCHNOP_bind_interdomain, &op);
}

static long populate_for(unsigned int i)
{
	return reserve(XENMEM_populate_physmap, ids[i], 5);
}

static long claim_for(unsigned int i)
{
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = ids[i] };

	return hc_memory_op(XENMEM_claim_pages, &r);
}

static long reservation_of(unsigned int i)
{
	return hc_memory_op(XENMEM_current_reservation, (void *)&ids[i]) < 0;
}

static long map_for(unsigned int i)
{
	struct xen_add_to_physmap op = { .domid = ids[i], .space = XENMAPSPACE_shared_info };

	return hc_memory_op(XENMEM_add_to_physmap, &op);
}

static long resource_of(unsigned int i)
{
	struct xen_mem_acquire_resource op = { .domid = ids[i], .type = 1 };

	return hc_memory_op(XENMEM_acquire_resource, &op);
}

static long grant_setup_for(unsigned int i)
{
	struct gnttab_setup_table op = { .dom = ids[i], .nr_frames = 1 };
	static xen_pfn_t frame;
	long ret;

	set_xen_guest_handle(op.frame_list, &frame);
	ret = hc_grant_table_op(GNTTABOP_setup_table, &op, 1);
	return ret ? ret : op.status;
}

static long grant_map_of(unsigned int i)
{
	struct gnttab_map_grant_ref op = {
		.dom = ids[i / 4], .ref = i % 4, .flags = GNTMAP_host_map,
		.host_addr = micro_scratch_va(0),
	};
	long ret = hc_grant_table_op(GNTTABOP_map_grant_ref, &op, 1);

	return ret ? ret : op.status;
}

static long shut_down(unsigned int i)
{
	struct sched_remote_shutdown op = { .domain_id = ids[i] };

	return hc_sched_op(SCHEDOP_remote_shutdown, &op);
}

static long nothing_for(unsigned int i)
{
	return hc_mmuext_op(NULL, 0, NULL, ids[i]) < 0;
}

/* X1: every operation that names a domain, with numbers that are not ours. */
MICRO_TEST_DOMU(domu_domids)
{
	static const struct {
		const char *key;
		long (*fn)(unsigned int i);
		unsigned int each;
	} ops[] = {
		{ "alloc_unbound", open_for, 1 }, { "status", status_of, 1 },
		{ "reset", reset_of, 1 },
		{ "bind", bind_to, 8 }, { "populate", populate_for, 1 }, { "claim", claim_for, 1 },
		{ "reservation refused", reservation_of, 1 }, { "add_to_physmap", map_for, 1 },
		{ "resource", resource_of, 1 }, { "grant_setup", grant_setup_for, 1 },
		{ "grant_map", grant_map_of, 4 }, { "remote_shutdown", shut_down, 1 },
		{ "mmuext refused", nothing_for, 1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		report_runs(ops[i].key, ARRAY_SIZE(ids) * ops[i].each, ops[i].fn);
}
