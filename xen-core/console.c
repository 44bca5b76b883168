// SPDX-License-Identifier: GPL-2.0-only
/*
 * The console: one output for the core and the guests, one input to share.
 *
 *   printk ------+--> ring (xl dmesg)       serial --> Ctrl-A x3? --> core's keys
 *   dom0, domU --+--> serial ports                          \-------> dom0
 *
 * Output goes out as it is. dom0's is throttled to what the line takes: its
 * hypercall is restarted until there is room. Input belongs to dom0 (which
 * gets VIRQ_CONSOLE and reads it) or to the debug keys; three times the
 * switch character changes over.
 */
#include "console.h"

#include "event.h"
#include "hypercall.h"
#include "sched.h"

#define RING_SIZE	65536u		/* power of two */
#define INPUT_SIZE	1024u		/* power of two */
#define CHUNK		128u

char opt_console[64] = "com1,vga";
char opt_conswitch[4] = "a";
bool opt_console_to_ring;

static bool forced, running;	/* running: softirqs may be raised */
static u32 ports;		/* bitmap of serial ports in use */

#define for_each_port(n) for (u32 n = 0; n < NR_SERIAL; n++) if (ports & 1u << n)

static struct spinlock lock;
static char ring[RING_SIZE];		/* lock */
static u32 ring_put, ring_get;		/* lock; run freely */
static bool ring_news;			/* VIRQ_CON_RING is due */

static struct spinlock input_lock;
static char input[INPUT_SIZE];		/* input_lock */
static u32 input_put, input_get;	/* input_lock; run freely */
static bool input_to_core = true;	/* input_lock */
static u32 nr_switch;			/* input_lock: switch characters in a row */

static struct {
	void (*fn)(void);
	const char *what;
	u32 presses;		/* not served yet */
} keys[256];

void console_lock(struct spinlock *l)
{
	if (!forced)
		spin_lock(l);
}

void console_unlock(struct spinlock *l)
{
	if (!forced)
		spin_unlock(l);
}

void console_force(void)
{
	forced = true;
	serial_force();
}

void console_flush(void)
{
	for_each_port(n)
		serial_flush(n);
}

/* ---- output ---- */

void console_write(const char *s, size_t len, bool to_ring)
{
	console_lock(&lock);
	for (size_t i = 0; to_ring && i < len; i++)
		ring[ring_put++ % RING_SIZE] = s[i];
	if (ring_put - ring_get > RING_SIZE)
		ring_get = ring_put - RING_SIZE;
	for_each_port(n)
		serial_write(n, s, len);
	console_unlock(&lock);
	/* The event is sent later: the caller may hold any lock. */
	if (to_ring && running && !forced && !__atomic_exchange_n(&ring_news, true,
								  __ATOMIC_RELAXED))
		cpu_raise(this_cpu(), SOFTIRQ_CONSOLE);
}

u32 console_ring_start(void)
{
	return READ_ONCE(ring_get);
}

u32 console_ring_read(char *buf, u32 size, u32 *index, bool clear)
{
	u32 at, n;

	console_lock(&lock);
	at = *index;
	if (ring_put - at > ring_put - ring_get)	/* overwritten, cleared or never there */
		at = ring_get;
	for (n = 0; n < size && at != ring_put; n++)
		buf[n] = ring[at++ % RING_SIZE];
	if (clear)
		ring_get = at;
	*index = at;
	console_unlock(&lock);
	return n;
}

static bool console_has_room(u32 len)
{
	for_each_port(n)
		if (!serial_has_room(n, len))
			return false;
	return true;
}

static long console_write_guest(u32 count, gva_t buffer)
{
	char text[CHUNK];

	while (count) {
		u32 n = MIN(count, CHUNK);
		/* Each newline may become two bytes. */
		bool room = console_has_room(2 * n);

		if (room) {
			if (copy_from_guest(text, buffer, n))
				return -EFAULT;
			console_write(text, n, opt_console_to_ring);
			count -= n;
			buffer.a += n;
		}
		if (count && (!room || preempt_requested())) {
			hypercall_set_arg(1, count);
			hypercall_set_arg(2, buffer.a);
			return -ERESTART;
		}
	}
	return 0;
}

static long console_read_guest(u32 count, gva_t buffer)
{
	char text[CHUNK];
	u32 done = 0, n;

	do {
		spin_lock(&input_lock);
		for (n = 0; n < MIN(count - done, CHUNK) && input_get != input_put; n++)
			text[n] = input[input_get++ % INPUT_SIZE];
		spin_unlock(&input_lock);
		if (n && copy_to_guest(GVA(buffer.a + done), text, n))
			return -EFAULT;
		done += n;
	} while (n);
	return done;
}

long do_console_io(u32 cmd, u32 count, gva_t buffer)
{
	if (!current->domain->privileged)	/* I8 */
		return -EPERM;
	if (cmd == CONSOLEIO_write)
		return console_write_guest(count, buffer);
	return cmd == CONSOLEIO_read ? console_read_guest(count, buffer) : -ENOSYS;
}

/* ---- debug keys: one letter, one report ---- */

/*
 * A key arrives in an interrupt and is served from SOFTIRQ_KEY, where no lock
 * is held and anything may be looked at.
 */
void __init key_register(char key, void (*fn)(void), const char *what)
{
	keys[(u8)key].fn = fn;
	keys[(u8)key].what = what;
}

void key_press(char key)
{
	__atomic_fetch_add(&keys[(u8)key].presses, 1, __ATOMIC_RELAXED);
	cpu_raise(this_cpu(), SOFTIRQ_KEY);
}

static void key_softirq(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(keys); i++) {
		u32 n = __atomic_exchange_n(&keys[i].presses, 0, __ATOMIC_RELAXED);

		for (; n && keys[i].fn; n--) {
			pr_always("'%c' pressed -> %s\n", (char)i, keys[i].what);
			keys[i].fn();
		}
	}
}

static void key_help(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].fn)
			pr_always(" key '%c' => %s\n", (char)i, keys[i].what);
}

void __init keys_init(void)
{
	softirq_set_handler(SOFTIRQ_KEY, key_softirq);
	key_register('h', key_help, "show this message");
	key_register('q', domain_dump, "dump domains and their vcpus");
	key_register('r', sched_dump, "dump run queues");
	key_register('m', page_alloc_dump, "dump memory");
	key_register('R', machine_restart, "reboot the machine");
}

/* ---- input ---- */

/* Ctrl and the letter of conswitch=; 0 without one: input stays where it is. */
static u8 console_switch_char(void)
{
	return opt_conswitch[0] >= 'a' && opt_conswitch[0] <= 'z' ? opt_conswitch[0] - 'a' + 1 : 0;
}

static void console_announce_input(void)
{
	const char *reader = input_to_core ? "Xen" : "DOM0";

	if (console_switch_char())
		pr_always("*** Serial input to %s (type 'CTRL-%c' three times to switch input)\n",
			  reader, opt_conswitch[0]);
	else
		pr_always("*** Serial input to %s\n", reader);
}

static void console_input_deliver(char c)
{
	if (input_to_core)
		key_press(c);
	else if (input_put - input_get < INPUT_SIZE)
		input[input_put++ % INPUT_SIZE] = c;
}

void console_input(u8 c)
{
	u8 switch_char = console_switch_char();
	bool switched = false;

	spin_lock(&input_lock);
	if (switch_char && c == switch_char) {
		if (++nr_switch == 3) {
			nr_switch = 0;
			input_to_core = !input_to_core;
			switched = true;
		}
	} else {
		/* They were meant for the reader after all. */
		for (; nr_switch; nr_switch--)
			console_input_deliver(switch_char);
		console_input_deliver(c);
	}
	spin_unlock(&input_lock);
	if (switched)
		console_announce_input();
	cpu_raise(this_cpu(), SOFTIRQ_CONSOLE);
}

static void console_softirq(void)
{
	serial_softirq();
	if (!dom0)
		return;
	if (READ_ONCE(input_put) != READ_ONCE(input_get))
		event_send_global_virq(VIRQ_CONSOLE);
	if (__atomic_exchange_n(&ring_news, false, __ATOMIC_RELAXED))
		event_send_global_virq(VIRQ_CON_RING);
}

/* ---- set-up ---- */

/** console_start() - memory, CPUs and interrupts are there: use them. */
void __init console_start(void)
{
	softirq_set_handler(SOFTIRQ_CONSOLE, console_softirq);
	running = true;
	serial_init_irq();
}

void __init console_init(void)
{
	static const char *const names[NR_SERIAL] = { "com1", "com2" };

	for (unsigned int n = 0; n < NR_SERIAL; n++) {
		const char *s = opt_console;

		while (s && strncmp(s, names[n], 4)) {
			s = strchr(s, ',');
			s += !!s;
		}
		if (!s)
			continue;
		if (serial_init(n)) {
			pr_warn("%s: no serial port there\n", names[n]);
			continue;
		}
		/* What was said before, first. */
		for (u32 at = ring_get; at != ring_put; at++)
			serial_write(n, &ring[at % RING_SIZE], 1);
		ports |= 1u << n;
	}
}

void console_end_boot(void)
{
	input_to_core = opt_conswitch[0] && opt_conswitch[1] == 'x';
	console_announce_input();
}
