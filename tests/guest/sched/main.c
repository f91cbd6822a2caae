/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sched_op: yield, block, poll with and without a deadline, bad arguments.
 * On the real Xen poll takes at most 128 ports, a deadline of 0 is none, and
 * an unmasked event ends it; block with an event waiting returns at once.
 * timing: 1
 * pvh: yes
 */
#include "test.h"
#include <xenabi/event_channel.h>
#include <xenabi/sched.h>

static long poll(uint64_t ports, uint32_t nr, uint64_t timeout)
{
    struct sched_poll op = { .ports = ports, .nr_ports = nr, .timeout = timeout };

    return hc_sched_op(SCHEDOP_poll, HC_PTR(&op));
}

void test_main(void)
{
    const uint32_t port = event_bind_ipi(0);
    uint32_t list[200];
    uint64_t t;

    for ( unsigned int i = 0; i < ARRAY_SIZE(list); i++ )
        list[i] = port;
    EQ(hc_sched_op(SCHEDOP_yield, 0), 0);
    EQ(hc_sched_op(SCHEDOP_yield, BAD_PTR), 0);

    t = clock_now();
    EQ(poll(HC_PTR(list), 1, t + 30000000), 0);
    EQ_ROW("slept to the deadline", clock_now() >= t + 30000000, 1);
    EQ_ROW("deadline in the past", poll(HC_PTR(list), 1, 1), 0);
    t = clock_now();
    EQ_ROW("no ports, a deadline", poll(0, 0, t + 10000000), 0);
    EQ(clock_now() >= t + 10000000, 1);
    event_send(port);
    EQ_ROW("pending: at once", poll(HC_PTR(list), 1, 0), 0);
    EQ(event_clear(port), 1);
    EQ(poll(HC_PTR(list), 128, clock_now() + 1000000), 0);
    EQ(poll(HC_PTR(list), 129, 1), -XEN_EINVAL);
    EQ(poll(HC_PTR(list), ~0u, 1), -XEN_EINVAL);
    EQ(poll(BAD_PTR, 1, 1), -XEN_EFAULT);
    list[0] = 0x7fffffff;
    EQ(poll(HC_PTR(list), 1, 1), -XEN_EINVAL);
    EQ(hc_sched_op(SCHEDOP_poll, BAD_PTR), -XEN_EFAULT);

    event_unmask(port);
    event_send(port);
    if ( guest_is_pv() ) {                  /* others sleep by HLT, and have interrupts to turn on */
        EQ_ROW("block with an event waiting", hc_sched_op(SCHEDOP_block, 0), 0);
        EQ_ROW("block turned events on", event_vcpu()->evtchn_upcall_mask, 0);
    } else
        events_wait();
    EQ_ROW("it was delivered", event_pending(port), 0);
    events_off();

    EQ(hc_sched_op(SCHEDOP_shutdown, BAD_PTR), -XEN_EFAULT);

    struct sched_remote_shutdown far = { .domain_id = 77 };

    const long rc = hc_sched_op(SCHEDOP_remote_shutdown, HC_PTR(&far));

    EQ_ROW("unknown domain", rc == -XEN_ESRCH || (rc == -XEN_EPERM && !guest_is_dom0()), 1);

    struct sched_watchdog wd = { .id = 9, .timeout = 10 };

    EQ_ROW("a watchdog that is not there", hc_sched_op(SCHEDOP_watchdog, HC_PTR(&wd)) < 0, 1);
    wd = (struct sched_watchdog){ .id = 0, .timeout = 100 };

    const long id = hc_sched_op(SCHEDOP_watchdog, HC_PTR(&wd));

    CHECK(id > 0 || id == -XEN_ENOSYS);
    if ( id > 0 ) {
        wd = (struct sched_watchdog){ .id = id, .timeout = 0 };
        EQ(hc_sched_op(SCHEDOP_watchdog, HC_PTR(&wd)), 0);
    }
}
