/* SPDX-License-Identifier: MIT */
/* The front end of a further console among this runtime's devices.  It has nothing to run: the program reads. */
#include <console/console.h>
#include "device.h"

static int start(struct xenbus *bus, const char *path)
{
    return confront_start((struct confront *)bus, path);
}

static bool run(struct xenbus *bus)
{
    if ( bus->again )
        xenbus_run(bus);
    return false;
}

static void watch(struct xenbus *bus)
{
    confront_watch((struct confront *)bus);
}

const struct device_kind device_console = { "device/console", start, run, watch };
