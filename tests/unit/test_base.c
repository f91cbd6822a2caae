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

    CHECK_EQ(GENMASK(3, 0), 15);
    CHECK_EQ(GENMASK(63, 0), ~0UL);
    CHECK_EQ(GENMASK(51, 12), 0xffffffffff000);
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
    struct list_head h = LIST_HEAD_INIT(h), other = LIST_HEAD_INIT(other);
    struct item items[6], *i, *tmp;
    int sum = 0;

    assert_true(list_empty(&h));
    assert_null(list_first_entry(&h, struct item, link));
    for ( int n = 0; n < 6; n++ ) {
        items[n].value = n;
        list_add_tail(&items[n].link, n < 4 ? &h : &other);
    }
    list_splice_tail_init(&other, &h);
    assert_true(list_empty(&other));
    list_splice_tail_init(&other, &h);
    list_for_each_entry_safe ( i, tmp, &h, link )
        if ( i->value % 2 )
            list_del(&i->link);
    list_move_tail(&items[0].link, &h);
    list_for_each_entry ( i, &h, link )
        sum = sum * 10 + i->value;
    CHECK_EQ(sum, 240);
    CHECK_EQ(list_first_entry(&h, struct item, link)->value, 2);
    CHECK_EQ(list_last_entry(&h, struct item, link)->value, 0);
}

#define NR_BITS 197

static void bitmap_check(const uint64_t *map, const bool *model)
{
    size_t weight = 0, next = NR_BITS, next_zero = NR_BITS;

    for ( size_t i = NR_BITS; i--; ) {
        CHECK_EQ(bitmap_test(map, i), model[i]);
        weight += model[i];
        if ( model[i] )
            next = i;
        else
            next_zero = i;
        CHECK_EQ(bitmap_find_next(map, NR_BITS, i), next);
        CHECK_EQ(bitmap_find_next_zero(map, NR_BITS, i), next_zero);
    }
    CHECK_EQ(bitmap_weight(map, NR_BITS), weight);
    CHECK_EQ(bitmap_empty(map, NR_BITS), weight == 0);
    CHECK_EQ(bitmap_full(map, NR_BITS), weight == NR_BITS);
}

TEST(bitmap_agrees_with_a_model)
{
    BITMAP_DECLARE(map, NR_BITS) = { 0 };
    bool model[NR_BITS] = { false };
    uint64_t seed = 42;

    for ( int round = 0; round < 3000; round++ ) {
        const size_t start = next_random(&seed) % NR_BITS;
        const size_t len = next_random(&seed) % (NR_BITS - start + 1);
        const bool set = next_random(&seed) & 1;

        (set ? bitmap_set_range : bitmap_clear_range)(map, start, len);
        for ( size_t i = start; i < start + len; i++ )
            model[i] = set;
        bitmap_check(map, model);
    }
    bitmap_fill(map, NR_BITS);
    assert_true(bitmap_full(map, NR_BITS));
    CHECK_EQ(bitmap_find_first(map, 0), 0);
    bitmap_zero(map, NR_BITS);
    assert_true(bitmap_empty(map, NR_BITS));
}

TEST(bitmap_zero_run_is_the_first_aligned_one)
{
    BITMAP_DECLARE(map, 128) = { 0 };

    bitmap_set(map, 2);
    bitmap_set(map, 70);
    CHECK_EQ(bitmap_find_zero_run(map, 128, 2, 1), 0);
    CHECK_EQ(bitmap_find_zero_run(map, 128, 3, 1), 3);
    CHECK_EQ(bitmap_find_zero_run(map, 128, 3, 8), 8);
    CHECK_EQ(bitmap_find_zero_run(map, 128, 67, 1), 3);
    CHECK_EQ(bitmap_find_zero_run(map, 128, 68, 1), 128);
    CHECK_EQ(bitmap_find_zero_run(map, 128, 57, 64), 128);
    CHECK_EQ(bitmap_find_zero_run(map, 128, 129, 1), 128);
    CHECK_EQ(bitmap_find_zero_run(map, 128, ~0UL, 1), 128);
}

TEST(bitmap_set_operations_ignore_the_tail)
{
    uint64_t a[2] = { 0xf0, BIT(5) | BIT(60) }, b[2] = { 0xff, BIT(5) | BIT(50) }, r[2];

    assert_true(bitmap_subset(a, b, 70));
    assert_false(bitmap_subset(b, a, 70));
    assert_false(bitmap_equal(a, b, 70));
    assert_true(bitmap_intersects(a, b, 70));
    bitmap_and(r, a, b, 70);
    CHECK_EQ(r[0], 0xf0);
    CHECK_EQ(r[1], BIT(5));
    bitmap_andnot(r, b, a, 128);
    CHECK_EQ(r[0], 0x0f);
    CHECK_EQ(r[1], BIT(50));
    bitmap_or(r, a, b, 70);
    CHECK_EQ(r[1], BIT(5));
    bitmap_copy(r, a, 70);
    assert_true(bitmap_equal(r, a, 70));
    assert_true(bitmap_test_and_set(r, 5));
    assert_false(bitmap_test_and_set(r, 0));
    assert_true(bitmap_test_and_clear(r, 0));
    assert_false(bitmap_test_and_clear(r, 0));
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

/* Sorted, disjoint, not touching. */
static int check_order(uint64_t start, uint64_t end, void *ctx)
{
    uint64_t *last = ctx;

    assert_true(start <= end);
    assert_true(*last == ~0UL || start > *last + 1);
    *last = end;
    return 0;
}

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
        bool all = true, any = false;

        CHECK_EQ((round & 1 ? rangeset_add : rangeset_remove)(&rs, start, end), 0);
        for ( uint64_t i = start; i <= end; i++ )
            model[i] = round & 1;

        a = next_random(&seed) % SPACE;
        b = min(a + next_random(&seed) % 9, SPACE - 1UL);
        for ( uint64_t i = a; i <= b; i++ ) {
            all = all && model[i];
            any = any || model[i];
        }
        CHECK_EQ(rangeset_contains(&rs, a, b), all);
        CHECK_EQ(rangeset_overlaps(&rs, a, b), any);

        uint64_t last = ~0UL;

        CHECK_EQ(rangeset_report(&rs, check_order, &last), 0);
    }
    rangeset_destroy(&rs);
    rangeset_destroy(&rs);
    assert_true(rangeset_empty(&rs));
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
    struct rangeset rs;

    rangeset_init_fixed(&rs, storage, 1);
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
    assert_true(rangeset_empty(&rs));
}

TESTS(RUN(range_ok_is_safe_at_the_edges), RUN(bit_arithmetic),
      RUN(list_keeps_order_through_changes), RUN(bitmap_agrees_with_a_model),
      RUN(bitmap_zero_run_is_the_first_aligned_one), RUN(bitmap_set_operations_ignore_the_tail),
      RUN(parse_size_reads_units_and_refuses_rubbish), RUN(parse_u64_stops_where_the_number_does),
      RUN(rangeset_agrees_with_a_model), RUN(rangeset_reaches_both_ends_of_the_number_space),
      RUN(rangeset_without_memory_stays_as_it_was))
