/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the control calls (hc_domctl*.c, hc_sysctl.c) share; not for anyone else. */
#pragma once

#include <xenabi/domctl.h>

#include "hcall/hypercall.h"

/* A handler works on its own copy of the argument.  @d is referenced; NULL for CTL_NO_DOMAIN. */
typedef int domctl_fn(struct domain *d, struct xen_domctl *op);
/* dc_@name, which one expression makes, of @d and @a: the operation's @member of the union. */
#define DC_OP(name, member, result) \
    int dc_##name(struct domain *d, struct xen_domctl *op) \
    { \
        __typeof__(op->u.member) *const a = &op->u.member; \
        return result; \
    }

#define CTL_BACK        0x01    /* the argument goes back on success */
#define CTL_BACK_ERR    0x02    /* and on failure */
#define CTL_NO_DOMAIN   0x04    /* op->domain is not looked up */
#define CTL_LOCK        0x08    /* under domctl_lock, and not for a dying domain */
#define CTL_NOT_SELF    0x10    /* refused on the caller's own domain */
#define CTL_PV          0x20    /* -XEN_EOPNOTSUPP for hardware guests, */
#define CTL_HVM         0x40    /* or for paravirtual ones */

struct domctl_op {
    domctl_fn *fn;
    uint8_t flags;
};

/* Life and settings of a domain: hc_domctl.c.  One vCPU: hc_domctl_vcpu.c. */
domctl_fn dc_setvcpucontext, dc_getvcpucontext, dc_getvcpuinfo, dc_setvcpuaffinity,
    dc_getvcpuaffinity, dc_sendtrigger;
/* Hardware guests: hc_domctl_hvm.c. */
domctl_fn dc_gethvmcontext, dc_sethvmcontext, dc_gethvmcontext_partial, dc_set_paging_mempool_size,
    dc_shadow_op;
/* What it may use and what it is told: hc_domctl_res.c. */
domctl_fn dc_irq_permission, dc_iomem_permission, dc_ioport_permission, dc_hypercall_init,
    dc_getpageframeinfo3, dc_get_cpu_policy, dc_set_cpu_policy, dc_settscinfo, dc_gettscinfo,
    dc_set_address_size, dc_get_address_size, dc_setnodeaffinity, dc_getnodeaffinity;

void ctl_domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info);

/* Bitmaps of CPUs or nodes: bits from @nr on are ignored, or zero.  0 or -XEN_EFAULT. */
int must_check ctl_bitmap_get(uint64_t *map, unsigned int nr, const struct xenctl_bitmap *from);
int must_check ctl_bitmap_put(const struct xenctl_bitmap *to, const uint64_t *map, unsigned int nr);

struct cpu_policy;
/*
 * Copy @p out.  Null buffers ask for the room that any policy fits in.
 * 0, -XEN_EFAULT, -XEN_ENOBUFS.
 */
int must_check ctl_policy_put(const struct cpu_policy *p, guest_ptr_t leaves, uint32_t *nr_leaves,
                              guest_ptr_t msrs, uint32_t *nr_msrs);
