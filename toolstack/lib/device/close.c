/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ending devices: the back end is told (online 0, state Closing), waited for, undone (script,
 * loop device) and removed from the store.
 *
 * A kernel's back end is over when its device is gone from sysfs, which is a little later than
 * its state says so; only then is a disk free for somebody else.  One that is a process is over
 * when that has ended.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/backproc.h"
#include "device/close.h"
#include "device/hotplug.h"
#include "device/link.h"
#include "device/loop.h"
#include "device/set.h"
#include "device/vdev.h"

#define LIMIT_MS    10000
#define POLL_MS     5

struct closing {
    struct xn_ctx *ctx;
    const struct dev_id *ids;
    size_t nr;
};

static bool is_over(struct xn_ctx *ctx, const struct dev_id *id)
{
    char path[128];
    int state;

    if ( id->kind == XN_DEVICE_CONSOLE )
        return true;                    /* xenconsoled needs no time */
    if ( id->process )
        return !backproc_runs(ctx, id);
    if ( !id->back ) {
        dev_sysfs_path(id, path);
        return access(path, F_OK) != 0;
    }
    state = dev_back_state(ctx, id);
    return state == DEV_CLOSED || state == DEV_UNKNOWN;
}

static int all_over(void *data)
{
    const struct closing *c = data;

    for ( size_t i = 0; i < c->nr; i++ )
        if ( !is_over(c->ctx, &c->ids[i]) )
            return 0;
    return 1;
}

static int tell_backends(const struct closing *c, bool force)
{
    struct store_batch b = { .nr = 0 };
    char path[DEV_PATH_MAX];
    int rc;

    for ( size_t i = 0; i < c->nr; i++ ) {
        /* A console that is cut off goes with its nodes: xenconsoled asks for no more. */
        if ( force && c->ids[i].kind == XN_DEVICE_CONSOLE )
            continue;
        if ( force ) {
            dev_front_path(&c->ids[i], path);
            store_remove(&b, "%s", path);
        }
        dev_back_path(&c->ids[i], path);
        store_put(&b, "0", "%s/online", path);
        store_put_number(&b, DEV_CLOSING, "%s/state", path);
    }
    rc = store_commit(c->ctx, &b, "closing devices");
    store_batch_free(&b);
    return rc;
}

static int wait_over(const struct closing *c)
{
    char (*paths)[DEV_PATH_MAX] = calloc(c->nr + 1, sizeof(*paths));
    const char **list = calloc(c->nr + 1, sizeof(*list));
    int rc;

    if ( !paths || !list ) {
        rc = xn_fail(c->ctx, ENOMEM, "out of memory");
        goto out;
    }
    for ( size_t i = 0; i < c->nr; i++ ) {
        dev_back_path(&c->ids[i], paths[i]);
        strcat(paths[i], "/state");
        list[i] = paths[i];
    }
    rc = store_wait(c->ctx, list, c->nr, all_over, (void *)c, LIMIT_MS, POLL_MS);

out:
    free(list);
    free(paths);
    return rc;
}

/* A process that was killed has left its interface. */
static void drop_link(struct xn_ctx *ctx, const struct dev_id *id)
{
    char name[24];

    vif_link_name(ctx, id, name);
    if ( link_exists(name) )
        link_remove(ctx, name);
}

/* What add or online did: by the script that was run then, or a loop device of other tools. */
static void undo_hotplug(struct xn_ctx *ctx, const struct dev_id *id)
{
    enum { SCRIPT, RUN, NODE, PARAMS, NR };
    char paths[NR][DEV_PATH_MAX + 16], back[DEV_PATH_MAX], copy[DEV_PATH_MAX], *v[NR];
    const char *list[NR] = { paths[SCRIPT], paths[RUN], paths[NODE], paths[PARAMS] };
    const char *action = id->kind == XN_DEVICE_VIF ? "offline" : "remove";

    if ( id->back || (id->process && id->kind == XN_DEVICE_VBD) || id->kind == XN_DEVICE_CONSOLE )
        return;
    dev_back_path(id, back);
    dev_libxl_path(id, copy);
    snprintf(paths[SCRIPT], sizeof(paths[0]), "%s/script", copy);
    snprintf(paths[RUN], sizeof(paths[0]), "%s/run-script", copy);
    snprintf(paths[NODE], sizeof(paths[0]), "%s/node", back);
    snprintf(paths[PARAMS], sizeof(paths[0]), "%s/params", back);
    if ( store_read_many(ctx, list, NR, v) )
        return;
    if ( v[SCRIPT] && (v[RUN] || (strcmp(v[SCRIPT], HOTPLUG_BLOCK) &&
                                  strcmp(v[SCRIPT], HOTPLUG_BRIDGE))) ) {
        if ( hotplug_run(ctx, v[SCRIPT], id, action) )
            xn_log(ctx, XN_WARN, "%s", xn_why(ctx));
    } else if ( v[NODE] && v[PARAMS] && !strncmp(v[NODE], "/dev/loop", 9) ) {
        loop_detach(v[NODE], v[PARAMS]);
    }
    for ( int i = 0; i < NR; i++ )
        free(v[i]);
    if ( id->process )
        drop_link(ctx, id);
}

/* All of them in one transaction, and what is empty above them. */
static int remove_nodes(struct xn_ctx *ctx, const struct dev_id *ids, size_t nr)
{
    struct store_batch b = { .nr = 0 };
    char path[DEV_PATH_MAX];
    int rc;

    for ( size_t i = 0; i < nr; i++ ) {
        dev_back_path(&ids[i], path);
        store_remove_upwards(&b, 3, "%s", path);
        dev_front_path(&ids[i], path);
        store_remove_upwards(&b, 4, "%s", path);
        dev_libxl_path(&ids[i], path);
        store_remove_upwards(&b, 3, "%s", path);
        store_remove_upwards(&b, 4, "/local/domain/%u/error/backend/%s/%u/%u", ids[i].back,
                             dev_kind_name(ids[i].kind), ids[i].front, ids[i].devid);
    }
    rc = store_commit(ctx, &b, "removing store nodes of devices");
    store_batch_free(&b);
    return rc;
}

static int say_stuck(const struct closing *c)
{
    int rc = -ETIMEDOUT;

    for ( size_t i = 0; i < c->nr; i++ ) {
        const struct dev_id *id = &c->ids[i];
        char name[24];

        if ( is_over(c->ctx, id) )
            continue;
        if ( id->kind == XN_DEVICE_VBD )
            vdev_name(id->devid, name, sizeof(name));
        else
            snprintf(name, sizeof(name), "%u", id->devid);
        rc = xn_fail(c->ctx, ETIMEDOUT, "the guest did not let go of %s %s within %d s "
                     "(back end in state %d)",
                     id->kind == XN_DEVICE_VBD ? "disk" : "network interface", name,
                     LIMIT_MS / 1000, dev_back_state(c->ctx, id));
        xn_remedy(c->ctx, "unmount it in the guest, or use force");
        break;
    }
    return rc;
}

int dev_close(struct xn_ctx *ctx, const struct dev_id *ids, size_t nr, bool force)
{
    const struct closing c = { ctx, ids, nr };
    int rc;

    if ( !nr )
        return 0;
    rc = tell_backends(&c, force);
    if ( !rc )
        rc = wait_over(&c);
    if ( rc == -ETIMEDOUT && !force )
        return say_stuck(&c);
    if ( rc == -ETIMEDOUT ) {
        say_stuck(&c);
        xn_log(ctx, XN_WARN, "%s: cut off", xn_why(ctx));
        for ( size_t i = 0; i < nr; i++ )
            if ( ids[i].process )
                backproc_kill(ctx, &ids[i]);
        rc = 0;
    }
    if ( rc && !force )
        return rc;
    for ( size_t i = 0; i < nr; i++ )
        undo_hotplug(ctx, &ids[i]);
    return rc;
}

int dev_remove(struct xn_ctx *ctx, const struct dev_id *ids, size_t nr, bool force)
{
    int one, rc = dev_close(ctx, ids, nr, force);

    if ( rc && !force )
        return rc;
    one = remove_nodes(ctx, ids, nr);
    return rc ? rc : one;
}
