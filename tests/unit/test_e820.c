/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of boot/e820. */
#include "cm.h"

#include "base/bits.h"
#include "base/errno.h"
#include "boot/e820.h"

#define RAM  XEN_E820_RAM
#define RES  XEN_E820_RESERVED
#define ACPI XEN_E820_ACPI
#define NVS  XEN_E820_NVS
#define BAD  XEN_E820_UNUSABLE
#define P    PAGE_SIZE

static void check_map(const struct e820_map *m, const struct xen_e820_entry *want, size_t nr)
{
    CHECK_EQ(m->nr, nr);
    for ( size_t i = 0; i < nr; i++ ) {
        CHECK_EQ(m->e[i].addr, want[i].addr);
        CHECK_EQ(m->e[i].size, want[i].size);
        CHECK_EQ(m->e[i].type, want[i].type);
    }
}

TEST(sanitise_sorts_merges_and_lets_the_stricter_type_win)
{
    struct e820_map in = { 0 }, out;
    static const struct xen_e820_entry want[] = {
        { 0, 8 * P, RAM }, { 8 * P, P, ACPI }, { 9 * P, P, NVS }, { 10 * P, 2 * P, RES },
        { 12 * P, P, BAD }, { 13 * P, 7 * P, RAM },
    };

    CHECK_EQ(e820_add(&in, 10 * P, 10 * P, RAM), 0);
    CHECK_EQ(e820_add(&in, 0, 10 * P, RAM), 0);
    CHECK_EQ(e820_add(&in, 10 * P, 3 * P, RES), 0);
    CHECK_EQ(e820_add(&in, 12 * P, P, BAD), 0);
    CHECK_EQ(e820_add(&in, 8 * P, 2 * P, ACPI), 0);
    CHECK_EQ(e820_add(&in, 9 * P, 2 * P, NVS), 0);
    CHECK_EQ(e820_add(&in, 5 * P, 0, BAD), 0);
    CHECK_EQ(e820_sanitise(&in, &out), 0);
    check_map(&out, want, ARRAY_SIZE(want));
}

TEST(sanitise_cuts_ram_to_pages_and_keeps_other_bytes)
{
    struct e820_map in = { 0 }, out;
    static const struct xen_e820_entry want[] = {
        { 0, 0x9f000, RAM }, { 0x9fc00, 0x400, RES }, { 0x100000, 0x1000, RAM },
    };

    CHECK_EQ(e820_add(&in, 0, 0x9fc00, RAM), 0);
    CHECK_EQ(e820_add(&in, 0x9fc00, 0x400, RES), 0);
    CHECK_EQ(e820_add(&in, 0xff801, 0x2000, RAM), 0);
    CHECK_EQ(e820_add(&in, 0x300001, 0xffe, RAM), 0);
    CHECK_EQ(e820_sanitise(&in, &out), 0);
    check_map(&out, want, ARRAY_SIZE(want));
}

TEST(ranges_past_the_top_are_cut_and_type_0_is_reserved)
{
    struct e820_map in = { 0 }, out;

    CHECK_EQ(e820_add(&in, ~0UL - 0xfff, ~0UL, 0), 0);
    CHECK_EQ(e820_add(&in, P, ~0UL, 77), 0);
    CHECK_EQ(e820_sanitise(&in, &out), 0);
    CHECK_EQ(out.nr, 2);        /* equal rank: the first one given stays where both are */
    CHECK_EQ(out.e[0].addr, P);
    CHECK_EQ(out.e[0].type, 77);
    CHECK_EQ(out.e[1].addr, ~0UL - 0xfff);
    CHECK_EQ(out.e[1].size, 0xfff);
    CHECK_EQ(out.e[1].type, RES);
}

TEST(a_full_map_says_so)
{
    struct e820_map in = { 0 }, out;

    for ( uint64_t i = 0; i < E820_MAX; i++ )
        CHECK_EQ(e820_add(&in, i * 2 * P, P, RES), 0);
    CHECK_EQ(e820_add(&in, 0, P, RAM), -XEN_ENOSPC);
    CHECK_EQ(e820_sanitise(&in, &out), 0);
    CHECK_EQ(out.nr, E820_MAX);
    in.e[0] = (struct xen_e820_entry){ 0, E820_MAX * 2 * P, NVS };
    CHECK_EQ(e820_sanitise(&in, &out), -XEN_ENOSPC);
    CHECK_EQ(out.nr, E820_MAX);
}

static unsigned int rank(uint32_t type)
{
    return type == RAM ? 1 : type == ACPI ? 2 : type == NVS ? 3 : type == RES ? 4 : 5;
}

TEST(sanitise_agrees_with_a_model_page_by_page)
{
    enum { PAGES = 64 };
    static const uint32_t types[] = { RAM, RES, ACPI, NVS, BAD };
    uint64_t seed = 3;

    for ( int round = 0; round < 2000; round++ ) {
        struct e820_map in = { 0 }, out;
        uint32_t model[PAGES] = { 0 };

        for ( int i = next_random(&seed) % 14; i >= 0; i-- ) {
            const uint64_t start = next_random(&seed) % PAGES;
            const uint64_t len = next_random(&seed) % (PAGES - start + 1);
            const uint32_t type = types[next_random(&seed) % 5];

            CHECK_EQ(e820_add(&in, start * P, len * P, type), 0);
            for ( uint64_t p = start; p < start + len; p++ )
                if ( !model[p] || rank(type) > rank(model[p]) )
                    model[p] = type;
        }
        CHECK_EQ(e820_sanitise(&in, &out), 0);
        for ( uint32_t i = 0; i < out.nr; i++ ) {
            const uint64_t start = out.e[i].addr / P, end = start + out.e[i].size / P;

            assert_true(end > start);
            assert_true(!i || out.e[i - 1].addr + out.e[i - 1].size <= out.e[i].addr);
            for ( uint64_t p = start; p < end; p++ ) {
                CHECK_EQ(model[p], out.e[i].type);
                model[p] = 0;
            }
        }
        for ( int p = 0; p < PAGES; p++ )
            CHECK_EQ(model[p], 0);
    }
}

static void two_banks(struct e820_map *m)
{
    m->nr = 0;
    CHECK_EQ(e820_add(m, 0, 16 * P, RAM), 0);
    CHECK_EQ(e820_add(m, 16 * P, 16 * P, RES), 0);
    CHECK_EQ(e820_add(m, 32 * P, 32 * P, RAM), 0);
}

TEST(questions_about_ram)
{
    struct e820_map m;

    two_banks(&m);
    CHECK_EQ(e820_ram_bytes(&m), 48 * P);
    m.nr = 0;
    CHECK_EQ(e820_ram_bytes(&m), 0);
}

TEST(find_takes_the_highest_place_that_is_free)
{
    struct e820_map m;
    uint64_t at;

    two_banks(&m);
    CHECK_EQ(e820_find(&m, P, P, 0, ~0UL, &at), 0);
    CHECK_EQ(at, 63 * P);
    CHECK_EQ(e820_find(&m, 11 * P, P, 0, ~0UL, &at), 0);
    CHECK_EQ(at, 53 * P);
    CHECK_EQ(e820_find(&m, 8 * P, 8 * P, 0, 63 * P, &at), 0);
    CHECK_EQ(at, 48 * P);
    CHECK_EQ(e820_find(&m, P, P, 0, 32 * P, &at), 0);
    CHECK_EQ(at, 15 * P);
    CHECK_EQ(e820_find(&m, P, P, 16 * P, 32 * P, &at), -XEN_ENOENT);
    CHECK_EQ(e820_find(&m, 33 * P, P, 0, ~0UL, &at), -XEN_ENOENT);
    CHECK_EQ(e820_find(&m, ~0UL, P, 0, ~0UL, &at), -XEN_ENOENT);
    CHECK_EQ(e820_find(&m, 0, P, 0, ~0UL, &at), -XEN_ENOENT);
}

TESTS(RUN(sanitise_sorts_merges_and_lets_the_stricter_type_win),
      RUN(sanitise_cuts_ram_to_pages_and_keeps_other_bytes),
      RUN(ranges_past_the_top_are_cut_and_type_0_is_reserved), RUN(a_full_map_says_so),
      RUN(sanitise_agrees_with_a_model_page_by_page), RUN(questions_about_ram),
      RUN(find_takes_the_highest_place_that_is_free))
