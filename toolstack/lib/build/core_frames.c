/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames of a PV domain, as the hypervisor knows them: each machine frame is asked whose it
 * is, and the machine-to-physical table says what the guest calls it.  The guest need not have
 * published its p2m list, and cannot lead us astray with it; it can lie in the table, but only
 * about its own frames.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xenabi/memory.h>

#include "build/core.h"
#include "ctx/domctl.h"
#include "ctx/foreign.h"
#include "ctx/memory.h"

#define EXTENT_PAGES    512UL                       /* 2 MiB of table ... */
#define EXTENT_FRAMES   (EXTENT_PAGES * 512UL)      /* ... tell of so many frames */
#define MAX_PFN         (1ULL << 40)
#define MAX_EXTENTS     (1U << 16)

struct search {
    struct core_frame *list;
    size_t count, room;
};

static int add(struct xn_ctx *ctx, struct search *s, uint64_t pfn, uint64_t mfn)
{
    if ( s->count == s->room ) {
        const size_t room = s->room ? 2 * s->room : 4096;
        struct core_frame *more = realloc(s->list, room * sizeof(*more));

        if ( !more )
            return xn_fail(ctx, ENOMEM, "no memory for the list of frames");
        s->list = more;
        s->room = room;
    }
    s->list[s->count++] = (struct core_frame){ pfn, mfn };
    return 0;
}

/* Frames [first, first + n) of the machine, n at most HC_PAGEINFO_MAX; m2p tells of them. */
static int look_at(struct xn_ctx *ctx, uint32_t domid, uint64_t first, size_t n,
                   const volatile uint64_t *m2p, struct search *s)
{
    uint64_t info[HC_PAGEINFO_MAX];
    int rc;

    for ( size_t i = 0; i < n; i++ )
        info[i] = first + i;
    rc = hc_getpageframeinfo3(ctx, domid, info, n);
    for ( size_t i = 0; !rc && i < n; i++ ) {
        const uint64_t pfn = m2p[i];

        if ( (info[i] & XEN_DOMCTL_PFINFO_LTAB_MASK) < XEN_DOMCTL_PFINFO_BROKEN && pfn < MAX_PFN )
            rc = add(ctx, s, pfn, first + i);
    }
    return rc;
}

/* One extent of the table, whose first frame is given. */
static int extent(struct xn_ctx *ctx, uint32_t domid, uint64_t table, uint64_t first,
                  uint64_t last, struct search *s)
{
    uint64_t frames[EXTENT_PAGES];
    const size_t pages = last - first < EXTENT_FRAMES ? (last - first + 511) / 512 : EXTENT_PAGES;
    uint64_t *m2p;
    int rc;

    for ( size_t i = 0; i < pages; i++ )
        frames[i] = table + i;
    rc = hc_map(ctx, DOMID_XEN, PROT_READ, frames, pages, (void **)&m2p, NULL);
    if ( rc )
        return rc;
    for ( uint64_t at = first; !rc && at < last; at += HC_PAGEINFO_MAX ) {
        const size_t n = last - at < HC_PAGEINFO_MAX ? last - at : HC_PAGEINFO_MAX;

        rc = look_at(ctx, domid, at, n, m2p + (at - first), s);
    }
    hc_unmap(ctx, m2p, pages);
    return rc;
}

static int by_pfn(const void *a, const void *b)
{
    const struct core_frame *x = a, *y = b;

    if ( x->pfn != y->pfn )
        return x->pfn < y->pfn ? -1 : 1;
    return x->mfn < y->mfn ? -1 : x->mfn > y->mfn;
}

int core_frames(struct xn_ctx *ctx, uint32_t domid, struct core_frame **list, size_t *count)
{
    const long max = hc_memory_query_host(ctx, XENMEM_maximum_ram_page);
    struct search s = { 0 };
    uint64_t *table;
    uint32_t nr;
    int rc = 0;

    if ( max < 0 )
        return (int)max;
    nr = (uint32_t)((uint64_t)max / EXTENT_FRAMES + 1);
    if ( nr > MAX_EXTENTS )
        return xn_fail(ctx, E2BIG, "the host has memory up to frame %#lx", max);
    table = calloc(nr, sizeof(*table));
    if ( !table )
        return xn_fail(ctx, ENOMEM, "no memory");
    rc = hc_machphys_mfn_list(ctx, table, &nr);
    for ( uint32_t i = 0; !rc && i < nr; i++ ) {
        const uint64_t first = i * EXTENT_FRAMES, end = (uint64_t)max + 1;

        xn_progress(ctx, "looking for its frames", i, nr);
        rc = extent(ctx, domid, table[i], first,
                    end - first < EXTENT_FRAMES ? end : first + EXTENT_FRAMES, &s);
    }
    free(table);
    if ( rc ) {
        free(s.list);
        return rc;
    }
    if ( s.count )
        qsort(s.list, s.count, sizeof(*s.list), by_pfn);
    *list = s.list;
    *count = s.count;
    return 0;
}
