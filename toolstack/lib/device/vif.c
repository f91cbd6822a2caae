/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network interfaces for netback: bridged in process, or given to a script.
 *
 * netback makes the interface vifDOMID.DEVID; when it is there it gets its name, MTU and
 * bridge, and the store's hotplug-status tells netback that it may connect.  A back end that is a
 * process makes it under its name.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "device/backproc.h"
#include "device/hotplug.h"
#include "device/link.h"
#include "device/process.h"
#include "device/set.h"

#define DEFAULT_BRIDGE  "xenbr0"
#define DEFAULT_MTU     1500u
#define MIN_MTU         68
#define MAX_MTU         65535

void vif_link_name(struct xn_ctx *ctx, const struct dev_id *id, char name[24])
{
    char path[DEV_PATH_MAX], *given = NULL;

    dev_libxl_path(id, path);
    if ( id->process )
        given = store_read(ctx, "%s/vifname", path);
    if ( given )
        snprintf(name, 24, "%s", given);
    else
        snprintf(name, 24, "vif%u.%u", id->front, id->devid);
    free(given);
}

/* An address of Xen's range, unlikely to be another's. */
static void choose_mac(struct xn_nic *nic)
{
    uint8_t *mac = nic->mac;

    mac[0] = 0x00;
    mac[1] = 0x16;
    mac[2] = 0x3e;
    while ( getrandom(mac + 3, 3, 0) != 3 )
        ;
    mac[3] &= 0x7f;
    nic->has_mac = true;
}

static int check_local(struct xn_ctx *ctx, struct vif *v, const struct xn_nic *nic)
{
    int rc = 0;

    if ( v->id.process && nic->rate_bytes )
        return xn_fail(ctx, ENOTSUP, "backendtype=xenolith has no rate= yet");
    if ( v->id.process )
        rc = backproc_check(ctx, &v->id);
    if ( rc )
        return rc;
    if ( !v->id.process && !dev_has_driver(XN_DEVICE_VIF) ) {
        rc = xn_fail(ctx, ENODEV, "dom0's kernel has no network back end");
        xn_remedy(ctx, "try \"modprobe xen-netback\"");
        return rc;
    }
    if ( nic->ifname && !link_name_good(nic->ifname) )
        return xn_fail(ctx, EINVAL, "vifname=%s is no name of an interface", nic->ifname);
    if ( nic->ifname && link_exists(nic->ifname) )
        return xn_fail(ctx, EEXIST, "vifname=%s: there is such an interface already",
                       nic->ifname);
    if ( !nic->script )
        return link_check_bridge(ctx, v->bridge);
    rc = hotplug_path(ctx, nic->script, v->script, sizeof(v->script));
    return rc ? rc : hotplug_check(ctx, v->script);
}

int vif_plan(struct xn_ctx *ctx, struct vif *v, struct xn_nic *nic)
{
    int rc;

    memset(v, 0, sizeof(*v));
    v->id.kind = XN_DEVICE_VIF;
    v->id.devid = (uint32_t)nic->devid;
    v->id.process = nic->by_process;
    v->pidfd = -1;
    v->nic = nic;
    v->bridge = nic->bridge ? nic->bridge : DEFAULT_BRIDGE;
    if ( !nic->has_mac )
        choose_mac(nic);
    if ( nic->mac[0] & 1 )
        rc = xn_fail(ctx, EINVAL, "%02x:%02x:... is a multicast address", nic->mac[0],
                     nic->mac[1]);
    else if ( nic->mtu != XN_UNSET && (nic->mtu < MIN_MTU || nic->mtu > MAX_MTU) )
        rc = xn_fail(ctx, ERANGE, "mtu=%ld is not in %d to %d", nic->mtu, MIN_MTU, MAX_MTU);
    else
        rc = dev_backend_domid(ctx, nic->backend_domain, &v->id.back);
    if ( !rc && v->id.back && v->id.process )
        rc = xn_fail(ctx, ENOTSUP, "backendtype=xenolith does not go with backend=");
    if ( !rc && !v->id.back )
        rc = check_local(ctx, v, nic);
    return rc ? xn_because(ctx, rc, "network interface %ld", nic->devid) : 0;
}

static unsigned int mtu_of(const struct vif *v)
{
    unsigned int mtu = 0;

    if ( v->nic->mtu != XN_UNSET )
        return (unsigned int)v->nic->mtu;
    if ( !v->id.back )
        mtu = link_mtu(v->bridge);
    return mtu ? mtu : DEFAULT_MTU;
}

static void write_options(struct dev_writer *w, const struct xn_nic *nic)
{
    char text[48];

    if ( nic->gateway )
        dev_write_back(w, "gatewaydev", nic->gateway);
    if ( nic->ip )
        dev_write_back(w, "ip", nic->ip);
    if ( nic->rate_bytes ) {
        snprintf(text, sizeof(text), "%llu,%u", (unsigned long long)nic->rate_bytes,
                 nic->rate_interval_us);
        dev_write_back(w, "rate", text);
    }
    if ( nic->vlan )
        dev_write_back(w, "vlan", nic->vlan);
    if ( nic->ifname )
        dev_write_back(w, "vifname", nic->ifname);
    if ( nic->mtu != XN_UNSET )
        dev_write_back_number(w, "mtu", (uint64_t)nic->mtu);
}

void vif_nodes(const struct vif *v, struct store_batch *b)
{
    const struct xn_nic *nic = v->nic;
    struct dev_writer w;
    char mac[18];

    snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", nic->mac[0], nic->mac[1],
             nic->mac[2], nic->mac[3], nic->mac[4], nic->mac[5]);
    dev_write_begin(&w, b, &v->id);
    dev_write_back(&w, "script", v->script[0] ? v->script : HOTPLUG_BRIDGE);
    if ( v->script[0] )
        store_put(b, "1", "%s/run-script", w.libxl);
    dev_write_back(&w, "mac", mac);
    write_options(&w, nic);
    dev_write_back(&w, "bridge", v->bridge);
    dev_write_back_number(&w, "handle", v->id.devid);
    dev_write_back(&w, "type", "vif");
    dev_write_back(&w, "hotplug-status", "");
    dev_write_front(&w, "state", "1");
    dev_write_front_number(&w, "handle", v->id.devid);
    dev_write_front(&w, "mac", mac);
    dev_write_front(&w, "trusted", nic->trusted ? "1" : "0");
    dev_write_front_number(&w, "mtu", mtu_of(v));
    store_chmod(b, (struct store_perms){ v->id.back, v->id.front }, "%s/mtu", w.front);
}

static int set_up(struct xn_ctx *ctx, struct vif *v, const char *link)
{
    struct store_batch b = { .nr = 0 };
    char path[DEV_PATH_MAX];
    int rc;

    if ( v->script[0] ) {
        rc = hotplug_run(ctx, v->script, &v->id, "online");
    } else {
        rc = link_set_up(ctx, link, v->id.process ? NULL : v->nic->ifname, v->bridge, mtu_of(v));
        if ( !rc ) {
            dev_back_path(&v->id, path);
            store_put(&b, "connected", "%s/hotplug-status", path);
            rc = store_commit(ctx, &b, "the interface's state");
            store_batch_free(&b);
        }
    }
    if ( rc )
        return xn_because(ctx, rc, "network interface %u", v->id.devid);
    v->done = true;
    return 1;
}

int vif_step(struct xn_ctx *ctx, struct vif *v)
{
    const int state = dev_back_state(ctx, &v->id);
    char link[24];

    if ( v->id.process && v->pidfd < 0 )
        return backproc_start(ctx, &v->id, false, &v->pidfd);
    if ( v->id.process && process_ended(v->pidfd) )
        return backproc_failed(ctx, &v->id);
    vif_link_name(ctx, &v->id, link);
    if ( state == DEV_CLOSING || state == DEV_CLOSED )
        return dev_back_failed(ctx, EIO, &v->id, link);
    if ( state < DEV_INIT_WAIT )
        return 0;
    if ( v->id.back ) {
        v->done = true;
        return 1;
    }
    return link_exists(link) ? set_up(ctx, v, link) : 0;
}
