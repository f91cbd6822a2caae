/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who uses a disk already.
 */
#ifndef XENOLITH_INUSE_H
#define XENOLITH_INUSE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "xenolith/ctx.h"

/*
 * 0 if a disk (what stat says of its file or block device) may be given to a guest: nobody
 * has it writable, and if the guest is to write, nobody has it at all (other guests by their
 * back ends, dom0 by a mount).  -EBUSY names who.
 */
int inuse_check(struct xn_ctx *ctx, const char *target, const struct stat *st, bool readonly);

#endif
