// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ELF parser on kernels made here: every note, and every way to lie.
 *
 * Rules under test: each XEN_ELFNOTE_* that a PV loader needs arrives typed, as 4 or
 * 8 bytes; segments are placed by physical address; whatever a header says,
 * nothing outside the file is read and nothing outside the destination is
 * written; each refusal has a reason, which names what is wrong.
 *
 * Links: elf.c
 */
#include <xen/features.h>
#include "test_util.h"
#include "elf.h"
#include "errno.h"

#define IMAGE_BASE	0xffffffff80000000ull
#define IMAGE_PADDR	0x1000000ull

struct header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct phdr {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

/* A kernel: two segments of text and data with bss, and notes. */
struct image {
	struct header h;
	struct phdr text, data, note;
	u8 contents[256];
	u8 notes[1024];
};

static struct image image;
static struct elf_image elf;
static size_t notes_len;

static void add_note_of(const char *name, u32 type, const void *desc, u32 size)
{
	u32 namesz = strlen(name) + 1;
	u32 head[3] = { namesz, size, type };
	u8 *p = image.notes + notes_len;

	memcpy(p, head, sizeof(head));
	memcpy(p + 12, name, namesz);
	memcpy(p + 12 + ROUND_UP(namesz, 4u), desc, size);
	notes_len += 12 + ROUND_UP(namesz, 4u) + ROUND_UP(size, 4u);
	assert_true(notes_len <= sizeof(image.notes));
	image.note.filesz = image.note.memsz = notes_len;
}

static void add_note(u32 type, const void *desc, u32 size)
{
	add_note_of("Xen", type, desc, size);
}

static void add_string(u32 type, const char *s)
{
	add_note(type, s, strlen(s) + 1);
}

static void add_number(u32 type, u64 value)
{
	add_note(type, &value, 8);
}

static void add_number32(u32 type, u32 value)
{
	add_note(type, &value, 4);
}

/* A good kernel without notes; setup() adds those that make it a PV kernel. */
static void image_reset(void)
{
	size_t i;

	memset(&image, 0, sizeof(image));
	notes_len = 0;
	memcpy(image.h.ident, "\177ELF\2\1\1", 7);
	image.h.type = 2;
	image.h.machine = 62;
	image.h.version = 1;
	image.h.entry = IMAGE_PADDR;
	image.h.phoff = offsetof(struct image, text);
	image.h.phentsize = sizeof(struct phdr);
	image.h.phnum = 3;
	image.h.ehsize = sizeof(struct header);
	for (i = 0; i < sizeof(image.contents); i++)
		image.contents[i] = i + 1;
	image.text = (struct phdr){ .type = 1, .offset = offsetof(struct image, contents),
		.vaddr = IMAGE_BASE + IMAGE_PADDR, .paddr = IMAGE_PADDR,
		.filesz = 100, .memsz = 100 };
	image.data = (struct phdr){ .type = 1, .offset = offsetof(struct image, contents) + 100,
		.vaddr = 0, .paddr = IMAGE_PADDR + 0x2010, .filesz = 50, .memsz = 0x1234 };
	image.note = (struct phdr){ .type = 4, .offset = offsetof(struct image, notes),
				    .align = 4 };
}

static int setup(void **state)
{
	image_reset();
	add_string(XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
	add_number(XEN_ELFNOTE_VIRT_BASE, IMAGE_BASE);
	add_number(XEN_ELFNOTE_ENTRY, IMAGE_BASE + IMAGE_PADDR + 0x20);
	return 0;
}

/* Parses the first @len bytes, in an allocation of just that size. Return: why not. */
static const char *parse_len(size_t len)
{
	static struct test_blob file;

	test_blob_free(&file);
	file = test_blob_copy(&image, len);
	return elf_parse(file.data, file.len, &elf);
}

static void check_good(void)
{
	const char *why = parse_len(sizeof(image));

	if (why)
		fail_msg("%s", why);
}

static void check_bad(const char *reason)
{
	const char *why = parse_len(sizeof(image));

	assert_non_null(why);
	if (!strstr(why, reason))
		fail_msg("'%s' lacks '%s'", why, reason);
}

static void layout_follows_physical_addresses(void **state)
{
	check_good();
	assert_int_equal(elf.nr_segments, 2);
	assert_int_equal(elf.paddr_start, IMAGE_PADDR);
	assert_int_equal(elf.virt_start.a, IMAGE_BASE + IMAGE_PADDR);
	assert_int_equal(elf.virt_end.a, IMAGE_BASE + IMAGE_PADDR + 0x4000);
	assert_int_equal(elf.notes.entry.a, IMAGE_BASE + IMAGE_PADDR + 0x20);
}

static void load_copies_and_zeroes(void **state)
{
	struct test_blob to;
	size_t i;

	check_good();
	to = (struct test_blob){ malloc(0x4000), 0x4000 };
	memset(to.data, 0xee, to.len);
	assert_int_equal(elf_load(&elf, to.data, to.len - 1), -ENOSPC);
	assert_int_equal(to.data[0], 0xee);
	assert_int_equal(elf_load(&elf, to.data, to.len), 0);
	assert_memory_equal(to.data, image.contents, 100);
	assert_int_equal(to.data[100], 0xee);
	assert_memory_equal(to.data + 0x2010, image.contents + 100, 50);
	for (i = 0x2010 + 50; i < 0x2010 + 0x1234; i++)
		assert_int_equal(to.data[i], 0);
	assert_int_equal(to.data[i], 0xee);
	test_blob_free(&to);
}

static void every_note_arrives(void **state)
{
	const struct elf_notes *n = &elf.notes;

	add_string(XEN_ELFNOTE_INFO, "NAME=VALUE");
	add_number(XEN_ELFNOTE_HYPERCALL_PAGE, IMAGE_BASE + IMAGE_PADDR + 0x1000);
	add_number(XEN_ELFNOTE_PADDR_OFFSET, 0x1000);
	add_string(XEN_ELFNOTE_GUEST_OS, "linux");
	add_string(XEN_ELFNOTE_GUEST_VERSION, "2.6");
	add_string(XEN_ELFNOTE_LOADER, "generic");
	add_string(XEN_ELFNOTE_PAE_MODE, "yes");
	add_note(XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb", 41);
	add_string(XEN_ELFNOTE_BSD_SYMTAB, "yes");
	add_number(XEN_ELFNOTE_HV_START_LOW, 0xffff800000000000);
	add_note(XEN_ELFNOTE_L1_MFN_VALID, "\1\0\0\0\2\0\0\0", 8);
	add_number32(XEN_ELFNOTE_SUSPEND_CANCEL, 1);
	add_number(XEN_ELFNOTE_INIT_P2M, 0x8000000000);
	add_number32(XEN_ELFNOTE_MOD_START_PFN, 1);
	add_number32(XEN_ELFNOTE_SUPPORTED_FEATURES, 1u << XENFEAT_dom0);
	add_number(XEN_ELFNOTE_PHYS32_ENTRY, 0x1000850);
	check_good();
	assert_int_equal(n->present, 0x7fffe);
	assert_int_equal(n->hypercall_page.a, IMAGE_BASE + IMAGE_PADDR + 0x1000);
	assert_int_equal(n->virt_base, IMAGE_BASE);
	assert_int_equal(n->paddr_offset, 0x1000);
	assert_int_equal(elf.virt_start.a, IMAGE_BASE + IMAGE_PADDR - 0x1000);
	assert_string_equal(n->xen_version, "xen-3.0");
	assert_string_equal(n->loader, "generic");
	assert_int_equal(n->features_required, 1u << XENFEAT_writable_page_tables);
	assert_int_equal(n->init_p2m.a, 0x8000000000);
	assert_true(n->mod_start_pfn);
}

static void absent_notes_have_defaults(void **state)
{
	image_reset();
	add_string(XEN_ELFNOTE_GUEST_OS, "tiny");
	check_good();
	assert_int_equal(elf.notes.present, 1u << XEN_ELFNOTE_GUEST_OS);
	assert_int_equal(elf.notes.entry.a, IMAGE_PADDR);
	assert_int_equal(elf.virt_start.a, IMAGE_PADDR);
	assert_false(elf_has_note(&elf, XEN_ELFNOTE_INIT_P2M));
	assert_false(elf_has_note(&elf, 4711));
	assert_true(elf_has_note(&elf, XEN_ELFNOTE_GUEST_OS));
}

static void notes_of_others_are_not_ours(void **state)
{
	add_note_of("GNU", XEN_ELFNOTE_INIT_P2M, "12345678", 8);
	add_note_of("Xenlite", XEN_ELFNOTE_INIT_P2M, "12345678", 8);
	add_note(XEN_ELFNOTE_MAX + 1, "123", 3);
	add_note(XEN_ELFNOTE_CRASH_INFO, "123", 3);
	check_good();
	assert_false(elf_has_note(&elf, XEN_ELFNOTE_INIT_P2M));
}

static void numbers_may_be_32_bits(void **state)
{
	add_number32(XEN_ELFNOTE_INIT_P2M, 0x80000000);
	add_number32(XEN_ELFNOTE_MOD_START_PFN, 0);
	check_good();
	assert_int_equal(elf.notes.init_p2m.a, 0x80000000);
	assert_true(elf_has_note(&elf, XEN_ELFNOTE_MOD_START_PFN));
	assert_false(elf.notes.mod_start_pfn);
}

static void wrong_note_sizes(void **state)
{
	static const u32 numbers[] = {
		XEN_ELFNOTE_ENTRY, XEN_ELFNOTE_HYPERCALL_PAGE, XEN_ELFNOTE_VIRT_BASE,
		XEN_ELFNOTE_PADDR_OFFSET, XEN_ELFNOTE_INIT_P2M, XEN_ELFNOTE_MOD_START_PFN,
	};
	static const u32 sizes[] = { 0, 1, 7, 9, 20 };
	u8 desc[32] = { 0 };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			setup(NULL);
			add_note(numbers[i], desc, sizes[j]);
			check_bad("wrong size");
		}
}

static void strings_are_bounded(void **state)
{
	char longer[100];

	memset(longer, 'x', sizeof(longer));
	memcpy(longer, "xen-3.0", 7);
	add_note(XEN_ELFNOTE_XEN_VERSION, longer, sizeof(longer));
	check_good();
	assert_int_equal(strlen(elf.notes.xen_version), ELF_NOTE_STRING_SIZE - 1);
	setup(NULL);
	add_note(XEN_ELFNOTE_LOADER, "generic", 7);
	check_good();
	assert_string_equal(elf.notes.loader, "generic");
	setup(NULL);
	add_note(XEN_ELFNOTE_LOADER, "", 0);
	check_bad("loader");
}

static void feature_strings(void **state)
{
	static const struct {
		const char *s;
		u32 required;
	} good[] = {
		{ "", 0 },
		{ "|", 0 },
		{ "dom0", 0 },
		{ "!dom0", 1u << XENFEAT_dom0 },
		{ "dom0|", 0 },
		{ "|unknown|!dom0", 1u << XENFEAT_dom0 },
		{ "dom0|!highmem_assist|dom", 1u << XENFEAT_highmem_assist },
		{ "supervisor_mode_kernelx", 0 },
	};
	static const char * const bad[] = {
		"!", "!frobnicate", "dom0|!", "dom0|!dom1|dom0", "!hvm_pirqs",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		setup(NULL);
		add_string(XEN_ELFNOTE_FEATURES, good[i].s);
		check_good();
		assert_int_equal(elf.notes.features_required, good[i].required);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		setup(NULL);
		add_string(XEN_ELFNOTE_FEATURES, bad[i]);
		check_bad("unknown hypervisor feature");
	}
}

static void wrong_kinds_of_file(void **state)
{
	image.h.ident[0] = 'E';
	check_bad("not an ELF");
	setup(NULL);
	image.h.ident[4] = 1;
	check_bad("32-bit");
	setup(NULL);
	image.h.ident[5] = 2;
	check_bad("not for x86-64");
	setup(NULL);
	image.h.machine = 183;
	check_bad("not for x86-64");
	setup(NULL);
	image.h.type = 1;
	check_bad("not an executable");
	setup(NULL);
	image.h.phnum = 0;
	check_bad("no program headers");
	setup(NULL);
	image.h.phentsize = 32;
	check_bad("no program headers");
	setup(NULL);
	image.h.phnum = 65535;
	check_bad("too many program headers");
	setup(NULL);
	image.text.type = image.data.type = 0;
	check_bad("nothing to load");
}

static void kernels_for_others(void **state)
{
	image_reset();
	check_bad("no Xen ELF notes");
	image_reset();
	add_number32(XEN_ELFNOTE_PHYS32_ENTRY, 0x1000000);
	check_bad("PVH only");
	image_reset();
	add_string(XEN_ELFNOTE_XEN_VERSION, "xen-4.0");
	check_bad("another version");
	setup(NULL);
	add_string(XEN_ELFNOTE_LOADER, "special");
	check_bad("loader");
}

static void segments_that_lie(void **state)
{
	image.text.filesz = image.text.memsz = sizeof(image);
	check_bad("cut short");
	setup(NULL);
	image.text.offset = ~0ull - 10;
	check_bad("cut short");
	setup(NULL);
	image.text.filesz = ~0ull;
	check_bad("cut short");
	setup(NULL);
	image.text.memsz = 99;
	check_bad("damaged segment");
	setup(NULL);
	image.data.memsz = ~0ull;
	check_bad("damaged segment");
	setup(NULL);
	image.data.paddr = ~0ull - 0x100;
	check_bad("damaged segment");
	setup(NULL);
	image.data.paddr = ~0ull - 0x1234;
	check_bad("too far apart");
	setup(NULL);
	image.data.paddr = 1ull << 50;
	check_bad("too far apart");
	setup(NULL);
	image.h.phoff = ~0ull;
	check_bad("cut short");
	setup(NULL);
	image.h.phoff = ~0ull - 60;
	check_bad("cut short");
}

static void addresses_that_lie(void **state)
{
	add_number(XEN_ELFNOTE_ENTRY, IMAGE_BASE + IMAGE_PADDR - 1);
	check_bad("entry point");
	setup(NULL);
	add_number(XEN_ELFNOTE_ENTRY, IMAGE_BASE + IMAGE_PADDR + 0x4000);
	check_bad("entry point");
	setup(NULL);
	add_number(XEN_ELFNOTE_HYPERCALL_PAGE, IMAGE_BASE + IMAGE_PADDR + 0x3001);
	check_bad("hypercall page");
	setup(NULL);
	add_number(XEN_ELFNOTE_VIRT_BASE, IMAGE_BASE + 1);
	check_bad("VIRT_BASE");
	setup(NULL);
	add_number(XEN_ELFNOTE_VIRT_BASE, -IMAGE_PADDR - 0x2000);
	check_bad("VIRT_BASE");
}

static void notes_that_lie(void **state)
{
	u32 big = ~0u;

	image.note.offset = sizeof(image) - 4;
	check_bad("outside");
	setup(NULL);
	image.note.filesz = ~0ull;
	check_bad("outside");
	setup(NULL);
	memcpy(image.notes, &big, 4);
	check_bad("damaged");
	setup(NULL);
	memcpy(image.notes + 4, &big, 4);
	check_bad("damaged");
	setup(NULL);
	image.note.filesz -= 1;
	check_bad("damaged");
	setup(NULL);
	image.note.filesz -= 8;	/* cuts into the entry's value: 8 bytes */
	check_bad("damaged");
}

static void many_segments(void **state)
{
	static struct {
		struct image image;
		struct phdr ph[ELF_MAX_SEGMENTS + 1];
	} big;
	const char *why;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(big.ph); i++) {
		big.ph[i] = image.text;
		big.ph[i].paddr += i * 0x100;
	}
	big.ph[ELF_MAX_SEGMENTS - 1] = image.note;
	big.image = image;
	big.image.h.phoff = sizeof(struct image);
	big.image.h.phnum = ELF_MAX_SEGMENTS + 1;
	assert_null(elf_parse(&big, sizeof(big), &elf));
	assert_int_equal(elf.nr_segments, ELF_MAX_SEGMENTS);
	big.ph[ELF_MAX_SEGMENTS - 1] = image.text;
	big.ph[0] = image.note;
	assert_null(elf_parse(&big, sizeof(big), &elf));
	big.image.h.phnum = ELF_MAX_SEGMENTS;
	big.ph[0] = image.text;
	big.image.h.phoff = sizeof(struct image);
	why = elf_parse(&big, sizeof(big), &elf);
	assert_non_null(why);
	assert_non_null(strstr(why, "no Xen"));
	big.image.h.phnum = ELF_MAX_SEGMENTS + 1;
	why = elf_parse(&big, sizeof(big), &elf);
	assert_non_null(why);
	assert_non_null(strstr(why, "too many segments"));
}

static void any_prefix_is_survived(void **state)
{
	size_t len;

	for (len = 0; len < sizeof(image); len++)
		parse_len(len);
}

/* Random damage: whatever parses must also load within its own range. */
static void random_damage_is_survived(void **state)
{
	u8 *to = malloc(1 << 20);
	u64 seed = 3, size;
	int i, k, loaded = 0;

	for (i = 0; i < 200000; i++) {
		setup(NULL);
		for (k = 0; k <= i % 3; k++) {
			size_t at = test_random(&seed) %
				    (i & 8 ? sizeof(image) : offsetof(struct image, contents));

			((u8 *)&image)[at] = test_random(&seed) >> (i & 16 ? 40 : 61);
		}
		if (parse_len(sizeof(image)))
			continue;
		size = elf.virt_end.a - elf.virt_start.a;
		if (size > 1 << 20)
			continue;
		assert_int_equal(elf_load(&elf, to + (1 << 20) - size, size), 0);
		loaded++;
	}
	free(to);
	assert_true(loaded > 1000);
	parse_len(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(layout_follows_physical_addresses, setup),
		cmocka_unit_test_setup(load_copies_and_zeroes, setup),
		cmocka_unit_test_setup(every_note_arrives, setup),
		cmocka_unit_test_setup(absent_notes_have_defaults, setup),
		cmocka_unit_test_setup(notes_of_others_are_not_ours, setup),
		cmocka_unit_test_setup(numbers_may_be_32_bits, setup),
		cmocka_unit_test_setup(wrong_note_sizes, setup),
		cmocka_unit_test_setup(strings_are_bounded, setup),
		cmocka_unit_test_setup(feature_strings, setup),
		cmocka_unit_test_setup(wrong_kinds_of_file, setup),
		cmocka_unit_test_setup(kernels_for_others, setup),
		cmocka_unit_test_setup(segments_that_lie, setup),
		cmocka_unit_test_setup(addresses_that_lie, setup),
		cmocka_unit_test_setup(notes_that_lie, setup),
		cmocka_unit_test_setup(many_segments, setup),
		cmocka_unit_test_setup(any_prefix_is_survived, setup),
		cmocka_unit_test_setup(random_damage_is_survived, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
