/* SPDX-License-Identifier: GPL-2.0-only */
/* The disks that dom0's kernel offers to domains, and their sizes. */
#ifndef XENLITE_DISKS_H
#define XENLITE_DISKS_H

#include <linux/types.h>

struct netlink_callback;
struct sk_buff;
struct xenbus_watch;

/**
 * struct disk - one that blkback has connected
 * @domid: whose it is
 * @vdev: its number there (xen-vbd-interface(7))
 * @sectors: its size in units of 512 bytes, as its guest has been told
 */
struct disk {
	u16 domid;
	u32 vdev;
	u64 sectors;
};

/* What disks_changed() is to be told of: blkback's part of dom0's store. */
#define DISKS_NODE	"backend/vbd"

/** disks_changed() - xenbus's watch: look at what @path is about and tell what changed. */
void disks_changed(struct xenbus_watch *watch, const char *path, const char *token);

/** disks_concerned() - xenbus's filter of events: is @path one that disks_changed() looks at? */
bool disks_concerned(struct xenbus_watch *watch, const char *path, const char *token);

/** disks_forget() - free what is known. No watch is left. */
void disks_forget(void);

/** disks_dump() - netlink's dump operation. */
int disks_dump(struct sk_buff *skb, struct netlink_callback *cb);

#endif /* XENLITE_DISKS_H */
