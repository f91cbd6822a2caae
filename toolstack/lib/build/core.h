/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A core dump of a domain in Xen's ELF format, in two parts: which frames there are
 * (core_frames.c), and the file (core.c).
 */
#ifndef BUILD_CORE_H
#define BUILD_CORE_H

#include "ctx/context.h"

/* A frame of the domain: the number the guest calls it by, and the machine's.  ABI of the file. */
struct core_frame {
    uint64_t pfn, mfn;
};

/* All frames of a PV domain in order of pfn, malloc'd. */
int core_frames(struct xn_ctx *ctx, uint32_t domid, struct core_frame **list, size_t *count);

#endif
