/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ports of event channels, as event.c and the two guest ABIs see them.
 *
 *   evtchn_domain --> bucket[] --> 128 ports a page, allocated when needed
 *                 \-> fifo_array[]: the guest's event words (FIFO ABI)
 *                 \-> vcpu[]: VIRQ ports, FIFO queues
 *
 * Locks, in this order: event_pairs, evtchn_domain.lock of one domain,
 * evtchn.lock of one port, evtchn_vcpu.queue_lock of one vcpu.
 * A port opens and closes under its domain's and its own lock, and becomes one
 * end of a pair, or stops being that, under event_pairs and its own; so two ends
 * change together with no need of the other domain's lock. Who holds the lock of
 * an interdomain port knows that the other end stays: it cannot be closed without
 * changing this end.
 */
#ifndef XENLITE_EVENT_PORT_H
#define XENLITE_EVENT_PORT_H

#include "event.h"

#include <xen/event_channel.h>

#define EVENT_PORTS_PER_BUCKET	(PAGE_SIZE / sizeof(struct evtchn))
#define EVENT_NR_BUCKETS	(EVTCHN_FIFO_NR_CHANNELS / EVENT_PORTS_PER_BUCKET)
#define EVENT_WORDS_PER_PAGE	(PAGE_SIZE / sizeof(event_word_t))
#define EVENT_NR_ARRAY_PAGES	(EVTCHN_FIFO_NR_CHANNELS / EVENT_WORDS_PER_PAGE)

/**
 * struct evtchn - one port
 * @state:	EVTCHNSTAT_*
 * @priority:	FIFO: of the queue it goes to
 * @pending:	FIFO: it is pending, but the guest has not given its word yet
 * @vcpu:	who is notified
 * @queue_vcpu,@queue_priority: FIFO: queue it was linked to last; under the
 *		queue_lock of @queue_vcpu
 * @remote,@remote_port: interdomain: the other end
 * @remote_id:	unbound: who may bind
 * @irq:	the VIRQ or pirq
 */
struct evtchn {
	struct spinlock lock;
	u8 state, priority, queue_priority;
	bool pending;
	u16 vcpu, queue_vcpu;
	u32 remote_port;
	union {
		struct domain *remote;
		u32 remote_id;
		u32 irq;
	};
} __aligned(32);
static_assert(sizeof(struct evtchn) == 32, "128 ports a page");

/**
 * struct evtchn_vcpu - a vcpu's part
 * @virq_port:	port of each bound VIRQ, or 0; global ones are at vcpu 0
 * @control:	FIFO: the guest's control block, or NULL
 * @tail:	FIFO: last port linked to each queue, 0: known to be empty
 */
struct evtchn_vcpu {
	u32 virq_port[NR_VIRQS];
	struct spinlock queue_lock;
	struct evtchn_fifo_control_block *control;
	u32 tail[EVTCHN_FIFO_MAX_QUEUES];
};

/**
 * struct evtchn_domain - a domain's event channels; fields under @lock
 * @fifo:	the guest uses the FIFO ABI
 * @first_free:	no port below it is free
 * @reset_next:	where event_close_all() goes on after a preemption
 * @max_ports:	limit set by the domain's administrator
 */
struct evtchn_domain {
	struct spinlock lock;
	bool fifo;
	u32 nr_open, first_free, reset_next, max_ports, nr_array_pages;
	event_word_t *fifo_array[EVENT_NR_ARRAY_PAGES];
	struct evtchn *bucket[EVENT_NR_BUCKETS];
	struct evtchn_vcpu vcpu[];
};
#define EVENT_DOMAIN_SIZE(d) (sizeof(*(d)->evtchn) + (d)->max_vcpus * sizeof(struct evtchn_vcpu))

static inline struct evtchn_vcpu *event_vcpu(const struct vcpu *v)
{
	return &v->domain->evtchn->vcpu[v->id];
}

/** event_lookup() - port @port of @d, or NULL when there never was one; @port is hostile. */
static inline struct evtchn *event_lookup(const struct domain *d, u32 port)
{
	struct evtchn *bucket;

	if (port >= EVTCHN_FIFO_NR_CHANNELS)
		return NULL;
	bucket = __atomic_load_n(&d->evtchn->bucket[port / EVENT_PORTS_PER_BUCKET],
				 __ATOMIC_ACQUIRE);
	return bucket ? bucket + port % EVENT_PORTS_PER_BUCKET : NULL;
}

/** event_virq_is_global() - there is one of the domain, not one of each vcpu. */
static inline bool event_virq_is_global(u32 virq)
{
	return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF &&
	       virq != VIRQ_XENPMU;
}

/** event_no_word - is read and cleared for a port whose word the guest has not given; 0 */
extern event_word_t event_no_word;

/** event_fifo_find() - the guest's word of @port, FIFO ABI, or NULL. */
static inline event_word_t *event_fifo_find(const struct domain *d, u32 port)
{
	event_word_t *page = __atomic_load_n(&d->evtchn->fifo_array[port / EVENT_WORDS_PER_PAGE],
					     __ATOMIC_SEQ_CST);

	return page ? page + port % EVENT_WORDS_PER_PAGE : NULL;
}

/** event_fifo_word() - the same, or &event_no_word. */
static inline event_word_t *event_fifo_word(const struct domain *d, u32 port)
{
	return event_fifo_find(d, port) ?: &event_no_word;
}

#define EVENT_WORD_PENDING	(1u << EVTCHN_FIFO_PENDING)
#define EVENT_WORD_MASKED	(1u << EVTCHN_FIFO_MASKED)
#define EVENT_WORD_LINKED	(1u << EVTCHN_FIFO_LINKED)
#define EVENT_WORD_BUSY		(1u << EVTCHN_FIFO_BUSY)

/* Held to bind two ends to each other, and to part them. */
extern struct spinlock event_pairs;

/**
 * event_open() - find a free port of @d and open it in @state, notifying @vcpu
 * @what:	the irq or remote_id it is for
 *
 * Domain's event lock held. Return: 0, -ENOSPC, -ENOMEM, or -EINVAL: @d is dying.
 */
int event_open(struct domain *d, u8 state, u16 vcpu, u32 what, u32 *port);
/** event_release() - free a port that is bound to nothing any more. Lock as above. */
void event_release(struct domain *d, u32 port);
/** event_close() - unbind and free. No lock held. Return: 0, or -EINVAL: not open. */
int event_close(struct domain *d, u32 port);
/** event_close_all() - all ports of @d. No lock held. Return: 0, or -ERESTART: again. */
int event_close_all(struct domain *d);
/** event_set_pending() - the port is open; its lock or that of its other end is held. */
void event_set_pending(struct domain *d, struct evtchn *e, u32 port);
/** event_is_pending() - false when closed. The port's or the domain's lock is held. */
bool event_is_pending(const struct domain *d, const struct evtchn *e, u32 port);
/** event_notify() - @v has something to look at: set its upcall flag, wake it. */
void event_notify(struct vcpu *v);

/*
 * The FIFO ABI. Called with the port open and its lock held, or with the
 * lock of the other end; the guest changes its side at any time.
 */
void event_fifo_set_pending(struct domain *d, struct evtchn *e, u32 port);
void event_fifo_unmask(struct domain *d, struct evtchn *e, u32 port);

/* EVTCHNOP_init_control, _expand_array; under the domain's event lock. */
int event_fifo_init_control(struct domain *d, struct evtchn_init_control *op);
int event_fifo_expand_array(struct domain *d, u64 gfn);
/* Back to the 2-level ABI, all ports being closed; under the domain's event lock. */
void event_fifo_destroy(struct domain *d);

#endif
