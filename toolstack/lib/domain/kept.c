/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration that is kept of a running domain: what it is restarted from, and what
 * xl list -l shows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "domain/dom.h"

int xn_domain_config(struct xn_ctx *ctx, uint32_t domid, struct xn_domain_config *c)
{
    struct xn_domain d;
    char *json;
    int rc = xn_domain_info(ctx, domid, &d);

    xn_config_init(c);
    if ( rc )
        return rc;
    json = dom_userdata_read(domid, d.uuid);
    if ( !json )
        return xn_fail(ctx, errno, "domain %u has no stored configuration: %s", domid,
                       strerror(errno));
    rc = xn_config_from_json(ctx, c, json);
    free(json);
    return rc ? xn_because(ctx, rc, "the stored configuration of domain %u", domid) : 0;
}

static int write_config(struct xn_ctx *ctx, const struct xn_domain *d,
                        const struct xn_domain_config *c)
{
    char *json = NULL;
    int rc = xn_config_to_json(ctx, c, &json);

    if ( !rc )
        rc = dom_userdata_write(ctx, d->domid, d->uuid, json);
    free(json);
    return rc;
}

int dom_config_change(struct xn_ctx *ctx, const struct xn_domain *d,
                      void (*change)(struct xn_domain_config *c, const void *data),
                      const void *data)
{
    struct xn_domain_config c;
    int lock = dom_userdata_lock(ctx, d->domid, d->uuid), rc;

    if ( lock < 0 )
        return lock;
    rc = xn_domain_config(ctx, d->domid, &c);
    if ( !rc ) {
        change(&c, data);
        rc = write_config(ctx, d, &c);
    }
    xn_config_free(&c);
    dom_userdata_unlock(lock, d->domid, d->uuid);
    if ( rc != -ENOENT )
        return rc;
    xn_clear_error(ctx);
    return 0;
}

int xn_domain_config_update(struct xn_ctx *ctx, uint32_t domid,
                            const struct xn_domain_config *c)
{
    struct xn_domain_config kept = *c;
    struct xn_domain d;
    int lock, rc = xn_domain_info(ctx, domid, &d);

    if ( rc )
        return rc;
    /* Who it is does not change with what it is. */
    memcpy(kept.uuid, d.uuid, 16);
    kept.has_uuid = true;
    kept.name = xn_domain_name(ctx, domid);
    lock = dom_userdata_lock(ctx, domid, d.uuid);
    rc = lock < 0 ? lock : write_config(ctx, &d, &kept);
    dom_userdata_unlock(lock, domid, d.uuid);
    free(kept.name);
    return rc ? xn_because(ctx, rc, "updating domain %u's configuration", domid) : 0;
}
