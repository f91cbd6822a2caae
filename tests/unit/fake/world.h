/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fake machine with a few domains, for host tests of core/: RAM is an array, there is one CPU,
 * and what the modules under test call in other parts is counted here.  Frames' references,
 * types and locks are the real ones (core/page.c, cpu/spinlock.c).
 */
#ifndef FAKE_WORLD_H
#define FAKE_WORLD_H

#include "core/domain.h"
#include "core/vcpu.h"

#define FAKE_FRAMES     4096
#define FAKE_DOMAINS    4
#define FAKE_VCPUS      2

struct fake_world {
    struct domain *dom[FAKE_DOMAINS];       /* dom[0] is dom0; ids are the indices */
    uint32_t nr_kicks[FAKE_DOMAINS][FAKE_VCPUS];
    uint32_t nr_unblocks[FAKE_DOMAINS][FAKE_VCPUS];
    uint32_t nr_tlb_flushes;
    int      preempt_in;                    /* calls of preempt_needed until it is true; -1 never */
    int      alloc_fails_in;                /* allocations until they fail; -1 never */
    uint32_t pirq_bound[16];                /* port of each of dom0's pirqs, 0 none */
    uint32_t pirq_vcpu[16];
};
extern struct fake_world fake;

void fake_init(void);
/* Everything is given back: fails the test on leaked frames, references or slab objects. */
void fake_exit(void);
/* Finish a domain: events, grants, page tables, frames.  dom[i] is NULL then. */
void fake_destroy_domain(unsigned int i);

/* Make vCPU @v of domain @d the current one. */
void fake_run(unsigned int d, unsigned int v);
/* A frame of RAM that domain @d owns, zeroed. */
mfn_t fake_ram(unsigned int d);
/* References to @mfn beside the owner's own; writable types. */
uint32_t fake_refs(mfn_t mfn);
uint32_t fake_types(mfn_t mfn);

/* The fake page tables: what frame the current domain maps at @addr, or INVALID_MFN. */
mfn_t fake_mapped(uint64_t addr);
/* The guest writes 0 over the entry itself. */
void fake_pte_clear(uint64_t addr);
/* Fails the test if anything maps a frame that is not held for it. */
void fake_check_mappings(void);
/* An entry's machine address is its linear address plus this. */
#define FAKE_PTE_MA     (1ULL << 40)

#endif
