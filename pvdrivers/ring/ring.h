/* SPDX-License-Identifier: MIT */
/*
 * The shared ring of the split drivers, both ends.
 *
 * A ring is xen_ring_header and a power of two of slots.  The front end puts requests and takes
 * responses, the back end the reverse; a response uses the slot of a request that was taken before.
 * Indices run freely and are taken modulo the number of slots.
 *
 *      rsp_cons      rsp_prod        req_cons        req_prod
 *         |  responses  |  being served  |   requests    |
 *         +-------------+----------------+---------------+--> index, at most nr apart in all
 *
 * The peer may write anything at any time.  Therefore:
 *  - each end keeps its own indices in private memory and never reads them back from the ring;
 *  - the peer's index is read once, bounded against the private ones, and only then used;
 *  - a slot is copied to private memory, each word once, before anybody looks at a field;
 *  - after an impossible index the ring is broken: it gives and takes nothing any more.
 *
 * An end's functions are for one thread at a time.  ring.pml is the protocol as a model for spin;
 * its names are those of the barriers here.
 */
#ifndef PV_RING_H
#define PV_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xenabi/io/ring.h>

struct ring {
    struct xen_ring_header *shared;
    uint32_t nr;                /* slots, a power of two */
    uint32_t slot_size;         /* bytes, a multiple of 4 */
    uint32_t produced;          /* index after the last entry that we wrote */
    uint32_t published;         /* ... and that the peer was told of */
    uint32_t consumed;          /* index after the last entry that we took */
    uint32_t seen;              /* the peer's index when it was last read, and found possible */
    bool broken;                /* the peer's index was impossible */
};

/* Slots that fit into @bytes: a power of two, 0 if none. */
uint32_t ring_slots(size_t bytes, uint32_t slot_size);

/* The front end's start: clears the header.  @bytes of memory that is or will be shared. */
void ring_front_init(struct ring *r, void *mem, size_t bytes, uint32_t slot_size);

/*
 * The back end's start, on a ring that may be in use: a back end that came before has answered all
 * before rsp_prod.  That only works out if it answered in the order of the requests.
 * 0, or -XEN_EBADMSG when more is outstanding than the ring can hold.
 */
int ring_back_attach(struct ring *r, void *mem, size_t bytes, uint32_t slot_size);

/* Entries that may be put now. */
uint32_t ring_front_room(const struct ring *r);
uint32_t ring_back_room(const struct ring *r);

/* Copy one entry of @size bytes in.  False: no room (or broken), nothing changed. */
bool ring_front_put(struct ring *r, const void *req, size_t size);
bool ring_back_put(struct ring *r, const void *rsp, size_t size);

/*
 * For a back end that another one follows when it is killed, at whatever instruction: a response would destroy its
 * request before rsp_prod says that there is none any more.  So it is noted in the header's padding first, and each is
 * published by itself; ring_back_push only decides about the notification.  @size at most 44.
 */
bool ring_back_answer(struct ring *r, const void *rsp, size_t size);

/* After ring_back_attach.  @follows: finish the response that a predecessor died over; else there was none. */
void ring_back_follow(struct ring *r, bool follows);

/* Let the peer see what was put.  True: it asked to be notified. */
bool ring_front_push(struct ring *r);
bool ring_back_push(struct ring *r);

/* Copy one entry of @size bytes out: 1, 0 when there is none, -XEN_EBADMSG from then on. */
int ring_front_get(struct ring *r, void *rsp, size_t size);
int ring_back_get(struct ring *r, void *req, size_t size);

/*
 * Before going to sleep: ask for a notification of the next entry.  False: do not sleep, there is
 * work.  A broken ring may sleep.
 */
bool ring_front_sleep(struct ring *r);
bool ring_back_sleep(struct ring *r);

/* Copy @size bytes (a multiple of 4) that a peer may be changing: every word is read once. */
void ring_copy(void *to, const void *shared, size_t size);

#endif
