/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory before the heap, and the tables that describe memory. */
#include "mem/boot_alloc.h"
#include "mem/heap.h"
#include "mem/paging.h"
#include "base/assert.h"
#include "base/bits.h"
#include "base/log.h"
#include "base/string.h"
#include "cpu/asm.h"

#define NR_RANGES   64
#define LOW_LIMIT   0x100000000ULL      /* head.S maps this much at first */
#define MB2         0x200000ULL

static struct { paddr_t start, end; } ranges[NR_RANGES];
static unsigned int nr_ranges;
static bool active;

/* RAM that has frame-table entries, for mfn_valid. */
static struct { uint64_t start, end; } ram[NR_RANGES] ro_after_init;
static unsigned int nr_ram ro_after_init;

extern char _start[], _stext[], _etext[], _srodata[], _erodata[], _sro_after_init[], _ero_after_init[];
extern char _sinit[], _einit[], _einittext[], _sdata[], _end[];

bool mfn_valid(mfn_t mfn)
{
    for ( unsigned int i = 0; i < nr_ram; i++ ) {
        if ( mfn.n - ram[i].start < ram[i].end - ram[i].start )
            return true;
    }
    return false;
}

bool boot_alloc_active(void)
{
    return active;
}

void boot_alloc_add(paddr_t start, paddr_t end)
{
    active = true;
    if ( start >= end )
        return;
    if ( nr_ranges == NR_RANGES ) {
        log_warn("memory map: more than %u pieces of RAM, %#lx-%#lx is not used\n",
                 NR_RANGES, start, end);
        return;
    }
    ranges[nr_ranges].start = start;
    ranges[nr_ranges++].end = end;
}

void boot_alloc_remove(paddr_t start, paddr_t end)
{
    start &= PAGE_MASK;
    end = (end + PAGE_SIZE - 1) & PAGE_MASK;
    for ( unsigned int i = 0; i < nr_ranges; i++ ) {
        const paddr_t s = ranges[i].start, e = ranges[i].end;

        if ( end <= s || start >= e )
            continue;
        ranges[i].end = max(s, (paddr_t)start);
        if ( e > end )
            boot_alloc_add(end, e);
    }
}

/* From the top of what is mapped already, so that low memory stays for devices. */
mfn_t boot_alloc_frames(uint64_t nr, uint64_t align)
{
    int best = -1;
    paddr_t best_at = 0;

    for ( unsigned int i = 0; i < nr_ranges; i++ ) {
        const paddr_t end = min(ranges[i].end, (paddr_t)LOW_LIMIT);
        paddr_t at;

        if ( end < nr * PAGE_SIZE )
            continue;
        at = (end - nr * PAGE_SIZE) & ~(align * PAGE_SIZE - 1);
        if ( at >= ranges[i].start && at >= best_at ) {
            best = i;
            best_at = at;
        }
    }
    if ( best < 0 )
        panic("not enough memory below 4 GiB for the hypervisor's tables (%lu KiB wanted)\n",
              nr * 4);
    boot_alloc_remove(best_at, best_at + nr * PAGE_SIZE);
    rep_stosq((void *)(DIRECTMAP_BASE + best_at), 0, nr * PAGE_SIZE / 8);
    return paddr_to_mfn(best_at);
}

/* Back [va, va + size) with fresh memory in 2 MiB pages where it is not mapped yet. */
static void back_table(uint64_t va, uint64_t end, uint64_t ro_alias)
{
    static uint64_t last_va;

    for ( va &= ~(MB2 - 1); va < end; va += MB2 ) {
        mfn_t mfn;

        if ( va == last_va )
            continue;
        last_va = va;
        mfn = boot_alloc_frames(512, 512);
        if ( paging_map(va, mfn, 512, MAP_RW, true) ||
             (ro_alias && paging_map(va - M2P_RW_BASE + ro_alias, mfn, 512, (MAP_RO & ~PTE_G) | PTE_US, true)) )
            panic("cannot map the memory tables\n");
    }
}

void mem_map_ram(paddr_t start, paddr_t end)
{
    const uint64_t s = start >> PAGE_SHIFT, e = end >> PAGE_SHIFT;

    if ( nr_ram == NR_RANGES || s >= e )
        return;
    if ( end > DIRECTMAP_END - DIRECTMAP_BASE ) {
        log_warn("memory above 5 TiB is not used\n");
        return;
    }
    if ( end > LOW_LIMIT ) {
        /* Below it the boot tables serve. */
        const paddr_t from = max(start, (paddr_t)LOW_LIMIT) & ~(MB2 - 1);

        if ( paging_map(DIRECTMAP_BASE + from, paddr_to_mfn(from), (end - from) >> PAGE_SHIFT, MAP_RW, true) )
            panic("cannot map memory at %#lx\n", from);
    }
    back_table(FRAME_TABLE_BASE + s * sizeof(struct frame), FRAME_TABLE_BASE + e * sizeof(struct frame), 0);
    back_table(M2P_RW_BASE + s * 8, M2P_RW_BASE + e * 8, M2P_RO_BASE);
    for ( uint64_t m = s; m < e; m++ ) {
        struct frame *f = mfn_to_frame(MFN(m));

        f->owner = DOMID_XEN;
        m2p_set(MFN(m), M2P_INVALID);
    }
    ram[nr_ram].start = s;
    ram[nr_ram++].end = e;
    max_mfn = max(max_mfn, e);
}

void boot_alloc_finish(void)
{
    active = false;
    for ( unsigned int i = 0; i < nr_ranges; i++ ) {
        const paddr_t s = (ranges[i].start + PAGE_SIZE - 1) & PAGE_MASK, e = ranges[i].end & PAGE_MASK;

        if ( s < e )
            heap_add(paddr_to_mfn(s), paddr_to_mfn(e));
    }
    nr_ranges = 0;
}

static void protect(const char *from, const char *to, uint64_t prot)
{
    const uint64_t pa = (uintptr_t)from - IMAGE_VIRT + IMAGE_PHYS;

    if ( from < to && paging_map((uintptr_t)from, paddr_to_mfn(pa), (to - from) >> PAGE_SHIFT, prot, false) )
        panic("cannot protect the image\n");
}

void paging_protect_image(void)
{
    const unsigned int first = (IMAGE_VIRT >> 21) & 511;
    extern uint64_t hyp_l2_image[512];

    /* Replace each 2 MiB entry by a table that maps the same, then narrow it. */
    for ( unsigned int i = first; i < first + 4; i++ ) {
        const paddr_t base = hyp_l2_image[i] & PTE_ADDR & ~(MB2 - 1);
        const mfn_t t = boot_alloc_frames(1, 1);
        uint64_t *l1 = mfn_to_virt(t);

        for ( unsigned int j = 0; j < 512; j++ )
            l1[j] = (base + j * PAGE_SIZE) | MAP_RX | PTE_RW;
        hyp_l2_image[i] = mfn_to_paddr(t) | PTE_P | PTE_RW | PTE_A | PTE_D;
    }
    protect(_stext, _srodata, MAP_RX);
    protect(_srodata, _erodata, MAP_RO);
    protect(_sro_after_init, _ero_after_init, MAP_RW);
    protect(_sinit, _einittext, MAP_RX);
    protect(_einittext, _einit, MAP_RW);
    protect(_sdata, _end, MAP_RW);
    for ( uint64_t va = (uintptr_t)_end; va < IMAGE_VIRT + 4 * MB2; va += PAGE_SIZE )
        paging_unmap(va, 1);
    write_cr3(read_cr3());
    write_cr4(read_cr4() & ~CR4_PGE);
    write_cr4(read_cr4() | CR4_PGE);
}
