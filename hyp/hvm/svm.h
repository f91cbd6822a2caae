/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual machine control block and the exit codes: APM vol 2 appendices B and C. */
#pragma once

#include "hvm/hvm_vcpu.h"

struct vmcb_seg {
    uint16_t sel, attr;
    uint32_t limit;
    uint64_t base;
};

struct vmcb {
    uint32_t intercept_cr;              /* reads 0-15, writes 16-31 */
    uint32_t intercept_dr;
    uint32_t intercept_exception;
    uint32_t intercept1, intercept2, intercept3;
    uint8_t  reserved1[0x40 - 0x18];
    uint64_t iopm, msrpm, tsc_offset;
    uint32_t asid;
    uint8_t  tlb_control, reserved2[3];
    uint64_t vintr, shadow;
    uint64_t exit_code, info1, info2, exit_int_info;
    uint64_t nested, avic_bar, ghcb, event_inj, ncr3, lbr;
    uint32_t clean, reserved3;
    uint64_t next_rip;
    uint8_t  nr_bytes, bytes[15];
    uint8_t  reserved4[0x400 - 0xe0];
    struct vmcb_seg seg[SEG_NR];        /* ES CS SS DS FS GS GDTR LDTR IDTR TR */
    uint8_t  reserved5[0x4cb - 0x4a0], cpl;
    uint32_t reserved6;
    uint64_t efer;
    uint8_t  reserved7[0x548 - 0x4d8];
    uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
    uint8_t  reserved8[0x5d8 - 0x580];
    uint64_t rsp;
    uint8_t  reserved9[0x5f8 - 0x5e0];
    uint64_t rax, star, lstar, cstar, sfmask, kernel_gs_base, sysenter_cs, sysenter_esp, sysenter_eip, cr2;
    uint8_t  reserved10[0x668 - 0x648];
    uint64_t pat, dbgctl;
    uint8_t  reserved11[0x1000 - 0x678];
};
_Static_assert(offsetof(struct vmcb, exit_code) == 0x70 && offsetof(struct vmcb, event_inj) == 0xa8 &&
               offsetof(struct vmcb, next_rip) == 0xc8 && offsetof(struct vmcb, seg) == 0x400 &&
               offsetof(struct vmcb, cpl) == 0x4cb && offsetof(struct vmcb, efer) == 0x4d0 &&
               offsetof(struct vmcb, cr4) == 0x548 && offsetof(struct vmcb, rsp) == 0x5d8 &&
               offsetof(struct vmcb, cr2) == 0x640 && offsetof(struct vmcb, pat) == 0x668 &&
               sizeof(struct vmcb) == 4096, "APM vol 2 appendix B");

#define SVM_I1_INTR         (1U << 0)
#define SVM_I1_NMI          (1U << 1)
#define SVM_I1_INIT         (1U << 3)
#define SVM_I1_VINTR        (1U << 4)
#define SVM_I1_RDPMC        (1U << 15)
#define SVM_I1_CPUID        (1U << 18)
#define SVM_I1_IRET         (1U << 20)
#define SVM_I1_INVD         (1U << 22)
#define SVM_I1_HLT          (1U << 24)
#define SVM_I1_INVLPGA      (1U << 26)
#define SVM_I1_IOIO         (1U << 27)
#define SVM_I1_MSR          (1U << 28)
#define SVM_I1_FERR         (1U << 30)
#define SVM_I1_SHUTDOWN     (1U << 31)
#define SVM_I2_ALL_SVM      0x7fU
#define SVM_I2_WBINVD       (1U << 9)
#define SVM_I2_MONITOR      (1U << 10)
#define SVM_I2_MWAIT        (3U << 11)
#define SVM_I2_XSETBV       (1U << 13)
#define SVM_CR_WRITE(n)     (1U << (16 + (n)))

#define SVM_EXIT_CR_WRITE   0x010       /* + number */
#define SVM_EXIT_DR         0x020       /* reads, then writes: to 0x3f */
#define SVM_EXIT_EXCEPTION  0x040       /* + vector */
#define SVM_EXIT_INTR       0x060
#define SVM_EXIT_NMI        0x061
#define SVM_EXIT_INIT       0x063
#define SVM_EXIT_VINTR      0x064
#define SVM_EXIT_RDPMC      0x06f
#define SVM_EXIT_CPUID      0x072
#define SVM_EXIT_IRET       0x074
#define SVM_EXIT_INVD       0x076
#define SVM_EXIT_HLT        0x078
#define SVM_EXIT_INVLPGA    0x07a
#define SVM_EXIT_IOIO       0x07b
#define SVM_EXIT_MSR        0x07c
#define SVM_EXIT_SHUTDOWN   0x07f
#define SVM_EXIT_VMRUN      0x080
#define SVM_EXIT_VMMCALL    0x081
#define SVM_EXIT_SKINIT     0x086
#define SVM_EXIT_WBINVD     0x089
#define SVM_EXIT_MONITOR    0x08a
#define SVM_EXIT_MWAIT      0x08b
#define SVM_EXIT_MWAIT_COND 0x08c
#define SVM_EXIT_XSETBV     0x08d
#define SVM_EXIT_NPF        0x400
#define SVM_EXIT_INVALID    (~0ULL)

#define SVM_VINTR_IRQ       (1ULL << 8)
#define SVM_VINTR_NOW       (SVM_VINTR_IRQ | 0x1fULL << 16)     /* of the highest priority, whatever the TPR */
#define SVM_VINTR_MASKING   (1ULL << 24)
#define SVM_VINTR_VECTOR    32                                  /* bit number */

/* Clean: unchanged since it was loaded (APM vol 2 15.15.3). */
#define SVM_CLEAN_ALL       0xfffU
#define SVM_CLEAN_TPR       (1U << 3)

#define SVM_TLB_FLUSH_ALL   1
#define SVM_TLB_FLUSH_ASID  3

struct svm_vcpu {
    struct vmcb *vmcb;
    paddr_t  vmcb_pa;
    bool     nmi_masked;                /* until the guest's IRET */
};

/* svm_entry.S: runs the guest and ends in svm_exit, then the exit path. */
void noreturn svm_run(struct vcpu *v, paddr_t vmcb_pa, paddr_t host_vmcb_pa);
void svm_exit(struct vcpu *v);

extern const struct hvm_backend svm_backend;
/* Boot: is it there?  If not, *@missing says why. */
bool svm_probe(const char **missing);
int must_check svm_cpu_up(void);        /* each CPU.  -XEN_ENOMEM */
