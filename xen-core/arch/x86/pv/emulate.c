// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's exceptions that may be the core's business.
 *
 *	general protection	a privileged instruction: carried out here
 *	invalid opcode		the CPUID that a PV kernel asks for (cpuid.c)
 *	page fault		in the vcpu's LDT area: the CPU wants an LDT page, map it
 *				kernel, write, protection: maybe a page-table write
 *	everything else		the guest's own
 *
 * A PV kernel is at CPL 3, so its privileged instructions fault. What it may do
 * is done here: control and debug registers, MSRs by whitelist, int n by its own
 * trap table, and port I/O. All ports trap. The guest's kernel decides who of its
 * own may (virtual IOPL, I/O bitmap); the domain's bitmap decides which ports are
 * really accessed.
 */
#include "clock.h"
#include "pv.h"

#define REP_MAX		64ul	/* iterations a trap: longer ones fault again */
#define GUEST_CR0	(CR0_PG | CR0_AM | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE)
#define GUEST_CR4	(CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT)

enum {
	MSR_UCODE_REV = 0x8b, MSR_MISC_ENABLE = 0x1a0,
	MSR_MCG_CAP = 0x179, MSR_MCG_STATUS = 0x17a, MSR_MC0_CTL = 0x400, MSR_MC_LAST = 0x47f,
	MSR_XEN_HYPERCALL = 0x40000000,
	MSR_K8_SYSCFG = 0xc0010010, MSR_K8_HWCR = 0xc0010015, MSR_K8_TOP_MEM1 = 0xc001001a,
	MSR_AMD64_NB_CFG = 0xc001001f, MSR_AMD_PSTATE_STATUS = 0xc0010063,
};

/* Or the exception it raises. STAY: done, but rip is right already */
enum outcome { DONE, STAY, UNDEFINED = TRAP_UD, FAULT = TRAP_GP };

/* By IOPL, or the bits of @bytes ports in the kernel's bitmap are clear. */
static bool port_allowed(struct vcpu *v, u16 port, u32 bytes)
{
	bool user = !v->arch.in_kernel, ok;
	/* With architectural IOPL the guest's kernel counts as CPL 0, else as CPL 1. */
	u8 cpl = user ? 3 : !test_bit(VMASST_TYPE_architectural_iopl, &v->domain->vm_assist);
	u16 bits = 0;

	if (v->arch.iopl >= cpl)
		return true;
	if (port + bytes > v->arch.iobmp_ports)
		return false;
	if (user)
		pv_toggle_mode(v);	/* H4: the bitmap is the kernel's */
	ok = !copy_from_guest(&bits, GVA(v->arch.iobmp.a + port / 8), port % 8 + bytes > 8 ? 2 : 1);
	if (user)
		pv_toggle_mode(v);
	return ok && !(bits >> port % 8 & ((1u << bytes) - 1));
}

/* I1: whatever the guest allows itself. */
static bool owns_ports(const struct vcpu *v, u32 port, u32 bytes)
{
	for (u32 p = port; p < port + bytes; p++)
		if (p > 0xffff || !(v->domain->arch.io_bitmap[p / 32] >> p % 32 & 1))
			return false;
	return true;
}

/* Of the opcode, bit 0: more than a byte; bit 1: output; bit 3: the port is in DX. */
static enum outcome do_io(struct vcpu *v, const struct insn *i)
{
	bool string = i->opcode < 0xe4, rep = string && i->rep, out = i->opcode & 2;
	u32 bytes = !(i->opcode & 1) ? 1 : i->opsize16 ? 2 : 4, val = v->regs.rax;
	struct regs *r = &v->regs;
	u16 port = i->opcode & 8 ? r->rdx : (u8)i->imm;
	u64 *at = out ? &r->rsi : &r->rdi;	/* of INS and OUTS */
	bool owns = owns_ports(v, port, bytes);
	int err = 0;

	if (!port_allowed(v, port, bytes))
		return FAULT;
	for (u64 n = rep ? MIN(r->rcx, REP_MAX) : 1; n; n--) {
		if (string && out)
			err = copy_from_guest(&val, GVA(*at), bytes);
		/* A port that is not the domain's reads as all ones and swallows writes. */
		if (!err)
			val = owns ? pci_access_port(port, bytes, out, val) : ~0u;
		if (string && !out)
			err = copy_to_guest(GVA(*at), &val, bytes);
		if (err) {
			pv_inject_page_fault(v, *at, out ? 0 : PF_W);
			return STAY;
		}
		if (string)
			*at += r->rflags & EFLAGS_DF ? -(u64)bytes : bytes;
		else if (!out)
			insn_write_reg(i, r, 0, bytes, val);
		if (rep)
			r->rcx--;
	}
	return rep && r->rcx ? STAY : DONE;
}

static enum outcome write_cr(struct vcpu *v, u32 cr, u64 val)
{
	struct mmuext_op op = { .cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = val >> PAGE_SHIFT };

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
		switch (pv_mmuext_one(v, v->domain, &op)) {
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
	const u64 cr4 = (v->arch.cr4 & (CR4_OSXSAVE | CR4_TSD)) | (cpu_features.cr4 & CR4_FSGSBASE);
	const u64 values[] = {
		GUEST_CR0 | (v->arch.ts ? CR0_TS : 0), 0, v->arch.cr2, v->arch.kernel_cr3,
		GUEST_CR4 | cr4,
	};

	if (cr == 1 || cr >= ARRAY_SIZE(values))
		return FAULT;
	*val = values[cr];
	return DONE;
}

/* 0f 01 d1: XSETBV. The CPU faults whatever CR4.OSXSAVE the guest believes in. */
static enum outcome do_xsetbv(struct vcpu *v, u64 val)
{
	if (!cpu_features.xsave || !(v->arch.cr4 & CR4_OSXSAVE))
		return UNDEFINED;
	if ((u32)v->regs.rcx || !pv_xcr0_is_good(val))
		return FAULT;
	v->arch.xcr0 = val;
	/* The saved state must not claim components that XRSTOR may not load. */
	v->arch.xsave->xstate_bv &= val;
	xsetbv(val);
	return DONE;
}

/*
 * I2: MSRs by whitelist. A guest may read what identifies the machine and own its
 * segment bases; only what is switched with the vcpu is written.
 */
static enum outcome access_msr(struct vcpu *v, u32 msr, bool write, u64 *val)
{
	u64 new = *val, efer;

	*val = 0;
	switch (msr) {
	case MSR_FS_BASE: case MSR_GS_BASE: case MSR_KERNEL_GS_BASE:
		if (!write)
			*val = rdmsr(msr);
		else if (va_is_canonical(new))
			wrmsr(msr, new);
		else
			return FAULT;
		return DONE;
	case MSR_TSC_AUX:
		if (!cpu_features.rdtscp || (write && new >> 32))
			return FAULT;
		if (write) {
			v->arch.tsc_aux = new;
			wrmsr(msr, new);
		}
		*val = v->arch.tsc_aux;
		return DONE;
	case MSR_EFER:
		efer = rdmsr(MSR_EFER) & ~(1ull << 12);	/* SVME is not theirs */
		*val = efer;
		return write && new != efer ? FAULT : DONE;
	case MSR_TSC:
		*val = clock_guest_tsc(v->domain);
		return write ? FAULT : DONE;
	case MSR_XEN_HYPERCALL:
		return write ? FAULT : DONE;
	/* No machine check bank: the core handles those. Writes are ignored. */
	case MSR_MCG_CAP: case MSR_MCG_STATUS: case MSR_MC0_CTL ... MSR_MC_LAST:
		return DONE;
	case MSR_PAT:
		*val = PAT_XEN;
		return write ? FAULT : DONE;
	case MSR_K8_SYSCFG: case MSR_K8_TOP_MEM1: case MSR_UCODE_REV: case MSR_APIC_BASE:
		/* 0 is the way to ask for the revision, SDM 3A 9.11.7.1. */
		if (write)
			return msr == MSR_UCODE_REV && !new && v->domain->privileged ? DONE : FAULT;
		if (!v->domain->privileged && (msr == MSR_K8_SYSCFG || msr == MSR_K8_TOP_MEM1))
			return FAULT;
		/* fall through */
	case MSR_MISC_ENABLE: case MSR_K8_HWCR: case MSR_AMD64_NB_CFG: case MSR_AMD_PSTATE_STATUS:
		/* The machine's, for who drives it; others find nothing there. */
		return !write && v->domain->privileged && rdmsr_safe(msr, val) ? FAULT : DONE;
	default:
		return FAULT;
	}
}

/* 0f 31, 0f 01 f9: RDTSC and RDTSCP fault where the guest wants that, or the core. */
static enum outcome do_rdtsc(struct vcpu *v, bool aux)
{
	u64 tsc = clock_guest_tsc(v->domain);

	if (!v->arch.in_kernel && v->arch.cr4 & CR4_TSD)
		return FAULT;
	v->regs.rax = (u32)tsc;
	v->regs.rdx = tsc >> 32;
	if (aux)
		v->regs.rcx = v->arch.tsc_aux;
	return DONE;
}

/* Of the opcode all but port I/O and RDTSC is for the guest's kernel only. */
static enum outcome emulate(struct vcpu *v, const struct insn *i)
{
	struct regs *r = &v->regs;
	u64 val = r->rdx << 32 | (u32)r->rax;	/* operand of WRMSR and XSETBV */
	u64 *reg = insn_reg(r, i->rm);		/* and of the moves */

	if ((i->opcode & ~3) == 0x6c || (i->opcode & ~0xb) == 0xe4)	/* INS, OUTS, IN, OUT */
		return do_io(v, i);
	if (i->opcode == 0x0f31 || (i->opcode == 0x0f01 && i->modrm == 0xf9))
		return do_rdtsc(v, i->opcode == 0x0f01);
	if (!v->arch.in_kernel)
		return FAULT;
	switch (i->opcode) {
	case 0xfa: case 0xfb:
		/* CLI, STI where IOPL would allow them: events have a mask of their own. */
		return v->arch.iopl ? DONE : FAULT;
	case 0x0f01:
		return i->modrm == 0xd1 ? do_xsetbv(v, val) : FAULT;
	case 0x0f06:
		do_fpu_taskswitch(0);
		return DONE;
	case 0x0f09:
		/* Only who has devices has a reason; for others it would slow all. */
		if (v->domain->privileged)
			wbinvd();
		return DONE;
	case 0x0f20:
		return read_cr(v, i->reg, reg);
	case 0x0f22:
		return write_cr(v, i->reg, *reg);
	case 0x0f21: case 0x0f23:
		if (i->reg > 7)
			return UNDEFINED;
		if (i->opcode == 0x0f23)
			return do_set_debugreg(i->reg, *reg) ? FAULT : DONE;
		*reg = do_get_debugreg(i->reg);
		return DONE;
	case 0x0f30:
		return access_msr(v, r->rcx, true, &val);
	case 0x0f32:
		if (access_msr(v, r->rcx, false, &val))
			return FAULT;
		r->rax = (u32)val;
		r->rdx = val >> 32;
		return DONE;
	default:
		return FAULT;
	}
}

void pv_general_protection(struct vcpu *v)
{
	struct regs *r = &v->regs;
	const struct guest_entry *t;
	u32 error = r->error_code;
	enum outcome o = FAULT;
	const struct insn *i;

	/* An error code names a selector, or with these bits a gate. */
	i = !error || (error & 3) == 2 ? insn_decode(v) : NULL;
	if (i) {
		if (!error) {
			o = emulate(v, i);
		} else if (i->opcode == 0xcd) {
			/* The error code is wrong on some emulators, the instruction is not. */
			error = (u8)i->imm * 8 + 2;
			t = &v->arch.traps[(u8)i->imm];
			/* int n: the hardware refused the gate, the guest may not. */
			if (t->rip && t->dpl >= (v->arch.in_kernel ? 1 : 3)) {
				r->rip += i->len;
				pv_inject_trap(v, (u8)i->imm, 0);
				return;
			}
		}
	}
	if (o == DONE) {
		r->rip += i->len;
		r->rflags &= ~(u64)EFLAGS_RF;
		if (r->rflags & EFLAGS_TF) {
			v->arch.dr[6] = 0xffff4ff0;
			pv_inject_trap(v, TRAP_DB, 0);
		}
	} else if (o != STAY) {
		pv_inject_trap(v, o, error);
	}
}

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
