/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model-specific registers and the CPUID leaves of a hardware guest. */
#include "core/guest_cpuid.h"
#include "core/shared_info.h"
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/cpuid.h"
#include "cpu/msr.h"
#include "cpu/pcpu.h"
#include "cpu/regs.h"
#include "cpu/xstate.h"
#include "hvm/hvm_vcpu.h"
#include "hvm/viridian.h"

#define LEAF_XSTATE             0xd
#define LEAF_XEN                0x40000000
#define VIRIDIAN_LEAVES         0x100       /* how much higher both are when Viridian's come first */
#define VIRIDIAN_MSRS           0x200
#define HYPERCALL_STUB_BYTES    32
#define MSR_MTRR_CAP            0x0fe
#define MSR_MTRR_PHYS           0x200       /* 8 pairs */
#define MSR_MTRR_DEF            0x2ff
#define MTRR_CAP                0x508       /* 8 variable ranges, fixed ones, write-combining */
#define FEATURE_MTRR            CPUID_FEATURE(0, 12)
#define MISC_ENABLE_DEFAULT     0x1801      /* fast strings, no BTS, no PEBS */

/* Registers that come with a feature; not TSC_DEADLINE, which we have whatever the host has, as Xen. */
static const struct { uint32_t first; uint16_t nr, feature; } optional[] = {
    { MSR_X2APIC_FIRST, 0x100, FEATURE_X2APIC },
    { MSR_TSC_AUX, 1, FEATURE_RDTSCP },           { MSR_TSC_ADJUST, 1, CPUID_FEATURE(5, 1) },
    { MSR_PAT, 1, CPUID_FEATURE(0, 16) },         { MSR_MTRR_CAP, 1, FEATURE_MTRR },
    { MSR_MTRR_PHYS, 0x70, FEATURE_MTRR },        { MSR_MTRR_DEF, 1, FEATURE_MTRR },
    { MSR_MCG_CAP, 2, CPUID_FEATURE(0, 14) },
};

static bool has_msr(const struct vcpu *v, uint32_t msr)
{
    for ( size_t i = 0; i < ARRAY_SIZE(optional); i++ )
        if ( msr - optional[i].first < optional[i].nr )
            return cpuid_has(guest_cpu_policy(v->domain), optional[i].feature);
    return true;
}

/* MTRRs are kept for the guest and mean nothing: all of its memory is RAM, cached. */
static uint64_t *mtrr(struct hvm_vcpu *h, uint32_t msr)
{
    static const uint16_t fixed[] = {
        0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f,
    };

    if ( msr == MSR_MTRR_DEF )
        return &h->mtrr_def;
    if ( msr - MSR_MTRR_PHYS < ARRAY_SIZE(h->mtrr_phys) )
        return &h->mtrr_phys[msr - MSR_MTRR_PHYS];
    for ( size_t i = 0; i < ARRAY_SIZE(fixed); i++ )
        if ( fixed[i] == msr )
            return &h->mtrr_fixed[i];
    return NULL;
}

static bool is_apic_msr(uint32_t msr)
{
    return msr == MSR_APIC_BASE || msr == MSR_TSC_DEADLINE || msr - MSR_X2APIC_FIRST < 0x100;
}

/* What reads as the same for every guest. */
static bool fixed_value(uint32_t msr, uint64_t *val)
{
    *val = 0;
    switch ( msr ) {
    case MSR_MTRR_CAP:          *val = MTRR_CAP;            return true;
    case MSR_MCG_CAP: case MSR_MCG_STATUS: case MSR_UCODE_REV: return true;
    case MSR_PLATFORM_INFO: case MSR_MISC_FEATURES:         return !cpu.is_amd;
    case MSR_K8_HWCR:           *val = HWCR_TSC_FREQ_SEL;   return cpu.is_amd;
    case MSR_K8_SYSCFG: case MSR_VM_CR: case MSR_INT_PENDING: return cpu.is_amd;
    case MSR_LFENCE_CFG:        *val = LFENCE_SERIALISES;   return cpu.is_amd;
    }
    return cpu.is_amd && msr - 0xc0010000 < 8;      /* performance counters: there, and zero */
}

/* A Viridian register, when there are such. */
static bool is_viridian_msr(const struct vcpu *v, uint32_t msr)
{
    return v->domain->hvm->viridian && msr - VIRIDIAN_MSR < VIRIDIAN_MSRS;
}

int hvm_read_msr(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    struct hvm_vcpu *const h = v->hvm;

    if ( !has_msr(v, msr) )
        return -XEN_EPERM;
    if ( is_apic_msr(msr) )
        return vlapic_read_msr(v, msr, val);
    if ( is_viridian_msr(v, msr) )
        return viridian_read_msr(v, msr, val);
    if ( hvm_backend->access_msr(v, msr, val, false) )
        return 0;
    switch ( msr ) {
    case MSR_TSC:           *val = rdtsc() + h->tsc_offset;     return 0;
    case MSR_TSC_ADJUST:    *val = h->tsc_adjust;               return 0;
    case MSR_TSC_AUX:       *val = h->tsc_aux;                  return 0;
    case MSR_EFER:          *val = h->efer;                     return 0;
    case MSR_PAT:           *val = h->pat;                      return 0;
    case MSR_MISC_ENABLE:   *val = MISC_ENABLE_DEFAULT;         return cpu.is_amd ? -XEN_EPERM : 0;
    }
    if ( mtrr(h, msr) ) {
        *val = *mtrr(h, msr);
        return 0;
    }
    return fixed_value(msr, val) ? 0 : -XEN_EPERM;
}

static int write_efer(struct vcpu *v, uint64_t val)
{
    struct hvm_vcpu *const h = v->hvm;

    val = (val & ~(uint64_t)EFER_LMA) | (h->efer & EFER_LMA);
    if ( ((h->cr0 & CR0_PG) && ((val ^ h->efer) & EFER_LME)) ||
         hvm_bad_control(v->domain, h->cr0, h->cr3, h->cr4, val) )
        return -XEN_EPERM;
    h->efer = val;
    this_pcpu()->hvm_flush = true;
    hvm_backend->update_control(v);
    return 0;
}

/* VMCALL or VMMCALL for each number; 32-bit code reads the same bytes. */
static int write_hypercall_page(struct vcpu *v, uint64_t val)
{
    uint8_t stub[HYPERCALL_STUB_BYTES] = { 0xb8, 0, 0, 0, 0, 0x0f, 0x01, cpu.is_amd ? 0xd9 : 0xc1, 0xc3 };

    for ( unsigned int i = 0; i < PAGE_SIZE / sizeof(stub); i++ ) {
        stub[1] = i;
        if ( !hvm_write_phys(v->domain, (val & PAGE_MASK) + i * sizeof(stub), stub, sizeof(stub)) )
            return -XEN_EPERM;
    }
    return 0;
}

static void set_tsc(struct vcpu *v, uint64_t offset)
{
    v->hvm->tsc_adjust += offset - v->hvm->tsc_offset;
    v->hvm->tsc_offset = offset;
    hvm_backend->update_control(v);
    vlapic_tsc_moved(v);
}

int hvm_write_msr(struct vcpu *v, uint32_t msr, uint64_t val)
{
    struct hvm_vcpu *const h = v->hvm;
    uint64_t old;

    if ( !has_msr(v, msr) || (msr == MSR_APIC_BASE && (val & APIC_BASE_X2APIC) && !has_msr(v, MSR_X2APIC_FIRST)) )
        return -XEN_EPERM;
    if ( is_apic_msr(msr) )
        return vlapic_write_msr(v, msr, val);
    if ( is_viridian_msr(v, msr) )
        return viridian_write_msr(v, msr, val);
    if ( hvm_backend->access_msr(v, msr, &val, true) )
        return 0;
    switch ( msr ) {
    case MSR_TSC:
        set_tsc(v, val - rdtsc());
        return 0;
    case MSR_TSC_ADJUST:
        set_tsc(v, h->tsc_offset + val - h->tsc_adjust);
        return 0;
    case MSR_TSC_AUX:
        if ( val >> 32 )
            return -XEN_EPERM;
        h->tsc_aux = val;
        wrmsr(MSR_TSC_AUX, val);
        return 0;
    case MSR_EFER:
        return write_efer(v, val);
    case MSR_PAT:
        if ( !hvm_pat_valid(val) )
            return -XEN_EPERM;
        h->pat = val;
        hvm_backend->update_control(v);
        return 0;
    case MSR_HYPERCALL_PAGE: case MSR_HYPERCALL_PAGE + VIRIDIAN_MSRS:
        shared_info_set_form(v->domain, !hvm_is_64bit(v));
        return write_hypercall_page(v, val);
    }
    if ( mtrr(h, msr) ) {
        *mtrr(h, msr) = val;
        return 0;
    }
    return fixed_value(msr, &old) ? 0 : -XEN_EPERM;     /* dropped */
}

void hvm_cpuid(struct vcpu *v, uint32_t leaf, uint32_t sub, struct cpuid_regs *out)
{
    const struct domain *const d = v->domain;
    const uint32_t moved = d->hvm->viridian && leaf - LEAF_XEN < 0x10000 ? VIRIDIAN_LEAVES : 0;

    if ( moved && leaf - VIRIDIAN_LEAF < VIRIDIAN_LEAVES ) {
        viridian_cpuid(d, leaf, out);
        return;
    }
    if ( leaf == LEAF_XSTATE && xstate_host_mask )
        v->xcr0 = xgetbv(0);            /* not every emulator tells of XSETBV */
    guest_cpuid(v, v->hvm->cr4 & CR4_OSXSAVE, leaf - moved, sub, out);
    if ( moved && leaf == LEAF_XEN + moved )
        out->a += moved;                /* the last leaf */
    if ( moved && leaf == LEAF_XEN + moved + 2 )
        out->b += VIRIDIAN_MSRS;        /* the hypercall page's MSR */
    if ( leaf == 1 && !(v->hvm->vlapic.base & APIC_BASE_ENABLE) )
        out->d &= ~(1U << 9);
}
