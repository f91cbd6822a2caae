/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot options: each form, each mistake; a mistake changes nothing and is named. */
#include "cm.h"

#include "base/log.h"
#include "kern/cmdline.h"

static struct options defaults;
static bool have_defaults;
static char logged[4096];

static void sink(enum log_level level, const struct domain *guest, const char *text)
{
    strncat(logged, text, sizeof(logged) - strlen(logged) - 1);
}

static void parse(const char *s)
{
    if ( !have_defaults )
        defaults = opt;
    have_defaults = true;
    opt = defaults;
    logged[0] = '\0';
    log_set_sink(sink);
    cmdline_parse(s);
    cmdline_report();
}

static void expect_problem(const char *text)
{
    if ( !strstr(logged, text) )
        fail_msg("no \"%s\" in: %s", text, logged);
}

#define MIB 1048576UL

TEST(dom0_mem_takes_plain_min_max_and_negative_amounts)
{
    parse("dom0_mem=512M,min:256M,max:1G");
    CHECK_EQ(opt.dom0_mem.size, 512 * MIB);
    CHECK_EQ(opt.dom0_mem.min, 256 * MIB);
    CHECK_EQ(opt.dom0_mem.max, 1024 * MIB);
    assert_true(opt.dom0_mem.given && opt.dom0_mem.min_given && opt.dom0_mem.max_given);
    assert_false(opt.dom0_mem.minus || opt.dom0_mem.min_minus || opt.dom0_mem.max_minus);

    parse("dom0_mem=max:-128M");
    CHECK_EQ(opt.dom0_mem.max, 128 * MIB);
    assert_true(opt.dom0_mem.max_minus && opt.dom0_mem.max_given);
    assert_false(opt.dom0_mem.given);

    parse("dom0_mem=1048576");
    CHECK_EQ(opt.dom0_mem.size, 1024 * MIB);
}

TEST(bad_values_are_named_and_change_nothing)
{
    static const char *const bad[] = {
        "dom0_mem=", "dom0_mem=lots", "dom0_mem=512M,", "dom0_mem=512M;max:1G", "dom0_mem=0",
        "dom0_mem=512Mmax:1G", "dom0_mem=99999999999999999999G", "dom0_max_vcpus=0",
        "dom0_max_vcpus=4-2", "dom0_max_vcpus=2-", "dom0_max_vcpus=x", "maxcpus=-1",
        "maxcpus=4294967296", "smap=perhaps", "conring_size=0",
        "console=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };

    for ( size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ ) {
        char name[64];

        parse(bad[i]);
        memcpy(opt.raw, defaults.raw, sizeof(opt.raw));
        assert_memory_equal(&opt, &defaults, sizeof(opt));
        sprintf(name, "option %.*s: bad value", (int)strcspn(bad[i], "="), bad[i]);
        expect_problem(name);
        expect_problem(strchr(bad[i], '=') + 1);
    }
}

TEST(unknown_option_is_named_and_the_rest_is_parsed)
{
    parse("flux_capacitor=1.21 maxcpus=3");
    expect_problem("unknown option \"flux_capacitor\"");
    CHECK_EQ(opt.maxcpus, 3);
}

TEST(booleans_have_all_spellings)
{
    static const struct { const char *text; bool smap; } row[] = {
        { "smap", true }, { "smap=1", true }, { "smap=on", true }, { "smap=yes", true },
        { "smap=0", false }, { "smap=off", false }, { "smap=false", false }, { "no-smap", false },
        { "smap=no smap=true", true },
    };

    for ( size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++ ) {
        parse(row[i].text);
        CHECK_EQ(opt.smap, row[i].smap);
    }
    parse("no-dom0_mem");
    expect_problem("unknown option \"no-dom0_mem\"");
}

TEST(vcpu_ranges)
{
    parse("dom0_max_vcpus=2-8 dom0_vcpus_pin noreboot");
    CHECK_EQ(opt.dom0_max_vcpus_min, 2);
    CHECK_EQ(opt.dom0_max_vcpus, 8);
    assert_true(opt.dom0_vcpus_pin && opt.noreboot);
    parse("dom0_max_vcpus=3");
    CHECK_EQ(opt.dom0_max_vcpus_min, 3);
    CHECK_EQ(opt.dom0_max_vcpus, 3);
}

TEST(image_name_and_what_boot_loaders_add_are_no_options)
{
    const size_t before = (parse(""), strlen(logged));

    parse("/boot/xenolith.gz placeholder no-real-mode edd=off sched=credit2 iommu=off maxcpus=2");
    CHECK_EQ(opt.maxcpus, 2);
    CHECK_STR(opt.raw, "placeholder no-real-mode edd=off sched=credit2 iommu=off maxcpus=2");
    CHECK_EQ(strlen(logged) - strlen(opt.raw), before);
}

TEST(what_is_not_there_is_said)
{
    parse("sched=rtds iommu=force vga=gfx-1024x768 -- quiet");
    expect_problem("sched=rtds");
    expect_problem("iommu=force");
    expect_problem("vga=gfx-1024x768");
    expect_problem("after \"--\"");
}

TEST(conring_size_is_a_power_of_two_within_bounds)
{
    parse("conring_size=100k");
    CHECK_EQ(opt.conring_size, 65536);
    parse("conring_size=1");
    CHECK_EQ(opt.conring_size, 0x4000);
    parse("conring_size=1T");
    CHECK_EQ(opt.conring_size, 0x100000);
}

TEST(overlong_line_is_cut_and_said)
{
    static char s[5000];

    memset(s, ' ', sizeof(s) - 1);
    memcpy(s, "maxcpus=7", 9);
    memcpy(s + 3000, "maxcpus=9", 9);
    parse(s);
    CHECK_EQ(opt.maxcpus, 7);
    expect_problem("longer than");
}

TEST(endless_mistakes_do_not_overflow)
{
    char s[900] = "maxcpus=5";

    for ( unsigned int i = 0; i < 200; i++ )
        strcat(s, " x=y");
    parse(s);
    CHECK_EQ(opt.maxcpus, 5);
    expect_problem("unknown option \"x\"");
}

TESTS(RUN(bad_values_are_named_and_change_nothing),
      RUN(dom0_mem_takes_plain_min_max_and_negative_amounts),
      RUN(image_name_and_what_boot_loaders_add_are_no_options),
      RUN(what_is_not_there_is_said),
      RUN(unknown_option_is_named_and_the_rest_is_parsed),
      RUN(booleans_have_all_spellings),
      RUN(vcpu_ranges),
      RUN(conring_size_is_a_power_of_two_within_bounds),
      RUN(overlong_line_is_cut_and_said),
      RUN(endless_mistakes_do_not_overflow))
