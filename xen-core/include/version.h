/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENLITE_VERSION_H
#define XENLITE_VERSION_H

#include "types.h"

#define XENLITE_VERSION	"0.1"

long do_xen_version(u32 cmd, gva_t arg);
long do_vm_assist(u32 cmd, u32 type);

#endif
