/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VT-x on this processor: is it there, switching it on, what it can control, and which VMCS is loaded.
 *
 * A VMCS is loaded on the CPU that runs its vCPU and cleared (written back to memory) when
 * the vCPU leaves it, so that any CPU may load it next, without asking the last one.
 */
#include "hvm/vmcs.h"
#include "hvm/vmx.h"

#include "base/assert.h"
#include "base/fmt.h"
#include "base/log.h"
#include "core/p2m_fmt.h"
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/msr.h"
#include "cpu/pcpu.h"
#include "cpu/regs.h"
#include "mem/frame.h"
#include "mem/heap.h"

#define CPUID1_ECX_VMX          BIT(5)
#define BASIC_TRUE_CONTROLS     BIT(55)
#define EPT_CAP_WALK_4          BIT(6)
#define EPT_CAP_WB              BIT(14)
#define EPT_CAP_2M              BIT(16)
#define EPT_CAP_1G              BIT(17)
#define EPT_CAP_INVEPT          BIT(20)
#define EPT_CAP_AD              BIT(21)
#define EPT_CAP_INVEPT_SINGLE   BIT(25)
#define EPT_CAP_INVEPT_ALL      BIT(26)
#define INVEPT_SINGLE           1
#define INVEPT_ALL              2

uint32_t vmx_controls[NR_CTL] ro_after_init;
static uint64_t ept_caps ro_after_init;
static struct vmx_vcpu *running[NR_CPUS];       /* whose VMCS each CPU has loaded, but for vmcs_begin's */

/* --- What there is --------------------------------------------------------------------------- */

/* The bits that we set; a processor without a required one is not used. */
static const struct {
    uint8_t ctl, bit;
    bool is_required;
    const char *name;
} wanted_bits[] = {
    { CTL_PIN,    0, true,  "external-interrupt exiting" },
    { CTL_PIN,    3, true,  "NMI exiting" },
    { CTL_PIN,    5, true,  "virtual NMIs" },
    { CTL_PROC,   3, true,  "TSC offsetting" },
    { CTL_PROC,   7, true,  "HLT exiting" },
    { CTL_PROC,  10, true,  "MWAIT exiting" },
    { CTL_PROC,  11, true,  "RDPMC exiting" },
    { CTL_PROC,  21, true,  "TPR shadow" },
    { CTL_PROC,  23, true,  "MOV-DR exiting" },
    { CTL_PROC,  24, true,  "unconditional I/O exiting" },
    { CTL_PROC,  28, true,  "MSR bitmaps" },
    { CTL_PROC,  29, true,  "MONITOR exiting" },
    { CTL_PROC,  31, true,  "secondary controls" },
    { CTL_EXIT,   2, true,  "saving debug controls" },
    { CTL_EXIT,   9, true,  "a 64-bit host" },
    { CTL_EXIT,  15, true,  "acknowledging interrupts on exit" },
    { CTL_EXIT,  18, true,  "saving PAT" },
    { CTL_EXIT,  19, true,  "loading PAT on exit" },
    { CTL_EXIT,  21, true,  "loading EFER on exit" },
    { CTL_ENTRY,  2, true,  "loading debug controls" },
    { CTL_ENTRY, 14, true,  "loading PAT on entry" },
    { CTL_ENTRY, 15, true,  "loading EFER on entry" },
    { CTL_PROC2,  0, false, "APIC accesses" },
    { CTL_PROC2,  1, true,  "EPT" },
    { CTL_PROC2,  3, false, "RDTSCP" },
    { CTL_PROC2,  4, false, "x2APIC mode" },
    { CTL_PROC2,  5, false, "VPID" },
    { CTL_PROC2,  6, false, "WBINVD exiting" },
    { CTL_PROC2,  7, true,  "unrestricted guest" },
    { CTL_PROC2,  8, false, "APIC registers" },
    { CTL_PROC2,  9, false, "virtual-interrupt delivery" },
    { CTL_PROC2, 10, false, "pause-loop exiting" },
    { CTL_PROC2, 12, false, "INVPCID" },
    { CTL_PROC2, 20, false, "XSAVES" },
};

static init_code const char *controls_missing(void)
{
    uint32_t may[NR_CTL];

    for ( unsigned int i = 0; i < NR_CTL; i++ ) {
        const uint64_t cap = rdmsr(i == CTL_PROC2 ? MSR_VMX_PROCBASED2 : MSR_VMX_TRUE_PINBASED + i);

        vmx_controls[i] = cap;              /* must be one */
        may[i] = cap >> 32;
    }
    for ( unsigned int i = 0; i < ARRAY_SIZE(wanted_bits); i++ ) {
        const uint32_t bit = 1U << wanted_bits[i].bit;

        vmx_controls[wanted_bits[i].ctl] |= may[wanted_bits[i].ctl] & bit;
        if ( wanted_bits[i].is_required && !(may[wanted_bits[i].ctl] & bit) )
            return wanted_bits[i].name;
    }
    if ( (~vmx_controls[CTL_PROC2] & PROC2_APIC_PAGE) )         /* neither pays without the other */
        vmx_controls[CTL_PROC2] &= ~(PROC2_APIC_PAGE | PROC2_VIRTUAL_IRQS);
    hvm_virtual_irqs = vmx_controls[CTL_PROC2] & PROC2_VIRTUAL_IRQS;
    if ( !hvm_virtual_irqs )
        vmx_controls[CTL_PROC2] &= ~PROC2_X2APIC;
    return NULL;
}

static init_code const char *ept_missing(void)
{
    ept_caps = rdmsr(MSR_VMX_EPT_VPID_CAP);
    p2m_has_1g = ept_caps & EPT_CAP_1G;
    p2m_dirty_bit = ept_caps & EPT_CAP_AD ? EPT_D : 0;
    if ( !(ept_caps & EPT_CAP_WALK_4) )
        return "EPT of 4 levels";
    if ( !(ept_caps & EPT_CAP_WB) )
        return "write-back EPT";
    if ( !(ept_caps & EPT_CAP_2M) )
        return "EPT pages of 2 MiB";
    if ( !(ept_caps & EPT_CAP_INVEPT) || !(ept_caps & (EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL)) )
        return "INVEPT";
    return NULL;
}

init_code bool vmx_probe(const char **missing)
{
    static char text[80];
    const char *lacks;
    uint64_t fc;

    if ( !(cpuid_count(1, 0).c & CPUID1_ECX_VMX) )
        return false;
    fc = rdmsr(MSR_FEATURE_CONTROL);
    if ( (fc & FEATURE_LOCKED) && !(fc & FEATURE_VMX) ) {
        *missing = "VT-x is switched off in the firmware: enable \"Intel Virtualization Technology\" "
                   "(VT-x, VMX) in its set-up, then switch the machine off and on";
        return false;
    }
    if ( !(rdmsr(MSR_VMX_BASIC) & BASIC_TRUE_CONTROLS) )
        lacks = "the TRUE capability registers";
    else
        lacks = controls_missing();
    if ( !lacks )
        lacks = ept_missing();
    if ( lacks ) {
        scnprintf(text, sizeof(text), "this processor's VT-x lacks %s", lacks);
        *missing = text;
    }
    return !lacks;
}

/* Do control registers @which (0 or 4) have the bits that VMX operation fixes? */
static bool cr_allowed(unsigned int which, uint64_t value)
{
    const uint32_t msr = MSR_VMX_CR0_FIXED0 + which / 2;
    const uint64_t ones = rdmsr(msr), may = rdmsr(msr + 1);

    if ( (value & ones) == ones && !(value & ~may) )
        return true;
    log_err("CPU %u: VT-x does not allow our CR%u %#lx (must be one: %#lx, may be: %#lx)\n",
            this_pcpu()->id, which, value, ones, may);
    return false;
}

static void *region_alloc(void)
{
    uint32_t *region = heap_alloc_page();

    if ( region )
        *region = rdmsr(MSR_VMX_BASIC) & 0x7fffffff;    /* revision */
    return region;
}

static paddr_t region_pa(const void *region) { return mfn_to_paddr(virt_to_mfn(region)); }

int vmx_cpu_up(void)
{
    const unsigned int id = this_pcpu()->id;
    const uint64_t fc = rdmsr(MSR_FEATURE_CONTROL);
    void *region;

    if ( !(fc & FEATURE_LOCKED) )
        wrmsr(MSR_FEATURE_CONTROL, fc | FEATURE_LOCKED | FEATURE_VMX);
    else if ( !(fc & FEATURE_VMX) ) {
        log_err("CPU %u: VT-x is switched off in the firmware, on other CPUs it is not\n", id);
        return -XEN_EOPNOTSUPP;
    }
    cpu_force_cr4(CR4_VMXE);
    if ( !cr_allowed(0, read_cr0()) || !cr_allowed(4, read_cr4()) )
        return -XEN_EOPNOTSUPP;
    region = region_alloc();
    if ( !region )
        return -XEN_ENOMEM;
    if ( !vmxon(region_pa(region)) ) {
        log_err("CPU %u: VMXON failed\n", id);
        heap_free_page(region);
        return -XEN_EOPNOTSUPP;
    }
    return 0;
}

/* --- The VMCS that is loaded --------------------------------------------------------------------- */

uint64_t vmread(uint32_t field)
{
    uint64_t value = 0;

    if ( unlikely(!vmread_raw(field, &value)) )
        panic("VMREAD of field %#x failed\n", field);
    return value;
}

void vmwrite(uint32_t field, uint64_t value)
{
    if ( unlikely(!vmwrite_raw(field, value)) )
        panic("VMWRITE of %#lx to field %#x failed\n", value, field);
}

void vmwrite_all(const struct vmx_field *f, size_t nr)
{
    for ( size_t i = 0; i < nr; i++ )
        vmwrite(f[i].field, f[i].value);
}

static void load(struct vmx_vcpu *x) { CHECK(vmptrld(region_pa(x->vmcs))); }

static void clear(struct vmx_vcpu *x)
{
    CHECK(vmclear(region_pa(x->vmcs)));
    x->is_launched = false;
}

int vmcs_alloc(struct vmx_vcpu *x)
{
    x->vmcs = region_alloc();
    if ( !x->vmcs )
        return -XEN_ENOMEM;
    clear(x);
    return 0;
}

void vmcs_free(struct vmx_vcpu *x) { heap_free_page(x->vmcs); }

void vmcs_load(struct vmx_vcpu *x)
{
    running[this_pcpu()->id] = x;
    load(x);
}

void vmcs_clear(struct vmx_vcpu *x)
{
    running[this_pcpu()->id] = NULL;
    clear(x);
}

void vmcs_begin(struct vmx_vcpu *x)
{
    if ( running[this_pcpu()->id] != x )
        load(x);
}

void vmcs_end(struct vmx_vcpu *x)
{
    struct vmx_vcpu *own = running[this_pcpu()->id];

    if ( own == x )
        return;
    clear(x);
    if ( own )
        load(own);
}

void vmx_flush_ept(uint64_t eptp)
{
    const bool single = ept_caps & EPT_CAP_INVEPT_SINGLE;

    CHECK(invept(single ? INVEPT_SINGLE : INVEPT_ALL, single ? eptp : 0));
}
