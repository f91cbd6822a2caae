/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network interfaces of dom0: bridges, and what a vif's interface needs.
 */
#ifndef XENOLITH_LINK_H
#define XENOLITH_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "xenolith/ctx.h"

/* An interface name that the kernel takes, and that cannot lead out of a directory. */
bool link_name_good(const char *name);
bool link_exists(const char *name);

/* 0 if there is a bridge of this name; else -ENODEV, naming the bridges that there are. */
int link_check_bridge(struct xn_ctx *ctx, const char *bridge);

/* An interface's MTU; 0 if there is no such interface. */
unsigned int link_mtu(const char *name);

/*
 * Rename an interface (new_name NULL: keep it), set its MTU (0: keep it), put it on a bridge
 * and bring it up: one request.
 */
int link_set_up(struct xn_ctx *ctx, const char *name, const char *new_name, const char *bridge,
                unsigned int mtu);

/* Remove an interface of software, which may go by itself meanwhile.  Logs what goes wrong. */
void link_remove(struct xn_ctx *ctx, const char *name);

#endif
