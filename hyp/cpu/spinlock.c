/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ticket locks: first come, first served, so nobody starves. */
#include "cpu/spinlock.h"
#include "cpu/asm.h"
#include "cpu/pcpu.h"
#include "base/assert.h"

static void poll_nothing(void) { }
void (*spin_poll)(void) = poll_nothing;

#ifdef DEBUG
static void rank_push(const struct lock *l, bool equal_ok)
{
    struct pcpu *p = this_pcpu();

    if ( p->lock_depth && l->rank != RANK_CONSOLE ) {
        const uint8_t top = p->lock_ranks[p->lock_depth - 1];

        CHECK(top < l->rank || (equal_ok && top == l->rank));
    }
    CHECK(p->lock_depth < sizeof(p->lock_ranks));
    p->lock_ranks[p->lock_depth++] = l->rank;
}

/* Locks need not be released in the order of acquisition. */
static void rank_pop(const struct lock *l)
{
    struct pcpu *p = this_pcpu();

    for ( uint32_t i = p->lock_depth; i-- > 0; ) {
        if ( p->lock_ranks[i] == l->rank ) {
            for ( ; i + 1 < p->lock_depth; i++ )
                p->lock_ranks[i] = p->lock_ranks[i + 1];
            p->lock_depth--;
            return;
        }
    }
    panic("unlock of a lock of rank %u that is not held\n", l->rank);
}
#else
static inline void rank_push(const struct lock *l, bool equal_ok) { }
#ifdef HOST_TEST
static inline void rank_pop(const struct lock *l) { }
#endif
#endif

void spin_wait(struct lock *l, uint16_t ticket)
{
    while ( __atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket ) {
        cpu_relax();
        spin_poll();
    }
}

static void acquire(struct lock *l) { spin_wait(l, __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED)); }

#if defined(DEBUG) || defined(HOST_TEST)
void spin_lock(struct lock *l)
{
    rank_push(l, false);
    acquire(l);
}

void spin_unlock(struct lock *l)
{
    rank_pop(l);
    __atomic_store_n(&l->owner, l->owner + 1, __ATOMIC_RELEASE);
}
#endif

void spin_lock_second(struct lock *l)
{
    rank_push(l, true);
    acquire(l);
}
