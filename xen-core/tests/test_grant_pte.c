// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page-table entries that map granted frames, against a count from scratch.
 *
 * Rules under test (docs/SECURITY.md): P5, G4: such an entry has a reference of its
 * own and, if it may write, a writable use, whether it goes by an unmap, by an
 * ordinary update or because another takes its place; P1: none may write to a page
 * table; M1: a frame that another domain may write to counts as held, and a
 * domain's own grant to itself does not. What fails changes nothing.
 *
 * Links: arch/x86/pv/grant_pte.c arch/x86/pv/page_type.c frame.c page_alloc.c softirq.c
 * Links: arch/fake/fake.c arch/fake/fake_domain.c
 */
#include "test_util.h"
#include "errno.h"
#include "fake.h"
#include "grant_table.h"
#include "hypercall.h"
#include "page.h"
#include "pv.h"
#include "spec_ctrl.h"

#define FRAMES		64
#define DATA		8		/* frames to map: the first four are the granter's */
#define PTES		8u
#define NO_TABLE	(1ull << 39)	/* an address without a table */

struct cpu_features cpu_features = { .phys_bits = 40 };
struct spec_ctrl spec_ctrl;
u64 apic_addr = 0xfee00000;
void domain_crash(struct domain *d, const char *fmt, ...) { fail(); }
bool msi_is_protected(mfn_t mfn) { return false; }
bool msi_is_device_memory(u64 n) { return true; }
bool descriptor_fix(u64 *d) { return true; }
void paging_fill_root(u64 *l4) { }
void log_dirty_table(struct page *p) { }
void log_dirty_mark_slot(struct domain *d, u64 *slot, u64 val) { }
u64 pv_flush_mask_all(struct domain *d) { return 1; }
void tlb_flush_cpus(u64 mask) { }
static const struct domain *marked;
void tlb_maps_others(struct domain *d) { marked = d; }

static struct domain *mapper, *granter;
static struct page *table[5];		/* by level */
static struct page *data[DATA];
static bool is_table[DATA];
static u64 *slots;			/* the level 1 table */
static u64 rnd;

static u32 dice(u32 n)
{
	return test_random(&rnd) % n;
}

static int setup(void **state)
{
	fake_machine_init(FRAMES, 1);
	page_alloc_add(MFN(1), MFN(FRAMES));
	mapper = fake_domain_create(1, false, 1);
	granter = fake_domain_create(2, false, 1);
	for (u32 l = 1; l <= 4; l++) {
		table[l] = domain_page_alloc(mapper, 0, ADDR_BITS_ANY);
		if (l > 1)
			*(u64 *)page_to_virt(table[l]) =
				page_to_mfn(table[l - 1]).n << PAGE_SHIFT | PTE_P | PTE_W | PTE_U;
	}
	assert_int_equal(pt_get_whole(mapper, page_to_mfn(table[4]), 4), 0);
	slots = page_to_virt(table[1]);
	for (u32 i = 0; i < DATA; i++)
		data[i] = domain_page_alloc(i < DATA / 2 ? granter : mapper, 0, ADDR_BITS_ANY);
	memset(is_table, 0, sizeof(is_table));
	fake_set_current(mapper->vcpu[0]);
	current->arch.kernel_cr3 = page_to_mfn(table[4]).n << PAGE_SHIFT;
	rnd = 88172645463325252ull;
	return 0;
}

static int teardown(void **state)
{
	pt_put(table[4]);
	assert_null(mapper->arch.deferred_put);
	for (u32 i = 0; i < DATA; i++) {
		if (is_table[i])
			pt_put(data[i]);
		assert_true(data[i]->count == (PC_ALLOCATED | 1));
		assert_int_equal(data[i]->type & PT_COUNT_MASK, 0);
		domain_page_release(data[i]->owner, data[i]);
	}
	for (u32 l = 1; l <= 4; l++)
		domain_page_release(mapper, table[l]);
	assert_int_equal(page_alloc_nr_free(), FRAMES - 1);
	while (page_alloc(0, ADDR_BITS_ANY))
		;
	fake_domain_destroy(mapper);
	fake_domain_destroy(granter);
	fake_machine_end();
	return 0;
}

static void check_counts(void)
{
	u32 count[DATA] = { 0 }, writers[DATA] = { 0 };

	for (u32 i = 0; i < PTES; i++)
		for (u32 k = 0; k < DATA; k++)
			if (slots[i] & PTE_P && mfn_equal(PTE_MFN(slots[i]), page_to_mfn(data[k])))
				count[k]++, writers[k] += !!(slots[i] & PTE_W);
	for (u32 k = 0; k < DATA; k++) {
		bool foreign = data[k]->owner != mapper;

		assert_true(!is_table[k] || !writers[k]);
		assert_true(data[k]->count == (PC_ALLOCATED | (1 + count[k] + is_table[k])));
		assert_int_equal(data[k]->type & PT_COUNT_MASK, writers[k] + is_table[k]);
		assert_int_equal(data[k]->flags / PAGE_HOLDER, foreign ? writers[k] : 0);
	}
}

/* Entry @i by its address or its place, or what is no entry of the mapper's tables. */
static u64 some_address(u32 i, u32 *flags)
{
	if (dice(2)) {
		*flags |= GNTMAP_contains_pte;
		return dice(10) ? page_to_mfn(table[1]).n << PAGE_SHIFT | i * 8
				: page_to_mfn(data[dice(DATA / 2)]).n << PAGE_SHIFT;
	}
	return dice(10) ? (u64)i << PAGE_SHIFT : dice(2) ? NO_TABLE : CORE_VA_END - PAGE_SIZE;
}

static bool is_entry(u64 addr, u32 flags)
{
	return flags & GNTMAP_contains_pte ? addr >> PAGE_SHIFT == page_to_mfn(table[1]).n
					   : addr < PTES << PAGE_SHIFT;
}

static void some_map(void)
{
	u32 i = dice(PTES), k = dice(DATA);
	u32 flags = GNTMAP_host_map | (dice(2) ? GNTMAP_readonly : 0);
	u64 addr = some_address(i, &flags), before = slots[i];
	bool good = is_entry(addr, flags) && (flags & GNTMAP_readonly || !is_table[k]);

	assert_true(page_get(data[k], data[k]->owner));	/* as the grant's use */
	marked = NULL;
	assert_int_equal(arch_grant_map(data[k], addr, flags), good ? 0 : -EINVAL);
	page_put(data[k]);
	if (!good) {
		assert_true(slots[i] == before);
		return;
	}
	assert_true(mfn_equal(PTE_MFN(slots[i]), page_to_mfn(data[k])));
	assert_int_equal(!(slots[i] & PTE_W), !!(flags & GNTMAP_readonly));
	assert_ptr_equal(marked, data[k]->owner == mapper ? NULL : mapper);	/* T7 */
}

static void some_unmap(void)
{
	u32 i = dice(PTES), k = dice(DATA), to = dice(PTES);
	u32 flags = GNTMAP_host_map | (dice(2) ? GNTMAP_readonly : 0);
	u64 addr = some_address(i, &flags), e = slots[i], next = slots[to];
	u64 new_addr = dice(4) ? 0 : to ? (u64)to << PAGE_SHIFT : NO_TABLE;
	bool good = is_entry(addr, flags) && e & PTE_P &&
		    mfn_equal(PTE_MFN(e), page_to_mfn(data[k])) &&
		    !(e & PTE_W) == !!(flags & GNTMAP_readonly);

	if (new_addr && (flags & GNTMAP_contains_pte || new_addr == NO_TABLE || to == i))
		good = false;
	assert_int_equal(arch_grant_unmap(data[k], addr, flags, new_addr), good ? 0 : -EINVAL);
	assert_true(slots[i] == (!good ? e : new_addr ? next : 0));
	if (good && new_addr)
		assert_true(!slots[to]);
}

static void some_step(void)
{
	u32 i = dice(PTES), k = dice(DATA);

	switch (dice(8)) {
	case 0 ... 2:
		some_map();
		break;
	case 3 ... 4:
		some_unmap();
		break;
	case 5:		/* by an ordinary update; its own frames only */
		k = DATA / 2 + dice(DATA / 2);
		if (pt_write_l1(mapper, mapper, &slots[i], dice(2) ? 0 :
				page_to_mfn(data[k]).n << PAGE_SHIFT | PTE_P | PTE_W, false))
			assert_true(is_table[k]);
		break;
	case 6:		/* the frame becomes a table, or is none any more */
		if (is_table[k])
			pt_put(data[k]);
		is_table[k] = !is_table[k] &&
			      !page_use(data[k]->owner, page_to_mfn(data[k]), PT_L1);
		break;
	case 7:		/* the core writes */
		assert_true(page_get(data[k], data[k]->owner));
		data[k]->flags &= (u8)~PAGE_DIRTY;
		if (arch_page_write_begin(data[k])) {
			assert_false(is_table[k]);
			assert_int_not_equal(page_use(data[k]->owner, page_to_mfn(data[k]),
						      PT_L1), 0);
			arch_page_write_end(data[k]);
			assert_true(data[k]->flags & PAGE_DIRTY);
		} else {
			assert_true(is_table[k]);
		}
		page_put(data[k]);
	}
}

static void test_random_steps(void **state)
{
	for (u32 i = 0; i < 100000; i++) {
		some_step();
		check_counts();
	}
}

/* 2^32 - 2 references are all there can be; then nothing is mapped, and nothing lost. */
static void test_exhausted(void **state)
{
	struct page *p = data[0];

	p->count += 0xfffffffdu;
	assert_int_equal(arch_grant_map(p, 0, GNTMAP_host_map), 0);
	assert_int_equal(arch_grant_map(p, PAGE_SIZE, GNTMAP_host_map), -EINVAL);
	assert_int_equal(arch_grant_map(p, PAGE_SIZE, GNTMAP_host_map | GNTMAP_readonly), -EINVAL);
	assert_true(!slots[1]);
	assert_int_equal(p->type & PT_COUNT_MASK, 1);
	p->count -= 0xfffffffdu;
	check_counts();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exhausted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
