// SPDX-License-Identifier: GPL-2.0-only
/* sched_op: yield, block, poll, shutdown, watchdog (sched.h). */
#include "micro.h"

#define MS	1000000UL

static long poll(evtchn_port_t *ports, unsigned int count, uint64_t timeout)
{
	struct sched_poll op = { .nr_ports = count, .timeout = timeout };

	set_xen_guest_handle(op.ports, ports);
	return hc_sched_op(SCHEDOP_poll, &op);
}

/* Unknown operations, retired ones, and bad pointers. */
MICRO_TEST(sched_arguments)
{
	struct sched_remote_shutdown remote = { .domain_id = 77 };
	struct sched_watchdog dog = { .id = 5, .timeout = 10 };
	struct sched_pin_override pin = { .pcpu = 99 };

	micro_report("yield=%ld", hc_sched_op(SCHEDOP_yield, NULL));
	micro_report("op8=%ld", hc_sched_op(8, NULL));
	micro_report("shutdown_pointer=%ld",
		     hc_sched_op(SCHEDOP_shutdown, 0x1000));
	micro_report("shutdown_code_pointer=%ld",
		     hc_sched_op(SCHEDOP_shutdown_code, 0x1000));
	micro_report("poll_pointer=%ld", hc_sched_op(SCHEDOP_poll, 0x1000));
	micro_report("remote_pointer=%ld",
		     hc_sched_op(SCHEDOP_remote_shutdown, 0x1000));
	micro_report("remote_nobody=%ld",
		     hc_sched_op(SCHEDOP_remote_shutdown, &remote));
	micro_report("watchdog_pointer=%ld",
		     hc_sched_op(SCHEDOP_watchdog, 0x1000));
	micro_report("watchdog_bad_id=%ld",
		     hc_sched_op(SCHEDOP_watchdog, &dog));
	micro_report("pin_bad_cpu=%ld",
		     hc_sched_op(SCHEDOP_pin_override, &pin));
	pin.pcpu = 0;
	micro_report("pin=%ld", hc_sched_op(SCHEDOP_pin_override, &pin));
	pin.pcpu = -1;
	micro_report("unpin=%ld", hc_sched_op(SCHEDOP_pin_override, &pin));
	micro_report("unpin_again=%ld",
		     hc_sched_op(SCHEDOP_pin_override, &pin));
}

/* Watchdogs: an id each, two at most, set again and stopped. */
MICRO_TEST(sched_watchdog)
{
	struct sched_watchdog dog = { .id = 0, .timeout = 1000 };
	long first, second, third;

	first = hc_sched_op(SCHEDOP_watchdog, &dog);
	second = hc_sched_op(SCHEDOP_watchdog, &dog);
	/* Xen gives this error back as 32 bits, like the ids */
	third = (int)hc_sched_op(SCHEDOP_watchdog, &dog);
	micro_report("first=%ld second=%ld third=%ld", first, second, third);
	dog.id = 1;
	micro_report("again=%ld", hc_sched_op(SCHEDOP_watchdog, &dog));
	dog.timeout = 0;
	micro_report("stop1=%ld", hc_sched_op(SCHEDOP_watchdog, &dog));
	micro_report("stop1_again=%ld", hc_sched_op(SCHEDOP_watchdog, &dog));
	dog.id = 2;
	micro_report("stop2=%ld", hc_sched_op(SCHEDOP_watchdog, &dog));
	dog.id = 3;
	micro_report("stop3=%ld", hc_sched_op(SCHEDOP_watchdog, &dog));
}

/* poll: returns at once for a pending port, at the timeout for none. */
MICRO_TEST(sched_poll)
{
	evtchn_port_t ports[2] = { micro_event_bind_ipi(0),
				   micro_event_bind_ipi(0) };
	struct evtchn_send send = { .port = ports[1] };
	evtchn_port_t bad = 5000;
	uint64_t when;
	long ret;

	micro_need(!micro_event_op(EVTCHNOP_send, &send));
	micro_report("pending=%ld", poll(ports, 2, 0));
	micro_event_clear(ports[1]);
	when = micro_time_now() + 3 * MS;
	ret = poll(ports, 2, when);
	micro_report("timeout=%ld not_early=%d", ret,
		     micro_time_now() >= when);
	micro_report("past=%ld", poll(ports, 2, 1));
	micro_report("bad_port=%ld", poll(&bad, 1, 1));
	micro_report("bad_list=%ld", poll((void *)0x1000, 1, 1));
	micro_report("too_many=%ld", poll(ports, 129, 1));
	micro_report("none_timeout=%ld", poll(NULL, 0, micro_time_now() + MS));
	/* an upcall that waits, unmasked, ends a poll as well */
	micro_report("mask_after=%u", micro_vcpu_info()->evtchn_upcall_mask);
}

/* A crash reported by the guest ends it; the core goes on to say so. */
MICRO_TEST_CRASH(sched_shutdown_crash)
{
	micro_shutdown(SHUTDOWN_crash);
}

/* A reason nobody knows ends the guest, too. */
MICRO_TEST_CRASH(sched_shutdown_unknown)
{
	micro_shutdown(99);
}
