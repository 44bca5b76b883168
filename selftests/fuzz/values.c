// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random values of the kinds that hypercalls take: most are right, or nearly, so
 * that they get past the first check; the rest is from the edges.
 */
#include "fuzz.h"

char *fuzz_page[PLAY_PAGES];
uint64_t *fuzz_table[PLAY_TABLES];
char fuzz_args[4 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

/* Of what is changed: found once, as the machine-to-phys table is ours to change, too. */
uint64_t fuzz_page_slot[PLAY_PAGES], fuzz_table_slot[PLAY_TABLES];
static uint64_t table_maddr[PLAY_TABLES], root_maddr;

/* Some are read-only: to become tables, or with descriptors, to be in a GDT or LDT. */
uint64_t fuzz_page_pte(unsigned int i)
{
	return micro_page_pte(fuzz_page[i], i % 8 < 6 ? PTE_RW : PTE_RO);
}

static void fill_descriptors(uint64_t *page)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		page[i] = i % 2 ? 0x00affb000000ffff : 0x00cff3000000ffff;
}

void fuzz_values_init(void)
{
	unsigned int i;

	for (i = 0; i < PLAY_PAGES; i++) {
		fuzz_page[i] = micro_page_alloc();
		fuzz_page_slot[i] = micro_pte_maddr((uint64_t)fuzz_page[i], 1);
		if (i % 8 == 7)
			fill_descriptors((uint64_t *)fuzz_page[i]);
		micro_mmu_update(fuzz_page_slot[i], fuzz_page_pte(i));
	}
	/* one of them is another view of what we share with the core */
	micro_map(fuzz_page[0], micro_start_info->shared_info | PTE_RW);
	for (i = 0; i < PLAY_TABLES; i++) {
		fuzz_table[i] = micro_scratch_open(i);
		fuzz_table_slot[i] = micro_pte_maddr(micro_scratch_va(i), 2);
		table_maddr[i] = micro_va_to_mfn(fuzz_table[i]) << PAGE_SHIFT;
	}
	root_maddr = micro_va_to_mfn((void *)micro_start_info->pt_base) << PAGE_SHIFT;
}

uint64_t fuzz_random(struct fuzz_vcpu *v)
{
	uint64_t x = v->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	v->random = x;
	return x * 0x2545f4914f6cdd1d;
}

uint64_t fuzz_below(struct fuzz_vcpu *v, uint64_t n)
{
	return (fuzz_random(v) >> 11) % n;
}

void fuzz_one_of(struct fuzz_vcpu *v, const struct fuzz_kind *kinds, unsigned int nr)
{
	unsigned int total = 0, at, i;

	for (i = 0; i < nr; i++)
		total += kinds[i].weight;
	at = fuzz_below(v, total);
	for (i = 0; at >= kinds[i].weight; i++)
		at -= kinds[i].weight;
	kinds[i].run(v);
}

bool fuzz_chance(struct fuzz_vcpu *v, unsigned int n)
{
	return !fuzz_below(v, n);
}

uint64_t fuzz_number(struct fuzz_vcpu *v)
{
	static const uint64_t edges[] = {
		0, 1, 2, 511, 512, 1023, 1024, 4095, 4096, 0x7fff, 0x8000, 0xffff,
		0x7fffffff, 0x80000000, 0xffffffff, 1UL << 32, ~0UL, 1UL << 63, ~0UL >> 1,
		HYPERVISOR_VIRT_START, HYPERVISOR_VIRT_END, 1UL << 47, VIRT_BASE,
	};

	switch (fuzz_below(v, 8)) {
	case 0:		return edges[fuzz_below(v, ARRAY_SIZE(edges))] + fuzz_below(v, 3) - 1;
	case 1:		return edges[fuzz_below(v, ARRAY_SIZE(edges))];
	case 2:		return fuzz_random(v);
	case 3:		return fuzz_random(v) >> fuzz_below(v, 64);
	case 4:		return fuzz_mfn(v);
	default:	return fuzz_below(v, 16);
	}
}

uint64_t fuzz_mfn(struct fuzz_vcpu *v)
{
	switch (fuzz_below(v, 16)) {
	case 0:		return table_maddr[fuzz_below(v, PLAY_TABLES)] >> PAGE_SHIFT;
	case 1:		return (root_maddr >> PAGE_SHIFT);
	case 2:		return micro_pfn_to_mfn(fuzz_below(v, micro_start_info->nr_pages));
	case 3:		return fuzz_below(v, micro_mail->word[WORD_FRAMES] + 16);
	case 4:		return micro_mail->word[WORD_FOREIGN + fuzz_below(v, NR_FOREIGN)];
	case 5:		return fuzz_chance(v, 2) ? 0xfee00 : 0xa0 + fuzz_below(v, 96);
	case 6:		return fuzz_chance(v, 4) ? fuzz_random(v) >> fuzz_below(v, 64) :
						   micro_start_info->shared_info >> PAGE_SHIFT;
	default:	return micro_va_to_mfn(fuzz_page[fuzz_below(v, PLAY_PAGES)]);
	}
}

uint64_t fuzz_pte(struct fuzz_vcpu *v)
{
	static const uint64_t flags[] = { 0, PTE_RO, PTE_RW, PTE_RW, PTE_TABLE, PTE_RW | PTE_NX };
	uint64_t pte = fuzz_mfn(v) << PAGE_SHIFT | flags[fuzz_below(v, ARRAY_SIZE(flags))];

	if (fuzz_chance(v, 8))
		pte ^= 1UL << fuzz_below(v, 64);
	return fuzz_chance(v, 64) ? fuzz_random(v) : pte;
}

/* The machine address of an entry of one of our tables. */
uint64_t fuzz_slot(struct fuzz_vcpu *v)
{
	uint64_t entry = fuzz_below(v, 512) * 8;

	switch (fuzz_below(v, 32)) {
	case 0:		return root_maddr + entry;
	case 1:		return fuzz_table_slot[0] + fuzz_below(v, 16) * 8;
	case 2:		return (fuzz_mfn(v) << PAGE_SHIFT) + entry;
	case 3:		return fuzz_page_slot[fuzz_below(v, PLAY_PAGES)];
	default:	return table_maddr[fuzz_below(v, PLAY_TABLES)] + entry;
	}
}

uint64_t fuzz_va(struct fuzz_vcpu *v)
{
	uint64_t page;

	switch (fuzz_below(v, 16)) {
	case 0:		return fuzz_number(v);
	case 1:		return HYPERVISOR_VIRT_START + (fuzz_random(v) >> 24);
	case 2:		return (uint64_t)fuzz_table[fuzz_below(v, PLAY_TABLES)];
	case 4:
	case 5:
	case 6:
		page = micro_scratch_va(fuzz_below(v, PLAY_TABLES)) + fuzz_below(v, 512) * 4096;
		break;
	default:
		page = (uint64_t)fuzz_page[fuzz_below(v, PLAY_PAGES)];
	}
	return page + (fuzz_chance(v, 2) ? 0 : fuzz_below(v, PAGE_SIZE));
}

uint64_t fuzz_domid(struct fuzz_vcpu *v)
{
	switch (fuzz_below(v, 12)) {
	case 0:		return 0;
	case 1:		return micro_mail->word[WORD_VICTIM];
	case 2:		return ATTACKER_ID;
	case 3:		return DOMID_FIRST_RESERVED + fuzz_below(v, 16);
	case 4:		return fuzz_number(v);
	default:	return DOMID_SELF;
	}
}

uint64_t fuzz_descriptor(struct fuzz_vcpu *v)
{
	/* flat code and data, a call gate, a TSS, an LDT */
	static const uint64_t some[] = {
		0x00affa000000ffff, 0x00cffa000000ffff, 0x00cff2000000ffff,
		0xffff8400e0330000, 0x0000890000000067, 0x0000820000000fff, 0,
	};
	uint64_t d = some[fuzz_below(v, ARRAY_SIZE(some))];

	return fuzz_chance(v, 3) ? d ^ 1UL << fuzz_below(v, 64) : fuzz_chance(v, 16) ?
	       fuzz_random(v) : d;
}

void *fuzz_room(struct fuzz_vcpu *v, size_t size)
{
	/* the same place for both vcpus, one of its own, or across pages */
	static const unsigned int at[] = { 0, 0, PAGE_SIZE, 2 * PAGE_SIZE, PAGE_SIZE - 64 };
	unsigned int offset = at[fuzz_below(v, ARRAY_SIZE(at))];

	if (offset == PAGE_SIZE)
		offset += v->id * PAGE_SIZE;
	return fuzz_args + (offset + size <= sizeof(fuzz_args) ? offset : 0);
}

void *fuzz_pointer(struct fuzz_vcpu *v, void *good)
{
	return fuzz_chance(v, 24) ? (void *)fuzz_va(v) : good;
}
