/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device of a domain: its three places in the store, and writing them.
 *
 * Every device has a frontend directory (the guest's own, which it may write), a backend
 * directory (the back end domain's, which the guest may read) and a copy below /libxl that
 * only dom0 can touch.  What is to be trusted later (which backend a device has, what to undo)
 * is read from the copy, never from the frontend.
 */
#ifndef XENOLITH_DEV_H
#define XENOLITH_DEV_H

#include "device/store.h"
#include "xenolith/device.h"

#define DEV_PATH_MAX    96

/* XenbusState* */
enum {
    DEV_UNKNOWN, DEV_INITIALISING, DEV_INIT_WAIT, DEV_INITIALISED, DEV_CONNECTED,
    DEV_CLOSING, DEV_CLOSED,
};

struct dev_id {
    enum xn_device_kind kind;
    uint32_t front, back, devid;        /* domain ids; the device's number in its kind */
    bool process;                       /* served by a process of its own: backproc.h */
};

/* The kernel's own view of back ends, block devices and interfaces.  Tests point it elsewhere. */
extern const char *dev_sysfs;           /* "/sys" */
/* Has dom0's kernel a back end of this kind? */
bool dev_has_driver(enum xn_device_kind kind);
/* The directory of a back end's device in sysfs; it is there as long as the device is. */
void dev_sysfs_path(const struct dev_id *id, char path[128]);

/* "vbd", "vif", "console" */
const char *dev_kind_name(enum xn_device_kind kind);
/* What its back end is called: the same, or a name that the kernel's does not look at. */
const char *dev_back_kind(const struct dev_id *id);

void dev_front_path(const struct dev_id *id, char path[DEV_PATH_MAX]);
void dev_back_path(const struct dev_id *id, char path[DEV_PATH_MAX]);
void dev_libxl_path(const struct dev_id *id, char path[DEV_PATH_MAX]);

struct dev_writer {
    struct store_batch *b;
    struct dev_id id;
    char front[DEV_PATH_MAX], back[DEV_PATH_MAX], libxl[DEV_PATH_MAX];
};

/* Start a device: its directories, and what links them. */
void dev_write_begin(struct dev_writer *w, struct store_batch *b, const struct dev_id *id);
/* A node of the backend and of its copy. */
void dev_write_back(struct dev_writer *w, const char *key, const char *value);
void dev_write_back_number(struct dev_writer *w, const char *key, uint64_t value);
/* A node of the backend alone: what becomes known when the device is set up. */
void dev_write_back_only(struct dev_writer *w, const char *key, const char *value);
void dev_write_front(struct dev_writer *w, const char *key, const char *value);
void dev_write_front_number(struct dev_writer *w, const char *key, uint64_t value);

/* A device's backend as the store has it now: its state (0 if it is gone). */
int dev_back_state(struct xn_ctx *ctx, const struct dev_id *id);
/* Record why a backend gave up, with the reason its driver left in the store.  Returns rc. */
int dev_back_failed(struct xn_ctx *ctx, int err, const struct dev_id *id, const char *name);

/* Name or decimal id of a back end domain; NULL: 0. */
int dev_backend_domid(struct xn_ctx *ctx, const char *name, uint32_t *domid);

/*
 * All devices of a domain as dom0's copy has them; kind: of one kind, or any (-1).  Kinds that
 * this library does not know are left out.
 */
int dev_list(struct xn_ctx *ctx, uint32_t domid, int kind, struct dev_id **list, size_t *count);

#endif
