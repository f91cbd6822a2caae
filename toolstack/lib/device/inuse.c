/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who uses a disk already: the truth is the kernel's (sysfs, mountinfo), not the store's.
 *
 * A disk is identified by its device number; a file by its file system and inode, reached
 * from the loop device that a back end holds.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device/dev.h"
#include "device/inuse.h"
#include "device/vdev.h"
#include "xenolith/domain.h"

#define LOOP_MAJOR  7
#define LOCK_TRIES  10
#define LOCK_PAUSE_US   20000

/* The first line of a sysfs file without its newline; false if it cannot be read. */
static bool read_line(const char *path, char *text, size_t size)
{
    FILE *f = fopen(path, "re");
    bool good;

    if ( !f )
        return false;
    good = fgets(text, (int)size, f) != NULL;
    fclose(f);
    if ( good )
        text[strcspn(text, "\n")] = 0;
    return good;
}

/* Is the block device rdev this disk, directly or as the loop device of its file? */
static bool same_disk(dev_t rdev, const struct stat *st)
{
    char path[96], file[4096];
    struct stat other;

    if ( S_ISBLK(st->st_mode) )
        return rdev == st->st_rdev;
    if ( major(rdev) != LOOP_MAJOR )
        return false;
    snprintf(path, sizeof(path), "%.40s/dev/block/%u:%u/loop/backing_file", dev_sysfs,
             major(rdev), minor(rdev));
    return read_line(path, file, sizeof(file)) && !stat(file, &other) &&
           other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

static int refuse_guest(struct xn_ctx *ctx, const char *target, const char *backend,
                        bool they_write)
{
    unsigned int domid = 0, devid = 0;
    char vdev[24], *name;
    int rc;

    if ( sscanf(backend, "vbd-%u-%u", &domid, &devid) != 2 )
        return xn_fail(ctx, EBUSY, "%s is in use by %s", target, backend);
    vdev_name(devid, vdev, sizeof(vdev));
    name = xn_domain_name(ctx, domid);
    rc = xn_fail(ctx, EBUSY, "%s is in use by domain %s (id %u) as its %s disk %s", target,
                 name ? name : "(unnamed)", domid, they_write ? "writable" : "read-only", vdev);
    xn_remedy(ctx, they_write ? "one writer excludes all others"
                              : "only readers can share a disk: give it with access=ro");
    free(name);
    return rc;
}

static int check_guests(struct xn_ctx *ctx, const char *target, const struct stat *st,
                        bool readonly)
{
    char base[128];
    const struct dirent *e;
    DIR *dir;
    int rc = 0;

    snprintf(base, sizeof(base), "%.80s/bus/xen-backend/devices", dev_sysfs);
    dir = opendir(base);
    while ( dir && !rc && (e = readdir(dir)) ) {
        char path[sizeof(base) + 300], text[32];
        unsigned int ma, mi;
        bool they_write;

        if ( strncmp(e->d_name, "vbd-", 4) )
            continue;
        snprintf(path, sizeof(path), "%s/%s/physical_device", base, e->d_name);
        if ( !read_line(path, text, sizeof(text)) || sscanf(text, "%x:%x", &ma, &mi) != 2 ||
             !same_disk(makedev(ma, mi), st) )
            continue;
        snprintf(path, sizeof(path), "%s/%s/mode", base, e->d_name);
        they_write = !read_line(path, text, sizeof(text)) || text[0] != 'r';
        if ( !readonly || they_write )
            rc = refuse_guest(ctx, target, e->d_name, they_write);
    }
    if ( dir )
        closedir(dir);
    return rc;
}

/* A mount in dom0 of the device, or of a loop device on the file. */
static int check_mounts(struct xn_ctx *ctx, const char *target, const struct stat *st)
{
    FILE *f = fopen("/proc/self/mountinfo", "re");
    char *line = NULL;
    size_t size = 0;
    int rc = 0;

    while ( f && !rc && getline(&line, &size, f) > 0 ) {
        char where[256];
        unsigned int ma, mi;

        /* "36 35 98:0 /root /where ..." */
        if ( sscanf(line, "%*u %*u %u:%u %*s %255s", &ma, &mi, where) == 3 && ma &&
             same_disk(makedev(ma, mi), st) )
            rc = xn_fail(ctx, EBUSY, "%s is mounted in dom0 at %s", target, where);
    }
    free(line);
    if ( f )
        fclose(f);
    return rc;
}

/* A back end that is a process has its image locked.  Others lock a disk for a moment. */
static int check_lock(struct xn_ctx *ctx, const char *target, bool readonly)
{
    const int fd = open(target, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const int lock = (readonly ? LOCK_SH : LOCK_EX) | LOCK_NB;
    bool held = fd >= 0;

    for ( unsigned int i = 0; held && i < LOCK_TRIES; i++ ) {
        if ( i )
            usleep(LOCK_PAUSE_US);
        held = flock(fd, lock) && errno == EWOULDBLOCK;
    }
    if ( fd >= 0 )
        close(fd);
    return held ? xn_fail(ctx, EBUSY, "%s is in use: a process holds its lock", target) : 0;
}

int inuse_check(struct xn_ctx *ctx, const char *target, const struct stat *st, bool readonly)
{
    int rc = readonly ? 0 : check_mounts(ctx, target, st);

    if ( !rc )
        rc = check_guests(ctx, target, st, readonly);
    return rc ? rc : check_lock(ctx, target, readonly);
}
