/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two watchdog timers for each domain. */
#include "core/watchdog.h"

#include <xenabi/sched.h>
#include "base/log.h"
#include "cpu/pcpu.h"
#include "kern/clock.h"

static void watchdog_fired(void *arg)
{
    struct domain *d = arg;

    if ( read_once(d->is_shutting_down) || domain_is_dying(d) )
        return;
    log_guest(d, LOG_WARN, "%pd: its watchdog was not reset in time\n", d);
    domain_shutdown(d, SHUTDOWN_watchdog);
}

static uint64_t deadline(uint32_t seconds) { return clock_now_ns() + seconds * 1000000000UL; }

int watchdog_set(struct domain *d, uint32_t id, uint32_t seconds)
{
    if ( id > ARRAY_SIZE(d->watchdog_timer) )
        return -XEN_EINVAL;

    if ( id == 0 ) {
        if ( seconds == 0 )
            return -XEN_EINVAL;
        while ( id < ARRAY_SIZE(d->watchdog_timer) && test_and_set_bit(id, &d->watchdog_in_use) )
            id++;
        if ( id == ARRAY_SIZE(d->watchdog_timer) )
            return -XEN_ENOSPC;
        timer_init(&d->watchdog_timer[id], watchdog_fired, d, this_pcpu()->id);
        timer_arm(&d->watchdog_timer[id], deadline(seconds));
        return id + 1;
    }

    id--;
    if ( !test_bit(id, &d->watchdog_in_use) || !d->watchdog_timer[id].fn )
        return -XEN_EINVAL;
    if ( seconds ) {
        timer_arm(&d->watchdog_timer[id], deadline(seconds));
    } else {
        timer_kill(&d->watchdog_timer[id]);
        clear_bit(id, &d->watchdog_in_use);
    }
    return 0;
}

void watchdog_kill(struct domain *d)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(d->watchdog_timer); i++ )
        if ( test_and_clear_bit(i, &d->watchdog_in_use) )
            timer_kill(&d->watchdog_timer[i]);
}
