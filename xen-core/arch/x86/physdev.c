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
		return -EINVAL;
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

/* Unmasking the port says nothing: a level is ended by PHYSDEVOP_eoi alone. */
void arch_pirq_unmasked(struct domain *d, u32 pirq) {}

/* ---- mapping ---- */

/* A pirq nobody uses, above those of the GSIs; 0: none. */
static u32 physdev_free_pirq(const struct domain_pirqs *p)
{
	for (u32 i = MAX(ioapic_nr_gsis(), 16u); i < NR_PIRQS; i++)
		if (!p->irq[i])
			return i;
	return 0;
}

static bool physdev_is_mapped_msi(const struct domain_pirqs *p, struct pci_addr a, bool msix,
				  u32 entry)
{
	for (u32 i = 0; i < NR_PIRQS; i++) {
		const struct irq *irq = p->irq[i];

		if (irq && irq->source == (msix ? IRQ_MSIX : IRQ_MSI) && irq->msi.seg == a.seg &&
		    irq->msi.bus == a.bus && irq->msi.devfn == a.devfn && irq->msi.entry == entry)
			return true;
	}
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

static long physdev_map_pirq(struct domain *d, gva_t arg)
{
	struct domain_pirqs *p;
	struct physdev_map_pirq op;
	long rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.domid != DOMID_SELF && op.domid != d->id)
		return -ESRCH;
	p = physdev_get_pirqs(d);
	if (!p)
		return -ENOMEM;
	spin_lock(&p->lock);
	switch (op.type) {
	case MAP_PIRQ_TYPE_GSI:
		rc = physdev_map_gsi(p, &op);
		break;
	case MAP_PIRQ_TYPE_MSI:
	case MAP_PIRQ_TYPE_MSI_SEG:
		rc = physdev_map_msi(p, &op);
		break;
	case MAP_PIRQ_TYPE_MULTI_MSI:	/* the driver then asks for one */
		rc = -EOPNOTSUPP;
		break;
	default:
		rc = -EINVAL;
		break;
	}
	spin_unlock(&p->lock);
	if (!rc && copy_to_guest(arg, &op, sizeof(op)))
		rc = -EFAULT;
	return rc;
}

static long physdev_unmap_pirq(struct domain *d, gva_t arg)
{
	struct domain_pirqs *p = d->pirqs;
	struct physdev_unmap_pirq op;
	struct irq *irq;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.domid != DOMID_SELF && op.domid != d->id)
		return -ESRCH;
	if (!p || op.pirq < 0 || (u32)op.pirq >= NR_PIRQS)
		return -EINVAL;
	spin_lock(&p->lock);
	irq = p->irq[op.pirq];
	p->irq[op.pirq] = NULL;
	spin_unlock(&p->lock);
	if (!irq)
		return -EINVAL;
	if (irq->domain == d)
		irq_unbind(irq);
	physdev_set_needs_eoi(d, (u32)op.pirq, false);
	/* A GSI keeps its vector; a message's goes back. */
	if (irq->source != IRQ_GSI) {
		msi_teardown(irq);
		irq_free(irq);
	}
	return 0;
}

/* ---- the rest of PHYSDEVOP_*, one function each ---- */

static long physdev_eoi(struct domain *d, gva_t arg)
{
	struct physdev_eoi op;
	struct irq *irq;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.irq >= NR_PIRQS)
		return -EINVAL;
	irq = physdev_find(d, op.irq);
	if (irq && irq->domain == d)
		irq_guest_eoi(irq);
	return 0;
}

/* Conservative: a GSI may turn out to be level triggered later. */
static long physdev_irq_status(struct domain *d, gva_t arg)
{
	struct physdev_irq_status_query op;
	struct irq *irq;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.irq >= NR_PIRQS)
		return -EINVAL;
	irq = physdev_find(d, op.irq);
	op.flags = !irq || irq->source == IRQ_GSI ? XENIRQSTAT_needs_eoi : 0;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

static long physdev_set_eoi_map(struct domain *d, gva_t arg)
{
	struct physdev_pirq_eoi_gmfn op;
	struct page *page;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	page = arch_get_guest_page_writable(d, op.gmfn);
	if (!page)
		return -EINVAL;
	spin_lock(&d->lock);
	if (d->arch.eoi_page) {
		spin_unlock(&d->lock);
		arch_put_guest_page_writable(page);
		return -EBUSY;
	}
	d->arch.eoi_page = page;
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

static long physdev_set_iopl(struct vcpu *v, gva_t arg)
{
	struct physdev_set_iopl op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.iopl > 3)
		return -EINVAL;
	pv_set_iopl(v, op.iopl);
	return 0;
}

static long physdev_set_iobitmap(struct vcpu *v, gva_t arg)
{
	struct physdev_set_iobitmap op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.nr_ports > 65536)
		return -EINVAL;
	return pv_set_iobitmap(v, gva_of(op.bitmap), op.nr_ports);
}

static long physdev_apic_read(gva_t arg)
{
	struct physdev_apic op;
	int rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	rc = ioapic_read_guest(op.apic_physbase, op.reg, &op.value);
	if (rc)
		return rc;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

/* Vectors are the core's; the guest is told its own number back. */
static long physdev_alloc_vector(gva_t arg)
{
	struct physdev_irq op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.irq >= ioapic_nr_gsis())
		return -EINVAL;
	op.vector = op.irq;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

static long physdev_setup_gsi(gva_t arg)
{
	struct physdev_setup_gsi op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.gsi < 0)
		return -EINVAL;
	return irq_setup_gsi((u32)op.gsi, op.triggering, op.polarity);
}

static long physdev_get_free_pirq(struct domain *d, gva_t arg)
{
	struct domain_pirqs *p = physdev_get_pirqs(d);
	struct physdev_get_free_pirq op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (!p)
		return -ENOMEM;
	spin_lock(&p->lock);
	op.pirq = physdev_free_pirq(p);
	spin_unlock(&p->lock);
	if (!op.pirq)
		return -ENOSPC;
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

static long physdev_mmcfg_reserved(gva_t arg)
{
	struct physdev_pci_mmcfg_reserved op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return pci_check_ecam(op.segment, op.start_bus, op.end_bus, op.address);
}

/* A device came (or its resources will not change): the core looks at its MSI-X table. */
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

		if (!irq || irq->source == IRQ_GSI || irq->msi.seg != a.seg ||
		    irq->msi.bus != a.bus || irq->msi.devfn != a.devfn)
			continue;
		spin_lock(&irq->lock);
		msi_restore(irq, irq->cpu->apic_id);
		spin_unlock(&irq->lock);
	}
	spin_unlock(&p->lock);
	return 0;
}

/* Operations on a device that is named by bus and devfn alone. */
static long physdev_old_device_op(struct domain *d, u32 cmd, gva_t arg)
{
	struct physdev_manage_pci_ext op = { 0 };
	size_t len = cmd == PHYSDEVOP_manage_pci_add_ext ? sizeof(op) :
		     sizeof(struct physdev_manage_pci);
	struct pci_addr a;

	if (copy_from_guest(&op, arg, len))
		return -EFAULT;
	a = (struct pci_addr){ 0, op.bus, op.devfn };
	if (cmd == PHYSDEVOP_restore_msi)
		return physdev_restore_msi(d, a);
	if (cmd == PHYSDEVOP_manage_pci_remove)
		return 0;
	return physdev_add_device(a, op.is_virtfn);
}

static long physdev_device_op(struct domain *d, u32 cmd, gva_t arg)
{
	struct physdev_pci_device_add add = { 0 };
	size_t len = cmd == PHYSDEVOP_pci_device_add ?
		     offsetof(struct physdev_pci_device_add, optarr) :
		     sizeof(struct physdev_pci_device);
	struct pci_addr a;

	static_assert(offsetof(struct physdev_pci_device_add, devfn) ==
		      offsetof(struct physdev_pci_device, devfn), "both begin alike");
	if (copy_from_guest(&add, arg, len))
		return -EFAULT;
	a = (struct pci_addr){ add.seg, add.bus, add.devfn };
	switch (cmd) {
	case PHYSDEVOP_pci_device_add:
		return physdev_add_device(a, add.flags & XEN_PCI_DEV_VIRTFN);
	case PHYSDEVOP_pci_device_remove:
	case PHYSDEVOP_release_msix:
		return 0;
	case PHYSDEVOP_restore_msi_ext:
		return physdev_restore_msi(d, a);
	default:		/* PHYSDEVOP_prepare_msix */
		return physdev_add_device(a, false);
	}
}

static long physdev_dbgp(gva_t arg)
{
	struct physdev_dbgp_op op;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	/* The core uses no USB debug port: the controller may be reset any time. */
	return op.op == PHYSDEVOP_DBGP_RESET_PREPARE || op.op == PHYSDEVOP_DBGP_RESET_DONE ?
	       0 : -EINVAL;
}

/* What only the domain that drives the hardware may do. */
static long physdev_privileged_op(struct domain *d, u32 cmd, gva_t arg)
{
	switch (cmd) {
	case PHYSDEVOP_apic_read:		return physdev_apic_read(arg);
	case PHYSDEVOP_apic_write:		return -EPERM;	/* routes are the core's */
	case PHYSDEVOP_alloc_irq_vector:	return physdev_alloc_vector(arg);
	case PHYSDEVOP_map_pirq:		return physdev_map_pirq(d, arg);
	case PHYSDEVOP_unmap_pirq:		return physdev_unmap_pirq(d, arg);
	case PHYSDEVOP_setup_gsi:		return physdev_setup_gsi(arg);
	case PHYSDEVOP_get_free_pirq:		return physdev_get_free_pirq(d, arg);
	case PHYSDEVOP_pci_mmcfg_reserved:	return physdev_mmcfg_reserved(arg);
	case PHYSDEVOP_manage_pci_add:
	case PHYSDEVOP_manage_pci_remove:
	case PHYSDEVOP_manage_pci_add_ext:
	case PHYSDEVOP_restore_msi:		return physdev_old_device_op(d, cmd, arg);
	case PHYSDEVOP_pci_device_add:
	case PHYSDEVOP_pci_device_remove:
	case PHYSDEVOP_restore_msi_ext:
	case PHYSDEVOP_prepare_msix:
	case PHYSDEVOP_release_msix:		return physdev_device_op(d, cmd, arg);
	case PHYSDEVOP_dbgp_op:			return physdev_dbgp(arg);
	default:				return -ENOSYS;
	}
}

long do_physdev_op(u32 cmd, gva_t arg)
{
	struct vcpu *v = current;
	struct domain *d = v->domain;

	switch (cmd) {
	case PHYSDEVOP_eoi:			return physdev_eoi(d, arg);
	case PHYSDEVOP_irq_status_query:	return physdev_irq_status(d, arg);
	case PHYSDEVOP_pirq_eoi_gmfn_v2:	return physdev_set_eoi_map(d, arg);
	case PHYSDEVOP_set_iopl:		return physdev_set_iopl(v, arg);
	case PHYSDEVOP_set_iobitmap:		return physdev_set_iobitmap(v, arg);
	}
	return d->privileged ? physdev_privileged_op(d, cmd, arg) : -EPERM;
}

/* The old form: the command is in the structure. */
long do_physdev_op_compat(gva_t arg)
{
	gva_t body = GVA(arg.a + offsetof(struct physdev_op, u));
	u32 cmd;

	if (copy_from_guest(&cmd, arg, sizeof(cmd)))
		return -EFAULT;
	switch (cmd) {
	case PHYSDEVOP_irq_status_query:
	case PHYSDEVOP_set_iopl:
	case PHYSDEVOP_set_iobitmap:
	case PHYSDEVOP_apic_read:
	case PHYSDEVOP_apic_write:
	case PHYSDEVOP_alloc_irq_vector:
		return do_physdev_op(cmd, body);
	default:
		return -ENOSYS;
	}
}

/* ---- ports ---- */

static void physdev_hide_range(u32 *allowed, u32 first, u32 nr)
{
	for (u32 port = first; port < first + nr; port++)
		allowed[port / 32] &= ~(1u << port % 32);
}

void physdev_hide_ports(u32 *allowed)
{
	physdev_hide_range(allowed, 0x20, 2);	/* PICs */
	physdev_hide_range(allowed, 0xa0, 2);
	physdev_hide_range(allowed, 0x40, 4);	/* PIT */
	physdev_hide_range(allowed, 0x61, 1);
	for (u32 n = 0; n < NR_SERIAL; n++)
		if (serial_port(n))
			physdev_hide_range(allowed, serial_port(n), 8);
}
