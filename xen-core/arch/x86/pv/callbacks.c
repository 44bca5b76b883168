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
#include "entry.h"
#include "pv.h"

#include <xen/nmi.h>

#define FRAME_MAX	11
#define ERROR_CODE_TRAPS (1u << TRAP_DF | 1u << TRAP_TS | 1u << TRAP_NP | 1u << TRAP_SS | \
			  1u << TRAP_GP | 1u << TRAP_PF | 1u << TRAP_AC | 1u << TRAP_CP)

#define vcpu_crash(v, fmt, ...) \
	domain_crash((v)->domain, "d%uv%u: " fmt, (v)->domain->id, (v)->id, ##__VA_ARGS__)

/* Put a frame with the @nr words of @extra on the kernel's stack and go on at @to. */
static void enter_kernel(struct vcpu *v, const struct guest_entry *to, const u64 *extra, u32 nr)
{
	struct regs *r = &v->regs;
	bool mask = v->info->evtchn_upcall_mask;
	u64 frame[FRAME_MAX], *w = frame, size = (7 + nr) * sizeof(*w);
	u64 sp = ((v->arch.in_kernel ? r->rsp : v->arch.kernel_sp) & ~15ull) - size;
	u64 flags = mask ? r->rflags & ~(u64)EFLAGS_IF : r->rflags | EFLAGS_IF;

	if (test_bit(VMASST_TYPE_architectural_iopl, &v->domain->vm_assist))
		flags |= (u64)v->arch.iopl << 12;
	*w++ = r->rcx;
	*w++ = r->r11;
	for (u32 i = 0; i < nr; i++)
		*w++ = extra[i];
	*w++ = r->rip;
	*w++ = (r->cs & (v->arch.in_kernel ? 0xfffc : 0xffff)) | (u64)mask << 32;
	*w++ = flags;
	*w++ = r->rsp;
	*w = r->ss;
	if (!v->arch.in_kernel)
		pv_toggle_mode(v);
	if (copy_to_guest(GVA(sp), frame, size)) {
		vcpu_crash(v, "bad kernel stack 0x%lx for an entry at 0x%lx", sp, to->rip);
		return;
	}
	if (to->masks_events)
		v->info->evtchn_upcall_mask = 1;
	r->rip = to->rip;
	r->cs = GUEST_CS;
	r->ss = GUEST_SS;
	r->rsp = sp;
	/* E1: IF set; of the others, what should be clear no guest can set at CPL 3. */
	r->rflags &= ~(u64)(EFLAGS_TF | EFLAGS_NT | EFLAGS_RF | EFLAGS_AC | EFLAGS_DF);
	r->rflags |= EFLAGS_IF;
}

static void enter_callback(struct vcpu *v, u32 type)
{
	enter_kernel(v, &v->arch.callback[type], NULL, 0);
}

/**
 * pv_inject_trap() - make the guest's kernel handle exception @vector.
 * Without a handler the domain is crashed, as with a triple fault.
 */
void pv_inject_trap(struct vcpu *v, u32 vector, u32 error)
{
	const struct guest_entry *t = &v->arch.traps[vector];
	const u64 code = error;

	if (t->rip)
		enter_kernel(v, t, &code, vector < 32 && ERROR_CODE_TRAPS >> vector & 1);
	else
		vcpu_crash(v, "exception %u (error %x) at %lx has no handler", vector, error,
			   v->regs.rip);
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
	const struct guest_entry *nmi = &v->arch.traps[TRAP_NMI];

	if (v->nmi_pending && nmi->rip && !v->arch.in_nmi) {
		v->nmi_pending = false;
		v->arch.in_nmi = true;
		enter_kernel(v, nmi, NULL, 0);
	} else if (v->info->evtchn_upcall_pending && !v->info->evtchn_upcall_mask) {
		if (v->arch.callback[CALLBACKTYPE_event].rip)
			enter_callback(v, CALLBACKTYPE_event);
		else
			vcpu_crash(v, "event without an event callback");
	}
}

/* SYSCALL with no callback for it: the instruction, which the CPU took, is no good. */
static void enter_by_syscall(struct vcpu *v, u32 type)
{
	if (v->arch.callback[type].rip && !v->arch.in_kernel) {
		enter_callback(v, type);
		return;
	}
	v->regs.rip -= 2;
	pv_inject_trap(v, TRAP_UD, 0);
}

/* From the guest's user mode when entry.S could not serve it. */
void pv_syscall_slow(struct vcpu *v)
{
	enter_by_syscall(v, CALLBACKTYPE_syscall);
}

/* From 32-bit code, which may also be its kernel's. */
void pv_syscall32(struct vcpu *v)
{
	enter_by_syscall(v, CALLBACKTYPE_syscall32);
}

void pv_bad_kernel_stack(struct vcpu *v)
{
	vcpu_crash(v, "bad kernel stack 0x%lx for a system call", v->arch.kernel_sp);
}

/* E3: the CPU refused to return to the guest with its rip, cs or ss: its own fault. */
void pv_iret_fault(struct vcpu *v)
{
	/* Its code or stack segment is in a part of the LDT that is not mapped yet. */
	if (v->regs.vector == TRAP_PF && pv_ldt_fault(v, read_cr2()))
		return;
	v->regs.rflags |= 2;	/* as the CPU would have it, whatever was asked for */
	pv_inject_trap(v, v->regs.vector, v->regs.error_code);
}

/*
 * The guest's data segments cannot be loaded (they were good once, or come
 * from its maker): its failsafe callback gets them on the stack, all null.
 */
void pv_failsafe(struct vcpu *v)
{
	const u64 segments[] = { v->arch.ds, v->arch.es, v->arch.fs, v->arch.gs };

	if (!v->arch.callback[CALLBACKTYPE_failsafe].rip) {
		vcpu_crash(v, "bad segments %04x %04x %04x %04x, no failsafe", v->arch.ds,
			   v->arch.es, v->arch.fs, v->arch.gs);
		return;
	}
	enter_kernel(v, &v->arch.callback[CALLBACKTYPE_failsafe], segments, ARRAY_SIZE(segments));
}

void hypercall_set_arg(unsigned int n, u64 value)
{
	struct vcpu *v = current;
	struct regs *r = &v->regs;
	u64 *const reg[] = { &r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8 };

	*(v->arch.multicall_args ? &v->arch.multicall_args[n] : reg[n]) = value;
}

/*
 * May entry.S switch between @v's kernel and user mode without asking? What could make
 * that untrue comes to vcpu_forget_fast(); the next return to user mode decides again.
 */
static void decide_fast(struct vcpu *v)
{
	const struct guest_entry *syscall = &v->arch.callback[CALLBACKTYPE_syscall];
	const struct guest_entry *fault = &v->arch.traps[TRAP_PF];

	v->fast_entries = syscall->rip && syscall->masks_events && fault->rip &&
			  fault->masks_events;
	/* Both before the assists are read: another vcpu may turn one on meanwhile. */
	__atomic_store_n(&v->fast_exits, true, __ATOMIC_SEQ_CST);
	if (!v->arch.user_cr3 || READ_ONCE(v->domain->vm_assist) & VM_SLOW_ENTRIES)
		vcpu_forget_fast(v);
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
		vcpu_crash(v, "iret frame at 0x%lx cannot be read", r->rsp);
		return 0;
	}
	if ((c.cs & 3) == 3 && !v->arch.user_cr3) {	/* E5 */
		vcpu_crash(v, "iret to user mode without its page table");
		return 0;
	}
	if ((c.cs & 3) == 3) {
		pv_toggle_mode(v);
		if (test_bit(VM_NO_USER_YET, &v->domain->vm_assist))
			test_and_clear_bit(VM_NO_USER_YET, &v->domain->vm_assist);
		decide_fast(v);
	}
	if (test_bit(VMASST_TYPE_architectural_iopl, &v->domain->vm_assist))
		v->arch.iopl = c.rflags >> 12 & 3;
	if (c.flags & VGCF_in_syscall) {
		c.cs = GUEST_CS;
		c.ss = GUEST_SS;
	}
	r->rip = c.rip;
	/* E1: CPL 3, IF set, and of the others only what RETURN_FLAGS lets through. */
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

static void set_trap(struct vcpu *v, u32 vector, const struct trap_info *t)
{
	vcpu_forget_fast(v);
	v->arch.traps[vector] = (struct guest_entry){
		.rip = t->address, .dpl = TI_GET_DPL(t), .masks_events = TI_GET_IF(t),
	};
}

/** do_set_trap_table() - HYPERVISOR_set_trap_table; ends at address 0 */
long do_set_trap_table(gva_t traps)
{
	struct trap_info t;

	if (!traps.a) {
		vcpu_forget_fast(current);
		memset(current->arch.traps, 0, sizeof(current->arch.traps));
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
		set_trap(current, t.vector, &t);
	}
	return 0;
}

static void set_kernel_sp(struct vcpu *v, u64 sp)
{
	/* H2: entry.S writes below it unchecked, so no frame may reach the core. */
	v->arch.kernel_sp = va_is_guest(sp) && va_is_guest(sp - 64) ? sp & ~15ull : 0;
}

/** do_stack_switch() - the kernel's stack for entries from user mode; @ss: always GUEST_SS */
long do_stack_switch(u64 ss, u64 sp)
{
	set_kernel_sp(current, sp);
	return 0;
}

/* @type is one of CALLBACKTYPE_*; a sysenter callback is taken, but nothing calls it (E7). */
static bool callback_is_known(u32 type)
{
	const u32 known = 1u << CALLBACKTYPE_event | 1u << CALLBACKTYPE_failsafe |
			  1u << CALLBACKTYPE_syscall | 1u << CALLBACKTYPE_nmi |
			  1u << CALLBACKTYPE_sysenter | 1u << CALLBACKTYPE_syscall32;

	return type < NR_CALLBACKS && known >> type & 1;
}

long pv_set_callback(struct vcpu *v, u16 type, u64 rip, bool mask)
{
	struct guest_entry *to;

	/* E2: SYSRET goes there. M4: what stands in the trap table is the guest's. */
	if (!va_is_canonical(rip) || (type == CALLBACKTYPE_nmi && !va_is_guest(rip)))
		return -EINVAL;
	if (!callback_is_known(type))
		return -ENOSYS;
	mask |= type == CALLBACKTYPE_event || type == CALLBACKTYPE_nmi;
	/* An NMI comes to the handler of its vector; it has one, who sets it last decides. */
	to = type == CALLBACKTYPE_nmi ? &v->arch.traps[TRAP_NMI] : &v->arch.callback[type];
	vcpu_forget_fast(v);
	*to = (struct guest_entry){ .rip = rip, .masks_events = mask };
	return 0;
}

/** do_set_callbacks() - HYPERVISOR_set_callbacks, the old way */
long do_set_callbacks(u64 event, u64 failsafe, u64 syscall)
{
	struct vcpu *v = current;

	/* This old call has no error: an address that cannot be is as good as none. */
	pv_set_callback(v, CALLBACKTYPE_event, va_is_canonical(event) ? event : 0, true);
	pv_set_callback(v, CALLBACKTYPE_failsafe, va_is_canonical(failsafe) ? failsafe : 0, false);
	pv_set_callback(v, CALLBACKTYPE_syscall, va_is_canonical(syscall) ? syscall : 0, false);
	return 0;
}

void pv_init_callbacks(struct vcpu *v, const struct vcpu_guest_context *c)
{
	/* A table of all vectors in order here. */
	for (u32 i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++)
		set_trap(v, i, &c->trap_ctxt[i]);
	pv_set_callback(v, CALLBACKTYPE_event, c->event_callback_eip, true);
	pv_set_callback(v, CALLBACKTYPE_failsafe, c->failsafe_callback_eip,
			c->flags & VGCF_failsafe_disables_events);
	pv_set_callback(v, CALLBACKTYPE_syscall, c->syscall_callback_eip,
			c->flags & VGCF_syscall_disables_events);
	set_kernel_sp(v, c->kernel_sp);
}

/** do_callback_op() - CALLBACKOP_register, CALLBACKOP_unregister (xen/callback.h) */
long do_callback_op(u32 cmd, gva_t arg)
{
	struct callback_register reg = { 0 };
	bool on = cmd == CALLBACKOP_register;

	if (cmd > CALLBACKOP_unregister)
		return -ENOSYS;
	/* The other structure is the beginning of this one. */
	if (copy_from_guest(&reg, arg, on ? sizeof(reg) : sizeof(struct callback_unregister)))
		return -EFAULT;
	/* Those a kernel cannot run without stay. */
	if (!on && callback_is_known(reg.type) && reg.type != CALLBACKTYPE_nmi)
		return -EINVAL;
	return pv_set_callback(current, reg.type, reg.address, reg.flags & CALLBACKF_mask_events);
}

/** do_nmi_op() - XENNMI_register_callback, XENNMI_unregister_callback (xen/nmi.h) */
long do_nmi_op(u32 cmd, gva_t arg)
{
	struct xennmi_callback cb = { 0 };

	if (cmd > XENNMI_unregister_callback)
		return -ENOSYS;
	if (cmd == XENNMI_register_callback && copy_from_guest(&cb, arg, sizeof(cb)))
		return -EFAULT;
	return pv_set_callback(current, CALLBACKTYPE_nmi, cb.handler_address, true);
}
