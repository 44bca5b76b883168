// SPDX-License-Identifier: GPL-2.0-only
/* Debug keys that show the machine. */
#include "clock.h"
#include "compiler.h"
#include "console.h"
#include "smp.h"
#include "timer.h"

static void key_dump_time(void)
{
	clock_dump();
	timer_dump();
}

void __init arch_keys_init(void)
{
	key_register('d', arch_dump_all_cpus, "dump registers and stacks of all CPUs");
	key_register('t', key_dump_time, "dump time and timers");
}
