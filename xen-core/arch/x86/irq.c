// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts from the vector to whoever handles them.
 *
 *   CPU vector -> irq_handle -> handler of the core, or event channel of a guest
 *
 * A level-triggered interrupt of a guest is masked at the IO-APIC and ended
 * at once, so that the CPU goes on; the guest's EOI unmasks it. Edges and
 * messages are just ended. An interrupt nobody is bound to is masked: it
 * cannot storm.
 *
 * Lock order: a domain's event lock, then irq->lock. Events are sent with no
 * irq lock held.
 */
#include "irq.h"

#include "acpi.h"
#include "apic.h"
#include "errno.h"
#include "event.h"
#include "percpu.h"

#define NR_IRQS		(VECTOR_DYNAMIC_END - VECTOR_DYNAMIC)

static struct irq irqs[NR_IRQS];

void irq_set_mask(struct irq *irq, bool masked)
{
	irq->masked = masked;
	if (irq->source == IRQ_GSI)
		ioapic_write_mode(irq);
	else
		msi_write_mask(irq);
}

void irq_set_cpu(struct irq *irq, struct cpu *cpu)
{
	if (irq->cpu == cpu)
		return;
	irq->cpu = cpu;
	if (irq->source == IRQ_GSI)
		ioapic_write_target(irq);
	else
		msi_write_target(irq);
}

/* ---- delivery ---- */

static void irq_handle_dynamic(struct irq *irq)
{
	struct domain *d;
	void (*fn)(void *data);
	void *data;
	bool level;
	u32 port;

	spin_lock(&irq->lock);
	d = irq->domain;
	port = irq->port;
	fn = irq->fn;
	data = irq->data;
	level = irq->level;
	if (d ? level : !fn && irq->source != IRQ_FREE) {
		irq_set_mask(irq, true);
		irq->waits_eoi = d;
	}
	/* A handler of the core has to silence a level before it is ended. */
	if (!fn || !level)
		apic_eoi();
	spin_unlock(&irq->lock);
	if (d)
		event_send_pirq(d, port);
	if (!fn)
		return;
	fn(data);
	if (level)
		apic_eoi();
}

void irq_handle(u32 vector)
{
	if (vector >= VECTOR_DYNAMIC && vector < VECTOR_DYNAMIC_END) {
		irq_handle_dynamic(&irqs[vector - VECTOR_DYNAMIC]);
		return;
	}
	if (vector == VECTOR_TIMER)
		cpu_raise(this_cpu(), SOFTIRQ_TIMER);
	else if (vector == VECTOR_ERROR)
		apic_handle_error();
	/* A spurious one needs no EOI (SDM 3A 10.9); the PICs' were never the APIC's. */
	if (vector >= VECTOR_DYNAMIC_END && vector != VECTOR_SPURIOUS)
		apic_eoi();
}

/* ---- allocation ---- */

struct irq *irq_alloc(enum irq_source source, u32 gsi)
{
	static u32 last;	/* round and round: a late message meets no new owner */

	for (u32 tries = 0; tries < NR_IRQS; tries++) {
		struct irq *irq = &irqs[++last % NR_IRQS];

		if (irq->source != IRQ_FREE)
			continue;
		spin_lock(&irq->lock);
		irq->source = source;
		irq->gsi = gsi;
		irq->msi = (struct msi){ 0 };
		irq->vector = (u8)(VECTOR_DYNAMIC + (irq - irqs));
		irq->masked = true;
		irq->level = irq->low = false;
		irq->cpu = cpus[0];
		irq->domain = NULL;
		spin_unlock(&irq->lock);
		return irq;
	}
	return NULL;
}

struct irq *irq_of_gsi(u32 gsi)
{
	struct irq *irq;

	for (irq = irqs; irq < irqs + NR_IRQS; irq++)
		if (irq->source == IRQ_GSI && irq->gsi == gsi)
			return irq;
	irq = ioapic_has_gsi(gsi) ? irq_alloc(IRQ_GSI, gsi) : NULL;
	if (!irq)
		return NULL;
	/* Its mode before dom0 says: an ISA interrupt's or the SCI's, else PCI's. */
	irq->level = irq->low = true;
	for (u32 i = 0; i < ACPI_NR_ISA; i++)
		if (acpi_info.isa[i].gsi == gsi) {
			irq->level = acpi_info.isa[i].level;
			irq->low = acpi_info.isa[i].low;
		}
	ioapic_write_mode(irq);
	ioapic_write_target(irq);
	return irq;
}

int irq_request_isa(u8 isa, void (*fn)(void *), void *data)
{
	struct irq *irq = irq_of_gsi(acpi_info.isa[isa].gsi);

	if (!irq || irq->fn)
		return -EBUSY;
	spin_lock(&irq->lock);
	irq->data = data;
	irq->fn = fn;
	irq_set_mask(irq, false);
	spin_unlock(&irq->lock);
	return 0;
}
