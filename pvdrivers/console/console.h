/* SPDX-License-Identifier: MIT */
/*
 * The front end of a console: bytes out, bytes in.
 *
 * A domain's first console needs no store: its page and port stand in the start info or in parameters.  Further
 * ones have a folder, as other devices do.  Neither call waits: each says how many bytes went, and an event says when
 * to call again.  All in one thread.
 */
#ifndef PV_CONSOLE_CONSOLE_H
#define PV_CONSOLE_CONSOLE_H

#include "xenbus/xenbus.h"
#include <xenabi/io/console.h>

struct confront {
    struct xenbus bus;                  /* first; of the first console ops and ctx only */
    void *page;                         /* struct xencons_interface; NULL: not there */
    grant_ref_t ref;
    int port;
    uint32_t out_prod, in_cons;         /* ours, never read back */
    bool has_store;
    bool broken;                        /* the back end's index was impossible: nothing goes any more */
    unsigned int lost_pages;            /* never given back by the back end */
};

/* bus.ops and bus.ctx are filled in before, all else is zero. */
void confront_attach(struct confront *f, void *page, int port);
int confront_start(struct confront *f, const char *path);

size_t confront_write(struct confront *f, const void *buf, size_t len);
size_t confront_read(struct confront *f, void *buf, size_t size);

/* True: the back end has not taken all that was written. */
bool confront_unread(const struct confront *f);

/* When a watch fires, and when bus.again is set.  Bytes may be written when bus.state is Connected. */
void confront_watch(struct confront *f);
void confront_stop(struct confront *f);

#endif
