/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network back end against a front end that does as it likes with rings, pages, grants, store and events. */
#include "cm.h"
#include "wire.h"
#include <pthread.h>

static uint64_t seed = 1;
static uint8_t *data, *room;        /* what is sent, what is received in */
static struct xen_ring_header *tx, *rx;
static grant_ref_t tx_ref, rx_ref, data_ref, ro_ref, foreign_ref, room_ref, room_ro_ref;
static int port;

static unsigned int events_seen;
static void count_event(void *user) { events_seen++; }
static void no_watch(void *user) { }

static grant_ref_t lend(void *page, domid_t to, bool readonly)
{
    grant_ref_t ref;

    assert_int_equal(fake_ops.grant_give(&fake_front, to, page, readonly, &ref), 0);
    return ref;
}

static void good_nodes(void)
{
    fake_set_number(VIF_FRONT "/tx-ring-ref", tx_ref);
    fake_set_number(VIF_FRONT "/rx-ring-ref", rx_ref);
    fake_set_number(VIF_FRONT "/event-channel", port);
    fake_set(VIF_FRONT "/event-channel-tx", NULL);
    fake_set(VIF_FRONT "/multi-queue-num-queues", NULL);
    fake_set(VIF_FRONT "/request-rx-copy", "1");
    fake_set(VIF_FRONT "/feature-sg", "1");
    fake_set(VIF_FRONT "/feature-gso-tcpv4", "1");
}

/* The test is the front end; the back end waits for it. */
static void be_front(const struct pv_ops *ops)
{
    wire_reset();
    netback_ops = ops;
    fake_front.event = count_event;
    fake_front.watch = no_watch;
    tx = fake_ops.pages_alloc(&fake_front, 1);
    rx = fake_ops.pages_alloc(&fake_front, 1);
    data = fake_ops.pages_alloc(&fake_front, 1);
    room = fake_ops.pages_alloc(&fake_front, 1);
    *tx = *rx = (struct xen_ring_header){ .req_event = 1, .rsp_event = 1 };
    tx_ref = lend(tx, FAKE_BACK, false);
    rx_ref = lend(rx, FAKE_BACK, false);
    data_ref = lend(data, FAKE_BACK, false);
    ro_ref = lend(data, FAKE_BACK, true);
    foreign_ref = lend(data, 9, false);
    room_ref = lend(room, FAKE_BACK, false);
    room_ro_ref = lend(room, FAKE_BACK, true);
    port = fake_ops.channel_open(&fake_front, FAKE_BACK, PV_ANY_PORT, NULL);
    good_nodes();
    wire_back_begin();
    assert_true(wire_settle());
    assert_int_equal(netback.bus.state, XenbusStateInitWait);
}

static void let_back_run(void)
{
    fake_ops.channel_notify(&fake_front, port);
    assert_true(wire_settle());
}

static void connect_back(const struct pv_ops *ops)
{
    be_front(ops);
    fake_set(VIF_FRONT "/state", "4");
    assert_true(wire_settle());
    assert_int_equal(netback.bus.state, XenbusStateConnected);
    for ( unsigned int i = 0; i < 4096; i++ )
        data[i] = i * 5;
    data[0] = 2;
}

static void end_back(void)
{
    fake_kill(&fake_front);
    netback_stop(&netback);
    assert_true(fake_is_empty(&fake_back));
    wire_forget(&at_back);
}

static void post(grant_ref_t ref, uint16_t offset, uint16_t flags, uint16_t size)
{
    *wire_tx_slot(tx, tx->req_prod) = (struct netif_tx_request){ ref, offset, flags, tx->req_prod * 3, size };
    tx->req_prod++;
}

static void post_extra(uint8_t type, uint8_t flags, uint16_t size, uint8_t gso)
{
    const struct netif_extra_info e = { .type = type, .flags = flags, .u.gso = { .size = size, .type = gso } };

    memset(wire_tx_slot(tx, tx->req_prod), 0xee, 12);
    memcpy(wire_tx_slot(tx, tx->req_prod), &e, sizeof(e));
    tx->req_prod++;
}

/* All of the slots from @from on must be answered, as @status (extra slots: NULL). */
static void assert_answered(uint32_t from, int status, const bool *extra)
{
    let_back_run();
    assert_int_equal(tx->rsp_prod, tx->req_prod);
    for ( uint32_t i = from; i != tx->rsp_prod; i++ )
    {
        struct netif_tx_response rsp;

        memcpy(&rsp, wire_tx_slot(tx, i), sizeof(rsp));
        if ( extra && extra[i - from] )
            assert_int_equal(rsp.status, NETIF_RSP_NULL);
        else
        {
            assert_int_equal(rsp.status, status);
            assert_int_equal(rsp.id, (uint16_t)(i * 3));
        }
    }
}

struct sent { uint8_t ref; uint16_t offset, flags, size; };
enum { GOOD, READ_ONLY, FOREIGN, NONE, HUGE_REF };
#define MORE NETTXF_more_data

static unsigned int nr_copies;
static void count_copies(void *ctx, domid_t peer, struct pv_copy *c, unsigned int nr)
{
    nr_copies += nr;
    fake_ops.grant_copy(ctx, peer, c, nr);
}

TEST(a_slot_is_one_copy_wherever_its_packet_begins)
{
    struct pv_ops ops = fake_ops;
    unsigned int slots = 0;

    ops.grant_copy = count_copies;
    connect_back(&ops);
    nr_copies = 0;
    for ( unsigned int i = 0; i < 6; i++, slots += 6 )
    {
        post(data_ref, 130, MORE, 66 + 3896 + 2 * 4096 + 500 + i);
        post(data_ref, 200, MORE, 3896);
        post(data_ref, 0, MORE, 4096);
        post(data_ref, 0, MORE, 4096);
        post(data_ref, 0, 0, 500 + i);
        post(data_ref, 100, 0, 1514);
    }
    assert_answered(0, 0, NULL);
    assert_int_equal(nr_copies, slots);
    end_back();
}

TEST(packets_that_say_nonsense_get_an_error_and_are_not_delivered)
{
    static const struct { struct sent slot[4]; int status; } t[] = {
        { { { GOOD, 0, 0, 60 } }, 0 },
        { { { READ_ONLY, 0, 0, 60 } }, 0 },
        { { { GOOD, 0, 0, 14 } }, 0 },
        { { { GOOD, 0, 0, 13 } }, -1 },
        { { { GOOD, 0, 0, 0 } }, -1 },
        { { { GOOD, 0, 0, 4096 } }, 0 },
        { { { GOOD, 0, 0, 4097 } }, -1 },
        { { { GOOD, 1, 0, 4096 } }, -1 },
        { { { GOOD, 4095, 0, 14 } }, -1 },
        { { { GOOD, 4096, 0, 14 } }, -1 },
        { { { GOOD, 65535, 0, 65535 } }, -1 },
        { { { GOOD, 65535, 0, 14 } }, -1 },
        { { { FOREIGN, 0, 0, 60 } }, -1 },
        { { { NONE, 0, 0, 60 } }, -1 },
        { { { HUGE_REF, 0, 0, 60 } }, -1 },
        { { { GOOD, 0, MORE, 4196 }, { GOOD, 0, 0, 100 } }, 0 },
        { { { GOOD, 0, MORE, 4197 }, { GOOD, 0, 0, 100 } }, -1 },
        { { { GOOD, 0, MORE, 100 }, { GOOD, 0, 0, 100 } }, 0 },     /* nothing in the first */
        { { { GOOD, 0, MORE, 100 }, { GOOD, 0, 0, 101 } }, -1 },
        { { { GOOD, 0, MORE, 100 }, { GOOD, 0, 0, 65535 } }, -1 },
        { { { GOOD, 0, MORE, 65535 }, { GOOD, 0, MORE, 65535 }, { GOOD, 0, 0, 65535 } }, -1 },
        { { { GOOD, 0, MORE, 100 }, { GOOD, 0, MORE, 0 }, { GOOD, 0, MORE, 0 }, { GOOD, 0, 0, 0 } }, 0 },
        { { { GOOD, 0, MORE, 300 }, { FOREIGN, 0, MORE, 100 }, { GOOD, 0, 0, 100 } }, -1 },
        { { { GOOD, 0, MORE, 300 }, { GOOD, 0, MORE, 100 }, { HUGE_REF, 0, 0, 100 } }, -1 },
        { { { GOOD, 0, MORE, 300 }, { GOOD, 4000, 0, 100 } }, -1 },
        { { { GOOD, 0, NETTXF_csum_blank, 60 } }, -1 },             /* neither TCP nor UDP */
        { { { GOOD, 0, 0xfff0, 60 } }, 0 },
    };

    for ( int map = 0; map < 2; map++ )
    {
        const grant_ref_t *const refs[] = { &data_ref, &ro_ref, &foreign_ref };

        connect_back(map ? &fake_ops_map : &fake_ops);
        for ( size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++ )
        {
            const uint32_t from = tx->req_prod;
            const struct sent *s = t[i].slot;

            wire_forget(&at_back);
            do
                post(s->ref <= FOREIGN ? *refs[s->ref] : s->ref == NONE ? 0 : 0xffffffff, s->offset, s->flags, s->size);
            while ( (s++)->flags & MORE );
            assert_answered(from, t[i].status, NULL);
            assert_int_equal(at_back.nr, t[i].status == 0);
            if ( at_back.nr )
            {
                assert_int_equal(at_back.got[0].len, t[i].slot[0].size);
                assert_memory_equal(at_back.got[0].data, data, 14);
            }
            assert_int_equal(netback.bus.state, XenbusStateConnected);
        }
        end_back();
    }
}

TEST(extra_slots_that_say_nonsense_cost_the_packet)
{
    enum { F = XEN_NETIF_EXTRA_FLAG_MORE, GSO = XEN_NETIF_EXTRA_TYPE_GSO };
    static const struct { uint8_t type[3], flags[3]; uint16_t size; uint8_t gso; int status; } t[] = {
        { { XEN_NETIF_EXTRA_TYPE_HASH }, { 0 }, 0, 0, 0 },
        { { XEN_NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_TYPE_HASH }, { F, 0 }, 0, 0, 0 },
        { { 0 }, { 0 }, 0, 0, -1 },
        { { 5 }, { 0 }, 0, 0, -1 },
        { { 255, 255, 255 }, { F, F, 0 }, 0, 0, -1 },
        { { GSO }, { 0 }, 1000, 0, 0 },             /* kind none: not large after all */
        { { GSO }, { 0 }, 1000, 1, -1 },            /* not TCP */
        { { GSO }, { 0 }, 0, 1, -1 },
        { { GSO }, { 0 }, 1000, 200, -1 },
    };
    static const bool extra[4] = { false, true, true, true };

    connect_back(&fake_ops);
    for ( size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++ )
    {
        const uint32_t from = tx->req_prod;

        wire_forget(&at_back);
        post(data_ref, 0, NETTXF_extra_info, 60);
        for ( int k = 0; k < 3 && (k == 0 || t[i].flags[k - 1]); k++ )
            post_extra(t[i].type[k], t[i].flags[k], t[i].size, t[i].gso);
        assert_answered(from, t[i].status, extra);
        assert_int_equal(at_back.nr, t[i].status == 0);
    }
    end_back();
}

TEST(a_packet_of_too_many_slots_is_dropped_and_one_without_end_ends_the_connection)
{
    for ( unsigned int slots = 17; slots < 320; slots += slots < 20 ? 1 : 59 )
    {
        const bool endless = slots > 256;

        connect_back(&fake_ops);
        for ( unsigned int i = 0; i < slots && i < 256; i++ )
            post(data_ref, 0, i + 1 < slots ? MORE : 0, i == 0 ? 100 + (slots - 1) * 2 : 2);
        if ( !endless )
            assert_answered(0, slots <= NET_MAX_SLOTS ? 0 : -1, NULL);
        let_back_run();
        assert_int_equal(at_back.nr, slots <= NET_MAX_SLOTS);
        assert_int_equal(netback.bus.state, endless ? XenbusStateClosing : XenbusStateConnected);
        if ( endless )
            assert_string_equal(fake_get(VIF_BACK "/error"), "the front end sent a packet without an end");
        end_back();
    }

    connect_back(&fake_ops);                    /* extra slots without end, posted bit by bit */
    post(data_ref, 0, NETTXF_extra_info, 60);
    for ( int i = 0; i < 300 && netback.bus.state == XenbusStateConnected; i++ )
    {
        post_extra(XEN_NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_FLAG_MORE, 0, 0);
        let_back_run();
    }
    assert_string_equal(fake_get(VIF_BACK "/error"), "the front end sent a packet without an end");
    assert_int_equal(at_back.nr, 0);
    end_back();
}

TEST(parts_that_are_larger_than_the_whole_are_refused)
{
    connect_back(&fake_ops);
    post(data_ref, 0, MORE, 5000);              /* 17 pages more make it 904 bytes again, in 16 bits */
    for ( int i = 0; i < 17; i++ )
        post(data_ref, 0, i < 16 ? MORE : 0, 4096);
    assert_answered(0, -1, NULL);
    assert_int_equal(at_back.nr, 0);
    end_back();
}

TEST(a_ring_full_of_packets_in_small_parts_arrives)
{
    for ( int parts = 1; parts <= 16; parts *= 2 )
    {
        connect_back(&fake_ops);
        for ( int i = 0; i < 256; i++ )
            post(data_ref, i % parts * 250, (i + 1) % parts ? MORE : 0, i % parts ? 250 : 250 * parts);
        assert_answered(0, 0, NULL);
        assert_int_equal(at_back.nr, 256 / parts);
        for ( unsigned int i = 0; i < at_back.nr; i++ )
        {
            assert_int_equal(at_back.got[i].len, 250 * parts);
            assert_memory_equal(at_back.got[i].data, data, 250 * parts);
        }
        end_back();
    }
}

TEST(a_packet_published_in_parts_arrives_when_it_is_whole)
{
    connect_back(&fake_ops);
    post(data_ref, 0, MORE | NETTXF_extra_info, 300);
    let_back_run();
    post_extra(XEN_NETIF_EXTRA_TYPE_HASH, 0, 0, 0);
    let_back_run();
    post(data_ref, 100, MORE, 100);
    let_back_run();
    assert_int_equal(at_back.nr + tx->rsp_prod, 0);
    post(data_ref, 200, 0, 100);
    assert_answered(0, 0, (const bool[]){ false, true, false, false });
    assert_int_equal(at_back.nr, 1);
    assert_memory_equal(at_back.got[0].data, data, 300);
    end_back();
}

TEST(a_wild_request_index_ends_the_connection)
{
    static const uint32_t wild[] = { 257, 258, 0x7fffffff, 0x80000000, 0xffffffff };

    for ( size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++ )
        for ( int which = 0; which < 2; which++ )
        {
            uint8_t bytes[60] = { 2 };
            struct net_packet p = { .data = bytes, .len = 60 };

            connect_back(&fake_ops);
            (which ? rx : tx)->req_prod = wild[i];
            if ( which )
                assert_int_equal(netback_send(&netback, &p, 1), 0);
            let_back_run();
            assert_int_equal(netback.bus.state, XenbusStateClosing);
            assert_string_equal(fake_get(VIF_BACK "/error"), "the front end's ring index is impossible");
            assert_int_equal(at_back.changed, 2);
            end_back();
        }
}

TEST(events_without_end_cost_little_and_are_not_logged)
{
    connect_back(&fake_ops);
    events_seen = 0;
    for ( int i = 0; i < 20000; i++ )
        let_back_run();
    assert_int_equal(fake_logs + events_seen, 0);
    end_back();
}

TEST(what_is_sent_to_bad_pages_is_lost_and_nothing_else)
{
    static const int expect[] = { 60, NETIF_RSP_ERROR, NETIF_RSP_ERROR, NETIF_RSP_ERROR, 60 };

    for ( int map = 0; map < 2; map++ )
    {
        uint8_t bytes[60] = { 2, 3, 4 };

        connect_back(map ? &fake_ops_map : &fake_ops);
        for ( int i = 0; i < 5; i++ )
            wire_rx_slot(rx, i)->req = (struct netif_rx_request){ .id = i * 7, .gref = i == 1 ? room_ro_ref : i == 2 ?
                foreign_ref : i == 3 ? 0xfffffff0 : room_ref };
        rx->req_prod = 5;
        for ( int i = 0; i < 5; i++ )
        {
            struct net_packet p = { .data = bytes, .len = 60 };

            memset(room, 0, 4096);
            assert_int_equal(netback_send(&netback, &p, 1), 1);
            assert_int_equal(rx->rsp_prod, i + 1);
            assert_int_equal(wire_rx_slot(rx, i)->rsp.id, i * 7);
            assert_int_equal(wire_rx_slot(rx, i)->rsp.status, expect[i]);
            assert_int_equal(room[2], expect[i] == 60 ? 4 : 0);
        }
        assert_int_equal(netback.stats.failed_copies, 3);
        assert_int_equal(netback.bus.state, XenbusStateConnected);
        end_back();
    }
}

static volatile bool stop_thread;

static void *scribble(void *arg)
{
    uint64_t s = 77;

    while ( !stop_thread )
    {
        const uint64_t r = next_random(&s);

        ((uint8_t *)tx)[64 + r % 3072] = r >> 32;
        ((uint8_t *)rx)[64 + (r >> 12) % 2048] = r >> 40;
        data[(r >> 24) % 4096] = r >> 48;
    }
    return NULL;
}

TEST(requests_that_change_all_the_time_are_survived)
{
    uint64_t taken = 0;

    for ( int round = 0; round < 20; round++ )
    {
        static uint8_t bytes[9000] = { 2 };
        pthread_t t;

        connect_back(round % 2 ? &fake_ops_map : &fake_ops);
        stop_thread = false;
        pthread_create(&t, NULL, scribble, NULL);
        for ( int i = 0; i < 40 && netback.bus.state == XenbusStateConnected; i++ )
        {
            struct net_packet p = { .data = bytes, .len = sizeof(bytes) };

            for ( int k = 0; k < 64; k++ )
                *wire_tx_slot(tx, k) = (struct netif_tx_request){ data_ref, 0, k % 4 ? 0 : MORE, k, k % 4 ? 100 : 300 };
            for ( int k = 0; k < 64; k++ )
                wire_rx_slot(rx, k)->req = (struct netif_rx_request){ k, 0, room_ref };
            tx->req_prod = netback.queue[0].tx.published + 64;
            rx->req_prod = netback.queue[0].rx.published + 64;
            let_back_run();
            netback_send(&netback, &p, 1);
            taken += netback.stats.received + netback.stats.refused;
            wire_forget(&at_back);
        }
        stop_thread = true;
        pthread_join(t, NULL);
        end_back();
    }
    assert_true(taken > 5000);
}

TEST(nodes_that_say_nonsense_close_the_device_and_an_honest_front_end_can_follow)
{
    static const struct { const char *name, *value; } t[] = {
        { "tx-ring-ref", "0" }, { "tx-ring-ref", NULL }, { "tx-ring-ref", "7000" }, { "tx-ring-ref", "4294967296" },
        { "rx-ring-ref", "-1" }, { "rx-ring-ref", "abc" }, { "rx-ring-ref", "99999" }, { "event-channel", "0" },
        { "event-channel", NULL }, { "event-channel", "63" }, { "event-channel", "4294967295" },
        { "event-channel-tx", "1" }, { "multi-queue-num-queues", "0" }, { "multi-queue-num-queues", "5" },
        { "multi-queue-num-queues", "2" }, { "multi-queue-num-queues", "4294967295" }, { "request-rx-copy", "0" },
        { "request-rx-copy", NULL },
    };

    for ( size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++ )
    {
        char path[128];

        be_front(&fake_ops);
        snprintf(path, sizeof(path), VIF_FRONT "/%s", t[i].name);
        fake_set(path, t[i].value);
        fake_set(VIF_FRONT "/state", "4");
        assert_true(wire_settle());
        if ( netback.bus.state != XenbusStateClosing )
            print_message("%s=%s: state %u\n", t[i].name, t[i].value ? t[i].value : "(none)", netback.bus.state);
        assert_int_equal(netback.bus.state, XenbusStateClosing);
        assert_non_null(fake_get(VIF_BACK "/error"));
        assert_in_range(fake_logs, 1, 2);

        fake_kill(&fake_front);
        fake_set(path, NULL);
        fake_set(VIF_FRONT "/state", "1");
        fake_front.event = NULL;
        fake_front.watch = (void (*)(void *))netfront_watch;
        wire_front_begin();
        assert_true(wire_settle());
        assert_int_equal(netback.bus.state, XenbusStateConnected);
        assert_int_equal(netfront.bus.state, XenbusStateConnected);
        wire_end();
    }
}

TEST(a_front_end_that_jumps_between_states_gets_nowhere)
{
    static const char *const names[] = { "tx-ring-ref", "rx-ring-ref", "event-channel", "event-channel-tx",
                                         "multi-queue-num-queues", "request-multicast-control", "request-rx-copy" };
    static const char *const values[] = { "0", "1", "2", "", "junk", "99999999999", NULL };

    seed = 31;
    be_front(&fake_ops);
    for ( int i = 0; i < 4000; i++ )
    {
        const uint64_t r = next_random(&seed);
        char path[128];

        if ( r % 4 == 0 )
        {
            snprintf(path, sizeof(path), VIF_FRONT "/%s", names[(r >> 8) % 7]);
            fake_set(path, values[(r >> 16) % 7]);
        }
        if ( r % 4 == 1 )
        {
            good_nodes();
            fake_set(VIF_FRONT "/state", "4");
        }
        if ( r % 4 == 2 )
            fake_set_number(VIF_FRONT "/state", (r >> 24) % 12);
        if ( r % 4 == 3 )
            tx->req_prod += (r >> 24) % 8;
        let_back_run();
        assert_true(fake_channels() <= 3);
    }
    end_back();
}

TESTS(
    RUN(packets_that_say_nonsense_get_an_error_and_are_not_delivered),
    RUN(a_slot_is_one_copy_wherever_its_packet_begins),
    RUN(extra_slots_that_say_nonsense_cost_the_packet),
    RUN(a_packet_of_too_many_slots_is_dropped_and_one_without_end_ends_the_connection),
    RUN(parts_that_are_larger_than_the_whole_are_refused),
    RUN(a_ring_full_of_packets_in_small_parts_arrives),
    RUN(a_packet_published_in_parts_arrives_when_it_is_whole),
    RUN(a_wild_request_index_ends_the_connection),
    RUN(events_without_end_cost_little_and_are_not_logged),
    RUN(what_is_sent_to_bad_pages_is_lost_and_nothing_else),
    RUN(requests_that_change_all_the_time_are_survived),
    RUN(nodes_that_say_nonsense_close_the_device_and_an_honest_front_end_can_follow),
    RUN(a_front_end_that_jumps_between_states_gets_nowhere),
)
