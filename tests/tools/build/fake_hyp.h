/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hypervisor with one domain, as far as the builder calls it: its memory is an array, and
 * machine frames are numbered in another order than guest frames.
 */
#ifndef FAKE_HYP_H
#define FAKE_HYP_H

#include <xenabi/grant_table.h>
#include <xenabi/memory.h>
#include <xenabi/xen.h>

#define FAKE_MFNS       (64U << 8)      /* 64 MiB */
#define FAKE_SHARED     (FAKE_MFNS)     /* one more frame: shared_info */

struct fake_hyp {
    uint8_t *memory;                    /* FAKE_MFNS + 1 frames */
    uint64_t pfn_of[FAKE_MFNS];         /* ~0: free */
    uint64_t nr_populated, free_pages, claimed;
    bool no_large, no_claims;
    uint32_t flags_seen;                /* of populate, ored */
    unsigned int nr_large, nr_small;    /* extents given */
    uint64_t pinned, cr3, stubs;        /* MFNs; stubs: hypercall page */
    bool mapped;                        /* a foreign mapping is there */
    struct grant_entry_v1 grant[512];
    bool grants_mapped;
    struct xen_e820_entry map;
    struct vcpu_guest_context vcpu;
    unsigned int nr_nodes;

    unsigned int online;                /* bitmap of vCPUs, of 3 */

    int fail_call;                      /* this call, counted from 1, fails; 0: none */
    int calls;
};
extern struct fake_hyp fake;

void fake_reset(void);
/* A guest frame's bytes. */
uint8_t *fake_page(uint64_t mfn);

#endif
