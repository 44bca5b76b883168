/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fake machine: memory, CPUs, time, and the core's way out.
 */
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fake.h"

#include "event.h"
#include "page.h"
#include "hypercall.h"
#include "uaccess.h"

#define __weak	__attribute__((weak))

struct page *frame_table;
u64 max_mfn;

static u8 *fake_ram;
static struct cpu fake_cpu_blocks[MAX_CPUS];
static __thread struct cpu *fake_this_cpu;
static __thread struct { u8 *start; size_t len; } fake_window;

struct fake_cpu fake_cpus[MAX_CPUS];
u64 fake_now;
u32 fake_tlb_clock, fake_tlb_filtered, fake_tlb_filters;
int fake_preempt_in;
jmp_buf *fake_panic_to;

static void *fake_map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("fake machine");
		abort();
	}
	return p;
}

void fake_machine_init(u64 nr_frames, u32 nr)
{
	max_mfn = nr_frames;
	fake_ram = fake_map(nr_frames << PAGE_SHIFT);
	frame_table = fake_map(nr_frames * sizeof(struct page));

	memset(fake_cpus, 0, sizeof(fake_cpus));
	memset(fake_cpu_blocks, 0, sizeof(fake_cpu_blocks));
	memset(cpus, 0, sizeof(cpus));
	for (u32 i = 0; i < nr; i++) {
		fake_cpu_blocks[i].id = fake_cpu_blocks[i].apic_id = i;
		fake_cpu_blocks[i].online = true;
		cpus[i] = &fake_cpu_blocks[i];
	}
	nr_cpus = nr;
	fake_run_on(0);

	fake_now = 1000000000;
	fake_tlb_clock = 1;
	fake_tlb_filtered = fake_tlb_filters = 0;
	fake_preempt_in = -1;
	fake_pirq_error = 0;
	memset(fake_pirqs, 0, sizeof(fake_pirqs));
	fake_guest_window(NULL, 0);
}

void fake_machine_end(void)
{
	munmap(fake_ram, max_mfn << PAGE_SHIFT);
	munmap(frame_table, max_mfn * sizeof(struct page));
	fake_ram = NULL;
	frame_table = NULL;
	max_mfn = 0;
}

void fake_be_cpu(struct cpu *cpu)
{
	fake_this_cpu = cpu;
}

void fake_run_on(u32 cpu)
{
	fake_be_cpu(cpus[cpu]);
}

void fake_set_current(struct vcpu *v)
{
	fake_this_cpu->curr = v;
}

struct cpu *arch_this_cpu(void)
{
	return fake_this_cpu;
}

void arch_spin_poll(void)
{
	sched_yield();
}

void arch_spin_wait(const struct spinlock *l, u16 mine)
{
	while (__atomic_load_n(&l->serving, __ATOMIC_ACQUIRE) != mine)
		arch_spin_poll();
}

void arch_kick_cpu(struct cpu *cpu)
{
	__atomic_fetch_add(&fake_cpus[cpu->id].kicks, 1, __ATOMIC_RELAXED);
}

/*
 * Memory
 */

void *arch_direct_map(maddr_t ma)
{
	if (ma.a >= max_mfn << PAGE_SHIFT)
		panic("no RAM at %#lx", (unsigned long)ma.a);
	return fake_ram + ma.a;
}

maddr_t arch_direct_unmap(const void *va)
{
	u64 ma = (const u8 *)va - fake_ram;

	if (ma >= max_mfn << PAGE_SHIFT)
		panic("%p is not in the direct map", va);
	return MADDR(ma);
}

__weak u32 tlb_clock_now(void)
{
	return fake_tlb_clock ? fake_tlb_clock : 1;
}

__weak void arch_tlb_filter(u32 stamp, const struct domain *owner)
{
	fake_tlb_filtered = stamp;
	fake_tlb_filters++;
}

void fake_guest_window(void *start, size_t len)
{
	fake_window.start = start;
	fake_window.len = len;
}

/* As on a real machine: what lies before the bad byte is copied. */
static size_t fake_reachable(gva_t va, size_t len)
{
	u64 offset = va.a - (u64)(uintptr_t)fake_window.start;

	if (offset >= fake_window.len)
		return 0;
	return len < fake_window.len - offset ? len : fake_window.len - offset;
}

__weak int copy_from_guest(void *dst, gva_t src, size_t len)
{
	size_t n = fake_reachable(src, len);

	if (n)
		memcpy(dst, (void *)(uintptr_t)src.a, n);
	return n == len ? 0 : -EFAULT;
}

__weak int copy_to_guest(gva_t dst, const void *src, size_t len)
{
	size_t n = fake_reachable(dst, len);

	if (n)
		memcpy((void *)(uintptr_t)dst.a, src, n);
	return n == len ? 0 : -EFAULT;
}

__weak int clear_guest(gva_t dst, size_t len)
{
	size_t n = fake_reachable(dst, len);

	if (n)
		memset((void *)(uintptr_t)dst.a, 0, n);
	return n == len ? 0 : -EFAULT;
}

__weak struct page *arch_get_guest_page_writable(struct domain *d, u64 gmfn)
{
	struct page *p;

	if (!mfn_valid(MFN(gmfn)) || !page_get(mfn_to_page(MFN(gmfn)), d))
		return NULL;
	p = mfn_to_page(MFN(gmfn));
	if (arch_page_write_begin(p))
		return p;
	page_put(p);
	return NULL;
}

__weak void arch_put_guest_page_writable(struct page *p)
{
	arch_page_write_end(p);
	page_put(p);
}

__weak bool arch_page_write_begin(struct page *p)
{
	if (p->type & PT_COUNT_MASK && (p->type & PT_TYPE_MASK) != PT_WRITABLE)
		return false;
	p->type = PT_WRITABLE | PT_VALID | ((p->type & PT_COUNT_MASK) + 1);
	return true;
}

__weak void arch_page_write_end(struct page *p)
{
	p->type--;
}

/*
 * Time
 */

u64 arch_now(void)
{
	return READ_ONCE(fake_now);
}

void arch_timer_program(u64 when)
{
	struct fake_cpu *cpu = &fake_cpus[fake_this_cpu->id];

	cpu->timer_due = when;
	cpu->timer_programmed++;
}

bool fake_timer_interrupts(void)
{
	bool any = false;

	for (u32 i = 0; i < nr_cpus; i++) {
		if (!fake_cpus[i].timer_due || fake_cpus[i].timer_due > fake_now)
			continue;
		fake_cpus[i].timer_due = 0;
		__atomic_fetch_or(&cpus[i]->softirqs, 1u << SOFTIRQ_TIMER, __ATOMIC_SEQ_CST);
		any = true;
	}
	return any;
}

bool preempt_requested(void)
{
	return fake_preempt_in >= 0 && fake_preempt_in-- == 0;
}

__weak void hypercall_set_arg(unsigned int n, u64 value)
{
	struct arch_vcpu *v = &current->arch;

	(v->multicall_args ?: v->hc_args)[n] = value;
}

/*
 * The way out
 */

__weak void vprintk(enum log_level level, const char *fmt, va_list args)
{
	if (getenv("FAKE_VERBOSE") || level == LOG_ERR) {
		fputs("# ", stdout);
		vprintf(fmt, args);
	}
}

__weak void printk(enum log_level level, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintk(level, fmt, args);
	va_end(args);
}

__weak void panic(const char *fmt, ...)
{
	va_list args;

	if (fake_panic_to)
		longjmp(*fake_panic_to, 1);
	va_start(args, fmt);
	fputs("# panic: ", stdout);
	vprintf(fmt, args);
	putchar('\n');
	va_end(args);
	abort();
}

__weak void boot_fail(const char *fmt, ...)
{
	panic("boot_fail: %s", fmt);
}
