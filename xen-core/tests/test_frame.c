// SPDX-License-Identifier: GPL-2.0-only
/*
 * References on frames and the frames of domains.
 *
 * Rules under test: only the owner gets a reference, and only while the frame
 * is not free; a count never wraps; the last reference frees the frame and
 * pays it back to its domain; a domain cannot have more than its limit; used
 * frames come to a domain zeroed; the allocation's reference can be dropped
 * once; a domain lives as long as it has frames; a shared frame of the core's
 * cannot change its type.
 *
 * Links: frame.c page_alloc.c softirq.c arch/fake/fake.c arch/fake/fake_domain.c
 */
#include <pthread.h>

#include "test_util.h"
#include "errno.h"
#include "fake.h"
#include "page.h"

#define FRAMES	2048

static struct domain *a, *b;

static int setup(void **state)
{
	fake_machine_init(FRAMES, 1);
	page_alloc_add(MFN(1), MFN(FRAMES));
	a = fake_domain_create(1, false, 1);
	b = fake_domain_create(2, false, 1);
	return 0;
}

static int teardown(void **state)
{
	/* All is back: nothing leaked, nothing freed twice. */
	assert_int_equal(page_alloc_nr_free(), FRAMES - 1);
	while (page_alloc(0, ADDR_BITS_ANY))
		;
	fake_domain_destroy(a);
	fake_domain_destroy(b);
	fake_machine_end();
	return 0;
}

static void test_owner(void **state)
{
	struct page *p = domain_page_alloc(a, 0, ADDR_BITS_ANY);
	struct page *core = page_alloc(0, ADDR_BITS_ANY);

	assert_int_equal(a->tot_pages, 1);
	assert_ptr_equal(p->owner, a);
	assert_int_equal(p->count, PC_ALLOCATED | 1);
	assert_false(page_get(p, b));
	assert_int_equal(p->count, PC_ALLOCATED | 1);
	assert_true(page_get(p, a));
	assert_int_equal(p->count, PC_ALLOCATED | 2);
	/* The core's own and free frames are nobody's. */
	assert_false(page_get(core, a));
	assert_false(page_get(core, NULL));
	page_free(core, 0);
	assert_false(page_get(core, a));

	assert_int_equal(domain_page_release(b, p), -EINVAL);
	assert_int_equal(domain_page_release(a, p), 0);
	assert_int_equal(domain_page_release(a, p), -EINVAL);
	/* Still held: still a's. */
	assert_int_equal(a->tot_pages, 1);
	assert_true(page_get(p, a));
	page_put(p);
	page_put(p);
	assert_int_equal(a->tot_pages, 0);
	assert_null(p->owner);
	assert_false(page_get(p, a));
	assert_true(FAKE_PANICS(page_put(p)));
	p->count = 0;
}

static void test_saturation(void **state)
{
	struct page *p = domain_page_alloc(a, 0, ADDR_BITS_ANY);

	p->count = PC_ALLOCATED | (PC_COUNT_MASK - 1);
	assert_true(page_get(p, a));
	assert_false(page_get(p, a));
	assert_false(page_get(p, b));
	assert_int_equal(p->count, PC_ALLOCATED | PC_COUNT_MASK);
	p->count = PC_ALLOCATED | 1;
	domain_page_release(a, p);
}

static void test_limit(void **state)
{
	struct page *p, *q;

	a->max_pages = 5;
	p = domain_page_alloc(a, 2, ADDR_BITS_ANY);
	assert_non_null(p);
	assert_null(domain_page_alloc(a, 1, ADDR_BITS_ANY));
	q = domain_page_alloc(a, 0, ADDR_BITS_ANY);
	assert_non_null(q);
	assert_null(domain_page_alloc(a, 0, ADDR_BITS_ANY));
	a->max_pages = 2;	/* lowered below what it has */
	assert_null(domain_page_alloc(a, 0, ADDR_BITS_ANY));
	a->max_pages = ~0u;
	assert_null(domain_page_alloc(a, 11, ADDR_BITS_ANY));	/* not that much there */
	assert_null(domain_page_alloc(a, MAX_ORDER + 1, ADDR_BITS_ANY));
	assert_null(domain_page_alloc(a, 40, ADDR_BITS_ANY));
	a->dying = true;
	assert_null(domain_page_alloc(a, 0, ADDR_BITS_ANY));
	a->dying = false;
	assert_int_equal(a->tot_pages, 5);

	domain_page_release(a, q);
	for (int i = 3; i >= 0; i--)
		domain_page_release(a, p + i);
}

static void test_list(void **state)
{
	u32 n = 0, last = 0;
	struct page *p = domain_page_alloc(a, 4, ADDR_BITS_ANY);

	domain_page_release(a, p + 7);
	domain_page_release(a, p);
	domain_page_release(a, p + 15);
	for (u32 mfn = a->page_list; mfn != PAGE_NIL; mfn = frame_table[mfn].next) {
		assert_true(mfn > last);
		assert_int_equal(frame_table[mfn].prev, last ? last : PAGE_NIL);
		last = mfn;
		n++;
	}
	assert_int_equal(n, 13);
	while (a->page_list != PAGE_NIL)
		domain_page_release(a, &frame_table[a->page_list]);
	assert_int_equal(a->tot_pages, 0);
}

/* What one domain had, another does not see; nor what the core had. */
static void check_zeroed(void)
{
	struct page *p = domain_page_alloc(a, 3, ADDR_BITS_ANY), *q;
	u64 mfn = page_to_mfn(p).n;
	u8 *core;

	memset(page_to_virt(p), 0x5a, 8 * PAGE_SIZE);
	for (int i = 0; i < 8; i++)
		domain_page_release(a, p + i);
	core = alloc_zeroed(PAGE_SIZE);
	memset(core, 0x5a, PAGE_SIZE);
	free_zeroed(core, PAGE_SIZE);

	for (u32 left = FRAMES - 1; left--;) {
		const u64 *mem;

		q = domain_page_alloc(b, 0, ADDR_BITS_ANY);
		assert_non_null(q);
		mem = page_to_virt(q);
		for (u32 i = 0; i < PAGE_SIZE / 8; i++)
			assert_int_equal(mem[i], 0);
		assert_int_equal(q->type, 0);
		assert_int_equal(q->stamp, 0);
	}
	assert_true(fake_tlb_filters > 0);
	assert_ptr_equal(frame_table[mfn].owner, b);
	while (b->page_list != PAGE_NIL)
		domain_page_release(b, &frame_table[b->page_list]);
}

/* dom0 gets unused memory as it is, which is quick; used memory zeroed. */
static void test_zeroed(void **state)
{
	u8 *ram = page_to_virt(mfn_to_page(MFN(0)));

	b->privileged = true;
	check_zeroed();
	b->privileged = false;
	check_zeroed();
	/* What ran before the core is not for guests either. */
	while (page_alloc(0, ADDR_BITS_ANY))
		;
	memset(frame_table, 0, FRAMES * sizeof(struct page));
	memset(ram, 0x77, FRAMES * PAGE_SIZE);
	page_alloc_add(MFN(1), MFN(FRAMES));
	check_zeroed();
}

static void test_domain_lives(void **state)
{
	struct domain *d = fake_domain_create(3, false, 1);
	struct page *p = domain_page_alloc(d, 1, ADDR_BITS_ANY);

	assert_true(page_get(p, d));
	fake_domain_destroy(d);		/* drops the list's reference only */
	assert_int_equal(d->refs, 1);
	domain_page_release(d, p);
	domain_page_release(d, p + 1);
	assert_int_equal(d->tot_pages, 1);
	page_put(p);			/* ASan would see a use after this */
}

static void test_share_xen(void **state)
{
	void *core = alloc_zeroed(PAGE_SIZE);
	struct page *p = virt_to_page(core);

	page_share_xen(p, a);
	assert_false(page_get(p, b));
	assert_true(page_get(p, a));
	assert_int_equal(a->tot_pages, 0);
	/* The guest cannot release what it was not given. */
	assert_int_equal(domain_page_release(a, p), -EINVAL);
	assert_int_equal(p->type & PT_TYPE_MASK, PT_WRITABLE);
	assert_int_equal(p->type & PT_COUNT_MASK, 1);
	page_put(p);			/* the core lets go, the guest has it mapped */
	assert_ptr_equal(p->owner, a);
	page_put(p);
	assert_null(p->owner);
}

static void test_typed_use_at_end(void **state)
{
	struct page *p = domain_page_alloc(a, 0, ADDR_BITS_ANY);

	p->type = PT_L1 | PT_VALID | 1;
	assert_true(FAKE_PANICS(domain_page_release(a, p)));
	/* Put things right, to end cleanly. */
	p->type = 0;
	p->owner = a;
	p->count = 1;
	page_put(p);
}

/* CPUs take and drop references while the domain lets go of the frame. */
static struct page *storm_page;

static void *storm(void *arg)
{
	fake_run_on(0);
	for (int i = 0; i < 20000; i++) {
		struct page *p = __atomic_load_n(&storm_page, __ATOMIC_ACQUIRE);

		if (!page_get(p, a))
			continue;
		if (p->owner != a || !(p->count & PC_COUNT_MASK))
			abort();
		page_put(p);
	}
	return NULL;
}

static void test_storm(void **state)
{
	pthread_t threads[3];

	storm_page = domain_page_alloc(a, 0, ADDR_BITS_ANY);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, storm, NULL), 0);
	for (int i = 0; i < 5000; i++) {
		struct page *p = domain_page_alloc(a, 0, ADDR_BITS_ANY), *old = storm_page;

		__atomic_store_n(&storm_page, p, __ATOMIC_RELEASE);
		assert_int_equal(domain_page_release(a, old), 0);
	}
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	domain_page_release(a, storm_page);
	assert_int_equal(a->tot_pages, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_saturation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_zeroed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_domain_lives, setup, teardown),
		cmocka_unit_test_setup_teardown(test_share_xen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_typed_use_at_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_storm, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
