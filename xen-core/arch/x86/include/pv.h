/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paravirtual guests: what the files in pv/ offer each other and the rest.
 */
#ifndef XENLITE_PV_H
#define XENLITE_PV_H

#include "cpu.h"
#include "hypercall.h"
#include "irq.h"
#include "page_type.h"
#include "smp.h"

#define GUEST_CS	0xe033
#define GUEST_SS	0xe02b

/* All of [va, va + len) is so, in one half of the address space. */
static inline bool va_range_ok(u64 va, u64 len)
{
	u64 last = va + len - 1;

	return !len || (last >= va && va_is_guest(va) && va_is_guest(last) && !((va ^ last) >> 63));
}

/**
 * uaccess_read16() - two words from an address that va_is_guest().
 *
 * They cannot reach the core, for what lies below its range is not canonical.
 * Return: 0 or -EFAULT.
 */
static __always_inline int uaccess_read16(u64 src, u64 *lo, u64 *hi)
{
	bool fault;

	asm volatile("   stc\n" ASM_STAC
		     "1: movq (%3), %1\n"
		     "2: movq 8(%3), %2\n"
		     "   clc\n"
		     "3:\n" ASM_CLAC EXTABLE(1b, 3b) EXTABLE(2b, 3b)
		     : "=@ccc"(fault), "=&r"(*lo), "=&r"(*hi) : "r"(src) : "memory");
	return fault ? -EFAULT : 0;
}

/* callbacks.c: entering the guest's kernel */
void pv_inject_trap(struct vcpu *v, u32 vector, u32 error);
void pv_inject_page_fault(struct vcpu *v, u64 va, u32 error);
void pv_deliver_pending(struct vcpu *v);
void pv_syscall_slow(struct vcpu *v);
void pv_syscall32(struct vcpu *v);
void pv_bad_kernel_stack(struct vcpu *v);
void pv_iret_fault(struct vcpu *v);
void pv_failsafe(struct vcpu *v);
/** pv_init_callbacks() - traps, callbacks and kernel stack from a context that was checked */
void pv_init_callbacks(struct vcpu *v, const struct vcpu_guest_context *c);
long pv_set_callback(struct vcpu *v, u16 type, u64 rip, bool mask);

/* emulate.c: what the core does itself about a guest's exception */
void pv_page_fault(struct vcpu *v);
void pv_general_protection(struct vcpu *v);
void pv_invalid_opcode(struct vcpu *v);	/* in cpuid.c */

/** ptwr_emulate() - a write to a page table at @va. Return: done or given to the guest. */
bool ptwr_emulate(struct vcpu *v, u64 va);

/* mmu_update.c */
/** pv_flush_mask() - CPUs of the vcpus in the guest's @bitmap. Return: 0 or -EFAULT. */
int pv_flush_mask(struct domain *d, gva_t bitmap, u64 *mask);
u64 pv_flush_mask_all(struct domain *d);
int pv_other_get(domid_t id, struct domain **d);	/* the same, if it is not DOMID_SELF */
/**
 * pv_foreign_get() - the domain that a foreigndom argument names, held
 * DOMID_SELF is the caller, its number is not; DOMID_IO and DOMID_XEN are the core's.
 * Return: 0, -ESRCH or -EPERM.
 */
static inline int pv_foreign_get(domid_t id, struct domain **d)
{
	if (unlikely(id != DOMID_SELF))
		return pv_other_get(id, d);
	*d = current->domain;
	return 0;
}
void pv_foreign_put(struct domain *d);

/* mmuext.c: one operation, not preempted; on frames of @d */
int pv_mmuext_one(struct vcpu *v, struct domain *d, const struct mmuext_op *op);
/** pv_frame_get() - reference and use as @type (PT_*) of @d's frame; pt_lock held. Or NULL. */
struct page *pv_frame_get(struct domain *d, mfn_t mfn, u64 type);
void pv_frame_put(struct page *p);
/**
 * pv_list_begin() - a list of @count requests, @done: where the guest wants their number
 *
 * A continuation carries on behind the requests done: list and count move (bit
 * 31 of @count, taken off here, says so), and *@done counts from what an earlier
 * part left there. Return: that, or 0.
 */
u32 pv_list_begin(u32 *count, gva_t done);
/**
 * pv_list_end() - @total are done now; after -ERESTART the call comes again
 * with the @left ones at @rest. Return: @err.
 */
int pv_list_end(int err, gva_t rest, u32 left, gva_t done, u32 total);
/**
 * pv_set_root() - the L4 table @mfn becomes a root of @v, of its kernel or its user mode's
 * pt_lock held, @v is current or not running; pt_finish_deferred() afterwards. @mfn: for the
 * user's also 0, none. Return: 0, or as page_type_get(), and nothing has changed.
 */
int pv_set_root(struct vcpu *v, mfn_t mfn, bool user);

/* descriptors.c */
/** descriptor_fix() - make @d harmless. Return: false when it cannot be. */
bool descriptor_fix(u64 *d);
bool pv_ldt_fault(struct vcpu *v, u64 va);
bool pv_ldt_map(struct vcpu *v, u64 va);
int pv_set_gdt(struct vcpu *v, const u64 *frames, u32 entries);
void pv_load_descriptors(struct vcpu *v);
int pv_desc_area_create(struct vcpu *v);
void pv_desc_area_destroy(struct vcpu *v);
int pv_set_ldt(struct vcpu *v, u64 base, u32 entries);

/* context.c: the state of the running vcpu */
/** pv_vcpus_unload() - pause @d; no CPU keeps state or translations of its vcpus */
void pv_vcpus_unload(struct domain *d);
/** pv_toggle_mode() - between the guest's kernel and user address space. */
void pv_toggle_mode(struct vcpu *v);
void pv_load_cr3(struct vcpu *v);
void pv_load_tsd(struct vcpu *v);
long pv_set_debugreg(struct vcpu *v, u32 reg, u64 val);
#define XCR0_X87_SSE	3
/* x87 always; AVX needs SSE; AVX-512 needs AVX and all of its three parts. */
static inline bool pv_xcr0_is_good(u64 x)
{
	return !(x & ~cpu_features.xcr0) && x & 1 && (!(x & 4) || x & 2) &&
	       (!(x & 0xe0) || (x & 0xe4) == 0xe4);
}

/* traps.c */
void trap_dump_regs(const struct regs *regs);
void trap_dump_stack(u64 sp);

/** physdev_hide_ports() - take those that the core uses out of @allowed (io_bitmap) */
void physdev_hide_ports(u32 *allowed);

/* memory_op.c */
/** memory_free_map() - @d is no more: nor is the map it was given. */
void memory_free_map(struct domain *d);

/* dom0_build.c */
void dom0_build(void);
/** write_hypercall_page() - the entries that guests call (xen/arch-x86/xen-x86_64.h) */
void write_hypercall_page(u8 *page);

/* decode.c: a decoded instruction of a guest */
/**
 * struct insn - one instruction
 * @opcode:	last byte; 0x0f00 more for the two-byte map
 * @bytes:	operand size of the non-byte forms
 * @reg,@rm:	register operands of ModRM, with REX
 * @is_memory:	ModRM names memory, not a register
 */
struct insn {
	u16 opcode;
	u8 len, bytes, rex, modrm, reg, rm;
	bool opsize16, rep, is_memory;
	s64 imm;
};

/** struct insn_cache - what a CPU decoded last: @lo, @hi its 16 bytes, at first zeroes, opcode 0 */
extern struct insn_cache {
	u64 lo, hi;
	struct insn insn, other;
} __aligned(64) insn_cache[];

const struct insn *insn_decode_new(struct vcpu *v, struct insn_cache *c);

/**
 * insn_decode() - the instruction at the guest's rip.
 *
 * Page-table writes trap in long runs of one instruction, and so does a kernel that
 * reads the same MSR at each process switch. What is remembered is a function of the
 * bytes, which are fetched and compared each time.
 * Return: good until the CPU's next call; NULL when it cannot be fetched or is too long.
 */
static __always_inline const struct insn *insn_decode(struct vcpu *v)
{
	struct insn_cache *c = &insn_cache[this_cpu()->id];
	u64 rip = v->regs.rip, lo, hi;

	if (likely(va_is_guest(rip) && !uaccess_read16(rip, &lo, &hi) &&
		   c->lo == lo && c->hi == hi))
		return &c->insn;
	return insn_decode_new(v, c);
}

u64 *insn_reg(struct regs *r, u32 n);
u64 insn_read_reg(const struct insn *i, struct regs *r, u32 n, u32 bytes);
void insn_write_reg(const struct insn *i, struct regs *r, u32 n, u32 bytes, u64 v);

/* traps.c: vectors of exceptions, error code bits, and who handles them */
enum trap_vector {
	TRAP_DE, TRAP_DB, TRAP_NMI, TRAP_BP, TRAP_OF, TRAP_BR, TRAP_UD, TRAP_NM,
	TRAP_DF, TRAP_TS = 10, TRAP_NP, TRAP_SS, TRAP_GP, TRAP_PF, TRAP_MF = 16,
	TRAP_AC, TRAP_MC, TRAP_XM, TRAP_CP = 21,
	FIRST_IRQ_VECTOR = 32,
	TRAP_SYSCALL = 0x100,	/* not a vector: entered by SYSCALL */
};

/* Bits of the error code of a page fault */
enum { PF_P = 1, PF_W = 2, PF_U = 4, PF_RSVD = 8, PF_I = 16 };

/* Called by entry.S. */
void trap_from_guest(struct vcpu *v);
void trap_from_core(struct regs *regs);
struct vcpu *trap_ist_to_vcpu(const struct regs *regs);
void idle_loop(void) __attribute__((noreturn));
void enter_guest(void) __attribute__((noreturn));

#endif
