/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between dm.c, which has the process, and dm_finish.c, which talks to it.
 */
#ifndef XENOLITH_DM_PRIV_H
#define XENOLITH_DM_PRIV_H

#include "device/dm.h"

struct qmp;

/* What is left when it is ready: where its serial ports and its screen are, its interfaces. */
int dm_finish(struct xn_ctx *ctx, uint32_t domid, const struct xn_domain_config *c,
              struct qmp *q);

#endif
