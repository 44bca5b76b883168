// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vcpu's state as struct vcpu_guest_context (xen/arch-x86/xen.h): in, when a
 * guest starts one of its vcpus or the tools make or restore a domain; and out,
 * when they save it. What a guest cannot have, it does not get this way either.
 */
#include "domctl.h"

#include "pv.h"
#include "sched.h"

/* The assists that a new vcpu's context may turn on. */
#define CONTEXT_ASSISTS	(1ull << VMASST_TYPE_architectural_iopl | \
			 1ull << VMASST_TYPE_runstate_update_flag | 1ull << VMASST_TYPE_m2p_strict)

/* M4: as if the guest had set it. */
static bool context_is_good(const struct vcpu_guest_context *c)
{
	const u64 addresses[] = {
		c->event_callback_eip, c->failsafe_callback_eip, c->syscall_callback_eip,
		c->user_regs.rip, c->fs_base, c->gs_base_kernel, c->gs_base_user,
	};

	for (u32 i = 0; i < ARRAY_SIZE(addresses); i++)
		if (!va_is_guest(addresses[i]))
			return false;
	for (u32 i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++)
		if (!va_is_guest(c->trap_ctxt[i].address))
			return false;
	/* E5: user mode needs a table of its own, or CR3 would get 0. */
	return c->flags & VGCF_in_kernel || xen_cr3_to_pfn(c->ctrlreg[1]);
}

static void vcpu_set_regs(struct vcpu *v, const struct vcpu_guest_context *c)
{
	const struct cpu_user_regs *u = &c->user_regs;

	v->regs = (struct regs){
		.r15 = u->r15, .r14 = u->r14, .r13 = u->r13, .r12 = u->r12, .rbp = u->rbp,
		.rbx = u->rbx, .r11 = u->r11, .r10 = u->r10, .r9 = u->r9, .r8 = u->r8,
		.rax = u->rax, .rcx = u->rcx, .rdx = u->rdx, .rsi = u->rsi, .rdi = u->rdi,
		/* E1: CPL 3, IF set; IOPL is virtual, below. */
		.rip = u->rip, .rsp = u->rsp, .cs = u->cs | 3, .ss = u->ss | 3,
		.rflags = (u->rflags & 0xcd5) | EFLAGS_IF | 2,
	};
	v->arch.ds = u->ds;
	v->arch.es = u->es;
	v->arch.fs = u->fs;
	v->arch.gs = u->gs;
	v->arch.fs_base = c->fs_base;
	v->arch.gs_base[true] = c->gs_base_kernel;
	v->arch.gs_base[false] = c->gs_base_user;
	v->arch.in_kernel = c->flags & VGCF_in_kernel;
	v->arch.ts = c->ctrlreg[0] & CR0_TS;
	v->arch.cr4 = c->ctrlreg[4];
	v->arch.iopl = u->rflags >> 12 & 3;
	pv_init_callbacks(v, c);
	for (int i = 0; i < 8; i++)
		if (i != 4 && i != 5)
			pv_set_debugreg(v, i, c->debugreg[i]);
	if (c->flags & VGCF_I387_VALID) {
		memcpy(v->arch.xsave, c->fpu_ctxt.x, sizeof(c->fpu_ctxt));
		v->arch.xsave->mxcsr &= 0xffff;
		if (cpu_features.xsave)
			v->arch.xsave->xstate_bv = XCR0_X87_SSE;
	}
}

/*
 * T5: what is preempted is called again; a table knows how far it is, and a root that
 * is done is held, by its pin or the vcpu, also when the other one is refused. A call that wants
 * another one lets go of it, or the end of the domain.
 */
static int vcpu_set_roots(struct vcpu *v, const struct vcpu_guest_context *c)
{
	mfn_t kernel = MFN(xen_cr3_to_pfn(c->ctrlreg[3]));
	mfn_t user = MFN(xen_cr3_to_pfn(c->ctrlreg[1]));
	int err;

	if (!kernel.n)
		return -EINVAL;
	spin_guard(&v->domain->pt_lock);
	err = pt_finish_deferred(v->domain) ?: pv_set_root(v, kernel, false);
	if (!err && user.n)
		err = pt_finish_deferred(v->domain) ?: pv_set_root(v, user, true);
	return err ?: pt_finish_deferred(v->domain);
}

/* Under context_lock: too large for the stack. */
static struct vcpu_guest_context context;
static struct spinlock context_lock;

/* A vcpu that has none yet gets all of the state @c. -ERESTART: again. */
static int vcpu_initialise(struct vcpu *v, const struct vcpu_guest_context *c)
{
	int err = pv_set_gdt(v, c->gdt_frames, c->gdt_ents) ?:
		  pv_set_ldt(v, c->ldt_base, c->ldt_ents) ?: vcpu_set_roots(v, c);

	if (err)
		return err;
	vcpu_set_regs(v, c);
	v->info->evtchn_upcall_mask = 1;
	vm_assist_enable(v->domain, c->vm_assist & CONTEXT_ASSISTS);
	return 0;
}

/** arch_vcpu_initialise() - VCPUOP_initialise: struct vcpu_guest_context at @from */
int arch_vcpu_initialise(struct vcpu *v, gva_t from)
{
	spin_guard(&context_lock);
	if (copy_from_guest(&context, from, sizeof(context)))
		return -EFAULT;
	return context_is_good(&context) ? vcpu_initialise(v, &context) : -EINVAL;
}

/* Its page tables are what they are: who means others is wrong about the vcpu. */
static bool context_has_roots_of(const struct vcpu *v, const struct vcpu_guest_context *c)
{
	return xen_cr3_to_pfn(c->ctrlreg[3]) == PFN_DOWN(v->arch.kernel_cr3) &&
	       xen_cr3_to_pfn(c->ctrlreg[1]) == PFN_DOWN(v->arch.user_cr3);
}

long domctl_setvcpucontext(struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v = vcpu_lookup(d, op->u.vcpucontext.vcpu);
	long err = 0;

	if (!v || v->info == &domain_dummy_info)
		return -EINVAL;
	pv_vcpus_unload(d);
	spin_lock(&context_lock);
	if (copy_from_guest(&context, gva_of(op->u.vcpucontext.ctxt), sizeof(context)))
		err = -EFAULT;
	else if (d->dying || !context_is_good(&context))
		err = -EINVAL;
	else if (!v->initialised)
		err = vcpu_initialise(v, &context);
	else if (context_has_roots_of(v, &context))
		vcpu_set_regs(v, &context);
	else
		err = -EOPNOTSUPP;
	if (!err) {
		__atomic_store_n(&v->initialised, true, __ATOMIC_RELEASE);
		if (context.flags & VGCF_online)
			vcpu_clear_pause(v, VPF_DOWN);
		else
			vcpu_set_pause(v, VPF_DOWN);
	}
	spin_unlock(&context_lock);
	domain_unpause(d);
	return err;
}

static void vcpu_get_regs(const struct vcpu *v, struct vcpu_guest_context *c)
{
	const struct regs *r = &v->regs;

	c->user_regs = (struct cpu_user_regs){
		.r15 = r->r15, .r14 = r->r14, .r13 = r->r13, .r12 = r->r12, .rbp = r->rbp,
		.rbx = r->rbx, .r11 = r->r11, .r10 = r->r10, .r9 = r->r9, .r8 = r->r8,
		.rax = r->rax, .rcx = r->rcx, .rdx = r->rdx, .rsi = r->rsi, .rdi = r->rdi,
		.rip = r->rip, .rsp = r->rsp, .cs = r->cs, .ss = r->ss,
		.rflags = (r->rflags & ~0x3000ull) | (u64)v->arch.iopl << 12,
		.ds = v->arch.ds, .es = v->arch.es, .fs = v->arch.fs, .gs = v->arch.gs,
		.saved_upcall_mask = v->info->evtchn_upcall_mask,
	};
	c->fs_base = v->arch.fs_base;
	c->gs_base_kernel = v->arch.gs_base[true];
	c->gs_base_user = v->arch.gs_base[false];
	memcpy(c->fpu_ctxt.x, v->arch.xsave, sizeof(c->fpu_ctxt));
	for (int i = 0; i < 8; i++)
		c->debugreg[i] = v->arch.dr[i];
}

static void vcpu_get_tables(const struct vcpu *v, struct vcpu_guest_context *c)
{
	c->ldt_base = v->arch.ldt_base;
	c->ldt_ents = v->arch.ldt_entries;
	for (u32 i = 0; i < GDT_FRAMES && v->arch.gdt_page[i]; i++) {
		c->gdt_frames[i] = page_to_mfn(v->arch.gdt_page[i]).n;
		c->gdt_ents += PAGE_SIZE / sizeof(u64);
	}
	c->ctrlreg[0] = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG |
			(v->arch.ts ? CR0_TS : 0);
	/* The lowest bit says that there is one. */
	c->ctrlreg[1] = v->arch.user_cr3 ? xen_pfn_to_cr3(PFN_DOWN(v->arch.user_cr3)) | 1 : 0;
	c->ctrlreg[3] = xen_pfn_to_cr3(PFN_DOWN(v->arch.kernel_cr3));
	c->ctrlreg[4] = v->arch.cr4;
}

static void vcpu_get_entries(const struct vcpu *v, struct vcpu_guest_context *c)
{
	const struct guest_entry *cb = v->arch.callback;

	for (u32 i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++) {
		const struct guest_entry *t = &v->arch.traps[i];

		c->trap_ctxt[i] = (struct trap_info){
			.vector = i, .flags = t->dpl | t->masks_events << 2,
			.cs = GUEST_CS, .address = t->rip,
		};
	}
	c->event_callback_eip = cb[CALLBACKTYPE_event].rip;
	c->failsafe_callback_eip = cb[CALLBACKTYPE_failsafe].rip;
	c->syscall_callback_eip = cb[CALLBACKTYPE_syscall].rip;
	c->kernel_ss = GUEST_SS;
	c->kernel_sp = v->arch.kernel_sp;
	c->flags = VGCF_I387_VALID | (v->arch.in_kernel ? VGCF_in_kernel : 0) |
		   (cb[CALLBACKTYPE_failsafe].masks_events ? VGCF_failsafe_disables_events : 0) |
		   (cb[CALLBACKTYPE_syscall].masks_events ? VGCF_syscall_disables_events : 0) |
		   (v->pause_flags & 1u << VPF_DOWN ? 0 : VGCF_online);
	c->vm_assist = v->domain->vm_assist & ~(1ull << VM_NO_USER_YET);
}

long domctl_getvcpucontext(struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v = vcpu_lookup(d, op->u.vcpucontext.vcpu);
	long err;

	if (!v)
		return -EINVAL;
	if (!v->initialised)
		return -ENODATA;
	domain_pause(d);
	spin_lock(&context_lock);
	memset(&context, 0, sizeof(context));
	vcpu_get_regs(v, &context);
	vcpu_get_tables(v, &context);
	vcpu_get_entries(v, &context);
	err = copy_to_guest(gva_of(op->u.vcpucontext.ctxt), &context, sizeof(context));
	spin_unlock(&context_lock);
	domain_unpause(d);
	return err;
}
