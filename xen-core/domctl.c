// SPDX-License-Identifier: GPL-2.0-only
/*
 * HYPERVISOR_domctl: the administrator's tools make, see and end domains.
 *
 * One operation at a time: the tools are few and their operations short or
 * preemptible, so that none has to think of another one that makes or ends the
 * same domain meanwhile. Who comes second tries again.
 */
#include "domctl.h"

#include "event_port.h"
#include "grant_table.h"
#include "hypercall.h"
#include "sched.h"

static_assert(sizeof(struct xen_domctl) == 144, "xen/domctl.h");

#define CREATE_FLAGS	(XEN_DOMCTL_CDF_oos_off | XEN_DOMCTL_CDF_xs_domain)
#define MAX_TOOL_PAUSES	255

void domain_get_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	u32 flags = XEN_DOMINF_blocked;
	bool ended;

	*info = (struct xen_domctl_getdomaininfo){
		.domain = d->id, .tot_pages = d->tot_pages, .max_pages = d->max_pages,
		.outstanding_pages = READ_ONCE(d->claimed), .cpupool = d->sched.pool->id,
		.shared_info_frame = virt_to_mfn(d->shared).n, .max_vcpu_id = d->max_vcpus - 1,
	};
	memcpy(info->handle, d->handle, sizeof(info->handle));
	for_each_vcpu(d, v) {
		info->cpu_time += vcpu_run_time(v);
		if (READ_ONCE(v->pause_flags) & 1u << VPF_DOWN)
			continue;
		info->nr_online_vcpus++;
		if (!(READ_ONCE(v->pause_flags) & 1u << VPF_BLOCKED))
			flags &= ~XEN_DOMINF_blocked;
		if (READ_ONCE(v->running))
			flags |= XEN_DOMINF_running;
	}
	if (!info->nr_online_vcpus)
		flags = 0;
	ended = __atomic_load_n(&d->is_shut_down, __ATOMIC_ACQUIRE);
	flags |= (d->dying ? XEN_DOMINF_dying : 0) | (d->tool_pauses ? XEN_DOMINF_paused : 0) |
		 (ended ? XEN_DOMINF_shutdown : 0) | (d->xs_domain ? XEN_DOMINF_xs_domain : 0);
	/* Those that have no code yet are known by one that is none. */
	info->flags = flags | (d->shutdown_code == SHUTDOWN_NONE ? 0xffffu : d->shutdown_code) <<
			      XEN_DOMINF_shutdownshift;
}

static long domctl_getdomaininfo(struct domain *d, struct xen_domctl *op)
{
	domain_get_info(d, &op->u.getdomaininfo);
	op->domain = d->id;
	return 0;
}

/* A number nobody has: those that have just ended are used last. */
static int domain_new_id(domid_t *id)
{
	static domid_t last;
	struct domain *d;

	for (u32 n = 1; n < DOMID_FIRST_RESERVED; n++) {
		*id = 1 + (last + n - 1) % (DOMID_FIRST_RESERVED - 1);
		d = domain_get_by_id(*id);
		if (!d) {
			last = *id;
			return 0;
		}
		domain_put(d);
	}
	return -ENOMEM;
}

static long domctl_createdomain(struct domain *none, struct xen_domctl *op)
{
	const struct xen_domctl_createdomain *c = &op->u.createdomain;
	struct domain *d = NULL;
	domid_t id = op->domain;
	int err = 0;

	/* A guest that may use version 2 of the grant table finds that there is version 1. */
	if (c->flags & ~CREATE_FLAGS || c->max_vcpus - 1 >= MAX_VCPUS || c->vmtrace_size ||
	    c->iommu_opts || c->grant_opts - 1 > 1 || !c->max_grant_frames)
		return -EINVAL;
	err = arch_check_domain_config(&c->arch);
	if (err)
		return err;
	if (!id || id >= DOMID_FIRST_RESERVED)
		err = domain_new_id(&id);
	else if ((d = domain_get_by_id(id)))
		err = -EEXIST;
	if (d)
		domain_put(d);
	if (err)
		return err;
	d = domain_create(id, false, c->max_vcpus);
	if (!d)
		return -ENOMEM;
	d->tool_pauses = 1;
	d->max_pages = 0;
	time_fill_wallclock(d);
	d->evtchn->max_ports = MIN(c->max_evtchn_port, EVTCHN_FIFO_NR_CHANNELS - 1u) + 1;
	d->grants->max_frames = MIN((u32)c->max_grant_frames, GRANT_MAX_FRAMES);
	d->grants->max_map_pages = MIN((u32)c->max_maptrack_frames, GRANT_MAP_PAGES);
	d->xs_domain = c->flags & XEN_DOMCTL_CDF_xs_domain;
	memcpy(d->handle, c->handle, sizeof(d->handle));
	domain_publish(d);
	op->domain = id;
	/* Also to pool 0, whose CPUs may have changed before it was on the list. */
	err = sched_join_pool(d, c->cpupool_id);
	while (err && domain_destroy(d))
		;
	return err;
}

static long domctl_destroydomain(struct domain *d, struct xen_domctl *op)
{
	return domain_destroy(d);
}

static long domctl_max_vcpus(struct domain *d, struct xen_domctl *op)
{
	return op->u.max_vcpus.max == d->max_vcpus ? 0 : -EINVAL;
}

static long domctl_pausedomain(struct domain *d, struct xen_domctl *op)
{
	if (d->tool_pauses == MAX_TOOL_PAUSES)
		return -EOVERFLOW;
	d->tool_pauses++;
	domain_pause(d);
	return 0;
}

static long domctl_unpausedomain(struct domain *d, struct xen_domctl *op)
{
	if (!d->tool_pauses)
		return -EINVAL;
	d->tool_pauses--;
	domain_unpause(d);
	return 0;
}

static long domctl_resumedomain(struct domain *d, struct xen_domctl *op)
{
	domain_resume(d);
	return 0;
}

static long domctl_max_mem(struct domain *d, struct xen_domctl *op)
{
	/* What it has above that it keeps, but it gets no more. */
	d->max_pages = MIN(op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10), 0xffffffffull);
	return 0;
}

static long domctl_setdomainhandle(struct domain *d, struct xen_domctl *op)
{
	memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
	return 0;
}

static long domctl_settimeoffset(struct domain *d, struct xen_domctl *op)
{
	d->time_offset = op->u.settimeoffset.time_offset_seconds;
	time_fill_wallclock(d);
	return 0;
}

static long domctl_sendtrigger(struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v = vcpu_lookup(d, op->u.sendtrigger.vcpu);

	if (!v)
		return -ESRCH;
	if (op->u.sendtrigger.trigger == XEN_DOMCTL_SENDTRIGGER_POWER ||
	    op->u.sendtrigger.trigger == XEN_DOMCTL_SENDTRIGGER_SLEEP)
		return -EINVAL;		/* for those that have such buttons */
	if (op->u.sendtrigger.trigger != XEN_DOMCTL_SENDTRIGGER_NMI)
		return -ENOSYS;
	vcpu_nmi(v);
	return 0;
}

static long domctl_set_virq_handler(struct domain *d, struct xen_domctl *op)
{
	return event_set_virq_handler(d, op->u.set_virq_handler.virq);
}

static const struct domctl_op {
	domctl_fn *run;
	bool output;	/* the structure is copied back */
	bool self;	/* may be done to the caller's own domain */
} domctl_ops[] = {
	[XEN_DOMCTL_createdomain]	= { domctl_createdomain, .output = true },
	[XEN_DOMCTL_destroydomain]	= { domctl_destroydomain },
	[XEN_DOMCTL_pausedomain]	= { domctl_pausedomain },
	[XEN_DOMCTL_unpausedomain]	= { domctl_unpausedomain },
	[XEN_DOMCTL_getdomaininfo]	= { domctl_getdomaininfo, .output = true, .self = true },
	[XEN_DOMCTL_shadow_op]		= { domctl_shadow_op, .output = true },
	[XEN_DOMCTL_max_mem]		= { domctl_max_mem, .self = true },
	[XEN_DOMCTL_setvcpucontext]	= { domctl_setvcpucontext },
	[XEN_DOMCTL_getvcpucontext]	= { domctl_getvcpucontext, .output = true },
	[XEN_DOMCTL_max_vcpus]		= { domctl_max_vcpus },
	[XEN_DOMCTL_setdomainhandle]	= { domctl_setdomainhandle, .self = true },
	[XEN_DOMCTL_hypercall_init]	= { domctl_hypercall_init },
	[XEN_DOMCTL_settimeoffset]	= { domctl_settimeoffset, .self = true },
	[XEN_DOMCTL_resumedomain]	= { domctl_resumedomain },
	[XEN_DOMCTL_getpageframeinfo3]	= { domctl_getpageframeinfo3 },
	[XEN_DOMCTL_sendtrigger]	= { domctl_sendtrigger, .self = true },
	[XEN_DOMCTL_set_virq_handler]	= { domctl_set_virq_handler, .self = true },
	[XEN_DOMCTL_ioport_permission]	= { domctl_ioport_permission, .self = true },
	[XEN_DOMCTL_set_address_size]	= { domctl_set_address_size },
	[XEN_DOMCTL_get_address_size]	= { domctl_get_address_size, .output = true, .self = true },
	[XEN_DOMCTL_gettscinfo]		= { domctl_gettscinfo, .output = true },
	[XEN_DOMCTL_settscinfo]		= { domctl_settscinfo },
	[XEN_DOMCTL_setvcpuaffinity]	= { domctl_setvcpuaffinity, .output = true, .self = true },
	[XEN_DOMCTL_getvcpuaffinity]	= { domctl_getvcpuaffinity, .output = true, .self = true },
	[XEN_DOMCTL_setnodeaffinity]	= { domctl_setnodeaffinity, .self = true },
	[XEN_DOMCTL_getnodeaffinity]	= { domctl_getnodeaffinity, .output = true, .self = true },
	[XEN_DOMCTL_scheduler_op]	= { domctl_scheduler_op, .output = true, .self = true },
	[XEN_DOMCTL_getvcpuinfo]	= { domctl_getvcpuinfo, .output = true, .self = true },
	[XEN_DOMCTL_set_ext_vcpucontext] = { domctl_set_ext_vcpucontext },
	[XEN_DOMCTL_get_ext_vcpucontext] = { domctl_get_ext_vcpucontext, .output = true },
	[XEN_DOMCTL_setvcpuextstate]	= { domctl_setvcpuextstate },
	[XEN_DOMCTL_getvcpuextstate]	= { domctl_getvcpuextstate, .output = true },
	[XEN_DOMCTL_get_vcpu_msrs]	= { domctl_get_vcpu_msrs, .output = true },
	[XEN_DOMCTL_set_vcpu_msrs]	= { domctl_set_vcpu_msrs, .output = true },
	[XEN_DOMCTL_get_cpu_policy]	= { domctl_get_cpu_policy, .output = true, .self = true },
	[XEN_DOMCTL_set_cpu_policy]	= { domctl_set_cpu_policy, .output = true },
};

static long domctl_run(struct xen_domctl *op, gva_t uop)
{
	const struct domctl_op *o = op->cmd < ARRAY_SIZE(domctl_ops) ? &domctl_ops[op->cmd] : NULL;
	struct domain *d = NULL;
	long rc;

	if (op->domain == DOMID_SELF && op->cmd != XEN_DOMCTL_createdomain)
		return -EINVAL;
	if (op->cmd == XEN_DOMCTL_getdomaininfo)
		d = domain_get_next(op->domain);
	else if (op->cmd != XEN_DOMCTL_createdomain)
		d = domain_get_by_id(op->domain);
	if (!d && op->cmd != XEN_DOMCTL_createdomain)
		return -ESRCH;
	if (!o || !o->run)
		rc = -ENOSYS;
	else
		rc = d == current->domain && !o->self ? -EINVAL : o->run(d, op);
	if (d)
		domain_put(d);
	return o && o->output && copy_to_guest(uop, op, sizeof(*op)) ? -EFAULT : rc;
}

int control_copy(void *op, gva_t from, size_t size, u32 version)
{
	const struct { u32 cmd, version; } *head = op;

	if (copy_from_guest(op, from, size))	/* H3 */
		return -EFAULT;
	if (head->version != version)
		return -EACCES;
	return current->domain->privileged ? 0 : -EPERM;	/* I5 */
}

/** do_domctl() - XEN_DOMCTL_* of interface version 0x15 (xen/domctl.h) */
long do_domctl(gva_t uop)
{
	static bool busy;
	struct xen_domctl op;
	long rc = control_copy(&op, uop, sizeof(op), XEN_DOMCTL_INTERFACE_VERSION);

	if (rc)
		return rc;
	if (__atomic_exchange_n(&busy, true, __ATOMIC_ACQUIRE))
		return -ERESTART;
	rc = domctl_run(&op, uop);
	__atomic_store_n(&busy, false, __ATOMIC_RELEASE);
	return rc;
}
