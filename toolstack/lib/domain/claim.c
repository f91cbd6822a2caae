/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which domains are being made right now.
 *
 * A process that makes a domain holds a lock on a file named after the domain's UUID from
 * before the hypervisor knows of it until it is complete.  If the process is killed, the file
 * stays and its lock is free: then the domain with that UUID is a left-over, whatever state
 * it is in, and may be removed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain/dom.h"

#define PREFIX      "creating-"
#define MAX_TRIES   40

static void path_of(char path[256], const uint8_t uuid[16])
{
    char text[37];

    dom_uuid_text(uuid, text);
    snprintf(path, 256, "%s/" PREFIX "%s", dom_run_dir, text);
}

/* Open and lock.  A sweep may hold the lock for a moment, and may have removed the file. */
static int try_take(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), rc = 0;

    if ( fd < 0 )
        return -errno;
    if ( flock(fd, LOCK_EX | LOCK_NB) )
        rc = -errno;
    else if ( fstat(fd, &st) || !st.st_nlink )
        rc = -EWOULDBLOCK;
    if ( !rc )
        return fd;
    close(fd);
    return rc;
}

int dom_claim_take(struct xn_ctx *ctx, struct dom_claim *claim, const uint8_t uuid[16])
{
    char path[256];

    memcpy(claim->uuid, uuid, 16);
    path_of(path, uuid);
    if ( mkdir(dom_run_dir, 0755) && errno != EEXIST )
        return xn_fail(ctx, errno, "%s: %s", dom_run_dir, strerror(errno));
    claim->fd = -EWOULDBLOCK;
    for ( int i = 0; i < MAX_TRIES && claim->fd == -EWOULDBLOCK; i++ ) {
        if ( i )
            usleep(5000);
        claim->fd = try_take(path);
    }
    if ( claim->fd == -EWOULDBLOCK )
        return xn_fail(ctx, EBUSY, "a domain with this UUID is being made by another process");
    if ( claim->fd < 0 )
        return xn_fail(ctx, -claim->fd, "%s: %s", path, strerror(-claim->fd));
    return 0;
}

void dom_claim_drop(struct dom_claim *claim, bool keep)
{
    if ( claim->fd < 0 )
        return;
    if ( !keep )
        dom_claim_forget(claim->uuid);
    close(claim->fd);
    claim->fd = -1;
}

void dom_claim_forget(const uint8_t uuid[16])
{
    char path[256];

    path_of(path, uuid);
    unlink(path);
}

enum dom_making dom_claim_state(const uint8_t uuid[16])
{
    enum dom_making state = DOM_BEING_MADE;
    char path[256];
    int fd;

    path_of(path, uuid);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if ( fd < 0 )
        return DOM_FINISHED;
    if ( !flock(fd, LOCK_EX | LOCK_NB) )
        state = DOM_LEFT_OVER;
    close(fd);
    return state;
}

static void end_left_over(struct xn_ctx *ctx, const uint8_t uuid[16])
{
    struct xn_domain *list;
    size_t count;

    if ( xn_domain_list(ctx, &list, &count) )
        return;
    for ( size_t i = 0; i < count; i++ ) {
        if ( !list[i].domid || memcmp(list[i].uuid, uuid, 16) )
            continue;
        xn_log(ctx, XN_WARN, "domain %u is left over from a create that was killed: removing it",
               list[i].domid);
        if ( dom_destroy(ctx, list[i].domid, uuid) )
            xn_log(ctx, XN_WARN, "%s", xn_why(ctx));
    }
    free(list);
    dom_claim_forget(uuid);
}

void dom_claim_sweep(struct xn_ctx *ctx)
{
    DIR *dir = opendir(dom_run_dir);
    const struct dirent *e;

    while ( dir && (e = readdir(dir)) ) {
        uint8_t uuid[16];

        if ( strncmp(e->d_name, PREFIX, strlen(PREFIX)) ||
             uuid_parse(e->d_name + strlen(PREFIX), uuid) )
            continue;
        if ( dom_claim_state(uuid) == DOM_LEFT_OVER )
            end_left_over(ctx, uuid);
    }
    if ( dir )
        closedir(dir);
}

int dom_names_lock(struct xn_ctx *ctx)
{
    char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s/names.lock", dom_run_dir);
    (void)mkdir(dom_run_dir, 0755);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if ( fd < 0 || flock(fd, LOCK_EX) ) {
        int rc = xn_fail(ctx, errno, "locking %s: %s", path, strerror(errno));

        if ( fd >= 0 )
            close(fd);
        return rc;
    }
    return fd;
}

void dom_names_unlock(int fd)
{
    if ( fd >= 0 )
        close(fd);
}
