// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the ACPI table parsers. The checksum and, in every other input, the
 * length are made right, so that the fields behind them are reached.
 *
 * Links: arch/x86/acpi.c
 */
#include <stdlib.h>
#include <string.h>
#include "acpi.h"
#include "paging.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

const void *map_firmware(maddr_t ma, size_t len)
{
	return NULL;
}

void printk(enum log_level level, const char *fmt, ...) {}

/* What the rest of the core relies on. */
static void check(const struct acpi_info *info)
{
	if (info->nr_cpus > ACPI_MAX_CPUS || info->nr_ioapics > ACPI_MAX_IOAPICS ||
	    info->nr_mcfg > ACPI_MAX_MCFG || info->nr_lapic_nmis > 4 ||
	    info->pm1a_cnt >= 0xfffc)
		abort();
	for (u32 i = 0; i < info->nr_mcfg; i++)
		if (info->mcfg[i].base & 0xfff)
			abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	static const char signatures[4][5] = { "APIC", "FACP", "HPET", "MCFG" };
	u8 *table, sum = 0;
	u32 size;

	if (len < 2)
		return 0;
	size = (u32)len - 1;
	table = malloc(size);
	memcpy(table, data + 1, size);
	acpi_parse_rsdp(table, size);
	memcpy(table, signatures[data[0] % 4], MIN(size, 4u));
	if (data[0] & 4 && size >= 8)
		memcpy(table + 4, &size, 4);
	if (size >= 10) {
		u32 length;

		memcpy(&length, table + 4, 4);
		for (u32 i = 0; i < MIN(length, size); i++)
			sum += i == 9 ? 0 : table[i];
		table[9] = -sum;
	}
	memset(&acpi_info, 0, sizeof(acpi_info));
	acpi_parse_table(table, size);
	check(&acpi_info);
	free(table);
	return 0;
}
