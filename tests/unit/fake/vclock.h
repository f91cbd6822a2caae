/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One CPU, a clock that the test moves, timers that fire as it moves, and memory.  For one C file. */
#ifndef FAKE_VCLOCK_H
#define FAKE_VCLOCK_H

#include "cm.h"

#include "cpu/pcpu.h"
#include "kern/clock.h"
#include "kern/timer.h"
#include "mem/slab.h"

static struct pcpu pcpu;
struct pcpu *this_pcpu(void) { return &pcpu; }

static uint64_t now;
uint64_t clock_now_ns(void) { return now; }

/* Timers: a list without order. */
static struct timer *timers[32];
static unsigned int nr_timers, nr_runs;
void timer_init(struct timer *t, void (*fn)(void *arg), void *arg, unsigned int cpu)
{
    *t = (struct timer){ .fn = fn, .arg = arg, .cpu = cpu };
    timers[nr_timers++] = t;
}
void timer_arm(struct timer *t, uint64_t deadline_ns) { t->armed = true; t->deadline_ns = deadline_ns; }
void timer_disarm(struct timer *t) { t->armed = false; }
void timer_kill(struct timer *t) { CHECK_EQ(pcpu.lock_depth, 0); t->armed = false; }
void timer_migrate(struct timer *t, unsigned int cpu) { t->cpu = cpu; }

static void run_to(uint64_t ns)
{
    for ( ; ; ) {
        struct timer *next = NULL;

        for ( unsigned int i = 0; i < nr_timers; i++ )
            if ( timers[i]->armed && timers[i]->deadline_ns <= ns &&
                 (!next || timers[i]->deadline_ns < next->deadline_ns) )
                next = timers[i];
        if ( !next )
            break;
        if ( next->deadline_ns > now )
            now = next->deadline_ns;
        next->armed = false;
        next->fn(next->arg);
        CHECK_EQ(pcpu.lock_depth, 0);
        nr_runs++;
    }
    now = ns;
}

void *slab_alloc(size_t size) { return calloc(1, size); }
void slab_free(void *p) { free(p); }

#endif
