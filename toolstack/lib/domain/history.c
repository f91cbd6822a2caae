/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domid-history: which ids were in use until a short while ago, so that nobody who still has
 * an old id in mind hits a new domain.  The file is shared with stock libxl: lines of "second
 * since boot, id".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "domain/dom.h"

#define REMEMBER_S  60

static long now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long)t.tv_sec;
}

static void path_of(char path[128], const char *suffix)
{
    snprintf(path, 128, "%s/domid-history%s", dom_run_dir, suffix);
}

bool dom_recently_used(uint32_t domid)
{
    const long now = now_s();
    unsigned int id;
    bool found = false;
    char path[128];
    long when;
    FILE *f;

    path_of(path, "");
    f = fopen(path, "re");
    while ( f && !found && fscanf(f, "%ld %u", &when, &id) == 2 )
        found = id == domid && when <= now && now - when < REMEMBER_S;
    if ( f )
        fclose(f);
    return found;
}

/* Copy what is still worth keeping, and add the new line. */
static int rewrite(FILE *old, FILE *new, uint32_t domid)
{
    const long now = now_s();
    unsigned int id;
    long when;

    while ( old && fscanf(old, "%ld %u", &when, &id) == 2 )
        if ( when <= now && now - when < REMEMBER_S )
            fprintf(new, "%ld %u\n", when, id);
    fprintf(new, "%ld %u\n", now, domid);
    return ferror(new) ? -EIO : 0;
}

static int lock_history(void)
{
    struct stat held, there;
    char path[128];
    int fd;

    path_of(path, ".lock");
    for ( ;; ) {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if ( fd < 0 || flock(fd, LOCK_EX) || fstat(fd, &held) )
            break;
        if ( !stat(path, &there) && held.st_ino == there.st_ino )
            return fd;
        close(fd);
    }
    if ( fd >= 0 )
        close(fd);
    return -1;
}

void dom_note_end(struct xn_ctx *ctx, uint32_t domid)
{
    char path[128], new[128], lock_path[128];
    FILE *old, *f;
    int lock, rc = -EIO;

    path_of(path, "");
    path_of(new, ".new");
    path_of(lock_path, ".lock");
    lock = lock_history();
    old = fopen(path, "re");
    f = fopen(new, "we");
    if ( f ) {
        rc = rewrite(old, f, domid);
        if ( fclose(f) )
            rc = -EIO;
        if ( rc || rename(new, path) )
            unlink(new);
    }
    if ( old )
        fclose(old);
    if ( lock >= 0 ) {
        unlink(lock_path);
        close(lock);
    }
    if ( rc )
        xn_log(ctx, XN_DEBUG, "cannot note the end of domain %u in %s", domid, path);
}
