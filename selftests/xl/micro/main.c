// SPDX-License-Identifier: GPL-2.0-only
/*
 * The smallest domU: a kernel that needs 4 MB, has no interrupts and no page
 * tables of its own, and talks through its console ring only.
 *
 * It says "MICRO up", does what the command line says and then answers each
 * character that comes in:
 *	spin	never gives the processor back	off	shuts down
 *	reboot	asks to be built again		crash	faults without a handler
 *	flood	writes to the console for ever	events	notifies dom0 for ever
 *	calls	hypercalls for ever		work	says "tick" for each piece of work
 *	bad-...	see hostile.c
 * Waiting is SCHEDOP_poll on the console's event channel, so no callback is
 * needed; its pending bit is cleared in the shared info page, mapped over
 * `shared_page`.
 */
#include "micro.h"
#include <xen/memory.h>
#include <xen/version.h>

static uint8_t shared_page[4096] __attribute__((aligned(4096)));
struct xencons_interface *console;
evtchn_port_t console_port;

/** frame_address() - where a machine frame of ours is mapped, NULL if it is not */
void *frame_address(const struct start_info *info, unsigned long mfn)
{
	const unsigned long *p2m = (const unsigned long *)info->mfn_list;
	unsigned long pfn;

	for (pfn = 0; pfn < info->nr_pages; pfn++) {
		if (p2m[pfn] == mfn)
			return (void *)(VIRT_BASE + (pfn << 12));
	}
	return NULL;
}

/** port_kick() - send an event */
void port_kick(evtchn_port_t port)
{
	struct evtchn_send send = { .port = port };

	hc_event_channel_op(EVTCHNOP_send, &send);
}

/** port_wait() - wait for an event, and take it */
void port_wait(evtchn_port_t port)
{
	struct shared_info *shared = (struct shared_info *)shared_page;
	evtchn_port_t ports[1] = { port };
	struct sched_poll poll = { .nr_ports = 1 };

	set_xen_guest_handle(poll.ports, ports);
	hc_sched_op(SCHEDOP_poll, &poll);
	__atomic_fetch_and(&shared->evtchn_pending[port / 64], ~(1UL << port % 64),
			   __ATOMIC_SEQ_CST);
}

/* Cheap, refused, and with a flush of all our TLBs: one after the other. */
static void calls(void)
{
	struct xen_memory_reservation none = { .nr_extents = 1, .domid = DOMID_SELF };
	struct mmuext_op flush = { .cmd = MMUEXT_TLB_FLUSH_ALL };
	static xen_pfn_t no_frame = ~0ul;

	set_xen_guest_handle(none.extent_start, &no_frame);
	for (unsigned int i = 0; i < 1000; i++) {
		hc_xen_version(XENVER_version, NULL);
		hc_memory_op(XENMEM_decrease_reservation, &none);
		hc_mmuext_op(&flush, 1, NULL, DOMID_SELF);
		hc_mmu_update(NULL, 1, NULL, DOMID_SELF);
	}
}

static void console_put(char c)
{
	XENCONS_RING_IDX prod = console->out_prod;

	while (prod - __atomic_load_n(&console->out_cons, __ATOMIC_ACQUIRE) >= sizeof(console->out))
		port_wait(console_port);
	console->out[MASK_XENCONS_IDX(prod, console->out)] = c;
	__atomic_store_n(&console->out_prod, prod + 1, __ATOMIC_RELEASE);
}

/** console_print() - say something, once dom0 has room for it */
void console_print(const char *text)
{
	while (*text)
		console_put(*text++);
	port_kick(console_port);
}

/* Answer all characters there are. */
static void console_answer(void)
{
	char answer[] = "MICRO got ?\r\n";
	XENCONS_RING_IDX cons = console->in_cons;

	while (cons != __atomic_load_n(&console->in_prod, __ATOMIC_ACQUIRE)) {
		answer[10] = console->in[MASK_XENCONS_IDX(cons, console->in)];
		__atomic_store_n(&console->in_cons, ++cons, __ATOMIC_RELEASE);
		console_print(answer);
	}
}

/** told_to() - is it in the command line? */
bool told_to(const struct start_info *info, const char *what)
{
	const char *at = (const char *)info->cmd_line;
	size_t n;

	for (; *at; at++) {
		for (n = 0; what[n] && at[n] == what[n]; n++)
			;
		if (!what[n])
			return true;
	}
	return false;
}

static void shut_down(unsigned int reason)
{
	struct sched_shutdown shutdown = { .reason = reason };

	hc_sched_op(SCHEDOP_shutdown, &shutdown);
}

/* A piece of work that is always the same. */
static void work(void)
{
	volatile unsigned int n;

	for (n = 0; n < 4000000; n++)
		;
}

void guest_main(struct start_info *info);

/** guest_main() - called by the entry point on the stack the builder made */
void guest_main(struct start_info *info)
{
	hypercall3(__HYPERVISOR_update_va_mapping, shared_page, info->shared_info | 7,
		   UVMF_INVLPG);
	console = frame_address(info, info->console.domU.mfn);
	console_port = info->console.domU.evtchn;
	console_print("MICRO up\r\n");
	if (told_to(info, "off"))
		shut_down(SHUTDOWN_poweroff);
	if (told_to(info, "reboot"))
		shut_down(SHUTDOWN_reboot);
	if (told_to(info, "crash"))
		asm volatile("ud2");
	while (told_to(info, "spin"))
		;
	while (told_to(info, "flood"))
		console_print("MICRO flood MICRO flood MICRO flood MICRO flood\r\n");
	while (told_to(info, "events"))
		port_kick(console_port);
	while (told_to(info, "calls"))
		calls();
	while (told_to(info, "work")) {
		work();
		console_print("MICRO tick\r\n");
	}
	hostile_main(info, shared_page);
	for (;;) {
		console_answer();
		port_wait(console_port);
	}
}
