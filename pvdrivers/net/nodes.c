/* SPDX-License-Identifier: MIT */
/* The nodes that are the same in both ends' folders, and those of a queue. */
#include "net/net.h"

void net_read_offers(struct xenbus *bus, const char *folder, struct net_offers *o)
{
    *o = (struct net_offers){
        .sg = xenbus_flag(bus, folder, "feature-sg"),
        .csum = !xenbus_flag(bus, folder, "feature-no-csum-offload"),
        .csum6 = xenbus_flag(bus, folder, "feature-ipv6-csum-offload"),
        .gso = xenbus_flag(bus, folder, "feature-gso-tcpv4"),
        .gso6 = xenbus_flag(bus, folder, "feature-gso-tcpv6"),
    };
    if ( !o->sg )
        o->gso = o->gso6 = false;
}

int net_write_offers(struct xenbus *bus, uint32_t txn, const struct net_offers *o)
{
    const struct xenbus_node nodes[] = {
        { "feature-sg", o->sg, true },
        { "feature-no-csum-offload", !o->csum, true },
        { "feature-ipv6-csum-offload", o->csum6, true },
        { "feature-gso-tcpv4", o->gso, true },
        { "feature-gso-tcpv6", o->gso6, true },
    };

    return xenbus_write_nodes(bus, txn, nodes, sizeof(nodes) / sizeof(nodes[0]));
}

static const char *const queue_nodes[] = {
    [NET_TX_RING] = "tx-ring-ref", [NET_RX_RING] = "rx-ring-ref", [NET_TX_PORT] = "event-channel-tx",
    [NET_RX_PORT] = "event-channel-rx",
};

int net_read_queue(struct xenbus *bus, unsigned int nr_queues, unsigned int i, uint32_t out[4])
{
    char name[XENBUS_VALUE_MAX];

    for ( int k = NET_TX_RING; k <= NET_RX_PORT; k++ )
    {
        xenbus_queue_node(name, nr_queues, i, queue_nodes[k], 0);
        out[k] = (uint32_t)xenbus_number(bus, bus->peer_path, name, 0, UINT32_MAX);
    }
    if ( out[NET_TX_PORT] == 0 && out[NET_RX_PORT] == 0 )
    {
        xenbus_queue_node(name, nr_queues, i, "event-channel", 0);
        out[NET_TX_PORT] = out[NET_RX_PORT] = (uint32_t)xenbus_number(bus, bus->peer_path, name, 0, UINT32_MAX);
    }
    return out[0] && out[1] && out[2] && out[3] ? 0 : -XEN_ENOENT;
}

int net_write_queue(struct xenbus *bus, uint32_t txn, unsigned int nr_queues, unsigned int i, const uint32_t in[4])
{
    const bool split = in[NET_TX_PORT] != in[NET_RX_PORT];
    char names[5][XENBUS_VALUE_MAX];
    struct xenbus_node nodes[5];

    for ( int k = NET_TX_RING; k <= NET_RX_PORT; k++ )
    {
        xenbus_queue_node(names[k], nr_queues, i, queue_nodes[k], 0);
        nodes[k] = (struct xenbus_node){ names[k], in[k], k < NET_TX_PORT || split };
    }
    xenbus_queue_node(names[4], nr_queues, i, "event-channel", 0);
    nodes[4] = (struct xenbus_node){ names[4], in[NET_TX_PORT], !split };
    return xenbus_write_nodes(bus, txn, nodes, 5);
}
