/* SPDX-License-Identifier: GPL-2.0-only */
/* The netlink family: messages and who gets them. See xen/xenlite_genl.h. */
#ifndef XENLITE_GENL_H
#define XENLITE_GENL_H

#include <linux/netlink.h>
#include <xen/xenlite_genl.h>

struct domain;
struct disk;

int genl_init(void);
void genl_exit(void);

/* Tell all listeners; may sleep. What cannot be told they learn as ENOBUFS. */
void genl_notify_domain(enum xenlite_cmd cmd, const struct domain *d);
void genl_notify_disk(enum xenlite_cmd cmd, const struct disk *disk);

/* Something happened that cannot be told. */
void genl_lose_domain(void);
void genl_lose_disk(void);

/* One object of a dump. Return: 0, or -EMSGSIZE when @skb is full. */
int genl_dump_domain(struct sk_buff *skb, struct netlink_callback *cb, const struct domain *d);
int genl_dump_disk(struct sk_buff *skb, struct netlink_callback *cb, const struct disk *disk);

#endif /* XENLITE_GENL_H */
