// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parses the core's command line against a table of options.
 *
 * The line is cut into options at blanks that are not in quotes; each goes, as
 * a terminated string, to the table's entry of its name. What an option means
 * is in the table and its owner; see the header for the syntax.
 */
#include "cmdline.h"

static __init bool cmdline_parse_bool(const char *value, bool *target)
{
	static const char words[][8] __initconst = {
		"no", "yes", "off", "on", "false", "true", "disable", "enable", "0", "1",
	};

	for (u32 i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(value, words[i])) {
			*target = i & 1;
			return true;
		}
	return false;
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
 * @value: set to it
 *
 * Return: false if there is no number, or one beyond 64 bits.
 */
__init bool cmdline_parse_uint(const char **s, u64 *value)
{
	u32 base = **s == '0' ? 8 : 10, digit;
	const char *start;

	if (base == 8 && ((*s)[1] | 0x20) == 'x') {
		base = 16;
		*s += 2;
	}
	*value = 0;
	for (start = *s; (digit = cmdline_digit(**s)) < base; ++*s)
		if (__builtin_mul_overflow(*value, base, value) ||
		    __builtin_add_overflow(*value, digit, value))
			return false;
	return *s != start;
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
	static const char suffixes[] __initconst = "bkmgt";
	const char *suffix;
	u64 unit = 1024;

	if (!cmdline_parse_uint(s, value))
		return false;
	suffix = strchr(suffixes, **s | 0x20);
	if (suffix) {
		unit = 1ull << 10 * (suffix - suffixes);
		++*s;
	}
	return !__builtin_mul_overflow(*value, unit, value);
}

/* <size>, <size>+<percent>% or <percent>%; a '-' in front counts from the end. */
static __init bool cmdline_parse_amount(const char **s, struct cmdline_amount *a)
{
	const char *start;

	*a = (struct cmdline_amount){ .set = true, .negative = **s == '-' };
	*s += a->negative;
	start = *s;
	if (!cmdline_parse_uint(s, &a->percent))
		return false;
	if (**s != '%') {
		*s = start;
		a->percent = 0;
		if (!cmdline_parse_size(s, &a->bytes))
			return false;
		if (**s != '+')
			return true;
		++*s;
		if (!cmdline_parse_uint(s, &a->percent))
			return false;
	}
	if (**s != '%' || a->percent >= 100)
		return false;
	++*s;
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

	do {
		struct cmdline_amount *amount = &spec.size;

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

/* What @a comes to in bytes, @otherwise if not set; never below 0 nor beyond 64 bits. */
static __init u64 cmdline_compute_amount(const struct cmdline_amount *a, u64 host, u64 avail,
					 u64 otherwise)
{
	u64 bytes;

	if (!a->set)
		return otherwise;
	if (__builtin_add_overflow(a->bytes, host / 100 * a->percent, &bytes))
		bytes = ~0ull;
	return a->negative ? avail - MIN(bytes, avail) : bytes;
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
	u64 bytes = cmdline_compute_amount(&spec->size, host, avail,
					   avail - MIN(avail / 16, 128ull << 20));

	bytes = MAX(bytes, cmdline_compute_amount(&spec->min, host, avail, 0));
	*max = cmdline_compute_amount(&spec->max, host, avail, ~0ull);
	bytes = MIN(bytes, *max);
	return MIN(bytes, avail);
}

static __init bool cmdline_same_name(const char *a, const char *b)
{
	for (; (*a == '_' ? '-' : *a) == (*b == '_' ? '-' : *b); a++, b++)
		if (!*a)
			return true;
	return false;
}

static __init const struct cmdline_option *
cmdline_find_option(const struct cmdline_option *table, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (cmdline_same_name(table[i].name, name))
			return &table[i];
	return NULL;
}

/* Sets one option; @value is NULL for a plain name. False for a bad value. */
static __init bool cmdline_set_option(const struct cmdline_option *o, const char *value)
{
	u64 number;

	switch (o->type) {
	case CMDLINE_BOOL:
		return cmdline_parse_bool(value ?: "yes", o->target);
	case CMDLINE_UINT:
		if (!value || !cmdline_parse_uint(&value, &number) || *value ||
		    number > (o->limit ?: UINT32_MAX))
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
	case CMDLINE_SWITCHES:
		break;
	}
	return false;
}

/* One of a list: name, no-name, name=boolean; or a plain boolean, named "". */
static __init bool cmdline_set_switch(const struct cmdline_switch *table, char *item)
{
	char *equals = strchr(item, '=');
	const char *value = equals ? equals + 1 : "yes", *name = item;
	bool on, known = false;

	if (!equals && cmdline_parse_bool(item, &on)) {
		value = item;
		name = "";
	} else if (!equals && !strncmp(item, "no-", 3)) {
		value = "no";
		name += 3;
	}
	if (equals)
		*equals = 0;
	for (; table->name; table++)
		if (cmdline_same_name(table->name, name) && cmdline_parse_bool(value, &on)) {
			*table->target = on;
			known = true;
		}
	if (equals)
		*equals = '=';
	return known;
}

static __init void cmdline_set_switches(const struct cmdline_option *o, char *item,
					cmdline_report_t *report)
{
	for (char *next; item; item = next) {
		next = strchr(item, ',');
		if (next)
			*next++ = 0;
		if (!cmdline_set_switch(o->target, item))
			report(CMDLINE_BAD_VALUE, o->name, item);
	}
}

/* Cuts the next option off, in place and without its quotes; NULL at the end of the line. */
static __init char *cmdline_next_option(char **line)
{
	static const char blanks[] __initconst = " \t\n\r";
	char *from = *line, *option, *to, quote = 0;

	while (*from && strchr(blanks, *from))
		from++;
	if (!*from)
		return NULL;
	option = to = from;
	for (; *from && (quote || !strchr(blanks, *from)); from++) {
		if (quote ? *from == quote : *from == '"' || *from == '\'')
			quote = quote ? 0 : *from;
		else
			*to++ = *from;
	}
	*line = from + !!*from;
	*to = 0;
	return option;
}

/**
 * cmdline_parse() - parse a whole command line
 * @line: terminated; cut to pieces. "--" ends it: the rest is not ours
 * @table: the options
 * @count: number of them
 * @report: called for every option that is passed over
 */
__init void cmdline_parse(char *line, const struct cmdline_option *table, size_t count,
			  cmdline_report_t *report)
{
	char *name, *value;

	while ((name = cmdline_next_option(&line)) && strcmp(name, "--")) {
		const struct cmdline_option *o;

		value = strchr(name, '=');
		if (value)
			*value++ = 0;
		o = cmdline_find_option(table, count, name);
		if (!o && !value && !strncmp(name, "no-", 3)) {
			o = cmdline_find_option(table, count, name + 3);
			if (o && o->type != CMDLINE_BOOL && o->type < CMDLINE_CALLBACK)
				o = NULL;
			value = o ? "no" : NULL;
		}
		if (!o)
			report(CMDLINE_UNKNOWN, name, value);
		else if (o->type == CMDLINE_SWITCHES)
			cmdline_set_switches(o, value ?: (char[]){ "" }, report);
		else if (!cmdline_set_option(o, value))
			report(CMDLINE_BAD_VALUE, name, value);
	}
}
