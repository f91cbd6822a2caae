/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of nested page tables (APM vol 2 15.25: ordinary user-mode entries) and of EPT (SDM vol
 * 3C 28.3).  Our type is in bits 52 to 55, which both ignore.  Pure.
 */
#pragma once

#include "core/p2m.h"
#include "cpu/regs.h"

#define P2M_TYPE_SHIFT  52
#define P2M_LARGE       0x80UL          /* both: the entry maps a large page */

#define EPT_R           0x01UL
#define EPT_W           0x02UL
#define EPT_X           0x04UL
#define EPT_WB          (6UL << 3)      /* memory type, */
#define EPT_IPAT        0x40UL          /* whatever the guest's PAT says: there is only RAM here */
#define EPT_D           0x200UL         /* written to; ignored if the processor does not tell */

static inline bool p2m_present(uint64_t e) { return e & 7; }
static inline enum p2m_type p2m_type_of(uint64_t e) { return (e >> P2M_TYPE_SHIFT) & 0xf; }
static inline mfn_t p2m_mfn_of(uint64_t e) { return MFN((e & PTE_ADDR) >> PAGE_SHIFT); }

static inline bool p2m_writable(enum p2m_type t) { return t != P2M_RAM_RO && t != P2M_GRANT_RO; }
/* Others' pages and the hypervisor's hold no code of the guest. */
static inline bool p2m_executable(enum p2m_type t) { return t == P2M_RAM || t == P2M_RAM_RO; }

static inline uint64_t p2m_leaf(bool ept, mfn_t mfn, unsigned int order, enum p2m_type t)
{
    uint64_t e = mfn_to_paddr(mfn) | (uint64_t)t << P2M_TYPE_SHIFT | (order ? P2M_LARGE : 0);

    if ( ept )
        return e | EPT_R | EPT_WB | EPT_IPAT | EPT_D | (p2m_writable(t) ? EPT_W : 0) |
               (p2m_executable(t) ? EPT_X : 0);
    return e | PTE_P | PTE_US | PTE_A | PTE_D | (p2m_writable(t) ? PTE_RW : 0) |
           (p2m_executable(t) ? 0 : PTE_NX);
}

static inline uint64_t p2m_table(bool ept, mfn_t mfn)
{
    return mfn_to_paddr(mfn) | (ept ? EPT_R | EPT_W | EPT_X : PTE_P | PTE_RW | PTE_US | PTE_A);
}
