/* SPDX-License-Identifier: GPL-2.0-only */
/* Physical interrupts and devices as guests see them. */
#ifndef XENLITE_PHYSDEV_H
#define XENLITE_PHYSDEV_H

#include "arch_hypercalls.h"
#include "domain.h"

/**
 * physdev_hide_ports() - take the ports that the core itself uses out of
 * @allowed (struct arch_domain's io_bitmap): PICs, PIT, its serial ports.
 */
void physdev_hide_ports(u32 *allowed);

#endif
