// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI and MSI-X: what a PCI function writes where when it interrupts.
 *
 *   MSI    capability: control | address | data | (mask)       one vector here
 *   MSI-X  table in a BAR, an entry each: address | data | mask
 *
 * Only the core writes addresses and data: a guest that could, could raise
 * any vector. So the frames of MSI-X tables are read-only for guests, dom0
 * included. Enabling the capability and INTx stays dom0's, as Linux expects.
 */
#include "msi.h"

#include "compiler.h"
#include "errno.h"
#include "page.h"
#include "paging.h"
#include "percpu.h"
#include "printk.h"

#define MSI_ENABLE	(1u << 0)
#define MSI_MULTIPLE	(7u << 4)
#define MSI_64BIT	(1u << 7)
#define MSI_MASKABLE	(1u << 8)
#define MSIX_SIZE	0x7ffu
#define MSIX_ENABLE	(1u << 15)
#define COMMAND_MEMORY	(1u << 1)

#define MSI_ADDRESS(apic_id)	(0xfee00000u | (apic_id) << 12)

#define MAX_TABLES	64

/* MSI-X tables that have been seen; a mapping stays for ever. */
static struct msix_table {
	u64 start, len;
	u8 *va;			/* NULL: protected only */
} tables[MAX_TABLES];		/* lock */
static u32 nr_tables;		/* lock */
static struct spinlock lock = SPINLOCK_INIT;

/* ---- the MSI-X table ---- */

/* Machine address of memory BAR @bir, or 0. */
static u64 msi_read_bar(struct pci_addr a, u32 bir)
{
	u32 low;
	u64 bar;

	if (bir > 5)
		return 0;
	low = pci_read(a, PCI_BAR0 + 4 * bir, 4);
	if (low & 1 || low == ~0u)
		return 0;
	bar = low & ~15u;
	if ((low & 6) == 4 && bir < 5)
		bar |= (u64)pci_read(a, PCI_BAR0 + 4 * bir + 4, 4) << 32;
	return bar;
}

/* Where the whole table of @a lies: start and length in bytes; 0: unknown. */
static u64 msi_find_table(struct pci_addr a, u8 cap, u64 fallback, u64 *len)
{
	u32 where = pci_read(a, cap + 4, 4);
	u64 bar = msi_read_bar(a, where & 7);

	*len = ((pci_read(a, cap + 2, 2) & MSIX_SIZE) + 1) * 16ull;
	if (!bar)
		bar = fallback & ~15ull;
	return bar ? bar + (where & ~7u) : 0;
}

/* A table lies in device memory: nobody's RAM, and not the core's. */
static bool msi_is_device_memory(u64 start, u64 len)
{
	if (start + len < start || (start + len) >> 52)
		return false;
	for (u64 n = PFN_DOWN(start); n < PFN_UP(start + len); n++)
		if (mfn_valid(MFN(n)) && mfn_to_page(MFN(n))->owner != dom_io)
			return false;
	return true;
}

static struct msix_table *msi_get_table(u64 start, u64 len, bool map)
{
	struct msix_table *t = NULL;

	if (!start || !msi_is_device_memory(start, len))
		return NULL;
	spin_lock(&lock);
	for (u32 i = 0; i < nr_tables && !t; i++)
		if (tables[i].start == start && tables[i].len == len)
			t = &tables[i];
	if (!t && nr_tables < MAX_TABLES) {
		t = &tables[nr_tables++];
		*t = (struct msix_table){ start, len, NULL };
	}
	if (t && map && !t->va)
		t->va = map_mmio(MADDR(start), len);
	spin_unlock(&lock);
	return t && (t->va || !map) ? t : NULL;
}

void msi_add_device(struct pci_addr a)
{
	u8 cap = pci_find_cap(a, PCI_CAP_MSIX);
	u64 start, len;

	if (!cap)
		return;
	start = msi_find_table(a, cap, 0, &len);
	if (start && !msi_get_table(start, len, false))
		pr_debug("MSI-X table of %04x:%02x:%02x.%x not protected\n", a.seg, a.bus,
			 a.devfn >> 3, a.devfn & 7);
}

bool msi_is_protected(mfn_t m)
{
	/* Entries are only added; a racing addition is seen by the next mapping. */
	for (u32 i = 0; i < READ_ONCE(nr_tables); i++)
		if (m.n >= PFN_DOWN(tables[i].start) &&
		    m.n < PFN_UP(tables[i].start + tables[i].len))
			return true;
	return false;
}

/* ---- programming ---- */

static void msi_write_message(struct irq *irq, u32 apic_id)
{
	const struct msi *m = &irq->msi;
	struct pci_addr a = m->addr;

	if (irq->source == IRQ_MSIX) {
		m->table[3] = 1;		/* not while it changes */
		m->table[0] = MSI_ADDRESS(apic_id);
		m->table[1] = 0;
		m->table[2] = irq->vector;
		m->table[3] = irq->masked;
		return;
	}
	pci_write(a, m->cap + 4, 4, MSI_ADDRESS(apic_id));
	if (m->is_64bit)
		pci_write(a, m->cap + 8, 4, 0);
	pci_write(a, m->cap + (m->is_64bit ? 12 : 8), 2, irq->vector);
}

void msi_set_mask(struct irq *irq, bool masked)
{
	const struct msi *m = &irq->msi;
	u32 reg = m->cap + (m->is_64bit ? 16 : 12);

	if (irq->source == IRQ_MSIX) {
		m->table[3] = masked;
		(void)m->table[3];		/* until the read returns it may still send */
	} else if (m->maskable) {
		pci_write(m->addr, reg, 4, masked);
	}
}

/* Only the address changes, in one write: no message can be half of each. */
void msi_set_target(struct irq *irq, u32 apic_id)
{
	if (irq->source == IRQ_MSIX)
		irq->msi.table[0] = MSI_ADDRESS(apic_id);
	else
		pci_write(irq->msi.addr, irq->msi.cap + 4, 4, MSI_ADDRESS(apic_id));
}

/* Switch the capability on; MSI: with one vector. */
static void msi_enable(struct irq *irq)
{
	struct pci_addr a = irq->msi.addr;
	u32 control = pci_read(a, irq->msi.cap + 2, 2);

	if (irq->source == IRQ_MSIX)
		control |= MSIX_ENABLE;
	else
		control = (control & ~MSI_MULTIPLE) | MSI_ENABLE;
	pci_write(a, irq->msi.cap + 2, 2, control);
}

void msi_restore(struct irq *irq, u32 apic_id)
{
	msi_write_message(irq, apic_id);
	msi_set_mask(irq, irq->masked);
	msi_enable(irq);
}

static int msi_setup_msi(struct irq *irq, struct pci_addr a, u8 cap)
{
	u32 control = pci_read(a, cap + 2, 2);

	irq->msi.is_64bit = control & MSI_64BIT;
	irq->msi.maskable = control & MSI_MASKABLE;
	pci_write(a, cap + 2, 2, control & ~(MSI_ENABLE | MSI_MULTIPLE));
	return 0;
}

static int msi_setup_msix(struct irq *irq, struct pci_addr a, u8 cap, u32 entry, u64 base)
{
	struct msix_table *t;
	u64 start, len;

	if (entry > (pci_read(a, cap + 2, 2) & MSIX_SIZE))
		return -EINVAL;
	if (!(pci_read(a, PCI_COMMAND, 2) & COMMAND_MEMORY))
		return -ENXIO;
	start = msi_find_table(a, cap, base, &len);
	if (!start || !msi_is_device_memory(start, len))
		return -EINVAL;
	t = msi_get_table(start, len, true);
	if (!t)
		return -ENOMEM;
	irq->msi.maskable = true;
	irq->msi.table = (volatile u32 *)(t->va + entry * 16);
	return 0;
}

int msi_setup(struct irq *irq, struct pci_addr a, bool msix, u32 entry, u64 table_base)
{
	u8 cap = pci_find_cap(a, msix ? PCI_CAP_MSIX : PCI_CAP_MSI);
	int rc;

	if (!cap)
		return -ENODEV;
	irq->msi = (struct msi){ .addr = a, .cap = cap, .entry = (u16)entry };
	rc = msix ? msi_setup_msix(irq, a, cap, entry, table_base) : msi_setup_msi(irq, a, cap);
	if (!rc)
		msi_restore(irq, irq->cpu->apic_id);
	return rc;
}

void msi_teardown(struct irq *irq)
{
	struct pci_addr a = irq->msi.addr;
	u32 control = pci_read(a, irq->msi.cap + 2, 2);

	msi_set_mask(irq, true);
	if (irq->source == IRQ_MSI && control != 0xffff)
		pci_write(a, irq->msi.cap + 2, 2, control & ~MSI_ENABLE);
}
