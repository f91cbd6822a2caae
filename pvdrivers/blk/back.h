/* SPDX-License-Identifier: MIT */
/*
 * The back end of a block device.
 *
 * The owner supplies a disk: submit() starts an operation, blkback_done() says that it ended, from inside
 * submit() or later.  blkback_run() is to be called when an event arrives, when operations ended (once for
 * many) and as long as "more" is set; blkback_watch() when a watch fires.  All in one thread.
 *
 * Data goes through pages of our own with grant copies, in batches, or, where the embedding cannot copy, through
 * mappings made for each request.  With persistent grants agreed on, mappings stay; their number is limited; the disk
 * gets the mappings themselves, or, with own_pages, copies.
 *
 * Responses leave in the order of the requests (see ring/README.md): a back end that was killed can be followed
 * by another, which finds in the ring all that is not done, and does it.  Its owner must make sure that
 * no operation of the earlier life can still reach the disk.
 */
#ifndef PV_BLK_BACK_H
#define PV_BLK_BACK_H

#include "blk/blk.h"
#include "ring/ring.h"
#include "xenbus/xenbus.h"

/* One operation on the disk: BLK_READ, BLK_WRITE (vec), BLK_FLUSH, BLK_DISCARD (nr_sectors). */
struct blkback_io {
    uint8_t op;
    bool secure;                        /* discard: make unreadable */
    uint64_t sector, nr_sectors;        /* of 512 bytes */
    struct blk_vec *vec;
    unsigned int nr_vec;
    void *owner;                        /* for the disk's use */
};

struct blkback_config {
    unsigned int max_queues;            /* 1 .. BLK_MAX_QUEUES */
    unsigned int max_ring_order;        /* 0 .. BLK_MAX_RING_ORDER */
    unsigned int max_segments;          /* of indirect requests, BLK_SEGMENTS .. BLK_MAX_SEGMENTS; 0: none */
    unsigned int pool_pages;            /* for data, for each queue; more, if one request needs it */
    unsigned int persistent;            /* mappings kept for each queue; 0: not offered */
    bool own_pages;                     /* the disk gets our own pages only: data of kept mappings is copied */
    void (*submit)(void *disk, struct blkback_io *io);
    void *disk;
};

struct blkback_request;
struct blkback_kept;

struct blkback_queue {
    struct blkback *b;
    struct ring ring;
    void *shared;                       /* the ring as we mapped it; NULL: no such queue */
    int port;
    void *memory;                       /* all that follows is cut from it */
    unsigned int memory_pages;
    uint8_t *requests;                  /* one for each slot, at the index of the request modulo their number, */
    size_t stride;                      /* this far apart */
    uint8_t *data;                      /* pages for data */
    void **pool;                        /* those that are free, a stack */
    unsigned int pool_free;
    union { uint32_t words[PV_PAGE / 4]; struct blkif_request_segment segs[BLK_SEGS_PER_PAGE]; } *indirect;
    struct pv_copy *copies;
    struct blkback_request **copy_owner;
    unsigned int nr_copies;
    struct blkback_kept *kept;          /* persistent mappings by reference, hashed */
    unsigned int nr_kept, kept_mask;
    struct blkback_request *held;       /* taken, but what it needs is not there yet */
    struct blkback_request *ended;      /* done by the disk, not yet by us: a list */
    unsigned int in_flight;             /* started, and not yet off the list of the ended */
    bool barrier;                       /* nothing may start before the one that runs has ended */
};

struct blkback {
    struct xenbus bus;                  /* first: store_watch's user is the whole */
    struct blkback_config config;
    struct blk_geometry geometry;
    struct blkback_queue queue[BLK_MAX_QUEUES];
    unsigned int nr_queues;
    unsigned int ring_order;
    unsigned int max_segments;          /* as offered */
    bool persistent;                    /* both want it */
    bool stopping;                      /* takes no more requests */
    bool more;                          /* blkback_run stopped before all was done: call it again soon */
    struct blkback_stats {
        uint64_t requests, refused, failed_copies, sectors_read, sectors_written, notifications;
    } stats;
};

/*
 * Serve the device whose folder is @path.  bus.ops and bus.ctx, config and geometry are filled in before, all else
 * is zero.  @user of channel_open is the queue, that of store_watch &b->bus.
 */
int blkback_start(struct blkback *b, const char *path);

/* Do what is due.  Bounded by what the rings hold. */
void blkback_run(struct blkback *b);
void blkback_watch(struct blkback *b);  /* ... and look at the states, after a watch fired */

void blkback_done(struct blkback_io *io, int status);

/* The disk has another size: tells the front end. */
int blkback_resize(struct blkback *b, uint64_t sectors);

/*
 * Stop for a successor: the store stays as it is.  -XEN_EAGAIN: operations are in flight, call again when they have
 * ended; no new ones start.
 */
int blkback_stop(struct blkback *b);

/* The rest is between back.c and back_queue.c. */
int blkback_queue_open(struct blkback_queue *q, const grant_ref_t *refs, evtchn_port_t port);
int blkback_queue_close(struct blkback_queue *q);
void blkback_queue_run(struct blkback_queue *q);

#endif
