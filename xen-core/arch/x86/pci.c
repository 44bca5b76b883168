// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI configuration space, through ports 0xcf8/0xcfc.
 *
 * The ports are one shared register pair: the lock covers each select and
 * transfer, and dom0's selected address lives here, not in the hardware. All
 * that the core looks at lies within their reach: the first 256 bytes of
 * segment 0. The memory window (ECAM) is dom0's alone.
 */
#include "pci.h"

#include "acpi.h"
#include "asm.h"
#include "errno.h"
#include "spinlock.h"

#define PORT_ADDR	0xcf8
#define PORT_DATA	0xcfc
#define ADDR_ENABLE	(1u << 31)

static struct spinlock lock = SPINLOCK_INIT;
static u32 guest_addr;		/* lock: what dom0 last wrote to PORT_ADDR */

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

static u32 pci_transfer(struct pci_addr a, u32 reg, u32 size, bool write, u32 value)
{
	u32 addr = ADDR_ENABLE | (u32)a.bus << 16 | (u32)a.devfn << 8 | (reg & 0xfc);

	if (a.seg || reg >= 256)
		return ~0u;
	spin_lock(&lock);
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
