/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch and preemption of hypercalls, and those that need no more than themselves. */
#ifndef XENLITE_HYPERCALL_H
#define XENLITE_HYPERCALL_H

#include "domain.h"
#include "uaccess.h"

typedef long (*hypercall_fn)(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);

#define NR_HYPERCALLS	64

/** hypercall_table - by __HYPERVISOR_*; unused slots answer -ENOSYS. */
extern const hypercall_fn hypercall_table[NR_HYPERCALLS];

long do_multicall(gva_t list, u32 nr);
/** do_memory_op() - XENMEM_* (xen/memory.h); high bits of @cmd carry progress. */
long do_memory_op(u64 cmd, gva_t arg);
/** do_xen_version() - XENVER_* (xen/version.h) */
long do_xen_version(u32 cmd, gva_t arg);
/** do_hvm_op() - HVMOP_* (xen/hvm/hvm_op.h) */
long do_hvm_op(u64 cmd, gva_t arg);
/** vm_assist_enable() - turn on @assists, 1 << VMASST_TYPE_*, of @d, whose vcpus may run */
void vm_assist_enable(struct domain *d, u64 assists);
/** do_vm_assist() - VMASST_CMD_* (xen/xen.h) */
long do_vm_assist(u32 cmd, u32 type);

/* What the core says it is, and the ABI version that guests and tools see. */
#define XENLITE_VERSION	"0.1"
#define XEN_ABI_MAJOR	4
#define XEN_ABI_MINOR	17

/** version_set_commandline() - what XENVER_commandline shows; cut to fit. */
void version_set_commandline(const char *cmdline);

/*
 * COPY_AND_CALL() - @handler(&copy, ...) on a copy of the @type at @arg
 * Return: what it says, or -EFAULT.
 */
#define COPY_AND_CALL(arg, type, handler, ...) ({					\
	type _copy;									\
	copy_from_guest(&_copy, arg, sizeof(_copy)) ?: handler(&_copy, ##__VA_ARGS__);	\
})

/*
 * Preemption points of long hypercalls.
 *
 * The core runs with interrupts off. A long operation calls preempt_requested()
 * between two steps, with no lock held that a handler may take (docs/LOCKING.md):
 * it lets pending interrupts in for a moment and says whether they left work that
 * should not wait. The operation then stores its progress in the hypercall's
 * arguments (hypercall_set_arg) and returns -ERESTART; the guest re-enters it.
 */

/* Internal: never reaches a guest. */
#define ERESTART	85

bool preempt_requested(void);

/**
 * hypercall_set_arg() - replace argument @n (0 .. 4) of the hypercall being
 * served, for its continuation after -ERESTART (also inside a multicall).
 */
void hypercall_set_arg(unsigned int n, u64 value);

/*
 * What the dispatch table takes from the architecture, and the few hooks that the
 * small hypercalls need of it.
 */

/* x86 PV guests (xen/xen.h, xen/arch-x86/xen.h); in the order of their numbers. */
long do_set_trap_table(gva_t traps);
long do_mmu_update(gva_t reqs, u32 count, gva_t done, u32 foreign);
long do_set_gdt(gva_t frames, u32 entries);
long do_stack_switch(u64 ss, u64 sp);
long do_set_callbacks(u64 event, u64 failsafe, u64 syscall);
long do_fpu_taskswitch(u32 set);
long do_platform_op(gva_t op);
long do_set_debugreg(u32 reg, u64 value);
long do_get_debugreg(u32 reg);
long do_update_descriptor(u64 ma, u64 desc);
long do_update_va_mapping(u64 va, u64 val, u64 flags);
long do_physdev_op_compat(gva_t op);
long do_update_va_mapping_otherdomain(u64 va, u64 val, u64 flags, u32 domid);
long do_iret(void);
long do_set_segment_base(u32 which, u64 base);
long do_mmuext_op(gva_t ops, u32 count, gva_t done, u32 foreign);
long do_nmi_op(u32 cmd, gva_t arg);
long do_callback_op(u32 cmd, gva_t arg);
long do_physdev_op(u32 cmd, gva_t arg);

/** arch_memory_op() - those of memory_op that are about the architecture's tables. */
long arch_memory_op(u32 cmd, gva_t arg);
/** arch_set_gfn() - the machine's table says that @p is frame @gfn of its owner. */
void arch_set_gfn(struct page *p, u64 gfn);

/**
 * arch_page_settle() - end what @p, which is held, keeps as a page table of its own: its
 * pin, a validation left half way. Return: 0, or -ERESTART: again; it goes on where it was.
 */
int arch_page_settle(struct domain *d, struct page *p);
/**
 * arch_page_release() - domain_page_release() of @p, which is held and settled; other
 * uses last till they end. Return: 0 or -EINVAL: it isn't @d's, or not settled.
 */
int arch_page_release(struct domain *d, struct page *p);

/**
 * arch_get_guest_page_writable() - frame @gmfn of @d, held with a writable use.
 * Return: the page, or NULL when it is not @d's or may not be written.
 */
struct page *arch_get_guest_page_writable(struct domain *d, u64 gmfn);
void arch_put_guest_page_writable(struct page *page);

/**
 * arch_page_write_begin() - a writable use of @page, which the caller holds
 *
 * For as long as the core itself writes to it. Takes its owner's pt_lock at times.
 * Return: false when it may not be written.
 */
bool arch_page_write_begin(struct page *page);
/** arch_page_write_end() - all is written; the use is over */
void arch_page_write_end(struct page *page);

/**
 * arch_vcpu_update_time() - fill @v's time parameters anew, also in the area
 * at v->time_guest, by way of the current guest's address space.
 */
void arch_vcpu_update_time(struct vcpu *v);

#endif
