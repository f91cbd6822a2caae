/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices as xl's *-list commands show them.
 *
 * Which devices there are comes from dom0's copy below /libxl; what a guest says of its own
 * side (state, rings, ports) is only shown.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/dev.h"
#include "device/vdev.h"

static long number_or_none(struct xn_ctx *ctx, const char *dir, const char *key)
{
    uint64_t v;

    return store_read_number(ctx, UINT32_MAX, &v, "%s/%s", dir, key) ? -1 : (long)v;
}

/* Copy what is printable of a node. */
static void text_of(struct xn_ctx *ctx, char *to, size_t size, const char *dir, const char *key)
{
    char *value = store_read(ctx, "%s/%s", dir, key);
    size_t n = 0;

    for ( const char *p = value; p && *p && n + 1 < size; p++ )
        to[n++] = *p > ' ' && *p < 127 ? *p : '?';
    to[n] = 0;
    free(value);
}

static void fill(struct xn_ctx *ctx, struct xn_device *d, const struct dev_id *id)
{
    char copy[DEV_PATH_MAX], *mac;
    unsigned int m[6];

    memset(d, 0, sizeof(*d));
    d->kind = id->kind;
    d->frontend = id->front;
    d->backend = id->back;
    d->devid = id->devid;
    dev_front_path(id, d->frontend_path);
    dev_back_path(id, d->backend_path);
    dev_libxl_path(id, copy);
    d->state = (int)number_or_none(ctx, d->frontend_path, "state");
    d->event_channel = number_or_none(ctx, d->frontend_path, "event-channel");
    d->ring_ref = number_or_none(ctx, d->frontend_path, "ring-ref");
    d->tx_ring_ref = number_or_none(ctx, d->frontend_path, "tx-ring-ref");
    d->rx_ring_ref = number_or_none(ctx, d->frontend_path, "rx-ring-ref");
    if ( id->kind == XN_DEVICE_VBD ) {
        text_of(ctx, d->name, sizeof(d->name), copy, "dev");
        if ( !d->name[0] )
            vdev_name(id->devid, d->name, sizeof(d->name));
    } else if ( id->kind == XN_DEVICE_VIF ) {
        text_of(ctx, d->name, sizeof(d->name), copy, "bridge");
    } else {
        text_of(ctx, d->name, sizeof(d->name), copy, "name");
    }
    mac = id->kind == XN_DEVICE_VIF ? store_read(ctx, "%s/mac", copy) : NULL;
    if ( mac && sscanf(mac, "%2x:%2x:%2x:%2x:%2x:%2x", &m[0], &m[1], &m[2], &m[3], &m[4],
                       &m[5]) == 6 )
        for ( int i = 0; i < 6; i++ )
            d->mac[i] = (uint8_t)m[i];
    free(mac);
}

static int by_devid(const void *a, const void *b)
{
    const struct xn_device *x = a, *y = b;

    return x->devid < y->devid ? -1 : x->devid > y->devid;
}

int xn_device_list(struct xn_ctx *ctx, uint32_t domid, enum xn_device_kind kind,
                   struct xn_device **list, size_t *count)
{
    struct dev_id *ids;
    size_t nr;
    int rc = dev_list(ctx, domid, (int)kind, &ids, &nr);

    *list = NULL;
    *count = 0;
    if ( rc )
        return rc;
    *list = calloc(nr + 1, sizeof(**list));
    if ( !*list ) {
        free(ids);
        return xn_fail(ctx, ENOMEM, "out of memory");
    }
    for ( size_t i = 0; i < nr; i++ )
        fill(ctx, &(*list)[i], &ids[i]);
    *count = nr;
    qsort(*list, nr, sizeof(**list), by_devid);
    free(ids);
    return 0;
}
