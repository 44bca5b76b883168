// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traps of a micro-guest: the table, the dispatch, and probing.
 *
 * One stub a vector (start.S) leads here. What happens to a frame, in order:
 * a hook a test has set for that entry; the end of a probed instruction; the
 * return of micro_user_run(); and else the test ends with ERROR.
 */
#include "micro.h"
#include "user.h"

#define STUB_SIZE	32
#define EFLAGS_TF	0x100UL
#define EFLAGS_AC	0x40000UL

struct micro_probe micro_probe;
uint64_t micro_probe_start, micro_probe_resume, micro_entry_flags, micro_entry_rcx;

static micro_hook_t *hooks[ENTRY_COUNT];
static struct trap_info trap_table[257];

void micro_trap_dispatch(struct micro_frame *frame);

/** micro_vector_name() - the manual's name of an exception, "vecN" else */
const char *micro_vector_name(unsigned int vector)
{
	static const char * const names[] = {
		"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF",
		"vec9", "#TS", "#NP", "#SS", "#GP", "#PF", "vec15", "#MF",
		"#AC", "#MC", "#XM", "vec20", "#CP",
	};
	static char other[16];

	if (vector < ARRAY_SIZE(names))
		return names[vector];
	micro_format(other, sizeof(other), "vec%u", vector);
	return other;
}

/** micro_probe_report() - print how the last probed instruction ended */
void micro_probe_report(const char *key)
{
	if (!micro_probe.trapped)
		micro_report("%s=ok", key);
	else
		micro_report("%s=%s(%lx)+%ld", key,
			     micro_vector_name(micro_probe.frame.vector),
			     micro_probe.frame.error, micro_probe.rip_offset);
}

/**
 * micro_trap_hook() - let a test handle an entry itself
 * @entry: a vector or an enum micro_entry_number
 * @hook: called with the frame, which it may change; NULL for the default
 */
void micro_trap_hook(unsigned int entry, micro_hook_t *hook)
{
	hooks[entry] = hook;
}

/** micro_breakpoint() - a #DB before the instruction at @address; 0: none any more */
void micro_breakpoint(unsigned long address)
{
	micro_need(!hc_set_debugreg(7, 0));
	micro_need(!hc_set_debugreg(0, address));
	micro_need(!hc_set_debugreg(6, 0));
	micro_need(!hc_set_debugreg(7, address ? 3 : 0));
}

static void probe_finish(struct micro_frame *frame)
{
	micro_probe.trapped = true;
	micro_probe.frame = *frame;
	micro_probe.cr2 = micro_vcpu_info()->arch.cr2;
	micro_probe.rip_offset = (long)(frame->rip - micro_probe_start);
	frame->rip = micro_probe_resume;
	frame->rflags &= ~(EFLAGS_TF | EFLAGS_AC);
	micro_probe_resume = 0;
}

/* Called by the stubs in start.S. */
void micro_trap_dispatch(struct micro_frame *frame)
{
	if (frame->vector < ENTRY_COUNT && hooks[frame->vector]) {
		hooks[frame->vector](frame);
		return;
	}
	if (micro_probe_resume && !(frame->cs & 3)) {
		probe_finish(frame);
		return;
	}
	if (micro_user_finish(frame))
		return;
	micro_probe_resume = 0;
	micro_error("trap %s error %lx rip %lx cs %lx cr2 %lx",
		    frame->vector < 256 ? micro_vector_name(frame->vector) :
		    "callback", frame->error, frame->rip, frame->cs,
		    micro_vcpu_info()->arch.cr2);
}

static void callback_register(unsigned int type, const void *address)
{
	struct callback_register reg = {
		.type = type, .address = (unsigned long)address,
	};

	hc_callback_op(CALLBACKOP_register, &reg);
}

/**
 * micro_trap_fill() - write the framework's trap table
 * @table: at least 257 entries; the last is the terminator
 */
void micro_trap_fill(struct trap_info *table)
{
	unsigned int i;

	/* Vector 0 has a stub at a non-zero address, so it ends nothing. */
	for (i = 0; i < 256; i++) {
		table[i].vector = i;
		table[i].flags = (i == 3 || i == 4 || i >= 32) ? 3 : 0;
		table[i].cs = FLAT_KERNEL_CS;
		table[i].address = (unsigned long)micro_stubs + i * STUB_SIZE;
	}
}

/** micro_trap_install() - the state every test starts with */
void micro_trap_install(void)
{
	memset(hooks, 0, sizeof(hooks));
	micro_probe_resume = 0;
	micro_iret_flags = 0;
	micro_trap_fill(trap_table);
	hc_set_trap_table(trap_table);
	callback_register(CALLBACKTYPE_event, micro_event_entry);
	callback_register(CALLBACKTYPE_failsafe, micro_failsafe_entry);
	callback_register(CALLBACKTYPE_syscall, micro_syscall_entry);
	callback_register(CALLBACKTYPE_nmi, micro_nmi_entry);
}
