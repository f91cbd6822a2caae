/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of base/fmt: the C library's printf is the oracle where it has the feature. */
#include "cm.h"

#undef snprintf
#undef vsnprintf
int snprintf(char *buf, size_t size, const char *fmt, ...);
static int (*const libc_snprintf)(char *, size_t, const char *, ...) = snprintf;
#define vsnprintf hyp_vsnprintf
#include "base/bits.h"
#include "base/fmt.h"

static int ours(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    const int n = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return n;
}
#define snprintf ours

#pragma GCC diagnostic ignored "-Wformat"

#define SAME(...) do { \
    char got_[200], want_[200]; \
    const int n_ = snprintf(got_, sizeof(got_), __VA_ARGS__); \
    CHECK_EQ(n_, libc_snprintf(want_, sizeof(want_), __VA_ARGS__)); \
    CHECK_STR(got_, want_); \
} while ( 0 )

TEST(integers_print_as_the_c_library_does)
{
    static const char *const flags[] = { "", "-", "0", "#", "-#", "0#", "-0" };
    static const char *const sizes[] = { "", "1", "8", "20", ".0", ".1", ".5", "10.4", "3.12" };
    static const long values[] = { 0, 1, -1, 9, 10, 255, -256, 0x7fffffff, -0x80000000L,
                                   0x7fffffffffffffffL, -0x7fffffffffffffffL - 1 };
    static const char *const kinds[] = { "d", "u", "x", "ld", "lu", "llx", "zu" };
    char fmt[32];

    for ( size_t f = 0; f < ARRAY_SIZE(flags); f++ )
        for ( size_t s = 0; s < ARRAY_SIZE(sizes); s++ )
            for ( size_t k = 0; k < ARRAY_SIZE(kinds); k++ )
                for ( size_t v = 0; v < ARRAY_SIZE(values); v++ ) {
                    libc_snprintf(fmt, sizeof(fmt), "<%%%s%s%s>", flags[f], sizes[s], kinds[k]);
                    SAME(fmt, values[v]);
                }
}

TEST(text_and_characters)
{
    SAME("plain 100%% %s", "x");
    SAME("[%s][%5s][%-5s][%.2s][%5.1s]", "abc", "ab", "ab", "abc", "xyz");
    SAME("[%c][%3c][%-3c]", 'a', 'b', 'c');
    SAME("[%.*s][%.*s][%.*d]", 2, "abc", -1, "abc", 4, 7);
    SAME("%s", "");
}

TEST(pointers_have_sixteen_digits)
{
    const char *volatile nothing = NULL;
    char buf[40];

    snprintf(buf, sizeof(buf), "%p", (void *)0xffff830000001000);
    CHECK_STR(buf, "ffff830000001000");
    snprintf(buf, sizeof(buf), "%p", NULL);
    CHECK_STR(buf, "0000000000000000");
    snprintf(buf, sizeof(buf), "%s", nothing);
    CHECK_STR(buf, "(null)");
}

TEST(output_is_cut_and_ended_and_length_is_whole)
{
    char buf[5] = "zzzz";

    CHECK_EQ(snprintf(buf, sizeof(buf), "%d", 1234567), 7);
    CHECK_STR(buf, "1234");
    CHECK_EQ(snprintf(buf, 1, "abc"), 3);
    CHECK_STR(buf, "");
    CHECK_EQ(snprintf(NULL, 0, "%s", "abc"), 3);
    CHECK_EQ(scnprintf(buf, sizeof(buf), "abcdef"), 4);
    CHECK_EQ(scnprintf(buf, sizeof(buf), "ab"), 2);
    CHECK_EQ(scnprintf(buf, 0, "ab"), 0);
}

TEST(unknown_conversions_stay_visible)
{
    char buf[40];

    snprintf(buf, sizeof(buf), "%y and %d", 5);
    CHECK_STR(buf, "%y and 5");
    snprintf(buf, sizeof(buf), "end %");
    CHECK_STR(buf, "end ");
}

static uint32_t id_of(const struct domain *d)
{
    return *(const uint32_t *)d;
}

static void ids_of(const struct vcpu *v, uint32_t *domid, uint32_t *vcpu)
{
    *domid = ((const uint32_t *)v)[0];
    *vcpu = ((const uint32_t *)v)[1];
}

TEST(domains_and_vcpus_have_names)
{
    static const struct fmt_ids ids = { id_of, ids_of };
    uint32_t object[2] = { 32752, 17 };
    char buf[80];

    fmt_set_ids(NULL);
    snprintf(buf, sizeof(buf), "%pd", object);
    CHECK_STR(buf, "d?");
    fmt_set_ids(&ids);
    snprintf(buf, sizeof(buf), "%pd|%pv|%8pd|%-10pv|%pd|%u", object, object, object, object,
             NULL, 3);
    CHECK_STR(buf, "d32752|d32752v17|  d32752|d32752v17 |d-|3");
}

TESTS(RUN(integers_print_as_the_c_library_does), RUN(text_and_characters),
      RUN(pointers_have_sixteen_digits), RUN(output_is_cut_and_ended_and_length_is_whole),
      RUN(unknown_conversions_stay_visible), RUN(domains_and_vcpus_have_names))
