/* SPDX-License-Identifier: MIT */
/*
 * The drivers' embedding in a Linux process of dom0 or a driver domain: /dev/xen/evtchn, /dev/xen/gntdev and the
 * store's library.  Back ends only: nothing is lent here.
 */
#ifndef PV_DOM0_LINUX_H
#define PV_DOM0_LINUX_H

#include "pv.h"

struct linux_host {
    int evtchn, gntdev;
    struct xs_handle *xs;
    struct linux_mapping *maps;
};

extern const struct pv_ops linux_ops;       /* ctx: a struct linux_host */

/* Open everything; 0 or -errno, with a line on standard error.  Starts the library's thread. */
int linux_open(struct linux_host *h);

/* Give up all capabilities and the user's rights, and allow what is needed from now on only.  0 or -errno. */
int linux_confine(void);

#endif
