/* SPDX-License-Identifier: GPL-2.0-only */
/* The local APIC: identity, EOI, messages to other CPUs, the timer. */
#ifndef XENLITE_APIC_H
#define XENLITE_APIC_H

struct cpu;

extern bool opt_x2apic;		/* x2apic=: use that mode where it is safe */

extern u64 apic_addr;		/* machine address of its registers, as the CPU says */

/** apic_init() - PICs off, the boot CPU's APIC and its timer on. After clock_init(). */
void apic_init(void);
/** apic_init_cpu() - switch another CPU's on, everything but NMI masked. */
void apic_init_cpu(void);

void apic_eoi(void);

/** apic_send_ipi() - raise @vector on @cpu. */
void apic_send_ipi(const struct cpu *cpu, u8 vector);
void apic_send_nmi(const struct cpu *cpu);
/* Starting a CPU (SDM 3A 8.4.4): INIT, 10 ms, two start-ups, 200 us apart. */
void apic_send_init(u32 apic_id);
void apic_send_startup(u32 apic_id, u8 page);

/** apic_handle_error() - VECTOR_ERROR came. */
void apic_handle_error(void);

#endif
