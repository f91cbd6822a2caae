/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typed wrappers of the calls of guest.h.
 */
#include <errno.h>
#include <string.h>

#include "ctx/guest.h"

#define BATCH 1024      /* requests in one call */

/* mmu_update or mmuext_op: an array of count elements of size bytes, in parts. */
static int batch(struct xn_ctx *ctx, unsigned int number, uint32_t domid, const void *list,
                 size_t count, size_t size, const char *what)
{
    for ( size_t done = 0; done < count; ) {
        const size_t n = count - done < BATCH ? count - done : BATCH;
        uint8_t *data = hc_data(ctx, n * size);
        const uint64_t args[] = { hc_ptr(data), n, 0, domid };
        long rc;

        if ( !data )
            return -ENOMEM;
        memcpy(data, (const uint8_t *)list + done * size, n * size);
        rc = hc_raw(ctx, number, 4, args);
        if ( rc < 0 )
            return xn_fail(ctx, (int)-rc, "hypercall %s for domain %u: %s", what, domid,
                           strerror((int)-rc));
        done += n;
    }
    return 0;
}

int hc_mmu_update(struct xn_ctx *ctx, uint32_t domid, const struct mmu_update *list,
                  size_t count)
{
    return batch(ctx, __HYPERVISOR_mmu_update, domid, list, count, sizeof(*list), "mmu_update");
}

int hc_mmuext_op(struct xn_ctx *ctx, uint32_t domid, const struct mmuext_op *list, size_t count)
{
    return batch(ctx, __HYPERVISOR_mmuext_op, domid, list, count, sizeof(*list), "mmuext_op");
}

int hc_evtchn_alloc_unbound(struct xn_ctx *ctx, uint32_t domid, uint32_t remote, uint32_t *port)
{
    struct evtchn_alloc_unbound op = { .dom = (domid_t)domid, .remote_dom = (domid_t)remote };
    int rc = (int)hc_op2(ctx, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &op,
                         sizeof(op), "alloc_unbound");

    if ( !rc )
        *port = op.port;
    return rc;
}

int hc_evtchn_status(struct xn_ctx *ctx, struct evtchn_status *s)
{
    return (int)hc_op2(ctx, __HYPERVISOR_event_channel_op, EVTCHNOP_status, s, sizeof(*s),
                       "evtchn status");
}

int hc_evtchn_reset(struct xn_ctx *ctx, uint32_t domid)
{
    struct evtchn_reset op = { .dom = (domid_t)domid };

    return (int)hc_op2(ctx, __HYPERVISOR_event_channel_op, EVTCHNOP_reset, &op, sizeof(op),
                       "evtchn reset");
}

int hc_remote_shutdown(struct xn_ctx *ctx, uint32_t domid, uint32_t reason)
{
    struct sched_remote_shutdown op = { .domain_id = (domid_t)domid, .reason = reason };

    return (int)hc_op2(ctx, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &op, sizeof(op),
                       "remote_shutdown");
}
