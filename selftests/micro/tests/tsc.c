// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TSC of a domain as the tools want it (domctl.h, arch-x86/cpuid.h): native, or
 * emulated with a frequency of its own. Time by it is right in each mode.
 */
#include "domain.h"

#define SECOND	1000000000UL
#define ELAPSED	(5 * SECOND)

static long set_tsc(domid_t dom, uint32_t mode, uint32_t khz, uint32_t incarnation,
		    uint64_t elapsed)
{
	micro_domctl_clear();
	micro_domctl.u.tsc_info.tsc_mode = mode;
	micro_domctl.u.tsc_info.gtsc_khz = khz;
	micro_domctl.u.tsc_info.incarnation = incarnation;
	micro_domctl.u.tsc_info.elapsed_nsec = elapsed;
	return micro_domctl_do(XEN_DOMCTL_settscinfo, dom);
}

/* What is set comes back; without a frequency it is the machine's. */
MICRO_TEST(domctl_tsc)
{
	static const struct { uint32_t mode, khz, incarnation; uint64_t elapsed; } cases[] = {
		{ 0, 0, 0, 0 }, { 0, 0, 3, 0 }, { 0, 1000000, 4, ELAPSED }, { 1, 0, 0, 0 },
		{ 1, 2000000, 1, 77 * SECOND }, { 2, 0, 0, 0 }, { 2, 1000000, 2, 9 },
		{ 3, 0, 0, 0 }, { ~0U, 0, 0, 0 }, { 1, 4000000000U, 1, ELAPSED },
		{ 1, 1, ~0U, ELAPSED },
	};
	domid_t dom = micro_domctl_create_vcpus(0, 1);
	const struct xen_domctl_tsc_info *t = &micro_domctl.u.tsc_info;
	unsigned int i;
	long ret;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ret = set_tsc(dom, cases[i].mode, cases[i].khz, cases[i].incarnation,
			      cases[i].elapsed);
		micro_domctl_clear();
		micro_need(!micro_domctl_do(XEN_DOMCTL_gettscinfo, dom));
		micro_report("%u: set=%ld mode=%u incarnation=%u", i, ret, t->tsc_mode,
			     t->incarnation);
		if (ret)
			continue;
		if (cases[i].khz)
			micro_report("%u: khz=%u", i, t->gtsc_khz);
		else
			micro_report("%u: khz is there=%d", i, t->gtsc_khz > 1000);
		micro_report("%u: elapsed=%d", i, t->elapsed_nsec >= cases[i].elapsed &&
			     t->elapsed_nsec < cases[i].elapsed + 10 * SECOND);
	}
	micro_report("set_self=%ld", set_tsc(0, 1, 0, 0, 0));
	micro_report("get_self=%ld", micro_domctl_do(XEN_DOMCTL_gettscinfo, 0));
	micro_domctl_clear();
	micro_report("destroy=%ld", micro_domctl_do(XEN_DOMCTL_destroydomain, dom));
}

static int64_t serve(struct micro_domain *d, uint32_t mode, uint64_t khz)
{
	long ret = set_tsc(d->id, mode, khz, 1, ELAPSED);

	micro_domctl_clear();
	return ret;
}

/*
 * Guest time against the core's, which says when this vcpu began to run: the seconds that
 * a wrong scale or a new offset makes count, the reference is milliseconds off at times.
 */
static bool time_is_right(void)
{
	struct vcpu_runstate_info run;
	struct sched_poll poll = { 0 };
	uint64_t now;

	micro_need(!hc_vcpu_op(VCPUOP_get_runstate_info, 0, &run));
	poll.timeout = run.state_entry_time + SECOND / 10;
	hc_sched_op(SCHEDOP_poll, &poll);
	micro_need(!hc_vcpu_op(VCPUOP_get_runstate_info, 0, &run));
	now = micro_time_now();
	micro_info("waited to %lu, is %lu, ran since %lu", (unsigned long)poll.timeout,
		   (unsigned long)now, (unsigned long)run.state_entry_time);
	return now + SECOND >= run.state_entry_time &&
	       now < run.state_entry_time + 10 * SECOND;
}

/*
 * Ticks in a time: what CPUID says, roughly. The clocks are not read at once: on a
 * machine that has other things to do in between it may take several tries.
 */
static bool rate_is(uint64_t khz)
{
	uint64_t ticks, start, rate;
	unsigned int tries;

	for (tries = 0; tries < 20; tries++) {
		ticks = micro_rdtsc();
		start = micro_time_now();
		while (micro_time_now() < start + SECOND / 20)
			;
		rate = (micro_rdtsc() - ticks) * 1000000 / (micro_time_now() - start);
		micro_info("%lu kHz, %lu expected", (unsigned long)rate, (unsigned long)khz);
		if (rate > khz - khz / 3 && rate < khz + khz / 2)
			return true;
	}
	return false;
}

extern char user_rdtsc[];
asm(".pushsection .text\n"
	"user_rdtsc: rdtsc; mov %eax, %r14d; shl $32, %rdx; or %rdx, %r14;"
	"rdtscp; mov %eax, %r15d; shl $32, %rdx; or %rdx, %r15; syscall\n"
	".popsection");

static void user_report(void)
{
	struct micro_regs regs = { 0 };
	struct micro_user_result r;
	uint64_t before = micro_rdtsc();

	do {
		micro_vcpu_info()->evtchn_upcall_pending = 0;
		micro_user_run(user_rdtsc, 0, &regs, &r);
	} while (r.frame.vector == ENTRY_EVENT);
	micro_report("user: %s%s", micro_vector_name(r.frame.vector),
		     r.frame.vector != ENTRY_SYSCALL ? "" :
		     before < r.frame.r14 && r.frame.r14 < r.frame.r15 &&
		     r.frame.r15 < micro_rdtsc() ? " in order" : " out of order");
}

MICRO_TEST_DOMU_SERVED(domu_tsc, 1, serve)
{
	static const struct { uint32_t mode, khz; bool tsd; } cases[] = {
		{ 2, 0, false }, { 1, 0, false }, { 1, 1000000, false }, { 1, 1000000, true },
		{ 0, 1000000, false }, { 0, 0, false }, { 2, 0, true },
	};
	struct micro_regs regs;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		micro_need(!micro_ask(cases[i].mode, cases[i].khz));
		asm volatile("mov %0, %%cr4" : : "r" (cases[i].tsd ? 4UL : 0));
		regs = (struct micro_regs){ .rax = 0x40000003 };
		MICRO_PROBE(&regs, "ud2a; .ascii \"xen\"; cpuid");
		micro_report("mode=%lu incarnation=%lu", (unsigned long)regs.rbx,
			     (unsigned long)regs.rdx);
		if (cases[i].mode || cases[i].khz)	/* or as the core trusts the machine */
			micro_report("emulated=%lu", (unsigned long)regs.rax & 1);
		if (cases[i].khz)
			micro_report("khz=%lu", (unsigned long)regs.rcx);
		micro_check(time_is_right());
		micro_check(rate_is(regs.rcx));
		user_report();
		regs.rcx = 0x10;
		MICRO_PROBE(&regs, "rdmsr");
		micro_probe_report("rdmsr");
		MICRO_PROBE(&regs, "rdtscp");
		micro_probe_report("rdtscp");
	}
}
