/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving a domain's rings to those who serve them.
 */
#ifndef BUILD_GRANTS_H
#define BUILD_GRANTS_H

#include "ctx/context.h"

/* A page, and who may map it. */
struct ring_grant {
    uint64_t frame;
    uint16_t domid;
};

/* The domain has not run yet: its grant table is empty. */
int grants_seed(struct xn_ctx *ctx, uint32_t domid, const struct ring_grant *console,
                const struct ring_grant *store);

#endif
