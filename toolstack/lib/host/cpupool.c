/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU pools and schedulers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenstore.h>

#include "ctx/sysctl.h"
#include "xenolith/host.h"

#define MAX_POOLS 4096          /* more than a host can have; ends the loop in any case */

/* The name is in the store; without one the pool goes by the name that xl gives it. */
static void pool_name(struct xn_ctx *ctx, struct xn_cpupool *pool)
{
    struct xs_handle *xs;
    char path[64], *name = NULL;

    if ( ctx_store(ctx, &xs) ) {
        xn_clear_error(ctx);
    } else {
        snprintf(path, sizeof(path), "/local/pool/%u/name", pool->id);
        name = xs_read(xs, XBT_NULL, path, NULL);
    }
    if ( name )
        snprintf(pool->name, sizeof(pool->name), "%s", name);
    else
        snprintf(pool->name, sizeof(pool->name), "Pool-%u", pool->id);
    free(name);
}

/* The pool with the lowest id from *id on, without its name.  -ENOENT after the last. */
static int pool_next(struct xn_ctx *ctx, uint32_t id, uint32_t nr_cpus, struct xn_cpupool *pool)
{
    struct xen_sysctl_cpupool_op op = { .op = XEN_SYSCTL_CPUPOOL_OP_INFO, .cpupool_id = id };
    int rc;

    pool->cpus = calloc(nr_cpus / 8 + 1, 1);
    if ( !pool->cpus )
        return xn_fail(ctx, ENOMEM, "no memory");
    rc = hc_cpupool_op(ctx, &op, pool->cpus, nr_cpus);
    if ( rc ) {
        free(pool->cpus);
        return rc;
    }
    pool->id = op.cpupool_id;
    pool->sched_id = op.sched_id;
    pool->nr_domains = op.n_dom;
    pool->nr_cpus = nr_cpus;
    return 0;
}

int xn_host_cpupools(struct xn_ctx *ctx, struct xn_cpupool **pools, size_t *count)
{
    struct xen_sysctl_physinfo host;
    struct xn_cpupool *list = NULL;
    size_t n = 0;
    uint32_t id = 0;
    int rc = hc_physinfo(ctx, &host);

    while ( !rc && n < MAX_POOLS ) {
        struct xn_cpupool pool = { 0 }, *more;

        rc = pool_next(ctx, id, host.max_cpu_id + 1, &pool);
        if ( rc )
            break;
        more = realloc(list, (n + 1) * sizeof(*list));
        if ( !more ) {
            free(pool.cpus);
            rc = xn_fail(ctx, ENOMEM, "no memory");
            break;
        }
        list = more;
        id = pool.id + 1;
        pool_name(ctx, &pool);
        list[n++] = pool;
    }
    if ( rc && (rc != -ENOENT || !n) ) {
        xn_host_cpupools_free(list, n);
        return xn_because(ctx, rc, "listing the CPU pools");
    }
    xn_clear_error(ctx);
    *pools = list;
    *count = n;
    return 0;
}

void xn_host_cpupools_free(struct xn_cpupool *pools, size_t count)
{
    for ( size_t i = 0; i < count; i++ )
        free(pools[i].cpus);
    free(pools);
}

const char *xn_sched_name(uint32_t id)
{
    static const char *const names[] = {
        [XEN_SCHEDULER_CREDIT] = "credit",
        [XEN_SCHEDULER_CREDIT2] = "credit2",
        [XEN_SCHEDULER_ARINC653] = "arinc653",
        [XEN_SCHEDULER_RTDS] = "rtds",
        [XEN_SCHEDULER_NULL] = "null",
    };

    return id < sizeof(names) / sizeof(names[0]) && names[id] ? names[id] : "unknown";
}
