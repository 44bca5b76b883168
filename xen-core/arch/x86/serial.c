// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ns16550 serial port, as the PC has it.
 *
 *   serial_write -> tx ring --(interrupt, or whoever writes)--> FIFO -> line
 *   line -> FIFO --(interrupt)--> console_input
 *
 * Output never waits while the ring has room. When it has none, the core's
 * own text is pushed out by polling, and guests are told to come back later
 * (console.c); a port whose FIFO does not move any more (flow control, a
 * device that went away) is declared stuck and drops text until it does.
 *
 * Every UART raises an interrupt when its transmit interrupt is switched on
 * while it is idle. One that does not is polled by a timer from then on.
 */

#include "asm.h"
#include "cmdline.h"
#include "console.h"
#include "irq.h"

/*
 * The ring's size (a power of two); the rate of divisor 1 with the PC's 1.8432 MHz
 * crystal; status reads (about 1 us each) without progress till a port is stuck.
 */
enum { TX_SIZE = 16384, CLOCK_BAUD = 115200, STUCK_SPINS = 200000 };
/*
 * ns: between two looks at a polled port; while it sends, about what a full FIFO takes
 * at 115200 baud; how long a guest's output waits at most.
 */
enum { POLL_PERIOD = 10000000, SEND_PERIOD = 1000000, STUCK_TIME = 1000000000 };

/*
 * The registers, and their bits. FCR_ENABLE: FIFOs on, both cleared. MCR_ON: DTR, RTS,
 * OUT2 (gates the interrupt).
 */
enum { RBR = 0, THR = 0, IER, IIR, FCR = 2, LCR, MCR, LSR, DLL = 0, DLM };
enum { IER_RX = 0x01, IER_TX = 0x02, IIR_NONE = 0x01, IIR_FIFO = 0xc0, FCR_ENABLE = 0x07 };
enum { LCR_DLAB = 0x80, MCR_ON = 0x0b, LSR_DR = 0x01, LSR_THRE = 0x20, LSR_TEMT = 0x40 };

/**
 * struct serial - one port
 * @tx:		ring of bytes to send; @put and @get run freely
 * @stuck:	the transmitter stopped taking bytes: drop them
 * @fifo:	bytes the transmitter takes when it is empty; 0: not in use
 * @irq_works:	an interrupt came
 */
struct serial {
	struct spinlock lock;
	bool stuck, polled, irq_works;
	u8 ier, lcr, fifo;
	char last;
	u32 baud, io, irq, put, get;	/* put, get: lock */
	u64 moved;			/* lock: when the transmitter last took something, ns */
	struct timer timer;
	char *tx;			/* lock */
};

char opt_com[NR_SERIAL][48];
bool opt_sync_console;

static char rings[NR_SERIAL][TX_SIZE];
static struct serial ports[NR_SERIAL] = {
	{ .io = 0x3f8, .irq = 4, .lcr = 3, .tx = rings[0] },
	{ .io = 0x2f8, .irq = 3, .lcr = 3, .tx = rings[1] },
};
static bool irq_mode;

static u8 serial_in(const struct serial *p, u32 reg) { return inb((u16)(p->io + reg)); }
static void serial_out(const struct serial *p, u32 reg, u8 v) { outb((u16)(p->io + reg), v); }

/* ---- options ---- */

/* The fields of com1= each move @*s behind their comma. An empty one sets nothing. */

/* "8n1": data bits, parity, stop bits; into the line control register's form. */
static __init bool serial_parse_frame(const char **s, u8 *lcr)
{
	static const char parities[] = "no-e-m-s";	/* each at its number there */
	const char *f = *s, *parity = f[0] && f[1] ? strchr(parities, f[1]) : NULL;

	if (*f && *f != ',') {
		if (!parity || f[0] < '5' || f[0] > '8' || f[2] < '1' || f[2] > '2')
			return false;
		*lcr = (u8)((f[0] - '5') | (f[2] == '2' ? 4 : 0) | (parity - parities) << 3);
		f += 3;
	}
	*s = f + (*f == ',');
	return !*f || *f == ',';
}

/* A number within [@min, @max]. */
static __init bool serial_parse_number(const char **s, u32 min, u32 max, u32 *value)
{
	u64 number;

	if (**s && **s != ',') {
		if (!cmdline_parse_uint(s, &number) || number < min || number > max)
			return false;
		*value = (u32)number;
	}
	return !**s || *(*s)++ == ',';
}

static __init bool serial_parse(struct serial *p, const char *s)
{
	if (!strncmp(s, "auto", 4))
		s += 4;
	return serial_parse_number(&s, 50, CLOCK_BAUD, &p->baud) &&
	       serial_parse_frame(&s, &p->lcr) &&
	       serial_parse_number(&s, 0x100, 0xfff8, &p->io) &&
	       serial_parse_number(&s, 0, 15, &p->irq) && !*s;
}

/* ---- output ---- */

/* Give the transmitter what it takes now. Return: did anything move? */
static bool serial_push(struct serial *p)
{
	u32 n = p->fifo;

	if (p->put == p->get || !(serial_in(p, LSR) & LSR_THRE))
		return false;
	while (n-- && p->get != p->put)
		serial_out(p, THR, (u8)p->tx[p->get++ % TX_SIZE]);
	p->stuck = false;
	p->moved = arch_now();
	return true;
}

/* Want a transmit interrupt exactly while something is queued. */
static void serial_update_ier(struct serial *p)
{
	u8 ier = !irq_mode || p->polled ? 0 : p->put != p->get ? IER_RX | IER_TX : IER_RX;

	if (ier != p->ier)
		serial_out(p, IER, p->ier = ier);
}

/* Poll until the ring has at most @left bytes; gives up on a stuck port. */
static void serial_drain(struct serial *p, u32 left)
{
	for (u32 spins = 0; p->put - p->get > left && !p->stuck; spins++) {
		if (serial_push(p))
			spins = 0;
		p->stuck = spins > STUCK_SPINS;
		cpu_pause();
	}
}

static void serial_queue(struct serial *p, char c)
{
	if (p->put - p->get == TX_SIZE)
		serial_drain(p, TX_SIZE - p->fifo);
	if (p->put - p->get < TX_SIZE)
		p->tx[p->put++ % TX_SIZE] = c;
}

void serial_write(unsigned int n, const char *s, size_t len)
{
	struct serial *p = &ports[n];

	console_lock(&p->lock);
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\n' && p->last != '\r')
			serial_queue(p, '\r');
		serial_queue(p, p->last = s[i]);
	}
	serial_push(p);
	if (!irq_mode || opt_sync_console)
		serial_drain(p, 0);
	serial_update_ier(p);
	/* Timers may not be touched here: any lock may be held. */
	if (irq_mode && p->polled && p->put != p->get)
		cpu_raise(this_cpu(), SOFTIRQ_CONSOLE);
	console_unlock(&p->lock);
}

bool serial_has_room(unsigned int n, size_t len)
{
	struct serial *p = &ports[n];

	spin_guard(&p->lock);
	if (!serial_push(p) && p->put != p->get && arch_now() - p->moved > STUCK_TIME)
		p->stuck = true;
	return p->stuck || TX_SIZE - (p->put - p->get) >= len;
}

void serial_flush(unsigned int n)
{
	struct serial *p = &ports[n];

	console_lock(&p->lock);
	serial_drain(p, 0);
	for (u32 i = 0; !p->stuck && !(serial_in(p, LSR) & LSR_TEMT) && i < STUCK_SPINS; i++)
		cpu_pause();
	console_unlock(&p->lock);
}

void serial_force(void) { irq_mode = false; }

/* ---- input, interrupts, polling ---- */

static void serial_service(struct serial *p)
{
	/* Bounded: a port that is gone reads all ones for ever. */
	for (unsigned int n = 0; n < 256 && (serial_in(p, LSR) & LSR_DR); n++)
		console_input(serial_in(p, RBR));
	spin_guard(&p->lock);
	/* More than once: an emulated line is empty again at once. */
	for (unsigned int n = 0; n < 64 && serial_push(p); n++)
		;
	serial_update_ier(p);
}

static void serial_interrupt(void *data)
{
	struct serial *p = data;

	p->irq_works = true;
	/* Edge triggered: until no cause is left, or there is no further edge. */
	for (unsigned int n = 0; n < 64 && !(serial_in(p, IIR) & IIR_NONE); n++)
		serial_service(p);
}

static void serial_timer(void *data)
{
	struct serial *p = data;

	if (!p->polled) {
		if (p->irq_works)
			return;
		pr_warn("com%d: no interrupt from IRQ %u, polling\n", (int)(p - ports) + 1, p->irq);
		p->polled = true;
	}
	serial_service(p);
	timer_set(&p->timer, arch_now() + (p->put != p->get ? SEND_PERIOD : POLL_PERIOD));
}

/* A polled port with output to send is served earlier than its timer does. */
void serial_softirq(void)
{
	for (unsigned int n = 0; n < NR_SERIAL; n++)
		if (ports[n].polled)
			serial_service(&ports[n]);
}

void __init serial_init_irq(void)
{
	irq_mode = true;
	for (unsigned int n = 0; n < NR_SERIAL; n++) {
		struct serial *p = &ports[n];

		if (!p->fifo)
			continue;
		p->polled = !p->irq || irq_request_isa((u8)p->irq, serial_interrupt, p);
		timer_init(&p->timer, serial_timer, p);
		if (!p->polled)		/* the self-test: serial_timer sees whether it came */
			serial_out(p, IER, p->ier = IER_RX | IER_TX);
		timer_set(&p->timer, arch_now() + 10 * POLL_PERIOD);
	}
}

/* ---- set-up ---- */

/* Is there a UART? Its interrupt enable register keeps four bits and no more. */
static __init bool serial_probe(const struct serial *p)
{
	u8 high;

	serial_out(p, IER, 0x0f);
	high = serial_in(p, IER) & 0x0f;
	serial_out(p, IER, 0x00);
	return high == 0x0f && !(serial_in(p, IER) & 0x0f);
}

int __init serial_init(unsigned int n)
{
	struct serial *p = &ports[n], defaults = *p;

	if (!serial_parse(p, opt_com[n])) {
		/* Say so on this very port, as the firmware left it. */
		pr_warn("com%u: '%s' not understood, using the defaults\n", n + 1, opt_com[n]);
		*p = defaults;
	}
	if (!serial_probe(p))
		return -ENODEV;
	if (p->baud) {
		serial_out(p, LCR, p->lcr | LCR_DLAB);
		serial_out(p, DLL, (u8)(CLOCK_BAUD / p->baud));
		serial_out(p, DLM, (u8)(CLOCK_BAUD / p->baud >> 8));
	}
	serial_out(p, LCR, p->lcr);
	serial_out(p, MCR, MCR_ON);
	serial_out(p, FCR, FCR_ENABLE);
	p->fifo = (serial_in(p, IIR) & IIR_FIFO) == IIR_FIFO ? 16 : 1;
	return 0;
}

u16 serial_port(unsigned int n) { return ports[n].fifo ? (u16)ports[n].io : 0; }
