/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts: vectors, what is behind them, who gets them; the local APIC, which
 * takes them; PCI functions, which send them.
 *
 *   vector -- struct irq -- source (IO-APIC pin or MSI)
 *                      +--- target (handler of the core, or a domain's port)
 *
 * One vector means the same on every CPU, so that moving an interrupt only
 * changes its destination.
 */
#ifndef XENLITE_IRQ_H
#define XENLITE_IRQ_H

#include "domain.h"
#include "percpu.h"

/* The legacy PICs' 16 (masked), and those of struct irq. */
enum { VECTOR_PIC = 0x20, VECTOR_DYNAMIC = 0x30, VECTOR_DYNAMIC_END = 0xe0 };
/* Kick: look at softirqs and events. Request: smp_handle_interrupt(), not here. */
enum { VECTOR_TIMER = 0xf0, VECTOR_KICK, VECTOR_REQUEST, VECTOR_ERROR = 0xfe, VECTOR_SPURIOUS };

/* ---- PCI configuration space ---- */

/** struct pci_addr - a function: segment, bus, device and function */
struct pci_addr { u16 seg; u8 bus, devfn; };

enum { PCI_VENDOR, PCI_COMMAND = 4, PCI_STATUS = 6, PCI_BAR0 = 0x10, PCI_CAP_PTR = 0x34 };
enum { PCI_CAP_MSI = 5, PCI_CAP_MSIX = 0x11 };

/**
 * pci_read(), pci_write() - @size bytes (1, 2, 4, naturally aligned) at @reg
 * Registers from 256 and segments other than 0 are out of reach: a read gives
 * all ones and a write is lost.
 */
u32 pci_read(struct pci_addr a, u32 reg, u32 size);
void pci_write(struct pci_addr a, u32 reg, u32 size, u32 value);
/** pci_find_cap() - offset of capability @id, 0: none. */
u8 pci_find_cap(struct pci_addr a, u8 id);

/**
 * pci_access_port() - dom0 reads or writes a port, with @size as it is there
 * The configuration address that dom0 selects is kept apart, so that it and
 * the core do not disturb each other.
 * Return: what a read reads.
 */
u32 pci_access_port(u16 port, u32 size, bool write, u32 value);

/* ---- interrupts ---- */

enum irq_source { IRQ_FREE, IRQ_GSI, IRQ_MSI, IRQ_MSIX };

/**
 * struct msi - where an MSI or MSI-X vector lives
 * @cap:	offset of the capability in configuration space
 * @control:	what it can do
 * @entry:	MSI-X: index in the table
 * @table:	MSI-X: this vector's table entry
 */
struct msi {
	struct pci_addr addr;
	u8 cap;
	u32 entry;
	u16 control;
	volatile u32 *table;
};

/**
 * struct irq - what one dynamic vector stands for
 * @level,@low:	level triggered, active low; @mode_set: dom0 has said so
 * @masked:	at the source; a guest's level until the guest says it has handled it
 * @gsi:	the IO-APIC's pin; @msi: the message
 * @cpu:	the CPU it is routed to
 * @fn:		the core's handler; NULL for a guest's
 * @domain:	the guest it is bound to, or NULL
 * @port:	event channel in @domain
 */
struct irq {
	struct spinlock lock;
	u8 vector;
	u8 source;			/* enum irq_source */
	bool level, low, mode_set, masked;
	u32 gsi;
	struct msi msi;
	struct cpu *cpu;
	void (*fn)(void *data);
	void *data;
	struct domain *domain;
	u32 port;
};

/** irq_handle() - from entry.S, interrupts off: vectors from 0x20 but VECTOR_REQUEST. */
void irq_handle(u32 vector);

/*
 * What follows, and msi_setup() and msi_add_device(), is called while booting,
 * or by physdev.c under its pirqs_lock: by one CPU at a time.
 */

/**
 * irq_alloc() - a free vector, masked; NULL: none left.
 * A message's is given back by making its source IRQ_FREE.
 */
struct irq *irq_alloc(enum irq_source source, u32 gsi);
/** irq_of_gsi() - the interrupt of a GSI, which keeps it for ever; NULL: no such GSI. */
struct irq *irq_of_gsi(u32 gsi);

/** irq_request_isa() - the core handles ISA interrupt @isa itself. Return: 0 or -EBUSY. */
int irq_request_isa(u8 isa, void (*fn)(void *), void *data);

/* At the source, under irq->lock. */
void irq_set_mask(struct irq *irq, bool masked);
void irq_set_cpu(struct irq *irq, struct cpu *cpu);
/** irq_set_mode() - what dom0 says of a GSI's */
void irq_set_mode(struct irq *irq, bool level, bool low);

/* The I/O APICs' pins are numbered across all of them as GSIs. */
extern u32 ioapic_nr_gsis;	/* one more than the highest; some below may not exist */
/** ioapic_init() - map those that ACPI names, mask all pins. */
void ioapic_init(void);
/** ioapic_read_guest() - a register for dom0. Return: 0 or -EINVAL (no I/O APIC there). */
int ioapic_read_guest(u64 addr, u32 reg, u32 *value);

/**
 * msi_setup() - have function @a send @irq, masked where it can be
 * @entry: MSI-X: index in its table
 * @table_base: MSI-X: dom0's idea of the table BAR, for functions without one
 * Return: 0, -ENODEV (no such capability), -EINVAL (no such entry, or the
 * table is not where a device's memory can be), -ENXIO, -ENOMEM.
 */
int msi_setup(struct irq *irq, struct pci_addr a, u32 entry, u64 table_base);
/** msi_teardown() - the function must not send @irq any more; it becomes free. */
void msi_teardown(struct irq *irq);
/* Write what @irq says, under irq->lock: the mask, the target. */
void msi_write_mask(const struct irq *irq);
void msi_write_target(const struct irq *irq);
/** msi_restore() - write everything (after the function was reset). */
void msi_restore(struct irq *irq);
/** msi_add_device() - a function appeared: protect its MSI-X table. */
void msi_add_device(struct pci_addr a);
/** msi_is_protected() - is frame @m part of an MSI-X table? Guests may only read it. */
bool msi_is_protected(mfn_t m);
bool msi_is_device_memory(u64 n);

/* ---- the local APIC: EOI, messages to other CPUs, the timer ---- */

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
