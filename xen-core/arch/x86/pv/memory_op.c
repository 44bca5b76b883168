// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of memory_op that is about x86's tables: the machine's memory map,
 * the machine-to-phys table, and frames that leave a PV guest.
 */
#include "pv.h"
#include "setup.h"

#include <xen/memory.h>

#define M2P_CHUNK	(2ul << 20)

/* The guest gets the entries as they are: <xen/memory.h> leaves them to the BIOS's layout. */
static_assert(sizeof(struct e820_range) == 20, "as the BIOS has it");

static struct e820_range machine_map[E820_MAX];
static u32 nr_machine_map;

/* boot_info goes away with the init memory: keep what dom0 will ask for. */
__init void memory_set_map(const struct e820_range *e820, u32 nr)
{
	for (u32 i = 0; i < nr; i++)
		if (e820[i].size)
			machine_map[nr_machine_map++] = e820[i];
}

u64 memory_nr_ram_pages(void)
{
	u64 nr = 0;

	for (u32 i = 0; i < nr_machine_map; i++)
		if (machine_map[i].type == E820_RAM)
			nr += PFN_DOWN(machine_map[i].size);
	return nr;
}

void arch_set_gfn(struct page *p, u64 gfn)
{
	m2p[page_to_mfn(p).n] = gfn;
	page_mark_dirty(p);
}

static long get_machine_map(gva_t arg)
{
	struct xen_memory_map map;

	if (!current->domain->privileged)
		return -EPERM;
	if (copy_from_guest(&map, arg, sizeof(map)))
		return -EFAULT;
	if (map.nr_entries < nr_machine_map)
		return -EINVAL;
	map.nr_entries = nr_machine_map;
	return copy_to_guest(gva_of(map.buffer), machine_map,
			     nr_machine_map * sizeof(*machine_map)) ?:
	       copy_to_guest(arg, &map, sizeof(map));
}

/* A domain's own map, as its builder wants it seen; domain.lock. */
static long set_memory_map(const struct xen_foreign_memory_map *m)
{
	struct domain *d;
	long err;

	if (!current->domain->privileged)
		return -EPERM;
	if (m->map.nr_entries > E820_MAX)
		return -EINVAL;
	err = domain_get_target(m->domid, &d);
	if (err)
		return err;
	spin_lock(&d->lock);
	if (!d->arch.e820 && !d->dying)
		d->arch.e820 = alloc_zeroed(sizeof(struct e820_range) * E820_MAX);
	d->arch.nr_e820 = 0;
	err = d->arch.e820 ? copy_from_guest(d->arch.e820, gva_of(m->map.buffer),
					     m->map.nr_entries * sizeof(struct e820_range))
			   : -ENOMEM;
	if (!err)
		d->arch.nr_e820 = m->map.nr_entries;
	spin_unlock(&d->lock);
	domain_put(d);
	return err;
}

void memory_free_map(struct domain *d)
{
	spin_guard(&d->lock);
	free_zeroed(d->arch.e820, sizeof(struct e820_range) * E820_MAX);
	d->arch.e820 = NULL;
}

static long get_memory_map(gva_t arg)
{
	struct domain *d = current->domain;
	struct xen_memory_map map;

	if (copy_from_guest(&map, arg, sizeof(map)))
		return -EFAULT;
	spin_guard(&d->lock);
	if (!d->arch.nr_e820)
		return -ENOSYS;
	map.nr_entries = MIN(map.nr_entries, d->arch.nr_e820);
	return copy_to_guest(gva_of(map.buffer), d->arch.e820,
			     map.nr_entries * sizeof(struct e820_range)) ?:
	       copy_to_guest(arg, &map, sizeof(map));
}

/* The frames of the table, 2 MiB each, for tools that map it. */
static long get_m2p_frames(gva_t arg)
{
	struct xen_machphys_mfn_list list;

	if (copy_from_guest(&list, arg, sizeof(list)))
		return -EFAULT;
	list.nr_extents = MIN((max_mfn * 8 + M2P_CHUNK - 1) / M2P_CHUNK, (u64)list.max_extents);
	for (u64 n = 0; n < list.nr_extents; n++) {
		xen_pfn_t mfn = virt_to_mfn((u8 *)m2p + n * M2P_CHUNK).n;

		if (copy_to_guest(gva_index(gva_of(list.extent_start), xen_pfn_t, n), &mfn,
				  sizeof(mfn)))
			return -EFAULT;
	}
	return copy_to_guest(arg, &list, sizeof(list));
}

static const struct xen_machphys_mapping m2p_range = {
	MACH2PHYS_VIRT_START, MACH2PHYS_VIRT_END, MACH2PHYS_NR_ENTRIES - 1
};

/* A PV guest's frame numbers are its own affair; what it shall see it maps. */
static long add_to_physmap(const struct xen_add_to_physmap *op)
{
	return op->space == XENMAPSPACE_gmfn_foreign ? -ENOSYS : -EACCES;
}

static long remove_from_physmap(const struct xen_remove_from_physmap *op)
{
	return -EACCES;
}

long arch_memory_op(u32 cmd, gva_t arg)
{
	switch (cmd) {
	case XENMEM_machine_memory_map:		return get_machine_map(arg);
	case XENMEM_memory_map:			return get_memory_map(arg);
	case XENMEM_set_memory_map:
		return COPY_AND_CALL(arg, struct xen_foreign_memory_map, set_memory_map);
	case XENMEM_machphys_mfn_list:		return get_m2p_frames(arg);
	case XENMEM_machphys_mapping:
		return copy_to_guest(arg, &m2p_range, sizeof(m2p_range));
	case XENMEM_add_to_physmap:
		return COPY_AND_CALL(arg, struct xen_add_to_physmap, add_to_physmap);
	case XENMEM_remove_from_physmap:
		return COPY_AND_CALL(arg, struct xen_remove_from_physmap, remove_from_physmap);
	}
	return -ENOSYS;
}
