/* SPDX-License-Identifier: GPL-2.0-only */
/* Processors that leak: what is done about it. spec_ctrl.c explains. */
#ifndef XENLITE_SPEC_CTRL_H
#define XENLITE_SPEC_CTRL_H

#include "cmdline.h"
#include "cpu.h"
#include "domain.h"

/**
 * struct spec_ctrl - what is done; of a pair the first is for dom0
 * @xpti:	a guest runs in a view of its own, without the core
 * @pv_l1tf:	absent page-table entries that name memory are refused
 * @guard:	entries and exits take the way through guard.S
 * @ibpb:	branch predictions are forgotten between domains
 * @flags:	GUARD_*
 * @msr_core,@msr_guest: SPEC_CTRL in the core and outside
 */
struct spec_ctrl {
	bool xpti[2], pv_l1tf[2], guard, ibpb;
	u32 flags, msr_core, msr_guest;
};
extern struct spec_ctrl spec_ctrl;

/** spec_ctrl_init() - look at the CPU and the options, and tell; boot CPU, after cpu_detect(). */
void spec_ctrl_init(void);
/** spec_ctrl_init_cpu() - set up this CPU. */
void spec_ctrl_init_cpu(void);
/** spec_ctrl_create_cpu() - the guests' view on @cpu. Return: 0 or -ENOMEM. */
int spec_ctrl_create_cpu(struct cpu *cpu);
/** spec_ctrl_switch() - a vcpu of @d comes to this CPU, which had another one. */
void spec_ctrl_switch(const struct domain *d);
/** spec_ctrl_forget() - @d never runs again; another may get its number. */
void spec_ctrl_forget(const struct domain *d);
/** spec_ctrl_enter_guest() - called by guard.S when the view of @v's mode is out of date. */
void spec_ctrl_enter_guest(struct vcpu *v);

/* What there is in the lists xpti=, pv-l1tf= and spec-ctrl=, as Xen has them. */
extern const struct cmdline_switch spec_ctrl_xpti[], spec_ctrl_l1tf[], spec_ctrl_switches[];

#endif
