/* SPDX-License-Identifier: MIT */
/*
 * One queue of the block back end: requests from the ring to the disk and back.
 *
 *      take: ring -> parse -> (held) -> data in -> submit ... blkback_done -> ended
 *      retire: ended -> data out -> answered -> ring, in the order of the requests
 *
 * Copies of many requests go out in one call.  A request is parsed from a private copy; what it says is checked
 * against the device before anything is done, and its data pages are reached by reference only.
 */
#include "blk/back.h"
#include "lend/lend.h"

#define MAX_COPIES      256u

/* Parts of a request for the disk, in this order. */
#define PART_FLUSH_BEFORE   1u
#define PART_DATA           2u
#define PART_FLUSH_AFTER    4u

enum state { FREE, RUNNING, ANSWERED };
enum data { NO_DATA, COPIED, COPIED_KEPT, MAPPED, KEPT };

struct blkback_request {
    struct blkback_io io;               /* first */
    struct blkback_queue *q;
    struct blkback_request *next;
    uint64_t id;
    uint8_t state, kind, echo, parts, data;
    int16_t status;                     /* BLKIF_RSP_* */
    uint16_t nr_segs;
    void *mapped;
    uint8_t **at;                       /* these five, one for each segment: where its data is with us, */
    uint8_t **theirs;                   /* where the front end's is mapped, if that is another place, */
    grant_ref_t *refs;
    uint16_t *offset, *len;             /* and in its page */
    struct blk_vec *vec;                /* what is at ->at, for the disk: at most as many pieces */
};

struct blkback_kept {
    grant_ref_t ref;
    void *at;
};

_Static_assert(BLK_MAX_SEGMENTS <= BLK_SEGS_PER_PAGE, "one page of descriptors is enough");

static const struct pv_ops *ops_of(const struct blkback_queue *q)
{
    return q->b->bus.ops;
}

static unsigned int segments_of(const struct blkback *b)
{
    return b->max_segments > BLK_SEGMENTS ? b->max_segments : BLK_SEGMENTS;
}

/* Data pages: one request must always find enough. */
static unsigned int pool_of(const struct blkback *b)
{
    const unsigned int least = segments_of(b), want = b->config.pool_pages;

    return !b->bus.ops->grant_copy ? 0 : want > least ? want : least;
}

/* Bytes of a request with all that hangs on it. */
static size_t request_stride(const struct blkback *b)
{
    const size_t each = sizeof(struct blk_vec) + 2 * sizeof(uint8_t *) + sizeof(grant_ref_t) + 2 * sizeof(uint16_t);

    return (sizeof(struct blkback_request) + segments_of(b) * each + 15) & ~(size_t)15;
}

static struct blkback_request *request_at(const struct blkback_queue *q, uint32_t index)
{
    return (struct blkback_request *)(q->requests + (index & (q->ring.nr - 1)) * q->stride);
}

/* ------------------------------------------------------------------ persistent mappings */

static unsigned int kept_slots(const struct blkback *b)
{
    unsigned int n = 1;

    while ( n < 2 * b->config.persistent )
        n *= 2;
    return n;
}

/* The place of @ref in the table, or the free one where it would go.  The table is at most half full. */
static struct blkback_kept *kept_find(const struct blkback_queue *q, grant_ref_t ref)
{
    unsigned int i = ref * 2654435761u & q->kept_mask;

    while ( q->kept[i].at && q->kept[i].ref != ref )
        i = (i + 1) & q->kept_mask;
    return &q->kept[i];
}

/* Where the page of @ref is, mapped now if it is not yet.  -XEN_ENOSPC: too many; another error: it cannot be. */
static int keep(struct blkback_queue *q, grant_ref_t ref, uint8_t **at)
{
    struct blkback_kept *k = kept_find(q, ref);
    int rc;

    if ( !k->at )
    {
        if ( q->nr_kept == q->b->config.persistent )
            return -XEN_ENOSPC;
        rc = ops_of(q)->grant_map(q->b->bus.ctx, q->b->bus.peer, &ref, 1, false, &k->at);
        if ( rc )
        {
            k->at = NULL;
            return rc;
        }
        k->ref = ref;
        q->nr_kept++;
    }
    *at = k->at;
    return 0;
}

/* ... of all of the request's data, into @at. */
static int keep_data(struct blkback_queue *q, const struct blkback_request *r, uint8_t **at)
{
    for ( unsigned int i = 0; i < r->nr_segs; i++ )
    {
        const int rc = keep(q, r->refs[i], &at[i]);

        if ( rc )
            return rc;
        at[i] += r->offset[i];
    }
    return 0;
}

/* Between our pages and the mappings of all of the request's.  They stay mapped until the queue is closed. */
static void copy_kept(const struct blkback_request *r, bool to_peer)
{
    uint8_t *const *to = to_peer ? r->theirs : r->at, *const *from = to_peer ? r->at : r->theirs;

    for ( unsigned int i = 0; i < r->nr_segs; i++ )
        __builtin_memcpy(to[i], from[i], r->len[i]);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);        /* read once: nobody looks there again */
}

static void kept_drop_all(struct blkback_queue *q)
{
    for ( unsigned int i = 0; q->kept && i <= q->kept_mask; i++ )
        if ( q->kept[i].at )
            ops_of(q)->grant_unmap(q->b->bus.ctx, q->kept[i].at, 1);
    q->nr_kept = 0;
}

/* ------------------------------------------------------------------ copies, in batches */

static void copies_flush(struct blkback_queue *q)
{
    if ( q->nr_copies == 0 )
        return;
    ops_of(q)->grant_copy(q->b->bus.ctx, q->b->bus.peer, q->copies, q->nr_copies);
    for ( unsigned int i = 0; i < q->nr_copies; i++ )
        if ( q->copies[i].status )
        {
            q->copy_owner[i]->status = BLKIF_RSP_ERROR;
            q->b->stats.failed_copies++;
        }
    q->nr_copies = 0;
}

static void copies_add(struct blkback_queue *q, struct blkback_request *r, bool to_peer)
{
    for ( unsigned int i = 0; i < r->nr_segs; i++ )
    {
        if ( q->nr_copies == MAX_COPIES )
            copies_flush(q);
        q->copies[q->nr_copies] = (struct pv_copy){
            .local = r->at[i], .ref = r->refs[i], .offset = r->offset[i], .len = r->len[i],
            .to_peer = to_peer,
        };
        q->copy_owner[q->nr_copies++] = r;
    }
}

/* ------------------------------------------------------------------ what a request says */

static int add_segments(struct blkback_queue *q, struct blkback_request *r, const struct blkif_request_segment *seg,
                        unsigned int nr)
{
    const struct blk_geometry *g = &q->b->geometry;
    uint64_t sectors = 0;

    for ( unsigned int i = 0; i < nr; i++ )
    {
        if ( !blk_segment_ok(g, seg[i].first_sect, seg[i].last_sect) )
            return BLKIF_RSP_ERROR;
        r->refs[i] = seg[i].gref;
        r->offset[i] = (uint16_t)(seg[i].first_sect * BLK_SECTOR);
        r->len[i] = (uint16_t)((seg[i].last_sect - seg[i].first_sect + 1u) * BLK_SECTOR);
        sectors += r->len[i] / BLK_SECTOR;
    }
    r->nr_segs = (uint16_t)nr;
    r->io.nr_sectors = sectors;
    return blk_range_ok(g, r->io.sector, sectors) ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR;
}

static int parse_rw(struct blkback_queue *q, struct blkback_request *r, const struct blkif_request *raw)
{
    const bool flush = raw->operation == BLKIF_OP_FLUSH_DISKCACHE || raw->operation == BLKIF_OP_WRITE_BARRIER;

    r->id = raw->id;
    r->kind = raw->operation == BLKIF_OP_READ ? BLK_READ : raw->operation == BLKIF_OP_WRITE ? BLK_WRITE :
        raw->operation == BLKIF_OP_FLUSH_DISKCACHE ? BLK_FLUSH : BLK_BARRIER;
    r->parts = PART_DATA;
    if ( flush )
        r->parts = PART_FLUSH_BEFORE | (raw->nr_segments ? PART_DATA : 0) |
            (raw->nr_segments && r->kind == BLK_BARRIER ? PART_FLUSH_AFTER : 0);
    if ( flush && !q->b->geometry.can_flush )
        return BLKIF_RSP_EOPNOTSUPP;
    if ( raw->nr_segments > BLK_SEGMENTS || (raw->nr_segments == 0 && !flush) )
        return BLKIF_RSP_ERROR;
    r->io.sector = raw->nr_segments ? raw->sector_number : 0;
    return add_segments(q, r, raw->seg, raw->nr_segments);
}

/* The descriptors' page: copied to our own, then looked at. */
static int fetch_indirect(struct blkback_queue *q, grant_ref_t ref, unsigned int nr)
{
    struct pv_copy c = {
        .local = q->indirect, .ref = ref, .len = (uint16_t)(nr * sizeof(struct blkif_request_segment)),
    };
    uint8_t *at;

    if ( q->kept && keep(q, ref, &at) == 0 )
    {
        ring_copy(q->indirect, at, c.len);
        return 0;
    }
    lend_copy(&q->b->bus, &c, 1);
    return c.status;
}

static int parse_indirect(struct blkback_queue *q, struct blkback_request *r, const struct blkif_request_indirect *raw)
{
    r->id = raw->id;
    r->echo = raw->indirect_op;
    r->parts = PART_DATA;
    r->kind = raw->indirect_op == BLKIF_OP_READ ? BLK_READ : BLK_WRITE;
    r->io.sector = raw->sector_number;
    if ( q->b->max_segments == 0 ||
         (raw->indirect_op != BLKIF_OP_READ && raw->indirect_op != BLKIF_OP_WRITE) )
        return BLKIF_RSP_EOPNOTSUPP;
    if ( raw->nr_segments == 0 || raw->nr_segments > q->b->max_segments ||
         fetch_indirect(q, raw->indirect_grefs[0], raw->nr_segments) )
        return BLKIF_RSP_ERROR;
    return add_segments(q, r, q->indirect->segs, raw->nr_segments);
}

static int parse_discard(struct blkback_queue *q, struct blkback_request *r, const struct blkif_request_discard *raw)
{
    const struct blk_geometry *g = &q->b->geometry;

    r->id = raw->id;
    r->kind = BLK_DISCARD;
    r->parts = PART_DATA;
    r->io.sector = raw->sector_number;
    r->io.nr_sectors = raw->nr_sectors;
    r->io.secure = g->can_discard_secure && (raw->flag & BLKIF_DISCARD_SECURE);
    if ( !g->can_discard )
        return BLKIF_RSP_EOPNOTSUPP;
    return blk_range_ok(g, raw->sector_number, raw->nr_sectors) ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR;
}

static int parse(struct blkback_queue *q, struct blkback_request *r, const union blk_request *raw)
{
    int status;

    r->nr_segs = 0;
    r->data = NO_DATA;
    r->io = (struct blkback_io){ 0 };
    r->echo = raw->operation;
    switch ( raw->operation )
    {
    case BLKIF_OP_READ:
    case BLKIF_OP_WRITE:
    case BLKIF_OP_WRITE_BARRIER:
    case BLKIF_OP_FLUSH_DISKCACHE:
        status = parse_rw(q, r, &raw->rw);
        break;
    case BLKIF_OP_INDIRECT:
        status = parse_indirect(q, r, &raw->indirect);
        break;
    case BLKIF_OP_DISCARD:
        status = parse_discard(q, r, &raw->discard);
        break;
    default:
        r->id = raw->rw.id;
        return BLKIF_RSP_EOPNOTSUPP;
    }
    if ( status == BLKIF_RSP_OKAY && q->b->geometry.read_only && r->kind != BLK_READ &&
         (r->nr_segs || r->kind == BLK_DISCARD) )
        status = BLKIF_RSP_ERROR;
    return status;
}

/* ------------------------------------------------------------------ starting */

/* Pages of our own. */
static bool take_pages(struct blkback_queue *q, struct blkback_request *r)
{
    if ( q->pool_free < r->nr_segs )
        return false;
    for ( unsigned int i = 0; i < r->nr_segs; i++ )
        r->at[i] = q->pool[--q->pool_free];
    return true;
}

/* A place for the data, and for a write the copies that fill it.  -XEN_EAGAIN: no pages now. */
static int get_data(struct blkback_queue *q, struct blkback_request *r)
{
    const struct xenbus *bus = &q->b->bus;
    const bool own = bus->ops->grant_copy && q->b->config.own_pages;

    if ( r->nr_segs == 0 )
        return 0;
    if ( q->kept )
    {
        const int rc = keep_data(q, r, own ? r->theirs : r->at);

        if ( rc == 0 )
            r->data = own ? COPIED_KEPT : KEPT;
        if ( rc == 0 && own && !take_pages(q, r) )
            return -XEN_EAGAIN;
        if ( rc == 0 && own && r->kind != BLK_READ )
            copy_kept(r, false);
        if ( rc != -XEN_ENOSPC )
            return rc;
    }
    if ( bus->ops->grant_copy )
    {
        if ( !take_pages(q, r) )
            return -XEN_EAGAIN;
        r->data = COPIED;
        if ( r->kind != BLK_READ )
            copies_add(q, r, false);
        return 0;
    }
    const int rc = bus->ops->grant_map(bus->ctx, bus->peer, r->refs, r->nr_segs, r->kind != BLK_READ, &r->mapped);

    if ( rc )
        return -XEN_EFAULT;
    for ( unsigned int i = 0; i < r->nr_segs; i++ )
        r->at[i] = (uint8_t *)r->mapped + i * (size_t)PV_PAGE + r->offset[i];
    r->data = MAPPED;
    return 0;
}

/* For the disk: neighbours are one piece.  How many. */
static unsigned int fill_vec(struct blkback_request *r)
{
    unsigned int n = 0;

    for ( unsigned int i = 0; i < r->nr_segs; i++ )
        if ( n && (uint8_t *)r->vec[n - 1].base + r->vec[n - 1].len == r->at[i] )
            r->vec[n - 1].len += r->len[i];
        else
            r->vec[n++] = (struct blk_vec){ .base = r->at[i], .len = r->len[i] };
    return n;
}

static void put_data(struct blkback_queue *q, struct blkback_request *r)
{
    /* In reverse, so that the next request finds neighbours in a row, too. */
    if ( r->data == COPIED || r->data == COPIED_KEPT )
        for ( unsigned int i = r->nr_segs; i-- > 0; )
            q->pool[q->pool_free++] = r->at[i];
    if ( r->data == MAPPED )
        ops_of(q)->grant_unmap(q->b->bus.ctx, r->mapped, r->nr_segs);
    r->data = NO_DATA;
}

/* Hand the next part to the disk, or call it ended. */
static void next_part(struct blkback_request *r)
{
    struct blkback_queue *q = r->q;

    /* Once more: the disk may have shrunk while the request was held. */
    if ( (r->parts & -r->parts) == PART_DATA && !blk_range_ok(&q->b->geometry, r->io.sector, r->io.nr_sectors) )
        r->status = BLKIF_RSP_ERROR;
    if ( r->parts == 0 || r->status != BLKIF_RSP_OKAY )
    {
        r->next = q->ended;
        q->ended = r;
        return;
    }
    const unsigned int part = r->parts & -r->parts;

    r->parts &= (uint8_t)~part;
    r->io.vec = part == PART_DATA ? r->vec : NULL;
    r->io.nr_vec = part == PART_DATA ? fill_vec(r) : 0;
    r->io.op = part != PART_DATA ? BLK_FLUSH : r->kind == BLK_READ || r->kind == BLK_DISCARD ? r->kind : BLK_WRITE;
    q->b->config.submit(q->b->config.disk, &r->io);
}

void blkback_done(struct blkback_io *io, int status)
{
    struct blkback_request *r = (struct blkback_request *)io;

    if ( status )
        r->status = status == -XEN_EOPNOTSUPP ? BLKIF_RSP_EOPNOTSUPP : BLKIF_RSP_ERROR;
    next_part(r);
}

/* Give @r what it needs and put it into @starting, or hold it.  False: held. */
static bool start(struct blkback_queue *q, struct blkback_request *r, struct blkback_request ***starting)
{
    int rc;

    if ( q->barrier || (r->kind == BLK_BARRIER && q->in_flight && r->status == BLKIF_RSP_OKAY) )
    {
        q->held = r;
        return false;
    }
    rc = r->status == BLKIF_RSP_OKAY ? get_data(q, r) : 0;
    if ( rc == -XEN_EAGAIN )
    {
        q->held = r;
        return false;
    }
    if ( rc )
        r->status = BLKIF_RSP_ERROR;
    q->held = NULL;
    q->in_flight++;
    q->barrier = r->kind == BLK_BARRIER && r->status == BLKIF_RSP_OKAY;
    r->next = NULL;
    **starting = r;
    *starting = &r->next;
    return true;
}

/* New requests to the disk, as many as can be started, at most @limit.  How many; negative: the ring is broken. */
static int take(struct blkback_queue *q, unsigned int limit)
{
    struct blkback_request *first = NULL, **last = &first;
    unsigned int n = 0;
    int rc = 1;

    if ( q->held && !start(q, q->held, &last) )
        return 0;
    for ( ; n < limit; n++ )
    {
        struct blkback_request *r = request_at(q, q->ring.consumed);
        union blk_request raw;

        rc = ring_back_get(&q->ring, &raw, sizeof(raw));
        if ( rc <= 0 )
            break;
        r->q = q;
        r->state = RUNNING;
        r->status = (int16_t)parse(q, r, &raw);
        q->b->stats.requests++;
        q->b->stats.refused += r->status != BLKIF_RSP_OKAY;
        if ( !start(q, r, &last) )
            break;
    }
    copies_flush(q);
    n += first != NULL;
    for ( struct blkback_request *r = first, *next; r; r = next )
    {
        next = r->next;
        next_part(r);
    }
    return rc < 0 ? rc : (int)n;
}

/* ------------------------------------------------------------------ ending */

static void notify(struct blkback_queue *q)
{
    q->b->stats.notifications++;
    ops_of(q)->channel_notify(q->b->bus.ctx, (evtchn_port_t)q->port);
}

/* Data of ended reads to the front end, and whatever can be answered in order. */
static void retire(struct blkback_queue *q)
{
    struct blkback_request *ended = q->ended, *r;

    q->ended = NULL;
    for ( r = ended; r; r = r->next )
    {
        if ( r->kind != BLK_READ || r->status != BLKIF_RSP_OKAY )
            continue;
        if ( r->data == COPIED )
            copies_add(q, r, true);
        else if ( r->data == COPIED_KEPT )
            copy_kept(r, true);
    }
    copies_flush(q);
    for ( r = ended; r; r = r->next )
    {
        put_data(q, r);
        if ( r->kind == BLK_BARRIER )
            q->barrier = false;
        if ( r->status == BLKIF_RSP_OKAY && r->kind != BLK_DISCARD )
            *(r->kind == BLK_READ ? &q->b->stats.sectors_read : &q->b->stats.sectors_written) += r->io.nr_sectors;
        r->state = ANSWERED;
        q->in_flight--;
    }
    while ( ring_back_room(&q->ring) && (r = request_at(q, q->ring.produced))->state == ANSWERED )
    {
        struct blkif_response rsp;

        __builtin_memset(&rsp, 0, sizeof(rsp));     /* the padding, too */
        rsp.id = r->id;
        rsp.operation = r->echo;
        rsp.status = r->status;
        ring_back_answer(&q->ring, &rsp, sizeof(rsp));
        r->state = FREE;
    }
    if ( ring_back_push(&q->ring) )
        notify(q);
}

void blkback_queue_run(struct blkback_queue *q)
{
    unsigned int left = 2 * q->ring.nr;

    while ( left )
    {
        int n;

        retire(q);
        if ( q->b->stopping || q->ring.broken )
            return;
        n = take(q, left < q->ring.nr ? left : q->ring.nr);
        if ( n < 0 )
        {
            xenbus_fail(&q->b->bus, "the front end's ring index is impossible");
            return;
        }
        left -= (unsigned int)n < left ? (unsigned int)n : left;
        if ( n || q->ended )
            continue;
        if ( q->held || ring_back_sleep(&q->ring) )
            return;         /* what ends will wake what is held */
    }
    q->b->more = true;
}

/* ------------------------------------------------------------------ life of a queue */

static void *cut(uintptr_t *at, size_t bytes)
{
    void *p = (void *)*at;

    *at += (bytes + 63) & ~(size_t)63;
    return p;
}

/* Lay out the queue's memory from @at on; returns its end. */
static uintptr_t lay_out(struct blkback_queue *q, uintptr_t at, unsigned int nr)
{
    const struct blkback *b = q->b;
    const unsigned int pool = pool_of(b);

    q->indirect = cut(&at, PV_PAGE);
    q->data = cut(&at, pool * (size_t)PV_PAGE);
    q->requests = cut(&at, nr * q->stride);
    q->pool = cut(&at, pool * sizeof(void *));
    q->copies = cut(&at, MAX_COPIES * sizeof(struct pv_copy));
    q->copy_owner = cut(&at, MAX_COPIES * sizeof(void *));
    q->kept = cut(&at, (q->kept_mask + 1) * sizeof(struct blkback_kept));
    if ( !b->persistent )
        q->kept = NULL;
    return at;
}

static int get_memory(struct blkback_queue *q, unsigned int nr)
{
    const unsigned int segs = segments_of(q->b);
    const struct xenbus *bus = &q->b->bus;
    size_t bytes;

    q->stride = request_stride(q->b);
    q->kept_mask = kept_slots(q->b) - 1;
    bytes = lay_out(q, 0, nr);
    q->memory_pages = (unsigned int)((bytes + PV_PAGE - 1) / PV_PAGE);
    q->memory = bus->ops->pages_alloc(bus->ctx, q->memory_pages);
    if ( !q->memory )
        return -XEN_ENOMEM;
    lay_out(q, (uintptr_t)q->memory, nr);
    q->pool_free = 0;
    for ( unsigned int i = pool_of(q->b); i-- > 0; )
        q->pool[q->pool_free++] = q->data + i * (size_t)PV_PAGE;
    for ( unsigned int i = 0; i < nr; i++ )
    {
        struct blkback_request *r = (struct blkback_request *)(q->requests + i * q->stride);

        r->vec = (struct blk_vec *)(r + 1);
        r->at = (uint8_t **)(r->vec + segs);
        r->theirs = r->at + segs;
        r->refs = (grant_ref_t *)(r->theirs + segs);
        r->offset = (uint16_t *)(r->refs + segs);
        r->len = r->offset + segs;
    }
    return 0;
}

int blkback_queue_open(struct blkback_queue *q, const grant_ref_t *refs, evtchn_port_t port)
{
    const unsigned int pages = 1u << q->b->ring_order;
    const struct xenbus *bus = &q->b->bus;
    int rc = get_memory(q, ring_slots(pages * (size_t)PV_PAGE, sizeof(union blkif_sring_entry)));

    if ( rc )
        return rc;
    q->held = q->ended = NULL;
    q->in_flight = q->nr_copies = q->nr_kept = 0;
    q->barrier = false;
    rc = bus->ops->grant_map(bus->ctx, bus->peer, refs, pages, false, &q->shared);
    if ( rc )
        goto err;
    rc = ring_back_attach(&q->ring, q->shared, pages * (size_t)PV_PAGE, sizeof(union blkif_sring_entry));
    if ( rc == 0 )
        rc = q->port = bus->ops->channel_open(bus->ctx, bus->peer, port, q);
    if ( rc < 0 )
        goto err_map;
    ring_back_follow(&q->ring, bus->resume);
    q->b->more = true;              /* what may be in the ring already has sent its event before us */
    if ( bus->resume )              /* what our predecessor put there it may not have told any more */
        notify(q);
    return 0;

 err_map:
    bus->ops->grant_unmap(bus->ctx, q->shared, pages);
 err:
    q->shared = NULL;
    bus->ops->pages_free(bus->ctx, q->memory, q->memory_pages);
    return rc;
}

/* 0, or -XEN_EAGAIN while operations are in flight. */
int blkback_queue_close(struct blkback_queue *q)
{
    const struct xenbus *bus = &q->b->bus;

    if ( !q->shared )
        return 0;
    retire(q);
    if ( q->in_flight )
        return -XEN_EAGAIN;
    kept_drop_all(q);
    bus->ops->channel_close(bus->ctx, (evtchn_port_t)q->port);
    bus->ops->grant_unmap(bus->ctx, q->shared, 1u << q->b->ring_order);
    bus->ops->pages_free(bus->ctx, q->memory, q->memory_pages);
    q->shared = NULL;
    return 0;
}
