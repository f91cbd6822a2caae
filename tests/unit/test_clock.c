/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System time's arithmetic: the scale, its inverse, and dates.  The source is included for its statics. */
#include "cm.h"
#include <time.h>

#include "kern/clock.c"

struct acpi_info acpi;
void *ioremap(paddr_t pa, size_t size) { return NULL; }

static const uint64_t frequencies[] = {
    1000000, 100000000, 999999000, 1000000000, 1000001000, 1999999000, 2000000000, 2000001000,
    2445424000, 3599998000, 5800000000,
};

static void use(uint64_t hz)
{
    scale = (struct clock_scale){ .tsc_base = 123456789 };
    tsc_khz = hz / 1000;
    set_scale(hz);
}

TEST(scale_is_as_the_abi_wants_it)
{
    for ( size_t i = 0; i < ARRAY_SIZE(frequencies); i++ ) {
        use(frequencies[i]);
        assert_true(scale.mul >= 1U << 31);
    }
    use(1000000000);
    CHECK_EQ(clock_tsc_to_ns(scale.tsc_base + 77), 77);
}

TEST(ten_years_are_exact_to_a_part_in_a_thousand_million)
{
    for ( size_t i = 0; i < ARRAY_SIZE(frequencies); i++ ) {
        static const uint64_t seconds[] = { 1, 60, 86400, 315360000 };

        use(frequencies[i]);
        for ( size_t j = 0; j < ARRAY_SIZE(seconds); j++ ) {
            const uint64_t ns = clock_tsc_to_ns(scale.tsc_base + seconds[j] * frequencies[i]);
            const uint64_t want = seconds[j] * NSEC_PER_SEC;

            assert_in_range(ns, want - seconds[j] - 2, want + 1);
        }
    }
}

TEST(tsc_before_the_base_is_the_base)
{
    use(2000000000);
    CHECK_EQ(clock_tsc_to_ns(scale.tsc_base - 5), 0);
    CHECK_EQ(clock_ns_to_tsc(0), scale.tsc_base);
}

/* A deadline timer set from this value must find its time reached when it fires. */
TEST(inverse_is_never_early_and_hardly_late)
{
    uint64_t seed = 42;

    for ( size_t i = 0; i < ARRAY_SIZE(frequencies); i++ ) {
        use(frequencies[i]);
        for ( unsigned int n = 0; n < 10000; n++ ) {
            const uint64_t ns = next_random(&seed) >> (next_random(&seed) % 50 + 7);
            const uint64_t back = clock_tsc_to_ns(clock_ns_to_tsc(ns));
            const uint64_t tick = NSEC_PER_SEC / frequencies[i] + 1;

            assert_true(back >= ns);
            assert_true(back - ns <= 3 * tick + 1);
        }
    }
}

TEST(dates_agree_with_the_c_library)
{
    for ( unsigned int y = 2000; y < 2100; y++ ) {
        for ( unsigned int m = 1; m <= 12; m++ ) {
            for ( unsigned int d = 1; d <= 28; d += 9 ) {
                struct tm tm = { .tm_year = y - 1900, .tm_mon = m - 1, .tm_mday = d };

                CHECK_EQ(days_from_date(y, m, d), timegm(&tm) / 86400);
            }
        }
    }
    CHECK_EQ(days_from_date(1970, 1, 1), 0);
    CHECK_EQ(days_from_date(2024, 2, 29) + 1, days_from_date(2024, 3, 1));
}

TEST(common_maximum_keeps_time_from_going_back)
{
    use(2000000000);
    tsc_differs = true;
    last_ns = ~0ULL >> 1;
    CHECK_EQ(clock_now_ns(), ~0ULL >> 1);
    last_ns = 0;
    const uint64_t a = clock_now_ns();
    assert_true(a > 0 && clock_now_ns() >= a);
    tsc_differs = false;
}

TEST(wall_clock_is_an_offset)
{
    uint64_t sec;
    uint32_t nsec;

    clock_set_wall(1000, 5, 3000000006ULL);
    clock_wall_base(&sec, &nsec);
    CHECK_EQ(sec, 996);
    CHECK_EQ(nsec, 999999999);
}

TESTS(RUN(scale_is_as_the_abi_wants_it), RUN(ten_years_are_exact_to_a_part_in_a_thousand_million),
      RUN(tsc_before_the_base_is_the_base), RUN(inverse_is_never_early_and_hardly_late),
      RUN(dates_agree_with_the_c_library), RUN(common_maximum_keeps_time_from_going_back),
      RUN(wall_clock_is_an_offset))
