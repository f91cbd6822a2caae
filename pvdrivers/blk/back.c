/* SPDX-License-Identifier: MIT */
/* The back end of a block device: what it offers, what it reads from the front end's folder, its states. */
#include "blk/back.h"

static struct blkback *of_bus(struct xenbus *bus)
{
    return (struct blkback *)bus;
}

/* What the toolstack wrote for us. */
static int read_config(struct blkback *b)
{
    char text[XENBUS_VALUE_MAX];

    if ( xenbus_read(&b->bus, b->bus.path, "mode", text, sizeof(text)) >= 0 && text[0] != 'w' )
        b->geometry.read_only = true;
    if ( xenbus_read(&b->bus, b->bus.path, "device-type", text, sizeof(text)) >= 0 &&
         pv_same(text, "cdrom") )
        b->geometry.cdrom = b->geometry.read_only = true;
    b->geometry.removable |= xenbus_flag(&b->bus, b->bus.path, "removable");
    if ( xenbus_number(&b->bus, b->bus.path, "discard-enable", 1, 1) == 0 )
        b->geometry.can_discard = false;
    return 0;
}

static int publish_offer(struct blkback *b, uint32_t txn)
{
    const struct blk_geometry *g = &b->geometry;
    const struct xenbus_node nodes[] = {
        { "feature-barrier", g->can_flush, true },
        { "feature-flush-cache", g->can_flush, true },
        { "feature-persistent", b->config.persistent != 0, true },
        { "max-ring-page-order", b->config.max_ring_order, true },
        { "max-ring-pages", 1u << b->config.max_ring_order, true },
        { "multi-queue-max-queues", b->config.max_queues, true },
        { "feature-max-indirect-segments", b->config.max_segments, b->config.max_segments != 0 },
        { "feature-discard", 1, g->can_discard },
        { "discard-granularity", g->discard_granularity, g->can_discard },
        { "discard-alignment", g->discard_alignment, g->can_discard },
        { "discard-secure", g->can_discard_secure, g->can_discard },
    };

    return xenbus_write_nodes(&b->bus, txn, nodes, sizeof(nodes) / sizeof(nodes[0]));
}

static int publish_properties(struct blkback *b, uint32_t txn)
{
    const struct blk_geometry *g = &b->geometry;
    const struct xenbus_node nodes[] = {
        { "sectors", g->sectors, true },
        { "sector-size", g->sector_size, true },
        { "physical-sector-size", g->physical_sector_size, true },
        { "info", (g->cdrom ? VDISK_CDROM : 0u) | (g->removable ? VDISK_REMOVABLE : 0u) |
                  (g->read_only ? VDISK_READONLY : 0u), true },
    };

    return xenbus_write_nodes(&b->bus, txn, nodes, sizeof(nodes) / sizeof(nodes[0]));
}

/* The number of ring pages as a power of two, in whichever way the front end says it; -1: not acceptable. */
static int read_ring_order(struct blkback *b)
{
    const uint64_t none = ~0ull;
    uint64_t n = xenbus_number(&b->bus, b->bus.peer_path, "ring-page-order", none, none);

    if ( n == none )
    {
        n = xenbus_number(&b->bus, b->bus.peer_path, "num-ring-pages", 1, none);
        if ( n == 0 || (n & (n - 1)) )
            return -1;
        n = (uint64_t)__builtin_ctzll(n);
    }
    return n <= b->config.max_ring_order ? (int)n : -1;
}

static int read_queue(struct blkback *b, unsigned int i, grant_ref_t *refs, evtchn_port_t *port)
{
    const unsigned int pages = 1u << b->ring_order;
    char name[XENBUS_VALUE_MAX];
    uint64_t n = 0;

    for ( unsigned int k = 0; k < pages; k++ )
    {
        /* A single page may be called either way. */
        for ( int indexed = pages > 1; indexed < 2 && n == 0; indexed++ )
        {
            xenbus_queue_node(name, b->nr_queues, i, indexed ? "ring-ref%" : "ring-ref", k);
            n = xenbus_number(&b->bus, b->bus.peer_path, name, 0, UINT32_MAX);
        }
        if ( n == 0 )
            return -XEN_ENOENT;
        refs[k] = (grant_ref_t)n;
        n = 0;
    }
    xenbus_queue_node(name, b->nr_queues, i, "event-channel", 0);
    *port = (evtchn_port_t)xenbus_number(&b->bus, b->bus.peer_path, name, 0, UINT32_MAX);
    return *port ? 0 : -XEN_ENOENT;
}

static int leave(struct xenbus *bus)
{
    struct blkback *b = of_bus(bus);
    int rc = 0;

    b->stopping = true;
    for ( unsigned int i = 0; i < BLK_MAX_QUEUES; i++ )
        if ( blkback_queue_close(&b->queue[i]) )
            rc = -XEN_EAGAIN;
    return rc;
}

static int connect(struct blkback *b)
{
    struct xenbus *bus = &b->bus;
    char text[XENBUS_VALUE_MAX];
    uint64_t queues;
    int order;

    /* What we offered; a successor holds to what its predecessor did. */
    b->max_segments = (unsigned int)xenbus_number(bus, bus->path, "feature-max-indirect-segments", 0,
                                                  BLK_MAX_SEGMENTS);
    b->persistent = xenbus_flag(bus, bus->path, "feature-persistent") && b->config.persistent &&
                    xenbus_flag(bus, bus->peer_path, "feature-persistent");

    if ( xenbus_read(bus, bus->peer_path, "protocol", text, sizeof(text)) >= 0 &&
         !pv_same(text, BLK_PROTOCOL) )
    {
        xenbus_log(bus, "the front end's protocol is not " BLK_PROTOCOL);
        return -XEN_EOPNOTSUPP;
    }
    queues = xenbus_number(bus, bus->peer_path, "multi-queue-num-queues", 1, UINT32_MAX);
    order = read_ring_order(b);
    if ( queues == 0 || queues > b->config.max_queues || order < 0 )
    {
        xenbus_log(bus, "the front end wants more queues or ring pages than there are");
        return -XEN_EINVAL;
    }
    b->nr_queues = (unsigned int)queues;
    b->ring_order = (unsigned int)order;
    b->stopping = false;
    for ( unsigned int i = 0; i < b->nr_queues; i++ )
    {
        grant_ref_t refs[1u << BLK_MAX_RING_ORDER];
        evtchn_port_t port;
        int rc = read_queue(b, i, refs, &port);

        if ( rc == 0 )
            rc = blkback_queue_open(&b->queue[i], refs, port);
        if ( rc )
        {
            leave(bus);
            return rc;
        }
    }
    return 0;
}

static int enter(struct xenbus *bus, enum xenbus_step step)
{
    struct blkback *b = of_bus(bus);

    return step == XENBUS_OFFER ? read_config(b) : (read_config(b), connect(b));
}

static int publish(struct xenbus *bus, uint32_t txn, enum xenbus_step step)
{
    return step == XENBUS_OFFER ? publish_offer(of_bus(bus), txn) : publish_properties(of_bus(bus), txn);
}

static const struct xenbus_driver driver = { .enter = enter, .publish = publish, .leave = leave };

static unsigned int clamp(unsigned int n, unsigned int low, unsigned int high)
{
    return n < low ? low : n > high ? high : n;
}

int blkback_start(struct blkback *b, const char *path)
{
    struct blkback_config *c = &b->config;
    const struct blk_geometry *g = &b->geometry;

    if ( (g->sector_size != BLK_SECTOR && g->sector_size != PV_PAGE) || g->sectors > UINT64_MAX / BLK_SECTOR ||
         g->sectors % (g->sector_size / BLK_SECTOR) || !c->submit )
        return -XEN_EINVAL;
    c->max_queues = clamp(c->max_queues, 1, BLK_MAX_QUEUES);
    c->max_ring_order = clamp(c->max_ring_order, 0, BLK_MAX_RING_ORDER);
    if ( c->max_segments )
        c->max_segments = clamp(c->max_segments, BLK_SEGMENTS, BLK_MAX_SEGMENTS);
    c->pool_pages = clamp(c->pool_pages, 0, 65536);
    c->persistent = clamp(c->persistent, 0, 16384);
    for ( unsigned int i = 0; i < BLK_MAX_QUEUES; i++ )
        b->queue[i].b = b;
    b->bus.driver = &driver;
    b->bus.is_back = true;
    return xenbus_start(&b->bus, path);
}

void blkback_run(struct blkback *b)
{
    b->more = false;
    for ( unsigned int i = 0; i < b->nr_queues; i++ )
        if ( b->queue[i].shared )
            blkback_queue_run(&b->queue[i]);
    if ( b->bus.again )
        xenbus_run(&b->bus);
}

void blkback_watch(struct blkback *b)
{
    xenbus_run(&b->bus);
    blkback_run(b);
}

int blkback_resize(struct blkback *b, uint64_t sectors)
{
    if ( sectors > UINT64_MAX / BLK_SECTOR || sectors % (b->geometry.sector_size / BLK_SECTOR) )
        return -XEN_EINVAL;
    b->geometry.sectors = sectors;
    return b->bus.state == XenbusStateConnected ? xenbus_announce(&b->bus, XENBUS_CONNECT) : 0;
}

int blkback_stop(struct blkback *b)
{
    const int rc = leave(&b->bus);

    if ( rc == 0 )
        xenbus_stop(&b->bus);
    return rc;
}
