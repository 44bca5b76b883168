// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debug keys: one letter, one report.
 *
 * A key arrives in an interrupt and is served from SOFTIRQ_KEY, where no lock
 * is held and anything may be looked at.
 */
#include "compiler.h"
#include "console.h"
#include "domain.h"
#include "page_alloc.h"
#include "percpu.h"
#include "power.h"
#include "printk.h"
#include "sched.h"
#include "timer.h"

#define NR_KEYS		128
#define NR_WAITING	16u

static struct {
	void (*fn)(void);
	const char *what;
} keys[NR_KEYS];

static struct spinlock lock = SPINLOCK_INIT;
static char waiting[NR_WAITING];	/* lock */
static u32 put, get;			/* lock; run freely */

void __init key_register(char key, void (*fn)(void), const char *what)
{
	keys[(u8)key % NR_KEYS].fn = fn;
	keys[(u8)key % NR_KEYS].what = what;
}

/** key_handle() - have @key served soon. Context: anywhere but under this lock. */
void key_handle(char key)
{
	spin_lock(&lock);
	if (put - get < NR_WAITING)
		waiting[put++ % NR_WAITING] = key;
	spin_unlock(&lock);
	cpu_raise(this_cpu(), SOFTIRQ_KEY);
}

static void key_softirq(void)
{
	char key;

	for (;;) {
		spin_lock(&lock);
		if (put == get) {
			spin_unlock(&lock);
			return;
		}
		key = waiting[get++ % NR_WAITING];
		spin_unlock(&lock);
		if ((u8)key < NR_KEYS && keys[(u8)key].fn) {
			pr_always("'%c' pressed -> %s\n", key, keys[(u8)key].what);
			keys[(u8)key].fn();
		}
	}
}

static void key_help(void)
{
	for (u32 i = 0; i < NR_KEYS; i++)
		if (keys[i].fn)
			pr_always(" key '%c' => %s\n", (char)i, keys[i].what);
}

static void key_restart(void)
{
	machine_restart();
}

void __init keys_init(void)
{
	softirq_set_handler(SOFTIRQ_KEY, key_softirq);
	key_register('h', key_help, "show this message");
	key_register('q', domain_dump, "dump domains and their vcpus");
	key_register('r', sched_dump, "dump run queues");
	key_register('t', timer_dump, "dump time and timers");
	key_register('m', page_alloc_dump, "dump memory");
	key_register('R', key_restart, "reboot the machine");
	arch_keys_init();
}
