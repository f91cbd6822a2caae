/* SPDX-License-Identifier: MIT */
/*
 * What differs between the kinds of guest: pv.c for paravirtual ones, pvh.c for those of the hardware (PVH, HVM).
 * The entry point that was used chooses.  What a hardware guest has no use for is absent (see the README).
 */
#ifndef GUEST_PLATFORM_H
#define GUEST_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

struct platform {
    void (*init)(void);                 /* first of all: start_info and hypercalls; nothing can be printed before */
    void (*traps)(void);                /* this vCPU's exceptions, and events' upcall */
    uint64_t (*fault_address)(void);    /* of the latest #PF on this vCPU */

    /* Pages from *first on are free, from *unmapped on not mapped; start_info->nr_pages ends them. */
    void (*free_pages)(uint64_t *first, uint64_t *unmapped);
    uint64_t (*pfn_to_mfn)(uint64_t pfn);
    uint64_t (*mfn_to_pfn)(uint64_t mfn);
    void *(*builders_page)(uint64_t mfn);       /* one that start_info names; NULL: out of reach */
    long (*set_entry)(const uint64_t *entry, uint64_t value);   /* of a page table */
    long (*set_table)(const uint64_t *entry, const void *table);
    void (*flush_page)(uint64_t va);
    long (*map_shared_info)(void *page);        /* at a page of the image */
    long (*map_grant_table)(char *pages, unsigned int nr);
    uint64_t (*grant_address)(uint64_t va);     /* what a map operation calls this place */

    void (*events_on)(void);
    void (*events_off)(void);
    void (*events_wait)(void);          /* delivery on, and sleep, in one step */

    long (*start_vcpu)(unsigned int id, void (*fn)(void *), void *arg, void *stack);
};

extern const struct platform *platform, platform_pv, platform_pvh;

/* Where trap_return (trap.S) goes with the stack at vector, error, rip, cs, rflags, rsp, ss. */
extern const void *trap_exit;
/* The instruction of this guest's hypercalls, and a return. */
extern const void *hypercall_entry;

#endif
