// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core's own part of the address space: built once, shared by every
 * address space, only ever grown (device mappings, stacks of new CPUs).
 *
 *   core_l4 -> slots 256 .. 271, whose L3 tables exist from the start, so
 *   that copying 16 entries into a guest's L4 shares all that comes later.
 */
#include "cpu.h"
#include "page.h"
#include "paging.h"
#include "setup.h"

#define SIZE_2M		(1ull << 21)

extern char _image_start[], _text_start[], _text_end[], _rodata_end[], _ro_after_init_end[];
extern char _end[];

__aligned(PAGE_SIZE) u64 core_l4[512];
static struct spinlock mmio_lock;
static u64 mmio_next = MMIO_VA;		/* mmio_lock */
static bool allocator_runs;

u64 *m2p;
u64 max_mfn;
struct page *frame_table = (struct page *)FRAMES_VA;

void *arch_direct_map(maddr_t ma) { return (void *)(DIRECT_VA + ma.a); }

maddr_t arch_direct_unmap(const void *va)
{
	u64 a = (u64)va;

	return MADDR(a >= DIRECT_VA ? a - DIRECT_VA : a - IMAGE_VA);
}

static u64 new_table(void)
{
	void *table = allocator_runs ? alloc_zeroed(PAGE_SIZE)
				     : arch_direct_map(boot_alloc(PAGE_SIZE, PAGE_SIZE));

	return table ? arch_direct_unmap(table).a | PTE_P | PTE_W | PTE_U | PTE_A : 0;
}

u64 *paging_entry(u64 *l4, u64 va, int level)
{
	u64 *e = &l4[va >> 39 & 511];

	for (int shift = 30; level < 4; shift -= 9, level++) {
		if (!(*e & PTE_P))
			*e = new_table();
		if (!*e)
			return NULL;
		e = (u64 *)mfn_to_virt(PTE_MFN(*e)) + (va >> shift & 511);
	}
	return e;
}

int paging_map(u64 va, maddr_t ma, u64 len, u64 flags)
{
	int max = flags & PTE_PSE ? 2 + cpu_features.pages_1g : 1;

	while (len) {
		u64 step = PAGE_SIZE, *e;
		int level = 1;

		for (; level < max && len >= step << 9 && !((va | ma.a) % (step << 9)); level++)
			step <<= 9;
		e = paging_entry(core_l4, va, level);
		if (!e)
			return -ENOMEM;
		WRITE_ONCE(*e, ma.a | (level > 1 ? flags : flags & ~PTE_PSE));
		va += step;
		ma.a += step;
		len -= MIN(step, len);
	}
	return 0;
}

/* The next free piece of the device range, for [ma, ma + len). NULL: none, or no memory. */
static void *map_device_range(maddr_t ma, size_t len, u64 flags)
{
	u64 off = ma.a & (PAGE_SIZE - 1), va;

	len = ROUND_UP(len + off, PAGE_SIZE);
	spin_guard(&mmio_lock);
	va = mmio_next;
	mmio_next += len;
	if (mmio_next > FRAMES_VA || paging_map(va, MADDR(ma.a - off), len, flags))
		return NULL;
	return (void *)(va + off);
}

void *map_mmio(maddr_t ma, size_t len)
{
	return map_device_range(ma, len, PTE_CORE_RW | PTE_UC);
}

const void *map_firmware(maddr_t ma, size_t len)
{
	return map_device_range(ma, len, PTE_CORE_RO);
}

static void map_image(const char *from, const char *to, u64 flags)
{
	u64 pa = (u64)from - IMAGE_VA;

	paging_map((u64)from, MADDR(pa), to - from, flags);
	/* The direct map must not be a way round the protection. */
	if (!(flags & PTE_W))
		paging_map(DIRECT_VA + pa, MADDR(pa), to - from, PTE_CORE_RO);
}

/* Only frames that are RAM, or between RAM, have a struct page and a word in the m2p. */
static __init void map_frame_tables(void)
{
	u64 len = ROUND_UP(max_mfn * sizeof(struct page), SIZE_2M);
	u64 m2p_len = ROUND_UP(max_mfn * 8, SIZE_2M);
	maddr_t ma = boot_alloc(m2p_len, SIZE_2M);

	m2p = memset(arch_direct_map(ma), 0xff, m2p_len);
	paging_map(M2P_VA, ma, m2p_len, PTE_CORE_RO | PTE_U | PTE_PSE);
	for (u64 off = 0; off < len; off += SIZE_2M)
		paging_map(FRAMES_VA + off, boot_alloc(SIZE_2M, SIZE_2M), SIZE_2M,
			   PTE_CORE_RW | PTE_PSE);
}

__init void paging_init(void)
{
	for (int slot = FIRST_CORE_SLOT; slot < END_CORE_SLOT; slot++)
		core_l4[slot] = new_table() & ~PTE_U;
	core_l4[FIRST_CORE_SLOT] |= PTE_U;

	/* The first 2 MiB hold the image, whose pages differ in protection. */
	paging_map(DIRECT_VA, MADDR(0), SIZE_2M, PTE_CORE_RW);
	for_each_ram(r) {
		u64 start = MAX(ROUND_DOWN(r->start, PAGE_SIZE), SIZE_2M);
		u64 end = ROUND_UP(r->start + r->size, PAGE_SIZE);

		max_mfn = MAX(max_mfn, PFN_DOWN(r->start + r->size));
		if (start < end)
			paging_map(DIRECT_VA + start, MADDR(start), end - start,
				   PTE_CORE_RW | PTE_PSE);
	}
	map_image(_image_start, _text_start, PTE_CORE_RW & ~PTE_NX);
	map_image(_text_start, _text_end, PTE_CORE_RX);
	map_image(_text_end, _rodata_end, PTE_CORE_RO);
	map_image(_rodata_end, _end, PTE_CORE_RW);
	/* The direct map of RAM is complete only with these tables loaded. */
	write_cr3((u64)core_l4 - IMAGE_VA);
	boot_alloc_reach_all();
	map_frame_tables();
	boot_give_rest();
	allocator_runs = true;
}

/* Booting is over: what was written only then becomes read-only or free. */
void paging_seal(void)
{
	u64 init = (u64)_image_start, init_end = (u64)_text_start;

	map_image(_rodata_end, _ro_after_init_end, PTE_CORE_RO);
	for (u64 va = init; va < init_end; va += PAGE_SIZE)
		*paging_entry(core_l4, va, 1) = 0;
	/* A write to CR4.PGE drops global entries too; it may be off for good. */
	write_cr4(cpu_features.cr4 & ~CR4_PGE);
	write_cr3(read_cr3());
	write_cr4(cpu_features.cr4);
	memset((void *)(DIRECT_VA + init - IMAGE_VA), 0, init_end - init);
	page_alloc_add(MFN(PFN_DOWN(init - IMAGE_VA)), MFN(PFN_DOWN(init_end - IMAGE_VA)));
}

void paging_fill_root(u64 *l4)
{
	memcpy(&l4[FIRST_CORE_SLOT], &core_l4[FIRST_CORE_SLOT],
	       (END_CORE_SLOT - FIRST_CORE_SLOT) * sizeof(u64));
}
