// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line in Xen's syntax (xen-command-line, "Types of parameter").
 *
 * Rules under test: every form of each type is understood, later options win,
 * what is not understood is reported once and changes nothing, and nothing on
 * the line stops the rest of it from being read.
 *
 * Links: cmdline.c
 */
#include "test_util.h"
#include "cmdline.h"

#define KB	(1ull << 10)
#define MB	(1ull << 20)
#define GB	(1ull << 30)
#define LONG	1000

static bool noreboot, smep, sync_console;
static u32 maxcpus, small;
static u64 conring;
static char com1[16];
static char called[LONG];
static struct cmdline_dom0_mem mem;
static char reports[4096];

static s8 dom0_on, domu_on;
static const struct cmdline_switch switches[] = {
	{ "", &dom0_on }, { "", &domu_on }, { "dom0", &dom0_on }, { "domu", &domu_on },
	{ NULL, NULL },
};

static bool parse_callback(const char *value, void *target)
{
	assert_ptr_equal(target, called);
	if (!strcmp(value, "bad"))
		return false;
	strcpy(target, value);
	return true;
}

static bool parse_size(const char *value, void *target)
{
	u64 bytes;

	if (!cmdline_parse_size(&value, &bytes) || *value)
		return false;
	*(u64 *)target = bytes;
	return true;
}

static const struct cmdline_option table[] = {
	{ "noreboot", CMDLINE_BOOL, &noreboot },
	{ "smep", CMDLINE_BOOL, &smep },
	{ "sync_console", CMDLINE_BOOL, &sync_console },
	{ "maxcpus", CMDLINE_UINT, &maxcpus },
	{ "small", CMDLINE_UINT, &small, .limit = 10 },
	{ "conring_size", CMDLINE_CALLBACK, &conring, .parse = parse_size },
	{ "com1", CMDLINE_STRING, com1, .limit = sizeof(com1) },
	{ "loglvl", CMDLINE_CALLBACK, called, .parse = parse_callback },
	{ "dom0_mem", CMDLINE_CALLBACK, &mem, .parse = cmdline_parse_dom0_mem },
	{ "xpti", CMDLINE_SWITCHES, (void *)switches },
};

static void report(enum cmdline_problem problem, const char *name, const char *value)
{
	static const char * const names[] = { "unknown", "bad" };
	size_t n = strlen(reports);

	snprintf(reports + n, sizeof(reports) - n, "%s:%s%s%s;", names[problem], name,
		 value ? "=" : "", value ?: "");
}

/* Parses from a clean slate, the line in an allocation of its exact size. */
static const char *parse(const char *line)
{
	struct test_blob b = test_blob_copy(line, strlen(line) + 1);

	noreboot = sync_console = false;
	smep = true;
	maxcpus = small = 77;
	conring = 77;
	strcpy(com1, "unset");
	strcpy(called, "unset");
	dom0_on = domu_on = -1;
	memset(&mem, 0, sizeof(mem));
	reports[0] = 0;
	cmdline_parse((char *)b.data, table, ARRAY_SIZE(table), report);
	test_blob_free(&b);
	return reports;
}

static void booleans(void **state)
{
	static const char * const yes[] = {
		"noreboot", "noreboot=yes", "noreboot=on", "noreboot=true", "noreboot=enable",
		"noreboot=1", "noreboot=no noreboot", "no-noreboot noreboot=1",
	};
	static const char * const no[] = {
		"no-noreboot", "noreboot=no", "noreboot=off", "noreboot=false",
		"noreboot=disable", "noreboot=0", "noreboot no-noreboot", "noreboot=1 noreboot=0",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(yes); i++) {
		assert_string_equal(parse(yes[i]), "");
		assert_true(noreboot);
	}
	for (i = 0; i < ARRAY_SIZE(no); i++) {
		assert_string_equal(parse(no[i]), "");
		assert_false(noreboot);
	}
	assert_string_equal(parse("no-smep"), "");
	assert_false(smep);
	assert_string_equal(parse("noreboot=maybe noreboot= noreboot=Yes"),
			    "bad:noreboot=maybe;bad:noreboot=;bad:noreboot=Yes;");
	assert_false(noreboot);
}

static void dashes_and_underscores(void **state)
{
	assert_string_equal(parse("sync-console conring-size=1M"), "");
	assert_true(sync_console);
	assert_int_equal(conring, MB);
	assert_string_equal(parse("no-sync_console com_1=x"), "unknown:com_1=x;");
}

static void integers(void **state)
{
	assert_string_equal(parse("maxcpus=4"), "");
	assert_int_equal(maxcpus, 4);
	assert_string_equal(parse("maxcpus=0x1F"), "");
	assert_int_equal(maxcpus, 31);
	assert_string_equal(parse("maxcpus=010"), "");
	assert_int_equal(maxcpus, 8);
	assert_string_equal(parse("maxcpus=0"), "");
	assert_int_equal(maxcpus, 0);
	assert_string_equal(parse("maxcpus=4294967295"), "");
	assert_int_equal(maxcpus, 4294967295);
	assert_string_equal(parse("small=10"), "");
	assert_int_equal(small, 10);
	assert_string_equal(parse("maxcpus=4294967296 small=11 maxcpus= maxcpus maxcpus=4x"
				  " maxcpus=-1"
				  " maxcpus=08 maxcpus=0x maxcpus=99999999999999999999"),
			    "bad:maxcpus=4294967296;bad:small=11;bad:maxcpus=;bad:maxcpus;"
			    "bad:maxcpus=4x;bad:maxcpus=-1;bad:maxcpus=08;bad:maxcpus=0x;"
			    "bad:maxcpus=99999999999999999999;");
	assert_int_equal(maxcpus, 77);
	assert_int_equal(small, 77);
}

static void sizes(void **state)
{
	static const struct {
		const char *line;
		u64 bytes;
	} good[] = {
		{ "conring_size=16", 16 * KB }, { "conring_size=512b", 512 },
		{ "conring_size=16k", 16 * KB }, { "conring_size=3M", 3 * MB },
		{ "conring_size=2g", 2 * GB }, { "conring_size=1T", 1024 * GB },
		{ "conring_size=0x10M", 16 * MB }, { "conring_size=0", 0 },
		{ "conring_size=18446744073709551615B", ~0ull },
		{ "conring_size=16777215T", 16777215ull << 40 },
	};
	static const char * const bad[] = {
		"16777216T", "18446744073709551615", "4MB", "4P", "", "M", "-4M", "4 5", "0x",
	};
	char line[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		assert_string_equal(parse(good[i].line), "");
		assert_int_equal(conring, good[i].bytes);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(line, sizeof(line), "conring_size='%s'", bad[i]);
		assert_int_equal(strncmp(parse(line), "bad:conring_size=", 17), 0);
		assert_int_equal(conring, 77);
	}
}

static void strings_and_quotes(void **state)
{
	assert_string_equal(parse("com1=115200,8n1"), "");
	assert_string_equal(com1, "115200,8n1");
	assert_string_equal(parse("com1=\"a b\" noreboot"), "");
	assert_string_equal(com1, "a b");
	assert_true(noreboot);
	assert_string_equal(parse("'com1=a \"b'"), "");
	assert_string_equal(com1, "a \"b");
	assert_string_equal(parse("com1=a' 'b\"'\"c=d"), "");
	assert_string_equal(com1, "a b'c=d");
	assert_string_equal(parse("com1="), "");
	assert_string_equal(com1, "");
	assert_string_equal(parse("com1=\"open end"), "");
	assert_string_equal(com1, "open end");
	assert_string_equal(parse("com1=123456789012345"), "");
	assert_string_equal(parse("com1=1234567890123456 com1"),
			    "bad:com1=1234567890123456;bad:com1;");
	assert_string_equal(com1, "unset");
}

static void callbacks(void **state)
{
	assert_string_equal(parse("loglvl=all/error"), "");
	assert_string_equal(called, "all/error");
	assert_string_equal(parse("loglvl"), "");
	assert_string_equal(called, "");
	assert_string_equal(parse("no-loglvl"), "");
	assert_string_equal(called, "no");
	assert_string_equal(parse("loglvl=bad"), "bad:loglvl=bad;");
	assert_string_equal(called, "unset");
}

static void switch_lists(void **state)
{
	static const struct { const char *line; s8 dom0, domu; const char *reports; } lists[] = {
		{ "xpti", 1, 1, "" }, { "no-xpti", 0, 0, "" }, { "xpti=off", 0, 0, "" },
		{ "xpti=1,no-dom0", 0, 1, "" }, { "xpti=dom0", 1, -1, "" },
		{ "xpti=domu=no,dom0=yes", 1, 0, "" }, { "xpti=dom0 xpti=no-domu", 1, 0, "" },
		{ "xpti=hvm=no,dom0", 1, -1, "bad:xpti=hvm=no;" },
		{ "xpti=dom0=maybe,domu", -1, 1, "bad:xpti=dom0=maybe;" },
		{ "xpti=,,no-=", 1, 1, "bad:xpti=no-=;" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		assert_string_equal(parse(lists[i].line), lists[i].reports);
		assert_int_equal(dom0_on, lists[i].dom0);
		assert_int_equal(domu_on, lists[i].domu);
	}
}

static void unknown_options(void **state)
{
	assert_string_equal(parse("foo noreboot foo=bar =x no-foo no-com1 no-maxcpus noreboots"
				  " \"\""),
			    "unknown:foo;unknown:foo=bar;unknown:=x;unknown:no-foo;"
			    "unknown:no-com1;unknown:no-maxcpus;unknown:noreboots;unknown:;");
	assert_true(noreboot);
	assert_string_equal(com1, "unset");
}

static void blanks_and_the_end(void **state)
{
	assert_string_equal(parse(""), "");
	assert_string_equal(parse(" \t \n"), "");
	assert_string_equal(parse("  noreboot\tmaxcpus=2 \n"), "");
	assert_true(noreboot);
	assert_int_equal(maxcpus, 2);
	assert_string_equal(parse("noreboot -- foo maxcpus=3"), "");
	assert_int_equal(maxcpus, 77);
}

/* However long an option is, it is taken or reported whole, and what follows is read. */
static void long_options(void **state)
{
	char line[LONG + 20], *end;

	end = line + sprintf(line, "loglvl=");
	memset(end, 'x', LONG - 8);
	strcpy(end + LONG - 8, " noreboot");
	assert_string_equal(parse(line), "");
	assert_true(noreboot);
	assert_int_equal(strlen(called), LONG - 8);
	memset(line, 'y', LONG);
	strcpy(line + LONG, " noreboot");
	parse(line);
	assert_true(noreboot);
	assert_int_equal(strlen(reports), strlen("unknown:;") + LONG);
}

static void check_dom0_mem(const char *value, u64 host, u64 avail, u64 bytes, u64 max)
{
	struct cmdline_dom0_mem spec = { 0 };
	u64 got, got_max = 1;

	if (*value)
		assert_true(cmdline_parse_dom0_mem(value, &spec));
	got = cmdline_compute_dom0_mem(&spec, host, avail, &got_max);
	if (got != bytes || got_max != max)
		fail_msg("'%s': %llu max %llu", value, (unsigned long long)got,
			 (unsigned long long)got_max);
}

static void dom0_mem_amounts(void **state)
{
	const u64 any = ~0ull;

	check_dom0_mem("", 8 * GB, 8 * GB, 8 * GB - 128 * MB, any);
	check_dom0_mem("", GB, GB, GB - 64 * MB, any);
	check_dom0_mem("512M,max:1G", 8 * GB, 7 * GB, 512 * MB, GB);
	check_dom0_mem("max:1G", 8 * GB, 7 * GB, GB, GB);
	check_dom0_mem("min:2G,1G", 8 * GB, 7 * GB, 2 * GB, any);
	check_dom0_mem("min:2G,max:1G", 8 * GB, 7 * GB, GB, GB);
	check_dom0_mem("-512M", 8 * GB, 7 * GB, 7 * GB - 512 * MB, any);
	check_dom0_mem("max:-1G", 8 * GB, 7 * GB, 6 * GB, 6 * GB);
	check_dom0_mem("-9G", 8 * GB, 7 * GB, 0, any);
	check_dom0_mem("9G", 8 * GB, 7 * GB, 7 * GB, any);
	check_dom0_mem("524288", 8 * GB, 7 * GB, 512 * MB, any);
	check_dom0_mem("25%", 100 * GB, 90 * GB, 25 * GB, any);
	check_dom0_mem("1G+25%,max:2G+50%", 100 * GB, 90 * GB, 26 * GB, 52 * GB);
	check_dom0_mem("-10%", 100 * GB, 90 * GB, 80 * GB, any);
	check_dom0_mem("18446744073709551615B+99%", 100 * GB, 90 * GB, 90 * GB, any);
	check_dom0_mem("1G,2G", 8 * GB, 7 * GB, 2 * GB, any);
}

static void dom0_mem_on_the_line(void **state)
{
	static const char * const bad[] = {
		"", "max:", "1G,", ",1G", "1G;2G", "1Gmax:2G", "mid:1G", "100%", "1G+", "1G+5",
		"1G+25%x", "--1G", "-", "%", "5%+1G", "1G max", "0x",
	};
	char line[64];
	size_t i;

	assert_string_equal(parse("dom0_mem=1G,max:2G"), "");
	assert_true(mem.size.set && mem.max.set && !mem.min.set);
	assert_int_equal(mem.size.bytes, GB);
	assert_int_equal(mem.max.bytes, 2 * GB);
	assert_string_equal(parse("dom0_mem=1G,max:2G dom0_mem=min:3G"), "");
	assert_true(!mem.size.set && !mem.max.set && mem.min.set);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(line, sizeof(line), "dom0_mem=\"%s\"", bad[i]);
		if (strncmp(parse(line), "bad:dom0_mem=", 13))
			fail_msg("'%s' taken", bad[i]);
		assert_false(mem.size.set || mem.min.set || mem.max.set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(booleans),
		cmocka_unit_test(dashes_and_underscores),
		cmocka_unit_test(integers),
		cmocka_unit_test(sizes),
		cmocka_unit_test(strings_and_quotes),
		cmocka_unit_test(callbacks),
		cmocka_unit_test(switch_lists),
		cmocka_unit_test(unknown_options),
		cmocka_unit_test(blanks_and_the_end),
		cmocka_unit_test(long_options),
		cmocka_unit_test(dom0_mem_amounts),
		cmocka_unit_test(dom0_mem_on_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
