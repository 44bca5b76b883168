// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attacker: vcpus that do random things, and go on after their faults.
 *
 * A trap starts the loop of its vcpu again, from the state that micro_setjmp()
 * kept. What the things done have broken is repaired now and then; when that is
 * not enough, the domain ends or does nothing more, and dom0 makes the next one.
 */
#include "fuzz.h"
#include "user.h"

struct fuzz_vcpu fuzz_vcpus[ATTACKER_VCPUS];

struct trap_info fuzz_traps[257];

/* By the stack that it is on; one that is on none of them is taken for the first. */
static struct fuzz_vcpu *vcpu_of(const void *at)
{
	uint64_t offset = (uint64_t)at - (uint64_t)fuzz_vcpus;

	return &fuzz_vcpus[offset < sizeof(fuzz_vcpus) ? offset / sizeof(fuzz_vcpus[0]) : 0];
}

static void restart(struct micro_frame *frame)
{
	uint64_t *words = &micro_mail->word[WORD_TRAPS];

	words[0]++;
	words[1] = frame->vector;
	words[2] = frame->rip;
	words[3] = micro_shared->vcpu_info[vcpu_of(frame)->id].arch.cr2;
	micro_longjmp(&vcpu_of(frame)->restart, 1);
}

static void event(struct micro_frame *frame)
{
	struct fuzz_vcpu *v = vcpu_of(frame);
	struct vcpu_info *info = &micro_shared->vcpu_info[v->id];

	info->evtchn_upcall_pending = 0;
	if (fuzz_chance(v, 2))
		__atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
	if (fuzz_chance(v, 2))
		restart(frame);
}

/* A timer wakes us from whatever we wait for. */
static void repair_timer(struct fuzz_vcpu *v)
{
	struct vcpu_set_periodic_timer period = { .period_ns = 10000000 };
	struct evtchn_bind_virq bind = { .virq = VIRQ_TIMER, .vcpu = v->id };

	if (!micro_event_op(EVTCHNOP_bind_virq, &bind))
		v->timer_port = bind.port;
	micro_event_set_mask(v->timer_port, false);
	hc_vcpu_op(VCPUOP_set_periodic_timer, v->id, &period);
}

static void repair(struct fuzz_vcpu *v)
{
	struct callback_register nmi = {
		.type = CALLBACKTYPE_nmi, .address = (unsigned long)micro_nmi_entry,
	};
	unsigned int i;

	repair_timer(v);

	hc_set_trap_table(fuzz_traps);
	hc_set_callbacks(micro_event_entry, micro_failsafe_entry, micro_syscall_entry);
	hc_callback_op(CALLBACKOP_register, &nmi);
	hc_stack_switch(FLAT_KERNEL_SS, v->entry_stack + sizeof(v->entry_stack));
	micro_mmuext(MMUEXT_NEW_USER_BASEPTR, micro_va_to_mfn(micro_user_l4), 0);
	hc_vcpu_op(VCPUOP_up, !v->id, NULL);
	/* pages that are lost to their addresses: some come back */
	for (i = 0; i < PLAY_PAGES; i++)
		if (fuzz_chance(v, 3))
			micro_mmu_update(fuzz_page_slot[i], fuzz_page_pte(i));
	for (i = 0; i < PLAY_TABLES; i++)
		if (fuzz_chance(v, 3))
			micro_mmu_update(fuzz_table_slot[i],
					 micro_page_pte(fuzz_table[i], PTE_TABLE));
}

static void loop(struct fuzz_vcpu *v)
{
	if (micro_setjmp(&v->restart) && fuzz_chance(v, 16))
		repair(v);
	for (;;) {
		WRITE_ONCE(micro_mail->word[WORD_CALLS + v->id], ++v->calls);
		/* events are on, for the most part */
		micro_shared->vcpu_info[v->id].evtchn_upcall_mask = fuzz_chance(v, 16);
		if (fuzz_chance(v, 64))
			repair(v);
		if (fuzz_chance(v, 4))
			fuzz_instruction(v);
		else
			fuzz_call(v);
	}
}

static void run_first(void)
{
	loop(&fuzz_vcpus[0]);
}

static void run_second(void)
{
	loop(&fuzz_vcpus[1]);
}

void fuzz_spare_run(void)
{
	loop(&fuzz_vcpus[SPARE_VCPU]);
}

static void start_second(void)
{
	micro_longjmp(&fuzz_vcpus[1].restart, 0);
}

static void bind_victim(void)
{
	struct evtchn_bind_interdomain bind = { .remote_dom = micro_mail->word[WORD_VICTIM] };
	unsigned int i;

	for (i = 0; i < VICTIM_PORTS / 2; i++) {
		bind.remote_port = micro_mail->word[WORD_PORT + i];
		micro_event_op(EVTCHNOP_bind_interdomain, &bind);
	}
}

static void prepare_vcpus(void)
{
	static void (* const body[])(void) = { run_first, run_second, fuzz_spare_run };
	struct fuzz_vcpu *v;
	unsigned int i;

	for (i = 0; i < ATTACKER_VCPUS; i++) {
		v = &fuzz_vcpus[i];
		v->id = i;
		v->random = (micro_mail->word[WORD_SEED] * ATTACKER_VCPUS + i + 1) *
			    0x9e3779b97f4a7c15;
		v->restart.slot[6] = (uint64_t)v->stack + sizeof(v->stack) - 128;
		v->restart.slot[7] = (uint64_t)body[i];
	}
}

MICRO_TEST_DOMU(fuzz_attacker)
{
	unsigned int i;

	prepare_vcpus();
	for (i = 0; i < ENTRY_COUNT; i++)
		micro_trap_hook(i, i == ENTRY_EVENT ? event : restart);
	micro_trap_fill(fuzz_traps);
	bind_victim();
	fuzz_values_init();
	micro_user_init();
	/* half of the tables pinned: their types stay when they are unlinked */
	for (i = 0; i < PLAY_TABLES; i += 2)
		micro_mmuext(MMUEXT_PIN_L1_TABLE, micro_va_to_mfn(fuzz_table[i]), 0);
	repair(&fuzz_vcpus[0]);
	micro_vcpu_start(1, start_second);
	micro_longjmp(&fuzz_vcpus[0].restart, 0);
}
