// SPDX-License-Identifier: GPL-2.0-only
/*
 * Multicall: a list of hypercalls for the price of one.
 *
 * Entries are read one by one, each just before it runs, and only the result
 * is written back. Between two entries the batch can be interrupted; it then
 * goes on at the next one. An entry that wants to be continued has its new
 * arguments written into the list, and the batch starts again at it.
 */
#include "hypercall.h"

static_assert(sizeof(struct multicall_entry) == 64, "xen/xen.h");
static_assert(offsetof(struct multicall_entry, result) == 8, "xen/xen.h");

#define MULTICALL_RESULT	(offsetof(struct multicall_entry, result) / sizeof(u64))
#define MULTICALL_ARGS		(offsetof(struct multicall_entry, args) / sizeof(u64))

/* Run one entry in @v's name; hypercall_set_arg() changes @e. */
static long multicall_call(struct vcpu *v, struct multicall_entry *e)
{
	/* An iret would throw away the registers that this call returns in. */
	if (e->op >= NR_HYPERCALLS || e->op == __HYPERVISOR_iret)
		return -ENOSYS;
	if (e->op == __HYPERVISOR_multicall)
		return -EINVAL;
	v->arch.multicall_args = e->args;
	return hypercall_table[e->op](e->args[0], e->args[1], e->args[2],
				      e->args[3], e->args[4], e->args[5]);
}

/* Return: 0, -EFAULT, or -ERESTART when the entry at @at is to be run again. */
static long multicall_entry(struct vcpu *v, gva_t at)
{
	struct multicall_entry e;
	u64 ret;

	if (copy_struct_from_guest(&e, at))
		return -EFAULT;
	ret = multicall_call(v, &e);
	if (ret == (u64)-ERESTART)
		return copy_words_to_guest(at, MULTICALL_ARGS, e.args, ARRAY_SIZE(e.args)) ?:
		       -ERESTART;
	return copy_words_to_guest(at, MULTICALL_RESULT, &ret, 1);
}

/**
 * do_multicall() - run the @nr entries at @list
 *
 * Return: 0 when all ran, whatever they answered; -EFAULT when an entry
 * cannot be read or its result not be written (those before it ran).
 */
long do_multicall(gva_t list, u32 nr)
{
	struct vcpu *v = current;
	long ret = 0;
	u32 i;

	for (i = 0; i < nr; i++) {
		ret = i && preempt_requested() ? -ERESTART :
		      multicall_entry(v, gva_index(list, struct multicall_entry, i));
		if (ret)
			break;
	}
	v->arch.multicall_args = NULL;
	if (ret == -ERESTART) {
		hypercall_set_arg(0, gva_index(list, struct multicall_entry, i).a);
		hypercall_set_arg(1, nr - i);
	}
	return ret;
}
