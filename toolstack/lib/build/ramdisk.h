/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is copied into a guest as it is: a ramdisk, or firmware.
 */
#ifndef BUILD_RAMDISK_H
#define BUILD_RAMDISK_H

#include "ctx/context.h"

struct ramdisk {
    int fd;                     /* -1: none */
    uint64_t size;
    char name[512];             /* for messages */
};

/* path NULL: none.  what: "ramdisk", for messages.  Close it in any case. */
int ramdisk_open(struct xn_ctx *ctx, const char *what, const char *path, struct ramdisk *r);
void ramdisk_close(struct ramdisk *r);

#endif
