// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text formatting, and which messages get through.
 *
 * Rules under test: the conversions of printk.h give what the C library's do,
 * also when cut; each line of a message has the prefix once; a level passes,
 * is rate-limited or dropped as loglvl= and guest_loglvl= say.
 *
 * The files are included, not linked: their names are the C library's too.
 */
#include "test_util.h"

#define vsnprintf core_vsnprintf
#define snprintf core_snprintf
#include "../format.c"
#include "../printk.c"
#undef vsnprintf
#undef snprintf

static char out[8192];
static u64 now;

void console_write(const char *s, size_t len, bool to_ring)
{
	assert_true(to_ring);
	assert_true(strlen(out) + len < sizeof(out));
	strncat(out, s, len);
}

void console_lock(struct spinlock *l) { spin_lock(l); }
void console_unlock(struct spinlock *l) { spin_unlock(l); }
void console_force(void) {}
void console_flush(void) {}
void arch_spin_wait(const struct spinlock *l, u16 mine) { abort(); }	/* it was not released */
u64 arch_now(void) { return now; }
void arch_panic_state(void) {}
void smp_stop_others(void) {}
void machine_restart(void) { abort(); }
void machine_halt(void) { abort(); }

static int setup(void **state)
{
	out[0] = '\0';
	in_line = false;
	memset(&rate, 0, sizeof(rate));
	now = 1;
	return 0;
}

/* ---- formatting ---- */

#define SAME(...) do { \
	char ours[200], theirs[200]; \
	for (size_t size = 0; size < sizeof(ours); size += size < 24 ? 1 : 40) { \
		memset(ours, '#', sizeof(ours)); \
		memset(theirs, '#', sizeof(theirs)); \
		assert_int_equal(core_snprintf(ours, size, __VA_ARGS__), \
				 snprintf(theirs, size, __VA_ARGS__)); \
		assert_memory_equal(ours, theirs, sizeof(ours)); \
	} \
} while (0)

#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat"
static void test_format(void **state)
{
	SAME("plain, 100%%");
	SAME("%d %d %u", 0, -1, 1u);
	SAME("%d %d %u", INT32_MIN, INT32_MAX, UINT32_MAX);
	SAME("%ld %lld %lu", INT64_MIN, INT64_MAX, UINT64_MAX);
	SAME("%x %lx %llx", 0xbeef, 0x123456789abcdef0, UINT64_MAX);
	SAME("[%8d] [%08d] [%08d]", 42, 42, -42);
	SAME("[%2d] [%02x] [%016llx] [%5x]", 12345, 0xabc, 0xffff830000000000, 0);
	SAME("%zu %zx", (size_t)77, (size_t)SIZE_MAX);
	SAME("%s|%10s|%.3s|%.*s|%8.2s", "abc", "abc", "abcdef", 2, "abcdef", "xyz");
	SAME("%c%c%c", 'a', '%', 'z');
	SAME("[%.5d] [%.0s]", 42, "gone");
}

static void test_format_odd(void **state)
{
	const char *volatile nothing = NULL;
	char s[40];

	core_snprintf(s, sizeof(s), "%s", nothing);
	assert_string_equal(s, "(null)");
	assert_int_equal(core_snprintf(s, sizeof(s), "end %"), 4);
	core_snprintf(s, sizeof(s), "%y %5");
	assert_string_equal(s, "%y ");
}

/* ---- messages ---- */

static void levels(const char *host, const char *guest)
{
	host_level = (struct threshold){ 2, 2 };
	guest_level = (struct threshold){ 0, 2 };
	snprintf(opt_loglvl, sizeof(opt_loglvl), "%s", host);
	snprintf(opt_guest_loglvl, sizeof(opt_guest_loglvl), "%s", guest);
	printk_init();
}

static void test_prefix(void **state)
{
	levels("all", "all");
	pr_info("one\ntwo\n");
	pr_info("three ");
	pr_info("and four\n\nsix\n");
	assert_string_equal(out, "(XEN) one\n(XEN) two\n(XEN) three and four\n(XEN) \n(XEN) six\n");
}

static void say_all(void)
{
	out[0] = '\0';
	pr_err("e\n");
	pr_warn("w\n");
	pr_info("i\n");
	pr_debug("d\n");
	pr_always("a\n");
}

static void test_levels(void **state)
{
	levels("none", "all");
	say_all();
	assert_string_equal(out, "(XEN) a\n");
	levels("error", "all");
	say_all();
	assert_string_equal(out, "(XEN) e\n(XEN) a\n");
	levels("info", "none");
	say_all();
	assert_string_equal(out, "(XEN) e\n(XEN) w\n(XEN) i\n(XEN) a\n");
	out[0] = '\0';
	gpr_err("guest\n");
	assert_string_equal(out, "");
	levels("debug", "error");
	say_all();
	assert_string_equal(out, "(XEN) e\n(XEN) w\n(XEN) i\n(XEN) d\n(XEN) a\n");
	levels("nonsense", "");			/* keeps what it was: warning */
	say_all();
	assert_string_equal(out, "(XEN) e\n(XEN) w\n(XEN) a\n");
}

static void test_rate(void **state)
{
	levels("all", "error/info");
	for (int i = 0; i < RATE_BURST + 7; i++)
		gpr_warn("w\n");
	assert_int_equal(strlen(out), RATE_BURST * strlen("(XEN) w\n"));
	gpr_err("never limited\n");
	pr_info("host\n");
	gpr_debug("never shown\n");
	assert_non_null(strstr(out, "(XEN) never limited\n(XEN) host\n"));
	assert_null(strstr(out, "never shown"));
	now += RATE_WINDOW + 1;
	out[0] = '\0';
	gpr_info("again\n");
	assert_string_equal(out, "(XEN) printk: 7 messages suppressed\n(XEN) again\n");
}

static void test_long_message(void **state)
{
	char big[3000];

	levels("all", "all");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	pr_info("%s", big);
	assert_int_equal(strlen(out), BUFFER_SIZE - 1 + 6);
	pr_info("next\n");
	assert_non_null(strstr(out, "xx\n(XEN) next\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_format, setup),
		cmocka_unit_test_setup(test_format_odd, setup),
		cmocka_unit_test_setup(test_prefix, setup),
		cmocka_unit_test_setup(test_levels, setup),
		cmocka_unit_test_setup(test_rate, setup),
		cmocka_unit_test_setup(test_long_message, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
