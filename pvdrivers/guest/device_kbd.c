/* SPDX-License-Identifier: MIT */
/* The front end of a keyboard and pointer among this runtime's devices. */
#include <kbd/kbd.h>
#include "device.h"
#include "mem.h"

static uint64_t frame(void *ctx, const void *page)
{
    return mem_va_to_mfn(page);
}

static int start(struct xenbus *bus, const char *path)
{
    struct kbdfront *f = (struct kbdfront *)bus;

    f->config.frame = frame;
    return kbdfront_start(f, path);
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
