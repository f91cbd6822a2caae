/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of devices: the steps of vbd.c, vif.c and console.c over all of them together.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/set.h"

#define BACKEND_LIMIT_MS    10000
#define POLL_MS             5       /* for what the store does not tell: sysfs, interfaces */

static int plan_disks(struct xn_ctx *ctx, struct dev_set *set, struct xn_disk *disks, size_t nr)
{
    for ( size_t i = 0; i < nr; i++ ) {
        int rc = vbd_plan(ctx, &set->vbds[i], &disks[i]);

        if ( rc )
            return rc;
        set->nr_vbds = i + 1;
        for ( size_t k = 0; k < i; k++ ) {
            if ( set->vbds[k].id.devid == set->vbds[i].id.devid )
                return xn_fail(ctx, EEXIST, "disk %s is given twice", disks[i].vdev);
            if ( disks[k].target && disks[i].target && !disks[i].script &&
                 !strcmp(disks[k].target, disks[i].target) &&
                 !(disks[k].readonly && disks[i].readonly) )
                return xn_fail(ctx, EBUSY, "disks %s and %s are both %s", disks[k].vdev,
                               disks[i].vdev, disks[i].target);
        }
    }
    return 0;
}

/* Device numbers for the nics that have none: the lowest that no other has. */
static void number_nics(struct xn_nic *nics, size_t nr)
{
    for ( size_t i = 0; i < nr; i++ ) {
        long devid = 0;

        if ( nics[i].devid != XN_UNSET )
            continue;
        for ( size_t k = 0; k < nr; k++ ) {
            if ( nics[k].devid == devid ) {
                devid++;
                k = (size_t)-1;
            }
        }
        nics[i].devid = devid;
    }
}

static int plan_nics(struct xn_ctx *ctx, struct dev_set *set, struct xn_nic *nics, size_t nr)
{
    number_nics(nics, nr);
    for ( size_t i = 0; i < nr; i++ ) {
        int rc;

        for ( size_t k = 0; k < i; k++ )
            if ( nics[k].devid == nics[i].devid )
                return xn_fail(ctx, EEXIST, "network interface %ld is given twice",
                               nics[i].devid);
        rc = vif_plan(ctx, &set->vifs[i], &nics[i]);
        if ( rc )
            return rc;
        set->nr_vifs = i + 1;
    }
    return 0;
}

int set_plan(struct xn_ctx *ctx, struct dev_set *set, struct xn_disk *disks, size_t nr_disks,
             struct xn_nic *nics, size_t nr_nics)
{
    int rc;

    memset(set, 0, sizeof(*set));
    set->vbds = calloc(nr_disks + 1, sizeof(*set->vbds));
    set->vifs = calloc(nr_nics + 1, sizeof(*set->vifs));
    if ( !set->vbds || !set->vifs )
        rc = xn_fail(ctx, ENOMEM, "out of memory");
    else
        rc = plan_disks(ctx, set, disks, nr_disks);
    if ( !rc )
        rc = plan_nics(ctx, set, nics, nr_nics);
    if ( rc )
        set_free(set);
    return rc;
}

void set_domid(struct dev_set *set, uint32_t domid)
{
    set->domid = domid;
    for ( size_t i = 0; i < set->nr_vbds; i++ )
        set->vbds[i].id.front = domid;
    for ( size_t i = 0; i < set->nr_vifs; i++ )
        set->vifs[i].id.front = domid;
}

int set_prepare(struct xn_ctx *ctx, struct dev_set *set)
{
    int rc = 0;

    for ( size_t i = 0; i < set->nr_vbds && !rc; i++ )
        rc = vbd_prepare(ctx, &set->vbds[i]);
    return rc;
}

void set_nodes(const struct dev_set *set, struct store_batch *b)
{
    for ( size_t i = 0; i < set->nr_vbds; i++ )
        vbd_nodes(&set->vbds[i], b);
    for ( size_t i = 0; i < set->nr_vifs; i++ )
        vif_nodes(&set->vifs[i], b);
    for ( size_t i = 0; i < set->nr_channels; i++ )
        channel_nodes(set->domid, (uint32_t)i + 1, &set->channels[i], b);
}

struct finish {
    struct xn_ctx *ctx;
    struct dev_set *set;
};

/* A step of every device that is not ready: 1 when all are. */
static int step_all(void *data)
{
    const struct finish *f = data;
    bool all = true;
    int rc;

    for ( size_t i = 0; i < f->set->nr_vbds; i++ ) {
        rc = f->set->vbds[i].done ? 1 : vbd_step(f->ctx, &f->set->vbds[i]);
        if ( rc < 0 )
            return rc;
        all &= rc > 0;
    }
    for ( size_t i = 0; i < f->set->nr_vifs; i++ ) {
        rc = f->set->vifs[i].done ? 1 : vif_step(f->ctx, &f->set->vifs[i]);
        if ( rc < 0 )
            return rc;
        all &= rc > 0;
    }
    return all;
}

/* Name the devices that did not become ready in time. */
static int say_late(struct xn_ctx *ctx, const struct dev_set *set)
{
    char names[256] = "";
    size_t at = 0;

    for ( size_t i = 0; i < set->nr_vbds && at < sizeof(names); i++ )
        if ( !set->vbds[i].done )
            at += (size_t)snprintf(names + at, sizeof(names) - at, " disk %s (state %d)",
                                   set->vbds[i].disk->vdev,
                                   dev_back_state(ctx, &set->vbds[i].id));
    for ( size_t i = 0; i < set->nr_vifs && at < sizeof(names); i++ )
        if ( !set->vifs[i].done )
            at += (size_t)snprintf(names + at, sizeof(names) - at,
                                   " network interface %u (state %d)", set->vifs[i].id.devid,
                                   dev_back_state(ctx, &set->vifs[i].id));
    return xn_fail(ctx, ETIMEDOUT, "no back end was ready within %d s for%s",
                   BACKEND_LIMIT_MS / 1000, names);
}

int set_finish(struct xn_ctx *ctx, struct dev_set *set)
{
    const size_t nr = set->nr_vbds + set->nr_vifs;
    struct finish f = { ctx, set };
    char (*paths)[DEV_PATH_MAX] = calloc(nr + 1, sizeof(*paths));
    const char **list = calloc(nr + 1, sizeof(*list));
    int rc = 0;

    if ( !paths || !list ) {
        rc = xn_fail(ctx, ENOMEM, "out of memory");
        goto out;
    }
    for ( size_t i = 0; i < nr; i++ ) {
        const struct dev_id *id = i < set->nr_vbds ? &set->vbds[i].id
                                                   : &set->vifs[i - set->nr_vbds].id;

        dev_back_path(id, paths[i]);
        strcat(paths[i], "/state");
        list[i] = paths[i];
    }
    if ( nr )
        rc = store_wait(ctx, list, nr, step_all, &f, BACKEND_LIMIT_MS, POLL_MS);
    if ( rc == -ETIMEDOUT )
        rc = say_late(ctx, set);

out:
    free(list);
    free(paths);
    return rc;
}

void set_free(struct dev_set *set)
{
    for ( size_t i = 0; i < set->nr_vbds; i++ ) {
        loop_release(&set->vbds[i].loop);
        if ( set->vbds[i].pidfd >= 0 )
            close(set->vbds[i].pidfd);
    }
    for ( size_t i = 0; i < set->nr_vifs; i++ )
        if ( set->vifs[i].pidfd >= 0 )
            close(set->vifs[i].pidfd);
    free(set->vbds);
    free(set->vifs);
    memset(set, 0, sizeof(*set));
}

void set_describe(struct xn_ctx *ctx, const struct dev_set *set)
{
    for ( size_t i = 0; i < set->nr_vbds; i++ ) {
        const struct vbd *v = &set->vbds[i];
        const char *how = v->id.process ? "by xenolith-blk" :
            v->id.back ? "by another back end domain" : v->script[0] ? v->script : "by blkback";

        xn_log(ctx, XN_INFO, "would give it disk %s: %s, %s, %s", v->disk->vdev,
               v->disk->target, v->disk->readonly ? "read-only" : "writable", how);
    }
    for ( size_t i = 0; i < set->nr_vifs; i++ ) {
        const struct vif *v = &set->vifs[i];
        const uint8_t *m = v->nic->mac;

        xn_log(ctx, XN_INFO, "would give it network interface %u, "
               "%02x:%02x:%02x:%02x:%02x:%02x, %s %s%s", v->id.devid, m[0], m[1], m[2], m[3],
               m[4], m[5], v->script[0] ? "by" : "on bridge",
               v->script[0] ? v->script : v->bridge, v->id.process ? ", by xenolith-net" : "");
    }
    for ( size_t i = 0; i < set->nr_channels; i++ )
        xn_log(ctx, XN_INFO, "would give it channel %s", set->channels[i].name);
}
