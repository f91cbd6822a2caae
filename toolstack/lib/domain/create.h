/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Creation, seen from its tests.
 */
#ifndef XENOLITH_CREATE_H
#define XENOLITH_CREATE_H

#include "xenolith/ctx.h"

/*
 * Called before each step that can fail, with its name; what it returns (not 0) is that step's
 * failure.  NULL outside of tests.
 */
extern int (*dom_fault)(struct xn_ctx *ctx, const char *step);

#endif
