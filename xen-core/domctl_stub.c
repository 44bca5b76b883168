// SPDX-License-Identifier: GPL-2.0-only
/* Stands in for domctl.c until that is there. */
#include "domctl.h"

struct domain *domain_get_next(domid_t id)
{
	struct domain *best = NULL;

	spin_guard(&domain_list_lock);
	list_for_each(struct domain, d, &domain_list, all)
		if (d->id >= id && (!best || d->id < best->id))
			best = d;
	if (best)
		__atomic_fetch_add(&best->refs, 1, __ATOMIC_RELAXED);
	return best;
}

void domain_get_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	*info = (struct xen_domctl_getdomaininfo){
		.domain = d->id, .tot_pages = d->tot_pages, .max_pages = d->max_pages,
		.nr_online_vcpus = 1, .max_vcpu_id = d->max_vcpus - 1,
	};
}
