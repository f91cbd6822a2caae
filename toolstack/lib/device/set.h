/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of devices on their way into a domain, in four steps, so that the kernel's back ends
 * work while the domain is built:
 *
 *   set_plan     check everything that can be checked without touching anything
 *   set_prepare  loop devices; nothing is in the store yet
 *   set_nodes    add the store nodes to a batch, which the caller commits
 *   set_finish   wait for the back ends, interfaces onto their bridges, hotplug scripts
 *
 * On failure of a later step the caller removes the devices (close.h) and frees the set, which
 * lets go of what was prepared.
 */
#ifndef XENOLITH_SET_H
#define XENOLITH_SET_H

#include "device/dev.h"
#include "device/loop.h"

struct vbd {
    struct dev_id id;
    const struct xn_disk *disk;
    struct loop loop;               /* fd -1: not a file */
    dev_t rdev;                     /* 0: a script or another domain finds the device */
    char node[128];                 /* the block device's path */
    char script[256];               /* to run; "": none, done in process */
    int pidfd;                      /* the back end that is a process; -1: none yet */
    bool done;
};

struct vif {
    struct dev_id id;
    const struct xn_nic *nic;
    char script[256];
    const char *bridge;
    int pidfd;                      /* the back end that is a process; -1: none yet */
    bool done;
};

struct dev_set {
    uint32_t domid;
    struct vbd *vbds;
    struct vif *vifs;
    size_t nr_vbds, nr_vifs;
    const struct xn_channel *channels;
    size_t nr_channels;
};

/*
 * domid 0: not known yet, for checking only.  The disks, nics and channels stay the caller's
 * and must outlive the set; nics get their devid and MAC address here, from taken devids up.
 */
int set_plan(struct xn_ctx *ctx, struct dev_set *set, struct xn_disk *disks, size_t nr_disks,
             struct xn_nic *nics, size_t nr_nics);
/* The domain's id, known once it exists. */
void set_domid(struct dev_set *set, uint32_t domid);
int set_prepare(struct xn_ctx *ctx, struct dev_set *set);
void set_nodes(const struct dev_set *set, struct store_batch *b);
int set_finish(struct xn_ctx *ctx, struct dev_set *set);
void set_free(struct dev_set *set);
/* What would be done, to the log. */
void set_describe(struct xn_ctx *ctx, const struct dev_set *set);

/* vbd.c */
int vbd_plan(struct xn_ctx *ctx, struct vbd *v, const struct xn_disk *disk);
int vbd_prepare(struct xn_ctx *ctx, struct vbd *v);
void vbd_nodes(const struct vbd *v, struct store_batch *b);
/* Take it a step further: 1 when it is done, 0 to be asked again, < 0. */
int vbd_step(struct xn_ctx *ctx, struct vbd *v);

/* vif.c */
int vif_plan(struct xn_ctx *ctx, struct vif *v, struct xn_nic *nic);
void vif_nodes(const struct vif *v, struct store_batch *b);
int vif_step(struct xn_ctx *ctx, struct vif *v);
/* The interface that the back end makes. */
void vif_link_name(struct xn_ctx *ctx, const struct dev_id *id, char name[24]);

/* console.c: the primary console, and a channel as a further one. */
void console_nodes(uint32_t domid, struct store_batch *b);
int channel_plan(struct xn_ctx *ctx, const struct xn_channel *c);
void channel_nodes(uint32_t domid, uint32_t devid, const struct xn_channel *c,
                   struct store_batch *b);

#endif
