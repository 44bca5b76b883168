/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENLITE_DOMCTL_H
#define XENLITE_DOMCTL_H
#include "domain.h"
#include <xen/domctl.h>
void domain_get_info(struct domain *d, struct xen_domctl_getdomaininfo *info);
struct domain *domain_get_next(domid_t id);
#endif
