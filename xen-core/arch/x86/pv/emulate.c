// SPDX-License-Identifier: GPL-2.0-only
/*
 * General protection faults: the privileged instructions a PV kernel runs.
 *
 * A PV kernel is at CPL 3, so these fault. What it may do is done here: port
 * I/O by permission, control and debug registers, MSRs by whitelist, int n by
 * its own trap table. Everything else is the guest's fault indeed.
 */
#include "asm.h"
#include "compiler.h"
#include "cpu_private.h"
#include "decode.h"
#include "errno.h"
#include "page_type.h"
#include "preempt.h"
#include "pv.h"
#include "traps.h"
#include "uaccess.h"

#define REP_MAX		64	/* iterations a trap: longer ones fault again */
#define GUEST_CR0	(CR0_PG | CR0_AM | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE)
#define GUEST_CR4	(CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT)

enum outcome { DONE, FAULT, STAY, UNDEFINED };	/* STAY: done, but rip is right already */

static u32 io_bytes(const struct insn *i, u16 op)
{
	return op & 1 ? (i->opsize16 ? 2 : 4) : 1;
}

static enum outcome do_in_out(struct vcpu *v, struct insn *i)
{
	bool imm = i->opcode < 0xe8;
	u16 port = imm ? (u8)i->imm : (u16)v->regs.rdx;
	u32 n = io_bytes(i, i->opcode);

	if (!pv_port_allowed(v, port, n))
		return FAULT;
	if (i->opcode & 2)
		pv_port_out(v, port, n, v->regs.rax);
	else
		insn_write_reg(i, &v->regs, 0, n, pv_port_in(v, port, n));
	return DONE;
}

/* One element. Return: false after a fault that was given to the guest. */
static bool string_io_step(struct vcpu *v, struct insn *i, u32 n)
{
	struct regs *r = &v->regs;
	bool out = i->opcode & 2;
	u64 *at = out ? &r->rsi : &r->rdi;
	u32 val = 0;

	if (out) {
		if (copy_from_guest(&val, GVA(*at), n)) {
			pv_inject_page_fault(v, *at, 0);
			return false;
		}
		pv_port_out(v, r->rdx, n, val);
	} else {
		val = pv_port_in(v, r->rdx, n);
		if (copy_to_guest(GVA(*at), &val, n)) {
			pv_inject_page_fault(v, *at, PF_W);
			return false;
		}
	}
	*at += r->rflags & EFLAGS_DF ? -(u64)n : n;
	return true;
}

static enum outcome do_string_io(struct vcpu *v, struct insn *i)
{
	struct regs *r = &v->regs;
	u32 n = io_bytes(i, i->opcode);

	if (!pv_port_allowed(v, r->rdx, n))
		return FAULT;
	if (!i->rep)
		return string_io_step(v, i, n) ? DONE : STAY;
	for (u32 k = 0; r->rcx && k < REP_MAX; k++) {
		if (!string_io_step(v, i, n))
			return STAY;
		r->rcx--;
	}
	return r->rcx ? STAY : DONE;
}

static enum outcome write_cr(struct vcpu *v, u32 cr, u64 val)
{
	struct mmuext_op op = { .cmd = MMUEXT_NEW_BASEPTR };

	switch (cr) {
	case 0:
		if ((val ^ GUEST_CR0) & ~(u64)CR0_TS)
			return FAULT;
		do_fpu_taskswitch(!!(val & CR0_TS));
		return DONE;
	case 2:
		v->arch.cr2 = val;
		v->info->arch.cr2 = val;
		return DONE;
	case 3:
		op.arg1.mfn = val >> PAGE_SHIFT;
		switch (pv_mmuext_one(v, &op)) {
		case 0:		return DONE;
		case -ERESTART:	return STAY;	/* long: the instruction comes again */
		default:	return FAULT;
		}
	case 4:
		v->arch.cr4 = val;
		pv_load_tsd(v);
		return DONE;
	default:
		return FAULT;
	}
}

static enum outcome read_cr(struct vcpu *v, u32 cr, u64 *val)
{
	switch (cr) {
	case 0:
		*val = GUEST_CR0 | (v->arch.ts ? CR0_TS : 0);
		return DONE;
	case 2:
		*val = v->arch.cr2;
		return DONE;
	case 3:
		*val = v->arch.kernel_cr3;
		return DONE;
	case 4:
		*val = (v->arch.cr4 & (CR4_OSXSAVE | CR4_TSD)) |
		       (cpu_features.cr4 & CR4_FSGSBASE) | GUEST_CR4;
		return DONE;
	default:
		return FAULT;
	}
}

static enum outcome do_dr(struct vcpu *v, struct insn *i)
{
	u64 *reg = insn_reg(&v->regs, i->rm);

	if (i->reg > 7)
		return UNDEFINED;
	if (i->opcode == 0x0f23)
		return pv_set_debugreg(v, i->reg, *reg) ? FAULT : DONE;
	*reg = do_get_debugreg(i->reg);
	return DONE;
}

static enum outcome do_msr(struct vcpu *v, struct insn *i)
{
	struct regs *r = &v->regs;
	u64 val;

	if (i->opcode == 0x0f30)
		return pv_wrmsr(v, r->rcx, (r->rdx << 32) | (u32)r->rax) ? DONE : FAULT;
	if (!pv_rdmsr(v, r->rcx, &val))
		return FAULT;
	r->rax = (u32)val;
	r->rdx = val >> 32;
	return DONE;
}

/* 0f 01 d1: XSETBV. The CPU faults whatever CR4.OSXSAVE the guest believes in. */
static enum outcome do_xsetbv(struct vcpu *v)
{
	u64 val = (v->regs.rdx << 32) | (u32)v->regs.rax;

	if (!cpu_features.xsave || !(v->arch.cr4 & CR4_OSXSAVE))
		return UNDEFINED;
	/* x87 always; AVX needs SSE; AVX-512 needs AVX and all of its three parts. */
	if ((u32)v->regs.rcx || val & ~cpu_features.xcr0 || !(val & 1) ||
	    (val & 4 && !(val & 2)) ||
	    (val & 0xe0 && ((val & 0xe0) != 0xe0 || !(val & 4))))
		return FAULT;
	v->arch.xcr0 = val;
	/* The saved state must not claim components that XRSTOR may not load. */
	*xsave_header(v) &= val;
	xsetbv(val);
	return DONE;
}

static enum outcome kernel_insn(struct vcpu *v, struct insn *i)
{
	u64 tsc;

	switch (i->opcode) {
	case 0xfa:
	case 0xfb:
		/* CLI, STI where IOPL would allow them: events have a mask of their own. */
		return v->arch.iopl ? DONE : FAULT;
	case 0x0f06:
		do_fpu_taskswitch(0);
		return DONE;
	case 0x0f09:
		/* Only who has devices has a reason; for others it would slow all. */
		if (v->domain->privileged)
			wbinvd();
		return DONE;
	case 0x0f20:
		return read_cr(v, i->reg, insn_reg(&v->regs, i->rm));
	case 0x0f22:
		return write_cr(v, i->reg, *insn_reg(&v->regs, i->rm));
	case 0x0f21:
	case 0x0f23:
		return do_dr(v, i);
	case 0x0f30:
	case 0x0f32:
		return do_msr(v, i);
	case 0x0f31:
		tsc = rdtsc();
		v->regs.rax = (u32)tsc;
		v->regs.rdx = tsc >> 32;
		return DONE;
	case 0x0f01:
		return i->modrm == 0xd1 ? do_xsetbv(v) : FAULT;
	default:
		return FAULT;
	}
}

static enum outcome emulate(struct vcpu *v, struct insn *i)
{
	switch (i->opcode) {
	case 0xe4 ... 0xe7:
	case 0xec ... 0xef:
		return do_in_out(v, i);
	case 0x6c ... 0x6f:
		return do_string_io(v, i);
	default:
		return v->arch.in_kernel ? kernel_insn(v, i) : FAULT;
	}
}

/*
 * int n: the hardware refused the gate, the guest may not. The vector comes
 * from the instruction, for the error code is wrong on some emulators.
 */
static bool software_interrupt(struct vcpu *v, struct insn *i)
{
	const struct guest_trap *t = &v->arch.traps[i->imm & 255];

	if (i->opcode != 0xcd || !t->rip)
		return false;
	if (t->dpl < (v->arch.in_kernel ? 1 : 3))
		return false;
	v->regs.rip += i->len;
	pv_inject_trap(v, i->imm & 255, 0);
	return true;
}

void pv_general_protection(struct vcpu *v)
{
	u32 error = v->regs.error_code;
	enum outcome o = FAULT;
	struct insn i;

	if (error && (error & 3) != 2)
		goto guest;	/* a selector */
	if (!insn_decode(v, &i))
		goto guest;
	if (error) {
		if (software_interrupt(v, &i))
			return;
		if (i.opcode == 0xcd)
			error = (u8)i.imm * 8 + 2;
		goto guest;
	}
	o = emulate(v, &i);
	if (o == DONE) {
		v->regs.rip += i.len;
		v->regs.rflags &= ~(u64)EFLAGS_RF;
		if (v->regs.rflags & EFLAGS_TF) {
			v->arch.dr[6] = 0xffff4ff0;
			pv_inject_trap(v, TRAP_DB, 0);
		}
	}
	if (o == UNDEFINED)
		pv_inject_trap(v, TRAP_UD, 0);
	if (o != FAULT)
		return;
guest:
	pv_inject_trap(v, TRAP_GP, error);
}
