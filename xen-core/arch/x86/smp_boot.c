// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starting the other CPUs: one after the other, each by INIT and start-up IPIs.
 *
 * A copy of ap_start (boot.S) below 1 MiB brings a CPU to smp_ap_main() on a
 * stack of its own. One that does not answer is left out.
 */
#include "acpi.h"
#include "apic.h"
#include "console.h"
#include "clock.h"
#include "cpu.h"
#include "page_alloc.h"
#include "paging.h"
#include "printk.h"
#include "sched.h"
#include "smp.h"
#include "stacks.h"
#include "string.h"
#include "timer.h"
#include "traps.h"

#define TRAMPOLINE	0x8000		/* a page of free low memory */
#define MSEC		1000000ull

extern char ap_start[];

__initdata u64 ap_stack_top;			/* for boot.S */
static __initdata volatile u32 ap_state;	/* 0: off, 1: alive, 2: go on */

__init struct cpu *smp_cpu_create(u32 id)
{
	struct cpu *cpu = alloc_zeroed(sizeof(*cpu));

	if (cpu)
		cpu->arch = alloc_zeroed(sizeof(*cpu->arch));
	if (!cpu || !cpu->arch)
		boot_fail("no memory for CPU%u", id);
	cpu->id = id;
	cpus[id] = cpu;
	stacks_create(cpu);
	return cpu;
}

__init void smp_cpu_init_sched(struct cpu *cpu)
{
	if (timer_init_cpu(cpu) || sched_init_cpu(cpu))
		boot_fail("no memory for the scheduler of CPU%u", cpu->id);
	cpu->curr->arch.stack_top = stacks_top(cpu);
}

/* The new CPU's first C code, on its own stack and the core's own tables. */
__init void smp_ap_main(void)
{
	struct cpu *cpu = this_cpu();

	cpu_init(cpu);
	apic_init_cpu();
	tlb_flush_local();
	ap_state = 1;
	clock_sync_target();
	while (ap_state != 2)
		cpu_pause();
	cpu->online = true;
	idle_loop();
}

static __init bool start(struct cpu *cpu)
{
	ap_stack_top = stacks_top(cpu);
	ap_state = 0;
	apic_send_init(cpu->apic_id);
	clock_delay(10 * MSEC);
	for (int i = 0; i < 2 && !ap_state; i++) {
		apic_send_startup(cpu->apic_id, TRAMPOLINE >> PAGE_SHIFT);
		clock_delay(MSEC / 5);
	}
	for (u64 end = arch_now() + 1000 * MSEC; !ap_state; cpu_pause())
		if (arch_now() >= end)
			return false;
	clock_sync_source();
	nr_cpus = cpu->id + 1;
	ap_state = 2;
	while (!READ_ONCE(cpu->online))
		cpu_pause();
	return true;
}

__init void smp_boot_cpus(u32 max)
{
	key_register('d', arch_dump_all_cpus, "dump registers and stacks of all CPUs");
	memcpy(arch_direct_map(MADDR(TRAMPOLINE)), ap_start, PAGE_SIZE);
	for (u32 i = 0; i < acpi_info.nr_cpus && nr_cpus < max; i++) {
		const struct acpi_cpu *a = &acpi_info.cpus[i];
		struct cpu *cpu;

		if (!a->enabled || a->apic_id == this_cpu()->apic_id)
			continue;
		cpu = smp_cpu_create(nr_cpus);
		cpu->apic_id = a->apic_id;
		smp_cpu_init_sched(cpu);
		if (!start(cpu)) {
			pr_warn("CPU with APIC id %u does not start, left out\n", a->apic_id);
			cpus[cpu->id] = NULL;
			break;	/* its idle vcpu has the number; give up on the rest */
		}
	}
	pr_info("%u CPU%s\n", nr_cpus, nr_cpus == 1 ? "" : "s");
}
