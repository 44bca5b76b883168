// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where entry.S brings exceptions and interrupts.
 *
 * From a guest: the core's business first (interrupts, faults of the PV
 * interface), everything else goes to the guest's own handler (pv/). From the
 * core: a fault of an instruction listed in the exception table continues at
 * its fix-up; any other is a bug and panics.
 */
#include "compiler.h"
#include "cpu_private.h"
#include "domain.h"
#include "irq.h"
#include "preempt.h"
#include "printk.h"
#include "pv.h"
#include "smp.h"
#include "stacks.h"
#include "string.h"
#include "traps.h"

extern const struct { u64 from, to; } _extable_start[], _extable_end[];
extern char _text_start[], _text_end[];

static const char *const trap_names[] = {
	"divide error", "debug", "NMI", "breakpoint", "overflow", "bounds", "invalid opcode",
	"device not available", "double fault", "coprocessor overrun", "invalid TSS",
	"segment not present", "stack fault", "general protection", "page fault", "reserved",
	"x87 error", "alignment check", "machine check", "SIMD error",
};

static const char *trap_name(u32 vector)
{
	return vector < ARRAY_SIZE(trap_names) ? trap_names[vector] : "?";
}

static void handle_interrupt(u32 vector)
{
	if (vector == VECTOR_REQUEST)
		smp_handle_interrupt();
	else
		irq_handle(vector);
}

static void guest_debug_exception(struct vcpu *v)
{
	u64 dr6 = read_dr6();

	write_dr6(0xffff0ff0);
	v->arch.dr[6] = dr6;
	pv_inject_trap(v, TRAP_DB, 0);
}

/* Page faults do not come here: entry.S and pv_page_fault() handle them. */
void trap_from_guest(struct vcpu *v)
{
	u32 vector = v->regs.vector, error = v->regs.error_code;

	if (vector >= FIRST_IRQ_VECTOR) {
		handle_interrupt(vector);
		return;
	}
	switch (vector) {
	case TRAP_GP:
		pv_general_protection(v);
		break;
	case TRAP_UD:
		pv_invalid_opcode(v);
		break;
	case TRAP_DB:
		guest_debug_exception(v);
		break;
	case TRAP_NMI:
		smp_handle_nmi(&v->regs);
		break;
	case TRAP_MC:
		panic("machine check, MCG_STATUS %llx",
		      (unsigned long long)rdmsr(0x17a));
	case TRAP_DF:
		panic("double fault in a guest");
	case TRAP_NM:
		/* Delivering it clears TS: the guest's handler loads the FPU. */
		do_fpu_taskswitch(0);
		pv_inject_trap(v, TRAP_NM, 0);
		break;
	default:
		pv_inject_trap(v, vector, error);
	}
}

/* An exception on an IST stack came from a guest: go on as if it had none. */
struct vcpu *trap_ist_to_vcpu(const struct regs *regs)
{
	struct vcpu *v = current;

	v->regs = *regs;
	return v;
}

static bool fix_up(struct regs *regs)
{
	for (typeof(&_extable_start[0]) e = _extable_start; e < _extable_end; e++)
		if (e->from == regs->rip) {
			regs->rip = e->to;
			return true;
		}
	return false;
}

void trap_dump_regs(const struct regs *r)
{
#define U(x) ((unsigned long long)(x))
	pr_always("RIP: %04x:%016llx  RSP: %04x:%016llx  RFLAGS: %08llx  vector %u error %x\n",
		  (u32)r->cs, U(r->rip), (u32)r->ss, U(r->rsp), U(r->rflags), (u32)r->vector,
		  (u32)r->error_code);
	pr_always("rax %016llx  rbx %016llx  rcx %016llx  rdx %016llx\n",
		  U(r->rax), U(r->rbx), U(r->rcx), U(r->rdx));
	pr_always("rsi %016llx  rdi %016llx  rbp %016llx  r8  %016llx\n",
		  U(r->rsi), U(r->rdi), U(r->rbp), U(r->r8));
	pr_always("r9  %016llx  r10 %016llx  r11 %016llx  r12 %016llx\n",
		  U(r->r9), U(r->r10), U(r->r11), U(r->r12));
	pr_always("r13 %016llx  r14 %016llx  r15 %016llx\n", U(r->r13), U(r->r14), U(r->r15));
	pr_always("cr2 %016llx  cr3 %016llx  cr4 %016llx\n",
		  U(read_cr2()), U(read_cr3()), U(read_cr4()));
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
			pr_always("   [%016llx]\n", U(a));
			shown++;
		}
	}
}

/* For panic(): where it was called. */
void arch_panic_state(void)
{
	u64 sp = (u64)__builtin_frame_address(0);
	struct vcpu *v = current;

	trap_dump_stack(sp);
	if (v && !v->is_idle) {
		pr_always("running: d%uv%u\n", v->domain->id, v->id);
		trap_dump_regs(&v->regs);
	}
}

void trap_from_core(struct regs *regs)
{
	if (regs->vector >= FIRST_IRQ_VECTOR) {
		handle_interrupt(regs->vector);
		return;
	}
	if (regs->vector == TRAP_NMI) {
		smp_handle_nmi(regs);
		return;
	}
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
	if (fix_up(regs))
		return;
	trap_dump_regs(regs);
	trap_dump_stack(regs->rsp);
	panic("unexpected exception %u (%s) in the core", (u32)regs->vector,
	      trap_name(regs->vector));
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
