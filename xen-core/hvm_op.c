// SPDX-License-Identifier: GPL-2.0-only
/*
 * HYPERVISOR_hvm_op (xen/hvm/hvm_op.h): parameters of domains.
 *
 * Only guests whose memory the core translates have any, and there are none yet:
 * who asks about a domain learns that it is no such guest.
 */
#include "hypercall.h"

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

static long hvm_op_param(const struct xen_hvm_param *p)
{
	struct domain *d;

	if (p->index >= HVM_NR_PARAMS)
		return -EINVAL;
	d = domain_get_by_id(p->domid);
	if (!d)
		return -ESRCH;
	domain_put(d);
	return -EINVAL;
}

/** do_hvm_op() - HVMOP_* (xen/hvm/hvm_op.h) */
long do_hvm_op(u64 cmd, gva_t arg)
{
	switch (cmd) {
	case HVMOP_set_param:
	case HVMOP_get_param:
		return COPY_AND_CALL(arg, struct xen_hvm_param, hvm_op_param);
	}
	return -ENOSYS;
}
