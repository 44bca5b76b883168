// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ACPI tables, good and broken.
 *
 * Rules under test: nothing is read past the end of a table; nothing is taken
 * from one whose length or checksum is wrong; a broken table costs one line
 * and its feature, and the others are still read.
 *
 * Links: arch/x86/acpi.c
 */
#include "test_util.h"
#include "acpi.h"
#include "paging.h"

/* ---- the machine: some memory with tables in it ---- */

#define MEMORY	0x200000u

static u8 *memory;
static struct { void *copy; } mapped[1024];
static unsigned int nr_mapped, errors;

/* A copy of exactly what was asked for, so that ASan sees the edges. */
const void *map_firmware(maddr_t ma, size_t len)
{
	void *copy = malloc(len);

	assert_true(nr_mapped < ARRAY_SIZE(mapped));
	mapped[nr_mapped++].copy = copy;
	memset(copy, 0xff, len);
	if (ma.a < MEMORY)
		memcpy(copy, memory + ma.a, MIN(len, MEMORY - ma.a));
	return copy;
}

void printk(enum log_level level, const char *fmt, ...)
{
	errors += level == LOG_ERR;
}

static int setup(void **state)
{
	memory = calloc(1, MEMORY);
	acpi_info = (struct acpi_info){ 0 };
	errors = 0;
	return 0;
}

static int teardown(void **state)
{
	while (nr_mapped)
		free(mapped[--nr_mapped].copy);
	free(memory);
	return 0;
}

/* ---- tables ---- */

static struct test_blob table(const char *signature, size_t len)
{
	struct test_blob t = { calloc(1, len), len };
	u32 length = (u32)len;

	memcpy(t.data, signature, 4);
	memcpy(t.data + 4, &length, 4);
	return t;
}

static void put(struct test_blob *t, size_t at, u64 value, size_t size)
{
	memcpy(t->data + at, &value, size);
}

static void seal(struct test_blob *t)
{
	u8 sum = 0;

	t->data[9] = 0;
	for (size_t i = 0; i < t->len; i++)
		sum += t->data[i];
	t->data[9] = -sum;
}

/* Appends @len bytes to the table. */
static void add(struct test_blob *t, const u8 *entry, size_t len)
{
	t->data = realloc(t->data, t->len + len);
	memcpy(t->data + t->len, entry, len);
	t->len += len;
	put(t, 4, t->len, 4);
}
#define ADD(t, ...) do { \
	const u8 _e[] = { __VA_ARGS__ }; \
	add(t, _e, sizeof(_e)); \
} while (0)

static struct test_blob madt(void)
{
	struct test_blob t = table("APIC", 44);

	put(&t, 36, 0xfee00000, 4);
	ADD(&t, 0, 8, 7, 3, 1, 0, 0, 0);			/* ACPI 7, APIC 3, enabled */
	ADD(&t, 0, 8, 8, 4, 0, 0, 0, 0);			/* disabled */
	ADD(&t, 1, 12, 2, 0, 0, 0, 0xc0, 0xfe, 24, 0, 0, 0);	/* IO-APIC, GSI 24 on */
	ADD(&t, 2, 10, 0, 0, 2, 0, 0, 0, 0, 0);			/* IRQ 0 is GSI 2 */
	ADD(&t, 2, 10, 0, 9, 9, 0, 0, 0, 0x0f, 0);		/* IRQ 9: level, low */
	ADD(&t, 4, 6, 0xff, 0, 0, 1);				/* LINT1 is NMI everywhere */
	ADD(&t, 9, 16, 0, 0, 0x34, 0x12, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0);
	ADD(&t, 5, 12, 0, 0, 0, 0, 0, 0xd0, 1, 0, 0, 0);	/* APIC at 1d0000000 */
	ADD(&t, 200, 3, 1);					/* one of the future */
	seal(&t);
	return t;
}

static struct test_blob fadt(size_t len)
{
	struct test_blob t = table("FACP", len);

	put(&t, 64, 0x604, 4);
	put(&t, 76, 0x608, 4);
	put(&t, 91, 4, 1);
	if (len >= 129) {
		put(&t, 112, 1u << 8 | 1u << 10, 4);
		put(&t, 116, 0x01000801, 4);		/* I/O space */
		put(&t, 120, 0xcf9, 8);
		put(&t, 128, 0x0f, 1);
	}
	seal(&t);
	return t;
}

static void test_madt(void **state)
{
	struct test_blob t = madt();

	assert_null(acpi_parse_table(t.data, t.len));
	assert_true(acpi_info.nr_cpus);
	assert_int_equal(acpi_info.nr_cpus, 3);
	assert_int_equal(acpi_info.cpus[0].apic_id, 3);
	assert_int_equal(acpi_info.cpus[0].acpi_id, 7);
	assert_true(acpi_info.cpus[0].enabled);
	assert_false(acpi_info.cpus[1].enabled);
	assert_int_equal(acpi_info.cpus[2].apic_id, 0x1234);
	assert_int_equal(acpi_info.nr_ioapics, 1);
	assert_int_equal(acpi_info.ioapics[0].addr, 0xfec00000);
	assert_int_equal(acpi_info.ioapics[0].gsi_base, 24);
	assert_int_equal(acpi_info.isa[0].gsi, 2);
	assert_false(acpi_info.isa[0].level);
	assert_true(acpi_info.isa[9].level && acpi_info.isa[9].low);
	assert_int_equal(acpi_info.nr_lapic_nmis, 1);
	assert_int_equal(acpi_info.lapic_nmis[0].lint, 1);
	test_blob_free(&t);
}

static void test_madt_too_many(void **state)
{
	struct test_blob t = table("APIC", 44);

	for (unsigned int i = 0; i < ACPI_MAX_CPUS + 50; i++)
		ADD(&t, 0, 8, 1, 2, 1, 0, 0, 0);
	for (unsigned int i = 0; i < ACPI_MAX_IOAPICS + 5; i++) {
		ADD(&t, 1, 12, 2, 0, 0, 0, 0xc0, 0xfe, 24, 0, 0, 0);
		ADD(&t, 4, 6, 0xff, 0, 0, 1);
		ADD(&t, 2, 10, 0, 200, 2, 0, 0, 0, 0, 0);	/* no ISA interrupt */
	}
	seal(&t);
	assert_null(acpi_parse_table(t.data, t.len));
	assert_int_equal(acpi_info.nr_cpus, ACPI_MAX_CPUS);
	assert_int_equal(acpi_info.nr_ioapics, ACPI_MAX_IOAPICS);
	test_blob_free(&t);
}

/* Entries whose length lies. */
static void test_madt_bad_entries(void **state)
{
	static const u8 lengths[] = { 0, 1, 9, 0xff };

	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct test_blob t = table("APIC", 44);

		ADD(&t, 0, 8, 1, 2, 1, 0, 0, 0);
		ADD(&t, 0, lengths[i], 1, 2, 1, 0, 0, 0);
		seal(&t);
		assert_non_null(acpi_parse_table(t.data, t.len));
		assert_false(acpi_info.nr_cpus);
		test_blob_free(&t);
	}
}

static void test_fadt(void **state)
{
	struct test_blob t = fadt(244);
	struct test_blob old = fadt(116);

	put(&t, 172, 0x01000001, 4);		/* extended PM1a control, I/O space */
	put(&t, 176, 0xb004, 8);
	put(&t, 184, 0x00000000, 4);		/* extended PM1b control in memory: no */
	put(&t, 188, 0xb008, 8);
	seal(&t);
	assert_null(acpi_parse_table(t.data, t.len));
	assert_int_equal(acpi_info.pm1a_cnt, 0xb004);
	assert_int_equal(acpi_info.pm1b_cnt, 0);
	assert_int_equal(acpi_info.pm_timer, 0x608);
	assert_int_equal(acpi_info.reset_port, 0xcf9);
	assert_int_equal(acpi_info.reset_value, 0x0f);
	acpi_info = (struct acpi_info){ 0 };
	assert_null(acpi_parse_table(old.data, old.len));
	assert_int_equal(acpi_info.pm1a_cnt, 0x604);
	assert_int_equal(acpi_info.reset_port, 0);
	test_blob_free(&t);
	test_blob_free(&old);
}

static void test_fadt_bad_ports(void **state)
{
	struct test_blob t = fadt(244);

	put(&t, 64, 0x12345678, 4);		/* no port */
	put(&t, 116, 0x01000807, 4);		/* a reset register in no space we reach */
	seal(&t);
	assert_null(acpi_parse_table(t.data, t.len));
	assert_int_equal(acpi_info.pm1a_cnt, 0);
	assert_int_equal(acpi_info.reset_port, 0);
	test_blob_free(&t);
}

static void test_hpet(void **state)
{
	struct test_blob t = table("HPET", 56);

	put(&t, 44, 0xfed00000, 8);
	seal(&t);
	assert_null(acpi_parse_table(t.data, t.len));
	assert_int_equal(acpi_info.hpet_addr, 0xfed00000);
	put(&t, 40, 1, 1);
	seal(&t);
	acpi_info = (struct acpi_info){ 0 };
	assert_non_null(acpi_parse_table(t.data, t.len));
	assert_int_equal(acpi_info.hpet_addr, 0);
	test_blob_free(&t);
}

static void test_mcfg(void **state)
{
	struct test_blob t = table("MCFG", 44);

	ADD(&t, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0);
	seal(&t);
	assert_null(acpi_parse_table(t.data, t.len));
	assert_int_equal(acpi_info.nr_mcfg, 1);
	assert_int_equal(acpi_info.mcfg[0].base, 0xb0000000);
	assert_int_equal(acpi_info.mcfg[0].last_bus, 0xff);
	ADD(&t, 0, 0, 0, 0xa0, 0, 0, 0, 0, 1, 0, 5, 4, 0, 0, 0, 0);	/* 5 .. 4 */
	seal(&t);
	acpi_info = (struct acpi_info){ 0 };
	assert_non_null(acpi_parse_table(t.data, t.len));
	assert_int_equal(acpi_info.nr_mcfg, 0);
	test_blob_free(&t);
}

/* Every shorter copy and every flipped bit is refused, and read within bounds. */
static void test_damage(void **state)
{
	struct test_blob tables[] = { madt(), fadt(244) };

	for (unsigned int i = 0; i < ARRAY_SIZE(tables); i++) {
		struct test_blob *t = &tables[i];

		for (size_t len = 0; len < t->len; len++) {
			struct test_blob cut = test_blob_copy(t->data, len);

			assert_non_null(acpi_parse_table(cut.data, len));
			test_blob_free(&cut);
		}
		for (size_t bit = 0; bit < t->len * 8; bit++) {
			t->data[bit / 8] ^= 1 << bit % 8;
			assert_non_null(acpi_parse_table(t->data, t->len));
			t->data[bit / 8] ^= 1 << bit % 8;
		}
		test_blob_free(t);
	}
}

/* ---- the whole way ---- */

static void place(u64 at, struct test_blob t)
{
	memcpy(memory + at, t.data, t.len);
	test_blob_free(&t);
}

static void place_rsdp(u64 at, u64 root, u8 revision)
{
	u8 *p = memory + at, sum = 0;

	memset(p, 0, 36);
	memcpy(p, "RSD PTR ", 8);
	p[15] = revision;
	memcpy(p + 16, &root, 4);
	memcpy(p + 24, &root, 8);
	for (int i = 0; i < 20; i++)
		sum += p[i];
	p[8] = -sum;
	sum = 0;
	for (int i = 0; i < 36; i++)
		sum += p[i];
	p[32] = -sum;
}

static struct test_blob root_table(unsigned int size, const u64 *entries, unsigned int nr)
{
	struct test_blob t = table(size == 8 ? "XSDT" : "RSDT", 36 + nr * size);

	for (unsigned int i = 0; i < nr; i++)
		put(&t, 36 + i * size, entries[i], size);
	seal(&t);
	return t;
}

/* A broken MADT among others: one line, the FADT is still read. */
static void test_init_broken_table(void **state)
{
	/* no address, past all memory, past what an address can be, and two tables */
	const u64 entries[] = { 0, 0xfffff000, ~0ull, 0x10000, 0x11ff0 };

	for (unsigned int size = 4; size <= 8; size += 4) {
		acpi_info = (struct acpi_info){ 0 };
		errors = 0;
		place_rsdp(0xe1230, 0x20000, size == 8 ? 2 : 0);
		place(0x20000, root_table(size, entries, ARRAY_SIZE(entries)));
		place(0x10000, madt());
		memory[0x10030] ^= 1;
		place(0x11ff0, fadt(244));	/* crosses a page */
		acpi_init(0);
		assert_false(acpi_info.nr_cpus);
		assert_int_equal(acpi_info.isa[3].gsi, 3);
		assert_int_equal(acpi_info.pm1a_cnt, 0x604);
		assert_int_equal(errors, 4);
	}
}

/* A broken one behind a sound one, and a second sound one, change nothing. */
static void test_init_two_tables(void **state)
{
	const u64 entries[] = { 0x10000, 0x11000, 0x12000 };
	struct test_blob second = table("APIC", 44), broken = table("APIC", 44);

	ADD(&second, 0, 8, 1, 99, 1, 0, 0, 0);
	seal(&second);
	ADD(&broken, 0, 8, 1, 98, 1, 0, 0, 0);
	ADD(&broken, 1, 200, 0);
	seal(&broken);
	place_rsdp(0xe0000, 0x20000, 2);
	place(0x20000, root_table(8, entries, ARRAY_SIZE(entries)));
	place(0x10000, broken);
	place(0x11000, madt());
	place(0x12000, second);
	acpi_init(0);
	assert_int_equal(errors, 2);
	assert_true(acpi_info.nr_cpus);
	assert_int_equal(acpi_info.nr_cpus, 3);
	assert_int_equal(acpi_info.cpus[0].apic_id, 3);
	assert_int_equal(acpi_info.isa[0].gsi, 2);
	assert_int_equal(acpi_info.isa[4].gsi, 4);
}

static void test_init_no_rsdp(void **state)
{
	acpi_init(0);
	assert_int_equal(errors, 1);
	assert_int_equal(acpi_info.isa[7].gsi, 7);
	place_rsdp(0xe0000, 0x20000, 0);
	memory[0xe0011] ^= 0x40;
	acpi_init(0xe0000);
	assert_int_equal(errors, 2);
}

static void test_init_bad_root(void **state)
{
	place_rsdp(0x9fc10, 0x20000, 2);
	memory[0x40e] = 0xc0;			/* the EBDA's segment */
	memory[0x40f] = 0x9f;
	acpi_init(0);				/* a root table of zeroes */
	assert_int_equal(errors, 1);
	memset(memory + 0x20000, 0xff, 64);	/* and a huge one */
	acpi_init(0);
	assert_int_equal(errors, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_madt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_madt_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_madt_bad_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fadt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fadt_bad_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hpet, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mcfg, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_init_broken_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_init_two_tables, setup, teardown),
		cmocka_unit_test_setup_teardown(test_init_no_rsdp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_init_bad_root, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
