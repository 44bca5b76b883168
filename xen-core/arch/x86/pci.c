// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI configuration space, through ports 0xcf8/0xcfc or the memory window
 * (ECAM) that ACPI's MCFG names.
 *
 * The ports are one shared register pair: the lock covers each select and
 * transfer, and dom0's selected address lives here, not in the hardware.
 */
#include "pci.h"

#include "acpi.h"
#include "asm.h"
#include "errno.h"
#include "paging.h"
#include "spinlock.h"

#define PORT_ADDR	0xcf8
#define PORT_DATA	0xcfc
#define ADDR_ENABLE	(1u << 31)

static struct spinlock lock = SPINLOCK_INIT;
static u32 guest_addr;		/* lock: what dom0 last wrote to PORT_ADDR */

/* Mapped buses; a handful of devices needs it. */
static struct { u16 seg; u8 bus; u8 *base; } ecam[32];	/* lock */
static u32 nr_ecam;					/* lock */

static u32 pci_transfer_port(u32 addr, u32 off, u32 size, bool write, u32 value)
{
	u16 port = (u16)(PORT_DATA + (off & 3));

	outl(PORT_ADDR, addr);
	if (write) {
		if (size == 1)
			outb(port, (u8)value);
		else if (size == 2)
			outw(port, (u16)value);
		else
			outl(port, value);
		return 0;
	}
	return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
}

static volatile u8 *pci_map_bus(u16 seg, u8 bus)
{
	for (u32 i = 0; i < nr_ecam; i++)
		if (ecam[i].seg == seg && ecam[i].bus == bus)
			return ecam[i].base;
	for (u32 i = 0; i < acpi_info.nr_mcfg && nr_ecam < ARRAY_SIZE(ecam); i++) {
		const struct acpi_mcfg *m = &acpi_info.mcfg[i];
		u8 *base;

		if (m->seg != seg || bus < m->first_bus || bus > m->last_bus)
			continue;
		base = map_mmio(MADDR(m->base + ((u64)bus << 20)), 1u << 20);
		ecam[nr_ecam].seg = seg;
		ecam[nr_ecam].bus = bus;
		ecam[nr_ecam++].base = base;
		return base;
	}
	return NULL;
}

static u32 pci_transfer_ecam(struct pci_addr a, u32 reg, u32 size, bool write, u32 value)
{
	volatile u8 *p = pci_map_bus(a.seg, a.bus);

	if (!p || reg >= 4096)
		return ~0u;
	p += (u32)a.devfn << 12 | reg;
	if (write) {
		if (size == 1)
			*p = (u8)value;
		else if (size == 2)
			*(volatile u16 *)p = (u16)value;
		else
			*(volatile u32 *)p = value;
		return 0;
	}
	return size == 1 ? *p : size == 2 ? *(volatile u16 *)p : *(volatile u32 *)p;
}

static u32 pci_transfer(struct pci_addr a, u32 reg, u32 size, bool write, u32 value)
{
	u32 addr = ADDR_ENABLE | (u32)a.bus << 16 | (u32)a.devfn << 8 | (reg & 0xfc);

	spin_lock(&lock);
	if (a.seg || reg >= 256)
		value = pci_transfer_ecam(a, reg, size, write, value);
	else
		value = pci_transfer_port(addr, reg, size, write, value);
	spin_unlock(&lock);
	return value;
}

u32 pci_read(struct pci_addr a, u32 reg, u32 size)
{
	return pci_transfer(a, reg, size, false, 0);
}

void pci_write(struct pci_addr a, u32 reg, u32 size, u32 value)
{
	pci_transfer(a, reg, size, true, value);
}

u8 pci_find_cap(struct pci_addr a, u8 id)
{
	u8 pos;

	if (!(pci_read(a, PCI_STATUS, 2) & 0x10))
		return 0;
	pos = (u8)pci_read(a, PCI_CAP_PTR, 1) & 0xfc;
	/* At most 48 fit; a device may link them in a circle. */
	for (u32 n = 0; n < 48 && pos >= 0x40; n++) {
		u32 head = pci_read(a, pos, 2);

		if ((head & 0xff) == id)
			return pos;
		pos = head >> 8 & 0xfc;
	}
	return 0;
}

int pci_check_ecam(u16 seg, u8 first_bus, u8 last_bus, u64 base)
{
	for (u32 i = 0; i < acpi_info.nr_mcfg; i++) {
		const struct acpi_mcfg *m = &acpi_info.mcfg[i];

		if (m->seg == seg && m->base == base && first_bus >= m->first_bus &&
		    last_bus <= m->last_bus)
			return 0;
	}
	return -ENODEV;
}

bool pci_access_port(u16 port, u32 size, bool write, u32 *value)
{
	if (port == PORT_ADDR && size == 4) {
		if (write)
			guest_addr = *value;
		else
			*value = guest_addr;
		return true;
	}
	if (port < PORT_DATA || port + size > PORT_DATA + 4)
		return false;
	spin_lock(&lock);
	if (guest_addr & ADDR_ENABLE)
		*value = pci_transfer_port(guest_addr, port, size, write, *value);
	else if (!write)
		*value = ~0u;
	spin_unlock(&lock);
	return true;
}
