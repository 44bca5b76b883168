// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event upcalls: when the core calls the guest's handler, with which frame,
 * and what masks do (xen.h struct vcpu_info, callback.h).
 */
#include "micro.h"
#include "user.h"

static unsigned int upcalls, mask_inside, depth, depth_max;
static uint64_t frame_cs, frame_rflags, pending_inside;
static bool reenable;

static void upcall(struct micro_frame *frame)
{
	struct vcpu_info *info = micro_vcpu_info();

	upcalls++;
	depth++;
	if (depth > depth_max)
		depth_max = depth;
	mask_inside = info->evtchn_upcall_mask;
	frame_cs = frame->cs;
	frame_rflags = frame->rflags;
	WRITE_ONCE(info->evtchn_upcall_pending, 0);
	pending_inside = __atomic_exchange_n(&info->evtchn_pending_sel, 0,
					     __ATOMIC_SEQ_CST);
	micro_shared->evtchn_pending[0] = 0;
	if (reenable && depth < 3) {
		struct evtchn_send again = { .port = 1 };

		WRITE_ONCE(info->evtchn_upcall_mask, 0);
		micro_event_op(EVTCHNOP_send, &again);
		WRITE_ONCE(info->evtchn_upcall_mask, 1);
	}
	depth--;
}

static evtchn_port_t upcall_setup(void)
{
	evtchn_port_t port = micro_event_bind_ipi(0);

	upcalls = mask_inside = depth = depth_max = 0;
	reenable = false;
	micro_trap_hook(ENTRY_EVENT, upcall);
	micro_event_set_mask(port, false);
	return port;
}

static void send(evtchn_port_t port)
{
	struct evtchn_send op = { .port = port };

	micro_need(!micro_event_op(EVTCHNOP_send, &op));
}

/* An unmasked event is delivered before the hypercall that sent it returns. */
MICRO_TEST(upcall_at_once)
{
	evtchn_port_t port = upcall_setup();

	micro_vcpu_info()->evtchn_upcall_mask = 0;
	send(port);
	micro_report("upcalls=%u mask_inside=%u sel=%lx", upcalls, mask_inside,
		     pending_inside);
	micro_report("cs=%lx if=%lu mask_after=%u", frame_cs,
		     frame_rflags >> 9 & 1,
		     micro_vcpu_info()->evtchn_upcall_mask);
	micro_check(upcalls == 1);
}

/*
 * One that comes while upcalls are masked waits; clearing the mask by itself
 * is not enough, the next entry into the core delivers it.
 */
MICRO_TEST(upcall_deferred)
{
	evtchn_port_t port = upcall_setup();

	send(port);
	micro_report("masked upcalls=%u pending=%u", upcalls,
		     micro_vcpu_info()->evtchn_upcall_pending);
	micro_check(!upcalls);
	micro_vcpu_info()->evtchn_upcall_mask = 0;
	barrier();
	hc_xen_version(XENVER_version, NULL);
	micro_report("unmasked upcalls=%u", upcalls);
	micro_check(upcalls == 1);
}

/* Pending without any channel bit: the flag alone makes the core call. */
MICRO_TEST(upcall_by_flag)
{
	upcall_setup();
	micro_vcpu_info()->evtchn_upcall_pending = 1;
	barrier();
	hc_xen_version(XENVER_version, NULL);
	micro_report("masked=%u", upcalls);
	micro_vcpu_info()->evtchn_upcall_mask = 0;
	barrier();
	hc_xen_version(XENVER_version, NULL);
	micro_report("unmasked=%u", upcalls);
}

/* A handler may unmask: the next event nests inside it. */
MICRO_TEST(upcall_nested)
{
	evtchn_port_t port = upcall_setup();

	micro_need(port == 1);
	reenable = true;
	micro_vcpu_info()->evtchn_upcall_mask = 0;
	send(port);
	micro_report("upcalls=%u depth=%u mask_after=%u", upcalls, depth_max,
		     micro_vcpu_info()->evtchn_upcall_mask);
	micro_check(depth_max == 3);
}

static unsigned int breakpoints;

static void send_in_breakpoint(struct micro_frame *frame)
{
	breakpoints++;
	micro_vcpu_info()->evtchn_upcall_mask = 1;
	send(1);
	micro_report("in_handler upcalls=%u", upcalls);
	frame->rflags |= 0x200;
}

/* iret that unmasks (rflags.IF) delivers what waits, before the next insn. */
MICRO_TEST(upcall_at_iret)
{
	upcall_setup();
	micro_trap_hook(3, send_in_breakpoint);
	asm volatile("int3" ::: "memory");
	micro_report("after_iret upcalls=%u mask=%u", upcalls,
		     micro_vcpu_info()->evtchn_upcall_mask);
	micro_check(upcalls == 1);
}

/* SCHEDOP_block unmasks upcalls by itself and returns at once if one waits. */
MICRO_TEST(upcall_block)
{
	evtchn_port_t port = upcall_setup();
	long ret;

	send(port);
	ret = hc_sched_op(SCHEDOP_block, NULL);
	micro_report("block=%ld upcalls=%u mask=%u", ret, upcalls,
		     micro_vcpu_info()->evtchn_upcall_mask);
	micro_check(upcalls == 1);
}

/* The event callback cannot be taken away; unknown flags are ignored. */
MICRO_TEST(upcall_unregister)
{
	struct callback_unregister none = { .type = CALLBACKTYPE_event };
	struct callback_register reg = {
		.type = CALLBACKTYPE_event, .flags = 0xffff,
		.address = (unsigned long)micro_event_entry,
	};
	evtchn_port_t port = upcall_setup();

	micro_report("unregister=%ld",
		     hc_callback_op(CALLBACKOP_unregister, &none));
	micro_report("register_flags=%ld",
		     hc_callback_op(CALLBACKOP_register, &reg));
	send(port);
	micro_vcpu_info()->evtchn_upcall_mask = 0;
	barrier();
	hc_xen_version(XENVER_version, NULL);
	micro_report("upcalls=%u", upcalls);
}

/* callback_op: types, addresses, pointers. */
MICRO_TEST(upcall_register_errors)
{
	struct callback_register reg = { .type = 0, .address = 0 };
	struct callback_unregister none = { .type = 0 };
	unsigned int type;

	for (type = 0; type < 0x10000; type = type == 9 ? 32 : type == 39 ? 0xffff : type + 1) {
		reg.type = type;
		reg.address = 0x800000000000;
		micro_report("type%u noncanonical=%ld", type,
			     hc_callback_op(CALLBACKOP_register, &reg));
		none.type = type;
		micro_report("type%u unregister=%ld", type,
			     hc_callback_op(CALLBACKOP_unregister, &none));
	}
	reg.type = 0;
	reg.address = 0xffff830000000000;
	micro_report("hypervisor_address=%ld",
		     hc_callback_op(CALLBACKOP_register, &reg));
	micro_report("bad_pointer=%ld",
		     hc_callback_op(CALLBACKOP_register, (void *)0x1000));
	micro_report("op2=%ld", hc_callback_op(2, &reg));
	micro_report("old_call noncanonical=%ld",
		     hc_set_callbacks(0x800000000000, 0, 0));
	micro_report("old_call good=%ld",
		     hc_set_callbacks(micro_event_entry, micro_failsafe_entry,
				      micro_syscall_entry));
}

static unsigned int nmis, nmi_mask;

static void nmi(struct micro_frame *frame)
{
	(void)frame;
	nmis++;
	nmi_mask = micro_vcpu_info()->evtchn_upcall_mask;
}

/* A virtual NMI comes through its own callback even while events are masked. */
MICRO_TEST(upcall_nmi)
{
	struct xennmi_callback callback = { 0 };
	long ret;

	nmis = 0;
	micro_trap_hook(ENTRY_NMI, nmi);
	micro_trap_hook(2, nmi);
	ret = hc_vcpu_op(VCPUOP_send_nmi, 0, NULL);
	hc_xen_version(XENVER_version, NULL);
	micro_report("send=%ld nmis=%u mask=%u", ret, nmis, nmi_mask);
	micro_report("send_vcpu9=%ld", hc_vcpu_op(VCPUOP_send_nmi, 9, NULL));
	micro_report("unregister=%ld",
		     hc_nmi_op(XENNMI_unregister_callback, NULL));
	callback.handler_address = 0x800000000000;
	micro_report("register_noncanonical=%ld",
		     hc_nmi_op(XENNMI_register_callback, &callback));
	micro_report("bad_pointer=%ld",
		     hc_nmi_op(XENNMI_register_callback, (void *)0x1000));
}

static unsigned int nmi_entries[ENTRY_COUNT];

static void count_nmi(struct micro_frame *frame)
{
	nmi_entries[frame->vector]++;
}

static void send_nmi(const char *when)
{
	long ret;

	memset(nmi_entries, 0, sizeof(nmi_entries));
	ret = hc_vcpu_op(VCPUOP_send_nmi, 0, NULL);
	hc_xen_version(XENVER_version, NULL);
	micro_report("%s: send=%ld callback=%u vector2=%u", when, ret, nmi_entries[ENTRY_NMI],
		     nmi_entries[2]);
}

/* A kernel that has a handler of vector 2 and no callback (as Linux) gets NMIs there. */
MICRO_TEST(upcall_nmi_vector)
{
	static struct trap_info table[257];
	struct xennmi_callback callback = { .handler_address = (unsigned long)micro_nmi_entry };

	micro_trap_hook(ENTRY_NMI, count_nmi);
	micro_trap_hook(2, count_nmi);
	micro_trap_fill(table);
	hc_set_trap_table(table);
	send_nmi("table last");
	micro_report("register=%ld", hc_nmi_op(XENNMI_register_callback, &callback));
	send_nmi("callback last");
	hc_set_trap_table(table);
	micro_report("unregister=%ld", hc_nmi_op(XENNMI_unregister_callback, NULL));
	hc_set_trap_table(table);
	send_nmi("unregistered, table last");
}
