/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our ring header against the rings that upstream's macros make.
 */
#include UPSTREAM_BLKIF
#include UPSTREAM_NETIF
#include <xenabi/io/ring.h>

#define SAME(ring, field) \
    _Static_assert(offsetof(struct xen_ring_header, field) == offsetof(struct ring, field), #field)

#define SAME_RING(r) \
    SAME(r, req_prod); SAME(r, req_event); SAME(r, rsp_prod); SAME(r, rsp_event); \
    _Static_assert(sizeof(struct xen_ring_header) == offsetof(struct r, ring), #r)

SAME_RING(blkif_sring);
SAME_RING(netif_tx_sring);
SAME_RING(netif_rx_sring);
