// SPDX-License-Identifier: GPL-2.0-only
/*
 * The console's ring, who gets the input, and CONSOLEIO_*.
 *
 * Rules under test: the ring keeps the newest text, and a reader that fell
 * behind goes on with the oldest there is; three switch characters in a row
 * change the owner of the input, fewer are input; a write that finds no room
 * continues where it stopped; unprivileged domains cannot read.
 *
 * Links: softirq.c page_alloc.c frame.c arch/fake/fake.c arch/fake/fake_domain.c
 */
#include "test_util.h"
#include "fake.h"
#include "page.h"
#include "../console.c"

/* ---- the serial port, and what the keys can show ---- */

static char sent[2 * RING_SIZE];
static size_t nr_sent, room;
static u32 virqs[NR_VIRQS], keys_seen;

int serial_init(unsigned int n) { return n ? -ENODEV : 0; }
void serial_init_irq(void) {}
void serial_write(unsigned int n, const char *s, size_t len)
{
	assert_int_equal(n, 0);
	assert_true(nr_sent + len <= sizeof(sent));
	memcpy(sent + nr_sent, s, len);
	nr_sent += len;
	room -= MIN(room, len);
}
bool serial_has_room(unsigned int n, size_t len) { return room >= len; }
void serial_flush(unsigned int n) {}
void serial_force(void) {}
void serial_softirq(void) {}

void event_send_global_virq(u32 virq) { virqs[virq]++; }
void domain_dump(void) {}
void sched_dump(void) {}
void machine_restart(void) { abort(); }
static void key_seen(void) { keys_seen++; }

static struct domain *d;

static int setup(void **state)
{
	fake_machine_init(4096, 1);
	page_alloc_add(MFN(16), MFN(4096));
	d = fake_domain_create(0, true, 1);
	dom0 = d;
	fake_set_current(d->vcpu[0]);
	keys_init();
	key_register('k', key_seen, "count");
	if (!ports)
		console_init();
	console_start();
	console_end_boot();
	nr_sent = 0;
	room = sizeof(sent);
	memset(virqs, 0, sizeof(virqs));
	keys_seen = 0;
	input_get = input_put;
	input_to_core = false;
	cpu_run_softirqs();
	return 0;
}

static int teardown(void **state)
{
	dom0 = NULL;
	fake_domain_destroy(d);
	for (int order = MAX_ORDER; order >= 0; order--)
		while (page_alloc(order, ADDR_BITS_ANY))
			;
	fake_machine_end();
	return 0;
}

static void test_ring(void **state)
{
	char text[RING_SIZE], got[RING_SIZE];
	u32 index;

	for (unsigned int i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 23);
	console_ring_read(got, 0, &index, true);
	console_write("hello", 5, true);
	console_write("not kept", 8, false);
	index = 0;
	assert_int_equal(console_ring_read(got, 3, &index, false), 3);
	assert_memory_equal(got, "hel", 3);
	assert_int_equal(console_ring_read(got, sizeof(got), &index, false), 2);
	assert_memory_equal(got, "lo", 2);
	assert_int_equal(console_ring_read(got, sizeof(got), &index, false), 0);
	/* Overtaken: the oldest text there is. */
	console_write(text, 10, true);
	console_write(text, sizeof(text), true);
	assert_int_equal(console_ring_read(got, sizeof(got), &index, false), sizeof(text));
	assert_memory_equal(got, text, sizeof(text));
	index = 12345678;
	/* Forget what was read and what is older, no more. */
	assert_int_equal(console_ring_read(got, 1, &index, true), 1);
	assert_int_equal(console_ring_start(), index);
	index = 0;
	assert_int_equal(console_ring_read(got, sizeof(got), &index, false), sizeof(text) - 1);
	assert_int_equal(console_ring_read(got, 0, &index, true), 0);
	index = 0;
	assert_int_equal(console_ring_read(got, sizeof(got), &index, false), 0);
}

static void type(const char *s)
{
	while (*s)
		console_input((u8)*s++);
	cpu_run_softirqs();
}

static long do_read(char *buf, size_t len)
{
	fake_guest_window(buf, len);
	return do_console_io(CONSOLEIO_read, (u32)len, GVA(buf));
}

static void test_input(void **state)
{
	char buf[4096];

	type("ls\r");
	assert_int_equal(virqs[VIRQ_CONSOLE], 1);
	assert_int_equal(do_read(buf, 2), 2);
	assert_int_equal(do_read(buf + 2, 10), 1);
	assert_memory_equal(buf, "ls\r", 3);
	assert_int_equal(do_read(buf, 10), 0);
	/* Two are input, three are not. */
	type("\1\1x\1k");
	assert_int_equal(do_read(buf, 10), 5);
	assert_memory_equal(buf, "\1\1x\1k", 5);
	assert_int_equal(keys_seen, 0);
	type("\1\1\1kk\1k");
	assert_int_equal(keys_seen, 3);
	assert_int_equal(do_read(buf, 10), 0);
	type("\1\1\1k");
	assert_int_equal(keys_seen, 3);
	assert_int_equal(do_read(buf, 10), 1);
	/* More than it can keep: the first bytes stay. */
	for (unsigned int i = 0; i < INPUT_SIZE + 100; i++)
		console_input('0' + i % 10);
	assert_int_equal(do_read(buf, sizeof(buf)), INPUT_SIZE);
	assert_memory_equal(buf, "0123456789", 10);
}

static void test_read_errors(void **state)
{
	char buf[8];

	type("abc");
	fake_guest_window(buf, 2);
	assert_int_equal(do_console_io(CONSOLEIO_read, 8, GVA(buf)), -EFAULT);
	d->privileged = false;
	assert_int_equal(do_console_io(CONSOLEIO_read, 8, GVA(buf)), -EPERM);
	assert_int_equal(do_console_io(99, 8, GVA(buf)), -EPERM);
	d->privileged = true;
	assert_int_equal(do_console_io(99, 8, GVA(buf)), -ENOSYS);
	assert_int_equal(do_console_io(CONSOLEIO_write, 3, GVA(buf + 7)), -EFAULT);
	assert_int_equal(do_console_io(CONSOLEIO_write, 0, GVA(8)), 0);
}

/* A long write, a line that takes little at a time, and preemption. */
static void test_write_continues(void **state)
{
	static char text[5000];
	u64 *args = d->vcpu[0]->arch.hc_args;
	unsigned int restarts = 0;
	long rc;

	for (unsigned int i = 0; i < sizeof(text); i++)
		text[i] = (char)('A' + i % 26);
	fake_guest_window(text, sizeof(text));
	args[1] = sizeof(text);
	args[2] = (u64)text;
	do {
		room = 2 * CHUNK;
		fake_preempt_in = restarts % 2;
		rc = do_console_io(CONSOLEIO_write, (u32)args[1], GVA(args[2]));
		assert_true(++restarts < 200);
	} while (rc == -ERESTART);
	assert_int_equal(rc, 0);
	assert_true(restarts > 30);
	assert_int_equal(nr_sent, sizeof(text));
	assert_memory_equal(sent, text, sizeof(text));
	fake_preempt_in = -1;
}

/* The machine's console is its administrator's. */
static void test_write_domu(void **state)
{
	char text[] = "one\n";

	d->privileged = false;
	fake_guest_window(text, sizeof(text));
	assert_int_equal(do_console_io(CONSOLEIO_write, sizeof(text), GVA(text)), -EPERM);
	d->privileged = true;
	assert_int_equal(nr_sent, 0);
}

static void test_ring_event(void **state)
{
	console_write("a", 1, true);
	console_write("b", 1, true);
	cpu_run_softirqs();
	assert_int_equal(virqs[VIRQ_CON_RING], 1);
	cpu_run_softirqs();
	assert_int_equal(virqs[VIRQ_CON_RING], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(test_input, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write_continues, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write_domu, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ring_event, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
