/* SPDX-License-Identifier: GPL-2.0-only */
/* Error numbers of the guest ABI, with their plain names (xen/errno.h). */
#ifndef XENLITE_ERRNO_H
#define XENLITE_ERRNO_H

#define XEN_ERRNO(name, value) name = value,
enum errno_values {
#include <xen/errno.h>
};
#undef XEN_ERRNO

#endif
