/* SPDX-License-Identifier: GPL-2.0-only */
/* The fake architecture's part of domains and vcpus: what common code touches. */
#ifndef XENLITE_ARCH_DOMAIN_H
#define XENLITE_ARCH_DOMAIN_H

struct page;

struct regs { u64 rax, rip; };

/** struct arch_vcpu - @kicks: calls of vcpu_kick(), unless the real scheduler is linked */
struct arch_vcpu {
	u64 kicks;
	u64 hc_args[5];
	u64 *multicall_args;
	u64 kernel_cr3;		/* of arch/x86/pv/mmu_update.c, with the next */
	u32 dirty_cpu;
};

struct log_dirty {
	bool on;
	u8 step;
	u64 next;
};

struct arch_domain {
	struct log_dirty log_dirty;	/* of arch/x86/pv/log_dirty.c */
	struct cpu_policy *cpu_policy;	/* of arch/x86/cpu_policy.c */
	struct page *deferred_put;	/* of arch/x86/pv/page_type.c */
};

#endif
