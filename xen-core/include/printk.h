/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages of the core: level, ring, console; and the ends of the machine.
 *
 * A level says who is at fault: the host levels are bounded by loglvl=, the
 * guest levels (what a guest can trigger) by guest_loglvl= and a rate limit.
 */
#ifndef XENLITE_PRINTK_H
#define XENLITE_PRINTK_H

#include <stdarg.h>

enum log_level {
	LOG_ERR, LOG_WARN, LOG_INFO, LOG_DEBUG,
	LOG_GUEST_ERR, LOG_GUEST_WARN, LOG_GUEST_INFO, LOG_GUEST_DEBUG,
	LOG_ALWAYS,	/* answers that somebody asked for: never filtered */
};

void printk(enum log_level level, const char *fmt, ...) __printf(2, 3);
void vprintk(enum log_level level, const char *fmt, va_list args);

#define pr_err(...)	printk(LOG_ERR, __VA_ARGS__)
#define pr_warn(...)	printk(LOG_WARN, __VA_ARGS__)
#define pr_info(...)	printk(LOG_INFO, __VA_ARGS__)
#define pr_debug(...)	printk(LOG_DEBUG, __VA_ARGS__)
#define pr_always(...)	printk(LOG_ALWAYS, __VA_ARGS__)
#define gpr_err(...)	printk(LOG_GUEST_ERR, __VA_ARGS__)
#define gpr_warn(...)	printk(LOG_GUEST_WARN, __VA_ARGS__)
#define gpr_info(...)	printk(LOG_GUEST_INFO, __VA_ARGS__)
#define gpr_debug(...)	printk(LOG_GUEST_DEBUG, __VA_ARGS__)

/* %d %u %x %lx %llx %zu %s %.*s %c %%, width and 0 flag. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* Command line: loglvl=, guest_loglvl=; read by printk_init(). */
extern char opt_loglvl[24], opt_guest_loglvl[24];
void printk_init(void);

/** panic() - the core itself is broken: say so, show state, stop or reboot. */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;
/**
 * boot_fail() - what the machine or its administrator gave does not do to start with:
 * say so in one line and halt, however a restart would go. Boot time only.
 */
void boot_fail(const char *fmt, ...) __printf(1, 2) __noreturn;
/* The architecture shows registers and stack of this CPU. */
void arch_panic_state(void);
#define BUG_ON(cond) do { \
	if (unlikely(cond)) \
		panic("BUG at %s:%d: %s", __FILE__, __LINE__, #cond); \
} while (0)

/* The ends of the machine: restart, power off, stop. */

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
