// SPDX-License-Identifier: GPL-2.0-only
/*
 * Log-dirty against a copy: what a migration would have at the other end.
 *
 * Rule under test (docs/SECURITY.md): M1: a frame whose contents, use or number
 * changed is reported. A guest with a user's and a kernel's half, and a table that is
 * in neither, writes to its frames as a CPU lets it, changes its tables by
 * hypercalls, pins and unlinks them; others write by grants and mappings. Frames
 * that are reported are copied, later, as a tool does, with the guest going on
 * meanwhile. After the last round, for which the guest stands still, the copy must be
 * the same. M2: kernel entries keep W, user entries keep D.
 *
 * Links: arch/x86/pv/log_dirty.c arch/x86/pv/mmu_update.c arch/x86/pv/page_type.c
 * Links: frame.c page_alloc.c softirq.c arch/fake/fake.c arch/fake/fake_domain.c
 */
#include "test_util.h"
#include "errno.h"
#include "domctl.h"
#include "fake.h"
#include "hypercall.h"
#include "page.h"
#include "pv.h"
#include "spec_ctrl.h"

#define FRAMES		128
#define MINE		64		/* frames of the guest; more numbers than that */
#define GFNS		96
#define ENTRIES		512u
#define USED		8		/* entries of a table that are in use */

/* Frames with a fixed part; the rest is data. */
enum {
	L4, USER_L3, USER_L2, KERNEL_L3, KERNEL_L2, USER_L1, KERNEL_L1 = USER_L1 + 3,
	LOOSE_L1 = KERNEL_L1 + 3, BOTH_L1, DATA
};

struct cpu_features cpu_features = { .phys_bits = 40 };

/* What is not linked of the rest of the architecture. */
u64 apic_addr = 0xfee00000;
struct spec_ctrl spec_ctrl;	/* nothing is patched here: absent entries are not looked at */
void domain_crash(struct domain *d, const char *fmt, ...) { fail(); }

static u64 m2p_table[FRAMES];
u64 *m2p = m2p_table;
bool msi_is_protected(mfn_t mfn) { return false; }
bool msi_is_device_memory(u64 n) { return true; }
bool descriptor_fix(u64 *d) { return true; }
void paging_fill_root(u64 *l4) { }
u32 pv_list_begin(u32 *count, gva_t done) { return 0; }
int pv_list_end(int err, gva_t rest, u32 left, gva_t done, u32 total) { return err; }

static u32 paused, flushes;
void domain_pause(struct domain *dom) { paused++; }
void domain_unpause(struct domain *dom) { paused--; }
void tlb_flush_cpus(u64 mask) { flushes++; }
void tlb_flush_page_cpus(u64 mask, u64 va) { }

static struct domain *d, *tools;
static struct page *mine[MINE], *tool_table;
static bool loose_pinned;
static struct page *granted[4];
static u64 rnd;

/* The other end: contents and use of each frame number, as they were when copied. */
static u64 copy[GFNS][ENTRIES], copy_use[GFNS];
static u8 bitmap[GFNS / 8], pending[GFNS / 8];
static bool copy_waits;

static u32 dice(u32 n)
{
	return test_random(&rnd) % n;
}

static u64 *words(u32 i)
{
	return page_to_virt(mine[i]);
}

static u64 entry(u32 i, u64 flags)
{
	return page_to_mfn(mine[i]).n << PAGE_SHIFT | flags | PTE_U;
}

static void pin(u32 i, u32 level)
{
	assert_int_equal(pt_get(d, page_to_mfn(mine[i]), level), 0);
	mine[i]->type |= PT_PINNED;
	page_mark_dirty(mine[i]);
}

static void build_half(u32 l4_slot, u32 l3, u32 l2, u32 l1)
{
	words(L4)[l4_slot] = entry(l3, PTE_P | PTE_W);
	words(l3)[1] = entry(l2, PTE_P | PTE_W);
	for (u32 k = 0; k < 3; k++)
		words(l2)[k] = entry(l1 + k, PTE_P | PTE_W);
	words(l2)[3] = entry(BOTH_L1, PTE_P | PTE_W);
}

static int setup(void **state)
{
	fake_machine_init(FRAMES, 1);
	page_alloc_add(MFN(1), MFN(FRAMES));
	d = fake_domain_create(1, false, 1);
	d->vm_assist = 0;	/* it has had users */
	tools = fake_domain_create(2, true, 1);
	dom_io = fake_domain_create(DOMID_IO, false, 1);
	memset(m2p_table, 0xff, sizeof(m2p_table));
	for (u32 i = 0; i < MINE; i++) {
		mine[i] = domain_page_alloc(d, 0, ADDR_BITS_ANY);
		m2p[page_to_mfn(mine[i]).n] = i;
	}
	tool_table = domain_page_alloc(tools, 0, ADDR_BITS_ANY);
	assert_int_equal(pt_get(tools, page_to_mfn(tool_table), 1), 0);
	d->vcpu[0]->arch.dirty_cpu = ~0u;
	fake_set_current(d->vcpu[0]);
	build_half(3, USER_L3, USER_L2, USER_L1);
	build_half(300, KERNEL_L3, KERNEL_L2, KERNEL_L1);
	d->vcpu[0]->arch.kernel_cr3 = page_to_mfn(mine[L4]).n << PAGE_SHIFT;
	pin(L4, 4);
	pin(LOOSE_L1, 1);
	loose_pinned = true;
	memset(granted, 0, sizeof(granted));
	copy_waits = false;
	return 0;
}

static int teardown(void **state)
{
	d->refs = tools->refs = 1;	/* what their frames hold goes with the machine */
	fake_domain_destroy(d);
	fake_domain_destroy(tools);
	fake_domain_destroy(dom_io);
	dom_io = NULL;
	fake_machine_end();
	return 0;
}

/*
 * The guest
 */

static bool is_table(u32 i)
{
	return type_is_table(mine[i]->type) && mine[i]->type & PT_COUNT_MASK;
}

static u32 any_l1(void)
{
	return USER_L1 + dice(DATA - USER_L1);
}

/* A CPU writes through an entry that lets it. */
static void cpu_write(void)
{
	u32 i = any_l1(), k = dice(USED);
	u64 e = words(i)[k];

	/* A table that is not linked is not walked. */
	if (!is_table(i) || (e & (PTE_P | PTE_W)) != (PTE_P | PTE_W) ||
	    (i == LOOSE_L1 && dice(4)))
		return;
	words(i)[k] |= PTE_A | PTE_D;
	((u64 *)mfn_to_virt(PTE_MFN(e)))[dice(ENTRIES)] = test_random(&rnd);
}

static void random_update(struct mmu_update *req)
{
	u32 i = any_l1(), to = DATA + dice(MINE - DATA);
	static const u64 flags[] = { 0, PTE_P, PTE_P | PTE_W, PTE_P | PTE_W | PTE_A | PTE_D };

	req->ptr = mfn_to_maddr(page_to_mfn(mine[i])).a + dice(USED) * 8;
	req->val = entry(to, flags[dice(ARRAY_SIZE(flags))]);
	if (!dice(3))
		req->ptr |= MMU_PT_UPDATE_PRESERVE_AD;
	if (!dice(12)) {
		req->ptr = mfn_to_maddr(page_to_mfn(mine[to])).a + dice(ENTRIES) * 8;
		req->val = test_random(&rnd) & ~(u64)PTE_P;
	}
	if (!dice(12)) {	/* a table leaves its place, or comes back */
		u32 n = dice(3);

		req->ptr = mfn_to_maddr(page_to_mfn(mine[dice(2) ? USER_L2 : KERNEL_L2])).a + n * 8;
		i = req->ptr >> PAGE_SHIFT == page_to_mfn(mine[USER_L2]).n ? USER_L1 : KERNEL_L1;
		req->val = dice(2) ? entry(i + n, PTE_P | PTE_W) : 0;
	}
}

static void guest_update(void)
{
	struct mmu_update req[6];
	u32 n = 1 + dice(ARRAY_SIZE(req)), at = dice(4) ? n : dice(n);

	for (u32 i = 0; i < n; i++)
		random_update(&req[i]);
	fake_guest_window(req, sizeof(req));
	fake_preempt_in = -1;
	do_mmu_update(GVA((u64)req), at ? at : 1, GVA(0), DOMID_SELF);
}

/* As ptwr_emulate(). */
static void guest_traps(void)
{
	u32 i = any_l1();
	u64 *slot = &words(i)[dice(USED)], e = *slot;

	if (!page_is_l1(mine[i], d))
		return;
	log_dirty_slot(d, slot, 0);
	if (!pt_exchange_l1(d, slot, e, dice(2) ? e & ~(u64)PTE_W : e | PTE_W | PTE_D))
		log_dirty_slot(d, slot, 0);
}

/* Two frames change their numbers, or one gets a number that nobody has. */
static void guest_renumber(void)
{
	u32 a = DATA + dice(MINE - DATA), b = DATA + dice(MINE - DATA);
	struct mmu_update req[2] = {
		{ mfn_to_maddr(page_to_mfn(mine[a])).a | MMU_MACHPHYS_UPDATE,
		  m2p[page_to_mfn(mine[b]).n] },
		{ mfn_to_maddr(page_to_mfn(mine[b])).a | MMU_MACHPHYS_UPDATE,
		  m2p[page_to_mfn(mine[a]).n] },
	};

	fake_guest_window(req, sizeof(req));
	do_mmu_update(GVA((u64)req), 2, GVA(0), DOMID_SELF);
}

static void guest_pins(void)
{
	if (loose_pinned) {
		loose_pinned = false;
		assert_int_equal(page_type_put(mine[LOOSE_L1]), 0);
		mine[LOOSE_L1]->type &= ~PT_PINNED;
		page_mark_dirty(mine[LOOSE_L1]);
		page_put(mine[LOOSE_L1]);
		/* Now the guest may write to it as it likes: a mapping of its own. */
	} else if (!(mine[LOOSE_L1]->type & PT_COUNT_MASK)) {
		pin(LOOSE_L1, 1);
		loose_pinned = true;
	}
}

/* Others: by a use that lasts, and by a mapping. */
static void others_write(void)
{
	struct page **g = &granted[dice(ARRAY_SIZE(granted))], *p;
	u64 *slot = (u64 *)page_to_virt(tool_table) + dice(USED), e;

	if (*g && dice(2)) {
		((u64 *)page_to_virt(*g))[dice(ENTRIES)] = test_random(&rnd);
		if (!dice(3)) {
			arch_put_guest_page_writable(*g);
			*g = NULL;
		}
	} else if (!*g) {
		*g = arch_get_guest_page_writable(d, page_to_mfn(mine[DATA + dice(MINE - DATA)]).n);
	}
	if (*slot & PTE_P && dice(2)) {
		if (*slot & PTE_W)
			((u64 *)mfn_to_virt(PTE_MFN(*slot)))[dice(ENTRIES)] = test_random(&rnd);
		if (!dice(3))
			assert_int_equal(pt_write_l1(tools, tools, slot, 0, false), 0);
		return;
	}
	e = entry(DATA + dice(MINE - DATA), PTE_P | (dice(3) ? PTE_W : 0));
	p = arch_get_guest_page_writable(d, PTE_MFN(e).n);
	assert_int_equal(pt_write_l1(tools, d, slot, e, false), 0);
	if (p)
		arch_put_guest_page_writable(p);
}

static void guest_step(void)
{
	if (paused) {
		if (!dice(4))
			others_write();
		return;
	}
	switch (dice(12)) {
	case 0 ... 4:	cpu_write(); break;
	case 5 ... 7:	guest_update(); break;
	case 8:		guest_traps(); break;
	case 9:		guest_renumber(); break;
	case 10:	if (!dice(4)) guest_pins(); break;
	case 11:	others_write(); break;
	}
}

/*
 * The tool
 */

static u64 use_of(const struct page *p)
{
	u64 type = p->type;

	return type_is_table(type) && type & PT_COUNT_MASK ? type & (PT_TYPE_MASK | PT_PINNED) : 0;
}

static void do_copy(void)
{
	for (u32 i = 0; i < MINE && copy_waits; i++) {
		u64 gfn = m2p[page_to_mfn(mine[i]).n];

		if (gfn < GFNS && pending[gfn / 8] >> gfn % 8 & 1) {
			memcpy(copy[gfn], words(i), PAGE_SIZE);
			copy_use[gfn] = use_of(mine[i]);
		}
	}
	copy_waits = false;
}

static void shadow_op(u32 what, bool go_on)
{
	struct xen_domctl op = { .u.shadow_op = { .op = what, .pages = GFNS } };
	long err;

	op.u.shadow_op.dirty_bitmap.p = (void *)bitmap;
	do {
		/* Also in the middle: what was reported last time may be copied late. */
		for (u32 n = dice(5); go_on && n--;)
			guest_step();
		fake_guest_window(bitmap, sizeof(bitmap));
		fake_preempt_in = go_on ? (int)dice(6) : -1;
		err = domctl_shadow_op(d, &op);
	} while (err == -ERESTART);
	fake_preempt_in = -1;
	assert_int_equal(err, 0);
	assert_int_equal(paused, 0);
}

static void round_of(bool go_on)
{
	u32 before = flushes;

	do_copy();
	shadow_op(XEN_DOMCTL_SHADOW_OP_CLEAN, go_on);
	assert_true(flushes > before);
	memcpy(pending, bitmap, sizeof(bitmap));
	copy_waits = true;
}

/* What may differ: accessed bits, and what the core itself does to entries. */
static u64 mask_of(u32 i)
{
	return !is_table(i) ? 0 : i >= KERNEL_L1 && i < LOOSE_L1 ? PTE_A | PTE_D : PTE_A;
}

static void compare(void)
{
	for (u32 i = 0; i < MINE; i++) {
		u64 gfn = m2p[page_to_mfn(mine[i]).n];

		assert_true(gfn < GFNS);
		if (copy_use[gfn] != use_of(mine[i]))
			fail_msg("frame %u is used otherwise", i);
		for (u32 k = 0; k < ENTRIES; k++)
			if ((copy[gfn][k] ^ words(i)[k]) & ~mask_of(i))
				fail_msg("frame %u word %u: %lx, copy %lx", i, k,
					 (unsigned long)words(i)[k], (unsigned long)copy[gfn][k]);
	}
}

static void migrate(void)
{
	shadow_op(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, true);
	memset(pending, 0xff, sizeof(pending));
	copy_waits = true;
	for (u32 rounds = dice(4); rounds--;) {
		for (u32 n = dice(30); n--;)
			guest_step();
		round_of(true);
	}
	for (u32 n = dice(30); n--;)
		guest_step();
	round_of(false);
	do_copy();
	compare();
	shadow_op(XEN_DOMCTL_SHADOW_OP_OFF, true);
}

static void test_migrations(void **state)
{
	rnd = 20261124;
	for (u32 n = 0; n < 3000; n++) {
		migrate();
		for (u32 k = dice(20); k--;)
			guest_step();
	}
}

static long op_of(u32 what)
{
	struct xen_domctl op = { .u.shadow_op = { .op = what, .pages = GFNS } };
	long err;

	op.u.shadow_op.dirty_bitmap.p = (void *)bitmap;
	fake_guest_window(bitmap, sizeof(bitmap));
	err = domctl_shadow_op(d, &op);
	return err ? err : (long)op.u.shadow_op.stats.dirty_count;
}

static bool reported(u32 i)
{
	return bitmap[i / 8] >> i % 8 & 1;
}

/* What a look does to an entry, by the half it is in. */
static void test_halves(void **state)
{
	u64 e = PTE_P | PTE_W | PTE_A | PTE_D, *t;
	static const struct { u32 table; u64 lost; bool marked; } cases[] = {
		{ USER_L1, PTE_W, true }, { KERNEL_L1, PTE_D, false },
		{ LOOSE_L1, 0, true }, { BOTH_L1, 0, true },
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++)
		assert_false(pt_write_l1(d, d, words(cases[i].table), entry(DATA + i, e), 0));
	assert_int_equal(op_of(XEN_DOMCTL_SHADOW_OP_CLEAN), -EINVAL);
	assert_int_equal(op_of(XEN_DOMCTL_SHADOW_OP_OFF), -EINVAL);
	d->arch.log_dirty.on = true;	/* not looked at them yet */
	op_of(XEN_DOMCTL_SHADOW_OP_CLEAN);
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(*words(cases[i].table), entry(DATA + i, e & ~cases[i].lost));
	/* The two that kept both are dirty for ever, with their tables. */
	assert_int_equal(op_of(XEN_DOMCTL_SHADOW_OP_PEEK), 4);
	assert_int_equal(op_of(XEN_DOMCTL_SHADOW_OP_CLEAN), 4);
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(reported(DATA + i), i >= 2);
	assert_int_equal(mine[DATA]->type & PT_COUNT_MASK, 0);
	/* The user's page is written to again. */
	t = words(USER_L1);
	assert_int_equal(pt_write_l1(d, d, t, *t | PTE_W, false), 0);
	words(KERNEL_L1)[0] |= PTE_D;
	assert_int_equal(op_of(XEN_DOMCTL_SHADOW_OP_CLEAN), 4 + 3);
	assert_true(reported(DATA) && reported(DATA + 1) && reported(USER_L1));
	assert_false(reported(KERNEL_L1));
	assert_int_equal(op_of(XEN_DOMCTL_SHADOW_OP_OFF), 0);
}

/* A kernel without users may live in the lower half: nothing of it loses W. */
static void test_no_user(void **state)
{
	u64 e = PTE_P | PTE_W | PTE_A | PTE_D;

	d->vm_assist = 1 << VM_NO_USER_YET;
	assert_int_equal(op_of(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY), MINE);
	assert_false(pt_write_l1(d, d, words(USER_L1), entry(DATA, e), 0));
	for (u32 i = 0; i < 2; i++) {
		op_of(XEN_DOMCTL_SHADOW_OP_CLEAN);
		assert_int_equal(*words(USER_L1), entry(DATA, e));
		assert_true(reported(DATA));
	}
	assert_int_equal(op_of(XEN_DOMCTL_SHADOW_OP_OFF), 0);
}

/* Bitmaps that are too short, too long, or not there; the tool's memory ends. */
static void test_bitmaps(void **state)
{
	struct xen_domctl op = { .u.shadow_op = { .op = XEN_DOMCTL_SHADOW_OP_CLEAN } };
	struct xen_domctl_shadow_op *s = &op.u.shadow_op;

	assert_int_equal(op_of(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY), MINE);
	assert_int_equal(op_of(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY), -EINVAL);
	for (u32 i = 0; i < MINE; i++)
		page_mark_dirty(mine[i]);
	s->dirty_bitmap.p = (void *)bitmap;
	s->pages = 11;
	memset(bitmap, 0xee, sizeof(bitmap));
	fake_guest_window(bitmap, 2);
	assert_int_equal(domctl_shadow_op(d, &op), 0);
	assert_int_equal(s->stats.dirty_count, 11);
	assert_int_equal(bitmap[0], 0xff);
	assert_int_equal(bitmap[1], 7);
	assert_int_equal(bitmap[2], 0xee);
	/* What did not fit is kept; a report that fails keeps what it could not tell. */
	s->pages = ~0ull;
	assert_int_equal(domctl_shadow_op(d, &op), -EFAULT);
	s->pages = 1ull << 40;
	assert_int_equal(domctl_shadow_op(d, &op), -EFAULT);
	assert_int_equal(d->arch.log_dirty.step, 0);
	assert_int_equal(paused, 0);
	s->dirty_bitmap.p = NULL;
	assert_int_equal(domctl_shadow_op(d, &op), 0);
	assert_int_equal(s->stats.dirty_count, MINE - 11);
	assert_int_equal(domctl_shadow_op(d, &op), 0);
	assert_int_equal(s->stats.dirty_count, 0);
}

/* Uses by others are counted as far as that goes, and then are for ever. */
static void test_holders(void **state)
{
	struct page *p = mine[DATA];

	for (u32 n = 0; n < 30; n++)
		page_hold(p);
	for (u32 n = 0; n < 30; n++)
		page_unhold(p);
	assert_int_equal(p->flags, PAGE_DIRTY);
	page_unhold(p);
	assert_int_equal(p->flags, PAGE_DIRTY);
	for (u32 n = 0; n < 300; n++)
		page_hold(p);
	for (u32 n = 0; n < 300; n++)
		page_unhold(p);
	assert_int_equal(p->flags & PAGE_HOLDERS, PAGE_HOLDERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_halves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_user, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bitmaps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_holders, setup, teardown),
		cmocka_unit_test_setup_teardown(test_migrations, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
