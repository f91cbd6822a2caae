/* SPDX-License-Identifier: MIT */
/*
 * Front ends of pvdrivers in this runtime: what they need from it (pv.h), and the loop that runs them.
 *
 *      static struct blkfront disk = { .config = { .copy = true, .changed = ... } };
 *
 *      device_start(&device_blk, &disk.bus, 0);
 *      for ( ; ; )
 *          device_wait(0);
 *
 * Everything of a driver's, done() and receive() too, is called from inside device_start() and device_wait().
 * Link what you use: each device_* below stands in a file of its own.
 */
#ifndef GUEST_DEVICE_H
#define GUEST_DEVICE_H

#include <xenbus/xenbus.h>

#define DEVICE_MAX      16u
#define DEVICE_CHANNELS 64u             /* of all devices together */

extern const struct pv_ops device_ops;

/* One kind of front end; a device is named by its bus, which is the first in each of them. */
struct device_kind {
    const char *folder;
    int (*start)(struct xenbus *bus, const char *path);
    bool (*run)(struct xenbus *bus);    /* on an event; true: call again soon */
    void (*watch)(struct xenbus *bus);
};

extern const struct device_kind device_blk, device_net, device_console, device_kbd;

/* The @nr-th of its kind that the domain has.  0; -XEN_ENOENT, there is none; what the driver's start said. */
int device_start(const struct device_kind *kind, struct xenbus *bus, unsigned int nr);

/* Do what is due; if nothing is, sleep before.  False: system time @deadline_ns (0: none) has passed first. */
bool device_wait(uint64_t deadline_ns);

/* After its driver's stop: no more calls.  The device may be started again. */
void device_forget(struct xenbus *bus);

#endif
