/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a subverted child may write as its description: what passes the parent's check has to
 * lead to a layout whose every number is in the guest, and to page tables inside their frames.
 */
#include <stdlib.h>
#include <string.h>

#include "build/layout.h"

#define MAX_PAGES (1U << 15)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_layout(const struct pv_layout *l)
{
    if ( l->used_pages > l->nr_pages || l->kernel_pfn + l->kernel_pages > l->used_pages ||
         l->stack_pfn >= l->used_pages || l->main.first_pfn + l->main.nr > l->used_pages ||
         l->start_info_pfn >= l->used_pages || l->console_pfn >= l->used_pages ||
         l->p2m_pfn + l->p2m_pages > l->used_pages ||
         l->p2m.first_pfn + l->p2m.nr > l->used_pages ||
         l->ramdisk_pfn + l->ramdisk_pages > l->used_pages )
        abort();
}

static void build_tables(const struct pv_layout *l)
{
    uint64_t *p2m = malloc(l->nr_pages * sizeof(*p2m));
    uint64_t *main = calloc(l->main.nr, 4096), *extra = calloc(l->p2m.nr ? l->p2m.nr : 1, 4096);

    for ( uint64_t i = 0; i < l->nr_pages; i++ )
        p2m[i] = i;
    layout_tables(l, p2m, main, extra);
    free(p2m);
    free(main);
    free(extra);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct image_desc d = { 0 };
    struct image_error e;
    struct pv_layout l;
    uint64_t pages = 0, ramdisk = 0;

    if ( size < 16 )
        return 0;
    memcpy(&pages, data, 8);
    memcpy(&ramdisk, data + 8, 8);
    memcpy(&d, data + 16, size - 16 < sizeof(d) ? size - 16 : sizeof(d));
    if ( desc_check(&d, 1 << 20, &e) || desc_check_use(&d, USE_PV, &e) )
        return 0;
    if ( !layout_pv(&d, pages, ramdisk, &l, &e) )
        check_layout(&l);
    if ( !layout_pv(&d, pages % MAX_PAGES, ramdisk % (64 << 20), &l, &e) ) {
        check_layout(&l);
        build_tables(&l);
    }
    return 0;
}
