/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts of a domain that only listings want: its NUMA nodes, how long it has been running,
 * its balloon target.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xenstore.h>

#include "ctx/domctl.h"
#include "ctx/sysctl.h"
#include "xenolith/domain.h"

int xn_domain_nodes(struct xn_ctx *ctx, uint32_t domid, uint8_t **nodes, uint32_t *nr)
{
    int rc;

    *nr = 0;
    rc = hc_numainfo(ctx, NULL, NULL, nr);
    if ( rc )
        return xn_because(ctx, rc, "asking for the host's memory nodes");
    *nodes = calloc(*nr / 8 + 1, 1);
    rc = *nodes ? hc_getnodeaffinity(ctx, domid, *nodes, *nr) : xn_fail(ctx, ENOMEM, "no memory");
    if ( rc ) {
        free(*nodes);
        *nodes = NULL;
        return xn_because(ctx, rc, "asking for domain %u's NUMA nodes", domid);
    }
    return 0;
}

/* A node of the store as a number: 0, -ENOENT if there is none or it is something else. */
static int read_number(struct xn_ctx *ctx, const char *path, uint64_t *value)
{
    struct xs_handle *xs;
    char *text, *end;
    int rc = ctx_store(ctx, &xs);

    if ( rc )
        return rc;
    text = xs_read(xs, XBT_NULL, path, NULL);
    if ( !text )
        return xn_fail(ctx, errno == ENOENT ? ENOENT : errno, "reading %s: %s", path,
                       strerror(errno));
    *value = strtoull(text, &end, 10);
    rc = end == text || (*end && *end != '.') ?
         xn_fail(ctx, ENOENT, "%s is no number", path) : 0;
    free(text);
    return rc;
}

static int host_uptime(struct xn_ctx *ctx, uint64_t *seconds)
{
    struct timespec now;

    if ( clock_gettime(CLOCK_BOOTTIME, &now) )
        return xn_fail(ctx, errno, "reading the clock: %s", strerror(errno));
    *seconds = (uint64_t)now.tv_sec;
    return 0;
}

int xn_domain_uptime(struct xn_ctx *ctx, uint32_t domid, uint64_t *seconds)
{
    struct xs_handle *xs;
    char path[64], node[128], *vm;
    uint64_t start;
    time_t now = time(NULL);
    int rc;

    if ( domid == 0 )
        return host_uptime(ctx, seconds);
    rc = ctx_store(ctx, &xs);
    if ( rc )
        return rc;
    snprintf(path, sizeof(path), "/local/domain/%u/vm", domid);
    vm = xs_read(xs, XBT_NULL, path, NULL);
    if ( !vm )
        return xn_fail(ctx, ENOENT, "the store does not know when domain %u started", domid);
    snprintf(node, sizeof(node), "%.100s/start_time", vm);
    free(vm);
    rc = read_number(ctx, node, &start);
    if ( rc )
        return rc;
    *seconds = (uint64_t)now > start ? (uint64_t)now - start : 0;
    return 0;
}

int xn_domain_target(struct xn_ctx *ctx, uint32_t domid, uint64_t *kib)
{
    char path[64];

    snprintf(path, sizeof(path), "/local/domain/%u/memory/target", domid);
    return read_number(ctx, path, kib);
}

int xn_domain_static_max(struct xn_ctx *ctx, uint32_t domid, uint64_t *kib)
{
    char path[64];

    snprintf(path, sizeof(path), "/local/domain/%u/memory/static-max", domid);
    return read_number(ctx, path, kib);
}
