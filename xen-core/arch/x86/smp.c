// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests from one CPU to another: TLB flushes, a state dump, stop.
 *
 * The sender sets a bit in the target's request word, sends VECTOR_REQUEST
 * and waits for the bit to clear. The target answers from the interrupt, or
 * while it spins on a lock (the core runs with interrupts off), or while it
 * waits for a request of its own: no two CPUs can wait for each other.
 *
 * The TLB clock orders flushes and uses of frames. tlb_time of a CPU is the
 * clock when its last full flush began; a frame's stamp is the clock when its
 * last dangerous use ended. A CPU whose tlb_time is later than the stamp has
 * no entry left.
 */
#include "clock.h"
#include "pv.h"
#include "smp.h"

enum request { REQ_FLUSH = 1, REQ_DUMP = 2, REQ_STOP = 4 };

static u64 tlb_clock = 1;	/* atomic */

void tlb_switched(struct cpu *cpu)
{
	WRITE_ONCE(cpu->arch->tlb_time, __atomic_add_fetch(&tlb_clock, 1, __ATOMIC_SEQ_CST));
}

void tlb_flush_local(void)
{
	struct cpu *cpu = this_cpu();
	u64 began;

	tlb_switched(cpu);
	began = cpu->arch->tlb_time;
	/*
	 * An idle CPU may still have a guest's root loaded, and that frame may
	 * be about to get another use: leave it.
	 */
	if (cpu->curr && cpu->curr->is_idle) {
		cpu->arch->loaded = NULL;
		write_cr3((u64)core_l4 - IMAGE_VA);
	} else {
		write_cr3(read_cr3());
	}
	/* Release: who sees it relies on the flush being done. */
	__atomic_store_n(&cpu->arch->tlb_flushed, began, __ATOMIC_RELEASE);
}

u32 tlb_clock_now(void)
{
	u32 now = __atomic_load_n(&tlb_clock, __ATOMIC_SEQ_CST);

	/* 0 means no stamp; a number that the clock has not reached would look old. */
	return now ? now : (u32)__atomic_add_fetch(&tlb_clock, 1, __ATOMIC_SEQ_CST);
}

/* @what can be done now: nothing that prints while a lock is waited for. */
static void do_requests(struct cpu *cpu, u32 what)
{
	u32 req = READ_ONCE(cpu->arch->requests) & what;

	if (req & REQ_STOP)
		cpu_stop();
	if (req & REQ_FLUSH) {
		/* T1: first the bit: who sets it again meanwhile wants another flush. */
		__atomic_fetch_and(&cpu->arch->requests, ~REQ_FLUSH, __ATOMIC_SEQ_CST);
		tlb_flush_local();
	}
	if (req & REQ_DUMP) {
		arch_vcpu_dump(cpu->curr);
		__atomic_fetch_and(&cpu->arch->requests, ~REQ_DUMP, __ATOMIC_RELEASE);
	}
}

/* T2: who waits serves flushes, so no two CPUs wait for each other. */
void arch_spin_poll(void)
{
	cpu_pause();
	do_requests(this_cpu(), REQ_FLUSH | REQ_STOP);
}

void __saves_all arch_spin_wait(const struct spinlock *l, u16 mine)
{
	while (__atomic_load_n(&l->serving, __ATOMIC_ACQUIRE) != mine)
		arch_spin_poll();
}

void smp_handle_interrupt(void)
{
	apic_eoi();
	do_requests(this_cpu(), ~0u);
}

/* Has @cpu done @what, a flush if it began after the clock was at @since? */
static bool is_done(const struct cpu *cpu, enum request what, u64 since)
{
	if (what == REQ_FLUSH)
		return __atomic_load_n(&cpu->arch->tlb_flushed, __ATOMIC_ACQUIRE) > since;
	return !(__atomic_load_n(&cpu->arch->requests, __ATOMIC_ACQUIRE) & what);
}

/* Ask the others in @mask, and wait; not for one that stops, which never says so. */
static void request(u64 mask, enum request what)
{
	u64 since = __atomic_load_n(&tlb_clock, __ATOMIC_SEQ_CST);

	mask &= ~(1ull << this_cpu()->id);
	if (!mask)
		return;
	for (u32 i = 0; i < nr_cpus; i++)
		if (mask >> i & 1) {
			__atomic_fetch_or(&cpus[i]->arch->requests, what, __ATOMIC_SEQ_CST);
			apic_send(cpus[i]->apic_id, VECTOR_REQUEST);
		}
	for (u32 i = 0; what != REQ_STOP && i < nr_cpus; i++)
		while (mask >> i & 1 && !is_done(cpus[i], what, since))
			arch_spin_poll();
}

void tlb_flush_cpus(u64 mask)
{
	if (mask >> this_cpu()->id & 1)
		tlb_flush_local();
	request(mask, REQ_FLUSH);
}

void tlb_flush_page_cpus(u64 mask, u64 va)
{
	if (mask >> this_cpu()->id & 1)
		invlpg(va);
	request(mask, REQ_FLUSH);
}

/*
 * T7: NULL is there before CR3 is loaded, an owner after that: no entry of another's
 * comes in meanwhile. Who is about to map others' frames sets the domain's mark, then
 * takes back what CPUs say; a CPU says it, then looks at the mark: one sees the other.
 */
void tlb_set_owner(struct cpu *cpu, struct domain *d)
{
	if (d && (d->privileged || READ_ONCE(d->arch.maps_others)))
		return;		/* it was NULL */
	__atomic_store_n(&cpu->arch->tlb_only_of, d, __ATOMIC_SEQ_CST);
	if (d && READ_ONCE(d->arch.maps_others))
		WRITE_ONCE(cpu->arch->tlb_only_of, NULL);
}

void tlb_maps_others(struct domain *d)
{
	if (likely(d->arch.maps_others))
		return;
	__atomic_store_n(&d->arch.maps_others, true, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < nr_cpus; i++) {
		struct domain *said = d;

		__atomic_compare_exchange_n(&cpus[i]->arch->tlb_only_of, &said, NULL, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
	}
}

/* A CPU that runs a guest which knows nothing of @owner's is left in peace. */
static bool tlb_may_know(const struct cpu *cpu, const struct domain *owner)
{
	const struct domain *only = __atomic_load_n(&cpu->arch->tlb_only_of, __ATOMIC_SEQ_CST);

	return !owner || !only || only == owner;
}

void arch_tlb_filter(u32 stamp, const struct domain *owner)
{
	u64 now = __atomic_load_n(&tlb_clock, __ATOMIC_SEQ_CST), mask = 0;
	/* The full stamp is the newest value that ends in the 32 bits kept. */
	u64 full = (now & ~0xffffffffull) | stamp;

	if (full > now && full >= 1ull << 32)
		full -= 1ull << 32;
	for (u32 i = 0; i < nr_cpus; i++)
		if (READ_ONCE(cpus[i]->arch->tlb_time) <= full && tlb_may_know(cpus[i], owner))
			mask |= 1ull << i;
	if (mask)
		tlb_flush_cpus(mask);
}

void arch_kick_cpu(struct cpu *cpu)
{
	if (cpu != this_cpu())
		apic_send(cpu->apic_id, VECTOR_KICK);
}

/* The first CPU to end the machine goes on; another one that wants to stops here. */
void smp_stop_others(void)
{
	static struct cpu *last;
	struct cpu *me = this_cpu(), *was = __sync_val_compare_and_swap(&last, NULL, me);

	if (was && was != me)
		cpu_stop();
	request(~0ull, REQ_STOP);
	clock_delay(1000000);
	/* One that does not listen is told in a way it cannot ignore. */
	for (u32 i = 0; i < nr_cpus; i++)
		if (cpus[i] != me)
			apic_send(cpus[i]->apic_id, APIC_NMI);
}

void smp_handle_nmi(void)
{
	do_requests(this_cpu(), REQ_STOP);
	gpr_warn("CPU%u: NMI, reason %02x\n", this_cpu()->id, inb(0x61));
}

void arch_dump_all_cpus(void)
{
	for (u32 i = 0; i < nr_cpus; i++) {
		pr_always("*** CPU%u ***\n", i);
		if (cpus[i] == this_cpu())
			arch_vcpu_dump(current);
		else
			request(1ull << i, REQ_DUMP);
	}
}
