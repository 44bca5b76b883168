// SPDX-License-Identifier: GPL-2.0-only
/*
 * Physical interrupts as a domain sees them, and PHYSDEVOP_*.
 *
 *   pirq -> struct irq (GSI or MSI) -> vector
 *      \--> event channel port, once bound
 *
 * A GSI's pirq has its number; those of MSIs follow after the last GSI. Only
 * the privileged domain maps pirqs and names devices.
 *
 * Lock order: event lock of the domain, pirqs->lock, irq->lock.
 */
#include "physdev.h"

#include <xen/event_channel.h>
#include <xen/physdev.h>
#include "bitops.h"
#include "errno.h"
#include "event.h"
#include "ioapic.h"
#include "irq.h"
#include "msi.h"
#include "page_alloc.h"
#include "pci.h"
#include "percpu.h"
#include "pv.h"
#include "serial.h"
#include "string.h"
#include "uaccess.h"

#define NR_PIRQS	1024u

/* A GSI's mode is set once: whoever comes later has to live with it. */
static u64 gsis_set_up[BITS_TO_LONGS(NR_PIRQS)];

/**
 * struct domain_pirqs - a domain's pirqs
 * @irq:	what is behind each; NULL: not mapped
 */
struct domain_pirqs {
	struct spinlock lock;
	struct irq *irq[NR_PIRQS];	/* lock */
};

static struct domain_pirqs *physdev_get_pirqs(struct domain *d)
{
	struct domain_pirqs *p = __atomic_load_n(&d->pirqs, __ATOMIC_ACQUIRE), *none = NULL;

	if (p)
		return p;
	p = alloc_zeroed(sizeof(*p));
	if (!p)
		return NULL;
	if (!__atomic_compare_exchange_n(&d->pirqs, &none, p, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE)) {
		free_zeroed(p, sizeof(*p));
		p = none;
	}
	return p;
}

/* The irq behind @pirq or NULL; @pirq is hostile. */
static struct irq *physdev_find(struct domain *d, u32 pirq)
{
	struct domain_pirqs *p = READ_ONCE(d->pirqs);

	return p && pirq < NR_PIRQS ? READ_ONCE(p->irq[pirq]) : NULL;
}

/* ---- hooks of the event channels; the event lock is held ---- */

/* Tell the guest, where it asked for it, whether @pirq wants PHYSDEVOP_eoi. */
static void physdev_set_needs_eoi(struct domain *d, u32 pirq, bool needs)
{
	if (!d->arch.eoi_map)
		return;
	if (needs)
		set_bit(pirq, d->arch.eoi_map);
	else
		clear_bit(pirq, d->arch.eoi_map);
}

int arch_pirq_bind(struct domain *d, u32 pirq, u32 port, bool share, struct vcpu *v)
{
	struct irq *irq = physdev_find(d, pirq);
	int rc;

	if (!irq)
		return pirq < NR_PIRQS ? -EPERM : -EINVAL;
	/* Stable: a port of this domain's cannot come or go under its event lock. */
	if (irq->domain == d)
		return -EEXIST;
	physdev_set_needs_eoi(d, pirq, irq->level);
	rc = irq_bind(irq, d, port, v);
	if (rc)
		physdev_set_needs_eoi(d, pirq, false);
	return rc;
}

void arch_pirq_unbind(struct domain *d, u32 pirq)
{
	struct irq *irq = physdev_find(d, pirq);

	if (!irq || irq->domain != d)
		return;
	irq_unbind(irq);
	physdev_set_needs_eoi(d, pirq, false);
}

void arch_pirq_set_vcpu(struct domain *d, u32 pirq, struct vcpu *v)
{
	struct irq *irq = physdev_find(d, pirq);

	if (irq && irq->domain == d)
		irq_set_cpu(irq, v->cpu);
}

/* ---- mapping ---- */

/* A pirq nobody uses, above those of the GSIs; 0: none. */
static u32 physdev_free_pirq(const struct domain_pirqs *p)
{
	for (u32 i = MAX(ioapic_nr_gsis(), 16u); i < NR_PIRQS; i++)
		if (!p->irq[i])
			return i;
	return 0;
}

/* Is @irq a message of device @a? */
static bool physdev_is_from(const struct irq *irq, struct pci_addr a)
{
	return irq && irq->source != IRQ_GSI && irq->msi.addr.seg == a.seg &&
	       irq->msi.addr.bus == a.bus && irq->msi.addr.devfn == a.devfn;
}

static bool physdev_is_mapped_msi(const struct domain_pirqs *p, struct pci_addr a, bool msix,
				  u32 entry)
{
	for (u32 i = 0; i < NR_PIRQS; i++)
		if (physdev_is_from(p->irq[i], a) && p->irq[i]->msi.entry == entry &&
		    p->irq[i]->source == (msix ? IRQ_MSIX : IRQ_MSI))
			return true;
	return false;
}

static long physdev_map_gsi(struct domain_pirqs *p, struct physdev_map_pirq *op)
{
	struct irq *irq = op->index < 0 ? NULL : irq_of_gsi((u32)op->index, true);

	if (!irq)
		return -EINVAL;
	if (op->pirq < 0)
		op->pirq = op->index;
	if ((u32)op->pirq >= NR_PIRQS)
		return -EINVAL;
	if (p->irq[op->pirq] && p->irq[op->pirq] != irq)
		return -EEXIST;
	p->irq[op->pirq] = irq;
	return 0;
}

static long physdev_map_msi(struct domain_pirqs *p, struct physdev_map_pirq *op)
{
	struct pci_addr a = {
		.seg = op->type == MAP_PIRQ_TYPE_MSI_SEG ? (u16)(op->bus >> 16) : 0,
		.bus = (u8)op->bus, .devfn = (u8)op->devfn,
	};
	bool msix = op->table_base;
	u32 entry = msix ? (u32)op->entry_nr : 0;
	struct irq *irq;
	int rc;

	if (op->pirq < 0)
		op->pirq = (int)physdev_free_pirq(p);
	if (!op->pirq)
		return -ENOSPC;
	if ((u32)op->pirq >= NR_PIRQS)
		return -EINVAL;
	if (p->irq[op->pirq] || physdev_is_mapped_msi(p, a, msix, entry))
		return -EEXIST;
	irq = irq_alloc(msix ? IRQ_MSIX : IRQ_MSI);
	if (!irq)
		return -ENOSPC;
	rc = msi_setup(irq, a, msix, entry, op->table_base);
	if (rc) {
		irq_free(irq);
		return rc;
	}
	p->irq[op->pirq] = irq;
	return 0;
}

static long physdev_map_pirq(struct domain *d, struct physdev_map_pirq *op)
{
	struct domain_pirqs *p = physdev_get_pirqs(d);
	long rc;

	if (op->domid != DOMID_SELF && op->domid != d->id)
		return -ESRCH;
	if (!p)
		return -ENOMEM;
	spin_lock(&p->lock);
	switch (op->type) {
	case MAP_PIRQ_TYPE_GSI:
		rc = physdev_map_gsi(p, op);
		break;
	case MAP_PIRQ_TYPE_MSI:
	case MAP_PIRQ_TYPE_MSI_SEG:
		rc = physdev_map_msi(p, op);
		break;
	case MAP_PIRQ_TYPE_MULTI_MSI:	/* the driver then asks for one */
		rc = -EOPNOTSUPP;
		break;
	default:
		rc = -EINVAL;
		break;
	}
	spin_unlock(&p->lock);
	return rc;
}

static long physdev_unmap_pirq(struct domain *d, const struct physdev_unmap_pirq *op)
{
	struct domain_pirqs *p = d->pirqs;
	struct irq *irq;

	if (op->domid != DOMID_SELF && op->domid != d->id)
		return -ESRCH;
	if (!p || op->pirq < 0 || (u32)op->pirq >= NR_PIRQS)
		return -EINVAL;
	spin_lock(&p->lock);
	irq = p->irq[op->pirq];
	p->irq[op->pirq] = NULL;
	spin_unlock(&p->lock);
	if (!irq)
		return -EINVAL;
	if (irq->domain == d)
		irq_unbind(irq);
	physdev_set_needs_eoi(d, (u32)op->pirq, false);
	/* A GSI keeps its vector; a message's goes back. */
	if (irq->source != IRQ_GSI) {
		msi_teardown(irq);
		irq_free(irq);
	}
	return 0;
}

static long physdev_setup_gsi(const struct physdev_setup_gsi *op)
{
	int rc;

	if ((u32)op->gsi >= NR_PIRQS)
		return -EINVAL;
	if (test_and_set_bit((u32)op->gsi, gsis_set_up))
		return -EEXIST;
	rc = irq_setup_gsi((u32)op->gsi, op->triggering, op->polarity);
	if (rc)
		clear_bit((u32)op->gsi, gsis_set_up);
	return rc;
}

static long physdev_get_free_pirq(struct domain *d, struct physdev_get_free_pirq *op)
{
	struct domain_pirqs *p = physdev_get_pirqs(d);

	if (!p)
		return -ENOMEM;
	spin_lock(&p->lock);
	op->pirq = physdev_free_pirq(p);
	spin_unlock(&p->lock);
	return op->pirq ? 0 : -ENOSPC;
}

/* ---- the rest of PHYSDEVOP_* ---- */

static long physdev_eoi(struct domain *d, u32 pirq)
{
	struct irq *irq = physdev_find(d, pirq);

	if (irq && irq->domain == d) {
		if (d->arch.phys_irq_eoi_auto)
			event_unmask(d, irq->port);
		irq_guest_eoi(irq);
	}
	return pirq < NR_PIRQS ? 0 : -EINVAL;
}

/* Conservative: a GSI may turn out to be level triggered later. */
static long physdev_irq_status(struct domain *d, struct physdev_irq_status_query *op)
{
	struct irq *irq = physdev_find(d, op->irq);

	op->flags = !irq || irq->source == IRQ_GSI ? XENIRQSTAT_needs_eoi : 0;
	return op->irq < NR_PIRQS ? 0 : -EINVAL;
}

/* @unmask: PHYSDEVOP_eoi is to unmask the port, too (version 1 of the call). */
static long physdev_set_eoi_map(struct domain *d, u64 gmfn, bool unmask)
{
	struct page *page = arch_get_guest_page_writable(d, gmfn);

	if (!page)
		return -EINVAL;
	spin_lock(&d->lock);
	if (d->arch.eoi_page) {
		spin_unlock(&d->lock);
		arch_put_guest_page_writable(page);
		return -EBUSY;
	}
	d->arch.eoi_page = page;
	d->arch.phys_irq_eoi_auto = unmask;
	d->arch.eoi_map = page_to_virt(page);
	memset(d->arch.eoi_map, 0, PAGE_SIZE);
	for (u32 i = 0; i < NR_PIRQS; i++) {
		const struct irq *irq = physdev_find(d, i);

		if (irq && irq->domain == d)
			physdev_set_needs_eoi(d, i, irq->level);
	}
	spin_unlock(&d->lock);
	return 0;
}

static long physdev_set_iopl(struct vcpu *v, u32 iopl)
{
	if (iopl > 3)
		return -EINVAL;
	v->arch.iopl = iopl;
	return 0;
}

static long physdev_set_iobitmap(struct vcpu *v, const struct physdev_set_iobitmap *op)
{
	if (op->nr_ports > 65536)
		return -EINVAL;
	v->arch.iobmp = gva_of(op->bitmap);
	v->arch.iobmp_ports = op->nr_ports;
	return 0;
}

/* A device came (or its resources will not change): look at its MSI-X table. */
static long physdev_add_device(struct pci_addr a, bool is_virtfn)
{
	/* A virtual function does not show its vendor (SR-IOV 3.4.1.1). */
	if (!is_virtfn && pci_read(a, PCI_VENDOR, 2) == 0xffff)
		return -ENODEV;
	msi_add_device(a);
	return 0;
}

static long physdev_restore_msi(struct domain *d, struct pci_addr a)
{
	struct domain_pirqs *p = d->pirqs;

	if (!p)
		return 0;
	spin_lock(&p->lock);
	for (u32 i = 0; i < NR_PIRQS; i++) {
		struct irq *irq = p->irq[i];

		if (!physdev_is_from(irq, a))
			continue;
		spin_lock(&irq->lock);
		msi_restore(irq, irq->cpu->apic_id);
		spin_unlock(&irq->lock);
	}
	spin_unlock(&p->lock);
	return 0;
}

/* ---- dispatch ---- */

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
	struct physdev_manage_pci_ext old_device;	/* physdev_manage_pci is its start */
	struct physdev_pci_device_add device;		/* physdev_pci_device is its start */
	struct physdev_dbgp_op dbgp;
};
static_assert(offsetof(struct physdev_pci_device_add, devfn) ==
	      offsetof(struct physdev_pci_device, devfn), "they begin alike");

#define SIZE(type) sizeof(struct physdev_##type)
/* What is copied in, if it is copied out again, and who may call. */
static const struct {
	u8 size;
	bool out, anyone;
} ops[] = {
	[PHYSDEVOP_irq_status_query]	= { SIZE(irq_status_query), true, true },
	[PHYSDEVOP_set_iopl]		= { SIZE(set_iopl), false, true },
	[PHYSDEVOP_set_iobitmap]	= { SIZE(set_iobitmap), false, true },
	[PHYSDEVOP_apic_read]		= { SIZE(apic), true },
	[PHYSDEVOP_apic_write]		= { SIZE(apic) },
	[PHYSDEVOP_alloc_irq_vector]	= { SIZE(irq), true },
	[PHYSDEVOP_eoi]			= { SIZE(eoi), false, true },
	[PHYSDEVOP_map_pirq]		= { SIZE(map_pirq), true },
	[PHYSDEVOP_unmap_pirq]		= { SIZE(unmap_pirq) },
	[PHYSDEVOP_manage_pci_add]	= { SIZE(manage_pci) },
	[PHYSDEVOP_manage_pci_remove]	= { SIZE(manage_pci) },
	[PHYSDEVOP_restore_msi]		= { SIZE(restore_msi) },
	[PHYSDEVOP_manage_pci_add_ext]	= { SIZE(manage_pci_ext) },
	[PHYSDEVOP_setup_gsi]		= { SIZE(setup_gsi) },
	[PHYSDEVOP_get_free_pirq]	= { SIZE(get_free_pirq), true },
	[PHYSDEVOP_pci_mmcfg_reserved]	= { SIZE(pci_mmcfg_reserved) },
	[PHYSDEVOP_pci_device_add]	= { offsetof(struct physdev_pci_device_add, optarr) },
	[PHYSDEVOP_pci_device_remove]	= { SIZE(pci_device) },
	[PHYSDEVOP_restore_msi_ext]	= { SIZE(pci_device) },
	[PHYSDEVOP_pirq_eoi_gmfn_v1]	= { SIZE(pirq_eoi_gmfn), false, true },
	[PHYSDEVOP_pirq_eoi_gmfn_v2]	= { SIZE(pirq_eoi_gmfn), false, true },
	[PHYSDEVOP_dbgp_op]		= { SIZE(dbgp_op) },
	[PHYSDEVOP_prepare_msix]	= { SIZE(pci_device) },
	[PHYSDEVOP_release_msix]	= { SIZE(pci_device) },
};

/* Operations on a PCI device. */
static long physdev_device_op(struct domain *d, u32 cmd, const union physdev_arg *arg)
{
	struct pci_addr old = { 0, arg->old_device.bus, arg->old_device.devfn };
	struct pci_addr a = { arg->device.seg, arg->device.bus, arg->device.devfn };

	switch (cmd) {
	case PHYSDEVOP_manage_pci_add:		return physdev_add_device(old, false);
	case PHYSDEVOP_manage_pci_add_ext:
		return physdev_add_device(old, arg->old_device.is_virtfn);
	case PHYSDEVOP_restore_msi:		return physdev_restore_msi(d, old);
	case PHYSDEVOP_pci_device_add:
		return physdev_add_device(a, arg->device.flags & XEN_PCI_DEV_VIRTFN);
	case PHYSDEVOP_restore_msi_ext:		return physdev_restore_msi(d, a);
	case PHYSDEVOP_prepare_msix:		return physdev_add_device(a, false);
	case PHYSDEVOP_manage_pci_remove:
	case PHYSDEVOP_pci_device_remove:
	case PHYSDEVOP_release_msix:		return 0;
	default:				return -ENOSYS;
	}
}

static long physdev_op(struct vcpu *v, u32 cmd, union physdev_arg *arg)
{
	struct domain *d = v->domain;

	switch (cmd) {
	case PHYSDEVOP_eoi:			return physdev_eoi(d, arg->eoi.irq);
	case PHYSDEVOP_irq_status_query:	return physdev_irq_status(d, &arg->status);
	case PHYSDEVOP_pirq_eoi_gmfn_v1:
	case PHYSDEVOP_pirq_eoi_gmfn_v2:
		return physdev_set_eoi_map(d, arg->eoi_map.gmfn, cmd == PHYSDEVOP_pirq_eoi_gmfn_v1);
	case PHYSDEVOP_set_iopl:		return physdev_set_iopl(v, arg->iopl.iopl);
	case PHYSDEVOP_set_iobitmap:		return physdev_set_iobitmap(v, &arg->iobitmap);
	case PHYSDEVOP_map_pirq:		return physdev_map_pirq(d, &arg->map);
	case PHYSDEVOP_unmap_pirq:		return physdev_unmap_pirq(d, &arg->unmap);
	case PHYSDEVOP_get_free_pirq:		return physdev_get_free_pirq(d, &arg->free_pirq);
	case PHYSDEVOP_apic_read:
		return ioapic_read_guest(arg->apic.apic_physbase, arg->apic.reg,
					 &arg->apic.value);
	case PHYSDEVOP_apic_write:		/* routes are the core's */
		return -EPERM;
	case PHYSDEVOP_alloc_irq_vector:	/* so are vectors: the number given comes back */
		arg->vector.vector = arg->vector.irq;
		return arg->vector.irq < ioapic_nr_gsis() ? 0 : -EINVAL;
	case PHYSDEVOP_setup_gsi:
		return physdev_setup_gsi(&arg->gsi);
	case PHYSDEVOP_pci_mmcfg_reserved:
		return pci_check_ecam(arg->mmcfg.segment, arg->mmcfg.start_bus,
				      arg->mmcfg.end_bus, arg->mmcfg.address);
	case PHYSDEVOP_dbgp_op:			/* the core uses no USB debug port */
		return arg->dbgp.op - 1u < 2 ? 0 : -EINVAL;
	default:
		return physdev_device_op(d, cmd, arg);
	}
}

long do_physdev_op(u32 cmd, gva_t arg)
{
	struct vcpu *v = current;
	union physdev_arg op = { 0 };
	long rc;

	if (cmd >= ARRAY_SIZE(ops) || !ops[cmd].size)
		return -ENOSYS;
	if (!ops[cmd].anyone && !v->domain->privileged)
		return -EPERM;
	if (copy_from_guest(&op, arg, ops[cmd].size))
		return -EFAULT;
	rc = physdev_op(v, cmd, &op);
	if (!rc && ops[cmd].out && copy_to_guest(arg, &op, ops[cmd].size))
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

/* ---- ports ---- */

void physdev_hide_ports(u32 *allowed)
{
	const struct { u16 first, nr; } hidden[] = {
		{ 0x20, 2 }, { 0xa0, 2 },	/* PICs */
		{ 0x40, 4 }, { 0x61, 1 },	/* PIT */
		{ serial_port(0), 8 }, { serial_port(1), 8 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(hidden); i++)
		for (u32 port = hidden[i].first; port && port < hidden[i].first + hidden[i].nr;
		     port++)
			allowed[port / 32] &= ~(1u << port % 32);
}
