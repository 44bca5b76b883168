// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ends of the machine.
 *
 * A restart tries one way after the other, the one ACPI names first, and ends
 * in a triple fault, which no machine survives. All addresses come from
 * tables that acpi.c has checked, or are the PC's own.
 */
#include "power.h"

#include "acpi.h"
#include "asm.h"
#include "clock.h"
#include "console.h"
#include "printk.h"

#define SLEEP_TYPE	0x1c00u
#define SLEEP_ENABLE	0x2000u
#define SETTLE		50000000u	/* ns a way of restarting gets */

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
	for (;;)
		asm volatile("cli; hlt");
}

static void power_reset_acpi(void)
{
	if (acpi_info.reset_port)
		outb(acpi_info.reset_port, acpi_info.reset_value);
}

/* The chip set's reset control register: full reset. */
static void power_reset_pci(void)
{
	u8 value = inb(0xcf9) & ~6;

	outb(0xcf9, value | 2);
	outb(0xcf9, value | 6);
}

static void power_reset_keyboard(void)
{
	for (u32 i = 0; i < 10000 && inb(0x64) & 2; i++)
		cpu_pause();
	outb(0x64, 0xfe);
}

static void power_reset_triple(void)
{
	struct __packed { u16 limit; u64 base; } idt = { 0, 0 };

	asm volatile("lidt %0; int3" : : "m"(idt));
}

void machine_restart(void)
{
	static const struct {
		char name;
		void (*reset)(void);
	} ways[] = {
		{ 'a', power_reset_acpi }, { 'k', power_reset_keyboard },
		{ 'p', power_reset_pci }, { 't', power_reset_triple },
	};

	if (opt_noreboot || opt_reboot[0] == 'n') {
		pr_always("Manual reset required ('noreboot' specified)\n");
		machine_halt();
	}
	power_stop_others();
	pr_always("Resetting the machine\n");
	console_flush();
	for (u32 i = 0; i < ARRAY_SIZE(ways); i++)
		if (opt_reboot[0] == ways[i].name)
			ways[i].reset();
	for (u32 i = 0; i < ARRAY_SIZE(ways); i++) {
		ways[i].reset();
		clock_delay(SETTLE);
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
	power_write_pm1(acpi_info.pm1a_cnt, type_a, 0);
	power_write_pm1(acpi_info.pm1b_cnt, type_b, 0);
	power_write_pm1(acpi_info.pm1a_cnt, type_a, SLEEP_ENABLE);
	power_write_pm1(acpi_info.pm1b_cnt, type_b, SLEEP_ENABLE);
	machine_halt();
}
