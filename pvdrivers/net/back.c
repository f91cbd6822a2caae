/* SPDX-License-Identifier: MIT */
/* The back end of a network device: what it offers, what it reads from the front end's folder, its states. */
#include "net/back.h"

static struct netback *of_bus(struct xenbus *bus)
{
    return (struct netback *)bus;
}

static int publish(struct xenbus *bus, uint32_t txn, enum xenbus_step step)
{
    struct netback *b = of_bus(bus);
    const struct xenbus_node nodes[] = {
        { "feature-rx-copy", 1, true },
        { "feature-rx-flip", 0, true },
        { "feature-multicast-control", 1, true },
        { "feature-dynamic-multicast-control", 1, true },
        { "feature-split-event-channels", 1, true },
        { "multi-queue-max-queues", b->config.max_queues, true },
    };
    int rc;

    if ( step != XENBUS_OFFER )
        return 0;
    rc = net_write_offers(bus, txn, &b->config.takes);
    return rc ? rc : xenbus_write_nodes(bus, txn, nodes, sizeof(nodes) / sizeof(nodes[0]));
}

static int leave(struct xenbus *bus)
{
    struct netback *b = of_bus(bus);

    b->news |= b->queue[0].m != NULL;
    for ( unsigned int i = 0; i < NET_MAX_QUEUES; i++ )
        netback_queue_close(&b->queue[i]);
    return 0;
}

static void read_filter(struct xenbus *bus)
{
    of_bus(bus)->filter = xenbus_flag(bus, bus->peer_path, "request-multicast-control");
}

static int connect(struct netback *b)
{
    struct xenbus *bus = &b->bus;
    const uint64_t queues = xenbus_number(bus, bus->peer_path, "multi-queue-num-queues", 1, UINT32_MAX);

    if ( !xenbus_flag(bus, bus->peer_path, "request-rx-copy") )
    {
        xenbus_log(bus, "the front end does not want its packets copied");
        return -XEN_EOPNOTSUPP;
    }
    if ( queues == 0 || queues > b->config.max_queues )
    {
        xenbus_log(bus, "the front end wants more queues than there are");
        return -XEN_EINVAL;
    }
    b->nr_queues = (unsigned int)queues;
    b->nr_multicast = 0;
    b->list_lost = bus->resume;
    net_read_offers(bus, bus->peer_path, &b->peer);
    read_filter(bus);
    for ( unsigned int i = 0; i < b->nr_queues; i++ )
    {
        uint32_t nodes[4];
        int rc = net_read_queue(bus, b->nr_queues, i, nodes);

        if ( rc == 0 )
            rc = netback_queue_open(&b->queue[i], nodes);
        if ( rc )
        {
            leave(bus);
            return rc;
        }
    }
    b->news = true;
    b->more = true;             /* what may be in the rings already has sent its event before us */
    return 0;
}

static int enter(struct xenbus *bus, enum xenbus_step step)
{
    return step == XENBUS_OFFER ? 0 : connect(of_bus(bus));
}

static const struct xenbus_driver driver = {
    .enter = enter, .publish = publish, .leave = leave, .changed = read_filter, .direct = true,
};

int netback_start(struct netback *b, const char *path)
{
    struct netback_config *c = &b->config;

    if ( !c->receive )
        return -XEN_EINVAL;
    c->max_queues = c->max_queues == 0 ? 1 : c->max_queues > NET_MAX_QUEUES ? NET_MAX_QUEUES : c->max_queues;
    for ( unsigned int i = 0; i < NET_MAX_QUEUES; i++ )
        b->queue[i].b = b;
    b->bus.driver = &driver;
    b->bus.is_back = true;
    return xenbus_start(&b->bus, path);
}

void netback_run(struct netback *b)
{
    b->more = false;
    for ( unsigned int i = 0; i < b->nr_queues && b->bus.state == XenbusStateConnected; i++ )
        netback_queue_run(&b->queue[i]);
    if ( b->bus.again )
        xenbus_run(&b->bus);
    if ( b->news && b->config.changed )
        b->config.changed(b->config.owner);
    b->news = false;
}

void netback_watch(struct netback *b)
{
    xenbus_run(&b->bus);
    netback_run(b);
}

/* A multicast, but no broadcast, that the front end has not asked for. */
static bool is_filtered(const struct netback *b, const struct net_packet *p)
{
    static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

    if ( !b->filter || b->list_lost || !(p->data[0] & 1) || __builtin_memcmp(p->data, broadcast, 6) == 0 )
        return false;
    for ( unsigned int i = 0; i < b->nr_multicast; i++ )
        if ( __builtin_memcmp(p->data, b->multicast[i], 6) == 0 )
            return false;
    return true;
}

unsigned int netback_send(struct netback *b, struct net_packet *packets, unsigned int nr)
{
    unsigned int n = 0;

    if ( b->bus.state != XenbusStateConnected )
        return 0;
    for ( ; n < nr; n++ )
    {
        struct net_packet *p = &packets[n];

        p->status = net_prepare(p, &b->peer);
        if ( p->status )
        {
            b->stats.dropped++;
            continue;
        }
        if ( is_filtered(b, p) )
        {
            b->stats.filtered++;
            continue;
        }
        if ( !netback_queue_put(&b->queue[net_choose(p, b->nr_queues)], p) )
            break;
        b->stats.sent++;
    }
    for ( unsigned int i = 0; i < b->nr_queues; i++ )
        netback_queue_push(&b->queue[i]);
    return n;
}

void netback_stop(struct netback *b)
{
    leave(&b->bus);
    xenbus_stop(&b->bus);
}
