/* SPDX-License-Identifier: MIT */
/*
 * The back end of a network device.
 *
 * The owner supplies a network: receive() takes packets from the front end, many in one call.  They are valid until it
 * returns, their bytes until grant_copy() next fetches something from the front end, and the NETBACK_HEADROOM bytes
 * before each are the owner's to write.  netback_send() sends packets to it and is done with them when it returns.
 * netback_run() is to be called when an event arrives and as long as "more" is set; netback_watch() when a watch fires.
 * All in one thread; receive() may call netback_send(), and nothing else here.
 *
 * Packets are copied both ways, by grant copies in batches, or through mappings where the embedding has no copies.
 * Responses leave in the order of requests, so that a back end that was killed can be followed by another, as with
 * block devices; what was on the way may be lost or seen twice, as on any network.
 */
#ifndef PV_NET_BACK_H
#define PV_NET_BACK_H

#include "net/net.h"
#include "ring/ring.h"

#define NETBACK_MAX_MULTICAST 64u
#define NETBACK_HEADROOM 16u

struct netback_config {
    unsigned int max_queues;            /* 1 .. NET_MAX_QUEUES */
    struct net_offers takes;            /* what receive() is ready for */
    void (*receive)(void *owner, const struct net_packet *packets, unsigned int nr);
    void (*writable)(void *owner);      /* netback_send() had no room, and may have now.  May be NULL */
    void (*changed)(void *owner);       /* connected (peer may be others) or gone.  May be NULL */
    void *owner;
};

/* A packet whose slots are being taken from the ring. */
struct netback_chain {
    struct netif_tx_request slot[NET_MAX_SLOTS];
    unsigned int nr;                    /* with data */
    unsigned int answer;                /* index of its first answer */
    bool more, extra;                   /* what the last slot announced */
    bool wrong;
    uint8_t gso, multicast;             /* of extra slots; XEN_NETIF_EXTRA_TYPE_MCAST_* or 0 */
    uint16_t gso_size;
    uint8_t address[6];
};

struct netback_memory;

struct netback_queue {
    struct netback *b;
    struct ring tx, rx;
    void *tx_shared, *rx_shared;        /* as we mapped them; NULL: no such queue */
    int tx_port, rx_port;               /* the same, or two */
    struct netback_memory *m;
    struct netback_chain chain;
    unsigned int nr_answers, nr_packets, nr_copies, nr_filled, pool_used;
    unsigned int first_buffer, nr_buffers;      /* receive requests taken and not used yet */
    bool wanted;                        /* netback_send() waits for buffers */
};

struct netback {
    struct xenbus bus;                  /* first: store_watch's user is the whole */
    struct netback_config config;
    struct netback_queue queue[NET_MAX_QUEUES];
    unsigned int nr_queues;
    struct net_offers peer;             /* what the front end takes */
    bool filter;                        /* the front end wants only the multicasts in the list */
    bool list_lost;                     /* ... which an earlier life of ours knew: all pass */
    uint8_t multicast[NETBACK_MAX_MULTICAST][6];
    unsigned int nr_multicast;
    bool news;                          /* changed() is due */
    bool more;                          /* netback_run stopped before all was done: call it again soon */
    struct netback_stats {
        uint64_t received, sent, refused, dropped, failed_copies, filtered, notifications;
    } stats;
};

/* @user of channel_open is the queue, of store_watch &b->bus.  bus.ops, bus.ctx and config are filled in before. */
int netback_start(struct netback *b, const char *path);
void netback_run(struct netback *b);
void netback_watch(struct netback *b);

/*
 * How many of @packets are dealt with: sent, or dropped with their status set.  Fewer than @nr: there is no room,
 * writable() will be called.
 */
unsigned int netback_send(struct netback *b, struct net_packet *packets, unsigned int nr);

/* Stop for a successor: the store stays as it is. */
void netback_stop(struct netback *b);

/* Between back.c and back_queue.c. */
int netback_queue_open(struct netback_queue *q, const uint32_t nodes[4]);
void netback_queue_close(struct netback_queue *q);
void netback_queue_run(struct netback_queue *q);
bool netback_queue_put(struct netback_queue *q, const struct net_packet *p);
void netback_queue_push(struct netback_queue *q);

#endif
