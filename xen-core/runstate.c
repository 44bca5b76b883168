// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long each vcpu has run, waited, slept or been off.
 *
 * The times are kept by the scheduler as it moves vcpus between the states;
 * a guest reads its own from memory it registered (VCPUOP_register_runstate_
 * memory_area), which is written when a vcpu gets the CPU.
 */
#include "sched.h"

#include "uaccess.h"

static_assert(sizeof(struct vcpu_runstate_info) == 48, "xen/vcpu.h");

/* Add what has passed since @r's state was entered. */
static void runstate_add(struct vcpu_runstate_info *r, u64 now)
{
	if (now > r->state_entry_time)
		r->time[r->state] += now - r->state_entry_time;
}

/**
 * runstate_change() - @v leaves its state and enters RUNSTATE_@state
 * @now: system time
 *
 * Under sched_lock.
 */
void runstate_change(struct vcpu *v, int state, u64 now)
{
	struct vcpu_runstate_info *r = &v->runstate;

	runstate_add(r, now);
	r->state_entry_time = MAX(r->state_entry_time, now);
	r->state = state;
}

void runstate_get(struct vcpu *v, struct vcpu_runstate_info *out)
{
	spin_guard(&sched_lock);
	*out = v->runstate;
	runstate_add(out, arch_now());
}

u64 vcpu_run_time(struct vcpu *v)
{
	struct vcpu_runstate_info r;

	runstate_get(v, &r);
	return r.time[RUNSTATE_running];
}

static int runstate_put_entry_time(gva_t area, u64 when)
{
	return copy_to_guest(GVA(area.a + offsetof(struct vcpu_runstate_info, state_entry_time)),
			     &when, sizeof(when));
}

/**
 * runstate_update_guest() - write @v's times to where its guest wants them
 *
 * @v is current and running, so nobody changes the times meanwhile. With
 * VMASST_TYPE_runstate_update_flag the guest can tell a copy that is being
 * written by XEN_RUNSTATE_UPDATE in state_entry_time (xen/vcpu.h). A guest that
 * unmapped the area gets no update.
 */
void runstate_update_guest(struct vcpu *v)
{
	struct vcpu_runstate_info r = v->runstate;
	bool flag = v->domain->vm_assist & 1ull << VMASST_TYPE_runstate_update_flag;

	if (!v->runstate_guest.a)
		return;
	if (flag) {
		r.state_entry_time |= XEN_RUNSTATE_UPDATE;
		if (runstate_put_entry_time(v->runstate_guest, r.state_entry_time))
			return;
		/* The mark is there before any of the times changes... */
		__atomic_thread_fence(__ATOMIC_RELEASE);
	}
	if (copy_to_guest(v->runstate_guest, &r, sizeof(r)) || !flag)
		return;
	/* ... and until all of them have. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	r.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
	/* It could be written a moment ago; if not, there is nobody to tell. */
	if (runstate_put_entry_time(v->runstate_guest, r.state_entry_time))
		return;
}
