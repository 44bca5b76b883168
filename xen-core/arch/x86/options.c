// SPDX-License-Identifier: GPL-2.0-only
/* The core's command line: every option, in one table. */
#include "console.h"
#include "irq.h"
#include "setup.h"
#include "spec_ctrl.h"

__initdata struct cmdline_dom0_mem opt_dom0_mem;
__initdata u32 opt_dom0_max_vcpus;
__initdata u32 opt_maxcpus = MAX_CPUS;
static __initdata char opt_sched[16] = "credit2";

#define STRING(name)	{ #name, CMDLINE_STRING, opt_##name, sizeof(opt_##name), NULL }
#define BOOL(name)	{ #name, CMDLINE_BOOL, &opt_##name, 0, NULL }
#define SWITCHES(name, list) { name, CMDLINE_SWITCHES, (void *)list, 0, NULL }
#define UINT(name, max)	{ #name, CMDLINE_UINT, &opt_##name, max, NULL }

static const __initconst struct cmdline_option options[] = {
	{ "com1", CMDLINE_STRING, opt_com[0], sizeof(opt_com[0]), NULL },
	{ "com2", CMDLINE_STRING, opt_com[1], sizeof(opt_com[1]), NULL },
	STRING(console),
	BOOL(console_to_ring),
	STRING(conswitch),
	UINT(dom0_max_vcpus, MAX_VCPUS),
	{ "dom0_mem", CMDLINE_CALLBACK, &opt_dom0_mem, 0, cmdline_parse_dom0_mem },
	STRING(guest_loglvl),
	STRING(loglvl),
	UINT(maxcpus, MAX_CPUS),
	BOOL(noreboot),
	SWITCHES("pv-l1tf", spec_ctrl_l1tf),
	STRING(reboot),
	STRING(sched),
	SWITCHES("spec-ctrl", spec_ctrl_switches),
	BOOL(sync_console),
	BOOL(x2apic),
	SWITCHES("xpti", spec_ctrl_xpti),
};

/* Where the console is, and what it shows, is not known yet: it keeps these lines until then. */
static __init void report(enum cmdline_problem problem, const char *name, const char *value)
{
	if (problem == CMDLINE_UNKNOWN)
		pr_warn("command line: unknown option '%s' ignored\n", name);
	else
		pr_warn("command line: %s: bad value '%s' ignored\n", name, value ?: "");
}

__init void options_parse(const char *line)
{
	char copy[sizeof(boot_info.cmdline)];

	strlcpy(copy, line, sizeof(copy));
	cmdline_parse(copy, options, ARRAY_SIZE(options), report);
	if (!opt_maxcpus)
		opt_maxcpus = 1;
	if (strcmp(opt_sched, "credit2"))
		pr_warn("command line: sched=%s is not available, using credit2\n", opt_sched);
}
