/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A processor with VT-x, as far as hvm/vmx*.c use it: its VMCSs are arrays that a test looks into. */
#ifndef FAKE_VMX_ASM_H
#define FAKE_VMX_ASM_H

#include "base/compiler.h"
#include "base/types.h"

#define FAKE_FIELDS 0x7000

struct fake_vmcs { paddr_t pa; bool is_loaded; uint64_t field[FAKE_FIELDS]; };
extern struct fake_processor {
    bool     vmx_on;
    uint32_t cpuid1_c;
    uint64_t cr2, cr4, dr[8], msr_low[0x2000], msr_high[0x2000];
    struct fake_vmcs vmcs[4], *loaded;
    uint64_t flushed_eptp;
    unsigned int nr_nmis, nr_mcs;
} fp;

struct fake_vmcs *fake_vmcs_at(paddr_t pa);
uint64_t *fake_msr(uint32_t msr);

static inline uint64_t read_cr0(void) { return 0x80050033; }
static inline uint64_t read_cr2(void) { return fp.cr2; }
static inline void write_cr2(uint64_t v) { fp.cr2 = v; }
static inline uint64_t read_cr4(void) { return fp.cr4; }
static inline uint64_t read_dr6(void) { return fp.dr[6]; }
static inline void write_dr6(uint64_t v) { fp.dr[6] = v; }
static inline uint64_t rdmsr(uint32_t msr) { return *fake_msr(msr); }
static inline void wrmsr(uint32_t msr, uint64_t v) { *fake_msr(msr) = v; }

struct cpuid_regs { uint32_t a, b, c, d; };
static inline struct cpuid_regs cpuid_count(uint32_t leaf, uint32_t sub)
{
    return (struct cpuid_regs){ .c = leaf == 1 ? fp.cpuid1_c : 0 };
}

struct desc_ptr { uint16_t limit; uint64_t base; } packed;
static inline struct desc_ptr sidt(void) { return (struct desc_ptr){ 4095, 0xffff82d080001000 }; }

static inline bool must_check vmxon(uint64_t pa) { return fp.vmx_on = true; }
static inline bool must_check vmclear(uint64_t pa)
{
    struct fake_vmcs *m = fake_vmcs_at(pa);

    m->is_loaded = false;
    if ( fp.loaded == m )
        fp.loaded = NULL;
    return true;
}
static inline bool must_check vmptrld(uint64_t pa)
{
    fp.loaded = fake_vmcs_at(pa);
    return fp.loaded->is_loaded = true;
}
static inline bool must_check vmwrite_raw(uint64_t field, uint64_t v)
{
    if ( !fp.loaded || field >= FAKE_FIELDS )
        return false;
    fp.loaded->field[field] = v;
    return true;
}
static inline bool must_check vmread_raw(uint64_t field, uint64_t *v)
{
    if ( !fp.loaded || field >= FAKE_FIELDS )
        return false;
    *v = fp.loaded->field[field];
    return true;
}
static inline bool must_check invept(uint64_t type, uint64_t eptp) { fp.flushed_eptp = eptp; return true; }
static inline void raise_nmi(void) { fp.nr_nmis++; }
static inline void raise_mc(void) { fp.nr_mcs++; }

#endif
