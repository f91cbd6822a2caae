/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What values of CR0, CR3, CR4 and EFER a guest may have, together: for its own writes and for
 * what the tools load.  Whatever passes here passes the checks of VMRUN and VM entry.
 */
#include "core/guest_cpuid.h"
#include "cpu/cpuid.h"
#include "cpu/msr.h"
#include "cpu/regs.h"
#include "hvm/hvm_vcpu.h"

#define CR0_LEGAL       0xe005003fUL    /* SDM vol 3A 2.5 */
#define EFER_FFXSR      BIT(14)

static uint64_t policy_efer(const struct cpu_policy *p)
{
    return (cpuid_has(p, CPUID_FEATURE(2, 11)) ? EFER_SCE : 0) | (cpuid_has(p, CPUID_FEATURE(2, 20)) ? EFER_NX : 0) |
           (cpuid_has(p, CPUID_FEATURE(2, 25)) ? EFER_FFXSR : 0) |
           (cpuid_has(p, FEATURE_LM) ? EFER_LME | EFER_LMA : 0);
}

const char *hvm_bad_control(const struct domain *d, uint64_t cr0, uint64_t cr3, uint64_t cr4, uint64_t efer)
{
    const struct cpu_policy *const p = guest_cpu_policy(d);
    const bool is_long = (efer & EFER_LME) && (cr0 & CR0_PG);
    const unsigned int phys_bits = max(p->ext[8].a & 0xff, 36U);

    if ( (cr0 & ~CR0_LEGAL) || ((cr0 & CR0_PG) && !(cr0 & CR0_PE)) ||
         ((cr0 & CR0_NW) && !(cr0 & CR0_CD)) )
        return "CR0";
    if ( (cr4 & ~cpuid_policy_cr4(p)) ||
         ((cr4 & CR4_PCIDE) && !is_long) || (is_long && !(cr4 & CR4_PAE)) )
        return "CR4";
    if ( (efer & ~policy_efer(p)) || !!(efer & EFER_LMA) != is_long )
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
