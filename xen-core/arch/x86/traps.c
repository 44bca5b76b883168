// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where entry.S brings exceptions and interrupts.
 *
 * From a guest: the core's business first (interrupts, faults of the PV
 * interface), everything else goes to the guest's own handler (pv/). From the
 * core: a fault of an instruction listed in the exception table continues at
 * its fix-up; any other is a bug and panics.
 */
#include "pv.h"
#include "stacks.h"

extern const struct { u64 from, to; } _extable_start[], _extable_end[];
extern char _text_start[], _text_end[];

/* Page faults do not come here: entry.S and pv_page_fault() handle them. */
void trap_from_guest(struct vcpu *v)
{
	u32 vector = v->regs.vector;

	if (vector >= FIRST_IRQ_VECTOR)
		return irq_handle(vector);
	switch (vector) {
	case TRAP_GP:
		return pv_general_protection(v);
	case TRAP_UD:
		return pv_invalid_opcode(v);
	case TRAP_NMI:
		return smp_handle_nmi();
	case TRAP_MC:
		panic("machine check, MCG_STATUS %lx", rdmsr(0x17a));
	case TRAP_DF:
		panic("double fault in a guest");
	case TRAP_DB:
		v->arch.dr[6] = read_dr6();
		write_dr6(0xffff0ff0);
		break;
	case TRAP_NM:
		/* Delivering it clears TS: the guest's handler loads the FPU. */
		do_fpu_taskswitch(0);
		break;
	}
	pv_inject_trap(v, vector, v->regs.error_code);
}

/* An exception on an IST stack came from a guest: go on as if it had none. */
struct vcpu *trap_ist_to_vcpu(const struct regs *regs)
{
	struct vcpu *v = current;

	v->regs = *regs;
	return v;
}

void trap_dump_regs(const struct regs *r)
{
	pr_always("RIP: %04lx:%016lx  RSP: %04lx:%016lx  RFLAGS: %08lx  vector %lu error %lx\n"
		  "rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx\n"
		  "rsi %016lx  rdi %016lx  rbp %016lx  r8  %016lx\n"
		  "r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx\n"
		  "r13 %016lx  r14 %016lx  r15 %016lx\n"
		  "cr2 %016lx  cr3 %016lx  cr4 %016lx\n",
		  r->cs, r->rip, r->ss, r->rsp, r->rflags, r->vector, r->error_code,
		  r->rax, r->rbx, r->rcx, r->rdx, r->rsi, r->rdi, r->rbp, r->r8, r->r9, r->r10,
		  r->r11, r->r12, r->r13, r->r14, r->r15, read_cr2(), read_cr3(), read_cr4());
}

/* Every word of the stack that points into the text may be a return address. */
void trap_dump_stack(u64 sp)
{
	u64 end = ROUND_UP(sp + 1, STACK_BLOCK_SIZE);
	int shown = 0;

	pr_always("call trace:\n");
	for (sp = ROUND_UP(sp, 8); sp < end && shown < 24; sp += 8) {
		u64 a = *(u64 *)sp;

		if (a >= (u64)_text_start && a < (u64)_text_end) {
			pr_always("   [%016lx]\n", a);
			shown++;
		}
	}
}

/* For panic(): where it was called. */
void arch_panic_state(void)
{
	struct vcpu *v = current;

	trap_dump_stack((u64)__builtin_frame_address(0));
	if (v && !v->is_idle) {
		pr_always("running: d%uv%u\n", v->domain->id, v->id);
		trap_dump_regs(&v->regs);
	}
}

void trap_from_core(struct regs *regs)
{
	if (regs->vector >= FIRST_IRQ_VECTOR)
		return irq_handle(regs->vector);
	if (regs->vector == TRAP_NMI)
		return smp_handle_nmi();
	if (regs->vector == TRAP_DB) {
		/* A guest's single step or breakpoint that MOV SS carried into the core. */
		write_dr6(0xffff0ff0);
		regs->rflags &= ~(u64)EFLAGS_TF;
		return;
	}
	/* A selector that the core loads for the guest may be in an unmapped part of its LDT. */
	if (regs->vector == TRAP_PF && current && !current->is_idle &&
	    pv_ldt_map(current, read_cr2()))
		return;
	for (typeof(&_extable_start[0]) e = _extable_start; e < _extable_end; e++)
		if (e->from == regs->rip) {
			regs->rip = e->to;
			return;
		}
	trap_dump_regs(regs);
	trap_dump_stack(regs->rsp);
	panic("unexpected exception %lu in the core", regs->vector);
}

void idle_loop(void)
{
	for (;;) {
		irq_disable();
		cpu_run_softirqs();
		if (!current->is_idle)
			enter_guest();
		if (READ_ONCE(this_cpu()->softirqs))
			continue;
		/* STI delays interrupts by one instruction: none is lost before HLT. */
		asm volatile("sti; hlt" ::: "memory");
	}
}

bool preempt_requested(void)
{
	/* The NOP is the instruction after STI, in which nothing is taken yet. */
	asm volatile("sti; nop; nop; cli" ::: "memory");
	return READ_ONCE(this_cpu()->softirqs) & ~(1u << SOFTIRQ_CONSOLE);
}
