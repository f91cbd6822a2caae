/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving a domain its memory.
 */
#ifndef BUILD_RAM_H
#define BUILD_RAM_H

#include "ctx/context.h"

/*
 * Populate guest frames 0 to nr_pages - 1, in pieces of 2 MiB as far as there are; p2m
 * (nr_pages entries) OUT: their machine frames.  nodes: bitmap of the NUMA nodes to prefer, or
 * 0.  -ENOMEM says how much is missing and who has it.
 */
int ram_populate(struct xn_ctx *ctx, uint32_t domid, uint64_t nr_pages, uint64_t nodes,
                 uint64_t *p2m);

/*
 * The same for a guest whose frames the hypervisor translates: ranges, in pieces of 1 GiB, of
 * 2 MiB, and single pages.
 */
struct hw_range;
int ram_populate_ranges(struct xn_ctx *ctx, uint32_t domid, const struct hw_range *list,
                        unsigned int count, uint64_t nodes);

/* room.c: -ENOMEM, saying how much of the pages wanted is missing and who has them. */
int ram_too_little(struct xn_ctx *ctx, uint64_t wanted);

#endif
