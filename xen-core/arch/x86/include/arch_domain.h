/* SPDX-License-Identifier: GPL-2.0-only */
/* x86: registers, and the PV state of domains and vcpus. */
#ifndef XENLITE_ARCH_DOMAIN_H
#define XENLITE_ARCH_DOMAIN_H

#include <xen/arch-x86/xen.h>
#include <xen/callback.h>

struct e820_range;
struct page;

/**
 * struct regs - a guest's registers, in the order entry.S pushes them
 *
 * The hardware pushes rip .. ss, the entry point vector and error code. The
 * size keeps the stack pointer that the CPU aligns on entry where it is.
 */
struct regs {
	u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	u64 rax, rcx, rdx, rsi, rdi;
	u64 vector, error_code;
	u64 rip, cs, rflags, rsp, ss;
};

static_assert(sizeof(struct regs) % 16 == 0, "TSS.rsp0 is its end");

#define GDT_FRAMES	FIRST_RESERVED_GDT_PAGE
#define NR_CALLBACKS	(CALLBACKTYPE_syscall32 + 1)

/* What an exception or callback does in the guest's kernel. */
struct guest_entry {
	u64 rip;
	u8 dpl;			/* who may raise it by int n: CPL <= dpl, kernel as 1 */
	bool masks_events;	/* as an interrupt gate does */
};

/* What FXSAVE and XSAVE write, as far as the core looks (SDM 1, 10.5.1 and 13.4). */
struct xsave_area {
	u16 fcw;
	u8 unused[22];
	u32 mxcsr;
	u8 registers[484];
	u64 xstate_bv;			/* with XSAVE only, from here on */
	u64 xcomp_bv, reserved[6];
};

static_assert(offsetof(struct xsave_area, xstate_bv) == 512, "it heads the XSAVE header");

/**
 * struct arch_vcpu - PV state of one vcpu
 * @root:	of the kernel, kernel_cr3, and of its user mode, user_cr3; pt_lock. What holds
 *		their frames as PT_L4 is the guest's pin, or, if the bit of @roots_held with
 *		the root's index is set, a use of this vcpu's own
 * @in_kernel:	the guest's kernel runs (it is at CPL 3 like its user)
 * @gdt_va:	where its GDT is in the core's address space; LDT 16 pages after
 */
struct arch_vcpu {
	union {
		struct { u64 kernel_cr3, user_cr3; };
		u64 root[2];
	};
	u64 kernel_sp;
	u8 roots_held;
	u64 stack_top;			/* of the CPU it runs on */
	bool in_kernel, in_nmi, ts;	/* ts: the guest's CR0.TS */
	u8 iopl;			/* virtual IOPL, 0 .. 3 */
	struct guest_entry callback[NR_CALLBACKS];	/* by CALLBACKTYPE_* */

	u64 fs_base, gs_base[2];	/* while not running; gs_base[in_kernel] is its own */
	u16 ds, es, fs, gs;

	u64 cr2, cr4, dr[8];		/* as the guest wrote them */

	u64 gdt_va, ldt_base;		/* ldt_base: guest linear */
	u32 ldt_entries;
	bool ldt_mapped;		/* is any of ldt_page? */
	struct page *gdt_page[GDT_FRAMES], *ldt_page[16];	/* PT_DESC reference each */

	struct guest_entry traps[256];
	struct xsave_area *xsave;	/* 64-byte aligned */
	u64 xcr0, tsc_aux;

	u32 dirty_cpu;			/* CPU whose TLB may hold entries, ~0 none */
	u32 iobmp_ports;
	gva_t iobmp;			/* the kernel's I/O permission bitmap */

	u64 *multicall_args;		/* of the entry being served, for continuations */
	u32 pv_time_version;
};

/**
 * struct log_dirty - which frames were written to: pv/log_dirty.c
 * @on:		page-table updates mark frames; seen under pt_lock
 * @step,@next:	of a pass in progress: where it is; domctl
 */
struct log_dirty {
	bool on;
	u8 step;
	u64 next;
};

/**
 * struct guest_tsc - XEN_DOMCTL_settscinfo; written while the domain is paused
 * @emulated:	RDTSC traps, and reads as ticks of @khz since system time was @offset
 * @khz:	0: the machine's
 */
struct guest_tsc {
	u32 mode, khz, incarnation;
	bool emulated;
	u64 offset;
};

struct arch_domain {
	struct cpu_policy *cpu_policy;	/* NULL: as every guest's; contents: lock */
	struct page *deferred_put;	/* pt_lock: pt_put() that was preempted */
	u32 io_bitmap[65536 / 32];	/* set: the port is allowed */
	struct page *eoi_page;		/* PHYSDEVOP_pirq_eoi_gmfn: a bit for each pirq */
	bool phys_irq_eoi_auto;
	struct e820_range *e820;	/* domain lock: XENMEM_set_memory_map */
	u32 nr_e820;
	bool maps_others;		/* pt_lock to set: its tables map others' frames, or did */
	struct log_dirty log_dirty;
	struct guest_tsc tsc;
};

#endif
