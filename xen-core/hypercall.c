// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of hypercalls. A handler that returns -ERESTART has changed its
 * arguments where they are (hypercall_set_arg); the call is issued again.
 */
#include "hypercall.h"

#include "console.h"
#include "domctl.h"
#include "event.h"
#include "grant_table.h"
#include "sched.h"
#include "sysctl.h"

static long hypercall_unknown(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	return -ENOSYS;
}

/*
 * A handler has as many parameters as it needs, each one register wide: the
 * calling convention makes it callable with six.
 */
#define HYPERCALL(name) [__HYPERVISOR_##name] = (hypercall_fn)(void (*)(void))do_##name
#define UNKNOWN(first, last) [first ... last] = hypercall_unknown

const hypercall_fn hypercall_table[NR_HYPERCALLS] = {
	HYPERCALL(set_trap_table),
	HYPERCALL(mmu_update),
	HYPERCALL(set_gdt),
	HYPERCALL(stack_switch),
	HYPERCALL(set_callbacks),
	HYPERCALL(fpu_taskswitch),
	HYPERCALL(sched_op_compat),
	HYPERCALL(platform_op),
	HYPERCALL(set_debugreg),
	HYPERCALL(get_debugreg),
	HYPERCALL(update_descriptor),
	UNKNOWN(11, 11),
	HYPERCALL(memory_op),
	HYPERCALL(multicall),
	HYPERCALL(update_va_mapping),
	HYPERCALL(set_timer_op),
	HYPERCALL(event_channel_op_compat),
	HYPERCALL(xen_version),
	HYPERCALL(console_io),
	HYPERCALL(physdev_op_compat),
	HYPERCALL(grant_table_op),
	HYPERCALL(vm_assist),
	HYPERCALL(update_va_mapping_otherdomain),
	HYPERCALL(iret),
	HYPERCALL(vcpu_op),
	HYPERCALL(set_segment_base),
	HYPERCALL(mmuext_op),
	UNKNOWN(__HYPERVISOR_xsm_op, __HYPERVISOR_xsm_op),
	HYPERCALL(nmi_op),
	HYPERCALL(sched_op),
	HYPERCALL(callback_op),
	UNKNOWN(__HYPERVISOR_xenoprof_op, __HYPERVISOR_xenoprof_op),
	HYPERCALL(event_channel_op),
	HYPERCALL(physdev_op),
	HYPERCALL(hvm_op),
	HYPERCALL(sysctl),
	HYPERCALL(domctl),
	UNKNOWN(__HYPERVISOR_domctl + 1, NR_HYPERCALLS - 1),
};
