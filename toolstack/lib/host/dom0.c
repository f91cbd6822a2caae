/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domain 0 in a new store: its name, its id, its CPU pool, and the configuration that tools
 * look for on disk.  Nothing else makes these for it.  Doing it again changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xenstore.h>

#include "ctx/context.h"
#include "xenolith/config.h"
#include "xenolith/domain.h"
#include "xenolith/host.h"

#define STATE_FOLDER "/var/lib/xen"

static bool put(struct xs_handle *xs, xs_transaction_t t, const char *path, const char *value)
{
    return xs_write(xs, t, path, value, (unsigned int)strlen(value));
}

static int write_nodes(struct xn_ctx *ctx, struct xs_handle *xs, const struct xn_cpupool *pools,
                       size_t nr_pools)
{
    char path[64];
    bool good;

    for ( ;; ) {
        xs_transaction_t t = xs_transaction_start(xs);

        if ( t == XBT_NULL )
            break;
        good = put(xs, t, "/local/domain/0/domid", "0") &&
               put(xs, t, "/local/domain/0/name", "Domain-0");
        for ( size_t i = 0; i < nr_pools && good; i++ ) {
            snprintf(path, sizeof(path), "/local/pool/%u/name", pools[i].id);
            good = put(xs, t, path, pools[i].name);
        }
        if ( xs_transaction_end(xs, t, !good) && good )
            return 0;
        if ( !good || errno != EAGAIN )
            break;
    }
    return xn_fail(ctx, errno, "writing domain 0's nodes: %s", strerror(errno));
}

/* Whole or not at all: another name first, then renamed.  The text ends with its NUL. */
static int write_file(struct xn_ctx *ctx, const char *path, const char *text)
{
    char *new = NULL;
    size_t size = strlen(text) + 1;
    int fd, err;

    if ( asprintf(&new, "%s.new", path) < 0 )
        return xn_fail(ctx, ENOMEM, "out of memory");
    fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    err = fd < 0 ? errno : 0;
    if ( !err && write(fd, text, size) != (ssize_t)size )
        err = errno ? errno : EIO;
    if ( fd >= 0 && close(fd) && !err )
        err = errno;
    if ( !err && rename(new, path) )
        err = errno;
    if ( err ) {
        unlink(new);
        xn_fail(ctx, err, "%s: %s", path, strerror(err));
    }
    free(new);
    return -err;
}

static int write_config(struct xn_ctx *ctx, const struct xn_domain *dom0)
{
    struct xn_domain_config c;
    const uint8_t *u = dom0->uuid;
    char path[128], *json;
    int rc;

    if ( mkdir(STATE_FOLDER, 0755) && errno != EEXIST )
        return xn_fail(ctx, errno, "%s: %s", STATE_FOLDER, strerror(errno));
    xn_config_init(&c);
    c.type = dom0->hvm ? XN_TYPE_PVH : XN_TYPE_PV;
    rc = xn_config_to_json(ctx, &c, &json);
    xn_config_free(&c);
    if ( rc )
        return rc;
    snprintf(path, sizeof(path), STATE_FOLDER "/userdata-d.0.%02x%02x%02x%02x-%02x%02x-%02x%02x-"
             "%02x%02x-%02x%02x%02x%02x%02x%02x.libxl-json", u[0], u[1], u[2], u[3], u[4], u[5],
             u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
    rc = write_file(ctx, path, json);
    free(json);
    return rc;
}

int xn_host_init_dom0(struct xn_ctx *ctx)
{
    struct xn_cpupool *pools = NULL;
    struct xn_domain dom0;
    struct xs_handle *xs;
    size_t nr_pools = 0;
    int rc = ctx_store(ctx, &xs);

    if ( !rc )
        rc = xn_domain_info(ctx, 0, &dom0);
    if ( !rc )
        rc = xn_host_cpupools(ctx, &pools, &nr_pools);
    if ( !rc )
        rc = write_nodes(ctx, xs, pools, nr_pools);
    if ( !rc )
        rc = write_config(ctx, &dom0);
    xn_host_cpupools_free(pools, nr_pools);
    return rc ? xn_because(ctx, rc, "introducing domain 0") : 0;
}
