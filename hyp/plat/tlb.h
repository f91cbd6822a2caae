/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLB flushes on this and other CPUs, and the epoch that tells whether one is still due.
 *
 * tlb_epoch_now() is a global count of full flushes.  Who drops the last use of a frame's type
 * stamps the frame with it; before the frame is used otherwise, every CPU that may hold a stale entry and
 * has not flushed fully since that stamp must do so (tlb_flush_stale).
 */
#ifndef PLAT_TLB_H
#define PLAT_TLB_H

#include "base/types.h"
#include "base/compiler.h"
#include "config.h"

typedef struct { uint64_t bits[NR_CPUS / 64]; } cpumask_t;

uint32_t tlb_epoch_now(void);

/* Flush this CPU: guest entries by CR3, or everything with global ones. */
void tlb_flush_local(void);
void tlb_flush_local_global(void);
/* Called where CR3 was loaded anyway (counts as a full flush of guest entries). */
void tlb_note_flush(void);

/* Flush on every CPU of @cpus (this one included if set); returns when all have done so. */
void tlb_flush_cpus(const cpumask_t *cpus);
void tlb_flush_one_cpus(const cpumask_t *cpus, uint64_t va);    /* one address: may flush all */
void tlb_flush_all_global(void);                                /* hypervisor mappings changed */
/* Only those of @cpus that have not flushed fully since @stamp. */
void tlb_flush_stale(const uint64_t *cpus, uint32_t stamp);

void tlb_init(void);
void tlb_interrupt(void);       /* the flush IPI's handler */

#endif
