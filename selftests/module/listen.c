// SPDX-License-Identifier: GPL-2.0-only
/*
 * Listen to the module's notifications, with libnl: a line for each on stdout.
 *	listen [--dump]
 *
 * First what there is, as "domain" and "disk" lines, and a line "listening"; then what
 * happens (--dump: nothing more). Ends by a signal, or with status 1 and a reason.
 *	domain ID UUID [SHUTDOWN]	disk ID VDEV SECTORS
 *	created ID UUID			added ID VDEV SECTORS
 *	shutdown ID UUID SHUTDOWN	resized ID VDEV SECTORS
 *	resumed ID UUID			removed ID VDEV
 *	destroyed ID UUID [SHUTDOWN]
 */
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/xenlite_genl.h>

static const char *const names[XENLITE_CMD_MAX + 1] = {
	[XENLITE_CMD_DOMAIN_GET] = "domain",
	[XENLITE_CMD_DOMAIN_CREATED] = "created",
	[XENLITE_CMD_DOMAIN_SHUTDOWN] = "shutdown",
	[XENLITE_CMD_DOMAIN_RESUMED] = "resumed",
	[XENLITE_CMD_DOMAIN_DESTROYED] = "destroyed",
	[XENLITE_CMD_DISK_GET] = "disk",
	[XENLITE_CMD_DISK_ADDED] = "added",
	[XENLITE_CMD_DISK_RESIZED] = "resized",
	[XENLITE_CMD_DISK_REMOVED] = "removed",
};

static struct nla_policy policy[XENLITE_A_MAX + 1] = {
	[XENLITE_A_DOMID] = { .type = NLA_U16 },
	[XENLITE_A_UUID] = { .minlen = 16, .maxlen = 16 },
	[XENLITE_A_SHUTDOWN] = { .type = NLA_U8 },
	[XENLITE_A_VDEV] = { .type = NLA_U32 },
	[XENLITE_A_SECTORS] = { .type = NLA_U64 },
};

static void check(int err, const char *what)
{
	if (err >= 0)
		return;
	fprintf(stderr, "listen: %s: %s\n", what, nl_geterror(err));
	exit(1);
}

static int show(struct nl_msg *message, void *unused)
{
	struct nlattr *a[XENLITE_A_MAX + 1];
	struct nlmsghdr *header = nlmsg_hdr(message);
	unsigned int cmd = ((struct genlmsghdr *)nlmsg_data(header))->cmd;

	check(genlmsg_parse(header, 0, a, XENLITE_A_MAX, policy), "a message");
	if (cmd > XENLITE_CMD_MAX || !names[cmd])
		return NL_SKIP;		/* of a later version */
	if (!a[XENLITE_A_DOMID])
		check(-NLE_MISSING_ATTR, "a message");
	printf("%s %u", names[cmd], nla_get_u16(a[XENLITE_A_DOMID]));
	if (a[XENLITE_A_UUID]) {
		const unsigned char *uuid = nla_data(a[XENLITE_A_UUID]);

		for (int i = 0; i < 16; i++)
			printf(i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" :
			       i ? "%02x" : " %02x", uuid[i]);
	}
	if (a[XENLITE_A_SHUTDOWN])
		printf(" %u", nla_get_u8(a[XENLITE_A_SHUTDOWN]));
	if (a[XENLITE_A_VDEV])
		printf(" %u", nla_get_u32(a[XENLITE_A_VDEV]));
	if (a[XENLITE_A_SECTORS])
		printf(" %llu", (unsigned long long)nla_get_u64(a[XENLITE_A_SECTORS]));
	putchar('\n');
	fflush(stdout);
	return NL_OK;
}

/* A socket of its own, so that no notification comes between. */
static void dump(int family, int cmd)
{
	struct nl_sock *socket = nl_socket_alloc();

	check(genl_connect(socket), "cannot connect");
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, show, NULL);
	check(genl_send_simple(socket, family, cmd, XENLITE_GENL_VERSION, NLM_F_DUMP),
	      "cannot ask");
	check(nl_recvmsgs_default(socket), "no answer");
	nl_socket_free(socket);
}

/* All groups are looked up first: a socket that is in one may get something else. */
static void join(struct nl_sock *socket)
{
	int lifecycle = genl_ctrl_resolve_grp(socket, XENLITE_GENL_NAME, XENLITE_GENL_LIFECYCLE);
	int disk = genl_ctrl_resolve_grp(socket, XENLITE_GENL_NAME, XENLITE_GENL_DISK);

	check(lifecycle, XENLITE_GENL_LIFECYCLE);
	check(disk, XENLITE_GENL_DISK);
	check(nl_socket_add_memberships(socket, lifecycle, disk, 0), "cannot join");
}

int main(int argc, char **argv)
{
	struct nl_sock *socket = nl_socket_alloc();
	int family;

	check(genl_connect(socket), "cannot connect");
	family = genl_ctrl_resolve(socket, XENLITE_GENL_NAME);
	check(family, "no family " XENLITE_GENL_NAME " (is the module loaded?)");
	if (argc == 1)
		join(socket);
	dump(family, XENLITE_CMD_DOMAIN_GET);
	dump(family, XENLITE_CMD_DISK_GET);
	if (argc > 1)
		return 0;
	printf("listening\n");
	fflush(stdout);
	nl_socket_disable_seq_check(socket);
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, show, NULL);
	for (;;)
		check(nl_recvmsgs_default(socket), "notifications");
}
