/* SPDX-License-Identifier: MIT */
/*
 * Network devices: what both ends share.
 *
 * A packet is an Ethernet frame in private memory, in one piece, on its way out as well as in.  What is not a
 * property of its bytes stands beside it: a checksum still to be filled in, a size to segment it to.
 */
#ifndef PV_NET_H
#define PV_NET_H

#include "xenbus/xenbus.h"
#include <xenabi/io/netif.h>

#define NET_MAX_QUEUES  8u
#define NET_SLOTS       256u            /* of a ring of one page, in both directions */
#define NET_MAX_SLOTS   18u             /* with data, of one packet: XEN_NETIF_NR_SLOTS_MIN */
#define NET_MAX_PACKET  65535u
#define NET_MIN_PACKET  14u

enum net_csum {
    NET_CSUM_UNKNOWN,                   /* in the packet, nobody looked whether it is right */
    NET_CSUM_BLANK,                     /* of TCP or UDP, to be filled in by whoever needs it */
    NET_CSUM_VALID,                     /* right, or not needed: the packet has seen no wire */
};

struct net_packet {
    uint8_t *data;
    uint32_t len;                       /* NET_MIN_PACKET .. NET_MAX_PACKET */
    uint8_t csum;                       /* enum net_csum */
    uint8_t gso;                        /* XEN_NETIF_GSO_TYPE_*: larger than the path takes, to be cut */
    uint16_t gso_size;                  /* ... into so many bytes of TCP data each; implies NET_CSUM_BLANK */
    int status;                         /* OUT, sending: 0 or -XEN_E*: this packet was dropped */

    /* OUT, with NET_CSUM_BLANK: where the checksum starts and goes (as virtio-net has it), where the data starts. */
    uint16_t csum_start, csum_offset, header_len;
};

/* What an end takes from its peer.  Without csum or csum6 checksums must be filled in (IPv4, IPv6). */
struct net_offers {
    bool sg;                            /* more than one page */
    bool csum, csum6, gso, gso6;
};

void net_read_offers(struct xenbus *bus, const char *folder, struct net_offers *o);
int net_write_offers(struct xenbus *bus, uint32_t txn, const struct net_offers *o);

/* The nodes that tell a queue's rings and channels: both ends must agree. */
int net_read_queue(struct xenbus *bus, unsigned int nr_queues, unsigned int i, uint32_t out[4]);
int net_write_queue(struct xenbus *bus, uint32_t txn, unsigned int nr_queues, unsigned int i, const uint32_t in[4]);
enum { NET_TX_RING, NET_RX_RING, NET_TX_PORT, NET_RX_PORT };    /* equal ports: one channel for both */

/*
 * Make @p one that an end which offers @o takes: fill in the checksum, or say where it goes.  0; -XEN_EINVAL, the
 * packet is not what it claims to be; -XEN_EMSGSIZE; -XEN_EOPNOTSUPP, it must be cut into segments first.  Every
 * packet goes through here, those that are sent and those that came.
 */
int net_prepare(struct net_packet *p, const struct net_offers *o);

/* Which of @nr queues: packets of one connection always go to the same. */
unsigned int net_choose(const struct net_packet *p, unsigned int nr);

static inline unsigned int net_pages(uint32_t len)
{
    return (len + PV_PAGE - 1) / PV_PAGE;
}

#endif
