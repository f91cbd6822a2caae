/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where devices are in the store, and writing their nodes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/dev.h"
#include "xenolith/domain.h"

static const char *const kind_names[] = {
    [XN_DEVICE_VBD] = "vbd", [XN_DEVICE_VIF] = "vif", [XN_DEVICE_CONSOLE] = "console",
};

static const char *const process_names[] = {
    [XN_DEVICE_VBD] = "xenblk", [XN_DEVICE_VIF] = "xenvif", [XN_DEVICE_CONSOLE] = "console",
};

#define NR_KINDS (sizeof(kind_names) / sizeof(kind_names[0]))

const char *dev_sysfs = "/sys";

bool dev_has_driver(enum xn_device_kind kind)
{
    char path[128];

    snprintf(path, sizeof(path), "%.80s/bus/xen-backend/drivers/%s", dev_sysfs,
             kind_names[kind]);
    return !access(path, F_OK);
}

void dev_sysfs_path(const struct dev_id *id, char path[128])
{
    snprintf(path, 128, "%.60s/bus/xen-backend/devices/%s-%u-%u", dev_sysfs,
             kind_names[id->kind], id->front, id->devid);
}

const char *dev_kind_name(enum xn_device_kind kind)
{
    return kind_names[kind];
}

const char *dev_back_kind(const struct dev_id *id)
{
    return (id->process ? process_names : kind_names)[id->kind];
}

void dev_front_path(const struct dev_id *id, char path[DEV_PATH_MAX])
{
    if ( id->kind == XN_DEVICE_CONSOLE && id->devid == 0 )    /* older than the others */
        snprintf(path, DEV_PATH_MAX, "/local/domain/%u/console", id->front);
    else
        snprintf(path, DEV_PATH_MAX, "/local/domain/%u/device/%s/%u", id->front,
                 kind_names[id->kind], id->devid);
}

void dev_back_path(const struct dev_id *id, char path[DEV_PATH_MAX])
{
    snprintf(path, DEV_PATH_MAX, "/local/domain/%u/backend/%s/%u/%u", id->back,
             dev_back_kind(id), id->front, id->devid);
}

void dev_libxl_path(const struct dev_id *id, char path[DEV_PATH_MAX])
{
    snprintf(path, DEV_PATH_MAX, "/libxl/%u/device/%s/%u", id->front, kind_names[id->kind],
             id->devid);
}

void dev_write_begin(struct dev_writer *w, struct store_batch *b, const struct dev_id *id)
{
    const struct store_perms back = { id->back, id->front };
    struct store_perms front = { id->front, id->back };
    const bool primary = id->kind == XN_DEVICE_CONSOLE && id->devid == 0;

    w->b = b;
    w->id = *id;
    dev_front_path(id, w->front);
    dev_back_path(id, w->back);
    dev_libxl_path(id, w->libxl);
    /* The guest may only read its primary console's directory: it is part of its description. */
    if ( primary )
        front = (struct store_perms){ 0, id->front };
    store_dir(b, front, "%s", w->front);
    store_dir(b, back, "%s", w->back);
    dev_write_front(w, "backend", w->back);
    dev_write_front_number(w, "backend-id", id->back);
    if ( primary )
        store_chmod(b, (struct store_perms){ id->front, id->back }, "%s/backend-id", w->front);
    store_put(b, w->back, "%s/backend", w->libxl);
    dev_write_back(w, "frontend", w->front);
    dev_write_back_number(w, "frontend-id", id->front);
    dev_write_back(w, "online", "1");
    dev_write_back_number(w, "state", DEV_INITIALISING);
}

void dev_write_back(struct dev_writer *w, const char *key, const char *value)
{
    store_put(w->b, value, "%s/%s", w->back, key);
    store_put(w->b, value, "%s/%s", w->libxl, key);
}

void dev_write_back_number(struct dev_writer *w, const char *key, uint64_t value)
{
    store_put_number(w->b, value, "%s/%s", w->back, key);
    store_put_number(w->b, value, "%s/%s", w->libxl, key);
}

void dev_write_back_only(struct dev_writer *w, const char *key, const char *value)
{
    store_put(w->b, value, "%s/%s", w->back, key);
}

void dev_write_front(struct dev_writer *w, const char *key, const char *value)
{
    store_put(w->b, value, "%s/%s", w->front, key);
}

void dev_write_front_number(struct dev_writer *w, const char *key, uint64_t value)
{
    store_put_number(w->b, value, "%s/%s", w->front, key);
}

int dev_back_state(struct xn_ctx *ctx, const struct dev_id *id)
{
    char path[DEV_PATH_MAX];
    uint64_t state;

    dev_back_path(id, path);
    if ( store_read_number(ctx, DEV_CLOSED + 2, &state, "%s/state", path) )
        return DEV_UNKNOWN;
    return (int)state;
}

int dev_back_failed(struct xn_ctx *ctx, int err, const struct dev_id *id, const char *name)
{
    char path[DEV_PATH_MAX], *why;
    int rc;

    dev_back_path(id, path);
    why = id->process ? store_read(ctx, "%s/error", path)
                      : store_read(ctx, "/local/domain/%u/error%s/error", id->back,
                                   strstr(path, "/backend"));

    if ( why )
        rc = xn_fail(ctx, err, "the back end gave up %s: %s", name, why);
    else
        rc = xn_fail(ctx, err, "the back end gave up %s (state %d)", name,
                     dev_back_state(ctx, id));
    free(why);
    return rc;
}

int dev_backend_domid(struct xn_ctx *ctx, const char *name, uint32_t *domid)
{
    int rc;

    *domid = 0;
    if ( !name || !strcmp(name, "0") || !strcmp(name, "Domain-0") )
        return 0;
    rc = xn_domain_find(ctx, name, domid);
    return rc ? xn_because(ctx, rc, "the back end domain (backend=%s)", name) : 0;
}

/* Who serves a device, by the path of its back end.  false: that is no back end's path. */
static bool parse_back(struct dev_id *id, const char *backend)
{
    char expect[DEV_PATH_MAX];
    unsigned int back;
    char kind[16];

    if ( !backend || sscanf(backend, "/local/domain/%u/backend/%15[^/]", &back, kind) != 2 )
        return false;
    id->back = back;
    id->process = strcmp(kind, kind_names[id->kind]) && !strcmp(kind, process_names[id->kind]);
    dev_back_path(id, expect);
    return !strcmp(expect, backend);
}

/* The devices of these names (of one kind), added to the list, which has room. */
static int add_devices(struct xn_ctx *ctx, uint32_t domid, unsigned int kind, char **names,
                       size_t n, struct dev_id *list, size_t *count)
{
    char (*paths)[DEV_PATH_MAX + 8] = calloc(n + 1, sizeof(*paths)), **backs, *end;
    const char **ptrs = calloc(n + 1, sizeof(*ptrs));
    int rc;

    backs = calloc(n + 1, sizeof(*backs));
    if ( !paths || !ptrs || !backs ) {
        rc = xn_fail(ctx, ENOMEM, "out of memory");
        goto out;
    }
    for ( size_t i = 0; i < n; i++ ) {
        snprintf(paths[i], sizeof(paths[i]), "/libxl/%u/device/%s/%.20s/backend", domid,
                 kind_names[kind], names[i]);
        ptrs[i] = paths[i];
    }
    rc = store_read_many(ctx, ptrs, n, backs);
    for ( size_t i = 0; i < n && !rc; i++ ) {
        struct dev_id id = { .kind = kind, .front = domid };

        id.devid = (uint32_t)strtoul(names[i], &end, 10);
        if ( !*end && parse_back(&id, backs[i]) )
            list[(*count)++] = id;
        free(backs[i]);
    }

 out:
    free(backs);
    free(ptrs);
    free(paths);
    return rc;
}

static int add_kind(struct xn_ctx *ctx, uint32_t domid, unsigned int kind, struct dev_id **list,
                    size_t *count)
{
    size_t n;
    char **names = store_list(ctx, &n, "/libxl/%u/device/%s", domid, kind_names[kind]);
    struct dev_id *more;
    int rc;

    if ( !names )
        return errno == ENOENT ? 0 : xn_fail(ctx, errno, "listing devices of domain %u: %s",
                                             domid, strerror(errno));
    more = realloc(*list, (*count + n + 1) * sizeof(*more));
    if ( more ) {
        *list = more;
        rc = add_devices(ctx, domid, kind, names, n, more, count);
    } else {
        rc = xn_fail(ctx, ENOMEM, "out of memory");
    }
    free(names);
    return rc;
}

int dev_list(struct xn_ctx *ctx, uint32_t domid, int kind, struct dev_id **list, size_t *count)
{
    int rc = 0;

    *list = NULL;
    *count = 0;
    for ( unsigned int k = 0; k < NR_KINDS && !rc; k++ )
        if ( kind < 0 || (unsigned int)kind == k )
            rc = add_kind(ctx, domid, k, list, count);
    if ( rc ) {
        free(*list);
        *list = NULL;
        *count = 0;
    }
    return rc;
}
