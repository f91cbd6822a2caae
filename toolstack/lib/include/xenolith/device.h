/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices of running domains: attach, detach, list.
 */
#ifndef XENOLITH_DEVICE_H
#define XENOLITH_DEVICE_H

#include "config.h"
#include "ctx.h"

enum xn_device_kind { XN_DEVICE_VBD, XN_DEVICE_VIF, XN_DEVICE_CONSOLE };

/* One device as xl's *-list commands show it. */
struct xn_device {
    enum xn_device_kind kind;
    uint32_t frontend, backend, devid;
    int state;                              /* XenbusState* */
    long event_channel, ring_ref;           /* -1: none yet */
    long tx_ring_ref, rx_ring_ref;          /* vif */
    uint8_t mac[6];
    char frontend_path[96], backend_path[96];
    char name[32];                          /* vdev, bridge or channel name */
};

/* devid is left in the structure given (nic->devid) or found from vdev. */
int xn_disk_attach(struct xn_ctx *ctx, uint32_t domid, struct xn_disk *d);
int xn_nic_attach(struct xn_ctx *ctx, uint32_t domid, struct xn_nic *n);
/* spec: devid, vdev ("xvdb") or MAC.  force: do not wait for the guest. */
int xn_disk_detach(struct xn_ctx *ctx, uint32_t domid, const char *spec, bool force);
int xn_nic_detach(struct xn_ctx *ctx, uint32_t domid, const char *spec, bool force);

/* HVM: another disc in a CD-ROM drive of the configuration; path NULL: none. */
int xn_disk_change(struct xn_ctx *ctx, uint32_t domid, const char *vdev, const char *path);
/* Where an HVM guest's screen is served by VNC; *host malloc'd.  -ENOENT: it has none. */
int xn_domain_screen(struct xn_ctx *ctx, uint32_t domid, char **host, uint64_t *port);

int xn_device_list(struct xn_ctx *ctx, uint32_t domid, enum xn_device_kind kind,
                   struct xn_device **list, size_t *count);

/* Path of a console's terminal (number 0: the primary), malloc'd. */
int xn_console_tty(struct xn_ctx *ctx, uint32_t domid, unsigned int number, char **tty);

#endif
