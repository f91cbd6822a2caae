/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a back end that is a process.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device/backproc.h"
#include "device/process.h"
#include "device/vdev.h"
#include "xenolith/domain.h"

#define STOP_MS     10000

const char *backproc_program;
const char *backproc_logs = "/var/log/xen";

const char *backproc_program_name(const struct dev_id *id)
{
    return id->kind == XN_DEVICE_VBD ? "xenolith-blk" : "xenolith-net";
}

void backproc_name(const struct dev_id *id, char name[24])
{
    if ( id->kind == XN_DEVICE_VBD )
        vdev_name(id->devid, name, 24);
    else
        snprintf(name, 24, "vif%u", id->devid);
}

static void program_path(const struct dev_id *id, char path[256])
{
    const char *name = backproc_program_name(id);
    char *end;
    ssize_t n;

    if ( backproc_program ) {
        snprintf(path, 256, "%s", backproc_program);
        return;
    }
    n = readlink("/proc/self/exe", path, 255 - strlen(name));
    path[n > 0 ? n : 0] = 0;
    end = strrchr(path, '/');
    strcpy(end ? end + 1 : path, name);
}

int backproc_check(struct xn_ctx *ctx, const struct dev_id *id)
{
    char path[256];
    int rc;

    program_path(id, path);
    if ( !access(path, X_OK) )
        return 0;
    rc = xn_fail(ctx, errno, "backendtype=xenolith needs %s: %s", path, strerror(errno));
    xn_remedy(ctx, "\"make install\" puts it there; the kernel's back end does without");
    return rc;
}

/* By the guest's name, so that a guest that is started often has one log. */
static void log_path(struct xn_ctx *ctx, const struct dev_id *id, char path[512])
{
    char *name = xn_domain_name(ctx, id->front), device[24];

    backproc_name(id, device);
    snprintf(path, 512, "%s/%s-%.200s-%s.log", backproc_logs, backproc_program_name(id),
             name ? name : "unnamed", device);
    free(name);
}

int backproc_start(struct xn_ctx *ctx, const struct dev_id *id, bool again, int *pidfd)
{
    char program[256], folder[DEV_PATH_MAX], log[512], *args[] = { program, folder, NULL };
    pid_t pid;
    int fd;

    program_path(id, program);
    dev_back_path(id, folder);
    log_path(ctx, id, log);
    (void)mkdir(backproc_logs, 0755);
    fd = open(log, O_WRONLY | O_CREAT | (again ? O_APPEND : O_TRUNC) | O_CLOEXEC | O_NOFOLLOW,
              0640);
    pid = fd < 0 ? -errno : process_spawn(args, -1, fd);
    if ( fd >= 0 )
        close(fd);
    if ( pid < 0 )
        return xn_fail(ctx, -pid, "starting %s (%s): %s", program, log, strerror(-pid));
    *pidfd = process_open(pid);
    /* Nobody's child, so it may be gone already. */
    return *pidfd < 0 ? backproc_failed(ctx, id) : 0;
}

int backproc_failed(struct xn_ctx *ctx, const struct dev_id *id)
{
    char log[512], words[256], device[24];

    log_path(ctx, id, log);
    process_last_words(log, words);
    backproc_name(id, device);
    return xn_fail(ctx, EIO, "the back end of %s ended at once: %s (%s)", device,
                   words[0] ? words : "it said nothing", log);
}

int backproc_open(struct xn_ctx *ctx, const struct dev_id *id)
{
    char folder[DEV_PATH_MAX];
    uint64_t pid;
    int fd;

    dev_back_path(id, folder);
    if ( store_read_number(ctx, INT32_MAX, &pid, "%s/pid", folder) || !pid )
        return -1;
    fd = process_open((pid_t)pid);
    if ( fd >= 0 && !process_ended(fd) && process_has_args(pid, NULL, folder) )
        return fd;
    if ( fd >= 0 )
        close(fd);
    return -1;
}

bool backproc_runs(struct xn_ctx *ctx, const struct dev_id *id)
{
    const int fd = backproc_open(ctx, id);

    if ( fd >= 0 )
        close(fd);
    return fd >= 0;
}

void backproc_kill(struct xn_ctx *ctx, const struct dev_id *id)
{
    struct pollfd p = { .fd = backproc_open(ctx, id), .events = POLLIN };

    char device[24];

    if ( p.fd < 0 )
        return;
    backproc_name(id, device);
    if ( process_kill(p.fd) || poll(&p, 1, STOP_MS) <= 0 )
        xn_log(ctx, XN_WARN, "the back end of %s of domain %u does not end", device, id->front);
    close(p.fd);
}
