/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core's own part of every address space (xen-x86_64.h reserves it).
 *
 *   ffff8000_00000000  machine-to-phys table, guests may read it
 *   ffff8100_00000000  GDT and LDT of every vcpu
 *   ffff8200_00000000  per-CPU stacks
 *   ffff8210_00000000  memory-mapped I/O
 *   ffff8220_00000000  frame table
 *   ffff82d0_00000000  the image
 *   ffff8300_00000000  direct map of RAM
 *   ffff8800_00000000  end
 */
#ifndef XENLITE_PAGING_H
#define XENLITE_PAGING_H

#define M2P_VA		0xffff800000000000
#define DESC_VA		0xffff810000000000
#define STACKS_VA	0xffff820000000000
#define MMIO_VA		0xffff821000000000
#define FRAMES_VA	0xffff822000000000
#define IMAGE_VA	0xffff82d000000000
#define DIRECT_VA	0xffff830000000000
#define CORE_VA_END	0xffff880000000000

/* Slots of an L4 table: the user's half, the core's own, the kernel's half (P3) */
#define FIRST_CORE_SLOT	256	/* the machine-to-phys table's */
#define END_CORE_SLOT	272

#ifndef __ASSEMBLY__

static inline bool va_is_canonical(u64 va) { return (u64)((s64)(va << 16) >> 16) == va; }

/* Canonical, and outside the core's range: from CORE_VA_END up, round to 2^47. */
static inline bool va_is_guest(u64 va) { return va - CORE_VA_END < (1ull << 47) - CORE_VA_END; }

enum {
	PTE_P = 1 << 0, PTE_W = 1 << 1, PTE_U = 1 << 2, PTE_PWT = 1 << 3, PTE_PCD = 1 << 4,
	PTE_A = 1 << 5, PTE_D = 1 << 6, PTE_PSE = 1 << 7, PTE_G = 1 << 8,
	PTE_PAT = 1 << 7,		/* in an L1 entry */
	PTE_AVAIL = 7 << 9, PTE_UC = PTE_PCD | PTE_PWT,
};
#define PTE_NX		(1ull << 63)
#define PTE_MFN_MASK	0x000ffffffffff000ull
#define PTE_MFN(e)	MFN(((e) & PTE_MFN_MASK) >> PAGE_SHIFT)

#define PTE_CORE_RW	(PTE_P | PTE_W | PTE_A | PTE_D | PTE_NX | PTE_G)
#define PTE_CORE_RO	(PTE_P | PTE_A | PTE_NX | PTE_G)
#define PTE_CORE_RX	(PTE_P | PTE_A | PTE_G)

/**
 * paging_map() - map [va, va + len) of the core's range to machine memory.
 * Uses 2 MiB and 1 GiB entries where alignment allows and @flags has PTE_PSE.
 */
int paging_map(u64 va, maddr_t ma, u64 len, u64 flags);

/**
 * paging_entry() - the entry that maps @va at @level (1: 4 KiB ... 3: 1 GiB) below @l4.
 * Makes tables above it. Return: NULL when there is no memory for them.
 */
u64 *paging_entry(u64 *l4, u64 va, int level);

/**
 * map_mmio() - device registers, uncached.
 * Return: a pointer to the first byte, or NULL. Mappings stay for ever.
 */
void *map_mmio(maddr_t ma, size_t len);

/** map_firmware() - a table of the firmware's, read-only and cached. */
const void *map_firmware(maddr_t ma, size_t len);

/** paging_init() - build the core's range of the address space, start page_alloc; boot time. */
void paging_init(void);

/** paging_fill_root() - put the core's entries into the L4 table at @l4. */
void paging_fill_root(u64 *l4);

/** paging_seal() - give back what only booting needs, write-protect the constants. */
void paging_seal(void);

extern u64 core_l4[512];
extern u64 *m2p;		/* machine frame -> guest frame; the core writes here */

#endif
#endif
