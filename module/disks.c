// SPDX-License-Identifier: GPL-2.0-only
/*
 * The disks that dom0's kernel offers to domains, and their sizes.
 *
 * blkback looks at the size of what is behind a disk ten times a second, and writes
 * it to xenstore for the guest. This is where a disk that grew is first known, so
 * this is what is watched:
 *
 *	backend/vbd/DOMID/VDEV/sectors
 *
 * A watch says what was written below backend/vbd; a path that is shorter stands for
 * all below it. The store has the truth: whatever happened is looked up.
 */
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <xen/xenbus.h>

#include "disks.h"
#include "genl.h"

static DEFINE_XARRAY(disks);		/* by domain and number */
/*
 * To change disks and what is in it, and to dump it. Only xenbus's thread of watches
 * changes it, which may wait for xenstored when it does not hold this.
 */
static DEFINE_MUTEX(disks_lock);

static unsigned long key_of(u32 domid, u32 vdev)
{
	return (unsigned long)domid << 32 | vdev;
}

/* What the store has of one disk. Return: is it connected? */
static bool read_sectors(u32 domid, u32 vdev, u64 *sectors)
{
	char node[sizeof(DISKS_NODE) + 22];

	snprintf(node, sizeof(node), DISKS_NODE "/%u/%u", domid, vdev);
	return xenbus_scanf(XBT_NIL, node, "sectors", "%llu", sectors) == 1;
}

static void add(u32 domid, u32 vdev, u64 sectors)
{
	struct disk *disk = kzalloc(sizeof(*disk), GFP_KERNEL);

	if (disk)
		*disk = (struct disk) { domid, vdev, sectors };
	if (!disk || xa_err(xa_store(&disks, key_of(domid, vdev), disk, GFP_KERNEL))) {
		kfree(disk);
		genl_lose_disk();
		return;
	}
	genl_notify_disk(XENLITE_CMD_DISK_ADDED, disk);
}

static void drop(struct disk *disk)
{
	genl_notify_disk(XENLITE_CMD_DISK_REMOVED, disk);
	xa_erase(&disks, key_of(disk->domid, disk->vdev));
	kfree(disk);
}

static void look_at_disk(u32 domid, u32 vdev)
{
	u64 sectors;
	bool connected = read_sectors(domid, vdev, &sectors);
	struct disk *disk = xa_load(&disks, key_of(domid, vdev));

	mutex_lock(&disks_lock);
	if (!connected) {
		if (disk)
			drop(disk);
	} else if (!disk) {
		add(domid, vdev, sectors);
	} else if (disk->sectors != sectors) {
		disk->sectors = sectors;
		genl_notify_disk(XENLITE_CMD_DISK_RESIZED, disk);
	}
	mutex_unlock(&disks_lock);
}

/* Those that are known of the domains @first to @last. */
static void look_at_known(u32 first, u32 last)
{
	struct disk *disk;
	unsigned long key;

	xa_for_each_range(&disks, key, disk, key_of(first, 0), key_of(last, U32_MAX))
		look_at_disk(disk->domid, disk->vdev);
}

/* Call @look for each number that names an entry of the directory @node. */
static void each_number(const char *node, void (*look)(u32 domid, u32 number), u32 domid)
{
	unsigned int i, n;
	char **names = xenbus_directory(XBT_NIL, node, "", &n);
	u32 number;

	if (IS_ERR(names))
		return;
	for (i = 0; i < n; i++)
		if (!kstrtou32(names[i], 10, &number))
			look(domid, number);
	kfree(names);
}

static void look_at_stored(u32 unused, u32 domid)
{
	char node[sizeof(DISKS_NODE) + 11];

	snprintf(node, sizeof(node), DISKS_NODE "/%u", domid);
	each_number(node, look_at_disk, domid);
}

/* What a path is about. Return: how many of @domid, @vdev and @leaf it has. */
static int parse(const char *path, u16 *domid, u32 *vdev, char leaf[16])
{
	return sscanf(path, DISKS_NODE "/%hu/%u/%15s", domid, vdev, leaf);
}

bool disks_concerned(struct xenbus_watch *watch, const char *path, const char *token)
{
	char leaf[16];
	u16 domid;
	u32 vdev;

	return parse(path, &domid, &vdev, leaf) < 3 || !strcmp(leaf, "sectors");
}

void disks_changed(struct xenbus_watch *watch, const char *path, const char *token)
{
	char leaf[16];
	u16 domid;
	u32 vdev;
	int parts = parse(path, &domid, &vdev, leaf);

	if (parts >= 2) {
		look_at_disk(domid, vdev);
	} else if (parts == 1) {
		look_at_known(domid, domid);
	} else {
		look_at_known(0, U16_MAX);
		each_number(DISKS_NODE, look_at_stored, 0);
	}
}

int disks_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct disk *disk;
	unsigned long key;

	mutex_lock(&disks_lock);
	xa_for_each_start(&disks, key, disk, cb->args[0])
		if (genl_dump_disk(skb, cb, disk))
			break;
	cb->args[0] = disk ? key : ULONG_MAX;
	mutex_unlock(&disks_lock);
	return skb->len;
}

void disks_forget(void)
{
	struct disk *disk;
	unsigned long key;

	xa_for_each(&disks, key, disk)
		kfree(disk);
	xa_destroy(&disks);
}
