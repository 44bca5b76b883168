/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI configuration space. */
#ifndef XENLITE_PCI_H
#define XENLITE_PCI_H

/** struct pci_addr - a function: segment, bus, device and function */
struct pci_addr { u16 seg; u8 bus, devfn; };

enum { PCI_VENDOR, PCI_COMMAND = 4, PCI_STATUS = 6, PCI_BAR0 = 0x10, PCI_CAP_PTR = 0x34 };
enum { PCI_CAP_MSI = 5, PCI_CAP_MSIX = 0x11 };

/**
 * pci_read(), pci_write() - @size bytes (1, 2, 4, naturally aligned) at @reg
 * Registers from 256 and segments other than 0 are out of reach: a read gives
 * all ones and a write is lost.
 */
u32 pci_read(struct pci_addr a, u32 reg, u32 size);
void pci_write(struct pci_addr a, u32 reg, u32 size, u32 value);
/** pci_find_cap() - offset of capability @id, 0: none. */
u8 pci_find_cap(struct pci_addr a, u8 id);

/**
 * pci_access_port() - dom0 reads or writes a port, with @size as it is there
 * The configuration address that dom0 selects is kept apart, so that it and
 * the core do not disturb each other.
 * Return: what a read reads.
 */
u32 pci_access_port(u16 port, u32 size, bool write, u32 value);

#endif
