// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of domains: how others find one, by its number, and hold it.
 */
#include "domain.h"

struct list domain_list = { &domain_list, &domain_list };
struct spinlock domain_list_lock;

/* Now others find it. */
void domain_publish(struct domain *d)
{
	spin_guard(&domain_list_lock);
	list_add_tail(&domain_list, &d->all);
}

/* Of one that the list has: it may have died, and just not been taken out. */
static bool domain_try_get(struct domain *d)
{
	u32 refs = READ_ONCE(d->refs);

	while (refs && !__atomic_compare_exchange_n(&d->refs, &refs, refs + 1, false,
						    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		;
	return refs;
}

/**
 * domain_get_by_id() - the domain @id with a reference
 * Return: the domain; the caller's for DOMID_SELF; NULL when there is none.
 */
struct domain *domain_get_by_id(domid_t id)
{
	struct domain *self = current->domain;

	if (id == DOMID_SELF || id == self->id) {
		domain_get(self);
		return self;
	}
	spin_guard(&domain_list_lock);
	list_for_each(struct domain, d, &domain_list, all)
		if (d->id == id && domain_try_get(d))
			return d;
	return NULL;
}

struct domain *domain_get_next(domid_t id)
{
	struct domain *next;

	spin_guard(&domain_list_lock);
	do {
		next = NULL;
		list_for_each(struct domain, d, &domain_list, all)
			if (d->id >= id && (!next || d->id < next->id) && READ_ONCE(d->refs))
				next = d;
	} while (next && !domain_try_get(next));
	return next;
}
