// SPDX-License-Identifier: GPL-2.0-only
/*
 * H3: one vcpu changes the arguments, the entries and the tables while the other
 * one's call looks at them. What was checked is what is used, so nothing that is
 * refused when it stands still is ever done. And sizes that wrap.
 */
#include "domain.h"

#define ENOUGH	100u		/* times that each side came first */

enum { ASK_PAGE, ASK_INTACT };

static int64_t serve(struct micro_domain *d, uint32_t question, uint64_t argument)
{
	(void)d;
	(void)argument;
	return question == ASK_PAGE ? (int64_t)micro_va_to_mfn(micro_pattern())
				    : micro_pattern_is_intact();
}

/* What vcpu 1 flips between two values, until it is told to stop. */
static volatile uint64_t *flip_at;
static uint64_t flip_good, flip_bad;
static volatile bool stop;
static volatile unsigned int laps;

static void flip(void)
{
	for (; !stop; laps++) {
		*flip_at = flip_bad;
		*flip_at = flip_good;
	}
}

/* Have vcpu 1 run @body until race_end(); it has begun when this returns. */
static void race_start(void (*body)(void))
{
	stop = false;
	laps = 0;
	micro_need(!micro_vcpu_start(1, body));
	while (!laps)
		asm volatile("pause");
}

static void race_end(void)
{
	stop = true;
	micro_vcpu_stop(1);
}

/* How often a call was refused, and how often not. */
static unsigned int outcome[2];

/* Counts the outcome @ok of a round. Return: may the race end? */
static bool race_decided(bool ok)
{
	outcome[ok]++;
	if (!((outcome[0] + outcome[1]) % 1024))
		micro_info("%u refused, %u not", outcome[0], outcome[1]);
	return outcome[0] >= ENOUGH && outcome[1] >= ENOUGH;
}

static void flip_start(volatile uint64_t *at, uint64_t good, uint64_t bad)
{
	flip_at = at;
	flip_good = good;
	flip_bad = bad;
	outcome[0] = outcome[1] = 0;
	race_start(flip);
}

static uint64_t *table, foreign;

static void setup(void)
{
	foreign = micro_ask(ASK_PAGE, 0);
	table = micro_scratch_open(0);
}

/* The value of an update: our frame, or dom0's. Never does dom0's get in. */
MICRO_TEST_DOMU_SERVED(domu_race_update, 1, serve)
{
	static struct mmu_update update;
	char *page = micro_page_alloc();
	unsigned int wrong = 0;
	bool ok;

	setup();
	update.ptr = micro_va_to_mfn(table) << PAGE_SHIFT;
	flip_start(&update.val, micro_page_pte(page, PTE_RW), foreign << PAGE_SHIFT | PTE_RW);
	do {
		ok = !hc_mmu_update(&update, 1, NULL, DOMID_SELF);
		wrong += (table[0] & PTE_P) &&
			 (table[0] & PTE_ADDR_MASK) >> PAGE_SHIFT != micro_va_to_mfn(page);
	} while (!race_decided(ok));
	race_end();
	micro_report("wrong=%u intact=%ld", wrong, (long)micro_ask(ASK_INTACT, 0));
}

/* The place of an update: an L1 table of ours, or dom0's page. */
MICRO_TEST_DOMU_SERVED(domu_race_place, 1, serve)
{
	static struct mmu_update update;

	setup();
	flip_start(&update.ptr, micro_va_to_mfn(table) << PAGE_SHIFT, foreign << PAGE_SHIFT);
	update.val = micro_page_pte(micro_page_alloc(), PTE_RO);
	while (!race_decided(!hc_mmu_update(&update, 1, NULL, DOMID_SELF)))
		;
	race_end();
	micro_report("intact=%ld", (long)micro_ask(ASK_INTACT, 0));
}

/* Maps the table to be at another address, to write an entry that nobody looked at. */
static uint64_t *late;
static volatile unsigned int mapped;

/* Give the other vcpu a chance to come first, for a time that changes. */
static void stand_back(void)
{
	for (unsigned int i = 100 * (laps & 7); i; i--)
		asm volatile("pause");
}

static void write_late(void)
{
	volatile uint64_t *va = (uint64_t *)micro_scratch_va(0);

	for (; !stop; laps++) {
		if (hc_update_va_mapping(va, micro_page_pte(late, PTE_RW), UVMF_INVLPG))
			continue;
		va[511] = foreign << PAGE_SHIFT | PTE_RW;
		va[511] = 0;
		mapped++;
		hc_update_va_mapping(va, 0, UVMF_INVLPG);
		stand_back();
	}
}

/* A table that is written while it is pinned, and looked at: by its owner, through memory. */
MICRO_TEST_DOMU_SERVED(domu_race_pin, 1, serve)
{
	unsigned int pinned = 0, wrong = 0;

	late = micro_table_build(0);
	setup();
	race_start(write_late);
	while (pinned < ENOUGH || mapped < ENOUGH) {
		if (micro_mmuext(MMUEXT_PIN_L1_TABLE, micro_va_to_mfn(late), 0))
			continue;
		if (!(++pinned % 16))
			micro_info("%u pins, %u mappings", pinned, mapped);
		wrong += !!late[511];
		micro_mmuext(MMUEXT_UNPIN_TABLE, micro_va_to_mfn(late), 0);
		stand_back();
	}
	race_end();
	micro_report("pinned while writable=%u intact=%ld", wrong, (long)micro_ask(ASK_INTACT, 0));
}

/* Frames of a copy, and of a list of extents. */
MICRO_TEST_DOMU_SERVED(domu_race_frames, 1, serve)
{
	static struct gnttab_copy copy;
	static xen_pfn_t frame;
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };
	uint64_t *from = micro_page_alloc(), *to = micro_page_alloc();

	setup();
	copy = (struct gnttab_copy){
		.source.domid = DOMID_SELF, .dest.domid = DOMID_SELF, .len = 64,
		.source.u.gmfn = micro_va_to_mfn(from), .dest.u.gmfn = micro_va_to_mfn(to),
	};
	flip_start(&copy.dest.u.gmfn, copy.dest.u.gmfn, foreign);
	do
		hc_grant_table_op(GNTTABOP_copy, &copy, 1);
	while (!race_decided(!copy.status));
	race_end();
	set_xen_guest_handle(r.extent_start, &frame);
	flip_start(&frame, micro_bad_mfn(), foreign);
	while (laps < 30 * ENOUGH)
		hc_memory_op(XENMEM_decrease_reservation, &r);
	race_end();
	micro_report("copied=%d intact=%ld", to[0] == from[0], (long)micro_ask(ASK_INTACT, 0));
}

/* Two vcpus link and unlink the same tables. */
static uint64_t slot, entry;

static void link_other(void)
{
	for (; !stop; laps++) {
		micro_mmu_update(slot, entry);
		micro_mmu_update(slot, 0);
		micro_mmuext(MMUEXT_PIN_L1_TABLE, entry >> PAGE_SHIFT, 0);
	}
}

MICRO_TEST_DOMU(domu_race_link)
{
	unsigned int i;

	table = micro_scratch_open(0);
	slot = micro_pte_maddr(micro_scratch_va(1), 2);
	entry = micro_page_pte(table, PTE_TABLE);
	race_start(link_other);
	for (i = 0; i < ENOUGH || laps < ENOUGH; i++) {
		if (!(i % 64))
			micro_info("%u and %u laps", i, laps);
		micro_mmu_update(slot, entry);
		micro_mmuext(MMUEXT_UNPIN_TABLE, micro_va_to_mfn(table), 0);
		micro_mmu_update(slot, 0);
		micro_mmu_update(micro_va_to_mfn(table) << PAGE_SHIFT,
				 micro_page_pte((void *)table, i % 2 ? PTE_RO : 0));
	}
	race_end();
	/* No use of it is left over, and none was dropped twice. */
	micro_mmuext(MMUEXT_UNPIN_TABLE, micro_va_to_mfn(table), 0);
	micro_mmu_update(micro_va_to_mfn(table) << PAGE_SHIFT, 0);
	micro_mmu_update(micro_pte_maddr(micro_scratch_va(0), 2), 0);
	micro_report("free=%ld", micro_map(table, micro_page_pte(table, PTE_RW)));
}

/* Two trees of this many full L1 tables each: too much for a call without a break. */
#define TREE_L1S	24

static uint64_t *trees[2], *l1s[2][TREE_L1S];

/* Unlink both, write to one and its tables, and link them again, in one list. */
static void trees_relink(unsigned int n)
{
	uint64_t *l2 = trees[n & 1], *l1 = l1s[n & 1][n % TREE_L1S];
	struct mmu_update list[] = {
		{ .ptr = slot },
		{ .ptr = slot + 8 },
		{ .ptr = (micro_va_to_mfn(l2) << PAGE_SHIFT) + n % TREE_L1S * 8,
		  .val = n & 64 ? micro_page_pte(l1, PTE_TABLE) : 0 },
		{ .ptr = (micro_va_to_mfn(l1) << PAGE_SHIFT) + 511 * 8,
		  .val = n & 2 ? micro_page_pte(l2, PTE_RO) : 0 },
		{ .ptr = slot, .val = micro_page_pte(trees[0], PTE_TABLE) },
		{ .ptr = slot + 8, .val = micro_page_pte(trees[1], PTE_TABLE) },
	};

	/* Some are refused, as the other vcpu has it: go on behind them. */
	for (unsigned int i = 0, done; i < ARRAY_SIZE(list); i += done + 1) {
		done = 0;
		hc_mmu_update(list + i, ARRAY_SIZE(list) - i, &done, DOMID_SELF);
	}
}

static void relink_other(void)
{
	for (; !stop; laps++) {
		trees_relink(laps);
		micro_mmuext(laps & 1 ? MMUEXT_PIN_L2_TABLE : MMUEXT_UNPIN_TABLE,
			     micro_va_to_mfn(trees[0]), 0);
	}
}

static uint64_t *tree_build(uint64_t **l1)
{
	uint64_t *l2 = micro_page_alloc();
	unsigned int i, k;

	for (i = 0; i < TREE_L1S; i++) {
		l1[i] = micro_page_alloc();
		for (k = 0; k < 511; k++)
			l1[i][k] = micro_page_pte(l2, PTE_RO);
		micro_page_protect(l1[i], false);
		l2[i] = micro_page_pte(l1[i], PTE_TABLE);
	}
	micro_page_protect(l2, false);
	return l2;
}

/* How many of the tree's pages are tables still. */
static unsigned int tree_left(uint64_t *l2, uint64_t **l1)
{
	unsigned int i, left = !!micro_map(l2, micro_page_pte(l2, PTE_RW));

	for (i = 0; i < TREE_L1S; i++)
		left += !!micro_map(l1[i], micro_page_pte(l1[i], PTE_RW));
	return left;
}

/*
 * P6: the release of a tree that took a break is over before the next entry of the list,
 * which may unlink another one, writes to its tables or links it again. Timers make the
 * breaks; the other vcpu does the same to the same trees.
 */
MICRO_TEST_DOMU(domu_race_trees)
{
	struct vcpu_set_periodic_timer timer = { .period_ns = 1000000 };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		trees[i] = tree_build(l1s[i]);
		micro_need(!hc_vcpu_op(VCPUOP_set_periodic_timer, i, &timer));
	}
	micro_need(!micro_mmu_update(micro_pte_maddr(0x7f0000000000, 4),
				     micro_page_pte(micro_table_build(0), PTE_TABLE)));
	slot = micro_pte_maddr(0x7f0000000000, 3);
	race_start(relink_other);
	for (i = 0; i < 2 * ENOUGH || laps < 2 * ENOUGH; i++) {
		if (!(i % 16))
			micro_info("%u and %u laps", i, laps);
		trees_relink(i);
	}
	race_end();
	for (i = 0; i < 2; i++)
		hc_vcpu_op(VCPUOP_stop_periodic_timer, i, NULL);
	micro_mmuext(MMUEXT_UNPIN_TABLE, micro_va_to_mfn(trees[0]), 0);
	micro_need(!micro_mmu_update(slot, 0) && !micro_mmu_update(slot + 8, 0));
	/* No use of a table is left over, and none was dropped twice. */
	i = tree_left(trees[0], l1s[0]) + tree_left(trees[1], l1s[1]);
	micro_report("left=%u", i);
	micro_check(!i);
}

/* --- frames --- */

/* What vcpu 0 does with the frame; vcpu 1 changes its number. */
enum { OWNED, GIVING, GONE, PHASES };

static volatile unsigned int phase;	/* counted on: modulo PHASES */
static volatile uint64_t numbered;
static volatile unsigned int overwritten, taken;

#define OTHER_NUMBER	0x12345UL

static void renumber(void)
{
	for (; !stop; laps++) {
		unsigned int began = phase;
		uint64_t frame = numbered;

		if (began % PHASES == GIVING ||
		    micro_mmu_update(frame << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, OTHER_NUMBER))
			continue;
		taken++;
		/* Ours already, and not yet given back: nobody else numbers it. */
		overwritten += machine_to_phys_mapping[frame] != OTHER_NUMBER &&
			       phase - began <= (began % PHASES == GONE);
	}
}

/* X6: a frame is numbered while it is nobody's: what its new owner says of it stays. */
MICRO_TEST_DOMU(domu_race_machphys)
{
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };
	char *page = micro_page_alloc();
	static xen_pfn_t frame;
	unsigned int i, again = 0;

	setup();
	set_xen_guest_handle(r.extent_start, &frame);
	numbered = frame = micro_va_to_mfn(page);
	micro_need(!micro_map(page, 0));
	race_start(renumber);
	for (i = 0; again < ENOUGH * 20 || taken < ENOUGH * 20; i++) {
		phase++;
		micro_need(hc_memory_op(XENMEM_decrease_reservation, &r) == 1);
		frame = micro_va_to_pfn(page);
		phase++;
		micro_need(hc_memory_op(XENMEM_populate_physmap, &r) == 1);
		again += frame == numbered;
		numbered = frame;
		phase++;
		if (!(i % 1024))
			micro_info("%u times, %u the same frame, %u numbered", i, again, taken);
	}
	race_end();
	micro_report("overwritten=%d", !!overwritten);
	micro_check(!overwritten || !micro_is_ours());
}

/* --- sizes --- */

static const uint64_t counts[] = {
	1UL << 31, (1UL << 31) - 1, (1UL << 32) - 1, 1UL << 32, 1UL << 48, 1UL << 60,
	1UL << 61, 1UL << 63, ~0UL, 0x1fffffffffffffff,
};

static long reserve(unsigned int cmd, uint64_t n, unsigned int order, void *list)
{
	struct xen_memory_reservation r = {
		.nr_extents = n, .extent_order = order, .domid = DOMID_SELF,
	};

	set_xen_guest_handle_raw(r.extent_start, list);
	return hc_memory_op(cmd, &r);
}

static long exchange(uint64_t n, unsigned int in_order, unsigned int out_order, void *list)
{
	struct xen_memory_exchange x = {
		.in = { .nr_extents = n, .extent_order = in_order, .domid = DOMID_SELF },
		.out = { .nr_extents = n << in_order >> out_order, .extent_order = out_order,
			 .domid = DOMID_SELF },
	};

	set_xen_guest_handle_raw(x.in.extent_start, list);
	set_xen_guest_handle_raw(x.out.extent_start, list);
	return hc_memory_op(XENMEM_exchange, &x);
}

/* Each list is where nothing is mapped: what believes the size soon finds out. */
MICRO_TEST_DOMU(domu_sizes)
{
	void *none = (void *)micro_scratch_va(20);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		uint64_t n = counts[i];

		micro_report("%lx: mmu_update=%ld mmuext=%ld multicall=%ld", n,
			     hc_mmu_update(none, n, NULL, DOMID_SELF),
			     hc_mmuext_op(none, n, NULL, DOMID_SELF), hc_multicall(none, n));
		micro_report("%lx: grant_map=%ld copy=%ld", n,
			     hc_grant_table_op(GNTTABOP_map_grant_ref, none, n),
			     hc_grant_table_op(GNTTABOP_copy, none, n));
		micro_report("%lx: gdt=%ld console=%ld", n, hc_set_gdt(none, n),
			     hc_console_io(CONSOLEIO_write, n, none));
		micro_report("%lx: decrease=%ld populate=%ld", n,
			     reserve(XENMEM_decrease_reservation, n, 0, none),
			     reserve(XENMEM_populate_physmap, n, 0, none));
		micro_report("exchange %lx=%ld to_order9=%ld", n, exchange(n, 0, 0, none),
			     exchange(n, 0, 9, none));
	}
	for (i = 8; i < 72; i += 9) {
		micro_report("order%u: populate=%ld", i,
			     reserve(XENMEM_populate_physmap, 1, i, none));
		micro_report("exchange order%u=%ld", i, exchange(1, i, 0, none));
	}
}
