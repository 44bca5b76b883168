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
#include "irq.h"

#include "acpi.h"
#include "asm.h"
#include "clock.h"
#include "paging.h"

/* Register numbers: MSR 0x800 + n, or memory at n * 16. */
enum {
	APIC_ID = 0x02, APIC_TPR = 0x08, APIC_EOI = 0x0b, APIC_SVR = 0x0f, APIC_ESR = 0x28,
	APIC_ICR = 0x30, APIC_ICR_HIGH, APIC_LVT_TIMER, APIC_LVT_PERF = 0x34, APIC_LVT_LINT0,
	APIC_LVT_LINT1, APIC_LVT_ERROR, APIC_TIMER_INIT, APIC_TIMER_COUNT, APIC_TIMER_DIVIDE = 0x3e,
};
enum { MSR_TSC_DEADLINE = 0x6e0, MSR_X2APIC = 0x800, BASE_X2APIC = 1 << 10, BASE_ENABLE = 1 << 11 };
enum { SVR_ENABLE = 1 << 8, DIVIDE_BY_1 = 0x0b, ICR_BUSY = 1 << 12, ICR_ASSERT = 1 << 14 };
enum { LVT_NMI = 4 << 8, LVT_LOW = 1 << 13, LVT_MASKED = 1 << 16, LVT_DEADLINE = 2 << 17 };

bool opt_x2apic = true;

__ro_after_init u64 apic_addr;
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

void apic_eoi(void) { apic_write(APIC_EOI, 0); }

/* ---- messages ---- */

void apic_send(u32 id, u32 command)
{
	command |= ICR_ASSERT;
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
	u64 now = when ? arch_now() : 0;
	/* Rounded up: an interrupt before its time is one too many. */
	u64 counts = (u64)((unsigned __int128)(when - now) * timer_mult >> 32) + 1;

	if (when && when <= now)
		cpu_raise(this_cpu(), SOFTIRQ_TIMER);
	else if (deadline)
		wrmsr(MSR_TSC_DEADLINE, when ? clock_tsc_after(when - now) : 0);
	else
		apic_write(APIC_TIMER_INIT, when ? (u32)MIN(counts, 0xffffffffull) : 0);
}

/* Each try takes longer than the timer counts: the largest is the closest. */
static void __init apic_measure_timer(void)
{
	for (u32 i = 0; i < 5; i++) {
		u64 start = arch_now(), counts;

		apic_write(APIC_TIMER_INIT, ~0u);
		clock_delay(1000000);
		counts = ~apic_read(APIC_TIMER_COUNT);
		timer_mult = MAX(timer_mult, (counts << 32) / (arch_now() - start));
	}
	arch_timer_program(0);
	if (!timer_mult)
		panic("the local APIC's timer does not count\n");
}

/* ---- set-up ---- */

/*
 * The two legacy interrupt controllers are masked for good. A masked one can
 * still raise its spurious interrupt, so they get vectors that collide with no
 * exception.
 */
static void __init apic_disable_pics(void)
{
	/* Start; where the vectors begin; the second one is at input 2; 8086 mode; all masked. */
	static __initconst const u8 words[5][2] = {
		{ 0x11, 0x11 }, { VECTOR_PIC, VECTOR_PIC + 8 }, { 4, 2 }, { 1, 1 }, { 0xff, 0xff },
	};

	for (u32 i = 0; i < ARRAY_SIZE(words); i++) {
		outb(i ? 0x21 : 0x20, words[i][0]);
		outb(i ? 0xa1 : 0xa0, words[i][1]);
	}
}

void apic_init_cpu(void)
{
	u64 base = rdmsr(MSR_APIC_BASE) | BASE_ENABLE;

	wrmsr(MSR_APIC_BASE, base);
	if (x2apic)		/* only from the enabled state (SDM 10.12.5) */
		wrmsr(MSR_APIC_BASE, base | BASE_X2APIC);
	this_cpu()->apic_id = apic_read(APIC_ID) >> (x2apic ? 0 : 24);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_LVT_LINT0, VECTOR_SPURIOUS | LVT_MASKED);
	apic_write(APIC_LVT_LINT1, VECTOR_SPURIOUS | LVT_MASKED);
	/* Every 64-bit CPU has these, too. */
	apic_write(APIC_LVT_PERF, VECTOR_SPURIOUS | LVT_MASKED);
	apic_write(APIC_LVT_ERROR, VECTOR_ERROR);
	for (u32 i = 0; i < acpi_info.nr_lapic_nmis; i++) {
		const struct acpi_lapic_nmi *nmi = &acpi_info.lapic_nmis[i];

		if (nmi->acpi_id == ~0u || nmi->acpi_id == acpi_id_of(this_cpu()->apic_id))
			apic_write(APIC_LVT_LINT0 + nmi->lint, LVT_NMI | (nmi->low ? LVT_LOW : 0));
	}
	/* Interrupts that whoever ran before took and did not finish: one of each at most. */
	for (u32 i = 0; i < 256; i++)
		apic_eoi();
	apic_write(APIC_ESR, 0);
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (deadline ? LVT_DEADLINE : 0));
	/* SDM 10.5.4.1: the mode must be in effect before the deadline is set. */
	asm volatile("mfence" ::: "memory");
}

void __init apic_init(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);
	u32 features = cpuid(1, 0).c;	/* bit 31: a hypervisor */

	/*
	 * While the local APIC still passes on what the PICs raise, it also
	 * notices that they stop; QEMU's, else, delivers an interrupt -1.
	 */
	apic_disable_pics();
	x2apic = base & BASE_X2APIC || (opt_x2apic && features >> 21 & 1 && features >> 31);
	deadline = features >> 24 & 1;
	apic_addr = base & PTE_MFN_MASK;
	regs = x2apic ? NULL : map_mmio(MADDR(apic_addr), PAGE_SIZE);
	if (!x2apic && !regs)
		boot_fail("cannot map the local APIC");
	apic_init_cpu();
	if (!deadline)
		apic_measure_timer();
	pr_info("APIC: %s, timer %s %lu MHz\n", x2apic ? "x2APIC" : "xAPIC",
		deadline ? "by TSC deadline," : "counts at",
		deadline ? clock_tsc_khz / 1000 : timer_mult * 1000 >> 32);
}
