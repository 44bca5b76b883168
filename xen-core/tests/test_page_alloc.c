// SPDX-License-Identifier: GPL-2.0-only
/*
 * The buddy allocator against a map of who has which frame.
 *
 * Rules under test: no frame is handed out twice; a block is aligned and below
 * its address limit; high memory goes first; when all is given back, the free
 * memory is the same few large blocks as at the start; a frame that was used
 * is handed out only after a TLB filter at least as late as its last use.
 *
 * Links: page_alloc.c frame.c softirq.c arch/fake/fake.c arch/fake/fake_domain.c
 */
#include "test_util.h"
#include "fake.h"
#include "page.h"

#define FRAMES	(3u << MAX_ORDER)	/* 3 GiB */
#define HELD	512

static u8 *taken;	/* a byte a frame */

static int setup(void **state)
{
	fake_machine_init(FRAMES, 1);
	taken = calloc(FRAMES, 1);
	return 0;
}

/* The allocator's state outlives the machine: take all of it away again. */
static void drain(void)
{
	for (int order = MAX_ORDER; order >= 0; order--) {
		while (page_alloc(order, ADDR_BITS_ANY))
			;
	}
	assert_int_equal(page_alloc_nr_free(), 0);
}

static int teardown(void **state)
{
	drain();
	free(taken);
	fake_machine_end();
	return 0;
}

static void take(struct page *p, unsigned int order)
{
	u64 mfn = page_to_mfn(p).n;

	assert_int_equal(mfn % (1u << order), 0);
	for (u64 i = mfn; i < mfn + (1u << order); i++) {
		assert_int_equal(taken[i], 0);
		assert_int_equal(frame_table[i].count, 0);
		assert_null(frame_table[i].owner);
		taken[i] = 1;
	}
}

static void give(struct page *p, u64 nr)
{
	memset(&taken[page_to_mfn(p).n], 0, nr);
}

static void test_add(void **state)
{
	/* Any alignment; frame 0 stays out. */
	page_alloc_add(MFN(0), MFN(1));
	assert_int_equal(page_alloc_nr_free(), 0);
	page_alloc_add(MFN(0), MFN(160));
	page_alloc_add(MFN(256), MFN(257));
	page_alloc_add(MFN(300), MFN(300));
	page_alloc_add(MFN(1001), MFN(FRAMES - 3));
	assert_int_equal(page_alloc_nr_free(), 159 + 1 + FRAMES - 3 - 1001);
	assert_true(FAKE_PANICS(page_alloc_add(MFN(FRAMES - 1), MFN(FRAMES + 1))));
}

static void test_limits(void **state)
{
	struct page *p;

	page_alloc_add(MFN(1), MFN(FRAMES));
	p = page_alloc(MAX_ORDER, 31);
	assert_non_null(p);
	assert_int_equal(page_to_mfn(p).n, 1u << MAX_ORDER);
	page_free(p, MAX_ORDER);
	/* Highest first ... */
	p = page_alloc(0, ADDR_BITS_ANY);
	assert_true(page_to_mfn(p).n >= 2u << MAX_ORDER);
	/* ... but never at or above the limit. */
	for (unsigned int bits = 13; bits <= 32; bits++) {
		p = page_alloc(0, bits);
		assert_non_null(p);
		assert_true(page_to_mfn(p).n < 1ull << (bits - PAGE_SHIFT));
		assert_true(page_to_mfn(p).n >= 1ull << (bits - PAGE_SHIFT - 1) ||
			    bits == 32);
	}
	assert_null(page_alloc(0, 12));
	assert_null(page_alloc(0, 0));
	assert_null(page_alloc(MAX_ORDER + 1, ADDR_BITS_ANY));
	assert_null(page_alloc(9, 20));		/* below 1 MiB there is no 2 MiB block */
}

/* How many blocks of each size the allocator can give at best. */
static void expect_whole(void)
{
	struct page *p[3];

	assert_int_equal(page_alloc_nr_free(), FRAMES - 1);
	p[0] = page_alloc(MAX_ORDER, ADDR_BITS_ANY);
	p[1] = page_alloc(MAX_ORDER, ADDR_BITS_ANY);
	p[2] = page_alloc(MAX_ORDER, ADDR_BITS_ANY);
	assert_non_null(p[0]);
	assert_non_null(p[1]);
	assert_null(p[2]);	/* frame 0 is missing */
	for (int order = MAX_ORDER - 1; order >= 0; order--) {
		struct page *q = page_alloc(order, ADDR_BITS_ANY);

		assert_non_null(q);
		assert_int_equal(page_to_mfn(q).n, 1u << order);
		assert_null(page_alloc(order, ADDR_BITS_ANY));
	}
	assert_int_equal(page_alloc_nr_free(), 0);
	page_free(p[0], MAX_ORDER);
	page_free(p[1], MAX_ORDER);
	for (int order = MAX_ORDER - 1; order >= 0; order--)
		page_free(mfn_to_page(MFN(1u << order)), order);
}

static void test_random_use(void **state)
{
	static struct { struct page *p; unsigned int order; } held[HELD];
	u64 rnd = 0x1234567, in_use = 0;

	page_alloc_add(MFN(1), MFN(FRAMES));
	for (int step = 0; step < 60000; step++) {
		u32 i = test_random(&rnd) % HELD;
		unsigned int order = test_random(&rnd) % 3 ? test_random(&rnd) % 4 :
				     test_random(&rnd) % 12;

		fake_tlb_clock += test_random(&rnd) % 3;
		if (!held[i].p) {
			held[i].p = page_alloc(order, test_random(&rnd) % 8 ? ADDR_BITS_ANY : 30);
			held[i].order = order;
			assert_non_null(held[i].p);
			take(held[i].p, order);
			in_use += 1u << order;
		} else {
			u32 nr = 1u << held[i].order;

			give(held[i].p, nr);
			in_use -= nr;
			/* In one piece, or frame by frame from either end. */
			if (test_random(&rnd) % 2) {
				page_free(held[i].p, held[i].order);
			} else {
				for (u32 k = 0; k < nr; k++)
					page_free(held[i].p + (step & 1 ? k : nr - 1 - k), 0);
			}
			held[i].p = NULL;
		}
		assert_int_equal(page_alloc_nr_free(), FRAMES - 1 - in_use);
	}
	for (u32 i = 0; i < HELD; i++) {
		if (held[i].p) {
			page_free(held[i].p, held[i].order);
			held[i].p = NULL;
		}
	}
	expect_whole();
	expect_whole();
}

static void test_wrong_free(void **state)
{
	struct page *p;

	page_alloc_add(MFN(1), MFN(64));
	p = page_alloc(0, ADDR_BITS_ANY);
	p->count = 1;
	assert_true(FAKE_PANICS(page_free(p, 0)));
	p->count = 0;
	page_free(p, 0);
	p = page_alloc(2, ADDR_BITS_ANY);
	page_free(p, 2);
	for (volatile u32 mfn = 1; mfn < 64; mfn++) {
		if (frame_table[mfn].free)
			assert_true(FAKE_PANICS(page_free(mfn_to_page(MFN(mfn)), 0)));
	}
	assert_int_equal(page_alloc_nr_free(), 63);
}

static void test_stamps(void **state)
{
	struct page *a, *b;

	page_alloc_add(MFN(16), MFN(32));
	a = page_alloc(3, ADDR_BITS_ANY);
	b = page_alloc(3, ADDR_BITS_ANY);
	assert_int_equal(fake_tlb_filters, 0);	/* fresh memory needs none */

	fake_tlb_clock = 0xfffffff0;
	page_free(a, 3);
	fake_tlb_clock = 5;			/* the clock wrapped: b is younger */
	page_free(b, 3);
	assert_non_null(page_alloc(4, ADDR_BITS_ANY));
	assert_int_equal(fake_tlb_filters, 1);
	assert_int_equal(fake_tlb_filtered, 5);

	/* Joined the other way round, and halved again: no half may look older. */
	page_free(mfn_to_page(MFN(24)), 3);
	fake_tlb_clock = 9;
	page_free(mfn_to_page(MFN(16)), 3);
	for (int i = 0; i < 16; i++) {
		fake_tlb_filtered = 0;
		assert_non_null(page_alloc(0, ADDR_BITS_ANY));
		assert_int_equal(fake_tlb_filtered, 9);
	}
}

/* Memory nobody used, joined with used memory, is used memory. */
static void test_stamp_of_fresh(void **state)
{
	struct page *p;

	page_alloc_add(MFN(16), MFN(24));
	p = page_alloc(3, ADDR_BITS_ANY);
	fake_tlb_clock = 9;
	page_free(p, 3);
	page_alloc_add(MFN(24), MFN(32));
	p = page_alloc(4, ADDR_BITS_ANY);
	assert_non_null(p);
	assert_int_equal(fake_tlb_filtered, 9);
}

static void test_alloc_zeroed(void **state)
{
	u8 *a, *b;

	page_alloc_add(MFN(1), MFN(256));
	assert_null(alloc_zeroed(0));
	a = alloc_zeroed(5 * PAGE_SIZE + 1);
	assert_non_null(a);
	assert_int_equal(page_alloc_nr_free(), 255 - 6);	/* 8 less the 2 not needed */
	for (u32 i = 0; i < 6 * PAGE_SIZE; i++)
		assert_int_equal(a[i], 0);
	memset(a, 0xa5, 6 * PAGE_SIZE);
	free_zeroed(a, 5 * PAGE_SIZE + 1);
	assert_int_equal(page_alloc_nr_free(), 255);
	b = alloc_zeroed(128 * PAGE_SIZE);
	assert_non_null(b);
	for (u32 i = 0; i < 128 * PAGE_SIZE; i++)
		assert_int_equal(b[i], 0);
	assert_null(alloc_zeroed(128 * PAGE_SIZE));
	free_zeroed(b, 128 * PAGE_SIZE);
	free_zeroed(NULL, 1);
	page_alloc_dump();
}

/* X5: what one has claimed no other gets; the claim shrinks with what its owner gets. */
static void test_claim(void **state)
{
	u32 mine = 0, yours = 0, used;
	struct page *p;

	page_alloc_add(MFN(1), MFN(256));
	assert_int_equal(page_claim(&mine, 256), -ENOMEM);
	assert_int_equal(page_claim(&mine, ~0u), -ENOMEM);
	assert_int_equal(mine, 0);
	assert_int_equal(page_claim(&mine, 200), 0);
	assert_int_equal(page_claim(&yours, 56), -ENOMEM);
	assert_int_equal(page_claim(&yours, 50), 0);
	assert_int_equal(page_claims_outstanding(), 250);
	assert_null(page_alloc(3, ADDR_BITS_ANY));
	p = page_alloc(2, ADDR_BITS_ANY);		/* 1 is nobody's now */
	assert_non_null(p);
	assert_null(page_alloc_claimed(6, ADDR_BITS_ANY, &yours, &used));
	assert_non_null(page_alloc_claimed(6, ADDR_BITS_ANY, &mine, &used));
	assert_int_equal(mine, 200 - 64);
	assert_int_equal(used, 64);
	assert_int_equal(page_claims_outstanding(), 250 - 64);
	assert_int_equal(page_claim(&mine, 0), 0);
	assert_int_equal(page_claims_outstanding(), 50);
	/* More than one's claim: the rest is of what is nobody's. */
	assert_non_null(page_alloc_claimed(6, ADDR_BITS_ANY, &yours, &used));
	assert_int_equal(yours, 0);
	assert_int_equal(used, 50);
	assert_int_equal(page_claims_outstanding(), 0);
	page_free_claimed(p, 2, &yours, 3);
	assert_int_equal(yours, 3);
	assert_int_equal(page_claims_outstanding(), 3);
	assert_int_equal(page_claim(&yours, 0), 0);
}

/* Half a terabyte is a few hundred blocks, not 134 million frames. */
static void test_huge(void **state)
{
	u64 frames = 1ull << 27;

	fake_machine_end();
	fake_machine_init(frames, 1);
	page_alloc_add(MFN(1), MFN(frames - 5));
	assert_int_equal(page_alloc_nr_free(), frames - 6);
	for (u32 i = 0; i < frames >> MAX_ORDER; i++)
		page_alloc(MAX_ORDER, ADDR_BITS_ANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_add, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random_use, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_free, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stamps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stamp_of_fresh, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alloc_zeroed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_claim, setup, teardown),
		cmocka_unit_test_setup_teardown(test_huge, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
