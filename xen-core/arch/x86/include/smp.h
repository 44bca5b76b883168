/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * More than one CPU: requests from one to another.
 */
#ifndef XENLITE_SMP_H
#define XENLITE_SMP_H

struct cpu;
struct domain;

extern u64 ap_stack_top;	/* where smp_ap_main() of the CPU being started finds its stack */
void smp_ap_main(void) __attribute__((noreturn));
/** smp_stop_others() - halt all other CPUs; panic and power-off. */
void smp_stop_others(void);
/** smp_handle_interrupt() - VECTOR_REQUEST arrived. */
void smp_handle_interrupt(void);
void smp_handle_nmi(void);

/** tlb_flush_local() - drop this CPU's guest translations. */
void tlb_flush_local(void);
/** tlb_flush_cpus() - the same on every CPU in @mask; returns when done. */
void tlb_flush_cpus(u64 mask);
/** tlb_flush_page_cpus() - drop one address of the running guests on @mask. */
void tlb_flush_page_cpus(u64 mask, u64 va);
/** tlb_clock_now() - stamp for a use of a frame that ends now (page->stamp). */
u32 tlb_clock_now(void);
/** arch_tlb_filter() - flush the CPUs that may know a frame of @owner's, or NULL: anyone's. */
void arch_tlb_filter(u32 stamp, const struct domain *owner);
/** tlb_switched() - the caller just loaded CR3, which flushed. */
void tlb_switched(struct cpu *cpu);
/** tlb_set_owner() - what this CPU's TLB holds are translations of @d's, or of anyone's: NULL */
void tlb_set_owner(struct cpu *cpu, struct domain *d);
/** tlb_maps_others() - @d's tables are about to map other domains' frames; its pt_lock held */
void tlb_maps_others(struct domain *d);

void arch_kick_cpu(struct cpu *cpu);
/** arch_dump_all_cpus() - the 'd' debug key. */
void arch_dump_all_cpus(void);

#endif
