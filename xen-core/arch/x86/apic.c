// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC of each CPU, in its two dresses: memory (xAPIC) or MSRs
 * (x2APIC), see SDM 3A chapter 10.
 *
 * x2APIC mode is used when the firmware left it on or a hypervisor offers it
 * (without interrupt remapping, a bare machine's IO-APIC may not reach it).
 * The timer is one-shot: against the TSC where there is a deadline mode, else
 * counting down.
 */
#include "apic.h"

#include "acpi.h"
#include "asm.h"
#include "clock.h"
#include "compiler.h"
#include "ioapic.h"
#include "irq.h"
#include "paging.h"
#include "percpu.h"
#include "printk.h"
#include "timer.h"

/* Register numbers: MSR 0x800 + n, or memory at n * 16. */
enum {
	APIC_ID = 0x02, APIC_VERSION, APIC_TPR = 0x08, APIC_EOI = 0x0b, APIC_LDR = 0x0d,
	APIC_DFR, APIC_SVR, APIC_ISR, APIC_ESR = 0x28, APIC_LVT_CMCI = 0x2f, APIC_ICR,
	APIC_ICR_HIGH, APIC_LVT_TIMER, APIC_LVT_THERMAL, APIC_LVT_PERF, APIC_LVT_LINT0,
	APIC_LVT_LINT1, APIC_LVT_ERROR, APIC_TIMER_INIT, APIC_TIMER_COUNT,
	APIC_TIMER_DIVIDE = 0x3e,
};

#define BASE_X2APIC	(1u << 10)
#define BASE_ENABLE	(1u << 11)
#define MSR_X2APIC	0x800
#define MSR_TSC_DEADLINE 0x6e0

#define SVR_ENABLE	(1u << 8)
#define LVT_NMI		(4u << 8)
#define LVT_LOW		(1u << 13)
#define LVT_MASKED	(1u << 16)
#define LVT_DEADLINE	(2u << 17)
#define ICR_NMI		(4u << 8)
#define ICR_INIT	(5u << 8)
#define ICR_STARTUP	(6u << 8)
#define ICR_BUSY	(1u << 12)
#define ICR_ASSERT	(1u << 14)
#define DIVIDE_BY_1	0x0b

bool opt_x2apic = true;

static __ro_after_init bool x2apic, deadline;
static __ro_after_init volatile u32 *regs;
static __ro_after_init u64 timer_mult;	/* counts per ns, 32 bits of fraction */

static inline u32 apic_read(u32 reg)
{
	return x2apic ? (u32)rdmsr(MSR_X2APIC + reg) : regs[reg * 4];
}

static inline void apic_write(u32 reg, u32 value)
{
	if (x2apic)
		wrmsr(MSR_X2APIC + reg, value);
	else
		regs[reg * 4] = value;
}

u32 apic_id(void)
{
	return x2apic ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

/* ---- messages ---- */

static void apic_send(u32 id, u32 command)
{
	if (x2apic) {
		/* Unlike a store, the MSR write does not wait for earlier stores. */
		asm volatile("mfence" ::: "memory");
		wrmsr(MSR_X2APIC + APIC_ICR, (u64)id << 32 | command);
		return;
	}
	for (u32 i = 0; i < 1000000 && apic_read(APIC_ICR) & ICR_BUSY; i++)
		cpu_pause();
	apic_write(APIC_ICR_HIGH, id << 24);
	apic_write(APIC_ICR, command);
}

void apic_send_ipi(const struct cpu *cpu, u8 vec) { apic_send(cpu->apic_id, ICR_ASSERT | vec); }
void apic_send_nmi(const struct cpu *cpu) { apic_send(cpu->apic_id, ICR_ASSERT | ICR_NMI); }
void apic_send_init(u32 id) { apic_send(id, ICR_ASSERT | ICR_INIT); }
void apic_send_startup(u32 id, u8 page) { apic_send(id, ICR_ASSERT | ICR_STARTUP | page); }

void apic_handle_error(void)
{
	apic_write(APIC_ESR, 0);
	pr_debug("APIC error on CPU%u: %x\n", this_cpu()->id, apic_read(APIC_ESR));
}

/* ---- timer ---- */

/**
 * arch_timer_program() - one timer interrupt at @when on this CPU, 0: none
 * A time that has passed raises the softirq at once.
 */
void arch_timer_program(u64 when)
{
	u64 now, counts;

	if (!when) {
		if (deadline)
			wrmsr(MSR_TSC_DEADLINE, 0);
		else
			apic_write(APIC_TIMER_INIT, 0);
		return;
	}
	now = arch_now();
	if (when <= now) {
		cpu_raise(this_cpu(), SOFTIRQ_TIMER);
		return;
	}
	if (deadline) {
		wrmsr(MSR_TSC_DEADLINE, clock_tsc_after(when - now));
		return;
	}
	/* Rounded up: an interrupt before its time is one too many. */
	counts = (u64)((unsigned __int128)(when - now) * timer_mult >> 32) + 1;
	apic_write(APIC_TIMER_INIT, (u32)MIN(counts, 0xffffffffull));
}

static void apic_init_timer_cpu(void)
{
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (deadline ? LVT_DEADLINE : 0));
	/* SDM 10.5.4.1: the mode must be in effect before the deadline is set. */
	asm volatile("mfence" ::: "memory");
}

static u64 __init apic_read_timer(void)
{
	return (u32)~apic_read(APIC_TIMER_COUNT);
}

void __init apic_init_timer(void)
{
	if (!deadline) {
		apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
		apic_write(APIC_LVT_TIMER, VECTOR_TIMER | LVT_MASKED);
		apic_write(APIC_TIMER_INIT, ~0u);
		timer_mult = (clock_measure_hz(apic_read_timer) << 32) / 1000000000u;
		apic_write(APIC_TIMER_INIT, 0);
		if (!timer_mult)
			boot_fail("the local APIC's timer does not count");
	}
	pr_info("APIC: %s, timer %s %lu MHz\n", x2apic ? "x2APIC" : "xAPIC",
		deadline ? "by TSC deadline," : "counts at", deadline ?
		clock_tsc_khz() / 1000 : timer_mult * 1000 >> 32);
	apic_init_timer_cpu();
}

/* ---- set-up ---- */

/* Switch this CPU's on, in the mode chosen: its registers can be reached. */
static void apic_enable(void)
{
	u64 base = rdmsr(MSR_APIC_BASE) | BASE_ENABLE;

	wrmsr(MSR_APIC_BASE, base);
	if (x2apic)		/* only from the enabled state (SDM 10.12.5) */
		wrmsr(MSR_APIC_BASE, base | BASE_X2APIC);
}

void __init apic_init(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);
	u32 features = cpuid(1, 0).c;
	u64 addr = acpi_info.lapic_addr ? acpi_info.lapic_addr : base & PTE_MFN_MASK;
	bool hypervisor = features >> 31 & 1;

	/*
	 * While the local APIC still passes on what the PICs raise, it also
	 * notices that they stop; QEMU's, else, delivers an interrupt -1.
	 */
	pic_disable();
	x2apic = base & BASE_X2APIC || (opt_x2apic && features >> 21 & 1 && hypervisor);
	deadline = features >> 24 & 1;
	if (!x2apic)
		regs = map_mmio(MADDR(addr), PAGE_SIZE);
	if (!x2apic && !regs)
		boot_fail("cannot map the local APIC");
	apic_enable();
}

static void apic_init_lvt(void)
{
	u32 max_lvt = apic_read(APIC_VERSION) >> 16 & 0xff;

	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | LVT_MASKED);
	apic_write(APIC_LVT_LINT0, VECTOR_SPURIOUS | LVT_MASKED);
	apic_write(APIC_LVT_LINT1, VECTOR_SPURIOUS | LVT_MASKED);
	if (max_lvt >= 4)
		apic_write(APIC_LVT_PERF, VECTOR_SPURIOUS | LVT_MASKED);
	for (u32 i = 0; i < acpi_info.nr_lapic_nmis; i++) {
		const struct acpi_lapic_nmi *nmi = &acpi_info.lapic_nmis[i];
		u32 lvt = LVT_NMI | (nmi->low ? LVT_LOW : 0);

		for (u32 k = 0; k < acpi_info.nr_cpus; k++)
			if (acpi_info.cpus[k].apic_id == apic_id() &&
			    (nmi->acpi_id == ~0u || nmi->acpi_id == acpi_info.cpus[k].acpi_id))
				apic_write(nmi->lint ? APIC_LVT_LINT1 : APIC_LVT_LINT0, lvt);
	}
	if (max_lvt >= 3)
		apic_write(APIC_LVT_ERROR, VECTOR_ERROR);
}

void apic_init_cpu(void)
{
	apic_enable();
	if (!x2apic) {
		/* The logical destination is not used, but has to make sense. */
		apic_write(APIC_DFR, ~0u);
		apic_write(APIC_LDR, 0);
	}
	apic_write(APIC_TPR, 0);
	apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	apic_init_lvt();
	/* Interrupts that whoever ran before took and did not finish. */
	for (u32 i = 0; i < 256; i++) {
		bool busy = false;

		for (u32 k = 0; k < 8; k++)
			busy |= apic_read(APIC_ISR + k);
		if (!busy)
			break;
		apic_eoi();
	}
	apic_write(APIC_ESR, 0);
	if (timer_mult || (deadline && this_cpu()->id))
		apic_init_timer_cpu();
}
