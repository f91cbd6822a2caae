/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLB flushes on this and other CPUs, and the epoch that tells whether one is still due.
 *
 * Who drops the last use of a frame's type has removed the mappings, and then stamps the
 * frame with tlb_epoch_now(), which starts a new epoch.  Each CPU notes the epoch in which it last
 * began to flush all guest entries.  Before the frame is used otherwise, every CPU that may hold a
 * stale entry and whose note is not later than the stamp must flush (tlb_flush_stale).
 * The count wraps; CPUs are made to flush long before a note could look new again.
 */
#pragma once

#include "cpu/pcpu.h"

extern uint32_t tlb_epoch;              /* atomic; only this header and tlb.c */

/* Epochs between two flushes of everybody: far less than half of what a note can tell. */
#define TLB_EPOCH_LAP   (1U << 28)

/* A stamp: call after the mappings are gone. */
#ifdef HOST_TEST
uint32_t tlb_epoch_now(void);
#else
void tlb_epoch_lap(void);
static inline uint32_t tlb_epoch_now(void)
{
    const uint32_t stamp = __atomic_fetch_add(&tlb_epoch, 1, __ATOMIC_SEQ_CST);

    if ( unlikely(stamp % TLB_EPOCH_LAP == 0) )
        tlb_epoch_lap();
    return stamp;
}
#endif

/* Flush this CPU: guest entries by CR3, or everything with global ones. */
void tlb_flush_local(void);
void tlb_flush_local_global(void);
/*
 * For who loads CR3 anyway: call right before the load, with no access to guest addresses in
 * between.  (Noted after it, an entry fetched between the two would count as flushed.)
 */
static inline void tlb_note_flush(void)
{
    this_pcpu()->tlb_epoch = __atomic_load_n(&tlb_epoch, __ATOMIC_SEQ_CST);
}

/* Flush on every CPU of the bitmap @cpus (this one included if set); returns when all have done so. */
void tlb_flush_cpus(const uint64_t *cpus);
void tlb_flush_one_cpus(const uint64_t *cpus, uint64_t va);     /* one address: may flush all */
void tlb_flush_all_global(void);                                /* hypervisor mappings changed */
/* Only those of @cpus that have not flushed fully since @stamp. */
void tlb_flush_stale(const uint64_t *cpus, uint32_t stamp);

void tlb_init(void);            /* sets spin_poll */
void tlb_poll(void);            /* do what others ask of this CPU: whoever waits calls it */
