/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the smallest domU share; see main.c. */
#ifndef MICRO_H
#define MICRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/sched.h>
#include <xen/io/blkif.h>
#include <xen/io/console.h>
#include <xen/io/xs_wire.h>
#include "../../micro/lib/hypercall.h"

#define VIRT_BASE	0xffffffff80000000

extern struct xencons_interface *console;
extern evtchn_port_t console_port;

void *frame_address(const struct start_info *info, unsigned long mfn);
void port_kick(evtchn_port_t port);
void port_wait(evtchn_port_t port);
void console_print(const char *text);
bool told_to(const struct start_info *info, const char *what);

void hostile_main(struct start_info *info, void *shared);

#endif
