/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page heap against a bitmap: no frame is handed out twice, lost, or unscrubbed. */
#include "cm.h"

#include "base/bits.h"
#include "cpu/pcpu.h"
#include "mem/heap.h"

#define NR_FRAMES   2048
#define NR_HELD     200
#define FIRST       5               /* RAM begins and ends at odd places, with a hole between */
#define HOLE        700
#define HOLE_END    733
#define LAST        2047

struct frame *frame_table;
uint8_t *directmap;
uint64_t *m2p_rw;
unsigned int nr_cpus = 1;
static struct pcpu cpu;
struct pcpu *this_pcpu(void) { return &cpu; }

static uint8_t taken[NR_FRAMES];
static struct { mfn_t mfn; unsigned int order; } held[NR_HELD];
static unsigned int nr_held;
static uint64_t nr_taken, seed = 88172645463325252ULL;

static bool is_ram(uint64_t m) { return (m >= FIRST && m < HOLE) || (m >= HOLE_END && m < LAST); }

static int setup(void **state_)
{
    directmap = aligned_alloc(PAGE_SIZE, NR_FRAMES * PAGE_SIZE);
    frame_table = calloc(NR_FRAMES, sizeof(*frame_table));
    memset(directmap, 0xa5, NR_FRAMES * PAGE_SIZE);
    for ( unsigned int i = 0; i < NR_FRAMES; i++ )
        frame_table[i].owner = DOMID_IO;
    max_mfn = NR_FRAMES;
    heap_add(MFN(FIRST), MFN(HOLE));
    heap_add(MFN(HOLE_END), MFN(LAST));
    return 0;
}

static void take(unsigned int order, unsigned int bits, unsigned int flags)
{
    const mfn_t mfn = heap_alloc(order, bits, flags);

    if ( mfn_eq(mfn, INVALID_MFN) )
        return;
    assert_int_equal(mfn.n & ((1UL << order) - 1), 0);
    assert_true(bits >= 64 || mfn.n + (1UL << order) <= 1UL << (bits - PAGE_SHIFT));
    for ( uint64_t i = mfn.n; i < mfn.n + (1UL << order); i++ ) {
        assert_true(is_ram(i));
        assert_false(taken[i]);
        taken[i] = 1;
        assert_int_equal(frame_table[i].owner, DOMID_XEN);
        assert_int_equal(frame_table[i].flags, 0);
        if ( !(flags & HEAP_NO_SCRUB) )
            for ( unsigned int b = 0; b < PAGE_SIZE; b += 256 )
                assert_int_equal(directmap[i * PAGE_SIZE + b], 0);
    }
    nr_taken += 1UL << order;
    memset(mfn_to_virt(mfn), 0x5a, PAGE_SIZE << order);
    held[nr_held].mfn = mfn;
    held[nr_held++].order = order;
}

static void give(unsigned int i)
{
    memset(&taken[held[i].mfn.n], 0, 1UL << held[i].order);
    nr_taken -= 1UL << held[i].order;
    heap_free(held[i].mfn, held[i].order, true);
    held[i] = held[--nr_held];
}

TEST(random_use_agrees_with_a_bitmap)
{
    const uint64_t total = HOLE - FIRST + LAST - HOLE_END;

    CHECK_EQ(heap_nr_total(), total);
    CHECK_EQ(heap_nr_free(), total);
    for ( unsigned int i = 0; i < 30000; i++ ) {
        if ( nr_held < NR_HELD && next_random(&seed) % 5 < 3 )
            take(next_random(&seed) % 7, next_random(&seed) % 3 ? 64 : 16 + next_random(&seed) % 8,
                 next_random(&seed) % 4 ? 0 : HEAP_NO_SCRUB);
        else if ( nr_held )
            give(next_random(&seed) % nr_held);
        CHECK_EQ(heap_nr_free(), total - nr_taken);
        assert_true(heap_nr_dirty() <= heap_nr_free());
        assert_true(heap_nr_free_below(20) <= heap_nr_free());
    }
    while ( nr_held )
        give(0);
    CHECK_EQ(heap_nr_free(), total);
    /* Everything has merged again: there are 512 frames in one block. */
    take(9, 64, 0);
    CHECK_EQ(nr_held, 1);
    give(0);
    CHECK_EQ(heap_alloc(HEAP_MAX_ORDER + 1, 64, 0).n, INVALID_MFN.n);
    CHECK_EQ(heap_alloc(0, 0, 0).n, INVALID_MFN.n);
}

TEST(heap_that_is_used_up_says_so_and_recovers)
{
    const uint64_t total = heap_nr_total();
    uint64_t n = 0;
    static mfn_t all[NR_FRAMES];

    while ( n < NR_FRAMES && !mfn_eq(all[n] = heap_alloc(0, 64, 0), INVALID_MFN) )
        n++;
    CHECK_EQ(n, total);
    CHECK_EQ(heap_nr_free(), 0);
    CHECK_EQ(heap_nr_dirty(), 0);
    while ( n )
        heap_free(all[--n], 0, true);
    CHECK_EQ(heap_nr_free(), total);
}

TEST(claims_are_within_what_is_free)
{
    uint64_t a = 0, b = 0;

    CHECK_EQ(heap_claim(&a, heap_nr_free() + 1), -12);
    CHECK_EQ(heap_claim(&a, ~0UL), -12);
    CHECK_EQ(heap_claim(&a, heap_nr_free() - 10), 0);
    CHECK_EQ(heap_claim(&b, 11), -12);
    CHECK_EQ(heap_claim(&b, 10), 0);
    CHECK_EQ(heap_nr_claimed(), heap_nr_free());
    heap_claim_used(&a, 7);
    CHECK_EQ(a, heap_nr_free() - 17);
    heap_claim_used(&b, 100);
    CHECK_EQ(b, 0);
    CHECK_EQ(heap_claim(&a, 0), 0);
    CHECK_EQ(heap_nr_claimed(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(random_use_agrees_with_a_bitmap),
        RUN(heap_that_is_used_up_says_so_and_recovers),
        RUN(claims_are_within_what_is_free),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
