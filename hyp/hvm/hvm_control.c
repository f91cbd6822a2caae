/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What values of CR0, CR3, CR4 and EFER a guest may have, together: for its own writes and for
 * what the tools load.  Whatever passes here passes the checks of VMRUN and VM entry.
 */
#include "base/bits.h"
#include "core/guest_cpuid.h"
#include "cpu/cpuid.h"
#include "cpu/msr.h"
#include "cpu/regs.h"
#include "hvm/hvm_vcpu.h"

#define CR0_LEGAL       0xe005003fUL    /* SDM vol 3A 2.5 */
#define CR4_ALWAYS      0x7ffUL         /* VME to OSXMMEXCPT: every 64-bit processor has them */
#define CR4_PCIDE       BIT(17)
#define CR4_PKE         BIT(22)
#define EFER_FFXSR      BIT(14)

/* A bit that comes with a feature: its number in the feature words. */
struct bit_of {
    uint32_t bit;
    uint16_t feature;
};
static const struct bit_of cr4_bits[] = {
    { CR4_UMIP, CPUID_FEATURE(6, 2) },   { CR4_FSGSBASE, CPUID_FEATURE(5, 0) },
    { CR4_PCIDE, CPUID_FEATURE(1, 17) }, { CR4_OSXSAVE, FEATURE_XSAVE },
    { CR4_SMEP, CPUID_FEATURE(5, 7) },   { CR4_SMAP, CPUID_FEATURE(5, 20) },
    { CR4_PKE, CPUID_FEATURE(6, 3) },
};
static const struct bit_of efer_bits[] = {
    { EFER_SCE, CPUID_FEATURE(2, 11) }, { EFER_NX, CPUID_FEATURE(2, 20) },
    { EFER_FFXSR, CPUID_FEATURE(2, 25) }, { EFER_LME | EFER_LMA, CPUID_FEATURE(2, 29) },
};

static uint64_t bits_of(const struct cpu_policy *p, const struct bit_of *list, size_t nr)
{
    uint64_t bits = 0;

    for ( size_t i = 0; i < nr; i++ )
        bits |= cpuid_has(p, list[i].feature) ? list[i].bit : 0;
    return bits;
}

const char *hvm_bad_control(const struct domain *d, uint64_t cr0, uint64_t cr3, uint64_t cr4, uint64_t efer)
{
    const struct cpu_policy *const p = guest_cpu_policy(d);
    const bool is_long = (efer & EFER_LME) && (cr0 & CR0_PG);
    const unsigned int phys_bits = max(p->ext[8].a & 0xff, 36U);

    if ( (cr0 & ~CR0_LEGAL) || ((cr0 & CR0_PG) && !(cr0 & CR0_PE)) ||
         ((cr0 & CR0_NW) && !(cr0 & CR0_CD)) )
        return "CR0";
    if ( (cr4 & ~(CR4_ALWAYS | bits_of(p, cr4_bits, ARRAY_SIZE(cr4_bits)))) ||
         ((cr4 & CR4_PCIDE) && !is_long) || (is_long && !(cr4 & CR4_PAE)) )
        return "CR4";
    if ( (efer & ~bits_of(p, efer_bits, ARRAY_SIZE(efer_bits))) || !!(efer & EFER_LMA) != is_long )
        return "EFER";
    return phys_bits < 64 && cr3 >> phys_bits ? "CR3" : NULL;
}

bool hvm_pat_valid(uint64_t pat)
{
    for ( ; pat; pat >>= 8 )
        if ( (pat & 0xff) > 7 || (pat & 0xff) == 2 || (pat & 0xff) == 3 )
            return false;
    return true;
}
