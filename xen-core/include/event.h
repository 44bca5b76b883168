/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels: the one kind of notification a guest gets.
 *
 *   send -> port (state, mask) -> pending bit or FIFO word -> vcpu upcall
 */
#ifndef XENLITE_EVENT_H
#define XENLITE_EVENT_H

#include "domain.h"

int event_init_domain(struct domain *d);
/**
 * event_reset() - close all ports of @d, let go of its frames; it is dying or asked for it.
 * Return: 0, or -ERESTART: call again.
 */
int event_reset(struct domain *d);
/** event_free_domain() - the last reference on @d is gone. */
void event_free_domain(struct domain *d);

/** event_send_virq() - raise a per-vcpu VIRQ (VIRQ_TIMER, VIRQ_DEBUG...). */
void event_send_virq(struct vcpu *v, u32 virq);
/** event_send_global_virq() - raise a global VIRQ (VIRQ_CONSOLE...) at its handler: dom0 */
void event_send_global_virq(u32 virq);
/** event_set_virq_handler() - or @d, which has vcpus, until it dies. Return: 0 or -EINVAL. */
int event_set_virq_handler(struct domain *d, u32 virq);
/** event_clear_virq_handlers() - @d, which is dying, is none any more. */
void event_clear_virq_handlers(const struct domain *d);
/** event_send_pirq() - the interrupt bound to @port fired. */
void event_send_pirq(struct domain *d, u32 port);
/**
 * event_port_pending() - is @port of @v's domain pending? For SCHEDOP_poll;
 * @port is hostile. A poller sets v->poll_port before it asks: an event that
 * comes after the answer finds the poller and calls vcpu_kick().
 * Return: 1, 0, or -EINVAL when there never was such a port.
 */
int event_port_pending(struct vcpu *v, u32 port);
/**
 * event_info_moved() - @v->info points to another place now, which has the old
 * contents: have the guest look at everything, as a sender may still have
 * written to the old place. The old one must stay memory.
 */
void event_info_moved(struct vcpu *v);

/** do_event_channel_op() - EVTCHNOP_* (xen/event_channel.h) */
long do_event_channel_op(u32 cmd, gva_t arg);
/** event_unmask() - EVTCHNOP_unmask of @d's port. Return: 0 or -EINVAL. */
long event_unmask(struct domain *d, u32 port);
/* Old layout of hypercall 16: struct evtchn_op. */
long do_event_channel_op_compat(gva_t arg);

/*
 * Called by the event code, done by the scheduler and the architecture:
 * @v has evtchn_upcall_pending set; wake it, or make it look.
 */
void vcpu_kick(struct vcpu *v);

/*
 * pirqs are the architecture's (physdev); called under the domain's event lock.
 * bind: 0 or -errno. The event code never sees vectors.
 */
int arch_pirq_bind(struct domain *d, u32 pirq, u32 port, bool share, struct vcpu *v);
void arch_pirq_unbind(struct domain *d, u32 pirq);
void arch_pirq_set_vcpu(struct domain *d, u32 pirq, struct vcpu *v);

#endif
