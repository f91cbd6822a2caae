/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is there memory for a domain, and who has it if not.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <xenstore.h>

#include "build/build.h"
#include "build/ram.h"
#include "ctx/context.h"
#include "ctx/sysctl.h"
#include "xenolith/domain.h"

#define TOLD            6                   /* domains named in a message */

static int by_pages(const void *a, const void *b)
{
    const struct xn_domain *x = a, *y = b;

    return x->pages < y->pages ? 1 : x->pages > y->pages ? -1 : 0;
}

/* "Domain-0 1024 MiB, lin 96 MiB, 3 others 24 MiB" */
static void holders(struct xn_ctx *ctx, char *text, size_t size)
{
    struct xs_handle *xs = NULL;
    struct xn_domain *list;
    size_t count, at = 0;
    uint64_t rest = 0;

    text[0] = '\0';
    if ( xn_domain_list(ctx, &list, &count) )
        return;
    if ( ctx_store(ctx, &xs) )
        xs = NULL;
    qsort(list, count, sizeof(*list), by_pages);
    for ( size_t i = 0; i < count; i++ ) {
        char path[48], *name;

        if ( !list[i].pages )
            continue;                               /* the one that is being built */
        if ( i >= TOLD ) {
            rest += list[i].pages;
            continue;
        }
        snprintf(path, sizeof(path), "/local/domain/%u/name", list[i].domid);
        name = xs ? xs_read(xs, XBT_NULL, path, NULL) : NULL;
        at += (size_t)snprintf(text + at, at < size ? size - at : 0, "%s%.64s %llu MiB%s",
                               at ? ", " : "", name ? name : "a domain without a name",
                               (unsigned long long)list[i].pages >> 8,
                               list[i].dying ? " (ending)" : "");
        if ( at >= size )
            at = size - 1;
        free(name);
    }
    if ( count > TOLD )
        snprintf(text + at, size - at, ", %zu others %llu MiB", count - TOLD,
                 (unsigned long long)rest >> 8);
    free(list);
}

/* wanted and free: pages. */
static int too_little(struct xn_ctx *ctx, uint64_t wanted, uint64_t free_pages)
{
    const uint64_t missing = wanted > free_pages ? wanted - free_pages : 0;
    char who[512];
    int rc;

    holders(ctx, who, sizeof(who));
    if ( !missing )
        return xn_fail(ctx, ENOMEM, "the hypervisor did not give all of %llu MiB, though %llu MiB "
                       "are free (in use: %s)", (unsigned long long)wanted >> 8,
                       (unsigned long long)free_pages >> 8, who);
    rc = xn_fail(ctx, ENOMEM, "too little free memory: %llu MiB wanted, %llu MiB free, %llu MiB "
                 "missing (in use: %s)", (unsigned long long)wanted >> 8,
                 (unsigned long long)free_pages >> 8, (unsigned long long)(missing + 255) >> 8,
                 who);
    xn_remedy(ctx, "end a domain, or take memory from one with \"xl mem-set\"");
    return rc;
}

/* Free pages that nobody has claimed. */
static int free_pages(struct xn_ctx *ctx, uint64_t *pages)
{
    struct xen_sysctl_physinfo host;
    int rc = hc_physinfo(ctx, &host);

    if ( !rc )
        *pages = host.free_pages > host.outstanding_pages ?
                 host.free_pages - host.outstanding_pages : 0;
    return rc;
}

int build_check_memory(struct xn_ctx *ctx, uint64_t memory_kib)
{
    uint64_t have = 0;
    int rc = free_pages(ctx, &have);

    if ( rc )
        return xn_because(ctx, rc, "asking for free memory");
    return memory_kib / 4 > have ? too_little(ctx, memory_kib / 4, have) : 0;
}

int ram_too_little(struct xn_ctx *ctx, uint64_t wanted)
{
    uint64_t have = 0;

    if ( free_pages(ctx, &have) )
        return xn_fail(ctx, ENOMEM, "too little free memory");
    return too_little(ctx, wanted, have);
}
