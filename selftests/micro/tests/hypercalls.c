// SPDX-License-Identifier: GPL-2.0-only
/* The hypercall gate itself: numbers, and the multicall list (xen.h). */
#include "micro.h"

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

/*
 * A structure the core cannot read or write is -EFAULT: not mapped, outside
 * the canonical range, in the core's own range, or only readable (m2p).
 */
MICRO_TEST(hypercall_bad_pointers)
{
	static const unsigned long bad[] = {
		0x1000, 0x7ffffffffffc, 0x800000000000, 0xffff82d040000000,
		0xffff830000000000, 0xffff87fffffffffc, 0xfffffffffffffffc,
		0xffff800000000000,
	};
	static const struct {
		const char *name;
		unsigned int nr, last;	/* argument number of the pointer */
		unsigned long a1, a2;
		bool output;
	} calls[] = {
		{ "evtchn_bind_ipi", 32, 2, EVTCHNOP_bind_ipi, 0, true },
		{ "evtchn_status", 32, 2, EVTCHNOP_status, 0, true },
		{ "evtchn_alloc", 32, 2, EVTCHNOP_alloc_unbound, 0, true },
		{ "machphys_mapping", 12, 2, XENMEM_machphys_mapping, 0, true },
		{ "memory_map", 12, 2, XENMEM_machine_memory_map, 0, true },
		{ "get_runstate", 24, 3, VCPUOP_get_runstate_info, 0, true },
		{ "register_info", 24, 3, VCPUOP_register_vcpu_info, 1, false },
		{ "singleshot", 24, 3, VCPUOP_set_singleshot_timer, 0, false },
		{ "get_features", 17, 2, XENVER_get_features, 0, true },
		{ "platform_parameters", 17, 2, XENVER_platform_parameters, 0,
		  true },
		{ "irq_status", 33, 2, PHYSDEVOP_irq_status_query, 0, true },
		{ "poll", 29, 2, SCHEDOP_poll, 0, false },
		{ "callback", 30, 2, CALLBACKOP_register, 0, false },
		{ "platform", 7, 1, 0, 0, false },
		{ "set_trap_table", 0, 1, 0, 0, false },
	};
	unsigned int i, j, faults;
	unsigned long arg[3];
	long ret;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		arg[0] = calls[i].a1;
		arg[1] = calls[i].a2;
		arg[2] = 0;
		for (j = faults = 0; j < ARRAY_SIZE(bad); j++) {
			/* what is read from m2p is some number, not a fault */
			if (!calls[i].output && bad[j] == MACH2PHYS_VIRT_START)
				continue;
			arg[calls[i].last - 1] = bad[j];
			ret = hypercall3(calls[i].nr, arg[0], arg[1], arg[2]);
			faults += ret == -XEN_EFAULT;
			if (ret != -XEN_EFAULT)
				micro_report("%s pointer%u=%ld", calls[i].name,
					     j, ret);
		}
		micro_report("%s faults=%u", calls[i].name, faults);
	}
}
