/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which MSRs a PV guest may read and write, and what happens then.
 *
 * PV kernels try many MSRs and take #GP for "not there"; so the list is short.  Registers
 * that select speculation controls, machine checks or memory types belong to the
 * hypervisor.  Also here: the hypercall page, which an MSR write installs.
 */

#include "base/string.h"
#include "core/page.h"
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/msr.h"
#include "mem/frame.h"
#include "pv/pv.h"

#define APIC_BASE_DEFAULT       0xfee00000UL
#define MISC_FAST_STRINGS       BIT(0)
#define MISC_NO_BTS             BIT(11)
#define MISC_NO_PEBS            BIT(12)
#define EFER_GUEST              (EFER_SCE | EFER_LME | EFER_LMA | EFER_NX)

#define STUB_BYTES              32

/* Registers that have one answer for every guest. */
static bool fixed_value(uint32_t msr, uint64_t *val)
{
    switch ( msr ) {
    case MSR_EFER:          *val = EFER_GUEST;          return true;
    case MSR_PAT:           *val = PAT_ABI;             return true;
    case MSR_MCG_CAP:       *val = 0;                   return true;    /* no banks */
    case MSR_MCG_STATUS:    *val = 0;                   return true;
    }
    if ( cpu.is_amd ) {
        switch ( msr ) {
        case MSR_K8_HWCR:   *val = HWCR_TSC_FREQ_SEL;   return true;
        case MSR_K8_SYSCFG: *val = 0;                   return true;
        case MSR_LFENCE_CFG: *val = LFENCE_SERIALISES;  return true;
        }
        return false;
    }
    switch ( msr ) {
    case MSR_PLATFORM_INFO: *val = 0;                   return true;
    case MSR_MISC_FEATURES: *val = 0;                   return true;
    case MSR_MISC_ENABLE:
        *val = MISC_FAST_STRINGS | MISC_NO_BTS | MISC_NO_PEBS;
        return true;
    }
    return false;
}

int msr_guest_read(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    switch ( msr ) {
    case MSR_FS_BASE: case MSR_GS_BASE: case MSR_KERNEL_GS_BASE:
        /* The running guest's bases are in the registers; user GS waits in the third. */
        *val = rdmsr(msr);
        return 0;
    case MSR_TSC:
        *val = rdtsc();
        return 0;
    case MSR_APIC_BASE:
        *val = APIC_BASE_DEFAULT | APIC_BASE_ENABLE | (v->id ? 0 : APIC_BASE_BSP);
        return 0;
    case MSR_UCODE_REV:
        *val = rdmsr(msr);
        return 0;
    }
    return fixed_value(msr, val) ? 0 : -XEN_EPERM;
}

int pv_install_hypercall_page(struct domain *d, mfn_t mfn)
{
    void *page;

    if ( !page_hold(d, mfn, true) )
        return -XEN_EACCES;
    page = frame_map(mfn);
    pv_hypercall_page(page);
    frame_unmap(page);
    page_unhold(d, mfn, true);
    return 0;
}

int msr_guest_write(struct vcpu *v, uint32_t msr, uint64_t val)
{
    uint64_t now;

    switch ( msr ) {
    case MSR_FS_BASE:        return pv_set_segment_base(v, SEGBASE_FS, val) ? -XEN_EPERM : 0;
    case MSR_GS_BASE:        return pv_set_segment_base(v, SEGBASE_GS_KERNEL, val) ? -XEN_EPERM : 0;
    case MSR_KERNEL_GS_BASE: return pv_set_segment_base(v, SEGBASE_GS_USER, val) ? -XEN_EPERM : 0;
    case MSR_UCODE_REV:
        /* Kernels write 0 before they read the revision (SDM vol 3A 9.11.7.1). */
        return val ? -XEN_EPERM : 0;
    case MSR_HYPERCALL_PAGE:
        /* The low bits would choose among several pages; there is one. */
        return (val & ~PAGE_MASK) || pv_install_hypercall_page(v->domain, paddr_to_mfn(val)) ? -XEN_EPERM : 0;
    }
    /* Writing what is there already changes nothing. */
    return fixed_value(msr, &now) && now == val ? 0 : -XEN_EPERM;
}

/*
 * A stub is `push %rcx; push %r11; mov $nr, %eax; syscall; pop %r11; pop %rcx; ret`.  That of
 * iret leaves RCX, R11 and RAX on the stack as struct iret_context wants them and does not
 * return.
 */
void pv_hypercall_page(void *page)
{
    static const uint8_t call[] = { 0x51, 0x41, 0x53, 0xb8, 0, 0, 0, 0, 0x0f, 0x05,
                                    0x41, 0x5b, 0x59, 0xc3 };
    static const uint8_t iret[] = { 0x51, 0x41, 0x53, 0x50, 0xb8, 0, 0, 0, 0, 0x0f, 0x05 };
    uint8_t *stub = page;

    memset(page, 0xcc, PAGE_SIZE);
    for ( uint32_t nr = 0; nr < PAGE_SIZE / STUB_BYTES; nr++, stub += STUB_BYTES ) {
        const bool is_iret = nr == __HYPERVISOR_iret;

        memcpy(stub, is_iret ? iret : call, is_iret ? sizeof(iret) : sizeof(call));
        memcpy(stub + (is_iret ? 5 : 4), &nr, sizeof(nr));
    }
}
