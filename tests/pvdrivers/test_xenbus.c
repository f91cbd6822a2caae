/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The states of two ends: every interleaving of their steps, with restarts of either in between, ends with both
 * Connected over the same rings; and each pair of states, whatever a peer writes, has a harmless answer.
 *
 * The store is a few words here, so that a whole world can be copied, compared and gone back to.
 */
#include "cm.h"
#include <setjmp.h>
#include "xenbus/xenbus.h"

enum { FRONT, BACK };

/* What an end's device has: the front end's rings have a number, the back end is on rings with a number. */
struct world {
    uint8_t state[2], online;
    uint8_t published;              /* rings in the store */
    uint8_t made;                   /* number of the last rings */
    uint8_t rings[2];               /* each end's, 0: none */
    uint8_t lives;                  /* restarts left */
    uint8_t gone;                   /* both folders were removed */
    struct xenbus bus[2];
};

static struct world w;
static int nested = -1;             /* the end to run inside the other's run, after it read the peer's state */
static int nested_at;               /* ... that many times */
static int die_at = -1;             /* changes of state until the running end dies */
static jmp_buf death;
static int busy_leaves, fail_enter;
static bool fail_resume;
static char last_log[256];
static int nr_logs;

static int st_read(void *ctx, uint32_t txn, const char *path, char *buf, size_t size)
{
    const int end = path[0] == 'b' ? BACK : FRONT;
    const char *name = strchr(path, '/') + 1;
    uint64_t value;

    if ( w.gone )
        return -XEN_ENOENT;
    if ( !strcmp(name, "state") )
    {
        const int who = nested;

        value = w.state[end];
        if ( who >= 0 && ctx != &w.bus[who] && end == who && nested_at-- == 0 )
        {
            nested = -1;
            xenbus_run(&w.bus[who]);
        }
        if ( value == 255 )
            return -XEN_ENOENT;
    }
    else if ( !strcmp(name, "online") )
        value = w.online;
    else if ( !strcmp(name, "rings") )
        value = w.published;
    else if ( !strcmp(name, "frontend") || !strcmp(name, "backend") )
        return snprintf(buf, size, "%s", name[0] == 'f' ? "f" : "b");
    else if ( !strcmp(name, "frontend-id") || !strcmp(name, "backend-id") )
        return snprintf(buf, size, "%d", name[0] == 'f');
    else
        return -XEN_ENOENT;
    return snprintf(buf, size, "%u", (unsigned int)value);
}

static int st_write(void *ctx, uint32_t txn, const char *path, const char *value)
{
    const int end = path[0] == 'b' ? BACK : FRONT;
    const char *name = strchr(path, '/') + 1;

    assert_false(w.gone);
    if ( !strcmp(name, "state") )
        w.state[end] = atoi(value);
    else if ( !strcmp(name, "rings") )
        w.published = atoi(value);
    return 0;
}

static int st_begin(void *ctx, uint32_t *txn) { *txn = 1; return 0; }
static int st_end(void *ctx, uint32_t txn, bool commit)
{
    if ( die_at >= 0 && die_at-- == 0 )
        longjmp(death, 1);
    return 0;
}

static int st_watch(void *ctx, const char *path, bool on, void *user) { return 0; }
static uint64_t now(void *ctx) { return 5; }
static void log_line(void *ctx, const char *line)
{
    snprintf(last_log, sizeof(last_log), "%s", line);
    nr_logs++;
}

static const struct pv_ops ops = {
    .store_read = st_read, .store_write = st_write, .store_begin = st_begin, .store_end = st_end,
    .store_watch = st_watch, .now_ns = now, .log = log_line,
};

static int enter(struct xenbus *bus, enum xenbus_step step)
{
    if ( fail_enter == (int)step || (bus->resume && fail_resume) )
        return -XEN_EINVAL;
    if ( step == XENBUS_SETUP )
        w.rings[FRONT] = ++w.made;
    if ( step == XENBUS_CONNECT && bus->is_back )
    {
        assert_int_equal(w.rings[BACK], 0);
        if ( w.published == 0 )
            return -XEN_ENOENT;
        w.rings[BACK] = w.published;
    }
    return 0;
}

static int publish(struct xenbus *bus, uint32_t txn, enum xenbus_step step)
{
    return step == XENBUS_SETUP ? xenbus_write_number(bus, txn, "rings", w.rings[FRONT]) : 0;
}

static int leave(struct xenbus *bus)
{
    if ( busy_leaves && bus->is_back && w.rings[BACK] )
    {
        busy_leaves--;
        return -XEN_EAGAIN;
    }
    w.rings[bus->is_back] = 0;
    return 0;
}

static struct xenbus_driver driver = { .enter = enter, .publish = publish, .leave = leave };

static void start(int end)
{
    w.rings[end] = 0;               /* what the earlier life had is gone with it */
    w.bus[end] = (struct xenbus){ .ops = &ops, .ctx = &w.bus[end], .driver = &driver, .is_back = end };
    assert_int_equal(xenbus_start(&w.bus[end], end == BACK ? "b" : "f"), 0);
}

static void fresh(int lives)
{
    nested = -1;
    busy_leaves = 0;
    fail_enter = -1;
    fail_resume = false;
    memset(&w, 0, sizeof(w));
    w.state[FRONT] = w.state[BACK] = XenbusStateInitialising;
    w.online = 1;
    w.lives = lives;
}

static bool connected(void)
{
    return w.state[FRONT] == XenbusStateConnected && w.state[BACK] == XenbusStateConnected && w.rings[FRONT] &&
        w.rings[FRONT] == w.rings[BACK];
}

/* Worlds already seen.  Ring numbers count from the oldest that somebody has: only equality matters. */
#define SEEN_MAX 65536
static uint64_t seen[SEEN_MAX];

static uint64_t key_of(void)
{
    uint8_t low = w.made, r[4] = { w.rings[0], w.rings[1], w.published, w.made };
    uint64_t k = 1;

    for ( int i = 0; i < 3; i++ )
        if ( r[i] && r[i] < low )
            low = r[i];
    for ( int i = 0; i < 4; i++ )
        k = k * 16 + (r[i] ? r[i] - low + 1 : 0);
    for ( int i = 0; i < 2; i++ )
        k = ((k * 16 + w.state[i]) * 16 + w.bus[i].state) * 8 + w.bus[i].resume * 4 + w.bus[i].retry * 2 +
            w.bus[i].leaving;
    return k * 16 + w.lives;
}

static bool is_new(void)
{
    const uint64_t k = key_of();
    size_t i = k * 0x9e3779b97f4a7c15 >> 48;

    for ( ; seen[i % SEEN_MAX]; i++ )
        if ( seen[i % SEEN_MAX] == k )
            return false;
    seen[i % SEEN_MAX] = k;
    return true;
}

/* From here on, without further restarts, both ends find each other. */
static void ends_connected(void)
{
    const struct world saved = w;

    for ( int i = 0; i < 12; i++ )
    {
        xenbus_run(&w.bus[FRONT]);
        xenbus_run(&w.bus[BACK]);
    }
    if ( !connected() )
        print_message("from front %u/%u back %u/%u: front %u back %u rings %u %u\n", saved.state[0],
                      saved.bus[0].state, saved.state[1], saved.bus[1].state, w.state[0], w.state[1], w.rings[0],
                      w.rings[1]);
    assert_true(connected());
    w = saved;
}

static unsigned int nr_worlds;

static void explore(int depth)
{
    const struct world saved = w;

    if ( !is_new() )
        return;
    assert_true(depth < 200);
    nr_worlds++;
    ends_connected();
    for ( int end = FRONT; end <= BACK; end++ )
    {
        xenbus_run(&w.bus[end]);
        explore(depth + 1);
        w = saved;

        for ( int at = 0; at < 3; at++ )        /* the other end's run in the middle of this one's */
        {
            nested = !end;
            nested_at = at;
            xenbus_run(&w.bus[end]);
            nested = -1;
            explore(depth + 1);
            w = saved;
        }

        for ( volatile int at = -1; saved.lives && at < 3; at++ )
        {
            die_at = at;                        /* death after some changes of state, or before any */
            if ( at >= 0 && !setjmp(death) )
                xenbus_run(&w.bus[end]);
            die_at = -1;
            w.lives--;
            const struct world dead = w;

            for ( int fails = 0; fails < 2; fails++ )
            {
                fail_resume = fails;
                start(end);
                fail_resume = false;
                explore(depth + 1);
                w = dead;
            }
            w = saved;
        }
    }
}

TEST(all_interleavings_with_restarts_end_connected)
{
    for ( int direct = 0; direct < 2; direct++ )
    {
        driver.direct = direct;
        nr_worlds = 0;
        fresh(3);
        memset(seen, 0, sizeof(seen));
        start(BACK);
        start(FRONT);
        explore(0);
        fresh(3);
        start(FRONT);
        start(BACK);
        explore(0);
        print_message("%u worlds\n", nr_worlds);
        assert_true(nr_worlds >= 40);
    }
    driver.direct = false;
}

static void both_connected(void)
{
    fresh(0);
    start(BACK);
    start(FRONT);
    for ( int i = 0; i < 6; i++ )
    {
        xenbus_run(&w.bus[FRONT]);
        xenbus_run(&w.bus[BACK]);
    }
    assert_true(connected());
}

TEST(a_restarted_back_end_takes_over_the_same_rings)
{
    both_connected();
    const uint8_t rings = w.rings[FRONT];

    start(BACK);
    assert_int_equal(w.rings[BACK], rings);
    xenbus_run(&w.bus[FRONT]);
    assert_int_equal(w.rings[FRONT], rings);
    assert_true(connected());
}

TEST(a_restarted_front_end_gets_new_rings)
{
    both_connected();
    const uint8_t rings = w.rings[FRONT];

    w.state[FRONT] = XenbusStateInitialising;   /* as a kexec'd kernel may find or leave it */
    start(FRONT);
    for ( int i = 0; i < 8; i++ )
    {
        xenbus_run(&w.bus[BACK]);
        xenbus_run(&w.bus[FRONT]);
    }
    assert_true(connected());
    assert_true(w.rings[FRONT] != rings);
}

TEST(unplugging_closes_both_and_nothing_comes_back)
{
    both_connected();
    w.online = 0;
    w.state[BACK] = XenbusStateClosing;         /* as the toolstack does */
    for ( int i = 0; i < 8; i++ )
    {
        xenbus_run(&w.bus[BACK]);
        xenbus_run(&w.bus[FRONT]);
    }
    assert_int_equal(w.state[FRONT], XenbusStateClosed);
    assert_int_equal(w.state[BACK], XenbusStateClosed);
    assert_int_equal(w.rings[FRONT] | w.rings[BACK], 0);
    w.gone = 1;                                 /* writes would fail the test */
    xenbus_run(&w.bus[BACK]);
    xenbus_run(&w.bus[FRONT]);
}

TEST(folders_that_are_gone_are_not_written_to)
{
    both_connected();
    w.gone = 1;
    for ( int i = 0; i < 3; i++ )
    {
        xenbus_run(&w.bus[BACK]);
        xenbus_run(&w.bus[FRONT]);
    }
    assert_int_equal(w.rings[FRONT] | w.rings[BACK], 0);
}

TEST(a_back_end_with_io_in_flight_closes_when_it_is_done)
{
    both_connected();
    busy_leaves = 2;
    w.state[FRONT] = XenbusStateClosing;
    xenbus_run(&w.bus[BACK]);
    assert_true(w.bus[BACK].again);
    assert_int_equal(w.state[BACK], XenbusStateConnected);
    xenbus_run(&w.bus[BACK]);
    xenbus_run(&w.bus[BACK]);
    assert_int_equal(w.state[BACK], XenbusStateClosing);
    assert_int_equal(w.rings[BACK], 0);
}

TEST(a_peer_that_cannot_be_served_is_told_and_not_tried_for_ever)
{
    fresh(0);
    fail_enter = XENBUS_CONNECT;
    nr_logs = 0;
    start(BACK);
    start(FRONT);
    for ( int i = 0; i < 100; i++ )
    {
        xenbus_run(&w.bus[BACK]);
        xenbus_run(&w.bus[FRONT]);
    }
    assert_int_equal(w.state[BACK], XenbusStateClosed);
    assert_int_equal(w.state[FRONT], XenbusStateClosed);
    assert_int_equal(nr_logs, 2);
    assert_string_equal(last_log, "b: giving up in state 2: error 22");
}

/* Whatever values a hostile peer writes one after the other: no assertion of the driver, bounded, and after it
 * has become honest both connect. */
TEST(any_sequence_of_peer_states_is_survived)
{
    uint64_t seed = 42;

    for ( int end = FRONT; end <= BACK; end++ )
        for ( int round = 0; round < 4000; round++ )
        {
            driver.direct = round % 2;
            fresh(0);
            start(end);
            for ( int i = 0; i < 12; i++ )
            {
                const uint64_t r = next_random(&seed);

                w.state[!end] = r % 16 == 15 ? 255 : r % 12;
                if ( end == BACK )
                    w.published = r >> 8 & 3;       /* the front end's nodes */
                xenbus_run(&w.bus[end]);
            }
            w.state[!end] = XenbusStateInitialising;
            start(!end);
            for ( int i = 0; i < 12; i++ )
            {
                xenbus_run(&w.bus[end]);
                xenbus_run(&w.bus[!end]);
            }
            if ( !connected() )
                print_message("end %d round %d: front %u/%u back %u/%u\n", end, round, w.state[0], w.bus[0].state,
                              w.state[1], w.bus[1].state);
            assert_true(connected());
        }
    driver.direct = false;
}

TEST(numbers_are_decimal_and_bounded)
{
    static const struct { const char *text; bool ok; uint64_t n; } t[] = {
        { "0", true, 0 }, { "18446744073709551615", true, UINT64_MAX }, { "18446744073709551616", false, 0 },
        { "99999999999999999999", false, 0 }, { "", false, 0 }, { "-1", false, 0 }, { " 1", false, 0 },
        { "1 ", false, 0 }, { "0x10", false, 0 }, { "007", true, 7 }, { "1\n", false, 0 },
    };
    char buf[8];

    for ( size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++ )
    {
        uint64_t n = 0;

        assert_int_equal(xenbus_parse(t[i].text, &n), t[i].ok);
        assert_true(n == t[i].n);
    }
    assert_true(xenbus_format(buf, sizeof(buf), "a%/b%", 1, 23));
    assert_string_equal(buf, "a1/b23");
    assert_false(xenbus_format(buf, sizeof(buf), "%", 12345678, 0));
    assert_string_equal(buf, "1234567");
}

TEST(the_log_is_limited)
{
    both_connected();
    nr_logs = 0;
    for ( int i = 0; i < 1000; i++ )
        xenbus_log(&w.bus[BACK], "again");
    assert_int_equal(nr_logs, 10);
    assert_int_equal(w.bus[BACK].suppressed, 990);
}

TESTS(
    RUN(all_interleavings_with_restarts_end_connected),
    RUN(a_restarted_back_end_takes_over_the_same_rings),
    RUN(a_restarted_front_end_gets_new_rings),
    RUN(unplugging_closes_both_and_nothing_comes_back),
    RUN(folders_that_are_gone_are_not_written_to),
    RUN(a_back_end_with_io_in_flight_closes_when_it_is_done),
    RUN(a_peer_that_cannot_be_served_is_told_and_not_tried_for_ever),
    RUN(any_sequence_of_peer_states_is_survived),
    RUN(numbers_are_decimal_and_bounded),
    RUN(the_log_is_limited),
)
