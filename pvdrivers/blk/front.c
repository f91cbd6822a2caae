/* SPDX-License-Identifier: MIT */
/* The front end of a block device: what it makes of the back end's folder, its states, what may be submitted. */
#include "blk/front.h"
#include "lend/lend.h"

static struct blkfront *of_bus(struct xenbus *bus)
{
    return (struct blkfront *)bus;
}

static unsigned int least(uint64_t a, uint64_t b)
{
    return (unsigned int)(a < b ? a : b);
}

/* Operations that wait, in the order in which they were submitted, to the queues that there are now. */
static void spread(struct blkfront *f, struct blkfront_io *list)
{
    for ( struct blkfront_io *next; list; list = next )
    {
        next = list->next;
        blkfront_queue_add(&f->queue[list->queue % f->nr_queues], list);
    }
}

static struct blkfront_io *merge(struct blkfront_io *a, struct blkfront_io *b)
{
    struct blkfront_io *first = NULL, **last = &first;

    while ( a || b )
    {
        struct blkfront_io **from = !b || (a && a->order < b->order) ? &a : &b;

        *last = *from;
        *from = (*from)->next;
        last = &(*last)->next;
        *last = NULL;
    }
    return first;
}

/* Take back all that was lent; returns the operations that are not done. */
static struct blkfront_io *reclaim(struct blkfront *f)
{
    struct blkfront_io *waiting = NULL;

    for ( unsigned int i = 0; i < BLK_MAX_QUEUES; i++ )
    {
        struct blkfront_queue *q = &f->queue[i];

        blkfront_queue_reclaim(q);
        waiting = merge(waiting, q->first);
        q->first = NULL;
        q->last = &q->first;
    }
    return waiting;
}

static int leave(struct xenbus *bus)
{
    struct blkfront *f = of_bus(bus);

    for ( unsigned int i = 0; i < BLK_MAX_QUEUES; i++ )
        blkfront_queue_shut(&f->queue[i]);
    return 0;
}

static int setup(struct blkfront *f)
{
    struct xenbus *bus = &f->bus;
    struct blkfront_io *waiting = reclaim(f);
    const char *peer = bus->peer_path;
    unsigned int order;
    int rc = lend_check_lost(bus, f->lost_pages);

    f->nr_queues = least(xenbus_number(bus, peer, "multi-queue-max-queues", 1, UINT32_MAX), f->config.max_queues);
    f->nr_queues += f->nr_queues == 0;
    order = least(xenbus_number(bus, peer, "max-ring-page-order", 0, UINT32_MAX), f->config.max_ring_order);
    f->max_segments = least(xenbus_number(bus, peer, "feature-max-indirect-segments", 0, UINT32_MAX),
                            f->config.max_segments);
    for ( unsigned int i = 0; i < f->nr_queues && rc == 0; i++ )
        rc = blkfront_queue_open(&f->queue[i], order);
    spread(f, waiting);
    return rc;
}

/* The device's properties.  Nothing is taken over from a back end that says impossible things. */
static int read_properties(struct blkfront *f, struct blk_geometry *g)
{
    struct xenbus *bus = &f->bus;
    const char *peer = bus->peer_path;
    const uint64_t none = ~0ull;
    uint64_t info, sector_size;

    g->sectors = xenbus_number(bus, peer, "sectors", none, UINT64_MAX / BLK_SECTOR);
    sector_size = xenbus_number(bus, peer, "sector-size", BLK_SECTOR, PV_PAGE);
    info = xenbus_number(bus, peer, "info", 0, UINT32_MAX);
    if ( g->sectors == none || (sector_size != BLK_SECTOR && sector_size != PV_PAGE) )
    {
        xenbus_log(bus, "the back end's sectors or sector-size are impossible");
        return -XEN_EINVAL;
    }
    g->sector_size = (uint32_t)sector_size;
    g->physical_sector_size = (uint32_t)xenbus_number(bus, peer, "physical-sector-size", sector_size, UINT32_MAX);
    g->cdrom = info & VDISK_CDROM;
    g->removable = info & VDISK_REMOVABLE;
    g->read_only = info & VDISK_READONLY;
    g->can_flush = xenbus_flag(bus, peer, "feature-flush-cache");
    g->can_discard = xenbus_flag(bus, peer, "feature-discard");
    g->can_discard_secure = g->can_discard && xenbus_flag(bus, peer, "discard-secure");
    g->discard_granularity = (uint32_t)xenbus_number(bus, peer, "discard-granularity", sector_size, UINT32_MAX);
    g->discard_alignment = (uint32_t)xenbus_number(bus, peer, "discard-alignment", 0, UINT32_MAX);
    f->has_barrier = xenbus_flag(bus, peer, "feature-barrier");
    f->persistent = f->config.copy && xenbus_flag(bus, peer, "feature-persistent");
    return 0;
}

static void tell_owner(struct blkfront *f)
{
    if ( f->config.changed )
        f->config.changed(f->config.owner);
}

static int enter(struct xenbus *bus, enum xenbus_step step)
{
    struct blkfront *f = of_bus(bus);
    struct blk_geometry g;

    if ( step == XENBUS_SETUP )
        return setup(f);
    if ( read_properties(f, &g) )
        return -XEN_EINVAL;
    f->geometry = g;
    return 0;
}

static int publish_queue(struct blkfront *f, uint32_t txn, unsigned int i)
{
    const struct blkfront_queue *q = &f->queue[i];
    char name[XENBUS_VALUE_MAX];
    int rc = 0;

    for ( unsigned int k = 0; k < q->ring_pages && rc == 0; k++ )
    {
        xenbus_queue_node(name, f->nr_queues, i, q->ring_pages > 1 ? "ring-ref%" : "ring-ref", k);
        rc = xenbus_write_number(&f->bus, txn, name, q->ring_refs[k]);
    }
    xenbus_queue_node(name, f->nr_queues, i, "event-channel", 0);
    return rc ? rc : xenbus_write_number(&f->bus, txn, name, (uint64_t)q->port);
}

static int publish(struct xenbus *bus, uint32_t txn, enum xenbus_step step)
{
    struct blkfront *f = of_bus(bus);
    const unsigned int pages = f->queue[0].ring_pages;
    int rc = 0;

    if ( step != XENBUS_SETUP )
        return 0;
    for ( unsigned int i = 0; i < f->nr_queues && rc == 0; i++ )
        rc = publish_queue(f, txn, i);
    if ( rc == 0 )
        rc = xenbus_write(bus, txn, "protocol", BLK_PROTOCOL);
    if ( rc )
        return rc;

    /* Simple back ends do not expect the last two, and they may be there from an earlier time. */
    const struct xenbus_node nodes[] = {
        { "feature-persistent", f->config.copy, true },
        { "ring-page-order", (uint64_t)__builtin_ctz(pages), pages > 1 },
        { "multi-queue-num-queues", f->nr_queues, f->nr_queues > 1 },
    };

    return xenbus_write_nodes(bus, txn, nodes, sizeof(nodes) / sizeof(nodes[0]));
}

/* A new size; what else changed since we connected is not for now. */
static void changed(struct xenbus *bus)
{
    struct blkfront *f = of_bus(bus);
    struct blk_geometry g;

    if ( read_properties(f, &g) == 0 && g.sector_size == f->geometry.sector_size &&
         g.sectors != f->geometry.sectors )
    {
        f->geometry.sectors = g.sectors;
        tell_owner(f);
    }
}

static const struct xenbus_driver driver = {
    .enter = enter, .publish = publish, .leave = leave, .changed = changed,
};

int blkfront_start(struct blkfront *f, const char *path)
{
    struct blkfront_config *c = &f->config;

    c->max_queues = c->max_queues == 0 ? 1 : least(c->max_queues, BLK_MAX_QUEUES);
    c->max_ring_order = least(c->max_ring_order, BLK_MAX_RING_ORDER);
    c->max_segments = least(c->max_segments, BLK_MAX_SEGMENTS);
    for ( unsigned int i = 0; i < BLK_MAX_QUEUES; i++ )
    {
        f->queue[i].f = f;
        f->queue[i].port = -1;
        f->queue[i].last = &f->queue[i].first;
    }
    f->nr_queues = 1;
    f->bus.driver = &driver;
    return xenbus_start(&f->bus, path);
}

static void call_done(struct blkfront *f)
{
    struct blkfront_io *io;

    while ( (io = f->ended) != NULL )
    {
        f->ended = io->next;
        io->done(io, (int)(int64_t)io->order);      /* its order is of no use any more: the status */
    }
}

void blkfront_run(struct blkfront *f)
{
    f->more = false;
    for ( unsigned int i = 0; i < f->nr_queues && f->bus.state == XenbusStateConnected; i++ )
        if ( f->queue[i].shared )
            blkfront_queue_run(&f->queue[i]);
    if ( f->bus.again )
        xenbus_run(&f->bus);
    call_done(f);
}

void blkfront_watch(struct blkfront *f)
{
    const uint8_t before = f->bus.state;

    xenbus_run(&f->bus);
    if ( f->bus.state != before && (f->bus.state == XenbusStateConnected || before == XenbusStateConnected) )
        tell_owner(f);
    blkfront_run(f);
}

unsigned int blkfront_max_vec(const struct blkfront *f)
{
    return f->max_segments > BLK_SEGMENTS ? f->max_segments : BLK_SEGMENTS;
}

static int check(const struct blkfront *f, const struct blkfront_io *io, uint64_t sectors)
{
    const struct blk_geometry *g = &f->geometry;

    if ( io->op > BLK_DISCARD )
        return -XEN_EINVAL;
    if ( (io->op == BLK_FLUSH && !g->can_flush) || (io->op == BLK_BARRIER && !f->has_barrier) ||
         (io->op == BLK_DISCARD && !g->can_discard) )
        return -XEN_EOPNOTSUPP;
    if ( g->read_only && io->op != BLK_READ && io->op != BLK_FLUSH )
        return -XEN_EROFS;
    if ( io->op == BLK_FLUSH ? io->nr_vec != 0
         : io->op == BLK_DISCARD ? io->nr_vec != 0 || io->nr_sectors == 0
         : io->nr_vec > blkfront_max_vec(f) || (io->nr_vec == 0 && io->op != BLK_BARRIER) )
        return -XEN_EINVAL;
    for ( unsigned int i = 0; i < io->nr_vec; i++ )
    {
        const uint32_t offset = (uintptr_t)io->vec[i].base % PV_PAGE, len = io->vec[i].len;

        if ( len == 0 || len > PV_PAGE - offset || offset % g->sector_size || len % g->sector_size )
            return -XEN_EINVAL;
    }
    return blk_range_ok(g, io->op == BLK_FLUSH ? 0 : io->sector, sectors) ? 0 : -XEN_ERANGE;
}

int blkfront_submit(struct blkfront *f, struct blkfront_io *io)
{
    uint64_t sectors = io->op == BLK_DISCARD ? io->nr_sectors : 0;
    int rc;

    if ( f->stopped || f->geometry.sector_size == 0 )
        return -XEN_ENODEV;
    for ( unsigned int i = 0; i < io->nr_vec; i++ )
        sectors += io->vec[i].len / BLK_SECTOR;
    rc = check(f, io, sectors);
    if ( rc )
        return rc;
    io->order = f->order++;
    io->held = false;
    blkfront_queue_add(&f->queue[io->queue % f->nr_queues], io);
    return 0;
}

void blkfront_stop(struct blkfront *f)
{
    struct blkfront_io *io, *next;

    f->stopped = true;
    leave(&f->bus);
    xenbus_stop(&f->bus);
    for ( io = reclaim(f); io; io = next )
    {
        next = io->next;
        io->order = (uint64_t)-XEN_ENODEV;
        io->next = f->ended;
        f->ended = io;
    }
    call_done(f);
}
