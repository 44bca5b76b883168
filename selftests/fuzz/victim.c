// SPDX-License-Identifier: GPL-2.0-only
/*
 * The victim: a domain that minds its own business. It offers ports and grants to
 * the attackers, answers dom0's pings, and looks at its memory each time.
 */
#include "fuzz.h"

#define PAGES	256

static uint64_t *page[PAGES];
static struct grant_entry_v1 *grants;

static uint64_t pattern(unsigned int i, unsigned int word)
{
	return (i * 512 + word) * 0x9e3779b97f4a7c15;
}

static void fill(void)
{
	unsigned int i, j;

	for (i = 0; i < PAGES; i++) {
		page[i] = micro_page_alloc();
		for (j = 0; j < 512; j++)
			page[i][j] = pattern(i, j);
	}
}

static void look(void)
{
	unsigned int i, j;

	for (i = 0; i < PAGES; i++)
		for (j = 0; j < 512; j++)
			if (page[i][j] != pattern(i, j))
				WRITE_ONCE(micro_mail->word[WORD_BROKEN], i + 1);
}

/* Even references to pages of no use, odd ones to pages of the pattern, to read. */
static void grant(void)
{
	struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };
	static xen_pfn_t frame;
	unsigned int i;

	set_xen_guest_handle(setup.frame_list, &frame);
	micro_need(!hc_grant_table_op(GNTTABOP_setup_table, &setup, 1) && !setup.status);
	grants = micro_page_alloc();
	micro_need(!micro_map(grants, frame << PAGE_SHIFT | PTE_RW));
	for (i = 0; i < VICTIM_GRANTS; i++) {
		grants[i].domid = ATTACKER_ID;
		grants[i].frame = micro_va_to_mfn(i % 2 ? (void *)page[i] : micro_page_alloc());
		barrier();	/* the entry before it counts */
		grants[i].flags = GTF_permit_access | (i % 2 ? GTF_readonly : 0);
	}
}

/* A quarter of the writable grants is withdrawn and given again, mapped or not. */
static void change_grants(uint64_t turn)
{
	unsigned int i = turn * 2 % VICTIM_GRANTS;

	grants[i].flags = 0;
	barrier();
	grants[i].domid = ATTACKER_ID;
	barrier();
	grants[i].flags = GTF_permit_access;
}

static void open_ports(void)
{
	struct evtchn_alloc_unbound open = {
		.dom = DOMID_SELF, .remote_dom = ATTACKER_ID,
	};
	unsigned int i;

	for (i = 0; i < VICTIM_PORTS; i++) {
		micro_need(!micro_event_op(EVTCHNOP_alloc_unbound, &open));
		micro_mail->word[WORD_PORT + i] = open.port;
	}
}

/* dom0's pings come by our console's port; the attackers' events are nothing to us. */
MICRO_TEST_DOMU(fuzz_victim)
{
	evtchn_port_t port = micro_start_info->console.domU.evtchn;
	struct evtchn_send send = { .port = port };
	struct sched_poll poll = { .nr_ports = 1 };
	uint64_t ping;

	set_xen_guest_handle(poll.ports, &port);
	fill();
	grant();
	open_ports();
	for (;;) {
		micro_event_clear(port);
		ping = READ_ONCE(micro_mail->word[WORD_PING]);
		if (ping != micro_mail->word[WORD_PONG]) {
			look();
			change_grants(ping);
			WRITE_ONCE(micro_mail->word[WORD_PONG], ping);
			micro_event_op(EVTCHNOP_send, &send);
		} else {
			hc_sched_op(SCHEDOP_poll, &poll);
		}
	}
}
