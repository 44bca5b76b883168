/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HYPERVISOR_domctl: domains that come and go (xen/domctl.h). The guest is dom0
 * here, and the administrator.
 */
#include "domain.h"

static long destroy(domid_t dom)
{
	micro_domctl_clear();
	return micro_domctl_do(XEN_DOMCTL_destroydomain, dom);
}

static long info(domid_t dom)
{
	micro_domctl_clear();
	return micro_domctl_do(XEN_DOMCTL_getdomaininfo, dom);
}

/* Who may call, and with which version. */
MICRO_TEST(domctl_version)
{
	micro_domctl = (struct xen_domctl){ .cmd = XEN_DOMCTL_getdomaininfo };
	micro_report("version0=%ld", hypercall1(__HYPERVISOR_domctl, &micro_domctl));
	micro_domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION - 1;
	micro_report("older=%ld", hypercall1(__HYPERVISOR_domctl, &micro_domctl));
	micro_domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION + 1;
	micro_report("newer=%ld", hypercall1(__HYPERVISOR_domctl, &micro_domctl));
	micro_report("null=%ld", hypercall1(__HYPERVISOR_domctl, 0));
	micro_report("core=%ld", hypercall1(__HYPERVISOR_domctl, HYPERVISOR_VIRT_START));
	micro_report("unknown=%ld", micro_domctl_do(999, 0));
	micro_report("unknown_elsewhere=%ld", micro_domctl_do(999, 77));
	micro_report("zero=%ld", micro_domctl_do(0, 0));
}

/* What the tools are told, and the order in which they ask. */
MICRO_TEST(domctl_info)
{
	long rc;
	domid_t dom;

	rc = info(0);
	micro_report("self=%ld domain=%u", rc, micro_domctl.domain);
	micro_report("domid_self=%ld", info(DOMID_SELF));
	micro_report("nobody=%ld", info(1234));
	dom = micro_domctl_create_vcpus(0, 2);
	rc = info(dom);
	micro_report("new=%ld same=%d flags=%x", rc, micro_domctl.domain == dom,
		     micro_domctl.u.getdomaininfo.flags);
	micro_report("pages=%lu max=%lu vcpus=%u maxid=%u handle=%x,%x,%x ssid=%u pool=%u",
		     (unsigned long)micro_domctl.u.getdomaininfo.tot_pages,
		     (unsigned long)micro_domctl.u.getdomaininfo.max_pages,
		     micro_domctl.u.getdomaininfo.nr_online_vcpus,
		     micro_domctl.u.getdomaininfo.max_vcpu_id,
		     micro_domctl.u.getdomaininfo.handle[0], micro_domctl.u.getdomaininfo.handle[1],
		     micro_domctl.u.getdomaininfo.handle[5], micro_domctl.u.getdomaininfo.ssidref,
		     micro_domctl.u.getdomaininfo.cpupool);
	rc = info(1);
	micro_report("from1=%ld same=%d", rc, micro_domctl.domain == dom);
	micro_report("destroy=%ld", destroy(dom));
	micro_report("after=%ld", info(dom));
	micro_report("again=%ld", destroy(dom));
}

MICRO_TEST(domctl_create_numbers)
{
	long rc;
	domid_t dom;

	rc = micro_domctl_create(100, 1);
	micro_report("wanted=%ld got=%u", rc, micro_domctl.domain);
	micro_report("taken=%ld", micro_domctl_create(100, 1));
	micro_report("destroy=%ld", destroy(100));
	micro_report("reserved=%ld", micro_domctl_create(DOMID_FIRST_RESERVED, 1));
	dom = micro_domctl.domain;
	micro_check(dom && dom < DOMID_FIRST_RESERVED);
	micro_report("destroy=%ld", destroy(dom));
	micro_report("self=%ld", destroy(0));
	micro_report("nobody=%ld", destroy(100));
}

static void try_create(const char *what)
{
	long rc = micro_domctl_do(XEN_DOMCTL_createdomain, 0);
	domid_t dom = micro_domctl.domain;

	micro_report("%s=%ld", what, rc);
	if (!rc)
		micro_need(!destroy(dom));
}

/* What a domain may not be made like. */
MICRO_TEST(domctl_create_bad)
{
	struct xen_domctl_createdomain *c = &micro_domctl.u.createdomain;

#define TRY(what, change) do {								\
	micro_domctl_clear();								\
	*c = (struct xen_domctl_createdomain){						\
		.max_vcpus = 1, .max_evtchn_port = 1023, .max_grant_frames = 32,	\
		.max_maptrack_frames = 1024,						\
		.grant_opts = XEN_DOMCTL_GRANT_version(1),				\
	};										\
	change;										\
	try_create(what);								\
} while (0)
	TRY("good", (void)0);
	TRY("no_vcpus", c->max_vcpus = 0);
	TRY("many_vcpus", c->max_vcpus = 8193);
	TRY("unknown_flag", c->flags = XEN_DOMCTL_CDF_MAX << 1);
	TRY("iommu_opts", c->iommu_opts = 1);
	TRY("no_grant_version", c->grant_opts = 0);
	TRY("grant_version3", c->grant_opts = 3);
	TRY("grant_opts", c->grant_opts |= 16);
	TRY("default_grants", c->max_grant_frames = c->max_maptrack_frames = -1);
	TRY("no_grants", c->max_grant_frames = 0);
	TRY("ports_none", c->max_evtchn_port = 0);
	TRY("ports_all", c->max_evtchn_port = ~0u);
	TRY("pool", c->cpupool_id = 99);
	TRY("emulation", c->arch.emulation_flags = XEN_X86_EMU_HPET);
	TRY("msr_relaxed", c->arch.misc_flags = XEN_X86_MSR_RELAXED);
	TRY("misc", c->arch.misc_flags = 2);
	TRY("vmtrace", c->vmtrace_size = 4096);
	TRY("oos_off", c->flags = XEN_DOMCTL_CDF_oos_off);
	TRY("hap", c->flags = XEN_DOMCTL_CDF_hap);
	TRY("xs_domain", c->flags = XEN_DOMCTL_CDF_xs_domain);
	TRY("s3", c->flags = XEN_DOMCTL_CDF_s3_integrity);
	TRY("vpmu", c->flags = XEN_DOMCTL_CDF_vpmu);
}

/* Pauses of the tools nest; a new domain has one. */
MICRO_TEST(domctl_pause)
{
	long rc;
	domid_t dom = micro_domctl_create_vcpus(0, 1);

	micro_report("pause=%ld", micro_domctl_do(XEN_DOMCTL_pausedomain, dom));
	micro_report("unpause=%ld", micro_domctl_do(XEN_DOMCTL_unpausedomain, dom));
	rc = info(dom);
	micro_report("info=%ld flags=%x", rc, micro_domctl.u.getdomaininfo.flags);
	micro_report("unpause=%ld", micro_domctl_do(XEN_DOMCTL_unpausedomain, dom));
	rc = info(dom);
	micro_report("info=%ld flags=%x", rc, micro_domctl.u.getdomaininfo.flags);
	micro_report("unpause=%ld", micro_domctl_do(XEN_DOMCTL_unpausedomain, dom));
	micro_report("self=%ld", micro_domctl_do(XEN_DOMCTL_pausedomain, 0));
	micro_report("unpause_self=%ld", micro_domctl_do(XEN_DOMCTL_unpausedomain, 0));
	micro_report("resume=%ld", micro_domctl_do(XEN_DOMCTL_resumedomain, dom));
	micro_report("resume_self=%ld", micro_domctl_do(XEN_DOMCTL_resumedomain, 0));
	micro_report("destroy=%ld", destroy(dom));
}

static long populate(domid_t dom, xen_pfn_t *pfn, unsigned long nr)
{
	struct xen_memory_reservation r = { .nr_extents = nr, .domid = dom };

	r.extent_start.p = pfn;
	return hc_memory_op(XENMEM_populate_physmap, &r);
}

/* Memory: the limit holds, and all comes back. */
MICRO_TEST(domctl_memory)
{
	long rc;
	xen_pfn_t pfn[16];
	domid_t dom = micro_domctl_create_vcpus(0, 1);

	for (unsigned int i = 0; i < ARRAY_SIZE(pfn); i++)
		pfn[i] = i;
	micro_report("no_limit_yet=%ld", populate(dom, pfn, 1));
	micro_domctl_clear();
	micro_domctl.u.max_mem.max_memkb = 8 * 4;
	micro_report("max_mem=%ld", micro_domctl_do(XEN_DOMCTL_max_mem, dom));
	for (unsigned int i = 0; i < ARRAY_SIZE(pfn); i++)
		pfn[i] = i;
	micro_report("populate=%ld", populate(dom, pfn, ARRAY_SIZE(pfn)));
	rc = info(dom);
	micro_report("info=%ld pages=%lu max=%lu", rc,
		     (unsigned long)micro_domctl.u.getdomaininfo.tot_pages,
		     (unsigned long)micro_domctl.u.getdomaininfo.max_pages);
	micro_domctl_clear();
	micro_domctl.u.max_mem.max_memkb = 4 * 4;
	micro_report("lower=%ld", micro_domctl_do(XEN_DOMCTL_max_mem, dom));
	rc = info(dom);
	micro_report("info=%ld pages=%lu max=%lu", rc,
		     (unsigned long)micro_domctl.u.getdomaininfo.tot_pages,
		     (unsigned long)micro_domctl.u.getdomaininfo.max_pages);
	micro_domctl_clear();
	micro_domctl.u.hypercall_init.gmfn = pfn[0];
	micro_report("hypercall_init=%ld", micro_domctl_do(XEN_DOMCTL_hypercall_init, dom));
	micro_domctl.u.hypercall_init.gmfn = 0x7fffffff;
	micro_report("hypercall_init_bad=%ld", micro_domctl_do(XEN_DOMCTL_hypercall_init, dom));
	rc = destroy(dom);
	micro_report("destroy=%ld after=%ld", rc, info(dom));
}

/* Small things that the tools set and ask. */
MICRO_TEST(domctl_small)
{
	long rc;
	domid_t dom = micro_domctl_create_vcpus(0, 2);

	micro_domctl_clear();
	micro_domctl.u.max_vcpus.max = 3;
	micro_report("other_max=%ld", micro_domctl_do(XEN_DOMCTL_max_vcpus, dom));
	micro_domctl.u.address_size.size = 64;
	micro_report("size64=%ld", micro_domctl_do(XEN_DOMCTL_set_address_size, dom));
	micro_domctl.u.address_size.size = 48;
	micro_report("size48=%ld", micro_domctl_do(XEN_DOMCTL_set_address_size, dom));
	rc = micro_domctl_do(XEN_DOMCTL_get_address_size, dom);
	micro_report("size=%ld is=%u", rc, micro_domctl.u.address_size.size);
	micro_domctl_clear();
	rc = micro_domctl_do(XEN_DOMCTL_gettscinfo, dom);
	micro_report("tsc=%ld mode=%u incarnation=%u", rc,
		     micro_domctl.u.tsc_info.tsc_mode, micro_domctl.u.tsc_info.incarnation);
	micro_domctl_clear();
	micro_domctl.u.tsc_info.tsc_mode = 2;
	micro_report("tsc_never=%ld", micro_domctl_do(XEN_DOMCTL_settscinfo, dom));
	micro_domctl.u.tsc_info.tsc_mode = 7;
	micro_report("tsc_bad=%ld", micro_domctl_do(XEN_DOMCTL_settscinfo, dom));
	micro_domctl_clear();
	micro_report("tsc_self=%ld", micro_domctl_do(XEN_DOMCTL_settscinfo, 0));
	micro_domctl.u.settimeoffset.time_offset_seconds = 3600;
	micro_report("offset=%ld", micro_domctl_do(XEN_DOMCTL_settimeoffset, dom));
	micro_domctl_clear();
	micro_domctl.u.sendtrigger.vcpu = 2;
	micro_report("nmi_nobody=%ld", micro_domctl_do(XEN_DOMCTL_sendtrigger, dom));
	micro_domctl.u.sendtrigger.vcpu = 1;
	micro_report("nmi=%ld", micro_domctl_do(XEN_DOMCTL_sendtrigger, dom));
	micro_domctl.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_POWER;
	micro_report("power=%ld", micro_domctl_do(XEN_DOMCTL_sendtrigger, dom));
	micro_domctl.u.sendtrigger.trigger = 99;
	micro_report("trigger=%ld", micro_domctl_do(XEN_DOMCTL_sendtrigger, dom));
	micro_domctl_clear();
	micro_domctl.u.setdomainhandle.handle[0] = 0x77;
	micro_report("handle=%ld", micro_domctl_do(XEN_DOMCTL_setdomainhandle, dom));
	rc = info(dom);
	micro_report("info=%ld handle=%x,%x", rc, micro_domctl.u.getdomaininfo.handle[0],
		     micro_domctl.u.getdomaininfo.handle[1]);
	micro_report("destroy=%ld", destroy(dom));
}

static struct vcpu_guest_context context;

/* Contexts: what is checked. */
MICRO_TEST(domctl_context)
{
	domid_t dom = micro_domctl_create_vcpus(0, 1);

	micro_domctl_clear();
	micro_domctl.u.vcpucontext.ctxt.p = &context;
	micro_report("get_none=%ld", micro_domctl_do(XEN_DOMCTL_getvcpucontext, dom));
	micro_domctl.u.vcpucontext.vcpu = 1;
	micro_report("get_nobody=%ld", micro_domctl_do(XEN_DOMCTL_getvcpucontext, dom));
	micro_report("set_nobody=%ld", micro_domctl_do(XEN_DOMCTL_setvcpucontext, dom));
	micro_domctl.u.vcpucontext.vcpu = 0;
	micro_report("get_self=%ld", micro_domctl_do(XEN_DOMCTL_getvcpucontext, 0));
	micro_report("set_self=%ld", micro_domctl_do(XEN_DOMCTL_setvcpucontext, 0));
	micro_report("set_empty=%ld", micro_domctl_do(XEN_DOMCTL_setvcpucontext, dom));
	micro_domctl.u.vcpucontext.ctxt.p = (void *)HYPERVISOR_VIRT_START;
	micro_report("set_core=%ld", micro_domctl_do(XEN_DOMCTL_setvcpucontext, dom));
	micro_report("destroy=%ld", destroy(dom));
}
