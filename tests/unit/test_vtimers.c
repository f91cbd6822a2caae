/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PIT and the HPET of a hardware guest on a clock and timers that the test moves. */
#include "cm.h"

#include "base/bits.h"
#include "base/errno.h"
#include "fake/vclock.h"
#include "hvm/hvm_vcpu.h"
#include "hvm/vhpet.h"
#include "hvm/vpit.h"

#define MS  1000000UL

static int level[64];
static unsigned int edges[64];
void hvm_gsi_set(struct domain *d, unsigned int gsi, bool on)
{
    gsi = gsi ? gsi : 2;
    edges[gsi] += on && level[gsi] == 0;
    level[gsi] += on ? 1 : -1;
    assert_true(level[gsi] >= 0);
}


static struct hvm_domain hdom;
static struct vcpu v0 = { .processor = 3 };
static struct vcpu *vcpus[1] = { &v0 };
static struct domain dom = { .id = 1, .max_vcpus = 1, .vcpu = vcpus, .hvm = &hdom };

static int setup(void **state_)
{
    now = 5000 * MS;
    nr_timers = nr_runs = 0;
    memset(level, 0, sizeof(level));
    memset(edges, 0, sizeof(edges));
    memset(&hdom, 0, sizeof(hdom));
    hdom.params[HVM_PARAM_HPET_ENABLED] = 1;
    CHECK_EQ(vpit_init(&dom), 0);
    CHECK_EQ(vhpet_init(&dom), 0);
    return 0;
}

static int teardown(void **state_)
{
    vpit_free(&dom);
    vhpet_free(&dom);
    for ( unsigned int i = 0; i < 64; i++ )
        assert_true(level[i] == 0 || i >= 20);
    return 0;
}

static void load(unsigned int n, uint8_t mode, uint16_t count)
{
    vpit_write(&dom, 0x43, n << 6 | 0x30 | mode << 1);
    vpit_write(&dom, 0x40 + n, count);
    vpit_write(&dom, 0x40 + n, count >> 8);
}

static uint16_t latched(unsigned int n)
{
    uint16_t low;

    vpit_write(&dom, 0x43, n << 6);
    low = vpit_read(&dom, 0x40 + n);
    return low | vpit_read(&dom, 0x40 + n) << 8;
}

TEST(rate_generator_ticks_at_its_rate_on_line_2)
{
    for ( unsigned int mode = 2; mode <= 3; mode++ ) {
        edges[2] = 0;
        load(0, mode, 11932);       /* 100 Hz */
        run_to(now + 10 * 1000 * MS);
        assert_in_range(edges[2], 999, 1000);
        CHECK_EQ(level[2], 0);
        CHECK_EQ(timers[0]->cpu, 3);
    }
    vpit_write(&dom, 0x43, 0x30);   /* as Linux stops it */
    edges[2] = 0;
    run_to(now + 1000 * MS);
    CHECK_EQ(edges[2], 0);
}

TEST(one_shot_ticks_once)
{
    load(0, 0, 1193);
    run_to(now + MS - 2000);
    CHECK_EQ(edges[2], 0);
    run_to(now + 4000);
    CHECK_EQ(edges[2], 1);
    run_to(now + 1000 * MS);
    CHECK_EQ(edges[2], 1);
    load(0, 4, 0);                  /* 65536 */
    run_to(now + 54 * MS);
    CHECK_EQ(edges[2], 1);
    run_to(now + 2 * MS);
    CHECK_EQ(edges[2], 2);
}

TEST(a_tiny_period_does_not_flood)
{
    load(0, 2, 2);
    run_to(now + 1000 * MS);
    assert_in_range(nr_runs, 5000, 10001);
}

TEST(a_late_timer_gives_one_tick)
{
    load(0, 2, 1193);
    now += 500 * MS;
    run_to(now);
    CHECK_EQ(edges[2], 1);
    run_to(now + 10 * MS);
    assert_in_range(edges[2], 10, 12);
}

TEST(counting_down_is_seen_in_every_mode)
{
    load(2, 0, 0xffff);
    vpit_write(&dom, 0x61, 1);
    now += 10 * MS;
    assert_in_range(latched(2), 0xffff - 11932, 0xffff - 11931);
    CHECK_EQ(vpit_read(&dom, 0x61) & 0x23, 0x01);
    now += 45 * MS;
    CHECK_EQ(vpit_read(&dom, 0x61) & 0x20, 0x20);

    load(2, 2, 10000);
    now += 10 * MS;                 /* 11931 ticks */
    assert_in_range(latched(2), 20000 - 11932, 20000 - 11931);
    load(2, 3, 10000);
    now += MS;                      /* 1193 */
    assert_in_range(latched(2), 10000 - 2 * 1194, 10000 - 2 * 1193);
    CHECK_EQ(vpit_read(&dom, 0x61) & 0x20, 0x20);
    now += 4 * MS;
    CHECK_EQ(vpit_read(&dom, 0x61) & 0x20, 0);
}

TEST(the_gate_stops_and_restarts_counter_2)
{
    vpit_write(&dom, 0x61, 0);
    load(2, 0, 0xffff);
    now += 100 * MS;
    CHECK_EQ(latched(2), 0xffff);
    vpit_write(&dom, 0x61, 3);
    now += 10 * MS;
    vpit_write(&dom, 0x61, 2);
    now += 100 * MS;
    assert_in_range(latched(2), 0xffff - 11932, 0xffff - 11931);
    vpit_write(&dom, 0x61, 3);
    now += 10 * MS;
    assert_in_range(latched(2), 0xffff - 2 * 11932, 0xffff - 2 * 11931);
    CHECK_EQ(vpit_read(&dom, 0x61) & 3, 3);
}

TEST(latches_and_single_bytes)
{
    uint16_t first;

    load(0, 2, 0x8000);
    vpit_write(&dom, 0x43, 0);
    now += MS;
    vpit_write(&dom, 0x43, 0);      /* the first latch stays */
    CHECK_EQ(vpit_read(&dom, 0x40), 0x00);
    CHECK_EQ(vpit_read(&dom, 0x40), 0x80);
    first = vpit_read(&dom, 0x40);  /* unlatched, both bytes in turn */
    first |= vpit_read(&dom, 0x40) << 8;
    CHECK_EQ(first, 0x8000 - 1193);

    vpit_write(&dom, 0x43, 0xe2);   /* read-back: status of counter 0 */
    CHECK_EQ(vpit_read(&dom, 0x40), 0x80 | 0x30 | 2 << 1);
    vpit_write(&dom, 0x43, 0xc2);   /* both: status comes first */
    CHECK_EQ(vpit_read(&dom, 0x40), 0xb4);
    CHECK_EQ(vpit_read(&dom, 0x40), (0x8000 - 1193) & 0xff);
    CHECK_EQ(vpit_read(&dom, 0x40), (0x8000 - 1193) >> 8);

    vpit_write(&dom, 0x43, 0x24);   /* high byte only */
    vpit_write(&dom, 0x43, 0xe2);
    CHECK_EQ(vpit_read(&dom, 0x40) & 0x70, 0x60);       /* no count yet */
    vpit_write(&dom, 0x40, 0x12);
    CHECK_EQ(vpit_read(&dom, 0x40), 0x12);
    CHECK_EQ(vpit_read(&dom, 0x43), 0xff);
}

TEST(port_61_toggles_as_memory_is_refreshed)
{
    const uint32_t a = vpit_read(&dom, 0x61);

    now += 15085;
    CHECK_EQ((a ^ vpit_read(&dom, 0x61)) & 0x10, 0x10);
}

/* --- HPET -------------------------------------------------------------------------------------- */

#define TICKS_PER_MS 62500UL
static uint64_t get(unsigned int reg) { return vhpet_read(&dom, reg, 8); }
static void put(unsigned int reg, uint64_t val) { vhpet_write(&dom, reg, 8, val); }
#define CONF(n) (0x100 + 0x20 * (n))
#define CMP(n)  (0x108 + 0x20 * (n))

TEST(the_counter_counts_when_it_is_on)
{
    CHECK_EQ(get(0) >> 32, 16000000);
    CHECK_EQ(get(0) >> 8 & 31, 2);
    put(0xf0, 1000);
    now += MS;
    CHECK_EQ(get(0xf0), 1000);
    put(0x10, 1);
    now += MS;
    CHECK_EQ(get(0xf0), 1000 + TICKS_PER_MS);
    CHECK_EQ(vhpet_read(&dom, 0xf0, 4), 1000 + TICKS_PER_MS);
    CHECK_EQ(vhpet_read(&dom, 0xf1, 1), (1000 + TICKS_PER_MS) >> 8 & 0xff);
    put(0xf0, 5);                   /* not while it runs */
    CHECK_EQ(get(0xf0), 1000 + TICKS_PER_MS);
    put(0x10, 0);
    now += MS;
    CHECK_EQ(get(0xf0), 1000 + TICKS_PER_MS);
    vhpet_write(&dom, 0xf4, 4, 7);
    CHECK_EQ(get(0xf0) >> 32, 7);
}

TEST(one_shot_fires_once_on_its_route)
{
    put(0x10, 1);
    put(CONF(0), 21 << 9 | 4);
    put(CMP(0), get(0xf0) + TICKS_PER_MS);
    run_to(now + MS - 100);
    CHECK_EQ(edges[21], 0);
    run_to(now + 200);
    CHECK_EQ(edges[21], 1);
    put(CONF(0), 0);
    put(CONF(0), 21 << 9 | 4);      /* the comparator was served */
    run_to(now + 100000 * MS);
    CHECK_EQ(edges[21], 1);
    put(CMP(0), get(0xf0) - 10);    /* just missed: at once */
    run_to(now);
    CHECK_EQ(edges[21], 2);
    put(CMP(0), get(0xf0) - (1UL << 30));
    run_to(now + MS);
    CHECK_EQ(edges[21], 2);
}

TEST(a_route_that_is_not_offered_gets_nothing)
{
    put(0x10, 1);
    put(CONF(0), 10 << 9 | 4);
    put(CMP(0), get(0xf0) + 1000);
    run_to(now + MS);
    for ( unsigned int i = 0; i < 64; i++ )
        CHECK_EQ(edges[i], 0);
}

TEST(periodic_in_legacy_mode_replaces_the_pit)
{
    load(0, 2, 1193);
    put(0x10, 3);
    assert_true(vhpet_is_legacy(&dom));
    run_to(now + 10 * MS);
    CHECK_EQ(edges[2], 0);
    put(CONF(0), 4 | 8 | 0x40);     /* as Linux: value, then period */
    put(CMP(0), get(0xf0) + 4 * TICKS_PER_MS);
    put(CMP(0), 4 * TICKS_PER_MS);
    CHECK_EQ(get(CONF(0)) & 0x40, 0);
    run_to(now + 1001 * MS);
    CHECK_EQ(edges[2], 250);
    put(CONF(1), 4);
    put(CMP(1), get(0xf0) + TICKS_PER_MS);
    run_to(now + 3 * MS);
    CHECK_EQ(edges[8], 1);
    put(0x10, 1);
    edges[2] = 0;
    run_to(now + 10 * MS);
    assert_in_range(edges[2], 9, 11);   /* the PIT again */
}

TEST(missed_ticks_come_once_and_small_periods_do_not_flood)
{
    put(0x10, 3);
    put(CONF(0), 4 | 8 | 0x40);
    put(CMP(0), get(0xf0) + TICKS_PER_MS);
    put(CMP(0), TICKS_PER_MS);
    now += 500 * MS;
    run_to(now);
    CHECK_EQ(edges[2], 1);
    assert_true(get(CMP(0)) > get(0xf0) && get(CMP(0)) <= get(0xf0) + TICKS_PER_MS);
    put(CMP(0), 1);
    nr_runs = 0;
    run_to(now + 1000 * MS);
    assert_in_range(nr_runs, 5000, 10001);
}

TEST(level_stays_until_the_status_is_cleared)
{
    put(0x10, 1);
    put(CONF(2), 23 << 9 | 4 | 2);
    put(CMP(2), get(0xf0) + TICKS_PER_MS);
    run_to(now + 2 * MS);
    CHECK_EQ(level[23], 1);
    CHECK_EQ(get(0x20), 4);
    put(CONF(2), 22 << 9 | 4 | 2);
    CHECK_EQ(level[23], 0);
    CHECK_EQ(level[22], 1);
    put(0x20, 4);
    CHECK_EQ(level[22], 0);
    CHECK_EQ(get(0x20), 0);
}

TEST(comparators_of_32_bits_wrap)
{
    put(0xf0, 0x1fffffff0);
    put(0x10, 1);
    put(CONF(0), 20 << 9 | 4 | 0x100);
    vhpet_write(&dom, CMP(0), 4, 1000);
    run_to(now + (1000 + 16) * 16 - 32);
    CHECK_EQ(edges[20], 0);
    run_to(now + 64);
    CHECK_EQ(edges[20], 1);
    CHECK_EQ(get(CMP(0)), 1000);
    vhpet_write(&dom, CMP(0), 4, (uint32_t)get(0xf0) + 0xf0000000U);     /* more than half way round */
    run_to(now + 60000 * MS);
    CHECK_EQ(edges[20], 1);
    run_to(now + 5000 * MS);
    CHECK_EQ(edges[20], 2);
}

TEST(random_accesses_hurt_nothing)
{
    uint64_t seed = 7;

    for ( unsigned int i = 0; i < 200000; i++ ) {
        const unsigned int bytes = 1 << next_random(&seed) % 4;
        const unsigned int offset = next_random(&seed) % (0x400 / bytes) * bytes;
        const uint64_t val = next_random(&seed) >> next_random(&seed) % 64;

        switch ( next_random(&seed) % 5 ) {
        case 0: (void)vhpet_read(&dom, offset, bytes); break;
        case 1: vhpet_write(&dom, offset % 0x180, bytes, val); break;
        case 2: (void)vpit_read(&dom, 0x40 + next_random(&seed) % 4); break;
        case 3: vpit_write(&dom, 0x40 + next_random(&seed) % 4, val); break;
        case 4: vpit_write(&dom, 0x61, val); break;
        }
        run_to(now + next_random(&seed) % 100000);
    }
    put(0x10, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TESTS(T(rate_generator_ticks_at_its_rate_on_line_2), T(one_shot_ticks_once), T(a_tiny_period_does_not_flood),
      T(a_late_timer_gives_one_tick), T(counting_down_is_seen_in_every_mode),
      T(the_gate_stops_and_restarts_counter_2), T(latches_and_single_bytes),
      T(port_61_toggles_as_memory_is_refreshed),
      T(the_counter_counts_when_it_is_on), T(one_shot_fires_once_on_its_route),
      T(a_route_that_is_not_offered_gets_nothing), T(periodic_in_legacy_mode_replaces_the_pit),
      T(missed_ticks_come_once_and_small_periods_do_not_flood), T(level_stays_until_the_status_is_cleared),
      T(comparators_of_32_bits_wrap), T(random_accesses_hurt_nothing))
