/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory before the heap, and the tables that describe memory. */
#include "mem/boot_alloc.h"
#include "mem/heap.h"
#include "mem/paging.h"
#include "base/assert.h"
#include "base/log.h"
#include "cpu/asm.h"

#define NR_RANGES   64
#define LOW_LIMIT   0x100000000ULL      /* head.S maps this much at first */
#define MB2         0x200000ULL

static struct { paddr_t start, end; } ranges[NR_RANGES];
static unsigned int nr_ranges;
static bool active;

extern char _start[], _stext[], _etext[], _srodata[], _erodata[], _sro_after_init[], _ero_after_init[];
extern char _sinit[], _einit[], _einittext[], _sdata[], _end[];

bool boot_alloc_active(void) { return active; }

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

static void map_2mb(uint64_t va, mfn_t mfn, uint64_t prot)
{
    if ( paging_map(va, mfn, 512, prot, true) )
        panic("cannot map the memory tables\n");
}

static void mark_holes(struct frame *f)
{
    for ( unsigned int i = 0; i < MB2 / sizeof(*f); i++ )
        f[i].owner = DOMID_IO;
}

/* Back the tables' entries for frames [s, e) with fresh memory where there is none yet. */
static void back_tables(uint64_t s, uint64_t e)
{
    uint64_t va;

    for ( va = (FRAME_TABLE_BASE + s * sizeof(struct frame)) & ~(MB2 - 1);
          va < FRAME_TABLE_BASE + e * sizeof(struct frame); va += MB2 ) {
        if ( !paging_large_entry(va) ) {
            map_2mb(va, boot_alloc_frames(512, 512), MAP_RW);
            mark_holes((struct frame *)va);
        }
    }
    for ( va = (M2P_RW_BASE + s * 8) & ~(MB2 - 1); va < M2P_RW_BASE + e * 8; va += MB2 ) {
        if ( !paging_large_entry(va) ) {
            const mfn_t mfn = boot_alloc_frames(512, 512);

            map_2mb(va, mfn, MAP_RW);
            map_2mb(va - M2P_RW_BASE + M2P_RO_BASE, mfn, (MAP_RO & ~PTE_G) | PTE_US);
            rep_stosq((void *)va, ~0ULL, MB2 / 8);
        }
    }
}

void mem_map_ram(paddr_t start, paddr_t end)
{
    const uint64_t s = start >> PAGE_SHIFT, e = end >> PAGE_SHIFT;

    if ( s >= e )
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
    back_tables(s, e);
    for ( uint64_t m = s; m < e; m++ )
        mfn_to_frame(MFN(m))->owner = DOMID_XEN;
    max_mfn = max(max_mfn, e);
}

/* The control domain may map the machine-to-phys table's own frames, read-only. */
static void share_m2p(void)
{
    for ( uint64_t va = M2P_RW_BASE; va < M2P_RW_BASE + max_mfn * 8; va += MB2 ) {
        const uint64_t e = paging_large_entry(va);

        for ( unsigned int i = 0; e && i < 512; i++ ) {
            struct frame *f = mfn_to_frame(MFN(((e & PTE_ADDR) >> PAGE_SHIFT) + i));

            f->refs = 1;
            f->flags = FF_RO_SHARE;
        }
    }
}

void mem_map_holes(void)
{
    const mfn_t shared = boot_alloc_frames(512, 512);
    struct frame *f = mfn_to_virt(shared);

    mark_holes(f);
    share_m2p();
    for ( uint64_t va = FRAME_TABLE_BASE; va < FRAME_TABLE_BASE + max_mfn * sizeof(*f); va += MB2 )
        if ( !paging_large_entry(va) )
            map_2mb(va, shared, MAP_RO);
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

void boot_discard(void)
{
    const uint64_t nr = (_einit - _sinit) >> PAGE_SHIFT;
    const mfn_t first = paddr_to_mfn((uintptr_t)_sinit - IMAGE_VIRT + IMAGE_PHYS);

    paging_unmap((uintptr_t)_sinit, nr);
    heap_add(first, mfn_add(first, nr));
}
