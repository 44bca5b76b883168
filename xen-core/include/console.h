/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console: what the core and dom0 print, who gets the input, the keys.
 */
#ifndef XENLITE_CONSOLE_H
#define XENLITE_CONSOLE_H

#include "spinlock.h"

/** console_write() - to every console device, and into the ring if @ring. */
void console_write(const char *s, size_t len, bool ring);
/** console_input() - a byte came in; called by the serial driver. */
void console_input(u8 c);
/** console_init() - from console=; before it, output is only kept in the ring. */
void console_init(void);
/** console_start() - memory, timers and interrupts work: interrupt-driven from now on. */
void console_start(void);
/** console_force() - a panic prints: break locks, poll, synchronous from now on. */
void console_force(void);
/** console_flush() - wait until all output has left (bounded time). */
void console_flush(void);

/* Locks of the output path: a panic goes past them. */
void console_lock(struct spinlock *lock);
void console_unlock(struct spinlock *lock);

/**
 * console_end_boot() - dom0 starts: input goes to it from now on.
 */
void console_end_boot(void);

/* Command line: console=, conswitch=, console_to_ring */
extern char opt_console[64], opt_conswitch[4];
extern bool opt_console_to_ring;

/**
 * console_ring_read() - copy what the ring holds from @index on (for readconsole);
 * @clear: forget it, and what is older.
 * Return: bytes copied; @index moves on.
 */
u32 console_ring_read(char *buf, u32 size, u32 *index, bool clear);
/** console_ring_start() - index of the oldest text in the ring. */
u32 console_ring_start(void);

/** do_console_io() - CONSOLEIO_write, CONSOLEIO_read (xen/xen.h) */
long do_console_io(u32 cmd, u32 count, gva_t buffer);

/** key_register() - debug key @key does @fn; @what is shown by 'h'. */
void key_register(char key, void (*fn)(void), const char *what);
/** key_press() - have @key served soon. Context: anywhere. */
void key_press(char key);
void keys_init(void);

/* What the console needs of the architecture: serial ports. */

#define NR_SERIAL	2

/* com1=, com2=: <baud>|auto[,[DPS][,[<io-base>][,<irq>]]] */
extern char opt_com[NR_SERIAL][48];
/* sync_console: wait for every byte, so that nothing is lost when the core hangs. */
extern bool opt_sync_console;

/**
 * serial_init() - set port @n (0: com1) up for polled output.
 * Return: 0 or -ENODEV (no such device).
 */
int serial_init(unsigned int n);

/** serial_init_irq() - from now on by interrupt; needs ioapic_init(), timers. */
void serial_init_irq(void);

/**
 * serial_write() - queue output; newlines become CR LF.
 * A full queue is emptied by polling, a port that does not move loses text.
 */
void serial_write(unsigned int n, const char *s, size_t len);

/**
 * serial_has_room() - may a guest write @len bytes without waiting?
 * Moves the queue on. A port that is stuck has always room: it drops.
 */
bool serial_has_room(unsigned int n, size_t len);

/** serial_flush() - poll until everything is out (bounded). */
void serial_flush(unsigned int n);

/** serial_force() - no queue: a panic speaks. */
void serial_force(void);

/** serial_softirq() - part of SOFTIRQ_CONSOLE: look after a queue that has to move. */
void serial_softirq(void);

/** serial_port() - I/O base of port @n if it is in use, else 0. */
u16 serial_port(unsigned int n);

#endif
