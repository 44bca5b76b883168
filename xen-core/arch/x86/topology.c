// SPDX-License-Identifier: GPL-2.0-only
/* What x86 knows about its CPUs, for the tools. */
#include "sysctl.h"

#include "clock.h"
#include "cpu_policy.h"
#include "setup.h"

void arch_physinfo(struct xen_sysctl_physinfo *info)
{
	info->cpu_khz = clock_tsc_khz;
	info->total_pages = memory_nr_ram_pages();
	cpu_policy_host_features(info->hw_cap, ARRAY_SIZE(info->hw_cap));
}

/*
 * An APIC id is socket:core:thread. Leaf 0xb tells where the parts begin (SDM 3,
 * 8.9); a CPU without it has no threads, and the bits of all its logical ones.
 */
struct xen_sysctl_cputopo arch_cpu_topology(const struct cpu *cpu)
{
	struct cpuid one = cpuid(1, 0), topo = { 0 };
	u32 thread_bits = 0, core_bits = one.d >> 28 & 1 ? one.b >> 16 & 0xff : 1;

	core_bits = core_bits > 1 ? 32 - __builtin_clz(core_bits - 1) : 0;
	if (cpuid(0, 0).a >= 0xb)
		topo = cpuid(0xb, 0);
	if (topo.b) {
		thread_bits = topo.a & 31;
		core_bits = cpuid(0xb, 1).a & 31;
	}
	return (struct xen_sysctl_cputopo){
		.core = (cpu->apic_id & ((1u << core_bits) - 1)) >> thread_bits,
		.socket = cpu->apic_id >> core_bits,
	};
}
