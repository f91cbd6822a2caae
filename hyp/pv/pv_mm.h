/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page-table types, private to pv/.  See pv_pagetype.c for the theory.
 * Everything here wants d->mm_lock held; @d owns the tables.
 */
#pragma once

#include "core/insn.h"
#include "core/page.h"
#include "cpu/regs.h"
#include "pv/pv.h"

/* Ours, in guests' L1 entries: a grant's map record holds the references, not the entry. */
#define PTE_GRANT       (1UL << 55)
/* Changes that need no look at what the entry maps. */
#define L1_FLAGS_ONLY   (PTE_A | PTE_D | PTE_AVAIL | PTE_NX | PTE_US | PTE_G | PTE_PWT | PTE_PCD | PTE_PAT | \
                         (0x7fUL << 56) | (0x7UL << 52))
#define LN_FLAGS_ONLY   (PTE_A | PTE_D | PTE_AVAIL | PTE_NX | PTE_US | PTE_RW | PTE_PWT | PTE_PCD | (0x7ffUL << 52))

static inline mfn_t pte_mfn(uint64_t e) { return MFN((e & PTE_ADDR) >> PAGE_SHIFT); }

/*
 * Type @type (FT_L1..FT_L4) for a frame that the caller holds a reference of: validates it if it
 * was something else.  0, -XEN_EINVAL (its contents or its present use forbid it),
 * -XEN_ERESTART (made progress: call again).
 */
int must_check pt_type_get(struct domain *d, struct frame *f, uint8_t type);
/* Drop it.  Taking apart what is left may be finished later, by pt_teardown_some. */
void pt_type_put(struct domain *d, struct frame *f);
/* Reference and type together, by frame number. */
int must_check pt_get(struct domain *d, mfn_t mfn, uint8_t type);
void pt_put(struct domain *d, mfn_t mfn);

/* Have a half-done table taken apart soon; the list holds a reference of its own. */
void pt_teardown_later(struct domain *d, struct frame *f);
/* Go on with what pt_type_put left: true when nothing remains. */
bool pt_teardown_some(struct domain *d);

/* Give back what the L1 entry @e holds. */
void l1e_put(struct domain *d, uint64_t e);

/* Write entry @idx of table @f (validated, of level 1..4), references moved.  As pt_type_get. */
int must_check pt_write_entry(struct domain *d, struct domain *owner, struct frame *f, unsigned int idx,
                              uint64_t val, bool preserve_ad);

/* Store @val, not present, into entry @idx of L1 table @f; returns what it replaced, by one exchange. */
uint64_t pt_exchange_absent(struct domain *d, struct frame *f, unsigned int idx, uint64_t val);

/* The L1 frame and index that map @va in the tables at @l4; false if some level is absent. */
bool must_check pt_walk(uint64_t l4_paddr, uint64_t va, mfn_t *l1, unsigned int *idx);

/* Both domains' mm_lock in id order; @a == @b or @b NULL: one. */
void mm_lock_both(struct domain *a, struct domain *b);
void mm_unlock_both(struct domain *a, struct domain *b);
static inline void mm_lock_pair(struct domain *a, struct domain *b)
{
    if ( likely(!b || a == b) )
        spin_lock(&a->mm_lock);
    else
        mm_lock_both(a, b);
}
static inline void mm_unlock_pair(struct domain *a, struct domain *b)
{
    if ( likely(!b || a == b) )
        spin_unlock(&a->mm_lock);
    else
        mm_unlock_both(a, b);
}

/* The running vCPU's guest-kernel page tables.  As pt_type_get. */
int must_check pv_new_baseptr(struct vcpu *v, mfn_t mfn);
/* Load CR3 on this CPU. */
void pv_load_cr3(uint64_t cr3);

/* LDT (pv_desc.c): release its pages, which gives 0 for ldt_loaded; load LDTR for the running @v. */
uint64_t pv_ldt_drop(struct vcpu *v);
void pv_load_ldt(struct vcpu *v);

/* core/guest_ops.h: for grants (pv_mmu.c). */
int must_check pv_grant_map(struct vcpu *v, uint64_t addr, mfn_t frame, bool by_pte, bool readonly,
                            uint64_t avail_bits, uint64_t *pte_ma);
void pv_grant_unmap(struct domain *d, uint64_t pte_ma, mfn_t frame);

/* Descriptor tables of vCPUs in their domain's address slot (pv_desc.c). */

/* Page 0..15: GDT, 16..31: LDT. */
uint64_t *perdomain_pte(const struct vcpu *v, unsigned int page);
uint64_t perdomain_va(const struct vcpu *v, unsigned int page);

void pv_desc_init(struct vcpu *v);          /* empty tables */
void pv_desc_release(struct vcpu *v);       /* drops the frames; v does not run */
/* A fault at @cr2 in the LDT's pages: true if it is mapped now. */
bool pv_ldt_fault(struct vcpu *v, uint64_t cr2);
void pv_load_debugregs(const struct vcpu *v);

/* Port I/O (pv_io.c). */

enum pv_io_result { PV_IO_DONE, PV_IO_REFUSED, PV_IO_FAULTED };

/* True if the guest's own I/O privilege level allows port I/O in its present mode. */
bool pv_io_privileged(const struct vcpu *v);
/* IN and OUT.  Refused: #GP. */
enum pv_io_result pv_io(struct vcpu *v, const struct insn *in);
/* INS and OUTS, a bounded number of steps; @in->len is made 0 if more are to do.  Faulted: #PF was injected. */
enum pv_io_result pv_io_string(struct vcpu *v, struct insn *in);
