// SPDX-License-Identifier: GPL-2.0-only
/*
 * The domains that there are, and what becomes of them.
 *
 * The hypervisor raises VIRQ_DOM_EXC when a domain ends. That can be bound once,
 * and xenstored has it; xenstored tells of it, and of new domains, by two special
 * watches that do not say which domain is meant. So at each the hypervisor is
 * asked for all domains, and what differs from the last time is told:
 *
 *	@introduceDomain, @releaseDomain --> list --compare--> notifications
 *
 * That a domain goes on which was shut down to be saved nobody says: while there is
 * one, the list is looked at each second.
 *
 * The list is asked for with XEN_SYSCTL_getdomaininfolist. Its layout is of
 * version 0x15 of that interface (Xen 4.17's xen/sysctl.h and xen/domctl.h).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <xen/xenbus.h>
#include <asm/xen/hypercall.h>

#include "domains.h"
#include "genl.h"

#define SYSCTL_VERSION		0x15
#define SYSCTL_GETDOMAININFOLIST	6

#define INFO_DYING		BIT(0)
#define INFO_SHUTDOWN		BIT(2)
#define INFO_REASON(flags)	((flags) >> 16 & 255)
#define REASON_SUSPEND		2	/* SHUTDOWN_suspend */

#define BATCH			32	/* of domains: less than a page */

/* struct xen_domctl_getdomaininfo */
struct info {
	u16 domain;
	u16 pad;
	u32 flags;
	u64 pages[6];
	u64 cpu_time;
	u32 vcpus;
	u32 max_vcpu_id;
	u32 ssidref;
	u8 handle[16];
	u32 cpupool;
	u64 address_bits;
	u64 arch_config;
};
static_assert(sizeof(struct info) == 112);
static_assert(offsetof(struct info, handle) == 76);

/* struct xen_sysctl */
struct sysctl {
	u32 cmd;
	u32 version;
	struct {
		u16 first_domain;
		u32 max_domains;
		u64 buffer;
		u32 num_domains;
	} list;
	u64 rest[13];
};
static_assert(sizeof(struct sysctl) == 136);

static DEFINE_XARRAY(domains);		/* by ID */
static DEFINE_MUTEX(domains_lock);	/* domains, what is in it, and looks */
static u32 looks;
static void look_again(struct work_struct *work);
static DECLARE_DELAYED_WORK(again, look_again);

/* Up to @max domains from the ID @first on. Return: how many, or -errno. */
static int list_domains(u16 first, struct info *buffer, u32 max)
{
	struct sysctl op = {
		.cmd = SYSCTL_GETDOMAININFOLIST,
		.version = SYSCTL_VERSION,
		.list = { .first_domain = first, .max_domains = max, .buffer = (u64)buffer },
	};
	int err = _hypercall1(int, sysctl, &op);

	return err ?: op.list.num_domains;
}

static struct domain *add(const struct info *info)
{
	struct domain *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return NULL;
	d->id = info->domain;
	memcpy(d->uuid, info->handle, sizeof(d->uuid));
	if (xa_err(xa_store(&domains, d->id, d, GFP_KERNEL))) {
		kfree(d);
		return NULL;
	}
	genl_notify_domain(XENLITE_CMD_DOMAIN_CREATED, d);
	return d;
}

static void drop(struct domain *d)
{
	genl_notify_domain(XENLITE_CMD_DOMAIN_DESTROYED, d);
	xa_erase(&domains, d->id);
	kfree(d);
}

/* The hypervisor has this one. Return: is it to be looked at again without a word? */
static bool update(const struct info *info)
{
	struct domain *d = xa_load(&domains, info->domain);
	bool is_shut_down = info->flags & INFO_SHUTDOWN;

	if (d && memcmp(d->uuid, info->handle, sizeof(d->uuid))) {
		drop(d);
		d = NULL;
	}
	if (!d)
		d = add(info);
	if (!d) {
		genl_lose_domain();
		return true;
	}
	d->look = looks;
	if (d->is_shut_down != is_shut_down) {
		d->is_shut_down = is_shut_down;
		d->reason = INFO_REASON(info->flags);
		genl_notify_domain(is_shut_down ? XENLITE_CMD_DOMAIN_SHUTDOWN :
						  XENLITE_CMD_DOMAIN_RESUMED, d);
	}
	return is_shut_down && d->reason == REASON_SUSPEND;
}

static void drop_unseen(void)
{
	struct domain *d;
	unsigned long id;

	xa_for_each(&domains, id, d)
		if (d->look != looks)
			drop(d);
}

/* Look at all domains but dom0, and tell what changed. */
static void look(void)
{
	struct info *batch = kmalloc_array(BATCH, sizeof(*batch), GFP_KERNEL);
	bool once_more = false;
	int n = -ENOMEM, i;
	u32 first = 1;

	mutex_lock(&domains_lock);
	looks++;
	while (batch) {
		n = list_domains(first, batch, BATCH);
		for (i = 0; i < n; i++)
			/* One that is dying is gone for all but those who hold its memory. */
			if (!(batch[i].flags & INFO_DYING))
				once_more |= update(&batch[i]);
		if (n < BATCH)
			break;
		first = batch[n - 1].domain + 1;
	}
	if (n >= 0)
		drop_unseen();
	mutex_unlock(&domains_lock);
	kfree(batch);
	if (n < 0)
		pr_warn_ratelimited("no list of domains: %d\n", n);
	if (n < 0 || once_more)
		schedule_delayed_work(&again, HZ);
}

static void look_again(struct work_struct *work)
{
	look();
}

void domains_changed(struct xenbus_watch *watch, const char *path, const char *token)
{
	look();
}

bool domains_concerned(struct xenbus_watch *watch, const char *path, const char *token)
{
	return !watch->nr_pending;
}

int domains_check(void)
{
	struct info info;
	int n = list_domains(0, &info, 1);

	if (n >= 0)
		return 0;
	pr_err("the hypervisor refuses version %#x of its list of domains: %d\n",
	       SYSCTL_VERSION, n);
	return -EOPNOTSUPP;
}

int domains_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct domain *d;
	unsigned long id;

	if (!cb->args[0])
		look();
	mutex_lock(&domains_lock);
	xa_for_each_start(&domains, id, d, cb->args[0])
		if (genl_dump_domain(skb, cb, d))
			break;
	cb->args[0] = d ? id : ULONG_MAX;
	mutex_unlock(&domains_lock);
	return skb->len;
}

void domains_forget(void)
{
	struct domain *d;
	unsigned long id;

	cancel_delayed_work_sync(&again);
	xa_for_each(&domains, id, d)
		kfree(d);
	xa_destroy(&domains);
}
