/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ending devices.
 */
#ifndef XENOLITH_CLOSE_H
#define XENOLITH_CLOSE_H

#include "device/dev.h"

/*
 * End devices, but leave their store nodes to the caller: told, waited for, undone.  force and
 * the result are dev_remove's.
 */
int dev_close(struct xn_ctx *ctx, const struct dev_id *ids, size_t nr, bool force);

/*
 * End devices and remove every trace of them.  force: the guest is not asked (it is paused,
 * gone or does not answer), and a back end that does not end in time is cut off; without it
 * that is -ETIMEDOUT, and the device stays.
 */
int dev_remove(struct xn_ctx *ctx, const struct dev_id *ids, size_t nr, bool force);

#endif
