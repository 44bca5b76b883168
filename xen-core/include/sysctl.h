/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tools ask about the machine: XEN_SYSCTL_* (xen/sysctl.h). */
#ifndef XENLITE_SYSCTL_H
#define XENLITE_SYSCTL_H

#include "hypercall.h"

#include <xen/sysctl.h>

long do_sysctl(gva_t op);

/*
 * Of the architecture. What a handler has changed of @op the caller sees also when
 * it fails; after -ERESTART it is called again with that.
 */
long sysctl_get_cpu_featureset(struct xen_sysctl *op);
long sysctl_get_cpu_policy(struct xen_sysctl *op);
/** arch_physinfo() - the CPUs' speed and features, and all of the memory. */
void arch_physinfo(struct xen_sysctl_physinfo *info);
/** arch_cpu_topology() - which core of which socket is @cpu? Numbered within a socket. */
struct xen_sysctl_cputopo arch_cpu_topology(const struct cpu *cpu);

#endif
