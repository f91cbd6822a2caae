/* SPDX-License-Identifier: MIT */
/*
 * The ring page of the split drivers: four free-running 32-bit indices, padding to 64 bytes, then
 * a power of two of slots, each a request or a response.
 *
 * Layout only.  Users read the peer's index once, then a barrier, then the slots.
 */
#ifndef XENABI_IO_RING_H
#define XENABI_IO_RING_H

#include <xenabi/types.h>

/* The producer notifies when its index passes the peer's event index. */
struct xen_ring_header {
    uint32_t req_prod;
    uint32_t req_event;
    uint32_t rsp_prod;
    uint32_t rsp_event;
    uint8_t  pad[48];
};
ABI_SIZE(xen_ring_header, 64);

#endif
