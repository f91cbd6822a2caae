/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's own page tables.  Tables below hyp_l4's slots are shared by every
 * address space, so they are filled here once and seen everywhere; L4 entries exist
 * before the first guest does.
 */
#include "mem/paging.h"
#include "mem/heap.h"
#include "mem/boot_alloc.h"
#include "base/assert.h"
#include "base/string.h"
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/spinlock.h"

#define TABLE_FLAGS     (PTE_P | PTE_RW | PTE_A | PTE_D)

mfn_t hyp_l4_mfn ro_after_init;
static struct lock vmap_lock = LOCK_INIT(RANK_LEAF);
static uint64_t vmap_next = VMAP_BASE;

static unsigned int index_of(uint64_t va, unsigned int level)
{
    return (va >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
}

static uint64_t *table_of(uint64_t entry) { return mfn_to_virt(paddr_to_mfn(entry & PTE_ADDR)); }

static mfn_t table_alloc(void)
{
    mfn_t mfn;

    if ( boot_alloc_active() )
        return boot_alloc_frames(1, 1);
    mfn = heap_alloc(0, 64, 0);
    if ( !mfn_eq(mfn, INVALID_MFN) )
        rep_stosq(mfn_to_virt(mfn), 0, 512);
    return mfn;
}

/* The entry of @level (1..3) for @va; tables on the way are made.  NULL: no memory. */
static uint64_t *walk(uint64_t va, unsigned int level)
{
    uint64_t *t = hyp_l4;

    for ( unsigned int l = 4; l > level; l-- ) {
        uint64_t *e = &t[index_of(va, l)];

        if ( !(*e & PTE_P) ) {
            const mfn_t mfn = table_alloc();

            if ( mfn_eq(mfn, INVALID_MFN) )
                return NULL;
            *e = mfn_to_paddr(mfn) | TABLE_FLAGS | (index_of(va, 4) == L4_HYP_FIRST ? PTE_US : 0);
        }
        CHECK(!(*e & PTE_PSE) || l == 4);
        t = table_of(*e);
    }
    return &t[index_of(va, level)];
}

int paging_map(uint64_t va, mfn_t mfn, uint64_t nr, uint64_t prot, bool large)
{
    while ( nr ) {
        const uint64_t both = (va >> PAGE_SHIFT) | mfn.n;
        unsigned int level = 1;
        uint64_t *e, step;

        if ( large && !(both & 511) && nr >= 512 )
            level = 2;
        if ( large && cpu.page1gb && !(both & 0x3ffff) && nr >= 0x40000 )
            level = 3;
        e = walk(va, level);
        if ( !e )
            return -XEN_ENOMEM;
        *e = mfn_to_paddr(mfn) | prot | (level > 1 ? PTE_PSE : 0);
        step = 1ULL << 9 * (level - 1);
        va += step << PAGE_SHIFT;
        mfn.n += step;
        nr -= step;
    }
    return 0;
}

void paging_unmap(uint64_t va, uint64_t nr)
{
    for ( ; nr; nr--, va += PAGE_SIZE ) {
        uint64_t *e = walk(va, 1);

        if ( e )
            *e = 0;
        invlpg(va);
    }
}

uint64_t paging_large_entry(uint64_t va)
{
    const uint64_t *t = hyp_l4;

    for ( unsigned int level = 4; level > 2; level-- ) {
        const uint64_t e = t[index_of(va, level)];

        if ( !(e & PTE_P) )
            return 0;
        t = table_of(e);
    }
    return t[index_of(va, 2)];
}

static uint64_t vmap_reserve(uint64_t nr_pages)
{
    uint64_t va;

    spin_lock(&vmap_lock);
    va = vmap_next;
    if ( nr_pages > (VMAP_END - va) / PAGE_SIZE )
        va = 0;
    else
        vmap_next += (nr_pages + 1) * PAGE_SIZE;        /* and a guard page */
    spin_unlock(&vmap_lock);
    return va;
}

static void *map_physical(paddr_t pa, size_t size, uint64_t prot)
{
    const uint64_t first = pa >> PAGE_SHIFT, nr = ((pa + size - 1) >> PAGE_SHIFT) - first + 1;
    const uint64_t va = vmap_reserve(nr);

    if ( !va || paging_map(va, MFN(first), nr, prot, false) )
        return NULL;
    return (void *)(va + (pa & ~PAGE_MASK));
}

void *ioremap(paddr_t pa, size_t size) { return map_physical(pa, size, MAP_UC); }

const void *map_firmware(paddr_t pa, size_t size) { return map_physical(pa, size, MAP_RO); }

void paging_init_l4(uint64_t *l4, mfn_t perdomain)
{
    memcpy(&l4[L4_HYP_FIRST], &hyp_l4[L4_HYP_FIRST], (L4_HYP_LAST - L4_HYP_FIRST + 1) * 8);
    l4[(PERDOMAIN_BASE >> 39) & 511] =
        mfn_eq(perdomain, INVALID_MFN) ? 0 : mfn_to_paddr(perdomain) | TABLE_FLAGS;
}
