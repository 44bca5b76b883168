// SPDX-License-Identifier: GPL-2.0-only
/*
 * Xenlite's module for dom0: tells userspace what becomes of guests and their disks.
 *
 *	genl.c		the netlink family "xenlite" (xen/xenlite_genl.h)
 *	domains.c	which domains there are
 *	disks.c		which disks they have from dom0's kernel
 *
 * It needs xenstored, which may be started later, and works on Xen as on Xenlite.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <xen/xen.h>
#include <xen/xenbus.h>

#include "disks.h"
#include "domains.h"
#include "genl.h"

#define WATCH(path, what) { \
	.node = path, .will_handle = what##_concerned, .callback = what##_changed }

static struct xenbus_watch watches[] = {
	WATCH("@introduceDomain", domains),
	WATCH("@releaseDomain", domains),
	WATCH(DISKS_NODE, disks),
};

static unsigned int watching;	/* the first of them: set by store_ready(), once */
static int watch_error;		/* why not all */

/* xenstored answers. Each watch is told at once that everything may have changed. */
static int store_ready(struct notifier_block *notifier, unsigned long event, void *data)
{
	while (watching < ARRAY_SIZE(watches) && !watch_error) {
		watch_error = register_xenbus_watch(&watches[watching]);
		if (!watch_error)
			watching++;
		else
			pr_err("cannot watch %s: %d\n", watches[watching].node, watch_error);
	}
	return NOTIFY_DONE;
}

static struct notifier_block store_notifier = { .notifier_call = store_ready };

static void stop(void)
{
	unregister_xenstore_notifier(&store_notifier);
	while (watching)
		unregister_xenbus_watch(&watches[--watching]);
	genl_exit();
	disks_forget();
	domains_forget();
}

static int __init xenlite_init(void)
{
	int err;

	if (!xen_initial_domain())
		return -ENODEV;
	err = domains_check();
	if (!err)
		err = genl_init();
	if (err)
		return err;
	register_xenstore_notifier(&store_notifier);
	if (watch_error)
		stop();
	return watch_error;
}

static void __exit xenlite_exit(void)
{
	stop();
}

module_init(xenlite_init);
module_exit(xenlite_exit);
MODULE_DESCRIPTION("Xenlite: notifications about guests and their disks");
MODULE_LICENSE("GPL");
