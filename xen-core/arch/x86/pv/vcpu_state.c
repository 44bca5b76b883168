// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a vcpu has beyond its context (vcpu_context.c), for tools that save and
 * restore it: callbacks that are missing there, the extended FPU state, MSRs.
 *
 * The extended state comes as two words, XCR0 and all bits that it ever had, and an
 * XSAVE area of the standard form (SDM 1, 13.4), as long as those bits need.
 */
#include "domctl.h"

#include "pv.h"

#define XSTATE_HEAD	(2 * sizeof(u64))
#define MCG_CAP_MAX	(1ull << 32)	/* bits of MCG_CAP that are known */
#define MSRS_MAX	64u

long domctl_get_ext_vcpucontext(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_ext_vcpucontext *c = &op->u.ext_vcpucontext;
	const struct vcpu *v = vcpu_lookup(d, c->vcpu);
	const struct guest_entry *cb;

	if (!v)
		return -ESRCH;
	cb = v->arch.callback;
	*c = (struct xen_domctl_ext_vcpucontext){
		.vcpu = c->vcpu, .size = sizeof(*c),
		.syscall32_callback_eip = cb[CALLBACKTYPE_syscall32].rip,
		.syscall32_disables_events = cb[CALLBACKTYPE_syscall32].masks_events,
		.sysenter_callback_eip = cb[CALLBACKTYPE_sysenter].rip,
		.sysenter_disables_events = cb[CALLBACKTYPE_sysenter].masks_events,
	};
	return 0;
}

long domctl_set_ext_vcpucontext(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_ext_vcpucontext *c = &op->u.ext_vcpucontext;
	struct vcpu *v = vcpu_lookup(d, c->vcpu);

	if (!v)
		return -ESRCH;
	/* M4 */
	if (c->size < offsetof(struct xen_domctl_ext_vcpucontext, vmce) ||
	    !va_is_canonical(c->syscall32_callback_eip) ||
	    !va_is_canonical(c->sysenter_callback_eip) ||
	    (c->size >= offsetof(struct xen_domctl_ext_vcpucontext, vmce) + sizeof(c->mcg_cap) &&
	     c->mcg_cap >= MCG_CAP_MAX))
		return -EINVAL;
	domain_pause(d);
	pv_set_callback(v, CALLBACKTYPE_syscall32, c->syscall32_callback_eip,
			c->syscall32_disables_events);
	pv_set_callback(v, CALLBACKTYPE_sysenter, c->sysenter_callback_eip,
			c->sysenter_disables_events);
	domain_unpause(d);
	return 0;
}

/* Bytes of an area with the components @xcr0. */
static u64 xstate_size(u64 xcr0)
{
	u32 top = 63 - __builtin_clzll(xcr0);
	struct cpuid l;

	if (top < 2)
		return sizeof(struct xsave_area);
	l = cpuid(13, top);
	return l.a + l.b;	/* components are in ascending order */
}

long domctl_getvcpuextstate(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpuextstate *x = &op->u.vcpuextstate;
	struct vcpu *v = vcpu_lookup(d, x->vcpu);
	u64 all = cpu_features.xcr0, size, head[2];
	long err;

	if (!v)
		return -ESRCH;
	if (!x->xfeature_mask && !x->size) {
		x->xfeature_mask = all;
		x->size = all ? XSTATE_HEAD + cpu_features.xsave_size : 0;
		return 0;
	}
	if (!all || x->xfeature_mask != all)
		return -EINVAL;
	domain_pause(d);
	head[0] = head[1] = v->arch.xcr0;
	size = xstate_size(head[1]);
	err = x->size < XSTATE_HEAD + size ? -EINVAL :
	      copy_to_guest(gva_of(x->buffer), head, sizeof(head)) ?:
	      copy_to_guest(GVA(gva_of(x->buffer).a + XSTATE_HEAD), v->arch.xsave, size);
	domain_unpause(d);
	x->size = XSTATE_HEAD + size;
	return err;
}

/* E6, M4: what XRSTOR would refuse, or read otherwise than it was written, is not taken. */
static long xstate_check(const struct xsave_area *area, const u64 *head)
{
	if (area->xcomp_bv)
		return -EOPNOTSUPP;
	for (u32 i = 0; i < ARRAY_SIZE(area->reserved); i++)
		if (area->reserved[i])
			return -EIO;
	return area->xstate_bv & ~head[1] ? -EINVAL : 0;
}

static long xstate_set(struct vcpu *v, gva_t from, u64 size, const u64 *head)
{
	struct xsave_area *area = v->arch.xsave, start;
	long err = copy_from_guest(&start, from, sizeof(start)) ?: xstate_check(&start, head) ?:
		   copy_from_guest(area + 1, GVA(from.a + sizeof(start)), size - sizeof(start));

	if (err)
		return err;
	*area = start;
	area->xstate_bv &= head[0];	/* what XCR0 does not have is not kept either */
	v->arch.xcr0 = head[0];
	return 0;
}

long domctl_setvcpuextstate(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_vcpuextstate *x = &op->u.vcpuextstate;
	struct vcpu *v = vcpu_lookup(d, x->vcpu);
	gva_t from = gva_of(x->buffer);
	u64 head[2];
	long err;

	if (!v)
		return -ESRCH;
	if (x->size < XSTATE_HEAD)
		return -EINVAL;
	if (copy_from_guest(head, from, sizeof(head)))
		return -EFAULT;
	if (x->size == XSTATE_HEAD && !head[1])
		return 0;	/* no state: as it was at the start */
	if (!pv_xcr0_is_good(head[0]) || !pv_xcr0_is_good(head[1]) || head[0] & ~head[1] ||
	    x->size != XSTATE_HEAD + xstate_size(head[1]))
		return -EINVAL;
	pv_vcpus_unload(d);
	err = xstate_set(v, GVA(from.a + XSTATE_HEAD), x->size - XSTATE_HEAD, head);
	domain_unpause(d);
	return err;
}

/* One MSR is a vcpu's own; that it is 0 need not be said. */
long domctl_get_vcpu_msrs(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpu_msrs *m = &op->u.vcpu_msrs;
	const struct vcpu *v = vcpu_lookup(d, m->vcpu);
	struct xen_domctl_vcpu_msr msr = { .index = MSR_TSC_AUX };
	u32 room = m->msr_count;

	if (!v)
		return -ESRCH;
	msr.value = READ_ONCE(v->arch.tsc_aux);
	m->msr_count = !m->msrs.p || msr.value;
	if (!m->msrs.p || !msr.value)
		return 0;
	return room ? copy_to_guest(gva_of(m->msrs), &msr, sizeof(msr)) : -ENOBUFS;
}

long domctl_set_vcpu_msrs(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpu_msrs *m = &op->u.vcpu_msrs;
	struct vcpu *v = vcpu_lookup(d, m->vcpu);
	u32 n = m->msr_count;
	long err = 0;

	if (!v)
		return -ESRCH;
	if (n > MSRS_MAX)
		return -EINVAL;
	pv_vcpus_unload(d);
	for (m->msr_count = 0; m->msr_count < n && !err; m->msr_count++) {
		gva_t from = gva_index(gva_of(m->msrs), struct xen_domctl_vcpu_msr, m->msr_count);
		struct xen_domctl_vcpu_msr msr;

		err = copy_from_guest(&msr, from, sizeof(msr));
		/* M4 */
		if (!err && (msr.index != MSR_TSC_AUX || msr.reserved || msr.value >> 32))
			err = -EINVAL;
		if (err)
			break;
		v->arch.tsc_aux = msr.value;
	}
	domain_unpause(d);
	return err;
}
