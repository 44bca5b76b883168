/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 2-level ABI of event channels: 4096 ports, in shared_info.
 *
 *   vcpu_info.evtchn_upcall_pending   something is pending
 *     vcpu_info.evtchn_pending_sel    bit n: look at word n of
 *       shared_info.evtchn_pending    a bit a port; evtchn_mask alike
 *
 * The bit of the port is set before vcpu->info is read. So if the guest moves
 * its vcpu_info meanwhile and we set the selector bit in the old place, the
 * bit of the port is there when event_info_moved() makes the guest look at all
 * words.
 */
#include "bitops.h"
#include "event_port.h"

static void event_2l_select(struct vcpu *v, u32 port)
{
	struct vcpu_info *info = READ_ONCE(v->info);

	if (info && !test_and_set_bit(port / 64, &info->evtchn_pending_sel))
		event_notify(v);
}

void event_2l_set_pending(struct domain *d, const struct evtchn *e, u32 port)
{
	if (test_and_set_bit(port, d->shared->evtchn_pending))
		return;
	if (!test_bit(port, d->shared->evtchn_mask))
		event_2l_select(d->vcpu[READ_ONCE(e->vcpu)], port);
}

void event_2l_unmask(struct domain *d, const struct evtchn *e, u32 port)
{
	if (test_and_clear_bit(port, d->shared->evtchn_mask) &&
	    test_bit(port, d->shared->evtchn_pending))
		event_2l_select(d->vcpu[READ_ONCE(e->vcpu)], port);
}

void event_2l_clear_pending(struct domain *d, u32 port)
{
	clear_bit(port, d->shared->evtchn_pending);
}

bool event_2l_is_pending(const struct domain *d, u32 port)
{
	return test_bit(port, d->shared->evtchn_pending);
}
