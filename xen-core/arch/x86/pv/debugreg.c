// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debug registers: a guest's breakpoints may not fire in the core.
 *
 * They are loaded into the CPU only while a guest that has one enabled runs.
 */
#include "pv.h"

#define DR7_ENABLE	0xffu
#define DR7_FIXED	0x400u
#define DR7_GD		(1u << 13)
#define DR7_ZERO	0xd800u		/* reserved, with TR's bits */
#define DR6_FIXED	0xffff0ff0u
#define DR6_ZERO	0x1000u

void pv_load_debugregs(struct vcpu *v)
{
	bool on = v->arch.dr[7] & DR7_ENABLE;
	struct arch_cpu *cpu = this_cpu()->arch;

	if (on) {
		write_dr0(v->arch.dr[0]);
		write_dr1(v->arch.dr[1]);
		write_dr2(v->arch.dr[2]);
		write_dr3(v->arch.dr[3]);
	}
	if (on || cpu->breakpoints)
		write_dr7(v->arch.dr[7]);
	cpu->breakpoints = on;
}

/* 4 and 5 are other names of 6 and 7. */
static u32 dr_index(u32 reg)
{
	return reg < 4 ? reg : reg | 2;
}

long pv_set_debugreg(struct vcpu *v, u32 reg, u64 val)
{
	switch (dr_index(reg)) {
	case 0 ... 3:
		if (!va_is_guest(val))	/* E8 */
			return -EPERM;
		break;
	case 6:
		if (val >> 32)
			return -EINVAL;
		val = (val | DR6_FIXED) & ~(u64)DR6_ZERO;
		break;
	case 7:
		if (val >> 32)
			return -EINVAL;
		if (val & DR7_GD)
			return -EPERM;
		/* Type 2 is an I/O breakpoint, which needs CR4.DE; no guest has it. */
		for (int i = 0; i < 4; i++)
			if (val >> (2 * i) & 3 && (val >> (16 + 4 * i) & 3) == 2)
				return -EPERM;
		val = (val & ~(u64)DR7_ZERO) | DR7_FIXED;
		break;
	default:
		return -ENODEV;
	}
	v->arch.dr[dr_index(reg)] = val;
	if (v == current)
		pv_load_debugregs(v);
	return 0;
}

/** do_set_debugreg() - HYPERVISOR_set_debugreg */
long do_set_debugreg(u32 reg, u64 val)
{
	return pv_set_debugreg(current, reg, val);
}

/** do_get_debugreg() - HYPERVISOR_get_debugreg */
long do_get_debugreg(u32 reg)
{
	return reg < 8 ? (long)current->arch.dr[dr_index(reg)] : -ENODEV;
}
