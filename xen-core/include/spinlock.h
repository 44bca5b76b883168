/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ticket locks. All zeroes is an open one.
 *
 * The core runs with interrupts off, except for the windows that hypercall.h
 * opens, so a lock never has to disable them. A CPU that waits for a lock
 * answers other CPUs' requests (TLB flushes) meanwhile: the holder may be
 * waiting for exactly that. No lock is held across such a window.
 */
#ifndef XENLITE_SPINLOCK_H
#define XENLITE_SPINLOCK_H

/* All zeroes: free. */
struct spinlock { u16 serving, next; };

void arch_spin_poll(void);	/* a pause; answers cross-CPU requests */
/** arch_spin_wait() - polls until ticket @mine of @l is served */
void __saves_all arch_spin_wait(const struct spinlock *l, u16 mine);

static inline void spin_lock(struct spinlock *l)
{
	u16 mine = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	/* Acquire: nothing of the critical section is done before this load. */
	if (unlikely(__atomic_load_n(&l->serving, __ATOMIC_ACQUIRE) != mine))
		arch_spin_wait(l, mine);
}

static inline void spin_unlock(struct spinlock *l)
{
	/* Release: the critical section is done before the next holder sees this. */
	__atomic_store_n(&l->serving, l->serving + 1, __ATOMIC_RELEASE);
}

static inline void spin_guard_end(struct spinlock **l) { spin_unlock(*l); }

/*
 * spin_guard() - hold @lock from here to the end of the block, by whatever way that
 * is left. A declaration, like the kernel's guard(): one in a block at its top.
 */
#define spin_guard(lock)							\
	struct spinlock *guard_ __attribute__((cleanup(spin_guard_end), unused)) = (lock); \
	spin_lock(guard_)

#endif
