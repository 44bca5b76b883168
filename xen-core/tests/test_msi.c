// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI and MSI-X against a made-up PCI function.
 *
 * Rules under test: the core writes only into a table that lies in device
 * memory, and only into entries that exist; what it programs is its own
 * vector; table frames are protected as soon as the function is known.
 *
 * Links: arch/x86/msi.c arch/fake/fake.c arch/fake/fake_domain.c softirq.c page_alloc.c frame.c
 */
#include "test_util.h"
#include "acpi.h"
#include "errno.h"
#include "fake.h"
#include "irq.h"
#include "paging.h"

#define FRAMES	1024u
#define BAR	0x10000000u	/* beyond all RAM */
#define CAP	0x40u
#define TABLE	0x800u		/* in the BAR */
#define NR	16u

static u8 config[256];
static u32 bar_memory[NR * 4 + 4];
static u64 mapped_at, mapped_len;
u64 apic_addr = 0xfee00000;
struct acpi_info acpi_info;
static const struct pci_addr dev = { 0, 1, 8 };
static struct irq irq;

u32 pci_read(struct pci_addr a, u32 reg, u32 size)
{
	u32 v = 0;

	assert_true(a.bus == dev.bus && reg + size <= sizeof(config));
	memcpy(&v, config + reg, size);
	return v;
}

void pci_write(struct pci_addr a, u32 reg, u32 size, u32 value)
{
	assert_true(a.bus == dev.bus && reg + size <= sizeof(config));
	memcpy(config + reg, &value, size);
}

u8 pci_find_cap(struct pci_addr a, u8 id)
{
	return config[CAP] == id ? CAP : 0;
}

void *map_mmio(maddr_t ma, size_t len)
{
	mapped_at = ma.a;
	mapped_len = len;
	return bar_memory;
}

static void put(u32 reg, u32 value, u32 size)
{
	memcpy(config + reg, &value, size);
}

static int setup(void **state)
{
	fake_machine_init(FRAMES, 2);
	cpus[0]->apic_id = 3;
	cpus[1]->apic_id = 5;
	dom_io = calloc(1, sizeof(*dom_io));
	memset(config, 0, sizeof(config));
	memset(bar_memory, 0xee, sizeof(bar_memory));
	put(PCI_COMMAND, 2, 2);
	put(PCI_BAR0, BAR, 4);
	mapped_at = mapped_len = 0;
	irq = (struct irq){ .vector = 0x51, .masked = true, .cpu = cpus[1] };
	return 0;
}

static int teardown(void **state)
{
	free(dom_io);
	fake_machine_end();
	return 0;
}

static void msix_device(u32 bir)
{
	irq.source = IRQ_MSIX;
	put(CAP, PCI_CAP_MSIX, 1);
	put(CAP + 2, NR - 1, 2);
	put(CAP + 4, TABLE | bir, 4);
}

static void test_msi(void **state)
{
	for (u32 control = 0; control < 4; control++) {
		bool is_64bit = control & 1, maskable = control & 2;
		u32 data = CAP + (is_64bit ? 12 : 8), mask = CAP + (is_64bit ? 16 : 12);

		irq.source = IRQ_MSI;
		irq.masked = true;
		irq.cpu = cpus[1];
		memset(config + CAP, 0xee, 24);
		put(CAP, PCI_CAP_MSI, 1);
		/* It asked for, and was given, eight vectors. */
		put(CAP + 2, 0x36 | (is_64bit ? 0x80 : 0) | (maskable ? 0x100 : 0), 2);
		assert_int_equal(msi_setup(&irq, dev, 0, 0), 0);
		assert_int_equal(pci_read(dev, CAP + 2, 2) & 0x71, 1);
		assert_int_equal(pci_read(dev, CAP + 4, 4), 0xfee05000);
		assert_int_equal(pci_read(dev, data, 2), 0x51);
		if (is_64bit)
			assert_int_equal(pci_read(dev, CAP + 8, 4), 0);
		if (maskable)
			assert_int_equal(pci_read(dev, mask, 4), 1);
		irq.masked = false;
		msi_write_mask(&irq);
		if (maskable)
			assert_int_equal(pci_read(dev, mask, 4), 0);
		irq.cpu = cpus[0];
		msi_write_target(&irq);
		assert_int_equal(pci_read(dev, CAP + 4, 4), 0xfee03000);
		msi_teardown(&irq);
		assert_int_equal(pci_read(dev, CAP + 2, 2) & 1, 0);
	}
}

static void test_msix(void **state)
{
	const u32 *entry = bar_memory + 3 * 4;

	msix_device(0);
	assert_int_equal(msi_setup(&irq, dev, 3, 0), 0);
	assert_int_equal(mapped_at, BAR + TABLE);
	assert_int_equal(mapped_len, NR * 16);
	assert_int_equal(entry[0], 0xfee05000);
	assert_int_equal(entry[1], 0);
	assert_int_equal(entry[2], 0x51);
	assert_int_equal(entry[3], 1);
	assert_int_equal(entry[-1], 0xeeeeeeee);
	assert_int_equal(entry[4], 0xeeeeeeee);
	assert_true(pci_read(dev, CAP + 2, 2) & 0x8000);
	irq.masked = false;
	msi_write_mask(&irq);
	assert_int_equal(entry[3], 0);
	/* After a reset of the function everything is written again. */
	cpus[1]->apic_id = 7;
	memset(bar_memory, 0, sizeof(bar_memory));
	msi_restore(&irq);
	assert_int_equal(entry[0], 0xfee07000);
	assert_int_equal(entry[2], 0x51);
	assert_int_equal(entry[3], 0);
	msi_teardown(&irq);
	assert_int_equal(entry[3], 1);
}

static void test_no_capability(void **state)
{
	for (irq.source = IRQ_MSI; irq.source <= IRQ_MSIX; irq.source++)
		assert_int_equal(msi_setup(&irq, dev, 0, 0), -ENODEV);
}

/* Everything that would have the core write where no table is. */
static void test_bad_tables(void **state)
{
	msix_device(0);
	assert_int_equal(msi_setup(&irq, dev, NR, 0), -EINVAL);
	assert_int_equal(msi_setup(&irq, dev, ~0u, 0), -EINVAL);
	put(PCI_COMMAND, 0, 2);			/* does not decode memory */
	assert_int_equal(msi_setup(&irq, dev, 0, 0), -ENXIO);
	put(PCI_COMMAND, 2, 2);
	put(PCI_BAR0, 0x8000, 4);		/* in RAM */
	assert_int_equal(msi_setup(&irq, dev, 0, 0), -EINVAL);
	put(PCI_BAR0, 0xd001, 4);		/* an I/O port */
	assert_int_equal(msi_setup(&irq, dev, 0, 0), -EINVAL);
	put(PCI_BAR0, 0, 4);			/* nowhere, and dom0 points into RAM */
	assert_int_equal(msi_setup(&irq, dev, 0, 0x9000), -EINVAL);
	assert_int_equal(msi_setup(&irq, dev, 0, 0), -EINVAL);
	put(PCI_BAR0, 4, 4);			/* a 64-bit one at the end of everything */
	put(PCI_BAR0 + 4, ~0u, 4);
	assert_int_equal(msi_setup(&irq, dev, 0, 0), -EINVAL);
	msix_device(7);				/* no such BAR */
	assert_int_equal(msi_setup(&irq, dev, 0, 0), -EINVAL);
	msix_device(0);
	put(PCI_BAR0, 0xfee00000 - TABLE, 4);	/* reaches into the local APIC */
	assert_int_equal(msi_setup(&irq, dev, 0, 0), -EINVAL);
	acpi_info.ioapics[acpi_info.nr_ioapics++].addr = BAR;
	put(PCI_BAR0, BAR, 4);			/* in the page of an I/O APIC */
	assert_int_equal(msi_setup(&irq, dev, 0, 0), -EINVAL);
	acpi_info.nr_ioapics = 0;
	assert_int_equal(mapped_len, 0);
	/* A hole between RAM is device memory. */
	msix_device(0);
	put(PCI_BAR0, 0x8000, 4);
	frame_table[8].owner = dom_io;
	assert_int_equal(msi_setup(&irq, dev, 0, 0), 0);
}

static void test_protection(void **state)
{
	const u64 frame = 0x20000000ull >> PAGE_SHIFT;

	msix_device(0);
	put(CAP + 2, 300, 2);			/* 301 entries: two frames */
	put(PCI_BAR0, (u32)(frame << PAGE_SHIFT), 4);
	assert_false(msi_is_protected(MFN(frame)));
	msi_add_device(dev);
	msi_add_device(dev);
	assert_true(msi_is_protected(MFN(frame)));
	assert_true(msi_is_protected(MFN(frame + 1)));
	assert_false(msi_is_protected(MFN(frame + 2)));
	assert_false(msi_is_protected(MFN(frame - 1)));
	assert_int_equal(mapped_len, 0);
	put(PCI_BAR0, 0x8000, 4);		/* RAM stays as it is */
	msi_add_device(dev);
	assert_false(msi_is_protected(MFN(9)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_msi, setup, teardown),
		cmocka_unit_test_setup_teardown(test_msix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_capability, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_tables, setup, teardown),
		cmocka_unit_test_setup_teardown(test_protection, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
