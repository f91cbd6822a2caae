/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PV guest while it is built: for pv.c, and for window.c, which maps its frames.
 */
#ifndef BUILD_PV_BUILD_H
#define BUILD_PV_BUILD_H

#include <xenabi/xen.h>

#include "build/build.h"
#include "build/layout.h"
#include "build/ramdisk.h"

/* A run of guest frames that is mapped, at page @at of the window. */
struct window_run {
    uint64_t pfn, pages, at;
};
#define WINDOW_RUNS (DESC_SEGMENTS + 8)

struct pv_work {
    struct pv_build *build;
    struct pv_layout layout;
    struct ramdisk ramdisk;
    uint64_t *p2m;                      /* machine frame of each guest frame */
    uint64_t shared_info_mfn;

    struct window_run run[WINDOW_RUNS];
    size_t nr_runs;
    uint64_t window_pages;              /* with shared_info's, the last */
    uint8_t *window;                    /* NULL: not mapped */
    struct shared_info *shared_info;
};

/* Zero all frames that something in the guest relies on and that fill() does not write whole. */
int window_clear(struct xn_ctx *ctx, struct pv_work *w);

/* Map the frames that are to be written, in one go; where a guest-physical address is then. */
int window_map(struct xn_ctx *ctx, struct pv_work *w);
void *window_at(const struct pv_work *w, uint64_t gpa);
void window_unmap(struct xn_ctx *ctx, struct pv_work *w);

#endif
