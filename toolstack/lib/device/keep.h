/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Back ends of a running domain that are processes: one that dies is started again, and takes over where it was.
 *
 * For whoever watches the domain: poll what keep_poll() gives, no longer than it says, then call keep_look().
 *
 * One that dies again and again right after its start is started more and more slowly, and then left: the guest's
 * requests wait in its rings.  Closing the device instead would make errors of them, which a file system does not
 * get over; so the administrator decides, who can start the process by hand or detach the device.
 */
#ifndef XENOLITH_KEEP_H
#define XENOLITH_KEEP_H

#include <poll.h>

#include "device/dev.h"

/* Before the first start that is not at once.  Tests differ. */
extern int keep_pause_ms;

struct kept_process;

struct keep {
    uint32_t domid;
    struct kept_process *list;
    size_t nr;
};

/* Notice new ones, start again those that have died, forget those that are gone.  Says what it does to the log. */
void keep_look(struct xn_ctx *ctx, struct keep *k);
/* What becomes readable when one ends, at most max of them: how many.  *limit_ms is made shorter if one is due. */
size_t keep_poll(const struct keep *k, struct pollfd *p, size_t max, int *limit_ms);
/* The processes are left as they are. */
void keep_free(struct keep *k);

#endif
