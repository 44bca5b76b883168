// SPDX-License-Identifier: GPL-2.0-only
/*
 * Model-specific registers, by whitelist: all others fault.
 *
 * A PV guest may read what identifies the machine and own its segment bases;
 * nothing that it writes reaches a register shared with others.
 */
#include "pv.h"

enum {
	MSR_UCODE_REV = 0x8b, MSR_MISC_ENABLE = 0x1a0,
	MSR_MCG_CAP = 0x179, MSR_MCG_STATUS = 0x17a, MSR_MC0_CTL = 0x400, MSR_MC_LAST = 0x47f,
	MSR_XEN_HYPERCALL = 0x40000000,
	MSR_K8_SYSCFG = 0xc0010010, MSR_K8_HWCR = 0xc0010015, MSR_K8_TOP_MEM1 = 0xc001001a,
	MSR_AMD64_NB_CFG = 0xc001001f, MSR_AMD_PSTATE_STATUS = 0xc0010063,
};
#define EFER_SVME		(1u << 12)

static u64 guest_efer(void)
{
	return rdmsr(MSR_EFER) & ~(u64)EFER_SVME;	/* not theirs */
}

bool pv_rdmsr(struct vcpu *v, u32 msr, u64 *val)
{
	*val = 0;
	/* I2: a whitelist, and those that all share only for who drives the machine. */
	switch (msr) {
	case MSR_FS_BASE: case MSR_GS_BASE: case MSR_KERNEL_GS_BASE:
		*val = rdmsr(msr);
		return true;
	case MSR_TSC:
		*val = rdtsc();
		return true;
	case MSR_TSC_AUX:
		*val = v->arch.tsc_aux;
		return cpu_features.rdtscp;
	case MSR_EFER:
		*val = guest_efer();
		return true;
	/* The machine's, for who drives it; others find nothing there. */
	case MSR_PAT: case MSR_APIC_BASE: case MSR_UCODE_REV: case MSR_MISC_ENABLE:
	case MSR_K8_SYSCFG: case MSR_K8_HWCR: case MSR_K8_TOP_MEM1:
	case MSR_AMD64_NB_CFG: case MSR_AMD_PSTATE_STATUS:
		return !v->domain->privileged || !rdmsr_safe(msr, val);
	/* No machine check bank: the core handles those. */
	case MSR_MCG_CAP: case MSR_MCG_STATUS: case MSR_MC0_CTL ... MSR_MC_LAST:
	case MSR_XEN_HYPERCALL:
		return true;
	default:
		return false;
	}
}

bool pv_wrmsr(struct vcpu *v, u32 msr, u64 val)
{
	/* I2: only those that are switched with the vcpu are written. */
	switch (msr) {
	case MSR_FS_BASE: case MSR_GS_BASE: case MSR_KERNEL_GS_BASE:
		if (!va_is_canonical(val))
			return false;
		wrmsr(msr, val);
		return true;
	case MSR_TSC_AUX:
		if (!cpu_features.rdtscp || val >> 32)
			return false;
		v->arch.tsc_aux = val;
		wrmsr(MSR_TSC_AUX, val);
		return true;
	case MSR_EFER:
		return val == guest_efer();
	case MSR_UCODE_REV:
		return !val;	/* the way to ask for the revision, SDM 3A 9.11.7.1 */
	/* Taken and ignored. */
	case MSR_MCG_CAP: case MSR_MCG_STATUS: case MSR_MC0_CTL ... MSR_MC_LAST:
	case MSR_MISC_ENABLE: case MSR_K8_HWCR: case MSR_AMD64_NB_CFG:
	case MSR_AMD_PSTATE_STATUS:
		return true;
	default:
		return false;
	}
}
