/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The front end of a console, the domain's first and one with a folder, against a back end that the test plays. */
#include "cm.h"
#include "console/console.h"
#include "fake.h"

#define CON_FRONT "/local/domain/5/device/console/1"
#define CON_BACK  "/local/domain/0/backend/console/5/1"

static struct confront con;
static struct xencons_interface *page;
static int port;
static unsigned int events;
static uint64_t seed = 1;

static void count(void *user) { events++; }
static void nothing(void *user) { }
static void front_watch(void *user) { confront_watch(user); }

static void settle(void)
{
    for ( int i = 0; i < 100 && (fake_deliver() || con.bus.again); i++ )
        if ( con.bus.again )
            confront_watch(&con);
}

static void begin(bool first)
{
    fake_reset();
    memset(&con, 0, sizeof(con));
    con.bus.ops = &fake_ops;
    con.bus.ctx = &fake_front;
    fake_back.event = count;
    fake_back.watch = fake_front.event = nothing;
    fake_front.watch = front_watch;
    if ( first )
    {
        page = fake_ops.pages_alloc(&fake_front, 1);
        port = fake_ops.channel_open(&fake_front, FAKE_BACK, PV_ANY_PORT, NULL);
        assert_true(fake_ops.channel_open(&fake_back, FAKE_FRONT, port, NULL) > 0);
        page->out_prod = page->out_cons = 4294967000u;      /* a loader has used it */
        page->in_prod = page->in_cons = 4294967200u;
        confront_attach(&con, page, port);
    }
    else
    {
        fake_set(CON_FRONT "/backend", CON_BACK);
        fake_set(CON_FRONT "/backend-id", "0");
        fake_set(CON_FRONT "/state", "1");
        fake_set(CON_BACK "/state", "2");
        assert_int_equal(confront_start(&con, CON_FRONT), 0);
        settle();
        assert_string_equal(fake_get(CON_FRONT "/state"), "3");
        assert_int_equal(confront_write(&con, "x", 1), 0);
        page = fake_grant_page(atoi(fake_get(CON_FRONT "/ring-ref")));
        assert_true(fake_ops.channel_open(&fake_back, FAKE_FRONT, atoi(fake_get(CON_FRONT "/port")), NULL) > 0);
        fake_set(CON_BACK "/state", "4");
        settle();
        assert_int_equal(con.bus.state, XenbusStateConnected);
    }
    settle();
    events = 0;
}

static void end(bool first)
{
    fake_kill(&fake_back);
    confront_stop(&con);
    if ( first )
    {
        fake_ops.channel_close(&fake_front, port);
        fake_ops.pages_free(&fake_front, page, 1);
    }
    assert_true(con.lost_pages || fake_is_empty(&fake_front));
}

TEST(bytes_go_both_ways_in_order_and_none_is_lost)
{
    for ( int first = 0; first < 2; first++ )
    {
        uint8_t out = 0, in = 0, out_seen = 0, in_sent = 0;

        begin(first);
        for ( int i = 0; i < 2000; i++ )
        {
            uint8_t buf[3000];
            size_t want = next_random(&seed) % sizeof(buf), n;
            const uint32_t room = sizeof(page->out) - (page->out_prod - page->out_cons);

            for ( size_t k = 0; k < want; k++ )
                buf[k] = out + k;
            events = 0;
            n = confront_write(&con, buf, want);
            assert_int_equal(n, want < room ? want : room);
            out += n;
            settle();
            assert_int_equal(events, n != 0);
            assert_true(n == 0 || confront_unread(&con));
            for ( uint32_t k = next_random(&seed) % 2048; k && page->out_cons != page->out_prod; k-- )
                assert_int_equal((uint8_t)page->out[page->out_cons++ % sizeof(page->out)], out_seen++);
            assert_int_equal(confront_unread(&con), page->out_cons != page->out_prod);

            for ( uint32_t k = next_random(&seed) % 1024; k && page->in_prod - page->in_cons < sizeof(page->in); k-- )
                page->in[page->in_prod++ % sizeof(page->in)] = in_sent++;
            want = next_random(&seed) % 1500;
            n = confront_read(&con, buf, want);
            for ( size_t k = 0; k < n; k++ )
                assert_int_equal(buf[k], in++);
            assert_true(n == want || page->in_cons == page->in_prod);
        }
        end(first);
    }
}

TEST(a_wild_index_ends_it)
{
    static const uint32_t wild[] = { 1, 2, 0x7fffffff, 0x80000000 };

    for ( int first = 0; first < 2; first++ )
        for ( size_t i = 0; i < 4; i++ )
            for ( int way = 0; way < 2; way++ )
            {
                uint8_t buf[4096];

                begin(first);
                assert_int_equal(confront_write(&con, "abc", 3), 3);
                if ( way )
                    page->in_prod = page->in_cons + sizeof(page->in) + wild[i];
                else
                    page->out_cons = page->out_prod + wild[i];
                assert_int_equal(way ? confront_read(&con, buf, sizeof(buf)) : confront_write(&con, buf, 10), 0);
                assert_int_equal(fake_logs, 1);
                assert_string_equal(fake_log, first ? "the first console: the back end's index is impossible" :
                                    CON_FRONT ": the back end's index is impossible");
                page->in_prod = page->in_cons;
                page->out_cons = page->out_prod;
                assert_int_equal(confront_write(&con, "abc", 3), 0);
                if ( !first )
                    assert_string_equal(fake_get(CON_FRONT "/state"), "6");
                end(first);
            }
}

TEST(what_the_back_end_writes_over_our_indices_changes_nothing)
{
    char buf[8];

    begin(false);
    assert_int_equal(confront_write(&con, "abc", 3), 3);
    page->out_prod = 77;
    page->in_cons = 99;
    assert_int_equal(confront_write(&con, "def", 3), 3);
    assert_memory_equal(page->out, "abcdef", 6);
    assert_int_equal(page->out_prod, 6);
    memcpy(page->in, "xyz", 3);
    page->in_prod = 3;
    assert_int_equal(confront_read(&con, buf, 8), 3);
    assert_int_equal(page->in_cons, 3);
    end(false);
}

TEST(a_back_end_that_starts_anew_gets_a_new_page_and_cannot_collect_them)
{
    begin(false);
    for ( int i = 0; i < 200; i++ )
    {
        grant_ref_t ref = atoi(fake_get(CON_FRONT "/ring-ref"));
        void *at;

        if ( i >= 20 && fake_grant_page(ref) )
            fake_ops.grant_map(&fake_back, FAKE_FRONT, &ref, 1, false, &at);
        fake_set(CON_BACK "/state", "2");
        settle();
        fake_set(CON_BACK "/state", "4");
        settle();
        if ( i < 20 )
        {
            assert_int_equal(con.bus.state, XenbusStateConnected);
            assert_int_equal(confront_write(&con, "abc", 3), 3);
            assert_int_equal(fake_channels(), 2);
        }
    }
    assert_in_range(con.lost_pages, 60, 70);
    end(false);
    fake_kill(&fake_front);
}

TESTS(
    RUN(bytes_go_both_ways_in_order_and_none_is_lost),
    RUN(a_wild_index_ends_it),
    RUN(what_the_back_end_writes_over_our_indices_changes_nothing),
    RUN(a_back_end_that_starts_anew_gets_a_new_page_and_cannot_collect_them),
)
