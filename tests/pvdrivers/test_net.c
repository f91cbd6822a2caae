/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network device, both ends against each other: packets of every kind and size, each feature, deaths in between. */
#include "cm.h"
#include "wire.h"

#define BATCH 64

static uint64_t seed = 1;

static unsigned int send_from(bool front, struct net_packet *p, unsigned int nr)
{
    return front ? netfront_send(&netfront, p, nr) : netback_send(&netback, p, nr);
}

static void assert_same(const struct net_packet *got, const struct net_packet *sent)
{
    assert_int_equal(got->len, sent->len);
    assert_memory_equal(got->data, sent->data, sent->len);
    assert_int_equal(got->csum, sent->csum);
    assert_int_equal(got->gso, sent->gso);
    if ( sent->gso )
        assert_int_equal(got->gso_size, sent->gso_size);
}

/* @n random packets of 16 connections: none may be lost, changed, or overtaken by one of its own connection. */
static void storm(bool front, int n)
{
    struct wire_end *to = front ? &at_back : &at_front;

    while ( n > 0 )
    {
        struct net_packet sent[BATCH];
        uint32_t flow[BATCH];
        unsigned int done = 0, next[16] = { 0 };

        for ( unsigned int i = 0; i < BATCH; i++ )
        {
            const uint64_t r = next_random(&seed);
            struct wire_kind k = { .v6 = r & 1, .udp = r & 2, .blank = r & 4, .flow = r >> 3 & 3 };
            const uint32_t most = (r >> 5 & 3) == 0 ? NET_MAX_PACKET : (r >> 5 & 3) == 1 ? 9014 : 1514;

            flow[i] = k.flow * 4 + (r & 3);
            k.gso_size = (r & 2) || (r >> 7 & 1) ? 0 : 1448;
            sent[i] = wire_packet(&k, 74 + (r >> 16) % (most - 74 + 1), &seed);
            sent[i].data[73] = i;
            if ( sent[i].csum == NET_CSUM_UNKNOWN && (r >> 8 & 1) )
                sent[i].csum = NET_CSUM_VALID;
        }
        for ( int tries = 0; done < BATCH; tries++ )
        {
            done += send_from(front, sent + done, BATCH - done);
            assert_true(wire_settle() && tries < 1000);
        }
        assert_int_equal(to->nr, BATCH);
        for ( unsigned int i = 0; i < BATCH; i++ )
        {
            const unsigned int which = to->got[i].data[73];

            assert_in_range(which, 0, BATCH - 1);
            assert_same(&to->got[i], &sent[which]);
            assert_true(which >= next[flow[which]]);
            next[flow[which]] = which + 1;
            assert_int_equal(sent[which].status, 0);
        }
        for ( unsigned int i = 0; i < BATCH; i++ )
            wire_free(&sent[i]);
        wire_forget(to);
        n -= BATCH;
    }
}

TEST(packets_arrive_unchanged_and_in_order_in_every_way)
{
    static const struct { bool map, one_channel; unsigned int queues, buffers; } ways[] = {
        { false, false, 1, 32 }, { true, false, 1, 32 }, { false, true, 1, 64 }, { false, false, 4, 32 },
        { true, true, 2, 128 }, { false, false, 1, 256 }, { false, true, 4, 256 },
    };

    for ( size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++ )
    {
        seed = 100 + i;
        wire_reset();
        netback_ops = ways[i].map ? &fake_ops_map : &fake_ops;
        netfront_config.max_queues = ways[i].queues;
        netfront_config.buffers = ways[i].buffers;
        wire_back_begin();
        if ( ways[i].one_channel )
            fake_set(VIF_BACK "/feature-split-event-channels", "0");
        wire_front_begin();
        assert_true(wire_settle());
        assert_int_equal(netback.bus.state, XenbusStateConnected);
        assert_int_equal(netback.nr_queues, ways[i].queues);
        assert_int_equal(fake_channels(), 2 * ways[i].queues * (ways[i].one_channel ? 1 : 2));
        storm(true, 256);
        storm(false, 256);
        assert_int_equal(fake_logs, 0);
        assert_int_equal(netback.stats.refused + netback.stats.failed_copies + netback.stats.dropped, 0);
        assert_int_equal(netfront.stats.failed + netfront.stats.dropped, 0);
        wire_end();
    }
}

static int one(bool front, struct net_packet *p)
{
    wire_forget(&at_back);
    wire_forget(&at_front);
    assert_int_equal(send_from(front, p, 1), 1);
    assert_true(wire_settle());
    assert_int_equal((front ? &at_back : &at_front)->nr, p->status == 0);
    return p->status;
}

static const struct net_packet *last(bool front)
{
    const struct wire_end *e = front ? &at_back : &at_front;

    return &e->got[e->nr - 1];
}

TEST(a_peer_that_takes_no_blank_checksums_gets_right_ones)
{
    for ( int way = 0; way < 2 * 16; way++ )
    {
        const bool front = way & 1;
        const struct wire_kind k = { .v6 = way & 2, .udp = way & 4, .blank = true, .flow = way };
        struct net_offers *takes = front ? &netback_config.takes : &netfront_config.takes;

        seed = 7 + way;
        wire_reset();
        takes->csum = way & 8;
        takes->csum6 = !(way & 8);
        wire_connect();
        for ( uint32_t len = 74; len < 140; len++ )
        {
            struct net_packet p = wire_packet(&k, len + (way & 16 ? 5000 : 0), &seed);

            assert_int_equal(one(front, &p), 0);
            assert_int_equal(last(front)->csum == NET_CSUM_BLANK, k.v6 ? takes->csum6 : takes->csum);
            assert_int_equal(last(front)->csum_start, last(front)->csum == NET_CSUM_BLANK ? (k.v6 ? 54 : 34) : 0);
            if ( last(front)->csum != NET_CSUM_BLANK )
                assert_true(wire_checksum_ok(last(front)));
            wire_free(&p);
        }
        wire_end();
    }
}

TEST(a_udp_checksum_of_zero_goes_as_all_ones)
{
    const struct wire_kind k = { .udp = true, .blank = true };
    unsigned int zeros = 0;

    wire_reset();
    netback_config.takes.csum = false;
    wire_connect();
    for ( uint32_t word = 0; word < 65536; word++ )
    {
        struct net_packet p;

        seed = 5;
        p = wire_packet(&k, 64, &seed);
        p.data[50] = word >> 8;
        p.data[51] = word;
        assert_int_equal(net_prepare(&p, &netback_config.takes), 0);
        assert_true(p.data[40] || p.data[41]);
        zeros += p.data[40] == 0xff && p.data[41] == 0xff;
        assert_true(wire_checksum_ok(&p));
        wire_free(&p);
    }
    assert_true(zeros >= 1);
    wire_end();
}

/* One byte of a good packet changed, or its end cut off: is there still a checksum to be found? */
TEST(headers_that_lie_are_no_headers)
{
    static const struct { bool v6, udp; int at; uint8_t value; uint32_t len; bool found, filled; } t[] = {
        { false, false, -1, 0, 54, true, true },
        { false, false, -1, 0, 53, false, false },          /* TCP cut off */
        { false, false, -1, 0, 33, false, false },          /* IP cut off */
        { false, false, -1, 0, 15, false, false },
        { false, false, -1, 0, 14, false, false },
        { true, true, -1, 0, 15, false, false },
        { false, false, 12, 0x09, 54, false, false },       /* another protocol */
        { false, false, 14, 0x44, 54, false, false },       /* a header of 16 bytes */
        { false, false, 14, 0x4f, 54, false, false },       /* ... of 60 */
        { false, false, 14, 0x65, 54, false, false },       /* version 6 in 4 */
        { false, false, 17, 41, 54, true, false },          /* ends one byte behind the packet */
        { false, false, 17, 37, 54, true, false },          /* ends before the checksum */
        { false, false, 17, 41, 60, true, true },           /* padding */
        { false, false, 16, 1, 60, true, false },           /* ends far behind it */
        { false, false, 20, 0x20, 54, false, false },       /* a fragment */
        { false, false, 21, 1, 54, false, false },
        { false, false, 20, 0x40, 54, true, true },
        { false, false, 23, 1, 54, false, false },          /* ICMP */
        { false, false, 46, 0x40, 54, false, false },       /* TCP's own length too small */
        { false, false, 46, 0x60, 54, false, false },       /* ... and more than there is */
        { false, true, -1, 0, 42, true, true },
        { false, true, -1, 0, 41, false, false },
        { true, true, -1, 0, 62, true, true },
        { true, true, -1, 0, 61, false, false },
        { true, true, -1, 0, 53, false, false },
        { true, true, 14, 0x40, 62, false, false },
        { true, true, 20, 0, 62, false, false },            /* hop by hop: nothing sensible follows */
        { true, true, 20, 44, 80, false, false },           /* a fragment */
        { true, true, 20, 43, 80, false, false },           /* routed */
        { true, true, 20, 59, 62, false, false },           /* nothing next */
        { true, true, 19, 9, 63, true, true },
        { true, true, 18, 1, 62, true, false },
    };
    static const struct net_offers none;

    for ( size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++ )
        for ( int fill = 0; fill < 2; fill++ )
        {
            const uint32_t header = (t[i].v6 ? 54 : 34) + (t[i].udp ? 8 : 20);
            const struct wire_kind k = { .v6 = t[i].v6, .udp = t[i].udp, .blank = true };
            struct net_packet whole = wire_packet(&k, header < 74 ? 100 : header, &seed), p = whole;
            int rc;

            whole.data[t[i].v6 ? 18 : 16] = 0;
            whole.data[t[i].v6 ? 19 : 17] = t[i].len - (t[i].v6 ? 54 : 14);
            if ( t[i].at >= 0 )
                whole.data[t[i].at] = t[i].value;
            p.len = t[i].len;
            p.data = malloc(p.len);                         /* to the byte, for the sanitizer */
            memcpy(p.data, whole.data, p.len);
            rc = net_prepare(&p, fill ? &none : &wire_all);
            if ( rc != (t[i].found && (t[i].filled || !fill) ? 0 : -XEN_EINVAL) )
                print_message("row %zu: %d\n", i, rc);
            assert_int_equal(rc, t[i].found && (t[i].filled || !fill) ? 0 : -XEN_EINVAL);
            net_choose(&p, 8);
            wire_free(&p);
            wire_free(&whole);
        }
}

TEST(large_segments_need_a_peer_that_takes_them)
{
    for ( int way = 0; way < 4; way++ )
    {
        const bool front = way & 1, v6 = way & 2;
        const struct wire_kind k = { .v6 = v6, .gso_size = 1400 };
        struct net_offers *takes = front ? &netback_config.takes : &netfront_config.takes;
        struct net_packet p = wire_packet(&k, 60000, &seed);

        wire_reset();
        wire_connect();
        assert_int_equal(one(front, &p), 0);
        assert_same(last(front), &p);
        assert_int_equal(last(front)->header_len, v6 ? 74 : 54);
        p.gso_size = 0;
        assert_int_equal(one(front, &p), -XEN_EINVAL);
        p.gso_size = 1400;
        p.gso = v6 ? XEN_NETIF_GSO_TYPE_TCPV4 : XEN_NETIF_GSO_TYPE_TCPV6;
        assert_int_equal(one(front, &p), -XEN_EINVAL);
        p.gso = 3;
        assert_int_equal(one(front, &p), -XEN_EINVAL);
        p.gso = v6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4;
        wire_end();

        wire_reset();
        *(v6 ? &takes->gso6 : &takes->gso) = false;
        wire_connect();
        assert_int_equal(one(front, &p), -XEN_EOPNOTSUPP);
        wire_end();
        wire_free(&p);
    }
}

TEST(sizes_up_to_the_largest_go_and_others_are_refused)
{
    static const struct { uint32_t len; int with_sg, without; } t[] = {
        { 0, -XEN_EINVAL, -XEN_EINVAL }, { 13, -XEN_EINVAL, -XEN_EINVAL }, { 14, 0, 0 }, { 60, 0, 0 }, { 1514, 0, 0 },
        { 4096, 0, 0 }, { 4097, 0, -XEN_EMSGSIZE }, { 9014, 0, -XEN_EMSGSIZE }, { 65535, 0, -XEN_EMSGSIZE },
        { 65536, -XEN_EMSGSIZE, -XEN_EMSGSIZE }, { 0xffffffff, -XEN_EMSGSIZE, -XEN_EMSGSIZE },
    };
    static uint8_t data[65536];

    for ( size_t i = 0; i < sizeof(data); i++ )
        data[i] = i * 7 / 3;
    data[0] = 2;
    for ( int sg = 0; sg < 2; sg++ )
    {
        wire_reset();
        netback_config.takes.sg = netfront_config.takes.sg = sg;
        wire_connect();
        for ( size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++ )
            for ( int front = 0; front < 2; front++ )
            {
                struct net_packet p = { .data = data, .len = t[i].len };

                assert_int_equal(one(front, &p), sg ? t[i].with_sg : t[i].without);
                if ( p.status == 0 )
                    assert_same(last(front), &p);
            }
        wire_end();
    }
}

TEST(connections_are_spread_over_the_queues_and_keep_to_theirs)
{
    unsigned int hits[4] = { 0 };

    for ( uint32_t flow = 0; flow < 400; flow++ )
    {
        const struct wire_kind k = { .v6 = flow & 1, .udp = flow & 2, .flow = flow };
        unsigned int queue = 0;

        for ( int i = 0; i < 3; i++ )
        {
            struct net_packet p = wire_packet(&k, 100 + i, &seed);

            assert_true(net_choose(&p, 4) < 4 && net_choose(&p, 1) == 0);
            assert_true(i == 0 || net_choose(&p, 4) == queue);
            queue = net_choose(&p, 4);
            wire_free(&p);
        }
        hits[queue]++;
    }
    for ( int i = 0; i < 4; i++ )
        assert_in_range(hits[i], 50, 150);
}

static int mcast(uint8_t group)
{
    uint8_t data[60] = { 0x01, 0x00, 0x5e, 0, 0, group };
    struct net_packet p = { .data = data, .len = sizeof(data) };

    wire_forget(&at_front);
    if ( group == 255 )
        memset(data, 0xff, 6);
    assert_int_equal(netback_send(&netback, &p, 1), 1);
    assert_true(wire_settle());
    return at_front.nr;
}

static void change(uint8_t group, bool add)
{
    const uint8_t address[6] = { 0x01, 0x00, 0x5e, 0, 0, group };

    assert_int_equal(netfront_multicast(&netfront, address, add), 0);
    assert_true(wire_settle());
}

TEST(only_multicasts_asked_for_pass)
{
    wire_reset();
    wire_connect();
    assert_int_equal(netfront_multicast(&netfront, (const uint8_t[6]){ 1 }, true), -XEN_EOPNOTSUPP);
    assert_int_equal(mcast(1), 1);
    wire_end();

    wire_reset();
    netfront_config.multicast_control = true;
    wire_connect();
    assert_int_equal(mcast(1), 0);
    assert_int_equal(mcast(255), 1);            /* a broadcast */
    change(1, true);
    change(1, true);
    change(2, true);
    assert_int_equal(mcast(1) + mcast(2), 2);
    change(1, false);
    change(3, false);
    assert_int_equal(mcast(1), 0);
    assert_int_equal(mcast(2), 1);
    assert_int_equal(netback.nr_multicast, 1);
    assert_int_equal(at_back.nr, 0);            /* no packets came of it */
    fake_set(VIF_FRONT "/request-multicast-control", "0");
    assert_true(wire_settle());
    assert_int_equal(mcast(7), 1);
    fake_set(VIF_FRONT "/request-multicast-control", "1");
    assert_true(wire_settle());
    assert_int_equal(mcast(7), 0);
    for ( int i = 0; i < 100; i++ )
        change(100 + i, true);
    assert_int_equal(netback.nr_multicast, NETBACK_MAX_MULTICAST);
    assert_int_equal(netfront.stats.failed, 100 - NETBACK_MAX_MULTICAST + 1);
    fake_kill(&fake_back);                      /* a successor does not know the list: rather too much */
    wire_back_begin();
    assert_true(wire_settle());
    assert_int_equal(mcast(9), 1);
    wire_end();
}

TEST(who_has_no_room_is_told_when_there_is_some)
{
    static uint8_t data[60000] = { 2 };

    for ( int front = 0; front < 2; front++ )
    {
        struct wire_end *from = front ? &at_front : &at_back, *to = front ? &at_back : &at_front;
        struct net_packet p[20];
        unsigned int done;

        wire_reset();
        wire_connect();
        for ( int i = 0; i < 20; i++ )
            p[i] = (struct net_packet){ .data = data, .len = sizeof(data) };
        done = send_from(front, p, 20);
        assert_int_equal(done, 2);              /* of 15 pages each, 32 buffers */
        assert_int_equal(from->writable, 0);
        assert_true(wire_settle());
        assert_int_equal(to->nr, 2);
        assert_true(from->writable >= 1);
        for ( unsigned int i = 0; i < 100 && done < 20; i++ )
        {
            done += send_from(front, p + done, 20 - done);
            assert_true(wire_settle());
        }
        assert_int_equal(to->nr, 20);
        wire_end();
    }
}

TEST(what_is_received_can_be_answered_at_once)
{
    for ( int front = 0; front < 2; front++ )
    {
        wire_reset();
        wire_connect();
        (front ? &at_back : &at_front)->echo = true;
        for ( int i = 0; i < 50; i++ )
        {
            const struct wire_kind k = { .blank = i & 1, .gso_size = i % 3 ? 0 : 1000 };
            struct net_packet p = wire_packet(&k, 100 + i * 600, &seed);

            assert_int_equal(send_from(front, &p, 1), 1);
            assert_true(wire_settle());
            assert_int_equal((front ? &at_front : &at_back)->nr, i + 1);
            assert_same(&(front ? &at_front : &at_back)->got[i], &p);
            wire_free(&p);
        }
        wire_end();
    }
}

TEST(the_front_end_reads_what_the_toolstack_says)
{
    static const uint8_t mac[6] = { 0x00, 0x16, 0x3e, 0x0a, 0xbc, 0x01 };

    wire_reset();
    fake_set(VIF_FRONT "/mtu", "9000");
    wire_connect();
    assert_memory_equal(netfront.mac, mac, 6);
    assert_int_equal(netfront.mtu, 9000);
    assert_true(netfront.link);
    assert_int_equal(at_front.changed, 1);
    fake_set(VIF_BACK "/carrier", "0");
    assert_true(wire_settle());
    assert_false(netfront.link);
    fake_set(VIF_BACK "/carrier", "1");
    assert_true(wire_settle());
    assert_true(netfront.link);
    assert_int_equal(at_front.changed, 3);
    assert_string_equal(fake_get(VIF_FRONT "/state"), "4");
    assert_non_null(fake_get(VIF_FRONT "/event-channel-tx"));
    assert_null(fake_get(VIF_FRONT "/event-channel"));
    assert_null(fake_get(VIF_FRONT "/multi-queue-num-queues"));
    wire_end();
}

/* ------------------------------------------------------------------ deaths */

static void quick_check(void)
{
    assert_int_equal(netfront.bus.state, XenbusStateConnected);
    assert_int_equal(netback.bus.state, XenbusStateConnected);
    wire_forget(&at_back);
    wire_forget(&at_front);
    storm(true, 64);
    storm(false, 64);
}

static void traffic(void)
{
    for ( int i = 0; i < 20; i++ )
    {
        const struct wire_kind k = { .flow = i };
        struct net_packet p = wire_packet(&k, 100 + i * 300, &seed);

        send_from(i % 2, &p, 1);
        if ( i % 5 == 0 )
            fake_deliver();
        wire_free(&p);
    }
}

TEST(a_back_end_that_was_killed_is_followed_on_the_same_rings)
{
    wire_reset();
    netfront_config.max_queues = 2;
    wire_connect();
    for ( int i = 0; i < 20; i++ )
    {
        const char *ref = fake_get(VIF_FRONT "/queue-0/tx-ring-ref");
        char before[32];

        strcpy(before, ref);
        traffic();
        fake_kill(&fake_back);
        if ( i % 2 )
            netfront_run(&netfront);
        wire_back_begin();
        assert_true(wire_settle());
        assert_string_equal(fake_get(VIF_FRONT "/queue-0/tx-ring-ref"), before);
        quick_check();
    }
    assert_int_equal(fake_logs, 0);
    wire_end();
}

/* That its predecessor put answers into the rings, but died before it told. */
TEST(a_back_end_that_follows_tells_the_front_end_once)
{
    wire_reset();
    netfront_config.max_queues = 2;
    wire_connect();
    fake_kill(&fake_back);
    wire_back_begin();
    assert_int_equal(netback.bus.state, XenbusStateConnected);
    assert_int_equal(netback.stats.notifications, 4);
    wire_end();
}

TEST(a_back_end_that_starts_anew_gets_new_rings)
{
    wire_reset();
    netfront_config.max_queues = 2;
    wire_connect();
    for ( int i = 0; i < 20; i++ )
    {
        traffic();
        fake_kill(&fake_back);
        fake_set(VIF_BACK "/state", "1");
        netback_config.max_queues = 1 + i % 2;
        wire_back_begin();
        assert_true(wire_settle());
        assert_int_equal(netfront.nr_queues, 1 + i % 2);
        assert_true(at_front.changed >= 1 && at_back.changed >= 1);
        quick_check();
    }
    assert_int_equal(netfront.lost_pages, 0);
    wire_end();
}

TEST(a_front_end_that_died_can_come_back)
{
    for ( int i = 0; i < 10; i++ )
    {
        wire_reset();
        wire_connect();
        traffic();
        fake_kill(&fake_front);
        if ( i % 2 )
            fake_set(VIF_FRONT "/state", "1");
        wire_front_begin();
        assert_true(wire_settle());
        quick_check();
        wire_end();
    }
}

TEST(an_unplugged_device_is_gone)
{
    uint8_t data[60] = { 2 };
    struct net_packet p = { .data = data, .len = 60 };

    wire_reset();
    wire_connect();
    fake_set(VIF_BACK "/online", "0");
    fake_set(VIF_BACK "/state", "5");
    assert_true(wire_settle());
    assert_int_equal(netfront.bus.state, XenbusStateClosed);
    assert_int_equal(netback.bus.state, XenbusStateClosed);
    assert_int_equal(at_front.changed, 2);
    assert_int_equal(at_back.changed, 2);
    assert_int_equal(netfront_send(&netfront, &p, 1) + netback_send(&netback, &p, 1), 0);
    netfront_stop(&netfront);
    netback_stop(&netback);
    fake_check_empty();
}

static bool ends_right(unsigned int *countdown, unsigned int n, bool map)
{
    bool hit;

    wire_reset();
    netback_ops = map ? &fake_ops_map : &fake_ops;
    *countdown = n;
    wire_back_begin();
    wire_front_begin();
    assert_true(wire_settle());
    for ( int i = 0; i < 20; i++ )
    {
        traffic();
        assert_true(wire_settle());
    }
    hit = *countdown == 0;
    *countdown = 0;
    wire_end();
    return hit;
}

TEST(a_shortage_at_any_point_ends_in_an_error_and_no_leak)
{
    unsigned int *const countdowns[] = { &fake_fail_alloc, &fake_fail_grant, &fake_fail_map, &fake_fail_copy,
                                         &fake_fail_txn };

    for ( size_t k = 0; k < sizeof(countdowns) / sizeof(countdowns[0]); k++ )
        for ( int map = 0; map < 2; map++ )
        {
            unsigned int n = 1;

            while ( n < 80 && ends_right(countdowns[k], n, map) )
                n++;
            assert_true(n >= 3 || (map && countdowns[k] == &fake_fail_copy));
        }
}

TESTS(
    RUN(packets_arrive_unchanged_and_in_order_in_every_way),
    RUN(a_peer_that_takes_no_blank_checksums_gets_right_ones),
    RUN(a_udp_checksum_of_zero_goes_as_all_ones),
    RUN(headers_that_lie_are_no_headers),
    RUN(large_segments_need_a_peer_that_takes_them),
    RUN(sizes_up_to_the_largest_go_and_others_are_refused),
    RUN(connections_are_spread_over_the_queues_and_keep_to_theirs),
    RUN(only_multicasts_asked_for_pass),
    RUN(who_has_no_room_is_told_when_there_is_some),
    RUN(what_is_received_can_be_answered_at_once),
    RUN(the_front_end_reads_what_the_toolstack_says),
    RUN(a_back_end_that_was_killed_is_followed_on_the_same_rings),
    RUN(a_back_end_that_follows_tells_the_front_end_once),
    RUN(a_back_end_that_starts_anew_gets_new_rings),
    RUN(a_front_end_that_died_can_come_back),
    RUN(an_unplugged_device_is_gone),
    RUN(a_shortage_at_any_point_ends_in_an_error_and_no_leak),
)
