// SPDX-License-Identifier: GPL-2.0-only
/*
 * The run loop of a micro-guest.
 *
 * Reads "tests=a+b+c" from the command line, runs those tests in that order,
 * each from the same clean state (traps, callbacks, event channels), and asks
 * for a reboot at the end: with -no-reboot that is what ends the machine.
 * A test leaves early through micro_error() or micro_skip(), or when a trap
 * comes that nobody expected.
 */
#include "domain.h"
#include "micro.h"
#include "print.h"

enum outcome { SUCCESS, FAILURE, ERROR, SKIP };

static const char * const outcome_names[] = {
	"SUCCESS", "FAILURE", "ERROR", "SKIP",
};

extern const struct micro_test micro_table_start[], micro_table_end[];

struct start_info *micro_start_info;

static const struct micro_test *current_test;
static char current_name[40];
static struct micro_jmp test_exit;
static enum outcome test_outcome;
static char test_reason[160];

static void console_write(const char *text, size_t length)
{
	if (micro_is_dom0())
		hc_console_io(CONSOLEIO_write, length, text);
	else
		micro_guest_write(text, length);
	/* Where the next thing is the core's words on our end, let ours be out before. */
	if (!micro_is_dom0() && current_test && current_test->kind &&
	    !strncmp(current_test->kind, "crash", 6))
		micro_guest_drain();
}

static void print_line(const char *kind, const char *format, va_list args)
{
	char line[400];
	int n;

	n = micro_format(line, sizeof(line) - 1, "%s %s: ", kind,
			 current_test ? current_name : "-");
	n += print_format_list(line + n, sizeof(line) - 1 - n, format, args);
	line[n++] = '\n';
	console_write(line, n);
}

/** micro_report() - print a result that must be the same on every core */
void micro_report(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line("MICRO", format, args);
	va_end(args);
}

/** micro_info() - print something worth seeing that is not compared */
void micro_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line("MICRO-INFO", format, args);
	va_end(args);
}

static void outcome_set(enum outcome outcome, const char *format, va_list args)
{
	if (test_outcome == FAILURE && outcome != ERROR)
		return;		/* the first reason is the one to report */
	test_outcome = outcome;
	print_format_list(test_reason, sizeof(test_reason), format, args);
}

/** micro_fail() - the core broke the rule; the test goes on */
void micro_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	outcome_set(FAILURE, format, args);
	va_end(args);
}

/** micro_error() - the test cannot be carried out; ends it */
void micro_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	outcome_set(ERROR, format, args);
	va_end(args);
	micro_longjmp(&test_exit, 1);
}

/** micro_skip() - the test does not apply here; ends it */
void micro_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	outcome_set(SKIP, format, args);
	va_end(args);
	micro_longjmp(&test_exit, 1);
}

/** micro_outcome_set() - what a part of the test in another domain has found */
void micro_outcome_set(unsigned int outcome, const char *reason)
{
	if (outcome == SUCCESS || test_outcome == ERROR || test_outcome == FAILURE)
		return;
	test_outcome = outcome;
	micro_format(test_reason, sizeof(test_reason), "%s", reason);
}

void micro_shutdown(unsigned int reason)
{
	struct sched_shutdown shutdown = { .reason = reason };

	hc_sched_op(SCHEDOP_shutdown, &shutdown);
	for (;;)
		hc_sched_op(SCHEDOP_block, NULL);
}

/* Which side of the test is this, and does it run here at all? */
static void test_body(const struct micro_test *test, bool in_domain)
{
	if (!micro_is_dom0())
		(test->guest ? test->guest->body : test->body)();
	else if (test->guest || in_domain)
		micro_domain_test(current_name, test->guest);
	else
		test->body();
}

static void test_run(const struct micro_test *test, bool in_domain)
{
	current_test = test;
	micro_format(current_name, sizeof(current_name), "%s%s", in_domain ? "@" : "",
		     test->name);
	test_outcome = SUCCESS;
	test_reason[0] = '\0';
	if (micro_is_dom0()) {
		micro_report("BEGIN");
		micro_event_reset();
	}
	micro_trap_install();
	if (!micro_setjmp(&test_exit))
		test_body(test, in_domain);
	if (!micro_is_dom0())
		micro_guest_over(test_outcome, test_reason);
	micro_event_disable();
	micro_report("%s%s%s", outcome_names[test_outcome],
		     test_reason[0] ? " " : "", test_reason);
	current_test = NULL;
}

static const struct micro_test *test_find(const char *name, size_t length)
{
	const struct micro_test *test;

	for (test = micro_table_start; test < micro_table_end; test++) {
		if (strlen(test->name) == length &&
		    !memcmp(test->name, name, length))
			return test;
	}
	return NULL;
}

/* A name with @ before it: the test is run in an unprivileged domain. */
static void tests_run(const char *list)
{
	const struct micro_test *test;
	bool in_domain;
	size_t length;

	while (*list && *list != ' ') {
		in_domain = *list == '@';
		list += in_domain;
		for (length = 0; list[length] && list[length] != '+' &&
		     list[length] != ' '; length++)
			;
		test = test_find(list, length);
		if (test)
			test_run(test, in_domain);
		else
			micro_report("ERROR no such test");
		list += length;
		if (*list == '+')
			list++;
	}
}

void micro_main(struct start_info *info);

/** micro_main() - called by the entry point on the micro-guest's own stack */
void micro_main(struct start_info *info)
{
	const char *at;

	micro_domain_save_data();
	micro_start_info = info;
	micro_trap_install();
	micro_mm_init();
	if (!micro_is_dom0())
		micro_guest_init();
	for (at = (const char *)info->cmd_line; *at; at++) {
		if (!strncmp(at, "tests=", 6))
			tests_run(at + 6);
	}
	micro_report("END");
	micro_shutdown(SHUTDOWN_reboot);
}
