/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk's back end that is a process of dom0, pvdrivers/dom0's xenolith-blk: one for each disk.
 *
 * Its process id is in the back end's folder, written by itself, so that one that was started
 * again by hand is found as well.  It ends when the device is closed, or its folder is gone.
 */
#ifndef XENOLITH_BACKPROC_H
#define XENOLITH_BACKPROC_H

#include "device/dev.h"

/* Where the program is, and where its logs go; program NULL: beside our own.  Tests differ. */
extern const char *backproc_program, *backproc_logs;

/* Is there a program? */
int backproc_check(struct xn_ctx *ctx);
/* Start it; the device's nodes are in the store.  *pidfd is readable when it has ended. */
int backproc_start(struct xn_ctx *ctx, const struct dev_id *id, const char *vdev, int *pidfd);
/* Record why it ended, in its own last words.  Returns the error. */
int backproc_failed(struct xn_ctx *ctx, const struct dev_id *id, const char *vdev);
bool backproc_runs(struct xn_ctx *ctx, const struct dev_id *id);
void backproc_kill(struct xn_ctx *ctx, const struct dev_id *id);

#endif
