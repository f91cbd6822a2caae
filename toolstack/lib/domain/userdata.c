/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's files: its configuration as libxl's JSON, in the place and under the lock where
 * libxl's own tools look for it.
 *
 * A new version is written beside the old one ("userdata-n.") and renamed over it
 * ("userdata-d."), so that a reader never sees half of one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain/dom.h"

#define FILE_MAX    (4u << 20)
#define LOCK_TRIES  1000

const char *dom_lib_dir = "/var/lib/xen";
const char *dom_run_dir = "/run/xen";

static void path_of(char path[256], char kind, uint32_t domid, const uint8_t uuid[16],
                    const char *what)
{
    char text[37];

    dom_uuid_text(uuid, text);
    snprintf(path, 256, "%s/userdata-%c.%u.%s.%s", dom_lib_dir, kind, domid, text, what);
}

static int write_all(int fd, const char *text, size_t len)
{
    while ( len ) {
        ssize_t n = write(fd, text, len);

        if ( n < 0 && errno == EINTR )
            continue;
        if ( n <= 0 )
            return n ? -errno : -ENOSPC;
        text += n;
        len -= (size_t)n;
    }
    return 0;
}

int dom_userdata_write(struct xn_ctx *ctx, uint32_t domid, const uint8_t uuid[16],
                       const char *text)
{
    char new[256], path[256];
    int fd, rc;

    path_of(new, 'n', domid, uuid, "libxl-json");
    path_of(path, 'd', domid, uuid, "libxl-json");
    fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if ( fd < 0 && errno == ENOENT && !mkdir(dom_lib_dir, 0700) )
        fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if ( fd < 0 )
        return xn_fail(ctx, errno, "storing the configuration in %s: %s", new, strerror(errno));
    rc = write_all(fd, text, strlen(text));
    if ( close(fd) && !rc )
        rc = -errno;
    if ( !rc && rename(new, path) )
        rc = -errno;
    if ( rc ) {
        unlink(new);
        return xn_fail(ctx, -rc, "storing the configuration in %s: %s", path, strerror(-rc));
    }
    return 0;
}

char *dom_userdata_read(uint32_t domid, const uint8_t uuid[16])
{
    char path[256], *text = NULL;
    struct stat st;
    size_t at = 0;
    int fd, err = 0;

    path_of(path, 'd', domid, uuid, "libxl-json");
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if ( fd < 0 )
        return NULL;
    if ( fstat(fd, &st) )
        err = errno;
    else if ( st.st_size > FILE_MAX )
        err = EFBIG;
    else if ( !(text = malloc((size_t)st.st_size + 1)) )
        err = ENOMEM;
    while ( !err && at < (size_t)st.st_size ) {
        ssize_t n = read(fd, text + at, (size_t)st.st_size - at);

        if ( n < 0 && errno != EINTR )
            err = errno;
        if ( n == 0 )
            break;
        at += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    if ( err ) {
        free(text);
        errno = err;
        return NULL;
    }
    text[at] = 0;
    return text;
}

void dom_userdata_remove(uint32_t domid, const uint8_t uuid[16])
{
    char path[256];

    path_of(path, 'd', domid, uuid, "libxl-json");
    unlink(path);
    path_of(path, 'n', domid, uuid, "libxl-json");
    unlink(path);
}

/* The holder removes the file, so after waiting it may be another one than is there now. */
int dom_userdata_lock(struct xn_ctx *ctx, uint32_t domid, const uint8_t uuid[16])
{
    struct stat held, there;
    char path[256];
    int fd;

    path_of(path, 'l', domid, uuid, "domain-userdata-lock");
    for ( unsigned int i = 0; i < LOCK_TRIES; i++ ) {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if ( fd < 0 )
            return xn_fail(ctx, errno, "locking %s: %s", path, strerror(errno));
        if ( !flock(fd, LOCK_EX) && !fstat(fd, &held) && !stat(path, &there) &&
             held.st_ino == there.st_ino && held.st_dev == there.st_dev )
            return fd;
        close(fd);
    }
    return xn_fail(ctx, EBUSY, "locking %s: it is never free", path);
}

void dom_userdata_unlock(int fd, uint32_t domid, const uint8_t uuid[16])
{
    char path[256];

    if ( fd < 0 )
        return;
    path_of(path, 'l', domid, uuid, "domain-userdata-lock");
    unlink(path);
    close(fd);
}
