// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processors that leak what their speculation touched, and what is done about it.
 *
 *	Meltdown	a guest reads what its tables map, allowed or not: it runs in
 *			a view of them without the core (xpti=)
 *	L1TF		... and what absent entries name: none may name memory (pv-l1tf=)
 *	MDS, TAA, RFDS	... and what buffers of the CPU hold: cleared on the way out (verw=)
 *	Spectre v2	the core's, or another guest's, indirect branches go where a guest
 *			taught them: restricted (ibrs=), forgotten between domains (ibpb=)
 *
 * A view is a copy of the guest's L4 table, one for its kernel and one for its user mode
 * on each CPU, with slots of its own in the place of the core's: they map what guard.S
 * says, and the vcpu's descriptor area. As a TLB does, a CPU uses its copy until it
 * flushes (arch_cpu.tlb_time), and makes it anew then: so V2 is P4 and costs nothing more.
 * No TLB entry is global then, or it would outlive the change of tables.
 */
#include "spec_ctrl.h"

#include "page.h"
#include "paging.h"
#include "setup.h"
#include "stacks.h"

#define BIT(n)		(1u << (n))
#define DESC_SLOT	258

enum { SPEC_IBRS = 1, SPEC_STIBP = 2, SPEC_SSBD = 4 };
enum {
	CAPS_RDCL_NO = 1 << 0, CAPS_IBRS_ALL = 1 << 1, CAPS_MDS_NO = 1 << 5, CAPS_TAA_NO = 1 << 8,
	CAPS_RFDS_NO = 1 << 27, CAPS_RFDS_CLEAR = 1 << 28, EFER_AUTO_IBRS = 1 << 21,
};
enum { DOM0, DOMU };

struct guest_view { u64 l4[2][512], desc_l3[512], desc_l2[512]; };

extern char _text_start[], _guard_end[];

__ro_after_init struct spec_ctrl spec_ctrl;
static __ro_after_init bool auto_ibrs;

/* Options: -1 where nothing is said. */
static __initdata s8 opt_xpti[2] = { -1, -1 }, opt_l1tf[2] = { -1, -1 };
static __initdata s8 opt_all = -1, opt_verw = -1, opt_rsb = -1, opt_ibrs = -1, opt_ibpb = -1;
static __initdata s8 opt_ssbd, opt_stibp, opt_ignored;

#define SWITCH(name, option) { #name, &opt_##option }
#define PAIR(option) { \
	{ "", &option[DOM0] }, { "", &option[DOMU] }, { "dom0", &option[DOM0] }, \
	{ "domu", &option[DOMU] }, SWITCH(default, ignored), { NULL, NULL } }
const __initconst struct cmdline_switch spec_ctrl_xpti[] = PAIR(opt_xpti);
const __initconst struct cmdline_switch spec_ctrl_l1tf[] = PAIR(opt_l1tf);
const __initconst struct cmdline_switch spec_ctrl_switches[] = {
	{ "", &opt_all }, SWITCH(xen, all), SWITCH(verw, verw), SWITCH(md-clear, verw),
	SWITCH(rsb, rsb), SWITCH(msr-sc, ibrs), SWITCH(ibrs, ibrs), SWITCH(pv, verw),
	SWITCH(pv, rsb), SWITCH(pv, ibrs), SWITCH(ibpb, ibpb), SWITCH(ssbd, ssbd),
	SWITCH(stibp, stibp), { NULL, NULL },
};

/* What is to be done: as the option says, or if the CPU needs it. */
static __init bool choose(s8 opt, bool needed)
{
	return opt >= 0 ? opt : needed && opt_all;
}

/* What the CPU says about itself, and of Intel's what is known of those that do not. */
struct hints {
	bool meltdown, l1tf, buffers, md_clear, v2, ibrs, ibrs_always, ibpb, stibp, ssbd;
};

static __init struct hints look_at_cpu(void)
{
	static const char in_order[] __initconst = "\x1c\x26\x27\x35\x36";	/* Atoms */
	static const char no_l1tf[] __initconst =
		"\x37\x4a\x4c\x4d\x57\x5a\x5c\x5d\x5f\x75\x7a\x85";
	struct cpuid l1 = cpuid(1, 0), l7 = { 0 }, e8 = cpuid(0x80000008, 0);
	u32 family = l1.a >> 8 & 15, model = (l1.a >> 4 & 15) | (l1.a >> 12 & 0xf0), caps = 0;
	bool intel = !strcmp(cpu_features.vendor, "GenuineIntel");
	bool amd = !strcmp(cpu_features.vendor, "AuthenticAMD") ||
		   !strcmp(cpu_features.vendor, "HygonGenuine");
	bool guesses = !(intel && family == 6 && model && strchr(in_order, model));
	bool rtm;

	if (cpuid(0, 0).a >= 7)
		l7 = cpuid(7, 0);
	if (l7.d & BIT(29))
		caps = rdmsr(MSR_ARCH_CAPS);
	if (cpuid(0x80000000, 0).a >= 0x80000021)
		auto_ibrs = cpuid(0x80000021, 0).a & BIT(8);
	if (!amd && !intel)
		e8.b = 0;
	rtm = l7.b & BIT(11);
	return (struct hints){
		.meltdown = !amd && guesses && !(caps & CAPS_RDCL_NO),
		.l1tf = intel && guesses && !(caps & CAPS_RDCL_NO) &&
			!(family == 6 && model && strchr(no_l1tf, model)),
		.buffers = intel && guesses &&
			   (!(caps & CAPS_MDS_NO) || (rtm && !(caps & CAPS_TAA_NO)) ||
			    (caps & CAPS_RFDS_CLEAR && !(caps & CAPS_RFDS_NO))),
		.md_clear = l7.d & BIT(10) || caps & CAPS_RFDS_CLEAR,
		.v2 = guesses,
		.ibrs = l7.d & BIT(26) || e8.b & BIT(14),
		.ibrs_always = caps & CAPS_IBRS_ALL || e8.b & BIT(16),
		.ibpb = l7.d & BIT(26) || e8.b & BIT(12),
		.stibp = l7.d & BIT(27) || e8.b & BIT(15),
		.ssbd = l7.d & BIT(31) || e8.b & BIT(24),
	};
}

static __init void report(const struct hints *h)
{
	const struct spec_ctrl *s = &spec_ctrl;
	const char *const state[] = { "not affected", "affected" };
	const char *const on[] = { "off", "on" };

	pr_info("Meltdown: %s; XPTI: dom0 %s, domU %s\n", state[h->meltdown], on[s->xpti[DOM0]],
		on[s->xpti[DOMU]]);
	pr_info("L1TF: %s; entries that name memory are refused: dom0 %s, domU %s\n",
		state[h->l1tf], on[s->pv_l1tf[DOM0]], on[s->pv_l1tf[DOMU]]);
	pr_info("MDS, TAA, RFDS: %s; VERW %s%s\n", state[h->buffers],
		on[!!(s->flags & GUARD_VERW)],
		h->buffers && !h->md_clear ? ", the microcode does not clear buffers" : "");
	pr_info("Spectre v2: %s; IBRS %s, RSB filled %s, IBPB %s, STIBP %s, SSBD %s%s\n",
		state[h->v2], auto_ibrs ? "automatic" : s->flags & GUARD_IBRS ? "on entry" :
		s->msr_core & SPEC_IBRS ? "always" : "off", on[!!(s->flags & GUARD_RSB)],
		on[s->ibpb], on[!!(s->msr_core & SPEC_STIBP)], on[!!(s->msr_core & SPEC_SSBD)],
		h->v2 && !(h->ibrs && h->ibpb) ? ", the microcode lacks something" : "");
}

__init void spec_ctrl_init(void)
{
	struct hints h = look_at_cpu();
	struct spec_ctrl *s = &spec_ctrl;
	bool ibrs = h.ibrs && choose(opt_ibrs, h.v2);

	for (int i = DOM0; i <= DOMU; i++) {
		s->xpti[i] = choose(opt_xpti[i], h.meltdown);
		s->pv_l1tf[i] = choose(opt_l1tf[i], h.l1tf && i == DOMU);
	}
	auto_ibrs &= ibrs;
	s->ibpb = h.ibpb && choose(opt_ibpb, h.v2);
	s->msr_core = (ibrs && !auto_ibrs ? SPEC_IBRS : 0) | (h.ssbd && opt_ssbd ? SPEC_SSBD : 0) |
		      (h.stibp && opt_stibp ? SPEC_STIBP : 0);
	s->msr_guest = s->msr_core;
	if (choose(opt_verw, h.buffers && h.md_clear))
		s->flags |= GUARD_VERW;
	if (choose(opt_rsb, h.v2 && !cpu_features.smep))
		s->flags |= GUARD_RSB;
	if (s->msr_core & SPEC_IBRS && !h.ibrs_always) {
		s->flags |= GUARD_IBRS;
		s->msr_guest &= ~SPEC_IBRS;
	}
	s->guard = s->flags || s->xpti[DOM0] || s->xpti[DOMU];
	/* V3 */
	if (s->xpti[DOM0] || s->xpti[DOMU])
		cpu_features.cr4 &= ~(u64)CR4_PGE;
	report(&h);
}

__init void spec_ctrl_init_cpu(void)
{
	if (spec_ctrl.msr_core)
		wrmsr(MSR_SPEC_CTRL, spec_ctrl.msr_core);
	if (auto_ibrs)
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_AUTO_IBRS);
}

/* V1: the pages of the core that a guest's view has. */
static __init int view_map(u64 *l4, u64 va)
{
	u64 *e = paging_entry(l4, va, 1);

	if (e)
		*e = *paging_entry(core_l4, va, 1) & ~(u64)PTE_G;
	return e ? 0 : -ENOMEM;
}

__init int spec_ctrl_create_cpu(struct cpu *cpu)
{
	struct guard *g = stacks_guard(cpu);
	u64 block = stacks_block(cpu), *l4;
	int err;

	g->flags = spec_ctrl.flags;
	g->msr_core = spec_ctrl.msr_core;
	g->msr_guest = spec_ctrl.msr_guest;
	g->selector = CORE_DS;
	if (!spec_ctrl.xpti[DOM0] && !spec_ctrl.xpti[DOMU])
		return 0;
	cpu->arch->view = alloc_zeroed(sizeof(*cpu->arch->view));
	if (!cpu->arch->view)
		return -ENOMEM;
	l4 = cpu->arch->view->l4[0];
	err = view_map(l4, block) ?: view_map(l4, block + STACK_TSS) ?: view_map(l4, (u64)idt);
	for (u32 ist = IST_NMI; !err && ist <= IST_DB; ist++)
		err = view_map(l4, block + STACK_IST_TOP(ist) - PAGE_SIZE);
	for (u64 va = (u64)_text_start; !err && va < (u64)_guard_end; va += PAGE_SIZE)
		err = view_map(l4, va);
	l4[DESC_SLOT] = arch_direct_unmap(cpu->arch->view->desc_l3).a | PTE_P | PTE_W | PTE_A;
	memcpy(cpu->arch->view->l4[1], l4, PAGE_SIZE);
	return err;
}

/* V7 */
void spec_ctrl_switch(const struct domain *d)
{
	if (this_cpu()->arch->last_domain != d->id)
		wrmsr(MSR_PRED_CMD, 1);
	this_cpu()->arch->last_domain = d->id;
}

void spec_ctrl_forget(const struct domain *d)
{
	for (u32 i = 0; i < nr_cpus; i++)
		if (cpus[i]->arch->last_domain == d->id)
			WRITE_ONCE(cpus[i]->arch->last_domain, DOMID_INVALID);
}

/* The tables that lead to @v's descriptor area, and no other's. */
static void view_set_area(struct guest_view *view, u64 va)
{
	memset(view->desc_l3, 0, PAGE_SIZE);
	memset(view->desc_l2, 0, PAGE_SIZE);
	view->desc_l3[va >> 30 & 511] = arch_direct_unmap(view->desc_l2).a |
					PTE_P | PTE_W | PTE_A;
	view->desc_l2[va >> 21 & 511] = *paging_entry(core_l4, va, 2);
}

void spec_ctrl_enter_guest(struct vcpu *v)
{
	struct cpu *cpu = this_cpu();
	struct guard *g = stacks_guard(cpu);
	bool kernel = v->arch.in_kernel;
	u64 root = read_cr3(), view = root;

	/* V2: no flush is served between the copy and the entry; the next makes it stale. */
	if (spec_ctrl.xpti[v->domain->privileged ? DOM0 : DOMU]) {
		u64 *to = cpu->arch->view->l4[kernel];
		const u64 *from = mfn_to_virt(PTE_MFN(root));

		memcpy(to, from, (FIRST_CORE_SLOT + 1) * sizeof(*to));
		memcpy(to + END_CORE_SLOT, from + END_CORE_SLOT,
		       (512 - END_CORE_SLOT) * sizeof(*to));
		view_set_area(cpu->arch->view, v->arch.gdt_va);
		view = arch_direct_unmap(to).a;
	}
	g->mode[kernel].root = root;
	g->mode[kernel].view = view;
	g->mode[kernel].time = cpu->arch->tlb_time;
}
