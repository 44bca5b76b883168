// SPDX-License-Identifier: GPL-2.0-only
/*
 * Port I/O of a PV guest.
 *
 * All ports trap. The guest's kernel decides who of its own may (virtual IOPL,
 * I/O bitmap); the domain's bitmap decides which ports are really accessed.
 * A port that is not the domain's reads as all ones and swallows writes.
 */
#include "bitops.h"
#include "compiler.h"
#include "pci.h"
#include "pv.h"
#include "uaccess.h"

/* The bits of @bytes ports in the kernel's bitmap are clear. */
static bool bitmap_allows(struct vcpu *v, u16 port, u32 bytes)
{
	bool user = !v->arch.in_kernel, ok;
	u16 bits = ~0;

	if (port + bytes > v->arch.iobmp_ports)
		return false;
	if (user)
		pv_toggle_mode(v);	/* the bitmap is the kernel's */
	ok = !copy_from_guest(&bits, GVA(v->arch.iobmp.a + port / 8),
			      (port % 8 + bytes > 8) ? 2 : 1);
	if (user)
		pv_toggle_mode(v);
	return ok && !(bits >> port % 8 & ((1u << bytes) - 1));
}

bool pv_port_allowed(struct vcpu *v, u16 port, u32 bytes)
{
	/* With architectural IOPL the guest's kernel counts as CPL 0, else as CPL 1. */
	u8 cpl = !v->arch.in_kernel ? 3 :
		 !test_bit(VMASST_TYPE_architectural_iopl, &v->domain->vm_assist);

	return v->arch.iopl >= cpl || bitmap_allows(v, port, bytes);
}

/* I1: whatever the guest allows itself. */
static bool owns_ports(const struct vcpu *v, u16 port, u32 bytes)
{
	for (u32 p = port; p < (u32)port + bytes; p++)
		if (p > 0xffff || !(v->domain->arch.io_bitmap[p / 32] >> p % 32 & 1))
			return false;
	return true;
}

u32 pv_port_in(struct vcpu *v, u16 port, u32 bytes)
{
	return owns_ports(v, port, bytes) ? pci_access_port(port, bytes, false, 0) : ~0u;
}

void pv_port_out(struct vcpu *v, u16 port, u32 bytes, u32 value)
{
	if (owns_ports(v, port, bytes))
		pci_access_port(port, bytes, true, value);
}
