/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual local APIC's timer: one-shot, periodic and by TSC deadline. */
#include "vlapic_world.h"

TEST(one_shot_timer_counts_down_once)
{
    static const struct { uint32_t divide, by; } speeds[] = {
        { 0, 2 }, { 1, 4 }, { 2, 8 }, { 3, 16 }, { 8, 32 }, { 9, 64 }, { 10, 128 }, { 11, 1 },
    };

    vlapic_write(v0, 0x320, 0xec);
    for ( unsigned int i = 0; i < ARRAY_SIZE(speeds); i++ ) {
        const uint64_t tick = 10 * speeds[i].by;

        vlapic_write(v0, 0x3e0, speeds[i].divide);
        vlapic_write(v0, 0x380, 1000);
        CHECK_EQ(vlapic_read(v0, 0x390), 1000);
        CHECK_EQ(pass_ns(400 * tick), 0);
        CHECK_EQ(vlapic_read(v0, 0x390), 600);
        CHECK_EQ(pass_ns(600 * tick - 1), 0);
        CHECK_EQ(vlapic_read(v0, 0x390), 1);
        CHECK_EQ(pass_ns(1), 1);
        CHECK_EQ(got(0xec), 1);
        CHECK_EQ(vlapic_read(v0, 0x390), 0);
        CHECK_EQ(vlapic_read(v0, 0x380), 1000);
        CHECK_EQ(pass_ns(100000000), 0);
    }
    vlapic_write(v0, 0x380, ~0U);
    CHECK_EQ(pass_ns(42949672949ULL), 0);
    CHECK_EQ(pass_ns(1), 1);
}

TEST(writing_zero_stops_the_timer)
{
    vlapic_write(v0, 0x320, 0xec);
    vlapic_write(v0, 0x380, 1000);
    vlapic_write(v0, 0x380, 0);
    CHECK_EQ(vlapic_read(v0, 0x390), 0);
    CHECK_EQ(pass_ns(1000000), 0);
    CHECK_EQ(got(0xec), 0);
}

TEST(masked_timer_counts_silently)
{
    vlapic_write(v0, 0x320, 0x100ec);
    vlapic_write(v0, 0x3e0, 11);
    vlapic_write(v0, 0x380, 1000);
    pass_ns(10000);
    CHECK_EQ(vlapic_read(v0, 0x390), 0);
    CHECK_EQ(got(0xec), 0);
}

TEST(periodic_timer_keeps_its_phase_and_drops_missed_ticks)
{
    uint64_t late;

    vlapic_write(v0, 0x320, 0x200ec);
    vlapic_write(v0, 0x3e0, 11);
    vlapic_write(v0, 0x380, 100000);                /* 1 ms */
    for ( unsigned int i = 0; i < 10; i++ ) {
        CHECK_EQ(pass_ns(1000000), 1);
        CHECK_EQ(got(0xec), 1);
        CHECK_EQ(vlapic_read(v0, 0x390), 100000);
    }
    CHECK_EQ(pass_ns(250000), 0);
    CHECK_EQ(vlapic_read(v0, 0x390), 75000);
    /* 3.5 periods late, as if nobody had looked: one tick, and the next in phase. */
    late = clock_now_ns() + 750000 + 3500000;
    now_tsc = late * 2;
    CHECK_EQ(pass_ns(0), 1);
    CHECK_EQ(got(0xec), 1);
    CHECK_EQ(hvcpus[0].vlapic.timer.deadline_ns, late + 500000);
    CHECK_EQ(pass_ns(500000), 1);
    /* Switched to one-shot it ends with this period. */
    vlapic_write(v0, 0x320, 0xec);
    CHECK_EQ(pass_ns(10000000), 1);
}

TEST(periodic_timer_is_not_faster_than_its_limit)
{
    vlapic_write(v0, 0x320, 0x200ec);
    vlapic_write(v0, 0x3e0, 11);
    vlapic_write(v0, 0x380, 1);
    assert_true(pass_ns(1000000) <= 1000000 / PERIOD_MIN_NS + 1);
    assert_true(vlapic_read(v0, 0x390) <= 1);
}

TEST(tsc_deadline_fires_at_the_guests_tsc)
{
    hvcpus[0].tsc_offset = -1500000ULL;
    CHECK_EQ(vlapic_write_msr(v0, MSR_TSC_DEADLINE, 99), 0);        /* not in that mode: nothing */
    CHECK_EQ(rdmsr_ok(v0, MSR_TSC_DEADLINE), 0);
    vlapic_write(v0, 0x320, 0x400ec);
    CHECK_EQ(vlapic_write_msr(v0, MSR_TSC_DEADLINE, 500000 + 20000), 0);
    CHECK_EQ(rdmsr_ok(v0, MSR_TSC_DEADLINE), 520000);
    CHECK_EQ(vlapic_read(v0, 0x390), 0);
    vlapic_write(v0, 0x380, 77);                    /* no meaning in this mode */
    CHECK_EQ(pass_ns(9999), 0);
    CHECK_EQ(pass_ns(2), 1);
    CHECK_EQ(got(0xec), 1);
    CHECK_EQ(rdmsr_ok(v0, MSR_TSC_DEADLINE), 0);
    /* One in the past at once, zero not at all, the end of time not at all. */
    CHECK_EQ(vlapic_write_msr(v0, MSR_TSC_DEADLINE, 1), 0);
    CHECK_EQ(pass_ns(1), 1);
    CHECK_EQ(vlapic_write_msr(v0, MSR_TSC_DEADLINE, now_tsc + 1000000), 0);
    CHECK_EQ(vlapic_write_msr(v0, MSR_TSC_DEADLINE, 0), 0);
    CHECK_EQ(pass_ns(1000000000), 0);
    CHECK_EQ(vlapic_write_msr(v0, MSR_TSC_DEADLINE, ~0ULL), 0);
    CHECK_EQ(pass_ns(1000000000000), 0);
    CHECK_EQ(rdmsr_ok(v0, MSR_TSC_DEADLINE), ~0ULL);
    /* Another mode stops it. */
    vlapic_write(v0, 0x320, 0xec);
    CHECK_EQ(rdmsr_ok(v0, MSR_TSC_DEADLINE), 0);
    assert_false(hvcpus[0].vlapic.timer.armed);
}

TEST(tsc_deadline_moves_with_the_offset_and_resumes)
{
    vlapic_write(v0, 0x320, 0x400ec);
    CHECK_EQ(vlapic_write_msr(v0, MSR_TSC_DEADLINE, now_tsc + 20000), 0);
    hvcpus[0].tsc_offset = 10000;
    vlapic_tsc_moved(v0);
    CHECK_EQ(pass_ns(4999), 0);
    CHECK_EQ(pass_ns(2), 1);
    vlapic_tsc_moved(v0);
    CHECK_EQ(pass_ns(100000), 0);
    vlapic_timer_resume(v0, 5, now_tsc + hvcpus[0].tsc_offset + 2000);
    CHECK_EQ(pass_ns(999), 0);
    CHECK_EQ(pass_ns(2), 1);
    vlapic_write(v0, 0x320, 0xec);
    vlapic_write(v0, 0x3e0, 11);
    vlapic_timer_resume(v0, 500, 1);
    CHECK_EQ(pass_ns(4999), 0);
    CHECK_EQ(pass_ns(1), 1);
}

TEST(a_periodic_timer_between_two_ticks_resumes_with_a_whole_period)
{
    vlapic_write(v0, 0x320, 0x200ec);
    vlapic_write(v0, 0x3e0, 11);
    lapic(v0)->regs[REG_TIMER_INITIAL][0] = 100000;
    vlapic_timer_resume(v0, 0, 0);
    CHECK_EQ(pass_ns(2999999), 2);
    vlapic_timer_resume(v0, 100, 0);
    CHECK_EQ(pass_ns(1001000), 2);
    vlapic_write(v0, 0x320, 0xec);
    vlapic_timer_resume(v0, 0, 0);
    CHECK_EQ(pass_ns(3000000), 0);
}

TEST(a_timer_that_was_set_anew_meanwhile_is_left_alone)
{
    struct timer *t = &hvcpus[0].vlapic.timer;

    vlapic_write(v0, 0x320, 0xec);
    vlapic_write(v0, 0x3e0, 11);
    vlapic_write(v0, 0x380, 1000);
    now_tsc += 2 * 5000;
    t->armed = false;
    t->fn(t->arg);                  /* on its way when the guest moved it: early now */
    CHECK_EQ(got(0xec), 0);
    assert_true(t->armed);
    CHECK_EQ(pass_ns(5000), 1);
    vlapic_write(v0, 0x380, 0);
    t->fn(t->arg);
    CHECK_EQ(got(0xec), 1);         /* the first one's */
    assert_false(t->armed);
}

static void guest_sets_one_shot(struct timer *t)
{
    vlapic_write(v0, 0x380, 300);
}

TEST(what_is_set_while_the_tick_is_armed_wins)
{
    struct timer *t = &hvcpus[0].vlapic.timer;

    vlapic_write(v0, 0x320, 0x200ec);
    vlapic_write(v0, 0x3e0, 11);
    vlapic_write(v0, 0x380, 100000);
    now_tsc += 2 * 1000000;
    t->armed = false;
    while_arming = guest_sets_one_shot;
    t->fn(t->arg);
    CHECK_EQ(t->deadline_ns, clock_now_ns() + 3000);
}

TEST(timer_follows_its_vcpu_and_ends_with_it)
{
    vlapic_migrate(v0, 5);
    CHECK_EQ(hvcpus[0].vlapic.timer.cpu, 5);
    vlapic_write(v0, 0x380, 1000);
    assert_true(hvcpus[0].vlapic.timer.armed);
    vlapic_free(v0);
    assert_false(hvcpus[0].vlapic.timer.armed);
}

#define CASE(name)  cmocka_unit_test_setup(name, setup)

TESTS(
    CASE(one_shot_timer_counts_down_once),
    CASE(writing_zero_stops_the_timer),
    CASE(masked_timer_counts_silently),
    CASE(periodic_timer_keeps_its_phase_and_drops_missed_ticks),
    CASE(periodic_timer_is_not_faster_than_its_limit),
    CASE(tsc_deadline_fires_at_the_guests_tsc),
    CASE(tsc_deadline_moves_with_the_offset_and_resumes),
    CASE(a_periodic_timer_between_two_ticks_resumes_with_a_whole_period),
    CASE(a_timer_that_was_set_anew_meanwhile_is_left_alone),
    CASE(what_is_set_while_the_tick_is_armed_wins),
    CASE(timer_follows_its_vcpu_and_ends_with_it)
)
