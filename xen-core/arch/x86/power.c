// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ends of the machine.
 *
 * A restart tries one way after the other, the one ACPI names first, and ends
 * in a triple fault, which no machine survives. All addresses come from
 * tables that acpi.c has checked, or are the PC's own.
 */

#include "acpi.h"
#include "asm.h"
#include "clock.h"
#include "console.h"

enum { SLEEP_TYPE = 0x1c00, SLEEP_ENABLE = 0x2000 };

bool opt_noreboot;
char opt_reboot[8];

/* This CPU is alone from here on; another may have stopped while it held a lock. */
static void power_stop_others(void)
{
	smp_stop_others();
	console_force();
	console_flush();
}

void machine_halt(void)
{
	power_stop_others();
	cpu_stop();
}

/* One way, by its letter; comes back when the machine does not have it. */
static void power_reset(char way)
{
	const struct __packed { u16 limit; u64 base; } no_idt = { 0, 0 };
	u8 value = inb(0xcf9) & ~6;

	switch (way) {
	case 'a':		/* what ACPI names */
		if (acpi_info.reset_port)
			outb(acpi_info.reset_port, acpi_info.reset_value);
		break;
	case 'k':		/* the keyboard controller */
		for (u32 i = 0; i < 10000 && inb(0x64) & 2; i++)
			cpu_pause();
		outb(0x64, 0xfe);
		break;
	case 'p':		/* the chip set's reset control register: full reset */
		outb(0xcf9, value | 2);
		outb(0xcf9, value | 6);
		break;
	case 't':		/* a triple fault */
		asm volatile("lidt %0; int3" : : "m"(no_idt));
	}
}

void machine_restart(void)
{
	if (opt_noreboot || opt_reboot[0] == 'n') {
		pr_always("Manual reset required ('noreboot' specified)\n");
		machine_halt();
	}
	power_stop_others();
	pr_always("Resetting the machine\n");
	console_flush();
	power_reset(opt_reboot[0]);
	for (const char *way = "akpt"; *way; way++) {
		power_reset(*way);
		clock_delay(50000000);	/* that long each gets to show its effect */
	}
	machine_halt();
}

/* ACPI 4.8.3.2.1: the type first, then the same with the enable bit. */
static void power_write_pm1(u16 port, u16 type, u16 enable)
{
	if (port)
		outw(port, (u16)((inw(port) & ~(SLEEP_TYPE | SLEEP_ENABLE)) |
				 (type & SLEEP_TYPE) | enable));
}

void machine_power_off(u16 type_a, u16 type_b)
{
	power_stop_others();
	wbinvd();
	for (u32 enable = 0; enable <= SLEEP_ENABLE; enable += SLEEP_ENABLE) {
		power_write_pm1(acpi_info.pm1a_cnt, type_a, (u16)enable);
		power_write_pm1(acpi_info.pm1b_cnt, type_b, (u16)enable);
	}
	machine_halt();
}
