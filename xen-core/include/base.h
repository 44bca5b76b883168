/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Given to every file by the Makefile: the language the core is written in.
 * What a file uses beyond that, it includes.
 */
#ifndef XENLITE_BASE_H
#define XENLITE_BASE_H

#include "compiler.h"
#include "types.h"
#include "errno.h"
#include "bitops.h"
#include "printk.h"
#include <string.h>	/* ours; the unit tests get theirs behind it */

#endif
