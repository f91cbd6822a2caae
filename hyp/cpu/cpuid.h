/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID: what the host answers, read once, and policies: what a guest is told.
 *
 * A policy is plain data.  The tools read and write it leaf by leaf (struct
 * xen_cpuid_leaf); its features can be seen as "feature words", whose layout is ABI.  What
 * depends on the vCPU that asks (APIC id, OSXSAVE, XCR0) is not here but in core/guest_cpuid.c.
 */
#pragma once

#include <xenabi/arch-x86.h>

#include "cpu/asm.h"

#define CPUID_NR_BASIC      14      /* leaves 0 .. 0xd */
#define CPUID_NR_CACHE      6       /* subleaves of 4 */
#define CPUID_NR_FEAT       3       /* of 7 */
#define CPUID_NR_TOPO       2       /* of 0xb */
#define CPUID_NR_XSTATE     63      /* of 0xd */
#define CPUID_NR_EXT        34      /* leaves 0x80000000 .. 0x80000021 */
#define CPUID_NR_WORDS      19      /* feature words of 4.17's tools */

/* Entries that any policy fits in, serialised. */
#define CPUID_MAX_LEAVES    (CPUID_NR_BASIC + CPUID_NR_CACHE + CPUID_NR_FEAT + CPUID_NR_TOPO + \
                             CPUID_NR_XSTATE + CPUID_NR_EXT)
#define CPUID_MAX_MSRS      1

struct cpu_policy {
    struct cpuid_regs basic[CPUID_NR_BASIC];    /* those with subleaves are unused */
    struct cpuid_regs cache[CPUID_NR_CACHE];
    struct cpuid_regs feat[CPUID_NR_FEAT];
    struct cpuid_regs topo[CPUID_NR_TOPO];
    struct cpuid_regs xstate[CPUID_NR_XSTATE];
    struct cpuid_regs ext[CPUID_NR_EXT];
    uint64_t platform_info;                     /* MSR 0xce */
    uint64_t arch_caps;                         /* MSR 0x10a */
};

/* Feature words by number, for feature tests: word * 32 + bit. */
#define CPUID_FEATURE(word, bit)    ((word) * 32 + (bit))
#define FEATURE_SSE2                CPUID_FEATURE(0, 26)
#define FEATURE_X2APIC              CPUID_FEATURE(1, 21)
#define FEATURE_XSAVE               CPUID_FEATURE(1, 26)
#define FEATURE_OSXSAVE             CPUID_FEATURE(1, 27)
#define FEATURE_AVX                 CPUID_FEATURE(1, 28)
#define FEATURE_RDTSCP              CPUID_FEATURE(2, 27)
#define FEATURE_LM                  CPUID_FEATURE(2, 29)
#define FEATURE_AVX2                CPUID_FEATURE(5, 5)
#define FEATURE_AVX512F             CPUID_FEATURE(5, 16)

/* The system's policies; immutable after cpuid_init.  The host's is what the boot CPU said. */
extern struct cpu_policy cpuid_host, cpuid_pv_max, cpuid_pv_default, cpuid_hvm_max, cpuid_hvm_default;

/* Boot CPU, after xstate_init_cpu. */
void cpuid_init(void);

/*
 * cpu/levelling.c.  From now on CPUID in ring 3 on this CPU answers with no more than @p has, as
 * far as the processor can do that: cpuid_level_caps, XEN_SYSCTL_CPU_LEVELCAP_*.  NULL: as it is.
 */
void cpuid_level_init(void);
void cpuid_level(const struct cpu_policy *p);
extern uint32_t cpuid_level_caps;

/*
 * Cut @p down to what @max allows and what follows from the rest: features that need others,
 * extended state, topology.  Pure.
 */
void cpuid_policy_limit(struct cpu_policy *p, const struct cpu_policy *max);

/* XCR0 and CR4 with all that @p's features bring. */
uint64_t cpuid_policy_xcr0(const struct cpu_policy *p);
uint64_t cpuid_policy_cr4(const struct cpu_policy *p);

uint32_t cpuid_feature_word(const struct cpu_policy *p, unsigned int word);
static inline bool cpuid_has(const struct cpu_policy *p, unsigned int feature)
{
    return cpuid_feature_word(p, feature / 32) >> (feature % 32) & 1;
}

/* Leaf @leaf, @sub as @p has it; zeros where it has none. */
struct cpuid_regs cpuid_policy_get(const struct cpu_policy *p, uint32_t leaf, uint32_t sub);

/*
 * Walk: entry @i of the serialised form into *@out, in ascending order without gaps.
 * False when there are no more.
 */
bool cpuid_serialise(const struct cpu_policy *p, unsigned int i, struct xen_cpuid_leaf *out);
/* Take one entry over.  -XEN_EINVAL: such a leaf can't be in a policy; nothing is changed. */
int must_check cpuid_deserialise(struct cpu_policy *p, const struct xen_cpuid_leaf *in);

/* True if @p asks for no more leaves than @max has; else *leaf, *sub name what is too much. */
bool cpuid_policy_fits(const struct cpu_policy *p, const struct cpu_policy *max, uint32_t *leaf,
                       uint32_t *sub);
