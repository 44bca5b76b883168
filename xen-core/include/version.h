/* SPDX-License-Identifier: GPL-2.0-only */
/* What the core says it is: XENVER_* and vm_assist. */
#ifndef XENLITE_VERSION_H
#define XENLITE_VERSION_H

#define XENLITE_VERSION	"0.1"

/* The ABI version that guests and tools see. */
#define XEN_ABI_MAJOR	4
#define XEN_ABI_MINOR	17

/** version_set_commandline() - what XENVER_commandline shows; cut to fit. */
void version_set_commandline(const char *cmdline);

/** do_xen_version() - XENVER_* (xen/version.h) */
long do_xen_version(u32 cmd, gva_t arg);
/** do_vm_assist() - VMASST_CMD_* (xen/xen.h) */
long do_vm_assist(u32 cmd, u32 type);

#endif
