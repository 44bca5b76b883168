/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts: vectors, what is behind them, who gets them.
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
#include "pci.h"
#include "spinlock.h"
#include "types.h"

#define VECTOR_PIC		0x20	/* .. 0x2f: the legacy PICs, masked */
#define VECTOR_DYNAMIC		0x30	/* .. 0xdf: struct irq */
#define VECTOR_DYNAMIC_END	0xe0
#define VECTOR_TIMER		0xf0
#define VECTOR_KICK		0xf1	/* look at softirqs and events */
#define VECTOR_REQUEST		0xf2	/* smp_handle_requests(), not here */
#define VECTOR_ERROR		0xfe
#define VECTOR_SPURIOUS		0xff

enum irq_source { IRQ_FREE, IRQ_GSI, IRQ_MSI, IRQ_MSIX };

/**
 * struct msi - where an MSI or MSI-X vector lives
 * @cap:	offset of the capability in configuration space
 * @table:	MSI-X: this vector's table entry
 */
struct msi {
	struct pci_addr addr;
	u8 cap;
	u16 entry;
	bool is_64bit, maskable;
	volatile u32 *table;
};

/**
 * struct irq - what one dynamic vector stands for
 * @masked:	at the source
 * @level:	level triggered
 * @cpu:	the CPU it is routed to
 * @fn:		the core's handler; NULL for a guest's
 * @domain:	the guest it is bound to, or NULL
 * @port:	event channel in @domain
 * @waits_eoi:	masked until the guest says it has handled it
 */
struct irq {
	struct spinlock lock;
	u8 vector;
	u8 source;			/* enum irq_source */
	bool level, low, masked, waits_eoi;
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

/** irq_alloc() - a free vector for a source, masked; NULL: none left. */
struct irq *irq_alloc(enum irq_source source);
void irq_free(struct irq *irq);
/** irq_of_gsi() - the interrupt of a GSI, set up if @create; NULL: no such GSI. */
struct irq *irq_of_gsi(u32 gsi, bool create);

/**
 * irq_request_gsi() - the core handles @gsi itself; guests cannot have it.
 * Return: 0, -EINVAL (no such GSI), -EBUSY.
 */
int irq_request_gsi(u32 gsi, const char *what, void (*fn)(void *), void *data);
/** irq_isa_to_gsi() - where the firmware wired ISA interrupt @irq. */
u32 irq_isa_to_gsi(u8 irq);
/** irq_setup_gsi() - trigger and polarity as dom0 found them. */
int irq_setup_gsi(u32 gsi, bool level, bool low);

/** irq_bind() - deliver to @port of @d, on the CPU of @v; unmasks. */
int irq_bind(struct irq *irq, struct domain *d, u32 port, struct vcpu *v);
void irq_unbind(struct irq *irq);
void irq_set_cpu(struct irq *irq, struct cpu *cpu);
/** irq_guest_eoi() - the guest has handled a level-triggered interrupt. */
void irq_guest_eoi(struct irq *irq);

#endif
