/* SPDX-License-Identifier: GPL-2.0-only */
/* What CPUID, and the MSRs that go with it, tell a guest. */
#ifndef XENLITE_CPU_POLICY_H
#define XENLITE_CPU_POLICY_H

#include "cpu.h"
#include "domain.h"

struct xen_domctl;

enum { CPU_POLICY_LEAVES = 120, CPU_POLICY_MSRS = 2, CPU_POLICY_FEATURES = 19 };

/**
 * struct cpu_policy - answers of CPUID, and MSRs
 * @leaf:	in the order in which tools see them (cpu_policy.c: ranges)
 * @msr:	PLATFORM_INFO, ARCH_CAPABILITIES
 */
struct cpu_policy {
	struct cpuid leaf[CPU_POLICY_LEAVES];
	u64 msr[CPU_POLICY_MSRS];
};

/** cpu_policy_init() - those of the machine; boot time, after cpu_detect(). */
void cpu_policy_init(void);

/**
 * cpu_policy_find() - what @d's policy has for @leaf, @sub; zeroes where there is nothing.
 * Parts that depend on the vcpu, or on what it has switched on, are not filled in.
 */
struct cpuid cpu_policy_find(const struct domain *d, u32 leaf, u32 sub);
/** cpu_policy_host_features() - words [0, @nr) of the host's featureset. */
void cpu_policy_host_features(u32 *words, u32 nr);

/** cpu_policy_free() - @d is at its end. */
void cpu_policy_free(struct domain *d);

#endif
