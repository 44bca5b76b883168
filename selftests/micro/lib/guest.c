// SPDX-License-Identifier: GPL-2.0-only
/* The side of the domain of what domain.h says: its console and its mail. */
#include "domain.h"

struct micro_mail *micro_mail;

static struct xencons_interface *console;
static evtchn_port_t port;

/** micro_guest_init() - find what dom0 shares with us */
void micro_guest_init(void)
{
	console = micro_mfn_to_va(micro_start_info->console.domU.mfn);
	micro_mail = micro_mfn_to_va(micro_start_info->store_mfn);
	port = micro_start_info->console.domU.evtchn;
}

domid_t micro_own_id(void)
{
	return micro_mail ? micro_mail->id : 0;
}

static void notify(void)
{
	struct evtchn_send send = { .port = port };

	if (port)
		micro_event_op(EVTCHNOP_send, &send);
}

/**
 * micro_guest_write() - write a line to the console; waits while that is full
 *
 * The line appears as a whole: dom0 prints what there is at any time.
 */
void micro_guest_write(const char *text, size_t length)
{
	uint32_t at = console->out_prod, i;

	while (READ_ONCE(console->out_cons) + sizeof(console->out) - at < length) {
		notify();
		hc_sched_op(SCHEDOP_yield, NULL);
	}
	for (i = 0; i < length; i++)
		console->out[(at + i) % sizeof(console->out)] = text[i];
	barrier();	/* the text before its announcement */
	WRITE_ONCE(console->out_prod, at + length);
	notify();
}

/** micro_guest_drain() - wait until dom0 has printed all that was written */
void micro_guest_drain(void)
{
	while (READ_ONCE(console->out_cons) != console->out_prod)
		hc_sched_op(SCHEDOP_yield, NULL);
}

static bool is_answered(void)
{
	return READ_ONCE(micro_mail->answered) == micro_mail->asked;
}

/**
 * micro_ask_begin() - have dom0 do something, without a call of the core
 *
 * dom0 looks every now and then. The answer is taken by micro_ask_end().
 */
void micro_ask_begin(uint32_t question, uint64_t argument)
{
	micro_mail->question = question;
	micro_mail->argument = argument;
	barrier();	/* the question before its announcement */
	WRITE_ONCE(micro_mail->asked, micro_mail->asked + 1);
}

/** micro_ask_end() - wait for the answer, without a call of the core */
int64_t micro_ask_end(void)
{
	while (!is_answered())
		asm volatile("pause");
	return micro_mail->answer;
}

/** micro_ask() - have dom0 do something, and sleep until it has */
int64_t micro_ask(uint32_t question, uint64_t argument)
{
	struct sched_poll poll = { .nr_ports = 1 };

	set_xen_guest_handle(poll.ports, &port);
	micro_ask_begin(question, argument);
	notify();
	for (;;) {
		micro_event_clear(port);
		if (is_answered())
			return micro_mail->answer;
		hc_sched_op(SCHEDOP_poll, &poll);
	}
}

/** micro_guest_over() - the test has ended, and so do we */
void micro_guest_over(unsigned int outcome, const char *reason)
{
	memcpy(micro_mail->reason, reason, strlen(reason) + 1);
	barrier();	/* the reason before its announcement */
	WRITE_ONCE(micro_mail->over, outcome + 1);
	micro_shutdown(SHUTDOWN_poweroff);
}
