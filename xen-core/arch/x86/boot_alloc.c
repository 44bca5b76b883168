// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory before the page allocator runs: a list of the RAM that is free.
 *
 * What is handed out is never given back; what is left in the end goes to the
 * page allocator. The core's image and the boot modules stay out.
 */
#include "page.h"
#include "paging.h"
#include "setup.h"

extern char _image_start[], _end[];

static __initdata struct free_range {
	u64 start, end;
} free_ranges[E820_MAX + 64];
static __initdata u32 nr_free;
/* What the boot tables map; all memory once paging_init() has made the direct map. */
static __initdata u64 reach = 1ull << 32;

__init void boot_alloc_reach_all(void)
{
	reach = ~0ull;
}

static __init void boot_add_free(u64 start, u64 end)
{
	if (nr_free == ARRAY_SIZE(free_ranges))
		boot_fail("too many memory ranges");
	free_ranges[nr_free++] = (struct free_range){ start, end };
}

static __init void boot_reserve(u64 start, u64 end)
{
	start = ROUND_DOWN(start, PAGE_SIZE);
	end = ROUND_UP(end, PAGE_SIZE);
	for (u32 i = 0; i < nr_free; i++) {
		struct free_range *r = &free_ranges[i];

		if (start >= r->end || end <= r->start)
			continue;
		/* What is above it becomes a range of its own. */
		if (end < r->end)
			boot_add_free(end, r->end);
		r->end = MAX(start, r->start);
	}
}

__init void boot_alloc_init(void)
{
	/* The first MiB stays out: firmware data and the other CPUs' start. */
	for_each_ram(r)
		boot_add_free(MAX(ROUND_UP(r->start, PAGE_SIZE), 1ull << 20),
			      ROUND_DOWN(r->start + r->size, PAGE_SIZE));
	boot_reserve((u64)_image_start - IMAGE_VA, (u64)_end - IMAGE_VA);
	for (u32 i = 0; i < boot_info.nr_modules; i++)
		boot_reserve(boot_info.module[i].start.a,
			     boot_info.module[i].start.a + boot_info.module[i].len);
}

__init maddr_t boot_alloc(u64 size, u64 align)
{
	size = ROUND_UP(size, PAGE_SIZE);
	for (u32 i = 0; i < nr_free; i++) {
		u64 end = MIN(free_ranges[i].end, reach);
		/* From the top: nothing but the alignment leaves a range above. */
		u64 at = ROUND_DOWN(end - MIN(end, size), align);

		if (at < free_ranges[i].start)
			continue;
		boot_reserve(at, at + size);
		memset(arch_direct_map(MADDR(at)), 0, size);
		return MADDR(at);
	}
	boot_fail("out of memory: %llu KiB wanted while booting", (unsigned long long)size >> 10);
}

__init void boot_give_rest(void)
{
	for (u32 i = 0; i < nr_free; i++)
		page_alloc_add(MFN(PFN_DOWN(free_ranges[i].start)),
			       MFN(PFN_DOWN(free_ranges[i].end)));
}
