// SPDX-License-Identifier: GPL-2.0-only
/* HYPERVISOR_hvm_op (xen/hvm/hvm_op.h), called by a PV guest. */
#include "micro.h"

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

static void try(const char *who, domid_t dom, uint32_t index)
{
	struct xen_hvm_param p = { .domid = dom, .index = index, .value = 1 };
	long set = hypercall2(__HYPERVISOR_hvm_op, HVMOP_set_param, &p);

	micro_report("%s %x: set=%ld get=%ld value=%lx", who, index, set,
		     hypercall2(__HYPERVISOR_hvm_op, HVMOP_get_param, &p),
		     (unsigned long)p.value);
}

/* A PV domain has no parameters, whoever asks. */
MICRO_TEST(hvm_op_params)
{
	static const uint32_t beyond[] = { HVM_NR_PARAMS, HVM_NR_PARAMS + 1, 1U << 31, ~0U };
	unsigned int i;

	for (i = 0; i < HVM_NR_PARAMS; i++)
		try("self", DOMID_SELF, i);
	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		try("self", DOMID_SELF, beyond[i]);
		try("nobody", 77, beyond[i]);
	}
	try("dom0", 0, HVM_PARAM_STORE_PFN);
	try("nobody", 77, HVM_PARAM_STORE_PFN);
	try("io", DOMID_IO, HVM_PARAM_STORE_PFN);
	for (i = HVMOP_set_param; i <= HVMOP_get_param; i++) {
		micro_report("%u null=%ld", i, hypercall2(__HYPERVISOR_hvm_op, i, 0));
		micro_report("%u core=%ld", i,
			     hypercall2(__HYPERVISOR_hvm_op, i, HYPERVISOR_VIRT_START));
	}
}

/* Numbers without a meaning. */
MICRO_TEST(hvm_op_unknown)
{
	static const unsigned long cmds[] = {
		6, 7, 8, 12, 13, 14, 16, 22, 26, 1000, 0xffffffff, 1UL << 32, ~0UL,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++)
		micro_report("%lx=%ld", cmds[i], hypercall2(__HYPERVISOR_hvm_op, cmds[i], 0));
}
