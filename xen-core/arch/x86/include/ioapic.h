/* SPDX-License-Identifier: GPL-2.0-only */
/* The I/O APICs: pins, numbered across all of them as GSIs. And the old PICs. */
#ifndef XENLITE_IOAPIC_H
#define XENLITE_IOAPIC_H

#include "types.h"

#define MAX_GSIS	512

/** ioapic_init() - map those that ACPI names, mask all pins. */
void ioapic_init(void);
/** ioapic_nr_gsis() - one more than the highest GSI. */
u32 ioapic_nr_gsis(void);
bool ioapic_has_gsi(u32 gsi);

/** ioapic_set_route() - what @gsi raises and where; masked. */
void ioapic_set_route(u32 gsi, u8 vector, u32 apic_id, bool level, bool low);
/** ioapic_set_target() - send @gsi to another CPU; keeps the rest. */
void ioapic_set_target(u32 gsi, u32 apic_id);
void ioapic_set_mask(u32 gsi, bool masked);

/**
 * ioapic_read_guest() - register @reg of the I/O APIC at @addr, for dom0.
 * Return: 0 or -EINVAL (no I/O APIC there).
 */
int ioapic_read_guest(u64 addr, u32 reg, u32 *value);
/** pic_disable() - mask the legacy controllers for good. */
void pic_disable(void);

#endif
