/* SPDX-License-Identifier: MIT */
/* Pages, page tables and the frame-number tables of this guest. */
#include "mem.h"
#include <xenabi/xen.h>
#include "hypercall.h"
#include "lib.h"
#include "platform.h"
#include "start.h"

#define MAX_MAPPED (1ul << 30)  /* the first second-level table reaches so far */

/* Free pages next to each other; stands in the first of them.  A list by address. */
struct run {
    struct run *next;
    uint64_t nr;
};

static struct run *free_runs;
static void *spare;             /* for the page table that more pages may need */
static uint64_t next_unmapped;  /* pfns from here on are not mapped, nor handed out */

uint64_t mem_pfn_to_mfn(uint64_t pfn)
{
    return platform->pfn_to_mfn(pfn);
}

uint64_t mem_mfn_to_pfn(uint64_t mfn)
{
    return platform->mfn_to_pfn(mfn);
}

uint64_t mem_va_to_mfn(const void *va)
{
    return mem_pfn_to_mfn(mem_va_to_pfn(va));
}

void *mem_root(void)
{
    return (void *)start_info->pt_base;
}

static unsigned int entry_index(uint64_t va, unsigned int level)
{
    return (va >> (12 + 9 * (level - 1))) & 511;
}

uint64_t *mem_entry(const void *l4, uint64_t va, unsigned int level)
{
    uint64_t *table = (uint64_t *)l4;

    for ( unsigned int l = PT_LEVELS; l > level; l-- ) {
        const uint64_t e = table[entry_index(va, l)];
        const uint64_t pfn = mem_mfn_to_pfn((e & PTE_FRAME) >> 12);

        if ( !(e & PTE_P) || (e & PTE_PSE) || pfn == ~0ul )
            return NULL;
        table = mem_pfn_to_va(pfn);
    }
    return &table[entry_index(va, level)];
}

uint64_t mem_entry_maddr(const uint64_t *entry)
{
    return (mem_va_to_mfn(entry) << 12) | ((uint64_t)entry & 4095);
}

long mem_set_entry(const uint64_t *entry, uint64_t value)
{
    return platform->set_entry(entry, value);
}

long mem_set_va(const void *va, uint64_t pte)
{
    return hc_update_va_mapping((uint64_t)va, pte, UVMF_INVLPG);
}

long mem_make_readonly(const void *va)
{
    return mem_set_va(va, mem_make_pte(mem_va_to_mfn(va), PTE_RO_PAGE));
}

long mem_make_writable(const void *va)
{
    return mem_set_va(va, mem_make_pte(mem_va_to_mfn(va), PTE_RW_PAGE));
}

static void *take(unsigned int nr)
{
    for ( struct run **at = &free_runs, *r; (r = *at) != NULL; at = &r->next ) {
        struct run *rest = (void *)((char *)r + nr * PAGE_SIZE);

        if ( r->nr < nr )
            continue;
        if ( r->nr > nr )
            *rest = (struct run){ r->next, r->nr - nr };
        *at = r->nr > nr ? rest : r->next;
        return r;
    }
    return NULL;
}

static void merge_with_next(struct run *r)
{
    if ( (char *)r + r->nr * PAGE_SIZE == (char *)r->next ) {
        r->nr += r->next->nr;
        r->next = r->next->next;
    }
}

void mem_free_pages(void *va, unsigned int nr)
{
    struct run **at = &free_runs, *before = NULL, *r = va;

    while ( *at && (void *)*at < va ) {
        before = *at;
        at = &before->next;
    }
    *r = (struct run){ *at, nr };
    *at = r;
    merge_with_next(r);
    if ( before )
        merge_with_next(before);
}

/* Map further frames, up to the next 2 MiB border.  mem_map_in takes the page that was spare, if it needs one. */
static bool grow(void)
{
    const uint64_t first = next_unmapped, max = MAX_MAPPED / PAGE_SIZE;
    const uint64_t end = (first | 511) + 1 < start_info->nr_pages ? (first | 511) + 1 : start_info->nr_pages;

    if ( !spare || first >= end || end > max )
        return false;
    mem_free_page(spare);
    spare = NULL;
    for ( ; next_unmapped < end; next_unmapped++ ) {
        void *va = mem_pfn_to_va(next_unmapped);

        if ( mem_map_in(mem_root(), (uint64_t)va, mem_pfn_to_mfn(next_unmapped), PTE_RW_PAGE) )
            break;
        mem_free_page(va);
    }
    spare = take(1);
    return next_unmapped > first;
}

void mem_init(void)
{
    uint64_t first;

    platform->free_pages(&first, &next_unmapped);
    mem_free_pages(mem_pfn_to_va(first), next_unmapped - first);
    spare = take(1);
}

void *mem_alloc_pages(unsigned int nr)
{
    void *va;

    while ( !(va = take(nr)) ) {
        if ( !grow() )
            return NULL;
    }
    return memset(va, 0, nr * PAGE_SIZE);
}

void *mem_alloc_page(void)
{
    return mem_alloc_pages(1);
}

void mem_free_page(void *va)
{
    mem_free_pages(va, 1);
}

uint64_t mem_alloc_pfn(void)
{
    return next_unmapped < start_info->nr_pages ? next_unmapped++ : 0;
}

long mem_map_in(void *l4, uint64_t va, uint64_t mfn, uint64_t flags)
{
    for ( unsigned int level = PT_LEVELS; level > 1; level-- ) {
        uint64_t *e = mem_entry(l4, va, level);

        if ( *e & PTE_PSE )
            return -XEN_EBUSY;
        if ( *e & PTE_P )
            continue;

        void *table = mem_alloc_page();
        const long rc = table ? platform->set_table(e, table) : -XEN_ENOMEM;

        if ( rc )
            return rc;
    }
    return mem_set_entry(mem_entry(l4, va, 1), mem_make_pte(mfn, flags));
}

long mem_map(uint64_t va, uint64_t mfn, uint64_t flags)
{
    const long rc = mem_map_in(mem_root(), va, mfn, flags);

    if ( rc == 0 )
        platform->flush_page(va);
    return rc;
}

long mem_map_foreign(uint64_t va, const uint64_t *mfns, unsigned int nr, uint16_t domid)
{
    for ( unsigned int i = 0; i < nr; i++ ) {
        long rc = mem_map(va + i * PAGE_SIZE, 0, 0);

        if ( rc )
            return rc;

        struct mmu_update u = {
            .ptr = mem_entry_maddr(mem_entry(mem_root(), va + i * PAGE_SIZE, 1)),
            .val = mem_make_pte(mfns[i], PTE_RW_PAGE),
        };

        rc = hc_mmu_update(HC_PTR(&u), 1, 0, domid);
        if ( rc )
            return rc;
    }
    return 0;
}

long mem_mmuext(uint32_t cmd, uint64_t arg1, uint64_t arg2)
{
    struct mmuext_op op = { .cmd = cmd, .arg1.linear_addr = arg1, .arg2.vcpumask = arg2 };

    return hc_mmuext_op(HC_PTR(&op), 1, 0, DOMID_SELF);
}

long mem_pin(unsigned int level, uint64_t mfn)
{
    return mem_mmuext(MMUEXT_PIN_L1_TABLE + level - 1, mfn, 0);
}

long mem_unpin(uint64_t mfn)
{
    return mem_mmuext(MMUEXT_UNPIN_TABLE, mfn, 0);
}

void mem_flush(void)
{
    mem_mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
}
