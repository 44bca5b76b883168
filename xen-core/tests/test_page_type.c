// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page-type logic against a count from scratch.
 *
 * Rules under test: docs/SECURITY.md. P1: no frame has a writable mapping while
 * it is a live page table; P2: a live table's entries are valid, to frames of
 * the level below; P3: the core's L4 slots hold the core's entries; P5: each
 * live entry holds a reference and a use. A guest fills its frames with
 * anything, pins, unpins, writes entries and gives frames back, is preempted
 * at any point, and after each step all counts must be what the live entries
 * and the pins add up to. At the end nothing is left over.
 *
 * Links: arch/x86/pv/page_type.c frame.c page_alloc.c softirq.c
 * Links: arch/fake/fake.c arch/fake/fake_domain.c
 */
#include "test_util.h"
#include "errno.h"
#include "fake.h"
#include "page.h"
#include "page_type.h"
#include "hypercall.h"
#include "pv.h"
#include "spec_ctrl.h"

#define FRAMES		64
#define MINE		20		/* frames of the guest */
#define ENTRIES		512u
#define CORE_ENTRY(i)	(0x00000c0de0000000ull | (u64)(i) << 12)	/* not present */

struct cpu_features cpu_features = { .phys_bits = 40 };

/* What page_type.c needs of the rest of the architecture. */
struct spec_ctrl spec_ctrl;	/* nothing is patched here: absent entries are not looked at */
void domain_crash(struct domain *d, const char *fmt, ...) { fail(); }
u64 apic_addr = 0xfee00000;
bool msi_is_protected(mfn_t mfn) { return false; }
bool msi_is_device_memory(u64 n) { return true; }
bool descriptor_fix(u64 *d) { return *d % 3; }
void log_dirty_table(struct page *p) { }	/* test_log_dirty */

void paging_fill_root(u64 *l4)
{
	for (u32 i = 256; i < 272; i++)
		l4[i] = CORE_ENTRY(i);
}

/* As mmu_update does: level 1 has a path of its own. */
static int write_entry(struct domain *d, unsigned int level, u64 *slot, u64 val, bool keep_ad)
{
	return level == 1 ? pt_write_l1(d, d, slot, val, keep_ad)
			  : pt_write(d, level, slot, val, keep_ad);
}

static struct domain *d, *other, *mmio;
static struct page *mine[MINE];
static u32 pins[MINE];			/* level, 0: not pinned */
static u32 writable[MINE];		/* writable uses the test holds */
static u32 descs[MINE];
static bool released[MINE];
static u64 rnd;

static u32 dice(u32 n)
{
	return test_random(&rnd) % n;
}

static int setup(void **state)
{
	fake_machine_init(FRAMES, 1);
	page_alloc_add(MFN(1), MFN(FRAMES));
	d = fake_domain_create(1, false, 1);
	other = fake_domain_create(2, false, 1);
	mmio = dom_io = fake_domain_create(DOMID_IO, false, 1);
	for (u32 i = 0; i < MINE; i++)
		mine[i] = domain_page_alloc(d, 0, ADDR_BITS_ANY);
	domain_page_alloc(other, 1, ADDR_BITS_ANY);
	memset(pins, 0, sizeof(pins));
	memset(writable, 0, sizeof(writable));
	memset(descs, 0, sizeof(descs));
	memset(released, 0, sizeof(released));
	return 0;
}

static int teardown(void **state)
{
	while (other->page_list != PAGE_NIL)
		domain_page_release(other, &frame_table[other->page_list]);
	assert_int_equal(page_alloc_nr_free(), FRAMES - 1);
	while (page_alloc(0, ADDR_BITS_ANY))
		;
	fake_domain_destroy(d);
	fake_domain_destroy(other);
	dom_io = NULL;
	fake_domain_destroy(mmio);
	fake_machine_end();
	return 0;
}

static u32 index_of(mfn_t mfn)
{
	for (u32 i = 0; i < MINE; i++) {
		if (mfn_equal(page_to_mfn(mine[i]), mfn))
			return i;
	}
	fail_msg("a live entry maps frame %#lx", (unsigned long)mfn.n);
	return 0;
}

/*
 * Count from scratch
 */

static u64 expect_count[MINE], expect_type[MINE];
static u32 expect_uses[MINE];

static void expect_use(u32 i, u64 type)
{
	assert_true(!expect_uses[i] || expect_type[i] == type);
	expect_type[i] = type;
	expect_uses[i]++;
	expect_count[i]++;
}

static void expect_table(struct page *p)
{
	unsigned int level = PT_LEVEL(p->type);
	const u64 *t = page_to_virt(p);

	for (u32 k = 0; k < p->nr_valid; k++) {
		bool core = level == 4 && k >= 256 && k < 272;
		u32 i;

		if (core) {
			assert_int_equal(t[k], CORE_ENTRY(k));
			continue;
		}
		if (!(t[k] & PTE_P))
			continue;
		assert_true((t[k] & (PTE_U | PTE_G)) == PTE_U);
		i = index_of(PTE_MFN(t[k]));
		if (level > 1) {
			assert_false(t[k] & PTE_PSE);
			expect_use(i, PT_OF_LEVEL(level - 1));
		} else if (t[k] & PTE_W) {
			expect_use(i, PT_WRITABLE);
		} else {
			expect_count[i]++;
		}
	}
}

static void check(void)
{
	memset(expect_count, 0, sizeof(expect_count));
	memset(expect_type, 0, sizeof(expect_type));
	memset(expect_uses, 0, sizeof(expect_uses));
	for (u32 i = 0; i < MINE; i++) {
		expect_count[i] = !released[i];
		if (pins[i])
			expect_use(i, PT_OF_LEVEL(pins[i]));
		for (u32 k = 0; k < writable[i]; k++)
			expect_use(i, PT_WRITABLE);
		for (u32 k = 0; k < descs[i]; k++)
			expect_use(i, PT_DESC);
	}
	for (u32 i = 0; i < MINE; i++) {
		/* Of a table, entries below nr_valid are live, VALID or not. */
		if (mine[i]->owner == d && type_is_table(mine[i]->type))
			expect_table(mine[i]);
	}
	for (u32 i = 0; i < MINE; i++) {
		struct page *p = mine[i];
		u64 type = p->type & PT_TYPE_MASK;

		assert_int_equal(p->count & PC_COUNT_MASK, expect_count[i]);
		assert_int_equal(p->type & PT_COUNT_MASK, expect_uses[i]);
		if (!expect_uses[i])
			continue;
		assert_int_equal(type, expect_type[i]);
		assert_true(p->type & PT_VALID);
		if (type_is_table(p->type))
			assert_int_equal(p->nr_valid, ENTRIES);
		/* P1: what is left of a table is gone before it is writable. */
		if (type == PT_WRITABLE || type == PT_DESC)
			assert_true(expect_uses[i] > 0);
	}
}

/*
 * The guest
 */

static u64 random_entry(void)
{
	static const u64 flags[] = { PTE_P, PTE_P | PTE_W, PTE_P | PTE_W | PTE_U, PTE_P | PTE_U,
				     0, PTE_W };
	u64 mfn = page_to_mfn(mine[dice(MINE)]).n, e = flags[dice(ARRAY_SIZE(flags))];

	if (!dice(30))
		mfn = dice(FRAMES + 4);		/* foreign, the core's, none */
	if (!dice(60))
		mfn = test_random(&rnd) & (PTE_MFN_MASK >> PAGE_SHIFT);
	if (!dice(40))
		e |= 1ull << dice(64);
	return mfn << PAGE_SHIFT | e;
}

/* A guest can write to a frame that is nothing else, through its own mapping. */
static void guest_fill(u32 i)
{
	u64 *t = page_to_virt(mine[i]);

	if (!page_get(mine[i], d))
		return;
	if (page_type_get(mine[i], PT_WRITABLE)) {
		page_put(mine[i]);
		return;
	}
	if (dice(3))
		memset(t, 0, PAGE_SIZE);
	for (u32 n = dice(6); n--;)
		t[dice(8) ? dice(4) : dice(ENTRIES)] = random_entry();
	assert_int_equal(page_type_put(mine[i]), 0);
	page_put(mine[i]);
}

static void guest_pin(u32 i)
{
	u32 level = 1 + dice(4);

	if (pins[i])
		return;
	for (;;) {
		int err = pt_get(d, page_to_mfn(mine[i]), level);

		if (!err)
			pins[i] = level;
		/* A guest need not go on after a preemption. */
		if (err != -ERESTART || !dice(4))
			return;
		check();
	}
}

static void finish_deferred(void)
{
	while (pt_finish_deferred(d))
		assert_int_equal(d->arch.deferred_put != NULL, true);
}

static void guest_unpin(u32 i)
{
	if (!pins[i])
		return;
	pins[i] = 0;
	pt_put(mine[i]);
	finish_deferred();
}

static void guest_write(u32 i)
{
	u64 *t = page_to_virt(mine[i]), val = random_entry();
	u32 k = dice(8) ? dice(4) : dice(ENTRIES);
	unsigned int level = PT_LEVEL(mine[i]->type);
	u64 old = t[k];
	int err;

	/* As mmu_update: only what is a live table, held meanwhile. */
	if (!type_is_table(mine[i]->type) || !(mine[i]->type & PT_VALID) ||
	    !(mine[i]->type & PT_COUNT_MASK))
		return;
	if (level > 1 && k >= 256 && k < 272)
		val |= PTE_P;
	do {
		err = write_entry(d, level, &t[k], val, dice(2));
	} while (err == -ERESTART && dice(4));
	if (err)
		assert_int_equal(t[k], old);
	finish_deferred();
}

static void guest_descriptors(u32 i)
{
	if (descs[i]) {
		assert_int_equal(page_type_put(mine[i]), 0);
		page_put(mine[i]);
		descs[i]--;
		return;
	}
	if (!page_get(mine[i], d))
		return;
	if (page_type_get(mine[i], PT_DESC))
		page_put(mine[i]);
	else
		descs[i]++;
}

static void guest_map(u32 i)
{
	if (writable[i] && dice(2)) {
		assert_int_equal(page_type_put(mine[i]), 0);
		page_put(mine[i]);
		writable[i]--;
		return;
	}
	if (writable[i] > 3 || !page_get(mine[i], d))
		return;
	if (page_type_get(mine[i], PT_WRITABLE))
		page_put(mine[i]);
	else
		writable[i]++;
}

static void step(void)
{
	u32 i = dice(MINE);

	fake_preempt_in = dice(4) ? -1 : (int)dice(4);
	fake_tlb_clock++;
	switch (dice(10)) {
	case 0: case 1: case 2:
		guest_fill(i);
		break;
	case 3: case 4:
		guest_pin(i);
		break;
	case 5:
		guest_unpin(i);
		break;
	case 6: case 7:
		guest_write(i);
		break;
	case 8:
		guest_descriptors(i);
		break;
	case 9:
		guest_map(i);
		break;
	}
}

/* Let go of all uses and of what preempted work has left, then of the frames. */
static void guest_end(void)
{
	fake_preempt_in = -1;
	for (u32 i = 0; i < MINE; i++) {
		guest_unpin(i);
		while (descs[i])
			guest_descriptors(i);
		for (; writable[i]; writable[i]--) {
			assert_int_equal(page_type_put(mine[i]), 0);
			page_put(mine[i]);
		}
	}
	check();
	for (u32 i = 0; i < MINE; i++) {
		assert_int_equal(mine[i]->type & PT_COUNT_MASK &&
				 !type_is_table(mine[i]->type) &&
				 (mine[i]->type & PT_TYPE_MASK) != PT_WRITABLE, 0);
	}
	/* From the top: tables that are not used any more give up their entries. */
	for (u32 round = 0; round < 4; round++) {
		for (u32 i = 0; i < MINE; i++) {
			if (mine[i]->type & PT_COUNT_MASK)
				continue;
			assert_int_equal(page_type_get(mine[i], PT_WRITABLE), 0);
			assert_int_equal(page_type_put(mine[i]), 0);
		}
	}
	for (u32 i = 0; i < MINE; i++) {
		assert_int_equal(mine[i]->type & PT_COUNT_MASK, 0);
		assert_int_equal(mine[i]->count, PC_ALLOCATED | 1);
		assert_int_equal(domain_page_release(d, mine[i]), 0);
	}
}

static void test_random_guest(void **state)
{
	u32 deep = 0;

	rnd = 20240229;
	for (int n = 0; n < 120000; n++) {
		step();
		if (!(n % 4))
			check();
		/* The walk gets somewhere: whole trees come to life. */
		for (u32 i = 0; !(n % 64) && i < MINE; i++)
			deep += pins[i] > 2;
	}
	assert_true(deep > 50);
	guest_end();
}

/* A tree of four levels, by the rules. */
static u64 *table(u32 i)
{
	return page_to_virt(mine[i]);
}

static u64 entry(u32 i, u64 flags)
{
	return page_to_mfn(mine[i]).n << PAGE_SHIFT | flags;
}

static int pin(u32 i, u32 level)
{
	int err = pt_get(d, page_to_mfn(mine[i]), level);

	if (!err)
		pins[i] = level;
	return err;
}

static void build_tree(void)
{
	for (u32 i = 0; i < MINE; i++)
		memset(table(i), 0, PAGE_SIZE);
	table(0)[0] = entry(1, PTE_P | PTE_W);
	table(1)[511] = entry(2, PTE_P | PTE_W);
	table(2)[7] = entry(3, PTE_P | PTE_W);
	table(3)[0] = entry(4, PTE_P | PTE_W);		/* data */
	table(3)[1] = entry(0, PTE_P);			/* its own tables, read-only */
	table(3)[2] = entry(3, PTE_P);
}

static void test_tree(void **state)
{
	build_tree();
	assert_int_equal(pin(0, 4), 0);
	check();
	assert_int_equal(mine[3]->type & PT_TYPE_MASK, PT_L1);
	/* P1 both ways. */
	assert_int_equal(page_type_get(mine[3], PT_WRITABLE), -EINVAL);
	assert_true(write_entry(d, 1, &table(3)[3], entry(3, PTE_P | PTE_W), false) < 0);
	assert_true(write_entry(d, 1, &table(3)[3], entry(2, PTE_P | PTE_W), false) < 0);
	assert_true(write_entry(d, 2, &table(2)[8], entry(4, PTE_P), false) < 0);
	assert_int_equal(write_entry(d, 1, &table(3)[0], 0, false), 0);
	assert_int_equal(write_entry(d, 2, &table(2)[8], entry(4, PTE_P), false), 0);
	check();
	/* P3. */
	assert_int_equal(write_entry(d, 4, &table(0)[256], entry(1, PTE_P), false), -EINVAL);
	assert_int_equal(write_entry(d, 4, &table(0)[271], 0, false), -EINVAL);
	assert_int_equal(write_entry(d, 4, &table(0)[272], entry(1, PTE_P), false), 0);
	assert_int_equal(table(0)[256], CORE_ENTRY(256));
	/* Not mine, not memory, too high, large. */
	assert_true(write_entry(d, 1, &table(3)[9], other->page_list * PAGE_SIZE | PTE_P, 0) < 0);
	assert_true(write_entry(d, 1, &table(3)[9], (u64)FRAMES * PAGE_SIZE | PTE_P, 0) < 0);
	assert_true(write_entry(d, 1, &table(3)[9], PTE_MFN_MASK | PTE_P, 0) < 0);
	assert_true(write_entry(d, 2, &table(2)[9], entry(5, PTE_P | PTE_PSE), 0) < 0);
	assert_int_equal(write_entry(d, 1, &table(3)[9], PTE_MFN_MASK | PTE_W, 0), 0);
	check();
	/* A level is a level. */
	assert_true(pin(2, 1) < 0);
	assert_true(pin(2, 3) < 0);
	assert_int_equal(pin(2, 2), 0);
	check();
	guest_end();
}

/* Accessed and dirty bits: kept or not, as asked. */
static void test_accessed_dirty(void **state)
{
	u64 e;

	build_tree();
	assert_int_equal(pin(3, 1), 0);
	table(3)[0] |= PTE_A | PTE_D;
	e = table(3)[0];
	assert_int_equal(write_entry(d, 1, &table(3)[0], e & ~(PTE_A | PTE_D), true), 0);
	assert_int_equal(table(3)[0], e);
	assert_int_equal(write_entry(d, 1, &table(3)[0], e & ~(PTE_A | PTE_D), false), 0);
	assert_int_equal(table(3)[0], e & ~(PTE_A | PTE_D));
	/* Only flags: no reference moves; W: a use goes. */
	check();
	assert_int_equal(write_entry(d, 1, &table(3)[0], e & ~PTE_W, false), 0);
	check();
	assert_int_equal(mine[4]->type & PT_COUNT_MASK, 0);
	guest_end();
}

/* P4: a frame that was writable becomes a table only after a flush. */
static void test_flush_between_types(void **state)
{
	u32 filters;

	build_tree();
	fake_tlb_clock = 40;
	assert_int_equal(page_type_get(mine[1], PT_WRITABLE), 0);
	assert_int_equal(page_type_put(mine[1]), 0);
	fake_tlb_clock = 50;
	filters = fake_tlb_filters;
	assert_int_equal(pin(1, 3), 0);
	assert_true(fake_tlb_filters > filters);
	assert_true(fake_tlb_filtered >= 40);
	guest_end();
}

/*
 * P5, X2: another's frame is mapped with that owner named only, and writable only
 * while somebody has a writable use already; it is the frame that an entry lets go of.
 */
static void test_owner(void **state)
{
	struct page *p = mfn_to_page(MFN(other->page_list));
	u64 theirs = page_to_mfn(p).n << PAGE_SHIFT | PTE_P | PTE_U, *slot;

	build_tree();
	assert_int_equal(pin(3, 1), 0);
	slot = &table(3)[9];
	assert_int_equal(pt_write_l1(d, d, slot, theirs, false), -EBUSY);
	assert_int_equal(pt_write_l1(d, other, slot, entry(4, PTE_P), false), -EBUSY);
	assert_int_equal(pt_write_l1(d, other, slot, theirs, false), 0);
	assert_int_equal(p->count & PC_COUNT_MASK, 2);
	/* Left behind half way as a table: to be cleared up under its owner's lock only. */
	p->type = PT_L2;
	p->nr_valid = 1;
	assert_int_equal(pt_write_l1(d, other, slot, theirs | PTE_W, false), -EBUSY);
	assert_int_equal(p->nr_valid, 1);
	p->type = PT_NONE;
	p->nr_valid = 0;
	assert_int_equal(pt_write_l1(d, other, slot, theirs | PTE_W, false), -EBUSY);
	assert_int_equal(*slot, theirs);
	assert_int_equal(page_use(other, page_to_mfn(p), PT_WRITABLE), 0);
	assert_int_equal(pt_write_l1(d, other, slot, theirs | PTE_W, false), 0);
	assert_int_equal(page_type_put(p), 0);
	page_put(p);
	assert_int_equal(p->type & PT_COUNT_MASK, 1);
	assert_int_equal(pt_get(other, page_to_mfn(p), 1), -EINVAL);
	/* It has left its owner: the mapping keeps it. */
	assert_int_equal(domain_page_release(other, p), 0);
	assert_ptr_equal(p->owner, other);
	assert_int_equal(pt_write_l1(d, d, slot, 0, false), 0);
	assert_null(p->owner);
	guest_end();
}

/* L4: a table that was given back is none again once its uses end. */
static void test_given_back(void **state)
{
	struct page *l2 = mine[0], *l1 = mine[1];
	u64 *t = page_to_virt(l2);

	memset(page_to_virt(l1), 0, PAGE_SIZE);
	memset(t, 0, PAGE_SIZE);
	for (int i = 0; i < 8; i++)
		t[i] = page_to_mfn(l1).n << 12 | 7;
	/* It is in use, and mapped read-only: a reference. */
	assert_int_equal(pt_get(d, page_to_mfn(l2), 2), 0);
	assert_true(page_get(l2, d));
	assert_int_equal(domain_page_release(d, l2), 0);
	pt_put(l2);
	assert_int_equal(l1->type & PT_COUNT_MASK, 0);
	/* To begin again and be interrupted would leave references to nobody. */
	fake_preempt_in = 3;
	assert_int_equal(pt_get(d, page_to_mfn(l2), 2), -EINVAL);
	fake_preempt_in = -1;
	assert_int_equal(l1->type & PT_COUNT_MASK, 0);
	page_put(l2);
	while (d->page_list != PAGE_NIL)
		domain_page_release(d, &frame_table[d->page_list]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_given_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(test_accessed_dirty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flush_between_types, setup, teardown),
		cmocka_unit_test_setup_teardown(test_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random_guest, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
