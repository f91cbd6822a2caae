/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limit: 60
 *
 * A tree with all the L1 tables that fit into memory, each full: pinning and unpinning
 * it takes long, is preempted on the way, and succeeds all the same.  forever=1: go
 * on until somebody destroys the domain in the middle of it.
 */
#include "test.h"

#define MAX_L1  3000
#define WINDOW  0x10000000000ul

static uint64_t *l4, *l3, *l2[8];
static unsigned int nr_l1;

/* L1 tables are frames that nothing maps but a window while they are filled. */
static void build(void)
{
    const uint64_t data = mem_va_to_mfn(mem_alloc_page());
    uint64_t *window = (uint64_t *)WINDOW, pfn;

    l4 = mem_alloc_page();
    l3 = mem_alloc_page();
    for ( unsigned int i = 0; i < ARRAY_SIZE(l2); i++ )
        l2[i] = mem_alloc_page();
    while ( nr_l1 < MAX_L1 && (pfn = mem_alloc_pfn()) ) {
        const uint64_t mfn = mem_pfn_to_mfn(pfn);

        if ( mem_map(WINDOW, mfn, PTE_RW_PAGE) )
            test_error("no window");
        for ( unsigned int i = 0; i < 512; i++ )
            window[i] = mem_make_pte(data, i & 1 ? PTE_RW_PAGE : PTE_RO_PAGE);
        l2[nr_l1 / 512][nr_l1 % 512] = mem_make_pte(mfn, PTE_TABLE);
        nr_l1++;
    }
    EQ(mem_map(WINDOW, 0, 0), 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(l2); i++ ) {
        l3[i] = mem_make_pte(mem_va_to_mfn(l2[i]), PTE_TABLE);
        EQ(mem_make_readonly(l2[i]), 0);
    }
    l4[0] = mem_make_pte(mem_va_to_mfn(l3), PTE_TABLE);
    EQ(mem_make_readonly(l3), 0);
    EQ(mem_make_readonly(l4), 0);
}

void test_main(void)
{
    const bool forever = test_option("forever", 0);
    uint64_t t0, pin = 0, unpin = 0;
    unsigned int i = 0;

    build();
    console_printf("%u L1 tables\n", nr_l1);
    CHECK(nr_l1 > 1000);
    do {
        t0 = clock_now();
        EQ(mem_pin(4, mem_va_to_mfn(l4)), 0);
        pin = clock_now() - t0;
        EQ_ROW("a table under it", mem_make_writable(l2[1]) < 0, 1);
        t0 = clock_now();
        EQ(mem_unpin(mem_va_to_mfn(l4)), 0);
        unpin = clock_now() - t0;
        if ( i == 0 )
            console_printf("pin %lu us, unpin %lu us\n", pin / 1000, unpin / 1000);
    } while ( forever || ++i < 5 );
    EQ_ROW("a table of the tree", mem_make_writable(l2[1]), 0);
    EQ(mem_make_writable(l3), 0);
    EQ(mem_make_writable(l4), 0);
}
