/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmocka with what it needs before it, and short names.  Include this first in a test:
 *
 *   TEST(range_ok_knows_the_top) { CHECK_EQ(range_ok(~0UL, 1, ~0UL), false); }
 *   TESTS(RUN(range_ok_knows_the_top))
 */
#ifndef UNIT_CM_H
#define UNIT_CM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEST(name)      static void name(void **state_)
#define RUN(name)       cmocka_unit_test(name)
#define TESTS(...) \
    int main(void) \
    { \
        const struct CMUnitTest tests[] = { __VA_ARGS__ }; \
        return cmocka_run_group_tests(tests, NULL, NULL); \
    }

#define CHECK_EQ(a, b)  assert_int_equal(a, b)
#define CHECK_STR(a, b) assert_string_equal(a, b)

/* A small generator of numbers that are the same in each run (xorshift64). */
static inline uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

#endif
