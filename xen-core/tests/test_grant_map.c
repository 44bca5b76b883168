// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grant tables: mapping and copying.
 *
 * Rules under test: xen/grant_table.h, map_grant_ref, unmap_grant_ref and copy,
 * with the answers of Xen 4.17. A frame is held as long as anybody maps it, by
 * whatever way the mapping ends and whatever the granter writes into its table;
 * nothing is dropped twice; the granter is told that a frame is its own again
 * only when the mapper's TLBs are flushed.
 *
 * Links: grant*.c frame.c page_alloc.c softirq.c arch/fake/fake.c arch/fake/fake_domain.c
 */
#include "test_util.h"
#include "errno.h"
#include "fake.h"
#include "grant_table.h"
#include "page.h"
#include "hypercall.h"

#define FRAMES		512
#define MINE		8		/* frames of the granter */
#define PTES		16		/* entries of the mappers' page tables */
#define REFS		8u
#define BATCH		40u		/* more than GRANT_BATCH */
#define ADDR(i)		((u64)((i) + 1) << PAGE_SHIFT)

static struct domain *a, *b, *c;
static struct page *mine[MINE];
static struct grant_entry_v1 *entries;
static u64 free_at_start;
static u32 flushes;
static u64 rnd;

static union {
	struct gnttab_map_grant_ref map[BATCH];
	struct gnttab_unmap_grant_ref unmap[BATCH];
	struct gnttab_copy copy[2];
} guest;

/*
 * Page tables of the mappers: what entry i of each maps
 */

static struct pte { struct page *page; bool writable; } ptes[2][PTES];

static struct pte *pte_of(u64 addr)
{
	struct pte *table = ptes[current->domain == c];

	return addr >= ADDR(0) && addr < ADDR(PTES) ? &table[(addr >> PAGE_SHIFT) - 1] : NULL;
}

static void pte_zap(struct pte *pte)
{
	if (!pte->page)
		return;
	if (pte->writable)
		arch_put_guest_page_writable(pte->page);
	else
		page_put(pte->page);
	pte->page = NULL;
}

int arch_grant_map(struct page *page, u64 addr, u32 flags)
{
	struct pte *pte = pte_of(addr);
	bool writable = !(flags & GNTMAP_readonly);

	if (!pte)
		return -EINVAL;
	if (!writable)
		assert_true(page_get(page, page->owner));
	else if (!arch_get_guest_page_writable(page->owner, page_to_mfn(page).n))
		return -EINVAL;
	pte_zap(pte);
	*pte = (struct pte){ page, writable };
	return 0;
}

int arch_grant_unmap(struct page *page, u64 addr, u32 flags, u64 new_addr)
{
	struct pte *pte = pte_of(addr);

	if (!pte || pte->page != page || pte->writable == !!(flags & GNTMAP_readonly))
		return -EINVAL;
	pte_zap(pte);
	return 0;
}

static u32 marked_at_flush;

void arch_grant_flush(struct domain *d)
{
	flushes++;
	marked_at_flush = 0;
	for (u32 i = 0; i < BATCH; i++)
		marked_at_flush += !!(entries[i].flags & GTF_reading);
}

/*
 * Set-up, and short forms
 */

static int setup(void **state)
{
	mfn_t mfn;

	fake_machine_init(FRAMES, 1);
	page_alloc_add(MFN(1), MFN(FRAMES));
	free_at_start = page_alloc_nr_free();
	a = fake_domain_create(1, false, 1);
	b = fake_domain_create(2, false, 1);
	c = fake_domain_create(3, false, 1);
	for (u32 i = 0; i < MINE; i++)
		mine[i] = domain_page_alloc(a, 0, ADDR_BITS_ANY);
	assert_int_equal(grant_frame(a, 0, &mfn), 0);
	entries = mfn_to_virt(mfn);
	memset(ptes, 0, sizeof(ptes));
	flushes = 0;
	rnd = 88172645463325252ull;
	return 0;
}

static void run_as(struct domain *d)
{
	fake_set_current(d->vcpu[0]);
	fake_guest_window(&guest, sizeof(guest));
}

static void end_mapper(struct domain *d)
{
	run_as(d);
	for (u32 i = 0; i < PTES; i++)
		pte_zap(pte_of(ADDR(i)));
	while (grant_unmap_all(d))
		;
}

static int teardown(void **state)
{
	end_mapper(b);
	end_mapper(c);
	for (u32 i = 0; i < MINE; i++) {
		if (!mine[i])
			continue;
		assert_true(mine[i]->count == (PC_ALLOCATED | 1));
		assert_int_equal(mine[i]->type & PT_COUNT_MASK, 0);
		domain_page_release(a, mine[i]);
	}
	fake_domain_destroy(b);
	fake_domain_destroy(c);
	if (a) {
		assert_int_equal(a->refs, 1);
		fake_domain_destroy(a);
	}
	assert_int_equal(page_alloc_nr_free(), free_at_start);
	while (page_alloc(0, ADDR_BITS_ANY))
		;
	fake_machine_end();
	return 0;
}

static void grant(u32 ref, const struct domain *to, const struct page *page, u16 flags)
{
	entries[ref] = (struct grant_entry_v1){
		.flags = GTF_permit_access | flags, .domid = to->id,
		.frame = (u32)page_to_mfn(page).n,
	};
}

static s16 map_as(struct domain *d, u32 ref, u32 flags, u64 addr)
{
	run_as(d);
	guest.map[0] = (struct gnttab_map_grant_ref){
		.host_addr = addr, .flags = flags, .ref = ref, .dom = 1, .handle = ~0u,
	};
	assert_int_equal(do_grant_table_op(GNTTABOP_map_grant_ref,
					   GVA((uintptr_t)guest.map), 1), 0);
	return guest.map[0].status;
}

static s16 unmap_as(struct domain *d, u32 handle, u64 addr, u64 bus)
{
	run_as(d);
	guest.unmap[0] = (struct gnttab_unmap_grant_ref){
		.host_addr = addr, .dev_bus_addr = bus, .handle = handle,
	};
	assert_int_equal(do_grant_table_op(GNTTABOP_unmap_grant_ref,
					   GVA((uintptr_t)guest.unmap), 1), 0);
	return guest.unmap[0].status;
}

#define HOST	GNTMAP_host_map
#define DEV	GNTMAP_device_map
#define RO	GNTMAP_readonly

static u64 bus_of(const struct page *p)
{
	return mfn_to_maddr(page_to_mfn(p)).a;
}

/*
 * Tests
 */

static void test_life(void **state)
{
	struct page *p = mine[0];
	u32 first, second;

	grant(0, b, p, 0);
	assert_int_equal(map_as(b, 0, HOST | DEV, ADDR(0)), GNTST_okay);
	first = guest.map[0].handle;
	assert_int_equal(guest.map[0].dev_bus_addr, bus_of(p));
	assert_int_equal(entries[0].flags, GTF_permit_access | GTF_reading | GTF_writing);
	/* The allocation, the active entry, the page-table entry, the device. */
	assert_true(p->count == (PC_ALLOCATED | 4));
	assert_int_equal(p->type & PT_COUNT_MASK, 2);
	assert_int_equal(a->refs, 3);	/* its frames, the handle */
	/* What the granter writes now changes nothing. */
	entries[0] = (struct grant_entry_v1){ .domid = c->id, .frame = 3 };
	assert_int_equal(map_as(b, 0, HOST | RO, ADDR(1)), GNTST_okay);
	second = guest.map[0].handle;
	assert_ptr_equal(ptes[0][1].page, p);
	assert_int_equal(map_as(c, 0, HOST | RO, ADDR(1)), GNTST_general_error);
	assert_int_equal(domain_page_release(a, p), 0);
	mine[0] = NULL;
	assert_int_equal(unmap_as(b, first, ADDR(1), 0), GNTST_general_error);	/* read-only */
	assert_int_equal(unmap_as(b, first, ADDR(0), 0), GNTST_okay);
	assert_int_equal(unmap_as(b, first, ADDR(0), bus_of(p) + 1), GNTST_bad_dev_addr);
	assert_int_equal(unmap_as(b, first, 0, bus_of(p)), GNTST_okay);
	assert_int_equal(unmap_as(b, first, 0, bus_of(p)), GNTST_bad_handle);
	assert_ptr_equal(p->owner, a);
	assert_int_equal(unmap_as(b, second, ADDR(1), 0), GNTST_okay);
	assert_null(p->owner);
	assert_int_equal(a->refs, 2);
}

/* What the granter did not offer; and another's handles are not one's own. */
static void test_refused(void **state)
{
	grant(0, b, mine[0], GTF_readonly);
	assert_int_equal(map_as(b, 0, HOST, ADDR(0)), GNTST_general_error);
	assert_int_equal(map_as(c, 0, HOST | RO, ADDR(0)), GNTST_general_error);
	assert_int_equal(map_as(b, 0, RO, ADDR(0)), GNTST_bad_gntref);
	assert_int_equal(map_as(b, 512, HOST, ADDR(0)), GNTST_bad_gntref);
	assert_int_equal(map_as(b, 0, HOST | RO, 8), GNTST_general_error);
	assert_int_equal(entries[0].flags, GTF_permit_access | GTF_readonly);
	assert_int_equal(map_as(b, 0, HOST | RO, ADDR(0)), GNTST_okay);
	assert_int_equal(unmap_as(c, guest.map[0].handle, ADDR(0), 0), GNTST_bad_handle);
	/* That it is in use for reading is no leave to write. */
	assert_int_equal(map_as(b, 0, HOST, ADDR(3)), GNTST_general_error);
	/* A page table may be read, not written. */
	mine[1]->type = PT_L1 | PT_VALID | 1;
	mine[1]->count++;
	grant(1, b, mine[1], 0);
	assert_int_equal(map_as(b, 1, HOST, ADDR(1)), GNTST_general_error);
	assert_int_equal(map_as(b, 1, DEV, 0), GNTST_general_error);
	assert_int_equal(map_as(b, 1, HOST | RO, ADDR(1)), GNTST_okay);
	mine[1]->type = PT_NONE;
	page_put(mine[1]);
	/* Not the granter's. */
	entries[2] = (struct grant_entry_v1){ GTF_permit_access, b->id, FRAMES };
	assert_int_equal(map_as(b, 2, HOST, ADDR(2)), GNTST_bad_page);
	entries[2].frame = (u32)page_to_mfn(virt_to_page(b->grants)).n;
	assert_int_equal(map_as(b, 2, HOST, ADDR(2)), GNTST_bad_page);
	assert_int_equal(entries[2].flags, GTF_permit_access);
	assert_null(ptes[0][2].page);
}

/* The page-table entry was replaced by other means. */
static void test_zapped(void **state)
{
	u32 handle;

	grant(0, b, mine[0], 0);
	assert_int_equal(map_as(b, 0, HOST, ADDR(0)), GNTST_okay);
	handle = guest.map[0].handle;
	pte_zap(&ptes[0][0]);
	assert_int_equal(unmap_as(b, handle, ADDR(0), 0), GNTST_general_error);
	assert_true(mine[0]->count == (PC_ALLOCATED | 2));
	assert_int_equal(entries[0].flags, GTF_permit_access | GTF_reading | GTF_writing);
	assert_int_equal(flushes, 0);
	/* The end of the mapper ends it: teardown looks. */
}

static void test_batches(void **state)
{
	u32 handles[BATCH];

	run_as(b);
	for (u32 i = 0; i < BATCH; i++) {
		grant(i, b, mine[i % MINE], 0);
		guest.map[i] = (struct gnttab_map_grant_ref){
			.flags = DEV, .ref = i, .dom = a->id,
		};
	}
	fake_preempt_in = 0;
	assert_int_equal(do_grant_table_op(GNTTABOP_map_grant_ref, GVA((uintptr_t)guest.map),
					   BATCH), -ERESTART);
	assert_int_equal(current->arch.hc_args[1], (uintptr_t)&guest.map[GRANT_BATCH]);
	assert_int_equal(current->arch.hc_args[2], BATCH - GRANT_BATCH);
	assert_int_equal(do_grant_table_op(GNTTABOP_map_grant_ref,
					   GVA(current->arch.hc_args[1]),
					   (u32)current->arch.hc_args[2]), 0);
	for (u32 i = 0; i < BATCH; i++) {
		assert_int_equal(guest.map[i].status, GNTST_okay);
		handles[i] = guest.map[i].handle;
	}
	for (u32 i = 0; i < BATCH; i++)
		guest.unmap[i] = (struct gnttab_unmap_grant_ref){
			.handle = handles[i], .dev_bus_addr = bus_of(mine[i % MINE]),
		};
	/* Entries 0 to 31 are still marked as in use when their flush comes. */
	fake_preempt_in = 0;
	assert_int_equal(do_grant_table_op(GNTTABOP_unmap_grant_ref, GVA((uintptr_t)guest.unmap),
					   BATCH), -ERESTART);
	assert_int_equal(flushes, 1);
	assert_int_equal(marked_at_flush, BATCH);
	for (u32 i = 0; i < BATCH; i++)
		assert_int_equal(!(entries[i].flags & GTF_reading), i < GRANT_BATCH);
	/* The list ends early: what was done is done properly. */
	fake_guest_window(&guest, sizeof(guest.unmap[0]) * BATCH - 1);
	assert_int_equal(do_grant_table_op(GNTTABOP_unmap_grant_ref,
					   GVA(current->arch.hc_args[1]),
					   (u32)current->arch.hc_args[2]), -EFAULT);
	assert_int_equal(flushes, 2);
	for (u32 i = 0; i < BATCH; i++)
		assert_int_equal(!(entries[i].flags & GTF_reading), i < BATCH - 1);
}

/* A mapper dies in steps; a granter stays until its last frame is unmapped. */
static void test_ends(void **state)
{
	struct domain *d = a;

	for (u32 i = 0; i < BATCH; i++) {
		grant(i, b, mine[i % MINE], 0);
		assert_int_equal(map_as(b, i, DEV, 0), GNTST_okay);
	}
	assert_int_equal(grant_unmap_all(b), -ERESTART);
	assert_int_equal(grant_unmap_all(b), 0);
	for (u32 i = 0; i < BATCH; i++)
		assert_int_equal(entries[i].flags, GTF_permit_access);
	grant(0, c, mine[0], 0);
	assert_int_equal(map_as(c, 0, HOST | DEV, ADDR(0)), GNTST_okay);
	for (u32 i = 0; i < MINE; i++) {
		domain_page_release(a, mine[i]);
		mine[i] = NULL;
	}
	a = NULL;
	fake_domain_destroy(d);
	assert_ptr_equal(ptes[1][0].page->owner, d);
	assert_int_equal(entries[0].flags, GTF_permit_access | GTF_reading | GTF_writing);
}

static s16 copy_as(struct domain *d, u32 flags, u64 from, u64 to, u16 len)
{
	run_as(d);
	guest.copy[0] = (struct gnttab_copy){ .flags = flags, .len = len, .dest.offset = 8 };
	guest.copy[0].source.u.gmfn = from;
	guest.copy[0].dest.u.gmfn = to;
	guest.copy[0].source.domid = flags & GNTCOPY_source_gref ? 1 : DOMID_SELF;
	guest.copy[0].dest.domid = flags & GNTCOPY_dest_gref ? 1 : DOMID_SELF;
	assert_int_equal(do_grant_table_op(GNTTABOP_copy, GVA((uintptr_t)&guest.copy), 1), 0);
	return guest.copy[0].status;
}

static void test_copy(void **state)
{
	struct page *own = domain_page_alloc(b, 0, ADDR_BITS_ANY);
	u64 frame = page_to_mfn(own).n;

	grant(0, b, mine[0], 0);
	grant(1, b, mine[1], GTF_readonly);
	strcpy(page_to_virt(mine[1]), "granted");
	assert_int_equal(copy_as(b, GNTCOPY_source_gref, 1, frame, 8), GNTST_okay);
	assert_string_equal((char *)page_to_virt(own) + 8, "granted");
	assert_int_equal(copy_as(b, GNTCOPY_dest_gref, frame, 0, 16), GNTST_okay);
	assert_string_equal((char *)page_to_virt(mine[0]) + 16, "granted");
	assert_int_equal(copy_as(b, 3, 1, 0, 4088), GNTST_okay);
	assert_int_equal(copy_as(b, 3, 1, 0, 4089), GNTST_bad_copy_arg);
	assert_int_equal(copy_as(b, GNTCOPY_dest_gref, frame, 1, 16), GNTST_general_error);
	assert_int_equal(copy_as(c, GNTCOPY_dest_gref, frame, 0, 16), GNTST_bad_page);
	assert_int_equal(copy_as(b, 0, frame, page_to_mfn(mine[0]).n, 16), GNTST_bad_page);
	mine[0]->type = PT_L2 | PT_VALID | 1;
	assert_int_equal(copy_as(b, GNTCOPY_dest_gref, frame, 0, 16), GNTST_general_error);
	mine[0]->type = PT_NONE;
	assert_int_equal(entries[0].flags, GTF_permit_access);
	assert_int_equal(entries[1].flags, GTF_permit_access | GTF_readonly);
	assert_true(own->count == (PC_ALLOCATED | 1));
	assert_int_equal(own->type & PT_COUNT_MASK, 0);
	domain_page_release(b, own);
}

/* Operations of one list name different domains; none is held longer than the list. */
static void test_peers(void **state)
{
	struct page *theirs = domain_page_alloc(c, 0, ADDR_BITS_ANY);
	struct grant_entry_v1 *e;
	u32 refs[] = { a->refs, c->refs };
	mfn_t mfn;

	assert_int_equal(grant_frame(c, 0, &mfn), 0);
	e = mfn_to_virt(mfn);
	e[0] = (struct grant_entry_v1){ GTF_permit_access, b->id, (u32)page_to_mfn(theirs).n };
	grant(0, b, mine[0], 0);
	strcpy(page_to_virt(mine[0]), "from a");
	run_as(b);
	for (u32 i = 0; i < 2; i++)	/* a to c, and back to another place */
		guest.copy[i] = (struct gnttab_copy){
			.source = { .domid = i ? c->id : a->id, .offset = i ? 100 : 0 },
			.dest = { .domid = i ? a->id : c->id, .offset = i ? 200 : 100 },
			.flags = GNTCOPY_source_gref | GNTCOPY_dest_gref, .len = 8,
		};
	assert_int_equal(do_grant_table_op(GNTTABOP_copy, GVA((uintptr_t)guest.copy), 2), 0);
	assert_int_equal(guest.copy[0].status | guest.copy[1].status, GNTST_okay);
	assert_string_equal((char *)page_to_virt(mine[0]) + 200, "from a");
	assert_int_equal(a->refs, refs[0]);
	assert_int_equal(c->refs, refs[1]);
	for (u32 i = 0; i < 4; i++)
		guest.map[i] = (struct gnttab_map_grant_ref){
			.flags = DEV, .dom = (domid_t[]){ a->id, c->id, c->id, 77 }[i],
		};
	assert_int_equal(do_grant_table_op(GNTTABOP_map_grant_ref,
					   GVA((uintptr_t)guest.map), 4), 0);
	assert_int_equal(guest.map[0].dev_bus_addr, bus_of(mine[0]));
	assert_int_equal(guest.map[1].dev_bus_addr, bus_of(theirs));
	assert_int_equal(guest.map[3].status, GNTST_bad_domain);
	assert_int_equal(a->refs, refs[0] + 1);	/* the handles' */
	assert_int_equal(c->refs, refs[1] + 2);
	end_mapper(b);
	assert_int_equal(a->refs, refs[0]);
	assert_int_equal(c->refs, refs[1]);
	assert_int_equal(e[0].flags, GTF_permit_access);
	domain_page_release(c, theirs);
}

/*
 * Anything at any time, against a count from scratch
 */

static void check_frames(void)
{
	u32 count[MINE] = { 0 }, writers[MINE] = { 0 };
	u32 uses[REFS][2] = { 0 };

	for (u32 d = 0; d < 2; d++) {
		const struct grant_table *gt = (d ? c : b)->grants;

		for (u32 i = 0; i < gt->nr_maps; i++) {
			const struct grant_map *m = &gt->map_page[i / MAPS_PER_PAGE]
								  [i % MAPS_PER_PAGE];
			bool writes = m->granter && !(m->flags & RO) && m->flags & DEV;

			if (!m->granter)
				continue;
			assert_true(m->flags & (HOST | DEV));
			uses[m->ref][!(m->flags & RO)]++;
			for (u32 k = 0; k < MINE; k++)
				if (mine[k] == grant_entry_page(a, m->ref) && writes)
					count[k]++, writers[k]++;
		}
		for (u32 i = 0; i < PTES; i++)
			for (u32 k = 0; k < MINE; k++)
				if (ptes[d][i].page == mine[k])
					count[k]++, writers[k] += ptes[d][i].writable;
	}
	for (u32 i = 0; i < REFS; i++) {
		const struct grant_active *active = &a->grants->active[0][i];

		assert_int_equal(active->readers, uses[i][0]);
		assert_int_equal(active->writers, uses[i][1]);
		for (u32 k = 0; k < MINE; k++)
			if (mine[k] == grant_entry_page(a, i) && uses[i][0] + uses[i][1])
				count[k]++;
	}
	for (u32 k = 0; k < MINE; k++) {
		assert_true(mine[k]->count == (PC_ALLOCATED | (1 + count[k])));
		assert_int_equal(mine[k]->type & PT_COUNT_MASK, writers[k]);
	}
}

static u32 dice(u32 n)
{
	return test_random(&rnd) % n;
}

static void random_step(void)
{
	struct domain *d = dice(2) ? b : c;
	u32 ref = dice(REFS);

	switch (dice(8)) {
	case 0:
		grant(ref, d, mine[dice(MINE)], (u16)(dice(4) ? 0 : GTF_readonly));
		break;
	case 1:		/* a bad or strange entry */
		entries[ref].flags = (u16)test_random(&rnd);
		if (!dice(4))
			entries[ref].frame = dice(FRAMES + 10);
		break;
	case 2:
		run_as(d);
		pte_zap(pte_of(ADDR(dice(PTES))));
		break;
	case 3 ... 5:
		map_as(d, ref, dice(8), ADDR(dice(PTES + 1)));
		break;
	default:
		unmap_as(d, dice(d->grants->nr_maps + 2), dice(2) ? ADDR(dice(PTES)) : 0,
			 dice(2) ? bus_of(mine[dice(MINE)]) : 0);
	}
}

static void test_random_steps(void **state)
{
	for (u32 i = 0; i < 60000; i++) {
		/* Now and then a mapper dies and is built again. */
		if (!dice(500)) {
			struct domain *d = dice(2) ? b : c;

			end_mapper(d);
			d->grants->nr_released = 0;
		}
		random_step();
		check_frames();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_zapped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_batches, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_peers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random_steps, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
