/* SPDX-License-Identifier: MIT */
/* The front end of a network device among this runtime's devices. */
#include <net/front.h>
#include "device.h"

static int start(struct xenbus *bus, const char *path)
{
    return netfront_start((struct netfront *)bus, path);
}

static bool run(struct xenbus *bus)
{
    struct netfront *f = (struct netfront *)bus;

    netfront_run(f);
    return f->more;
}

static void watch(struct xenbus *bus)
{
    netfront_watch((struct netfront *)bus);
}

const struct device_kind device_net = { "device/vif", start, run, watch };
