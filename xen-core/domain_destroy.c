// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a domain: it gives back all that it holds.
 *
 *	stop --> close events --> let go of roots --> unmap grants --> free frames
 *	                                                                 |
 *	       gone <-- last reference <-- other domains unmap its frames
 *
 * Each step can be interrupted and goes on where it was; d->destroyed counts
 * those that are done. A frame that another domain still maps, or has a grant
 * of, stays the dying domain's, and the domain stays on the list until the last
 * of them is let go (domain_put()).
 */
#include "domctl.h"

#include "event_port.h"
#include "grant_table.h"
#include "hypercall.h"
#include "sched.h"

/* Frames that are freed between two preemption points. */
#define DESTROY_STEP	32

static int destroy_stop(struct domain *d)
{
	/* L2: from now on it gets no port and no frame: both look under their lock. */
	{
		spin_guard(&d->evtchn->lock);
		d->dying = true;
	}
	event_clear_virq_handlers(d);
	domain_pause(d);
	sched_destroy_domain(d);
	return domain_claim_pages(d, 0);
}

/* L6, with all that the architecture keeps. */
static int destroy_vcpus(struct domain *d)
{
	int err = arch_domain_release(d);

	if (err)
		return err;
	for_each_vcpu(d, v) {
		v->info = &domain_dummy_info;
		if (v->info_page)
			arch_put_guest_page_writable(v->info_page);
		v->info_page = NULL;
	}
	return 0;
}

static struct page *destroy_next_frame(struct domain *d)
{
	spin_guard(&d->page_lock);
	struct page *p = &frame_table[d->page_list];

	/* Who gives it back meanwhile has taken it off the list. */
	return d->page_list != PAGE_NIL && page_get(p, d) ? p : NULL;
}

static int destroy_frames(struct domain *d)
{
	for (u32 n = 1; READ_ONCE(d->page_list) != PAGE_NIL; n++) {
		struct page *p = destroy_next_frame(d);
		int err = p ? arch_page_settle(d, p) ?: arch_page_release(d, p) : 0;

		if (p)
			page_put(p);
		/* T5. Any other error is of one that has just been given back. */
		if (err == -ERESTART || (!(n % DESTROY_STEP) && preempt_requested()))
			return -ERESTART;
	}
	return 0;
}

static int destroy_end(struct domain *d)
{
	event_send_global_virq(VIRQ_DOM_EXC);
	domain_put(d);		/* the list's */
	return 0;
}

static int (*const destroy_steps[])(struct domain *d) = {
	destroy_stop, event_reset, destroy_vcpus, grant_unmap_all, destroy_frames, destroy_end,
};

int domain_destroy(struct domain *d)
{
	while (d->destroyed < ARRAY_SIZE(destroy_steps)) {
		int err = destroy_steps[d->destroyed](d);

		if (err)
			return err;
		d->destroyed++;
	}
	return 0;
}
