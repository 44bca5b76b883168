// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random hypercalls. Each gets an argument of its kind: fields that are random
 * numbers mostly fail at the first check, so the more interesting ones are drawn
 * from what the core knows of us.
 */
#include "fuzz.h"
#include "user.h"

#include <xen/sysctl.h>

/* Is anything but refused? Of each call it is counted. */
static long counted(unsigned long nr, unsigned long a1, unsigned long a2, unsigned long a3,
		    unsigned long a4, unsigned long a5, unsigned long a6)
{
	long ret = hypercall6(nr, a1, a2, a3, a4, a5, a6);

	if (nr < NR_CALLS) {
		micro_mail->word[WORD_COUNTS + 2 * nr]++;
		micro_mail->word[WORD_COUNTS + 2 * nr + 1] += ret < 0;
	}
	return ret;
}
#define hypercall6(...) counted(__VA_ARGS__)

/* A buffer of numbers, small ones for the most part. */
static uint64_t *numbers(struct fuzz_vcpu *v, unsigned int n)
{
	uint64_t *at = fuzz_room(v, n * 8);
	uint32_t *half = (uint32_t *)at;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (fuzz_chance(v, 3)) {
			at[i] = fuzz_chance(v, 3) ? fuzz_va(v) : fuzz_number(v);
		} else {
			half[2 * i] = fuzz_chance(v, 4) ? fuzz_domid(v) : fuzz_below(v, 12);
			half[2 * i + 1] = fuzz_below(v, 8);
		}
	}
	return at;
}

static uint64_t count(struct fuzz_vcpu *v, unsigned int max)
{
	return fuzz_chance(v, 100) ? fuzz_number(v) : fuzz_below(v, max + 1);
}

static void do_mmu_update(struct fuzz_vcpu *v)
{
	unsigned int n = 1 + fuzz_below(v, fuzz_chance(v, 16) ? 200 : 6), i;
	struct mmu_update *list = fuzz_room(v, n * sizeof(*list));
	uint64_t who = fuzz_chance(v, 8) ? fuzz_domid(v) | (fuzz_domid(v) + 1) << 16 : DOMID_SELF;
	uint32_t *done = fuzz_chance(v, 4) ? fuzz_room(v, 4) : NULL;

	for (i = 0; i < n; i++) {
		list[i].ptr = fuzz_slot(v) | (fuzz_chance(v, 4) ? fuzz_below(v, 8) : 0);
		list[i].val = fuzz_pte(v);
	}
	hc_mmu_update(fuzz_pointer(v, list), fuzz_chance(v, 32) ? fuzz_number(v) : n,
		      fuzz_pointer(v, done), who);
}

static void do_update_va_mapping(struct fuzz_vcpu *v)
{
	static const unsigned int flush[] = { 0, UVMF_INVLPG, UVMF_TLB_FLUSH, UVMF_ALL };
	uint64_t flags = flush[fuzz_below(v, 4)] | (fuzz_chance(v, 2) ? UVMF_ALL : 0);

	if (fuzz_chance(v, 8))
		flags |= (uint64_t)fuzz_room(v, 8);
	if (fuzz_chance(v, 4))
		hypercall4(__HYPERVISOR_update_va_mapping_otherdomain, fuzz_va(v), fuzz_pte(v),
			   flags, fuzz_domid(v));
	else
		hc_update_va_mapping(fuzz_va(v), fuzz_pte(v), flags);
}

static void do_mmuext(struct fuzz_vcpu *v)
{
	unsigned int n = 1 + fuzz_below(v, 4), i;
	struct mmuext_op *list = fuzz_room(v, n * sizeof(*list));

	for (i = 0; i < n; i++) {
		list[i].cmd = fuzz_below(v, fuzz_chance(v, 16) ? 32 : MMUEXT_UNMARK_SUPER + 1);
		if (list[i].cmd == MMUEXT_NEW_BASEPTR && !fuzz_chance(v, 16))
			list[i].arg1.mfn = micro_va_to_mfn((void *)micro_start_info->pt_base);
		else if (fuzz_chance(v, 2) || list[i].cmd == MMUEXT_SET_LDT)
			list[i].arg1.linear_addr = fuzz_va(v);
		else
			list[i].arg1.mfn = fuzz_mfn(v);
		list[i].arg2.src_mfn = fuzz_chance(v, 2) ? fuzz_mfn(v) : fuzz_number(v);
		if (list[i].cmd == MMUEXT_SET_LDT && fuzz_chance(v, 2))
			list[i].arg2.nr_ents = fuzz_below(v, 8193);
	}
	hc_mmuext_op(fuzz_pointer(v, list), count(v, n), fuzz_pointer(v, NULL),
		     fuzz_chance(v, 6) ? fuzz_domid(v) : DOMID_SELF);
}

static void fill_frames(struct fuzz_vcpu *v, xen_pfn_t *list, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		list[i] = fuzz_chance(v, 4) ? fuzz_number(v) : fuzz_chance(v, 3) ?
			  fuzz_below(v, micro_start_info->nr_pages + 64) : fuzz_mfn(v);
}

static void do_reservation(struct fuzz_vcpu *v)
{
	static const unsigned int cmds[] = {
		XENMEM_increase_reservation, XENMEM_decrease_reservation,
		XENMEM_populate_physmap, XENMEM_exchange, XENMEM_claim_pages,
	};
	unsigned int cmd = cmds[fuzz_below(v, 5)], n = fuzz_below(v, 24);
	struct xen_memory_exchange *x = fuzz_room(v, sizeof(*x) + 64 * 8);
	struct xen_memory_reservation *r = &x->in;
	xen_pfn_t *list = (xen_pfn_t *)(x + 1);

	fill_frames(v, list, n);
	for (unsigned int i = 0; i < 2; i++, r = &x->out) {
		r->nr_extents = count(v, n);
		r->extent_order = fuzz_chance(v, 6) ? fuzz_number(v) : 0;
		r->mem_flags = fuzz_chance(v, 4) ? fuzz_number(v) : 0;
		r->domid = fuzz_chance(v, 4) ? fuzz_domid(v) : DOMID_SELF;
		set_xen_guest_handle(r->extent_start, (xen_pfn_t *)fuzz_pointer(v, list + i * 24));
	}
	x->nr_exchanged = fuzz_chance(v, 8) ? fuzz_number(v) : 0;
	if (fuzz_chance(v, 16))
		cmd |= fuzz_number(v) << 6;
	hc_memory_op(cmd, fuzz_pointer(v, x));
}

static void do_memory(struct fuzz_vcpu *v)
{
	hc_memory_op(fuzz_below(v, 32) | (fuzz_chance(v, 16) ? fuzz_number(v) << 6 : 0),
		     fuzz_pointer(v, numbers(v, 12)));
}

/* From then on events are in pages of ours. */
static void do_fifo(struct fuzz_vcpu *v)
{
	struct evtchn_init_control *control = fuzz_room(v, sizeof(*control));
	struct evtchn_expand_array *array = (void *)control;

	if (fuzz_chance(v, 2)) {
		array->array_gfn = fuzz_mfn(v);
		micro_event_op(EVTCHNOP_expand_array, array);
		return;
	}
	control->control_gfn = fuzz_mfn(v);
	control->offset = fuzz_chance(v, 8) ? fuzz_number(v) : fuzz_below(v, 480) * 8;
	control->vcpu = fuzz_chance(v, 16) ? fuzz_number(v) : fuzz_below(v, ATTACKER_VCPUS);
	micro_event_op(EVTCHNOP_init_control, control);
}

static void do_event(struct fuzz_vcpu *v)
{
	uint64_t *arg = numbers(v, 4);

	/* What the victim offers, and its echo. */
	if (fuzz_chance(v, 6)) {
		struct evtchn_bind_interdomain *bind = (void *)arg;

		bind->remote_dom = micro_mail->word[WORD_VICTIM];
		bind->remote_port = 1 + fuzz_below(v, VICTIM_PORTS + 4);
		micro_event_op(EVTCHNOP_bind_interdomain, bind);
		return;
	}
	if (fuzz_chance(v, 60)) {
		do_fifo(v);
		return;
	}
	micro_event_op(fuzz_chance(v, 3) ? EVTCHNOP_send : fuzz_below(v, 16),
		       fuzz_pointer(v, arg));
}

static void map_grants(struct fuzz_vcpu *v)
{
	unsigned int n = 1 + fuzz_below(v, 8), i;
	struct gnttab_map_grant_ref *list = fuzz_room(v, n * sizeof(*list));

	for (i = 0; i < n; i++) {
		list[i].host_addr = fuzz_chance(v, 4) ? fuzz_slot(v) : fuzz_va(v) & ~0xfffUL;
		list[i].flags = GNTMAP_host_map | (fuzz_below(v, 2) ? GNTMAP_readonly : 0);
		if (fuzz_chance(v, 4))
			list[i].flags ^= 1 << fuzz_below(v, 20);
		list[i].ref = fuzz_chance(v, 16) ? fuzz_number(v) :
			      fuzz_below(v, VICTIM_GRANTS + 8);
		list[i].dom = fuzz_chance(v, 2) ? micro_mail->word[WORD_VICTIM] : fuzz_domid(v);
	}
	hc_grant_table_op(GNTTABOP_map_grant_ref, fuzz_pointer(v, list), count(v, n));
}

static void copy_grants(struct fuzz_vcpu *v)
{
	unsigned int n = 1 + fuzz_below(v, 4), i;
	struct gnttab_copy *list = fuzz_room(v, n * sizeof(*list));

	for (i = 0; i < n; i++) {
		list[i].flags = fuzz_below(v, 4);
		list[i].len = fuzz_chance(v, 2) ? fuzz_below(v, 4096) : fuzz_number(v);
		list[i].source.offset = fuzz_chance(v, 2) ? 0 : fuzz_number(v);
		list[i].dest.offset = fuzz_chance(v, 2) ? 0 : fuzz_number(v);
		list[i].source.domid = fuzz_domid(v);
		list[i].dest.domid = fuzz_domid(v);
		list[i].source.u.gmfn = list[i].flags & GNTCOPY_source_gref ?
					fuzz_below(v, 16) : fuzz_mfn(v);
		list[i].dest.u.gmfn = list[i].flags & GNTCOPY_dest_gref ?
				      fuzz_below(v, 16) : fuzz_mfn(v);
	}
	hc_grant_table_op(GNTTABOP_copy, fuzz_pointer(v, list), count(v, n));
}

static void do_grant(struct fuzz_vcpu *v)
{
	switch (fuzz_below(v, 4)) {
	case 0:
		map_grants(v);
		break;
	case 1:
		copy_grants(v);
		break;
	default:
		hc_grant_table_op(fuzz_below(v, 14), fuzz_pointer(v, numbers(v, 24)), count(v, 4));
	}
}

/* Roughly: to wait for a version that we have scribbled over takes for ever. */
static uint64_t now(void)
{
	return READ_ONCE(micro_shared->vcpu_info[0].time.system_time);
}

/* What blocks ends by a timer, mostly. */
static void do_sched(struct fuzz_vcpu *v)
{
	unsigned int cmd = fuzz_below(v, 8);

	if (cmd == SCHEDOP_shutdown && !fuzz_chance(v, 200))
		cmd = SCHEDOP_yield;
	hc_set_timer_op(now() + 1000000);
	if (cmd == SCHEDOP_block && !fuzz_chance(v, 8))
		return;
	if (cmd == SCHEDOP_poll) {
		struct sched_poll *poll = fuzz_room(v, sizeof(*poll));

		set_xen_guest_handle(poll->ports, fuzz_pointer(v, numbers(v, 4)));
		poll->nr_ports = count(v, 8);
		poll->timeout = now() + fuzz_below(v, 1000000);
		hc_sched_op(cmd, fuzz_pointer(v, poll));
		return;
	}
	hc_sched_op(cmd, fuzz_pointer(v, numbers(v, 2)));
}

/* Changes one thing in a context that was right. */
static void spoil_context(struct fuzz_vcpu *v, struct vcpu_guest_context *c)
{
	uint64_t *words = (uint64_t *)c, *end = (uint64_t *)(c + 1);

	switch (fuzz_below(v, 8)) {
	case 0:
		c->ctrlreg[fuzz_chance(v, 2) ? 1 : 3] = xen_pfn_to_cr3(fuzz_mfn(v));
		break;
	case 1:
		fill_frames(v, c->gdt_frames, ARRAY_SIZE(c->gdt_frames));
		c->gdt_ents = count(v, 8192);
		break;
	case 2:
		c->ldt_base = fuzz_va(v);
		c->ldt_ents = count(v, 8192);
		break;
	case 3:
		c->trap_ctxt[fuzz_below(v, 256)].address = fuzz_va(v);
		break;
	case 4:
		c->flags ^= 1 << fuzz_below(v, 8);
		break;
	case 5:
		words = (uint64_t *)&c->user_regs;
		words[fuzz_below(v, sizeof(c->user_regs) / 8)] = fuzz_number(v);
		break;
	case 6:
		words[fuzz_below(v, sizeof(c->fpu_ctxt) / 8)] = fuzz_number(v);
		break;
	default:
		words = (uint64_t *)&c->ldt_base;
		words[fuzz_below(v, end - words)] = fuzz_number(v);
	}
}

/* It works once for the spare vcpu: mostly its root is none, and all else is undone. */
static void do_initialise(struct fuzz_vcpu *v)
{
	struct vcpu_guest_context *c = fuzz_room(v, sizeof(*c));
	struct fuzz_vcpu *spare = &fuzz_vcpus[SPARE_VCPU];
	unsigned int n;

	micro_vcpu_context(c, fuzz_spare_run, spare->stack + sizeof(spare->stack) - 128);
	c->kernel_sp = (uint64_t)spare->entry_stack + sizeof(spare->entry_stack);
	if (fuzz_chance(v, 2))
		c->ctrlreg[1] = xen_pfn_to_cr3(micro_va_to_mfn(micro_user_l4));
	if (!fuzz_chance(v, 8))
		c->ctrlreg[3] = xen_pfn_to_cr3(fuzz_mfn(v));
	for (n = fuzz_below(v, 4); n; n--)
		spoil_context(v, c);
	hc_vcpu_op(VCPUOP_initialise, fuzz_chance(v, 8) ? fuzz_number(v) : SPARE_VCPU,
		   fuzz_pointer(v, c));
}

static void do_vcpu(struct fuzz_vcpu *v)
{
	unsigned int cmd = fuzz_below(v, 14);
	uint64_t *arg = numbers(v, fuzz_chance(v, 4) ? 700 : 4);

	if (cmd == VCPUOP_initialise) {
		do_initialise(v);
		return;
	}
	if (cmd == VCPUOP_down && !fuzz_chance(v, 50))
		cmd = VCPUOP_up;
	if (fuzz_chance(v, 3))
		arg[0] = fuzz_chance(v, 2) ? fuzz_mfn(v) : fuzz_va(v);
	hc_vcpu_op(cmd, fuzz_chance(v, 8) ? fuzz_number(v) : fuzz_below(v, ATTACKER_VCPUS),
		   fuzz_pointer(v, arg));
}

static void do_descriptors(struct fuzz_vcpu *v)
{
	uint64_t *arg;

	switch (fuzz_below(v, 4)) {
	case 0:
		arg = fuzz_room(v, 16 * 8);
		fill_frames(v, arg, 16);
		if (fuzz_chance(v, 2))
			arg[0] = micro_va_to_mfn(fuzz_page[fuzz_below(v, PLAY_PAGES / 8) * 8 + 7]);
		hc_set_gdt(fuzz_pointer(v, arg), fuzz_chance(v, 2) ? 512 : count(v, 4096));
		break;
	case 1:
		hc_set_segment_base(fuzz_below(v, 5), fuzz_number(v));
		break;
	default:
		hc_update_descriptor((fuzz_mfn(v) << PAGE_SHIFT) + fuzz_below(v, 512) * 8,
				     fuzz_descriptor(v));
	}
}

static void do_entries(struct fuzz_vcpu *v)
{
	switch (fuzz_below(v, 6)) {
	case 0:
		hc_set_trap_table(fuzz_pointer(v, numbers(v, 16)));
		hc_set_trap_table(fuzz_traps);
		break;
	case 1:
		hc_set_callbacks(fuzz_va(v), fuzz_va(v), fuzz_va(v));
		hc_set_callbacks(micro_event_entry, micro_failsafe_entry, micro_syscall_entry);
		break;
	case 2:
		hc_callback_op(fuzz_below(v, 4), fuzz_pointer(v, numbers(v, 3)));
		break;
	case 3:
		hc_stack_switch(fuzz_below(v, 2) ? FLAT_KERNEL_SS : fuzz_number(v), fuzz_va(v));
		hc_stack_switch(FLAT_KERNEL_SS, v->entry_stack + sizeof(v->entry_stack));
		break;
	case 4:
		hc_nmi_op(fuzz_below(v, 3), fuzz_pointer(v, numbers(v, 2)));
		break;
	default:
		hc_set_debugreg(fuzz_below(v, 9), fuzz_chance(v, 2) ? fuzz_va(v) : fuzz_number(v));
	}
}

/* Those of the administrator, with a version that is right. */
static void do_control(struct fuzz_vcpu *v)
{
	uint32_t *op = (uint32_t *)numbers(v, 40);

	op[0] = fuzz_below(v, 96);
	switch (fuzz_below(v, 3)) {
	case 0:
		op[1] = XEN_DOMCTL_INTERFACE_VERSION;
		op[2] = fuzz_domid(v);
		hypercall1(__HYPERVISOR_domctl, fuzz_pointer(v, op));
		break;
	case 1:
		op[1] = XEN_SYSCTL_INTERFACE_VERSION;
		hypercall1(__HYPERVISOR_sysctl, fuzz_pointer(v, op));
		break;
	default:
		op[1] = XENPF_INTERFACE_VERSION;
		hc_platform_op(fuzz_pointer(v, op));
	}
}

static void do_small(struct fuzz_vcpu *v)
{
	switch (fuzz_below(v, 7)) {
	case 0:
		hc_physdev_op(fuzz_below(v, 34), fuzz_pointer(v, numbers(v, 8)));
		break;
	case 1:
		hc_xen_version(fuzz_below(v, 13), fuzz_pointer(v, numbers(v, 4)));
		break;
	case 2:
		hc_vm_assist(fuzz_below(v, 3), fuzz_number(v));
		break;
	case 3:
		hc_fpu_taskswitch(fuzz_below(v, 2));
		break;
	case 4:
		hc_console_io(fuzz_below(v, 3), count(v, 64), fuzz_pointer(v, numbers(v, 8)));
		break;
	case 5:
		hypercall1(__HYPERVISOR_get_debugreg, fuzz_number(v));
		break;
	default:
		hc_set_timer_op(fuzz_number(v));
	}
}

/* Calls that would end the fun too early, by number. */
static bool is_end(uint64_t nr)
{
	return nr == __HYPERVISOR_iret || nr == __HYPERVISOR_sched_op ||
	       nr == __HYPERVISOR_set_trap_table || nr == __HYPERVISOR_sched_op_compat;
}

static uint64_t any_number_of_call(struct fuzz_vcpu *v)
{
	uint64_t nr = fuzz_chance(v, 32) ? fuzz_number(v) : fuzz_below(v, 64);

	return is_end(nr & 0xffffffff) && !fuzz_chance(v, 100) ? __HYPERVISOR_xen_version : nr;
}

static uint64_t any_argument(struct fuzz_vcpu *v)
{
	switch (fuzz_below(v, 5)) {
	case 0:		return fuzz_va(v);
	case 1:		return fuzz_domid(v);
	case 2:		return (uint64_t)numbers(v, 8);
	default:	return fuzz_number(v);
	}
}

static void do_anything(struct fuzz_vcpu *v)
{
	hypercall6(any_number_of_call(v), any_argument(v), any_argument(v), any_argument(v),
		   any_argument(v), any_argument(v), any_argument(v));
	hc_set_trap_table(fuzz_traps);
}

static void do_multicall(struct fuzz_vcpu *v)
{
	unsigned int n = 1 + fuzz_below(v, 8), i, j;
	struct multicall_entry *list = fuzz_room(v, n * sizeof(*list));

	for (i = 0; i < n; i++) {
		list[i].op = any_number_of_call(v);
		for (j = 0; j < 6; j++)
			list[i].args[j] = any_argument(v);
		if (fuzz_chance(v, 2)) {
			list[i].op = __HYPERVISOR_update_va_mapping;
			list[i].args[0] = fuzz_va(v);
			list[i].args[1] = fuzz_pte(v);
			list[i].args[2] = 0;
		}
	}
	hc_multicall(fuzz_pointer(v, list), count(v, n));
	hc_set_trap_table(fuzz_traps);
}

static const struct fuzz_kind kinds[] = {
	{ do_mmu_update, 20 }, { do_update_va_mapping, 12 }, { do_mmuext, 14 },
	{ do_reservation, 5 }, { do_memory, 5 }, { do_event, 12 }, { do_grant, 14 },
	{ do_sched, 2 }, { do_vcpu, 4 }, { do_descriptors, 6 }, { do_entries, 3 },
	{ do_control, 3 }, { do_small, 5 }, { do_anything, 4 }, { do_multicall, 4 },
};

/** fuzz_call() - one random hypercall */
void fuzz_call(struct fuzz_vcpu *v)
{
	fuzz_one_of(v, kinds, ARRAY_SIZE(kinds));
}
