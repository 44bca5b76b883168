// SPDX-License-Identifier: GPL-2.0-only
/*
 * XEN_DOMCTL_getpageframeinfo3: what a domain's frames are used as, for who saves it.
 * A page table is saved with its entries translated, and pinned anew at the other end.
 */
#include "domctl.h"

#include "page_type.h"
#include "uaccess.h"

#define FRAMES_MAX	1024

/* XEN_DOMCTL_PFINFO_*; the type can change at once, as the domain likes. */
static u64 frame_info(struct domain *d, u64 mfn)
{
	struct page *p = mfn_get(MFN(mfn), d);
	u64 info = XEN_DOMCTL_PFINFO_NOTAB, type;

	if (!p)
		return XEN_DOMCTL_PFINFO_XTAB;
	type = READ_ONCE(p->type);
	if (p->count & PC_XEN)
		info = XEN_DOMCTL_PFINFO_XTAB;
	page_put(p);
	if (type_is_table(type) && type & PT_COUNT_MASK)
		info = (u64)PT_LEVEL(type) << XEN_DOMCTL_PFINFO_LTAB_SHIFT;
	return info | (type & PT_PINNED ? XEN_DOMCTL_PFINFO_LPINTAB : 0);
}

long domctl_getpageframeinfo3(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_getpageframeinfo3 *info = &op->u.getpageframeinfo3;
	int err = 0;

	static_assert(XEN_DOMCTL_PFINFO_L4TAB == 4u << XEN_DOMCTL_PFINFO_LTAB_SHIFT, "PT_LEVEL()");
	if (info->num > FRAMES_MAX)
		return -E2BIG;
	for (u64 i = 0; i < info->num && !err; i++) {
		gva_t at = gva_index(gva_of(info->array), u64, i);
		u64 frame;

		err = copy_from_guest(&frame, at, sizeof(frame));
		if (err)
			break;
		frame = frame_info(d, frame);
		err = copy_to_guest(at, &frame, sizeof(frame));
	}
	return err;
}
