/* SPDX-License-Identifier: GPL-2.0-only */
/* The local APIC: identity, EOI, messages to other CPUs, the timer. */
#ifndef XENLITE_APIC_H
#define XENLITE_APIC_H

extern bool opt_x2apic;		/* x2apic=: use that mode where it is safe */

extern u64 apic_addr;		/* machine address of its registers, as the CPU says */

/** apic_init() - PICs off, the boot CPU's APIC and its timer on. After clock_init(). */
void apic_init(void);
/** apic_init_cpu() - switch another CPU's on, everything but NMI masked. */
void apic_init_cpu(void);

void apic_eoi(void);

/* Starting a CPU (SDM 3A 8.4.4): INIT, 10 ms, two start-ups, 200 us apart. */
enum { APIC_NMI = 4 << 8, APIC_INIT = 5 << 8, APIC_STARTUP = 6 << 8 };	/* with its page */
/** apic_send() - a vector or one of these, to another CPU */
void apic_send(u32 apic_id, u32 command);

/** apic_handle_error() - VECTOR_ERROR came. */
void apic_handle_error(void);

#endif
