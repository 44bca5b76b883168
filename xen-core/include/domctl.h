/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the administrator's tools do to other domains: HYPERVISOR_domctl
 * (xen/domctl.h). domctl.c has the table; an operation is found where its
 * subject is.
 */
#ifndef XENLITE_DOMCTL_H
#define XENLITE_DOMCTL_H

#include "domain.h"

#include <xen/domctl.h>

/**
 * domctl_fn - an operation on @d, which is held; @op is a copy of the caller's
 * Return: 0, -errno, or -ERESTART: call again with @op as it is now.
 */
typedef long domctl_fn(struct domain *d, struct xen_domctl *op);

long do_domctl(gva_t op);

/**
 * control_copy() - copy in the structure of an administrator's call, which begins with
 * its command and interface version
 * Return: 0, -EFAULT, -EACCES: another @version, or -EPERM: the caller is no administrator.
 */
int control_copy(void *op, gva_t from, size_t size, u32 version);

/** domain_get_info() - what the tools are told about @d */
void domain_get_info(struct domain *d, struct xen_domctl_getdomaininfo *info);

/**
 * domain_destroy() - end @d for good, and have it give back all that it holds
 *
 * Its number is free again when nobody uses a frame of it any more.
 * Return: 0, or -ERESTART: call again.
 */
int domain_destroy(struct domain *d);

/* The architecture's, in arch/x86/domctl_x86.c */
domctl_fn domctl_hypercall_init, domctl_set_address_size, domctl_get_address_size;
domctl_fn domctl_settscinfo, domctl_gettscinfo, domctl_ioport_permission;
domctl_fn domctl_setvcpucontext, domctl_getvcpucontext;
domctl_fn domctl_get_cpu_policy, domctl_set_cpu_policy;
domctl_fn domctl_getpageframeinfo3;	/* pv/frame_info.c */
domctl_fn domctl_shadow_op;		/* pv/log_dirty.c */
/* pv/vcpu_state.c */
domctl_fn domctl_set_ext_vcpucontext, domctl_get_ext_vcpucontext;
domctl_fn domctl_setvcpuextstate, domctl_getvcpuextstate;
domctl_fn domctl_get_vcpu_msrs, domctl_set_vcpu_msrs;
/**
 * arch_domain_release() - @d, which does not run any more, lets go of all that
 * its vcpus hold. Return: 0, or -ERESTART: again.
 */
int arch_domain_release(struct domain *d);
/** arch_check_domain_config() - can a PV domain be made like that? Return: 0 or -errno. */
int arch_check_domain_config(const struct xen_arch_domainconfig *config);

#endif
