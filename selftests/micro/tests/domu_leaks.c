// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a domain leaves behind, in the registers of a CPU and in its frames, is not
 * there for the next one.
 */
#include "domain.h"

#define MARK		0xdec2e7UL	/* the top of each word that is left */
#define MARKED(i)	(MARK << 40 | (i))

/* --- registers --- */

enum { ASK_PLACE, ASK_OTHER };
enum { FIRST, OTHER };			/* micro_mail->which */

#define CPUID_AVX	(1u << 28)
#define CPUID_XSAVE	(1u << 26)
#define CR4_OSXSAVE	0x40000UL

struct fpu {
	uint64_t area[64] __attribute__((aligned(64)));	/* as FXSAVE has it */
	uint64_t ymm[16][4];
};

/* Of the FXSAVE area, in words of 8 bytes (SDM 1, 10.5.1). */
enum { FX_RIP = 1, FX_RDP = 2, FX_ST = 4, FX_XMM = 20 };

/* Another domain of this test runs from its start to its end on the same CPU. */
static long serve_other(void)
{
	static struct micro_domain other;
	unsigned int reason;

	micro_domain_build(&other, "tests=domu_state_of_others", 1);
	other.mail->which = OTHER;
	micro_domain_place(other.id, 2);
	micro_domain_start(&other);
	while (!micro_domain_has_ended(&other, &reason)) {
		micro_domain_print(&other);
		hc_sched_op(SCHEDOP_yield, NULL);
	}
	micro_domain_print(&other);
	if (other.mail->over)
		micro_outcome_set(other.mail->over - 1, other.mail->reason);
	else
		micro_report("the other domain has ended by %u", reason);
	micro_domain_destroy(&other);
	micro_domain_place(0, ~0UL);
	return reason;
}

static int64_t serve(struct micro_domain *d, uint32_t question, uint64_t argument)
{
	(void)argument;
	if (question == ASK_OTHER)
		return serve_other();
	micro_domain_place(0, 1);
	micro_domain_place(d->id, 2);
	return 0;
}

static bool enable_avx(void)
{
	uint32_t a = 1, b, c, d;
	uint64_t cr4;

	asm volatile("cpuid" : "+a" (a), "=b" (b), "=c" (c), "=d" (d));
	if (~c & (CPUID_AVX | CPUID_XSAVE))
		return false;
	asm volatile("movq %%cr4, %0; orq %1, %0; movq %0, %%cr4"
		     : "=&r" (cr4) : "i" (CR4_OSXSAVE));
	asm volatile("xsetbv" :: "a" (7), "d" (0), "c" (0));
	return true;
}

/* x87 registers, with the addresses of an instruction and its operand, and vectors. */
static void fpu_fill(struct fpu *f, bool avx)
{
	struct { uint64_t mantissa; uint16_t exponent; } st = { MARKED(0), 0x3fff };
	unsigned int i;

	for (i = 0; i < 64; i++)
		f->ymm[i / 4][i % 4] = MARKED(i);
	asm volatile("fninit");
	for (i = 0; i < 8; i++)
		asm volatile("fldt %0" :: "m" (st));
#define FILL(n)								\
	if (avx)							\
		asm volatile("vmovups %0, %%ymm" #n :: "m" (f->ymm[n]));	\
	else								\
		asm volatile("movups %0, %%xmm" #n :: "m" (f->ymm[n]))
	FILL(0); FILL(1); FILL(2); FILL(3); FILL(4); FILL(5); FILL(6); FILL(7);
	FILL(8); FILL(9); FILL(10); FILL(11); FILL(12); FILL(13); FILL(14); FILL(15);
}

static void fpu_read(struct fpu *f, bool avx)
{
	memset(f, 0, sizeof(*f));
	asm volatile("fxsave64 %0" : "=m" (f->area));
#define READ(n)								\
	if (avx)							\
		asm volatile("vmovups %%ymm" #n ", %0" : "=m" (f->ymm[n]))
	READ(0); READ(1); READ(2); READ(3); READ(4); READ(5); READ(6); READ(7);
	READ(8); READ(9); READ(10); READ(11); READ(12); READ(13); READ(14); READ(15);
}

static unsigned int marks(const uint64_t *words, unsigned int n)
{
	unsigned int found = 0;

	while (n--)
		found += words[n] >> 40 == MARK;
	return found;
}

static void report(const char *when, const struct fpu *f)
{
	micro_report("%s: x87=%u xmm=%u ymm=%u", when, marks(f->area + FX_ST, 16),
		     marks(f->area + FX_XMM, 32), marks(f->ymm[0], 64));
}

/*
 * E6: a domain fills the registers of its CPU and sleeps; what another one finds there
 * when it starts is none of it, and the first still has its own after that.
 */
MICRO_TEST_DOMU_SERVED(domu_state_of_others, 1, serve)
{
	bool other = micro_mail->which == OTHER, avx;
	static struct fpu f;

	hc_fpu_taskswitch(0);
	if (other) {
		fpu_read(&f, false);
		report("before xsetbv", &f);
	}
	avx = enable_avx();
	if (other) {
		fpu_read(&f, avx);
		report("at its start", &f);
		micro_report("rip=%d rdp=%d", f.area[FX_RIP] != 0, f.area[FX_RDP] != 0);
		micro_check(!marks(f.area, 64) && !marks(f.ymm[0], 64));
		micro_check(!f.area[FX_RIP] && !f.area[FX_RDP]);
		memset(f.ymm, 0x55, sizeof(f.ymm));
		asm volatile("fninit; movups %0, %%xmm0" :: "m" (f.ymm[0]));
		return;
	}
	micro_ask(ASK_PLACE, 0);
	fpu_fill(&f, avx);
	fpu_read(&f, avx);
	report("filled", &f);
	micro_check(marks(f.area + FX_ST, 16) == 8 && marks(f.area + FX_XMM, 32) == 32);
	micro_check(marks(f.ymm[0], 64) == (avx ? 64 : 0));
	micro_ask(ASK_OTHER, 0);
	fpu_read(&f, avx);
	report("after the other", &f);
	micro_check(marks(f.area + FX_ST, 16) == 8 && marks(f.area + FX_XMM, 32) == 32);
}

/* --- frames --- */

#define FRAMES	512

/* A domain with FRAMES pages, which never runs. */
static domid_t domain_with_memory(xen_pfn_t *mfn)
{
	struct xen_memory_reservation r = { .nr_extents = FRAMES };
	domid_t id = micro_domctl_create_vcpus(0, 1);
	unsigned int i;

	micro_domctl.u.max_mem.max_memkb = FRAMES * 4;
	micro_need(!micro_domctl_do(XEN_DOMCTL_max_mem, id));
	for (i = 0; i < FRAMES; i++)
		mfn[i] = i;
	r.domid = id;
	set_xen_guest_handle(r.extent_start, mfn);
	micro_need(hc_memory_op(XENMEM_populate_physmap, &r) == FRAMES);
	return id;
}

/* F4: the frames of a domain that is gone hold nothing of it when the next one has them. */
MICRO_TEST(foreign_dead_memory)
{
	static xen_pfn_t mfn[2][FRAMES];
	uint64_t *page = micro_page_alloc();
	unsigned int i, j, same = 0, found = 0;
	domid_t id = domain_with_memory(mfn[0]);

	for (i = 0; i < FRAMES; i++) {
		micro_need(!micro_map_of(id, page, mfn[0][i] << PAGE_SHIFT | PTE_RW));
		for (j = 0; j < 512; j++)
			page[j] = MARKED(j);
	}
	micro_need(!micro_map_of(DOMID_SELF, page, micro_page_pte(page, PTE_RW)));
	micro_domctl_destroy(id);
	id = domain_with_memory(mfn[1]);
	for (i = 0; i < FRAMES; i++) {
		micro_need(!micro_map_of(id, page, mfn[1][i] << PAGE_SHIFT | PTE_RO));
		found += marks(page, 512);
		for (j = 0; j < FRAMES; j++)
			same += mfn[0][j] == mfn[1][i];
	}
	micro_need(!micro_map_of(DOMID_SELF, page, micro_page_pte(page, PTE_RW)));
	micro_domctl_destroy(id);
	micro_info("%u of %u frames are the dead domain's", same, FRAMES);
	micro_report("words of the dead domain: %u", found);
	micro_check(!found);
	/* Where none comes back nothing is seen: ours gives those out first that came last. */
	micro_check(same || !micro_is_ours());
}
