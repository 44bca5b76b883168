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
/* Those of acpi_info.ioapics, in that order; no pins: it does not answer. */
static __ro_after_init struct {
	volatile u32 *regs;
	u32 nr_pins;
} ioapics[ACPI_MAX_IOAPICS];
__ro_after_init u32 ioapic_nr_gsis;

static u32 ioapic_read(u32 n, u32 reg)
{
	ioapics[n].regs[0] = reg;
	return ioapics[n].regs[4];
}

/* Which one has @gsi; acpi_info.nr_ioapics: none. */
static u32 ioapic_of_gsi(u32 gsi)
{
	u32 n = 0;

	while (n < acpi_info.nr_ioapics &&
	       gsi - acpi_info.ioapics[n].gsi_base >= ioapics[n].nr_pins)
		n++;
	return n;
}

bool ioapic_has_gsi(u32 gsi)
{
	return ioapic_of_gsi(gsi) < acpi_info.nr_ioapics;
}

/* The @high half of a route; the caller knows that @gsi exists. */
static void ioapic_write_half(u32 gsi, u32 high, u32 value)
{
	u32 n = ioapic_of_gsi(gsi);

	spin_lock(&lock);
	ioapics[n].regs[0] = REG_ROUTE + 2 * (gsi - acpi_info.ioapics[n].gsi_base) + high;
	ioapics[n].regs[4] = value;
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
	for (u32 n = 0; n < acpi_info.nr_ioapics; n++) {
		if (acpi_info.ioapics[n].addr != addr || !ioapics[n].nr_pins)
			continue;
		spin_lock(&lock);
		*value = ioapic_read(n, reg & 0xff);
		spin_unlock(&lock);
		return 0;
	}
	return -EINVAL;
}

void __init ioapic_init(void)
{
	for (u32 n = 0; n < acpi_info.nr_ioapics; n++) {
		u32 addr = acpi_info.ioapics[n].addr, gsi = acpi_info.ioapics[n].gsi_base, version;

		ioapics[n].regs = map_mmio(MADDR(addr), 0x20);
		version = ioapics[n].regs ? ioapic_read(n, REG_VERSION) : ~0u;
		if (version == ~0u || gsi >= MAX_GSIS) {
			pr_err("IO-APIC at %x ignored: it does not answer\n", addr);
			continue;
		}
		ioapics[n].nr_pins = (version >> 16 & 0xff) + 1;
		pr_info("IO-APIC at %x: GSI %u .. %u\n", addr, gsi, gsi + ioapics[n].nr_pins - 1);
		for (u32 pin = 0; pin < ioapics[n].nr_pins; pin++)
			ioapic_write_half(gsi++, 0, ROUTE_MASKED);
		ioapic_nr_gsis = MAX(ioapic_nr_gsis, gsi);
	}
}
