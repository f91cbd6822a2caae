/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest timers.  Setting one for another vCPU is the caller's right to check. */
#include "core/vtimer.h"

#include "core/evtchn.h"
#include "kern/clock.h"

static void singleshot_fired(void *arg) { evtchn_send_vcpu_virq(arg, VIRQ_TIMER); }

/* Ticks that were missed are not made up for: the next lies in the future. */
static void periodic_fired(void *arg)
{
    struct vcpu *v = arg;
    const uint64_t period = read_once(v->periodic_ns);

    if ( !period )
        return;
    evtchn_send_vcpu_virq(v, VIRQ_TIMER);
    timer_arm(&v->periodic_timer, clock_now_ns() + period);
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
    timer_init(&v->periodic_timer, periodic_fired, v, v->processor);
    timer_init(&v->poll_timer, poll_timed_out, v, v->processor);
}

void vtimer_kill(struct vcpu *v)
{
    write_once(v->periodic_ns, 0);
    timer_kill(&v->singleshot_timer);
    timer_kill(&v->periodic_timer);
    timer_kill(&v->poll_timer);
}

void vtimer_migrate(struct vcpu *v, unsigned int cpu)
{
    timer_migrate(&v->singleshot_timer, cpu);
    timer_migrate(&v->periodic_timer, cpu);
    timer_migrate(&v->poll_timer, cpu);
}

void vtimer_set_periodic(struct vcpu *v, uint64_t period_ns)
{
    write_once(v->periodic_ns, period_ns);
    if ( period_ns )
        timer_arm(&v->periodic_timer, clock_now_ns() + period_ns);
    else
        timer_disarm(&v->periodic_timer);
}
