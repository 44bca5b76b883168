/* SPDX-License-Identifier: GPL-2.0-only */
/* Options of the core's command line that more than one file looks at. */
#ifndef XENLITE_OPTIONS_H
#define XENLITE_OPTIONS_H

#include "cmdline.h"
#include "types.h"

extern struct cmdline_dom0_mem opt_dom0_mem;
extern u32 opt_dom0_max_vcpus, opt_maxcpus;

/** options_parse() - the whole command line; bad options are reported and ignored. */
void options_parse(const char *line);

#endif
