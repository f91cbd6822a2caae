/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapping other domains' memory, through libxenforeignmemory.  Its header brings types that
 * hypercall-abi/ has as well, so this file includes none of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xenforeignmemory.h>

#include "ctx/foreign.h"

#define RESOURCE_GRANT_TABLE 1          /* XENMEM_resource_grant_table */

int hc_map(struct xn_ctx *ctx, uint32_t domid, int prot, const uint64_t *frames, size_t count,
           void **address, int *errs)
{
    xenforeignmemory_handle *h;
    int rc = ctx_foreign(ctx, &h);

    _Static_assert(sizeof(xen_pfn_t) == sizeof(uint64_t), "frame numbers");
    if ( rc )
        return rc;
    *address = xenforeignmemory_map(h, domid, prot, count, (const xen_pfn_t *)frames, errs);
    if ( *address )
        return 0;
    return xn_fail(ctx, errno ? errno : EIO, "cannot map %zu page%s of domain %u: %s", count,
                   count == 1 ? "" : "s", domid, strerror(errno));
}

void hc_unmap(struct xn_ctx *ctx, void *address, size_t count)
{
    if ( address && ctx->foreign )
        xenforeignmemory_unmap(ctx->foreign, address, count);
}

/* The resource handle itself goes by the name of hc_grants. */
int hc_map_grants(struct xn_ctx *ctx, uint32_t domid, size_t nr_frames, struct hc_grants **g,
                  void **entries)
{
    xenforeignmemory_handle *h;
    int rc = ctx_foreign(ctx, &h);

    if ( rc )
        return rc;
    *entries = NULL;
    *g = (struct hc_grants *)xenforeignmemory_map_resource(
        h, (domid_t)domid, RESOURCE_GRANT_TABLE, 0, 0, nr_frames, entries,
        PROT_READ | PROT_WRITE, 0);
    if ( *g )
        return 0;
    return xn_fail(ctx, errno ? errno : EIO, "cannot map the grant table of domain %u: %s",
                   domid, strerror(errno));
}

void hc_unmap_grants(struct xn_ctx *ctx, struct hc_grants *g)
{
    if ( g && ctx->foreign )
        xenforeignmemory_unmap_resource(ctx->foreign, (xenforeignmemory_resource_handle *)g);
}
