/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The FIFO ABI of event channels: 131072 ports, 16 priorities.
 *
 *   control block (one a vcpu)     event array: a word a port
 *   ready: bit a queue
 *   head[0..15] ---------------->  | P M L B | link ---> next port in the queue
 *
 * Pending (P), masked (M), linked into a queue (L), busy (B). The core appends
 * at the tail, which only it knows; the guest takes from the head, clearing L
 * and the link in one step. A tail without L has been consumed, so the queue
 * is empty and the next event becomes a new head.
 *
 * All of that memory is the guest's and may hold anything at any time. The
 * core follows no link of it: it touches the words of the port it is asked for
 * and of its own tail, and tries a bounded number of times. A guest that
 * spoils its words loses events, its own ones.
 */
#include "hypercall.h"
#include "event_port.h"

/* Tries to write a link while the guest changes the word, and when to ask it not to. */
#define LINK_TRIES	8
#define LINK_TRIES_FREE	4

/*
 * Append @port behind the tail, whose word is @tail.
 * Return: false when the tail is not in the queue any more.
 */
static bool event_fifo_link_tail(event_word_t *tail, u32 port)
{
	int i;

	for (i = 0; i < LINK_TRIES; i++) {
		event_word_t w = READ_ONCE(*tail), new;

		if (!(w & EVENT_WORD_LINKED))
			break;
		/* While it is busy, a guest that plays by the rules does not unmask it. */
		if (i == LINK_TRIES_FREE)
			w = __atomic_or_fetch(tail, EVENT_WORD_BUSY, __ATOMIC_SEQ_CST);
		new = (w & ~(EVENT_WORD_BUSY | EVTCHN_FIFO_LINK_MASK)) | port;
		if (__atomic_compare_exchange_n(tail, &w, new, false, __ATOMIC_SEQ_CST,
						__ATOMIC_RELAXED))
			return true;
	}
	if (i > LINK_TRIES_FREE)
		__atomic_fetch_and(tail, ~EVENT_WORD_BUSY, __ATOMIC_SEQ_CST);
	return false;
}

/* Lock the queues of the vcpu that @e was linked to last. */
static struct evtchn_vcpu *event_fifo_lock_old(struct evtchn_domain *ed, const struct evtchn *e)
{
	for (;;) {
		u16 id = READ_ONCE(e->queue_vcpu);
		struct evtchn_vcpu *ev = &ed->vcpu[id];

		spin_lock(&ev->queue_lock);
		if (e->queue_vcpu == id)
			return ev;
		spin_unlock(&ev->queue_lock);
	}
}

/* The event is pending; queue it unless it is masked or queued already. */
static void event_fifo_link(struct domain *d, struct evtchn *e, u32 port, event_word_t *word)
{
	struct evtchn_domain *ed = d->evtchn;
	u16 vcpu = READ_ONCE(e->vcpu);
	u8 priority = READ_ONCE(e->priority);
	struct evtchn_vcpu *ev, *to = &ed->vcpu[vcpu];
	bool linked;

	if (!to->control || READ_ONCE(*word) & (EVENT_WORD_MASKED | EVENT_WORD_LINKED))
		return;

	ev = event_fifo_lock_old(ed, e);
	if (__atomic_fetch_or(word, EVENT_WORD_LINKED, __ATOMIC_SEQ_CST) & EVENT_WORD_LINKED) {
		spin_unlock(&ev->queue_lock);
		return;
	}
	/*
	 * It was consumed. As the tail of its old queue it must be forgotten,
	 * or that queue's next event would be linked into the new one.
	 */
	if (ev->tail[e->queue_priority] == port)
		ev->tail[e->queue_priority] = 0;
	if (ev != to) {
		WRITE_ONCE(e->queue_vcpu, vcpu);
		spin_unlock(&ev->queue_lock);
		spin_lock(&to->queue_lock);
	}
	e->queue_priority = priority;
	linked = to->tail[priority] &&
		 event_fifo_link_tail(event_fifo_word(d, to->tail[priority]), port);
	if (!linked)
		WRITE_ONCE(to->control->head[priority], port);
	to->tail[priority] = port;
	spin_unlock(&to->queue_lock);

	/* The atomic operation orders the new head before the ready bit. */
	if (!linked && !(__atomic_fetch_or(&to->control->ready, 1u << priority,
					   __ATOMIC_SEQ_CST) & 1u << priority))
		event_notify(d->vcpu[vcpu]);
}

void event_fifo_set_pending(struct domain *d, struct evtchn *e, u32 port)
{
	event_word_t *word = event_fifo_find(d, port);

	if (unlikely(!word)) {
		/* Then look again: event_fifo_expand_array() looks after adding the page. */
		__atomic_store_n(&e->pending, true, __ATOMIC_SEQ_CST);
		word = event_fifo_find(d, port);
		if (!word || !__atomic_exchange_n(&e->pending, false, __ATOMIC_SEQ_CST))
			return;
	}
	/* The bit before the look at M and L: the guest clears those, then looks at P. */
	__atomic_fetch_or(word, EVENT_WORD_PENDING, __ATOMIC_SEQ_CST);
	event_fifo_link(d, e, port, word);
}

void event_fifo_unmask(struct domain *d, struct evtchn *e, u32 port)
{
	event_word_t *word = event_fifo_word(d, port);

	if (__atomic_and_fetch(word, ~EVENT_WORD_MASKED, __ATOMIC_SEQ_CST) & EVENT_WORD_PENDING)
		event_fifo_link(d, e, port, word);
}

/* Leave the 2-level ABI. What is pending there is kept for the words to come. */
static void event_fifo_enter(struct domain *d)
{
	struct evtchn *e;

	for (u32 port = 0; port < EVTCHN_2L_NR_CHANNELS && (e = event_lookup(d, port)); port++)
		e->pending = event_is_pending(d, e, port);
	__atomic_store_n(&d->evtchn->fifo, true, __ATOMIC_RELEASE);
}

int event_fifo_init_control(struct domain *d, struct evtchn_init_control *op)
{
	struct vcpu *v = vcpu_lookup(d, op->vcpu);
	struct evtchn_vcpu *ev;
	struct page *page;

	op->link_bits = EVTCHN_FIFO_LINK_BITS;
	if (!v)
		return -ENOENT;
	if (op->offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) || op->offset % 8)
		return -EINVAL;
	ev = event_vcpu(v);
	if (ev->control)
		return -EINVAL;
	page = arch_get_guest_page_writable(d, op->control_gfn);
	if (!page)
		return -EINVAL;

	if (!d->evtchn->fifo)
		event_fifo_enter(d);
	/* Release: a sender that sees it may use the queues. */
	__atomic_store_n(&ev->control, (void *)((u8 *)page_to_virt(page) + op->offset),
			 __ATOMIC_RELEASE);
	return 0;
}

int event_fifo_expand_array(struct domain *d, u64 gfn)
{
	struct evtchn_domain *ed = d->evtchn;
	u32 first = ed->nr_array_pages * EVENT_WORDS_PER_PAGE;
	struct page *page;

	if (!ed->fifo)
		return -EOPNOTSUPP;
	if (ed->nr_array_pages == EVENT_NR_ARRAY_PAGES)
		return -ENOSPC;
	page = arch_get_guest_page_writable(d, gfn);
	if (!page)
		return -EINVAL;
	__atomic_store_n(&ed->fifo_array[ed->nr_array_pages++], page_to_virt(page),
			 __ATOMIC_SEQ_CST);

	/* What became pending before it had a word. */
	for (u32 port = first; port < first + EVENT_WORDS_PER_PAGE; port++) {
		struct evtchn *e = event_lookup(d, port);

		if (!e)
			break;
		if (__atomic_exchange_n(&e->pending, false, __ATOMIC_SEQ_CST))
			event_fifo_set_pending(d, e, port);
	}
	return 0;
}

void event_fifo_destroy(struct domain *d)
{
	struct evtchn_domain *ed = d->evtchn;

	for (u32 i = 0; i < d->max_vcpus; i++) {
		struct evtchn_vcpu *ev = &ed->vcpu[i];

		if (ev->control)
			arch_put_guest_page_writable(virt_to_page(ev->control));
		ev->control = NULL;
		memset(ev->tail, 0, sizeof(ev->tail));
	}
	while (ed->nr_array_pages) {
		event_word_t **words = &ed->fifo_array[--ed->nr_array_pages];

		arch_put_guest_page_writable(virt_to_page(*words));
		*words = NULL;
	}
	ed->fifo = false;
}
