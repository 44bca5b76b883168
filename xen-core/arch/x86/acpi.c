// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the firmware's ACPI tables: processors, interrupt controllers, power.
 *
 *   RSDP -> XSDT or RSDT -> MADT, FADT, HPET, MCFG
 *
 * Only static tables; AML is dom0's. Nothing in them is believed before its
 * length and checksum are right, and no table is needed: a broken one gives a
 * line on the console, and the boot goes on without what it would have told.
 */
#include "acpi.h"

#include "compiler.h"
#include "paging.h"
#include "printk.h"
#include "string.h"

#define MAX_TABLE	(1u << 20)
#define MAX_TABLES	128u

struct __packed acpi_header {
	char signature[4];
	u32 length;
	u8 revision, checksum;
	char oem[26];
};
static_assert(sizeof(struct acpi_header) == 36, "ACPI 5.2.6");

struct __packed acpi_gas {
	u8 space, width, offset, access;
	u64 addr;
};

/* FADT offsets (ACPI 5.2.9); older tables end earlier. */
enum {
	FADT_PM1A_CNT = 64, FADT_PM1B_CNT = 68, FADT_PM_TMR = 76, FADT_PM_TMR_LEN = 91,
	FADT_FLAGS = 112, FADT_RESET = 116, FADT_RESET_VALUE = 128, FADT_X_PM1A_CNT = 172,
	FADT_X_PM1B_CNT = 184, FADT_X_PM_TMR = 208,
};
#define FADT_HAS_RESET	(1u << 10)

#define SPACE_IO	1

struct acpi_info acpi_info;

/* Fields of @size bytes at @off, zero where the table ends before. */
static u64 acpi_field(const void *table, size_t len, size_t off, size_t size)
{
	u64 v = 0;

	if (off + size <= len)
		memcpy(&v, (const u8 *)table + off, size);
	return v;
}

static u8 acpi_sum(const void *p, size_t len)
{
	const u8 *b = p;
	u8 sum = 0;

	while (len--)
		sum += *b++;
	return sum;
}

/* A whole table of at least @min bytes; @len becomes its own length. */
static const char *acpi_check_table(const void *table, size_t *len, size_t min)
{
	u32 length = (u32)acpi_field(table, *len, 4, 4);

	if (length < sizeof(struct acpi_header) || length > *len)
		return "its length is wrong";
	if (acpi_sum(table, length))
		return "its checksum is wrong";
	*len = length;
	return length < min ? "it is too short" : NULL;
}

/* ACPI 5.2.5.3. Revision 0 has 20 bytes, later ones 36 with their own checksum. */
const char *acpi_parse_rsdp(const void *p, size_t len, u64 *root, bool *is_xsdt)
{
	if (len < 20 || memcmp(p, "RSD PTR ", 8))
		return "no signature";
	if (acpi_sum(p, 20))
		return "its checksum is wrong";
	*root = acpi_field(p, len, 16, 4);
	*is_xsdt = false;
	if (acpi_field(p, len, 15, 1) >= 2 && len >= 36 && !acpi_sum(p, 36) &&
	    acpi_field(p, len, 24, 8)) {
		*root = acpi_field(p, len, 24, 8);
		*is_xsdt = true;
	}
	return *root ? NULL : "no root table";
}

static void acpi_add_cpu(struct acpi_info *info, u32 apic_id, u32 acpi_id, u32 flags)
{
	if (info->nr_cpus < ACPI_MAX_CPUS)
		info->cpus[info->nr_cpus++] = (struct acpi_cpu){ apic_id, acpi_id, flags & 1 };
}

static void acpi_add_lapic_nmi(struct acpi_info *info, u32 acpi_id, u32 flags, u8 lint)
{
	if (info->nr_lapic_nmis < ARRAY_SIZE(info->lapic_nmis) && lint < 2)
		info->lapic_nmis[info->nr_lapic_nmis++] =
			(struct acpi_lapic_nmi){ acpi_id, lint, (flags & 3) == 3 };
}

/* ISA interrupts are edge triggered and active high unless said otherwise. */
static void acpi_add_override(struct acpi_info *info, u32 irq, u32 gsi, u32 flags)
{
	if (irq < ACPI_NR_ISA)
		info->isa[irq] = (struct acpi_override){
			.gsi = gsi, .low = (flags & 3) == 3, .level = (flags >> 2 & 3) == 3,
		};
}

static void acpi_parse_madt_entry(const u8 *e, u32 type, size_t len, struct acpi_info *info)
{
#define FIELD(off, size) ((u32)acpi_field(e, len, off, size))
	switch (type) {
	case 0:		/* local APIC */
		acpi_add_cpu(info, FIELD(3, 1), FIELD(2, 1), FIELD(4, 4));
		break;
	case 1:		/* I/O APIC */
		if (len >= 12 && info->nr_ioapics < ACPI_MAX_IOAPICS)
			info->ioapics[info->nr_ioapics++] = (struct acpi_ioapic){
				FIELD(2, 1), FIELD(4, 4), FIELD(8, 4) };
		break;
	case 2:		/* interrupt source override */
		acpi_add_override(info, FIELD(3, 1), FIELD(4, 4), FIELD(8, 2));
		break;
	case 4:		/* local APIC NMI */
		acpi_add_lapic_nmi(info, FIELD(2, 1) == 0xff ? ~0u : FIELD(2, 1),
				   FIELD(3, 2), (u8)FIELD(5, 1));
		break;
	case 5:		/* local APIC address override */
		if (len >= 12)
			info->lapic_addr = acpi_field(e, len, 4, 8);
		break;
	case 9:		/* local x2APIC */
		acpi_add_cpu(info, FIELD(4, 4), FIELD(12, 4), FIELD(8, 4));
		break;
	case 10:	/* local x2APIC NMI */
		acpi_add_lapic_nmi(info, FIELD(4, 4), FIELD(2, 2), (u8)FIELD(8, 1));
		break;
	}
#undef FIELD
}

const char *acpi_parse_madt(const void *table, size_t len, struct acpi_info *info)
{
	size_t off = 44;
	const char *why = acpi_check_table(table, &len, off);

	if (why)
		return why;
	info->lapic_addr = acpi_field(table, len, 36, 4);
	while (off + 2 <= len) {
		const u8 *e = (const u8 *)table + off;

		if (e[1] < 2 || e[1] > len - off)
			return "an entry's length is wrong";
		acpi_parse_madt_entry(e, e[0], e[1], info);
		off += e[1];
	}
	info->has_madt = info->nr_cpus;
	return info->has_madt ? NULL : "it names no processor";
}

/* The extended address wins when it names an I/O port. */
static u16 acpi_fadt_port(const void *table, size_t len, size_t off, size_t x_off)
{
	struct acpi_gas gas = { 0 };
	u64 port = acpi_field(table, len, off, 4);

	if (x_off + sizeof(gas) <= len)
		memcpy(&gas, (const u8 *)table + x_off, sizeof(gas));
	if (gas.space == SPACE_IO && gas.addr && gas.addr < 0xfffc)
		port = gas.addr;
	return port < 0xfffc ? (u16)port : 0;
}

const char *acpi_parse_fadt(const void *table, size_t len, struct acpi_info *info)
{
	const char *why = acpi_check_table(table, &len, FADT_RESET);
	struct acpi_gas reset;
	u32 flags;

	if (why)
		return why;
	flags = (u32)acpi_field(table, len, FADT_FLAGS, 4);
	info->pm1a_cnt = acpi_fadt_port(table, len, FADT_PM1A_CNT, FADT_X_PM1A_CNT);
	info->pm1b_cnt = acpi_fadt_port(table, len, FADT_PM1B_CNT, FADT_X_PM1B_CNT);
	if (acpi_field(table, len, FADT_PM_TMR_LEN, 1) == 4)
		info->pm_timer = acpi_fadt_port(table, len, FADT_PM_TMR, FADT_X_PM_TMR);
	if (!(flags & FADT_HAS_RESET) || len <= FADT_RESET_VALUE)
		return NULL;
	memcpy(&reset, (const u8 *)table + FADT_RESET, sizeof(reset));
	if (reset.space == SPACE_IO && reset.addr <= 0xffff)
		info->reset_port = (u16)reset.addr;
	info->reset_value = (u8)acpi_field(table, len, FADT_RESET_VALUE, 1);
	return NULL;
}

const char *acpi_parse_hpet(const void *table, size_t len, struct acpi_info *info)
{
	const char *why = acpi_check_table(table, &len, 56);

	if (why)
		return why;
	if (acpi_field(table, len, 40, 1))
		return "it is not in memory space";
	info->hpet_addr = acpi_field(table, len, 44, 8);
	return NULL;
}

const char *acpi_parse_mcfg(const void *table, size_t len, struct acpi_info *info)
{
	const char *why = acpi_check_table(table, &len, 44);

	if (why)
		return why;
	for (size_t off = 44; off + 16 <= len && info->nr_mcfg < ACPI_MAX_MCFG; off += 16) {
		struct acpi_mcfg m = {
			.base = acpi_field(table, len, off, 8),
			.seg = (u16)acpi_field(table, len, off + 8, 2),
			.first_bus = (u8)acpi_field(table, len, off + 10, 1),
			.last_bus = (u8)acpi_field(table, len, off + 11, 1),
		};

		if (m.base & (PAGE_SIZE - 1) || m.last_bus < m.first_bus)
			return "an entry is wrong";
		info->mcfg[info->nr_mcfg++] = m;
	}
	return NULL;
}

/* ---- finding them ---- */

static u64 __init acpi_scan_rsdp(u64 start, size_t len)
{
	const u8 *p = map_firmware(MADDR(start), len);
	bool is_xsdt;
	u64 root;

	for (size_t off = 0; p && off + 36 <= len; off += 16)
		if (!acpi_parse_rsdp(p + off, len - off, &root, &is_xsdt))
			return start + off;
	return 0;
}

/* ACPI 5.2.5.1: the first KiB of the EBDA, then the BIOS's read-only memory. */
static u64 __init acpi_find_rsdp(void)
{
	const u8 *bda = map_firmware(MADDR(0x400), 0x100);
	u64 ebda = bda ? acpi_field(bda, 0x100, 0x0e, 2) << 4 : 0;
	u64 rsdp = ebda >= 0x400 ? acpi_scan_rsdp(ebda, 1024) : 0;

	return rsdp ? rsdp : acpi_scan_rsdp(0xe0000, 0x20000);
}

/* The whole table at @addr, with its length; NULL when that cannot be right. */
static const void *__init acpi_map_table(u64 addr, size_t *len)
{
	const struct acpi_header *h;

	if (!addr || addr >> 52)
		return NULL;
	h = map_firmware(MADDR(addr), sizeof(*h));
	if (!h || h->length < sizeof(*h) || h->length > MAX_TABLE)
		return NULL;
	*len = h->length;
	return map_firmware(MADDR(addr), *len);
}

static __initdata u32 tables_read;	/* bitmap over parsers[] */

static void __init acpi_read_table(u64 addr)
{
	static __initconst const struct {
		char signature[5];
		const char *(*parse)(const void *table, size_t len, struct acpi_info *info);
	} parsers[] = {
		{ "APIC", acpi_parse_madt }, { "FACP", acpi_parse_fadt },
		{ "HPET", acpi_parse_hpet }, { "MCFG", acpi_parse_mcfg },
	};
	static __initdata struct acpi_info before;
	size_t len = 0;
	const char *table = acpi_map_table(addr, &len), *why;

	if (!table) {
		pr_err("ACPI: table at %lx ignored: its length is wrong\n", addr);
		return;
	}
	pr_info("ACPI: %.4s %lx, %zu bytes\n", table, addr, len);
	for (u32 i = 0; i < ARRAY_SIZE(parsers); i++) {
		if (memcmp(table, parsers[i].signature, 4))
			continue;
		before = acpi_info;
		why = tables_read >> i & 1 ? "there is one already" :
		      parsers[i].parse(table, len, &acpi_info);
		if (!why) {
			tables_read |= 1u << i;
			continue;
		}
		pr_err("ACPI: table %s at %lx ignored: %s\n", parsers[i].signature, addr, why);
		acpi_info = before;
	}
}

static const char *__init acpi_read_rsdp(u64 rsdp, u64 *root, bool *is_xsdt)
{
	const void *p = rsdp ? map_firmware(MADDR(rsdp), 36) : NULL;

	return p ? acpi_parse_rsdp(p, 36, root, is_xsdt) : "not found";
}

void __init acpi_init(u64 rsdp)
{
	const char *why;
	const u8 *table;
	bool is_xsdt;
	size_t len = 0, size;
	u64 root = 0;

	tables_read = 0;
	for (u32 i = 0; i < ACPI_NR_ISA; i++)
		acpi_info.isa[i].gsi = i;
	why = acpi_read_rsdp(rsdp, &root, &is_xsdt);
	if (why)
		why = acpi_read_rsdp(acpi_find_rsdp(), &root, &is_xsdt);
	if (why) {
		pr_err("ACPI: no root pointer: %s; going on without ACPI\n", why);
		return;
	}
	table = acpi_map_table(root, &len);
	why = table ? acpi_check_table(table, &len, 0) : "its length is wrong";
	if (why) {
		pr_err("ACPI: root table at %lx ignored: %s; going on without ACPI\n", root, why);
		return;
	}
	size = is_xsdt ? 8 : 4;
	for (u32 i = 0; i < MAX_TABLES && 36 + (i + 1) * size <= len; i++)
		acpi_read_table(acpi_field(table, len, 36 + i * size, size));
}
