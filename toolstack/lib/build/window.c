/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames of a guest that its builder writes to: which they are, mapping them, and clearing
 * the others.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "build/image.h"
#include "build/pv_build.h"
#include "ctx/foreign.h"
#include "ctx/guest.h"

#define PAGE 4096UL

static void clear_page(const struct pv_work *w, struct mmuext_op *ops, size_t *nr, uint64_t pfn)
{
    ops[(*nr)++] = (struct mmuext_op){ .cmd = MMUEXT_CLEAR_PAGE, .arg1.mfn = w->p2m[pfn] };
}

/* True if a segment's bytes from the file fill this whole frame. */
static bool is_written_whole(const struct image_desc *d, uint64_t pfn)
{
    for ( uint32_t i = 0; i < d->nr_segments; i++ ) {
        const struct desc_segment *s = &d->segment[i];

        if ( pfn * PAGE >= s->gpa && pfn * PAGE + PAGE <= s->gpa + s->filesz )
            return true;
    }
    return false;
}

int window_clear(struct xn_ctx *ctx, struct pv_work *w)
{
    const struct pv_layout *l = &w->layout;
    const struct image_desc *d = &w->build->image->desc;
    struct mmuext_op *ops = malloc((l->kernel_pages + 3) * sizeof(*ops));
    size_t nr = 0;
    int rc;

    if ( !ops )
        return xn_fail(ctx, ENOMEM, "no memory");
    for ( uint64_t i = 0; i < l->kernel_pages; i++ )
        if ( !is_written_whole(d, l->kernel_pfn + i) )
            clear_page(w, ops, &nr, l->kernel_pfn + i);
    clear_page(w, ops, &nr, l->store_pfn);
    clear_page(w, ops, &nr, l->console_pfn);
    clear_page(w, ops, &nr, l->stack_pfn);
    rc = hc_mmuext_op(ctx, w->build->domid, ops, nr);
    free(ops);
    return rc ? xn_because(ctx, rc, "clearing memory") : 0;
}

/* Add a run; one that goes on where the last ended, or inside it, enlarges that. */
static void add_run(struct pv_work *w, uint64_t pfn, uint64_t pages)
{
    struct window_run *last = w->nr_runs ? &w->run[w->nr_runs - 1] : NULL;

    if ( last && pfn >= last->pfn && pfn <= last->pfn + last->pages ) {
        const uint64_t end = pfn + pages;

        if ( end > last->pfn + last->pages ) {
            w->window_pages += end - (last->pfn + last->pages);
            last->pages = end - last->pfn;
        }
        return;
    }
    w->run[w->nr_runs++] = (struct window_run){ pfn, pages, w->window_pages };
    w->window_pages += pages;
}

static int by_gpa(const void *a, const void *b)
{
    const struct desc_segment *x = a, *y = b;

    return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

/* In ascending order, so that neighbours meet. */
static void find_runs(struct pv_work *w)
{
    const struct pv_layout *l = &w->layout;
    const struct image_desc *d = &w->build->image->desc;
    struct desc_segment s[DESC_SEGMENTS];

    memcpy(s, d->segment, sizeof(s));
    qsort(s, d->nr_segments, sizeof(s[0]), by_gpa);
    for ( uint32_t i = 0; i < d->nr_segments; i++ )
        if ( s[i].filesz )
            add_run(w, s[i].gpa / PAGE,
                    (s[i].gpa + s[i].filesz - 1) / PAGE - s[i].gpa / PAGE + 1);
    if ( l->ramdisk_pages && l->ramdisk_mapped )
        add_run(w, l->ramdisk_pfn, l->ramdisk_pages);
    if ( l->p2m_mapped )
        add_run(w, l->p2m_pfn, l->p2m_pages);
    add_run(w, l->start_info_pfn, 1);
    add_run(w, l->main.first_pfn, l->main.nr);
    if ( l->ramdisk_pages && !l->ramdisk_mapped )
        add_run(w, l->ramdisk_pfn, l->ramdisk_pages);
    if ( !l->p2m_mapped )
        add_run(w, l->p2m_pfn, l->p2m_pages + l->p2m.nr);
}

int window_map(struct xn_ctx *ctx, struct pv_work *w)
{
    uint64_t *frames;
    int rc;

    find_runs(w);
    frames = malloc((w->window_pages + 1) * sizeof(*frames));
    if ( !frames )
        return xn_fail(ctx, ENOMEM, "no memory");
    for ( size_t i = 0; i < w->nr_runs; i++ )
        memcpy(frames + w->run[i].at, w->p2m + w->run[i].pfn, w->run[i].pages * sizeof(*frames));
    frames[w->window_pages++] = w->shared_info_mfn;
    rc = hc_map(ctx, w->build->domid, PROT_READ | PROT_WRITE, frames, w->window_pages,
                (void **)&w->window, NULL);
    free(frames);
    if ( rc ) {
        w->window = NULL;
        return rc;
    }
    w->shared_info = (struct shared_info *)(w->window + (w->window_pages - 1) * PAGE);
    return 0;
}

void *window_at(const struct pv_work *w, uint64_t gpa)
{
    for ( size_t i = 0; i < w->nr_runs; i++ ) {
        const struct window_run *r = &w->run[i];

        if ( gpa / PAGE >= r->pfn && gpa / PAGE - r->pfn < r->pages )
            return w->window + r->at * PAGE + (gpa - r->pfn * PAGE);
    }
    abort();            /* fill() asks only for what find_runs added */
}

void window_unmap(struct xn_ctx *ctx, struct pv_work *w)
{
    if ( w->window )
        hc_unmap(ctx, w->window, w->window_pages);
    w->window = NULL;
}
