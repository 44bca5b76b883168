// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping grants: handles, and what each stands for.
 *
 *   handle --> (granter, ref) --> a use of the active entry, which holds the frame
 *      host_map:   a page-table entry, with a reference and use of its own
 *      device_map: a writable use, unless GNTMAP_readonly
 *
 * A guest may destroy such a page-table entry by ordinary means: the entry's
 * reference goes then, the handle keeps the frame until it is unmapped properly,
 * which needs an entry that maps the frame again. (As in Xen.)
 *
 * Unmapping has two steps: page-table entries are cleared; when the TLBs have been
 * flushed, the granter is told that its frames are its own again.
 */
#include "grant_table.h"

#include "arch_hypercalls.h"
#include "page_alloc.h"
#include "percpu.h"
#include "preempt.h"

#define MAP_KINDS	(GNTMAP_host_map | GNTMAP_device_map)

static struct grant_map *map_of_handle(const struct grant_table *gt, u32 handle)
{
	return &gt->map_page[handle / MAPS_PER_PAGE][handle % MAPS_PER_PAGE];
}

/* A free handle, under the map lock. Return: it, or GRANT_NO_MAP. */
static u32 map_alloc(struct grant_table *gt)
{
	u32 handle = gt->free_map;

	if (handle != GRANT_NO_MAP) {
		gt->free_map = map_of_handle(gt, handle)->ref;
		return handle;
	}
	handle = gt->nr_maps;
	if (handle == GRANT_MAP_PAGES * MAPS_PER_PAGE)
		return GRANT_NO_MAP;
	if (!(handle % MAPS_PER_PAGE)) {
		struct grant_map *page = alloc_zeroed(PAGE_SIZE);

		if (!page)
			return GRANT_NO_MAP;
		gt->map_page[handle / MAPS_PER_PAGE] = page;
	}
	gt->nr_maps++;
	return handle;
}

static void map_free(struct grant_table *gt, u32 handle)
{
	struct grant_map *m = map_of_handle(gt, handle);

	*m = (struct grant_map){ .ref = gt->free_map };
	gt->free_map = handle;
}

void grant_free_maps(struct grant_table *gt)
{
	for (u32 i = 0; i < GRANT_MAP_PAGES && gt->map_page[i]; i++)
		free_zeroed(gt->map_page[i], PAGE_SIZE);
}

/* What a mapping holds beyond its use of the entry. */
static s16 map_make(struct domain *granter, struct page *page,
		    const struct gnttab_map_grant_ref *op)
{
	bool writable = !(op->flags & GNTMAP_readonly);
	int err = 0;

	/* G4: also as long as the page-table entry takes to have one of its own. */
	if (writable && !arch_get_guest_page_writable(granter, page_to_mfn(page).n))
		return GNTST_general_error;
	if (op->flags & GNTMAP_host_map)
		err = arch_grant_map(page, op->host_addr, op->flags);
	if (writable && (err || !(op->flags & GNTMAP_device_map)))
		arch_put_guest_page_writable(page);
	return err ? GNTST_general_error : GNTST_okay;
}

/* Under the map lock; with success the handle takes over the reference on @granter. */
static s16 map_locked(struct grant_table *gt, struct domain *granter,
		      struct gnttab_map_grant_ref *op)
{
	bool readonly = op->flags & GNTMAP_readonly;
	u32 handle = map_alloc(gt);
	struct page *page;
	s16 status;

	if (handle == GRANT_NO_MAP)
		return GNTST_no_space;
	status = grant_entry_get(granter, op->ref, readonly, &page);
	if (status)
		goto free;
	status = map_make(granter, page, op);
	if (status)
		goto put;
	*map_of_handle(gt, handle) = (struct grant_map){
		.granter = granter, .ref = op->ref, .flags = op->flags,
	};
	op->dev_bus_addr = mfn_to_maddr(page_to_mfn(page)).a;
	op->handle = handle;
	return GNTST_okay;
put:
	grant_entry_put(granter, op->ref, readonly);
free:
	map_free(gt, handle);
	return status;
}

long grant_op_map_grant_ref(void *arg, struct grant_batch *b)
{
	struct gnttab_map_grant_ref *op = arg;
	struct grant_table *gt = current->domain->grants;
	struct domain *granter;
	s16 status;

	if (!(op->flags & MAP_KINDS))
		return GNTST_bad_gntref;
	/* By its number only, even its own. */
	granter = op->dom == DOMID_SELF ? NULL : domain_get_by_id(op->dom);
	if (!granter)
		return GNTST_bad_domain;
	spin_lock(&gt->map_lock);
	status = map_locked(gt, granter, op);
	spin_unlock(&gt->map_lock);
	if (status)
		domain_put(granter);
	return status;
}

/* End the kinds @flags of a mapping. With the last, its use ends with the batch. */
static void map_end(struct grant_table *gt, u32 handle, u32 flags, struct grant_batch *b)
{
	struct grant_map *m = map_of_handle(gt, handle);
	struct grant_use *u = &b->use[b->nr++];
	bool readonly = m->flags & GNTMAP_readonly;

	if (flags & GNTMAP_device_map && !readonly)
		arch_put_guest_page_writable(grant_entry_page(m->granter, m->ref));
	m->flags &= ~flags;
	*u = (struct grant_use){ NULL };
	if (m->flags & MAP_KINDS)
		return;
	*u = (struct grant_use){ m->granter, m->ref, readonly };
	map_free(gt, handle);
}

/* @new_addr: 0, or what takes the place of the entry at @host_addr */
static s16 unmap_locked(struct grant_table *gt, u32 handle, u64 host_addr, u64 bus_addr,
			u64 new_addr, struct grant_batch *b)
{
	struct grant_map *m;
	struct page *page;
	u32 flags = 0;

	if (handle >= gt->nr_maps)
		return GNTST_bad_handle;
	m = map_of_handle(gt, handle);
	if (!m->granter)
		return GNTST_bad_handle;
	page = grant_entry_page(m->granter, m->ref);
	if (bus_addr && m->flags & GNTMAP_device_map) {
		if (bus_addr != mfn_to_maddr(page_to_mfn(page)).a)
			return GNTST_bad_dev_addr;
		flags |= GNTMAP_device_map;
	}
	if (host_addr && m->flags & GNTMAP_host_map) {
		if (arch_grant_unmap(page, host_addr, m->flags, new_addr))
			return GNTST_general_error;
		flags |= GNTMAP_host_map;
	}
	if (flags)
		map_end(gt, handle, flags, b);
	return GNTST_okay;
}

long grant_op_unmap_grant_ref(void *arg, struct grant_batch *b)
{
	const struct gnttab_unmap_grant_ref *op = arg;
	struct grant_table *gt = current->domain->grants;
	s16 status;

	spin_lock(&gt->map_lock);
	status = unmap_locked(gt, op->handle, op->host_addr, op->dev_bus_addr, 0, b);
	spin_unlock(&gt->map_lock);
	return status;
}

long grant_op_unmap_and_replace(void *arg, struct grant_batch *b)
{
	const struct gnttab_unmap_and_replace *op = arg;
	struct grant_table *gt = current->domain->grants;
	s16 status;

	spin_lock(&gt->map_lock);
	status = unmap_locked(gt, op->handle, op->host_addr, 0, op->new_addr, b);
	spin_unlock(&gt->map_lock);
	return status;
}

void grant_finish_batch(struct domain *d, struct grant_batch *b)
{
	if (b->nr)
		arch_grant_flush(d);	/* G3 */
	for (const struct grant_use *u = b->use; u < b->use + b->nr; u++) {
		if (!u->granter)
			continue;
		grant_entry_put(u->granter, u->ref, u->readonly);
		domain_put(u->granter);
	}
	b->nr = 0;
}

/**
 * grant_unmap_all() - end all mappings of @d, which is dying
 *
 * Its vcpus do not run any more, and its page tables are gone or will never be
 * used again. Return: 0, or -ERESTART: call again.
 */
int grant_unmap_all(struct domain *d)
{
	struct grant_table *gt = d->grants;
	struct grant_batch b;
	bool more;
	u32 end;

	b.nr = 0;
	spin_lock(&gt->map_lock);
	end = MIN(gt->nr_released + GRANT_BATCH, gt->nr_maps);
	for (; gt->nr_released < end; gt->nr_released++) {
		struct grant_map *m = map_of_handle(gt, gt->nr_released);

		if (m->granter)
			map_end(gt, gt->nr_released, m->flags & MAP_KINDS, &b);
	}
	more = end < gt->nr_maps;
	spin_unlock(&gt->map_lock);
	grant_finish_batch(d, &b);
	return more ? -ERESTART : 0;
}
