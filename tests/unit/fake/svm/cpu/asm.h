/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A processor with AMD-V, as far as hvm/svm.c uses it; VMRUN is the test's svm_run. */
#ifndef FAKE_SVM_ASM_H
#define FAKE_SVM_ASM_H

#include "base/compiler.h"
#include "base/types.h"

extern struct fake_processor {
    uint32_t ext_c, ext_d, svm_d;       /* CPUID 0x80000001 ECX and EDX, 0x8000000a EDX */
    uint64_t efer, vm_cr, hsave, saved; /* MSRs; what the last VMSAVE was given */
    unsigned int nr_windows;            /* how often interrupts were let in */
} fp;

struct cpuid_regs { uint32_t a, b, c, d; };
static inline struct cpuid_regs cpuid_count(uint32_t leaf, uint32_t sub)
{
    return (struct cpuid_regs){ .c = leaf == 0x80000001 ? fp.ext_c : 0,
                                .d = leaf == 0x80000001 ? fp.ext_d : leaf == 0x8000000a ? fp.svm_d : 0 };
}
uint64_t *fake_msr(uint32_t msr);
static inline uint64_t rdmsr(uint32_t msr) { return *fake_msr(msr); }
static inline void wrmsr(uint32_t msr, uint64_t v) { *fake_msr(msr) = v; }
static inline void vmsave(uint64_t pa) { fp.saved = pa; }
static inline void irq_window(void) { fp.nr_windows++; }

#endif
