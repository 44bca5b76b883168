// SPDX-License-Identifier: GPL-2.0-only
/*
 * What tools ask of the scheduler: affinity, CPU pools, weights, statistics.
 *
 *     CPUs that may be used = hard affinity, within the domain's pool
 *     of these, preferred   = soft affinity, if it says anything
 *
 * Affinities are kept as they were asked for, so that they hold again when a CPU
 * returns to the pool; but one whose last CPU the pool lost is given up, and
 * means all CPUs from then on. Towards the tools this is credit2: its name, its
 * parameters, its answers.
 */
#include <xen/domctl.h>
#include <xen/sysctl.h>

#include "sched.h"

#include "uaccess.h"

#define MAX_POOLS	16

/*
 * Changed under domain_list_lock and sched_lock; @domains under the latter. What the
 * first one has of CPUs that are not online does not matter.
 */
static struct cpupool pools[MAX_POOLS] = { { .used = true, .cpus = ~0ull } };
static struct cpupool pool_of_dead;

static u64 pool_cpus(const struct cpupool *p)
{
	return p->cpus & cpus_online();
}

/*
 * Affinity
 */

void sched_apply_affinity(struct vcpu *v)
{
	u64 pool = pool_cpus(v->domain->sched.pool), prefers;

	if (!(v->hard_affinity & pool))
		v->hard_affinity = ~0ull;
	v->sched.cpus = v->hard_affinity & pool;
	prefers = v->soft_affinity & v->sched.cpus;
	v->sched.prefers = prefers == v->sched.cpus ? 0 : prefers;
	sched_preferences |= v->sched.prefers != 0;
	v->sched.vruntime = 0;		/* new to those that compete for these CPUs */
	sched_place(v, arch_now());
}

void sched_init_vcpu(struct vcpu *v)
{
	spin_guard(&sched_lock);
	sched_apply_affinity(v);
}

/**
 * vcpu_set_affinity() - where @v may run, and where it had better run
 * @hard: CPUs, or NULL: as before; on return those that it may use
 * @soft: CPUs, or NULL: as before; on return those of @hard that it prefers
 * @unpin: undo vcpu_pin() first
 *
 * Return: 0, -EINVAL when none of the pool's CPUs is in @hard, -EBUSY when pinned.
 */
int vcpu_set_affinity(struct vcpu *v, u64 *hard, u64 *soft, bool unpin)
{
	u64 *saved = &v->sched.saved_affinity;

	spin_guard(&sched_lock);
	if (*saved && !unpin)
		return -EBUSY;
	if (hard && !(*hard & pool_cpus(v->domain->sched.pool)))
		return -EINVAL;
	if (*saved)
		v->hard_affinity = *saved;
	*saved = 0;
	if (hard)
		v->hard_affinity = *hard;
	if (soft)
		v->soft_affinity = *soft;
	sched_apply_affinity(v);
	if (hard)
		*hard = v->sched.cpus;
	if (soft)
		*soft &= v->sched.cpus;
	return 0;
}

/**
 * vcpu_pin() - have @v run on @cpu only, for a while; < 0: where it did before
 * Return: 0, -EBUSY when it is pinned already, -EINVAL when it is not, or cannot be.
 */
int vcpu_pin(struct vcpu *v, s32 cpu)
{
	u64 *saved = &v->sched.saved_affinity;

	spin_guard(&sched_lock);
	if (cpu < 0 && !*saved)
		return -EINVAL;
	if (cpu >= 0 && *saved)
		return -EBUSY;
	if (cpu >= 0 && ((u32)cpu >= nr_cpus || !(v->domain->sched.pool->cpus >> cpu & 1)))
		return -EINVAL;
	if (cpu < 0) {
		v->hard_affinity = *saved;
		*saved = 0;
	} else {
		*saved = v->hard_affinity;
		v->hard_affinity = 1ull << cpu;
	}
	sched_apply_affinity(v);
	return 0;
}

/* The first 64 bits of the guest's @map; there is nothing behind them. */
static int bitmap_get(u64 *bits, const struct xenctl_bitmap *map)
{
	u32 bytes = (map->nr_bits + 7) / 8;

	*bits = 0;
	if (copy_from_guest(bits, gva_of(map->bitmap), MIN(bytes, (u32)sizeof(*bits))))
		return -EFAULT;
	if (map->nr_bits < 64)
		*bits &= (1ull << map->nr_bits) - 1;
	return 0;
}

/* @bits, then zeroes, into all bytes that @map has. No map is longer than a page. */
static int bitmap_put(const struct xenctl_bitmap *map, u64 bits)
{
	u32 bytes = MIN((map->nr_bits + 7) / 8, (u32)PAGE_SIZE);
	u32 head = MIN(bytes, (u32)sizeof(bits));
	gva_t at = gva_of(map->bitmap);

	return copy_to_guest(at, &bits, head) ?: clear_guest(GVA(at.a + head), bytes - head);
}

/* Vcpu @id of @d. Return: 0, -EINVAL when there cannot be one, -ESRCH: not yet. */
static int ctl_vcpu(const struct domain *d, u32 id, struct vcpu **v)
{
	*v = vcpu_lookup(d, id);
	return *v ? 0 : id < d->max_vcpus ? -ESRCH : -EINVAL;
}

/** domctl_setvcpuaffinity() - the maps come back with what takes effect of them */
long domctl_setvcpuaffinity(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	bool set_hard = a->flags & XEN_VCPUAFFINITY_HARD;
	bool set_soft = a->flags & XEN_VCPUAFFINITY_SOFT;
	u64 hard, soft;
	struct vcpu *v;
	int rc = ctl_vcpu(d, a->vcpu, &v);

	if (rc || !a->flags)
		return rc ?: -EINVAL;
	if ((set_hard && bitmap_get(&hard, &a->cpumap_hard)) ||
	    (set_soft && bitmap_get(&soft, &a->cpumap_soft)))
		return -EFAULT;
	rc = vcpu_set_affinity(v, set_hard ? &hard : NULL, set_soft ? &soft : NULL,
			       a->flags & XEN_VCPUAFFINITY_FORCE);
	if (!rc && set_hard)
		rc = bitmap_put(&a->cpumap_hard, hard);
	if (!rc && set_soft)
		rc = bitmap_put(&a->cpumap_soft, soft);
	return rc;
}

long domctl_getvcpuaffinity(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	struct vcpu *v;
	int rc = ctl_vcpu(d, a->vcpu, &v);

	if (rc || !a->flags)
		return rc ?: -EINVAL;
	if (a->flags & XEN_VCPUAFFINITY_HARD)
		rc = bitmap_put(&a->cpumap_hard, READ_ONCE(v->hard_affinity) & cpus_online());
	if (!rc && a->flags & XEN_VCPUAFFINITY_SOFT)
		rc = bitmap_put(&a->cpumap_soft, READ_ONCE(v->soft_affinity) & cpus_online());
	return rc;
}

/** domctl_setnodeaffinity() - kept for who asks; all means: as it comes. There is one node. */
long domctl_setnodeaffinity(struct domain *d, struct xen_domctl *op)
{
	u64 nodes;

	if (bitmap_get(&nodes, &op->u.nodeaffinity.nodemap))
		return -EFAULT;
	if (!(nodes & 1))
		return -EINVAL;
	d->sched.nodes = nodes == ~0ull ? 1 : nodes;
	return 0;
}

long domctl_getnodeaffinity(struct domain *d, struct xen_domctl *op)
{
	return bitmap_put(&op->u.nodeaffinity.nodemap, d->sched.nodes);
}

/*
 * Parameters and statistics
 */

/** domctl_scheduler_op() - weight and cap; credit2 has nothing for single vcpus */
long domctl_scheduler_op(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;
	struct xen_domctl_sched_credit2 *p = &s->u.credit2;

	if (s->sched_id != XEN_SCHEDULER_CREDIT2)
		return -EINVAL;
	if (s->cmd == XEN_DOMCTL_SCHEDOP_putinfo)
		return sched_domain_set(d, p->weight ?: d->sched.weight, p->cap);
	if (s->cmd != XEN_DOMCTL_SCHEDOP_getinfo)
		return -EINVAL;
	p->weight = d->sched.weight;
	p->cap = d->sched.cap;
	return 0;
}

long domctl_getvcpuinfo(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_getvcpuinfo *i = &op->u.getvcpuinfo;
	struct vcpu *v;
	int rc = ctl_vcpu(d, i->vcpu, &v);
	u32 flags;

	if (rc)
		return rc;
	flags = READ_ONCE(v->pause_flags);
	i->online = !(flags & 1u << VPF_DOWN);
	i->blocked = flags >> VPF_BLOCKED & 1;
	i->running = READ_ONCE(v->running);
	i->cpu_time = vcpu_run_time(v);
	i->cpu = READ_ONCE(v->cpu)->id;
	return 0;
}

/*
 * CPU pools
 */

/* The pool @id or, if there is none, that with the next higher number. Or NULL. */
static struct cpupool *pool_from(u32 id)
{
	struct cpupool *found = NULL;

	for (struct cpupool *p = pools; p < pools + MAX_POOLS; p++)
		if (p->used && p->id >= id && (!found || p->id < found->id))
			found = p;
	return found;
}

static struct cpupool *pool_get(u32 id)
{
	struct cpupool *p = pool_from(id);

	return p && p->id == id ? p : NULL;
}

static u64 cpus_free(void)
{
	u64 used = 0;

	for (u32 i = 0; i < MAX_POOLS; i++)
		used |= pools[i].cpus;
	return cpus_online() & ~used;
}

int sched_join_pool(struct domain *d, u32 id)
{
	spin_guard(&sched_lock);
	struct cpupool *p = pool_get(id), *old = d->sched.pool;

	if (!p || old == &pool_of_dead)
		return -ESRCH;
	if (!pool_cpus(p))
		return -ENODEV;
	/* The core's own domains do not count. */
	if (d->id < DOMID_FIRST_RESERVED) {
		p->domains++;
		if (old)
			old->domains--;
	}
	d->sched.pool = p;
	for_each_vcpu(d, v)
		sched_apply_affinity(v);
	return 0;
}

/* For one that runs no more, and stays so: its pool need not wait for it. */
void sched_leave_pool(struct domain *d)
{
	spin_guard(&sched_lock);
	d->sched.pool->domains--;
	d->sched.pool = &pool_of_dead;
	pool_of_dead.domains++;
}

/* Change @pool's CPUs to @cpus; where its domains' vcpus run follows. */
static long pool_set_cpus(struct cpupool *pool, u64 cpus)
{
	bool bad;

	spin_lock(&sched_lock);
	bad = !(cpus & cpus_online()) && pool->domains;
	if (!bad)
		pool->cpus = cpus;
	spin_unlock(&sched_lock);
	if (bad)
		return -EBUSY;
	list_for_each(struct domain, d, &domain_list, all) {
		spin_guard(&sched_lock);
		if (d->sched.pool == pool)
			for_each_vcpu(d, v)
				sched_apply_affinity(v);
	}
	return 0;
}

static long pool_create(struct xen_sysctl_cpupool_op *op)
{
	struct cpupool *p = pools, *last;
	u32 id = op->cpupool_id;

	if (op->sched_id != XEN_SCHEDULER_CREDIT2)
		return -ENOENT;
	while (p < pools + MAX_POOLS && p->used)
		p++;
	if (id == XEN_SYSCTL_CPUPOOL_PAR_ANY)
		for (id = 0; (last = pool_from(id));)
			id = last->id + 1;
	/* No pool can have the number that says "any". */
	if (p == pools + MAX_POOLS || id == XEN_SYSCTL_CPUPOOL_PAR_ANY)
		return -ENOSPC;
	if (pool_get(id))
		return -EEXIST;
	op->cpupool_id = id;
	spin_guard(&sched_lock);
	*p = (struct cpupool){ .used = true, .id = id };
	return 0;
}

/* One without CPUs has no domains. */
static long pool_destroy(struct cpupool *p)
{
	if (p->cpus)
		return -EBUSY;
	spin_guard(&sched_lock);
	p->used = false;
	return 0;
}

/* The pool with that number, or the next one: so they can be listed. */
static long pool_info(struct xen_sysctl_cpupool_op *op)
{
	const struct cpupool *p = pool_from(op->cpupool_id);

	if (!p)
		return -ENOENT;
	op->cpupool_id = p->id;
	op->sched_id = XEN_SCHEDULER_CREDIT2;
	op->n_dom = READ_ONCE(p->domains);
	return bitmap_put(&op->cpumap, pool_cpus(p));
}

static long pool_add_cpu(struct cpupool *p, u32 cpu)
{
	u64 avail = cpus_free();

	if (cpu == XEN_SYSCTL_CPUPOOL_PAR_ANY && avail)
		cpu = __builtin_ctzll(avail);
	else if (cpu != XEN_SYSCTL_CPUPOOL_PAR_ANY && cpu >= nr_cpus)
		return -EINVAL;
	if (cpu >= nr_cpus || !(avail >> cpu & 1))
		return -ENODEV;
	return pool_set_cpus(p, p->cpus | 1ull << cpu);
}

/* Is a vcpu in @p pinned to @cpu, for a while? */
static bool pool_is_pinned(const struct cpupool *p, u32 cpu)
{
	list_for_each(struct domain, d, &domain_list, all)
		for_each_vcpu(d, v)
			if (d->sched.pool == p && v->sched.saved_affinity &&
			    v->hard_affinity == 1ull << cpu)
				return true;
	return false;
}

/* CPU 0 stays in the first pool. */
static long pool_remove_cpu(struct cpupool *p, u32 cpu)
{
	u64 cpus = pool_cpus(p);

	if (cpu == XEN_SYSCTL_CPUPOOL_PAR_ANY && cpus)
		cpu = 63 - __builtin_clzll(cpus);
	if (cpu >= nr_cpus)
		return -EINVAL;
	if (!(cpus >> cpu & 1))
		return -EADDRNOTAVAIL;
	if (!cpu)
		return -EINVAL;
	if (pool_is_pinned(p, cpu))
		return -EADDRINUSE;
	return pool_set_cpus(p, p->cpus & ~(1ull << cpu));
}

/* dom0 stays where it is. */
static long pool_move_domain(const struct xen_sysctl_cpupool_op *op)
{
	struct domain *d = op->domid < DOMID_FIRST_RESERVED ? domain_get_by_id(op->domid) : NULL;
	long rc;

	if (!d)
		return -ESRCH;
	rc = d == dom0 ? -EPERM : sched_join_pool(d, op->cpupool_id) ? -ENOENT : 0;
	domain_put(d);
	return rc;
}

/** sysctl_cpupool_op() - XEN_SYSCTL_CPUPOOL_OP_* */
long sysctl_cpupool_op(struct xen_sysctl *ctl)
{
	struct xen_sysctl_cpupool_op *op = &ctl->u.cpupool_op;
	struct cpupool *p;

	if (op->op == XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN)
		return pool_move_domain(op);
	/* The domains of a pool, and other changes of pools, have to wait. */
	spin_guard(&domain_list_lock);
	p = pool_get(op->cpupool_id);
	switch (op->op) {
	case XEN_SYSCTL_CPUPOOL_OP_CREATE:	return pool_create(op);
	case XEN_SYSCTL_CPUPOOL_OP_DESTROY:	return p ? pool_destroy(p) : -ENOENT;
	case XEN_SYSCTL_CPUPOOL_OP_INFO:	return pool_info(op);
	case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:	return p ? pool_add_cpu(p, op->cpu) : -ENOENT;
	case XEN_SYSCTL_CPUPOOL_OP_RMCPU:	return p ? pool_remove_cpu(p, op->cpu) : -ENOENT;
	case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:	return bitmap_put(&op->cpumap, cpus_free());
	}
	return -ENOSYS;
}

/** sysctl_scheduler_op() - the rate limit: how long nobody is preempted. 0: not at all */
long sysctl_scheduler_op(struct xen_sysctl *ctl)
{
	static u32 ratelimit_us = SCHED_MIN_RUN / 1000;
	struct xen_sysctl_scheduler_op *op = &ctl->u.scheduler_op;
	u32 *us = &op->u.sched_credit2.ratelimit_us;

	spin_guard(&sched_lock);
	if (op->cmd > XEN_SYSCTL_SCHEDOP_getinfo)
		return -EINVAL;
	if (!pool_get(op->cpupool_id))
		return -ESRCH;
	if (op->sched_id != XEN_SCHEDULER_CREDIT2)
		return -EINVAL;
	if (op->cmd == XEN_SYSCTL_SCHEDOP_putinfo &&
	    (!*us || (*us >= XEN_SYSCTL_SCHED_RATELIMIT_MIN &&
		      *us <= XEN_SYSCTL_SCHED_RATELIMIT_MAX))) {
		ratelimit_us = *us;
		/* With less than the least, vcpus would do nothing but take turns. */
		sched_min_run = MAX(*us, (u32)XEN_SYSCTL_SCHED_RATELIMIT_MIN) * 1000ull;
		return 0;
	}
	if (op->cmd == XEN_SYSCTL_SCHEDOP_putinfo)
		return -EINVAL;
	*us = ratelimit_us;
	return 0;
}
