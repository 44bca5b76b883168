// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a CPU knows of a domain, its TLB, accessed and dirty bits, registers, while the
 * domain's other vcpu changes the tables and dom0 moves both from CPU to CPU.
 *
 *	vcpu 0		pages[n % PAGES] = n; show it at the window; flush; stage = n
 *	vcpu 1		s = stage; v = *window		v < s: an entry outlived its flush
 *	dom0		vcpu 0 and 1 to CPU 0 or 1, over and over
 */
#include "domain.h"

#define ROUNDS	400u
#define MOVES_MIN 40u
#define PAGES	8
#define OVER	~0u		/* the last stage */

enum { STANDS, MOVES };			/* micro_mail->which of a race */
enum { WORD_OVER, WORD_MOVES };		/* of the mail */
enum { ASK_MOVES };

static volatile uint64_t *window;
static uint64_t *pages[PAGES];
static volatile unsigned int stage, rounds_seen, stale, lost;

/* dom0's side: other registers than the domain's on each CPU it visits. */
static int64_t serve_moves(struct micro_domain *d, uint32_t question, uint64_t argument)
{
	static const uint64_t marks[2] __attribute__((aligned(16))) = { 0xd0d0, 0xd0d0 };
	unsigned int i;

	(void)question;
	(void)argument;
	for (i = 0; !READ_ONCE(d->mail->word[WORD_OVER]); i++) {
		asm volatile("movups %0, %%xmm0; movups %0, %%xmm15" :: "m" (marks));
		micro_vcpu_place(d->id, i >> 1 & 1, 1 + (i & 1));
		micro_domain_place(0, 1 + (i >> 2 & 1));
		hc_sched_op(SCHEDOP_yield, NULL);
		d->mail->word[WORD_MOVES]++;
		if (!(i % 16))
			micro_info("%u moves", i);
		micro_domain_print(d);		/* it may wait for room to say something */
	}
	micro_domain_place(0, ~0UL);
	return i;
}

static void moves_begin(void)
{
	micro_ask_begin(ASK_MOVES, 0);
	while (READ_ONCE(micro_mail->word[WORD_MOVES]) < 8)
		asm volatile("pause");
}

static int64_t moves_end(void)
{
	WRITE_ONCE(micro_mail->word[WORD_OVER], 1);
	return micro_ask_end();
}

static void marks_fill(uint64_t mark)
{
	uint64_t marks[2] = { mark, ~mark };

	asm volatile("movups %0, %%xmm0; movups %0, %%xmm15" :: "m" (marks));
	hc_set_segment_base(SEGBASE_FS, mark);
	hc_set_segment_base(SEGBASE_GS_KERNEL, ~mark & 0x7fffffffffff);
}

static bool marks_are(uint64_t mark)
{
	uint64_t low[2], high[2];

	asm volatile("movups %%xmm0, %0; movups %%xmm15, %1" : "=m" (low), "=m" (high));
	return low[0] == mark && low[1] == ~mark && high[0] == mark && high[1] == ~mark &&
	       micro_rdmsr(0xc0000100) == mark;
}

/*
 * The stage, then what the window shows. QEMU's CPUs take interrupts between blocks of
 * instructions only: a block that is slow before it looks is one that a flush which
 * is not waited for comes too late for.
 */
static unsigned int look(uint64_t *value)
{
	unsigned int seen;

	asm volatile("fninit; fld1; .rept 50; fldpi; fpatan; .endr\n\t"
		     "movl %2, %0; movq (%3), %1"
		     : "=&r" (seen), "=r" (*value) : "m" (stage), "r" (window) : "memory");
	return seen;
}

static void read_window(void)
{
	unsigned int seen, i = 0;
	uint64_t value;

	marks_fill(0x1111111);
	while ((seen = look(&value)) != OVER) {
		stale += value < seen;
		lost += !(++i % 64) && !marks_are(0x1111111);
		rounds_seen++;
	}
}

/*
 * Show one of the pages after the other at the window, by @show. When a flush of all
 * of the domain's vcpus is over none reads by what was there before, wherever it ran
 * meanwhile; and it finds its registers wherever it goes.
 */
static void race_rounds(long (*show)(unsigned int n))
{
	bool moves = micro_mail->which == MOVES;
	int64_t moved = 0;
	unsigned int n;

	marks_fill(0x2222222);
	micro_need(!micro_vcpu_start(1, read_window));
	while (!rounds_seen)
		asm volatile("pause");
	if (moves)
		moves_begin();
	for (n = 1; n <= ROUNDS || rounds_seen < ROUNDS ||
	     (moves && READ_ONCE(micro_mail->word[WORD_MOVES]) < MOVES_MIN); n++) {
		pages[n % PAGES][0] = n;
		if (show(n))
			micro_fail("round %u", n);
		lost += !marks_are(0x2222222);
		stage = n;
		if (!(n % 64))
			micro_info("%u rounds", n);
	}
	stage = OVER;
	if (moves)
		moved = moves_end();
	micro_vcpu_stop(1);
	micro_info("%u looks, %ld moves", rounds_seen, (long)moved);
	micro_report("stale=%u registers_lost=%u", stale, lost);
	micro_check(!stale && !lost && (!moves || moved >= MOVES_MIN));
}

static long show_by_l1(unsigned int n)
{
	return hc_update_va_mapping(window, micro_page_pte(pages[n % PAGES], PTE_RO),
				    n & 1 ? UVMF_INVLPG | UVMF_ALL : UVMF_TLB_FLUSH | UVMF_ALL);
}

/* T1, T3: with a flush that the guest asks for. */
MICRO_TEST_DOMU_SERVED(domu_race_flush, 2, serve_moves)
{
	unsigned int n;

	for (n = 0; n < PAGES; n++)
		pages[n] = micro_page_alloc();
	micro_scratch_open(0);
	window = (uint64_t *)micro_scratch_va(0);
	micro_need(!show_by_l1(0));
	race_rounds(show_by_l1);
}

static uint64_t *trees[PAGES];		/* level 3 */

/* The core flushes by itself: what it unlinked may be no table any more. */
static long show_by_l4(unsigned int n)
{
	return micro_mmu_update(micro_pte_maddr((unsigned long)window, 4),
				micro_page_pte(trees[n % PAGES], PTE_TABLE));
}

/* P4, and V2 where there are views: they are copies of the L4 that is changed here. */
MICRO_TEST_DOMU_SERVED(domu_race_root, 2, serve_moves)
{
	unsigned int n;

	for (n = 0; n < PAGES; n++) {
		pages[n] = micro_page_alloc();
		trees[n] = micro_tree_build(micro_page_pte(pages[n], PTE_RO));
	}
	window = (uint64_t *)0x7f0000000000;
	micro_need(!show_by_l4(0));
	race_rounds(show_by_l4);
}

/* Entries that are absent and name no frame. */
static void write_always(void)
{
	while (stage != OVER) {
		window[511] = (++rounds_seen & 0x3ff) << 1;
		look(&(uint64_t){ 0 });
	}
}

/*
 * P4, T7: a page that another vcpu writes is taken from it without a flush, and becomes
 * a table. Nothing is written to that any more, by what a TLB may have of it still.
 */
MICRO_TEST_DOMU_SERVED(domu_race_type, 2, serve_moves)
{
	bool moves = micro_mail->which == MOVES;
	volatile uint64_t *page[2];
	unsigned int n, late = 0, written = 0, i;

	for (n = 0; n < 2; n++)
		page[n] = micro_table_build(0);
	micro_scratch_open(0);
	window = (uint64_t *)micro_scratch_va(0);
	micro_need(!micro_map((void *)window, micro_page_pte((void *)page[0], PTE_RW)));
	micro_need(!micro_vcpu_start(1, write_always));
	if (moves)
		moves_begin();
	for (n = 0; written < ROUNDS ||
	     (moves && READ_ONCE(micro_mail->word[WORD_MOVES]) < MOVES_MIN); n++) {
		volatile uint64_t *old = page[n & 1], *new = page[!(n & 1)];
		uint64_t was, before = new[511];

		if (hc_update_va_mapping(window, micro_page_pte((void *)new, PTE_RW), 0) ||
		    micro_mmuext(MMUEXT_PIN_L1_TABLE, micro_va_to_mfn((void *)old), 0))
			micro_fail("round %u", n);
		was = old[511];
		for (i = 0; i < 2000 && old[511] == was; i++)
			asm volatile("pause");
		late += old[511] != was;
		written += new[511] != before;
		if (micro_mmuext(MMUEXT_UNPIN_TABLE, micro_va_to_mfn((void *)old), 0))
			micro_fail("round %u: unpin", n);
		if (!(n % 256))
			micro_info("%u rounds, %u with writes", n, written);
	}
	stage = OVER;
	if (moves)
		moves_end();
	micro_vcpu_stop(1);
	micro_report("written as a table=%u", late);
	micro_check(!late);
}

/* Writes once for each stage: the CPU sets the dirty bit of its entry. */
static void write_window(void)
{
	unsigned int seen = 0;

	while (seen != ROUNDS) {
		while (stage == seen)
			asm volatile("pause");
		seen = stage;
		*window = seen;
		rounds_seen = seen;
	}
}

/*
 * P9: one vcpu changes another bit of a live entry, by a read and a write that trap,
 * while the other one's first write sets the dirty bit. It is set in the end.
 */
MICRO_TEST_DOMU(domu_race_dirty)
{
	volatile uint64_t *table = micro_scratch_open(0);
	uint64_t *page = micro_page_alloc(), pte = micro_page_pte(page, PTE_RW & ~PTE_D);
	unsigned int n, changes = 0;

	window = (uint64_t *)micro_scratch_va(0);
	micro_need(!micro_map((void *)window, pte));
	micro_need(!micro_vcpu_start(1, write_window));
	for (n = 1; n <= ROUNDS; n++) {
		micro_need(!hc_update_va_mapping(window, pte, UVMF_INVLPG | UVMF_ALL));
		stage = n;
		do {
			asm volatile("lock; xorq %1, %0" : "+m" (table[0]) : "r" (0x200UL));
			changes++;
		} while (rounds_seen != n);
		lost += !(table[0] & PTE_D);
		if (!(n % 64))
			micro_info("%u changes of %u entries", changes, n);
	}
	micro_vcpu_stop(1);
	micro_report("lost=%u", lost);
	micro_check(!lost);
}
