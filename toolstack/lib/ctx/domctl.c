/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typed wrappers of domctl, the operations on a domain as a whole.  Those with arrays are in
 * domctl_data.c.
 */
#include <errno.h>
#include <string.h>

#include "ctx/domctl.h"

static int simple(struct xn_ctx *ctx, uint32_t cmd, uint32_t domid, const char *what)
{
    struct xen_domctl op = { 0 };

    return hc_domctl(ctx, cmd, domid, &op, what);
}

int hc_createdomain(struct xn_ctx *ctx, uint32_t *domid,
                    const struct xen_domctl_createdomain *c)
{
    struct xen_domctl op = { .u.createdomain = *c };
    int rc = hc_domctl(ctx, XEN_DOMCTL_createdomain, *domid, &op, "createdomain");

    if ( !rc )
        *domid = op.domain;
    return rc;
}

int hc_destroydomain(struct xn_ctx *ctx, uint32_t domid)
{
    int rc;

    do {
        rc = simple(ctx, XEN_DOMCTL_destroydomain, domid, "destroydomain");
    } while ( rc == -EAGAIN || rc == -ERESTART );
    return rc;
}

int hc_pausedomain(struct xn_ctx *ctx, uint32_t domid)
{
    return simple(ctx, XEN_DOMCTL_pausedomain, domid, "pausedomain");
}

int hc_unpausedomain(struct xn_ctx *ctx, uint32_t domid)
{
    return simple(ctx, XEN_DOMCTL_unpausedomain, domid, "unpausedomain");
}

int hc_resumedomain(struct xn_ctx *ctx, uint32_t domid)
{
    return simple(ctx, XEN_DOMCTL_resumedomain, domid, "resumedomain");
}

/* The hypervisor answers for the first domain with this id or a higher one. */
int hc_getdomaininfo(struct xn_ctx *ctx, uint32_t domid, struct xen_domctl_getdomaininfo *info)
{
    struct xen_domctl op = { 0 };
    int rc = hc_domctl(ctx, XEN_DOMCTL_getdomaininfo, domid, &op, "getdomaininfo");

    if ( rc && rc != -ESRCH )
        return rc;
    if ( rc || op.u.getdomaininfo.domain != domid )
        return xn_fail(ctx, ESRCH, "there is no domain %u", domid);
    *info = op.u.getdomaininfo;
    return 0;
}

int hc_max_vcpus(struct xn_ctx *ctx, uint32_t domid, uint32_t max)
{
    struct xen_domctl op = { .u.max_vcpus.max = max };

    return hc_domctl(ctx, XEN_DOMCTL_max_vcpus, domid, &op, "max_vcpus");
}

int hc_max_mem(struct xn_ctx *ctx, uint32_t domid, uint64_t kib)
{
    struct xen_domctl op = { .u.max_mem.max_memkb = kib };

    return hc_domctl(ctx, XEN_DOMCTL_max_mem, domid, &op, "max_mem");
}

int hc_setdomainhandle(struct xn_ctx *ctx, uint32_t domid, const uint8_t uuid[16])
{
    struct xen_domctl op = { 0 };

    memcpy(op.u.setdomainhandle.handle, uuid, 16);
    return hc_domctl(ctx, XEN_DOMCTL_setdomainhandle, domid, &op, "setdomainhandle");
}

int hc_settimeoffset(struct xn_ctx *ctx, uint32_t domid, int64_t seconds)
{
    struct xen_domctl op = { .u.settimeoffset.time_offset_seconds = seconds };

    return hc_domctl(ctx, XEN_DOMCTL_settimeoffset, domid, &op, "settimeoffset");
}

int hc_set_address_size(struct xn_ctx *ctx, uint32_t domid, uint32_t bits)
{
    struct xen_domctl op = { .u.address_size.size = bits };

    return hc_domctl(ctx, XEN_DOMCTL_set_address_size, domid, &op, "set_address_size");
}

int hc_setdebugging(struct xn_ctx *ctx, uint32_t domid, bool enable)
{
    struct xen_domctl op = { .u.setdebugging.enable = enable };

    return hc_domctl(ctx, XEN_DOMCTL_setdebugging, domid, &op, "setdebugging");
}

int hc_hypercall_init(struct xn_ctx *ctx, uint32_t domid, uint64_t frame)
{
    struct xen_domctl op = { .u.hypercall_init.gmfn = frame };

    return hc_domctl(ctx, XEN_DOMCTL_hypercall_init, domid, &op, "hypercall_init");
}

int hc_sendtrigger(struct xn_ctx *ctx, uint32_t domid, uint32_t trigger, uint32_t vcpu)
{
    struct xen_domctl op = { .u.sendtrigger = { .trigger = trigger, .vcpu = vcpu } };

    return hc_domctl(ctx, XEN_DOMCTL_sendtrigger, domid, &op, "sendtrigger");
}

int hc_settscinfo(struct xn_ctx *ctx, uint32_t domid, const struct xen_domctl_tsc_info *info)
{
    struct xen_domctl op = { .u.tsc_info = *info };

    return hc_domctl(ctx, XEN_DOMCTL_settscinfo, domid, &op, "settscinfo");
}

int hc_gettscinfo(struct xn_ctx *ctx, uint32_t domid, struct xen_domctl_tsc_info *info)
{
    struct xen_domctl op = { 0 };
    int rc = hc_domctl(ctx, XEN_DOMCTL_gettscinfo, domid, &op, "gettscinfo");

    if ( !rc )
        *info = op.u.tsc_info;
    return rc;
}

int hc_getvcpuinfo(struct xn_ctx *ctx, uint32_t domid, uint32_t vcpu,
                   struct xen_domctl_getvcpuinfo *info)
{
    struct xen_domctl op = { .u.getvcpuinfo.vcpu = vcpu };
    int rc = hc_domctl(ctx, XEN_DOMCTL_getvcpuinfo, domid, &op, "getvcpuinfo");

    if ( !rc )
        *info = op.u.getvcpuinfo;
    return rc;
}

int hc_sched_get(struct xn_ctx *ctx, uint32_t domid, struct xen_domctl_scheduler_op *s)
{
    struct xen_domctl op = { .u.scheduler_op = *s };
    int rc;

    op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    rc = hc_domctl(ctx, XEN_DOMCTL_scheduler_op, domid, &op, "scheduler_op getinfo");
    if ( !rc )
        *s = op.u.scheduler_op;
    return rc;
}

int hc_sched_put(struct xn_ctx *ctx, uint32_t domid, const struct xen_domctl_scheduler_op *s)
{
    struct xen_domctl op = { .u.scheduler_op = *s };

    op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
    return hc_domctl(ctx, XEN_DOMCTL_scheduler_op, domid, &op, "scheduler_op putinfo");
}

int hc_irq_permission(struct xn_ctx *ctx, uint32_t domid, uint32_t pirq, bool allow)
{
    struct xen_domctl op = { .u.irq_permission = { .pirq = pirq, .allow_access = allow } };

    return hc_domctl(ctx, XEN_DOMCTL_irq_permission, domid, &op, "irq_permission");
}

int hc_iomem_permission(struct xn_ctx *ctx, uint32_t domid, uint64_t mfn, uint64_t nr,
                        bool allow)
{
    struct xen_domctl op = {
        .u.iomem_permission = { .first_mfn = mfn, .nr_mfns = nr, .allow_access = allow },
    };

    return hc_domctl(ctx, XEN_DOMCTL_iomem_permission, domid, &op, "iomem_permission");
}

int hc_ioport_permission(struct xn_ctx *ctx, uint32_t domid, uint32_t port, uint32_t nr,
                         bool allow)
{
    struct xen_domctl op = {
        .u.ioport_permission = { .first_port = port, .nr_ports = nr, .allow_access = allow },
    };

    return hc_domctl(ctx, XEN_DOMCTL_ioport_permission, domid, &op, "ioport_permission");
}
