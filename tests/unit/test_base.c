/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of base/bits, base/list, base/bitmap, base/parse and base/rangeset. */
#include "cm.h"

#include "base/bitmap.h"
#include "base/errno.h"
#include "base/list.h"
#include "base/parse.h"
#include "base/rangeset.h"

TEST(range_ok_is_safe_at_the_edges)
{
    static const struct { uint64_t start, len, limit; bool ok; } rows[] = {
        { 0, 0, 0, true }, { 0, 1, 0, false }, { 1, 0, 0, false }, { 0, 5, 5, true },
        { 5, 0, 5, true }, { 5, 1, 5, false }, { ~0UL, 1, ~0UL, false },
        { ~0UL, ~0UL, ~0UL, false }, { 1, ~0UL, ~0UL, false }, { 0, ~0UL, ~0UL, true },
        { 6, ~0UL - 2, 10, false },
    };

    for ( size_t i = 0; i < ARRAY_SIZE(rows); i++ )
        CHECK_EQ(range_ok(rows[i].start, rows[i].len, rows[i].limit), rows[i].ok);
}

TEST(bit_arithmetic)
{
    uint64_t v, seed = 1;

    CHECK_EQ(ALIGN_UP(4097u, 4096), 8192);
    CHECK_EQ(ALIGN_DOWN(4097UL, 4096), 4096);
    assert_true(align_up_ok(~0UL - 4095, 4096, &v));
    assert_false(align_up_ok(~0UL, 4096, &v));
    CHECK_EQ(order_of(0), 0);
    CHECK_EQ(order_of(1), 0);
    CHECK_EQ(order_of(2), 1);
    CHECK_EQ(order_of(3), 2);
    CHECK_EQ(order_of(1UL << 40), 40);
    for ( int i = 0; i < 1000; i++ ) {
        v = next_random(&seed) & next_random(&seed);
        CHECK_EQ(popcount64(v), __builtin_popcountll(v));
    }
    CHECK_EQ(popcount64(~0UL), 64);
    CHECK_EQ(lowest_bit(0x50), 4);
    CHECK_EQ(highest_bit(0x50), 6);
}

struct item {
    int value;
    struct list_head link;
};

TEST(list_keeps_order_through_changes)
{
    struct list_head h = LIST_HEAD_INIT(h);
    struct item items[6], *i;
    int sum = 0;

    assert_true(list_empty(&h));
    for ( int n = 0; n < 6; n++ ) {
        items[n].value = n;
        list_add_tail(&items[n].link, &h);
    }
    for ( int n = 1; n < 6; n += 2 )
        list_del(&items[n].link);
    list_add(&items[5].link, &h);
    list_for_each_entry ( i, &h, link )
        sum = sum * 10 + i->value;
    CHECK_EQ(sum, 5024);
    assert_null(items[1].link.next);
}

#define NR_BITS 197

static void bitmap_check(const uint64_t *map, const bool *model)
{
    size_t next = NR_BITS, bit;

    for ( size_t i = NR_BITS; i--; ) {
        CHECK_EQ(bitmap_test(map, i), model[i]);
        if ( model[i] )
            next = i;
        CHECK_EQ(bitmap_find_next(map, NR_BITS, i), next);
    }
    CHECK_EQ(bitmap_find_next(map, NR_BITS, NR_BITS), NR_BITS);
    CHECK_EQ(bitmap_empty(map, NR_BITS), next == NR_BITS);
    bitmap_for_each ( bit, map, NR_BITS )
        assert_true(model[bit]);
}

TEST(bitmap_agrees_with_a_model)
{
    BITMAP_DECLARE(map, NR_BITS);
    uint64_t seed = 42;

    for ( int round = 0; round < 300; round++ ) {
        bool model[NR_BITS] = { false };

        bitmap_zero(map, NR_BITS);
        for ( int n = next_random(&seed) % 20; n; n-- ) {
            const size_t bit = next_random(&seed) % NR_BITS;

            bitmap_set(map, bit);
            model[bit] = true;
        }
        map[NR_BITS / 64] |= BIT(63);           /* beyond the last: is not found */
        bitmap_check(map, model);
    }
}

TEST(bitmap_set_operations)
{
    uint64_t a[2] = { 0xf0, BIT(5) }, b[2] = { 0xff, BIT(5) | BIT(50) }, r[2];

    assert_true(bitmap_subset(a, b, 128));
    assert_false(bitmap_subset(b, a, 128));
    assert_true(bitmap_intersects(a, b, 128));
    bitmap_and(r, a, b, 128);
    CHECK_EQ(r[0], 0xf0);
    CHECK_EQ(r[1], BIT(5));
    a[0] = a[1] = 0;
    assert_false(bitmap_intersects(a, b, 128));
    assert_true(bitmap_empty(a, 128));
}

TEST(parse_size_reads_units_and_refuses_rubbish)
{
    static const struct { const char *s; int rc; uint64_t value; } rows[] = {
        { "512M", 0, 512UL << 20 }, { "1g", 0, 1UL << 30 }, { "7", 0, 7 << 10 },
        { "4k", 0, 4096 }, { "3T", 0, 3UL << 40 }, { "12b", 0, 12 }, { "0x10m", 0, 16UL << 20 },
        { "0", 0, 0 }, { "", -XEN_EINVAL, 0 }, { "M", -XEN_EINVAL, 0 }, { "-1", -XEN_EINVAL, 0 },
        { "1GB", -XEN_EINVAL, 0 }, { "1 M", -XEN_EINVAL, 0 }, { "0x", -XEN_EINVAL, 0 },
        { "99999999999999999999", -XEN_ERANGE, 0 }, { "16777216T", -XEN_ERANGE, 0 },
        { "18014398509481984", -XEN_ERANGE, 0 },
    };

    for ( size_t i = 0; i < ARRAY_SIZE(rows); i++ ) {
        uint64_t v = 0;

        CHECK_EQ(parse_size(rows[i].s, 1024, NULL, &v), rows[i].rc);
        CHECK_EQ(v, rows[i].value);
    }
}

TEST(parse_u64_stops_where_the_number_does)
{
    const char *end = NULL;
    uint64_t v;

    CHECK_EQ(parse_u64("123,4", 10, &end, &v), 0);
    CHECK_EQ(v, 123);
    CHECK_STR(end, ",4");
    CHECK_EQ(parse_u64("ffFF", 16, NULL, &v), 0);
    CHECK_EQ(v, 0xffff);
    CHECK_EQ(parse_u64("18446744073709551615", 0, NULL, &v), 0);
    CHECK_EQ(v, ~0UL);
    CHECK_EQ(parse_u64("18446744073709551616", 0, NULL, &v), -XEN_ERANGE);
    CHECK_EQ(parse_u64("12a", 10, NULL, &v), -XEN_EINVAL);
    CHECK_EQ(parse_size("1G,max:2G", 1, &end, &v), 0);
    CHECK_STR(end, ",max:2G");
}

static int allocs_left;

static void *counted_alloc(size_t n)
{
    return allocs_left-- > 0 ? malloc(n) : NULL;
}

static void counted_free(void *p, size_t n)
{
    (void)n;
    free(p);
}

static const struct rangeset_mem mem = { counted_alloc, counted_free };

TEST(rangeset_agrees_with_a_model)
{
    enum { SPACE = 120 };
    bool model[SPACE] = { false };
    struct rangeset rs;
    uint64_t seed = 7;

    allocs_left = 1000;
    rangeset_init(&rs, &mem);
    for ( int round = 0; round < 20000; round++ ) {
        uint64_t a = next_random(&seed) % SPACE, b = next_random(&seed) % SPACE;
        const uint64_t start = min(a, b), end = min(max(a, b), start + 12);
        bool all = true;

        CHECK_EQ((round & 1 ? rangeset_add : rangeset_remove)(&rs, start, end), 0);
        for ( uint64_t i = start; i <= end; i++ )
            model[i] = round & 1;

        a = next_random(&seed) % SPACE;
        b = min(a + next_random(&seed) % 9, SPACE - 1UL);
        for ( uint64_t i = a; i <= b; i++ )
            all = all && model[i];
        CHECK_EQ(rangeset_contains(&rs, a, b), all);
        /* Sorted, disjoint, not touching. */
        for ( size_t i = 0; i < rs.nr; i++ ) {
            assert_true(rs.ranges[i].start <= rs.ranges[i].end);
            assert_true(!i || rs.ranges[i].start > rs.ranges[i - 1].end + 1);
        }
    }
    rangeset_destroy(&rs);
    rangeset_destroy(&rs);
    CHECK_EQ(rs.nr, 0);
}

TEST(rangeset_reaches_both_ends_of_the_number_space)
{
    struct rangeset rs;

    allocs_left = 100;
    rangeset_init(&rs, &mem);
    CHECK_EQ(rangeset_add(&rs, 0, ~0UL), 0);
    assert_true(rangeset_contains(&rs, 0, ~0UL));
    CHECK_EQ(rangeset_remove(&rs, 5, 5), 0);
    assert_false(rangeset_contains(&rs, 0, ~0UL));
    assert_true(rangeset_contains(&rs, 6, ~0UL));
    CHECK_EQ(rangeset_add(&rs, ~0UL, ~0UL), 0);
    CHECK_EQ(rangeset_add(&rs, 5, 5), 0);
    CHECK_EQ(rs.nr, 1);
    CHECK_EQ(rangeset_add(&rs, 5, 4), -XEN_EINVAL);
    CHECK_EQ(rangeset_remove(&rs, 5, 4), -XEN_EINVAL);
    assert_false(rangeset_contains(&rs, 5, 4));
    rangeset_destroy(&rs);
}

TEST(rangeset_without_memory_stays_as_it_was)
{
    struct range storage[1];
    struct rangeset rs = { storage, 0, 1, NULL };

    CHECK_EQ(rangeset_add(&rs, 10, 20), 0);
    CHECK_EQ(rangeset_add(&rs, 30, 40), -XEN_ENOMEM);
    CHECK_EQ(rangeset_remove(&rs, 15, 16), -XEN_ENOMEM);
    CHECK_EQ(rs.nr, 1);
    assert_true(rangeset_contains(&rs, 10, 20));
    CHECK_EQ(rangeset_add(&rs, 21, 25), 0);
    CHECK_EQ(rangeset_remove(&rs, 10, 12), 0);
    assert_true(rangeset_contains(&rs, 13, 25));
    rangeset_destroy(&rs);

    allocs_left = 0;
    rangeset_init(&rs, &mem);
    CHECK_EQ(rangeset_add(&rs, 1, 2), -XEN_ENOMEM);
    CHECK_EQ(rs.nr, 0);
}

TESTS(RUN(range_ok_is_safe_at_the_edges), RUN(bit_arithmetic),
      RUN(list_keeps_order_through_changes), RUN(bitmap_agrees_with_a_model),
      RUN(bitmap_set_operations),
      RUN(parse_size_reads_units_and_refuses_rubbish), RUN(parse_u64_stops_where_the_number_does),
      RUN(rangeset_agrees_with_a_model), RUN(rangeset_reaches_both_ends_of_the_number_space),
      RUN(rangeset_without_memory_stays_as_it_was))
