/* SPDX-License-Identifier: GPL-2.0-only */
/* Message-signalled interrupts: programming a PCI function to send them. */
#ifndef XENLITE_MSI_H
#define XENLITE_MSI_H

#include "irq.h"
#include "pci.h"

/**
 * msi_setup() - have function @a send @irq, masked where it can be
 * @entry: MSI-X: index in its table
 * @table_base: MSI-X: dom0's idea of the table BAR, for functions without one
 * Return: 0, -ENODEV (no such capability), -EINVAL (no such entry, or the
 * table is not where a device's memory can be), -EBUSY, -ENOMEM.
 */
int msi_setup(struct irq *irq, struct pci_addr a, bool msix, u32 entry, u64 table_base);
/** msi_teardown() - the function must not send @irq any more. */
void msi_teardown(struct irq *irq);

void msi_set_mask(struct irq *irq, bool masked);
void msi_set_target(struct irq *irq, u32 apic_id);
/** msi_restore() - write everything again, after the function was reset. */
void msi_restore(struct irq *irq, u32 apic_id);

/** msi_add_device() - a function appeared: protect its MSI-X table. */
void msi_add_device(struct pci_addr a);
/** msi_is_protected() - is frame @m part of an MSI-X table? Guests may only read it. */
bool msi_is_protected(mfn_t m);

#endif
