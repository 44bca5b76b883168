// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the command line parser with an option of every type.
 *
 * Links: cmdline.c
 */
#include <stdlib.h>
#include <string.h>
#include "cmdline.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static bool a_bool;
static u32 a_uint;
static char a_string[8];
static struct cmdline_dom0_mem a_mem;
static size_t line_len;

static s8 a_switch;
static const struct cmdline_switch switches[] = {
	{ "", &a_switch }, { "on", &a_switch }, { NULL },
};

static const struct cmdline_option table[] = {
	{ "bool", CMDLINE_BOOL, &a_bool },
	{ "uint", CMDLINE_UINT, &a_uint, .limit = 1000 },
	{ "string", CMDLINE_STRING, a_string, .limit = sizeof(a_string) },
	{ "dom0_mem", CMDLINE_CALLBACK, &a_mem, .parse = cmdline_parse_dom0_mem },
	{ "list", CMDLINE_SWITCHES, (void *)switches },
};

static void report(enum cmdline_problem problem, const char *name, const char *value)
{
	/* Both are parts of the line; but "no-NAME" has the value "no". */
	bool prefixed = !strncmp(name, "no-", 3) && value && !strcmp(value, "no");

	if (strlen(name) + (value && !prefixed ? strlen(value) : 0) > line_len)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	char *line = malloc(len + 1);
	u64 max;

	memcpy(line, data, len);
	line[len] = 0;
	line_len = strlen(line);
	a_string[0] = 0;
	a_uint = 0;
	memset(&a_mem, 0, sizeof(a_mem));
	cmdline_parse(line, table, ARRAY_SIZE(table), report);
	if (a_uint > 1000 || strlen(a_string) >= sizeof(a_string))
		abort();
	if (cmdline_compute_dom0_mem(&a_mem, 1ull << 33, 1ull << 32, &max) > 1ull << 32)
		abort();
	free(line);
	return 0;
}
