/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CPUID tells code in ring 3, where the processor lets that be steered.  Best it faults there,
 * and is emulated (Intel: SDM vol 3A 2.8.1 "MSR_MISC_FEATURES_ENABLES"; AMD: APM vol 3
 * CPUID 8000_0021 "CpuidUserDis").  Older ones of AMD have registers that hold the features CPUID
 * tells (BKDG, "CPUID Features"): bits are taken out there, none put in.
 */
#include "cpu/cpuid.h"

#include <xenabi/sysctl.h>

#include "cpu/cpu.h"
#include "cpu/extable.h"
#include "cpu/msr.h"
#include "cpu/pcpu.h"

#define PLATFORM_CPUID_FAULTS   BIT(31)
#define MISC_CPUID_FAULT        BIT(0)
#define EXT21_CPUID_USER_DIS    BIT(17)
#define HWCR_CPUID_USER_DIS     BIT(35)

uint32_t cpuid_level_caps ro_after_init;
static uint32_t fault_msr ro_after_init;
static uint64_t fault_bit ro_after_init;

/* EDX or, of leaf 7, EBX in the low half; ECX or EAX in the high one.  @keep: no features. */
static const struct mask {
    uint32_t msr, leaf, caps;
    uint64_t keep;
} masks[PCPU_CPUID_MASKS] = {
    { 0xc0011004, 1, XEN_SYSCTL_CPU_LEVELCAP_ecx | XEN_SYSCTL_CPU_LEVELCAP_edx, BIT(59) | BIT(9) },
    { 0xc0011005, 0x80000001, XEN_SYSCTL_CPU_LEVELCAP_extd_ecx | XEN_SYSCTL_CPU_LEVELCAP_extd_edx, 0 },
    { 0xc0011002, 7, XEN_SYSCTL_CPU_LEVELCAP_l7s0_ebx, ~0ULL << 32 },
};
static uint64_t reset[PCPU_CPUID_MASKS] ro_after_init;     /* what they hold; 0: there is none */

static uint64_t told(const struct cpu_policy *p, const struct mask *m)
{
    const struct cpuid_regs r = cpuid_policy_get(p, m->leaf, 0);

    return (m->leaf == 7 ? (uint64_t)r.a << 32 | r.b : (uint64_t)r.c << 32 | r.d) | m->keep;
}

init_code void cpuid_level_init(void)
{
    uint64_t val;

    if ( !cpu.is_amd && rdmsr_safe(MSR_PLATFORM_INFO, &val) && (val & PLATFORM_CPUID_FAULTS) ) {
        fault_msr = MSR_MISC_FEATURES;
        fault_bit = MISC_CPUID_FAULT;
    } else if ( cpu.is_amd && (cpuid_host.ext[0x21].a & EXT21_CPUID_USER_DIS) ) {
        fault_msr = MSR_K8_HWCR;
        fault_bit = HWCR_CPUID_USER_DIS;
    }
    if ( fault_msr ) {
        cpuid_level_caps = XEN_SYSCTL_CPU_LEVELCAP_faulting;
        return;
    }
    /* A register that does not hold what CPUID says is not what we take it for. */
    for ( unsigned int i = 0; cpu.is_amd && i < ARRAY_SIZE(masks); i++ )
        if ( rdmsr_safe(masks[i].msr, &val) && (val | masks[i].keep) == told(&cpuid_host, &masks[i]) ) {
            reset[i] = val;
            cpuid_level_caps |= masks[i].caps;
        }
}

void cpuid_level(const struct cpu_policy *p)
{
    struct pcpu *const c = this_pcpu();
    uint64_t val;

    if ( fault_msr && c->cpuid_faults != !!p && rdmsr_safe(fault_msr, &val) &&
         wrmsr_safe(fault_msr, p ? val | fault_bit : val & ~fault_bit) )
        c->cpuid_faults = p;
    for ( unsigned int i = 0; i < ARRAY_SIZE(masks); i++ ) {
        if ( !reset[i] )
            continue;
        val = reset[i] & (p ? told(p, &masks[i]) : ~0ULL);
        if ( c->cpuid_mask[i] != val && wrmsr_safe(masks[i].msr, val) )
            c->cpuid_mask[i] = val;
    }
}
