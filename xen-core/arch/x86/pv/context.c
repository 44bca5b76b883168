// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a vcpu in the CPU: what a switch saves and loads.
 *
 * The general registers are in v->regs whenever the core runs, but in a hypercall
 * those that C preserves, until it looks for other work to do (hypercall_leave); here
 * are the rest: page-table root, segments, FPU, debug registers, descriptor tables.
 * A CPU that goes idle saves them but leaves them loaded (cpu->arch->loaded):
 * when the same vcpu comes back and has not run elsewhere, nothing is done.
 *
 * The guest's kernel and user mode both run at CPL 3, on two roots; the core
 * swaps root and GS base between them. GS_BASE is the running mode's,
 * KERNEL_GS_BASE the other's.
 */
#include "clock.h"
#include "entry.h"
#include "pv.h"
#include "sched.h"
#include "spec_ctrl.h"
#include "stacks.h"

/* Bits that are always set or clear (reserved, with TR's bits). */
enum { DR6_FIXED = 0xffff0ff0u, DR6_ZERO = 0x1000u, DR7_FIXED = 0x400u, DR7_ZERO = 0xd800u };
enum { DR7_ENABLE = 0xff, DR7_GD = 1 << 13 };

void pv_toggle_mode(struct vcpu *v)
{
	if (v->arch.in_kernel && !v->arch.user_cr3)
		return;
	v->arch.in_kernel = !v->arch.in_kernel;
	asm volatile("swapgs");
	write_cr3(v->arch.in_kernel ? v->arch.kernel_cr3 : v->arch.user_cr3);
}

void pv_load_cr3(struct vcpu *v)
{
	tlb_switched(this_cpu());
	write_cr3(v->arch.in_kernel ? v->arch.kernel_cr3 : v->arch.user_cr3);
}

/* CR4.TSD is the guest's, so that it can make RDTSC fault in its user mode; or ours. */
void pv_load_tsd(struct vcpu *v)
{
	u64 tsd = v->domain->arch.tsc.emulated ? CR4_TSD : v->arch.cr4 & CR4_TSD;
	struct arch_cpu *cpu = this_cpu()->arch;

	if (cpu->tsd != tsd)
		write_cr4(cpu_features.cr4 | tsd);
	cpu->tsd = tsd;
}

/* As FNINIT leaves it, and no component in use. */
static void fpu_reset(struct xsave_area *area)
{
	memset(area, 0, cpu_features.xsave_size);
	area->fcw = 0x37f;
	area->mxcsr = 0x1f80;
}

static void fpu_save(struct vcpu *v)
{
	asm volatile("clts");
	if (cpu_features.xsave)
		asm volatile("xsave64 (%0)" : : "r"(v->arch.xsave), "a"(~0u), "d"(~0u) : "memory");
	else
		asm volatile("fxsave64 (%0)" : : "r"(v->arch.xsave) : "memory");
}

/*
 * E6: all components are loaded, also those that this guest has not enabled:
 * it may do so later, or reach them anyhow (XMM registers need no XCR0 bit), and
 * must not find what another guest left there.
 */
static void fpu_load(struct vcpu *v)
{
	u64 all = cpu_features.xsave ? cpu_features.xcr0 : 0;
	static const u32 any;

	asm volatile("clts");
	if (cpu_features.keeps_fpu_pointers)
		asm volatile("fnclex; emms; fildl %0" : : "m"(any));	/* these are of no one */
	if (all)
		xsetbv(all);
	/* It refuses, say, MXCSR bits that it lacks (VCPUOP_initialise): start afresh. */
	if (xrstor_safe(v->arch.xsave, all)) {
		fpu_reset(v->arch.xsave);
		if (xrstor_safe(v->arch.xsave, all))
			panic("FPU state cannot be reset");
	}
	if (v->arch.xcr0 != all && all)
		xsetbv(v->arch.xcr0);
}

static void set_ts(bool ts)
{
	if (ts)
		write_cr0(read_cr0() | CR0_TS);
	else
		asm volatile("clts");
}

/* A guest's breakpoints are in the CPU only while one that has some enabled runs. */
static void debugregs_load(struct vcpu *v)
{
	bool on = v->arch.dr[7] & DR7_ENABLE;
	struct arch_cpu *cpu = this_cpu()->arch;

	if (on) {
		write_dr0(v->arch.dr[0]);
		write_dr1(v->arch.dr[1]);
		write_dr2(v->arch.dr[2]);
		write_dr3(v->arch.dr[3]);
	}
	if (on || cpu->breakpoints)
		write_dr7(v->arch.dr[7]);
	cpu->breakpoints = on;
}

/* 4 and 5 are other names of 6 and 7. */
static u32 dr_index(u32 reg) { return reg < 4 ? reg : reg | 2; }

long pv_set_debugreg(struct vcpu *v, u32 reg, u64 val)
{
	u32 n = dr_index(reg);

	if (reg > 7)
		return -ENODEV;
	if (n < 4 && !va_is_guest(val))		/* E8 */
		return -EPERM;
	if (n >= 4 && val >> 32)
		return -EINVAL;
	if (n == 6)
		val = (val | DR6_FIXED) & ~(u64)DR6_ZERO;
	if (n == 7) {
		if (val & DR7_GD)
			return -EPERM;
		/* Type 2 is an I/O breakpoint, which needs CR4.DE; no guest has it. */
		for (int i = 0; i < 4; i++)
			if (val >> (2 * i) & 3 && (val >> (16 + 4 * i) & 3) == 2)
				return -EPERM;
		val = (val & ~(u64)DR7_ZERO) | DR7_FIXED;
	}
	v->arch.dr[n] = val;
	if (v == current)
		debugregs_load(v);
	return 0;
}

static void segments_save(struct vcpu *v)
{
	asm volatile("mov %%ds, %0" : "=rm"(v->arch.ds));
	asm volatile("mov %%es, %0" : "=rm"(v->arch.es));
	asm volatile("mov %%fs, %0" : "=rm"(v->arch.fs));
	asm volatile("mov %%gs, %0" : "=rm"(v->arch.gs));
	v->arch.fs_base = rdmsr(MSR_FS_BASE);
	v->arch.gs_base[v->arch.in_kernel] = rdmsr(MSR_GS_BASE);
	v->arch.gs_base[!v->arch.in_kernel] = rdmsr(MSR_KERNEL_GS_BASE);
}

/* Return: false when a selector is bad (its descriptor changed meanwhile): all are null. */
static bool segments_load(struct vcpu *v)
{
	int bad = load_segment_ds(v->arch.ds) | load_segment_es(v->arch.es) |
		  load_segment_fs(v->arch.fs) | load_segment_gs(v->arch.gs);

	if (bad) {
		load_segment_ds(0);
		load_segment_es(0);
		load_segment_fs(0);
		load_segment_gs(0);
	}
	/* Last: a selector takes its base with it, and the kernel relies on that of its GS. */
	wrmsr(MSR_FS_BASE, v->arch.fs_base);
	wrmsr(MSR_GS_BASE, v->arch.gs_base[v->arch.in_kernel]);
	wrmsr(MSR_KERNEL_GS_BASE, v->arch.gs_base[!v->arch.in_kernel]);
	return !bad;
}

static void state_load(struct cpu *cpu, struct vcpu *v)
{
	struct vcpu *old = cpu->arch->loaded;
	u32 here = cpu->id;
	bool segments_good;

	/* T3: by exchange, for another CPU may just be loading it and say so there. */
	if (old)
		__atomic_compare_exchange_n(&old->arch.dirty_cpu, &here, ~0u, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
	cpu->arch->loaded = v;
	if (unlikely(spec_ctrl.ibpb))
		spec_ctrl_switch(v->domain);
	/* Before the root is loaded: who flushes must not miss this CPU. */
	__atomic_store_n(&v->arch.dirty_cpu, cpu->id, __ATOMIC_SEQ_CST);
	tlb_set_owner(cpu, NULL);
	pv_load_cr3(v);
	tlb_set_owner(cpu, v->domain);
	pv_load_descriptors(v);
	segments_good = segments_load(v);
	fpu_load(v);
	debugregs_load(v);
	if (cpu_features.rdtscp)
		wrmsr(MSR_TSC_AUX, v->arch.tsc_aux);
	set_ts(v->arch.ts);
	pv_load_tsd(v);
	/* Last: it needs the address space and writes the guest's stack. */
	if (!segments_good)
		pv_failsafe(v);
}

/* H4: what the guest's kernel reads in its own memory, which its user mode's tables lack. */
static void update_guest_areas(struct vcpu *v)
{
	bool time = clock_update_vcpu(v) && v->time_guest.a, user = !v->arch.in_kernel;

	if (!time && !v->runstate_guest.a)
		return;
	if (user)
		write_cr3(v->arch.kernel_cr3);
	if (time)
		arch_vcpu_update_time(v);
	if (v->runstate_guest.a)
		runstate_update_guest(v);
	if (user)
		write_cr3(v->arch.user_cr3);
}

void arch_switch_to(struct vcpu *prev, struct vcpu *next)
{
	struct cpu *cpu = this_cpu();

	if (!prev->is_idle) {
		segments_save(prev);
		fpu_save(prev);
	}
	cpu->curr = next;
	if (next->is_idle)
		return;
	next->arch.stack_top = stacks_top(cpu);
	stacks_tss(cpu)->rsp0 = (u64)(&next->regs + 1);
	if (cpu->arch->loaded != next || next->arch.dirty_cpu != cpu->id)
		state_load(cpu, next);
	else
		set_ts(next->arch.ts);
	update_guest_areas(next);
}

void pv_vcpus_unload(struct domain *d)
{
	domain_pause(d);
	tlb_flush_cpus(pv_flush_mask_all(d));
}

/*
 * T6, L5: a CPU that idles may have the state of one of @d's vcpus loaded, and its root. It
 * drops both when it is asked to flush (tlb_flush_local); one that runs another
 * vcpu has loaded that one's, or will have when it answers.
 */
void arch_domain_forget(struct domain *d)
{
	tlb_flush_cpus(cpus_online());
	for_each_vcpu(d, v)
		v->arch.dirty_cpu = ~0u;
	spec_ctrl_forget(d);
}

void arch_vcpu_update_time(struct vcpu *v)
{
	if (v != current) {
		/* The times of the CPU it runs on are that CPU's to write, at its next run. */
		WRITE_ONCE(v->arch.pv_time_version, 0);
		return;
	}
	clock_pvclock_write(v);
	if (v->time_guest.a &&
	    copy_to_guest(v->time_guest, &v->info->time, sizeof(v->info->time)))
		v->time_guest = GVA(0);
}

int arch_vcpu_create(struct vcpu *v)
{
	v->arch.dirty_cpu = ~0u;
	v->arch.in_kernel = true;
	if (v->is_idle)
		return 0;
	v->arch.xsave = alloc_zeroed(cpu_features.xsave_size);
	if (!v->arch.xsave)
		return -ENOMEM;
	fpu_reset(v->arch.xsave);
	v->arch.xcr0 = XCR0_X87_SSE;
	v->arch.dr[6] = DR6_FIXED;
	v->arch.dr[7] = DR7_FIXED;
	if (!pv_desc_area_create(v))
		return 0;
	free_zeroed(v->arch.xsave, cpu_features.xsave_size);
	return -ENOMEM;
}

void arch_vcpu_destroy(struct vcpu *v)
{
	pv_desc_area_destroy(v);
	free_zeroed(v->arch.xsave, cpu_features.xsave_size);
}

/** do_set_segment_base() - HYPERVISOR_set_segment_base (SEGBASE_*) */
long do_set_segment_base(u32 which, u64 base)
{
	static const u32 msr[] = {
		[SEGBASE_FS] = MSR_FS_BASE, [SEGBASE_GS_USER] = MSR_KERNEL_GS_BASE,
		[SEGBASE_GS_KERNEL] = MSR_GS_BASE,
	};

	if (which < ARRAY_SIZE(msr) && va_is_canonical(base)) {
		wrmsr(msr[which], base);
		return 0;
	}
	if (which != SEGBASE_GS_USER_SEL)
		return -EINVAL;
	/* The selector takes effect on the user's base. */
	asm volatile("swapgs");
	load_segment_gs(base);
	asm volatile("swapgs");
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
	return reg < 8 ? (long)current->arch.dr[dr_index(reg)] : -ENODEV;
}

/** do_fpu_taskswitch() - set or clear the guest's CR0.TS */
long do_fpu_taskswitch(u32 set)
{
	current->arch.ts = set;
	set_ts(set);
	return 0;
}

void arch_vcpu_dump(const struct vcpu *v)
{
	u64 w[4];

	pr_always("d%uv%u%s\n", v->domain->id, v->id,
		  v->is_idle ? " (idle)" : v->arch.in_kernel ? " (kernel)" : " (user)");
	if (v->is_idle)
		return;
	trap_dump_regs(&v->regs);
	if (v != current)
		return;
	if (v->regs.vector == VECTOR_SYSCALL)
		pr_always("in a hypercall: rbp and r12 .. r15 may be of an earlier entry\n");
	/* The last calls, for whoever reads a crash. */
	pr_always("guest stack:\n");
	for (u32 i = 0; i < 32; i += ARRAY_SIZE(w)) {
		if (copy_from_guest(w, gva_index(GVA(v->regs.rsp), u64, i), sizeof(w)))
			return;
		pr_always("  %016lx %016lx %016lx %016lx\n", w[0], w[1], w[2], w[3]);
	}
}
