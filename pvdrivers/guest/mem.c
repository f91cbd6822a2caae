/* SPDX-License-Identifier: MIT */
/* Pages, page tables and the frame-number tables of this guest. */
#include "mem.h"
#include <xenabi/xen.h>
#include "hypercall.h"
#include "lib.h"
#include "start.h"

extern char guest_image_end[];

static uint64_t mapped_end;     /* pfns below are mapped at GUEST_BASE */
static uint64_t next_pfn;       /* never handed out from here to mapped_end */
static uint64_t next_unmapped;
static void *free_list;

uint64_t mem_pfn_to_mfn(uint64_t pfn)
{
    return ((const uint64_t *)start_info->mfn_list)[pfn];
}

uint64_t mem_mfn_to_pfn(uint64_t mfn)
{
    const uint64_t pfn = ((const volatile uint64_t *)M2P_BASE)[mfn];

    return pfn < start_info->nr_pages && mem_pfn_to_mfn(pfn) == mfn ? pfn : ~0ul;
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

        if ( !(e & PTE_P) || pfn == ~0ul )
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
    struct mmu_update u = { .ptr = mem_entry_maddr(entry) | MMU_NORMAL_PT_UPDATE, .val = value };

    return hc_mmu_update(HC_PTR(&u), 1, 0, DOMID_SELF);
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

/* Frames below this are the builder's: image, lists, page tables, boot stack. */
static uint64_t first_free_pfn(void)
{
    uint64_t end = mem_va_to_pfn(guest_image_end + 4095);
    const uint64_t others[] = {
        mem_va_to_pfn((void *)(start_info->mfn_list + start_info->nr_pages * 8 + 4095)),
        mem_va_to_pfn((void *)(start_info->pt_base + start_info->nr_pt_frames * 4096)),
        mem_va_to_pfn((char *)start_info + 4096),
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(others); i++ ) {
        if ( others[i] > end )
            end = others[i];
    }
    return end + 2;     /* the boot stack, and one for the layouts that put a page before it */
}

void mem_init(void)
{
    uint64_t pfn = first_free_pfn();
    uint64_t *e;

    next_pfn = pfn;
    while ( (e = mem_entry(mem_root(), GUEST_BASE + (pfn << 12), 1)) && (*e & PTE_P) )
        pfn++;
    mapped_end = pfn;
    next_unmapped = pfn;
}

void *mem_alloc_page(void)
{
    void *va = free_list;

    if ( va ) {
        free_list = *(void **)va;
    } else {
        if ( next_pfn >= mapped_end )
            return NULL;
        va = mem_pfn_to_va(next_pfn++);
    }
    return memset(va, 0, PAGE_SIZE);
}

void mem_free_page(void *va)
{
    *(void **)va = free_list;
    free_list = va;
}

uint64_t mem_alloc_pfn(void)
{
    return next_unmapped < start_info->nr_pages ? next_unmapped++ : 0;
}

long mem_map_in(void *l4, uint64_t va, uint64_t mfn, uint64_t flags)
{
    for ( unsigned int level = PT_LEVELS; level > 1; level-- ) {
        uint64_t *e = mem_entry(l4, va, level);

        if ( *e & PTE_P )
            continue;

        void *table = mem_alloc_page();

        if ( !table )
            return -XEN_ENOMEM;

        long rc = mem_make_readonly(table);

        if ( rc == 0 )
            rc = mem_set_entry(e, mem_make_pte(mem_va_to_mfn(table), PTE_TABLE));
        if ( rc )
            return rc;
    }
    return mem_set_entry(mem_entry(l4, va, 1), mem_make_pte(mfn, flags));
}

long mem_map(uint64_t va, uint64_t mfn, uint64_t flags)
{
    const long rc = mem_map_in(mem_root(), va, mfn, flags);

    if ( rc == 0 )
        mem_mmuext(MMUEXT_INVLPG_LOCAL, va, 0);
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
