/* SPDX-License-Identifier: MIT */
/*
 * The drivers' embedding in a Linux process of dom0 or a driver domain: /dev/xen/evtchn, /dev/xen/gntdev and the
 * store's broker.  Back ends only: nothing is lent here.
 */
#ifndef PV_DOM0_LINUX_H
#define PV_DOM0_LINUX_H

#include "dom0/store.h"
#include "pv.h"

struct linux_host {
    int evtchn, gntdev;
    struct store store;
    struct linux_mapping *maps;
};

extern const struct pv_ops linux_ops;       /* ctx: a struct linux_host */

/* Open everything for the device in @folder; 0 or -errno, with a line on standard error. */
int linux_open(struct linux_host *h, const char *folder);

#endif
