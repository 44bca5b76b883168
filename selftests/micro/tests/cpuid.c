// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID as a PV guest sees it, by the forced-emulation prefix
 * (arch-x86/xen.h XEN_CPUID, arch-x86/cpuid.h).
 */
#include "micro.h"

struct leaf {
	uint32_t a, b, c, d;
};

static struct leaf cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct leaf r;

	asm volatile(XEN_CPUID : "=a" (r.a), "=b" (r.b), "=c" (r.c),
		     "=d" (r.d) : "0" (leaf), "2" (subleaf));
	return r;
}

/* The hypervisor leaves: signature, version, what the core does to a guest. */
MICRO_TEST(cpuid_xen_leaves)
{
	struct leaf r = cpuid(0x40000000, 0);
	unsigned int i;

	micro_report("signature=%x %x %x", r.b, r.c, r.d);
	micro_report("leaves=%u", r.a - 0x40000000);
	r = cpuid(0x40000001, 0);
	micro_report("version=%x %x %x %x", r.a, r.b, r.c, r.d);
	r = cpuid(0x40000002, 0);
	micro_report("pages=%x msr=%x features=%x %x", r.a, r.b, r.c, r.d);
	r = cpuid(0x40000003, 0);
	micro_report("time flags=%x mode=%x incarnation=%x", r.a, r.b, r.d);
	r = cpuid(0x40000003, 1);
	micro_report("time1 multiplier_set=%d", r.c != 0);
	r = cpuid(0x40000003, 2);
	micro_report("time2 khz=%d rest=%x %x %x", r.a != 0, r.b, r.c, r.d);
	for (i = 4; i < 7; i++) {
		r = cpuid(0x40000000 + i, 0);
		micro_report("leaf%u=%x %x %x %x", i, r.a, r.b, r.c, r.d);
	}
	r = cpuid(0x40000100, 0);
	micro_report("second_base=%x %x %x %x", r.a, r.b, r.c, r.d);
}

static void bit_report(const char *name, uint32_t word, unsigned int bit)
{
	micro_report("%s=%u", name, word >> bit & 1);
}

/* Leaf 1: bits that say "not on real hardware", or that PV cannot have. */
MICRO_TEST(cpuid_leaf1)
{
	struct leaf r = cpuid(1, 0);

	bit_report("hypervisor", r.c, 31);
	bit_report("osxsave", r.c, 27);
	bit_report("xsave", r.c, 26);
	bit_report("tsc_deadline", r.c, 24);
	bit_report("x2apic", r.c, 21);
	bit_report("pcid", r.c, 17);
	bit_report("monitor", r.c, 3);
	bit_report("vmx", r.c, 5);
	bit_report("smx", r.c, 6);
	bit_report("eist", r.c, 7);
	bit_report("sse3", r.c, 0);
	bit_report("sse42", r.c, 20);
	bit_report("avx", r.c, 28);
	bit_report("fpu", r.d, 0);
	bit_report("vme", r.d, 1);
	bit_report("de", r.d, 2);
	bit_report("pse", r.d, 3);
	bit_report("tsc", r.d, 4);
	bit_report("msr", r.d, 5);
	bit_report("pae", r.d, 6);
	bit_report("mce", r.d, 7);
	bit_report("cx8", r.d, 8);
	bit_report("apic", r.d, 9);
	bit_report("sep", r.d, 11);
	bit_report("mtrr", r.d, 12);
	bit_report("pge", r.d, 13);
	bit_report("mca", r.d, 14);
	bit_report("cmov", r.d, 15);
	bit_report("pat", r.d, 16);
	bit_report("pse36", r.d, 17);
	bit_report("ds", r.d, 21);
	bit_report("acpi", r.d, 22);
	bit_report("fxsr", r.d, 24);
	bit_report("sse2", r.d, 26);
	bit_report("ss", r.d, 27);
	bit_report("htt", r.d, 28);
	bit_report("tm", r.d, 29);
	micro_info("ecx=%x edx=%x", r.c, r.d);
	micro_check(r.c >> 31);
}

/* Leaf 7: protection features of ring 0 are not the guest's to use. */
MICRO_TEST(cpuid_leaf7)
{
	struct leaf r = cpuid(7, 0);

	bit_report("fsgsbase", r.b, 0);
	bit_report("tsc_adjust", r.b, 1);
	bit_report("bmi1", r.b, 3);
	bit_report("avx2", r.b, 5);
	bit_report("smep", r.b, 7);
	bit_report("erms", r.b, 9);
	bit_report("invpcid", r.b, 10);
	bit_report("mpx", r.b, 14);
	bit_report("adx", r.b, 19);
	bit_report("smap", r.b, 20);
	bit_report("clflushopt", r.b, 23);
	bit_report("umip", r.c, 2);
	bit_report("pku", r.c, 3);
	bit_report("ospke", r.c, 4);
	bit_report("la57", r.c, 16);
	bit_report("rdpid", r.c, 22);
	micro_info("eax=%x ebx=%x ecx=%x edx=%x", r.a, r.b, r.c, r.d);
}

/* Extended leaves: 64-bit mode without SVM, 1 GB pages or topology tricks. */
MICRO_TEST(cpuid_extended)
{
	struct leaf r = cpuid(0x80000001, 0);

	bit_report("lahf", r.c, 0);
	bit_report("cmp_legacy", r.c, 1);
	bit_report("svm", r.c, 2);
	bit_report("extapic", r.c, 3);
	bit_report("osvw", r.c, 9);
	bit_report("skinit", r.c, 12);
	bit_report("syscall", r.d, 11);
	bit_report("nx", r.d, 20);
	bit_report("ffxsr", r.d, 25);
	bit_report("page1gb", r.d, 26);
	bit_report("rdtscp", r.d, 27);
	bit_report("lm", r.d, 29);
	micro_info("ecx=%x edx=%x", r.c, r.d);
	r = cpuid(0x80000007, 0);
	bit_report("itsc", r.d, 8);
	r = cpuid(0x80000008, 0);
	micro_report("address_bits=%x", r.a);
	r = cpuid(0x8000000a, 0);
	micro_report("svm_leaf=%x %x %x %x", r.a, r.b, r.c, r.d);
}

/* Leaf counts, and leaves outside: zero, not the highest basic one. */
MICRO_TEST(cpuid_bounds)
{
	struct leaf r = cpuid(0, 0);

	micro_info("max_basic=%x", r.a);
	micro_report("vendor=%x %x %x", r.b, r.d, r.c);
	r = cpuid(0x80000000, 0);
	micro_info("max_extended=%x", r.a);
	r = cpuid(0x3fffffff, 0);
	micro_report("below_xen=%x %x %x %x", r.a, r.b, r.c, r.d);
	r = cpuid(0x80000fff, 0);
	micro_report("beyond_extended=%x %x %x %x", r.a, r.b, r.c, r.d);
	r = cpuid(0xffffffff, 0);
	micro_report("max=%x %x %x %x", r.a, r.b, r.c, r.d);
	r = cpuid(5, 0);
	micro_report("mwait=%x %x %x %x", r.a, r.b, r.c, r.d);
	r = cpuid(0xa, 0);
	micro_report("pmu=%x %x %x %x", r.a, r.b, r.c, r.d);
	r = cpuid(0xd, 0);
	micro_report("xstates=%x high=%x", r.a, r.d);
	micro_info("xsave sizes=%x %x", r.b, r.c);
	r = cpuid(0xd, 1);
	micro_report("xsave_kinds=%x xss=%x %x", r.a & 0xf, r.c, r.d);
}

/* A prefix in front of anything else is plain #UD at the prefix. */
MICRO_TEST(cpuid_prefix)
{
	struct micro_regs regs = { 0 };

	MICRO_PROBE(&regs, XEN_EMULATE_PREFIX "nop");
	micro_probe_report("nop");
	MICRO_PROBE(&regs, XEN_EMULATE_PREFIX "rdtsc");
	micro_probe_report("rdtsc");
	MICRO_PROBE(&regs, ".byte 0x0f, 0x0b, 0x78, 0x65, 0x6d; cpuid");
	micro_probe_report("wrong_prefix");
	regs.rax = 0x40000000;
	MICRO_PROBE(&regs, XEN_CPUID);
	micro_probe_report("cpuid");
	micro_report("upper_halves_zero=%d",
		     !((regs.rax | regs.rbx | regs.rcx | regs.rdx) >> 32));
}
