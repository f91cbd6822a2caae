/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loop devices by their ioctls.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "device/loop.h"

#define LOOP_MAJOR  7
#define MAX_TRIES   64              /* others may take the free device before us */
#define CIFS_MAGIC  0xff534d42
#define SMB2_MAGIC  0xfe534d42

/* Direct I/O from guests' pages is not safe over a network: a retransmission may send a page
 * that the guest has got back (xl-disk-configuration(5), direct-io-safe). */
static bool on_network(int fd)
{
    struct statfs s;

    if ( fstatfs(fd, &s) )
        return false;
    return s.f_type == NFS_SUPER_MAGIC || (uint32_t)s.f_type == CIFS_MAGIC ||
           (uint32_t)s.f_type == SMB2_MAGIC || s.f_type == FUSE_SUPER_MAGIC;
}

/* One attempt with the device that is free now; -EBUSY: somebody else was faster. */
static int try_attach(int control, const struct loop_config *config, struct loop *loop)
{
    struct stat st;
    int number = ioctl(control, LOOP_CTL_GET_FREE), rc;

    if ( number < 0 )
        return -errno;
    snprintf(loop->path, sizeof(loop->path), "/dev/loop%d", number);
    loop->fd = open(loop->path, O_RDWR | O_CLOEXEC);
    if ( loop->fd < 0 )
        return -errno;
    if ( !ioctl(loop->fd, LOOP_CONFIGURE, config) && !fstat(loop->fd, &st) ) {
        loop->rdev = st.st_rdev;
        return 0;
    }
    rc = -errno;
    close(loop->fd);
    loop->fd = -1;
    return rc;
}

int loop_attach(struct xn_ctx *ctx, const char *file, bool readonly, bool direct,
                struct loop *loop)
{
    struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
    int control, fd, rc;

    loop->fd = -1;
    fd = open(file, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if ( fd < 0 )
        return xn_fail(ctx, errno, "cannot open %s%s: %s", file,
                       readonly ? "" : " for writing", strerror(errno));
    control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if ( control < 0 ) {
        rc = xn_fail(ctx, errno, "no loop devices (/dev/loop-control): %s", strerror(errno));
        xn_remedy(ctx, "try \"modprobe loop\"");
        close(fd);
        return rc;
    }
    config.fd = (uint32_t)fd;
    if ( readonly )
        config.info.lo_flags |= LO_FLAGS_READ_ONLY;
    if ( direct || !on_network(fd) )      /* the kernel falls back where it cannot */
        config.info.lo_flags |= LO_FLAGS_DIRECT_IO;
    snprintf((char *)config.info.lo_file_name, LO_NAME_SIZE, "%s", file);
    rc = -EBUSY;
    for ( unsigned int i = 0; i < MAX_TRIES && rc == -EBUSY; i++ )
        rc = try_attach(control, &config, loop);
    close(control);
    close(fd);
    if ( rc )
        return xn_fail(ctx, -rc, "no loop device for %s: %s", file, strerror(-rc));
    return 0;
}

void loop_release(struct loop *loop)
{
    if ( loop->fd >= 0 )
        close(loop->fd);
    loop->fd = -1;
}

void loop_detach(const char *device, const char *file)
{
    int fd = open(device, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    struct loop_info64 info;
    struct stat st, backing;

    if ( fd < 0 )
        return;
    if ( !fstat(fd, &st) && S_ISBLK(st.st_mode) && major(st.st_rdev) == LOOP_MAJOR &&
         !ioctl(fd, LOOP_GET_STATUS64, &info) && !(info.lo_flags & LO_FLAGS_AUTOCLEAR) &&
         !stat(file, &backing) && info.lo_inode == backing.st_ino )
        (void)ioctl(fd, LOOP_CLR_FD);
    close(fd);
}
