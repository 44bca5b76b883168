// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parses the core's command line against a table of options.
 *
 * The line is cut into options at blanks that are not in quotes; each goes, as
 * a terminated copy, to the table's entry of its name. What an option means
 * is in the table and its owner; see the header for the syntax.
 */
#include "cmdline.h"
#include "compiler.h"
#include "string.h"

static __init bool cmdline_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static __init bool cmdline_same_name(const char *a, const char *b)
{
	for (;; a++, b++) {
		if ((*a == '_' ? '-' : *a) != (*b == '_' ? '-' : *b))
			return false;
		if (!*a)
			return true;
	}
}

static __init const struct cmdline_option *
cmdline_find_option(const struct cmdline_option *table, size_t count, const char *name)
{
	const struct cmdline_option *o;

	for (o = table; o < table + count; o++)
		if (cmdline_same_name(o->name, name))
			return o;
	return NULL;
}

/**
 * cmdline_parse_bool() - Return: 1 or 0, or -1 if @value is no word for either
 */
__init int cmdline_parse_bool(const char *value)
{
	static const char words[2][5][8] __initconst = {
		{ "no", "off", "false", "disable", "0" },
		{ "yes", "on", "true", "enable", "1" },
	};
	int i, j;

	for (i = 0; i < 2; i++)
		for (j = 0; j < 5; j++)
			if (!strcmp(value, words[i][j]))
				return i;
	return -1;
}

static __init u32 cmdline_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/**
 * cmdline_parse_uint() - a number: decimal, 0x... or 0...
 * @s: where it starts; moved behind it
 * @value: set when there is one
 *
 * Return: false if there is no number, or one beyond 64 bits.
 */
__init bool cmdline_parse_uint(const char **s, u64 *value)
{
	const char *p = *s;
	u32 base = 10, digit;
	u64 v = 0;

	if (*p == '0') {
		base = 8;
		if ((p[1] | 0x20) == 'x') {
			base = 16;
			p += 2;
		}
	}
	if (cmdline_digit(*p) >= base)
		return false;
	while ((digit = cmdline_digit(*p)) < base) {
		if (v > (~0ull - digit) / base)
			return false;
		v = v * base + digit;
		p++;
	}
	*s = p;
	*value = v;
	return true;
}

/**
 * cmdline_parse_size() - a number with an optional suffix B, K, M, G or T
 * @s: where it starts; moved behind it
 * @value: set to bytes; without a suffix the number counts KiB
 *
 * Return: false if there is none, or one beyond 64 bits.
 */
__init bool cmdline_parse_size(const char **s, u64 *value)
{
	const char *p = *s;
	u32 shift = 10;
	u64 v;

	if (!cmdline_parse_uint(&p, &v))
		return false;
	switch (*p++ | 0x20) {
	case 'b':
		shift = 0;
		break;
	case 'k':
		break;
	case 'm':
		shift = 20;
		break;
	case 'g':
		shift = 30;
		break;
	case 't':
		shift = 40;
		break;
	default:
		p--;
	}
	if (v > ~0ull >> shift)
		return false;
	*s = p;
	*value = v << shift;
	return true;
}

/* <size>, <size>+<percent>% or <percent>%; a '-' in front counts from the end. */
static __init bool cmdline_parse_amount(const char **s, struct cmdline_amount *amount)
{
	struct cmdline_amount a = { .set = true, .negative = **s == '-' };
	const char *p = *s + a.negative;
	const char *number = p;
	u64 percent;

	if (!cmdline_parse_uint(&p, &percent))
		return false;
	if (*p != '%') {
		p = number;
		percent = 0;
		if (!cmdline_parse_size(&p, &a.bytes))
			return false;
		if (*p == '+') {
			p++;
			if (!cmdline_parse_uint(&p, &percent) || *p != '%')
				return false;
		}
	}
	p += *p == '%';
	if (percent >= 100)
		return false;
	a.percent = percent;
	*amount = a;
	*s = p;
	return true;
}

/**
 * cmdline_parse_dom0_mem() - the value of dom0_mem=
 * @value: comma separated list of [min:|max:]amount
 * @target: a struct cmdline_dom0_mem; untouched if the value is bad
 *
 * Return: false for a bad value. Fits struct cmdline_option's @parse.
 */
__init bool cmdline_parse_dom0_mem(const char *value, void *target)
{
	struct cmdline_dom0_mem spec = { 0 };
	struct cmdline_amount *amount;

	do {
		amount = &spec.size;
		if (!strncmp(value, "min:", 4))
			amount = &spec.min;
		else if (!strncmp(value, "max:", 4))
			amount = &spec.max;
		value += amount == &spec.size ? 0 : 4;
		if (!cmdline_parse_amount(&value, amount))
			return false;
	} while (*value++ == ',');
	if (value[-1])
		return false;
	*(struct cmdline_dom0_mem *)target = spec;
	return true;
}

/* What @a comes to in bytes; never below 0 nor beyond 64 bits. */
static __init u64 cmdline_compute_amount(const struct cmdline_amount *a, u64 host, u64 avail)
{
	u64 bytes = host / 100 * a->percent;

	bytes = a->bytes > ~0ull - bytes ? ~0ull : a->bytes + bytes;
	if (a->negative)
		return bytes < avail ? avail - bytes : 0;
	return bytes;
}

/**
 * cmdline_compute_dom0_mem() - how much memory dom0 starts with
 * @spec: what dom0_mem= said; all unset for the default
 * @host: bytes of memory in the machine, for percentages
 * @avail: bytes that dom0 could have
 * @max: set to the most it may balloon to; ~0 without a limit
 *
 * The default leaves a sixteenth of @avail, at most 128 MiB. The maximum wins
 * over the minimum.
 *
 * Return: bytes, at most @avail; not aligned to anything.
 */
__init u64 cmdline_compute_dom0_mem(const struct cmdline_dom0_mem *spec, u64 host, u64 avail,
				    u64 *max)
{
	u64 bytes = avail - MIN(avail / 16, 128ull << 20);
	u64 min = spec->min.set ? cmdline_compute_amount(&spec->min, host, avail) : 0;

	*max = spec->max.set ? cmdline_compute_amount(&spec->max, host, avail) : ~0ull;
	if (spec->size.set)
		bytes = cmdline_compute_amount(&spec->size, host, avail);
	bytes = MAX(bytes, min);
	bytes = MIN(bytes, *max);
	return MIN(bytes, avail);
}

/* Sets one option; @value is NULL for a plain name. False for a bad value. */
static __init bool cmdline_set_option(const struct cmdline_option *o, const char *value)
{
	u64 number;
	int truth;

	switch (o->type) {
	case CMDLINE_BOOL:
		truth = value ? cmdline_parse_bool(value) : 1;
		if (truth < 0)
			return false;
		*(bool *)o->target = truth;
		return true;
	case CMDLINE_UINT:
		if (!value || !cmdline_parse_uint(&value, &number) || *value ||
		    number > UINT32_MAX || (o->limit && number > o->limit))
			return false;
		*(u32 *)o->target = number;
		return true;
	case CMDLINE_STRING:
		if (!value || strlen(value) >= o->limit)
			return false;
		memcpy(o->target, value, strlen(value) + 1);
		return true;
	case CMDLINE_CALLBACK:
		return o->parse(value ?: "", o->target);
	}
	return false;
}

/* One option as a string of its own: name, name=value or no-name. */
static __init void cmdline_parse_option(char *text, const struct cmdline_option *table,
					size_t count, cmdline_report_t *report)
{
	const struct cmdline_option *o;
	const char *value = NULL;
	char *p;

	for (p = text; *p && *p != '='; p++)
		;
	if (*p) {
		*p = 0;
		value = p + 1;
	}
	o = cmdline_find_option(table, count, text);
	if (!o && !value && !strncmp(text, "no-", 3)) {
		o = cmdline_find_option(table, count, text + 3);
		if (o && o->type != CMDLINE_BOOL && o->type != CMDLINE_CALLBACK)
			o = NULL;
		value = o ? "no" : NULL;
	}
	if (!o)
		report(CMDLINE_UNKNOWN, text, value);
	else if (!cmdline_set_option(o, value))
		report(CMDLINE_BAD_VALUE, text, value);
}

/* Cuts the next option off; NULL at the end of the line. Quotes are taken away. */
static __init const char *cmdline_next_option(const char *line, char *text, bool *fits)
{
	size_t n = 0;
	char quote = 0;

	while (cmdline_is_blank(*line))
		line++;
	if (!*line)
		return NULL;
	*fits = true;
	for (; *line && (quote || !cmdline_is_blank(*line)); line++) {
		if (quote ? *line == quote : *line == '"' || *line == '\'') {
			quote = quote ? 0 : *line;
			continue;
		}
		if (n < CMDLINE_OPTION_SIZE - 1)
			text[n++] = *line;
		else
			*fits = false;
	}
	text[n] = 0;
	return line;
}

/**
 * cmdline_parse() - parse a whole command line
 * @line: terminated; not changed. "--" ends it: the rest is not ours
 * @table: the options
 * @count: number of them
 * @report: called for every option that is passed over
 */
__init void cmdline_parse(const char *line, const struct cmdline_option *table, size_t count,
			  cmdline_report_t *report)
{
	char text[CMDLINE_OPTION_SIZE];
	char *p;
	bool fits;

	while ((line = cmdline_next_option(line, text, &fits))) {
		if (!strcmp(text, "--"))
			return;
		if (!fits) {
			for (p = text; *p && *p != '=' && p < text + 32; p++)
				;
			*p = 0;
			report(CMDLINE_TOO_LONG, text, NULL);
			continue;
		}
		cmdline_parse_option(text, table, count, report);
	}
}
