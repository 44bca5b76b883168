/* SPDX-License-Identifier: GPL-2.0-only */
/* The domains that there are, and what becomes of them. */
#ifndef XENLITE_DOMAINS_H
#define XENLITE_DOMAINS_H

#include <linux/types.h>

struct sk_buff;
struct xenbus_watch;
struct netlink_callback;

/**
 * struct domain - one that was there when last looked at
 * @id: its number; Xen's tools use all others before they use it again
 * @uuid: its handle, first byte first
 * @is_shut_down: it has ended by itself, and waits to be destroyed or resumed
 * @reason: why (SHUTDOWN_* of xen/sched.h)
 * @look: the number of the last look that has seen it
 */
struct domain {
	u16 id;
	u8 uuid[16];
	bool is_shut_down;
	u8 reason;
	u32 look;
};

/**
 * domains_check() - does the hypervisor answer what domains_changed() asks?
 * Return: 0, or -EOPNOTSUPP, which has been logged with its reason.
 */
int domains_check(void);

/** domains_changed() - xenbus's watch: look at all domains but dom0 and tell what changed. */
void domains_changed(struct xenbus_watch *watch, const char *path, const char *token);

/** domains_concerned() - xenbus's filter of events: one look is enough for all that wait. */
bool domains_concerned(struct xenbus_watch *watch, const char *path, const char *token);

/** domains_forget() - free what is known. No watch is left. */
void domains_forget(void);

/** domains_dump() - netlink's dump operation. */
int domains_dump(struct sk_buff *skb, struct netlink_callback *cb);

#endif /* XENLITE_DOMAINS_H */
