// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads what a multiboot 1 or 2 loader handed over.
 *
 * The loader is trusted as the firmware is, but its structures are still
 * bounded, so that a bad one gives a message instead of a wild walk. Runs on
 * the boot tables: the first 4 GiB are in the direct map.
 */
#include "paging.h"
#include "setup.h"

#define MB1_BOOT	0x2badb002
#define MB2_BOOT	0x36d76289

enum mb1_flags { MB1_CMDLINE = 4, MB1_MODULES = 8, MB1_MMAP = 0x40, MB1_LOADER = 0x200 };

struct mb1_info {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline, nr_modules, modules;
	u32 syms[4], mmap_len, mmap, drives_len, drives, config, loader;
};

struct mb1_module { u32 start, end, cmdline, reserved; };
struct __packed mb1_mmap { u32 size; u64 start, len; u32 type; };

enum mb2_type {
	MB2_END, MB2_CMDLINE, MB2_LOADER, MB2_MODULE, MB2_MMAP = 6,
	MB2_EFI64 = 12, MB2_RSDP_OLD = 14, MB2_RSDP_NEW = 15,
};

struct mb2_tag { u32 type, size; };
struct mb2_module { struct mb2_tag tag; u32 start, end; char cmdline[]; };
struct mb2_mmap_entry { u64 start, len; u32 type, zero; };
struct mb2_mmap { struct mb2_tag tag; u32 entry_size, version; u8 entries[]; };

__initdata struct boot_info boot_info;
static __initdata __aligned(16) u8 rsdp_copy[36];

static __init const void *low(u64 pa)
{
	return (const void *)(DIRECT_VA + pa);
}

/* Ranges are kept in order. */
static __init void add_range(u64 start, u64 size, u32 type)
{
	struct e820_range *r = &boot_info.e820[boot_info.nr_e820];

	if (!size || boot_info.nr_e820 == E820_MAX)
		return;
	for (boot_info.nr_e820++; r > boot_info.e820 && r[-1].start > start; r--)
		*r = r[-1];
	*r = (struct e820_range){ start, size, type };
}

static __init void add_module(u64 start, u64 end, const char *cmdline)
{
	struct boot_module *m = &boot_info.module[boot_info.nr_modules];

	if (boot_info.nr_modules == BOOT_MODULES)
		return;
	boot_info.nr_modules++;
	m->start = MADDR(start);
	m->len = end > start ? end - start : 0;
	strlcpy(m->cmdline, cmdline, sizeof(m->cmdline));
}

/*
 * A multiboot 1 command line starts with the file's name. GRUB 2 leaves it out;
 * Debian's menu entries for Xen have a word in its place.
 */
static __init const char *skip_name(const char *s)
{
	const char *blank = strchr(s, ' ');

	if (!strncmp(boot_info.loader, "GRUB 2", 6) && strncmp(s, "placeholder ", 12))
		return s;
	return blank ? blank + 1 : "";
}

static __init void read_mb1(u64 pa)
{
	const struct mb1_info *mbi = low(pa);
	const struct mb1_module *m = low(mbi->modules);
	const struct mb1_mmap *e;

	if (mbi->flags & MB1_LOADER)
		strlcpy(boot_info.loader, low(mbi->loader), sizeof(boot_info.loader));
	if (mbi->flags & MB1_CMDLINE)
		strlcpy(boot_info.cmdline, skip_name(low(mbi->cmdline)), sizeof(boot_info.cmdline));
	for (u32 i = 0; mbi->flags & MB1_MODULES && i < mbi->nr_modules; i++)
		add_module(m[i].start, m[i].end, skip_name(low(m[i].cmdline)));
	if (!(mbi->flags & MB1_MMAP))
		return;
	for (u64 off = 0; off + sizeof(*e) <= mbi->mmap_len; off += e->size + 4ull) {
		e = low(mbi->mmap + off);
		add_range(e->start, e->len, e->type);
	}
}

static __init void read_mb2_mmap(const struct mb2_mmap *map)
{
	u32 room = map->tag.size - sizeof(*map);

	for (u32 off = 0; map->entry_size >= sizeof(struct mb2_mmap_entry) &&
	     off + map->entry_size <= room; off += map->entry_size) {
		const struct mb2_mmap_entry *e = (const void *)&map->entries[off];

		add_range(e->start, e->len, e->type);
	}
}

static __init void read_mb2_tag(const struct mb2_tag *tag)
{
	const struct mb2_module *m = (const void *)tag;

	switch (tag->type) {
	case MB2_CMDLINE:
		strlcpy(boot_info.cmdline, (const char *)(tag + 1), sizeof(boot_info.cmdline));
		break;
	case MB2_LOADER:
		strlcpy(boot_info.loader, (const char *)(tag + 1), sizeof(boot_info.loader));
		break;
	case MB2_MODULE:
		add_module(m->start, m->end, m->cmdline);
		break;
	case MB2_MMAP:
		read_mb2_mmap((const void *)tag);
		break;
	case MB2_EFI64:
		boot_info.efi = *(const u64 *)(tag + 1);
		break;
	case MB2_RSDP_OLD:
	case MB2_RSDP_NEW:
		/* The loader's memory will not last until acpi_init(). */
		memcpy(rsdp_copy, tag + 1, MIN(tag->size - sizeof(*tag), sizeof(rsdp_copy)));
		boot_info.rsdp = (u64)rsdp_copy - IMAGE_VA;
		break;
	}
}

static __init void read_mb2(u64 pa)
{
	u32 size = *(const u32 *)low(pa);

	for (u32 off = 8; off + sizeof(struct mb2_tag) <= size;) {
		const struct mb2_tag *tag = low(pa + off);

		if (tag->type == MB2_END || tag->size < sizeof(*tag) || tag->size > size - off)
			break;
		read_mb2_tag(tag);
		off += ROUND_UP(tag->size, 8u);
	}
}

__init const char *multiboot_read(u32 magic, maddr_t info)
{
	u64 end = 0;

	if (magic == MB1_BOOT)
		read_mb1(info.a);
	else if (magic == MB2_BOOT)
		read_mb2(info.a);
	else
		return "not started by a multiboot loader";
	/* Firmware maps may overlap: the later range loses what earlier ones have. */
	for (struct e820_range *e = boot_info.e820; e < boot_info.e820 + boot_info.nr_e820; e++) {
		u64 cut = e->start < end ? MIN(end - e->start, e->size) : 0;

		e->start += cut;
		e->size -= cut;
		end = MAX(end, e->start + e->size);
	}
	return boot_info.nr_e820 ? NULL : "the boot loader passed no memory map";
}
