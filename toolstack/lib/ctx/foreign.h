/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapping other domains' memory into this process.  Types of the ABI are plain numbers here, so
 * the header goes together with those of Xen's libraries and with hypercall-abi/.
 */
#ifndef CTX_FOREIGN_H
#define CTX_FOREIGN_H

#include "ctx/context.h"

/*
 * Map count frames of a domain.  prot: PROT_*.  With errs (count entries, OUT: 0 or an errno
 * value each) frames that cannot be mapped leave holes; without, any makes the whole fail.
 */
int hc_map(struct xn_ctx *ctx, uint32_t domid, int prot, const uint64_t *frames, size_t count,
           void **address, int *errs);
void hc_unmap(struct xn_ctx *ctx, void *address, size_t count);

/* Map the first nr_frames of a domain's grant table (v1 entries); undo by hc_unmap_grants. */
struct hc_grants;
int hc_map_grants(struct xn_ctx *ctx, uint32_t domid, size_t nr_frames, struct hc_grants **g,
                  void **entries);
void hc_unmap_grants(struct xn_ctx *ctx, struct hc_grants *g);

#endif
