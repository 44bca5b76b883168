// SPDX-License-Identifier: GPL-2.0-only
/* The operations of domctl that are about x86. */
#include "domctl.h"

#include "clock.h"
#include "cpu_policy.h"
#include "pv.h"

int arch_check_domain_config(const struct xen_arch_domainconfig *config)
{
	if (config->misc_flags & ~XEN_X86_MSR_RELAXED)
		return -EINVAL;
	return config->emulation_flags ? -EOPNOTSUPP : 0;
}

long domctl_hypercall_init(struct domain *d, struct xen_domctl *op)
{
	struct page *p = arch_get_guest_page_writable(d, op->u.hypercall_init.gmfn);

	if (!p)
		return mfn_valid(MFN(op->u.hypercall_init.gmfn)) ? -EACCES : -EINVAL;
	write_hypercall_page(page_to_virt(p));
	arch_put_guest_page_writable(p);
	return 0;
}

long domctl_set_address_size(struct domain *d, struct xen_domctl *op)
{
	return op->u.address_size.size == 64 ? 0 : -EINVAL;
}

long domctl_get_address_size(struct domain *d, struct xen_domctl *op)
{
	op->u.address_size.size = 64;
	return 0;
}

/*
 * RDTSC is the machine's, unless the tools want it emulated, or the guest comes from a
 * machine whose TSC has another frequency than this one's (clocks differ a little) and
 * may be emulated.
 */
static bool tsc_is_emulated(u32 mode, u64 khz)
{
	u64 low = MIN(khz, clock_tsc_khz), high = MAX(khz, clock_tsc_khz);

	return mode == 1 || (!mode && khz && (high - low) * 1000 > high);
}

long domctl_settscinfo(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_tsc_info *t = &op->u.tsc_info;

	if (t->tsc_mode > 2)
		return -EINVAL;
	pv_vcpus_unload(d);
	d->arch.tsc = (struct guest_tsc){
		.mode = t->tsc_mode, .khz = t->tsc_mode == 2 ? 0 : t->gtsc_khz,
		.incarnation = t->incarnation, .offset = arch_now() - t->elapsed_nsec,
		.emulated = tsc_is_emulated(t->tsc_mode, t->gtsc_khz),
	};
	for_each_vcpu(d, v)
		v->arch.pv_time_version = 0;
	domain_unpause(d);
	return 0;
}

long domctl_gettscinfo(struct domain *d, struct xen_domctl *op)
{
	const struct guest_tsc *t = &d->arch.tsc;

	op->u.tsc_info = (struct xen_domctl_tsc_info){
		.tsc_mode = t->mode, .incarnation = t->incarnation + 1,
	};
	if (t->mode != 2) {
		op->u.tsc_info.gtsc_khz = t->khz ?: clock_tsc_khz;
		op->u.tsc_info.elapsed_nsec = arch_now() - t->offset;
	}
	return 0;
}

/* I1: only of what the caller has; and who has PCI's configuration has the machine. */
static bool port_may_be_given(u32 port)
{
	bool has = current->domain->arch.io_bitmap[port / 32] >> port % 32 & 1;

	return has && port / 8 != 0xcf8 / 8;
}

long domctl_ioport_permission(struct domain *d, struct xen_domctl *op)
{
	u32 first = op->u.ioport_permission.first_port, nr = op->u.ioport_permission.nr_ports;

	if (!nr || nr > 65536 || first > 65536 - nr)
		return -EINVAL;
	for (u32 port = first; port < first + nr; port++)
		if (!port_may_be_given(port))
			return -EPERM;
	for (u32 port = first; port < first + nr; port++) {
		u32 *word = &d->arch.io_bitmap[port / 32];

		*word = (*word & ~(1u << port % 32)) |
			(u32)!!op->u.ioport_permission.allow_access << port % 32;
	}
	return 0;
}

void arch_domain_free(struct domain *d)
{
	cpu_policy_free(d);
	memory_free_map(d);
}
