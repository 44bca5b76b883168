// SPDX-License-Identifier: GPL-2.0-only
/*
 * The I/O APICs (82093AA and successors), seen as one row of pins.
 *
 * Registers are reached through an index and a data window, hence the lock.
 * The low half of each route is kept here too, so that masking is two writes
 * and no read.
 */
#include "ioapic.h"

#include "acpi.h"
#include "compiler.h"
#include "errno.h"
#include "paging.h"
#include "printk.h"
#include "spinlock.h"

#define REG_VERSION	0x01
#define REG_ROUTE	0x10
#define ROUTE_LOW	(1u << 13)
#define ROUTE_LEVEL	(1u << 15)
#define ROUTE_MASKED	(1u << 16)

struct ioapic {
	volatile u32 *regs;
	u32 addr, gsi_base, nr_pins;
};

static struct spinlock lock = SPINLOCK_INIT;
static __ro_after_init struct ioapic ioapics[ACPI_MAX_IOAPICS];
static __ro_after_init u32 nr_ioapics, nr_gsis;
static u32 routes[MAX_GSIS];	/* lock: low half */

static u32 ioapic_read(const struct ioapic *io, u32 reg)
{
	io->regs[0] = reg;
	return io->regs[4];
}

static void ioapic_write(const struct ioapic *io, u32 reg, u32 value)
{
	io->regs[0] = reg;
	io->regs[4] = value;
}

static const struct ioapic *ioapic_of_gsi(u32 gsi)
{
	for (u32 i = 0; i < nr_ioapics; i++)
		if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].nr_pins)
			return &ioapics[i];
	return NULL;
}

u32 ioapic_nr_gsis(void)
{
	return nr_gsis;
}

bool ioapic_has_gsi(u32 gsi)
{
	return gsi < MAX_GSIS && ioapic_of_gsi(gsi);
}

/* Both halves of a route; the caller knows that @gsi exists. */
static void ioapic_write_half(u32 gsi, u32 high, u32 value)
{
	const struct ioapic *io = ioapic_of_gsi(gsi);

	ioapic_write(io, REG_ROUTE + 2 * (gsi - io->gsi_base) + high, value);
}

void ioapic_set_route(u32 gsi, u8 vector, u32 apic_id, bool level, bool low)
{
	spin_lock(&lock);
	routes[gsi] = vector | (level ? ROUTE_LEVEL : 0) | (low ? ROUTE_LOW : 0) | ROUTE_MASKED;
	/* Masked first, so that it never fires half changed. */
	ioapic_write_half(gsi, 0, routes[gsi]);
	ioapic_write_half(gsi, 1, apic_id << 24);
	spin_unlock(&lock);
}

void ioapic_set_target(u32 gsi, u32 apic_id)
{
	spin_lock(&lock);
	ioapic_write_half(gsi, 1, apic_id << 24);
	spin_unlock(&lock);
}

void ioapic_set_mask(u32 gsi, bool masked)
{
	spin_lock(&lock);
	routes[gsi] = (routes[gsi] & ~ROUTE_MASKED) | (masked ? ROUTE_MASKED : 0);
	ioapic_write_half(gsi, 0, routes[gsi]);
	spin_unlock(&lock);
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
		u32 version;

		io->addr = acpi_info.ioapics[i].addr;
		io->gsi_base = acpi_info.ioapics[i].gsi_base;
		io->regs = map_mmio(MADDR(io->addr), 0x20);
		version = io->regs ? ioapic_read(io, REG_VERSION) : ~0u;
		if (version == ~0u || io->gsi_base >= MAX_GSIS) {
			pr_err("IO-APIC at %x ignored: it does not answer\n", io->addr);
			continue;
		}
		io->nr_pins = MIN((version >> 16 & 0xff) + 1, MAX_GSIS - io->gsi_base);
		nr_ioapics++;
		nr_gsis = MAX(nr_gsis, io->gsi_base + io->nr_pins);
		for (u32 pin = 0; pin < io->nr_pins; pin++)
			ioapic_set_route(io->gsi_base + pin, 0, 0, false, false);
		pr_info("IO-APIC at %x: GSI %u .. %u\n", io->addr, io->gsi_base,
			io->gsi_base + io->nr_pins - 1);
	}
}
