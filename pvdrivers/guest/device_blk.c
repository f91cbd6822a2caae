/* SPDX-License-Identifier: MIT */
/* The front end of a block device among this runtime's devices. */
#include <blk/front.h>
#include "device.h"

static int start(struct xenbus *bus, const char *path)
{
    return blkfront_start((struct blkfront *)bus, path);
}

static bool run(struct xenbus *bus)
{
    struct blkfront *f = (struct blkfront *)bus;

    blkfront_run(f);
    return f->more;
}

static void watch(struct xenbus *bus)
{
    blkfront_watch((struct blkfront *)bus);
}

const struct device_kind device_blk = { "device/vbd", start, run, watch };
