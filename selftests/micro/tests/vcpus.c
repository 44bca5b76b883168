// SPDX-License-Identifier: GPL-2.0-only
/* vcpu_op: a second vcpu's life, IPIs, runstate and info areas (vcpu.h). */
#include "micro.h"

static volatile unsigned int ran;
static volatile uint64_t seen_cs;

static void body_count(void)
{
	uint32_t cs;

	asm volatile("movl %%cs, %0" : "=r" (cs));
	seen_cs = cs;
	ran++;
}

/* Down, initialised, up, down again; each step's answers. */
MICRO_TEST_ALONE(vcpu_life)
{
	static struct vcpu_guest_context context;

	micro_report("is_up0=%ld is_up1=%ld is_up2=%ld",
		     hc_vcpu_op(VCPUOP_is_up, 0, NULL),
		     hc_vcpu_op(VCPUOP_is_up, 1, NULL),
		     hc_vcpu_op(VCPUOP_is_up, 2, NULL));
	micro_report("up_uninitialised=%ld", hc_vcpu_op(VCPUOP_up, 1, NULL));
	micro_report("down_uninitialised=%ld",
		     hc_vcpu_op(VCPUOP_down, 1, NULL));
	micro_report("initialise_pointer=%ld",
		     hc_vcpu_op(VCPUOP_initialise, 1, 0x1000));
	micro_vcpu_context(&context, body_count, micro_user_stack);
	micro_report("initialise_self=%ld",
		     hc_vcpu_op(VCPUOP_initialise, 0, &context));
	micro_report("initialise_vcpu2=%ld",
		     hc_vcpu_op(VCPUOP_initialise, 2, &context));
	micro_report("start=%ld", micro_vcpu_start(1, body_count));
	micro_vcpu_stop(1);
	micro_report("ran=%u cs=%lx", ran, seen_cs);
	micro_report("initialise_again=%ld",
		     hc_vcpu_op(VCPUOP_initialise, 1, &context));
	micro_report("up_again=%ld", hc_vcpu_op(VCPUOP_up, 1, NULL));
	micro_vcpu_stop(1);
	micro_report("ran=%u", ran);
	micro_report("up_self=%ld", hc_vcpu_op(VCPUOP_up, 0, NULL));
	micro_report("down_down=%ld", hc_vcpu_op(VCPUOP_down, 1, NULL));
}

/* Something in a start state that the core must not accept. */
static bool context_spoil(struct vcpu_guest_context *context, unsigned int how)
{
	switch (how) {
	case 0:
		context->ctrlreg[3] =
			xen_pfn_to_cr3(micro_bad_mfn());
		break;
	case 1:
		context->ctrlreg[3] = xen_pfn_to_cr3(
			micro_va_to_mfn(micro_user_stack));
		break;
	case 2:
		context->ldt_ents = 8193;
		break;
	case 3:
		context->ldt_base = 0x800000000000;
		context->ldt_ents = 8;
		break;
	case 4:
		context->gdt_ents = 8;
		context->gdt_frames[0] = micro_bad_mfn();
		break;
	case 5:
		context->gdt_ents = 9000;
		break;
	case 6:
		context->trap_ctxt[5].address = 0x800000000000;
		break;
	case 7:
		context->event_callback_eip = 0x800000000000;
		break;
	case 8:
		context->fs_base = 0x800000000000;
		break;
	case 9:	/* user mode without a page table of its own */
		context->flags &= ~VGCF_in_kernel;
		context->ctrlreg[1] = 0;
		break;
	case 10:
		context->failsafe_callback_eip = 0x800000000000;
		break;
	case 11:
		context->syscall_callback_eip = 0x800000000000;
		break;
	case 12:
		context->gs_base_kernel = 0x800000000000;
		break;
	case 13:
		context->gs_base_user = 0x800000000000;
		break;
	case 14:
		context->user_regs.rip = 0x800000000000;
		break;
	default:
		return false;
	}
	return true;
}

MICRO_TEST_ALONE(vcpu_bad_context)
{
	static struct vcpu_guest_context context;
	unsigned int i;

	for (i = 0; ; i++) {
		micro_vcpu_context(&context, body_count, micro_user_stack);
		if (!context_spoil(&context, i))
			return;
		micro_report("context%u=%ld", i,
			     hc_vcpu_op(VCPUOP_initialise, 1, &context));
		if (hc_vcpu_op(VCPUOP_initialise, 1, &context) ==
		    -XEN_EEXIST) {
			micro_report("accepted");
			return;
		}
	}
}

static evtchn_port_t ipi_port;
static volatile unsigned int ipi_seen, ipi_ready;

static void body_wait_ipi(void)
{
	struct sched_poll poll = { .nr_ports = 1 };
	static evtchn_port_t port;

	port = ipi_port;
	set_xen_guest_handle(poll.ports, &port);
	ipi_ready = 1;
	while (!micro_event_is_pending(port))
		hc_sched_op(SCHEDOP_poll, &poll);
	ipi_seen = 1;
}

/* An IPI reaches a vcpu that sleeps in poll. */
MICRO_TEST(vcpu_ipi)
{
	struct evtchn_send send;

	ipi_seen = ipi_ready = 0;
	ipi_port = micro_event_bind_ipi(1);
	send.port = ipi_port;
	micro_report("start=%ld", micro_vcpu_start(1, body_wait_ipi));
	while (!ipi_ready)
		hc_sched_op(SCHEDOP_yield, NULL);
	micro_report("before_send=%u", ipi_seen);
	micro_report("send=%ld", micro_event_op(EVTCHNOP_send, &send));
	micro_vcpu_stop(1);
	micro_report("after_send=%u", ipi_seen);
	micro_check(ipi_seen);
}

static volatile unsigned int upcalls;

static void note_upcall(struct micro_frame *frame)
{
	(void)frame;
	micro_vcpu_info()->evtchn_upcall_pending = 0;
	micro_vcpu_info()->evtchn_pending_sel = 0;
	upcalls++;
}

static void body_send(void)
{
	struct evtchn_send send = { .port = ipi_port };

	micro_event_op(EVTCHNOP_send, &send);
}

/* An IPI interrupts a vcpu that runs and makes no call into the core. */
MICRO_TEST(vcpu_ipi_running)
{
	upcalls = 0;
	micro_trap_hook(ENTRY_EVENT, note_upcall);
	ipi_port = micro_event_bind_ipi(0);
	micro_event_set_mask(ipi_port, false);
	micro_vcpu_info()->evtchn_upcall_mask = 0;
	barrier();
	micro_report("start=%ld", micro_vcpu_start(1, body_send));
	while (!upcalls)
		asm volatile("pause");
	micro_event_disable();
	micro_report("upcalls=%u", upcalls);
	micro_vcpu_stop(1);
}

#define FPU_ROUNDS	300

static volatile unsigned int fpu_bad[2], fpu_done[2], fpu_round[2];

/* Let the other one run at least once: both are on the same CPU. */
static void fpu_take_turns(unsigned int me)
{
	fpu_round[me]++;
	while (fpu_round[!me] < fpu_round[me] - 1 && !fpu_done[!me])
		hc_sched_op(SCHEDOP_yield, NULL);
}

/* Own values in x87, SSE and fs base, checked after every yield. */
static void fpu_hold(unsigned int me)
{
	uint64_t mine[2] = { 0x1111000000000000UL + me, me };
	uint64_t seen[2], base, word = 0x7700 + me;
	uint32_t control = 0x1f80 | me << 13, seen_control;
	struct sched_pin_override pin = { .pcpu = 0 };
	unsigned int i;

	fpu_bad[me] = fpu_round[me] = 0;
	hc_sched_op(SCHEDOP_pin_override, &pin);
	hc_set_segment_base(SEGBASE_FS, &word);
	asm volatile("movups %0, %%xmm5; fninit; fildll %1; ldmxcsr %2"
		     :: "m" (mine), "m" (mine[1]), "m" (control));
	for (i = 0; i < FPU_ROUNDS; i++) {
		fpu_take_turns(me);
		asm volatile("movups %%xmm5, %0; stmxcsr %1; movq %%fs:0, %2"
			     : "=m" (seen), "=m" (seen_control), "=r" (base));
		if (memcmp(seen, mine, 16) || seen_control != control ||
		    base != word)
			fpu_bad[me]++;
	}
	asm volatile("fistpll %0" : "=m" (seen[0]));
	if (seen[0] != me)
		fpu_bad[me]++;
	control = 0x1f80;
	asm volatile("ldmxcsr %0" :: "m" (control));
	hc_set_segment_base(SEGBASE_FS, 0);
	pin.pcpu = -1;
	hc_sched_op(SCHEDOP_pin_override, &pin);
	fpu_done[me] = 1;
}

static void body_fpu(void)
{
	fpu_hold(1);
}

/* Two vcpus on one CPU: each keeps its FPU state and segment bases. */
MICRO_TEST(vcpu_state_kept)
{
	fpu_done[0] = fpu_done[1] = 0;
	micro_report("start=%ld", micro_vcpu_start(1, body_fpu));
	fpu_hold(0);
	micro_vcpu_stop(1);
	micro_report("done=%u,%u bad=%u,%u", fpu_done[0], fpu_done[1],
		     fpu_bad[0], fpu_bad[1]);
	micro_check(!fpu_bad[0] && !fpu_bad[1]);
}

/* Runstate: by call and in a registered area; the times add up. */
MICRO_TEST(vcpu_runstate)
{
	static struct vcpu_runstate_info info, area;
	struct vcpu_register_runstate_memory_area reg;

	micro_report("get=%ld",
		     hc_vcpu_op(VCPUOP_get_runstate_info, 0, &info));
	micro_report("state=%d entered=%d running_time=%d", info.state,
		     info.state_entry_time != 0, info.time[0] != 0);
	micro_report("get_vcpu9=%ld",
		     hc_vcpu_op(VCPUOP_get_runstate_info, 9, &info));
	micro_report("get_pointer=%ld",
		     hc_vcpu_op(VCPUOP_get_runstate_info, 0, 0x1000));
	area.state = 99;
	reg.addr.v = &area;
	micro_report("register=%ld",
		     hc_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &reg));
	micro_report("area_state=%d entered=%d", area.state,
		     area.state_entry_time != 0);
	micro_report("register_pointer=%ld",
		     hc_vcpu_op(VCPUOP_register_runstate_memory_area, 0,
				0x1000));
	reg.addr.v = (void *)0xffff830000000000;
	micro_report("register_hypervisor=%ld",
		     hc_vcpu_op(VCPUOP_register_runstate_memory_area, 0,
				&reg));
	reg.addr.v = (void *)0x800000000000;
	micro_report("register_noncanonical=%ld",
		     hc_vcpu_op(VCPUOP_register_runstate_memory_area, 0,
				&reg));
	reg.addr.v = NULL;
	micro_report("register_null=%ld",
		     hc_vcpu_op(VCPUOP_register_runstate_memory_area, 0,
				&reg));
}

/* A second copy of the time page; same errors as for runstate. */
MICRO_TEST(vcpu_time_area)
{
	static struct vcpu_time_info area;
	struct vcpu_register_time_memory_area reg;
	long ret;

	reg.addr.v = &area;
	ret = hc_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &reg);
	micro_report("register=%ld version_even=%d set=%d", ret,
		     !(area.version & 1), area.tsc_to_system_mul != 0);
	micro_report("same_scale=%d", area.tsc_to_system_mul ==
		     micro_vcpu_info()->time.tsc_to_system_mul);
	reg.addr.v = (void *)0x800000000000;
	micro_report("noncanonical=%ld",
		     hc_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0,
				&reg));
	reg.addr.v = NULL;
	micro_report("null=%ld",
		     hc_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0,
				&reg));
}

/* vcpu_info moves once, inside one page, keeping what was pending. */
MICRO_TEST_ALONE(vcpu_register_info)
{
	struct vcpu_info *old = micro_vcpu_info(), *moved;
	char *page = micro_page_alloc();
	struct vcpu_register_vcpu_info reg = {
		.mfn = micro_va_to_mfn(page), .offset = 128,
	};
	evtchn_port_t port = micro_event_bind_ipi(0);
	struct evtchn_send send = { .port = port };

	reg.offset = 4096 - 32;
	micro_report("crossing=%ld",
		     hc_vcpu_op(VCPUOP_register_vcpu_info, 0, &reg));
	reg.offset = 132;
	micro_report("unaligned=%ld",
		     hc_vcpu_op(VCPUOP_register_vcpu_info, 0, &reg));
	reg = (struct vcpu_register_vcpu_info){ .mfn = micro_bad_mfn() };
	micro_report("bad_mfn=%ld",
		     hc_vcpu_op(VCPUOP_register_vcpu_info, 0, &reg));
	reg.mfn = micro_va_to_mfn(page);
	reg.offset = 128;
	micro_report("vcpu9=%ld",
		     hc_vcpu_op(VCPUOP_register_vcpu_info, 9, &reg));
	micro_report("pointer=%ld",
		     hc_vcpu_op(VCPUOP_register_vcpu_info, 0, 0x1000));
	old->arch.cr2 = 0x4242;
	micro_report("register=%ld",
		     hc_vcpu_op(VCPUOP_register_vcpu_info, 0, &reg));
	moved = (void *)(page + 128);
	micro_report("cr2=%lx mask=%u pending=%u sel=%lx", moved->arch.cr2,
		     moved->evtchn_upcall_mask, moved->evtchn_upcall_pending,
		     moved->evtchn_pending_sel);
	moved->evtchn_pending_sel = 0;
	moved->evtchn_upcall_pending = 0;
	old->evtchn_upcall_pending = 0;
	micro_event_set_mask(port, false);
	micro_need(!micro_event_op(EVTCHNOP_send, &send));
	micro_report("pending old=%u moved=%u", old->evtchn_upcall_pending,
		     moved->evtchn_upcall_pending);
	micro_report("again=%ld",
		     hc_vcpu_op(VCPUOP_register_vcpu_info, 0, &reg));
	micro_report("page_still_ours=%ld",
		     micro_map(page, micro_page_pte(page, PTE_RO)));
}

/* Unknown operations; get_physid without a pinned vcpu. */
MICRO_TEST(vcpu_arguments)
{
	struct vcpu_get_physid id;

	micro_report("op14=%ld", hc_vcpu_op(14, 0, NULL));
	micro_report("op_max=%ld", hc_vcpu_op(~0U, 0, NULL));
	micro_report("op14_vcpu9=%ld", hc_vcpu_op(14, 9, NULL));
	micro_report("is_up_max=%ld", hc_vcpu_op(VCPUOP_is_up, ~0U, NULL));
	micro_report("physid=%ld", hc_vcpu_op(VCPUOP_get_physid, 0, &id));
}

static volatile unsigned int failsafes;

static void failsafe(struct micro_frame *frame)
{
	micro_report("failsafe cs=%lx ss=%lx mask=%u", frame->cs, frame->ss,
		     micro_vcpu_info()[1].evtchn_upcall_mask);
	micro_report("bases fs=%lx gs=%lx user_gs=%lx", micro_rdmsr(0xc0000100),
		     micro_rdmsr(0xc0000101), micro_rdmsr(0xc0000102));
	failsafes++;
	hc_vcpu_op(VCPUOP_down, 1, NULL);
}

/*
 * Segment registers the core cannot load when it runs a vcpu go to the
 * failsafe callback, which finds them on its stack (callback.h). The bases are kept.
 */
MICRO_TEST_ALONE(vcpu_failsafe)
{
	static struct vcpu_guest_context context;

	micro_trap_hook(ENTRY_FAILSAFE, failsafe);
	micro_vcpu_context(&context, body_count, micro_user_stack + PAGE_SIZE);
	context.user_regs.ds = 0x1b;
	context.user_regs.es = 0x23;
	context.user_regs.fs = 0x2b;
	context.user_regs.gs = 0x33;
	context.fs_base = 0x1000;
	context.gs_base_kernel = 0x2000;
	context.gs_base_user = 0x3000;
	micro_report("initialise=%ld",
		     hc_vcpu_op(VCPUOP_initialise, 1, &context));
	micro_need(!hc_vcpu_op(VCPUOP_up, 1, NULL));
	micro_vcpu_stop(1);
	micro_report("failsafes=%u ran=%u", failsafes, ran);
	micro_report("ds=%lx es=%lx fs=%lx gs=%lx",
		     micro_failsafe_selectors[0], micro_failsafe_selectors[1],
		     micro_failsafe_selectors[2], micro_failsafe_selectors[3]);
}

/* What vcpu 1 finds itself with, or that it faults: with which code. */
static volatile uint64_t start_flags, start_cs, start_error;
static volatile bool start_done;

static void start_over(void)
{
	start_done = true;
	for (;;)
		hc_vcpu_op(VCPUOP_down, 1, NULL);
}

static void start_body(void)
{
	uint64_t flags, cs;

	asm volatile("pushfq; popq %0; movq %%cs, %1" : "=r" (flags), "=r" (cs));
	start_flags = flags;
	start_cs = cs;
	start_over();
}

static void start_fault(struct micro_frame *frame)
{
	start_error = frame->error;
	start_over();
}

static void start_with(uint16_t cs, uint16_t ss, uint64_t rflags)
{
	static char stack[2 * PAGE_SIZE] __attribute__((aligned(16)));
	static struct vcpu_guest_context context;

	micro_trap_hook(13, start_fault);
	micro_vcpu_context(&context, start_body, stack + sizeof(stack) - 8);
	context.user_regs.cs = cs;
	context.user_regs.ss = ss;
	context.user_regs.rflags = rflags;
	micro_report("init=%ld", hc_vcpu_op(VCPUOP_initialise, 1, &context));
	micro_report("up=%ld", hc_vcpu_op(VCPUOP_up, 1, NULL));
	while (!start_done)
		hc_sched_op(SCHEDOP_yield, NULL);
	micro_report("cs=%lx iopl=%lx fault=%lx", start_cs, start_flags >> 12 & 3, start_error);
	micro_check(start_error || ((start_cs & 3) == 3 && !(start_flags & 0x3000)));
}

/* E1: a new vcpu has no right to I/O, and privilege 3, whatever it is to start with. */
MICRO_TEST_ALONE(vcpu_start_iopl)
{
	start_with(FLAT_KERNEL_CS, FLAT_KERNEL_SS, 0x3202);
}

MICRO_TEST_ALONE(vcpu_start_rpl0)
{
	start_with(FLAT_KERNEL_CS & ~3, FLAT_KERNEL_SS & ~3, 0x202);
}

MICRO_TEST_ALONE(vcpu_start_core_segment)
{
	start_with(0xe008, 0xe010, 0x202);
}
