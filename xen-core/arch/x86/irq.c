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
#include "asm.h"
#include "errno.h"
#include "event.h"
#include "ioapic.h"
#include "msi.h"
#include "percpu.h"
#include "printk.h"

#define NR_IRQS		(VECTOR_DYNAMIC_END - VECTOR_DYNAMIC)

static struct irq irqs[NR_IRQS];
static struct spinlock alloc_lock = SPINLOCK_INIT;
static u32 last_allocated;		/* alloc_lock */
static u8 gsi_vector[MAX_GSIS];		/* alloc_lock; 0: none yet */

/* ---- the source's side; irq->lock is held ---- */

static void irq_set_mask(struct irq *irq, bool masked)
{
	irq->masked = masked;
	if (irq->source == IRQ_GSI)
		ioapic_set_mask(irq->gsi, masked);
	else
		msi_set_mask(irq, masked);
}

static void irq_set_target(struct irq *irq, struct cpu *cpu)
{
	if (irq->cpu == cpu)
		return;
	irq->cpu = cpu;
	if (irq->source == IRQ_GSI)
		ioapic_set_target(irq->gsi, cpu->apic_id);
	else
		msi_set_target(irq, cpu->apic_id);
}

/* ---- delivery ---- */

static void irq_handle_dynamic(struct irq *irq)
{
	struct domain *d;
	void (*fn)(void *data);
	void *data;
	u32 port;

	spin_lock(&irq->lock);
	d = irq->domain;
	port = irq->port;
	fn = irq->fn;
	data = irq->data;
	if (d && irq->level) {
		irq_set_mask(irq, true);
		irq->waits_eoi = true;
	} else if (!d && !fn && irq->source != IRQ_FREE) {
		irq_set_mask(irq, true);
	}
	/* A handler of the core has to silence a level before it is ended. */
	if (!(fn && irq->level))
		apic_eoi();
	spin_unlock(&irq->lock);
	if (fn) {
		fn(data);
		if (irq->level)
			apic_eoi();
	} else if (d) {
		event_send_pirq(d, port);
	}
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

struct irq *irq_alloc(enum irq_source source)
{
	u32 tries = NR_IRQS;
	struct irq *irq;

	spin_lock(&alloc_lock);
	do {
		last_allocated = (last_allocated + 1) % NR_IRQS;
		irq = &irqs[last_allocated];
	} while (irq->source != IRQ_FREE && --tries);
	if (tries) {
		spin_lock(&irq->lock);
		irq->source = source;
		irq->vector = (u8)(VECTOR_DYNAMIC + last_allocated);
		irq->masked = true;
		irq->level = irq->low = irq->waits_eoi = false;
		irq->cpu = cpus[0];
		spin_unlock(&irq->lock);
	}
	spin_unlock(&alloc_lock);
	return tries ? irq : NULL;
}

void irq_free(struct irq *irq)
{
	spin_lock(&irq->lock);
	irq->domain = NULL;
	irq->fn = NULL;
	irq->source = IRQ_FREE;
	spin_unlock(&irq->lock);
}

u32 irq_isa_to_gsi(u8 irq)
{
	return irq < ACPI_NR_ISA ? acpi_info.isa[irq].gsi : irq;
}

/* Trigger and polarity before dom0 says: ISA's, the SCI's, else PCI's. */
static void irq_default_mode(u32 gsi, bool *level, bool *low)
{
	*level = *low = true;
	for (u32 i = 0; i < ACPI_NR_ISA; i++) {
		if (acpi_info.isa[i].gsi != gsi)
			continue;
		*level = acpi_info.isa[i].level;
		*low = acpi_info.isa[i].low;
	}
}

struct irq *irq_of_gsi(u32 gsi, bool create)
{
	struct irq *irq;

	if (!ioapic_has_gsi(gsi))
		return NULL;
	if (gsi_vector[gsi])
		return &irqs[gsi_vector[gsi] - VECTOR_DYNAMIC];
	irq = create ? irq_alloc(IRQ_GSI) : NULL;
	if (!irq)
		return NULL;
	spin_lock(&alloc_lock);
	if (gsi_vector[gsi]) {		/* another CPU was faster */
		irq_free(irq);
		irq = &irqs[gsi_vector[gsi] - VECTOR_DYNAMIC];
	} else {
		irq->gsi = gsi;
		irq_default_mode(gsi, &irq->level, &irq->low);
		ioapic_set_route(gsi, irq->vector, irq->cpu->apic_id, irq->level, irq->low);
		gsi_vector[gsi] = irq->vector;
	}
	spin_unlock(&alloc_lock);
	return irq;
}

int irq_setup_gsi(u32 gsi, bool level, bool low)
{
	struct irq *irq = irq_of_gsi(gsi, true);
	int rc = 0;

	if (!irq)
		return -EINVAL;
	spin_lock(&irq->lock);
	if (irq->fn) {
		rc = -EEXIST;
	} else if (irq->level != level || irq->low != low) {
		bool masked = irq->masked;

		irq->level = level;
		irq->low = low;
		ioapic_set_route(gsi, irq->vector, irq->cpu->apic_id, level, low);
		irq_set_mask(irq, masked);
	}
	spin_unlock(&irq->lock);
	return rc;
}

/* ---- binding ---- */

int irq_request_gsi(u32 gsi, const char *what, void (*fn)(void *), void *data)
{
	struct irq *irq = irq_of_gsi(gsi, true);

	if (!irq)
		return -EINVAL;
	if (irq->fn || irq->domain)
		return -EBUSY;
	spin_lock(&irq->lock);
	irq->data = data;
	irq->fn = fn;
	irq_set_mask(irq, false);
	spin_unlock(&irq->lock);
	pr_debug("GSI %u: vector %x, %s\n", gsi, irq->vector, what);
	return 0;
}

int irq_bind(struct irq *irq, struct domain *d, u32 port, struct vcpu *v)
{
	int rc = -EBUSY;

	spin_lock(&irq->lock);
	if (!irq->fn && !irq->domain && irq->source != IRQ_FREE) {
		irq->domain = d;
		irq->port = port;
		irq->waits_eoi = false;
		irq_set_target(irq, v->cpu);
		irq_set_mask(irq, false);
		rc = 0;
	}
	spin_unlock(&irq->lock);
	return rc;
}

void irq_unbind(struct irq *irq)
{
	spin_lock(&irq->lock);
	if (irq->domain) {
		irq_set_mask(irq, true);
		irq->domain = NULL;
		irq->waits_eoi = false;
	}
	spin_unlock(&irq->lock);
}

void irq_set_cpu(struct irq *irq, struct cpu *cpu)
{
	spin_lock(&irq->lock);
	if (irq->domain)
		irq_set_target(irq, cpu);
	spin_unlock(&irq->lock);
}

void irq_guest_eoi(struct irq *irq)
{
	spin_lock(&irq->lock);
	if (irq->waits_eoi) {
		irq->waits_eoi = false;
		irq_set_mask(irq, false);
	}
	spin_unlock(&irq->lock);
}
