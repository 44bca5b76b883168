/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of a vcpu beyond its context, as tools save and restore it
 * (xen/domctl.h).
 */
#include "domain.h"

#define XSAVE_HEADER	(16 + 512)	/* behind two words: XCR0, and what it ever was */

static uint64_t area[1024];
static domid_t dom;

static uint64_t mask;	/* of the components that there are */

static long extstate(uint32_t cmd, uint32_t vcpu, uint64_t size, void *buffer)
{
	micro_domctl_clear();
	micro_domctl.u.vcpuextstate.xfeature_mask = mask;
	micro_domctl.u.vcpuextstate.vcpu = vcpu;
	micro_domctl.u.vcpuextstate.size = size;
	micro_domctl.u.vcpuextstate.buffer.p = buffer;
	return micro_domctl_do(cmd, dom);
}

#define GET	XEN_DOMCTL_getvcpuextstate
#define SET	XEN_DOMCTL_setvcpuextstate

/* How the state comes: XCR0, what it ever was, an XSAVE area of the standard form. */
MICRO_TEST(vcpu_state_xsave)
{
	uint64_t size;
	long rc;

	dom = micro_domctl_create_vcpus(0, 1);
	micro_report("nobody=%ld", extstate(GET, 1, 0, 0));
	mask = 0;
	rc = extstate(GET, 0, 0, 0);
	mask = micro_domctl.u.vcpuextstate.xfeature_mask;
	size = micro_domctl.u.vcpuextstate.size;
	micro_report("ask=%ld x87_sse_avx=%lu", rc,
		     (unsigned long)micro_domctl.u.vcpuextstate.xfeature_mask & 7);
	micro_info("mask %lx size %lu", (unsigned long)micro_domctl.u.vcpuextstate.xfeature_mask,
		   (unsigned long)size);
	micro_check(size >= XSAVE_HEADER + 64 && size <= sizeof(area));
	micro_report("short=%ld", extstate(GET, 0, 15, area));
	/* A new vcpu has what it pleases. */
	area[0] = area[1] = 3;
	micro_report("set=%ld", extstate(SET, 0, XSAVE_HEADER + 64, area));
	micro_report("short=%ld", extstate(GET, 0, XSAVE_HEADER + 63, area));
	micro_info("size %lu", (unsigned long)micro_domctl.u.vcpuextstate.size);
	rc = extstate(GET, 0, size, area);
	micro_report("get=%ld size=%lu", rc, (unsigned long)micro_domctl.u.vcpuextstate.size);
	micro_report("xcr0=%lx accum=%lx bv=%lx comp=%lx", (unsigned long)area[0],
		     (unsigned long)area[1], (unsigned long)area[XSAVE_HEADER / 8],
		     (unsigned long)area[XSAVE_HEADER / 8 + 1]);
	micro_report("core=%ld", extstate(GET, 0, size, (void *)HYPERVISOR_VIRT_START));
	micro_domctl_destroy(dom);
}

static long set(uint64_t size)
{
	return extstate(SET, 0, size, area);
}

/* What is taken back, and what not. */
MICRO_TEST(vcpu_state_xsave_set)
{
	uint64_t size, *header = &area[XSAVE_HEADER / 8];
	uint32_t *mxcsr = (uint32_t *)&area[5];
	long rc;

	dom = micro_domctl_create_vcpus(0, 1);
	mask = 0;
	micro_need(!extstate(GET, 0, 0, 0));
	mask = micro_domctl.u.vcpuextstate.xfeature_mask;
	area[0] = area[1] = 3;
	size = XSAVE_HEADER + 64;
	micro_report("nobody=%ld", extstate(SET, 1, size, area));
	micro_report("nothing=%ld", extstate(SET, 0, 0, 0));
	micro_report("same=%ld", set(size));
	micro_report("two_words=%ld", set(16));
	micro_report("short=%ld", set(15));
	micro_report("legacy=%ld", set(XSAVE_HEADER));
	micro_report("odd=%ld", set(XSAVE_HEADER + 65));
	micro_report("huge=%ld", set(1ul << 40));
	area[0] = area[1] = 7;
	header[0] = 7;
	micro_report("avx_short=%ld", set(XSAVE_HEADER + 64));
	micro_report("avx=%ld", set(XSAVE_HEADER + 64 + 256));
	rc = extstate(GET, 0, sizeof(area), area);
	micro_report("get=%ld size=%lu xcr0=%lx accum=%lx bv=%lx", rc,
		     (unsigned long)micro_domctl.u.vcpuextstate.size, (unsigned long)area[0],
		     (unsigned long)area[1], (unsigned long)header[0]);
	size = XSAVE_HEADER + 64 + 256;
	area[0] = 3;
	micro_report("more_than_enabled=%ld", set(size));
	area[0] = 7;
	area[1] = 3;
	micro_report("not_in_accum=%ld", set(size));
	area[0] = 3;
	micro_report("more_than_accum=%ld", set(size));
	area[0] = area[1] = 5;
	micro_report("avx_no_sse=%ld", set(size));
	area[0] = area[1] = 6;
	micro_report("no_x87=%ld", set(size));
	area[0] = area[1] = 7 | 1ull << 62;
	micro_report("lwp=%ld", set(size));
	area[0] = area[1] = 7;
	header[1] = 1ull << 63;
	micro_report("compact=%ld", set(size));
	header[1] = 1;
	micro_report("comp_bits=%ld", set(size));
	header[1] = 0;
	header[7] = 1;
	micro_report("reserved=%ld", set(size));
	header[7] = 0;
	header[0] = 1ull << 63;
	micro_report("bv=%ld", set(size));
	header[0] = 7;
	*mxcsr = ~0u;
	micro_report("mxcsr=%ld", set(size));
	*mxcsr = 0x1f80;
	micro_report("good=%ld", set(size));
	micro_domctl_destroy(dom);
}

static long callbacks(uint32_t cmd)
{
	micro_domctl.u.ext_vcpucontext.size = sizeof(micro_domctl.u.ext_vcpucontext);
	return micro_domctl_do(cmd, dom);
}

static void show_callbacks(void)
{
	const struct xen_domctl_ext_vcpucontext *c = &micro_domctl.u.ext_vcpucontext;
	long rc;

	micro_domctl_clear();
	rc = micro_domctl_do(XEN_DOMCTL_get_ext_vcpucontext, dom);
	micro_report("get=%ld size=%u syscall32=%lx,%d sysenter=%lx,%d", rc, c->size,
		     (unsigned long)c->syscall32_callback_eip, c->syscall32_disables_events,
		     (unsigned long)c->sysenter_callback_eip, c->sysenter_disables_events);
}

/* The callbacks that the context has no room for. */
MICRO_TEST(vcpu_state_callbacks)
{
	struct xen_domctl_ext_vcpucontext *c = &micro_domctl.u.ext_vcpucontext;

	dom = micro_domctl_create_vcpus(0, 1);
	show_callbacks();
	c->syscall32_callback_eip = 0xffffffff81000000;
	c->syscall32_disables_events = 1;
	c->sysenter_callback_eip = 0x12345000;
	micro_report("set=%ld", callbacks(XEN_DOMCTL_set_ext_vcpucontext));
	show_callbacks();
	c->syscall32_disables_events = 2;
	micro_report("set_other=%ld", callbacks(XEN_DOMCTL_set_ext_vcpucontext));
	show_callbacks();
	c->syscall32_callback_eip = HYPERVISOR_VIRT_START;
	micro_report("core=%ld", callbacks(XEN_DOMCTL_set_ext_vcpucontext));
	show_callbacks();
	c->sysenter_callback_eip = 1ull << 47;
	micro_report("noncanonical=%ld", callbacks(XEN_DOMCTL_set_ext_vcpucontext));
	show_callbacks();
	c->vmce.caps = 1ull << 40;
	micro_report("vmce=%ld", callbacks(XEN_DOMCTL_set_ext_vcpucontext));
	micro_domctl_clear();
	c->size = 7;
	micro_report("size7=%ld", micro_domctl_do(XEN_DOMCTL_set_ext_vcpucontext, dom));
	c->size = 8;
	micro_report("size8=%ld", micro_domctl_do(XEN_DOMCTL_set_ext_vcpucontext, dom));
	c->size = 27;
	micro_report("size27=%ld", micro_domctl_do(XEN_DOMCTL_set_ext_vcpucontext, dom));
	c->size = 32;
	micro_report("size32=%ld", micro_domctl_do(XEN_DOMCTL_set_ext_vcpucontext, dom));
	c->size = 200;
	micro_report("size200=%ld", micro_domctl_do(XEN_DOMCTL_set_ext_vcpucontext, dom));
	show_callbacks();
	c->vcpu = 1;
	micro_report("nobody=%ld", callbacks(XEN_DOMCTL_set_ext_vcpucontext));
	c->vcpu = 1;
	micro_report("nobody=%ld", micro_domctl_do(XEN_DOMCTL_get_ext_vcpucontext, dom));
	micro_domctl_destroy(dom);
}

static struct xen_domctl_vcpu_msr msrs[32];

static long set_msrs(uint32_t nr)
{
	micro_domctl_clear();
	micro_domctl.u.vcpu_msrs.msr_count = nr;
	micro_domctl.u.vcpu_msrs.msrs.p = msrs;
	return micro_domctl_do(XEN_DOMCTL_set_vcpu_msrs, dom);
}

static long get_msrs(uint32_t nr)
{
	micro_domctl_clear();
	micro_domctl.u.vcpu_msrs.msr_count = nr;
	micro_domctl.u.vcpu_msrs.msrs.p = msrs;
	return micro_domctl_do(XEN_DOMCTL_get_vcpu_msrs, dom);
}

/* MSRs that a vcpu has of its own; those that are 0 do not count. */
MICRO_TEST(vcpu_state_msrs)
{
	long rc;

	dom = micro_domctl_create_vcpus(0, 1);
	rc = micro_domctl_do(XEN_DOMCTL_get_vcpu_msrs, dom);
	micro_report("ask=%ld", rc);
	micro_info("at most %u", micro_domctl.u.vcpu_msrs.msr_count);
	micro_check(micro_domctl.u.vcpu_msrs.msr_count &&
		    micro_domctl.u.vcpu_msrs.msr_count <= ARRAY_SIZE(msrs));
	rc = get_msrs(ARRAY_SIZE(msrs));
	micro_report("get=%ld nr=%u", rc, micro_domctl.u.vcpu_msrs.msr_count);
	rc = get_msrs(0);
	micro_report("get_none=%ld nr=%u", rc, micro_domctl.u.vcpu_msrs.msr_count);
	msrs[0] = (struct xen_domctl_vcpu_msr){ .index = 0xc0000103, .value = 77 };
	rc = set_msrs(1);
	micro_report("tsc_aux=%ld nr=%u", rc, micro_domctl.u.vcpu_msrs.msr_count);
	rc = get_msrs(ARRAY_SIZE(msrs));
	micro_report("get=%ld nr=%u index=%x value=%lu", rc, micro_domctl.u.vcpu_msrs.msr_count,
		     msrs[0].index, (unsigned long)msrs[0].value);
	rc = get_msrs(0);
	micro_report("get_none=%ld nr=%u", rc, micro_domctl.u.vcpu_msrs.msr_count);
	msrs[1] = (struct xen_domctl_vcpu_msr){ .index = 0x1234 };
	rc = set_msrs(2);
	micro_report("unknown=%ld nr=%u", rc, micro_domctl.u.vcpu_msrs.msr_count);
	msrs[0].value = 1ull << 32;
	rc = set_msrs(1);
	micro_report("large=%ld nr=%u", rc, micro_domctl.u.vcpu_msrs.msr_count);
	msrs[0].value = 1;
	msrs[0].reserved = 1;
	rc = set_msrs(1);
	micro_report("reserved=%ld nr=%u", rc, micro_domctl.u.vcpu_msrs.msr_count);
	micro_report("many=%ld", set_msrs(1000));
	micro_domctl_clear();
	micro_domctl.u.vcpu_msrs.vcpu = 1;
	micro_report("nobody=%ld", micro_domctl_do(XEN_DOMCTL_get_vcpu_msrs, dom));
	micro_report("set_nobody=%ld", micro_domctl_do(XEN_DOMCTL_set_vcpu_msrs, dom));
	micro_domctl_destroy(dom);
}
