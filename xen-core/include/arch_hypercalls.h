/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the dispatch table takes from the architecture, and the few hooks that
 * the small hypercalls need of it.
 */
#ifndef XENLITE_ARCH_HYPERCALLS_H
#define XENLITE_ARCH_HYPERCALLS_H

struct domain;
struct page;
struct vcpu;

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
 * arch_get_guest_page_writable() - frame @gmfn of @d, held with a writable use.
 * Return: the page, or NULL when it is not @d's or may not be written.
 */
struct page *arch_get_guest_page_writable(struct domain *d, u64 gmfn);
void arch_put_guest_page_writable(struct page *page);

/**
 * arch_vcpu_update_time() - fill @v's time parameters anew, also in the area
 * at v->time_guest, by way of the current guest's address space.
 */
void arch_vcpu_update_time(struct vcpu *v);

#endif
