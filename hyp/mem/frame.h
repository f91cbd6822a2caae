/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct frame: what is known of each 4 KiB page of RAM, and the views of RAM.
 *
 * A frame is free (the heap's), the hypervisor's, or one domain's.  Its type says
 * what a PV guest may do with it; rules and transitions are in core/page.h and
 * pv/pv_pagetype.c.  All fields of a domain's frame are guarded by that
 * domain's mm_lock; those of a free frame by the heap's.
 */
#pragma once

#include "base/types.h"
#include "config.h"

#include <xenabi/xen.h>         /* DOMID_* as owners */

enum frame_type {
    FT_NONE,            /* may become anything */
    FT_WRITABLE,        /* type_refs writable guest mappings */
    FT_L1, FT_L2, FT_L3, FT_L4,
    FT_DESC,            /* a page of a guest's GDT or LDT */
};

#define FF_ALLOCATED    0x01    /* holds the allocation's own reference (released once) */
#define FF_PINNED       0x02    /* the guest pinned it: one type reference is the pin's */
#define FF_VALIDATED    0x04    /* page-table type: entries hold their references */
#define FF_PARTIAL      0x08    /* (de)validation was interrupted at entry partial_idx */
#define FF_XENHEAP      0x10    /* the hypervisor's page, shared with a domain; never freed by refs */
#define FF_DIRTY        0x20    /* free, but not scrubbed yet */
#define FF_HEAP_HEAD    0x40    /* first frame of a free block of the heap */
#define FF_RO_SHARE     0x80    /* a XENHEAP page that its domain may map read-only only */

struct frame {
    uint32_t refs;          /* mappings and holders, the allocation included */
    uint16_t owner;         /* domain id; DOMID_XEN: the hypervisor's; DOMID_INVALID: free; DOMID_IO: no RAM */
    uint8_t  type;          /* enum frame_type */
    uint8_t  flags;         /* FF_* */
    uint32_t type_refs;
    uint32_t tlb_stamp;     /* plat/tlb.h epoch at which the last use of a type ended */
    uint32_t next, prev;    /* links by frame number: the owner's list, or a free list */
    union {
        uint32_t order;         /* free block: log2 of its frames */
        uint16_t partial_idx;   /* page tables: the first entry not yet (de)validated */
    };
    uint32_t aux;           /* page tables: link of the owner's teardown list */
};
_Static_assert(sizeof(struct frame) == 32, "the frame table's budget");

#define FRAME_NIL   0xffffffffU     /* no link */

extern uint64_t max_mfn;            /* first frame number past all RAM; immutable after boot */

#ifdef HOST_TEST
extern struct frame *frame_table;
extern uint8_t *directmap;
#define frame_table_base frame_table
static inline void *mfn_to_virt(mfn_t mfn) { return directmap + (mfn.n << PAGE_SHIFT); }
static inline mfn_t virt_to_mfn(const void *va) { return MFN(((uintptr_t)va - (uintptr_t)directmap) >> PAGE_SHIFT); }
#else
#define frame_table_base ((struct frame *)FRAME_TABLE_BASE)
/* The direct map.  Code that touches guests' frames uses frame_map/frame_unmap instead. */
static inline void *mfn_to_virt(mfn_t mfn) { return (void *)(DIRECTMAP_BASE + (mfn.n << PAGE_SHIFT)); }
static inline mfn_t virt_to_mfn(const void *va) { return MFN(((uintptr_t)va - DIRECTMAP_BASE) >> PAGE_SHIFT); }
#endif

static inline struct frame *mfn_to_frame(mfn_t mfn) { return &frame_table_base[mfn.n]; }
/* True if @mfn is RAM.  Holes below max_mfn have entries too, owned by DOMID_IO. */
static inline bool mfn_valid(mfn_t mfn)
{
    return mfn.n < max_mfn && mfn_to_frame(mfn)->owner != DOMID_IO;
}
static inline mfn_t frame_to_mfn(const struct frame *f) { return MFN((uint64_t)(f - frame_table_base)); }

/* Lists of frames by next and prev.  *@head: the first one's number, or FRAME_NIL. */
static inline void frame_list_add(uint32_t *head, struct frame *f)
{
    f->prev = FRAME_NIL;
    f->next = *head;
    *head = frame_to_mfn(f).n;
    if ( f->next != FRAME_NIL )
        mfn_to_frame(MFN(f->next))->prev = *head;
}

static inline void frame_list_del(uint32_t *head, const struct frame *f)
{
    if ( f->next != FRAME_NIL )
        mfn_to_frame(MFN(f->next))->prev = f->prev;
    if ( f->prev != FRAME_NIL )
        mfn_to_frame(MFN(f->prev))->next = f->next;
    else
        *head = f->next;
}

/*
 * A view of any frame for as short as possible.  Today it is the direct map; callers
 * pair the two so that it can become a window.
 */
static inline void *frame_map(mfn_t mfn) { return mfn_to_virt(mfn); }
static inline void frame_unmap(const void *va) { (void)va; }

/* Machine-to-phys: what pseudo-physical frame the owner calls @mfn. */
#define M2P_INVALID     (~0ULL)
#ifdef HOST_TEST
extern uint64_t *m2p_rw;
#else
#define m2p_rw ((uint64_t *)M2P_RW_BASE)
#endif
static inline void m2p_set(mfn_t mfn, uint64_t gpfn) { m2p_rw[mfn.n] = gpfn; }
static inline uint64_t m2p_get(mfn_t mfn) { return m2p_rw[mfn.n]; }
