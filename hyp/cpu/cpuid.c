/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID policies: see the header.  Leaf layouts: SDM vol 2A CPUID; APM vol 3 appendix E. */
#include "cpu/cpuid.h"

#include "base/string.h"
#include "cpu/regs.h"
#include "cpu/xstate.h"

#define EXT             0x80000000U
#define LEAF_CACHE      4
#define LEAF_FEAT       7
#define LEAF_TOPO       0xb
#define LEAF_XSTATE     0xd
#define COMMON_D        0x0183f3ffU     /* bits of 1.EDX that AMD repeats in 0x80000001.EDX */

struct cpu_policy cpuid_host ro_after_init;
struct cpu_policy cpuid_pv_max ro_after_init;
struct cpu_policy cpuid_pv_default ro_after_init;
struct cpu_policy cpuid_hvm_max ro_after_init;
struct cpu_policy cpuid_hvm_default ro_after_init;

#define REG(array, i, r)    offsetof(struct cpu_policy, array[i].r)

/*
 * Each feature word's place, and what a PV guest may have of it (@max) or has unless its
 * configuration asks for more (@dflt).  Left out on purpose, though the processor would
 * execute them: what needs ring 0 or paging of the guest's own (VME, PSE, PGE, MTRR, PCID,
 * SMEP, SMAP, UMIP, INVPCID, PKU, VMX, SVM ...); SYSENTER, which has no entry here; RDPID,
 * for TSC_AUX isn't switched; all that is steered by SPEC_CTRL, PRED_CMD and ARCH_CAPS, which
 * are the hypervisor's; and thread topology, which a PV guest's vCPUs don't have.  A hardware
 * guest has @hvm besides: ring 0 and paging are its own.
 */
static const struct { uint16_t offset; uint32_t max, dflt, hvm; } words[CPUID_NR_WORDS] = {
    [0]  = { REG(basic, 1, d),     0x0fc9c3f5, 0x0fc9c3f5, 0x1002380a },
    [1]  = { REG(basic, 1, c),     0xf6d83203, 0xf6d83203, 0x01220000 },
    [2]  = { REG(ext, 1, d),       0xea500800, 0xea500800, 0x04000000 },
    [3]  = { REG(ext, 1, c),       0x042109e1, 0x042109e1, 0x00000010 },
    [4]  = { REG(xstate, 1, a),    0x00000007, 0x00000007 },
    [5]  = { REG(feat, 0, b),      0xfdaf0b39, 0xfdaf0b29, 0x00100482 },
    [6]  = { REG(feat, 0, c),      0x1a005f43, 0x02005f43, 0x00000004 },
    [7]  = { REG(ext, 7, d),       0x00000100, 0x00000000 },
    [8]  = { REG(ext, 8, b),       0x24000005, 0x24000005 },
    [9]  = { REG(feat, 0, d),      0x0001451c, 0x0000441c },
    [10] = { REG(feat, 1, a),      0x00001c30, 0x00001c30 },
    [11] = { REG(ext, 0x21, a),    0x60000064, 0x60000064 },
    [12] = { REG(feat, 1, b),      0x00000000, 0x00000000 },
    [13] = { REG(feat, 2, d),      0x00000020, 0x00000020 },
    [14] = { REG(feat, 1, c),      0x00000000, 0x00000000 },
    [15] = { REG(feat, 1, d),      0x00000000, 0x00000000 },
    [16] = { offsetof(struct cpu_policy, arch_caps),     0, 0 },
    [17] = { offsetof(struct cpu_policy, arch_caps) + 4, 0, 0 },
    [18] = { REG(ext, 0x21, c),    0x00000006, 0x00000006 },
};

static uint32_t *word_of(struct cpu_policy *p, unsigned int word)
{
    return (uint32_t *)((uint8_t *)p + words[word].offset);
}

uint32_t cpuid_feature_word(const struct cpu_policy *p, unsigned int word)
{
    const uint32_t v = *word_of((struct cpu_policy *)p, word);

    return word == 2 ? v & ~COMMON_D : v;
}

static bool is_amd(const struct cpu_policy *p)
{
    return p->basic[0].b == 0x68747541 || p->basic[0].b == 0x6f677948;  /* "Auth", "Hygo" */
}

/* Where a leaf lives; NULL if a policy has none such. */
static struct cpuid_regs *slot(struct cpu_policy *p, uint32_t leaf, uint32_t sub)
{
    switch ( leaf ) {
    case LEAF_CACHE:    return sub < CPUID_NR_CACHE  ? &p->cache[sub]  : NULL;
    case LEAF_FEAT:     return sub < CPUID_NR_FEAT   ? &p->feat[sub]   : NULL;
    case LEAF_TOPO:     return sub < CPUID_NR_TOPO   ? &p->topo[sub]   : NULL;
    case LEAF_XSTATE:   return sub < CPUID_NR_XSTATE ? &p->xstate[sub] : NULL;
    }
    if ( leaf < CPUID_NR_BASIC )
        return &p->basic[leaf];
    return leaf - EXT < CPUID_NR_EXT ? &p->ext[leaf - EXT] : NULL;
}

static bool has_subleaves(uint32_t leaf)
{
    return leaf == LEAF_CACHE || leaf == LEAF_FEAT || leaf == LEAF_TOPO || leaf == LEAF_XSTATE;
}

struct cpuid_regs cpuid_policy_get(const struct cpu_policy *p, uint32_t leaf, uint32_t sub)
{
    const struct cpuid_regs *const r = slot((struct cpu_policy *)p, leaf, sub);

    return r && leaf <= (leaf < EXT ? p->basic[0].a : p->ext[0].a) ? *r : (struct cpuid_regs){ 0 };
}

uint64_t cpuid_policy_xcr0(const struct cpu_policy *p)
{
    return (cpuid_has(p, FEATURE_XSAVE) ? XCR0_X87 | XCR0_SSE : 0) |
           (cpuid_has(p, FEATURE_AVX) ? XCR0_AVX : 0) | (cpuid_has(p, FEATURE_AVX512F) ? XCR0_AVX512 : 0);
}

uint64_t cpuid_policy_cr4(const struct cpu_policy *p)
{
    static const struct { uint32_t bits; uint16_t feature; } bits[] = {
        { CR4_VME | CR4_PVI, CPUID_FEATURE(0, 1) }, { CR4_TSD, CPUID_FEATURE(0, 4) },
        { CR4_DE, CPUID_FEATURE(0, 2) },            { CR4_PSE, CPUID_FEATURE(0, 3) },
        { CR4_PAE, CPUID_FEATURE(0, 6) },           { CR4_MCE, CPUID_FEATURE(0, 7) },
        { CR4_PGE, CPUID_FEATURE(0, 13) },          { CR4_OSFXSR, CPUID_FEATURE(0, 24) },
        { CR4_OSXMMEXCPT, CPUID_FEATURE(0, 25) },   { CR4_UMIP, CPUID_FEATURE(6, 2) },
        { CR4_FSGSBASE, CPUID_FEATURE(5, 0) },      { CR4_PCIDE, CPUID_FEATURE(1, 17) },
        { CR4_OSXSAVE, FEATURE_XSAVE },             { CR4_SMEP, CPUID_FEATURE(5, 7) },
        { CR4_SMAP, CPUID_FEATURE(5, 20) },         { CR4_PKE, CPUID_FEATURE(6, 3) },
    };
    uint64_t cr4 = CR4_PCE;

    for ( size_t i = 0; i < ARRAY_SIZE(bits); i++ )
        cr4 |= cpuid_has(p, bits[i].feature) ? bits[i].bits : 0;
    return cr4;
}

/* Leaf 0xd from the component sizes and offsets, for the states that @p's features have only. */
static void limit_xstate(struct cpu_policy *p, const struct cpu_policy *max)
{
    const uint64_t xcr0 = cpuid_policy_xcr0(p);
    const uint32_t features = p->xstate[1].a;
    uint32_t end = 512 + 64;            /* legacy area and header */

    memset(p->xstate, 0, sizeof(p->xstate));
    if ( !xcr0 )
        return;
    for ( unsigned int i = 2; i < CPUID_NR_XSTATE; i++ ) {
        if ( !(xcr0 & BIT(i)) )
            continue;
        p->xstate[i] = max->xstate[i];
        end = max(end, p->xstate[i].a + p->xstate[i].b);
    }
    p->xstate[0] = (struct cpuid_regs){ .a = (uint32_t)xcr0, .c = end, .d = xcr0 >> 32 };
    p->xstate[1].a = features;
}

/* What has no meaning for a vCPU: threads and cores behind caches, power, counters, MWAIT. */
static void clear_unused(struct cpu_policy *p)
{
    static const uint8_t basic[] = { 3, 5, 6, 8, 9, 0xa, 0xc };
    static const uint8_t ext[] = { 0xa, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20 };

    for ( size_t i = 0; i < ARRAY_SIZE(basic); i++ )
        p->basic[basic[i]] = (struct cpuid_regs){ 0 };
    for ( size_t i = 0; i < ARRAY_SIZE(ext); i++ )
        p->ext[ext[i]] = (struct cpuid_regs){ 0 };
    for ( size_t i = 0; i < CPUID_NR_CACHE; i++ )
        p->cache[i].a &= 0x3fff;
    memset(p->topo, 0, sizeof(p->topo));
    p->basic[1].b &= 0xff00;            /* CLFLUSH line size; the rest is the vCPU's */
    p->feat[0].a = min(p->feat[0].a, CPUID_NR_FEAT - 1U);
    p->feat[2].a = p->feat[2].b = p->feat[2].c = 0;
    p->ext[7].a = p->ext[7].b = p->ext[7].c = 0;
    p->ext[8].a &= 0xffff;              /* address widths */
    p->ext[8].c = p->ext[8].d = 0;
    p->ext[0x21].b = p->ext[0x21].d = 0;
    p->platform_info = 0;
    p->arch_caps = 0;
}

/* What @p's highest leaves do not reach. */
static void clear_beyond(struct cpu_policy *p)
{
    struct xen_cpuid_leaf l;

    for ( unsigned int i = 0; cpuid_serialise(p, i, &l); i++ )
        if ( l.leaf > (l.leaf < EXT ? p->basic[0].a : p->ext[0].a) ||
             (l.leaf == LEAF_FEAT && l.subleaf > p->feat[0].a) )
            *slot(p, l.leaf, l.subleaf) = (struct cpuid_regs){ 0 };
    if ( p->basic[0].a < LEAF_XSTATE )
        p->basic[1].c &= ~(1U << (FEATURE_XSAVE % 32));
}

/*
 * Without @feature there are none of these @bits of @word either.  In an order in which nothing
 * that is cleared was looked at before.
 */
static const struct { uint16_t feature; uint8_t word; uint32_t bits; } needs[] = {
    { CPUID_FEATURE(0, 0), 0, BIT(23) },    { CPUID_FEATURE(0, 3), 0, BIT(17) },    /* FPU: MMX; PSE: PSE36 */
    { CPUID_FEATURE(0, 4), 2, BIT(27) },                                            /* TSC: RDTSCP */
    { CPUID_FEATURE(0, 6), 2, BIT(20) | BIT(29) },                                  /* PAE: NX, LM */
    { CPUID_FEATURE(0, 9), 1, BIT(21) | BIT(24) },                                  /* APIC: X2APIC, TSC_DEADLINE */
    { CPUID_FEATURE(0, 23), 2, BIT(22) | BIT(31) }, { CPUID_FEATURE(2, 31), 2, BIT(30) },   /* MMX: 3DNOW */
    { CPUID_FEATURE(0, 24), 2, BIT(25) },   { CPUID_FEATURE(0, 24), 0, BIT(25) },   /* FXSR: FFXSR, SSE */
    { CPUID_FEATURE(0, 25), 0, BIT(26) },                                           /* SSE: SSE2 */
    { FEATURE_SSE2, 1, BIT(0) | BIT(1) | BIT(25) }, { FEATURE_SSE2, 2, BIT(29) },   /* SSE3, PCLMULQDQ, AES, LM */
    { FEATURE_SSE2, 5, BIT(29) },           { FEATURE_SSE2, 6, BIT(8) },            /* SHA, GFNI */
    { CPUID_FEATURE(1, 0), 3, BIT(6) },     { CPUID_FEATURE(1, 0), 1, BIT(9) },     /* SSE3: SSE4A, SSSE3 */
    { CPUID_FEATURE(1, 9), 1, BIT(19) },    { CPUID_FEATURE(1, 19), 1, BIT(20) },   /* SSE4_1, SSE4_2 */
    { FEATURE_LM, 1, BIT(13) | BIT(17) },   { FEATURE_LM, 2, BIT(26) },             /* CX16, PCID, PAGE1GB */
    { FEATURE_LM, 3, BIT(0) },              { FEATURE_LM, 6, BIT(3) },              /* LAHF_LM, PKU */
    { CPUID_FEATURE(1, 17), 5, BIT(10) },                                           /* PCID: INVPCID */
    { FEATURE_XSAVE, 1, BIT(28) },          { FEATURE_XSAVE, 6, BIT(3) },           /* AVX, PKU */
    { FEATURE_XSAVE, 4, ~0U },
    { FEATURE_AVX, 1, BIT(12) | BIT(29) },  { FEATURE_AVX, 3, BIT(11) | BIT(16) },  /* FMA, F16C, XOP, FMA4 */
    { FEATURE_AVX, 5, BIT(5) },             { FEATURE_AVX2, 6, BIT(9) | BIT(10) },  /* AVX2: VAES, VPCLMULQDQ */
    { CPUID_FEATURE(1, 25), 6, BIT(9) },    { CPUID_FEATURE(1, 1), 6, BIT(10) },    /* AES, PCLMULQDQ: the same */
    { FEATURE_AVX2, 5, BIT(16) },           { FEATURE_AVX2, 10, BIT(4) },           /* AVX512F, AVX_VNNI */
    { FEATURE_AVX512F, 5, 0xdc220000 },     { FEATURE_AVX512F, 6, 0x00005842 },     /* all other AVX512 */
    { FEATURE_AVX512F, 9, 0x0080010c },     { FEATURE_AVX512F, 10, BIT(5) },
};

void cpuid_policy_limit(struct cpu_policy *p, const struct cpu_policy *max)
{
    p->basic[0].a = min(p->basic[0].a, max->basic[0].a);
    p->feat[0].a = min(p->feat[0].a, max->feat[0].a);
    p->ext[0].a = min(p->ext[0].a, max->ext[0].a);
    for ( unsigned int w = 0; w < CPUID_NR_WORDS; w++ )
        *word_of(p, w) &= cpuid_feature_word(max, w);
    clear_beyond(p);
    clear_unused(p);
    for ( size_t i = 0; i < ARRAY_SIZE(needs); i++ )
        if ( !cpuid_has(p, needs[i].feature) )
            *word_of(p, needs[i].word) &= ~needs[i].bits;
    limit_xstate(p, max);
    if ( is_amd(p) )
        p->ext[1].d |= p->basic[1].d & COMMON_D;
    p->ext[8].a = min(p->ext[8].a & 0xff, max->ext[8].a & 0xff) | min(p->ext[8].a & 0xff00, 48U << 8);
}

bool cpuid_serialise(const struct cpu_policy *p, unsigned int i, struct xen_cpuid_leaf *out)
{
    static const struct { uint8_t leaf, nr; } subs[] = {
        { LEAF_CACHE, CPUID_NR_CACHE }, { LEAF_FEAT, CPUID_NR_FEAT },
        { LEAF_TOPO, CPUID_NR_TOPO }, { LEAF_XSTATE, CPUID_NR_XSTATE },
    };
    uint32_t leaf = 0, sub = XEN_CPUID_NO_SUBLEAF;
    unsigned int next = 0;              /* of subs[] */
    const struct cpuid_regs *r;

    for ( ; ; leaf++ ) {
        unsigned int here = 1;

        if ( leaf == CPUID_NR_BASIC )
            leaf = EXT;
        if ( leaf - EXT == CPUID_NR_EXT )
            return false;
        if ( next < ARRAY_SIZE(subs) && leaf == subs[next].leaf )
            here = subs[next++].nr;
        if ( i < here ) {
            if ( has_subleaves(leaf) )
                sub = i;
            break;
        }
        i -= here;
    }
    r = slot((struct cpu_policy *)p, leaf, has_subleaves(leaf) ? sub : 0);
    *out = (struct xen_cpuid_leaf){ leaf, sub, r->a, r->b, r->c, r->d };
    return true;
}

int cpuid_deserialise(struct cpu_policy *p, const struct xen_cpuid_leaf *in)
{
    struct cpuid_regs *r;

    /* The hypervisor's own leaves come along with what the tools read back; they are made up. */
    if ( in->leaf - XEN_CPUID_FIRST_LEAF < 0x10000 )
        return 0;
    if ( has_subleaves(in->leaf) == (in->subleaf == XEN_CPUID_NO_SUBLEAF) )
        return -XEN_EINVAL;
    r = slot(p, in->leaf, in->subleaf);
    if ( !r )
        return -XEN_EINVAL;
    *r = (struct cpuid_regs){ in->a, in->b, in->c, in->d };
    return 0;
}

bool cpuid_policy_fits(const struct cpu_policy *p, const struct cpu_policy *max, uint32_t *leaf,
                       uint32_t *sub)
{
    *sub = XEN_CPUID_NO_SUBLEAF;
    *leaf = 0;
    if ( p->basic[0].a > max->basic[0].a )
        return false;
    *leaf = EXT;
    if ( p->ext[0].a > max->ext[0].a )
        return false;
    *leaf = LEAF_FEAT;
    *sub = 0;
    if ( p->feat[0].a > max->feat[0].a )
        return false;
    *leaf = *sub = XEN_CPUID_NO_SUBLEAF;
    return true;
}

#ifndef HOST_TEST
/* *@max and *@dflt of PV guests, or of hardware guests. */
static init_code void system_policies(struct cpu_policy *max, struct cpu_policy *dflt, bool hvm)
{
    static init_data struct cpu_policy allowed;

    *max = cpuid_host;
    max->basic[1].c |= 1U << 31 | (hvm ? 1U << 21 : 0);     /* HYPERVISOR, X2APIC: from us */
    allowed = *max;
    for ( unsigned int w = 0; w < CPUID_NR_WORDS; w++ )
        *word_of(&allowed, w) &= words[w].max | (hvm ? words[w].hvm : 0);
    if ( !xstate_host_mask )
        allowed.basic[1].c &= ~(1U << 26);
    if ( !(xstate_host_mask & XCR0_AVX) )
        allowed.basic[1].c &= ~(1U << 28);
    if ( !(xstate_host_mask & XCR0_AVX512) )
        allowed.feat[0].b &= ~(1U << 16);
    cpuid_policy_limit(max, &allowed);

    for ( unsigned int w = 0; w < CPUID_NR_WORDS; w++ )
        *word_of(&allowed, w) &= words[w].dflt | (hvm ? words[w].hvm : 0);
    *dflt = *max;
    cpuid_policy_limit(dflt, &allowed);
}

static init_code void read_host(struct cpu_policy *p)
{
    const uint32_t max_basic = cpuid_count(0, 0).a, max_ext = cpuid_count(EXT, 0).a;
    struct xen_cpuid_leaf l;

    for ( unsigned int i = 0; cpuid_serialise(p, i, &l); i++ ) {
        const uint32_t sub = has_subleaves(l.leaf) ? l.subleaf : 0;

        if ( l.leaf > (l.leaf >= EXT ? max_ext : max_basic) )
            continue;
        if ( l.leaf == LEAF_FEAT && sub > p->feat[0].a )
            continue;
        *slot(p, l.leaf, sub) = cpuid_count(l.leaf, sub);
    }
    p->basic[0].a = min(p->basic[0].a, CPUID_NR_BASIC - 1U);
    p->ext[0].a = min(p->ext[0].a, EXT + CPUID_NR_EXT - 1U);
}

init_code void cpuid_init(void)
{
    read_host(&cpuid_host);
    system_policies(&cpuid_pv_max, &cpuid_pv_default, false);
    system_policies(&cpuid_hvm_max, &cpuid_hvm_default, true);
    cpuid_level_init();
}
#endif
