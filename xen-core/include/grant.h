/* SPDX-License-Identifier: GPL-2.0-only */
/* Grant tables: frames one domain lets another map or copy. */
#ifndef XENLITE_GRANT_H
#define XENLITE_GRANT_H

#include "domain.h"

int grant_init_domain(struct domain *d);
/** grant_unmap_all() - @d is dying: end its mappings. Return: 0 or -ERESTART: again. */
int grant_unmap_all(struct domain *d);
/** grant_destroy_domain() - the last reference on @d is gone. */
void grant_destroy_domain(struct domain *d);
/** grant_frame() - frame @idx of @d's table for XENMAPSPACE_grant_table, growing it. */
int grant_frame(struct domain *d, u64 idx, mfn_t *out);
long do_grant_table_op(u32 cmd, gva_t uop, u32 count);

#endif
