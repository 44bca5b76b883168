/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fake machine's domains: as small as the parts under test allow. Where a
 * test links domain.c and the scheduler, theirs are used.
 */
#include <stdlib.h>
#include <string.h>

#include "fake.h"

#include "hypercall.h"
#include "event.h"
#include "grant_table.h"
#include "page.h"
#include "sched.h"

#define __weak	__attribute__((weak))

__weak struct list domain_list = { &domain_list, &domain_list };
__weak struct spinlock domain_list_lock;
__weak struct domain *dom0, *dom_io, *dom_xen, *dom_idle;

struct fake_pirq fake_pirqs[FAKE_PIRQS];
int fake_pirq_error;

__weak int event_init_domain(struct domain *d) { return 0; }
__weak int event_reset(struct domain *d) { return 0; }
__weak void event_free_domain(struct domain *d) { }
__weak int grant_init_domain(struct domain *d) { return 0; }
__weak void grant_destroy_domain(struct domain *d) { }
__weak int arch_grant_map(struct page *page, u64 addr, u32 flags) { return -EINVAL; }
__weak int arch_grant_unmap(struct page *page, u64 addr, u32 flags, u64 new_addr)
{
	return -EINVAL;
}
__weak void arch_grant_flush(struct domain *d) { }
__weak int arch_vcpu_create(struct vcpu *v) { return 0; }
__weak void arch_vcpu_destroy(struct vcpu *v) { }
__weak void arch_domain_free(struct domain *d) { }
__weak int arch_domain_release(struct domain *d) { return 0; }
__weak int arch_page_settle(struct domain *d, struct page *p) { return 0; }
__weak int arch_page_release(struct domain *d, struct page *p)
{
	return domain_page_release(d, p);
}
__weak int arch_vcpu_initialise(struct vcpu *v, gva_t context) { return 0; }
__weak void arch_domain_forget(struct domain *d) { }
__weak void arch_vcpu_dump(const struct vcpu *v) { }
__weak void arch_vcpu_update_time(struct vcpu *v) { }

struct domain *fake_domain_create(domid_t id, bool privileged, u32 vcpus)
{
	struct domain *d = calloc(1, sizeof(*d));

	d->id = id;
	d->privileged = privileged;
	d->refs = 1;
	d->page_list = d->loose_list = PAGE_NIL;
	d->max_pages = ~0u;
	d->max_vcpus = vcpus;
	d->shared = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	memset(d->shared, 0, PAGE_SIZE);
	if (event_init_domain(d) || grant_init_domain(d))
		abort();
	for (u32 i = 0; i < vcpus; i++) {
		struct vcpu *v = d->vcpu[i] = calloc(1, sizeof(*v));

		v->domain = d;
		v->id = i;
		v->cpu = cpus[i % nr_cpus];
		if (i < XEN_LEGACY_MAX_VCPUS)
			v->info = &d->shared->vcpu_info[i];
		if (arch_vcpu_create(v))
			abort();
	}
	if (privileged && !dom0)
		dom0 = d;
	list_add_tail(&domain_list, &d->all);
	return d;
}

void fake_domain_destroy(struct domain *d)
{
	d->dying = true;
	while (event_reset(d))
		;
	list_del(&d->all);
	if (dom0 == d)
		dom0 = NULL;
	domain_put(d);
}

__weak struct domain *domain_get_by_id(domid_t id)
{
	if (id == DOMID_SELF)
		id = current->domain->id;
	list_for_each(struct domain, d, &domain_list, all) {
		if (d->id == id) {
			domain_get(d);
			return d;
		}
	}
	return NULL;
}

__weak void domain_end_refs(struct domain *d)
{
	event_free_domain(d);
	grant_destroy_domain(d);
	for (u32 i = 0; i < d->max_vcpus; i++)
		free(d->vcpu[i]);
	free(d->shared);
	free(d);
}

__weak void vcpu_kick(struct vcpu *v)
{
	__atomic_fetch_add(&v->arch.kicks, 1, __ATOMIC_RELAXED);
}

/*
 * Interrupts
 */

__weak int arch_pirq_bind(struct domain *d, u32 pirq, u32 port, bool share, struct vcpu *v)
{
	int rc = fake_pirq_error;

	fake_pirq_error = 0;
	if (rc)
		return rc;
	if (pirq >= FAKE_PIRQS)
		return -EINVAL;
	if (fake_pirqs[pirq].port)
		return -EEXIST;
	fake_pirqs[pirq] = (struct fake_pirq){ .port = port, .vcpu = v };
	return 0;
}

__weak void arch_pirq_unbind(struct domain *d, u32 pirq)
{
	fake_pirqs[pirq] = (struct fake_pirq){ 0 };
}

__weak void arch_pirq_set_vcpu(struct domain *d, u32 pirq, struct vcpu *v)
{
	fake_pirqs[pirq].vcpu = v;
}
