/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual disks for blkback: block devices as they are, files by a loop device, anything else
 * by a script; or for a process of its own, which opens either itself.
 *
 * blkback opens the device when it finds physical-device in the store, so that goes in with
 * the other nodes; sysfs shows when it has it open, and then our hold on the loop device ends.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device/backproc.h"
#include "device/hotplug.h"
#include "device/inuse.h"
#include "device/process.h"
#include "device/set.h"

static int not_served(struct xn_ctx *ctx, const struct xn_disk *d, const char *what)
{
    int rc = xn_fail(ctx, ENOTSUP, "%s is not served yet: it needs QEMU as back end", what);

    xn_remedy(ctx, "\"qemu-img convert -O raw %s NEW\" makes an image that can be used",
              d->target ? d->target : "OLD");
    return rc;
}

/* What this library cannot do, by name. */
static int check_kind(struct xn_ctx *ctx, const struct xn_disk *d)
{
    static const char *const formats[] = {
        [XN_FORMAT_QCOW] = "format=qcow", [XN_FORMAT_QCOW2] = "format=qcow2",
        [XN_FORMAT_VHD] = "format=vhd", [XN_FORMAT_QED] = "format=qed",
    };

    if ( d->format == XN_FORMAT_EMPTY || !d->target )
        return xn_fail(ctx, ENOTSUP, "an empty drive is not served yet: blkback needs a disk");
    if ( d->format != XN_FORMAT_RAW )
        return not_served(ctx, d, formats[d->format]);
    if ( d->backend == XN_DISK_QDISK )
        return not_served(ctx, d, "backendtype=qdisk");
    if ( d->backend == XN_DISK_TAP )
        return not_served(ctx, d, "backendtype=tap");
    if ( d->backend == XN_DISK_STANDALONE || d->is_virtio )
        return xn_fail(ctx, ENOTSUP, "specification=virtio is not served yet");
    if ( d->colo )
        return xn_fail(ctx, ENOTSUP, "colo is not served");
    return 0;
}

static int check_target(struct xn_ctx *ctx, const struct xn_disk *d)
{
    struct stat st;

    if ( d->target[0] != '/' )
        return xn_fail(ctx, EINVAL, "%s is no absolute path", d->target);
    if ( stat(d->target, &st) || access(d->target, R_OK) )
        return xn_fail(ctx, errno, "%s: %s", d->target, strerror(errno));
    if ( !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode) )
        return xn_fail(ctx, EINVAL, "%s is neither a file nor a block device", d->target);
    if ( !d->readonly && access(d->target, W_OK) ) {
        int rc = xn_fail(ctx, errno, "%s cannot be written: %s", d->target, strerror(errno));

        xn_remedy(ctx, "access=ro gives it to the guest for reading");
        return rc;
    }
    if ( S_ISREG(st.st_mode) && st.st_size < 512 )
        return xn_fail(ctx, EINVAL, "%s is empty", d->target);
    return inuse_check(ctx, d->target, &st, d->readonly);
}

static int plan_process(struct xn_ctx *ctx, const struct vbd *v, const struct xn_disk *d)
{
    int rc;

    if ( v->id.back || d->script )
        return xn_fail(ctx, ENOTSUP, "backendtype=xenolith goes with neither backend= nor script=");
    rc = check_target(ctx, d);
    return rc ? rc : backproc_check(ctx, &v->id);
}

static int plan(struct xn_ctx *ctx, struct vbd *v, const struct xn_disk *d)
{
    int rc;

    if ( !d->vdev || xn_vdev_number(d->vdev, &v->id.devid) )
        return xn_fail(ctx, EINVAL, "%s is no name of a virtual disk (xvda, hdc, d3p1, ...)",
                       d->vdev ? d->vdev : "(none)");
    rc = check_kind(ctx, d);
    if ( !rc )
        rc = dev_backend_domid(ctx, d->backend_domain, &v->id.back);
    if ( !rc && v->id.process )
        return plan_process(ctx, v, d);
    if ( rc || v->id.back )
        return rc;
    if ( !dev_has_driver(XN_DEVICE_VBD) ) {
        rc = xn_fail(ctx, ENODEV, "dom0's kernel has no block back end");
        xn_remedy(ctx, "try \"modprobe xen-blkback\"");
        return rc;
    }
    if ( !d->script )
        return check_target(ctx, d);
    rc = hotplug_path(ctx, d->script, v->script, sizeof(v->script));
    return rc ? rc : hotplug_check(ctx, v->script);
}

int vbd_plan(struct xn_ctx *ctx, struct vbd *v, const struct xn_disk *disk)
{
    int rc;

    memset(v, 0, sizeof(*v));
    v->id.kind = XN_DEVICE_VBD;
    v->id.process = disk->backend == XN_DISK_XENOLITH;
    v->disk = disk;
    v->loop.fd = v->pidfd = -1;
    rc = plan(ctx, v, disk);
    return rc ? xn_because(ctx, rc, "disk %s", disk->vdev ? disk->vdev : "(no vdev)") : 0;
}

int vbd_prepare(struct xn_ctx *ctx, struct vbd *v)
{
    const struct xn_disk *d = v->disk;
    struct stat st;
    int rc = 0;

    if ( v->script[0] || v->id.back || v->id.process )
        return 0;
    if ( stat(d->target, &st) ) {
        rc = xn_fail(ctx, errno, "%s: %s", d->target, strerror(errno));
    } else if ( S_ISBLK(st.st_mode) ) {
        v->rdev = st.st_rdev;
        snprintf(v->node, sizeof(v->node), "%s", d->target);
    } else {
        rc = loop_attach(ctx, d->target, d->readonly, d->direct_io_safe, &v->loop);
        if ( !rc ) {
            v->rdev = v->loop.rdev;
            snprintf(v->node, sizeof(v->node), "%s", v->loop.path);
        }
    }
    return rc ? xn_because(ctx, rc, "disk %s", d->vdev) : 0;
}

static void write_found(struct dev_writer *w, const struct vbd *v)
{
    char text[32];

    if ( !v->rdev )
        return;
    if ( v->loop.fd >= 0 )
        dev_write_back_only(w, "node", v->node);
    snprintf(text, sizeof(text), "%x:%x", major(v->rdev), minor(v->rdev));
    dev_write_back_only(w, "physical-device", text);
    dev_write_back_only(w, "physical-device-path", v->node);
    dev_write_back_only(w, "hotplug-status", "connected");
}

void vbd_nodes(const struct vbd *v, struct store_batch *b)
{
    const struct xn_disk *d = v->disk;
    const char *type = d->cdrom ? "cdrom" : "disk";
    struct dev_writer w;

    dev_write_begin(&w, b, &v->id);
    dev_write_back(&w, "params", d->target);
    if ( !v->id.process )
        dev_write_back(&w, "script", v->script[0] ? v->script : HOTPLUG_BLOCK);
    if ( v->script[0] )
        store_put(b, "1", "%s/run-script", w.libxl);
    dev_write_back(&w, "removable", d->removable || d->cdrom ? "1" : "0");
    dev_write_back(&w, "bootable", "1");
    dev_write_back(&w, "dev", d->vdev);
    dev_write_back(&w, "type", v->id.process ? "xenolith" : "phy");
    dev_write_back(&w, "mode", d->readonly ? "r" : "w");
    dev_write_back(&w, "device-type", type);
    dev_write_back(&w, "discard-enable",
                   (d->discard_set ? d->discard : !d->readonly) ? "1" : "0");
    dev_write_back(&w, "specification", "xen");
    write_found(&w, v);
    dev_write_front(&w, "state", "1");
    dev_write_front_number(&w, "virtual-device", v->id.devid);
    dev_write_front(&w, "device-type", type);
    dev_write_front(&w, "trusted", d->trusted ? "1" : "0");
    dev_write_front(&w, "protocol", "x86_64-abi");
}

static int run_script(struct xn_ctx *ctx, struct vbd *v)
{
    int rc = hotplug_run(ctx, v->script, &v->id, "add");
    char path[DEV_PATH_MAX];

    if ( rc )
        return xn_because(ctx, rc, "disk %s", v->disk->vdev);
    dev_back_path(&v->id, path);
    if ( !store_exists(ctx, "%s/physical-device", path) )
        return xn_fail(ctx, EIO, "disk %s: %s add named no physical-device", v->disk->vdev,
                       v->script);
    v->done = true;
    return 1;
}

int vbd_step(struct xn_ctx *ctx, struct vbd *v)
{
    const int state = dev_back_state(ctx, &v->id);
    char path[160];

    if ( v->id.process && v->pidfd < 0 )
        return backproc_start(ctx, &v->id, false, &v->pidfd);
    if ( v->id.process && process_ended(v->pidfd) )
        return backproc_failed(ctx, &v->id);
    if ( state == DEV_CLOSING || state == DEV_CLOSED )
        return dev_back_failed(ctx, EIO, &v->id, v->disk->vdev);
    if ( state < DEV_INIT_WAIT )
        return 0;
    if ( v->script[0] )
        return run_script(ctx, v);
    if ( !v->id.back && !v->id.process ) {
        dev_sysfs_path(&v->id, path);
        strcat(path, "/physical_device");
        if ( access(path, F_OK) )
            return 0;
    }
    loop_release(&v->loop);
    v->done = true;
    return 1;
}
