/* SPDX-License-Identifier: MIT */
/*
 * One queue of the network front end.
 *
 * Pages to send from are numbered, and free or busy; a response must name a busy one.  Pages to receive in are
 * used in the order of the ring: the response in a slot belongs to the request that was there, as an extra slot
 * has no number to go by.
 */
#include "lend/lend.h"
#include "net/front.h"

struct netfront_memory {
    uint8_t packet[NET_MAX_PACKET + 1]; /* what arrives, put together */
    void *tx_page[NET_SLOTS], *rx_page[NET_SLOTS];
    grant_ref_t tx_ref[NET_SLOTS], rx_ref[NET_SLOTS];
    uint16_t free[NET_SLOTS];           /* a stack of nr_free */
    bool busy[NET_SLOTS];
};

#define MEMORY_PAGES ((unsigned int)((sizeof(struct netfront_memory) + PV_PAGE - 1) / PV_PAGE))

static void notify(struct netfront_queue *q, int port)
{
    q->f->stats.notifications++;
    q->f->bus.ops->channel_notify(q->f->bus.ctx, (evtchn_port_t)port);
}

/* ------------------------------------------------------------------ sending */

/* False: no room.  @p without data goes for the sake of @extra. */
bool netfront_queue_put(struct netfront_queue *q, const struct net_packet *p, const struct netif_extra_info *extra)
{
    struct netfront_memory *m = q->m;
    const unsigned int pages = p->len ? net_pages(p->len) : 1;

    if ( q->nr_free < pages || ring_front_room(&q->tx) < pages + (extra != NULL) )
    {
        q->wanted = true;
        return false;
    }
    for ( unsigned int i = 0; i < pages; i++ )
    {
        const uint16_t id = m->free[--q->nr_free];
        const uint32_t at = i * PV_PAGE, len = p->len - at < PV_PAGE ? p->len - at : PV_PAGE;
        const struct netif_tx_request req = {
            .gref = m->tx_ref[id], .id = id, .size = (uint16_t)(i == 0 ? p->len : len),
            .flags = (uint16_t)((i + 1 < pages ? NETTXF_more_data : 0) |
                (i == 0 && extra ? NETTXF_extra_info : 0) |
                (i == 0 && p->csum == NET_CSUM_BLANK ? NETTXF_csum_blank | NETTXF_data_validated : 0) |
                (i == 0 && p->csum == NET_CSUM_VALID ? NETTXF_data_validated : 0)),
        };

        m->busy[id] = true;
        if ( len )
            __builtin_memcpy(m->tx_page[id], p->data + at, len);
        ring_front_put(&q->tx, &req, sizeof(req));
        if ( i == 0 && extra )
        {
            ring_front_put(&q->tx, extra, sizeof(*extra));
            q->nr_extras++;
        }
    }
    return true;
}

void netfront_queue_push(struct netfront_queue *q)
{
    if ( ring_front_push(&q->tx) )
        notify(q, q->tx_port);
}

/* What is wrong with the back end, or NULL. */
static const char *take_answers(struct netfront_queue *q)
{
    struct netfront_memory *m = q->m;
    struct netif_tx_response rsp;
    int rc;

    while ( (rc = ring_front_get(&q->tx, &rsp, sizeof(rsp))) == 1 )
    {
        if ( rsp.status == NETIF_RSP_NULL ? q->nr_extras == 0 : rsp.id >= NET_SLOTS || !m->busy[rsp.id] )
            return "the back end answers what was not asked";
        if ( rsp.status == NETIF_RSP_NULL )
        {
            q->nr_extras--;
            continue;
        }
        m->busy[rsp.id] = false;
        m->free[q->nr_free++] = rsp.id;
        q->f->stats.failed += rsp.status != NETIF_RSP_OKAY;
    }
    return rc < 0 ? "the back end's ring index is impossible" : NULL;
}

/* ------------------------------------------------------------------ receiving */

/* Every page that the back end does not have, to it. */
static void offer_pages(struct netfront_queue *q)
{
    while ( q->rx.produced - q->rx.consumed < q->f->config.buffers && !q->rx.broken )
    {
        const uint16_t i = (uint16_t)(q->rx.produced % q->f->config.buffers);
        const struct netif_rx_request req = { .id = i, .gref = q->m->rx_ref[i] };

        ring_front_put(&q->rx, &req, sizeof(req));
    }
    if ( ring_front_push(&q->rx) )
        notify(q, q->rx_port);
}

static void packet_begin(struct netfront_queue *q, uint16_t flags)
{
    q->in = (struct net_packet){
        .data = q->m->packet,
        .csum = flags & NETRXF_csum_blank ? NET_CSUM_BLANK :
            flags & NETRXF_data_validated ? NET_CSUM_VALID : NET_CSUM_UNKNOWN,
    };
    q->wrong = false;
}

static void packet_end(struct netfront_queue *q)
{
    if ( q->wrong || net_prepare(&q->in, &q->f->config.takes) )
        q->f->stats.dropped++;
    else
    {
        q->f->stats.received++;
        q->f->config.receive(q->f->config.owner, &q->in, 1);
    }
}

union rx_slot {
    struct netif_rx_response rsp;
    struct netif_extra_info extra;
};

/* What was in the ring for page @i.  False: an answer to another page. */
static bool packet_add(struct netfront_queue *q, const union rx_slot *raw, unsigned int i)
{
    const struct netif_rx_response *rsp = &raw->rsp;

    if ( q->extra )
    {
        if ( raw->extra.type == XEN_NETIF_EXTRA_TYPE_GSO )
        {
            q->in.gso = raw->extra.u.gso.type;
            q->in.gso_size = raw->extra.u.gso.size;
        }
        else
            q->wrong |= raw->extra.type != XEN_NETIF_EXTRA_TYPE_HASH;
        q->extra = raw->extra.flags & XEN_NETIF_EXTRA_FLAG_MORE;
    }
    else
    {
        const bool first = !q->more;

        if ( rsp->id != i )
            return false;
        if ( first )
            packet_begin(q, rsp->flags);
        if ( rsp->status < 0 || rsp->offset > PV_PAGE || (uint32_t)rsp->status > PV_PAGE - rsp->offset ||
             q->in.len + (uint32_t)rsp->status > NET_MAX_PACKET )
            q->wrong = true;
        else
        {
            __builtin_memcpy(q->in.data + q->in.len, (uint8_t *)q->m->rx_page[i] + rsp->offset, (size_t)rsp->status);
            q->in.len += (uint32_t)rsp->status;
        }
        q->more = rsp->flags & NETRXF_more_data;
        q->extra = first && (rsp->flags & NETRXF_extra_info);
    }
    if ( !q->more && !q->extra )
        packet_end(q);
    return true;
}

static const char *take_packets(struct netfront_queue *q)
{
    int rc = 0;

    for ( unsigned int left = q->f->config.buffers; left; left-- )
    {
        const unsigned int i = q->rx.consumed % q->f->config.buffers;
        union rx_slot raw;

        rc = ring_front_get(&q->rx, &raw, sizeof(raw));
        if ( rc <= 0 )
            break;
        if ( !packet_add(q, &raw, i) )
            return "the back end answers what was not asked";
    }
    offer_pages(q);
    return rc < 0 ? "the back end's ring index is impossible" : NULL;
}

/* ------------------------------------------------------------------ life of a queue */

void netfront_queue_run(struct netfront_queue *q)
{
    const char *wrong = NULL;
    bool quiet = false;

    for ( int i = 0; i < 4 && !wrong && !quiet; i++ )
    {
        wrong = take_answers(q);
        if ( !wrong )
            wrong = take_packets(q);
        quiet = ring_front_sleep(&q->tx);
        quiet &= ring_front_sleep(&q->rx);
    }
    if ( wrong )
    {
        q->tx.broken = q->rx.broken = true;
        xenbus_fail(&q->f->bus, wrong);
        return;
    }
    q->f->more |= !quiet;
    if ( q->wanted && q->nr_free )
    {
        q->wanted = false;
        if ( q->f->config.writable )
            q->f->config.writable(q->f->config.owner);
    }
}

static int open_pages(struct netfront_queue *q)
{
    struct xenbus *bus = &q->f->bus;
    int rc = lend_page(bus, &q->tx_shared, &q->tx_ref, false);

    if ( rc == 0 )
        rc = lend_page(bus, &q->rx_shared, &q->rx_ref, false);
    for ( unsigned int i = 0; i < q->f->config.buffers && rc == 0; i++ )
    {
        rc = lend_page(bus, &q->m->tx_page[i], &q->m->tx_ref[i], true);
        if ( rc == 0 )
            rc = lend_page(bus, &q->m->rx_page[i], &q->m->rx_ref[i], false);
        q->m->free[q->nr_free++] = (uint16_t)i;
    }
    return rc;
}

int netfront_queue_open(struct netfront_queue *q)
{
    const struct xenbus *bus = &q->f->bus;
    int rc;

    *q = (struct netfront_queue){ .f = q->f, .tx_port = -1, .rx_port = -1 };
    q->m = bus->ops->pages_alloc(bus->ctx, MEMORY_PAGES);
    rc = q->m ? open_pages(q) : -XEN_ENOMEM;
    if ( rc == 0 )
        rc = q->tx_port = bus->ops->channel_open(bus->ctx, bus->peer, PV_ANY_PORT, q);
    if ( rc >= 0 )
        rc = q->rx_port = q->f->split ? bus->ops->channel_open(bus->ctx, bus->peer, PV_ANY_PORT, q) : q->tx_port;
    if ( rc < 0 )
    {
        netfront_queue_reclaim(q);
        return rc;
    }
    ring_front_init(&q->tx, q->tx_shared, PV_PAGE, sizeof(union netif_tx_sring_entry));
    ring_front_init(&q->rx, q->rx_shared, PV_PAGE, sizeof(union netif_rx_sring_entry));
    offer_pages(q);
    return 0;
}

void netfront_queue_shut(struct netfront_queue *q)
{
    const struct xenbus *bus = &q->f->bus;

    if ( q->rx_port >= 0 && q->rx_port != q->tx_port )
        bus->ops->channel_close(bus->ctx, (evtchn_port_t)q->rx_port);
    if ( q->tx_port >= 0 )
        bus->ops->channel_close(bus->ctx, (evtchn_port_t)q->tx_port);
    q->tx_port = q->rx_port = -1;
}

void netfront_queue_reclaim(struct netfront_queue *q)
{
    struct xenbus *bus = &q->f->bus;
    unsigned int *lost = &q->f->lost_pages;

    if ( !q->m )
        return;
    netfront_queue_shut(q);
    lend_drop(bus, &q->tx_shared, &q->tx_ref, lost);
    lend_drop(bus, &q->rx_shared, &q->rx_ref, lost);
    for ( unsigned int i = 0; i < q->f->config.buffers; i++ )
    {
        lend_drop(bus, &q->m->tx_page[i], &q->m->tx_ref[i], lost);
        lend_drop(bus, &q->m->rx_page[i], &q->m->rx_ref[i], lost);
    }
    bus->ops->pages_free(bus->ctx, q->m, MEMORY_PAGES);
    q->m = NULL;
}
