// SPDX-License-Identifier: GPL-2.0-only
/* The core's command line: every option, in one table. */
#include "apic.h"
#include "compiler.h"
#include "console.h"
#include "domain.h"
#include "options.h"
#include "percpu.h"
#include "power.h"
#include "printk.h"
#include "serial.h"
#include "setup.h"
#include "string.h"

__initdata struct cmdline_dom0_mem opt_dom0_mem;
__initdata u32 opt_dom0_max_vcpus;
__initdata u32 opt_maxcpus = MAX_CPUS;
static __initdata char opt_sched[16] = "credit2";

static const __initconst struct cmdline_option options[] = {
	{ "com1", CMDLINE_STRING, opt_com[0], sizeof(opt_com[0]), NULL },
	{ "com2", CMDLINE_STRING, opt_com[1], sizeof(opt_com[1]), NULL },
	{ "console", CMDLINE_STRING, opt_console, sizeof(opt_console), NULL },
	{ "console_to_ring", CMDLINE_BOOL, &opt_console_to_ring, 0, NULL },
	{ "conswitch", CMDLINE_STRING, opt_conswitch, sizeof(opt_conswitch), NULL },
	{ "dom0_max_vcpus", CMDLINE_UINT, &opt_dom0_max_vcpus, MAX_VCPUS, NULL },
	{ "dom0_mem", CMDLINE_CALLBACK, &opt_dom0_mem, 0, cmdline_parse_dom0_mem },
	{ "guest_loglvl", CMDLINE_STRING, opt_guest_loglvl, sizeof(opt_guest_loglvl), NULL },
	{ "loglvl", CMDLINE_STRING, opt_loglvl, sizeof(opt_loglvl), NULL },
	{ "maxcpus", CMDLINE_UINT, &opt_maxcpus, MAX_CPUS, NULL },
	{ "noreboot", CMDLINE_BOOL, &opt_noreboot, 0, NULL },
	{ "reboot", CMDLINE_STRING, opt_reboot, sizeof(opt_reboot), NULL },
	{ "sched", CMDLINE_STRING, opt_sched, sizeof(opt_sched), NULL },
	{ "sync_console", CMDLINE_BOOL, &opt_sync_console, 0, NULL },
	{ "x2apic", CMDLINE_BOOL, &opt_x2apic, 0, NULL },
};

/* There is no console yet: what is said here is kept for it. */
static __init void options_report(enum cmdline_problem problem, const char *name,
				  const char *value)
{
	if (problem == CMDLINE_UNKNOWN)
		pr_warn("command line: unknown option '%s' ignored\n", name);
	else
		pr_warn("command line: %s: bad value '%s' ignored\n", name, value ? value : "");
}

__init void options_parse(const char *line)
{
	char copy[sizeof(boot_info.cmdline)];

	strlcpy(copy, line, sizeof(copy));
	cmdline_parse(copy, options, ARRAY_SIZE(options), options_report);
	if (!opt_maxcpus)
		opt_maxcpus = 1;
	if (strcmp(opt_sched, "credit2"))
		pr_warn("command line: sched=%s is not available, using credit2\n", opt_sched);
}
