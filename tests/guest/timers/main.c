/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers of a vCPU: set_timer_op, single-shot and periodic, past deadlines.
 * Each raises VIRQ_TIMER, not before its time.  The real Xen fires a past
 * deadline at once, VCPU_SSHOTTMR_future or not (-ETIME would be fine too).
 * timing: 1
 * pvh: yes
 */
#include "test.h"
#include <xenabi/sched.h>
#include <xenabi/vcpu.h>

#define MS 1000000ul

static volatile unsigned int ticks;
static volatile uint64_t at;

static void on_timer(uint32_t port)
{
    (void)port;
    ticks++;
    at = clock_now();
}

static long single(uint64_t when, uint32_t flags)
{
    struct vcpu_set_singleshot_timer op = { .timeout_abs_ns = when, .flags = flags };

    return hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, HC_PTR(&op));
}

static long periodic(uint64_t ns)
{
    struct vcpu_set_periodic_timer op = { .period_ns = ns };

    return hc_vcpu_op(VCPUOP_set_periodic_timer, 0, HC_PTR(&op));
}

static void wait_tick(const char *name, uint64_t when)
{
    const uint64_t limit = clock_now() + 2000 * MS;

    while ( !ticks && clock_now() < limit )
        hc_sched_op(SCHEDOP_yield, 0);
    EQ_ROW(name, ticks, 1);
    EQ_ROW("not before its time", at >= when, 1);
    ticks = 0;
}

void test_main(void)
{
    const long port = event_bind_virq(VIRQ_TIMER, 0);
    uint64_t when;

    CHECK(port > 0);
    EQ(hc_vcpu_op(VCPUOP_stop_periodic_timer, 0, 0), 0);
    event_set_handler(port, on_timer);
    event_unmask(port);
    events_on();
    clock_spin(5 * MS);
    ticks = 0;

    when = clock_now() + 20 * MS;
    EQ(hc_set_timer_op(when), 0);
    wait_tick("set_timer_op", when);
    when = clock_now() + 20 * MS;
    EQ(single(when, 0), 0);
    wait_tick("single shot", when);
    EQ(single(clock_now() - 1000, 0), 0);
    wait_tick("past deadline", 0);

    const long rc = single(clock_now() - 1000, VCPU_SSHOTTMR_future);

    EQ_ROW("past deadline, future wanted", rc == 0 || rc == -XEN_ETIME, 1);
    clock_spin(20 * MS);
    ticks = 0;
    EQ(single(clock_now() + 50 * MS, 0), 0);
    EQ(hc_vcpu_op(VCPUOP_stop_singleshot_timer, 0, 0), 0);
    clock_spin(80 * MS);
    EQ_ROW("stopped", ticks, 0);
    EQ(hc_set_timer_op(clock_now() + 50 * MS), 0);
    EQ(hc_set_timer_op(0), 0);
    clock_spin(80 * MS);
    EQ_ROW("disarmed", ticks, 0);

    events_off();
    when = clock_now() + 20 * MS;
    EQ(single(when, 0), 0);
    events_wait();
    EQ_ROW("woken by the timer", ticks, 1);
    EQ(clock_now() >= when, 1);
    events_on();
    ticks = 0;

    EQ(periodic(10 * MS), 0);
    /* Missed ticks are not made up for, and a busy emulator misses some. */
    when = clock_now();
    do
        clock_spin(120 * MS);
    while ( ticks < 5 && clock_now() < when + 3000 * MS );
    console_printf("%u periodic ticks in %lu ms\n", ticks, (clock_now() - when) / MS);
    CHECK(ticks >= 5 && ticks <= (clock_now() - when) / (10 * MS) + 1);
    EQ(hc_vcpu_op(VCPUOP_stop_periodic_timer, 0, 0), 0);
    ticks = 0;
    clock_spin(40 * MS);
    EQ_ROW("stopped", ticks, 0);
    EQ_ROW("too fast", periodic(1000), -XEN_EINVAL);
    EQ(hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, BAD_PTR), -XEN_EFAULT);
    EQ(hc_vcpu_op(VCPUOP_set_periodic_timer, 0, BAD_PTR), -XEN_EFAULT);
    EQ(hc_vcpu_op(VCPUOP_stop_periodic_timer, 9, 0), -XEN_ENOENT);
    /* A deadline beyond all reason is no timer at all, or one for later. */
    EQ(hc_set_timer_op(1ul << 62) <= 0, 1);
    EQ(hc_set_timer_op(0), 0);
    events_off();
}
