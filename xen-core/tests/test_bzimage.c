// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bzImage parser on images made here, and the whole way on a real kernel.
 *
 * Rules under test: the payload is where the setup header says (Linux,
 * boot.rst), its unpacked size is the word at its end; a plain ELF file is
 * taken as it is; each refusal has its reason; Debian's kernel unpacks to what
 * xz makes of it and has the notes of a PV kernel.
 *
 * Links: bzimage.c elf.c unpack.c unxz.c inflate.c unzstd.c unlz4.c
 */
#include <unistd.h>
#include "test_util.h"
#include "elf.h"
#include "errno.h"
#include "unpack.h"

#define SECTORS		4
#define PAYLOAD_AT	((SECTORS + 1) * 512 + 0x30)
#define FILE_SIZE	(PAYLOAD_AT + 64)

static u8 file[FILE_SIZE];
static struct kernel_image kernel;

static void put16(size_t at, u16 v)
{
	memcpy(file + at, &v, sizeof(v));
}

static void put32(size_t at, u32 v)
{
	memcpy(file + at, &v, sizeof(v));
}

static int setup(void **state)
{
	memset(file, 0, sizeof(file));
	file[0x1f1] = SECTORS;
	put16(0x1fe, 0xaa55);
	memcpy(file + 0x202, "HdrS", 4);
	put16(0x206, 0x20f);
	put32(0x248, 0x30);
	put32(0x24c, 64);
	memcpy(file + PAYLOAD_AT, "\xfd" "7zXZ", 6);
	put32(FILE_SIZE - 4, 123456);
	return 0;
}

/* Return: why there is no kernel in the first @len bytes. */
static const char *parse(size_t len)
{
	struct test_blob b = test_blob_copy(file, len);
	const char *why = bzimage_parse(b.data, len, &kernel);

	/* Only to be looked at: what it points to goes with @b. */
	kernel.payload = (const u8 *)((uintptr_t)kernel.payload - (uintptr_t)b.data);
	test_blob_free(&b);
	return why;
}

static void check_bad(const char *reason)
{
	const char *why = parse(FILE_SIZE);

	assert_non_null(why);
	if (!strstr(why, reason))
		fail_msg("'%s' lacks '%s'", why, reason);
}

static void payload_is_found(void **state)
{
	assert_null(parse(FILE_SIZE));
	assert_int_equal((uintptr_t)kernel.payload, PAYLOAD_AT);
	assert_int_equal(kernel.payload_len, 60);
	assert_int_equal(kernel.unpacked_size, 123456);
	assert_false(kernel.is_elf);
	/* No sectors given means four (boot.rst, setup_sects). */
	file[0x1f1] = 0;
	assert_null(parse(FILE_SIZE));
	assert_int_equal((uintptr_t)kernel.payload, PAYLOAD_AT);
}

/* The size behind a gzip payload is the one in its own trailer. */
static void gzip_keeps_its_trailer(void **state)
{
	memcpy(file + PAYLOAD_AT, "\x1f\x8b\x08", 3);
	assert_null(parse(FILE_SIZE));
	assert_int_equal(kernel.payload_len, 64);
	assert_int_equal(kernel.unpacked_size, 123456);
}

static void elf_is_taken_as_it_is(void **state)
{
	memcpy(file + PAYLOAD_AT, "\177ELF", 4);
	assert_null(parse(FILE_SIZE));
	assert_true(kernel.is_elf);
	assert_int_equal(kernel.payload_len, 64);
	assert_int_equal(kernel.unpacked_size, 64);
	memcpy(file, "\177ELF", 4);
	assert_null(parse(FILE_SIZE));
	assert_true(kernel.is_elf);
	assert_int_equal((uintptr_t)kernel.payload, 0);
	assert_int_equal(kernel.payload_len, FILE_SIZE);
	assert_null(parse(5));
}

static void refusals_have_reasons(void **state)
{
	put16(0x1fe, 0);
	check_bad("neither a bzImage nor an ELF");
	setup(NULL);
	memcpy(file + 0x202, "HdrX", 4);
	check_bad("neither a bzImage nor an ELF");
	setup(NULL);
	put16(0x206, 0x207);
	check_bad("2.08");
	setup(NULL);
	put32(0x248, 0);
	check_bad("no payload");
	setup(NULL);
	put32(0x24c, 0);
	check_bad("no payload");
	setup(NULL);
	put32(0x24c, 65);
	check_bad("cut short");
	setup(NULL);
	put32(0x248, 0xffffffff);
	check_bad("cut short");
	setup(NULL);
	put32(0x248, 0xffffff00);
	put32(0x24c, 0xffffff00);
	check_bad("cut short");
	setup(NULL);
	memcpy(file + PAYLOAD_AT, "BZh9", 4);
	check_bad("other than xz");
	setup(NULL);
	put32(0x24c, 6);
	check_bad("other than xz");
	setup(NULL);
	put32(FILE_SIZE - 4, 0);
	check_bad("empty");
}

static void any_prefix_is_an_error(void **state)
{
	size_t len;

	for (len = 0; len < FILE_SIZE; len++)
		assert_non_null(parse(len));
}

/* The kernel that the Makefile found; .data is NULL if there is none. */
static struct test_blob read_kernel(void)
{
	const char *path = getenv("VMLINUZ");

	return path ? test_read_file(path) : (struct test_blob){ 0 };
}

static void check_kernel_notes(const struct test_blob *vmlinux)
{
	static struct elf_image elf;
	struct test_blob memory;
	const char *why = elf_parse(vmlinux->data, vmlinux->len, &elf);

	if (why)
		fail_msg("%s", why);
	assert_string_equal(elf.notes.loader, "generic");
	assert_string_equal(elf.notes.xen_version, "xen-3.0");
	assert_int_equal(elf.notes.virt_base, 0xffffffff80000000);
	assert_true(elf_has_note(&elf, XEN_ELFNOTE_INIT_P2M));
	assert_true(elf_has_note(&elf, XEN_ELFNOTE_ENTRY));
	assert_true(elf.notes.mod_start_pfn);
	assert_int_equal(elf.virt_start.a, 0xffffffff81000000);
	memory.len = elf.virt_end.a - elf.virt_start.a;
	memory.data = malloc(memory.len);
	assert_int_equal(elf_load(&elf, memory.data, memory.len), 0);
	test_blob_free(&memory);
}

static void debian_kernel_unpacks(void **state)
{
	struct test_blob b = read_kernel(), out, expected;
	char name[] = "/tmp/test_bzimage.XXXXXX", command[64];
	const char *why;
	void *scratch;
	long ret;
	FILE *f;
	int fd;

	if (!b.data)
		skip_because("no Debian kernel in /boot or build/dom0");
	why = bzimage_parse(b.data, b.len, &kernel);
	if (why)
		fail_msg("%s", why);
	out = (struct test_blob){ malloc(kernel.unpacked_size), kernel.unpacked_size };
	scratch = malloc(UNPACK_SCRATCH_SIZE);
	ret = unpack_payload(kernel.payload, kernel.payload_len, out.data, out.len,
			     scratch, UNPACK_SCRATCH_SIZE);
	free(scratch);
	assert_int_equal(ret, kernel.unpacked_size);

	assert_string_equal(unpack_name(kernel.payload, kernel.payload_len), "xz");
	fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, kernel.payload, kernel.payload_len), kernel.payload_len);
	close(fd);
	snprintf(command, sizeof(command), "xz -dc < %s", name);
	f = popen(command, "r");
	assert_non_null(f);
	expected = test_read_stream(f);
	assert_int_equal(pclose(f), 0);
	unlink(name);
	assert_int_equal(expected.len, out.len);
	assert_int_equal(memcmp(expected.data, out.data, out.len), 0);
	test_blob_free(&expected);

	check_kernel_notes(&out);
	test_blob_free(&out);
	test_blob_free(&b);
}

/* The console line for a damaged kernel depends on this: no damage goes unseen. */
static void damaged_debian_kernel_is_refused(void **state)
{
	struct test_blob b = read_kernel(), out;
	u8 *payload, *scratch;
	u64 seed = 11;
	size_t at, i;

	if (!b.data)
		skip_because("no Debian kernel in /boot or build/dom0");
	assert_null(bzimage_parse(b.data, b.len, &kernel));
	payload = b.data + ((const u8 *)kernel.payload - b.data);
	out = (struct test_blob){ malloc(kernel.unpacked_size), kernel.unpacked_size };
	scratch = malloc(UNPACK_SCRATCH_SIZE);
	for (i = 0; i < 8; i++) {
		at = test_random(&seed) % kernel.payload_len;
		payload[at] ^= 0x10;
		assert_int_equal(unpack_payload(payload, kernel.payload_len, out.data, out.len,
						scratch, UNPACK_SCRATCH_SIZE), -EINVAL);
		payload[at] ^= 0x10;
	}
	at = kernel.payload_len / 3;
	assert_int_equal(unpack_payload(payload, at, out.data, out.len, scratch,
					UNPACK_SCRATCH_SIZE), -EINVAL);
	free(scratch);
	test_blob_free(&out);
	test_blob_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(payload_is_found, setup),
		cmocka_unit_test_setup(gzip_keeps_its_trailer, setup),
		cmocka_unit_test_setup(elf_is_taken_as_it_is, setup),
		cmocka_unit_test_setup(refusals_have_reasons, setup),
		cmocka_unit_test_setup(any_prefix_is_an_error, setup),
		cmocka_unit_test(debian_kernel_unpacks),
		cmocka_unit_test(damaged_debian_kernel_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
