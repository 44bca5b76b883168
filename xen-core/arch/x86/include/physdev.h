/* SPDX-License-Identifier: GPL-2.0-only */
/* Physical interrupts and devices as guests see them. */
#ifndef XENLITE_PHYSDEV_H
#define XENLITE_PHYSDEV_H

#include "arch_hypercalls.h"
#include "domain.h"

/**
 * platform_deny_ports() - take the ports that the core itself uses out of
 * @d's I/O bitmap: PICs, PIT, its serial ports.
 */
void platform_deny_ports(struct domain *d);

#endif
