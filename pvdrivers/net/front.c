/* SPDX-License-Identifier: MIT */
/* The front end of a network device: what it makes of the back end's folder and its own, its states, sending. */
#include "lend/lend.h"
#include "net/front.h"

static struct netfront *of_bus(struct xenbus *bus)
{
    return (struct netfront *)bus;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
        c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Six pairs of digits with colons in between, or nothing is taken over. */
static void read_mac(struct netfront *f)
{
    char text[XENBUS_VALUE_MAX];
    uint8_t mac[6];

    if ( xenbus_read(&f->bus, f->bus.path, "mac", text, sizeof(text)) != 17 )
        return;
    for ( int i = 0; i < 6; i++ )
    {
        const int hi = digit(text[3 * i]), lo = digit(text[3 * i + 1]);

        if ( hi < 0 || lo < 0 || (i < 5 && text[3 * i + 2] != ':') )
            return;
        mac[i] = (uint8_t)(hi << 4 | lo);
    }
    __builtin_memcpy(f->mac, mac, sizeof(mac));
}

static int leave(struct xenbus *bus)
{
    struct netfront *f = of_bus(bus);

    f->news |= bus->state == XenbusStateConnected;
    for ( unsigned int i = 0; i < NET_MAX_QUEUES; i++ )
        netfront_queue_shut(&f->queue[i]);
    return 0;
}

static void reclaim(struct netfront *f)
{
    for ( unsigned int i = 0; i < NET_MAX_QUEUES; i++ )
        netfront_queue_reclaim(&f->queue[i]);
}

static int setup(struct netfront *f)
{
    struct xenbus *bus = &f->bus;
    const char *peer = bus->peer_path;
    uint64_t queues;
    int rc;

    reclaim(f);
    rc = lend_check_lost(bus, f->lost_pages);
    if ( rc )
        return rc;
    if ( !xenbus_flag(bus, peer, "feature-rx-copy") )
    {
        xenbus_log(bus, "the back end does not copy packets");
        return -XEN_EOPNOTSUPP;
    }
    queues = xenbus_number(bus, peer, "multi-queue-max-queues", 1, UINT32_MAX);
    f->nr_queues = queues == 0 ? 1 : queues < f->config.max_queues ? (unsigned int)queues : f->config.max_queues;
    f->split = xenbus_flag(bus, peer, "feature-split-event-channels");
    f->multicast = f->config.multicast_control && xenbus_flag(bus, peer, "feature-multicast-control");
    net_read_offers(bus, peer, &f->peer);
    read_mac(f);
    f->mtu = (uint16_t)xenbus_number(bus, bus->path, "mtu", 1500, NET_MAX_PACKET - NET_MIN_PACKET);
    for ( unsigned int i = 0; i < f->nr_queues && rc == 0; i++ )
        rc = netfront_queue_open(&f->queue[i]);
    return rc;
}

static void changed(struct xenbus *bus)
{
    struct netfront *f = of_bus(bus);
    const bool link = xenbus_number(bus, bus->peer_path, "carrier", 1, 1);

    f->news |= link != f->link;
    f->link = link;
}

static int enter(struct xenbus *bus, enum xenbus_step step)
{
    struct netfront *f = of_bus(bus);

    if ( step == XENBUS_SETUP )
        return setup(f);
    f->link = xenbus_number(bus, bus->peer_path, "carrier", 1, 1);
    for ( unsigned int i = 0; i < f->nr_queues; i++ )
    {
        /* The receive requests are in the ring since before there was anybody to tell. */
        bus->ops->channel_notify(bus->ctx, (evtchn_port_t)f->queue[i].rx_port);
    }
    f->more = f->news = true;
    return 0;
}

static int publish(struct xenbus *bus, uint32_t txn, enum xenbus_step step)
{
    struct netfront *f = of_bus(bus);
    const struct xenbus_node nodes[] = {
        { "request-rx-copy", 1, true },
        { "feature-rx-notify", 1, true },
        { "request-multicast-control", 1, f->multicast },
        { "multi-queue-num-queues", f->nr_queues, f->nr_queues > 1 },
    };
    int rc = 0;

    if ( step != XENBUS_SETUP )
        return 0;
    for ( unsigned int i = 0; i < f->nr_queues && rc == 0; i++ )
    {
        const struct netfront_queue *q = &f->queue[i];
        const uint32_t values[4] = { q->tx_ref, q->rx_ref, (uint32_t)q->tx_port, (uint32_t)q->rx_port };

        rc = net_write_queue(bus, txn, f->nr_queues, i, values);
    }
    if ( rc == 0 )
        rc = net_write_offers(bus, txn, &f->config.takes);
    return rc ? rc : xenbus_write_nodes(bus, txn, nodes, sizeof(nodes) / sizeof(nodes[0]));
}

static const struct xenbus_driver driver = {
    .enter = enter, .publish = publish, .leave = leave, .changed = changed, .direct = true,
};

int netfront_start(struct netfront *f, const char *path)
{
    struct netfront_config *c = &f->config;

    if ( !c->receive || c->buffers < 32 || c->buffers > NET_SLOTS || (c->buffers & (c->buffers - 1)) )
        return -XEN_EINVAL;
    c->max_queues = c->max_queues == 0 ? 1 : c->max_queues > NET_MAX_QUEUES ? NET_MAX_QUEUES : c->max_queues;
    for ( unsigned int i = 0; i < NET_MAX_QUEUES; i++ )
        f->queue[i] = (struct netfront_queue){ .f = f, .tx_port = -1, .rx_port = -1 };
    f->bus.driver = &driver;
    return xenbus_start(&f->bus, path);
}

void netfront_run(struct netfront *f)
{
    f->more = false;
    for ( unsigned int i = 0; i < f->nr_queues && f->bus.state == XenbusStateConnected; i++ )
        netfront_queue_run(&f->queue[i]);
    if ( f->bus.again )
        xenbus_run(&f->bus);
    if ( f->news && f->config.changed )
        f->config.changed(f->config.owner);
    f->news = false;
}

void netfront_watch(struct netfront *f)
{
    xenbus_run(&f->bus);
    netfront_run(f);
}

unsigned int netfront_send(struct netfront *f, struct net_packet *packets, unsigned int nr)
{
    unsigned int n = 0;

    if ( f->bus.state != XenbusStateConnected )
        return 0;
    for ( ; n < nr; n++ )
    {
        struct net_packet *p = &packets[n];
        const struct netif_extra_info gso = {
            .type = XEN_NETIF_EXTRA_TYPE_GSO, .u.gso = { .type = p->gso, .size = p->gso_size },
        };

        p->status = net_prepare(p, &f->peer);
        if ( p->status )
            f->stats.dropped++;
        else if ( !netfront_queue_put(&f->queue[net_choose(p, f->nr_queues)], p, p->gso ? &gso : NULL) )
            break;
        else
            f->stats.sent++;
    }
    for ( unsigned int i = 0; i < f->nr_queues; i++ )
        netfront_queue_push(&f->queue[i]);
    return n;
}

int netfront_multicast(struct netfront *f, const uint8_t address[6], bool add)
{
    static const struct net_packet nothing;
    struct netif_extra_info extra = {
        .type = add ? XEN_NETIF_EXTRA_TYPE_MCAST_ADD : XEN_NETIF_EXTRA_TYPE_MCAST_DEL,
    };

    if ( f->bus.state != XenbusStateConnected )
        return -XEN_ENODEV;
    if ( !f->multicast )
        return -XEN_EOPNOTSUPP;
    __builtin_memcpy(extra.u.mcast.addr, address, sizeof(extra.u.mcast.addr));
    if ( !netfront_queue_put(&f->queue[0], &nothing, &extra) )
        return -XEN_EAGAIN;
    netfront_queue_push(&f->queue[0]);
    return 0;
}

void netfront_stop(struct netfront *f)
{
    leave(&f->bus);
    xenbus_stop(&f->bus);
    reclaim(f);
    f->bus.state = XenbusStateClosed;
}
