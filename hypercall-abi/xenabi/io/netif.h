/* SPDX-License-Identifier: MIT */
/*
 * Network device protocol: a transmit and a receive ring, from the guest's side.  A packet is a
 * chain of slots linked by the more_data flag, extra-info slots following the first.
 */
#ifndef XENABI_IO_NETIF_H
#define XENABI_IO_NETIF_H

#include <xenabi/io/ring.h>
#include <xenabi/types.h>

#define XEN_NETIF_NR_SLOTS_MIN          18      /* slots per packet every backend takes */
#define XEN_NETIF_MAX_TX_SIZE           0xffff

#define NETTXF_csum_blank               (1U << 0)
#define NETTXF_data_validated           (1U << 1)
#define NETTXF_more_data                (1U << 2)
#define NETTXF_extra_info               (1U << 3)

#define NETRXF_data_validated           (1U << 0)
#define NETRXF_csum_blank               (1U << 1)
#define NETRXF_more_data                (1U << 2)
#define NETRXF_extra_info               (1U << 3)
#define NETRXF_gso_prefix               (1U << 4)

#define XEN_NETIF_EXTRA_TYPE_NONE       0
#define XEN_NETIF_EXTRA_TYPE_GSO        1
#define XEN_NETIF_EXTRA_TYPE_MCAST_ADD  2
#define XEN_NETIF_EXTRA_TYPE_MCAST_DEL  3
#define XEN_NETIF_EXTRA_TYPE_HASH       4
#define XEN_NETIF_EXTRA_TYPE_MAX        5
#define XEN_NETIF_EXTRA_FLAG_MORE       (1U << 0)

#define XEN_NETIF_GSO_TYPE_NONE         0
#define XEN_NETIF_GSO_TYPE_TCPV4        1
#define XEN_NETIF_GSO_TYPE_TCPV6        2

#define NETIF_RSP_DROPPED               (-2)
#define NETIF_RSP_ERROR                 (-1)
#define NETIF_RSP_OKAY                  0
#define NETIF_RSP_NULL                  1       /* answers an extra-info slot */

struct netif_tx_request {
    grant_ref_t gref;
    uint16_t    offset;             /* bytes in the page */
    uint16_t    flags;              /* NETTXF_* */
    uint16_t    id;
    uint16_t    size;               /* first slot: of the packet; others: of this slot */
};
ABI_SIZE(netif_tx_request, 12);

struct netif_extra_info {
    uint8_t type;                   /* XEN_NETIF_EXTRA_TYPE_* */
    uint8_t flags;                  /* XEN_NETIF_EXTRA_FLAG_* */
    union {
        struct {
            uint16_t size;          /* bytes per segment */
            uint8_t  type;          /* XEN_NETIF_GSO_TYPE_* */
            uint8_t  pad;
            uint16_t features;
        } gso;
        struct {
            uint8_t addr[6];
        } mcast;
        struct {
            uint8_t type;
            uint8_t algorithm;
            uint8_t value[4];
        } hash;
        uint16_t pad[3];
    } u;
};
ABI_SIZE(netif_extra_info, 8);

struct netif_tx_response {
    uint16_t id;
    int16_t  status;                /* NETIF_RSP_* */
};
ABI_SIZE(netif_tx_response, 4);

struct netif_rx_request {
    uint16_t    id;
    uint16_t    pad;
    grant_ref_t gref;
};
ABI_SIZE(netif_rx_request, 8);

struct netif_rx_response {
    uint16_t id;
    uint16_t offset;
    uint16_t flags;                 /* NETRXF_* */
    int16_t  status;                /* bytes, or NETIF_RSP_* if negative */
};
ABI_SIZE(netif_rx_response, 8);

union netif_tx_sring_entry {
    struct netif_tx_request  req;
    struct netif_tx_response rsp;
};
ABI_USIZE(netif_tx_sring_entry, 12);

union netif_rx_sring_entry {
    struct netif_rx_request  req;
    struct netif_rx_response rsp;
};
ABI_USIZE(netif_rx_sring_entry, 8);

#endif
