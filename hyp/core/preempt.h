/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Long work stops and continues.  A hypercall that must stop returns -XEN_ERESTART; the guest repeats
 * it after the exit path did what waited.  No work runs longer than about half a millisecond without asking.
 */
#pragma once

#include "core/vcpu.h"
#include "cpu/pcpu.h"

void preempt_reset(void);           /* a new hypercall, or a new step of deferred work, begins */

/*
 * True when a long operation should stop: the caller saves its progress (cont_set_arg, or the ABI's
 * own in/out count) and returns -XEN_ERESTART; the dispatcher repeats the instruction.
 */
#ifdef HOST_TEST
bool preempt_needed(void);
#else
#define PREEMPT_LOOK_EVERY  16      /* preempt_needed() calls per look at the clock */
bool preempt_look(void);
static inline bool preempt_needed(void)
{
    struct pcpu *const cpu = this_pcpu();

    /* A vCPU that was paused or crashed meanwhile shows as a request to reschedule. */
    if ( unlikely(read_once(cpu->work)) )
        return true;
    if ( likely(cpu->preempt_asked++ % PREEMPT_LOOK_EVERY) )
        return false;
    return preempt_look();
}
#endif

/*
 * Before -XEN_ERESTART, change argument @i (0..3) of the call that is repeated: that is where a call
 * keeps its progress.  It lands in the guest's register or multicall
 * entry, so it goes with the guest's task when that moves to another vCPU in between.
 */
void cont_set_arg(struct vcpu *v, unsigned int i, uint64_t value);
