/* SPDX-License-Identifier: GPL-2.0-only */
/* What the trap dispatch needs to know of user mode. */
#ifndef MICRO_USER_H
#define MICRO_USER_H

#include "micro.h"

bool micro_user_finish(struct micro_frame *frame);
void micro_trap_fill(struct trap_info *table);

#endif
