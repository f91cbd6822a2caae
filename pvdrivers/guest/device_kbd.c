/* SPDX-License-Identifier: MIT */
/* The front end of a keyboard and pointer among this runtime's devices. */
#include <kbd/kbd.h>
#include "device.h"

static int start(struct xenbus *bus, const char *path)
{
    return kbdfront_start((struct kbdfront *)bus, path);
}

static bool run(struct xenbus *bus)
{
    kbdfront_run((struct kbdfront *)bus);
    return false;
}

static void watch(struct xenbus *bus)
{
    kbdfront_watch((struct kbdfront *)bus);
}

const struct device_kind device_kbd = { "device/vkbd", start, run, watch };
