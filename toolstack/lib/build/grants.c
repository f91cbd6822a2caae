/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first two grants of a domain: its console's and its store's rings, for those who serve
 * them.
 */
#include <errno.h>

#include <xenabi/grant_table.h>

#include "build/grants.h"
#include "ctx/foreign.h"

int grants_seed(struct xn_ctx *ctx, uint32_t domid, const struct ring_grant *console,
                const struct ring_grant *store)
{
    struct grant_entry_v1 *table;
    struct hc_grants *g;
    int rc;

    if ( (console->frame | store->frame) >> 32 )
        return xn_fail(ctx, ENOMEM, "its ring pages are beyond 16 TiB");
    rc = hc_map_grants(ctx, domid, 1, &g, (void **)&table);
    if ( rc )
        return rc;
    table[GNTTAB_RESERVED_CONSOLE] = (struct grant_entry_v1){
        GTF_permit_access, console->domid, (uint32_t)console->frame,
    };
    table[GNTTAB_RESERVED_XENSTORE] = (struct grant_entry_v1){
        GTF_permit_access, store->domid, (uint32_t)store->frame,
    };
    hc_unmap_grants(ctx, g);
    return 0;
}
