/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest may not write into its page tables: a writable mapping of a
 * page table or descriptor table, frames of others, the hypervisor's L4
 * slots, large pages, reserved bits.  The real Xen refuses each with an error
 * and leaves the entry as it was.
 */
#include "test.h"

#define TEST_VA 0x10000000000ul     /* an L4 slot of its own: 2 */

static uint64_t *entry[5];          /* the entries of TEST_VA by level, 1..4 */

static long set(uint64_t *e, uint64_t v)
{
    return mem_set_entry(e, v);
}

/* A value that must be refused, and must leave the entry alone. */
static void refused(const char *name, uint64_t *e, uint64_t v)
{
    const uint64_t before = read_once(*e);
    const long rc = set(e, v);

    if ( rc >= 0 )
        console_printf("accepted: %s\n", name);
    EQ_ROW(name, rc < 0, 1);
    EQ_ROW(name, read_once(*e) & ~(PTE_A | PTE_D), before & ~(PTE_A | PTE_D));
    if ( rc >= 0 )
        set(e, before);
}

static void leaf_entries(void)
{
    const uint64_t mfn = mem_va_to_mfn(mem_alloc_page());
    static const char *const names[] = { "", "own L1", "own L2", "own L3", "own L4" };

    for ( unsigned int level = 1; level <= 4; level++ ) {
        const uint64_t table = mem_va_to_mfn(entry[level]);

        refused(names[level], entry[1], mem_make_pte(table, PTE_RW_PAGE));
        EQ_ROW("read-only is fine", set(entry[1], mem_make_pte(table, PTE_RO_PAGE)), 0);
        /* The fast path for changes of flags alone must look too. */
        refused("flags only: RO to RW", entry[1], mem_make_pte(table, PTE_RW_PAGE));
        EQ(set(entry[1], 0), 0);
    }
    EQ(set(entry[1], mem_make_pte(mfn, PTE_RW_PAGE)), 0);
    EQ(set(entry[1], mem_make_pte(mfn, PTE_RO_PAGE)), 0);
    EQ(set(entry[1], mem_make_pte(mfn, PTE_RW_PAGE | PTE_NX)), 0);
    EQ_ROW("not present: anything goes", set(entry[1], 0xdeadbeef00ul & ~1ul), 0);
    EQ(set(entry[1], 0), 0);

    refused("frame of nobody", entry[1], mem_make_pte(0xffffffffful, PTE_RW_PAGE));
    refused("beyond the address width", entry[1], mem_make_pte(1ul << 39, PTE_RW_PAGE));
}

static void foreign_frames(void)
{
    /* Low RAM of the host: the hypervisor's or free, never a domain's own here. */
    unsigned int taken = 0;

    for ( uint64_t mfn = 0x100; mfn < 0x2000; mfn += 0x80 ) {
        if ( mem_mfn_to_pfn(mfn) != ~0ul )
            continue;
        taken += set(entry[1], mem_make_pte(mfn, PTE_RW_PAGE)) == 0;
        set(entry[1], 0);
    }
    EQ_ROW("frames that are not ours", taken, 0);
    /* The frames of the hypervisor's part of our own L4. */
    const uint64_t *l4 = mem_root();

    for ( unsigned int slot = 256; slot < 272; slot++ ) {
        const uint64_t e = l4[slot];

        if ( (e & PTE_P) && mem_mfn_to_pfn((e & PTE_FRAME) >> 12) == ~0ul )
            refused("a frame of the hypervisor's tables", entry[1],
                    mem_make_pte((e & PTE_FRAME) >> 12, PTE_RW_PAGE));
    }
}

static void upper_entries(void)
{
    void *page = mem_alloc_page();
    const uint64_t mfn = mem_va_to_mfn(page);
    uint64_t *l4 = mem_root();

    refused("2 MiB page", entry[2], mem_make_pte(mfn & ~511ul, PTE_RW_PAGE | PTE_PSE));
    refused("1 GiB page", entry[3], mem_make_pte(0, PTE_RW_PAGE | PTE_PSE));
    refused("flags only: PSE in L2", entry[2], *entry[2] | PTE_PSE);
    refused("flags only: PSE in L3", entry[3], *entry[3] | PTE_PSE);
    refused("flags only: PSE in L4", entry[4], *entry[4] | PTE_PSE);
    refused("L2 entry to a writable page", entry[2], mem_make_pte(mfn, PTE_TABLE));
    refused("L3 entry to an L1", entry[3], *entry[2]);
    refused("L4 entry to an L2", entry[4], *entry[3]);
    refused("L2 entry to an L3", entry[2], *entry[4]);
    refused("L2 entry to nobody's frame", entry[2], mem_make_pte(0xffffffffful, PTE_TABLE));
    refused("L1 that maps itself writable", entry[1],
            mem_make_pte(mem_va_to_mfn(entry[1]), PTE_RW_PAGE));

    for ( unsigned int slot = 256; slot < 272; slot++ ) {
        refused("hypervisor's slot", &l4[slot], *entry[4]);
        refused("hypervisor's slot cleared", &l4[slot], 0);
    }
    EQ_ROW("slot after them is ours", set(&l4[272], *entry[4]), 0);
    EQ(set(&l4[272], 0), 0);
    EQ_ROW("slot before them is ours", set(&l4[255], *entry[4]), 0);
    EQ(set(&l4[255], 0), 0);
}

static void linear(void)
{
    uint64_t *l4 = mem_root();
    const uint64_t self = mem_va_to_mfn(l4);

    refused("L4 in itself, writable", &l4[300], mem_make_pte(self, PTE_TABLE));
    /* Read-only self maps are an option of the real Xen; both answers are fine. */
    const long rc = set(&l4[300], mem_make_pte(self, PTE_RO_PAGE));

    console_printf("read-only linear page table: %ld\n", rc);
    if ( rc == 0 )
        EQ(set(&l4[300], 0), 0);
}

static void hostile_targets(void)
{
    struct mmu_update u = { .val = 0 };

    u.ptr = mem_va_to_mfn(mem_root()) << 12 | 4;
    EQ_ROW("kind and no alignment", hc_mmu_update(HC_PTR(&u), 1, 0, DOMID_SELF) < 0, 1);
    u.ptr = 0xffffffffful << 12;
    EQ_ROW("no such frame", hc_mmu_update(HC_PTR(&u), 1, 0, DOMID_SELF) < 0, 1);
    u.ptr = ~0ul & ~7ul;
    EQ_ROW("beyond all memory", hc_mmu_update(HC_PTR(&u), 1, 0, DOMID_SELF) < 0, 1);
    u.ptr = 0x100000;
    EQ_ROW("somebody else's frame", hc_mmu_update(HC_PTR(&u), 1, 0, DOMID_SELF) < 0, 1);
}

void test_main(void)
{
    EQ(mem_map(TEST_VA, mem_va_to_mfn(mem_alloc_page()), PTE_RW_PAGE), 0);
    for ( unsigned int level = 1; level <= 4; level++ )
        entry[level] = mem_entry(mem_root(), TEST_VA, level);
    EQ(set(entry[1], 0), 0);

    leaf_entries();
    foreign_frames();
    upper_entries();
    linear();
    hostile_targets();

    EQ_ROW("and the address space still works", mem_map(TEST_VA,
           mem_va_to_mfn(mem_alloc_page()), PTE_RW_PAGE), 0);
    EQ(try_write((void *)TEST_VA, 1), 0);
}
