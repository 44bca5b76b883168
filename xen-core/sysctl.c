// SPDX-License-Identifier: GPL-2.0-only
/*
 * XEN_SYSCTL_*: what the tools ask about the machine as a whole, and tell it.
 *
 * The structure is copied in once, worked on, and copied out whole whatever the
 * result: some errors come with something to read. A list is written element by
 * element; its length in the structure is what was written or, without a buffer,
 * how much there is.
 */
#include "sysctl.h"

#include "console.h"
#include "domctl.h"
#include "sched.h"

#define CHUNK	256u

/* ---- console ---- */

static long sysctl_readconsole(struct xen_sysctl *op)
{
	struct xen_sysctl_readconsole *u = &op->u.readconsole;
	u32 at = u->incremental ? u->index : console_ring_start(), done = 0, n;
	char text[CHUNK];

	do {
		n = console_ring_read(text, MIN(u->count - done, CHUNK), &at, false);
		if (copy_to_guest(gva_index(gva_of(u->buffer), char, done), text, n))
			return -EFAULT;
		done += n;
	} while (n);
	if (u->clear)
		console_ring_read(NULL, 0, &at, true);
	u->index = at;
	u->count = done;
	return 0;
}

static long sysctl_debug_keys(struct xen_sysctl *op)
{
	struct xen_sysctl_debug_keys *u = &op->u.debug_keys;
	char key;

	for (; u->nr_keys; u->nr_keys--, u->keys.p++) {
		if (copy_from_guest(&key, gva_of(u->keys), 1))
			return -EFAULT;
		key_press(key);
		if (preempt_requested()) {
			u->nr_keys--;
			u->keys.p++;
			return -ERESTART;
		}
	}
	return 0;
}

/* ---- CPUs and memory ---- */

static long sysctl_physinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_physinfo *info = &op->u.physinfo;
	struct xen_sysctl_cputopo first = arch_cpu_topology(cpus[0]);
	u32 threads = 1, in_socket = 1;

	for (u32 i = 1; i < nr_cpus; i++) {
		struct xen_sysctl_cputopo t = arch_cpu_topology(cpus[i]);

		in_socket += t.socket == first.socket;
		threads += t.socket == first.socket && t.core == first.core;
	}
	*info = (struct xen_sysctl_physinfo){
		.threads_per_core = threads,
		.cores_per_socket = in_socket / threads,
		.nr_cpus = nr_cpus,
		.max_cpu_id = nr_cpus - 1,
		.nr_nodes = 1,
		.capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1,
		.free_pages = page_alloc_nr_free(),
		.outstanding_pages = page_claims_outstanding(),
		.max_mfn = max_mfn - 1,
	};
	arch_physinfo(info);
	return 0;
}

static long sysctl_getcpuinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_getcpuinfo *u = &op->u.getcpuinfo;

	u->nr_cpus = MIN(u->max_cpus, nr_cpus);
	for (u32 i = 0; i < u->nr_cpus; i++) {
		struct vcpu_runstate_info idle;

		runstate_get(dom_idle->vcpu[i], &idle);
		if (copy_to_guest(gva_index(gva_of(u->info), xen_sysctl_cpuinfo_t, i),
				  &idle.time[RUNSTATE_running], sizeof(xen_sysctl_cpuinfo_t)))
			return -EFAULT;
	}
	return 0;
}

static long sysctl_cputopoinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_cputopoinfo *u = &op->u.cputopoinfo;
	gva_t to = gva_of(u->cputopo);
	u32 n = to.a ? MIN(u->num_cpus, nr_cpus) : nr_cpus;

	for (u32 i = 0; to.a && i < n; i++) {
		struct xen_sysctl_cputopo t = arch_cpu_topology(cpus[i]);

		if (copy_to_guest(gva_index(to, t, i), &t, sizeof(t)))
			return -EFAULT;
	}
	u->num_cpus = n;
	return 0;
}

/* All memory is one node's. */
static long sysctl_numainfo(struct xen_sysctl *op)
{
	struct xen_sysctl_numainfo *u = &op->u.numainfo;
	gva_t mem = gva_of(u->meminfo), distance = gva_of(u->distance);
	struct xen_sysctl_meminfo info = {
		max_mfn << PAGE_SHIFT, page_alloc_nr_free() << PAGE_SHIFT
	};

	if (mem.a || distance.a) {
		if (!u->num_nodes)
			return 0;
		if ((mem.a && copy_to_guest(mem, &info, sizeof(info))) ||
		    (distance.a && copy_to_guest(distance, &(u32){ 10 }, sizeof(u32))))
			return -EFAULT;
	}
	u->num_nodes = 1;
	return 0;
}

/* The core keeps no list of devices. */
static long sysctl_pcitopoinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_pcitopoinfo *u = &op->u.pcitopoinfo;

	if (!gva_of(u->devs).a || !gva_of(u->nodes).a)
		return -EINVAL;
	for (u32 i = 0; i < u->num_devs; i++) {
		physdev_pci_device_t dev;

		if (copy_from_guest(&dev, gva_index(gva_of(u->devs), dev, i), sizeof(dev)) ||
		    copy_to_guest(gva_index(gva_of(u->nodes), u32, i), &(u32){ XEN_INVALID_DEV },
				  sizeof(u32)))
			return -EFAULT;
		if (preempt_requested()) {
			u->num_devs = i + 1;
			return 0;	/* the caller asks for the rest */
		}
	}
	return 0;
}

static long sysctl_availheap(struct xen_sysctl *op)
{
	struct xen_sysctl_availheap *u = &op->u.availheap;

	u->avail_bytes = u->node + 1u > 1 ? 0 :
		page_alloc_nr_free_in(u->min_bitwidth, u->max_bitwidth ?: ADDR_BITS_ANY) <<
		PAGE_SHIFT;
	return 0;
}

/* ---- domains and their scheduling ---- */

static long sysctl_getdomaininfolist(struct xen_sysctl *op)
{
	struct xen_sysctl_getdomaininfolist *u = &op->u.getdomaininfolist;
	u32 id = u->first_domain, n = 0;
	struct domain *d;
	long err = 0;

	while (!err && n < u->max_domains && (d = domain_get_next(id))) {
		xen_domctl_getdomaininfo_t info;

		domain_get_info(d, &info);
		id = d->id + 1;
		domain_put(d);
		err = copy_to_guest(gva_index(gva_of(u->buffer), info, n), &info, sizeof(info));
		n += !err;
	}
	u->num_domains = n;
	return err;
}

static long sysctl_sched_id(struct xen_sysctl *op)
{
	op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
	return 0;
}

/* ---- power: dom0 hands over no data for it, so there is none ---- */

static long sysctl_get_pmstat(struct xen_sysctl *op)
{
	return op->u.get_pmstat.cpuid < nr_cpus ? -ENODEV : -EINVAL;
}

static long sysctl_pm_op(struct xen_sysctl *op)
{
	const struct xen_sysctl_pm_op *u = &op->u.pm_op;

	return u->cpuid < nr_cpus && (u->cmd & PM_PARA_CATEGORY_MASK) != CPUFREQ_PARA ?
		-ENOSYS : -EINVAL;
}

/* CPUID is masked for nobody. */
static long sysctl_get_cpu_levelling_caps(struct xen_sysctl *op)
{
	op->u.cpu_levelling_caps.caps = 0;
	return 0;
}

#define SYSCTL(name) [XEN_SYSCTL_##name] = sysctl_##name

static long (*const sysctl_table[])(struct xen_sysctl *op) = {
	SYSCTL(readconsole),
	SYSCTL(physinfo),
	SYSCTL(sched_id),
	SYSCTL(getdomaininfolist),
	SYSCTL(debug_keys),
	SYSCTL(getcpuinfo),
	SYSCTL(availheap),
	SYSCTL(get_pmstat),
	SYSCTL(pm_op),
	SYSCTL(cputopoinfo),
	SYSCTL(numainfo),
	SYSCTL(cpupool_op),
	SYSCTL(scheduler_op),
	SYSCTL(pcitopoinfo),
	SYSCTL(get_cpu_levelling_caps),
	SYSCTL(get_cpu_featureset),
	SYSCTL(get_cpu_policy),
};

static_assert(sizeof(struct xen_sysctl) == 136, "xen/sysctl.h");

long do_sysctl(gva_t arg)
{
	struct xen_sysctl op;
	long rc = control_copy(&op, arg, sizeof(op), XEN_SYSCTL_INTERFACE_VERSION);

	if (rc)
		return rc;
	if (op.cmd >= ARRAY_SIZE(sysctl_table) || !sysctl_table[op.cmd])
		return -ENOSYS;
	rc = sysctl_table[op.cmd](&op);
	if (copy_to_guest(arg, &op, sizeof(op)))
		return -EFAULT;
	return rc;
}
