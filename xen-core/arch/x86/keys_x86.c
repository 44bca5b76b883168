// SPDX-License-Identifier: GPL-2.0-only
/* Debug keys that show the machine. */
#include "clock.h"
#include "compiler.h"
#include "console.h"
#include "domain.h"
#include "irq.h"
#include "printk.h"
#include "smp.h"
#include "timer.h"

static void key_dump_dom0(void)
{
	if (!dom0)
		return;
	for_each_vcpu(dom0, v) {
		pr_always("d%uv%u\n", dom0->id, v->id);
		arch_vcpu_dump(v);
	}
}

static void key_dump_time(void)
{
	clock_dump();
	timer_dump();
}

void __init arch_keys_init(void)
{
	key_register('d', arch_dump_all_cpus, "dump registers and stacks of all CPUs");
	key_register('i', irq_dump, "dump interrupts");
	key_register('t', key_dump_time, "dump time and timers");
	key_register('0', key_dump_dom0, "dump the registers of dom0's vcpus");
}
