/* SPDX-License-Identifier: GPL-2.0-only */
/* The fake architecture's part of domains and vcpus: nothing but registers. */
#ifndef XENLITE_ARCH_DOMAIN_H
#define XENLITE_ARCH_DOMAIN_H

#include "types.h"

struct regs { u64 rax, rip; };
struct arch_vcpu { u64 kicks; };
struct arch_domain { u64 nothing; };

#endif
