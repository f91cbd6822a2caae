/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID policies: cutting down, extended state, and the serialised form that tools use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/bits.h"
#include "base/errno.h"
#include "cpu/cpuid.h"
#include "cpu/xstate.h"

#define NO_SUB      XEN_CPUID_NO_SUBLEAF
#define XCR0_ALL    (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512)
#define BIT32(n)    (1U << (n))

/* A processor with AVX-512: sizes and offsets as Skylake's (SDM vol 1 13.4). */
static struct cpu_policy big(void)
{
    struct cpu_policy p = { 0 };

    p.basic[0] = (struct cpuid_regs){ 0xd, 0x756e6547, 0x6c65746e, 0x49656e69 };
    p.basic[1] = (struct cpuid_regs){ 0x50654, 0x00100800, ~0U, ~0U };
    p.feat[0] = (struct cpuid_regs){ 1, ~0U, ~0U, ~0U };
    p.ext[0].a = 0x80000008;
    p.ext[1] = (struct cpuid_regs){ 0, 0, ~0U, ~0U };
    p.ext[8].a = 0x3030;
    p.xstate[1].a = 0xf;
    p.xstate[2] = (struct cpuid_regs){ 256, 576, 0, 0 };
    p.xstate[5] = (struct cpuid_regs){ 64, 1088, 0, 0 };
    p.xstate[6] = (struct cpuid_regs){ 512, 1152, 0, 0 };
    p.xstate[7] = (struct cpuid_regs){ 1024, 1664, 0, 0 };
    return p;
}

static void limiting_takes_the_intersection_of_features(void **state)
{
    struct cpu_policy p = big(), max = big();

    max.basic[1].d = 0x00000001;
    max.feat[0].b = BIT32(3) | BIT32(16);
    p.feat[0].b = BIT32(3) | BIT32(8);
    cpuid_policy_limit(&p, &max);
    assert_int_equal(p.basic[1].d, 1);
    assert_int_equal(p.feat[0].b, BIT32(3));
}

static void limiting_twice_is_limiting_once(void **state)
{
    struct cpu_policy p = big(), q;
    const struct cpu_policy max = big();

    cpuid_policy_limit(&p, &max);
    q = p;
    cpuid_policy_limit(&q, &max);
    assert_memory_equal(&p, &q, sizeof(p));
}

static void extended_state_follows_the_features(void **state)
{
    const struct { bool xsave, avx, avx512; uint64_t xcr0; uint32_t size; } rows[] = {
        { true,  true,  true,  XCR0_ALL, 2688 }, { true,  true,  false, 7,        832 },
        { true,  false, true,  3,        576 },  { false, true,  true,  0,        0 },
    };

    for ( size_t i = 0; i < ARRAY_SIZE(rows); i++ ) {
        struct cpu_policy p = big();
        const struct cpu_policy max = big();

        if ( !rows[i].xsave )
            p.basic[1].c &= ~BIT32(26);
        if ( !rows[i].avx )
            p.basic[1].c &= ~BIT32(28);
        if ( !rows[i].avx512 )
            p.feat[0].b &= ~BIT32(16);
        cpuid_policy_limit(&p, &max);
        assert_int_equal(cpuid_policy_xcr0(&p), rows[i].xcr0);
        assert_int_equal(p.xstate[0].a, rows[i].xcr0);
        assert_int_equal(p.xstate[0].c, rows[i].size);
        assert_int_equal(cpuid_has(&p, FEATURE_AVX), !!(rows[i].xcr0 & XCR0_AVX));
        assert_int_equal(cpuid_has(&p, FEATURE_AVX512F), !!(rows[i].xcr0 & XCR0_AVX512));
    }
}

/* What has to go when one feature is turned off, and something that has to stay. */
static void what_needs_a_feature_goes_with_it(void **state)
{
    enum { AVX = FEATURE_AVX, SSE2 = FEATURE_SSE2, F512 = FEATURE_AVX512F, LM = FEATURE_LM,
           XSAVE = FEATURE_XSAVE, AES = CPUID_FEATURE(1, 25), AVX2 = FEATURE_AVX2 };
    const struct { uint16_t off, gone, stays; } rows[] = {
        { CPUID_FEATURE(0, 9), FEATURE_X2APIC, SSE2 },          /* APIC */
        { CPUID_FEATURE(0, 9), CPUID_FEATURE(1, 24), SSE2 },
        { CPUID_FEATURE(0, 24), CPUID_FEATURE(1, 20), XSAVE },  /* FXSR: SSE to SSE4_2 */
        { SSE2, AES, XSAVE },           { SSE2, CPUID_FEATURE(5, 29), AVX },    /* SHA */
        { CPUID_FEATURE(1, 0), CPUID_FEATURE(1, 20), AES },     /* SSE3: SSE4_2 */
        { CPUID_FEATURE(0, 6), LM, SSE2 },                      /* PAE */
        { CPUID_FEATURE(0, 6), CPUID_FEATURE(5, 10), SSE2 },    /* by LM and PCID: INVPCID */
        { LM, CPUID_FEATURE(2, 26), CPUID_FEATURE(2, 20) },     /* PAGE1GB, not NX */
        { CPUID_FEATURE(0, 4), FEATURE_RDTSCP, LM },            /* TSC */
        { XSAVE, AVX, AES },            { XSAVE, CPUID_FEATURE(4, 1), AES },    /* XSAVEC */
        { AVX, AVX2, AES },             { AVX, CPUID_FEATURE(1, 12), AES },     /* FMA */
        { AVX, F512, CPUID_FEATURE(5, 8) },                     /* not BMI2 */
        { AVX2, F512, AVX },            { AVX2, CPUID_FEATURE(6, 1), AVX },     /* AVX512_VBMI */
        { AES, CPUID_FEATURE(6, 9), AVX2 },                     /* VAES */
        { F512, CPUID_FEATURE(5, 31), AVX2 }, { F512, CPUID_FEATURE(6, 14), AVX2 },
        { F512, CPUID_FEATURE(9, 8), AVX2 },  { F512, CPUID_FEATURE(10, 5), CPUID_FEATURE(10, 4) },
    };
    for ( size_t i = 0; i < ARRAY_SIZE(rows); i++ ) {
        struct cpu_policy max = big(), p;
        const uint32_t bit = BIT32(rows[i].off % 32);

        max.feat[1].a = ~0U;
        p = max;
        cpuid_policy_limit(&p, &max);
        assert_true(cpuid_has(&p, rows[i].off) && cpuid_has(&p, rows[i].gone));
        switch ( rows[i].off / 32 ) {
        case 0: p.basic[1].d &= ~bit; break;
        case 1: p.basic[1].c &= ~bit; break;
        case 2: p.ext[1].d &= ~bit; break;
        case 5: p.feat[0].b &= ~bit; break;
        default: fail();
        }
        cpuid_policy_limit(&p, &max);
        if ( cpuid_has(&p, rows[i].gone) || !cpuid_has(&p, rows[i].stays) )
            fail_msg("row %zu", i);
    }
}

static void control_bits_follow_the_features(void **state)
{
    struct cpu_policy p = big();
    const struct cpu_policy max = big();

    cpuid_policy_limit(&p, &max);
    assert_int_equal(cpuid_policy_cr4(&p), 0x770fff);
    p.basic[1].c &= ~BIT32(26);         /* XSAVE: OSXSAVE and, for want of PKU, PKE */
    p.feat[0].b &= ~BIT32(0);           /* FSGSBASE */
    p.basic[1].d &= ~BIT32(1);          /* VME: VME and PVI */
    cpuid_policy_limit(&p, &max);
    assert_int_equal(cpuid_policy_cr4(&p), 0x320ffc);
    memset(&p, 0, sizeof(p));
    assert_int_equal(cpuid_policy_cr4(&p), 0x100);      /* PCE */
}

static void nothing_is_beyond_the_highest_leaf_or_width(void **state)
{
    const struct cpu_policy max = big();
    struct cpu_policy p = big();

    p.basic[0].a = 6;
    p.ext[0].a = 0x80000000;
    cpuid_policy_limit(&p, &max);
    assert_int_equal(p.feat[0].b | p.feat[0].c | p.xstate[0].a | p.xstate[2].a, 0);
    assert_int_equal(p.ext[1].c | p.ext[1].d | p.ext[8].a, 0);
    assert_false(cpuid_has(&p, FEATURE_LM));
    assert_int_equal(p.ext[0].a, 0x80000000);
    p = max;
    p.feat[0].a = 0;
    p.feat[1].a = ~0U;
    p.ext[8].a = 0x3934;
    cpuid_policy_limit(&p, &max);
    assert_int_equal(p.feat[1].a, 0);
    assert_int_equal(p.ext[8].a, 0x3030);
}

/* Whatever the tools say: never more than the most, and nothing that a second look would take. */
static void no_policy_exceeds_the_most(void **state)
{
    uint32_t seed = 1;

    for ( unsigned int n = 0; n < 2000; n++ ) {
        struct cpu_policy max = big(), p, q;

        for ( size_t i = 0; i < sizeof(p) / 4; i++ ) {
            seed = seed * 1664525 + 1013904223;
            ((uint32_t *)&p)[i] = seed ^ seed >> 15;
        }
        max.basic[1].d = ~(seed >> 3);
        q = max;
        cpuid_policy_limit(&max, &q);
        if ( n % 2 ) {
            p.basic[0].a = max.basic[0].a;
            p.ext[0].a = max.ext[0].a;
        }
        cpuid_policy_limit(&p, &max);
        for ( unsigned int w = 0; w < CPUID_NR_WORDS; w++ )
            assert_int_equal(cpuid_feature_word(&p, w) & ~cpuid_feature_word(&max, w), 0);
        assert_int_equal(cpuid_policy_xcr0(&p) & ~cpuid_policy_xcr0(&max), 0);
        assert_true(p.xstate[0].c <= max.xstate[0].c);
        q = p;
        cpuid_policy_limit(&q, &max);
        assert_memory_equal(&p, &q, sizeof(p));
    }
}

static void topology_and_power_are_not_the_guests(void **state)
{
    struct cpu_policy p = big();
    const struct cpu_policy max = big();

    p.basic[5].a = p.basic[0xa].a = p.topo[0].b = p.arch_caps = p.platform_info = 1;
    p.cache[0].a = 0x1c004121;
    cpuid_policy_limit(&p, &max);
    assert_int_equal(p.basic[1].b, 0x0800);
    assert_int_equal(p.basic[5].a | p.basic[0xa].a | p.topo[0].b, 0);
    assert_int_equal(p.arch_caps | p.platform_info, 0);
    assert_int_equal(p.cache[0].a, 0x0121);
}

static void amd_repeats_common_bits_but_words_do_not(void **state)
{
    struct cpu_policy p = big();
    const struct cpu_policy max = big();

    p.basic[0].b = 0x68747541;
    p.basic[1].d = 0x178bfbff;
    cpuid_policy_limit(&p, &max);
    assert_int_equal(p.ext[1].d & 0x0183f3ff, p.basic[1].d & 0x0183f3ff);
    assert_int_equal(cpuid_feature_word(&p, 2) & 0x0183f3ff, 0);
}

static void serialised_form_round_trips(void **state)
{
    struct cpu_policy p, q = { 0 };
    struct xen_cpuid_leaf l, last = { 0 };
    unsigned int n = 0;

    memset(&p, 0, sizeof(p));
    for ( size_t i = 0; i < sizeof(p) / 4; i++ )
        ((uint32_t *)&p)[i] = i * 2654435761U;
    for ( ; cpuid_serialise(&p, n, &l); n++ ) {
        if ( n )
            assert_true(l.leaf > last.leaf || (l.leaf == last.leaf && l.subleaf > last.subleaf));
        assert_int_equal(cpuid_deserialise(&q, &l), 0);
        last = l;
    }
    /* Four of the basic leaves live in their subleaf arrays. */
    assert_int_equal(n, CPUID_MAX_LEAVES - 4);
    memset(&p.basic[4], 0, sizeof(p.basic[4]));
    memset(&p.basic[7], 0, sizeof(p.basic[7]));
    memset(&p.basic[0xb], 0, sizeof(p.basic[0xb]));
    memset(&p.basic[0xd], 0, sizeof(p.basic[0xd]));
    q.platform_info = p.platform_info;
    q.arch_caps = p.arch_caps;
    assert_memory_equal(&p, &q, sizeof(p));
}

static void entries_that_fit_nowhere_are_refused(void **state)
{
    const struct { uint32_t leaf, sub; int rc; } rows[] = {
        { 0, NO_SUB, 0 },           { 0, 0, -XEN_EINVAL },
        { 4, 0, 0 },                { 4, NO_SUB, -XEN_EINVAL },
        { 4, CPUID_NR_CACHE - 1, 0 }, { 4, CPUID_NR_CACHE, -XEN_EINVAL },
        { 7, CPUID_NR_FEAT - 1, 0 }, { 7, CPUID_NR_FEAT, -XEN_EINVAL },
        { 0xb, 1, 0 },              { 0xb, 2, -XEN_EINVAL },
        { 0xd, 62, 0 },             { 0xd, 63, -XEN_EINVAL },
        { 0xe, NO_SUB, -XEN_EINVAL },
        { 0x80000021, NO_SUB, 0 },  { 0x80000022, NO_SUB, -XEN_EINVAL },
        { 0x7fffffff, NO_SUB, -XEN_EINVAL },
        { ~0U, NO_SUB, -XEN_EINVAL },
        { 0x40000000, NO_SUB, 0 },  { 0x40000100, 7, 0 },
    };

    for ( size_t i = 0; i < ARRAY_SIZE(rows); i++ ) {
        const struct xen_cpuid_leaf l = { rows[i].leaf, rows[i].sub, 1, 2, 3, 4 };
        struct cpu_policy p = { 0 };

        assert_int_equal(cpuid_deserialise(&p, &l), rows[i].rc);
    }
}

static void leaves_beyond_the_maximum_read_as_zero(void **state)
{
    struct cpu_policy p = big();

    p.basic[0].a = 5;
    assert_int_equal(cpuid_policy_get(&p, 7, 0).b, 0);
    assert_int_equal(cpuid_policy_get(&p, 1, 99).c, ~0U);
    assert_int_equal(cpuid_policy_get(&p, 0x80000009, 0).a, 0);
    assert_int_equal(cpuid_policy_get(&p, 0xffffffff, 0xffffffff).a, 0);
}

static void too_many_leaves_are_named(void **state)
{
    const struct cpu_policy max = big();
    struct cpu_policy p = big();
    uint32_t leaf, sub;

    assert_true(cpuid_policy_fits(&p, &max, &leaf, &sub));
    assert_int_equal(leaf, NO_SUB);
    p.feat[0].a = 2;
    assert_false(cpuid_policy_fits(&p, &max, &leaf, &sub));
    assert_int_equal(leaf, 7);
    assert_int_equal(sub, 0);
    p.ext[0].a = 0x80000009;
    assert_false(cpuid_policy_fits(&p, &max, &leaf, &sub));
    assert_int_equal(leaf, 0x80000000);
    p.basic[0].a = 0xe;
    assert_false(cpuid_policy_fits(&p, &max, &leaf, &sub));
    assert_int_equal(leaf, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limiting_takes_the_intersection_of_features),
        cmocka_unit_test(limiting_twice_is_limiting_once),
        cmocka_unit_test(extended_state_follows_the_features),
        cmocka_unit_test(what_needs_a_feature_goes_with_it),
        cmocka_unit_test(control_bits_follow_the_features),
        cmocka_unit_test(nothing_is_beyond_the_highest_leaf_or_width),
        cmocka_unit_test(no_policy_exceeds_the_most),
        cmocka_unit_test(topology_and_power_are_not_the_guests),
        cmocka_unit_test(amd_repeats_common_bits_but_words_do_not),
        cmocka_unit_test(serialised_form_round_trips),
        cmocka_unit_test(entries_that_fit_nowhere_are_refused),
        cmocka_unit_test(leaves_beyond_the_maximum_read_as_zero),
        cmocka_unit_test(too_many_leaves_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
