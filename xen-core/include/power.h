/* SPDX-License-Identifier: GPL-2.0-only */
/* The ends of the machine: restart, power off, stop. */
#ifndef XENLITE_POWER_H
#define XENLITE_POWER_H

extern bool opt_noreboot;	/* noreboot: a restart becomes a halt */
extern char opt_reboot[8];	/* reboot=acpi|kbd|pci|triple|no: the first way to try */

/** machine_restart() - reset the machine; with noreboot stop it. */
void machine_restart(void) __noreturn;
/**
 * machine_power_off() - enter ACPI S5, else stop.
 * @type_a,@type_b: sleep types for the PM1a and PM1b control registers, in
 * their place there; dom0 knows them from the DSDT.
 */
void machine_power_off(u16 type_a, u16 type_b) __noreturn;
/**
 * machine_halt() - print what is queued and stop all CPUs for good, without a
 * reset. As soon as this_cpu() works, also before the console or the clock do.
 */
void machine_halt(void) __noreturn;

/* The architecture stops the other CPUs, for good. */
void smp_stop_others(void);

#endif
