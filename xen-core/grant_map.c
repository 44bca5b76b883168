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

#include "hypercall.h"

#define MAP_KINDS	(GNTMAP_host_map | GNTMAP_device_map)

static struct grant_map *map_of_handle(const struct grant_table *gt, u32 handle)
{
	return &gt->map_page[handle / MAPS_PER_PAGE][handle % MAPS_PER_PAGE];
}

/* Under the map lock: the mapping that free_map names, made if need be. NULL: no room. */
static struct grant_map *map_first_free(struct grant_table *gt)
{
	struct grant_map **page = &gt->map_page[gt->free_map / MAPS_PER_PAGE];

	if (gt->free_map == gt->max_map_pages * MAPS_PER_PAGE)
		return NULL;
	if (!*page)
		*page = alloc_zeroed(PAGE_SIZE);
	if (*page && gt->free_map == gt->nr_maps)
		map_of_handle(gt, gt->free_map)->ref = ++gt->nr_maps;
	return *page ? map_of_handle(gt, gt->free_map) : NULL;
}

/* What a mapping holds beyond its use of the entry: of each kind its own (G4). */
static s16 map_make(struct domain *granter, struct page *page,
		    const struct gnttab_map_grant_ref *op)
{
	u32 flags = op->flags;
	bool for_device = flags & GNTMAP_device_map && !(flags & GNTMAP_readonly);

	if (for_device && !arch_get_guest_page_writable(granter, page_to_mfn(page).n))
		return GNTST_general_error;
	if (!(flags & GNTMAP_host_map) || !arch_grant_map(page, op->host_addr, flags))
		return GNTST_okay;
	if (for_device)
		arch_put_guest_page_writable(page);
	return GNTST_general_error;
}

/* With success the handle has a reference on @granter. */
static s16 map(struct grant_table *gt, struct domain *granter, struct gnttab_map_grant_ref *op)
{
	bool readonly = op->flags & GNTMAP_readonly;
	struct grant_map *m;
	struct page *page;
	s16 status;

	spin_guard(&gt->map_lock);
	m = map_first_free(gt);
	if (!m)
		return GNTST_no_space;
	page = grant_entry_get(granter, op->ref, readonly, &status);
	if (!page)
		return status;
	status = map_make(granter, page, op);
	if (status) {
		grant_entry_put(granter, op->ref, readonly);
		return status;
	}
	op->dev_bus_addr = mfn_to_maddr(page_to_mfn(page)).a;
	op->handle = gt->free_map;
	gt->free_map = m->ref;
	*m = (struct grant_map){ .granter = granter, .ref = op->ref, .flags = op->flags };
	domain_get(granter);
	return GNTST_okay;
}

long grant_op_map_grant_ref(void *arg, struct grant_batch *b)
{
	struct gnttab_map_grant_ref *op = arg;
	struct domain *granter;

	if (!(op->flags & MAP_KINDS))
		return GNTST_bad_gntref;
	/* By its number only, even its own. */
	granter = op->dom == DOMID_SELF ? NULL : grant_peer(b, 0, op->dom);
	return granter ? map(current->domain->grants, granter, op) : GNTST_bad_domain;
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
	*m = (struct grant_map){ .ref = gt->free_map };
	gt->free_map = handle;
}

/* @new_addr: 0, or what takes the place of the entry at @host_addr */
static s16 unmap(u32 handle, u64 host_addr, u64 bus_addr, u64 new_addr, struct grant_batch *b)
{
	struct grant_table *gt = current->domain->grants;
	struct grant_map *m;
	struct page *page;
	u32 flags = 0;

	spin_guard(&gt->map_lock);
	m = handle < gt->nr_maps ? map_of_handle(gt, handle) : NULL;
	if (!m || !m->granter)
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

	return unmap(op->handle, op->host_addr, op->dev_bus_addr, 0, b);
}

long grant_op_unmap_and_replace(void *arg, struct grant_batch *b)
{
	const struct gnttab_unmap_and_replace *op = arg;

	return unmap(op->handle, op->host_addr, 0, op->new_addr, b);
}

void grant_end_uses(struct domain *d, struct grant_batch *b)
{
	if (b->nr)
		arch_grant_flush(d);	/* G3 */
	for (const struct grant_use *u = b->use; u < b->use + b->nr; u++)
		if (u->granter) {
			grant_entry_put(u->granter, u->ref, u->readonly);
			domain_put(u->granter);
		}
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

	grant_begin_batch(&b);
	spin_lock(&gt->map_lock);
	for (u32 n = 0; n < GRANT_BATCH && gt->nr_released < gt->nr_maps; n++, gt->nr_released++) {
		struct grant_map *m = map_of_handle(gt, gt->nr_released);

		if (m->granter)
			map_end(gt, gt->nr_released, m->flags & MAP_KINDS, &b);
	}
	spin_unlock(&gt->map_lock);
	grant_end_uses(d, &b);
	return gt->nr_released < gt->nr_maps ? -ERESTART : 0;
}
