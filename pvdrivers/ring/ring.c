/* SPDX-License-Identifier: MIT */
/*
 * The shared ring, both ends: the two differ only in which of the header's words they write.
 *
 * Orders that the protocol needs, each at its place below under the name it has in ring.pml:
 *  WMB       entries before the index that covers them (release store of the index)
 *  RMB       the peer's index before the entries it covers (acquire load of the index)
 *  MB_PUSH   our index before we read the peer's event index (full fence)
 *  MB_SLEEP  our event index before we read the peer's index a last time (full fence)
 * The last two make a pair: without either, each end can miss the other's write and both sleep.
 */
#include "ring/ring.h"
#include <xenabi/errno.h>

uint32_t ring_slots(size_t bytes, uint32_t slot_size)
{
    const size_t room = bytes > sizeof(struct xen_ring_header) ? bytes - sizeof(struct xen_ring_header) : 0;
    uint32_t nr = 1;

    if ( room < slot_size )
        return 0;
    while ( nr < (1u << 30) && 2 * (size_t)nr <= room / slot_size )
        nr *= 2;
    return nr;
}

static void ring_init(struct ring *r, void *mem, size_t bytes, uint32_t slot_size)
{
    *r = (struct ring){ .shared = mem, .nr = ring_slots(bytes, slot_size), .slot_size = slot_size };
}

void ring_front_init(struct ring *r, void *mem, size_t bytes, uint32_t slot_size)
{
    struct xen_ring_header *h = mem;

    ring_init(r, mem, bytes, slot_size);
    *h = (struct xen_ring_header){ .req_event = 1, .rsp_event = 1 };
}

int ring_back_attach(struct ring *r, void *mem, size_t bytes, uint32_t slot_size)
{
    const struct xen_ring_header *h = mem;

    ring_init(r, mem, bytes, slot_size);
    r->produced = r->published = r->consumed = r->seen = __atomic_load_n(&h->rsp_prod, __ATOMIC_RELAXED);
    r->broken = __atomic_load_n(&h->req_prod, __ATOMIC_RELAXED) - r->consumed > r->nr;
    return r->broken ? -XEN_EBADMSG : 0;
}

static uint32_t *slot(const struct ring *r, uint32_t index)
{
    return (uint32_t *)((uint8_t *)(r->shared + 1) + (size_t)(index & (r->nr - 1)) * r->slot_size);
}

/* Private to shared, and back: every word of the slot is touched exactly once, by an access the compiler keeps. */
static void copy_in(uint32_t *to, const void *from, size_t size)
{
    const uint8_t *p = from;

    for ( size_t i = 0; i < size / 4; i++ )
    {
        uint32_t w;

        __builtin_memcpy(&w, p + 4 * i, 4);
        __atomic_store_n(&to[i], w, __ATOMIC_RELAXED);
    }
}

void ring_copy(void *to, const void *shared, size_t size)
{
    const uint8_t *from = shared;
    uint8_t *p = to;
    size_t i = 0;

    /* Two words at once where that is one access. */
    for ( ; (uintptr_t)from % 8 == 0 && i + 8 <= size; i += 8 )
    {
        const uint64_t w = __atomic_load_n((const uint64_t *)(from + i), __ATOMIC_RELAXED);

        __builtin_memcpy(p + i, &w, 8);
    }
    for ( ; i + 4 <= size; i += 4 )
    {
        const uint32_t w = __atomic_load_n((const uint32_t *)(from + i), __ATOMIC_RELAXED);

        __builtin_memcpy(p + i, &w, 4);
    }
}

/* Requests in the ring whose responses were not taken leave no room for more. */
uint32_t ring_front_room(const struct ring *r)
{
    return r->broken ? 0 : r->nr - (r->produced - r->consumed);
}

/* A response needs a request that was taken. */
uint32_t ring_back_room(const struct ring *r)
{
    return r->broken ? 0 : r->consumed - r->produced;
}

static bool put(struct ring *r, const void *entry, size_t size, uint32_t room)
{
    if ( room == 0 || size > r->slot_size )
        return false;
    copy_in(slot(r, r->produced), entry, size);
    r->produced++;
    return true;
}

bool ring_front_put(struct ring *r, const void *req, size_t size)
{
    return put(r, req, size, ring_front_room(r));
}

bool ring_back_put(struct ring *r, const void *rsp, size_t size)
{
    return put(r, rsp, size, ring_back_room(r));
}

static bool push(struct ring *r, uint32_t *prod, const uint32_t *peer_event)
{
    const uint32_t new = r->produced, old = r->published;

    if ( r->broken || new == old )
        return false;
    __atomic_store_n(prod, new, __ATOMIC_RELEASE);          /* WMB */
    r->published = new;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);                /* MB_PUSH */

    /* Whatever the peer wrote there, it decides about its own notification only. */
    return new - __atomic_load_n(peer_event, __ATOMIC_RELAXED) < new - old;
}

bool ring_front_push(struct ring *r)
{
    return push(r, &r->shared->req_prod, &r->shared->req_event);
}

bool ring_back_push(struct ring *r)
{
    return push(r, &r->shared->rsp_prod, &r->shared->rsp_event);
}

/*
 * How many entries there are to take.  The peer's index is read when the last one seen is used up; an
 * honest peer is at most @limit ahead then.
 */
static uint32_t pending(struct ring *r, const uint32_t *peer_prod, uint32_t limit)
{
    if ( r->seen == r->consumed && !r->broken )
    {
        const uint32_t prod = __atomic_load_n(peer_prod, __ATOMIC_ACQUIRE);     /* RMB */

        if ( prod - r->consumed <= limit )
            r->seen = prod;
        else
            r->broken = true;
    }
    return r->broken ? 0 : r->seen - r->consumed;
}

/* Responses: no more than requests that were published. */
static uint32_t front_pending(struct ring *r)
{
    return pending(r, &r->shared->rsp_prod, r->published - r->consumed);
}

/* Requests: no more than slots whose last use the front end knows to be over. */
static uint32_t back_pending(struct ring *r)
{
    return pending(r, &r->shared->req_prod, r->nr - (r->consumed - r->published));
}

/* The index after the response that is noted, and the response. */
struct note {
    uint32_t index;
    uint32_t words[11];
};

_Static_assert(sizeof(struct note) == sizeof(((struct xen_ring_header *)0)->pad), "all of the padding");

static struct note *note(const struct ring *r)
{
    return (struct note *)r->shared->pad;
}

/* Who is killed has done everything before the last thing that he did: it is for the compiler to keep the order. */
#define IN_ORDER() __atomic_signal_fence(__ATOMIC_SEQ_CST)

bool ring_back_answer(struct ring *r, const void *rsp, size_t size)
{
    if ( ring_back_room(r) == 0 || size > r->slot_size || size > sizeof(note(r)->words) )
        return false;
    copy_in(note(r)->words, rsp, size);
    IN_ORDER();
    __atomic_store_n(&note(r)->index, r->produced + 1, __ATOMIC_RELAXED);
    IN_ORDER();
    put(r, rsp, size, 1);
    IN_ORDER();
    __atomic_store_n(&r->shared->rsp_prod, r->produced, __ATOMIC_RELEASE);      /* WMB */
    return true;
}

void ring_back_follow(struct ring *r, bool follows)
{
    uint32_t words[sizeof(note(r)->words) / 4];
    size_t size = r->slot_size < sizeof(words) ? r->slot_size : sizeof(words);

    if ( r->broken || !follows )
        __atomic_store_n(&note(r)->index, r->produced, __ATOMIC_RELAXED);
    else if ( __atomic_load_n(&note(r)->index, __ATOMIC_RELAXED) == r->produced + 1 && back_pending(r) )
    {
        ring_copy(words, note(r)->words, size);
        r->consumed++;
        ring_back_answer(r, words, size);
        r->published = r->produced;
    }
}

static int get(struct ring *r, void *entry, size_t size, uint32_t nr)
{
    if ( nr == 0 )
        return r->broken ? -XEN_EBADMSG : 0;
    ring_copy(entry, slot(r, r->consumed), size < r->slot_size ? size : r->slot_size);
    r->consumed++;
    return 1;
}

int ring_front_get(struct ring *r, void *rsp, size_t size)
{
    return get(r, rsp, size, front_pending(r));
}

int ring_back_get(struct ring *r, void *req, size_t size)
{
    return get(r, req, size, back_pending(r));
}

bool ring_front_sleep(struct ring *r)
{
    if ( front_pending(r) )
        return false;
    __atomic_store_n(&r->shared->rsp_event, r->consumed + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);                /* MB_SLEEP */
    return !front_pending(r);                               /* the final check */
}

bool ring_back_sleep(struct ring *r)
{
    if ( back_pending(r) )
        return false;
    __atomic_store_n(&r->shared->req_event, r->consumed + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);                /* MB_SLEEP */
    return !back_pending(r);
}
