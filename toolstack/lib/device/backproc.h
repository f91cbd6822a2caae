/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device's back end that is a process of dom0, pvdrivers/dom0's xenolith-blk or xenolith-net: one
 * for each device.
 *
 * Its process id is in the back end's folder, written by itself, so that one that was started
 * again by hand is found as well.  It ends when the device is closed, or its folder is gone.
 */
#ifndef XENOLITH_BACKPROC_H
#define XENOLITH_BACKPROC_H

#include "device/dev.h"

/* Where the program is, and where its logs go; program NULL: beside our own.  Tests differ. */
extern const char *backproc_program, *backproc_logs;

const char *backproc_program_name(const struct dev_id *id);
/* "xvda", "vif0" */
void backproc_name(const struct dev_id *id, char name[24]);

/* Is there a program? */
int backproc_check(struct xn_ctx *ctx, const struct dev_id *id);
/*
 * Start it, for the first time or again; the device's nodes are in the store.  *pidfd is readable
 * when it has ended.
 */
int backproc_start(struct xn_ctx *ctx, const struct dev_id *id, bool again, int *pidfd);
/* Record why it ended, in its own last words.  Returns the error. */
int backproc_failed(struct xn_ctx *ctx, const struct dev_id *id);
/* A descriptor of the process that serves the device; -1: there is none (any more). */
int backproc_open(struct xn_ctx *ctx, const struct dev_id *id);
bool backproc_runs(struct xn_ctx *ctx, const struct dev_id *id);
void backproc_kill(struct xn_ctx *ctx, const struct dev_id *id);

#endif
