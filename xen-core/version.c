// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest may know about the core, and the assists it can ask for.
 *
 * The version is that of the ABI, because tools choose by it what to speak;
 * the name of the core is in the changeset. A feature bit is only set for what
 * is really there.
 */
#include "hypercall.h"

#include <xen/version.h>

/*
 * Which assists a 64-bit PV guest may turn on. The segment and page-table ones
 * have no effect on it but are accepted, as by Xen.
 */
#define VMASST_VALID \
	(1ull << VMASST_TYPE_4gb_segments | 1ull << VMASST_TYPE_4gb_segments_notify | \
	 1ull << VMASST_TYPE_writable_pagetables | 1ull << VMASST_TYPE_pae_extended_cr3 | \
	 1ull << VMASST_TYPE_architectural_iopl | 1ull << VMASST_TYPE_runstate_update_flag | \
	 1ull << VMASST_TYPE_m2p_strict)

static xen_commandline_t version_commandline;

/* The ELF note of the linker's build ID, of which @id is the payload. */
extern const struct version_note {
	u32 name_len, len, type;
	char name[4];
	u8 id[];
} version_build_id __attribute__((weak));	/* not in a host build */

static const struct xen_compile_info version_compile_info = {
	.compiler = "gcc " __VERSION__,
	.compile_by = "xenlite",
	.compile_date = __DATE__ " " __TIME__,
};
static const xen_extraversion_t version_extra = ".0";
static const xen_capabilities_info_t version_capabilities = "xen-3.0-x86_64 ";
static const xen_changeset_info_t version_changeset = "Xenlite " XENLITE_VERSION;
static const struct xen_platform_parameters version_params = {
	.virt_start = HYPERVISOR_VIRT_START,
};

void version_set_commandline(const char *cmdline)
{
	strlcpy(version_commandline, cmdline, sizeof(version_commandline));
}

static long version_get_features(gva_t arg)
{
	const struct domain *d = current->domain;
	struct xen_feature_info fi;

	if (copy_from_guest(&fi, arg, sizeof(fi)))
		return -EFAULT;
	if (fi.submap_idx >= XENFEAT_NR_SUBMAPS)
		return -EINVAL;
	fi.submap = 1u << XENFEAT_mmu_pt_update_preserve_ad | 1u << XENFEAT_highmem_assist |
		    1u << XENFEAT_gnttab_map_avail_bits | 1u << XENFEAT_direct_mapped;
	if (d->vm_assist & 1ull << VMASST_TYPE_pae_extended_cr3)
		fi.submap |= 1u << XENFEAT_pae_pgdir_above_4gb;
	if (d->privileged)
		fi.submap |= 1u << XENFEAT_dom0;
	return copy_to_guest(arg, &fi, sizeof(fi));
}

/* Without a buffer: its length. */
static long version_get_build_id(gva_t arg)
{
	const struct version_note *note = &version_build_id;
	u32 room;

	if (!note || note->name_len != sizeof(note->name))
		return -ENODATA;
	if (!arg.a)
		return note->len;
	if (copy_from_guest(&room, arg, sizeof(room)))
		return -EFAULT;
	if (room < note->len)
		return room ? -ENOBUFS : -EINVAL;
	return copy_to_guest(GVA(arg.a + offsetof(struct xen_build_id, buf)), note->id,
			     note->len) ?: (long)note->len;
}

#define VERSION_PUT(what) copy_to_guest(arg, &(what), sizeof(what))

/**
 * do_xen_version() - XENVER_* (xen/version.h)
 * @cmd: which piece of information
 * @arg: where it goes; ignored by those that fit into the return value
 *
 * What is about the machine is for its administrator only.
 *
 * Return: the value or 0; -ENOSYS for an unknown @cmd, -EFAULT, -EINVAL for
 * an unknown feature word or no room for the build ID, -ENOBUFS for too little.
 */
long do_xen_version(u32 cmd, gva_t arg)
{
	static const xen_commandline_t denied = "<denied>";
	bool privileged = current->domain->privileged;	/* I8 */

	switch (cmd) {
	case XENVER_version:		return XEN_ABI_MAJOR << 16 | XEN_ABI_MINOR;
	case XENVER_extraversion:	return VERSION_PUT(version_extra);
	case XENVER_compile_info:	return VERSION_PUT(version_compile_info);
	case XENVER_capabilities:	return VERSION_PUT(version_capabilities);
	case XENVER_changeset:		return VERSION_PUT(version_changeset);
	case XENVER_platform_parameters: return VERSION_PUT(version_params);
	case XENVER_get_features:	return version_get_features(arg);
	case XENVER_pagesize:		return PAGE_SIZE;
	case XENVER_guest_handle:	return VERSION_PUT(current->domain->handle);
	case XENVER_commandline:
		return privileged ? VERSION_PUT(version_commandline) : VERSION_PUT(denied);
	case XENVER_build_id:
		return privileged ? version_get_build_id(arg) : -EPERM;
	}
	return -ENOSYS;
}

void vm_assist_enable(struct domain *d, u64 assists)
{
	__atomic_fetch_or(&d->vm_assist, assists, __ATOMIC_SEQ_CST);
	for_each_vcpu(d, v)
		vcpu_forget_fast(v);
}

/**
 * do_vm_assist() - turn assist @type (VMASST_TYPE_*) on or off
 * Return: 0, -EINVAL for an unknown type, -ENOSYS for an unknown @cmd.
 */
long do_vm_assist(u32 cmd, u32 type)
{
	struct domain *d = current->domain;

	if (type >= 64 || !(VMASST_VALID >> type & 1))
		return -EINVAL;
	if (cmd == VMASST_CMD_enable)
		vm_assist_enable(d, 1ull << type);
	else if (cmd == VMASST_CMD_disable)
		__atomic_fetch_and(&d->vm_assist, ~(1ull << type), __ATOMIC_SEQ_CST);
	else
		return -ENOSYS;
	return 0;
}
