/* SPDX-License-Identifier: MIT */
/*
 * One queue of the block front end.
 *
 * A slot remembers what was sent: the operation, and every page that is lent for it.  A response is believed only
 * if it names a slot in use, of this use (the generation), and the operation that was sent.
 */
#include "blk/front.h"
#include "lend/lend.h"

struct slot {
    struct blkfront_io *io;             /* NULL: free */
    uint32_t generation;
    uint8_t echo;                       /* operation that the response must name */
    uint16_t nr;                        /* pieces of io */
    void *indirect;                     /* page of descriptors; lent as long as the ring */
    grant_ref_t indirect_ref;
    grant_ref_t *refs;                  /* for each piece; with "copy" as long as the ring, else for the operation */
    void **pages;                       /* with "copy": our own */
};

static struct xenbus *bus_of(const struct blkfront_queue *q)
{
    return &q->f->bus;
}

static size_t slot_stride(const struct blkfront *f)
{
    return sizeof(struct slot) + ((blkfront_max_vec(f) * (sizeof(void *) + sizeof(grant_ref_t)) + 15) & ~15ull);
}

static struct slot *slot_at(const struct blkfront_queue *q, uint32_t i)
{
    return (struct slot *)(q->slots + i * slot_stride(q->f));
}

static void end_io(struct blkfront *f, struct blkfront_io *io, int status)
{
    io->order = (uint64_t)(int64_t)status;
    io->next = f->ended;
    f->ended = io;
}

static bool take_back(struct blkfront_queue *q, grant_ref_t *ref)
{
    return lend_end(bus_of(q), ref, &q->f->lost_pages);
}

static uint32_t offset_of(const struct blk_vec *v)
{
    return (uintptr_t)v->base % PV_PAGE;
}

/* Take back the caller's pages of a slot.  False: the peer keeps some. */
static bool end_loan(struct blkfront_queue *q, struct slot *s)
{
    bool all = true;

    if ( !q->f->config.copy )
        for ( unsigned int i = 0; i < s->nr; i++ )
            all &= take_back(q, &s->refs[i]);
    return all;
}

/* Lend the pieces of @s->io, or our pages with their data. */
static int lend(struct blkfront_queue *q, struct slot *s)
{
    const struct xenbus *bus = bus_of(q);
    const struct blkfront_io *io = s->io;
    int rc = 0;

    for ( s->nr = 0; s->nr < io->nr_vec && rc == 0; s->nr++ )
    {
        const struct blk_vec *v = &io->vec[s->nr];

        if ( q->f->config.copy )
        {
            rc = lend_page(bus_of(q), &s->pages[s->nr], &s->refs[s->nr], false);
            if ( rc == 0 && io->op != BLK_READ )
                __builtin_memcpy((uint8_t *)s->pages[s->nr] + offset_of(v), v->base, v->len);
        }
        else
        {
            rc = bus->ops->grant_give(bus->ctx, bus->peer, (uint8_t *)v->base - offset_of(v), io->op != BLK_READ,
                                      &s->refs[s->nr]);
            if ( rc )
                s->refs[s->nr] = PV_NO_GRANT;
        }
    }
    if ( rc == 0 && io->nr_vec > BLK_SEGMENTS )
        rc = lend_page(bus_of(q), &s->indirect, &s->indirect_ref, false);     /* persistent grants are written to */
    if ( rc )
        end_loan(q, s);
    return rc;
}

static void fill_segments(const struct slot *s, struct blkif_request_segment *seg)
{
    for ( unsigned int i = 0; i < s->nr; i++ )
    {
        const struct blk_vec *v = &s->io->vec[i];

        seg[i] = (struct blkif_request_segment){
            .gref = s->refs[i],
            .first_sect = (uint8_t)(offset_of(v) / BLK_SECTOR),
            .last_sect = (uint8_t)((offset_of(v) + v->len) / BLK_SECTOR - 1),
        };
    }
}

/* The request for @s into the ring, which has room. */
static void put_request(struct blkfront_queue *q, struct slot *s, uint64_t id)
{
    static const uint8_t wire[] = {
        [BLK_READ] = BLKIF_OP_READ, [BLK_WRITE] = BLKIF_OP_WRITE, [BLK_FLUSH] = BLKIF_OP_FLUSH_DISKCACHE,
        [BLK_BARRIER] = BLKIF_OP_WRITE_BARRIER, [BLK_DISCARD] = BLKIF_OP_DISCARD,
    };
    const struct blkfront_io *io = s->io;
    union blk_request raw;

    __builtin_memset(&raw, 0, sizeof(raw));
    s->echo = wire[io->op];
    if ( io->op == BLK_DISCARD )
        raw.discard = (struct blkif_request_discard){
            .operation = s->echo, .flag = io->secure ? BLKIF_DISCARD_SECURE : 0, .id = id,
            .sector_number = io->sector, .nr_sectors = io->nr_sectors,
        };
    else if ( io->nr_vec > BLK_SEGMENTS )
    {
        fill_segments(s, s->indirect);
        raw.indirect = (struct blkif_request_indirect){
            .operation = BLKIF_OP_INDIRECT, .indirect_op = s->echo, .nr_segments = s->nr, .id = id,
            .sector_number = io->sector, .indirect_grefs = { s->indirect_ref },
        };
    }
    else
    {
        raw.rw.operation = s->echo;
        raw.rw.nr_segments = (uint8_t)s->nr;
        raw.rw.id = id;
        raw.rw.sector_number = io->sector;
        fill_segments(s, raw.rw.seg);
    }
    ring_front_put(&q->ring, &raw, sizeof(raw.rw));
    q->f->stats.requests++;
}

/* Send what waits, as far as there is room. */
static void send(struct blkfront_queue *q)
{
    struct blkfront_io *io;

    while ( (io = q->first) != NULL && q->nr_free && ring_front_room(&q->ring) )
    {
        const uint16_t i = q->free[q->nr_free - 1];
        struct slot *s = slot_at(q, i);
        int rc = io->nr_vec > blkfront_max_vec(q->f) || (io->op == BLK_BARRIER && io->nr_vec > BLK_SEGMENTS)
            ? -XEN_EIO : 0;             /* this back end takes less than the last one */

        s->io = io;
        s->nr = 0;
        if ( rc == 0 )
            rc = lend(q, s);
        if ( rc )
            s->io = NULL;
        if ( rc && rc != -XEN_EIO && q->nr_free < q->ring.nr )
            break;                      /* what is in flight gives something back */
        q->first = io->next;
        if ( !q->first )
            q->last = &q->first;
        if ( rc )
        {
            end_io(q->f, io, rc);
            continue;
        }
        q->nr_free--;
        put_request(q, s, (uint64_t)++s->generation << 32 | i);
    }
    if ( ring_front_push(&q->ring) )
    {
        q->f->stats.notifications++;
        bus_of(q)->ops->channel_notify(bus_of(q)->ctx, (evtchn_port_t)q->port);
    }
}

static int status_of(struct blkfront *f, const struct blkfront_io *io, int16_t status)
{
    if ( status == BLKIF_RSP_OKAY )
        return 0;
    if ( status != BLKIF_RSP_EOPNOTSUPP )
        return -XEN_EIO;
    if ( io->op == BLK_FLUSH )
        f->geometry.can_flush = false;
    if ( io->op == BLK_BARRIER )
        f->has_barrier = false;
    if ( io->op == BLK_DISCARD )
        f->geometry.can_discard = false;
    return -XEN_EOPNOTSUPP;
}

/* False: the back end keeps the caller's pages. */
static bool end_slot(struct blkfront_queue *q, uint16_t i, int16_t status)
{
    struct slot *s = slot_at(q, i);
    struct blkfront_io *io = s->io;
    int rc = status_of(q->f, io, status);

    io->held = !end_loan(q, s);
    if ( io->held )
        rc = -XEN_EIO;
    if ( rc == 0 && io->op == BLK_READ && q->f->config.copy )
        for ( unsigned int k = 0; k < s->nr; k++ )
            __builtin_memcpy(io->vec[k].base, (uint8_t *)s->pages[k] + offset_of(&io->vec[k]), io->vec[k].len);
    s->io = NULL;
    q->free[q->nr_free++] = i;
    end_io(q->f, io, rc);
    return !io->held;
}

/* Take the responses.  NULL, or what is wrong with the back end. */
static const char *receive(struct blkfront_queue *q)
{
    struct blkif_response rsp;
    int rc;

    while ( (rc = ring_front_get(&q->ring, &rsp, sizeof(rsp))) == 1 )
    {
        const uint64_t i = rsp.id & UINT32_MAX;
        const struct slot *s = i < q->ring.nr ? slot_at(q, (uint32_t)i) : NULL;

        if ( !s || !s->io || s->generation != rsp.id >> 32 || s->echo != rsp.operation )
        {
            q->ring.broken = true;
            return "the back end answers what was not asked";
        }
        q->f->stats.responses++;
        if ( !end_slot(q, (uint16_t)i, rsp.status) )
        {
            q->ring.broken = true;
            return "the back end does not give our pages back";
        }
    }
    return rc < 0 ? "the back end's ring index is impossible" : NULL;
}

void blkfront_queue_run(struct blkfront_queue *q)
{
    /* Each round takes what a ring can hold; a back end that answers at once must not keep us here. */
    for ( int i = 0; i < 4; i++ )
    {
        const char *wrong = receive(q);

        if ( wrong )
        {
            xenbus_fail(&q->f->bus, wrong);
            return;
        }
        send(q);
        if ( ring_front_sleep(&q->ring) )
            return;
    }
    q->f->more = true;
}

void blkfront_queue_add(struct blkfront_queue *q, struct blkfront_io *io)
{
    io->next = NULL;
    *q->last = io;
    q->last = &io->next;
}

/* ------------------------------------------------------------------ life of a queue */

static int lend_ring(struct blkfront_queue *q)
{
    const struct xenbus *bus = bus_of(q);
    int rc = 0;

    for ( unsigned int i = 0; i < q->ring_pages && rc == 0; i++ )
    {
        rc = bus->ops->grant_give(bus->ctx, bus->peer, (uint8_t *)q->shared + i * (size_t)PV_PAGE, false,
                                  &q->ring_refs[i]);
        if ( rc )
            q->ring_refs[i] = PV_NO_GRANT;
    }
    return rc;
}

int blkfront_queue_open(struct blkfront_queue *q, unsigned int order)
{
    const struct xenbus *bus = bus_of(q);
    const size_t bytes = (size_t)PV_PAGE << order, stride = slot_stride(q->f);
    const uint32_t nr = ring_slots(bytes, sizeof(union blkif_sring_entry));

    q->ring_pages = 1u << order;
    __builtin_memset(q->ring_refs, 0, sizeof(q->ring_refs));
    q->memory_pages = (unsigned int)((nr * (stride + sizeof(*q->free)) + PV_PAGE - 1) / PV_PAGE);
    q->memory = bus->ops->pages_alloc(bus->ctx, q->memory_pages);
    if ( !q->memory )
        return -XEN_ENOMEM;
    q->shared = bus->ops->pages_alloc(bus->ctx, q->ring_pages);
    if ( !q->shared )
    {
        bus->ops->pages_free(bus->ctx, q->memory, q->memory_pages);
        return -XEN_ENOMEM;
    }
    q->slots = q->memory;
    q->free = (uint16_t *)(q->slots + nr * stride);
    q->nr_free = 0;
    for ( uint32_t i = nr; i-- > 0; )
    {
        struct slot *s = slot_at(q, i);

        s->pages = (void **)(s + 1);
        s->refs = (grant_ref_t *)(s->pages + blkfront_max_vec(q->f));
        q->free[q->nr_free++] = (uint16_t)i;
    }
    ring_front_init(&q->ring, q->shared, bytes, sizeof(union blkif_sring_entry));
    int rc = lend_ring(q);

    if ( rc == 0 )
        rc = q->port = bus->ops->channel_open(bus->ctx, bus->peer, PV_ANY_PORT, q);
    if ( rc >= 0 )
        return 0;
    blkfront_queue_reclaim(q);
    return rc;
}

void blkfront_queue_shut(struct blkfront_queue *q)
{
    if ( !q->shared || q->port < 0 )
        return;
    if ( !q->ring.broken )
        receive(q);             /* what came before the peer left */
    bus_of(q)->ops->channel_close(bus_of(q)->ctx, (evtchn_port_t)q->port);
    q->port = -1;
}

/* What was sent and not answered: to the other waiting ones, in the order of submission. */
static void wait_again(struct blkfront_queue *q, struct blkfront_io *io)
{
    struct blkfront_io **at = &q->first;

    while ( *at && (*at)->order < io->order )
        at = &(*at)->next;
    io->next = *at;
    *at = io;
    if ( !io->next )
        q->last = &io->next;
    q->f->stats.resent++;
}

void blkfront_queue_reclaim(struct blkfront_queue *q)
{
    const struct xenbus *bus = bus_of(q);
    bool all = true;

    if ( !q->shared )
        return;
    blkfront_queue_shut(q);
    for ( uint32_t i = 0; i < q->ring.nr; i++ )
    {
        struct slot *s = slot_at(q, i);
        struct blkfront_io *io = s->io;

        if ( io )
        {
            s->io = NULL;
            io->held = !end_loan(q, s);
            if ( io->held )
                end_io(q->f, io, -XEN_EIO);
            else
                wait_again(q, io);
        }
        for ( unsigned int k = 0; q->f->config.copy && k < blkfront_max_vec(q->f); k++ )
            lend_drop(bus_of(q), &s->pages[k], &s->refs[k], &q->f->lost_pages);
        lend_drop(bus_of(q), &s->indirect, &s->indirect_ref, &q->f->lost_pages);
    }
    for ( unsigned int i = 0; i < q->ring_pages; i++ )
        all &= take_back(q, &q->ring_refs[i]);
    if ( all )
        bus->ops->pages_free(bus->ctx, q->shared, q->ring_pages);
    bus->ops->pages_free(bus->ctx, q->memory, q->memory_pages);
    q->shared = NULL;
}
