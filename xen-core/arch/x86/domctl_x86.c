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

/* RDTSC is the machine's; a guest that comes from another one is told its own time. */
long domctl_settscinfo(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_tsc_info *t = &op->u.tsc_info;

	if (t->tsc_mode > 2)
		return -EINVAL;
	return t->tsc_mode == 1 ? -EOPNOTSUPP : 0;
}

long domctl_gettscinfo(struct domain *d, struct xen_domctl *op)
{
	op->u.tsc_info = (struct xen_domctl_tsc_info){
		.incarnation = 1, .gtsc_khz = clock_tsc_khz, .elapsed_nsec = arch_now(),
	};
	return 0;
}

void arch_domain_free(struct domain *d)
{
	cpu_policy_free(d);
	memory_free_map(d);
}
