/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's memory: claimed first, so that two builders do not both get half of what they
 * need; then populated in large pieces.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build/build.h"
#include "build/hw_layout.h"
#include "build/ram.h"
#include "ctx/memory.h"
#include "ctx/sysctl.h"
#include "xenolith/domain.h"
#include "xenolith/host.h"

#define LARGE_ORDER     9
#define LARGE           (1UL << LARGE_ORDER)
#define HUGE_ORDER      18
#define PIECE           (1UL << 18)         /* frames between two reports of progress: 1 GiB */
#define MAX_NODES       64

/* Population. */

struct populating {
    uint32_t domid, flags;
    uint64_t total, done;               /* pages, for the progress */
    uint64_t *p2m;                      /* NULL: nobody asks for machine frames */
    uint64_t *scratch;
    unsigned int order;                 /* the largest that there still is */
};

/* Frames [first, first + count) by extents of 2^order; stops where there are no more. */
static long extents(struct xn_ctx *ctx, const struct populating *p, unsigned int order,
                    uint64_t first, uint64_t count)
{
    const uint64_t size = 1ULL << order, nr = count >> order;
    long got;

    for ( uint64_t i = 0; i < nr; i++ )
        p->scratch[i] = first + i * size;
    got = hc_populate_physmap(ctx, p->domid, order, p->flags, p->scratch, nr);
    for ( long i = 0; p->p2m && i < got; i++ )
        for ( uint64_t k = 0; k < size; k++ )
            p->p2m[first + (uint64_t)i * size + k] = p->scratch[i] + k;
    return got < 0 ? got : got << order;
}

/* The largest order that fits first, left pages and what there still is. */
static unsigned int fitting(const struct populating *p, uint64_t first, uint64_t left)
{
    unsigned int order = p->order;

    while ( order && (first % (1ULL << order) || left < 1ULL << order) )
        order -= LARGE_ORDER;
    return order;
}

/* Everything from first to last: large pieces while there are any, then pages. */
static int range(struct xn_ctx *ctx, struct populating *p, uint64_t first, uint64_t last)
{
    while ( first < last ) {
        uint64_t n = last - first < PIECE ? last - first : PIECE;
        const unsigned int order = fitting(p, first, n);
        const uint64_t next = order < p->order ? 1ULL << (order + LARGE_ORDER) : 0;
        long got;

        /* Up to where larger ones can begin. */
        if ( next && n > next - first % next )
            n = next - first % next;
        n &= ~((1ULL << order) - 1);
        got = extents(ctx, p, order, first, n);
        if ( got < (long)n && order )
            p->order = order - LARGE_ORDER;     /* none left: go on with smaller ones */
        else if ( got < (long)n )
            return got == -ENOMEM || got >= 0 ? ram_too_little(ctx, p->total) : (int)got;
        if ( got > 0 ) {
            first += (uint64_t)got;
            p->done += (uint64_t)got;
        }
        xn_progress(ctx, "allocating memory", p->done, p->total);
    }
    return 0;
}

/* The share of the memory that comes from each node, in proportion to what is free there. */
static int node_shares(struct xn_ctx *ctx, uint64_t nodes, uint64_t nr_pages,
                       uint64_t share[MAX_NODES], uint32_t *nr_nodes)
{
    struct xn_numa_node *list;
    uint64_t sum = 0, given = 0;
    uint32_t last = MAX_NODES;
    size_t count;
    int rc = xn_host_nodes(ctx, &list, &count);

    if ( rc )
        return rc;
    *nr_nodes = count < MAX_NODES ? (uint32_t)count : MAX_NODES;
    for ( uint32_t i = 0; i < *nr_nodes; i++ )
        if ( nodes >> i & 1 )
            sum += list[i].free_bytes >> 12;
    for ( uint32_t i = 0; i < *nr_nodes; i++ ) {
        share[i] = 0;
        if ( !(nodes >> i & 1) )
            continue;
        if ( sum )
            share[i] = (uint64_t)((double)nr_pages * (double)(list[i].free_bytes >> 12) /
                                  (double)sum) & ~(uint64_t)(LARGE - 1);
        given += share[i];
        last = i;
    }
    xn_host_nodes_free(list, count);
    if ( last == MAX_NODES )
        return xn_fail(ctx, EINVAL, "none of the NUMA nodes given is there: the host has %u",
                       *nr_nodes);
    share[last] += nr_pages - given;
    return 0;
}

/* count ranges, from one node after the other if there are nodes. */
static int by_nodes(struct xn_ctx *ctx, struct populating *p, const struct hw_range *list,
                    unsigned int count, uint64_t nodes)
{
    uint64_t share[MAX_NODES], first = list[0].first_gfn;
    const unsigned int largest = p->order;
    uint32_t nr_nodes = 0;
    unsigned int at = 0;
    int rc = node_shares(ctx, nodes, p->total, share, &nr_nodes);

    for ( uint32_t i = 0; !rc && i < nr_nodes; i++ ) {
        p->flags = XENMEMF_node(i);
        p->order = largest;
        while ( !rc && share[i] && at < count ) {
            const uint64_t left = list[at].end_gfn - first;
            const uint64_t n = share[i] < left ? share[i] : left;

            rc = range(ctx, p, first, first + n);
            share[i] -= n;
            first += n;
            if ( first == list[at].end_gfn && ++at < count )
                first = list[at].first_gfn;
        }
    }
    return rc;
}

/* After a failure, whose reason stays. */
static void cancel_claim(struct xn_ctx *ctx, uint32_t domid)
{
    struct xn_ctx *other = xn_ctx_new();

    if ( other )
        (void)hc_claim_pages(other, domid, 0);
    xn_ctx_free(other);
}

static int populate(struct xn_ctx *ctx, struct populating *p, const struct hw_range *list,
                    unsigned int count, uint64_t nodes)
{
    bool claimed;
    int rc;

    for ( unsigned int i = 0; i < count; i++ )
        p->total += list[i].end_gfn - list[i].first_gfn;
    p->scratch = malloc((p->total < PIECE ? p->total : PIECE) * sizeof(*p->scratch));
    if ( !p->scratch )
        return xn_fail(ctx, ENOMEM, "no memory");
    rc = hc_claim_pages(ctx, p->domid, p->total);
    claimed = !rc;
    if ( rc == -ENOMEM ) {
        free(p->scratch);
        return ram_too_little(ctx, p->total);
    }
    /* A hypervisor without claims, or with some already: populating finds out. */
    rc = nodes ? by_nodes(ctx, p, list, count, nodes) : 0;
    for ( unsigned int i = 0; !nodes && !rc && i < count; i++ )
        rc = range(ctx, p, list[i].first_gfn, list[i].end_gfn);
    free(p->scratch);
    if ( claimed && rc )
        cancel_claim(ctx, p->domid);
    return rc;
}

int ram_populate(struct xn_ctx *ctx, uint32_t domid, uint64_t nr_pages, uint64_t nodes,
                 uint64_t *p2m)
{
    const struct hw_range all = { 0, nr_pages };
    struct populating p = { .domid = domid, .p2m = p2m, .order = LARGE_ORDER };

    return populate(ctx, &p, &all, 1, nodes);
}

int ram_populate_ranges(struct xn_ctx *ctx, uint32_t domid, const struct hw_range *list,
                        unsigned int count, uint64_t nodes)
{
    struct populating p = { .domid = domid, .order = HUGE_ORDER };

    return populate(ctx, &p, list, count, nodes);
}
