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

#include "paging.h"

/* HEADER_SIZE: of every table (ACPI 5.2.6). */
enum { HEADER_SIZE = 36, MAX_TABLE = 1 << 20, MAX_TABLES = 128 };

/* FADT offsets (ACPI 5.2.9); older tables end earlier. */
enum {
	FADT_PM1A_CNT = 64, FADT_PM1B_CNT = 68, FADT_PM_TMR = 76, FADT_PM_TMR_LEN = 91,
	FADT_FLAGS = 112, FADT_RESET = 116, FADT_RESET_VALUE = 128, FADT_X_PM1A_CNT = 172,
	FADT_X_PM1B_CNT = 184, FADT_X_PM_TMR = 208, FADT_HAS_RESET = 1 << 10,
};

/* Offsets in a generic address (ACPI 5.2.3.2), and the space that is I/O ports. */
enum { GAS_SPACE, GAS_ADDR = 4, SPACE_IO = 1 };

struct acpi_info acpi_info;

u32 acpi_id_of(u32 apic_id)
{
	for (u32 i = 0; i < acpi_info.nr_cpus; i++)
		if (acpi_info.cpus[i].apic_id == apic_id)
			return acpi_info.cpus[i].acpi_id;
	return ~0u;
}

/* Fields of @size bytes at @off, zero where the table ends before. */
static u64 acpi_field(const u8 *table, size_t len, size_t off, size_t size)
{
	u64 v = 0;

	if (off + size <= len)
		memcpy(&v, table + off, size);
	return v;
}

static u8 acpi_sum(const u8 *p, size_t len)
{
	u8 sum = 0;

	while (len--)
		sum += *p++;
	return sum;
}

/* ACPI 5.2.5.3. Revision 0 has 20 bytes, later ones 36 with their own checksum. */
u64 acpi_parse_rsdp(const u8 *p, size_t len)
{
	u64 xsdt = len >= 36 && p[15] >= 2 && !acpi_sum(p, 36) ? acpi_field(p, len, 24, 8) : 0;

	if (len < 20 || memcmp(p, "RSD PTR ", 8) || acpi_sum(p, 20))
		return 0;
	return xsdt ?: acpi_field(p, len, 16, 4);
}

/* ---- the tables: NULL, or what is wrong ---- */

static void acpi_add_cpu(u32 apic_id, u32 acpi_id, u32 flags)
{
	if (acpi_info.nr_cpus < ACPI_MAX_CPUS)
		acpi_info.cpus[acpi_info.nr_cpus++] =
			(struct acpi_cpu){ apic_id, acpi_id, flags & 1 };
}

static void acpi_add_lapic_nmi(u32 acpi_id, u32 flags, u32 lint)
{
	if (acpi_info.nr_lapic_nmis < ARRAY_SIZE(acpi_info.lapic_nmis) && lint < 2)
		acpi_info.lapic_nmis[acpi_info.nr_lapic_nmis++] =
			(struct acpi_lapic_nmi){ acpi_id, (u8)lint, (flags & 3) == 3 };
}

static void acpi_parse_madt_entry(const u8 *e, size_t len)
{
#define FIELD(off, size) ((u32)acpi_field(e, len, off, size))
	u32 id = FIELD(2, 1), isa = FIELD(3, 1), isa_flags = FIELD(8, 2);

	if (e[0] == 0)			/* local APIC */
		acpi_add_cpu(FIELD(3, 1), id, FIELD(4, 4));
	else if (e[0] == 9)		/* local x2APIC */
		acpi_add_cpu(FIELD(4, 4), FIELD(12, 4), FIELD(8, 4));
	else if (e[0] == 4)		/* local APIC NMI */
		acpi_add_lapic_nmi(id == 0xff ? ~0u : id, FIELD(3, 2), FIELD(5, 1));
	else if (e[0] == 10)		/* local x2APIC NMI */
		acpi_add_lapic_nmi(FIELD(4, 4), FIELD(2, 2), FIELD(8, 1));
	else if (e[0] == 1 && len >= 12 && acpi_info.nr_ioapics < ACPI_MAX_IOAPICS)
		acpi_info.ioapics[acpi_info.nr_ioapics++] =
			(struct acpi_ioapic){ .addr = FIELD(4, 4), .gsi_base = FIELD(8, 4) };
	else if (e[0] == 2 && isa < ACPI_NR_ISA)	/* unless it says so edges, active high */
		acpi_info.isa[isa] = (struct acpi_override){
			FIELD(4, 4), (isa_flags >> 2 & 3) == 3, (isa_flags & 3) == 3
		};
#undef FIELD
}

static const char *acpi_parse_madt(const u8 *table, size_t len)
{
	for (size_t off = 44; off + 2 <= len; off += table[off + 1]) {
		if (table[off + 1] < 2 || table[off + 1] > len - off)
			return "an entry's length is wrong";
		acpi_parse_madt_entry(table + off, table[off + 1]);
	}
	return acpi_info.nr_cpus ? NULL : "it names no processor";
}

/* The extended address wins when it names an I/O port. */
static u16 acpi_fadt_port(const u8 *table, size_t len, size_t off, size_t x_off)
{
	u64 port = acpi_field(table, len, off, 4), x = acpi_field(table, len, x_off + GAS_ADDR, 8);

	if (acpi_field(table, len, x_off + GAS_SPACE, 1) == SPACE_IO && x && x < 0xfffc)
		port = x;
	return port < 0xfffc ? (u16)port : 0;
}

static const char *acpi_parse_fadt(const u8 *table, size_t len)
{
	u64 reset = acpi_field(table, len, FADT_RESET + GAS_ADDR, 8);

	acpi_info.pm1a_cnt = acpi_fadt_port(table, len, FADT_PM1A_CNT, FADT_X_PM1A_CNT);
	acpi_info.pm1b_cnt = acpi_fadt_port(table, len, FADT_PM1B_CNT, FADT_X_PM1B_CNT);
	if (acpi_field(table, len, FADT_PM_TMR_LEN, 1) == 4)
		acpi_info.pm_timer = acpi_fadt_port(table, len, FADT_PM_TMR, FADT_X_PM_TMR);
	if (len > FADT_RESET_VALUE && acpi_field(table, len, FADT_FLAGS, 4) & FADT_HAS_RESET &&
	    table[FADT_RESET + GAS_SPACE] == SPACE_IO && reset <= 0xffff) {
		acpi_info.reset_port = (u16)reset;
		acpi_info.reset_value = table[FADT_RESET_VALUE];
	}
	return NULL;
}

static const char *acpi_parse_hpet(const u8 *table, size_t len)
{
	if (table[40 + GAS_SPACE])
		return "it is not in memory space";
	acpi_info.hpet_addr = acpi_field(table, len, 40 + GAS_ADDR, 8);
	return NULL;
}

static const char *acpi_parse_mcfg(const u8 *table, size_t len)
{
	struct acpi_mcfg m;

	for (size_t off = 44; off + sizeof(m) <= len && acpi_info.nr_mcfg < ACPI_MAX_MCFG;
	     off += sizeof(m)) {
		memcpy(&m, table + off, sizeof(m));
		if (m.base & (PAGE_SIZE - 1) || m.last_bus < m.first_bus)
			return "an entry is wrong";
		acpi_info.mcfg[acpi_info.nr_mcfg++] = m;
	}
	return NULL;
}

const char *acpi_parse_table(const u8 *table, size_t len)
{
	static __initconst const struct {
		char signature[5];
		u8 min_len;
		const char *(*parse)(const u8 *table, size_t len);
	} parsers[] = {
		{ "APIC", 44, acpi_parse_madt }, { "FACP", FADT_RESET, acpi_parse_fadt },
		{ "HPET", 56, acpi_parse_hpet }, { "MCFG", 44, acpi_parse_mcfg },
	};
	static __initdata struct acpi_info before;
	size_t length = acpi_field(table, len, 4, 4);	/* @len: what can be read of it */
	const char *why;
	u32 i = 0;

	while (i < ARRAY_SIZE(parsers) && (len < 4 || memcmp(table, parsers[i].signature, 4)))
		i++;
	if (i == ARRAY_SIZE(parsers))
		return "";
	if (length < parsers[i].min_len || length > len)
		return "its length is wrong";
	if (acpi_sum(table, length))
		return "its checksum is wrong";
	if (acpi_info.tables_read >> i & 1)
		return "there is one already";
	before = acpi_info;
	why = parsers[i].parse(table, length);
	if (why)
		acpi_info = before;
	else
		acpi_info.tables_read |= 1u << i;
	return why;
}

/* ---- finding them ---- */

/* The root table, of which a pointer in [@start, @start + @len) tells; 0: there is none. */
static u64 __init acpi_scan_root(u64 start, size_t len)
{
	const u8 *p = map_firmware(MADDR(start), len);
	u64 root = 0;

	for (size_t off = 0; p && !root && off + 36 <= len; off += 16)
		root = acpi_parse_rsdp(p + off, len - off);
	return root;
}

/*
 * Under EFI the pointer is named by the table of tables that the system table at
 * @efi has (UEFI 4.3, 4.6). Dom0 is told where, for it cannot find it on its own.
 */
u64 __init acpi_find_efi(u64 efi)
{
	static const u8 __initconst acpi2[16] = {
		0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11,
		0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81
	};
	const u8 *table = map_firmware(MADDR(efi), 120);
	u64 n = table ? MIN(acpi_field(table, 120, 104, 8), 256ull) : 0;

	table = n ? map_firmware(MADDR(acpi_field(table, 120, 112, 8)), n * 24) : NULL;
	for (; table && n; n--, table += 24)
		if (!memcmp(table, acpi2, sizeof(acpi2)))
			return acpi_field(table, 24, 16, 8);
	return 0;
}

/* The whole table at @addr, with its length; NULL when that cannot be right. */
static const u8 *__init acpi_map_table(u64 addr, size_t *len)
{
	const u8 *header = addr && !(addr >> 52) ? map_firmware(MADDR(addr), HEADER_SIZE) : NULL;

	*len = header ? acpi_field(header, HEADER_SIZE, 4, 4) : 0;
	if (*len < HEADER_SIZE || *len > MAX_TABLE)
		return NULL;
	return map_firmware(MADDR(addr), *len);
}

static void __init acpi_read_table(u64 addr)
{
	size_t len;
	const u8 *table = acpi_map_table(addr, &len);
	const char *name = (const char *)table ?: "?", *why = "its length is wrong";

	if (table) {
		pr_info("ACPI: %.4s %lx, %zu bytes\n", name, addr, len);
		why = acpi_parse_table(table, len);
	}
	if (why && *why)
		pr_err("ACPI: table %.4s at %lx ignored: %s\n", name, addr, why);
}

void __init acpi_init(u64 rsdp)
{
	const u8 *table, *bda = map_firmware(MADDR(0x400), 0x100);
	u64 ebda = bda ? acpi_field(bda, 0x100, 0x0e, 2) << 4 : 0;
	u64 root = rsdp ? acpi_scan_root(rsdp, 36) : 0;
	size_t len, size;

	for (u32 i = 0; i < ACPI_NR_ISA; i++)
		acpi_info.isa[i].gsi = i;
	/* ACPI 5.2.5.1: the first KiB of the EBDA, then the BIOS's read-only memory. */
	if (!root && ebda >= 0x400)
		root = acpi_scan_root(ebda, 1024);
	if (!root)
		root = acpi_scan_root(0xe0000, 0x20000);
	table = acpi_map_table(root, &len);
	if (!table || acpi_sum(table, len)) {
		pr_err("ACPI: no sound root table (at %lx); going on without ACPI\n", root);
		return;
	}
	size = table[0] == 'X' ? 8 : 4;		/* an XSDT or an RSDT */
	for (u32 i = 0; i < MAX_TABLES && HEADER_SIZE + (i + 1) * size <= len; i++)
		acpi_read_table(acpi_field(table, len, HEADER_SIZE + i * size, size));
}
