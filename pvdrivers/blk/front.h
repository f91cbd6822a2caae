/* SPDX-License-Identifier: MIT */
/*
 * The front end of a block device.
 *
 * The owner submits operations; each ends with a call of its done(), from inside blkfront_run().  What cannot
 * be sent now waits in a list, without limit: the memory is the caller's.  Operations survive a restart of the back
 * end: what was not answered is sent again in the old order.
 *
 * Data is lent to the back end page by page: either the caller's own pages, for the time of the operation, or, with
 * "copy" set, pages of our own that stay lent (persistent grants, if the back end knows them) and that the data
 * is copied through.  "copy" is what to choose when the back end is not trusted, as a page is lent
 * as a whole.
 *
 * All in one thread.  blkfront_run() when an event arrives and after submitting (once for many), blkfront_watch()
 * when a watch fires.
 */
#ifndef PV_BLK_FRONT_H
#define PV_BLK_FRONT_H

#include "blk/blk.h"
#include "ring/ring.h"
#include "xenbus/xenbus.h"

struct blkfront_io {
    uint8_t op;                         /* enum blk_op; BLK_BARRIER may carry data or none */
    bool secure;                        /* BLK_DISCARD */
    uint64_t sector;                    /* of 512 bytes */
    uint64_t nr_sectors;                /* BLK_DISCARD only */
    const struct blk_vec *vec;          /* pieces of whole sectors, none across a page */
    unsigned int nr_vec;                /* at most blkfront_max_vec() */
    unsigned int queue;                 /* any number; the same one keeps barriers in order */
    void (*done)(struct blkfront_io *io, int status);   /* 0 or -XEN_E* */

    /*
     * With done(): the back end did not give the pages back.  It can read and write them for ever; never use
     * them for anything else.
     */
    bool held;

    struct blkfront_io *next;           /* ours from here on */
    uint64_t order;
};

struct blkfront_config {
    unsigned int max_queues;            /* 1 .. BLK_MAX_QUEUES */
    unsigned int max_ring_order;        /* 0 .. BLK_MAX_RING_ORDER */
    unsigned int max_segments;          /* of one operation; beyond BLK_SEGMENTS the back end needs indirect ones */
    bool copy;
    void (*changed)(void *owner);       /* connected, resized or gone: see bus.state, geometry.  May be NULL */
    void *owner;
};

struct blkfront_queue {
    struct blkfront *f;
    struct ring ring;
    void *shared;                       /* NULL: no such queue */
    int port;                           /* negative: closed */
    grant_ref_t ring_refs[1u << BLK_MAX_RING_ORDER];
    uint8_t *slots;                     /* what was sent, one for each slot of the ring */
    uint16_t *free;                     /* unused ones, a stack */
    unsigned int nr_free;
    void *memory;
    unsigned int memory_pages, ring_pages;
    struct blkfront_io *first, **last;  /* waiting */
};

struct blkfront {
    struct xenbus bus;                  /* first */
    struct blkfront_config config;
    struct blk_geometry geometry;
    struct blkfront_queue queue[BLK_MAX_QUEUES];
    unsigned int nr_queues;
    unsigned int max_segments;          /* agreed on */
    bool has_barrier;
    bool persistent;                    /* both know it */
    bool stopped;
    bool more;                          /* blkfront_run stopped before all was done: call it again soon */
    uint64_t order;
    struct blkfront_io *ended;          /* done() is due */
    unsigned int lost_pages;            /* never given back by the back end */
    struct blkfront_stats {
        uint64_t requests, responses, notifications, resent;
    } stats;
};

/* bus.ops, bus.ctx and config are filled in before, all else is zero. */
int blkfront_start(struct blkfront *f, const char *path);
void blkfront_run(struct blkfront *f);
void blkfront_watch(struct blkfront *f);

/*
 * 0: done() will be called.  -XEN_EINVAL (pieces, alignment, too many), -XEN_ERANGE (beyond the end), -XEN_EROFS,
 * -XEN_EOPNOTSUPP, -XEN_ENODEV (stopped, or never connected): it will not.
 */
int blkfront_submit(struct blkfront *f, struct blkfront_io *io);
unsigned int blkfront_max_vec(const struct blkfront *f);

/*
 * Every operation ends with -XEN_ENODEV, unless it ended before.  What the back end still has mapped is lost:
 * to be polite, xenbus_close(&f->bus) and wait for xenbus_is_closed() first.
 */
void blkfront_stop(struct blkfront *f);

/* Between front.c and front_queue.c. */
int blkfront_queue_open(struct blkfront_queue *q, unsigned int order);
void blkfront_queue_shut(struct blkfront_queue *q);     /* no more events; all stays as it is */
void blkfront_queue_reclaim(struct blkfront_queue *q);  /* take everything back; what was sent waits again */
void blkfront_queue_add(struct blkfront_queue *q, struct blkfront_io *io);
void blkfront_queue_run(struct blkfront_queue *q);

#endif
