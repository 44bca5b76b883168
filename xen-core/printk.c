// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages of the core, and its last words.
 *
 * A level has two thresholds, written "a/b" on the command line: what is
 * graver than a is always printed, what is graver than b at a limited rate,
 * the rest never. Each line gets the "(XEN) " that admins and their tools look
 * for. Where the text goes is console.c's business.
 *
 * One lock guards the buffer and the state of the line; a panic breaks it.
 */

#include "console.h"
#include "timer.h"

#define PREFIX		"(XEN) "
#define PREFIX_LEN	(sizeof(PREFIX) - 1)
#define BUFFER_SIZE	1024
#define RATE_BURST	10
#define RATE_WINDOW	5000000000ull	/* ns */

/* Levels below .always pass, those below .limited pass while the rate allows. */
struct threshold {
	u8 always, limited;
};

char opt_loglvl[24] = "warning";
char opt_guest_loglvl[24] = "none/warning";

static struct threshold host_level = { 2, 2 }, guest_level = { 0, 2 };

static struct spinlock lock;
/* The text, behind room for the prefix of its first line. */
static char space[PREFIX_LEN + BUFFER_SIZE];	/* lock */
static char *const buffer = space + PREFIX_LEN;	/* lock */
static bool in_line;		/* lock: the last message did not end its line */

static struct {
	u64 window;		/* lock: start, ns */
	u32 printed, dropped;	/* lock: in this window */
} rate;

/* The level named at @s, up to its end or a slash. */
static u8 printk_parse_level(const char *s, u8 fallback)
{
	static const char names[][8] = { "none", "error", "warning", "info", "debug", "all" };

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		size_t len = strlen(names[i]);

		if (!strncmp(s, names[i], len) && (!s[len] || s[len] == '/'))
			return i;
	}
	return fallback;
}

static void printk_parse_threshold(const char *s, struct threshold *t)
{
	const char *slash = strchr(s, '/');

	t->always = printk_parse_level(s, t->always);
	t->limited = slash ? MAX(t->always, printk_parse_level(slash + 1, t->limited)) : t->always;
}

/** printk_init() - take the levels from the command line. */
void printk_init(void)
{
	printk_parse_threshold(opt_loglvl, &host_level);
	printk_parse_threshold(opt_guest_loglvl, &guest_level);
}

/*
 * The finished text in the buffer: the prefix goes in front of each line, over what
 * was written before, so that dom0, which writes too, does not get in between.
 */
static void printk_emit(void)
{
	for (char *s = buffer; *s;) {
		const char *nl = strchr(s, '\n');
		size_t len = nl ? (size_t)(nl - s) + 1 : strlen(s);
		size_t prefix = in_line ? 0 : PREFIX_LEN;

		memcpy(s - prefix, PREFIX, prefix);
		console_write(s - prefix, len + prefix, true);
		in_line = !nl;
		s += len;
	}
}

static bool printk_rate_allows(void)
{
	u64 now = arch_now();

	if (now - rate.window > RATE_WINDOW) {
		if (rate.dropped) {
			snprintf(buffer, BUFFER_SIZE, "printk: %u messages suppressed\n",
				 rate.dropped);
			printk_emit();
		}
		rate.window = now;
		rate.printed = rate.dropped = 0;
	}
	if (rate.printed == RATE_BURST) {
		rate.dropped++;
		return false;
	}
	rate.printed++;
	return true;
}

/**
 * vprintk() - a message of @level
 * Context: anywhere, with any lock held but the console's own.
 */
void vprintk(enum log_level level, const char *fmt, va_list args)
{
	struct threshold t = level >= LOG_GUEST_ERR ? guest_level : host_level;
	unsigned int grave = level & 3;
	bool limited = level != LOG_ALWAYS && grave >= t.always;

	if (limited && grave >= t.limited)
		return;
	console_lock(&lock);
	if (!limited || printk_rate_allows()) {
		if (vsnprintf(buffer, BUFFER_SIZE, fmt, args) >= (int)BUFFER_SIZE)
			buffer[BUFFER_SIZE - 2] = '\n';	/* cut: end the line */
		printk_emit();
	}
	console_unlock(&lock);
}

void printk(enum log_level level, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintk(level, fmt, args);
	va_end(args);
}

void panic(const char *fmt, ...)
{
	static const char rule[] = "****************************************\n";
	static bool panicking;
	va_list args;

	smp_stop_others();	/* a panic elsewhere ends here, or this one there */
	if (panicking)		/* one within a panic: at least the first is told */
		machine_halt();
	panicking = true;
	console_force();
	in_line = false;
	pr_always("\n%sPanic:\n", rule);
	va_start(args, fmt);
	vprintk(LOG_ALWAYS, fmt, args);
	va_end(args);
	pr_always("%s%s\n", in_line ? "\n" : "", rule);
	arch_panic_state();
	console_flush();
	machine_restart();
}
