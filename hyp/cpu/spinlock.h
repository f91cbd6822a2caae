/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ticket locks.  Interrupts are off throughout the hypervisor, so there is one
 * form only.  Whoever spins answers other CPUs' TLB-flush requests meanwhile
 * (spin_poll), so a flush may be waited for with a lock held.
 *
 * Take locks in increasing rank.  Two of equal rank: lower domain id first, with
 * spin_lock_second for the second.  Debug builds check this at every acquisition.
 */
#pragma once

#include "base/types.h"

enum lock_rank {
    RANK_NONE,
    RANK_INPUT,         /* console input; debug keys run inside and may take any other */
    RANK_DOMLIST,       /* the list of domains */
    RANK_DOMCTL,        /* one domain's life cycle and settings */
    RANK_GNTTAB,        /* one domain's grant table and map records */
    RANK_MM,            /* one domain's frames: types, counts, page lists */
    RANK_EVTCHN,        /* one domain's event channels */
    RANK_PIRQ,          /* interrupt descriptors and who they are bound to */
    RANK_VDEV,          /* one timer device of a hardware guest */
    RANK_VIRQ,          /* one hardware guest's interrupt lines and controllers */
    RANK_IOREQ,         /* one hardware guest's device models and what they were asked */
    RANK_SCHED,         /* run queues */
    RANK_TIMER,         /* one CPU's timers */
    RANK_HEAP,          /* free pages */
    RANK_LEAF,          /* never hold another lock inside */
    RANK_CONSOLE,       /* the log: may be taken anywhere */
};

struct lock {
    uint16_t next, owner;
    uint8_t  rank;
};

#define LOCK_INIT(r)    { 0, 0, (r) }

static inline void lock_init(struct lock *l, enum lock_rank rank) { *l = (struct lock)LOCK_INIT(rank); }

void spin_lock_second(struct lock *l);      /* equal rank allowed: caller ordered by domain id */
void spin_wait(struct lock *l, uint16_t ticket);
#if defined(DEBUG) || defined(HOST_TEST)
void spin_lock(struct lock *l);
void spin_unlock(struct lock *l);
#else
static inline void spin_lock(struct lock *l)
{
    const uint16_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

    if ( unlikely(__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket) )
        spin_wait(l, ticket);
}

static inline void spin_unlock(struct lock *l)
{
    __atomic_store_n(&l->owner, l->owner + 1, __ATOMIC_RELEASE);
}
#endif

/* Called while spinning; set once by plat/tlb.c. */
extern void (*spin_poll)(void);
