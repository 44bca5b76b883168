// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of domains and vcpus: made, paused, shut down, crashed.
 *
 * A domain runs while its pause count is 0; the count is held by its creator
 * until it is complete, by domain_pause(), and for good by a shutdown. What
 * ends a domain sets state and lets the scheduler take the vcpus off their
 * CPUs, so it can be called from anywhere, even by the vcpu it ends.
 */
#include "sched.h"

#include "event.h"
#include "grant_table.h"

struct domain *dom0, *dom_io, *dom_xen, *dom_idle;
struct vcpu_info domain_dummy_info;

static_assert(MAX_CPUS <= MAX_VCPUS, "one idle vcpu for each CPU");
static_assert(ARRAY_SIZE(((struct shared_info *)0)->vcpu_info) == XEN_LEGACY_MAX_VCPUS,
	      "xen/xen.h");

/* What every domain has, pseudo-domains too. */
static struct domain *domain_alloc(domid_t id)
{
	struct domain *d = alloc_zeroed(sizeof(*d));

	if (!d)
		return NULL;
	d->id = id;
	d->refs = 1;
	d->page_list = d->loose_list = PAGE_NIL;
	d->max_pages = ~0u;
	d->shutdown_code = SHUTDOWN_NONE;
	sched_init_domain(d);
	return d;
}

/* What nobody refers to any more, or was not completed. */
static void domain_free(struct domain *d)
{
	event_free_domain(d);
	grant_destroy_domain(d);
	if (d->shared)
		page_unshare_xen(virt_to_page(d->shared));
	for_each_vcpu(d, v) {
		arch_vcpu_destroy(v);
		free_zeroed(v, sizeof(*v));
	}
	arch_domain_free(d);
	free_zeroed(d, sizeof(*d));
}

static struct spinlock dead_lock;
static struct domain *dead;	/* dead_lock: to be freed */

/* SOFTIRQ_RECLAIM: the last reference can go anywhere, but here no lock is held. */
static void domain_reclaim(void)
{
	for (;;) {
		struct domain *d;

		{
			spin_guard(&dead_lock);
			d = dead;
			if (!d)
				return;
			dead = d->next_dead;
		}
		{
			spin_guard(&domain_list_lock);
			list_del(&d->all);
		}
		domain_free(d);
		event_send_global_virq(VIRQ_DOM_EXC);
	}
}

void __init domain_init(void)
{
	softirq_set_handler(SOFTIRQ_RECLAIM, domain_reclaim);
	dom_io = domain_alloc(DOMID_IO);
	dom_xen = domain_alloc(DOMID_XEN);
	dom_idle = domain_alloc(DOMID_IDLE);
	if (!dom_io || !dom_xen || !dom_idle)
		boot_fail("no memory for the core's own domains");
	dom_idle->max_vcpus = MAX_CPUS;
}

/**
 * vcpu_create() - vcpu @id of @d, down and not initialised
 * Return: the vcpu, which @d lists from now on, or NULL when memory is short.
 */
struct vcpu *vcpu_create(struct domain *d, u32 id)
{
	struct vcpu *v = alloc_zeroed(sizeof(*v));

	if (!v)
		return NULL;
	v->domain = d;
	v->id = id;
	v->is_idle = d == dom_idle;
	v->hard_affinity = v->soft_affinity = ~0ull;
	v->info = &domain_dummy_info;
	if (d->shared && id < XEN_LEGACY_MAX_VCPUS) {
		v->info = &d->shared->vcpu_info[id];
		/* The guest asks for upcalls when it is ready for them. */
		v->info->evtchn_upcall_mask = 1;
	}
	if (!v->is_idle)
		v->pause_flags = 1u << VPF_DOWN | 1u << VPF_DOMAIN;
	v->cpu = cpus[v->is_idle ? id : id % nr_cpus];
	v->runstate.state = v->is_idle ? RUNSTATE_running : RUNSTATE_offline;
	v->runstate.state_entry_time = arch_now();
	list_init(&v->sched.link);
	vcpu_init_timers(v);
	if (arch_vcpu_create(v)) {
		free_zeroed(v, sizeof(*v));
		return NULL;
	}
	d->vcpu[id] = v;
	if (!v->is_idle)
		sched_init_vcpu(v);
	return v;
}

/* The guest did not poke its watchdog in time. */
static void domain_watchdog_expired(void *domain)
{
	struct domain *d = domain;

	if (d->is_shut_down)
		return;
	pr_always("Watchdog timer fired for d%u\n", d->id);
	domain_shutdown(d, SHUTDOWN_watchdog);
}

/**
 * domain_create() - an empty domain, paused, its vcpus down
 * @id: its number, not used by another
 * @privileged: controls the platform; the first such domain is dom0
 * @max_vcpus: 1 .. MAX_VCPUS
 *
 * Return: the domain, with the reference of the list where domain_publish() puts
 * it; or NULL when memory is short.
 */
struct domain *domain_create(domid_t id, bool privileged, u32 max_vcpus)
{
	struct domain *d = max_vcpus - 1 < MAX_VCPUS ? domain_alloc(id) : NULL;

	if (!d)
		return NULL;
	d->privileged = privileged;
	d->pause_count = 1;
	d->max_vcpus = max_vcpus;
	d->vm_assist = 1 << VM_NO_USER_YET;
	for (int i = 0; i < NR_WATCHDOGS; i++)
		timer_init(&d->watchdog[i], domain_watchdog_expired, d);
	d->shared = alloc_zeroed(PAGE_SIZE);
	if (d->shared)
		page_share_xen(virt_to_page(d->shared), d);
	bool failed = !d->shared || event_init_domain(d) || grant_init_domain(d);

	for (u32 i = 0; i < max_vcpus && !failed; i++)
		failed = !vcpu_create(d, i);
	if (failed) {
		sched_destroy_domain(d);
		domain_free(d);
		return NULL;
	}
	if (privileged && !dom0)
		dom0 = d;
	return d;
}

/* L1, of domain_put(): that was the last one. */
noinline void domain_end_refs(struct domain *d)
{
	spin_guard(&dead_lock);
	d->next_dead = dead;
	dead = d;
	cpu_raise(this_cpu(), SOFTIRQ_RECLAIM);
}

/* Under pause_lock */
static void domain_hold(struct domain *d)
{
	if (d->pause_count++)
		return;
	for_each_vcpu(d, v)
		vcpu_set_pause(v, VPF_DOMAIN);
}

static void domain_let_go(struct domain *d)
{
	BUG_ON(!d->pause_count);
	if (--d->pause_count)
		return;
	for_each_vcpu(d, v)
		vcpu_clear_pause(v, VPF_DOMAIN);
}

/**
 * domain_pause() - stop @d until domain_unpause(); pauses nest
 *
 * On return none of its vcpus runs, except the caller if it is one of them.
 */
void domain_pause(struct domain *d)
{
	spin_lock(&d->pause_lock);
	domain_hold(d);
	spin_unlock(&d->pause_lock);
	for_each_vcpu(d, v)
		if (v != current)
			vcpu_wait_descheduled(v);
}

void domain_unpause(struct domain *d)
{
	spin_guard(&d->pause_lock);
	domain_let_go(d);
}

void domain_resume(struct domain *d)
{
	spin_guard(&d->pause_lock);
	if (!d->is_shut_down)
		return;
	d->is_shut_down = false;
	d->shutdown_code = SHUTDOWN_NONE;
	d->crash_reason[0] = 0;
	domain_let_go(d);
}

/* dom0 is the machine's administrator: its end is the machine's. */
static void __noreturn domain_end_machine(u8 reason)
{
	static const char *const ends[] = {
		[SHUTDOWN_poweroff] = "halted: halting machine",
		[SHUTDOWN_reboot] = "shutdown: rebooting machine",
		[SHUTDOWN_crash] = "crashed: rebooting machine",
		[SHUTDOWN_watchdog] = "shutdown: watchdog rebooting machine",
	};

	/* It never got as far as /init: another try would end like this one. */
	bool at_boot = reason == SHUTDOWN_crash && test_bit(VM_NO_USER_YET, &dom0->vm_assist);

	if (at_boot)
		pr_always("Hardware Dom0 crashed before user space: the machine is halted\n");
	else if (reason == SHUTDOWN_crash && opt_noreboot)
		pr_always("Hardware Dom0 crashed: 'noreboot' set - not rebooting\n");
	else if (reason < ARRAY_SIZE(ends) && ends[reason])
		pr_always("Hardware Dom0 %s\n", ends[reason]);
	else
		pr_always("Hardware Dom0 shutdown (unknown reason %u): rebooting machine\n",
			  reason);
	if (reason == SHUTDOWN_poweroff || at_boot)
		machine_halt();
	machine_restart();
}

/* The first one to end @d decides for what @reason; @why is a crash's, or NULL. */
static void domain_end(struct domain *d, u8 reason, const char *why)
{
	spin_lock(&d->pause_lock);
	if (d->is_shut_down) {
		spin_unlock(&d->pause_lock);
		return;
	}
	/* SCHEDOP_shutdown_code may have latched another reason. */
	if (d->shutdown_code == SHUTDOWN_NONE || why)
		d->shutdown_code = reason;
	reason = d->shutdown_code;
	/* Who looks without the lock finds the reason with the fact. */
	__atomic_store_n(&d->is_shut_down, true, __ATOMIC_RELEASE);
	if (why)
		strlcpy(d->crash_reason, why, sizeof(d->crash_reason));
	domain_hold(d);
	spin_unlock(&d->pause_lock);
	if (why)
		pr_err("domain_crash: d%u, by d%uv%u: %s\n", d->id, current->domain->id,
		       current->id, why);
	else if (reason == SHUTDOWN_crash)
		gpr_warn("d%u says that it has crashed\n", d->id);
	if (why && current->domain == d)
		arch_vcpu_dump(current);
	if (d == dom0)
		domain_end_machine(reason);
	event_send_global_virq(VIRQ_DOM_EXC);
}

/**
 * domain_shutdown() - @d asked to end, or something asked for it
 * @reason: SHUTDOWN_*
 *
 * The vcpus stop running soon; the caller goes on if it is one of them, to its
 * way out. Does not return for dom0: the machine ends.
 */
void domain_shutdown(struct domain *d, u8 reason)
{
	domain_end(d, reason, NULL);
}

/**
 * domain_crash() - @d is beyond saving: stop it and keep the reason
 * @fmt: what it did, for the log and the tools
 *
 * From any context in which no scheduler lock is held. The caller returns as
 * from a hypercall; does not return for dom0.
 */
void domain_crash(struct domain *d, const char *fmt, ...)
{
	char why[sizeof(d->crash_reason)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	domain_end(d, SHUTDOWN_crash, why);
}

void domain_dump(void)
{
	spin_guard(&domain_list_lock);
	list_for_each(struct domain, d, &domain_list, all) {
		pr_always("Domain %u:%s refs=%u pages=%u/%u pause_count=%u assist=0x%lx%s%s\n",
			  d->id, d->privileged ? " privileged" : "", d->refs,
			  d->tot_pages, d->max_pages, d->pause_count,
			  (unsigned long)d->vm_assist,
			  d->crash_reason[0] ? " crashed: " : "", d->crash_reason);
		for_each_vcpu(d, v) {
			pr_always("    v%u: CPU%u %s pause_flags=0x%x poll=%d upcall pend=%u "
				  "mask=%u affinity=0x%lx\n", v->id, v->cpu->id,
				  v->running ? "running" : "off", v->pause_flags, v->poll_port,
				  v->info->evtchn_upcall_pending, v->info->evtchn_upcall_mask,
				  (unsigned long)v->hard_affinity);
			if (v->initialised)
				arch_vcpu_dump(v);
		}
	}
}
