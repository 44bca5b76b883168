// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debug keys: one letter, one report.
 *
 * A key arrives in an interrupt and is served from SOFTIRQ_KEY, where no lock
 * is held and anything may be looked at.
 */
#include "console.h"
#include "domain.h"
#include "page_alloc.h"
#include "percpu.h"
#include "power.h"
#include "printk.h"
#include "sched.h"

static struct {
	void (*fn)(void);
	const char *what;
	u32 presses;		/* not served yet */
} keys[256];

void __init key_register(char key, void (*fn)(void), const char *what)
{
	keys[(u8)key].fn = fn;
	keys[(u8)key].what = what;
}

/** key_handle() - have @key served soon. Context: anywhere. */
void key_handle(char key)
{
	__atomic_fetch_add(&keys[(u8)key].presses, 1, __ATOMIC_RELAXED);
	cpu_raise(this_cpu(), SOFTIRQ_KEY);
}

static void key_softirq(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(keys); i++) {
		u32 n = __atomic_exchange_n(&keys[i].presses, 0, __ATOMIC_RELAXED);

		for (; n && keys[i].fn; n--) {
			pr_always("'%c' pressed -> %s\n", (char)i, keys[i].what);
			keys[i].fn();
		}
	}
}

static void key_help(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].fn)
			pr_always(" key '%c' => %s\n", (char)i, keys[i].what);
}

void __init keys_init(void)
{
	softirq_set_handler(SOFTIRQ_KEY, key_softirq);
	key_register('h', key_help, "show this message");
	key_register('q', domain_dump, "dump domains and their vcpus");
	key_register('r', sched_dump, "dump run queues");
	key_register('m', page_alloc_dump, "dump memory");
	key_register('R', machine_restart, "reboot the machine");
}
