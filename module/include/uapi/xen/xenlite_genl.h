/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What dom0's kernel tells about guests: a generic netlink family.
 *
 *	xenstored --watch--> xenlite.ko --multicast "lifecycle"--> who listens
 *	blkback --xenstore--/            \-multicast "disk"------/
 *
 * A listener joins a group (CAP_SYS_ADMIN) and then asks once for what there is
 * with a dump (CAP_NET_ADMIN); it asks again when a receive ends with ENOBUFS,
 * which says that notifications were lost. A notification is one message, whose
 * command says what happened; its attributes say to what. What is not known
 * here, commands and attributes, is to be passed over: more will come.
 *
 * Notifications tell what is seen when xenstored says that something changed, so
 * states that follow each other quickly may be told as one. xenstored does not say
 * that a domain goes on which was shut down to be saved: that is told within a second.
 */
#ifndef _UAPI_XEN_XENLITE_GENL_H
#define _UAPI_XEN_XENLITE_GENL_H

#define XENLITE_GENL_NAME	"xenlite"
#define XENLITE_GENL_VERSION	1

#define XENLITE_GENL_LIFECYCLE	"lifecycle"
#define XENLITE_GENL_DISK	"disk"

/**
 * enum xenlite_cmd - what a message says, or asks for
 * @XENLITE_CMD_DOMAIN_GET: dump: each domain but dom0, in the order of their IDs.
 *	DOMID, UUID and, if it is shut down, SHUTDOWN.
 * @XENLITE_CMD_DOMAIN_CREATED: "lifecycle": there is a new domain. DOMID, UUID.
 * @XENLITE_CMD_DOMAIN_SHUTDOWN: "lifecycle": one ended, or crashed, by itself or
 *	because it was told to. DOMID, UUID, SHUTDOWN.
 * @XENLITE_CMD_DOMAIN_RESUMED: "lifecycle": one that was shut down to be saved goes
 *	on. DOMID, UUID.
 * @XENLITE_CMD_DOMAIN_DESTROYED: "lifecycle": one is gone. DOMID, UUID and, if it was
 *	shut down before, SHUTDOWN. A domain that gets another UUID is told as one that is
 *	gone and another one that is created.
 * @XENLITE_CMD_DISK_GET: dump: each disk that dom0's kernel (blkback) offers to a
 *	domain. DOMID, VDEV, SECTORS.
 * @XENLITE_CMD_DISK_ADDED: "disk": one is there. DOMID, VDEV, SECTORS.
 * @XENLITE_CMD_DISK_RESIZED: "disk": one has another size, and its guest has been
 *	told. DOMID, VDEV, SECTORS.
 * @XENLITE_CMD_DISK_REMOVED: "disk": one is gone. DOMID, VDEV.
 */
enum xenlite_cmd {
	XENLITE_CMD_UNSPEC,
	XENLITE_CMD_DOMAIN_GET,
	XENLITE_CMD_DOMAIN_CREATED,
	XENLITE_CMD_DOMAIN_SHUTDOWN,
	XENLITE_CMD_DOMAIN_RESUMED,
	XENLITE_CMD_DOMAIN_DESTROYED,
	XENLITE_CMD_DISK_GET,
	XENLITE_CMD_DISK_ADDED,
	XENLITE_CMD_DISK_RESIZED,
	XENLITE_CMD_DISK_REMOVED,
	/* private: */
	__XENLITE_CMD_AFTER_LAST,
	XENLITE_CMD_MAX = __XENLITE_CMD_AFTER_LAST - 1
};

/**
 * enum xenlite_attr - what a message is about
 * @XENLITE_A_PAD: nothing: aligns what follows
 * @XENLITE_A_DOMID: u16: the domain's ID, as in `xl list`
 * @XENLITE_A_UUID: 16 bytes, first byte first: the domain's handle
 * @XENLITE_A_SHUTDOWN: u8: why it is shut down (SHUTDOWN_* of xen/sched.h)
 * @XENLITE_A_VDEV: u32: the disk's number (xen-vbd-interface(7); xvda is 51712)
 * @XENLITE_A_SECTORS: u64: its size in units of 512 bytes
 */
enum xenlite_attr {
	XENLITE_A_UNSPEC,
	XENLITE_A_PAD,
	XENLITE_A_DOMID,
	XENLITE_A_UUID,
	XENLITE_A_SHUTDOWN,
	XENLITE_A_VDEV,
	XENLITE_A_SECTORS,
	/* private: */
	__XENLITE_A_AFTER_LAST,
	XENLITE_A_MAX = __XENLITE_A_AFTER_LAST - 1
};

#endif /* _UAPI_XEN_XENLITE_GENL_H */
