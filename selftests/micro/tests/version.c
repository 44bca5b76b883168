// SPDX-License-Identifier: GPL-2.0-only
/* xen_version: what the core says of itself (version.h, features.h). */
#include "micro.h"

/*
 * XENVER_version is 4.17 and takes no argument; XENVER_pagesize is 4096;
 * unknown sub-operations answer -ENOSYS.
 */
MICRO_TEST(version_numbers)
{
	long version = hc_xen_version(XENVER_version, NULL);

	micro_report("version=%ld.%ld", version >> 16, version & 0xffff);
	micro_report("version_bad_pointer=%lx",
		     hc_xen_version(XENVER_version, 1));
	micro_report("pagesize=%ld", hc_xen_version(XENVER_pagesize, NULL));
	micro_report("unknown_11=%ld", hc_xen_version(11, NULL));
	micro_report("unknown_minus1=%ld", hc_xen_version(-1, NULL));
	micro_check(version == 0x40011);
}

/* XENVER_get_features: submap 0 as a PV dom0 sees it, others empty. */
MICRO_TEST(version_features)
{
	struct xen_feature_info info;
	unsigned int i;
	long ret;

	for (i = 0; i < 3; i++) {
		info.submap_idx = i;
		info.submap = 0xdeadbeef;
		ret = hc_xen_version(XENVER_get_features, &info);
		/* vnode says which flags of memory_op a toolstack may use */
		micro_report("submap%u ret=%ld value=%x", i, ret, info.submap &
			     ~(1U << XENFEAT_memory_op_vnode_supported));
		if (!i) {
			micro_check(info.submap & (1U << XENFEAT_dom0));
			micro_check(!(info.submap &
				      (1U << XENFEAT_writable_page_tables)));
		}
	}
	info.submap_idx = ~0U;
	micro_report("submap_max ret=%ld",
		     hc_xen_version(XENVER_get_features, &info));
	micro_report("bad_pointer=%ld",
		     hc_xen_version(XENVER_get_features, NULL));
}

static unsigned int text_length(const char *text, size_t size)
{
	unsigned int n = 0;

	while (n < size && text[n])
		n++;
	return n;
}

/*
 * The texts: all present and terminated, of the size in the header; the
 * capability string is what toolstacks parse.
 */
MICRO_TEST(version_texts)
{
	static union {
		xen_extraversion_t extra;
		struct xen_compile_info compile;
		xen_capabilities_info_t capabilities;
		xen_changeset_info_t changeset;
		xen_commandline_t commandline;
		xen_platform_parameters_t platform;
		xen_domain_handle_t handle;
		char bytes[2048];
	} u;
	long ret;

	memset(&u, 0x5a, sizeof(u));
	ret = hc_xen_version(XENVER_extraversion, &u);
	micro_report("extraversion ret=%ld terminated=%d untouched=%d", ret,
		     text_length(u.extra, 16) < 16, u.bytes[16] == 0x5a);
	memset(&u, 0x5a, sizeof(u));
	ret = hc_xen_version(XENVER_compile_info, &u);
	micro_report("compile_info ret=%ld compiler=%d untouched=%d", ret,
		     text_length(u.compile.compiler, 64) > 0,
		     u.bytes[sizeof(u.compile)] == 0x5a);
	memset(&u, 0x5a, sizeof(u));
	ret = hc_xen_version(XENVER_capabilities, &u);
	/* what follows the PV word depends on the CPU and on the core */
	micro_report("capabilities ret=%ld untouched=%d pv=%d", ret,
		     u.bytes[1024] == 0x5a,
		     !strncmp(u.capabilities, "xen-3.0-x86_64 ", 15));
	micro_info("capabilities=\"%s\"", u.capabilities);
	memset(&u, 0x5a, sizeof(u));
	ret = hc_xen_version(XENVER_changeset, &u);
	micro_report("changeset ret=%ld terminated=%d untouched=%d", ret,
		     text_length(u.changeset, 64) < 64, u.bytes[64] == 0x5a);
	memset(&u, 0x5a, sizeof(u));
	ret = hc_xen_version(XENVER_commandline, &u);
	micro_report("commandline ret=%ld untouched=%d text=\"%s\"", ret,
		     u.bytes[1024] == 0x5a, u.commandline);
	ret = hc_xen_version(XENVER_platform_parameters, &u);
	micro_report("virt_start ret=%ld value=%lx", ret,
		     u.platform.virt_start);
	memset(&u, 0x5a, sizeof(u));
	ret = hc_xen_version(XENVER_guest_handle, &u);
	micro_report("guest_handle ret=%ld first=%x last=%x", ret,
		     (unsigned char)u.bytes[0], (unsigned char)u.bytes[15]);
	micro_check(u.bytes[16] == 0x5a);
}

/* XENVER_build_id: length without a buffer; too small a buffer is refused. */
MICRO_TEST(version_build_id)
{
	static struct {
		uint32_t len;
		unsigned char bytes[64];
	} id;
	long length = hc_xen_version(XENVER_build_id, NULL);
	long ret;

	micro_info("length=%ld", length);
	micro_report("length_valid=%d", length > 0 && length <= 64);
	id.len = 0;
	micro_report("len0=%ld", hc_xen_version(XENVER_build_id, &id));
	id.len = 1;
	micro_report("len1=%ld", hc_xen_version(XENVER_build_id, &id));
	id.len = 64;
	ret = hc_xen_version(XENVER_build_id, &id);
	micro_report("whole=%d", ret == length);
}

/* Every sub-operation with an output refuses a bad pointer with -EFAULT. */
MICRO_TEST(version_bad_pointers)
{
	static const unsigned long bad[] = {
		0x1000, 0x7ffffffff000, 0x800000000000, 0xffff800000000000,
		0xffff87ffffffff00, 0xfffffffffffffff0,
	};
	static const int ops[] = {
		XENVER_extraversion, XENVER_compile_info, XENVER_capabilities,
		XENVER_changeset, XENVER_platform_parameters,
		XENVER_get_features, XENVER_guest_handle, XENVER_commandline,
	};
	unsigned int i, j;
	long ret;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		for (j = 0; j < ARRAY_SIZE(bad); j++) {
			ret = hc_xen_version(ops[i], bad[j]);
			if (ret != -XEN_EFAULT)
				micro_report("op%d pointer%u ret=%ld", ops[i],
					     j, ret);
			micro_check(ret == -XEN_EFAULT);
		}
	}
}
