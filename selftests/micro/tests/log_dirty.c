// SPDX-License-Identifier: GPL-2.0-only
/*
 * XEN_DOMCTL_shadow_op (domctl.h): the frames of another domain that were written
 * to. Debian's Xen has no shadow paging and refuses; what its header promises is
 * held against a domain that never runs, but has tables and is written to by dom0,
 * and against one that looks at its own entries.
 */
#include "domain.h"

#define DOM	8
#define GFNS	24u
#define ROUND	64		/* bits of the bitmap */

enum { L4, USER_L3, USER_L2, USER_L1, KERNEL_L3, KERNEL_L2, KERNEL_L1, LOOSE_L1, DATA };
enum { P = 1, W = 2, A = 0x20, D = 0x40 };

static xen_pfn_t mfns[GFNS];
static uint64_t bitmap;

static void create(void)
{
	struct xen_memory_reservation r = { .nr_extents = GFNS, .domid = DOM };

	micro_need(!micro_domctl_create(DOM, 1));
	micro_domctl_clear();
	micro_domctl.u.max_mem.max_memkb = GFNS * 4;
	micro_need(!micro_domctl_do(XEN_DOMCTL_max_mem, DOM));
	for (unsigned int i = 0; i < GFNS; i++)
		mfns[i] = i;
	set_xen_guest_handle(r.extent_start, mfns);
	micro_need(hc_memory_op(XENMEM_populate_physmap, &r) == GFNS);
}

static long shadow(uint32_t what, uint64_t pages)
{
	micro_domctl_clear();
	bitmap = 0;
	micro_domctl.u.shadow_op.op = what;
	micro_domctl.u.shadow_op.pages = pages;
	micro_domctl.u.shadow_op.dirty_bitmap.p = (void *)&bitmap;
	return micro_domctl_do(XEN_DOMCTL_shadow_op, DOM);
}

/* What is asked, and of whom. */
MICRO_TEST(log_dirty_ops)
{
	long rc;

	create();
	micro_report("off=%ld", shadow(XEN_DOMCTL_SHADOW_OP_OFF, 0));
	micro_report("clean=%ld", shadow(XEN_DOMCTL_SHADOW_OP_CLEAN, ROUND));
	micro_report("peek=%ld", shadow(XEN_DOMCTL_SHADOW_OP_PEEK, ROUND));
	micro_report("test=%ld", shadow(XEN_DOMCTL_SHADOW_OP_ENABLE_TEST, 0));
	micro_report("none=%ld", shadow(99, 0));
	rc = shadow(XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION, 0);
	micro_report("allocation=%ld mb=%u", rc, micro_domctl.u.shadow_op.mb);
	rc = shadow(XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION, 0);
	micro_report("set_allocation=%ld mb=%u", rc, micro_domctl.u.shadow_op.mb);
	micro_domctl_clear();
	micro_domctl.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_ENABLE;
	micro_domctl.u.shadow_op.mode = XEN_DOMCTL_SHADOW_ENABLE_TRANSLATE;
	micro_report("translate=%ld", micro_domctl_do(XEN_DOMCTL_shadow_op, DOM));
	micro_domctl.u.shadow_op.mode = XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY;
	micro_report("enable=%ld", micro_domctl_do(XEN_DOMCTL_shadow_op, DOM));
	micro_report("again=%ld", shadow(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0));
	micro_report("off=%ld", shadow(XEN_DOMCTL_SHADOW_OP_OFF, 0));
	micro_report("off=%ld", shadow(XEN_DOMCTL_SHADOW_OP_OFF, 0));
	micro_domctl.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY;
	micro_report("self=%ld", micro_domctl_do(XEN_DOMCTL_shadow_op, 0));
	micro_domctl_destroy(DOM);
}

static uint64_t pte(unsigned int gfn, uint64_t flags)
{
	return mfns[gfn] << PAGE_SHIFT | flags;
}

/* The domain's frame at @va, by @flags; 0: not any more. */
static void map(void *va, unsigned int gfn, uint64_t flags)
{
	struct mmu_update u = {
		.ptr = micro_pte_maddr((unsigned long)va, 1), .val = flags ? pte(gfn, flags) : 0,
	};

	micro_need(!hc_mmu_update(&u, 1, NULL, flags ? DOM : DOMID_SELF));
	micro_mmuext(MMUEXT_INVLPG_LOCAL, (unsigned long)va, 0);
}

static void write_word(uint64_t *va, unsigned int gfn, unsigned int i, uint64_t value)
{
	map(va, gfn, P | W | A | D);
	va[i] = value;
	map(va, gfn, 0);
}

static uint64_t flags_of(uint64_t *va, unsigned int gfn)
{
	uint64_t e;

	map(va, gfn, P | A | D);
	e = va[0] & (P | W | D);
	map(va, gfn, 0);
	return e;
}

static long ext(unsigned int cmd, unsigned int gfn)
{
	struct mmuext_op m = { .cmd = cmd, .arg1.mfn = mfns[gfn] };

	return hc_mmuext_op(&m, 1, NULL, DOM);
}

static bool dirty(unsigned int gfn)
{
	return bitmap >> gfn & 1;
}

static void clean(uint64_t want)
{
	uint32_t count = 0;

	micro_need(!shadow(XEN_DOMCTL_SHADOW_OP_CLEAN, ROUND));
	if (bitmap != want)
		micro_fail("dirty frames are %lx, not %lx", (unsigned long)bitmap,
			   (unsigned long)want);
	for (unsigned int i = 0; i < ROUND; i++)
		count += dirty(i);
	micro_check(micro_domctl.u.shadow_op.stats.dirty_count == count);
	micro_check(micro_domctl.u.shadow_op.pages == ROUND);
}

#define BIT(gfn)	(1ul << (gfn))

static void build(uint64_t *va)
{
	write_word(va, L4, 1, pte(USER_L3, P | W));
	write_word(va, L4, 272, pte(KERNEL_L3, P | W));
	write_word(va, USER_L3, 0, pte(USER_L2, P | W));
	write_word(va, USER_L2, 0, pte(USER_L1, P | W));
	write_word(va, KERNEL_L3, 0, pte(KERNEL_L2, P | W));
	write_word(va, KERNEL_L2, 0, pte(KERNEL_L1, P | W));
	write_word(va, USER_L1, 0, pte(DATA, P | W | A | D));
	write_word(va, KERNEL_L1, 0, pte(DATA + 1, P | W | A | D));
	write_word(va, LOOSE_L1, 0, pte(DATA + 2, P | W | A | D));
	micro_need(!ext(MMUEXT_PIN_L4_TABLE, L4));
	micro_need(!ext(MMUEXT_PIN_L1_TABLE, LOOSE_L1));
}

#define LOWER	(BIT(USER_L1) | BIT(DATA))

/* What dom0 does to a frame shows in the report, and a frame's entry is left as it may be. */
MICRO_TEST(log_dirty_frames)
{
	uint64_t *va = micro_page_alloc();
	struct mmu_update m2p = { 0 };
	long rc;

	create();
	build(va);
	rc = shadow(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0);
	micro_report("enable=%ld", rc);
	if (rc) {
		micro_domctl_destroy(DOM);
		return;
	}
	/*
	 * An entry of the kernel loses D, of neither half nothing; and of the lower half
	 * neither, as long as the domain ran no user.
	 */
	micro_check(flags_of(va, USER_L1) == (P | W | D));
	micro_check(flags_of(va, KERNEL_L1) == (P | W));
	micro_check(flags_of(va, LOOSE_L1) == (P | W | D));
	clean(LOWER | BIT(LOOSE_L1) | BIT(DATA + 2));
	micro_check(!ext(MMUEXT_UNPIN_TABLE, LOOSE_L1));
	clean(LOWER | BIT(LOOSE_L1) | BIT(DATA + 2));
	clean(LOWER);
	write_word(va, DATA + 3, 7, 1);
	micro_check(!shadow(XEN_DOMCTL_SHADOW_OP_PEEK, ROUND) &&
		    bitmap == (LOWER | BIT(DATA + 3)));
	clean(LOWER | BIT(DATA + 3));
	clean(LOWER);
	map(va, DATA + 4, P | W);
	clean(LOWER | BIT(DATA + 4));
	clean(LOWER | BIT(DATA + 4));
	map(va, DATA + 4, 0);
	clean(LOWER | BIT(DATA + 4));
	clean(LOWER);
	micro_check(!ext(MMUEXT_CLEAR_PAGE, DATA + 5));
	clean(LOWER | BIT(DATA + 5));
	m2p.ptr = mfns[DATA + 6] << PAGE_SHIFT | MMU_MACHPHYS_UPDATE;
	m2p.val = 40;
	micro_check(!hc_mmu_update(&m2p, 1, NULL, DOM));
	clean(LOWER | BIT(40));
	/* All of its tables are something else now. */
	micro_check(!ext(MMUEXT_UNPIN_TABLE, L4));
	clean(LOWER | BIT(L4) | BIT(USER_L3) | BIT(USER_L2) | BIT(KERNEL_L3) |
	      BIT(KERNEL_L2) | BIT(KERNEL_L1) | BIT(DATA + 1));
	/* A bitmap that is not the caller's memory; a long one would clear what it has. */
	micro_domctl_clear();
	micro_domctl.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_CLEAN;
	micro_domctl.u.shadow_op.dirty_bitmap.p = (void *)HYPERVISOR_VIRT_START;
	micro_domctl.u.shadow_op.pages = 1ul << 62;
	micro_check(micro_domctl_do(XEN_DOMCTL_shadow_op, DOM) < 0);
	micro_domctl.u.shadow_op.pages = ROUND;
	micro_check(micro_domctl_do(XEN_DOMCTL_shadow_op, DOM) < 0);
	micro_check(!shadow(XEN_DOMCTL_SHADOW_OP_OFF, 0));
	micro_domctl_destroy(DOM);
}

/* --- a domain that looks at its own entries --- */

enum { ASK_ENABLE, ASK_CLEAN, ASK_DIRTY, ASK_OFF };

static uint64_t frames[DOMAIN_PAGES / 64];

static int64_t serve(struct micro_domain *d, uint32_t question, uint64_t argument)
{
	static const uint32_t what[] = {
		[ASK_ENABLE] = XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY,
		[ASK_CLEAN] = XEN_DOMCTL_SHADOW_OP_CLEAN,
		[ASK_OFF] = XEN_DOMCTL_SHADOW_OP_OFF,
	};

	if (question == ASK_DIRTY)
		return frames[argument / 64] >> argument % 64 & 1;
	micro_domctl_clear();
	micro_domctl.u.shadow_op.op = what[question];
	micro_domctl.u.shadow_op.pages = DOMAIN_PAGES;
	micro_domctl.u.shadow_op.dirty_bitmap.p = (void *)frames;
	return micro_domctl_do(XEN_DOMCTL_shadow_op, d->id);
}

#define LOWER_VA	0x8000000000UL	/* slot 1 of the L4 tables, both of them */

asm(".text\n"
	"log_dirty_user:	movq	%rax, (%rdi)\n"
	"			syscall\n");
extern char log_dirty_user[];

/* An L1 table in the lower half, which the kernel's and the user's trees share. */
static volatile uint64_t *lower_table(void)
{
	uint64_t *l1 = micro_table_build(0), l3 = micro_page_pte(micro_table_build(
		micro_page_pte(micro_table_build(micro_page_pte(l1, PTE_TABLE)), PTE_TABLE)),
		PTE_TABLE);

	micro_user_init();
	micro_need(!micro_mmu_update(micro_page_pte(micro_user_l4, 0) + 8, l3));
	micro_need(!micro_mmu_update(micro_pte_maddr(LOWER_VA, 4), l3));
	return l1;
}

/* A write by the user: does it go through, or does the kernel hear of it? */
static bool user_writes(uint64_t va, uint64_t value)
{
	struct micro_regs regs = { .rax = value, .rdi = va };
	struct micro_user_result left;

	do {	/* what dom0's answers have left pending comes first */
		micro_vcpu_info()->evtchn_upcall_pending = 0;
		micro_user_run(log_dirty_user, 0, &regs, &left);
	} while (left.frame.vector == ENTRY_EVENT);
	micro_need(left.frame.vector == ENTRY_SYSCALL || left.frame.vector == 14);
	return left.frame.vector == ENTRY_SYSCALL;
}

static bool kernel_writes(uint64_t va, uint64_t value)
{
	struct micro_regs regs = { .rax = value, .rdi = va };

	MICRO_PROBE(&regs, "movq %%rax, (%%rdi)");
	return !micro_probe.trapped;
}

static bool is_dirty(const void *page)
{
	return micro_ask(ASK_DIRTY, micro_va_to_pfn(page));
}

/*
 * M2, M3: what a look leaves of an entry of either half, and that an entry without W is
 * one through which nobody writes, an entry with W one that works.
 */
MICRO_TEST_DOMU_SERVED(domu_log_dirty, 1, serve)
{
	volatile uint64_t *lower = lower_table(), *upper = micro_scratch_open(0);
	uint64_t *data[3], low = LOWER_VA, high = micro_scratch_va(0);
	int64_t rc = micro_ask(ASK_ENABLE, 0);
	unsigned int i;

	micro_report("enable=%ld", (long)rc);
	if (rc)
		return;
	for (i = 0; i < 3; i++)
		data[i] = micro_page_alloc();
	for (i = 0; i < 2; i++) {
		uint64_t pte = micro_page_pte(data[i], PTE_RW);

		micro_need(!micro_map((void *)(i ? high : low), pte));
		pte = micro_page_pte(data[2], PTE_RO);
		micro_need(!micro_map((void *)(i ? high : low) + PAGE_SIZE, pte));
		micro_map(data[i], 0);
	}
	/* As long as there was no user the lower half is the kernel's, too. */
	for (i = 0; i < 2; i++) {
		micro_need(!micro_ask(ASK_CLEAN, 0));
		micro_check((lower[0] & PTE_RW) == PTE_RW && is_dirty(data[0]));
		micro_check((upper[0] & (PTE_W | PTE_D)) == PTE_W && is_dirty(data[1]) == !i);
	}
	micro_check(user_writes(low, 1));
	for (i = 0; i < 3; i++) {
		micro_need(!micro_ask(ASK_CLEAN, 0));
		micro_check((lower[0] & (PTE_W | PTE_D)) == PTE_D && is_dirty(data[0]));
		micro_check((upper[0] & (PTE_W | PTE_D)) == PTE_W && !is_dirty(data[1]));
		micro_need(!micro_ask(ASK_CLEAN, 0));
		micro_check(!is_dirty(data[0]) && !is_dirty(data[1]));
		/* What is read-only, by whoever's doing, is so for all. */
		micro_check(!user_writes(low, 99) && !kernel_writes(low, 99));
		micro_check(!user_writes(low + PAGE_SIZE, 99));
		micro_check(!kernel_writes(high + PAGE_SIZE, 99));
		micro_check(*(volatile uint64_t *)low != 99 && !data[2][0]);
		micro_need(!micro_map((void *)low, lower[0] | PTE_W));
		micro_check(user_writes(low, i) && kernel_writes(high, i));
		micro_check(upper[0] & PTE_D);
		micro_need(!micro_ask(ASK_CLEAN, 0));
		micro_check(is_dirty(data[0]) && is_dirty(data[1]) && !is_dirty(data[2]));
		micro_need(!micro_map((void *)low, lower[0] | PTE_W));
	}
	micro_check(!micro_ask(ASK_OFF, 0));
	micro_check((lower[0] & PTE_W) && user_writes(low, 7) && *(volatile uint64_t *)low == 7);
}
