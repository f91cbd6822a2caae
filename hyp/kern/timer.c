/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers.  Each CPU has a pairing heap: its links lie in the timers, so arming never
 * needs memory.  Arm and meld are constant time, removal of the first is logarithmic
 * in the long run.
 *
 * The APIC timer may go off too early, never too late: when the first deadline moves
 * away it is left as it is, which is cheaper than setting it each time.
 */
#include "kern/timer.h"

#include "base/log.h"
#include "cpu/asm.h"
#include "cpu/pcpu.h"
#include "cpu/spinlock.h"
#include "kern/clock.h"
#include "plat/apic.h"
#include "plat/smp.h"

#define RETRY_NS    10000       /* its function still runs on the CPU it came from */

struct timer_heap {
    struct lock   lock;
    struct timer *first;        /* earliest; NULL: empty */
    uint64_t      apic_ns;      /* what the APIC timer is set to; ~0: off.  Own CPU only */
    uint64_t      nr_run;
};

static struct timer_heap heaps[NR_CPUS];

/* Join two heaps, either of which may be NULL. */
static struct timer *meld(struct timer *a, struct timer *b)
{
    if ( !a || !b )
        return a ? a : b;
    if ( b->deadline_ns < a->deadline_ns ) {
        struct timer *t = a;

        a = b;
        b = t;
    }
    b->prev = a;
    b->next = a->child;
    if ( a->child )
        a->child->prev = b;
    a->child = b;
    return a;
}

/* Join a list of siblings: in pairs from the left, then the pairs from the right. */
static struct timer *meld_siblings(struct timer *t)
{
    struct timer *pairs = NULL, *all = NULL;

    while ( t ) {
        struct timer *a = t, *b = t->next;

        t = b ? b->next : NULL;
        a->next = a->prev = NULL;
        if ( b )
            b->next = b->prev = NULL;
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    while ( pairs ) {
        struct timer *a = pairs;

        pairs = a->next;
        a->next = NULL;
        all = meld(all, a);
    }
    return all;
}

static void heap_remove(struct timer_heap *h, struct timer *t)
{
    struct timer *rest = meld_siblings(t->child);

    if ( t == h->first ) {
        h->first = rest;
    } else {
        if ( t->prev->child == t )
            t->prev->child = t->next;
        else
            t->prev->next = t->next;
        if ( t->next )
            t->next->prev = t->prev;
        h->first = meld(h->first, rest);
    }
    t->child = t->next = t->prev = NULL;
    write_once(t->armed, false);
}

static void heap_insert(struct timer_heap *h, struct timer *t)
{
    t->child = t->next = t->prev = NULL;
    write_once(t->armed, true);
    h->first = meld(h->first, t);
}

/* The heap that @t belongs to, locked. */
static struct timer_heap *lock_heap(const struct timer *t)
{
    for ( ; ; ) {
        const uint32_t cpu = read_once(t->cpu);

        spin_lock(&heaps[cpu].lock);
        if ( t->cpu == cpu )
            return &heaps[cpu];
        spin_unlock(&heaps[cpu].lock);
    }
}

/* @t has become the first of its locked heap: see that its CPU wakes in time. */
static void heap_new_first(struct timer_heap *h, const struct timer *t)
{
    if ( t->cpu != this_pcpu()->id ) {
        atomic_or32(&pcpu_get(t->cpu)->work, PCPU_WORK_TIMER);
        smp_kick(t->cpu);
    } else if ( t->deadline_ns < h->apic_ns ) {
        h->apic_ns = t->deadline_ns;
        apic_timer_arm(t->deadline_ns);
    }
}

void timer_init(struct timer *t, void (*fn)(void *arg), void *arg, unsigned int cpu)
{
    *t = (struct timer){ .fn = fn, .arg = arg, .cpu = cpu };
}

void timer_arm(struct timer *t, uint64_t deadline_ns)
{
    struct timer_heap *h = lock_heap(t);

    if ( t->armed )
        heap_remove(h, t);
    t->deadline_ns = deadline_ns;
    heap_insert(h, t);
    if ( h->first == t )
        heap_new_first(h, t);
    spin_unlock(&h->lock);
}

void timer_disarm(struct timer *t)
{
    struct timer_heap *h;

    /* Who arms and disarms a timer at the same time gets either order anyway. */
    if ( !timer_is_armed(t) )
        return;

    h = lock_heap(t);
    if ( t->armed )
        heap_remove(h, t);
    spin_unlock(&h->lock);
}

void timer_kill(struct timer *t)
{
    uint32_t cpu;

    do {
        timer_disarm(t);
        while ( (cpu = read_once(t->running)) != 0 && cpu != this_pcpu()->id + 1 ) {
            if ( spin_poll )
                spin_poll();
            cpu_relax();
        }
    } while ( timer_is_armed(t) );      /* it armed itself while we waited */
}

bool timer_is_armed(const struct timer *t) { return read_once(t->armed); }

void timer_migrate(struct timer *t, unsigned int cpu)
{
    uint32_t from;

    for ( ; ; ) {
        from = read_once(t->cpu);
        if ( from == cpu )
            return;
        spin_lock(&heaps[from < cpu ? from : cpu].lock);
        spin_lock_second(&heaps[from < cpu ? cpu : from].lock);
        if ( t->cpu == from )
            break;
        spin_unlock(&heaps[from < cpu ? cpu : from].lock);
        spin_unlock(&heaps[from < cpu ? from : cpu].lock);
    }

    if ( t->armed ) {
        heap_remove(&heaps[from], t);
        t->cpu = cpu;
        heap_insert(&heaps[cpu], t);
        if ( heaps[cpu].first == t )
            heap_new_first(&heaps[cpu], t);
    } else {
        t->cpu = cpu;
    }
    spin_unlock(&heaps[from < cpu ? cpu : from].lock);
    spin_unlock(&heaps[from < cpu ? from : cpu].lock);
}

void timer_init_cpu(unsigned int cpu)
{
    lock_init(&heaps[cpu].lock, RANK_TIMER);
    heaps[cpu].first = NULL;
    heaps[cpu].apic_ns = ~0ULL;
}

/* Run the first timer of locked @h; the lock is dropped meanwhile. */
static void run_first(struct timer_heap *h, uint64_t now)
{
    struct timer *t = h->first;

    heap_remove(h, t);
    if ( t->running ) {
        t->deadline_ns = now + RETRY_NS;
        heap_insert(h, t);
        return;
    }

    write_once(t->running, this_pcpu()->id + 1);
    h->nr_run++;
    spin_unlock(&h->lock);
    t->fn(t->arg);
    __atomic_store_n(&t->running, 0, __ATOMIC_RELEASE);
    spin_lock(&h->lock);
}

void timer_run(void)
{
    struct timer_heap *h = &heaps[this_pcpu()->id];
    const uint64_t now = clock_now_ns();
    uint64_t next;

    spin_lock(&h->lock);
    while ( h->first && h->first->deadline_ns <= now )
        run_first(h, now);
    next = h->first ? h->first->deadline_ns : ~0ULL;
    /* Also if it was set to that already: it may have gone off a little early. */
    if ( next != ~0ULL || h->apic_ns != ~0ULL ) {
        h->apic_ns = next;
        apic_timer_arm(next);
    }
    spin_unlock(&h->lock);
}

void timer_dump(void)
{
    for ( unsigned int cpu = 0; cpu < nr_cpus; cpu++ ) {
        struct timer_heap *h = &heaps[cpu];
        uint64_t first, nr_run;

        spin_lock(&h->lock);
        first = h->first ? h->first->deadline_ns : 0;
        nr_run = h->nr_run;
        spin_unlock(&h->lock);
        log_err("cpu%u: %lu timers run; next at %lu ns, now %lu ns\n", cpu, nr_run, first,
                clock_now_ns());
    }
}
