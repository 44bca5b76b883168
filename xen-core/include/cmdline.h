/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core's command line, in the syntax of Xen's: options are a table.
 *
 *	name=value   name   no-name   "quoted value with blanks"   -- (end)
 *
 * Later options win. In names '-' and '_' are the same. Nothing on the command
 * line is fatal: what is not understood is reported and passed over.
 */
#ifndef XENLITE_CMDLINE_H
#define XENLITE_CMDLINE_H

enum cmdline_type {
	CMDLINE_BOOL,		/* bool: name, no-name, yes/on/true/enable/1, no/off/... */
	CMDLINE_UINT,		/* u32: decimal, 0x hexadecimal, 0 octal; up to @limit */
	CMDLINE_STRING,		/* char[@limit]: a value that does not fit is refused */
	CMDLINE_CALLBACK,	/* @parse gets the value: "" for name, "no" for no-name */
	CMDLINE_SWITCHES,	/* struct cmdline_switch[]: a list of booleans */
};

/**
 * struct cmdline_switch - one of such a list, which ends with a NULL name
 * @name:	name=boolean, name or no-name; "": a plain boolean, or the option alone
 * @target:	gets 0 or 1; all entries of the name are set
 */
struct cmdline_switch {
	const char *name;
	s8 *target;
};

/**
 * struct cmdline_option - one option
 * @name: as documented
 * @type: of the value, and of what @target points to
 * @target: set when the value is good, untouched otherwise
 * @limit: highest value (0: any), or the size of the string's buffer
 * @parse: CMDLINE_CALLBACK: takes @value and @target, false for a bad value
 */
struct cmdline_option {
	const char *name;
	enum cmdline_type type;
	void *target;
	u64 limit;
	bool (*parse)(const char *value, void *target);
};

enum cmdline_problem { CMDLINE_UNKNOWN, CMDLINE_BAD_VALUE };

/**
 * typedef cmdline_report_t - tells of an option that is passed over
 * @problem: what is wrong
 * @name: the option as written, without its value
 * @value: its value, or NULL when there is none
 */
typedef void cmdline_report_t(enum cmdline_problem problem, const char *name, const char *value);

void cmdline_parse(char *line, const struct cmdline_option *table, size_t count,
		   cmdline_report_t *report);

/* Parsers of single values, for callbacks. */
bool cmdline_parse_uint(const char **s, u64 *value);
bool cmdline_parse_size(const char **s, u64 *value);

/** struct cmdline_amount - bytes and a share of the host's memory; may count from its end */
struct cmdline_amount {
	bool set, negative;
	u64 bytes, percent;
};

/** struct cmdline_dom0_mem - the three parts of dom0_mem= */
struct cmdline_dom0_mem {
	struct cmdline_amount size, min, max;
};

bool cmdline_parse_dom0_mem(const char *value, void *target);
u64 cmdline_compute_dom0_mem(const struct cmdline_dom0_mem *spec, u64 host, u64 avail, u64 *max);

#endif
