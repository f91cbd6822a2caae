/* SPDX-License-Identifier: MIT */
/*
 * The front end of a network device.
 *
 * The owner sends with netfront_send(), which is done with the packets when it returns, and gets packets by
 * receive(), valid until that returns.  netfront_run() is to be called when an event arrives and as long as "more" is
 * set, netfront_watch() when a watch fires.  All in one thread; receive() may call netfront_send(), and nothing else
 * here.
 *
 * Only pages of our own are lent, for as long as the device is connected, and packets are copied through
 * them: the back end never sees memory of the owner's, and no grant is made or ended for a packet.  What comes in is
 * looked at only in its private copy.
 *
 * When the back end starts anew the device connects again; packets on the way are lost, and multicast addresses
 * must be given again (changed()).
 */
#ifndef PV_NET_FRONT_H
#define PV_NET_FRONT_H

#include "net/net.h"
#include "ring/ring.h"

struct netfront_config {
    unsigned int max_queues;            /* 1 .. NET_MAX_QUEUES */
    unsigned int buffers;               /* pages lent for each queue and direction: a power of two, 32 .. NET_SLOTS */
    struct net_offers takes;            /* what receive() is ready for */
    bool multicast_control;             /* only the multicasts asked for, if the back end can do that */
    void (*receive)(void *owner, const struct net_packet *packets, unsigned int nr);
    void (*writable)(void *owner);      /* netfront_send() had no room, and may have now.  May be NULL */
    void (*changed)(void *owner);       /* connected, link up or down, or gone.  May be NULL */
    void *owner;
};

struct netfront_memory;

struct netfront_queue {
    struct netfront *f;
    struct ring tx, rx;
    void *tx_shared, *rx_shared;
    grant_ref_t tx_ref, rx_ref;
    int tx_port, rx_port;               /* the same, or two; negative: closed */
    struct netfront_memory *m;          /* NULL: no such queue */
    unsigned int nr_free;               /* pages that may be sent from */
    unsigned int nr_extras;             /* slots without a page that are not answered */
    struct net_packet in;               /* what has arrived so far of a packet */
    bool more, extra, wrong;            /* ... what its last slot announced; that it is to be dropped */
    bool wanted;                        /* netfront_send() waits for room */
};

struct netfront {
    struct xenbus bus;                  /* first */
    struct netfront_config config;
    struct netfront_queue queue[NET_MAX_QUEUES];
    unsigned int nr_queues;
    struct net_offers peer;             /* what the back end takes */
    bool split, multicast;              /* it knows two channels; it filters */
    uint8_t mac[6];
    uint16_t mtu;                       /* without the Ethernet header */
    bool link;
    bool news;                          /* changed() is due */
    bool more;                          /* netfront_run stopped before all was done: call it again soon */
    unsigned int lost_pages;            /* never given back by the back end */
    struct netfront_stats {
        uint64_t sent, received, failed, dropped, notifications;
    } stats;
};

/* bus.ops, bus.ctx and config are filled in before, all else is zero. */
int netfront_start(struct netfront *f, const char *path);
void netfront_run(struct netfront *f);
void netfront_watch(struct netfront *f);

/*
 * How many of @packets are dealt with: sent, or dropped with their status set.  Fewer than @nr: there is no room and
 * writable() will be called, or the device is not connected.
 */
unsigned int netfront_send(struct netfront *f, struct net_packet *packets, unsigned int nr);

/* Have a multicast address passed or not.  -XEN_EAGAIN: no room now.  -XEN_EOPNOTSUPP: all are passed. */
int netfront_multicast(struct netfront *f, const uint8_t address[6], bool add);

/* What the back end still has mapped is lost: xenbus_close(&f->bus) and wait for xenbus_is_closed() first. */
void netfront_stop(struct netfront *f);

/* Between front.c and front_queue.c. */
int netfront_queue_open(struct netfront_queue *q);
void netfront_queue_shut(struct netfront_queue *q);     /* no more events; all stays as it is */
void netfront_queue_reclaim(struct netfront_queue *q);
void netfront_queue_run(struct netfront_queue *q);
bool netfront_queue_put(struct netfront_queue *q, const struct net_packet *p, const struct netif_extra_info *extra);
void netfront_queue_push(struct netfront_queue *q);

#endif
