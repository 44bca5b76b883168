// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grant tables: set-up.
 *
 * Rules under test: xen/grant_table.h, setup_table, query_size and the version
 * calls, with the answers of Xen 4.17; the frames are the core's, the guest
 * gets references on them only, and they go when neither needs them.
 *
 * Links: grant*.c frame.c page_alloc.c softirq.c arch/fake/fake.c arch/fake/fake_domain.c
 */
#include "test_util.h"
#include <xen/grant_table.h>
#include "errno.h"
#include "fake.h"
#include "grant_table.h"
#include "page.h"

#define FRAMES	512

static struct domain *ctl, *a;
static u64 free_at_start;

static struct {
	union {
		struct gnttab_setup_table setup;
		struct gnttab_query_size query;
		struct gnttab_set_version set;
		struct gnttab_get_version get;
	};
	u64 frames[80];
} guest;

static int setup(void **state)
{
	fake_machine_init(FRAMES, 1);
	page_alloc_add(MFN(1), MFN(FRAMES));
	free_at_start = page_alloc_nr_free();
	ctl = fake_domain_create(0, true, 1);
	a = fake_domain_create(1, false, 1);
	memset(&guest, 0xee, sizeof(guest));
	return 0;
}

static int teardown(void **state)
{
	fake_domain_destroy(ctl);
	if (a)
		fake_domain_destroy(a);
	assert_int_equal(page_alloc_nr_free(), free_at_start);
	while (page_alloc(0, ADDR_BITS_ANY))
		;
	fake_machine_end();
	return 0;
}

static long grant_op(struct domain *d, u32 cmd, u32 count)
{
	fake_set_current(d->vcpu[0]);
	fake_guest_window(&guest, sizeof(guest));
	return do_grant_table_op(cmd, GVA((uintptr_t)&guest), count);
}

static s16 setup_table(struct domain *d, domid_t dom, u32 nr)
{
	guest.setup = (struct gnttab_setup_table){ .dom = dom, .nr_frames = nr, .status = 99 };
	set_xen_guest_handle(guest.setup.frame_list, guest.frames);
	assert_int_equal(grant_op(d, GNTTABOP_setup_table, 1), 0);
	return guest.setup.status;
}

static void query(struct domain *d, domid_t dom, s16 status, u32 nr)
{
	guest.query = (struct gnttab_query_size){ .dom = dom, .status = 99 };
	assert_int_equal(grant_op(d, GNTTABOP_query_size, 1), 0);
	assert_int_equal(guest.query.status, status);
	if (status)
		return;
	assert_int_equal(guest.query.nr_frames, nr);
	assert_int_equal(guest.query.max_nr_frames, 64);
}

static void test_setup(void **state)
{
	query(a, DOMID_SELF, GNTST_okay, 1);
	assert_int_equal(setup_table(a, DOMID_SELF, 4), GNTST_okay);
	for (int i = 0; i < 4; i++) {
		struct page *p = mfn_to_page(MFN(guest.frames[i]));
		const u64 *entries = page_to_virt(p);

		assert_true(mfn_valid(MFN(guest.frames[i])));
		for (int k = 0; k < i; k++)
			assert_true(guest.frames[k] != guest.frames[i]);
		assert_true(page_get(p, a));
		assert_false(page_get(p, ctl));
		page_put(p);
		for (u32 k = 0; k < PAGE_SIZE / 8; k++)
			assert_int_equal(entries[k], 0);
		/* Not the guest's to give back, nor to make a page table of. */
		assert_int_equal(domain_page_release(a, p), -EINVAL);
		assert_true((p->type & PT_TYPE_MASK) == PT_WRITABLE && p->type & PT_COUNT_MASK);
	}
	assert_true(guest.frames[4] == 0xeeeeeeeeeeeeeeee);
	assert_int_equal(a->tot_pages, 0);
	query(a, DOMID_SELF, GNTST_okay, 4);
	/* Asking for fewer shrinks nothing. */
	assert_int_equal(setup_table(a, DOMID_SELF, 0), GNTST_okay);
	assert_int_equal(setup_table(a, DOMID_SELF, 2), GNTST_okay);
	query(a, DOMID_SELF, GNTST_okay, 4);
	assert_int_equal(setup_table(a, DOMID_SELF, 64), GNTST_okay);
	assert_int_equal(setup_table(a, DOMID_SELF, 65), GNTST_general_error);
	assert_int_equal(setup_table(a, DOMID_SELF, ~0u), GNTST_general_error);
	query(a, DOMID_SELF, GNTST_okay, 64);
}

static void test_others(void **state)
{
	assert_int_equal(setup_table(ctl, a->id, 2), GNTST_okay);
	query(ctl, a->id, GNTST_okay, 2);
	query(ctl, DOMID_SELF, GNTST_okay, 1);
	assert_int_equal(setup_table(a, ctl->id, 2), GNTST_permission_denied);
	query(a, ctl->id, GNTST_permission_denied, 0);
	assert_int_equal(setup_table(ctl, 77, 2), GNTST_bad_domain);
	query(ctl, 77, GNTST_bad_domain, 0);
	assert_int_equal(a->refs, 1);
	assert_int_equal(ctl->refs, 1);
}

static void test_arguments(void **state)
{
	for (u32 cmd = 0; cmd < 16; cmd++) {
		bool known = cmd <= GNTTABOP_cache_flush && cmd != GNTTABOP_dump_table;

		fake_set_current(a->vcpu[0]);
		fake_guest_window(NULL, 0);
		assert_int_equal(do_grant_table_op(cmd, GVA(64), 1), known ? -EFAULT : -ENOSYS);
		assert_int_equal(do_grant_table_op(cmd, GVA(64), ~0u), -EINVAL);
	}
	assert_int_equal(grant_op(a, GNTTABOP_setup_table, 0), -EINVAL);
	assert_int_equal(grant_op(a, GNTTABOP_setup_table, 2), -EINVAL);
	assert_int_equal(grant_op(a, GNTTABOP_query_size, 0), -EINVAL);
	/* A list that cannot be written: an error of the operation. */
	guest.setup = (struct gnttab_setup_table){ .dom = DOMID_SELF, .nr_frames = 1 };
	guest.setup.frame_list.p = (void *)8;
	assert_int_equal(grant_op(a, GNTTABOP_setup_table, 1), 0);
	assert_int_equal(guest.setup.status, GNTST_bad_virt_addr);
}

static void test_version(void **state)
{
	const struct { u32 asked; long rc; } cases[] = {
		{ 0, -EINVAL }, { 1, 0 }, { 2, -ENOSYS }, { 3, -EINVAL }, { ~0u, -EINVAL },
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		guest.set.version = cases[i].asked;
		assert_int_equal(grant_op(a, GNTTABOP_set_version, 1), cases[i].rc);
		assert_int_equal(guest.set.version, 1);
	}
	guest.get = (struct gnttab_get_version){ .dom = DOMID_SELF };
	assert_int_equal(grant_op(a, GNTTABOP_get_version, 1), 0);
	assert_int_equal(guest.get.version, 1);
	guest.get.dom = ctl->id;
	assert_int_equal(grant_op(a, GNTTABOP_get_version, 1), -EPERM);
	guest.get.dom = 77;
	assert_int_equal(grant_op(a, GNTTABOP_get_version, 1), -ESRCH);
}

static void test_frame(void **state)
{
	mfn_t first, mfn;

	assert_int_equal(grant_frame(a, 0, &first), 0);
	assert_int_equal(grant_frame(a, 5, &mfn), 0);
	query(a, DOMID_SELF, GNTST_okay, 6);
	assert_int_equal(setup_table(a, DOMID_SELF, 6), GNTST_okay);
	assert_int_equal(guest.frames[0], first.n);
	assert_int_equal(guest.frames[5], mfn.n);
	assert_int_equal(grant_frame(a, 63, &mfn), 0);
	assert_int_equal(grant_frame(a, 64, &mfn), -EINVAL);
	assert_int_equal(grant_frame(a, ~0ull, &mfn), -EINVAL);
	assert_int_equal(grant_frame(a, 0x80000000, &mfn), -EINVAL);	/* status frames */
}

/* The domain dies while its table is still mapped somewhere. */
static void test_mapped_at_end(void **state)
{
	struct domain *d = a;
	mfn_t mfn;

	assert_int_equal(grant_frame(a, 1, &mfn), 0);
	assert_true(page_get(mfn_to_page(mfn), a));
	dom_xen = ctl;
	grant_destroy_domain(a);
	assert_ptr_equal(mfn_to_page(mfn)->owner, dom_xen);	/* not the dead one's */
	page_put(mfn_to_page(mfn));
	assert_null(mfn_to_page(mfn)->owner);
	dom_xen = NULL;
	a = NULL;
	fake_domain_destroy(d);
}

static void test_no_memory(void **state)
{
	struct page *kept[FRAMES];
	u32 n = 0;

	/* Room for one more frame, and for two and two pages of the core's own. */
	for (u32 i = 0; i < 2; i++) {
		kept[n] = page_alloc(1, ADDR_BITS_ANY);
		kept[n + 1] = kept[n] + 1;
		n += 2;
	}
	while ((kept[n] = page_alloc(0, ADDR_BITS_ANY)))
		n++;
	page_free(kept[--n], 0);
	for (u32 i = 0; i < 4; i++)
		page_free(kept[i], 0);
	memmove(kept, kept + 4, (n -= 4) * sizeof(kept[0]));
	assert_int_equal(setup_table(a, DOMID_SELF, 4), GNTST_general_error);
	query(a, DOMID_SELF, GNTST_okay, 2);	/* what could be had is there */
	assert_int_equal(page_alloc_nr_free(), 2);
	while (n)
		page_free(kept[--n], 0);
	assert_int_equal(setup_table(a, DOMID_SELF, 4), GNTST_okay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_setup, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_arguments, setup, teardown),
		cmocka_unit_test_setup_teardown(test_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_frame, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mapped_at_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
