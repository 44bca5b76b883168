/* SPDX-License-Identifier: GPL-2.0-only */
/* What the core needs of the firmware's ACPI tables. */
#ifndef XENLITE_ACPI_H
#define XENLITE_ACPI_H

enum { ACPI_MAX_CPUS = 256, ACPI_MAX_IOAPICS = 16, ACPI_MAX_MCFG = 8, ACPI_NR_ISA = 16 };

struct acpi_cpu { u32 apic_id, acpi_id; bool enabled; };
/* @regs, @nr_pins: irq.c's; no pins: it does not answer. */
struct acpi_ioapic { u32 addr, gsi_base, nr_pins; volatile u32 *regs; };
/* Where an ISA interrupt goes when not to the GSI of its number. */
struct acpi_override { u32 gsi; bool level, low; };
/* As in the MCFG. */
struct acpi_mcfg { u64 base; u16 seg; u8 first_bus, last_bus; u32 reserved; };
/* Local APIC pin that carries NMI. @acpi_id ~0: of every CPU. */
struct acpi_lapic_nmi { u32 acpi_id; u8 lint; bool low; };

/**
 * struct acpi_info - the result; zero where a table is missing or broken
 * @tables_read: bitmap of those that were there and sound
 * @pm1a_cnt,@pm1b_cnt: I/O ports of the PM1 control registers, 0: none
 * @reset_port: the reset register, 0: none in I/O space
 */
struct acpi_info {
	u32 tables_read;
	u32 nr_cpus, nr_ioapics, nr_mcfg, nr_lapic_nmis;
	struct acpi_cpu cpus[ACPI_MAX_CPUS];
	struct acpi_ioapic ioapics[ACPI_MAX_IOAPICS];
	struct acpi_override isa[ACPI_NR_ISA];
	struct acpi_lapic_nmi lapic_nmis[4];
	struct acpi_mcfg mcfg[ACPI_MAX_MCFG];
	u64 hpet_addr;
	u16 pm1a_cnt, pm1b_cnt, pm_timer, reset_port;
	u8 reset_value;
};

extern struct acpi_info acpi_info;

/** acpi_id_of() - ACPI's number of a processor; ~0: it names none with this APIC id. */
u32 acpi_id_of(u32 apic_id);

/**
 * acpi_init() - find and read the tables; each broken one costs a line and
 * its feature. @rsdp: where the loader says the root pointer is, or 0.
 */
void acpi_init(u64 rsdp);
/** acpi_find_efi() - the root pointer's address by EFI's system table at @efi; 0: none. */
u64 acpi_find_efi(u64 efi);

/*
 * For acpi_init() and tests. acpi_parse_rsdp(): where the root table is, or 0.
 * acpi_parse_table(): NULL, or what is wrong with it, and then acpi_info is as
 * it was; "" for a table that is none of those that are read.
 */
u64 acpi_parse_rsdp(const u8 *p, size_t len);
const char *acpi_parse_table(const u8 *table, size_t len);

#endif
