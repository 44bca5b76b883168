// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory before the page allocator runs: RAM ranges less what is reserved.
 *
 * What it hands out is never given back; it simply becomes reserved too.
 */
#include "compiler.h"
#include "page_alloc.h"
#include "paging.h"
#include "printk.h"
#include "setup.h"
#include "string.h"

#define RESERVED_MAX	64

static __initdata struct { u64 start, end; } reserved[RESERVED_MAX];
static __initdata u32 nr_reserved;
/* What the boot tables map; all memory once paging_init() has made the direct map. */
static __initdata u64 reach = 1ull << 32;

__init void boot_alloc_reach_all(void)
{
	reach = ~0ull;
}

__init void boot_reserve(u64 start, u64 end)
{
	u32 i = nr_reserved;

	start = ROUND_DOWN(start, PAGE_SIZE);
	end = ROUND_UP(end, PAGE_SIZE);
	/* Allocations come one after the other: let them grow one entry. */
	for (u32 k = 0; k < nr_reserved; k++)
		if (reserved[k].end == start) {
			reserved[k].end = end;
			return;
		}
	if (nr_reserved == RESERVED_MAX)
		boot_fail("too many reserved memory ranges");
	for (; i && reserved[i - 1].start > start; i--)
		reserved[i] = reserved[i - 1];
	reserved[i].start = start;
	reserved[i].end = end;
	nr_reserved++;
}

/* The first free range at or after @*pos within [*pos, limit): [*pos, return). */
static __init u64 next_free(u64 *pos, u64 limit)
{
	u64 end = limit;

	for (u32 i = 0; i < nr_reserved; i++) {
		if (reserved[i].end <= *pos)
			continue;
		if (reserved[i].start <= *pos) {
			*pos = reserved[i].end;
			continue;
		}
		end = MIN(end, reserved[i].start);
		break;
	}
	return *pos < limit ? end : 0;
}

__init maddr_t boot_alloc(u64 size, u64 align)
{
	size = ROUND_UP(size, PAGE_SIZE);
	for_each_ram(r) {
		u64 pos = MAX(r->start, 1ull << 20);
		u64 limit = MIN(r->start + r->size, reach), end;

		for (; (end = next_free(&pos, limit)); pos = end) {
			u64 at = ROUND_UP(pos, align);

			if (at >= end || end - at < size)
				continue;
			boot_reserve(at, at + size);
			memset(arch_direct_map(MADDR(at)), 0, size);
			return MADDR(at);
		}
	}
	boot_fail("out of memory: %llu KiB wanted while booting", (unsigned long long)size >> 10);
}

__init void boot_give_rest(void)
{
	for_each_ram(r) {
		/* The first MiB stays out: firmware data and the other CPUs' start. */
		u64 pos = MAX(ROUND_UP(r->start, PAGE_SIZE), 1ull << 20);
		u64 limit = ROUND_DOWN(r->start + r->size, PAGE_SIZE), end;

		for (; (end = next_free(&pos, limit)); pos = end)
			page_alloc_add(MFN(PFN_DOWN(pos)), MFN(PFN_DOWN(end)));
	}
}
