/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by sched.c and sched_ctl.c only.  Everything is under sched_lock. */
#pragma once

#include "base/list.h"
#include "core/vcpu.h"
#include "kern/timer.h"

#define SCHED_WEIGHT_DEFAULT    256

/* What the scheduler knows of one vCPU. */
struct sched_unit {
    struct list_head link;      /* in sched_queue, while queued */
    struct vcpu *v;
    int64_t  credit;            /* ns at weight 256, as of since_ns while on a CPU */
    uint64_t epoch;             /* the last one that credit has been given for */
    uint64_t since_ns;          /* on a CPU: accounted up to here */
    int32_t  target;            /* CPU that was asked to take it; -1: none */
    bool     queued;
    bool     on_cpu;            /* exclusive with queued; neither: not runnable */
    bool     yielded;
    bool     soft_counts;       /* soft affinity leaves some allowed CPU, and not all */
    bool     overridden;        /* SCHEDOP_pin_override: hard_affinity is saved here */
    uint64_t saved_affinity[NR_CPUS / 64];
};

struct sched_cpu {
    struct sched_unit *curr;    /* NULL: idle */
    uint64_t start_ns;          /* when curr began to run */
    uint64_t slice_end_ns;      /* while the slice timer is armed */
    struct timer slice;
    bool     asked;             /* PCPU_WORK_SCHED is on its way */
};

extern struct lock sched_lock;
extern struct list_head sched_queue;
extern struct sched_cpu sched_cpus[NR_CPUS];
extern uint64_t sched_online[NR_CPUS / 64];
extern uint64_t sched_ratelimit_ns;

void sched_ask(unsigned int cpu);
void sched_place(struct sched_unit *u, uint64_t now);
