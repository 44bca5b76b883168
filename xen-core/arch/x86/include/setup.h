/* SPDX-License-Identifier: GPL-2.0-only */
/* What the boot loader handed over, the command line, and memory until the allocator runs. */
#ifndef XENLITE_SETUP_H
#define XENLITE_SETUP_H

#include "cmdline.h"

/* Types of a memory range, as the firmware's E820 call numbers them. */
enum e820_type { E820_RAM = 1, E820_RESERVED, E820_ACPI, E820_NVS, E820_UNUSABLE };

struct __packed e820_range { u64 start, size; u32 type; };

enum { E820_MAX = 128, BOOT_MODULES = 4 };

/**
 * struct boot_module - a file the loader read
 * @cmdline:	its own command line, without the file's name when the loader gave one
 */
struct boot_module {
	maddr_t start;
	u64 len;
	char cmdline[1024];
};

/**
 * struct boot_info - the boot loader's hand-over, both multiboot versions
 * @rsdp:	machine address of the ACPI root pointer, or of a copy; 0 when not told
 * @efi:	of EFI's system table, 0: no EFI
 * @efi_rsdp:	of the root pointer, as EFI says; 0 when not told
 */
struct boot_info {
	char cmdline[1024];
	char loader[64];
	struct e820_range e820[E820_MAX];	/* sorted, disjoint */
	u32 nr_e820;
	struct boot_module module[BOOT_MODULES];
	u32 nr_modules;
	u64 rsdp, efi, efi_rsdp;
};

extern struct boot_info boot_info;

#define for_each_e820(r) \
	for (const struct e820_range *r = boot_info.e820; \
	     r < boot_info.e820 + boot_info.nr_e820; r++)
#define for_each_ram(r) for_each_e820(r) if (r->type == E820_RAM)

/**
 * multiboot_read() - fill boot_info from the loader's structures.
 * Return: NULL, or what is wrong with them.
 */
const char *multiboot_read(u32 magic, maddr_t info);

/* Options of the core's command line that more than one file looks at. */
extern struct cmdline_dom0_mem opt_dom0_mem;
extern u32 opt_dom0_max_vcpus, opt_maxcpus;
/** options_parse() - the whole command line; bad options are reported and ignored. */
void options_parse(const char *line);

/** boot_alloc_init() - all RAM of boot_info is free but the image and the modules. */
void boot_alloc_init(void);
/** boot_alloc() - zeroed, aligned memory; panics when there is none. */
maddr_t boot_alloc(u64 size, u64 align);
/** boot_alloc_reach_all() - the direct map is complete: memory above 4 GiB as well. */
void boot_alloc_reach_all(void);
/** boot_give_rest() - hand all RAM that is still free to page_alloc. */
void boot_give_rest(void);

/** memory_set_map() - what XENMEM_machine_memory_map tells. */
void memory_set_map(const struct e820_range *e820, u32 nr);
/** memory_nr_ram_pages() - all of the machine's. */
u64 memory_nr_ram_pages(void);

void core_start(u32 magic, u32 info);

#endif
