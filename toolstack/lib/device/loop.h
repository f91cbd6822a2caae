/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loop devices: a file as a block device for blkback.
 */
#ifndef XENOLITH_LOOP_H
#define XENOLITH_LOOP_H

#include <stdbool.h>
#include <sys/types.h>

#include "xenolith/ctx.h"

struct loop {
    int fd;                 /* keeps the device attached until the back end has opened it */
    dev_t rdev;
    char path[32];          /* "/dev/loop3" */
};

/*
 * Attach a file.  The kernel detaches it by itself when nobody has the device open any more,
 * so whatever happens to this process or to the domain, no loop device is left over.
 */
int loop_attach(struct xn_ctx *ctx, const char *file, bool readonly, bool direct,
                struct loop *loop);
/* Let go; the device stays as long as somebody else has it open. */
void loop_release(struct loop *loop);

/* Detach a device ("/dev/loop3") that other tools attached to this file for good.  Does nothing
 * if it is not that any more. */
void loop_detach(const char *device, const char *file);

#endif
