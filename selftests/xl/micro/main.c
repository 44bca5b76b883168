// SPDX-License-Identifier: GPL-2.0-only
/*
 * The smallest domU: a kernel that needs 4 MB, has no interrupts and no page
 * tables of its own, and talks through its console ring only.
 *
 * It says "MICRO up", does what the command line says and then answers each
 * character that comes in:
 *	spin	never gives the processor back	off	shuts down
 *	reboot	asks to be built again		crash	faults without a handler
 *	flood	writes to the console for ever
 * Waiting is SCHEDOP_poll on the console's event channel, so no callback is
 * needed; its pending bit is cleared in the shared info page, mapped over
 * `shared_page`.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/io/console.h>
#include "../../micro/lib/hypercall.h"

static uint8_t shared_page[4096] __attribute__((aligned(4096)));
static struct xencons_interface *console;
static evtchn_port_t console_port;

static void *frame_address(const struct start_info *info, unsigned long mfn)
{
	const unsigned long *p2m = (const unsigned long *)info->mfn_list;
	unsigned long pfn;

	for (pfn = 0; pfn < info->nr_pages; pfn++) {
		if (p2m[pfn] == mfn)
			return (void *)(0xffffffff80000000 + (pfn << 12));
	}
	return NULL;
}

static void console_kick(void)
{
	struct evtchn_send send = { .port = console_port };

	hc_event_channel_op(EVTCHNOP_send, &send);
}

static void console_wait(void)
{
	struct shared_info *shared = (struct shared_info *)shared_page;
	evtchn_port_t ports[1] = { console_port };
	struct sched_poll poll = { .nr_ports = 1 };

	set_xen_guest_handle(poll.ports, ports);
	hc_sched_op(SCHEDOP_poll, &poll);
	__atomic_fetch_and(&shared->evtchn_pending[console_port / 64],
			   ~(1UL << console_port % 64), __ATOMIC_SEQ_CST);
}

static void console_put(char c)
{
	XENCONS_RING_IDX prod = console->out_prod;

	while (prod - __atomic_load_n(&console->out_cons, __ATOMIC_ACQUIRE) >= sizeof(console->out))
		console_wait();
	console->out[MASK_XENCONS_IDX(prod, console->out)] = c;
	__atomic_store_n(&console->out_prod, prod + 1, __ATOMIC_RELEASE);
}

static void console_print(const char *text)
{
	while (*text)
		console_put(*text++);
	console_kick();
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

static bool told_to(const struct start_info *info, const char *what)
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
	for (;;) {
		console_answer();
		console_wait();
	}
}
