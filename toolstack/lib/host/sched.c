/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parameters of a CPU pool's scheduler, and what memory the host saves by sharing pages.  A
 * domain's own weight and cap are in domain/control.c.
 */
#include <errno.h>

#include "ctx/memory.h"
#include "ctx/sysctl.h"
#include "xenolith/host.h"

static int params(struct xn_ctx *ctx, const struct xn_cpupool *pool, uint32_t cmd,
                  struct xen_sysctl_scheduler_op *op)
{
    if ( pool->sched_id != XEN_SCHEDULER_CREDIT && pool->sched_id != XEN_SCHEDULER_CREDIT2 )
        return xn_fail(ctx, EOPNOTSUPP, "CPU pool %s: its scheduler, %s, has no rate limit",
                       pool->name, xn_sched_name(pool->sched_id));
    op->cpupool_id = pool->id;
    op->sched_id = pool->sched_id;
    op->cmd = cmd;
    return hc_sched_params(ctx, op);
}

int xn_host_get_ratelimit(struct xn_ctx *ctx, const struct xn_cpupool *pool, uint32_t *us)
{
    struct xen_sysctl_scheduler_op op = { 0 };
    int rc = params(ctx, pool, XEN_SYSCTL_SCHEDOP_getinfo, &op);

    if ( rc )
        return xn_because(ctx, rc, "asking for the scheduler's parameters");
    *us = pool->sched_id == XEN_SCHEDULER_CREDIT2 ? op.u.sched_credit2.ratelimit_us
                                                  : op.u.sched_credit.ratelimit_us;
    return 0;
}

int xn_host_set_ratelimit(struct xn_ctx *ctx, const struct xn_cpupool *pool, uint32_t us)
{
    struct xen_sysctl_scheduler_op op = { 0 };
    int rc = params(ctx, pool, XEN_SYSCTL_SCHEDOP_getinfo, &op);

    if ( !rc && pool->sched_id == XEN_SCHEDULER_CREDIT2 )
        op.u.sched_credit2.ratelimit_us = us;
    else if ( !rc )
        op.u.sched_credit.ratelimit_us = us;
    if ( !rc )
        rc = params(ctx, pool, XEN_SYSCTL_SCHEDOP_putinfo, &op);
    return rc ? xn_because(ctx, rc, "setting a rate limit of %u us", us) : 0;
}

/* A hypervisor without sharing has shared nothing. */
int xn_host_sharing(struct xn_ctx *ctx, uint64_t *freed, uint64_t *used)
{
    long f = hc_memory_query_host(ctx, XENMEM_get_sharing_freed_pages);
    long u = hc_memory_query_host(ctx, XENMEM_get_sharing_shared_pages);

    if ( f < 0 || u < 0 )
        xn_clear_error(ctx);
    *freed = f > 0 ? (uint64_t)f : 0;
    *used = u > 0 ? (uint64_t)u : 0;
    return 0;
}
