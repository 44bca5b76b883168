/* SPDX-License-Identifier: GPL-2.0-only */
/* System time from the TSC, for the core and for guests; the wall clock. */
#ifndef XENLITE_CLOCK_H
#define XENLITE_CLOCK_H

#include "domain.h"
#include "percpu.h"

/** clock_init() - measure the TSC, start system time at 0; boot CPU, after acpi_init(). */
void clock_init(void);

/*
 * The TSCs of two CPUs, compared while the second one starts. Both call at
 * the same time and wait for each other: the boot CPU the first as soon as
 * the new CPU says it is alive, the new CPU the second.
 */
void clock_sync_source(void);
void clock_sync_target(void);

/** clock_delay() - wait @ns, busy. */
void clock_delay(u64 ns);
/** clock_tsc_after() - what this CPU's TSC will read in @ns. */
u64 clock_tsc_after(u64 ns);

/*
 * clock_pvclock_write() - fill v->info->time for this CPU, on which @v runs, with the
 * version protocol of struct vcpu_time_info (odd: being written).
 */
void clock_pvclock_write(struct vcpu *v);

/** clock_guest_tsc() - what RDTSC is to read in @d. */
u64 clock_guest_tsc(const struct domain *d);

extern u64 clock_tsc_khz;
extern bool clock_is_synced;	/* the TSCs of all CPUs agree */

/**
 * clock_update_vcpu() - @v is about to run here: are its times still right?
 * Return: true when v->info->time was written (so must be a registered copy).
 */
static inline bool clock_update_vcpu(struct vcpu *v)
{
	u32 now = clock_is_synced ? 1 : 2 + v->cpu->id;

	if (likely(v->arch.pv_time_version == now))
		return false;
	/* That of an emulated TSC begins anew each time, before what is rounded adds up. */
	v->arch.pv_time_version = v->domain->arch.tsc.emulated ? 0 : now;
	clock_pvclock_write(v);
	return true;
}

/**
 * time_set_wallclock() - the time was @sec, @nsec after the epoch (UTC) when
 * system time was @system_time; tells every domain. Return: 0 or -EINVAL.
 */
int time_set_wallclock(u64 sec, u32 nsec, u64 system_time);

#endif
