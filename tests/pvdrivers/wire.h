/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both ends of a network device and what each has received, for the tests. */
#ifndef WIRE_H
#define WIRE_H

#include "fake.h"
#include "net/back.h"
#include "net/front.h"

#define VIF_FRONT   "/local/domain/5/device/vif/0"
#define VIF_BACK    "/local/domain/0/backend/vif/5/0"
#define WIRE_MAX    1024u

struct wire_end {
    struct net_packet got[WIRE_MAX];    /* data is a copy */
    unsigned int nr, writable, changed, lost;
    bool echo;                          /* send back from inside receive() */
};

extern struct netback netback;
extern struct netfront netfront;
extern struct netback_config netback_config;
extern struct netfront_config netfront_config;
extern const struct pv_ops *netback_ops;
extern struct wire_end at_back, at_front;   /* what came from the other */
extern const struct net_offers wire_all;

void wire_reset(void);                  /* defaults for all of the above, a new world */
void wire_forget(struct wire_end *e);   /* what it has received */
void wire_back_begin(void);
void wire_front_begin(void);
void wire_connect(void);
bool wire_settle(void);                 /* run both until nothing moves; false: it never stopped */
void wire_end(void);                    /* stop both, check that nothing is left */

/* For a test that plays one end: the slots of a ring. */
static inline struct netif_tx_request *wire_tx_slot(struct xen_ring_header *ring, uint32_t i)
{
    return (struct netif_tx_request *)((uint8_t *)(ring + 1) + i % NET_SLOTS * 12);
}

static inline union netif_rx_sring_entry *wire_rx_slot(struct xen_ring_header *ring, uint32_t i)
{
    return (union netif_rx_sring_entry *)((uint8_t *)(ring + 1) + i % NET_SLOTS * 8);
}

/* Packets of one connection, whose ports are made of @flow.  @len of all; the checksum is right, or blank. */
struct wire_kind {
    bool v6, udp, blank;
    uint16_t gso_size;
    uint32_t flow;
};
struct net_packet wire_packet(const struct wire_kind *k, uint32_t len, uint64_t *seed);
bool wire_checksum_ok(const struct net_packet *p);
void wire_free(struct net_packet *p);

#endif
