/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of base/string, against the C library at many lengths and offsets. */
#include "cm.h"

static void *(*const libc_memmove)(void *, const void *, size_t) = memmove;
static int (*const libc_memcmp)(const void *, const void *, size_t) = memcmp;

#include "fake/string_names.h"
#include "base/string.h"

#define BYTES 200

static void fill(unsigned char *p, unsigned int seed)
{
    for ( unsigned int i = 0; i < BYTES; i++ )
        p[i] = i * 7 + seed;
}

TEST(memcpy_copies_just_its_range)
{
    unsigned char src[BYTES], got[BYTES], want[BYTES];

    for ( size_t off = 0; off < 9; off++ )
        for ( size_t n = 0; n < 100; n++ ) {
            fill(src, 1);
            fill(got, 99);
            fill(want, 99);
            assert_ptr_equal(memcpy(got + off, src + 3, n), got + off);
            libc_memmove(want + off, src + 3, n);
            CHECK_EQ(libc_memcmp(got, want, BYTES), 0);
        }
}

TEST(memmove_copes_with_overlap_both_ways)
{
    unsigned char got[BYTES], want[BYTES];

    for ( size_t from = 0; from < 20; from++ )
        for ( size_t to = 0; to < 20; to++ )
            for ( size_t n = 0; n < 90; n += 3 ) {
                fill(got, 5);
                fill(want, 5);
                memmove(got + to, got + from, n);
                libc_memmove(want + to, want + from, n);
                CHECK_EQ(libc_memcmp(got, want, BYTES), 0);
            }
}

TEST(memset_fills_just_its_range)
{
    unsigned char got[BYTES];

    for ( size_t off = 0; off < 9; off++ )
        for ( size_t n = 0; n < 100; n++ ) {
            fill(got, 0);
            memset(got + off, 0x1a5, n);
            for ( size_t i = 0; i < BYTES; i++ )
                CHECK_EQ(got[i], i >= off && i < off + n ? 0xa5 : (unsigned char)(i * 7));
        }
}

TEST(comparisons_are_by_unsigned_bytes)
{
    assert_true(memcmp("a\x80", "a\x01", 2) > 0);
    CHECK_EQ(memcmp("ab", "ac", 1), 0);
    assert_true(strcmp("\xff", "a") > 0);
    assert_true(strcmp("ab", "abc") < 0);
    CHECK_EQ(strcmp("", ""), 0);
    CHECK_EQ(strncmp("abc", "abd", 2), 0);
    assert_true(strncmp("abc", "abd", 3) < 0);
    CHECK_EQ(strncmp("a", "b", 0), 0);
    CHECK_EQ(strncmp("ab\0x", "ab\0y", 4), 0);
}

TEST(searches_find_the_first_or_the_end)
{
    const char *s = "hello";

    assert_ptr_equal(strchr(s, 'l'), s + 2);
    assert_ptr_equal(strchr(s, 0), s + 5);
    assert_null(strchr(s, 'x'));
    CHECK_EQ(strlen(s), 5);
    CHECK_EQ(strnlen(s, 3), 3);
    CHECK_EQ(strnlen(s, 9), 5);
}

TEST(strlcpy_always_ends_the_text)
{
    char buf[4] = "zzz";

    CHECK_EQ(strlcpy(buf, "abcdef", sizeof(buf)), 6);
    CHECK_STR(buf, "abc");
    CHECK_EQ(strlcpy(buf, "x", sizeof(buf)), 1);
    CHECK_STR(buf, "x");
    CHECK_EQ(strlcpy(buf, "abc", 0), 3);
    CHECK_STR(buf, "x");
}

TESTS(RUN(memcpy_copies_just_its_range), RUN(memmove_copes_with_overlap_both_ways),
      RUN(memset_fills_just_its_range), RUN(comparisons_are_by_unsigned_bytes),
      RUN(searches_find_the_first_or_the_end), RUN(strlcpy_always_ends_the_text))
