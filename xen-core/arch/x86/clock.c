// SPDX-License-Identifier: GPL-2.0-only
/*
 * System time: nanoseconds since the core started, from the TSC.
 *
 *   reference (HPET, PM timer, PIT) --once, at boot--> TSC frequency
 *   ns = ((tsc - base) << shift) * mul >> 32
 *
 * base, mul and shift are also what guests get (struct vcpu_time_info), so
 * that their clock is the core's to the nanosecond. They never change while a
 * guest runs; when the TSCs of two CPUs differ, each CPU has its own base,
 * and guests are told that reading from two CPUs may step back.
 */
#include "clock.h"

#include "acpi.h"
#include "asm.h"
#include "console.h"
#include "paging.h"

enum { CALIBRATION_HZ = 50, SAMPLES = 8, SYNC_ROUNDS = 16 };	/* measuring takes 1/50 s */
#define NSEC_PER_SEC	1000000000ull

static __ro_after_init u64 tsc_base;
__ro_after_init u64 clock_tsc_khz;
/*
 * Until the TSC is measured it is taken to run at 4 GHz: whoever waits then, as
 * a panic does for the other CPUs, does not wait for ever.
 */
static __ro_after_init u32 mul = 1u << 31;
static __ro_after_init s8 shift = -1;
static __ro_after_init s64 tsc_offset[MAX_CPUS];	/* this CPU's TSC less the boot CPU's */
__ro_after_init bool clock_is_synced = true;
static __ro_after_init const char *reference_name;

static struct spinlock wc_lock;
static u64 wc_base;		/* wc_lock: UTC in ns when system time was 0 */

/* No earlier load may be later in time than the reading. */
static inline u64 clock_read_tsc(void)
{
	asm volatile("lfence" ::: "memory");
	return rdtsc();
}

static inline u64 clock_base(void)
{
	return clock_is_synced ? tsc_base : tsc_base + (u64)tsc_offset[this_cpu()->id];
}

u64 arch_now(void)
{
	u64 delta = clock_read_tsc() - clock_base();

	delta = shift < 0 ? delta >> -shift : delta << shift;
	return (u64)((unsigned __int128)delta * mul >> 32);
}

u64 clock_tsc_after(u64 ns)
{
	/* Far times come early: whoever set them looks again. */
	return rdtsc() + MIN(ns, 1000 * NSEC_PER_SEC) * clock_tsc_khz / 1000000 + 1;
}

void clock_delay(u64 ns)
{
	u64 end = arch_now() + ns;

	while (arch_now() < end)
		cpu_pause();
}

/* ---- references ---- */

/**
 * struct reference - a counter of known frequency
 * @start:	make it count; gives its frequency, 0: it is not there
 * @read:	NULL: it is the TSC itself
 */
struct reference {
	const char *name;
	u64 mask;
	u64 (*start)(void);
	u64 (*read)(void);
};

static __initdata volatile u32 *hpet;

static u64 __init clock_read_hpet(void) { return hpet[0xf0 / 4]; }

static u64 __init clock_start_hpet(void)
{
	u32 period;

	hpet = acpi_info.hpet_addr ? map_mmio(MADDR(acpi_info.hpet_addr), 0x400) : NULL;
	period = hpet ? hpet[1] : 0;	/* femtoseconds; at most 100 ns by its specification */
	if (!period || period > 100000000)
		return 0;
	hpet[0x10 / 4] |= 1;
	return 1000000000000000ull / period;
}

static u64 __init clock_read_pm_timer(void) { return inl(acpi_info.pm_timer); }
static u64 __init clock_start_pm_timer(void) { return acpi_info.pm_timer ? 3579545 : 0; }

/* Channel 2 counts down; a latched reading is two bytes. */
static u64 __init clock_read_pit(void)
{
	u8 low;

	outb(0x43, 0x80);
	low = inb(0x42);
	return 0xffffu - (low | (u32)inb(0x42) << 8);
}

static u64 __init clock_start_pit(void)
{
	outb(0x61, (inb(0x61) & 0xfc) | 1);	/* gate on, speaker off */
	outb(0x43, 0xb4);			/* channel 2, both bytes, mode 2 */
	outb(0x42, 0xff);
	outb(0x42, 0xff);
	return 1193182;
}

/* CPUs that state the TSC's frequency exactly (SDM: CPUID 15H). */
static u64 __init clock_ask_cpu(void)
{
	struct cpuid c = cpuid(0, 0).a >= 0x15 ? cpuid(0x15, 0) : (struct cpuid){ 0 };

	return c.a && c.b ? (u64)c.c * c.b / c.a : 0;
}

/* The same moment on both clocks: the closest of some tries. */
static void __init clock_sample(const struct reference *r, u64 *ref, u64 *tsc)
{
	u64 best = ~0ull;

	for (u32 i = 0; i < SAMPLES; i++) {
		u64 before = clock_read_tsc(), now = r->read(), after = clock_read_tsc();

		if (after - before < best) {
			best = after - before;
			*ref = now;
			*tsc = before + best / 2;
		}
	}
}

/* The TSC's frequency by a reference of @hz; 0: that does not count. */
static u64 __init clock_measure(const struct reference *r, u64 hz)
{
	u64 ref[2], tsc[2];
	u32 tries = 0;

	clock_sample(r, &ref[0], &tsc[0]);
	while (((r->read() - ref[0]) & r->mask) < hz / CALIBRATION_HZ)
		if (++tries > 10000000)
			return 0;
	clock_sample(r, &ref[1], &tsc[1]);
	return (tsc[1] - tsc[0]) * hz / ((ref[1] - ref[0]) & r->mask);
}

static u64 __init clock_find_hz(void)
{
	static __initconst const struct reference refs[] = {
		{ "CPUID", 0, clock_ask_cpu, NULL },
		{ "HPET", 0xffffffff, clock_start_hpet, clock_read_hpet },
		{ "PM timer", 0xffffff, clock_start_pm_timer, clock_read_pm_timer },
		{ "PIT", 0xffff, clock_start_pit, clock_read_pit },
	};
	u64 hz = 0;

	for (u32 i = 0; !hz && i < ARRAY_SIZE(refs); i++) {
		reference_name = refs[i].name;
		hz = refs[i].start();
		if (hz && refs[i].read)
			hz = clock_measure(&refs[i], hz);
	}
	return hz;
}

/* ---- wall clock ---- */

static u8 __init clock_read_cmos(u8 reg)
{
	outb(0x70, reg);
	return inb(0x71);
}

/* Days since 1970-01-01; a year begins in March here, so that a leap day ends it. */
static u64 __init clock_days(u32 year, u32 month, u32 day)
{
	if (month < 3) {
		year--;
		month += 12;
	}
	return year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 - 457) / 5 + day -
	       719469;
}

/* The battery-backed clock: seconds since the epoch, taking it to run on UTC. */
static u64 __init clock_read_rtc(void)
{
	static __initconst const u8 regs[] = { 0, 2, 4, 7, 8, 9 };	/* s m h D M Y */
	u8 raw[6] = { 0xff }, last[6], mode = clock_read_cmos(0x0b);
	u32 v[6], tries = 0;

	/* A reading counts when no update is going on and it came twice. */
	do {
		memcpy(last, raw, 6);
		for (u32 i = 0; i < 6; i++)
			raw[i] = clock_read_cmos(regs[i]);
	} while ((clock_read_cmos(0x0a) & 0x80 || memcmp(last, raw, 6)) && ++tries < 100000);
	for (u32 i = 0; i < 6; i++) {
		v[i] = i == 2 ? raw[i] & 0x7f : raw[i];
		if (!(mode & 4))
			v[i] = (v[i] >> 4) * 10 + (v[i] & 15);
	}
	if (!(mode & 2))	/* 12 hours, the top bit is PM */
		v[2] = v[2] % 12 + (raw[2] & 0x80 ? 12 : 0);
	v[5] += v[5] < 70 ? 2000 : 1900;
	return clock_days(v[5], v[4], v[3]) * 86400 + v[2] * 3600 + v[1] * 60 + v[0];
}

void time_fill_wallclock(struct domain *d)
{
	struct shared_info *s = d->shared;
	u64 ns;

	spin_guard(&wc_lock);
	ns = wc_base + (u64)d->time_offset * NSEC_PER_SEC;
	/* x86 keeps the order of stores; the guest retries while odd or changed. */
	WRITE_ONCE(s->wc_version, s->wc_version | 1);
	barrier();
	s->wc_sec = (u32)(ns / NSEC_PER_SEC);
	s->wc_sec_hi = (u32)(ns / NSEC_PER_SEC >> 32);
	s->wc_nsec = (u32)(ns % NSEC_PER_SEC);
	barrier();
	WRITE_ONCE(s->wc_version, s->wc_version + 1);
}

int time_set_wallclock(u64 sec, u32 nsec, u64 system_time)
{
	if (nsec >= NSEC_PER_SEC)
		return -EINVAL;
	spin_lock(&wc_lock);
	wc_base = sec * NSEC_PER_SEC + nsec - system_time;
	spin_unlock(&wc_lock);
	spin_guard(&domain_list_lock);
	list_for_each(struct domain, d, &domain_list, all)
		time_fill_wallclock(d);
	return 0;
}

/* ---- guests ---- */

/* Nanoseconds of a counter of @hz are (count << to_shift) * to_mul >> 32, of all 32 bits. */
static void clock_scale(u64 hz, u32 *to_mul, s8 *to_shift)
{
	*to_shift = 0;
	for (; hz <= NSEC_PER_SEC; hz <<= 1)
		(*to_shift)++;
	for (; hz > 2 * NSEC_PER_SEC; hz >>= 1)
		(*to_shift)--;
	*to_mul = (u32)((NSEC_PER_SEC << 32) / hz);
}

static u64 clock_emulated_tsc(const struct domain *d, u64 now)
{
	u64 khz = d->arch.tsc.khz ?: clock_tsc_khz, ns = now - d->arch.tsc.offset;

	return ns / 1000000 * khz + ns % 1000000 * khz / 1000000;
}

u64 clock_guest_tsc(const struct domain *d)
{
	return d->arch.tsc.emulated ? clock_emulated_tsc(d, arch_now()) : rdtsc();
}

void clock_pvclock_write(struct vcpu *v)
{
	struct vcpu_time_info *t = &v->info->time;
	const struct guest_tsc *tsc = &v->domain->arch.tsc;
	u32 version = READ_ONCE(t->version) | 1;
	u64 now = arch_now();

	WRITE_ONCE(t->version, version);
	barrier();
	if (tsc->emulated) {
		t->system_time = now;
		t->tsc_timestamp = clock_emulated_tsc(v->domain, now);
		clock_scale((tsc->khz ?: clock_tsc_khz) * 1000, &t->tsc_to_system_mul,
			    &t->tsc_shift);
		t->flags = 0;
	} else {
		t->tsc_timestamp = clock_base();
		t->system_time = 0;
		t->tsc_to_system_mul = mul;
		t->tsc_shift = shift;
		t->flags = clock_is_synced ? XEN_PVCLOCK_TSC_STABLE_BIT : 0;
	}
	barrier();
	WRITE_ONCE(t->version, version + 1);
}

/* ---- several CPUs ---- */

static u32 sync_turn;		/* odd: the new CPU asks, even: the boot CPU has answered */
static u64 sync_answer;

static void clock_sync_wait(u32 turn)
{
	while (__atomic_load_n(&sync_turn, __ATOMIC_ACQUIRE) != turn)
		cpu_pause();
}

void clock_sync_source(void)
{
	for (u32 i = 0; i < SYNC_ROUNDS; i++) {
		clock_sync_wait(2 * i + 1);
		sync_answer = clock_read_tsc();
		__atomic_store_n(&sync_turn, 2 * i + 2, __ATOMIC_RELEASE);
	}
	/* The other one has read the last answer when it says so. */
	clock_sync_wait(0);
}

void clock_sync_target(void)
{
	u64 best = ~0ull;
	s64 offset = 0;

	for (u32 i = 0; i < SYNC_ROUNDS; i++) {
		u64 start = clock_read_tsc(), took;

		__atomic_store_n(&sync_turn, 2 * i + 1, __ATOMIC_RELEASE);
		clock_sync_wait(2 * i + 2);
		took = clock_read_tsc() - start;
		if (took < best) {
			best = took;
			offset = (s64)(start + took / 2 - sync_answer);
		}
	}
	/* What is below the precision of the measurement is no difference. */
	if ((u64)(offset < 0 ? -offset : offset) > best) {
		tsc_offset[this_cpu()->id] = offset;
		clock_is_synced = false;
		pr_warn("clock: CPU%u's TSC differs, using an offset\n", this_cpu()->id);
	}
	__atomic_store_n(&sync_turn, 0, __ATOMIC_RELEASE);
}

/* ---- set-up ---- */

static void clock_dump(void)
{
	pr_always("system time %lu ns, TSC %lu kHz (%s), mul %x shift %d, TSCs %s\n", arch_now(),
		  clock_tsc_khz, reference_name, mul, shift, clock_is_synced ? "agree" : "differ");
	timer_dump();
}

void __init clock_init(void)
{
	bool invariant = cpuid(0x80000000, 0).a >= 0x80000007 && cpuid(0x80000007, 0).d >> 8 & 1;
	u64 hz = clock_find_hz(), sec;

	if (hz < 1000000)
		boot_fail("clock: cannot measure the TSC's frequency");
	clock_tsc_khz = hz / 1000;
	clock_scale(hz, &mul, &shift);
	tsc_base = clock_read_tsc();
	sec = clock_read_rtc();
	time_set_wallclock(sec, 0, arch_now());
	key_register('t', clock_dump, "dump time and timers");
	pr_info("clock: TSC %lu.%03lu MHz, measured with %s; %lu seconds since the epoch\n",
		clock_tsc_khz / 1000, clock_tsc_khz % 1000, reference_name, sec);
	/* Under a hypervisor the TSC is as good as that makes it. */
	if (!invariant && !(cpuid(1, 0).c >> 31))
		pr_warn("clock: the TSC's frequency may vary with power states\n");
}
