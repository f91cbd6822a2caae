/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hotplug scripts: only run when a configuration asks for one (script=).
 */
#ifndef XENOLITH_HOTPLUG_H
#define XENOLITH_HOTPLUG_H

#include "device/dev.h"

#define HOTPLUG_DIR         "/etc/xen/scripts"
#define HOTPLUG_BLOCK       HOTPLUG_DIR "/block"
#define HOTPLUG_BRIDGE      HOTPLUG_DIR "/vif-bridge"

/* A script as it is named in a configuration into its path: HOTPLUG_DIR is added to a bare
 * name.  -ENAMETOOLONG. */
int hotplug_path(struct xn_ctx *ctx, const char *script, char *path, size_t size);
/* 0 if the script is there and can be run. */
int hotplug_check(struct xn_ctx *ctx, const char *path);

/*
 * Run a script for a device with "add", "remove" (vbd), "online" or "offline" (vif), and wait
 * for its end, but not for ever.  Its failure carries what it printed and its hotplug-error.
 */
int hotplug_run(struct xn_ctx *ctx, const char *path, const struct dev_id *id,
                const char *action);

#endif
