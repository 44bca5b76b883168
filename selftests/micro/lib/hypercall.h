/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls of a 64-bit PV guest.
 *
 * Number in %rax, arguments in %rdi, %rsi, %rdx, %r10, %r8, %r9; the syscall
 * instruction itself costs %rcx and %r11 (arch-x86/xen-x86_64.h). Raw syscalls
 * instead of calls into the hypercall page, so that numbers the page has no
 * slot for can be tried, too; the page has its own test.
 */
#ifndef MICRO_HYPERCALL_H
#define MICRO_HYPERCALL_H

#include <stdint.h>

static inline long hypercall6(unsigned long nr, unsigned long a1,
			      unsigned long a2, unsigned long a3,
			      unsigned long a4, unsigned long a5,
			      unsigned long a6)
{
	register unsigned long r10 asm("r10") = a4;
	register unsigned long r8 asm("r8") = a5;
	register unsigned long r9 asm("r9") = a6;
	long ret = (long)nr;

	asm volatile("syscall"
		     : "+a" (ret), "+D" (a1), "+S" (a2), "+d" (a3),
		       "+r" (r10), "+r" (r8), "+r" (r9)
		     :: "rcx", "r11", "memory");
	return ret;
}

#define HC_ARG(x)	((unsigned long)(x))
#define hypercall0(nr)			hypercall6(nr, 0, 0, 0, 0, 0, 0)
#define hypercall1(nr, a)		hypercall6(nr, HC_ARG(a), 0, 0, 0, 0, 0)
#define hypercall2(nr, a, b) \
	hypercall6(nr, HC_ARG(a), HC_ARG(b), 0, 0, 0, 0)
#define hypercall3(nr, a, b, c) \
	hypercall6(nr, HC_ARG(a), HC_ARG(b), HC_ARG(c), 0, 0, 0)
#define hypercall4(nr, a, b, c, d) \
	hypercall6(nr, HC_ARG(a), HC_ARG(b), HC_ARG(c), HC_ARG(d), 0, 0)

#define hc_set_trap_table(t)	hypercall1(__HYPERVISOR_set_trap_table, t)
#define hc_mmu_update(r, n, d, who) \
	hypercall4(__HYPERVISOR_mmu_update, r, n, d, who)
#define hc_set_gdt(f, n)	hypercall2(__HYPERVISOR_set_gdt, f, n)
#define hc_stack_switch(ss, sp)	hypercall2(__HYPERVISOR_stack_switch, ss, sp)
#define hc_set_callbacks(e, f, s) \
	hypercall3(__HYPERVISOR_set_callbacks, e, f, s)
#define hc_fpu_taskswitch(s)	hypercall1(__HYPERVISOR_fpu_taskswitch, s)
#define hc_platform_op(o)	hypercall1(__HYPERVISOR_platform_op, o)
#define hc_set_debugreg(r, v)	hypercall2(__HYPERVISOR_set_debugreg, r, v)
#define hc_get_debugreg(r)	hypercall1(__HYPERVISOR_get_debugreg, r)
#define hc_update_descriptor(m, d) \
	hypercall2(__HYPERVISOR_update_descriptor, m, d)
#define hc_memory_op(c, a)	hypercall2(__HYPERVISOR_memory_op, c, a)
#define hc_multicall(l, n)	hypercall2(__HYPERVISOR_multicall, l, n)
#define hc_update_va_mapping(v, p, f) \
	hypercall3(__HYPERVISOR_update_va_mapping, v, p, f)
#define hc_set_timer_op(t)	hypercall1(__HYPERVISOR_set_timer_op, t)
#define hc_xen_version(c, a)	hypercall2(__HYPERVISOR_xen_version, c, a)
#define hc_console_io(c, n, b)	hypercall3(__HYPERVISOR_console_io, c, n, b)
#define hc_grant_table_op(c, a, n) \
	hypercall3(__HYPERVISOR_grant_table_op, c, a, n)
#define hc_vm_assist(c, t)	hypercall2(__HYPERVISOR_vm_assist, c, t)
#define hc_vcpu_op(c, v, a)	hypercall3(__HYPERVISOR_vcpu_op, c, v, a)
#define hc_set_segment_base(w, b) \
	hypercall2(__HYPERVISOR_set_segment_base, w, b)
#define hc_mmuext_op(o, n, d, who) \
	hypercall4(__HYPERVISOR_mmuext_op, o, n, d, who)
#define hc_nmi_op(c, a)		hypercall2(__HYPERVISOR_nmi_op, c, a)
#define hc_sched_op(c, a)	hypercall2(__HYPERVISOR_sched_op, c, a)
#define hc_callback_op(c, a)	hypercall2(__HYPERVISOR_callback_op, c, a)
#define hc_event_channel_op(c, a) \
	hypercall2(__HYPERVISOR_event_channel_op, c, a)
#define hc_physdev_op(c, a)	hypercall2(__HYPERVISOR_physdev_op, c, a)

#endif
