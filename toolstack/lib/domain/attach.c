/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices of running domains: attaching and detaching.  What changes is also changed in the
 * stored configuration, so that the domain has it after a reboot too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "device/close.h"
#include "device/copy.h"
#include "device/set.h"
#include "domain/dom.h"

/* The stored configuration. */

static void add_disk(struct xn_domain_config *c, const void *data)
{
    struct xn_disk *more = realloc(c->disks, (c->nr_disks + 1) * sizeof(*more));

    if ( !more )
        return;
    c->disks = more;
    if ( !dev_copy_disk(&more[c->nr_disks], data) )
        c->nr_disks++;
}

static void add_nic(struct xn_domain_config *c, const void *data)
{
    struct xn_nic *more = realloc(c->nics, (c->nr_nics + 1) * sizeof(*more));

    if ( !more )
        return;
    c->nics = more;
    if ( !dev_copy_nic(&more[c->nr_nics], data) )
        c->nr_nics++;
}

static void drop_disk(struct xn_domain_config *c, const void *data)
{
    const uint32_t devid = *(const uint32_t *)data;
    uint32_t number;

    for ( size_t i = 0; i < c->nr_disks; i++ ) {
        if ( !c->disks[i].vdev || xn_vdev_number(c->disks[i].vdev, &number) || number != devid )
            continue;
        xn_disk_free(&c->disks[i]);
        memmove(&c->disks[i], &c->disks[i + 1], (c->nr_disks - i - 1) * sizeof(c->disks[0]));
        c->nr_disks--;
        return;
    }
}

static void drop_nic(struct xn_domain_config *c, const void *data)
{
    const uint32_t devid = *(const uint32_t *)data;

    for ( size_t i = 0; i < c->nr_nics; i++ ) {
        if ( c->nics[i].devid != (long)devid )
            continue;
        xn_nic_free(&c->nics[i]);
        memmove(&c->nics[i], &c->nics[i + 1], (c->nr_nics - i - 1) * sizeof(c->nics[0]));
        c->nr_nics--;
        return;
    }
}

/* Attaching. */

static int check_domain(struct xn_ctx *ctx, uint32_t domid, struct xn_domain *d)
{
    int rc = xn_domain_info(ctx, domid, d);

    if ( !rc && domid == 0 )
        rc = xn_fail(ctx, EINVAL, "Domain-0 has its devices from the kernel");
    if ( !rc && (d->shutdown || d->dying) )
        rc = xn_fail(ctx, EINVAL, "domain %u has ended", domid);
    return rc;
}

static int check_new(struct xn_ctx *ctx, const struct dev_set *set)
{
    const struct dev_id *id = set->nr_vbds ? &set->vbds[0].id : &set->vifs[0].id;
    char path[DEV_PATH_MAX];

    dev_libxl_path(id, path);
    if ( !store_exists(ctx, "%s", path) )
        return 0;
    if ( set->nr_vbds )
        return xn_fail(ctx, EEXIST, "domain %u has a disk %s already", set->domid,
                       set->vbds[0].disk->vdev);
    return xn_fail(ctx, EEXIST, "domain %u has a network interface %u already", set->domid,
                   id->devid);
}

static int write_nodes(struct xn_ctx *ctx, const struct dev_set *set)
{
    struct store_batch b = { .nr = 0 };
    int rc;

    set_nodes(set, &b);
    rc = store_commit(ctx, &b, "the device's store nodes");
    store_batch_free(&b);
    return rc;
}

/* Take back what was written, keeping the reason of the failure. */
static void undo(struct xn_ctx *ctx, const struct dev_set *set)
{
    const struct dev_id *id = set->nr_vbds ? &set->vbds[0].id : &set->vifs[0].id;
    char *why = strdup(xn_why(ctx));

    if ( dev_remove(ctx, id, 1, true) )
        xn_log(ctx, XN_WARN, "the device is not all gone: %s", xn_why(ctx));
    if ( why )
        xn_fail(ctx, EIO, "%s", why);
    free(why);
}

/* One device, planned, into a domain. */
static int attach(struct xn_ctx *ctx, struct dev_set *set, uint32_t domid)
{
    int rc;

    set_domid(set, domid);
    rc = check_new(ctx, set);
    if ( !rc )
        rc = set_prepare(ctx, set);
    if ( rc )
        return rc;
    rc = write_nodes(ctx, set);
    if ( !rc )
        rc = set_finish(ctx, set);
    if ( rc )
        undo(ctx, set);
    return rc;
}

int xn_disk_attach(struct xn_ctx *ctx, uint32_t domid, struct xn_disk *disk)
{
    struct dev_set set = { .domid = domid };
    struct xn_domain d;
    int rc = check_domain(ctx, domid, &d);

    if ( !rc )
        rc = set_plan(ctx, &set, disk, 1, NULL, 0);
    if ( !rc )
        rc = attach(ctx, &set, domid);
    set_free(&set);
    if ( !rc )
        rc = dom_config_change(ctx, &d, add_disk, disk);
    return rc ? xn_because(ctx, rc, "attaching to domain %u", domid) : 0;
}

/* The lowest number that no interface of the domain has. */
static int choose_devid(struct xn_ctx *ctx, uint32_t domid, struct xn_nic *nic)
{
    struct dev_id *ids;
    size_t nr;
    long devid = 0;
    int rc = dev_list(ctx, domid, XN_DEVICE_VIF, &ids, &nr);

    if ( rc )
        return rc;
    for ( size_t i = 0; i < nr; i++ ) {
        if ( (long)ids[i].devid == devid ) {
            devid++;
            i = (size_t)-1;
        }
    }
    free(ids);
    nic->devid = devid;
    return 0;
}

int xn_nic_attach(struct xn_ctx *ctx, uint32_t domid, struct xn_nic *nic)
{
    struct dev_set set = { .domid = domid };
    struct xn_domain d;
    int rc = check_domain(ctx, domid, &d);

    if ( !rc && nic->devid == XN_UNSET )
        rc = choose_devid(ctx, domid, nic);
    if ( !rc )
        rc = set_plan(ctx, &set, NULL, 0, nic, 1);
    if ( !rc )
        rc = attach(ctx, &set, domid);
    set_free(&set);
    if ( !rc )
        rc = dom_config_change(ctx, &d, add_nic, nic);
    return rc ? xn_because(ctx, rc, "attaching to domain %u", domid) : 0;
}

/* Detaching. */

static bool has_mac(struct xn_ctx *ctx, const struct dev_id *id, const char *mac)
{
    char path[DEV_PATH_MAX], *own;
    bool same;

    dev_libxl_path(id, path);
    own = store_read(ctx, "%s/mac", path);
    same = own && !strcasecmp(own, mac);
    free(own);
    return same;
}

/* The device that spec means: number, vdev or MAC. */
static int find(struct xn_ctx *ctx, uint32_t domid, enum xn_device_kind kind, const char *spec,
                struct dev_id *id)
{
    const bool vbd = kind == XN_DEVICE_VBD;
    struct dev_id *ids;
    uint32_t number = 0;
    bool numbered, found = false;
    char *end;
    size_t nr;
    int rc = dev_list(ctx, domid, (int)kind, &ids, &nr);

    if ( rc )
        return rc;
    if ( vbd ) {
        numbered = !xn_vdev_number(spec, &number);
    } else {
        number = (uint32_t)strtoul(spec, &end, 10);
        numbered = *spec >= '0' && *spec <= '9' && !*end;
    }
    for ( size_t i = 0; i < nr && !found; i++ ) {
        found = numbered ? ids[i].devid == number : !vbd && has_mac(ctx, &ids[i], spec);
        *id = ids[i];
    }
    free(ids);
    return found ? 0 : xn_fail(ctx, ENOENT, "domain %u has no %s %s", domid,
                               vbd ? "disk" : "network interface", spec);
}

static int detach(struct xn_ctx *ctx, uint32_t domid, enum xn_device_kind kind,
                  const char *spec, bool force)
{
    struct xn_domain d;
    struct dev_id id;
    int rc = xn_domain_info(ctx, domid, &d);

    if ( !rc )
        rc = find(ctx, domid, kind, spec, &id);
    if ( !rc )
        rc = dev_remove(ctx, &id, 1, force);
    if ( !rc )
        rc = dom_config_change(ctx, &d, kind == XN_DEVICE_VBD ? drop_disk : drop_nic,
                               &id.devid);
    return rc ? xn_because(ctx, rc, "detaching from domain %u", domid) : 0;
}

int xn_disk_detach(struct xn_ctx *ctx, uint32_t domid, const char *spec, bool force)
{
    return detach(ctx, domid, XN_DEVICE_VBD, spec, force);
}

int xn_nic_detach(struct xn_ctx *ctx, uint32_t domid, const char *spec, bool force)
{
    return detach(ctx, domid, XN_DEVICE_VIF, spec, force);
}
