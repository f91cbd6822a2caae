/* SPDX-License-Identifier: MIT */
/*
 * xenolith-blk BACKEND: the block back end as a process, for one device.
 *
 * BACKEND is the device's folder in the store; "params" in it names the image, a file or a block device.  When
 * everything is open the process gives up its rights, its capabilities and most system calls; what the ring of
 * operations may do is restricted as well.
 *
 * SIGTERM lets operations end and leaves the device to a successor; after kill -9 a successor does again what was not
 * answered.  That a predecessor's operations have ended the lock on the image tells: they hold the file.
 */
#include "blk/back.h"
#include "dom0/process.h"
#include "dom0/uring.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define LOCK_PAUSE_MS   10

_Static_assert(sizeof(struct blk_vec) == sizeof(struct iovec) &&
               offsetof(struct blk_vec, len) == offsetof(struct iovec, iov_len), "handed over as it is");

static struct linux_host host;
static struct blkback device;
static bool direct;

/* ------------------------------------------------------------------ memory */

/*
 * The device's memory is made known to the ring: its pages need not be found for every operation.  Where that fails,
 * operations name it as they would any other.
 */
static struct pv_ops ops;
static struct { uint8_t *at; size_t bytes; } known[BLK_MAX_QUEUES];

static void *pages_alloc(void *ctx, unsigned int nr)
{
    struct iovec v = { linux_ops.pages_alloc(ctx, nr), nr * (size_t)PV_PAGE };
    const __u64 tag = 0;

    for ( unsigned int i = 0; v.iov_base && i < BLK_MAX_QUEUES; i++ )
        if ( !known[i].at )
        {
            if ( io_uring_register_buffers_update_tag(&uring, i, &v, &tag, 1) == 1 )
            {
                known[i].at = v.iov_base;
                known[i].bytes = v.iov_len;
            }
            break;
        }
    return v.iov_base;
}

static void pages_free(void *ctx, void *pages, unsigned int nr)
{
    const struct iovec none = { 0 };
    const __u64 tag = 0;

    for ( unsigned int i = 0; i < BLK_MAX_QUEUES; i++ )
        if ( known[i].at == pages )
        {
            io_uring_register_buffers_update_tag(&uring, i, &none, &tag, 1);
            known[i].at = NULL;
        }
    linux_ops.pages_free(ctx, pages, nr);
}

/* The number of the memory that all of @v is in; -1: none. */
static int known_as(const struct blk_vec *v)
{
    for ( int i = 0; i < (int)BLK_MAX_QUEUES; i++ )
        if ( known[i].at && (uint8_t *)v->base >= known[i].at &&
             (uint8_t *)v->base + v->len <= known[i].at + known[i].bytes )
            return i;
    return -1;
}

/* ------------------------------------------------------------------ operations */

/* Into the page cache, at once: the ring would hand each of these to a thread of the kernel. */
static int write_now(const struct blkback_io *io)
{
    const ssize_t bytes = pwritev(uring_files[URING_DEVICE], (const struct iovec *)io->vec, (int)io->nr_vec,
                                  (off_t)(io->sector * BLK_SECTOR));

    return bytes >= 0 && (uint64_t)bytes == io->nr_sectors * BLK_SECTOR ? 0 : -XEN_EIO;
}

static void submit(void *disk, struct blkback_io *io)
{
    struct io_uring_sqe *sqe;
    const uint64_t at = io->sector * BLK_SECTOR;
    const int image = uring_files[URING_DEVICE];
    const int fixed = io->nr_vec == 1 ? known_as(io->vec) : -1;

    if ( io->op == BLK_WRITE && !direct )
    {
        blkback_done(io, write_now(io));
        return;
    }
    sqe = uring_operation();
    if ( !sqe )
    {
        blkback_done(io, -XEN_EIO);
        return;
    }
    if ( fixed >= 0 && io->op == BLK_READ )
        io_uring_prep_read_fixed(sqe, image, io->vec->base, (unsigned int)io->vec->len, at, fixed);
    else if ( fixed >= 0 )
        io_uring_prep_write_fixed(sqe, image, io->vec->base, (unsigned int)io->vec->len, at, fixed);
    else if ( io->op == BLK_READ )
        io_uring_prep_readv(sqe, image, (const struct iovec *)io->vec, io->nr_vec, at);
    else if ( io->op == BLK_WRITE )
        io_uring_prep_writev(sqe, image, (const struct iovec *)io->vec, io->nr_vec, at);
    else if ( io->op == BLK_FLUSH )
        io_uring_prep_fsync(sqe, image, IORING_FSYNC_DATASYNC);
    else
        io_uring_prep_fallocate(sqe, image, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
                                io->nr_sectors * BLK_SECTOR);
    io_uring_sqe_set_data(sqe, io);
}

static void complete(const struct io_uring_cqe *cqe)
{
    struct blkback_io *io = io_uring_cqe_get_data(cqe);
    const bool data = io->op == BLK_READ || io->op == BLK_WRITE;
    int status = 0;

    if ( cqe->res < 0 || (data && (uint64_t)cqe->res != io->nr_sectors * BLK_SECTOR) )
        status = cqe->res == -EOPNOTSUPP ? -XEN_EOPNOTSUPP : -XEN_EIO;
    blkback_done(io, status);
}

/* ------------------------------------------------------------------ start */

/* Until no predecessor's operation holds the image; whoever tells us to end meanwhile needs not wait for that. */
static int lock_image(int image, bool readonly)
{
    struct pollfd end = { uring_files[URING_SIGNALS], POLLIN, 0 };

    while ( flock(image, (readonly ? LOCK_SH : LOCK_EX) | LOCK_NB) )
    {
        if ( errno != EWOULDBLOCK )
            return -errno;
        if ( poll(&end, 1, LOCK_PAUSE_MS) > 0 )
            exit(0);
    }
    return 0;
}

static int open_image(const char *path, bool readonly)
{
    struct blk_geometry *g = &device.geometry;
    struct stat st;
    uint64_t bytes;
    int image, size = BLK_SECTOR;

    image = uring_files[URING_DEVICE] = open(path, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if ( image < 0 || fstat(image, &st) )
        return process_die(path, errno);
    if ( lock_image(image, readonly) )
        return process_die(path, errno);
    bytes = (uint64_t)st.st_size;
    if ( S_ISBLK(st.st_mode) && (ioctl(image, BLKGETSIZE64, &bytes) || ioctl(image, BLKSSZGET, &size)) )
        return process_die(path, errno);
    /*
     * A device without the page cache between; files may want other alignment than their guests.  Linux takes its
     * time to find foreign pages for that, more than it takes to copy them.
     */
    direct = S_ISBLK(st.st_mode);
    if ( direct && fcntl(image, F_SETFL, O_DIRECT) )
        return process_die(path, errno);
    if ( (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode)) || (size != BLK_SECTOR && size != (int)PV_PAGE) )
        return process_die(path, EINVAL);
    *g = (struct blk_geometry){
        .sectors = bytes / (unsigned int)size * (unsigned int)size / BLK_SECTOR,
        .sector_size = (uint32_t)size, .physical_sector_size = (uint32_t)size, .discard_granularity = (uint32_t)size,
        .can_flush = true, .can_discard = !readonly, .read_only = readonly,
    };
    return 0;
}

static int start(const char *folder)
{
    static const uint8_t may[] = {
        IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_FSYNC, IORING_OP_FALLOCATE, IORING_OP_READ_FIXED,
        IORING_OP_WRITE_FIXED,
    };
    char *params, *mode;
    int rc;

    if ( linux_open(&host, folder) )
        return 1;
    params = process_node(&host, folder, "params");
    mode = process_node(&host, folder, "mode");
    if ( !params || !mode )
        return process_die(folder, errno);
    rc = open_image(params, mode[0] != 'w');
    free(params);
    free(mode);
    if ( rc )
        return rc;
    rc = process_say_id(&host, folder);
    if ( rc )
        return process_die(folder, rc);

    ops = linux_ops;
    ops.pages_alloc = pages_alloc;
    ops.pages_free = pages_free;
    device.bus.ops = &ops;
    device.bus.ctx = &host;
    device.config = (struct blkback_config){
        .max_queues = 4, .max_ring_order = 4, .max_segments = 64, .pool_pages = 1024, .persistent = 2048,
        .own_pages = direct, .submit = submit,
    };

    uring_files[URING_EVENTS] = host.evtchn;
    uring_files[URING_STORE] = host.store.events;
    rc = uring_open(may, sizeof(may), BLK_MAX_QUEUES);
    if ( rc )
        return process_die("io_uring", rc);
    if ( process_confine() )
        return 1;
    rc = blkback_start(&device, folder);
    return rc ? process_die(folder, rc) : 0;
}

/* ------------------------------------------------------------------ running */

static int serve(const char *folder)
{
    for ( ;; )
    {
        const int came = uring_turn(device.more, complete);
        bool stop = false;
        int rc;

        if ( came < 0 )
            return process_die("io_uring", came);
        if ( (came & 1 << URING_STORE) && process_watches(&host) )
        {
            blkback_watch(&device);
            stop = process_is_over(&host, folder, device.bus.state);
        }
        blkback_run(&device);
        if ( !stop && !(came & 1 << URING_SIGNALS) )
            continue;
        while ( blkback_stop(&device) )
        {
            rc = uring_turn(device.more, complete);
            if ( rc < 0 )
                return process_die("io_uring", rc);
        }
        return 0;
    }
}

int main(int argc, char **argv)
{
    int rc;

    uring_files[URING_SIGNALS] = process_begin(argc, argv);
    if ( uring_files[URING_SIGNALS] < 0 )
        return 2;
    rc = start(argv[1]);
    if ( rc )
        return rc;
    fprintf(stderr, "%s: serving %llu sectors\n", argv[1], (unsigned long long)device.geometry.sectors);
    return serve(argv[1]);
}
