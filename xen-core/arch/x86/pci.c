// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI configuration space, through ports 0xcf8/0xcfc.
 *
 * The ports are one shared register pair: the lock covers each select and
 * transfer, and dom0's selected address lives here, not in the hardware. All
 * that the core looks at lies within their reach: the first 256 bytes of
 * segment 0. The memory window (ECAM) is dom0's alone.
 */
#include "irq.h"

#include "asm.h"

enum { PORT_ADDR = 0xcf8, PORT_DATA = 0xcfc };
#define ADDR_ENABLE	(1u << 31)

static struct spinlock lock;
static u32 guest_addr;		/* what dom0 last wrote to PORT_ADDR */

/* At what @addr selects, unless that is nothing: then a write is lost. */
static u32 pci_transfer(u32 addr, u32 reg, u32 size, bool write, u32 value)
{
	if (!(addr & ADDR_ENABLE))
		return ~0u;
	spin_guard(&lock);
	outl(PORT_ADDR, addr);
	return port_transfer((u16)(PORT_DATA + (reg & 3)), size, write, value);
}

/* What selects @reg of @a; 0: it is out of reach. */
static u32 pci_select(struct pci_addr a, u32 reg)
{
	return a.seg || reg >= 256 ? 0 :
	       ADDR_ENABLE | (u32)a.bus << 16 | (u32)a.devfn << 8 | (reg & 0xfc);
}

u32 pci_read(struct pci_addr a, u32 reg, u32 size)
{
	return pci_transfer(pci_select(a, reg), reg, size, false, 0);
}

void pci_write(struct pci_addr a, u32 reg, u32 size, u32 value)
{
	pci_transfer(pci_select(a, reg), reg, size, true, value);
}

u8 pci_find_cap(struct pci_addr a, u8 id)
{
	u8 pos = (u8)pci_read(a, PCI_CAP_PTR, 1) & 0xfc;

	if (!(pci_read(a, PCI_STATUS, 2) & 0x10))
		return 0;
	/* At most 48 fit; a device may link them in a circle. */
	for (u32 n = 0; n < 48 && pos >= 0x40; n++) {
		u32 head = pci_read(a, pos, 2);

		if ((head & 0xff) == id)
			return pos;
		pos = head >> 8 & 0xfc;
	}
	return 0;
}

u32 pci_access_port(u16 port, u32 size, bool write, u32 value)
{
	u32 addr = READ_ONCE(guest_addr);

	if (port == PORT_ADDR && size == 4) {
		if (write)
			WRITE_ONCE(guest_addr, value);
		return addr;
	}
	if (port < PORT_DATA || port + size > PORT_DATA + 4)
		return port_transfer(port, size, write, value);
	return pci_transfer(addr, port, size, write, value);
}
