// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debug registers: a guest's breakpoints may not fire in the core.
 *
 * They are loaded into the CPU only while a guest that has one enabled runs.
 */
#include "asm.h"
#include "compiler.h"
#include "cpu_private.h"
#include "errno.h"
#include "pv.h"

#define DR7_ENABLE	0xffu
#define DR7_FIXED	0x400u
#define DR7_GD		(1u << 13)
#define DR7_ZERO	0xd800u		/* reserved, with TR's bits */
#define DR6_FIXED	0xffff0ff0u
#define DR6_ZERO	0x1000u

static void load(struct vcpu *v)
{
	write_dr0(v->arch.dr[0]);
	write_dr1(v->arch.dr[1]);
	write_dr2(v->arch.dr[2]);
	write_dr3(v->arch.dr[3]);
	write_dr7(v->arch.dr[7]);
}

void pv_load_debugregs(struct vcpu *v)
{
	bool on = v->arch.dr[7] & DR7_ENABLE;
	struct arch_cpu *cpu = this_cpu()->arch;

	if (on)
		load(v);
	else if (cpu->breakpoints)
		write_dr7(DR7_FIXED);
	cpu->breakpoints = on;
}

static long check_dr7(struct vcpu *v, u64 val)
{
	if (val >> 32)
		return -EINVAL;
	if (val & DR7_GD)
		return -EPERM;
	/* Type 2 is an I/O breakpoint, which needs CR4.DE; no guest has it. */
	for (int i = 0; i < 4; i++)
		if (val >> (2 * i) & 3 && (val >> (16 + 4 * i) & 3) == 2)
			return -EPERM;
	return 0;
}

long pv_set_debugreg(struct vcpu *v, u32 reg, u64 val)
{
	long err;

	switch (reg) {
	case 0 ... 3:
		if (!va_is_guest(val))	/* E8 */
			return -EPERM;
		v->arch.dr[reg] = val;
		break;
	case 4:
	case 6:
		if (val >> 32)
			return -EINVAL;
		v->arch.dr[6] = (val | DR6_FIXED) & ~(u64)DR6_ZERO;
		return 0;
	case 5:
	case 7:
		err = check_dr7(v, val);
		if (err)
			return err;
		v->arch.dr[7] = (val & ~(u64)DR7_ZERO) | DR7_FIXED;
		break;
	default:
		return -ENODEV;
	}
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
	const struct vcpu *v = current;

	switch (reg) {
	case 0 ... 3:
		return v->arch.dr[reg];
	case 4:
	case 6:
		return v->arch.dr[6];
	case 5:
	case 7:
		return v->arch.dr[7];
	default:
		return -ENODEV;
	}
}
