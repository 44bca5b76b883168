// SPDX-License-Identifier: GPL-2.0-only
/*
 * Physical interrupts as a domain sees them, and PHYSDEVOP_*.
 *
 *   pirq -> struct irq (GSI or MSI) -> vector
 *      \--> event channel port, once bound
 *
 * A GSI's pirq has its number; those of MSIs follow after the last GSI. Only
 * the privileged domain maps pirqs and names devices, so there is one table.
 *
 * Lock order: event lock of the domain, pirqs_lock, irq->lock.
 */

#include <xen/physdev.h>
#include "acpi.h"
#include "event.h"
#include "pv.h"
#include "console.h"

#define NR_PIRQS	1024u

static struct spinlock pirqs_lock;
static struct irq *pirqs[NR_PIRQS];	/* pirqs_lock to change; NULL: not mapped */

union physdev_arg {
	struct physdev_eoi eoi;
	struct physdev_irq_status_query status;
	struct physdev_pirq_eoi_gmfn eoi_map;
	struct physdev_set_iopl iopl;
	struct physdev_set_iobitmap iobitmap;
	struct physdev_apic apic;
	struct physdev_irq vector;
	struct physdev_map_pirq map;
	struct physdev_unmap_pirq unmap;
	struct physdev_setup_gsi gsi;
	struct physdev_get_free_pirq free_pirq;
	struct physdev_pci_mmcfg_reserved mmcfg;
	struct physdev_manage_pci_ext old_device;	/* others are its start */
	struct physdev_pci_device_add device;		/* physdev_pci_device is its start */
	struct physdev_dbgp_op dbgp;
};
static_assert(offsetof(struct physdev_pci_device_add, devfn) ==
	      offsetof(struct physdev_pci_device, devfn), "they begin alike");

/* The irq behind @pirq or NULL; @pirq is hostile. */
static struct irq *physdev_find(const struct domain *d, u32 pirq)
{
	return d->privileged && pirq < NR_PIRQS ? READ_ONCE(pirqs[pirq]) : NULL;
}

/* ---- hooks of the event channels; the event lock is held ---- */

/* Tell the guest, where it asked for it, whether @pirq wants PHYSDEVOP_eoi. */
static void physdev_set_needs_eoi(const struct domain *d, u32 pirq, bool needs)
{
	if (d->arch.eoi_page)
		(needs ? set_bit : clear_bit)(pirq, page_to_virt(d->arch.eoi_page));
}

int arch_pirq_bind(struct domain *d, u32 pirq, u32 port, bool share, struct vcpu *v)
{
	struct irq *irq = physdev_find(d, pirq);

	if (!irq)
		return pirq < NR_PIRQS ? -EPERM : -EINVAL;
	spin_guard(&irq->lock);
	if (irq->domain == d)
		return -EEXIST;
	if (irq->domain || irq->fn || irq->source == IRQ_FREE)
		return -EBUSY;
	irq->domain = d;
	irq->port = port;
	physdev_set_needs_eoi(d, pirq, irq->level);
	irq_set_cpu(irq, v->cpu);
	irq_set_mask(irq, false);
	return 0;
}

/* The irq that a port of @d is bound to as @pirq, locked; or NULL. */
static struct irq *physdev_lock_bound(struct domain *d, u32 pirq)
{
	struct irq *irq = physdev_find(d, pirq);

	if (!irq)
		return NULL;
	spin_lock(&irq->lock);
	if (irq->domain == d)
		return irq;
	spin_unlock(&irq->lock);
	return NULL;
}

void arch_pirq_unbind(struct domain *d, u32 pirq)
{
	struct irq *irq = physdev_lock_bound(d, pirq);

	if (!irq)
		return;
	irq_set_mask(irq, true);
	irq->domain = NULL;
	physdev_set_needs_eoi(d, pirq, false);
	spin_unlock(&irq->lock);
}

void arch_pirq_set_vcpu(struct domain *d, u32 pirq, struct vcpu *v)
{
	struct irq *irq = physdev_lock_bound(d, pirq);

	if (!irq)
		return;
	irq_set_cpu(irq, v->cpu);
	spin_unlock(&irq->lock);
}

/* ---- mapping ---- */

/* A pirq nobody uses, above those of the GSIs. */
static int physdev_free_pirq(void)
{
	for (u32 i = MAX(ioapic_nr_gsis, 16u); i < NR_PIRQS; i++)
		if (!pirqs[i])
			return (int)i;
	return -ENOSPC;
}

/* Is @irq a message of device @a? */
static bool physdev_is_from(const struct irq *irq, struct pci_addr a)
{
	return irq && irq->source != IRQ_GSI && !memcmp(&irq->msi.addr, &a, sizeof(a));
}

static int physdev_map_msi(const struct physdev_map_pirq *op, struct irq **pirq)
{
	u16 seg = op->type == MAP_PIRQ_TYPE_MSI_SEG ? (u16)(op->bus >> 16) : 0;
	struct pci_addr a = { seg, (u8)op->bus, (u8)op->devfn };
	enum irq_source source = op->table_base ? IRQ_MSIX : IRQ_MSI;
	u32 entry = op->table_base ? (u32)op->entry_nr : 0;
	struct irq *irq;
	int rc;

	if (*pirq)
		return -EEXIST;
	for (u32 i = 0; i < NR_PIRQS; i++)
		if (physdev_is_from(pirqs[i], a) && pirqs[i]->source == source &&
		    pirqs[i]->msi.entry == entry)
			return -EEXIST;
	irq = irq_alloc(source, 0);
	if (!irq)
		return -ENOSPC;
	rc = msi_setup(irq, a, entry, op->table_base);
	if (rc)
		irq->source = IRQ_FREE;
	else
		*pirq = irq;
	return rc;
}

static long physdev_map_pirq(struct domain *d, u32 cmd, union physdev_arg *arg)
{
	struct physdev_map_pirq *op = &arg->map;
	bool gsi = op->type == MAP_PIRQ_TYPE_GSI;
	struct irq *irq;

	if (op->domid != DOMID_SELF && op->domid != d->id)
		return -ESRCH;
	if (op->type == MAP_PIRQ_TYPE_MULTI_MSI)	/* the driver then asks for one */
		return -EOPNOTSUPP;
	if (!gsi && op->type != MAP_PIRQ_TYPE_MSI && op->type != MAP_PIRQ_TYPE_MSI_SEG)
		return -EINVAL;
	if (op->pirq < 0)
		op->pirq = gsi ? op->index : physdev_free_pirq();
	if ((u32)op->pirq >= NR_PIRQS)
		return -EINVAL;
	if (!gsi)
		return physdev_map_msi(op, &pirqs[op->pirq]);
	irq = irq_of_gsi((u32)op->index);
	if (!irq)
		return -EINVAL;
	if (pirqs[op->pirq] && pirqs[op->pirq] != irq)
		return -EEXIST;
	pirqs[op->pirq] = irq;
	return 0;
}

/* A GSI keeps its vector; a message's goes back. */
static long physdev_unmap_pirq(struct domain *d, u32 cmd, union physdev_arg *arg)
{
	u32 pirq = (u32)arg->unmap.pirq;
	struct irq *irq = physdev_find(d, pirq);

	if (arg->unmap.domid != DOMID_SELF && arg->unmap.domid != d->id)
		return -ESRCH;
	if (!irq)
		return -EINVAL;
	arch_pirq_unbind(d, pirq);
	pirqs[pirq] = NULL;
	if (irq->source != IRQ_GSI)
		msi_teardown(irq);
	return 0;
}

/* Trigger and polarity as dom0 found them: who comes later has to live with it. */
static long physdev_setup_gsi(struct domain *d, u32 cmd, union physdev_arg *arg)
{
	struct irq *irq = irq_of_gsi((u32)arg->gsi.gsi);

	if (!irq)
		return -EINVAL;
	if (irq->fn || irq->mode_set)
		return -EEXIST;
	irq_set_mode(irq, arg->gsi.triggering, arg->gsi.polarity);
	return 0;
}

static long physdev_get_free_pirq(struct domain *d, u32 cmd, union physdev_arg *arg)
{
	int pirq = physdev_free_pirq();

	arg->free_pirq.pirq = (u32)pirq;
	return MIN(pirq, 0);
}

/* ---- the end of an interrupt ---- */

static long physdev_eoi(struct domain *d, u32 cmd, union physdev_arg *arg)
{
	struct irq *irq = physdev_lock_bound(d, arg->eoi.irq);
	u32 port;

	if (!irq)
		return arg->eoi.irq < NR_PIRQS ? 0 : -EINVAL;
	port = irq->port;
	if (irq->masked)	/* as it is, once bound, only from a level to its EOI */
		irq_set_mask(irq, false);
	spin_unlock(&irq->lock);
	if (d->arch.phys_irq_eoi_auto)
		event_unmask(d, port);
	return 0;
}

/* Conservative: a GSI may turn out to be level triggered later. */
static long physdev_status(struct domain *d, u32 cmd, union physdev_arg *arg)
{
	struct irq *irq = physdev_find(d, arg->status.irq);

	arg->status.flags = !irq || irq->source == IRQ_GSI ? XENIRQSTAT_needs_eoi : 0;
	return arg->status.irq < NR_PIRQS ? 0 : -EINVAL;
}

/* In version 1 of the call PHYSDEVOP_eoi unmasks the port, too. */
static long physdev_set_eoi_map(struct domain *d, u32 cmd, union physdev_arg *arg)
{
	struct page *page = arch_get_guest_page_writable(d, arg->eoi_map.gmfn);

	if (!page)
		return -EINVAL;
	spin_guard(&d->lock);
	if (d->arch.eoi_page) {
		arch_put_guest_page_writable(page);
		return -EBUSY;
	}
	memset(page_to_virt(page), 0, PAGE_SIZE);
	d->arch.eoi_page = page;
	d->arch.phys_irq_eoi_auto = cmd == PHYSDEVOP_pirq_eoi_gmfn_v1;
	for (u32 i = 0; i < NR_PIRQS; i++) {
		const struct irq *irq = physdev_find(d, i);

		if (irq && irq->domain == d)
			physdev_set_needs_eoi(d, i, irq->level);
	}
	return 0;
}

/* ---- devices ---- */

/* A device came or goes, its resources will not change, or it was reset. */
static long physdev_device(struct domain *d, u32 cmd, union physdev_arg *arg)
{
	bool old = cmd < PHYSDEVOP_pci_device_add;	/* these know no segments */
	struct pci_addr a =
		old ? (struct pci_addr){ 0, arg->old_device.bus, arg->old_device.devfn } :
		(struct pci_addr){ arg->device.seg, arg->device.bus, arg->device.devfn };
	bool is_virtfn = old ? arg->old_device.is_virtfn : arg->device.flags & XEN_PCI_DEV_VIRTFN;

	switch (cmd) {
	case PHYSDEVOP_restore_msi:
	case PHYSDEVOP_restore_msi_ext:
		for (u32 i = 0; i < NR_PIRQS; i++)
			if (physdev_is_from(pirqs[i], a))
				msi_restore(pirqs[i]);
		break;
	case PHYSDEVOP_manage_pci_add:
	case PHYSDEVOP_manage_pci_add_ext:
	case PHYSDEVOP_pci_device_add:
	case PHYSDEVOP_prepare_msix:
		/* A virtual function does not show its vendor (SR-IOV 3.4.1.1). */
		if (!is_virtfn && pci_read(a, PCI_VENDOR, 2) == 0xffff)
			return -ENODEV;
		msi_add_device(a);
	}
	return 0;
}

/* Does ACPI, too, name the window on configuration space that dom0 found? */
static long physdev_mmcfg_reserved(struct domain *d, u32 cmd, union physdev_arg *arg)
{
	const struct physdev_pci_mmcfg_reserved *op = &arg->mmcfg;

	for (const struct acpi_mcfg *m = acpi_info.mcfg, *end = m + acpi_info.nr_mcfg; m < end; m++)
		if (m->seg == op->segment && m->base == op->address &&
		    op->start_bus >= m->first_bus && op->end_bus <= m->last_bus)
			return 0;
	return -ENODEV;
}

/* The core uses no USB debug port: let dom0 do as it likes. */
static long physdev_dbgp_op(struct domain *d, u32 cmd, union physdev_arg *arg)
{
	return arg->dbgp.op == PHYSDEVOP_DBGP_RESET_PREPARE ||
	       arg->dbgp.op == PHYSDEVOP_DBGP_RESET_DONE ? 0 : -EINVAL;
}

/* ---- what the core does itself: I/O APICs and vectors; and ports ---- */

static long physdev_apic(struct domain *d, u32 cmd, union physdev_arg *arg)
{
	if (cmd == PHYSDEVOP_apic_write)
		return -EPERM;
	return ioapic_read_guest(arg->apic.apic_physbase, arg->apic.reg, &arg->apic.value);
}

static long physdev_alloc_vector(struct domain *d, u32 cmd, union physdev_arg *arg)
{
	arg->vector.vector = arg->vector.irq;
	return arg->vector.irq < ioapic_nr_gsis ? 0 : -EINVAL;
}

static long physdev_set_iopl(struct domain *d, u32 cmd, union physdev_arg *arg)
{
	if (arg->iopl.iopl > 3)
		return -EINVAL;
	current->arch.iopl = (u8)arg->iopl.iopl;
	return 0;
}

static long physdev_set_iobitmap(struct domain *d, u32 cmd, union physdev_arg *arg)
{
	gva_t bitmap = gva_of(arg->iobitmap.bitmap);

	if (arg->iobitmap.nr_ports > 65536 || !va_is_guest(bitmap.a))
		return -EINVAL;
	current->arch.iobmp = bitmap;
	current->arch.iobmp_ports = arg->iobitmap.nr_ports;
	return 0;
}

void physdev_hide_ports(u32 *allowed)
{
	const struct { u16 first, nr; } hidden[] = {
		{ 0x20, 2 }, { 0xa0, 2 }, { 0x40, 4 }, { 0x61, 1 },	/* the PICs, the PIT */
		{ serial_port(0), 8 }, { serial_port(1), 8 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(hidden); i++)
		for (u32 k = 0, port = hidden[i].first; port && k < hidden[i].nr; k++, port++)
			allowed[port / 32] &= ~(1u << port % 32);
}

/* ---- dispatch ---- */

enum { OUT = 1, ANYONE = 2 };	/* the argument is copied out, too; not only for dom0 */

#define OP(fn, type, flags) { physdev_##fn, sizeof(struct physdev_##type), flags }
static const struct {
	long (*fn)(struct domain *d, u32 cmd, union physdev_arg *arg);
	u8 size, flags;
} ops[] = {
	[PHYSDEVOP_irq_status_query]	= OP(status, irq_status_query, OUT | ANYONE),
	[PHYSDEVOP_set_iopl]		= OP(set_iopl, set_iopl, ANYONE),
	[PHYSDEVOP_set_iobitmap]	= OP(set_iobitmap, set_iobitmap, ANYONE),
	[PHYSDEVOP_apic_read ... PHYSDEVOP_apic_write] = OP(apic, apic, OUT),
	[PHYSDEVOP_alloc_irq_vector]	= OP(alloc_vector, irq, OUT),
	[PHYSDEVOP_eoi]			= OP(eoi, eoi, ANYONE),
	[PHYSDEVOP_map_pirq]		= OP(map_pirq, map_pirq, OUT),
	[PHYSDEVOP_unmap_pirq]		= OP(unmap_pirq, unmap_pirq, 0),
	[PHYSDEVOP_manage_pci_add ... PHYSDEVOP_manage_pci_remove] = OP(device, manage_pci, 0),
	[PHYSDEVOP_restore_msi]		= OP(device, restore_msi, 0),
	[PHYSDEVOP_manage_pci_add_ext]	= OP(device, manage_pci_ext, 0),
	[PHYSDEVOP_setup_gsi]		= OP(setup_gsi, setup_gsi, 0),
	[PHYSDEVOP_get_free_pirq]	= OP(get_free_pirq, get_free_pirq, OUT),
	[PHYSDEVOP_pci_mmcfg_reserved]	= OP(mmcfg_reserved, pci_mmcfg_reserved, 0),
	[PHYSDEVOP_pci_device_add]	= OP(device, pci_device_add, 0),
	[PHYSDEVOP_pci_device_remove ... PHYSDEVOP_restore_msi_ext] = OP(device, pci_device, 0),
	[PHYSDEVOP_pirq_eoi_gmfn_v1]	= OP(set_eoi_map, pirq_eoi_gmfn, ANYONE),
	[PHYSDEVOP_pirq_eoi_gmfn_v2]	= OP(set_eoi_map, pirq_eoi_gmfn, ANYONE),
	[PHYSDEVOP_dbgp_op]		= OP(dbgp_op, dbgp_op, 0),
	[PHYSDEVOP_prepare_msix ... PHYSDEVOP_release_msix] = OP(device, pci_device, 0),
};

long do_physdev_op(u32 cmd, gva_t arg)
{
	struct domain *d = current->domain;
	union physdev_arg op = { 0 };
	bool anyone;
	long rc;

	if (cmd >= ARRAY_SIZE(ops) || !ops[cmd].fn)
		return -ENOSYS;
	anyone = ops[cmd].flags & ANYONE;
	if (!anyone && !d->privileged)
		return -EPERM;
	if (copy_from_guest(&op, arg, ops[cmd].size))
		return -EFAULT;
	/* What only dom0 may do, its vcpus do one after the other. */
	if (!anyone)
		spin_lock(&pirqs_lock);
	rc = ops[cmd].fn(d, cmd, &op);
	if (!anyone)
		spin_unlock(&pirqs_lock);
	if (!rc && ops[cmd].flags & OUT && copy_to_guest(arg, &op, ops[cmd].size))
		rc = -EFAULT;
	return rc;
}

/* The old form: the command is in the structure, and there are fewer. */
long do_physdev_op_compat(gva_t arg)
{
	u32 cmd;

	if (copy_from_guest(&cmd, arg, sizeof(cmd)))
		return -EFAULT;
	if (cmd < PHYSDEVOP_irq_status_query || cmd > PHYSDEVOP_alloc_irq_vector)
		return -ENOSYS;
	return do_physdev_op(cmd, GVA(arg.a + offsetof(struct physdev_op, u)));
}
