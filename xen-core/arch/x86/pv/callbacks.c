// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entering the guest's kernel: exceptions, events, system calls, failsafe.
 *
 * All build a frame on the kernel's stack and continue at an address that the
 * guest registered (xen/arch-x86/xen.h, xen/callback.h):
 *
 *	rsp -> rcx, r11, [error code | ds, es, fs, gs], rip, cs + mask, rflags, rsp, ss
 *
 * The cs word holds the event mask as it was in bits 32 up, and CPL 0 for the
 * guest's kernel; rflags.IF is the opposite of the mask. The way back is
 * HYPERVISOR_iret. The system call path has a twin in entry.S.
 */
#include "asm.h"
#include "bitops.h"
#include "compiler.h"
#include "cpu_private.h"
#include "errno.h"
#include "event.h"
#include "preempt.h"
#include "pv.h"
#include "sched.h"
#include "string.h"
#include "traps.h"
#include "uaccess.h"

#include <xen/callback.h>
#include <xen/nmi.h>

#define FRAME_MAX	12
#define RETURN_FLAGS	0x244dd5u	/* what HYPERVISOR_iret takes from the guest */

struct frame {
	u64 word[FRAME_MAX];	/* from the lowest address */
	u32 nr;
};

static void frame_add(struct frame *f, u64 w)
{
	f->word[f->nr++] = w;
}

/* The part every frame ends in. */
static void frame_add_return(struct frame *f, struct vcpu *v)
{
	struct regs *r = &v->regs;
	bool mask = v->info->evtchn_upcall_mask;
	u64 cs = v->arch.in_kernel ? r->cs & ~3ull : r->cs;
	u64 flags = mask ? r->rflags & ~(u64)EFLAGS_IF : r->rflags | EFLAGS_IF;

	if (test_bit(VMASST_TYPE_architectural_iopl, &v->domain->vm_assist))
		flags |= (u64)v->arch.iopl << 12;
	frame_add(f, r->rip);
	frame_add(f, (cs & 0xffff) | (u64)mask << 32);
	frame_add(f, flags);
	frame_add(f, r->rsp);
	frame_add(f, r->ss);
}

static void frame_begin(struct frame *f, struct vcpu *v)
{
	f->nr = 0;
	frame_add(f, v->regs.rcx);
	frame_add(f, v->regs.r11);
}

/* Put the frame on the kernel's stack and go on at @rip. */
static void frame_enter(struct frame *f, struct vcpu *v, u64 rip, bool mask_events)
{
	struct regs *r = &v->regs;
	u64 sp = v->arch.in_kernel ? r->rsp : v->arch.kernel_sp;

	sp = (sp & ~15ull) - f->nr * 8;
	if (!v->arch.in_kernel)
		pv_toggle_mode(v);
	if (copy_to_guest(GVA(sp), f->word, f->nr * 8)) {
		domain_crash(v->domain, "bad kernel stack 0x%llx in d%uv%u for an entry at 0x%llx",
			     (unsigned long long)sp, v->domain->id, v->id,
			     (unsigned long long)rip);
		return;
	}
	if (mask_events)
		v->info->evtchn_upcall_mask = 1;
	r->rip = rip;
	r->cs = GUEST_CS;
	r->ss = GUEST_SS;
	r->rsp = sp;
	r->rflags &= ~(u64)(EFLAGS_TF | EFLAGS_NT | EFLAGS_RF | EFLAGS_AC | EFLAGS_DF);
	r->rflags |= EFLAGS_IF;
}

static bool has_error_code(u32 vector)
{
	return vector == TRAP_DF || (vector >= TRAP_TS && vector <= TRAP_PF) ||
	       vector == TRAP_AC || vector == TRAP_CP;
}

/**
 * pv_inject_trap() - make the guest's kernel handle exception @vector.
 * Without a handler the domain is crashed, as with a triple fault.
 */
void pv_inject_trap(struct vcpu *v, u32 vector, u32 error)
{
	const struct guest_trap *t = &v->arch.traps[vector & 255];
	struct frame f;

	if (!t->rip) {
		domain_crash(v->domain, "v%u: exception %u (error %x) at %llx has no handler",
			     v->id, vector, error, (unsigned long long)v->regs.rip);
		return;
	}
	frame_begin(&f, v);
	if (has_error_code(vector))
		frame_add(&f, error);
	frame_add_return(&f, v);
	frame_enter(&f, v, t->rip, t->masks_events);
}

void pv_inject_page_fault(struct vcpu *v, u64 va, u32 error)
{
	/* CPL 3 as the hardware sees it is the kernel's own mode for the guest. */
	if (v->arch.in_kernel)
		error &= ~PF_U;
	v->arch.cr2 = va;
	v->info->arch.cr2 = va;
	pv_inject_trap(v, TRAP_PF, error);
}

/* v->info has evtchn_upcall_pending, or an NMI waits: enter if the guest lets us. */
void pv_deliver_pending(struct vcpu *v)
{
	struct frame f;

	if (v->nmi_pending && v->arch.nmi_rip && !v->arch.in_nmi) {
		v->nmi_pending = false;
		v->arch.in_nmi = true;
		frame_begin(&f, v);
		frame_add_return(&f, v);
		frame_enter(&f, v, v->arch.nmi_rip, true);
		return;
	}
	if (!v->info->evtchn_upcall_pending || v->info->evtchn_upcall_mask)
		return;
	if (!v->arch.event_rip) {
		domain_crash(v->domain, "d%uv%u: event without an event callback",
			     v->domain->id, v->id);
		return;
	}
	frame_begin(&f, v);
	frame_add_return(&f, v);
	frame_enter(&f, v, v->arch.event_rip, true);
}

/* SYSCALL from the guest's user mode when entry.S could not serve it. */
void pv_syscall_slow(struct vcpu *v)
{
	struct frame f;

	if (!v->arch.syscall_rip) {
		pv_inject_trap(v, TRAP_UD, 0);
		return;
	}
	frame_begin(&f, v);
	frame_add_return(&f, v);
	frame_enter(&f, v, v->arch.syscall_rip, v->arch.syscall_masks_events);
}

/* SYSCALL from 32-bit code. */
void pv_syscall32(struct vcpu *v)
{
	struct frame f;

	if (v->arch.in_kernel || !v->arch.syscall32_rip) {
		v->regs.rip -= 2;
		pv_inject_trap(v, TRAP_UD, 0);
		return;
	}
	frame_begin(&f, v);
	frame_add_return(&f, v);
	frame_enter(&f, v, v->arch.syscall32_rip, v->arch.syscall32_masks_events);
}

void pv_bad_kernel_stack(struct vcpu *v)
{
	domain_crash(v->domain, "d%uv%u: bad kernel stack 0x%llx for a system call",
		     v->domain->id, v->id, (unsigned long long)v->arch.kernel_sp);
}

/* The CPU refused to return to the guest with its rip, cs or ss: its own fault. */
void pv_iret_fault(struct vcpu *v)
{
	/* Its code or stack segment is in a part of the LDT that is not mapped yet. */
	if (v->regs.vector == TRAP_PF && pv_ldt_fault(v, read_cr2()))
		return;
	pv_inject_trap(v, v->regs.vector, v->regs.error_code);
}

/*
 * The guest's data segments cannot be loaded (they were good once, or come
 * from its maker): its failsafe callback gets them on the stack, all null.
 */
void pv_failsafe(struct vcpu *v)
{
	struct frame f;

	if (!v->arch.failsafe_rip) {
		domain_crash(v->domain, "d%uv%u: bad segments %04x %04x %04x %04x, no failsafe",
			     v->domain->id, v->id, v->arch.ds, v->arch.es, v->arch.fs,
			     v->arch.gs);
		return;
	}
	frame_begin(&f, v);
	frame_add(&f, v->arch.ds);
	frame_add(&f, v->arch.es);
	frame_add(&f, v->arch.fs);
	frame_add(&f, v->arch.gs);
	frame_add_return(&f, v);
	load_segment_ds(0);
	load_segment_es(0);
	load_segment_fs(0);
	load_segment_gs(0);
	frame_enter(&f, v, v->arch.failsafe_rip, v->arch.failsafe_masks_events);
}

/* A preempted hypercall: back to its SYSCALL instruction, whose arguments moved on. */
void pv_hypercall_restart(struct vcpu *v)
{
	struct regs *r = &v->regs;

	r->rip -= 2;
}

void hypercall_set_arg(unsigned int n, u64 value)
{
	struct vcpu *v = current;
	struct regs *r = &v->regs;
	u64 *const reg[] = { &r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8 };

	*(v->arch.in_multicall ? &v->arch.hc_args[n] : reg[n]) = value;
}

/**
 * do_iret() - HYPERVISOR_iret: all frames but the common one of entry.S
 * (struct iret_context). It sets rax itself: the guest's may look like any
 * hypercall's answer, -ERESTART too (E4).
 */
long do_iret(void)
{
	struct vcpu *v = current;
	struct regs *r = &v->regs;
	struct iret_context c;

	if (copy_from_guest(&c, GVA(r->rsp), sizeof(c))) {
		domain_crash(v->domain, "d%uv%u: iret frame at 0x%llx cannot be read",
			     v->domain->id, v->id, (unsigned long long)r->rsp);
		return 0;
	}
	if ((c.cs & 3) == 3) {
		if (!v->arch.user_cr3) {
			domain_crash(v->domain, "v%u: iret to user mode without its page table",
				     v->id);
			return 0;
		}
		pv_toggle_mode(v);
	}
	if (test_bit(VMASST_TYPE_architectural_iopl, &v->domain->vm_assist))
		v->arch.iopl = c.rflags >> 12 & 3;
	if (c.flags & VGCF_in_syscall) {
		c.cs = GUEST_CS;
		c.ss = GUEST_SS;
	}
	r->rip = c.rip;
	r->cs = (c.cs & 0xffff) | 3;
	r->rflags = (c.rflags & RETURN_FLAGS) | EFLAGS_IF | 2;
	r->rsp = c.rsp;
	r->ss = (c.ss & 0xffff) | 3;
	r->r11 = c.r11;
	r->rcx = c.rcx;
	r->rax = c.rax;
	v->info->evtchn_upcall_mask = !(c.rflags & EFLAGS_IF);
	v->arch.in_nmi = false;
	return 0;
}

/** do_set_trap_table() - HYPERVISOR_set_trap_table; ends at address 0 */
long do_set_trap_table(gva_t traps)
{
	struct vcpu *v = current;
	struct trap_info t;

	if (!traps.a) {
		memset(v->arch.traps, 0, sizeof(v->arch.traps));
		return 0;
	}
	/* 256 entries can set everything; a longer list repeats itself. */
	for (u32 i = 0; i < 257; i++) {
		if (copy_from_guest(&t, gva_index(traps, struct trap_info, i), sizeof(t)))
			return -EFAULT;
		if (!t.address)
			return 0;
		if (!va_is_guest(t.address))
			return -EINVAL;
		v->arch.traps[t.vector] = (struct guest_trap){
			.rip = t.address, .cs = t.cs | 3, .dpl = TI_GET_DPL(&t),
			.masks_events = TI_GET_IF(&t),
		};
	}
	return 0;
}

void pv_set_kernel_sp(struct vcpu *v, u64 sp)
{
	/* H2: entry.S writes below it unchecked, so no frame may reach the core. */
	if (!va_is_guest(sp) || !va_is_guest(sp - 64))
		sp = 0;
	v->arch.kernel_sp = sp & ~15ull;
}

/** do_stack_switch() - the kernel's stack for entries from user mode */
long do_stack_switch(u64 ss, u64 sp)
{
	current->arch.kernel_ss = ss | 3;
	pv_set_kernel_sp(current, sp);
	return 0;
}

/** do_set_callbacks() - HYPERVISOR_set_callbacks, the old way */
long do_set_callbacks(u64 event, u64 failsafe, u64 syscall)
{
	struct vcpu *v = current;

	/* This old call has no error: an address that cannot be is as good as none. */
	v->arch.event_rip = va_is_canonical(event) ? event : 0;
	v->arch.failsafe_rip = va_is_canonical(failsafe) ? failsafe : 0;
	v->arch.syscall_rip = va_is_canonical(syscall) ? syscall : 0;
	v->arch.failsafe_masks_events = v->arch.syscall_masks_events = false;
	return 0;
}

static long callback_set(struct vcpu *v, u16 type, u64 rip, u16 flags)
{
	bool mask = flags & CALLBACKF_mask_events;

	if (!va_is_canonical(rip))
		return -EINVAL;
	switch (type) {
	case CALLBACKTYPE_event:
		v->arch.event_rip = rip;
		return 0;
	case CALLBACKTYPE_failsafe:
		v->arch.failsafe_rip = rip;
		v->arch.failsafe_masks_events = mask;
		return 0;
	case CALLBACKTYPE_syscall:
		v->arch.syscall_masks_events = mask;
		v->arch.syscall_rip = rip;
		return 0;
	case CALLBACKTYPE_syscall32:
		v->arch.syscall32_rip = rip;
		v->arch.syscall32_masks_events = mask;
		return 0;
	case CALLBACKTYPE_sysenter:
		v->arch.sysenter_rip = rip;
		return 0;
	case CALLBACKTYPE_nmi:
		v->arch.nmi_rip = rip;
		return 0;
	default:
		return -ENOSYS;
	}
}

/** do_callback_op() - CALLBACKOP_register, CALLBACKOP_unregister (xen/callback.h) */
long do_callback_op(u32 cmd, gva_t arg)
{
	struct callback_register reg;
	struct callback_unregister unreg;

	switch (cmd) {
	case CALLBACKOP_register:
		if (copy_from_guest(&reg, arg, sizeof(reg)))
			return -EFAULT;
		return callback_set(current, reg.type, reg.address, reg.flags);
	case CALLBACKOP_unregister:
		if (copy_from_guest(&unreg, arg, sizeof(unreg)))
			return -EFAULT;
		/* Those a kernel cannot run without stay. */
		switch (unreg.type) {
		case CALLBACKTYPE_event:
		case CALLBACKTYPE_failsafe:
		case CALLBACKTYPE_syscall:
		case CALLBACKTYPE_sysenter:
		case CALLBACKTYPE_syscall32:
			return -EINVAL;
		default:
			return callback_set(current, unreg.type, 0, 0);
		}
	default:
		return -ENOSYS;
	}
}

/** do_nmi_op() - XENNMI_register_callback, XENNMI_unregister_callback (xen/nmi.h) */
long do_nmi_op(u32 cmd, gva_t arg)
{
	struct xennmi_callback cb;

	switch (cmd) {
	case XENNMI_register_callback:
		if (copy_from_guest(&cb, arg, sizeof(cb)))
			return -EFAULT;
		return callback_set(current, CALLBACKTYPE_nmi, cb.handler_address, 0);
	case XENNMI_unregister_callback:
		current->arch.nmi_rip = 0;
		return 0;
	default:
		return -ENOSYS;
	}
}
