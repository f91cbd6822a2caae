/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this machine's processors can do, and setting each of them up. */
#pragma once

#include "base/types.h"

struct cpu_features {
    bool smap, xsave, xsaveopt, invariant_tsc, rdtscp, page1gb, is_amd, is_emulated_tcg;
    uint32_t phys_bits;             /* of physical addresses */
};
extern struct cpu_features cpu;     /* of the boot CPU; immutable after cpu_probe */

/* Boot CPU, before anything else: fill `cpu`.  @allow_smap, @allow_smep: boot options. */
void cpu_probe(bool allow_smap, bool allow_smep);
/* Each CPU: descriptor tables, CR0, CR4, EFER, PAT, SYSCALL registers, extended state. */
void cpu_init(void);
/* Write CR4 if it differs from what is loaded.  cpu_force_cr4: @bits stay set from now on (VMXE). */
void cpu_load_cr4(uint64_t cr4);
void cpu_force_cr4(uint64_t bits);
void cpu_load_syscall_msrs(void);   /* after a hardware guest's */
uint64_t cpu_base_cr4(void);        /* the hypervisor's own bits */
