/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest timers.  Setting one for another vCPU is the caller's right to check. */
#include "core/vtimer.h"

#include "core/evtchn.h"

static void singleshot_fired(void *arg)
{
    evtchn_send_vcpu_virq(arg, VIRQ_TIMER);
}

static void poll_timed_out(void *arg)
{
    struct vcpu *v = arg;

    if ( read_once(v->flags) & VCPUF_POLLING ) {
        atomic_and32(&v->flags, ~VCPUF_POLLING);
        vcpu_unblock(v);
    }
}

void vtimer_init(struct vcpu *v)
{
    timer_init(&v->singleshot_timer, singleshot_fired, v, v->processor);
    timer_init(&v->poll_timer, poll_timed_out, v, v->processor);
}

void vtimer_kill(struct vcpu *v)
{
    timer_kill(&v->singleshot_timer);
    timer_kill(&v->poll_timer);
}

void vtimer_migrate(struct vcpu *v, unsigned int cpu)
{
    timer_migrate(&v->singleshot_timer, cpu);
    timer_migrate(&v->poll_timer, cpu);
}
