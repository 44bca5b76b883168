/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paravirtual guests: what the files in pv/ offer each other and the rest.
 */
#ifndef XENLITE_PV_H
#define XENLITE_PV_H

#include "arch_hypercalls.h"
#include "asm.h"
#include "cpu.h"
#include "domain.h"
#include "msi.h"
#include "paging.h"
#include "percpu.h"

#define GUEST_CS	0xe033
#define GUEST_SS	0xe02b
#define FRAME_KERNEL_CS	0xe030	/* as pushed for the guest's kernel: RPL 0 */

static inline u8 cpu_phys_bits(void) { return cpu_features.phys_bits; }

static inline bool va_is_canonical(u64 va) { return (u64)((s64)(va << 16) >> 16) == va; }

/* Canonical, and outside the core's range. */
static inline bool va_is_guest(u64 va)
{
	return va_is_canonical(va) && (va < CORE_VA_START || va >= CORE_VA_END);
}

/* All of [va, va + len) is so, in one half of the address space. */
static inline bool va_range_ok(u64 va, u64 len)
{
	u64 last = va + len - 1;

	return !len || (last >= va && va_is_guest(va) && va_is_guest(last) && !((va ^ last) >> 63));
}

/*
 * entry.S: 16 bytes from an address that va_is_guest(): they cannot reach the
 * core, for what lies below its range is not canonical. Return: 0 or -EFAULT.
 */
int uaccess_read16(void *dst, u64 src);

/* callbacks.c: entering the guest's kernel */
void pv_inject_trap(struct vcpu *v, u32 vector, u32 error);
void pv_inject_page_fault(struct vcpu *v, u64 va, u32 error);
void pv_deliver_pending(struct vcpu *v);
void pv_syscall_slow(struct vcpu *v);
void pv_syscall32(struct vcpu *v);
void pv_bad_kernel_stack(struct vcpu *v);
void pv_iret_fault(struct vcpu *v);
void pv_failsafe(struct vcpu *v);
void pv_hypercall_restart(struct vcpu *v);

/* faults.c, emulate.c: what the core does itself about a guest's exception */
void pv_page_fault(struct vcpu *v);
void pv_general_protection(struct vcpu *v);
void pv_invalid_opcode(struct vcpu *v);

/** ptwr_emulate() - a write to a page table at @va. Return: done or given to the guest. */
bool ptwr_emulate(struct vcpu *v, u64 va);

/* mmu_update.c */
/** pv_flush_mask() - CPUs of the vcpus in the guest's @bitmap. Return: 0 or -EFAULT. */
int pv_flush_mask(struct domain *d, gva_t bitmap, u64 *mask);
u64 pv_flush_mask_all(struct domain *d);

/* mmuext.c: one operation, not preempted */
int pv_mmuext_one(struct vcpu *v, const struct mmuext_op *op);
/** pv_show_m2p() - is the machine-to-phys table visible through the L4 table @root? */
void pv_show_m2p(mfn_t root, bool visible);

/* descriptors.c */
/** descriptor_fix() - make @d harmless. Return: false when it cannot be. */
bool descriptor_fix(u64 *d);
bool pv_ldt_fault(struct vcpu *v, u64 va);
bool pv_ldt_map(struct vcpu *v, u64 va);
int pv_set_gdt(struct vcpu *v, const u64 *frames, u32 entries);
void pv_load_descriptors(struct vcpu *v);
int pv_desc_area_create(struct vcpu *v);
int pv_set_ldt(struct vcpu *v, u64 base, u32 entries);

/* context.c: the state of the running vcpu */
/** xsave_header() - XSTATE_BV of the save area (SDM 1, 13.4.2) */
u64 *xsave_header(struct vcpu *v);

/** pv_set_kernel_sp() - where entries from user mode build their frame */
void pv_set_kernel_sp(struct vcpu *v, u64 sp);
/** pv_toggle_mode() - between the guest's kernel and user address space. */
void pv_toggle_mode(struct vcpu *v);
void pv_load_cr3(struct vcpu *v);
void pv_load_tsd(struct vcpu *v);
void pv_set_iopl(struct vcpu *v, u32 iopl);
long pv_set_iobitmap(struct vcpu *v, gva_t bitmap, u32 nports);

/* debugreg.c */
long pv_set_debugreg(struct vcpu *v, u32 reg, u64 value);
void pv_load_debugregs(struct vcpu *v);

/* cpuid.c, msr.c */
void pv_cpuid(struct vcpu *v, u32 leaf, u32 subleaf, struct cpuid *out);
bool pv_rdmsr(struct vcpu *v, u32 msr, u64 *val);
bool pv_wrmsr(struct vcpu *v, u32 msr, u64 val);

/* io.c */
bool pv_port_allowed(struct vcpu *v, u16 port, u32 bytes);
u32 pv_port_in(struct vcpu *v, u16 port, u32 bytes);
void pv_port_out(struct vcpu *v, u16 port, u32 bytes, u32 value);

/* traps.c */
void trap_dump_regs(const struct regs *regs);
void trap_dump_stack(u64 sp);

/* dom0_build.c */
struct boot_module;
void dom0_build(void);

#endif
