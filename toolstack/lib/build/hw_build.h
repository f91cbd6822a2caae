/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hw.c and hw_state.c, which speaks to the hypervisor, need of each other.
 */
#ifndef BUILD_HW_BUILD_H
#define BUILD_HW_BUILD_H

#include "build/build.h"
#include "build/hw_layout.h"

/* hw.c: single pages at these guest frames. */
int hw_add_pages(struct xn_ctx *ctx, uint32_t domid, uint64_t first, uint64_t count);

/* hw_state.c */
/* The hypervisor's memory for the guest's tables. */
int hw_set_paging(struct xn_ctx *ctx, const struct hw_build *b);
/* Where the shared pages are, and the guest's ports. */
int hw_set_shared(struct xn_ctx *ctx, const struct hw_build *b);
/* vCPU 0 at rip, with start_info's address in EBX; memory is cached (PVH). */
int hw_first_vcpu(struct xn_ctx *ctx, const struct hw_build *b, uint64_t rip, uint64_t info_gpa);

/*
 * The context to set, made from what the domain has now (size bytes): header, vCPU 0, each
 * vCPU's MTRRs for PVH.  *to: malloc'd.  Returns its size, or 0 if there is no header.
 */
uint32_t hw_make_context(const uint8_t *now, uint32_t size, bool cached, uint64_t rip,
                         uint64_t info_gpa, uint8_t **to);

#endif
