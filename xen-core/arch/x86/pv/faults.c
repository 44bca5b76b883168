// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults and invalid opcodes of a guest: which are the core's business.
 *
 *	in the vcpu's LDT area		the CPU wants an LDT page: map it
 *	kernel, write, protection	maybe a page-table write: emulate it
 *	everything else			the guest's own
 */
#include "asm.h"
#include "compiler.h"
#include "decode.h"
#include "printk.h"
#include "pv.h"
#include "traps.h"
#include "uaccess.h"

#define FORCED_CPUID_LEN	7

/* From entry.S: all page faults of guests but those it gives to the guest itself. */
void pv_page_fault(struct vcpu *v)
{
	u64 va = read_cr2();
	u32 error = v->regs.error_code;

	if (unlikely(va - v->arch.gdt_va < 32 * PAGE_SIZE) && pv_ldt_fault(v, va))
		return;
	if (v->arch.in_kernel && (error & (PF_P | PF_W | PF_I)) == (PF_P | PF_W) &&
	    va_is_guest(va) && ptwr_emulate(v, va))
		return;
	pv_inject_page_fault(v, va, error);
}

/* ud2; "xen"; cpuid: how a kernel asks for CPUID as the core sees fit (xen.h). */
static bool forced_cpuid(struct vcpu *v)
{
	static const u8 pattern[FORCED_CPUID_LEN] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 };
	u8 code[FORCED_CPUID_LEN];
	struct regs *r = &v->regs;
	struct cpuid c;

	if (copy_from_guest(code, GVA(r->rip), sizeof(code)))
		return false;
	for (u32 i = 0; i < sizeof(code); i++)
		if (code[i] != pattern[i])
			return false;
	pv_cpuid(v, r->rax, r->rcx, &c);
	r->rax = c.a;
	r->rbx = c.b;
	r->rcx = c.c;
	r->rdx = c.d;
	r->rip += sizeof(code);
	return true;
}

void pv_invalid_opcode(struct vcpu *v)
{
	if (!forced_cpuid(v))
		pv_inject_trap(v, TRAP_UD, 0);
}
