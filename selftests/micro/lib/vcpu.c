// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second vcpu: run a function on it, then take it down again.
 *
 * VCPUOP_initialise works once in a domain's life, so the vcpu sits in a loop:
 * run the body, go down, and be brought up again behind its own VCPUOP_down.
 */
#include "micro.h"
#include "user.h"

static char secondary_stack[4 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static bool secondary_ready;
static void (*volatile secondary_body)(void);

extern char micro_secondary_entry[];
void micro_secondary_main(void);

/* Called by the entry in start.S, on vcpu 1. */
void micro_secondary_main(void)
{
	for (;;) {
		if (secondary_body)
			secondary_body();
		hc_vcpu_op(VCPUOP_down, 1, NULL);
	}
}

/**
 * micro_vcpu_context() - a valid start state for another vcpu
 * @context: to be filled
 * @rip: entry, in kernel mode
 * @rsp: its stack
 */
void micro_vcpu_context(struct vcpu_guest_context *context, void *rip,
			void *rsp)
{
	memset(context, 0, sizeof(*context));
	context->flags = VGCF_IN_KERNEL;
	context->user_regs.rip = (unsigned long)rip;
	context->user_regs.rsp = (unsigned long)rsp;
	context->user_regs.cs = FLAT_KERNEL_CS;
	context->user_regs.ss = FLAT_KERNEL_SS;
	context->user_regs.rflags = 0x200;
	context->kernel_ss = FLAT_KERNEL_SS;
	context->kernel_sp = (unsigned long)rsp;
	/* 256 entries and no terminator here: it is the virtual IDT itself */
	micro_trap_fill(context->trap_ctxt);
	context->event_callback_eip = (unsigned long)micro_event_entry;
	context->failsafe_callback_eip = (unsigned long)micro_failsafe_entry;
	context->syscall_callback_eip = (unsigned long)micro_syscall_entry;
	context->ctrlreg[3] = xen_pfn_to_cr3(
		micro_va_to_mfn((void *)micro_start_info->pt_base));
}

/**
 * micro_vcpu_start() - run a function on vcpu 1
 * @vcpu: 1
 * @body: runs there; the vcpu goes down when it returns
 *
 * Return: what the core said, 0 when the vcpu is up.
 */
long micro_vcpu_start(unsigned int vcpu, void (*body)(void))
{
	static struct vcpu_guest_context context;
	long ret;

	secondary_body = body;
	if (!secondary_ready) {
		micro_vcpu_context(&context, micro_secondary_entry,
				   secondary_stack + sizeof(secondary_stack));
		ret = hc_vcpu_op(VCPUOP_initialise, vcpu, &context);
		if (ret)
			return ret;
		secondary_ready = true;
	}
	return hc_vcpu_op(VCPUOP_up, vcpu, NULL);
}

/** micro_vcpu_stop() - wait until the vcpu has gone down by itself */
void micro_vcpu_stop(unsigned int vcpu)
{
	while (hc_vcpu_op(VCPUOP_is_up, vcpu, NULL) == 1)
		hc_sched_op(SCHEDOP_yield, NULL);
}
