/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where everything goes in a PV guest's memory at its start, and the page tables that map it.
 * Pure: numbers in, numbers out.
 *
 * Guest frame 0 is mapped at the kernel's VIRT_BASE, and every frame after it, up to a multiple
 * of 4 MiB (xen.h, "Start-of-day memory layout"):
 *
 *     [..][kernel][ramdisk*][p2m*][start_info][store][console][page tables][stack][512 KiB..]
 *
 * (*) A kernel with MOD_START_PFN gets its ramdisk behind that region, unmapped; one with
 * INIT_P2M gets the p2m list there as well, followed by the page tables that map it at the
 * address it asked for.
 */
#ifndef BUILD_LAYOUT_H
#define BUILD_LAYOUT_H

#include "build/desc.h"

/* Page tables of one mapping, in this order from first_pfn on; nr_l4 is 0 or 1. */
struct pv_tables {
    uint64_t va, pages;                 /* what is mapped */
    uint64_t first_pfn, nr;
    uint64_t nr_l4, nr_l3, nr_l2, nr_l1;
};

struct pv_layout {
    uint64_t nr_pages;                  /* of the guest */
    uint64_t used_pages;                /* frames from 0 on that something needs */
    uint64_t virt_base;
    uint64_t kernel_pfn, kernel_pages;
    uint64_t ramdisk_pfn, ramdisk_pages;
    bool ramdisk_mapped, p2m_mapped;
    uint64_t p2m_pfn, p2m_pages, p2m_va;
    uint64_t start_info_pfn, store_pfn, console_pfn, stack_pfn;
    struct pv_tables main, p2m;         /* p2m.nr 0: the list is in the main mapping */
};

/* -EINVAL: e says what does not fit, and by how much. */
int layout_pv(const struct image_desc *d, uint64_t nr_pages, uint64_t ramdisk_bytes,
              struct pv_layout *l, struct image_error *e);

static inline uint64_t layout_va(const struct pv_layout *l, uint64_t pfn)
{
    return l->virt_base + (pfn << 12);
}

/*
 * Fill the page tables: main and p2m are their zeroed frames (l->main.nr and l->p2m.nr pages),
 * p2m_list the machine frame of each guest frame.
 */
void layout_tables(const struct pv_layout *l, const uint64_t *p2m_list, uint64_t *main,
                   uint64_t *p2m);

#endif
