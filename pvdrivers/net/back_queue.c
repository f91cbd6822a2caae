/* SPDX-License-Identifier: MIT */
/*
 * One queue of the network back end.
 *
 *      from the front end:  ring -> chain (slots of one packet) -> copies -> receive() -> answers -> ring
 *      to the front end:    ring -> buffers -> copies -> filled -> ring
 *
 * Slots are private copies from the start.  A packet that makes no sense is answered with an error; an index that
 * is impossible, or a packet that fills the ring and has no end, ends the connection.
 */
#include "lend/lend.h"
#include "net/back.h"

#define POOL_PAGES      64u
#define MAX_BATCH       64u
#define MAX_COPIES      256u

union tx_slot {
    struct netif_tx_request req;
    struct netif_extra_info extra;
};

struct netback_memory {
    uint8_t pool[POOL_PAGES * PV_PAGE]; /* packets from the front end, first to be page aligned */
    struct pv_copy copies[MAX_COPIES];
    uint16_t owner[MAX_COPIES];         /* of a copy: index in packets or filled */
    struct net_packet packets[MAX_BATCH];
    struct { uint16_t first, nr; } answered_by[MAX_BATCH];
    struct netif_tx_response answers[NET_SLOTS];
    struct netif_rx_request buffers[NET_SLOTS];
    union { struct netif_rx_response rsp; struct netif_extra_info extra; } filled[NET_SLOTS];
};

#define MEMORY_PAGES ((unsigned int)((sizeof(struct netback_memory) + PV_PAGE - 1) / PV_PAGE))

static void notify(struct netback_queue *q, int port)
{
    q->b->stats.notifications++;
    q->b->bus.ops->channel_notify(q->b->bus.ctx, (evtchn_port_t)port);
}

/* @len bytes at @offset of the page that is lent as @ref, from or to @at: two copies if they cross a page of ours. */
static void add_copy(struct netback_queue *q, unsigned int owner, grant_ref_t ref, uint32_t offset, uint8_t *at,
                     uint32_t len, bool to_peer)
{
    while ( len )
    {
        const uint32_t left = PV_PAGE - (uintptr_t)at % PV_PAGE, n = len < left ? len : left;

        q->m->owner[q->nr_copies] = (uint16_t)owner;
        q->m->copies[q->nr_copies++] = (struct pv_copy){
            .local = at, .ref = ref, .offset = (uint16_t)offset, .len = (uint16_t)n, .to_peer = to_peer,
        };
        at += n;
        offset += n;
        len -= n;
    }
}

static void do_copies(struct netback_queue *q)
{
    lend_copy(&q->b->bus, q->m->copies, q->nr_copies);
    for ( unsigned int i = 0; i < q->nr_copies; i++ )
        q->b->stats.failed_copies += q->m->copies[i].status != 0;
}

/* ------------------------------------------------------------------ from the front end */

static void set_status(struct netback_queue *q, unsigned int first, unsigned int nr, int16_t status)
{
    for ( unsigned int i = first; i < first + nr; i++ )
        if ( q->m->answers[i].status != NETIF_RSP_NULL )
            q->m->answers[i].status = status;
    q->b->stats.refused += status != NETIF_RSP_OKAY;
}

/* Fetch and hand over what was gathered, and give the first @answers to the front end. */
static void flush(struct netback_queue *q, unsigned int answers)
{
    struct netback_memory *m = q->m;
    unsigned int good = 0;

    do_copies(q);
    for ( unsigned int i = 0; i < q->nr_copies; i++ )
        if ( m->copies[i].status )
            m->packets[m->owner[i]].status = -XEN_EFAULT;
    for ( unsigned int i = 0; i < q->nr_packets; i++ )
    {
        struct net_packet *p = &m->packets[i];

        if ( p->status == 0 )
            p->status = net_prepare(p, &q->b->config.takes);
        if ( p->status )
            set_status(q, m->answered_by[i].first, m->answered_by[i].nr, NETIF_RSP_ERROR);
        else
            m->packets[good++] = *p;
    }
    q->nr_copies = q->nr_packets = q->pool_used = 0;
    q->b->stats.received += good;
    if ( good )
        q->b->config.receive(q->b->config.owner, m->packets, good);

    for ( unsigned int i = 0; i < answers; i++ )
        ring_back_put(&q->tx, &m->answers[i], sizeof(m->answers[i]));
    q->nr_answers -= answers;
    q->chain.answer -= answers;
    __builtin_memmove(m->answers, m->answers + answers, q->nr_answers * sizeof(m->answers[0]));
    if ( ring_back_push(&q->tx) )
        notify(q, q->tx_port);
}

static void chain_extra(struct netback_chain *c, const struct netif_extra_info *e)
{
    switch ( e->type )
    {
    case XEN_NETIF_EXTRA_TYPE_GSO:
        c->gso = e->u.gso.type;
        c->gso_size = e->u.gso.size;
        break;
    case XEN_NETIF_EXTRA_TYPE_MCAST_ADD:
    case XEN_NETIF_EXTRA_TYPE_MCAST_DEL:
        c->multicast = e->type;
        __builtin_memcpy(c->address, e->u.mcast.addr, sizeof(c->address));
        break;
    case XEN_NETIF_EXTRA_TYPE_HASH:
        break;
    default:
        c->wrong = true;
    }
}

/* One more slot.  True: that was the packet's last. */
static bool chain_add(struct netback_queue *q, const union tx_slot *raw)
{
    struct netback_chain *c = &q->chain;
    struct netif_tx_response *answer = &q->m->answers[q->nr_answers++];

    if ( c->extra )
    {
        *answer = (struct netif_tx_response){ .status = NETIF_RSP_NULL };
        chain_extra(c, &raw->extra);
        c->extra = raw->extra.flags & XEN_NETIF_EXTRA_FLAG_MORE;
        return !c->extra && !c->more;
    }
    *answer = (struct netif_tx_response){ .id = raw->req.id, .status = NETIF_RSP_OKAY };
    if ( c->nr < NET_MAX_SLOTS )
        c->slot[c->nr] = raw->req;
    else
        c->wrong = true;
    c->extra = c->nr++ == 0 && (raw->req.flags & NETTXF_extra_info);
    c->more = raw->req.flags & NETTXF_more_data;
    return !c->extra && !c->more;
}

/* The first slot tells the size of all; make that its own.  False: the sizes do not fit. */
static bool chain_sizes(struct netback_chain *c)
{
    uint32_t first = c->slot[0].size;

    for ( unsigned int i = 1; i < c->nr; i++ )
    {
        if ( c->slot[i].size > first )
            return false;
        first -= c->slot[i].size;
    }
    c->slot[0].size = (uint16_t)first;
    for ( unsigned int i = 0; i < c->nr; i++ )
        if ( c->slot[i].offset > PV_PAGE || c->slot[i].size > PV_PAGE - c->slot[i].offset )
            return false;
    return true;
}

/* The front end's list of multicasts: false if it is full. */
static bool change_list(struct netback *b, const uint8_t *address, bool add)
{
    for ( unsigned int i = 0; i < b->nr_multicast; i++ )
        if ( __builtin_memcmp(b->multicast[i], address, 6) == 0 )
        {
            if ( !add )
                __builtin_memmove(b->multicast[i], b->multicast[--b->nr_multicast], 6);
            return true;
        }
    if ( add && b->nr_multicast == NETBACK_MAX_MULTICAST )
        return false;
    if ( add )
        __builtin_memcpy(b->multicast[b->nr_multicast++], address, 6);
    return true;
}

/*
 * Where in the pool a packet goes: its first whole page like in the front end's memory, and in one page of ours what is
 * in one of theirs, for each border that a slot crosses costs another copy.
 */
static uint32_t chain_place(const struct netback_queue *q, const struct netback_chain *c, uint32_t len)
{
    const uint32_t at = q->pool_used + NETBACK_HEADROOM;

    if ( c->nr > 1 )
        return at + (c->slot[1].offset - c->slot[0].size - at) % PV_PAGE;
    return at % PV_PAGE + len > PV_PAGE ? at + -at % PV_PAGE : at;
}

static void chain_copy(struct netback_queue *q, const struct netback_chain *c, uint32_t len)
{
    const uint16_t flags = c->slot[0].flags;
    const unsigned int i = q->nr_packets++;
    uint8_t *at = q->m->pool + chain_place(q, c, len);

    q->m->packets[i] = (struct net_packet){
        .data = at, .len = len, .gso = c->gso, .gso_size = c->gso_size,
        .csum = flags & NETTXF_csum_blank ? NET_CSUM_BLANK :
            flags & NETTXF_data_validated ? NET_CSUM_VALID : NET_CSUM_UNKNOWN,
    };
    q->m->answered_by[i].first = (uint16_t)c->answer;
    q->m->answered_by[i].nr = (uint16_t)(q->nr_answers - c->answer);
    for ( unsigned int k = 0; k < c->nr; at += c->slot[k++].size )
        add_copy(q, i, c->slot[k].gref, c->slot[k].offset, at, c->slot[k].size, false);
    q->pool_used = (uint32_t)(at - q->m->pool + 63) & ~63u;
}

static void chain_end(struct netback_queue *q)
{
    struct netback_chain *c = &q->chain;
    const uint32_t len = c->slot[0].size;
    bool ok = !c->wrong;

    if ( c->multicast )
        ok = ok && change_list(q->b, c->address, c->multicast == XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
    else
    {
        ok = ok && len >= NET_MIN_PACKET && chain_sizes(c);
        if ( ok && (q->nr_packets == MAX_BATCH || q->nr_copies + 2 * c->nr > MAX_COPIES ||
                    chain_place(q, c, len) + len > sizeof(q->m->pool)) )
            flush(q, c->answer);
        if ( ok )
            chain_copy(q, c, len);
    }
    if ( !ok )
        set_status(q, c->answer, q->nr_answers - c->answer, NETIF_RSP_ERROR);
    *c = (struct netback_chain){ .answer = q->nr_answers };
}

/* What is wrong with the front end, or NULL. */
static const char *take(struct netback_queue *q)
{
    unsigned int left = 2 * NET_SLOTS;

    for ( ;; )
    {
        union tx_slot raw;
        int rc = 0;

        while ( left && (rc = ring_back_get(&q->tx, &raw, sizeof(raw))) == 1 )
        {
            left--;
            if ( chain_add(q, &raw) )
                chain_end(q);
        }
        flush(q, q->chain.answer);
        if ( rc < 0 )
            return "the front end's ring index is impossible";
        if ( q->nr_answers == NET_SLOTS )
            return "the front end sent a packet without an end";
        if ( left && ring_back_sleep(&q->tx) )
            return NULL;
        if ( !left )
        {
            q->b->more = true;
            return NULL;
        }
    }
}

/* ------------------------------------------------------------------ to the front end */

/* True: there are @need buffers; otherwise we are told when there are more. */
static bool get_buffers(struct netback_queue *q, unsigned int need)
{
    do
    {
        struct netif_rx_request *at = &q->m->buffers[(q->first_buffer + q->nr_buffers) % NET_SLOTS];

        while ( q->nr_buffers < NET_SLOTS && ring_back_get(&q->rx, at, sizeof(*at)) == 1 )
            at = &q->m->buffers[(q->first_buffer + ++q->nr_buffers) % NET_SLOTS];
        if ( q->nr_buffers >= need )
            return true;
    } while ( !ring_back_sleep(&q->rx) );
    return false;
}

static struct netif_rx_request next_buffer(struct netback_queue *q)
{
    const struct netif_rx_request r = q->m->buffers[q->first_buffer];

    q->first_buffer = (q->first_buffer + 1) % NET_SLOTS;
    q->nr_buffers--;
    return r;
}

/* False: no room. */
bool netback_queue_put(struct netback_queue *q, const struct net_packet *p)
{
    const unsigned int pages = net_pages(p->len), slots = pages + (p->gso != XEN_NETIF_GSO_TYPE_NONE);

    if ( q->nr_filled + slots > NET_SLOTS || q->nr_copies + 2 * pages > MAX_COPIES )
        netback_queue_push(q);
    if ( !get_buffers(q, slots) )
    {
        q->wanted = true;
        q->b->more |= q->rx.broken;     /* netback_run() tells */
        return false;
    }
    for ( unsigned int i = 0; i < pages; i++ )
    {
        const uint32_t at = i * PV_PAGE, len = p->len - at < PV_PAGE ? p->len - at : PV_PAGE;
        const struct netif_rx_request to = next_buffer(q);

        q->m->filled[q->nr_filled].rsp = (struct netif_rx_response){
            .id = to.id, .status = (int16_t)len,
            .flags = (uint16_t)((i + 1 < pages ? NETRXF_more_data : 0) |
                (i == 0 && p->gso ? NETRXF_extra_info : 0) |
                (i == 0 && p->csum == NET_CSUM_BLANK ? NETRXF_csum_blank | NETRXF_data_validated : 0) |
                (i == 0 && p->csum == NET_CSUM_VALID ? NETRXF_data_validated : 0)),
        };
        add_copy(q, q->nr_filled++, to.gref, 0, p->data + at, len, true);
        if ( i == 0 && p->gso )
        {
            next_buffer(q);             /* the place in the ring; its page is not used */
            q->m->filled[q->nr_filled++].extra = (struct netif_extra_info){
                .type = XEN_NETIF_EXTRA_TYPE_GSO, .u.gso = { .type = p->gso, .size = p->gso_size },
            };
        }
    }
    return true;
}

void netback_queue_push(struct netback_queue *q)
{
    do_copies(q);
    for ( unsigned int i = 0; i < q->nr_copies; i++ )
        if ( q->m->copies[i].status )
            q->m->filled[q->m->owner[i]].rsp.status = NETIF_RSP_ERROR;
    for ( unsigned int i = 0; i < q->nr_filled; i++ )
        ring_back_put(&q->rx, &q->m->filled[i], sizeof(q->m->filled[i]));
    q->nr_copies = q->nr_filled = 0;
    if ( ring_back_push(&q->rx) )
        notify(q, q->rx_port);
}

/* ------------------------------------------------------------------ life of a queue */

void netback_queue_run(struct netback_queue *q)
{
    const char *wrong = take(q);

    if ( q->rx.broken )
        wrong = "the front end's ring index is impossible";
    if ( wrong )
    {
        xenbus_fail(&q->b->bus, wrong);
        return;
    }
    if ( q->wanted && get_buffers(q, q->nr_buffers + 1) )
    {
        q->wanted = false;
        if ( q->b->config.writable )
            q->b->config.writable(q->b->config.owner);
    }
}

static int attach(struct netback_queue *q, struct ring *r, void **shared, grant_ref_t ref, uint32_t slot_size)
{
    const struct xenbus *bus = &q->b->bus;
    int rc = bus->ops->grant_map(bus->ctx, bus->peer, &ref, 1, false, shared);

    if ( rc )
        *shared = NULL;
    return rc ? rc : ring_back_attach(r, *shared, PV_PAGE, slot_size);
}

int netback_queue_open(struct netback_queue *q, const uint32_t nodes[4])
{
    const struct xenbus *bus = &q->b->bus;
    int rc;

    *q = (struct netback_queue){ .b = q->b, .tx_port = -1, .rx_port = -1 };
    q->m = bus->ops->pages_alloc(bus->ctx, MEMORY_PAGES);
    rc = q->m ? attach(q, &q->tx, &q->tx_shared, nodes[NET_TX_RING], sizeof(union netif_tx_sring_entry)) : -XEN_ENOMEM;
    if ( rc == 0 )
        rc = attach(q, &q->rx, &q->rx_shared, nodes[NET_RX_RING], sizeof(union netif_rx_sring_entry));
    if ( rc == 0 )
        rc = q->tx_port = bus->ops->channel_open(bus->ctx, bus->peer, nodes[NET_TX_PORT], q);
    if ( rc >= 0 )
        rc = q->rx_port = nodes[NET_RX_PORT] == nodes[NET_TX_PORT] ? q->tx_port :
            bus->ops->channel_open(bus->ctx, bus->peer, nodes[NET_RX_PORT], q);
    if ( rc < 0 )
    {
        netback_queue_close(q);
        return rc;
    }
    if ( bus->resume )                  /* what our predecessor put into the rings it may not have told any more */
    {
        notify(q, q->tx_port);
        notify(q, q->rx_port);
    }
    return 0;
}

void netback_queue_close(struct netback_queue *q)
{
    const struct xenbus *bus = &q->b->bus;

    if ( !q->m )
        return;
    if ( q->rx_port >= 0 && q->rx_port != q->tx_port )
        bus->ops->channel_close(bus->ctx, (evtchn_port_t)q->rx_port);
    if ( q->tx_port >= 0 )
        bus->ops->channel_close(bus->ctx, (evtchn_port_t)q->tx_port);
    if ( q->tx_shared )
        bus->ops->grant_unmap(bus->ctx, q->tx_shared, 1);
    if ( q->rx_shared )
        bus->ops->grant_unmap(bus->ctx, q->rx_shared, 1);
    bus->ops->pages_free(bus->ctx, q->m, MEMORY_PAGES);
    *q = (struct netback_queue){ .b = q->b };
}
