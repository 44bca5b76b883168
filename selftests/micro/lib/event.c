// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event channels (2-level ABI) and time of a micro-guest.
 *
 * Tests start with events disabled (evtchn_upcall_mask = 1), no channel open
 * and every channel masked.
 */
#include "micro.h"

#define CLOSE_PORTS	64	/* no test opens more at a time */

long micro_event_op(int cmd, void *arg)
{
	return hc_event_channel_op(cmd, arg);
}

/** micro_event_reset() - the state every test starts with */
void micro_event_reset(void)
{
	struct vcpu_info *info = micro_vcpu_info();
	struct evtchn_reset reset = { .dom = DOMID_SELF };
	struct evtchn_close close;

	WRITE_ONCE(info->evtchn_upcall_mask, 1);
	for (close.port = 1; close.port < CLOSE_PORTS; close.port++)
		micro_event_op(EVTCHNOP_close, &close);
	micro_event_op(EVTCHNOP_reset, &reset);
	hc_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	hc_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL);
	memset(micro_shared->evtchn_mask, 0xff,
	       sizeof(micro_shared->evtchn_mask));
	memset(micro_shared->evtchn_pending, 0,
	       sizeof(micro_shared->evtchn_pending));
	WRITE_ONCE(info->evtchn_pending_sel, 0);
	WRITE_ONCE(info->evtchn_upcall_pending, 0);
}

/** micro_event_bind_ipi() - a port of an IPI to a vcpu, still masked */
evtchn_port_t micro_event_bind_ipi(unsigned int vcpu)
{
	struct evtchn_bind_ipi bind = { .vcpu = vcpu };
	long ret = micro_event_op(EVTCHNOP_bind_ipi, &bind);

	if (ret)
		micro_error("bind_ipi: %ld", ret);
	micro_event_set_mask(bind.port, true);
	micro_event_clear(bind.port);
	return bind.port;
}

/** micro_event_bind_virq() - a port of a VIRQ, still masked */
evtchn_port_t micro_event_bind_virq(unsigned int virq, unsigned int vcpu)
{
	struct evtchn_bind_virq bind = { .virq = virq, .vcpu = vcpu };
	long ret = micro_event_op(EVTCHNOP_bind_virq, &bind);

	if (ret)
		micro_error("bind_virq %u: %ld", virq, ret);
	micro_event_set_mask(bind.port, true);
	micro_event_clear(bind.port);
	return bind.port;
}

static void bit_change(xen_ulong_t *words, unsigned int bit, bool set)
{
	if (set)
		__atomic_fetch_or(&words[bit / 64], 1UL << (bit % 64),
				  __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&words[bit / 64], ~(1UL << (bit % 64)),
				   __ATOMIC_SEQ_CST);
}

bool micro_event_is_pending(evtchn_port_t port)
{
	return (READ_ONCE(micro_shared->evtchn_pending[port / 64]) >>
		(port % 64)) & 1;
}

void micro_event_clear(evtchn_port_t port)
{
	bit_change(micro_shared->evtchn_pending, port, false);
}

void micro_event_set_mask(evtchn_port_t port, bool masked)
{
	bit_change(micro_shared->evtchn_mask, port, masked);
}

/** micro_event_enable() - accept upcalls; takes one at once if one waits */
void micro_event_enable(void)
{
	WRITE_ONCE(micro_vcpu_info()->evtchn_upcall_mask, 0);
	barrier();	/* unmask before looking: xen.h on wakeup-waiting */
	if (READ_ONCE(micro_vcpu_info()->evtchn_upcall_pending))
		hc_xen_version(XENVER_version, NULL);
}

void micro_event_disable(void)
{
	WRITE_ONCE(micro_vcpu_info()->evtchn_upcall_mask, 1);
	barrier();
}

/** micro_time_now() - system time in ns, by the pvclock page */
uint64_t micro_time_now(void)
{
	struct vcpu_time_info *time = &micro_vcpu_info()->time;
	uint64_t now, delta;
	uint32_t version;

	do {
		version = READ_ONCE(time->version);
		barrier();
		delta = micro_rdtsc() - time->tsc_timestamp;
		if (time->tsc_shift < 0)
			delta >>= -time->tsc_shift;
		else
			delta <<= time->tsc_shift;
		now = time->system_time +
		      (uint64_t)(((unsigned __int128)delta *
				  time->tsc_to_system_mul) >> 32);
		barrier();
	} while ((version & 1) || version != READ_ONCE(time->version));
	return now;
}
