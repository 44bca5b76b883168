/* SPDX-License-Identifier: GPL-2.0-only */
/* The serial ports (ns16550) as console devices. */
#ifndef XENLITE_SERIAL_H
#define XENLITE_SERIAL_H

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
