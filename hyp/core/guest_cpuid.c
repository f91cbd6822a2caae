/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID as a guest's vCPU sees it: the policy of its domain, the parts of it that depend
 * on the vCPU, and the hypervisor's leaves at 0x40000000.
 *
 * PV guests ask by the forced-emulation prefix.  What a plain CPUID in ring 3 answers depends on
 * the processor: cpu/levelling.c.
 */
#include "core/guest_cpuid.h"

#include <xenabi/arch-x86.h>

#include "cpu/cpu.h"
#include "cpu/cpuid.h"
#include "cpu/msr.h"
#include "cpu/xstate.h"
#include "kern/clock.h"

#define ABI_VERSION         (4U << 16 | 17)

#define TSC_HOST_RELIABLE   0x2     /* leaf +3.0 EAX */
#define TSC_HAS_RDTSCP      0x4

const struct cpu_policy *guest_cpu_policy(const struct domain *d)
{
    if ( d->cpu_policy )
        return d->cpu_policy;
    if ( d->p2m )
        return &cpuid_hvm_default;
    /* The control domain may know what a guest that migrates had better not. */
    return d->is_privileged ? &cpuid_pv_max : &cpuid_pv_default;
}

bool guest_xcr0_valid(const struct domain *d, uint64_t xcr0)
{
    return !(xcr0 & ~cpuid_policy_xcr0(guest_cpu_policy(d))) && xstate_xcr0_valid(xcr0);
}

static void tsc_leaf(const struct domain *d, uint32_t sub, struct cpuid_regs *out)
{
    const struct clock_scale *s;

    switch ( sub ) {
    case 0:
        out->a = (cpu.invariant_tsc ? TSC_HOST_RELIABLE : 0) | (cpu.rdtscp ? TSC_HAS_RDTSCP : 0);
        out->b = d->tsc_mode;
        out->c = clock_tsc_khz();
        out->d = d->tsc_incarnation;
        break;
    case 1:
        s = clock_scale();
        out->c = s->mul;
        out->d = (uint8_t)s->shift;
        break;
    case 2:
        out->a = clock_tsc_khz();
        break;
    }
}

static void hypervisor_leaf(const struct vcpu *v, uint32_t index, uint32_t sub,
                            struct cpuid_regs *out)
{
    const struct domain *const d = v->domain;

    switch ( index ) {
    case 0:
        *out = (struct cpuid_regs){ XEN_CPUID_FIRST_LEAF + XEN_CPUID_MAX_NUM_LEAVES,
            XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX, XEN_CPUID_SIGNATURE_EDX };
        break;
    case 1:
        out->a = ABI_VERSION;
        break;
    case 2:
        out->a = 1;                     /* hypercall pages */
        out->b = MSR_HYPERCALL_PAGE;
        out->c = d->p2m ? 0 : XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD;
        break;
    case 3:
        tsc_leaf(d, sub, out);
        break;
    case 4:
        if ( d->p2m )
            /* No UPCALL_VECTOR: it costs the guest an EOI, which is an exit; HVM_PARAM_CALLBACK_IRQ does not. */
            *out = (struct cpuid_regs){ XEN_HVM_CPUID_VCPU_ID_PRESENT | XEN_HVM_CPUID_DOMID_PRESENT,
                v->id, d->id, 0 };
        break;
    case 5:
        out->b = d->p2m ? 0 : cpu.phys_bits & XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK;
        break;
    }
}

/* Bytes that XSAVEC writes for @xcr0: the states packed (SDM vol 1 13.4.3). */
static uint32_t compact_size(const struct cpu_policy *p, uint64_t xcr0)
{
    uint32_t size = 512 + 64;

    for ( unsigned int i = 2; i < CPUID_NR_XSTATE; i++ ) {
        if ( !(xcr0 & BIT(i)) )
            continue;
        if ( p->xstate[i].c & 2 )
            size = ALIGN_UP(size, 64U);
        size += p->xstate[i].a;
    }
    return size;
}

void guest_cpuid(const struct vcpu *v, bool osxsave, uint32_t leaf, uint32_t sub, struct cpuid_regs *out)
{
    const struct cpu_policy *const p = guest_cpu_policy(v->domain);
    const uint32_t apic_id = v->id * 2;

    *out = (struct cpuid_regs){ 0 };
    if ( leaf - XEN_CPUID_FIRST_LEAF < 0x100 ) {
        hypervisor_leaf(v, leaf - XEN_CPUID_FIRST_LEAF, sub, out);
        return;
    }
    if ( leaf - XEN_CPUID_FIRST_LEAF < 0x10000 )
        return;
    *out = cpuid_policy_get(p, leaf, sub);

    switch ( leaf ) {
    case 1:
        out->b |= apic_id << 24 | 1U << 16;
        if ( osxsave )
            out->c |= 1U << (FEATURE_OSXSAVE % 32);
        break;
    case 0xb:
        if ( p->basic[0].a >= 0xb ) {
            out->c = sub & 0xff;
            out->d = apic_id;
        }
        break;
    case 0xd:
        if ( sub == 0 && out->c )
            out->b = xstate_size(v->xcr0);
        else if ( sub == 1 && (out->a & 0xa) )      /* XSAVEC, XSAVES */
            out->b = compact_size(p, v->xcr0);
        break;
    }
}
