/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timer heaps of two CPUs, against a plain array as the model. */
#include "cm.h"

#include "cpu/pcpu.h"
#include "kern/clock.h"
#include "kern/timer.h"
#include "plat/apic.h"
#include "plat/smp.h"

#define NR      200
#define CPUS    2

unsigned int nr_cpus = CPUS;
static struct pcpu cpus[CPUS];
static unsigned int me;
static uint64_t now, apic_ns[CPUS];
static unsigned int kicks[CPUS];

struct pcpu *this_pcpu(void) { return &cpus[me]; }
struct pcpu *pcpu_get(unsigned int cpu) { return &cpus[cpu]; }
uint64_t clock_now_ns(void) { return now; }
void apic_timer_arm(uint64_t deadline_ns) { apic_ns[me] = deadline_ns; }
void smp_kick(unsigned int cpu) { kicks[cpu]++; }

static struct timer timers[NR];
static unsigned int fired[NR];
static struct timer *migrate_in_fn;

static void fire(void *arg)
{
    struct timer *t = arg;

    assert_false(timer_is_armed(t));
    assert_true(t->deadline_ns <= now);
    CHECK_EQ(t->cpu, me);
    CHECK_EQ(cpus[me].lock_depth, 0);
    fired[t - timers]++;
    if ( t == migrate_in_fn ) {     /* as if another CPU took its vCPU over meanwhile */
        timer_migrate(t, 1 - me);
        timer_arm(t, now);
    }
}

static int setup(void **state_)
{
    now = 1000;
    memset(fired, 0, sizeof(fired));
    memset(kicks, 0, sizeof(kicks));
    migrate_in_fn = NULL;
    for ( me = 0; me < CPUS; me++ ) {
        cpus[me].id = me;
        timer_init_cpu(me);
        apic_ns[me] = ~0ULL;
    }
    me = 0;
    for ( unsigned int i = 0; i < NR; i++ )
        timer_init(&timers[i], fire, &timers[i], 0);
    return 0;
}

TEST(first_deadline_sets_the_apic_timer_and_later_ones_do_not)
{
    timer_arm(&timers[0], 5000);
    CHECK_EQ(apic_ns[0], 5000);
    timer_arm(&timers[1], 6000);
    CHECK_EQ(apic_ns[0], 5000);
    timer_arm(&timers[2], 4000);
    CHECK_EQ(apic_ns[0], 4000);

    now = 5500;
    timer_run();
    CHECK_EQ(fired[2] + fired[0], 2);
    CHECK_EQ(fired[1], 0);
    CHECK_EQ(apic_ns[0], 6000);
    now = 6000;
    timer_run();
    CHECK_EQ(fired[1], 1);
    CHECK_EQ(apic_ns[0], ~0ULL);
}

TEST(early_interrupt_sets_the_timer_again)
{
    timer_arm(&timers[0], 5000);
    now = 4999;
    apic_ns[0] = ~0ULL;         /* it went off */
    timer_run();
    CHECK_EQ(fired[0], 0);
    CHECK_EQ(apic_ns[0], 5000);
}

TEST(past_deadline_fires_on_the_next_run)
{
    timer_arm(&timers[0], 0);
    assert_true(apic_ns[0] <= now);
    timer_run();
    CHECK_EQ(fired[0], 1);
}

TEST(disarmed_and_moved_timers_fire_when_they_should)
{
    timer_arm(&timers[0], 2000);
    timer_arm(&timers[0], 3000);
    timer_arm(&timers[1], 2000);
    timer_disarm(&timers[1]);
    now = 2500;
    timer_run();
    CHECK_EQ(fired[0] + fired[1], 0);
    now = 3500;
    timer_run();
    CHECK_EQ(fired[0], 1);
    timer_run();
    CHECK_EQ(fired[0], 1);
}

TEST(timer_for_another_cpu_kicks_it)
{
    timer_init(&timers[0], fire, &timers[0], 1);
    timer_arm(&timers[0], 2000);
    CHECK_EQ(kicks[1], 1);
    CHECK_EQ(apic_ns[0], ~0ULL);
    assert_true(cpus[1].work & PCPU_WORK_TIMER);
    timer_arm(&timers[0], 2500);
    me = 1;
    timer_run();
    CHECK_EQ(apic_ns[1], 2500);
}

TEST(migrated_timer_fires_there)
{
    timer_arm(&timers[0], 2000);
    timer_arm(&timers[1], 2001);
    timer_migrate(&timers[0], 1);
    now = 3000;
    timer_run();
    CHECK_EQ(fired[0], 0);
    CHECK_EQ(fired[1], 1);
    me = 1;
    timer_run();
    CHECK_EQ(fired[0], 1);
}

TEST(function_never_runs_on_two_cpus_at_once)
{
    migrate_in_fn = &timers[0];
    timer_arm(&timers[0], 1000);
    timer_run();
    CHECK_EQ(fired[0], 1);

    /* CPU 1 comes while it is still marked as running on CPU 0. */
    timers[0].running = 1;
    me = 1;
    timer_run();
    CHECK_EQ(fired[0], 1);
    timers[0].running = 0;
    migrate_in_fn = NULL;
    now += 1000000;
    timer_run();
    CHECK_EQ(fired[0], 2);
}

TEST(random_operations_agree_with_the_model)
{
    uint64_t seed = 42, deadline[NR] = { 0 };      /* 0: not armed */
    unsigned int expect[NR] = { 0 };

    for ( unsigned int step = 0; step < 200000; step++ ) {
        const uint64_t r = next_random(&seed);
        const unsigned int i = (r >> 8) % NR;

        me = (r >> 40) % CPUS;
        switch ( r % 5 ) {
        case 0:
        case 1:
            deadline[i] = now + 1 + (r >> 20) % 1000;
            timer_arm(&timers[i], deadline[i]);
            break;
        case 2:
            deadline[i] = 0;
            timer_disarm(&timers[i]);
            break;
        case 3:
            timer_migrate(&timers[i], (r >> 50) % CPUS);
            break;
        case 4:
            now += (r >> 20) % 40;
            for ( unsigned int t = 0; t < NR; t++ ) {
                if ( timers[t].cpu == me && deadline[t] && deadline[t] <= now ) {
                    expect[t]++;
                    deadline[t] = 0;
                }
            }
            timer_run();
            for ( unsigned int t = 0; t < NR; t++ ) {
                CHECK_EQ(fired[t], expect[t]);
                CHECK_EQ(timer_is_armed(&timers[t]), deadline[t] != 0);
                if ( deadline[t] && timers[t].cpu == me )
                    assert_true(apic_ns[me] <= deadline[t]);
            }
            break;
        }
    }
}

#define T(name) cmocka_unit_test_setup(name, setup)
TESTS(T(first_deadline_sets_the_apic_timer_and_later_ones_do_not),
      T(early_interrupt_sets_the_timer_again),
      T(past_deadline_fires_on_the_next_run),
      T(disarmed_and_moved_timers_fire_when_they_should),
      T(timer_for_another_cpu_kicks_it),
      T(migrated_timer_fires_there),
      T(function_never_runs_on_two_cpus_at_once),
      T(random_operations_agree_with_the_model))
