// SPDX-License-Identifier: GPL-2.0-only
/*
 * The I/O APICs (82093AA and successors), seen as one row of pins.
 *
 * Registers are reached through an index and a data window, hence the lock.
 * The low half of a pin's route is the mode and the mask, the high one the
 * target; struct irq holds both, so that changing one is two writes and no read.
 */
#include "acpi.h"
#include "errno.h"
#include "irq.h"
#include "paging.h"
#include "percpu.h"
#include "printk.h"

#define MAX_GSIS	512	/* what one I/O APIC adds still is a pirq */

enum { REG_VERSION = 0x01, REG_ROUTE = 0x10 };
enum { ROUTE_LOW = 1 << 13, ROUTE_LEVEL = 1 << 15, ROUTE_MASKED = 1 << 16 };

static struct spinlock lock = SPINLOCK_INIT;
static __ro_after_init struct ioapic {
	volatile u32 *regs;
	u32 addr, gsi_base, nr_pins;
} ioapics[ACPI_MAX_IOAPICS];
static __ro_after_init u32 nr_ioapics;
__ro_after_init u32 ioapic_nr_gsis;

static u32 ioapic_read(const struct ioapic *io, u32 reg)
{
	io->regs[0] = reg;
	return io->regs[4];
}

static const struct ioapic *ioapic_of_gsi(u32 gsi)
{
	for (u32 i = 0; i < nr_ioapics; i++)
		if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].nr_pins)
			return &ioapics[i];
	return NULL;
}

bool ioapic_has_gsi(u32 gsi)
{
	return ioapic_of_gsi(gsi);
}

/* The @high half of a route; the caller knows that @gsi exists. */
static void ioapic_write_half(u32 gsi, u32 high, u32 value)
{
	const struct ioapic *io = ioapic_of_gsi(gsi);

	spin_lock(&lock);
	io->regs[0] = REG_ROUTE + 2 * (gsi - io->gsi_base) + high;
	io->regs[4] = value;
	spin_unlock(&lock);
}

void ioapic_write_mode(const struct irq *irq)
{
	ioapic_write_half(irq->gsi, 0, irq->vector | (irq->level ? ROUTE_LEVEL : 0) |
			  (irq->low ? ROUTE_LOW : 0) | (irq->masked ? ROUTE_MASKED : 0));
}

void ioapic_write_target(const struct irq *irq)
{
	ioapic_write_half(irq->gsi, 1, irq->cpu->apic_id << 24);
}

int ioapic_read_guest(u64 addr, u32 reg, u32 *value)
{
	for (u32 i = 0; i < nr_ioapics; i++) {
		if (ioapics[i].addr != addr)
			continue;
		spin_lock(&lock);
		*value = ioapic_read(&ioapics[i], reg & 0xff);
		spin_unlock(&lock);
		return 0;
	}
	return -EINVAL;
}

void __init ioapic_init(void)
{
	for (u32 i = 0; i < acpi_info.nr_ioapics; i++) {
		struct ioapic *io = &ioapics[nr_ioapics];
		u32 version, base = acpi_info.ioapics[i].gsi_base;

		io->addr = acpi_info.ioapics[i].addr;
		io->gsi_base = base;
		io->regs = map_mmio(MADDR(io->addr), 0x20);
		version = io->regs ? ioapic_read(io, REG_VERSION) : ~0u;
		if (version == ~0u || base >= MAX_GSIS) {
			pr_err("IO-APIC at %x ignored: it does not answer\n", io->addr);
			continue;
		}
		io->nr_pins = (version >> 16 & 0xff) + 1;
		nr_ioapics++;
		ioapic_nr_gsis = MAX(ioapic_nr_gsis, base + io->nr_pins);
		for (u32 pin = 0; pin < io->nr_pins; pin++)
			ioapic_write_half(base + pin, 0, ROUTE_MASKED);
		pr_info("IO-APIC at %x: GSI %u .. %u\n", io->addr, base, base + io->nr_pins - 1);
	}
}
