/* SPDX-License-Identifier: GPL-2.0-only */
/* The ends of the machine: restart, power off, stop. */
#ifndef XENLITE_POWER_H
#define XENLITE_POWER_H

#include "compiler.h"
#include "types.h"

extern bool opt_noreboot;	/* noreboot: a restart becomes a halt */
extern char opt_reboot[8];	/* reboot=acpi|kbd|pci|triple|no: the first way to try */

/** machine_restart() - reset the machine; with noreboot stop it. */
void machine_restart(void) __noreturn;
/** machine_power_off() - ACPI S5 if dom0 said how, else stop. */
void machine_power_off(void) __noreturn;
/** machine_halt() - stop all CPUs for good. */
void machine_halt(void) __noreturn;

/* The architecture stops the other CPUs, for good. */
void smp_stop_others(void);

#endif
