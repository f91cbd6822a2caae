/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a running HVM guest's device model is asked for: another disc in a drive, where the
 * screen is.  What changes is also changed in the stored configuration.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/dm.h"
#include "domain/dom.h"

struct change {
    const char *vdev, *path;
};

static struct xn_disk *drive_of(struct xn_domain_config *c, const char *vdev)
{
    uint32_t want, number;

    if ( xn_vdev_number(vdev, &want) )
        return NULL;
    for ( size_t i = 0; i < c->nr_disks; i++ )
        if ( c->disks[i].cdrom && c->disks[i].vdev &&
             !xn_vdev_number(c->disks[i].vdev, &number) && number == want )
            return &c->disks[i];
    return NULL;
}

static void note_change(struct xn_domain_config *c, const void *data)
{
    const struct change *change = data;
    struct xn_disk *d = drive_of(c, change->vdev);

    if ( !d )
        return;
    free(d->target);
    d->target = change->path ? strdup(change->path) : NULL;
    d->format = change->path ? XN_FORMAT_RAW : XN_FORMAT_EMPTY;
}

int xn_disk_change(struct xn_ctx *ctx, uint32_t domid, const char *vdev, const char *path)
{
    const struct change change = { vdev, path };
    struct xn_domain_config c;
    struct xn_domain d;
    int rc = xn_domain_info(ctx, domid, &d);

    if ( !rc && path && access(path, R_OK) )
        rc = xn_fail(ctx, errno, "%s: %s", path, strerror(errno));
    if ( rc )
        return rc;
    rc = xn_domain_config(ctx, domid, &c);
    if ( !rc && (c.type != XN_TYPE_HVM || !drive_of(&c, vdev)) )
        rc = xn_fail(ctx, ENOENT, "domain %u has no CD-ROM drive %s", domid, vdev);
    xn_config_free(&c);
    if ( !rc )
        rc = dm_change_medium(ctx, domid, vdev, path);
    return rc ? rc : dom_config_change(ctx, &d, note_change, &change);
}

int xn_domain_screen(struct xn_ctx *ctx, uint32_t domid, char **host, uint64_t *port)
{
    int rc = store_read_number(ctx, 65535, port, "/local/domain/%u/console/vnc-port", domid);

    *host = rc ? NULL : store_read(ctx, "/local/domain/%u/console/vnc-listen", domid);
    if ( *host )
        return 0;
    rc = xn_fail(ctx, ENOENT, "domain %u has no screen", domid);
    xn_remedy(ctx, "HVM guests have one with vnc=1");
    return rc;
}
