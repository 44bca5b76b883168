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
#include "irq.h"

#include "acpi.h"
#include "paging.h"

enum { MSI_ENABLE = 1, MSI_MULTIPLE = 7 << 4, MSI_64BIT = 1 << 7, MSI_MASKABLE = 1 << 8 };
enum { MSIX_SIZE = 0x7ff, MSIX_ENABLE = 1 << 15, COMMAND_MEMORY = 1 << 1, MAX_TABLES = 64 };

/* MSI-X tables that have been seen; a mapping stays for ever. */
static struct msix_table {
	u64 start, len;
	u8 *va;			/* NULL: protected only */
} tables[MAX_TABLES];
static u32 nr_tables;

/* ---- the MSI-X table ---- */

/* Machine address of memory BAR @bir, or 0. */
static u64 msi_read_bar(struct pci_addr a, u32 bir)
{
	u32 reg = PCI_BAR0 + 4 * bir;
	u64 bar = bir < 6 ? pci_read(a, reg, 4) : ~0u;

	if (bar & 1)		/* an I/O port, or nothing there */
		return 0;
	if ((bar & 6) == 4 && bir < 5)
		bar |= (u64)pci_read(a, reg + 4, 4) << 32;
	return bar & ~15ull;
}

/* I3: may frame @n hold a table? Not if it is somebody's RAM, or a device of the core's. */
bool msi_is_device_memory(u64 n)
{
	for (u32 i = 0; i < acpi_info.nr_ioapics; i++)
		if (n == PFN_DOWN(acpi_info.ioapics[i].addr))
			return false;
	return n != PFN_DOWN(apic_addr) && n != PFN_DOWN(acpi_info.hpet_addr) &&
	       (!mfn_valid(MFN(n)) || mfn_to_page(MFN(n))->owner == dom_io);
}

/*
 * The whole table of @a, in a BAR of its own or in what dom0 says (@fallback), which
 * is protected from now on. NULL: no table can be there, or we know too many.
 */
static struct msix_table *msi_find_table(struct pci_addr a, u8 cap, u64 fallback)
{
	u32 where = pci_read(a, cap + 4, 4), i = 0;
	u64 bar = msi_read_bar(a, where & 7) ?: fallback & ~15ull, start = bar + (where & ~7u);
	u64 len = ((pci_read(a, cap + 2, 2) & MSIX_SIZE) + 1) * 16ull;

	if (!bar || bar >> 52 || (start + len) >> 52)
		return NULL;
	for (u64 n = PFN_DOWN(start); n < PFN_UP(start + len); n++)
		if (!msi_is_device_memory(n))
			return NULL;
	while (i < nr_tables && (tables[i].start != start || tables[i].len != len))
		i++;
	if (i == MAX_TABLES)
		return NULL;
	if (i == nr_tables) {
		tables[i] = (struct msix_table){ start, len, NULL };
		/* Release: who sees the number may look at the table. */
		__atomic_store_n(&nr_tables, i + 1, __ATOMIC_RELEASE);
	}
	return &tables[i];
}

void msi_add_device(struct pci_addr a)
{
	u8 cap = pci_find_cap(a, PCI_CAP_MSIX);

	if (cap && !msi_find_table(a, cap, 0))
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

/* The parts of a message, by their place in an entry of an MSI-X table. */
enum msi_part { MSI_ADDRESS, MSI_ADDRESS_HIGH, MSI_DATA, MSI_MASK };

static void msi_write(const struct msi *m, enum msi_part part, u32 value)
{
	static const u8 offset[2][4] = { { 4, 0, 8, 12 }, { 4, 8, 12, 16 } };	/* MSI: 0: none */
	u8 at = offset[!!(m->control & MSI_64BIT)][part];

	if (m->table)
		m->table[part] = value;
	else if (part == MSI_MASK ? m->control & MSI_MASKABLE : at)
		pci_write(m->addr, m->cap + at, part == MSI_DATA ? 2 : 4, value);
}

/* The capability's own switch; MSI is given one vector. */
static void msi_enable(const struct msi *m, bool enable)
{
	u32 bit = m->table ? MSIX_ENABLE : MSI_ENABLE;
	u32 others = pci_read(m->addr, m->cap + 2, 2) & ~(m->table ? bit : bit | MSI_MULTIPLE);

	pci_write(m->addr, m->cap + 2, 2, enable ? others | bit : others);
}

void msi_write_mask(const struct irq *irq)
{
	msi_write(&irq->msi, MSI_MASK, irq->masked);
	if (irq->msi.table)
		(void)irq->msi.table[MSI_MASK];	/* until this returns it may still send */
}

/* Only the address changes, in one write: no message can be half of each. */
void msi_write_target(const struct irq *irq)
{
	msi_write(&irq->msi, MSI_ADDRESS, 0xfee00000u | irq->cpu->apic_id << 12);
}

void msi_restore(struct irq *irq)
{
	const struct msi *m = &irq->msi;

	spin_guard(&irq->lock);
	/* Not while it changes; a function with MSI-X may be sending others. */
	msi_write(m, MSI_MASK, 1);
	if (!m->table)
		msi_enable(m, false);
	msi_write_target(irq);
	msi_write(m, MSI_ADDRESS_HIGH, 0);
	msi_write(m, MSI_DATA, irq->vector);
	msi_write_mask(irq);
	msi_enable(m, true);
}

int msi_setup(struct irq *irq, struct pci_addr a, u32 entry, u64 table_base)
{
	bool msix = irq->source == IRQ_MSIX;
	u8 cap = pci_find_cap(a, msix ? PCI_CAP_MSIX : PCI_CAP_MSI);
	u16 control = cap ? (u16)pci_read(a, cap + 2, 2) : 0;
	volatile u32 *table = NULL;

	if (!cap)
		return -ENODEV;
	if (msix) {
		struct msix_table *t;

		if (entry > (control & MSIX_SIZE))
			return -EINVAL;
		if (!(pci_read(a, PCI_COMMAND, 2) & COMMAND_MEMORY))
			return -ENXIO;
		t = msi_find_table(a, cap, table_base);
		if (!t)
			return -EINVAL;
		if (!t->va)
			t->va = map_mmio(MADDR(t->start), t->len);
		if (!t->va)
			return -ENOMEM;
		table = (volatile u32 *)(t->va + entry * 16);
	}
	irq->msi = (struct msi){ a, cap, entry, control, table };
	msi_restore(irq);
	return 0;
}

void msi_teardown(struct irq *irq)
{
	spin_guard(&irq->lock);
	msi_write(&irq->msi, MSI_MASK, 1);
	if (irq->source == IRQ_MSI)
		msi_enable(&irq->msi, false);
	irq->source = IRQ_FREE;
}
