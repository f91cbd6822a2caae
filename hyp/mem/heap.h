/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page heap: all free RAM, in buddy blocks, kept apart by address width so that
 * a request for low memory is met without searching.
 */
#pragma once

#include "mem/frame.h"

#define HEAP_MAX_ORDER  18      /* 1 GiB */

/* Give the frames [start, end) of RAM to the heap.  Boot, and memory given back after it. */
void heap_add(mfn_t start, mfn_t end);

/*
 * 2^@order frames, naturally aligned, every address below 2^@bits (64: anywhere).
 * Zeroed unless HEAP_NO_SCRUB.  INVALID_MFN if there is none.  Takes RANK_HEAP.
 * The frames have owner DOMID_XEN, no type, refs 0.
 */
#define HEAP_NO_SCRUB   1       /* the caller overwrites every byte, or they are the hypervisor's */
mfn_t heap_alloc(unsigned int order, unsigned int bits, unsigned int flags);
/* @dirty: they may hold somebody's data, and are scrubbed before anyone else gets them. */
void heap_free(mfn_t mfn, unsigned int order, bool dirty);

/* Pages for the hypervisor itself: zeroed; NULL if there is none. */
void *heap_alloc_pages(unsigned int order);
void heap_free_pages(void *va, unsigned int order);
static inline void *heap_alloc_page(void) { return heap_alloc_pages(0); }
static inline void heap_free_page(void *va) { heap_free_pages(va, 0); }

uint64_t heap_nr_free(void);            /* frames, scrubbed or not */
uint64_t heap_nr_total(void);           /* frames that the heap ever got */
uint64_t heap_nr_free_below(unsigned int bits);
uint64_t heap_nr_dirty(void);

/* Claims: frames promised to a domain that is being built (XENMEM_claim_pages). */
int must_check heap_claim(uint64_t *claim, uint64_t pages);     /* *claim: the domain's; 0 drops it.  -XEN_ENOMEM */
void heap_claim_used(uint64_t *claim, uint64_t pages);          /* frames were allocated against it */
uint64_t heap_nr_claimed(void);
