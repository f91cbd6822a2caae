/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device model's life: started once the guest's memory is there, killed with the guest.
 *
 * Its process id is kept where libxl keeps it; whoever acts on it first makes sure, holding a
 * descriptor of the process, that it still is this domain's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "device/dm.h"
#include "device/dm_priv.h"
#include "device/process.h"
#include "device/qmp.h"

#define READY_MS    60000
#define POLL_MS     50
#define STOP_MS     10000

static const struct xn_setting *setting(const struct xn_domain_config *c, const char *key)
{
    const struct xn_setting *s = xn_config_setting(c, key);

    return s && *s->value ? s : NULL;
}

int dm_check(struct xn_ctx *ctx, const struct xn_domain_config *c)
{
    const struct xn_setting *vga = setting(c, "vga");
    struct stat st;
    int rc;

    if ( access(DM_PROGRAM, X_OK) ) {
        rc = xn_fail(ctx, errno, "the device model %s: %s", DM_PROGRAM, strerror(errno));
        xn_remedy(ctx, "install the package qemu-system-xen");
        return rc;
    }
    if ( vga && !strcmp(vga->value, "qxl") )
        return xn_fail(ctx, ENOTSUP, "vga=\"qxl\" is not served: write stdvga or cirrus");
    for ( size_t i = 0; i < c->nr_nics; i++ )
        if ( dm_has_nic(&c->nics[i]) && access("/dev/net/tun", F_OK) ) {
            rc = xn_fail(ctx, errno, "network interface %ld is emulated, too: dom0 has no "
                         "/dev/net/tun", c->nics[i].devid);
            xn_remedy(ctx, "try \"modprobe tun\", or type=vif for one without emulation");
            return rc;
        }
    for ( size_t i = 0; i < c->nr_disks; i++ ) {
        const struct xn_disk *d = &c->disks[i];

        if ( !d->cdrom || !d->target || !*d->target )
            continue;
        if ( stat(d->target, &st) || access(d->target, R_OK) )
            return xn_fail(ctx, errno, "disk %s: %s: %s", d->vdev, d->target, strerror(errno));
        if ( !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode) )
            return xn_fail(ctx, EINVAL, "disk %s: %s is neither a file nor a block device",
                           d->vdev, d->target);
    }
    return 0;
}

static void log_path(const struct xn_domain_config *c, char path[256])
{
    snprintf(path, 256, DM_LOG_DIR "/qemu-dm-%.200s.log", c->name);
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* It listens before it is ready, and answers when it is. */
static int wait_ready(struct xn_ctx *ctx, uint32_t domid, const struct xn_domain_config *c,
                      int pidfd, struct qmp **q)
{
    const int64_t end = now_ms() + READY_MS;
    char words[256], log[256];
    int rc;

    for ( ;; ) {
        rc = qmp_open(ctx, domid, READY_MS, q);
        if ( !rc || now_ms() > end || process_ended(pidfd) )
            break;
        usleep(POLL_MS * 1000);
    }
    if ( !rc )
        return 0;
    if ( !process_ended(pidfd) )
        return xn_because(ctx, rc, "the device model was not ready within %d s",
                          READY_MS / 1000);
    log_path(c, log);
    process_last_words(log, words);
    return xn_fail(ctx, EIO, "the device model ended at once: %s (%s)",
                   words[0] ? words : "it said nothing", log);
}

static void make_root(uint32_t domid)
{
    char path[64];

    snprintf(path, sizeof(path), "/run/xen/xen-root-%u", domid);
    (void)mkdir(path, 0755);
}

static int start(struct xn_ctx *ctx, const struct dm_request *r, pid_t *pid, int *pidfd)
{
    char path[256], **args = dm_args(r);
    int log;

    (void)mkdir(DM_LOG_DIR, 0755);
    make_root(r->domid);
    qmp_path(r->domid, path);
    unlink(path);
    log_path(r->c, path);
    log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    *pid = log < 0 ? -errno : process_spawn(args, r->kernel_fd, log);
    if ( log >= 0 )
        close(log);
    dm_args_free(args);
    if ( *pid < 0 )
        return xn_fail(ctx, -*pid, "starting the device model (%s): %s", path, strerror(-*pid));
    *pidfd = process_open(*pid);
    return *pidfd < 0 ? xn_fail(ctx, errno, "the device model: %s", strerror(errno)) : 0;
}

static int write_nodes(struct xn_ctx *ctx, uint32_t domid, pid_t pid)
{
    struct store_batch b = { .nr = 0 };
    int rc;

    store_put_number(&b, (uint64_t)pid, "/local/domain/%u/image/device-model-pid", domid);
    store_put(&b, "running", "/local/domain/0/device-model/%u/state", domid);
    rc = store_commit(ctx, &b, "the device model's store nodes");
    store_batch_free(&b);
    return rc;
}

int dm_start(struct xn_ctx *ctx, struct dm_request *r)
{
    const struct xn_setting *restricted = setting(r->c, "dm_restrict");
    struct qmp *q = NULL;
    int pidfd = -1, rc;
    pid_t pid = -1;

    r->restricted = !restricted || strtol(restricted->value, NULL, 0);
    rc = start(ctx, r, &pid, &pidfd);
    if ( !rc )
        rc = write_nodes(ctx, r->domid, pid);
    if ( !rc )
        rc = wait_ready(ctx, r->domid, r->c, pidfd, &q);
    if ( !rc )
        rc = dm_finish(ctx, r->domid, r->c, q);
    if ( rc && pidfd >= 0 )
        (void)process_kill(pidfd);
    qmp_close(q);
    if ( pidfd >= 0 )
        close(pidfd);
    return rc ? xn_because(ctx, rc, "device model of domain %u", r->domid) : 0;
}

/* Is this process a device model of this domain? */
static bool is_dm(uint64_t pid, uint32_t domid)
{
    char number[16];

    snprintf(number, sizeof(number), "%u", domid);
    return process_has_args(pid, "-xen-domid", number);
}

int dm_watch(struct xn_ctx *ctx, uint32_t domid)
{
    uint64_t pid;
    int fd;

    if ( store_read_number(ctx, INT32_MAX, &pid, "/local/domain/%u/image/device-model-pid",
                           domid) || !pid )
        return -1;
    fd = process_open((pid_t)pid);
    if ( fd >= 0 && is_dm(pid, domid) )
        return fd;
    if ( fd >= 0 )
        close(fd);
    return -1;
}

void dm_stop(struct xn_ctx *ctx, uint32_t domid)
{
    const int fd = dm_watch(ctx, domid);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    struct store_batch b = { .nr = 0 };
    char path[64];

    if ( fd >= 0 ) {
        if ( process_kill(fd) ||
             poll(&p, 1, STOP_MS) <= 0 )
            xn_log(ctx, XN_WARN, "the device model of domain %u does not end", domid);
        close(fd);
    } else if ( !store_exists(ctx, "/local/domain/0/device-model/%u", domid) ) {
        return;
    }
    qmp_path(domid, path);
    unlink(path);
    snprintf(path, sizeof(path), "/run/xen/xen-root-%u", domid);
    rmdir(path);
    store_remove_upwards(&b, 3, "/local/domain/0/device-model/%u", domid);
    (void)store_commit(ctx, &b, "the device model's store nodes");
    store_batch_free(&b);
}
