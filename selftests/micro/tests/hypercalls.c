// SPDX-License-Identifier: GPL-2.0-only
/* The hypercall gate itself: numbers, and the multicall list (xen.h). */
#include "micro.h"

#include <xen/hvm/hvm_op.h>

/*
 * Numbers without a handler answer -ENOSYS, however large; all 64 bits of %rax
 * are the number. Retired calls (tmem) have no handler.
 */
MICRO_TEST(hypercall_unknown)
{
	static const unsigned long numbers[] = {
		11, 38, 39, 43, 47, 50, 51, 52, 53, 54, 55, 56, 63, 64,
		127, 128, 255, 256, 1023, 0x7fffffff, 0x80000000, 0xffffffff,
		0xffffffffffffffff,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		micro_report("call_%lx=%ld", numbers[i],
			     hypercall0(numbers[i]));
	micro_report("high_bits=%lx",
		     hypercall2(0x100000000 | __HYPERVISOR_xen_version,
				XENVER_version, 0));
}

/*
 * Numbers that exist, by a harmless argument. Calls for toolstacks and those
 * that only some builds have (kexec, hvm, argo, ...) are left out.
 */
MICRO_TEST(hypercall_present)
{
	static const struct {
		const char *name;
		unsigned int nr;
		unsigned long a1, a2, a3;
	} calls[] = {
		{ "sched_op_compat", 6, 99, 0, 0 },
		{ "event_channel_op_compat", 16, 0, 0, 0 },
		{ "physdev_op_compat", 19, 0, 0, 0 },
		{ "vm_assist", 21, 99, 99, 0 },
		{ "vcpu_op", 24, 99, 0, 0 },
		{ "mmuext_op", 26, 0, 0, 0 },
		{ "nmi_op", 28, 99, 0, 0 },
		{ "sched_op", 29, 99, 0, 0 },
		{ "callback_op", 30, 99, 0, 0 },
		{ "event_channel_op", 32, 99, 0, 0 },
		{ "physdev_op", 33, 99, 0, 0 },
		{ "platform_op", 7, 0, 0, 0 },
		{ "console_io", 18, 99, 0, 0 },
		{ "grant_table_op", 20, 99, 0, 0 },
		{ "memory_op", 12, 63, 0, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		micro_report("%s=%ld", calls[i].name,
			     hypercall3(calls[i].nr, calls[i].a1, calls[i].a2,
					calls[i].a3));
}

/*
 * Arguments are not scratch to the caller who passes none: after a hypercall
 * all registers but the result (and %rcx, %r11) hold what they held.
 */
MICRO_TEST(hypercall_registers)
{
	register unsigned long r8 asm("r8") = 0x88, r9 asm("r9") = 0x99;
	register unsigned long r10 asm("r10") = 0xaa;
	unsigned long rdi = XENVER_pagesize, rsi = 0x66, rdx = 0xdd;
	unsigned long rbx = 0xbb, rcx, r11, flags;
	long ret = __HYPERVISOR_xen_version;

	asm volatile("stc; std; syscall; cld; pushfq; popq %[flags]"
		     : "+a" (ret), "+D" (rdi), "+S" (rsi), "+d" (rdx),
		       "+b" (rbx), "+r" (r8), "+r" (r9), "+r" (r10),
		       "=c" (rcx), [flags] "=r" (flags)
		     :: "r11", "memory");
	r11 = flags;
	micro_report("rdi=%lx rsi=%lx rdx=%lx rbx=%lx r8=%lx r9=%lx r10=%lx",
		     rdi, rsi, rdx, rbx, r8, r9, r10);
	micro_report("rcx_is_next=%d carry=%lu", (rcx >> 32) == 0xffffffff,
		     r11 & 1);
}

/*
 * Multicall: each entry gets its result, an unknown call inside does not stop
 * the list, and entries cannot nest; the call itself answers 0.
 */
MICRO_TEST(multicall_results)
{
	static struct multicall_entry list[6], inner[1];
	unsigned int i;
	long ret;

	inner[0].op = __HYPERVISOR_xen_version;
	list[0].op = __HYPERVISOR_xen_version;
	list[0].args[0] = XENVER_version;
	list[1].op = 63;
	list[2].op = __HYPERVISOR_xen_version;
	list[2].args[0] = XENVER_pagesize;
	list[3].op = __HYPERVISOR_multicall;
	list[3].args[0] = (unsigned long)inner;
	list[3].args[1] = 1;
	list[4].op = 0x100000000UL | __HYPERVISOR_xen_version;
	list[5].op = __HYPERVISOR_update_va_mapping;
	list[5].args[0] = 0x800000000000UL;
	for (i = 0; i < 6; i++)
		list[i].result = 0x1234;
	ret = hc_multicall(list, 6);
	micro_report("ret=%ld", ret);
	for (i = 0; i < 6; i++)
		micro_report("result%u=%ld", i, (long)list[i].result);
	micro_report("empty=%ld", hc_multicall(list, 0));
	micro_report("empty_null=%ld", hc_multicall(NULL, 0));
}

/* A list that cannot be read, or written back, is -EFAULT. */
MICRO_TEST(multicall_bad_list)
{
	struct multicall_entry *ro = micro_page_alloc();
	long ret;

	micro_report("null=%ld", hc_multicall(NULL, 1));
	micro_report("hypervisor=%ld", hc_multicall(0xffff830000000000, 1));
	micro_report("noncanonical=%ld", hc_multicall(0x8000000000000000, 1));
	micro_report("huge=%ld", hc_multicall(0x1000, 0xffffffffffffffff));
	ro->op = __HYPERVISOR_xen_version;
	ro->result = 0x1234;
	micro_page_protect(ro, false);
	ret = hc_multicall(ro, 1);
	micro_report("readonly=%ld result=%lx", ret, ro->result);
}

static const unsigned long bad_pointers[] = {
	0x1000, 0x7ffffffffffc, 0x800000000000, 0xffff82d040000000,
	0xffff830000000000, 0xffff87fffffffffc, 0xfffffffffffffffc,
	0xffff800000000000,
};

struct pointer_call {
	const char *name;
	unsigned int nr, at;	/* argument number of the pointer, from 1 on */
	unsigned long args[4];
	bool output;
};

static void try_bad_pointers(const struct pointer_call *c)
{
	unsigned int j, faults = 0;
	unsigned long arg[4];
	long ret;

	for (j = 0; j < ARRAY_SIZE(bad_pointers); j++) {
		/* what is read from m2p is some number, not a fault */
		if (!c->output && bad_pointers[j] == MACH2PHYS_VIRT_START)
			continue;
		memcpy(arg, c->args, sizeof(arg));
		arg[c->at - 1] = bad_pointers[j];
		ret = hypercall4(c->nr, arg[0], arg[1], arg[2], arg[3]);
		faults += ret == -XEN_EFAULT;
		if (ret != -XEN_EFAULT)
			micro_report("%s pointer%u=%ld", c->name, j, ret);
	}
	micro_report("%s faults=%u", c->name, faults);
}

/*
 * A structure the core cannot read or write is -EFAULT: not mapped, outside
 * the canonical range, in the core's own range, or only readable (m2p).
 */
MICRO_TEST(hypercall_bad_pointers)
{
	static const struct pointer_call calls[] = {
		{ "evtchn_bind_ipi", 32, 2, { EVTCHNOP_bind_ipi }, true },
		{ "evtchn_status", 32, 2, { EVTCHNOP_status }, true },
		{ "evtchn_alloc", 32, 2, { EVTCHNOP_alloc_unbound }, true },
		{ "machphys_mapping", 12, 2, { XENMEM_machphys_mapping }, true },
		{ "memory_map", 12, 2, { XENMEM_machine_memory_map }, true },
		{ "get_runstate", 24, 3, { VCPUOP_get_runstate_info }, true },
		{ "register_info", 24, 3, { VCPUOP_register_vcpu_info, 1 }, false },
		{ "singleshot", 24, 3, { VCPUOP_set_singleshot_timer }, false },
		{ "get_features", 17, 2, { XENVER_get_features }, true },
		{ "platform_parameters", 17, 2, { XENVER_platform_parameters }, true },
		{ "irq_status", 33, 2, { PHYSDEVOP_irq_status_query }, true },
		{ "poll", 29, 2, { SCHEDOP_poll }, false },
		{ "callback", 30, 2, { CALLBACKOP_register }, false },
		{ "platform", 7, 1, { 0 }, false },
		{ "set_trap_table", 0, 1, { 0 }, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		try_bad_pointers(&calls[i]);
}

static const struct pointer_call more_calls[] = {
	{ "mmu_update", 1, 1, { 0, 1, 0, DOMID_SELF }, false },
	{ "mmuext", 26, 1, { 0, 1, 0, DOMID_SELF }, false },
	{ "set_gdt", 2, 1, { 0, 1 }, false },
	{ "console_write", 18, 3, { CONSOLEIO_write, 16 }, false },
	{ "console_read", 18, 3, { CONSOLEIO_read, 16 }, true },
	{ "grant_map", 20, 2, { GNTTABOP_map_grant_ref, 0, 1 }, false },
	{ "grant_unmap", 20, 2, { GNTTABOP_unmap_grant_ref, 0, 1 }, false },
	{ "grant_setup", 20, 2, { GNTTABOP_setup_table, 0, 1 }, false },
	{ "grant_transfer", 20, 2, { GNTTABOP_transfer, 0, 1 }, false },
	{ "grant_copy", 20, 2, { GNTTABOP_copy, 0, 1 }, false },
	{ "grant_size", 20, 2, { GNTTABOP_query_size, 0, 1 }, false },
	{ "grant_replace", 20, 2, { GNTTABOP_unmap_and_replace, 0, 1 }, false },
	{ "grant_set_version", 20, 2, { GNTTABOP_set_version, 0, 1 }, false },
	{ "grant_get_version", 20, 2, { GNTTABOP_get_version, 0, 1 }, false },
	{ "grant_swap", 20, 2, { GNTTABOP_swap_grant_ref, 0, 1 }, false },
	{ "hvm_set_param", 34, 2, { HVMOP_set_param }, false },
	{ "hvm_get_param", 34, 2, { HVMOP_get_param }, false },
	{ "sysctl", 35, 1, { 0 }, false },
	{ "domctl", 36, 1, { 0 }, false },
	{ "nmi_register", 28, 2, { XENNMI_register_callback }, false },
	{ "populate", 12, 2, { XENMEM_populate_physmap }, false },
	{ "decrease", 12, 2, { XENMEM_decrease_reservation }, false },
	{ "exchange", 12, 2, { XENMEM_exchange }, false },
	{ "reservation", 12, 2, { XENMEM_current_reservation }, false },
	{ "mfn_list", 12, 2, { XENMEM_machphys_mfn_list }, false },
	{ "shutdown", 29, 2, { SCHEDOP_shutdown }, false },
	{ "watchdog", 29, 2, { SCHEDOP_watchdog }, false },
	{ "extraversion", 17, 2, { XENVER_extraversion }, true },
	{ "capabilities", 17, 2, { XENVER_capabilities }, true },
	{ "evtchn_bind", 32, 2, { EVTCHNOP_bind_interdomain }, false },
	{ "evtchn_virq", 32, 2, { EVTCHNOP_bind_virq }, false },
	{ "evtchn_close", 32, 2, { EVTCHNOP_close }, false },
	{ "evtchn_send", 32, 2, { EVTCHNOP_send }, false },
	{ "evtchn_unmask", 32, 2, { EVTCHNOP_unmask }, false },
	{ "evtchn_control", 32, 2, { EVTCHNOP_init_control }, false },
	{ "set_iopl", 33, 2, { PHYSDEVOP_set_iopl }, false },
	{ "map_pirq", 33, 2, { PHYSDEVOP_map_pirq }, false },
	{ "periodic", 24, 3, { VCPUOP_set_periodic_timer }, false },
	{ "initialise", 24, 3, { VCPUOP_initialise, 1 }, false },
	{ "runstate_area", 24, 3, { VCPUOP_register_runstate_memory_area, 1 }, false },
	{ "time_area", 24, 3, { VCPUOP_register_vcpu_time_memory_area, 1 }, false },
	{ "evtchn_vcpu", 32, 2, { EVTCHNOP_bind_vcpu }, false },
	{ "evtchn_pirq", 32, 2, { EVTCHNOP_bind_pirq }, false },
	{ "evtchn_reset", 32, 2, { EVTCHNOP_reset }, false },
	{ "evtchn_array", 32, 2, { EVTCHNOP_expand_array }, false },
	{ "evtchn_priority", 32, 2, { EVTCHNOP_set_priority }, false },
	{ "remote_shutdown", 29, 2, { SCHEDOP_remote_shutdown }, false },
	{ "pin_override", 29, 2, { SCHEDOP_pin_override }, false },
	{ "increase", 12, 2, { XENMEM_increase_reservation }, false },
	{ "claim", 12, 2, { XENMEM_claim_pages }, false },
	{ "set_memory_map", 12, 2, { XENMEM_set_memory_map }, false },
	{ "own_memory_map", 12, 2, { XENMEM_memory_map }, false },
	{ "acquire_resource", 12, 2, { XENMEM_acquire_resource }, false },
	{ "grant_flush", 20, 2, { GNTTABOP_cache_flush, 0, 1 }, false },
	{ "grant_status", 20, 2, { GNTTABOP_get_status_frames, 0, 1 }, false },
	{ "callback_end", 30, 2, { CALLBACKOP_unregister }, false },
	{ "eoi", 33, 2, { PHYSDEVOP_eoi }, false },
	{ "set_iobitmap", 33, 2, { PHYSDEVOP_set_iobitmap }, false },
	{ "unmap_pirq", 33, 2, { PHYSDEVOP_unmap_pirq }, false },
	{ "setup_gsi", 33, 2, { PHYSDEVOP_setup_gsi }, false },
	{ "free_pirq", 33, 2, { PHYSDEVOP_get_free_pirq }, false },
	{ "device_add", 33, 2, { PHYSDEVOP_pci_device_add }, false },
};

/* The same of the other calls that take one: lists of one, structures, buffers. */
MICRO_TEST(hypercall_bad_pointers_more)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(more_calls); i++)
		try_bad_pointers(&more_calls[i]);
}

/* --- pointers inside of structures --- */

#define RESERVATION(name, cmd)							\
	static long name(void *p)						\
	{									\
		struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF }; \
										\
		set_xen_guest_handle_raw(r.extent_start, p);			\
		return hc_memory_op(cmd, &r);					\
	}
RESERVATION(in_populate, XENMEM_populate_physmap)
RESERVATION(in_decrease, XENMEM_decrease_reservation)

static long in_exchange(void *p)
{
	struct xen_memory_exchange x = {
		.in = { .nr_extents = 1, .domid = DOMID_SELF },
		.out = { .nr_extents = 1, .domid = DOMID_SELF },
	};

	set_xen_guest_handle_raw(x.in.extent_start, p);
	set_xen_guest_handle_raw(x.out.extent_start, p);
	return hc_memory_op(XENMEM_exchange, &x);
}

static long in_mfn_list(void *p)
{
	struct xen_machphys_mfn_list list = { .max_extents = 1 };

	set_xen_guest_handle_raw(list.extent_start, p);
	return hc_memory_op(XENMEM_machphys_mfn_list, &list);
}

static long in_memory_map(void *p)
{
	struct xen_memory_map map = { .nr_entries = 1 };

	set_xen_guest_handle_raw(map.buffer, p);
	return hc_memory_op(XENMEM_memory_map, &map);
}

static long in_resource(void *p)
{
	struct xen_mem_acquire_resource r = {
		.domid = DOMID_SELF, .type = XENMEM_resource_grant_table, .nr_frames = 1,
	};

	set_xen_guest_handle_raw(r.frame_list, p);
	return hc_memory_op(XENMEM_acquire_resource, &r);
}

/* Is it read when a port is used? Never a right to that. */
static long in_iobitmap(void *p)
{
	struct physdev_set_iobitmap set = { .nr_ports = 65536 };
	struct micro_regs regs = { 0 };
	long ret;

	set_xen_guest_handle_raw(set.bitmap, p);
	ret = hc_physdev_op(PHYSDEVOP_set_iobitmap, &set);
	MICRO_PROBE(&regs, "inb $0x80, %%al");
	micro_check(micro_probe.trapped);
	set_xen_guest_handle_raw(set.bitmap, NULL);
	set.nr_ports = 0;
	hc_physdev_op(PHYSDEVOP_set_iobitmap, &set);
	return ret;
}

static long in_poll(void *p)
{
	struct sched_poll poll = { .nr_ports = 1, .timeout = 1 };

	set_xen_guest_handle_raw(poll.ports, p);
	return hc_sched_op(SCHEDOP_poll, &poll);
}

static long in_grant_setup(void *p)
{
	struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };

	set_xen_guest_handle_raw(setup.frame_list, p);
	return hc_grant_table_op(GNTTABOP_setup_table, &setup, 1) ?: setup.status;
}

static long in_mmuext_mask(void *p)
{
	return micro_mmuext(MMUEXT_TLB_FLUSH_MULTI, 0, (unsigned long)p);
}

static long in_invlpg_mask(void *p)
{
	return micro_mmuext(MMUEXT_INVLPG_MULTI, (unsigned long)micro_user_stack, (unsigned long)p);
}

static long in_va_mapping_mask(void *p)
{
	return hc_update_va_mapping(micro_user_stack, micro_page_pte(micro_user_stack, PTE_RW),
				    UVMF_TLB_FLUSH | UVMF_MULTI | ((unsigned long)p & ~7ul));
}

static long in_runstate(void *p)
{
	struct vcpu_register_runstate_memory_area area = { .addr.p = (uint64_t)p };

	return hc_vcpu_op(VCPUOP_register_runstate_memory_area, 1, &area);
}

static long in_time(void *p)
{
	struct vcpu_register_time_memory_area area = { .addr.p = (uint64_t)p };

	return hc_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 1, &area);
}

static long in_updates(void *p)
{
	struct multicall_entry call = {
		.op = __HYPERVISOR_mmu_update, .args = { (unsigned long)p, 1, 0, DOMID_SELF },
	};

	return hc_multicall(&call, 1) ?: (long)call.result;
}

static long in_done(void *p)
{
	return hc_mmu_update(NULL, 0, p, DOMID_SELF);
}

/* The same for what a structure points to: whatever it answers, nobody is hurt. */
MICRO_TEST(hypercall_bad_inner_pointers)
{
	static const struct {
		const char *name;
		long (*call)(void *p);
	} calls[] = {
		{ "populate", in_populate }, { "decrease", in_decrease },
		{ "exchange", in_exchange }, { "mfn_list", in_mfn_list }, { "poll", in_poll },
		{ "memory_map", in_memory_map }, { "resource", in_resource },
		{ "iobitmap", in_iobitmap },
		{ "grant_setup", in_grant_setup }, { "mmuext_mask", in_mmuext_mask },
		{ "invlpg_mask", in_invlpg_mask }, { "va_mapping_mask", in_va_mapping_mask },
		{ "runstate", in_runstate }, { "time", in_time }, { "updates", in_updates },
		{ "done", in_done },
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		char text[80] = "";
		size_t at = 0;

		for (j = 0; j < ARRAY_SIZE(bad_pointers); j++)
			if (bad_pointers[j] != MACH2PHYS_VIRT_START)
				at += micro_format(text + at, sizeof(text) - at, " %ld",
						   calls[i].call((void *)bad_pointers[j]));
		micro_report("%s:%s", calls[i].name, text);
	}
}
