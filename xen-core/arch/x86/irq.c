// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts from the I/O APICs' pins (or a device's message, msi.c) to whoever
 * handles them.
 *
 *   pin, GSI -> CPU vector -> irq_handle -> handler of the core, or event
 *                                           channel of a guest
 *
 * The I/O APICs (82093AA and successors) are one row of pins here. The low half
 * of a pin's route is the mode and the mask, the high one the target; struct irq
 * holds both, so that changing one is two writes and no read.
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
#include "smp.h"

#include "acpi.h"
#include "event.h"
#include "paging.h"

/* MAX_GSIS: what one I/O APIC adds still is a pirq. */
enum { NR_IRQS = VECTOR_DYNAMIC_END - VECTOR_DYNAMIC, MAX_GSIS = 512 };
enum { REG_VERSION = 0x01, REG_ROUTE = 0x10 };
enum { ROUTE_LOW = 1 << 13, ROUTE_LEVEL = 1 << 15, ROUTE_MASKED = 1 << 16 };

static struct irq irqs[NR_IRQS];

/* ---- the I/O APICs ---- */

static struct spinlock ioapic_lock;	/* an index and a data register */
__ro_after_init u32 ioapic_nr_gsis;

#define for_each_ioapic(a) \
	for (struct acpi_ioapic *a = acpi_info.ioapics, *e_ = a + acpi_info.nr_ioapics; a < e_; a++)

static u32 ioapic_read(const struct acpi_ioapic *a, u32 reg)
{
	a->regs[0] = reg;
	return a->regs[4];
}

/* The one that has @gsi, or NULL. */
static const struct acpi_ioapic *ioapic_of_gsi(u32 gsi)
{
	for_each_ioapic(a)
		if (gsi - a->gsi_base < a->nr_pins)
			return a;
	return NULL;
}

/* The halves of its route: mode and mask, or where it goes to. */
enum route_half { ROUTE_MODE, ROUTE_TARGET };

static void ioapic_write_route(const struct irq *irq, enum route_half half)
{
	const struct acpi_ioapic *a = ioapic_of_gsi(irq->gsi);
	u32 mode = irq->vector | (irq->level ? ROUTE_LEVEL : 0) | (irq->low ? ROUTE_LOW : 0) |
		   (irq->masked ? ROUTE_MASKED : 0);

	spin_guard(&ioapic_lock);
	a->regs[0] = REG_ROUTE + 2 * (irq->gsi - a->gsi_base) + half;
	a->regs[4] = half == ROUTE_MODE ? mode : irq->cpu->apic_id << 24;
}

int ioapic_read_guest(u64 addr, u32 reg, u32 *value)
{
	spin_guard(&ioapic_lock);
	for_each_ioapic(a)
		if (a->addr == addr && a->nr_pins) {
			*value = ioapic_read(a, reg & 0xff);
			return 0;
		}
	return -EINVAL;
}

void __init ioapic_init(void)
{
	for_each_ioapic(a) {
		u32 gsi = a->gsi_base, version;

		a->regs = map_mmio(MADDR(a->addr), 0x20);
		version = a->regs ? ioapic_read(a, REG_VERSION) : ~0u;
		if (version == ~0u || gsi >= MAX_GSIS) {
			pr_err("IO-APIC at %x ignored: it does not answer\n", a->addr);
			continue;
		}
		a->nr_pins = (version >> 16 & 0xff) + 1;
		pr_info("IO-APIC at %x: GSI %u .. %u\n", a->addr, gsi, gsi + a->nr_pins - 1);
		for (u32 pin = 0; pin < a->nr_pins; pin++) {
			a->regs[0] = REG_ROUTE + 2 * pin;
			a->regs[4] = ROUTE_MASKED;
		}
		ioapic_nr_gsis = MAX(ioapic_nr_gsis, gsi + a->nr_pins);
	}
}

/* ---- the source of an interrupt ---- */

void irq_set_mask(struct irq *irq, bool masked)
{
	irq->masked = masked;
	if (irq->source == IRQ_GSI)
		ioapic_write_route(irq, ROUTE_MODE);
	else
		msi_write_mask(irq);
}

void irq_set_cpu(struct irq *irq, struct cpu *cpu)
{
	if (irq->cpu == cpu)
		return;
	irq->cpu = cpu;
	if (irq->source == IRQ_GSI)
		ioapic_write_route(irq, ROUTE_TARGET);
	else
		msi_write_target(irq);
}

void irq_set_mode(struct irq *irq, bool level, bool low)
{
	spin_guard(&irq->lock);
	irq->mode_set = true;
	irq->level = level;
	irq->low = low;
	ioapic_write_route(irq, ROUTE_MODE);
}

/* ---- delivery ---- */

static void irq_handle_dynamic(struct irq *irq)
{
	struct irq was;

	spin_lock(&irq->lock);
	was = *irq;
	if (was.domain ? was.level : !was.fn && was.source != IRQ_FREE)
		irq_set_mask(irq, true);
	/* A handler of the core has to silence a level before it is ended. */
	if (!was.fn || !was.level)
		apic_eoi();
	spin_unlock(&irq->lock);
	if (was.domain)
		event_send_pirq(was.domain, was.port);
	if (!was.fn)
		return;
	was.fn(was.data);
	if (was.level)
		apic_eoi();
}

void irq_handle(u32 vector)
{
	if (vector >= VECTOR_DYNAMIC && vector < VECTOR_DYNAMIC_END)
		return irq_handle_dynamic(&irqs[vector - VECTOR_DYNAMIC]);
	if (vector == VECTOR_REQUEST)
		return smp_handle_interrupt();
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
		spin_guard(&irq->lock);
		irq->source = source;
		irq->gsi = gsi;
		irq->msi = (struct msi){ 0 };
		irq->vector = (u8)(VECTOR_DYNAMIC + (irq - irqs));
		irq->masked = true;
		irq->cpu = cpus[0];
		irq->domain = NULL;
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
	irq = ioapic_of_gsi(gsi) ? irq_alloc(IRQ_GSI, gsi) : NULL;
	if (!irq)
		return NULL;
	/* Its mode before dom0 says: an ISA interrupt's or the SCI's, else PCI's. */
	irq->level = irq->low = true;
	for (u32 i = 0; i < ACPI_NR_ISA; i++)
		if (acpi_info.isa[i].gsi == gsi) {
			irq->level = acpi_info.isa[i].level;
			irq->low = acpi_info.isa[i].low;
		}
	ioapic_write_route(irq, ROUTE_MODE);
	ioapic_write_route(irq, ROUTE_TARGET);
	return irq;
}

int irq_request_isa(u8 isa, void (*fn)(void *), void *data)
{
	struct irq *irq = irq_of_gsi(acpi_info.isa[isa].gsi);

	if (!irq || irq->fn)
		return -EBUSY;
	spin_guard(&irq->lock);
	irq->data = data;
	irq->fn = fn;
	irq_set_mask(irq, false);
	return 0;
}
