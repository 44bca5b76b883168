// SPDX-License-Identifier: GPL-2.0-only
/*
 * The netlink family: what the messages look like, and who may have them.
 *
 * There is a message for each object, in a notification as in a dump. Guests are
 * the host's business, so nobody without CAP_SYS_ADMIN joins a group, and the
 * family is in the first network namespace only. (Linux asks for the capability when
 * a process joins: who has joined the number before the group got it stays. The module
 * is to be loaded before there are processes that are not trusted.)
 */
#include <net/genetlink.h>

#include "disks.h"
#include "domains.h"
#include "genl.h"

enum group { GROUP_LIFECYCLE, GROUP_DISK };

static const struct genl_multicast_group groups[] = {
	[GROUP_LIFECYCLE] = { XENLITE_GENL_LIFECYCLE, GENL_MCAST_CAP_SYS_ADMIN },
	[GROUP_DISK] = { XENLITE_GENL_DISK, GENL_MCAST_CAP_SYS_ADMIN },
};

static const struct genl_small_ops ops[] = {
	{ .cmd = XENLITE_CMD_DOMAIN_GET, .flags = GENL_ADMIN_PERM, .dumpit = domains_dump },
	{ .cmd = XENLITE_CMD_DISK_GET, .flags = GENL_ADMIN_PERM, .dumpit = disks_dump },
};

static struct genl_family family __ro_after_init = {
	.name = XENLITE_GENL_NAME,
	.version = XENLITE_GENL_VERSION,
	.module = THIS_MODULE,
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	.small_ops = ops,
	.n_small_ops = ARRAY_SIZE(ops),
};

/* Which message, and in answer to whom (0: to nobody). */
struct header {
	u8 cmd;
	u32 portid;
	u32 seq;
	int flags;
};

/* Return: 0, or -EMSGSIZE and @skb is as it was. */
static int put_domain(struct sk_buff *skb, const struct header *h, const struct domain *d)
{
	void *head = genlmsg_put(skb, h->portid, h->seq, &family, h->flags, h->cmd);

	if (!head)
		return -EMSGSIZE;
	if (nla_put_u16(skb, XENLITE_A_DOMID, d->id) ||
	    nla_put(skb, XENLITE_A_UUID, sizeof(d->uuid), d->uuid) ||
	    (d->is_shut_down && nla_put_u8(skb, XENLITE_A_SHUTDOWN, d->reason))) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

/* The same. */
static int put_disk(struct sk_buff *skb, const struct header *h, const struct disk *disk)
{
	void *head = genlmsg_put(skb, h->portid, h->seq, &family, h->flags, h->cmd);

	if (!head)
		return -EMSGSIZE;
	if (nla_put_u16(skb, XENLITE_A_DOMID, disk->domid) ||
	    nla_put_u32(skb, XENLITE_A_VDEV, disk->vdev) ||
	    (h->cmd != XENLITE_CMD_DISK_REMOVED &&
	     nla_put_u64_64bit(skb, XENLITE_A_SECTORS, disk->sectors, XENLITE_A_PAD))) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

static void lose(enum group group)
{
	genl_set_err(&family, &init_net, 0, group, -ENOBUFS);
}

void genl_lose_domain(void)
{
	lose(GROUP_LIFECYCLE);
}

void genl_lose_disk(void)
{
	lose(GROUP_DISK);
}

static void multicast(struct sk_buff *skb, enum group group)
{
	if (skb)
		genlmsg_multicast(&family, skb, 0, group, GFP_KERNEL);
	else
		lose(group);
}

void genl_notify_domain(enum xenlite_cmd cmd, const struct domain *d)
{
	const struct header h = { .cmd = cmd };
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (skb && put_domain(skb, &h, d)) {
		nlmsg_free(skb);
		skb = NULL;
	}
	multicast(skb, GROUP_LIFECYCLE);
}

void genl_notify_disk(enum xenlite_cmd cmd, const struct disk *disk)
{
	const struct header h = { .cmd = cmd };
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (skb && put_disk(skb, &h, disk)) {
		nlmsg_free(skb);
		skb = NULL;
	}
	multicast(skb, GROUP_DISK);
}

static struct header answer(u8 cmd, const struct netlink_callback *cb)
{
	return (struct header) { cmd, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, NLM_F_MULTI };
}

int genl_dump_domain(struct sk_buff *skb, struct netlink_callback *cb, const struct domain *d)
{
	const struct header h = answer(XENLITE_CMD_DOMAIN_GET, cb);

	return put_domain(skb, &h, d);
}

int genl_dump_disk(struct sk_buff *skb, struct netlink_callback *cb, const struct disk *disk)
{
	const struct header h = answer(XENLITE_CMD_DISK_GET, cb);

	return put_disk(skb, &h, disk);
}

int genl_init(void)
{
	return genl_register_family(&family);
}

void genl_exit(void)
{
	genl_unregister_family(&family);
}
