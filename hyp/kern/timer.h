/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timers: a heap of deadlines for each CPU, run on the way back to a guest or from idle. */
#pragma once

#include "base/types.h"

struct timer {
    uint64_t deadline_ns;       /* since boot */
    void   (*fn)(void *arg);
    void    *arg;
    uint32_t cpu;               /* whose heap */
    bool     armed;
    uint32_t running;           /* CPU + 1 that runs fn now; 0: none */
    struct timer *child, *next, *prev;  /* pairing heap; prev of a first child is its parent */
};

/* All zero is not a timer: initialise before any other call. */
void timer_init(struct timer *t, void (*fn)(void *arg), void *arg, unsigned int cpu);
/*
 * Fire @t at or after @deadline_ns (since boot, not TSC); moves it if armed.  A past
 * value fires on the next way out.  Any context; takes RANK_TIMER of t->cpu.
 * @fn runs on t->cpu with no lock held, and may arm @t again.
 */
void timer_arm(struct timer *t, uint64_t deadline_ns);
void timer_disarm(struct timer *t);
/*
 * Disarm, and wait until its function does not run on another CPU: before freeing.
 * Hold no lock that the function takes.
 */
void timer_kill(struct timer *t);
bool timer_is_armed(const struct timer *t);
/* Move @t to @cpu's heap, armed or not: it follows its vCPU. */
void timer_migrate(struct timer *t, unsigned int cpu);

void timer_init_cpu(unsigned int cpu);      /* before that CPU's first timer */
void timer_run(void);                       /* consumes PCPU_WORK_TIMER; sets the APIC timer */
void timer_dump(void);                      /* debug key t */
