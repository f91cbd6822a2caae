/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of a PV guest's memory at its start.
 */
#include <errno.h>

#include <xenabi/xen.h>

#include "build/layout.h"

#define PAGE        4096ULL
#define REGION      (4ULL << 20 >> 12)      /* the mapping ends at a multiple of this */
#define PADDING     (512ULL << 10 >> 12)    /* mapped frames after the last one used */
#define MAX_PAGES   (1ULL << 32)            /* 16 TiB */
#define VA_MASK     ((1ULL << 48) - 1)

static uint64_t pages_of(uint64_t bytes)
{
    return bytes / PAGE + (bytes % PAGE != 0);
}

/* Tables of one level, each of which maps 2^shift bytes, that [va, va + bytes) touches. */
static uint64_t tables_of(uint64_t va, uint64_t bytes, unsigned int shift)
{
    const uint64_t first = va & VA_MASK;

    return bytes ? ((first + bytes - 1) >> shift) - (first >> shift) + 1 : 0;
}

static void count_tables(struct pv_tables *t, uint64_t va, uint64_t pages, uint64_t nr_l4)
{
    t->va = va;
    t->pages = pages;
    t->nr_l4 = nr_l4;
    t->nr_l3 = tables_of(va, pages * PAGE, 39);
    t->nr_l2 = tables_of(va, pages * PAGE, 30);
    t->nr_l1 = tables_of(va, pages * PAGE, 21);
    t->nr = t->nr_l4 + t->nr_l3 + t->nr_l2 + t->nr_l1;
}

/* The main mapping covers its own tables: enlarge it until it does. */
static void place_tables(struct pv_layout *l, uint64_t pfn)
{
    uint64_t mapped = 0, wanted;

    l->main.first_pfn = pfn;
    for ( ; ; ) {
        count_tables(&l->main, l->virt_base, mapped, 1);
        l->stack_pfn = pfn + l->main.nr;
        wanted = (l->stack_pfn + 1 + PADDING + REGION - 1) / REGION * REGION;
        if ( wanted <= mapped )
            return;
        mapped = wanted;
    }
}

/* What is not in the main mapping: from its end on. */
static void place_unmapped(const struct image_desc *d, struct pv_layout *l)
{
    uint64_t pfn = l->main.pages;

    l->used_pages = l->stack_pfn + 1;
    if ( !l->ramdisk_mapped && l->ramdisk_pages ) {
        l->ramdisk_pfn = pfn;
        pfn += l->ramdisk_pages;
        l->used_pages = pfn;
    }
    if ( !l->p2m_mapped ) {
        l->p2m_pfn = pfn;
        pfn += l->p2m_pages;
        count_tables(&l->p2m, d->init_p2m, l->p2m_pages, 0);
        l->p2m.first_pfn = pfn;
        l->used_pages = pfn + l->p2m.nr;
    }
}

/* Fewer pages than are needed: say which, the kernel or the ramdisk, is too much. */
static int too_little(const struct pv_layout *l, struct image_error *e)
{
    const unsigned long long has = l->nr_pages * 4, need = l->used_pages * 4;
    const unsigned long long ramdisk = l->ramdisk_pages * 4;

    if ( ramdisk && need - ramdisk <= has )
        return image_refuse(e, "a ramdisk of %llu KiB does not fit into %llu KiB of memory: %llu "
                            "KiB are missing", ramdisk, has, need - has);
    return image_refuse(e, "the kernel with its tables takes %llu KiB, but there are %llu KiB of "
                        "memory: %llu KiB are missing", need, has, need - has);
}

static int check(const struct pv_layout *l, struct image_error *e)
{
    const uint64_t last = l->virt_base + l->main.pages * PAGE - 1;
    const uint64_t main_first = (l->virt_base & VA_MASK) >> 39, main_last = (last & VA_MASK) >> 39;
    uint64_t p2m_first, p2m_last;

    if ( l->used_pages > l->nr_pages )
        return too_little(l, e);
    if ( last < l->virt_base ||
         (l->virt_base < HYPERVISOR_VIRT_START && last >= 1ULL << 47) )
        return image_refuse(e, "the kernel and its tables do not fit at %#llx",
                            (unsigned long long)l->virt_base);
    if ( l->p2m_mapped )
        return 0;
    p2m_first = (l->p2m.va & VA_MASK) >> 39;
    p2m_last = ((l->p2m.va + l->p2m.pages * PAGE - 1) & VA_MASK) >> 39;
    if ( p2m_first <= main_last && main_first <= p2m_last )
        return image_refuse(e, "the kernel wants its p2m list at %#llx, next to itself",
                            (unsigned long long)l->p2m.va);
    return 0;
}

int layout_pv(const struct image_desc *d, uint64_t nr_pages, uint64_t ramdisk_bytes,
              struct pv_layout *l, struct image_error *e)
{
    uint64_t pfn = pages_of(d->end_gpa);

    if ( nr_pages > MAX_PAGES )
        return image_refuse(e, "%llu GiB of memory are more than a PV guest can have",
                            (unsigned long long)nr_pages >> 18);
    *l = (struct pv_layout){
        .nr_pages = nr_pages, .virt_base = d->virt_base,
        .kernel_pfn = d->start_gpa / PAGE, .kernel_pages = pfn - d->start_gpa / PAGE,
        .ramdisk_pages = pages_of(ramdisk_bytes), .p2m_pages = pages_of(nr_pages * 8),
        .ramdisk_mapped = !(d->notes & NOTE_MOD_START_PFN),
        .p2m_mapped = !(d->notes & NOTE_INIT_P2M),
    };
    /* Kept small, so that no sum overflows; such a ramdisk fits nowhere. */
    if ( l->ramdisk_pages > MAX_PAGES )
        return image_refuse(e, "a ramdisk of %llu GiB does not fit",
                            (unsigned long long)ramdisk_bytes >> 30);
    if ( l->ramdisk_mapped && l->ramdisk_pages ) {
        l->ramdisk_pfn = pfn;
        pfn += l->ramdisk_pages;
    }
    if ( l->p2m_mapped ) {
        l->p2m_pfn = pfn;
        pfn += l->p2m_pages;
    }
    l->start_info_pfn = pfn++;
    l->store_pfn = pfn++;
    l->console_pfn = pfn++;
    place_tables(l, pfn);
    place_unmapped(d, l);
    l->p2m_va = l->p2m_mapped ? layout_va(l, l->p2m_pfn) : d->init_p2m;
    return check(l, e);
}
