/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory_op: how much memory a domain has and where.  See hypercall.h for what is common.
 */
#ifndef CTX_MEMORY_H
#define CTX_MEMORY_H

#include <xenabi/memory.h>

#include "ctx/hypercall.h"

/*
 * Give a domain count extents of 2^order pages: frames IN the guest frame each is to be, OUT
 * (PV) its machine frame.  flags: XENMEMF_*.  Returns how many it got, from the start, which
 * may be fewer, also 0: the reason is not known then.
 */
long hc_populate_physmap(struct xn_ctx *ctx, uint32_t domid, unsigned int order, uint32_t flags,
                         uint64_t *frames, size_t count);
/* Take extents away; frames are guest frames (MFNs for PV).  Returns how many. */
long hc_decrease_reservation(struct xn_ctx *ctx, uint32_t domid, unsigned int order,
                             const uint64_t *frames, size_t count);
/* PV: pages that have no guest frame yet; frames OUT their MFNs.  Returns how many. */
long hc_increase_reservation(struct xn_ctx *ctx, uint32_t domid, unsigned int order,
                             uint32_t flags, uint64_t *frames, size_t count);
/* Set pages aside for the domain's coming populate calls; 0: give the rest back. */
int hc_claim_pages(struct xn_ctx *ctx, uint32_t domid, uint64_t pages);
int hc_set_memory_map(struct xn_ctx *ctx, uint32_t domid, const struct xen_e820_entry *map,
                      uint32_t count);
/* XENMEM_{maximum_gpfn, current_reservation, maximum_reservation}: the number itself. */
long hc_memory_query(struct xn_ctx *ctx, unsigned int cmd, uint32_t domid);
/* XENMEM_{maximum_ram_page, get_sharing_freed_pages, get_sharing_shared_pages}: likewise. */
long hc_memory_query_host(struct xn_ctx *ctx, unsigned int cmd);
/* MFNs of the machine-to-physical table, one for each 2 MiB of it; *count IN room, OUT. */
int hc_machphys_mfn_list(struct xn_ctx *ctx, uint64_t *frames, uint32_t *count);

#endif
