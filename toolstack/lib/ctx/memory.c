/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typed wrappers of memory_op.  Mapping is in foreign.c.
 */
#include <errno.h>
#include <string.h>

#include "ctx/memory.h"

/* Frames are passed in parts of at most this many, so the buffer stays small. */
#define BATCH 4096

/* One of the reservation calls, in parts; stops at the first part that is not done whole. */
static long reservation(struct xn_ctx *ctx, unsigned int cmd, uint32_t domid, unsigned int order,
                        uint32_t flags, const uint64_t *in, uint64_t *out, size_t count,
                        const char *what)
{
    size_t done = 0;

    while ( done < count ) {
        const size_t n = count - done < BATCH ? count - done : BATCH;
        uint64_t *data = hc_data(ctx, n * sizeof(*data));
        struct xen_memory_reservation r = {
            .extent_start = hc_ptr(data), .nr_extents = n, .extent_order = order,
            .mem_flags = flags, .domid = (domid_t)domid,
        };
        long rc;

        if ( !data )
            return -ENOMEM;
        if ( in )
            memcpy(data, in + done, n * sizeof(*data));
        rc = hc_op2(ctx, __HYPERVISOR_memory_op, cmd, &r, sizeof(r), what);
        if ( rc < 0 )
            return done ? (long)done : rc;
        if ( (size_t)rc > n )
            return xn_fail(ctx, EIO, "hypercall %s: %ld of %zu done", what, rc, n);
        if ( out )
            memcpy(out + done, data, rc * sizeof(*data));
        done += rc;
        if ( (size_t)rc < n )
            break;
    }
    return (long)done;
}

long hc_populate_physmap(struct xn_ctx *ctx, uint32_t domid, unsigned int order, uint32_t flags,
                         uint64_t *frames, size_t count)
{
    return reservation(ctx, XENMEM_populate_physmap, domid, order, flags, frames, frames, count,
                       "populate_physmap");
}

long hc_decrease_reservation(struct xn_ctx *ctx, uint32_t domid, unsigned int order,
                             const uint64_t *frames, size_t count)
{
    return reservation(ctx, XENMEM_decrease_reservation, domid, order, 0, frames, NULL, count,
                       "decrease_reservation");
}

long hc_increase_reservation(struct xn_ctx *ctx, uint32_t domid, unsigned int order,
                             uint32_t flags, uint64_t *frames, size_t count)
{
    return reservation(ctx, XENMEM_increase_reservation, domid, order, flags, NULL, frames,
                       count, "increase_reservation");
}

int hc_claim_pages(struct xn_ctx *ctx, uint32_t domid, uint64_t pages)
{
    struct xen_memory_reservation r = { .nr_extents = pages, .domid = (domid_t)domid };

    return (int)hc_op2(ctx, __HYPERVISOR_memory_op, XENMEM_claim_pages, &r, sizeof(r),
                       "claim_pages");
}

int hc_set_memory_map(struct xn_ctx *ctx, uint32_t domid, const struct xen_e820_entry *map,
                      uint32_t count)
{
    void *data = hc_data(ctx, count * sizeof(*map));
    struct xen_foreign_memory_map op = {
        .domid = (domid_t)domid, .map = { .nr_entries = count, .buffer = hc_ptr(data) },
    };

    if ( !data )
        return -ENOMEM;
    memcpy(data, map, count * sizeof(*map));
    return (int)hc_op2(ctx, __HYPERVISOR_memory_op, XENMEM_set_memory_map, &op, sizeof(op),
                       "set_memory_map");
}

long hc_memory_query(struct xn_ctx *ctx, unsigned int cmd, uint32_t domid)
{
    struct xen_memory_domain d = { .domid = (domid_t)domid };

    return hc_op2(ctx, __HYPERVISOR_memory_op, cmd, &d, sizeof(d), "memory_op (query)");
}

long hc_memory_query_host(struct xn_ctx *ctx, unsigned int cmd)
{
    return hc_op2(ctx, __HYPERVISOR_memory_op, cmd, NULL, 0, "memory_op (query)");
}

int hc_machphys_mfn_list(struct xn_ctx *ctx, uint64_t *frames, uint32_t *count)
{
    uint64_t *data = hc_data(ctx, *count * sizeof(*data));
    struct xen_machphys_mfn_list op = { .max_extents = *count, .extent_start = hc_ptr(data) };
    long rc;

    if ( !data )
        return -ENOMEM;
    rc = hc_op2(ctx, __HYPERVISOR_memory_op, XENMEM_machphys_mfn_list, &op, sizeof(op),
                "machphys_mfn_list");
    if ( rc < 0 )
        return (int)rc;
    if ( op.nr_extents < *count )
        *count = op.nr_extents;
    memcpy(frames, data, *count * sizeof(*frames));
    return 0;
}
