/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device model of an HVM guest: a QEMU process with no rights but over this guest.
 *
 * It runs as a user of its own, in an empty root directory, with its hypercalls restricted to
 * its domain (dm_restrict=0: as root, for what needs that).
 */
#ifndef XENOLITH_DM_H
#define XENOLITH_DM_H

#include "device/store.h"
#include "xenolith/config.h"

#define DM_PROGRAM      "/usr/libexec/xen-qemu-system-i386"
#define DM_LOG_DIR      "/var/log/xen"
#define DM_FIRST_UID    0x70000000U         /* plus the domain's id: users that nobody else is */

/* Nothing is touched: is there a program, and all that the guest is to have? */
int dm_check(struct xn_ctx *ctx, const struct xn_domain_config *c);

struct dm_request {
    uint32_t domid;
    const struct xn_domain_config *c;
    uint64_t ram_mib, video_mib;
    int kernel_fd;                  /* instead of c's kernel and ramdisk; -1: none */
    bool restricted;                /* set by dm_start */
};

/*
 * Start it for a domain that is built and paused, and wait until it is ready; its network
 * interfaces are on their bridges then.  On failure the caller calls dm_stop.
 */
int dm_start(struct xn_ctx *ctx, struct dm_request *r);

/* Kill it, if it is there, and remove what it leaves. */
void dm_stop(struct xn_ctx *ctx, uint32_t domid);

/* Readable when it has ended; -1: there is none (any more).  Close it. */
int dm_watch(struct xn_ctx *ctx, uint32_t domid);

/* Put a medium into a CD-ROM drive; path NULL: take out what is there. */
int dm_change_medium(struct xn_ctx *ctx, uint32_t domid, const char *vdev, const char *path);

/* dm_args.c: its arguments, a list that ends with NULL; free with dm_args_free. */
char **dm_args(const struct dm_request *r);
void dm_args_free(char **args);
/* Where an emulated disk is: false if it has no place there. */
bool dm_disk_place(const struct xn_disk *d, bool *scsi, unsigned int *index);
/* Name of a CD-ROM drive in the device model. */
void dm_drive_name(const struct xn_disk *d, char name[32]);
/* Of a network interface: does the device model emulate it too? */
bool dm_has_nic(const struct xn_nic *n);

#endif
