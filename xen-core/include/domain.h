/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains and their virtual CPUs.
 *
 *   domain --+-- vcpu[0 .. max_vcpus)  -- regs, pv state (arch)
 *            +-- frames (page list), shared_info
 *            +-- event channels, grant table, pirqs
 *
 * Lock order: docs/LOCKING.md. A field names its lock; one without is set
 * before the domain runs and constant afterwards.
 */
#ifndef XENLITE_DOMAIN_H
#define XENLITE_DOMAIN_H

#include <xen/xen.h>
#include <xen/vcpu.h>
#include <xen/sched.h>

#include "arch_domain.h"	/* struct regs, struct arch_vcpu, struct arch_domain */
#include "list.h"
#include "page.h"
#include "percpu.h"

#define MAX_VCPUS	128		/* of one domain */
#define VM_NO_USER_YET	7		/* bit of vm_assist, our own: user mode never ran */
#define VM_SLOW_ENTRIES	(1ull << VM_NO_USER_YET | 1ull << VMASST_TYPE_architectural_iopl)
#define NR_WATCHDOGS	2		/* SCHEDOP_watchdog, of one domain */
#define SHUTDOWN_NONE	255		/* domain->shutdown_code: none yet */

/* Why a vcpu may not run; several may hold at once. vcpu->pause_flags */
enum vcpu_pause {
	VPF_DOWN,		/* not brought up (VCPUOP_up) */
	VPF_BLOCKED,		/* SCHEDOP_block, poll: until an event */
	VPF_DOMAIN,		/* the domain is paused, shut down or dying */
	VPF_GONE,		/* sched_destroy_domain(): for ever */
};

/**
 * struct vcpu - one virtual CPU
 * @regs:	the guest's registers; the entry code pushes them here, so it is first
 * @info:	the vcpu_info page's part the guest sees (shared_info or registered)
 * @info_page:	frame that VCPUOP_register_vcpu_info pinned, or NULL
 * @cpu:	where it runs or ran last, sched_lock
 * @pause_flags: enum vcpu_pause bits, atomic
 * @running:	its state is loaded on @cpu
 * @fast_exits,@fast_entries: the architecture's: from the guest's kernel to its user mode,
 *		and back, without asking C; anybody may clear them, the vcpu itself sets them
 * @poll_port:	> 0: SCHEDOP_poll waits for this one port, -1: for several, 0: no poll;
 *		may be an old one while it runs
 * @single:	VCPUOP_set_singleshot_timer / set_timer_op
 * @periodic:	VCPUOP_set_periodic_timer
 * @runstate:	times in each RUNSTATE_*; @runstate_guest is where the guest wants it
 */
struct vcpu {
	struct regs regs;

	struct domain *domain;
	u32 id;
	struct cpu *cpu;
	struct vcpu_info *info;
	struct page *info_page;		/* domain lock */
	u32 pause_flags;
	bool running, is_idle;
	bool nmi_pending, fast_exits;	/* side by side */
	bool fast_entries;
	s32 poll_port;
	bool initialised, initialising;	/* atomic: once; VCPUOP_initialise is at it */
	u64 hard_affinity, soft_affinity; /* sched_lock: bitmaps of CPUs, as asked for */

	struct timer single, periodic, poll;
	u64 period;			/* ns, 0: off */

	struct vcpu_runstate_info runstate;
	gva_t runstate_guest, time_guest; /* VCPUOP_register_{runstate,vcpu_time}_memory_area */

	/* sched_lock; run time in ns, scaled by 256 / weight */
	struct {
		struct list link;	/* in the queue, when it waits */
		u64 vruntime;
		u64 cpus;		/* where it may run: hard affinity within the pool */
		u64 prefers;		/* of these, if some are better than others, or 0 */
		u64 saved_affinity;	/* what SCHEDOP_pin_override replaced, 0: nothing */
	} sched;
	struct arch_vcpu arch;
};

/* What the fast ways rely on is about to change. */
static inline void vcpu_forget_fast(struct vcpu *v) { v->fast_exits = v->fast_entries = false; }

/**
 * struct domain - a virtual machine
 * @id:		domid_t; the core's own pseudo-domains have DOMID_IO, DOMID_XEN, DOMID_IDLE
 * @privileged:	may control other domains and the platform (dom0)
 * @refs:	atomic; the domain list holds one, the structure goes with the last
 * @lock:	the slow state: vcpus going down, info registration, watchdogs
 * @pause_lock:	shutting down and pausing; innermost but the scheduler's
 * @page_lock:	page lists, tot_pages
 * @page_list:	frames that are allocated to it, or PAGE_NIL
 * @loose_list:	frames it gave back while they were still in use
 * @tool_pauses: how many of the pauses are the tools', XEN_DOMCTL_pausedomain; domctl
 * @destroyed:	how many steps of domain_destroy() are done; domctl
 * @pt_lock:	every change to the domain's page tables and their validation
 */
struct domain {
	domid_t id;
	bool privileged;
	u32 refs;
	struct spinlock lock;
	xen_domain_handle_t handle;
	bool xs_domain;			/* its maker called it one: reported, no more */

	struct vcpu *vcpu[MAX_VCPUS];
	u32 max_vcpus;

	struct spinlock page_lock;
	u32 page_list, loose_list;	/* page_lock */
	u32 tot_pages, max_pages;	/* page_lock */
	u32 claimed;			/* free frames kept for it; page_alloc.c's lock */

	struct shared_info *shared;

	struct spinlock pt_lock;

	bool dying;
	struct spinlock pause_lock;
	bool is_shut_down;		/* pause_lock */
	u8 shutdown_code;		/* pause_lock: SHUTDOWN_* or SHUTDOWN_NONE */
	char crash_reason[80];		/* pause_lock */
	u32 pause_count;		/* pause_lock */
	u32 tool_pauses, destroyed;

	struct timer watchdog[NR_WATCHDOGS];
	u32 watchdogs_used;		/* lock: bitmap */

	u64 vm_assist;			/* atomic: VMASST_TYPE_* bits, VM_NO_USER_YET */
	s64 time_offset;		/* seconds the guest's wall clock is ahead */

	struct evtchn_domain *evtchn;
	struct grant_table *grants;
	/* sched_lock; @budget: with a cap, ns left in this period, below 0 it is a debt */
	struct {
		u32 weight, cap;	/* cap: per cent of one CPU, 0: none */
		u32 dice;		/* says which vcpu goes first in this period */
		s64 budget;
		struct timer refill;	/* starts the next period */
		struct cpupool *pool;
		u64 nodes;		/* NUMA nodes that tools asked for; the core has one */
	} sched;
	struct arch_domain arch;

	struct list all;		/* domain_list_lock */
	struct domain *next_dead;	/* dead_lock */
};

extern struct list domain_list;
extern struct spinlock domain_list_lock;
/*
 * The pseudo-domains own: dom_io memory-mapped I/O frames, dom_xen the core's
 * frames that guests may see, dom_idle the idle vcpus.
 */
extern struct domain *dom0, *dom_io, *dom_xen, *dom_idle;

/* What a vcpu without registered vcpu_info beyond the shared page's 32 has. */
extern struct vcpu_info domain_dummy_info;

/**
 * domain_init() - the pseudo-domains; once, when the page allocator works.
 * Halts when memory is short: nothing can run then.
 */
void domain_init(void);

/**
 * domain_create() - an empty domain, paused, with @max_vcpus vcpus that are down.
 * Return: the domain, or NULL when memory is short.
 */
struct domain *domain_create(domid_t id, bool privileged, u32 max_vcpus);
/** domain_publish() - put @d, which is complete, on the list of domains. */
void domain_publish(struct domain *d);

/** domain_get_by_id() - with a reference; DOMID_SELF is the caller. NULL: none. */
struct domain *domain_get_by_id(domid_t id);
static inline void domain_get(struct domain *d)
{
	__atomic_fetch_add(&d->refs, 1, __ATOMIC_RELAXED);
}

void domain_end_refs(struct domain *d);
/** domain_put() - drop a reference; with the last one the domain is gone soon. */
static inline void domain_put(struct domain *d)
{
	if (unlikely(!__atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL)))
		domain_end_refs(d);
}
/** domain_get_next() - the same, for the lowest number that is not below @id. */
struct domain *domain_get_next(domid_t id);

/**
 * domain_get_target() - the domain that an operation names, with a reference.
 * Return: 0, -ESRCH, or -EPERM when it is not the caller's to touch.
 */
static inline int domain_get_target(domid_t id, struct domain **d)
{
	*d = domain_get_by_id(id);
	if (!*d)
		return -ESRCH;
	if (*d == current->domain || current->domain->privileged)
		return 0;
	domain_put(*d);
	return -EPERM;
}

/** domain_crash() - @d is beyond saving: stop it, tell dom0 and the log why. */
void domain_crash(struct domain *d, const char *fmt, ...) __printf(2, 3);
/** domain_shutdown() - the guest asked (SHUTDOWN_*); dom0's ends the machine. */
void domain_shutdown(struct domain *d, u8 reason);
void domain_pause(struct domain *d);
void domain_unpause(struct domain *d);
/** domain_resume() - it is not shut down any more. */
void domain_resume(struct domain *d);

struct vcpu *vcpu_create(struct domain *d, u32 id);
/** vcpu_lookup() - vcpu @id of @d or NULL; @id is hostile. */
static inline struct vcpu *vcpu_lookup(const struct domain *d, u32 id)
{
	return id < d->max_vcpus ? d->vcpu[id] : NULL;
}
#define for_each_vcpu(d, v) \
	for (u32 _i = 0; _i < (d)->max_vcpus; _i++) \
		for (struct vcpu *v = (d)->vcpu[_i]; v; v = NULL)

/** domain_dump() - the 'q' debug key. */
void domain_dump(void);

/** time_fill_wallclock() - into @d's shared_info. */
void time_fill_wallclock(struct domain *d);

/* What the architecture does for a domain or vcpu. */
int arch_vcpu_create(struct vcpu *v);
void arch_vcpu_destroy(struct vcpu *v);
/** arch_domain_free() - what @d has of the architecture; nobody refers to it any more. */
void arch_domain_free(struct domain *d);
/** arch_domain_forget() - no CPU keeps state of @d, which runs nowhere, or walks its tables */
void arch_domain_forget(struct domain *d);
int arch_vcpu_initialise(struct vcpu *v, gva_t context);	/* VCPUOP_initialise */
void arch_vcpu_dump(const struct vcpu *v);

#endif
