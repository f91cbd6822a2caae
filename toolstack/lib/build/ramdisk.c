/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are copied into a guest as they are.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build/ramdisk.h"

int ramdisk_open(struct xn_ctx *ctx, const char *what, const char *path, struct ramdisk *r)
{
    struct stat st;

    r->fd = -1;
    r->size = 0;
    if ( !path )
        return 0;
    snprintf(r->name, sizeof(r->name), "%s %s", what, path);
    r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if ( r->fd < 0 || fstat(r->fd, &st) )
        return xn_fail(ctx, errno, "%s: %s", r->name, strerror(errno));
    if ( !S_ISREG(st.st_mode) )
        return xn_fail(ctx, EINVAL, "%s: is not a regular file", r->name);
    if ( !st.st_size )
        return xn_fail(ctx, EINVAL, "%s: is empty", r->name);
    r->size = (uint64_t)st.st_size;
    return 0;
}

void ramdisk_close(struct ramdisk *r)
{
    if ( r->fd >= 0 )
        close(r->fd);
}
