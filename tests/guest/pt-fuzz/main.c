/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limit: 90
 *
 * Random operations on page tables that the guest made itself: seed=N and rounds=N
 * choose the run.  Whatever was answered, in the end everything can be taken apart and
 * all pages can be mapped writable again, on the real Xen too: no reference is lost.
 *
 * run: seed=1
 * run: seed=2
 * run: seed=3
 */
#include "test.h"

#define ROUNDS  12000
#define NR      20
#define TEST_VA 0x10000000000ul
#define NR_VA   8

static uint64_t state;
static uint64_t *page[NR];
static uint64_t mfn[NR];
static unsigned int answers[2];

static uint64_t rnd(uint64_t n) { return (random_next(&state) >> 11) % n; }

static void count(long rc) { answers[rc != 0]++; }

/* Pages are meant for a level by their number, so that trees come about; sometimes not. */
static unsigned int level_of(unsigned int i) { return i < 2 ? 4 : i < 4 ? 3 : i < 7 ? 2 : i < 12 ? 1 : 0; }

static unsigned int pick(unsigned int level)
{
    unsigned int i;

    do {
        i = rnd(NR);
    } while ( level_of(i) != level && rnd(8) );
    return i;
}

static unsigned int slot(void)
{
    static const uint16_t odd[] = { 255, 256, 260, 271, 272, 511 };

    return rnd(8) ? rnd(6) : odd[rnd(ARRAY_SIZE(odd))];
}

static uint64_t entry(unsigned int level)
{
    uint64_t e = PTE_P | (rnd(2) ? PTE_RW : 0) | (rnd(2) ? PTE_US : 0) | (rnd(8) ? 0 : PTE_G) |
                 (rnd(4) ? 0 : PTE_A | PTE_D) | (rnd(16) ? 0 : PTE_PSE) | (rnd(4) ? 0 : PTE_NX);

    switch ( rnd(20) ) {
    case 0: return 0;
    case 1: return random_next(&state);
    case 2: return e & ~PTE_P;
    case 3: return mem_make_pte(mem_va_to_mfn(mem_root()), e);
    default: return mem_make_pte(mfn[pick(level > 1 ? level - 1 : rnd(3) ? 0 : rnd(5))], e);
    }
}

static void batch(void)
{
    static struct mmu_update u[8];
    static uint32_t done;
    const unsigned int nr = 1 + rnd(8);

    for ( unsigned int i = 0; i < nr; i++ ) {
        const unsigned int level = rnd(5);

        u[i].ptr = (mfn[pick(level)] << 12) + slot() * 8;
        u[i].ptr |= rnd(4) ? MMU_NORMAL_PT_UPDATE : MMU_PT_UPDATE_PRESERVE_AD;
        u[i].val = entry(level);
    }
    count(hc_mmu_update(HC_PTR(u), nr, HC_PTR(&done), DOMID_SELF));
}

static void extended(void)
{
    switch ( rnd(8) ) {
    case 0 ... 2: {
        const unsigned int level = 1 + rnd(4);

        count(mem_pin(level, mfn[pick(level)]));
        break;
    }
    case 3: case 4: count(mem_unpin(mfn[rnd(NR)])); break;
    case 5: count(mem_mmuext(MMUEXT_NEW_USER_BASEPTR, rnd(4) ? mfn[pick(4)] : 0, 0)); break;
    case 6: count(mem_mmuext(MMUEXT_CLEAR_PAGE, mfn[rnd(NR)], 0)); break;
    default: count(mem_mmuext(MMUEXT_COPY_PAGE, mfn[rnd(NR)], mfn[rnd(NR)])); break;
    }
}

static void one(void)
{
    const unsigned int i = rnd(NR);

    switch ( rnd(16) ) {
    case 0 ... 5: batch(); break;
    case 6 ... 9: extended(); break;
    case 10 ... 12: try_write(&page[i][slot()], entry(level_of(i))); break;
    case 13: count(rnd(3) ? mem_make_readonly(page[i]) : mem_make_writable(page[i])); break;
    case 14: count(hc_update_va_mapping(TEST_VA + rnd(NR_VA) * PAGE_SIZE, entry(1),
                                        rnd(2) ? UVMF_INVLPG : UVMF_TLB_FLUSH)); break;
    default: {
        volatile uint64_t v;

        try_read((void *)(TEST_VA + rnd(NR_VA) * PAGE_SIZE), (uint64_t *)&v);
        break;
    }
    }
}

static void take_apart(void)
{
    EQ(mem_mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
    for ( unsigned int i = 0; i < NR_VA; i++ )
        EQ(hc_update_va_mapping(TEST_VA + i * PAGE_SIZE, 0, UVMF_INVLPG), 0);
    for ( unsigned int i = 0; i < NR; i++ )
        mem_unpin(mfn[i]);
    for ( unsigned int i = 0; i < NR; i++ )
        EQ_ROW("writable again", mem_make_writable(page[i]), 0);
    for ( unsigned int i = 0; i < NR; i++ ) {
        memset(page[i], 0, PAGE_SIZE);
        EQ(mem_make_readonly(page[i]), 0);
        EQ_ROW("and a table of any level again", mem_pin(1 + i % 4, mfn[i]), 0);
        EQ(mem_unpin(mfn[i]), 0);
        EQ(mem_make_writable(page[i]), 0);
    }
}

void test_main(void)
{
    const uint64_t rounds = test_option("rounds", ROUNDS);

    state = test_option("seed", 1) * 0x9e3779b97f4a7c15ull + 1;
    for ( unsigned int i = 0; i < NR; i++ ) {
        page[i] = mem_alloc_page();
        mfn[i] = mem_va_to_mfn(page[i]);
    }
    EQ(mem_map(TEST_VA, 0, 0), 0);
    for ( uint64_t i = 0; i < rounds; i++ ) {
        one();
        if ( i % 2000 == 1999 )
            take_apart();
    }
    take_apart();
    console_printf("%u done, %u refused\n", answers[0], answers[1]);
    CHECK(answers[0] > rounds / 10 && answers[1] > rounds / 10);
}
