/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network front end against a back end that does as it likes with rings, pages, grants, store and events. */
#include "cm.h"
#include "wire.h"
#include <pthread.h>
#include <sched.h>

static uint64_t seed = 1;
static struct xen_ring_header *tx, *rx;
static int port;

static void no_event(void *user) { }

static void be_back(void)
{
    wire_reset();
    fake_back.event = fake_back.watch = no_event;
    fake_set(VIF_BACK "/feature-rx-copy", "1");
    fake_set(VIF_BACK "/feature-sg", "1");
    fake_set(VIF_BACK "/feature-gso-tcpv4", "1");
    fake_set(VIF_BACK "/feature-multicast-control", "1");
    netfront_config.multicast_control = true;
    fake_set(VIF_BACK "/state", "2");
    wire_front_begin();
}

static void connect_front(void)
{
    be_back();
    assert_string_equal(fake_get(VIF_FRONT "/state"), "4");
    tx = fake_grant_page(atoi(fake_get(VIF_FRONT "/tx-ring-ref")));
    rx = fake_grant_page(atoi(fake_get(VIF_FRONT "/rx-ring-ref")));
    port = fake_ops.channel_open(&fake_back, FAKE_FRONT, atoi(fake_get(VIF_FRONT "/event-channel")), NULL);
    assert_true(port > 0);
    fake_set(VIF_BACK "/state", "4");
    assert_true(wire_settle());
    assert_int_equal(netfront.bus.state, XenbusStateConnected);
    assert_int_equal(rx->req_prod, 32);
}

static void let_front_run(void)
{
    fake_ops.channel_notify(&fake_back, port);
    assert_true(wire_settle());
}

static void end_front(void)
{
    fake_kill(&fake_back);
    netfront_stop(&netfront);
    assert_true(netfront.lost_pages || fake_is_empty(&fake_front));
    wire_forget(&at_front);
}

static void answer_tx(uint16_t id, int16_t status)
{
    const struct netif_tx_response rsp = { id, status };

    memcpy(wire_tx_slot(tx, tx->rsp_prod), &rsp, sizeof(rsp));
    tx->rsp_prod++;
}

static void answer_rx(uint16_t id, uint16_t offset, uint16_t flags, int16_t status)
{
    wire_rx_slot(rx, rx->rsp_prod)->rsp = (struct netif_rx_response){ id, offset, flags, status };
    rx->rsp_prod++;
}

static void answer_extra(uint8_t type, uint8_t flags)
{
    const struct netif_extra_info e = { .type = type, .flags = flags, .u.gso = { .size = 1000, .type = 1 } };

    memcpy(wire_rx_slot(rx, rx->rsp_prod++), &e, sizeof(e));
}

static void give(void)
{
    static uint8_t bytes[60] = { 2 };
    struct net_packet p = { .data = bytes, .len = 60 };

    assert_int_equal(netfront_send(&netfront, &p, 1), 1);
}

TEST(answers_to_what_was_not_asked_end_the_connection)
{
    enum { RIGHT, ERROR, UNUSED, TOO_LARGE, TWICE, EXTRA, RX_OTHER, RX_AGAIN, RX_LARGE, NR };

    for ( int way = 0; way < NR; way++ )
    {
        uint16_t id;

        connect_front();
        give();
        give();
        assert_int_equal(tx->req_prod, 2);
        id = wire_tx_slot(tx, 0)->id;
        assert_true(wire_tx_slot(tx, 1)->id != id);
        if ( way >= RX_OTHER )
        {
            answer_rx(way == RX_OTHER ? 1 : way == RX_LARGE ? 32 : 0, 0, 0, 60);
            if ( way == RX_AGAIN )
                answer_rx(0, 0, 0, 60);
        }
        else
            answer_tx(way == UNUSED ? id ^ 16 : way == TOO_LARGE ? 0x8000 | id : id, way == EXTRA ? NETIF_RSP_NULL :
                      way == ERROR ? NETIF_RSP_ERROR : NETIF_RSP_OKAY);
        if ( way == TWICE )
            answer_tx(id, 0);
        let_front_run();
        assert_int_equal(netfront.bus.state, way <= ERROR ? XenbusStateConnected : XenbusStateClosed);
        if ( way > ERROR )
            assert_string_equal(fake_get(VIF_FRONT "/error"), "the back end answers what was not asked");
        else
            assert_int_equal(netfront.stats.failed, way == ERROR);
        end_front();
    }
}

TEST(a_wild_response_index_ends_the_connection)
{
    static const uint32_t wild[] = { 33, 256, 257, 0x7fffffff, 0x80000000, 0xffffffff };

    for ( size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++ )
        for ( int which = 0; which < 2; which++ )
        {
            connect_front();
            (which ? rx : tx)->rsp_prod = wild[i];
            let_front_run();
            assert_int_equal(netfront.bus.state, XenbusStateClosed);
            assert_string_equal(fake_get(VIF_FRONT "/error"), "the back end's ring index is impossible");
            assert_int_equal(at_front.changed, 2);
            end_front();
        }
}

TEST(packets_that_make_no_sense_are_dropped)
{
    enum { M = NETRXF_more_data, E = NETRXF_extra_info };
    static const struct { uint16_t offset, flags; int16_t status; int got; } t[] = {
        { 0, 0, 60, 1 }, { 0, 0, 14, 1 }, { 0, 0, 13, 0 }, { 0, 0, 0, 0 }, { 0, 0, -1, 0 }, { 0, 0, -32768, 0 },
        { 0, 0, 4096, 1 }, { 0, 0, 4097, 0 }, { 0, 0, 32767, 0 }, { 1, 0, 4096, 0 }, { 4082, 0, 14, 1 },
        { 4083, 0, 14, 0 }, { 4096, 0, 0, 0 }, { 65535, 0, 32767, 0 }, { 65535, 0, 14, 0 },
        { 0, NETRXF_csum_blank, 60, 0 }, { 0, NETRXF_data_validated, 60, 1 }, { 0, 0xfff0, 60, 1 },
    };

    connect_front();
    for ( size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++ )
    {
        wire_forget(&at_front);
        answer_rx(rx->rsp_prod % 32, t[i].offset, t[i].flags, t[i].status);
        let_front_run();
        if ( (int)at_front.nr != t[i].got )
            print_message("row %zu\n", i);
        assert_int_equal(at_front.nr, t[i].got);
        assert_int_equal(netfront.bus.state, XenbusStateConnected);
    }

    /* 16 pages are too much by one byte; 17 parts of what fits are not too many. */
    for ( int parts = 16; parts < 18; parts++ )
    {
        wire_forget(&at_front);
        for ( int i = 0; i < parts; i++ )
            answer_rx(rx->rsp_prod % 32, 0, i + 1 < parts ? M : 0, parts == 16 ? 4096 : 3000);
        let_front_run();
        assert_int_equal(at_front.nr, parts == 17);
    }

    /* What is wrong in the middle costs the whole; the next is right again. */
    wire_forget(&at_front);
    answer_rx(rx->rsp_prod % 32, 0, M, 60);
    answer_rx(rx->rsp_prod % 32, 0, M, -1);
    answer_rx(rx->rsp_prod % 32, 0, 0, 60);
    answer_rx(rx->rsp_prod % 32, 0, 0, 77);
    let_front_run();
    assert_int_equal(at_front.nr, 1);
    assert_int_equal(at_front.got[0].len, 77);

    /* Extra slots that are unknown, or of a large segment that is none. */
    for ( int type = 0; type < 8; type++ )
    {
        wire_forget(&at_front);
        answer_rx(rx->rsp_prod % 32, 0, E, 60);
        answer_extra(type, 0);
        let_front_run();
        assert_int_equal(at_front.nr, type == XEN_NETIF_EXTRA_TYPE_HASH);
    }
    end_front();
}

TEST(a_packet_without_end_is_dropped_and_does_not_keep_a_run_for_ever)
{
    for ( int extra = 0; extra < 2; extra++ )
    {
        connect_front();
        answer_rx(0, 0, NETRXF_more_data | (extra ? NETRXF_extra_info : 0), 60);
        for ( int i = 1; i < 2000; i++ )
        {
            if ( extra )
                answer_extra(XEN_NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_FLAG_MORE);
            else
                answer_rx(rx->rsp_prod % 32, 0, NETRXF_more_data, 4096);
            if ( i % 16 == 0 )
                let_front_run();
        }
        let_front_run();
        assert_int_equal(at_front.nr, 0);
        assert_int_equal(netfront.bus.state, XenbusStateConnected);
        end_front();
    }
}

static volatile bool stop_thread;

static void *scribble(void *arg)
{
    uint64_t s = 78;

    while ( !stop_thread )
    {
        const uint64_t r = next_random(&s);

        ((uint8_t *)rx)[64 + (r >> 12) % 2048] = r >> 40;
        sched_yield();
    }
    return NULL;
}

TEST(answers_that_change_all_the_time_are_survived)
{
    uint64_t taken = 0;

    for ( int round = 0; round < 20; round++ )
    {
        pthread_t t;

        connect_front();
        stop_thread = false;
        pthread_create(&t, NULL, scribble, NULL);
        for ( int i = 0; i < 100 && netfront.bus.state == XenbusStateConnected; i++ )
        {
            const uint32_t at = netfront.queue[0].rx.consumed;

            for ( uint32_t k = at; k < at + 16; k++ )
                wire_rx_slot(rx, k)->rsp = (struct netif_rx_response){ k % 32, 0, k % 3 ? 0 : NETRXF_more_data, 100 };
            rx->rsp_prod = at + 16;
            let_front_run();
            taken += at_front.nr;
            wire_forget(&at_front);
        }
        stop_thread = true;
        pthread_join(t, NULL);
        end_front();
    }
    assert_true(taken > 100);
}

TEST(a_back_end_cannot_collect_our_pages_by_reconnecting)
{
    static void *at[1000];
    unsigned int most = 0;

    be_back();
    for ( int i = 0; i < 300; i++ )
    {
        const char *text = fake_get(VIF_FRONT "/tx-ring-ref");
        grant_ref_t ref = text ? atoi(text) : 0;

        if ( fake_grant_page(ref) )
            fake_ops.grant_map(&fake_back, FAKE_FRONT, &ref, 1, false, &at[i]);
        fake_set(VIF_BACK "/state", "4");
        assert_true(wire_settle());
        fake_set(VIF_BACK "/state", i % 2 ? "2" : "1");
        assert_true(wire_settle());
        fake_set(VIF_BACK "/state", "2");
        assert_true(wire_settle());
        most = netfront.lost_pages > most ? netfront.lost_pages : most;
    }
    assert_in_range(most, 60, 70);
    fake_kill(&fake_back);
    netfront_stop(&netfront);
    fake_kill(&fake_front);
}

TEST(properties_that_are_impossible_are_not_believed)
{
    static const struct { const char *name, *value; bool ok; } t[] = {
        { "feature-rx-copy", NULL, false }, { "feature-rx-copy", "0", false }, { "feature-rx-copy", "2", false },
        { "multi-queue-max-queues", "0", true }, { "multi-queue-max-queues", "4294967295", true },
        { "multi-queue-max-queues", "-1", true }, { "feature-sg", "junk", true }, { "carrier", "77", true },
        { "feature-split-event-channels", "5", true },
    };

    for ( size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++ )
    {
        char path[128];

        be_back();
        netfront_stop(&netfront);
        fake_set(VIF_FRONT "/state", "1");
        snprintf(path, sizeof(path), VIF_BACK "/%s", t[i].name);
        fake_set(path, t[i].value);
        fake_set(VIF_FRONT "/mtu", i % 2 ? "99999999" : "-1");
        fake_set(VIF_FRONT "/mac", i % 2 ? "00:16:3e:0a:bc:zz" : "0:1:2:3:4:5678901");
        wire_front_begin();
        fake_set(VIF_BACK "/state", "4");
        assert_true(wire_settle());
        assert_int_equal(netfront.bus.state, t[i].ok ? XenbusStateConnected : XenbusStateClosed);
        if ( t[i].ok )
        {
            assert_int_equal(netfront.mtu, 1500);
            assert_true(netfront.nr_queues == 1 && netfront.mac[1] == 0);
        }
        fake_kill(&fake_back);
        netfront_stop(&netfront);
        assert_true(fake_is_empty(&fake_front));
    }
}

TEST(a_back_end_that_jumps_between_states_leaves_nothing_lent)
{
    seed = 8;
    connect_front();
    for ( int i = 0; i < 1500; i++ )
    {
        const uint64_t r = next_random(&seed);

        if ( r % 8 == 7 )
            fake_set(VIF_BACK "/state", NULL);
        else
            fake_set_number(VIF_BACK "/state", (r >> 8) % 10);
        fake_ops.channel_notify(&fake_back, port);
        assert_true(wire_settle());
        if ( netfront.bus.state == XenbusStateConnected )
            give();
    }
    fake_kill(&fake_back);
    netfront_stop(&netfront);
    assert_int_equal(netfront.lost_pages, 0);
    assert_true(fake_is_empty(&fake_front));
}

TESTS(
    RUN(answers_to_what_was_not_asked_end_the_connection),
    RUN(a_wild_response_index_ends_the_connection),
    RUN(packets_that_make_no_sense_are_dropped),
    RUN(a_packet_without_end_is_dropped_and_does_not_keep_a_run_for_ever),
    RUN(answers_that_change_all_the_time_are_survived),
    RUN(a_back_end_cannot_collect_our_pages_by_reconnecting),
    RUN(properties_that_are_impossible_are_not_believed),
    RUN(a_back_end_that_jumps_between_states_leaves_nothing_lent),
)
