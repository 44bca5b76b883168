// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two legacy interrupt controllers: put out of the way.
 *
 * They are masked for good. A masked one can still raise its spurious
 * interrupt, so they get vectors that collide with no exception.
 */
#include "asm.h"
#include "compiler.h"
#include "ioapic.h"
#include "irq.h"

#define PIC1	0x20
#define PIC2	0xa0

void __init pic_disable(void)
{
	outb(PIC1, 0x11);		/* start: cascade, four words */
	outb(PIC2, 0x11);
	outb(PIC1 + 1, VECTOR_PIC);
	outb(PIC2 + 1, VECTOR_PIC + 8);
	outb(PIC1 + 1, 0x04);		/* the second one is at input 2 */
	outb(PIC2 + 1, 0x02);
	outb(PIC1 + 1, 0x01);		/* 8086 mode */
	outb(PIC2 + 1, 0x01);
	outb(PIC1 + 1, 0xff);
	outb(PIC2 + 1, 0xff);
}
