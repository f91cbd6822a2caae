/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scheduler on simulated CPUs.  Time is a number; a vCPU is a pattern of running and
 * sleeping.  The simulation runs what each CPU's work bits and APIC timer ask for, and
 * checks at every step that no vCPU is on two CPUs, and that none waits while a CPU that
 * may run it idles.
 */
#include "cm.h"

#include <xenabi/domctl.h>
#include <xenabi/sysctl.h>
#include <xenabi/vcpu.h>

#include "base/bitmap.h"
#include "base/errno.h"
#include "core/evtchn.h"
#include "core/sched.h"
#include "core/sched_priv.h"
#include "core/shared_info.h"
#include "cpu/cpu.h"
#include "cpu/pcpu.h"
#include "kern/clock.h"
#include "mem/slab.h"
#include "plat/apic.h"
#include "plat/smp.h"

#define MS          1000000UL
#define SEC         1000000000UL
#define CPUS_MAX    8
#define VCPUS_MAX   64
#define NEVER       ~0UL

unsigned int nr_cpus;
struct cpu_features cpu;
static struct pcpu cpus[CPUS_MAX];
static unsigned int me;
static uint64_t now, apic_ns[CPUS_MAX];
static struct clock_scale scale = { .mul = 1 };

/* One simulated vCPU. */
static struct task {
    struct vcpu   v;
    struct domain d;
    struct vcpu_info info;
    struct shared_info shared;
    struct vcpu  *list[1];
    uint64_t run_ns, sleep_ns;      /* pattern; sleep 0: a hog */
    uint64_t left_ns;               /* of the present run */
    uint64_t wake_at;               /* NEVER: not asleep */
    uint64_t ready_at, max_wait;    /* from waking to running */
    int      on;                    /* CPU that it is switched to, -1 none */
} tasks[VCPUS_MAX];
static unsigned int nr_tasks;

struct pcpu *this_pcpu(void) { return &cpus[me]; }
struct pcpu *pcpu_get(unsigned int cpu) { return &cpus[cpu]; }
uint64_t clock_now_ns(void) { return now; }
const struct clock_scale *clock_scale(void) { return &scale; }
static uint64_t wall_sec;
void clock_wall_base(uint64_t *sec, uint32_t *nsec) { *sec = wall_sec; *nsec = 0; }
void apic_timer_arm(uint64_t deadline_ns) { apic_ns[me] = deadline_ns; }
void smp_kick(unsigned int cpu) { }
void *slab_alloc(size_t size) { return calloc(1, size); }
void slab_free(void *p) { free(p); }
void evtchn_send_vcpu_virq(struct vcpu *v, uint32_t virq) { }
void vcpu_unblock(struct vcpu *v) { }
static uint8_t guest[64];       /* written at its offset by copy_to_guest below 64 */
bool copy_to_guest(guest_ptr_t dst, const void *src, size_t len)
{
    if ( dst < sizeof(guest) )
        memcpy(guest + dst, src, len);
    return true;
}

bool vcpu_runnable(const struct vcpu *v)
{
    return (v->flags & (VCPUF_UP | VCPUF_BLOCKED)) == VCPUF_UP &&
           atomic_read(&v->pause_count) == 0;
}

static struct task *task_of(struct vcpu *v)
{
    return v->is_idle ? NULL : container_of(v, struct task, v);
}

void context_switch(struct vcpu *prev, struct vcpu *next)
{
    struct task *p = task_of(prev), *n = task_of(next);

    assert_ptr_equal(cpus[me].curr, prev);
    CHECK_EQ(cpus[me].lock_depth, 0);
    if ( p ) {
        CHECK_EQ(p->on, (int)me);
        p->on = -1;
    }
    if ( n ) {
        CHECK_EQ(n->on, -1);        /* not live on any other CPU */
        assert_true(next->is_running);
        assert_true(test_bit(me, next->hard_affinity));
        n->on = me;
        if ( n->ready_at != NEVER && now - n->ready_at > n->max_wait )
            n->max_wait = now - n->ready_at;
        n->ready_at = NEVER;
    }
    cpus[me].curr = next;
}

static void start(unsigned int cpu_count)
{
    nr_cpus = cpu_count;
    nr_tasks = 0;
    now = SEC;
    memset(tasks, 0, sizeof(tasks));
    memset(cpus, 0, sizeof(cpus));
    memset(sched_online, 0, sizeof(sched_online));
    sched_ratelimit_ns = MS;
    me = 0;
    for ( unsigned int i = 0; i < nr_cpus; i++ ) {
        cpus[i].id = i;
        apic_ns[i] = NEVER;
        timer_init_cpu(i);
    }
    sched_init();
    for ( unsigned int i = 0; i < nr_cpus; i++ )
        sched_init_cpu(i);
}

static struct task *add(uint64_t run_ns, uint64_t sleep_ns)
{
    struct task *t = &tasks[nr_tasks++];

    t->d.id = nr_tasks - 1;
    t->d.max_vcpus = 1;
    t->d.vcpu = t->list;
    t->d.shared_info = &t->shared;
    t->list[0] = &t->v;
    t->v.domain = &t->d;
    t->v.vcpu_info = &t->info;
    t->v.time_version = 1;
    t->run_ns = t->left_ns = run_ns;
    t->sleep_ns = sleep_ns;
    t->wake_at = NEVER;
    t->ready_at = now;
    t->on = -1;
    sched_init_domain(&t->d);
    assert_int_equal(sched_init_vcpu(&t->v), 0);
    t->v.flags = VCPUF_UP;
    me = nr_tasks % nr_cpus;
    sched_wake(&t->v);
    return t;
}

static struct task *add_hog(void) { return add(NEVER, 0); }

static void finish(void)
{
    for ( unsigned int i = 0; i < nr_tasks; i++ ) {
        struct task *t = &tasks[i];

        t->v.flags = 0;
        me = t->on >= 0 ? t->on : 0;
        sched_sleep(&t->v);
        sched_run();
        sched_destroy_vcpu(&t->v);
    }
    for ( unsigned int i = 0; i < nr_cpus; i++ )
        free(cpus[i].idle);
}

/* Every CPU does its work, as on the way out, until there is none left. */
static void settle(void)
{
    bool again;

    do {
        again = false;
        for ( me = 0; me < nr_cpus; me++ ) {
            uint32_t work;

            if ( apic_ns[me] <= now ) {
                apic_ns[me] = NEVER;
                cpus[me].work |= PCPU_WORK_TIMER;
            }
            work = atomic_xchg32(&cpus[me].work, 0);
            if ( work & PCPU_WORK_TIMER )
                timer_run();
            if ( work & PCPU_WORK_SCHED )
                sched_run();
            again |= work != 0;
        }
    } while ( again );
    me = 0;
}

static bool cap_reached(const struct task *t)
{
    return t->d.sched_cap != 0;
}

static void check_work_conserving(void)
{
    for ( unsigned int i = 0; i < nr_tasks; i++ ) {
        struct task *t = &tasks[i];

        if ( !vcpu_runnable(&t->v) || t->on >= 0 || cap_reached(t) )
            continue;
        for ( unsigned int c = 0; c < nr_cpus; c++ ) {
            if ( cpus[c].curr->is_idle && test_bit(c, t->v.hard_affinity) )
                fail_msg("vCPU %u waits while CPU %u idles", i, c);
        }
    }
}

static uint64_t next_event(uint64_t end)
{
    uint64_t next = end;

    for ( unsigned int c = 0; c < nr_cpus; c++ )
        next = min(next, apic_ns[c]);
    for ( unsigned int i = 0; i < nr_tasks; i++ ) {
        const struct task *t = &tasks[i];

        next = min(next, t->wake_at);
        if ( t->on >= 0 && t->left_ns != NEVER )
            next = min(next, now + t->left_ns);
    }
    return max(next, now);
}

static void step_task(struct task *t)
{
    if ( t->on >= 0 && t->left_ns == 0 ) {
        t->left_ns = t->run_ns;
        t->wake_at = now + t->sleep_ns;
        t->v.flags |= VCPUF_BLOCKED;
        me = t->on;
        sched_sleep(&t->v);
    } else if ( t->wake_at <= now ) {
        t->wake_at = NEVER;
        t->ready_at = now;
        t->v.flags &= ~VCPUF_BLOCKED;
        me = t->d.id % nr_cpus;     /* the event came on any CPU */
        sched_wake(&t->v);
    }
}

static void run_for(uint64_t ns)
{
    const uint64_t end = now + ns;

    for ( ; ; ) {
        uint64_t then;

        settle();
        check_work_conserving();
        if ( now == end )
            return;
        then = next_event(end);
        for ( unsigned int i = 0; i < nr_tasks; i++ ) {
            if ( tasks[i].on >= 0 && tasks[i].left_ns != NEVER )
                tasks[i].left_ns -= then - now;
        }
        now = then;
        for ( unsigned int i = 0; i < nr_tasks; i++ )
            step_task(&tasks[i]);
    }
}

static uint64_t used_ms(const struct task *t)
{
    return sched_domain_ns(&t->d) / MS;
}

static void expect_about(uint64_t value, uint64_t want, uint64_t percent)
{
    if ( value * 100 < want * (100 - percent) || value * 100 > want * (100 + percent) )
        fail_msg("%lu is not within %lu %% of %lu", value, percent, want);
}

TEST(equal_hogs_share_equally)
{
    start(1);
    for ( int i = 0; i < 4; i++ )
        add_hog();
    run_for(20 * SEC);
    for ( int i = 0; i < 4; i++ )
        expect_about(used_ms(&tasks[i]), 5000, 2);
    CHECK_EQ(sched_idle_ns(0), 0);
    finish();
}

TEST(weights_set_the_ratio)
{
    struct xen_domctl_scheduler_op op = {
        .sched_id = XEN_SCHEDULER_CREDIT2, .cmd = XEN_DOMCTL_SCHEDOP_putinfo,
        .u.credit2 = { .weight = 768, .cap = 0 },
    };
    struct task *heavy, *light;

    start(1);
    light = add_hog();
    heavy = add_hog();
    CHECK_EQ(sched_domctl(&heavy->d, &op), 0);
    run_for(20 * SEC);
    expect_about(used_ms(light), 5000, 5);
    expect_about(used_ms(heavy), 15000, 5);
    finish();
}

/* hvmloader does this before the system that it loads maps the page. */
TEST(time_that_the_guest_cleared_is_written_again)
{
    struct task *t;

    start(1);
    t = add(MS, MS);
    run_for(10 * MS);
    CHECK_EQ(t->info.time.tsc_to_system_mul, 1);
    memset(&t->info, 0, sizeof(t->info));
    run_for(10 * MS);
    CHECK_EQ(t->info.time.tsc_to_system_mul, 1);
    assert_false(t->info.time.version & 1);
    finish();
}

TEST(lightest_weight_still_runs)
{
    struct task *light;

    start(1);
    light = add_hog();
    light->d.sched_weight = 1;
    add_hog();
    run_for(60 * SEC);
    assert_true(used_ms(light) > 100);
    assert_true(used_ms(light) < 1000);
    finish();
}

TEST(hogs_use_all_cpus_and_share_them)
{
    start(4);
    for ( int i = 0; i < 6; i++ )
        add_hog();
    run_for(12 * SEC);
    for ( int i = 0; i < 6; i++ )
        expect_about(used_ms(&tasks[i]), 8000, 3);
    for ( unsigned int c = 0; c < 4; c++ )
        CHECK_EQ(sched_idle_ns(c), 0);
    finish();
}

TEST(cap_holds_a_lone_hog_and_leaves_the_rest_idle)
{
    struct task *t;

    start(2);
    t = add_hog();
    t->d.sched_cap = 30;
    run_for(10 * SEC);
    expect_about(used_ms(t), 3000, 2);
    expect_about((sched_idle_ns(0) + sched_idle_ns(1)) / MS, 17000, 2);
    finish();
}

TEST(cap_leaves_time_to_others)
{
    struct task *capped, *free_one;

    start(1);
    capped = add_hog();
    capped->d.sched_cap = 10;
    free_one = add_hog();
    run_for(10 * SEC);
    expect_about(used_ms(capped), 1000, 4);
    expect_about(used_ms(free_one), 9000, 2);
    finish();
}

TEST(hard_affinity_is_kept_and_changes_at_once)
{
    const uint64_t only0[NR_CPUS / 64] = { 1 }, only1[NR_CPUS / 64] = { 2 },
                   none[NR_CPUS / 64] = { 0xf0 };
    struct task *a, *b;

    start(2);
    a = add_hog();
    b = add_hog();
    CHECK_EQ(sched_set_affinity(&a->v, only0, NULL), 0);
    CHECK_EQ(sched_set_affinity(&b->v, only0, NULL), 0);
    run_for(4 * SEC);
    expect_about(used_ms(a), 2000, 3);
    expect_about(used_ms(b), 2000, 3);
    CHECK_EQ(sched_set_affinity(&b->v, only1, NULL), 0);
    run_for(4 * SEC);
    expect_about(used_ms(a), 6000, 3);
    expect_about(used_ms(b), 6000, 3);
    CHECK_EQ(b->on, 1);
    CHECK_EQ(sched_set_affinity(&b->v, none, NULL), -XEN_EINVAL);
    finish();
}

TEST(pin_override_comes_and_goes)
{
    struct task *t;

    start(2);
    t = add_hog();
    run_for(MS);
    CHECK_EQ(sched_pin_override(&t->v, 1 - t->on), 0);
    CHECK_EQ(sched_pin_override(&t->v, 0), -XEN_EBUSY);
    run_for(20 * MS);
    CHECK_EQ(t->v.hard_affinity[0], BIT(t->on));
    CHECK_EQ(t->v.hard_affinity[1], 0);
    CHECK_EQ(sched_pin_override(&t->v, -1), 0);
    CHECK_EQ(sched_pin_override(&t->v, -1), -XEN_ENOENT);
    CHECK_EQ(sched_pin_override(&t->v, 7), -XEN_EINVAL);
    CHECK_EQ(t->v.hard_affinity[0] & t->v.hard_affinity[1], ~0UL);
    finish();
}

TEST(soft_affinity_is_preferred_but_no_cpu_idles_for_it)
{
    const uint64_t soft1[NR_CPUS / 64] = { 2 };
    struct task *a, *b;

    start(2);
    a = add(2 * MS, 2 * MS);
    CHECK_EQ(sched_set_affinity(&a->v, NULL, soft1), 0);
    run_for(SEC);
    assert_true(sched_idle_ns(0) >= 990 * MS);
    b = add_hog();
    CHECK_EQ(sched_set_affinity(&b->v, NULL, soft1), 0);
    run_for(SEC);
    expect_about(used_ms(b), 1000, 1);
    finish();
}

TEST(waking_vcpu_gets_in_quickly_among_hogs)
{
    struct task *t;

    start(2);
    for ( int i = 0; i < 30; i++ )
        add_hog();
    run_for(3 * SEC);
    t = add(200000, 20 * MS);
    run_for(SEC);
    t->max_wait = 0;
    run_for(20 * SEC);
    if ( t->max_wait > 3 * MS )
        fail_msg("waited %lu us", t->max_wait / 1000);
    finish();
}

TEST(newcomer_does_not_make_a_long_runner_pay)
{
    struct task *old, *new;

    start(1);
    old = add_hog();
    run_for(100 * SEC);
    new = add_hog();
    run_for(10 * SEC);
    expect_about(used_ms(new), 5000, 3);
    expect_about(used_ms(old) - 100000, 5000, 3);
    finish();
}

TEST(yield_lets_another_run)
{
    struct task *a, *b;

    start(1);
    a = add_hog();
    b = add_hog();
    run_for(0);
    for ( int i = 0; i < 1000; i++ ) {
        const int first = a->on;

        me = 0;
        sched_yield(cpus[0].curr);
        run_for(1000);
        assert_true((a->on == 0) != (first == 0));
        assert_true((b->on == 0) == (first == 0));
    }
    finish();
}

TEST(sleep_and_wake_race_with_the_switch)
{
    struct task *a;

    start(2);
    a = add_hog();
    run_for(0);
    /* Paused and unpaused by CPU 1 before its own CPU looked. */
    me = 1 - a->on;
    atomic_inc(&a->v.pause_count);
    sched_sleep(&a->v);
    (void)atomic_dec_and_test(&a->v.pause_count);
    sched_wake(&a->v);
    run_for(MS);
    assert_true(a->on >= 0);
    /* Paused for good. */
    me = 1 - a->on;
    atomic_inc(&a->v.pause_count);
    sched_sleep(&a->v);
    run_for(MS);
    CHECK_EQ(a->on, -1);
    assert_false(a->v.is_running);
    CHECK_EQ(a->v.runstate, RUNSTATE_offline);
    finish();
}

TEST(run_states_add_up_to_all_the_time)
{
    struct vcpu_runstate_info info;
    uint64_t sum = 0;
    struct task *t;

    start(1);
    t = add(3 * MS, 5 * MS);
    add_hog();
    run_for(10 * SEC);
    runstate_get(&t->v, &info);
    for ( int i = 0; i < 4; i++ )
        sum += info.time[i];
    CHECK_EQ(sum, 10 * SEC);
    expect_about(info.time[RUNSTATE_blocked] * 3, info.time[RUNSTATE_running] * 5, 1);
    finish();
}

TEST(shared_info_has_the_form_of_32bit_code)
{
    struct task *t;
    const uint32_t *wc;
    uint32_t w[11];

    start(1);
    t = add(3 * MS, 5 * MS);
    wc = (uint32_t *)((uint8_t *)&t->shared + 0x900);
    wall_sec = 7UL << 32 | 9;
    shared_info_set_form(&t->d, true);
    CHECK_EQ(wc[0], 2);
    CHECK_EQ(wc[1], 9);
    CHECK_EQ(wc[9], 7);
    CHECK_EQ(t->shared.wc_sec, 0);
    t->v.pv.kernel_mode = 1;
    t->v.runstate_area = 8;
    t->v.runstate = RUNSTATE_running;
    t->v.runstate_since_ns = 0x123456789;
    t->v.runstate_time_ns[3] = 11;
    memset(guest, 0xee, sizeof(guest));
    runstate_publish(&t->v);
    memcpy(w, guest + 8, sizeof(w));
    CHECK_EQ(w[0], RUNSTATE_running);
    CHECK_EQ(w[1], 0x23456789);
    CHECK_EQ(w[2], 1);
    CHECK_EQ(w[9], 11);
    CHECK_EQ(guest[8 + 44], 0xee);
    shared_info_set_form(&t->d, false);
    CHECK_EQ(wc[0] | wc[1] | wc[2] | wc[9], 0);
    CHECK_EQ(t->shared.wc_sec, 9);
    CHECK_EQ(t->shared.wc_sec_hi, 7);
    runstate_publish(&t->v);
    memcpy(w, guest + 8, sizeof(w));
    CHECK_EQ(w[0], RUNSTATE_running);
    CHECK_EQ(w[2], 0x23456789);
    t->v.runstate_area = 0;
    wall_sec = 0;
    finish();
}

TEST(random_mix_starves_nobody)
{
    uint64_t seed = 7;

    for ( unsigned int round = 0; round < 12; round++ ) {
        start(1 + next_random(&seed) % CPUS_MAX);
        for ( int i = 0; i < 40; i++ ) {
            struct task *t = next_random(&seed) % 3 == 0
                ? add_hog()
                : add(1 + next_random(&seed) % (5 * MS), 1 + next_random(&seed) % (20 * MS));
            uint64_t hard[NR_CPUS / 64] = { next_random(&seed) | 1 };

            t->d.sched_weight = 64 << next_random(&seed) % 4;
            if ( next_random(&seed) % 3 == 0 )
                CHECK_EQ(sched_set_affinity(&t->v, hard, NULL), 0);
            if ( next_random(&seed) % 3 == 0 ) {
                hard[0] = next_random(&seed);
                CHECK_EQ(sched_set_affinity(&t->v, NULL, hard), 0);
            }
            run_for(next_random(&seed) % (10 * MS));
        }
        run_for(4 * SEC);
        for ( unsigned int i = 0; i < nr_tasks; i++ ) {
            struct task *t = &tasks[i];

            assert_true(t->max_wait < 2 * SEC);
            assert_true(t->ready_at == NEVER || now - t->ready_at < 2 * SEC);
            assert_true(used_ms(t) > 0);
        }
        finish();
    }
}

TEST(control_calls)
{
    struct xen_domctl_scheduler_op op = {
        .sched_id = XEN_SCHEDULER_CREDIT2, .cmd = XEN_DOMCTL_SCHEDOP_getinfo,
    };
    struct xen_sysctl_scheduler_op sys = {
        .sched_id = XEN_SCHEDULER_CREDIT2, .cmd = XEN_SYSCTL_SCHEDOP_getinfo,
    };
    struct task *t;

    start(1);
    t = add_hog();
    CHECK_EQ(sched_domctl(&t->d, &op), 0);
    CHECK_EQ(op.u.credit2.weight, 256);
    CHECK_EQ(op.u.credit2.cap, 0);
    op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
    op.u.credit2.weight = 0;
    op.u.credit2.cap = 50;
    CHECK_EQ(sched_domctl(&t->d, &op), 0);
    CHECK_EQ(t->d.sched_weight, 256);
    CHECK_EQ(t->d.sched_cap, 50);
    op.cmd = XEN_DOMCTL_SCHEDOP_getvcpuinfo;
    CHECK_EQ(sched_domctl(&t->d, &op), -XEN_EINVAL);
    op.cmd = 99;
    CHECK_EQ(sched_domctl(&t->d, &op), -XEN_EINVAL);
    op.sched_id = XEN_SCHEDULER_CREDIT;
    CHECK_EQ(sched_domctl(&t->d, &op), -XEN_EINVAL);

    CHECK_EQ(sched_sysctl(&sys), 0);
    CHECK_EQ(sys.u.sched_credit2.ratelimit_us, 1000);
    sys.cmd = XEN_SYSCTL_SCHEDOP_putinfo;
    sys.u.sched_credit2.ratelimit_us = 99;
    CHECK_EQ(sched_sysctl(&sys), -XEN_EINVAL);
    sys.u.sched_credit2.ratelimit_us = 500001;
    CHECK_EQ(sched_sysctl(&sys), -XEN_EINVAL);
    sys.u.sched_credit2.ratelimit_us = 0;
    CHECK_EQ(sched_sysctl(&sys), 0);
    CHECK_EQ(sched_ratelimit_ns, 0);
    finish();
}

TESTS(RUN(equal_hogs_share_equally),
      RUN(weights_set_the_ratio),
      RUN(lightest_weight_still_runs),
      RUN(hogs_use_all_cpus_and_share_them),
      RUN(cap_holds_a_lone_hog_and_leaves_the_rest_idle),
      RUN(cap_leaves_time_to_others),
      RUN(hard_affinity_is_kept_and_changes_at_once),
      RUN(pin_override_comes_and_goes),
      RUN(soft_affinity_is_preferred_but_no_cpu_idles_for_it),
      RUN(waking_vcpu_gets_in_quickly_among_hogs),
      RUN(newcomer_does_not_make_a_long_runner_pay),
      RUN(yield_lets_another_run),
      RUN(sleep_and_wake_race_with_the_switch),
      RUN(run_states_add_up_to_all_the_time),
      RUN(time_that_the_guest_cleared_is_written_again),
      RUN(shared_info_has_the_form_of_32bit_code),
      RUN(random_mix_starves_nobody),
      RUN(control_calls))
