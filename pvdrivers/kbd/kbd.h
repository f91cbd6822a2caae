/* SPDX-License-Identifier: MIT */
/*
 * The front end of a keyboard and pointer.
 *
 * kbdfront_run() when an event arrives, kbdfront_watch() when a watch fires; both may call event().  All in one thread.
 */
#ifndef PV_KBD_KBD_H
#define PV_KBD_KBD_H

#include "xenbus/xenbus.h"
#include <xenabi/io/kbdif.h>

#define KBD_MAX_CODE    0x2ffu          /* of Linux's input layer: keys, and buttons of the pointer */
#define KBD_MAX_SIZE    32768u

enum kbd_kind { KBD_KEY, KBD_MOTION, KBD_POSITION };

struct kbd_event {
    uint8_t kind;                       /* enum kbd_kind */
    bool pressed;                       /* KBD_KEY */
    uint32_t code;                      /* KBD_KEY: at most KBD_MAX_CODE */
    int32_t x, y;                       /* KBD_MOTION: how far; KBD_POSITION: 0 .. width - 1, 0 .. height - 1 */
    int32_t z;                          /* the wheel: how far */
};

struct kbdfront_config {
    bool absolute;                      /* positions in the place of motions, if the back end can do that */
    uint64_t (*frame)(void *ctx, const void *page);     /* a page's number for back ends that map by it; NULL: none */
    void (*event)(void *owner, const struct kbd_event *event);
    void *owner;
};

struct kbdfront {
    struct xenbus bus;                  /* first */
    struct kbdfront_config config;
    void *page;                         /* struct xenkbd_page and rings; NULL: not there */
    grant_ref_t ref;
    int port;
    uint32_t in_cons;                   /* ours, never read back */
    uint32_t width, height;             /* of the area that positions are in */
    bool absolute;                      /* agreed on */
    unsigned int lost_pages;            /* never given back by the back end */
    uint64_t nr_events, nr_dropped;     /* passed on; not understood or not asked for */
};

/* bus.ops, bus.ctx and config are filled in before, all else is zero.  -XEN_EINVAL: no event(). */
int kbdfront_start(struct kbdfront *f, const char *path);
void kbdfront_run(struct kbdfront *f);
void kbdfront_watch(struct kbdfront *f);

/* xenbus_close(&f->bus) and wait for xenbus_is_closed() first, or the page is lost. */
void kbdfront_stop(struct kbdfront *f);

#endif
