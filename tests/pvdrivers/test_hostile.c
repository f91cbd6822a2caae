/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each end of a block device against a peer that does as it likes with ring, pages, grants, store and events. */
#include "cm.h"
#include "disk.h"
#include <pthread.h>

#define SLOT (112u)

static uint64_t seed = 1;
static uint8_t before[sizeof(disk_data)];
static uint8_t *ring;               /* the page that both ends see */
static struct xen_ring_header *header;
static grant_ref_t ring_ref, data_ref, ro_ref, foreign_ref, indirect_ref;
static uint8_t *data, *indirect;
static int port;

static union blk_request *request_slot(uint32_t i)
{
    return (union blk_request *)(ring + 64 + i % 32 * SLOT);
}

/* ------------------------------------------------------------------ a hostile front end */

static grant_ref_t lend(void *page, domid_t to, bool readonly)
{
    grant_ref_t ref;

    assert_int_equal(fake_ops.grant_give(&fake_front, to, page, readonly, &ref), 0);
    return ref;
}

static unsigned int events_seen;
static void count_event(void *user) { events_seen++; }
static void no_watch(void *user) { }

/* The test is the front end. */
static void be_front(const struct pv_ops *ops)
{
    devices_reset();
    back_ops = ops;
    fake_front.event = count_event;
    fake_front.watch = no_watch;
    for ( size_t i = 0; i < sizeof(disk_data); i++ )
        disk_data[i] = i / 512;
    memcpy(before, disk_data, sizeof(before));
    ring = fake_ops.pages_alloc(&fake_front, 1);
    data = fake_ops.pages_alloc(&fake_front, 1);
    indirect = fake_ops.pages_alloc(&fake_front, 1);
    header = (void *)ring;
    *header = (struct xen_ring_header){ .req_event = 1, .rsp_event = 1 };
    ring_ref = lend(ring, FAKE_BACK, false);
    data_ref = lend(data, FAKE_BACK, false);
    ro_ref = lend(data, FAKE_BACK, true);
    foreign_ref = lend(data, 9, false);
    indirect_ref = lend(indirect, FAKE_BACK, true);
    port = fake_ops.channel_open(&fake_front, FAKE_BACK, PV_ANY_PORT, NULL);
    fake_set_number(FRONT_PATH "/ring-ref", ring_ref);
    fake_set_number(FRONT_PATH "/event-channel", port);
    fake_set(FRONT_PATH "/state", "3");
}

static void let_back_run(void)
{
    fake_ops.channel_notify(&fake_front, port);
    assert_true(settle(&seed));
}

static void connect_back(const struct pv_ops *ops)
{
    be_front(ops);
    back_begin();
    assert_true(settle(&seed));
    assert_int_equal(back.bus.state, XenbusStateConnected);
}

static void end_back(void)
{
    fake_kill(&fake_front);
    while ( blkback_stop(&back) )
        disk_finish(&seed);
    assert_true(fake_is_empty(&fake_back));
}

/* Post @raw, return the response's status. */
static int ask(const union blk_request *raw, size_t size, uint8_t echo)
{
    const uint32_t at = header->rsp_prod;
    struct blkif_response rsp;

    memset(request_slot(header->req_prod), 0xee, SLOT);
    memcpy(request_slot(header->req_prod), raw, size);
    header->req_prod++;
    let_back_run();
    assert_int_equal(header->rsp_prod, at + 1);
    memcpy(&rsp, request_slot(at), sizeof(rsp));
    assert_true(rsp.id == 0x1122334455667788);
    assert_int_equal(rsp.operation, echo);
    return rsp.status;
}

static union blk_request rw(uint8_t op, uint8_t nr, uint64_t sector, grant_ref_t ref, uint8_t first, uint8_t last)
{
    union blk_request raw = { .rw = { .operation = op, .nr_segments = nr, .id = 0x1122334455667788,
                                      .sector_number = sector } };

    for ( int i = 0; i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++ )
        raw.rw.seg[i] = (struct blkif_request_segment){ ref, first, last };
    return raw;
}

TEST(requests_that_say_nonsense_get_an_error_and_change_nothing)
{
    enum { GOOD, NONE, HUGE_REF, READ_ONLY, FOREIGN };
    static const struct { uint8_t op, nr; uint64_t sector; uint8_t ref, first, last; int status; } t[] = {
        { BLKIF_OP_READ, 1, 0, GOOD, 0, 7, 0 },
        { BLKIF_OP_READ, 11, DISK_SECTORS - 88, GOOD, 0, 7, 0 },
        { BLKIF_OP_READ, 11, DISK_SECTORS - 87, GOOD, 0, 7, -1 },
        { BLKIF_OP_READ, 0, 0, GOOD, 0, 7, -1 },
        { BLKIF_OP_WRITE, 0, 0, GOOD, 0, 7, -1 },
        { BLKIF_OP_READ, 12, 0, GOOD, 0, 7, -1 },
        { BLKIF_OP_WRITE, 255, 0, GOOD, 0, 7, -1 },
        { BLKIF_OP_WRITE_BARRIER, 12, 0, GOOD, 0, 7, -1 },
        { BLKIF_OP_WRITE, 1, 0, GOOD, 0, 8, -1 },
        { BLKIF_OP_WRITE, 1, 0, GOOD, 0, 255, -1 },
        { BLKIF_OP_WRITE, 1, 0, GOOD, 8, 8, -1 },
        { BLKIF_OP_WRITE, 1, 0, GOOD, 5, 4, -1 },
        { BLKIF_OP_WRITE, 1, 0, GOOD, 255, 0, -1 },
        { BLKIF_OP_WRITE, 1, DISK_SECTORS, GOOD, 0, 0, -1 },
        { BLKIF_OP_WRITE, 1, DISK_SECTORS - 7, GOOD, 0, 7, -1 },
        { BLKIF_OP_WRITE, 1, ~0ull, GOOD, 0, 0, -1 },
        { BLKIF_OP_WRITE, 1, ~0ull - 7, GOOD, 0, 7, -1 },
        { BLKIF_OP_WRITE, 1, 1ull << 55, GOOD, 0, 7, -1 },
        { BLKIF_OP_WRITE, 1, 1ull << 63, GOOD, 0, 7, -1 },
        { BLKIF_OP_WRITE, 1, 0, NONE, 0, 7, -1 },
        { BLKIF_OP_READ, 1, 0, NONE, 0, 7, -1 },
        { BLKIF_OP_WRITE, 1, 0, HUGE_REF, 0, 7, -1 },
        { BLKIF_OP_READ, 11, 0, HUGE_REF, 0, 7, -1 },
        { BLKIF_OP_READ, 1, 0, READ_ONLY, 0, 7, -1 },
        { BLKIF_OP_WRITE, 1, 0, FOREIGN, 0, 7, -1 },
        { BLKIF_OP_READ, 11, 0, FOREIGN, 0, 7, -1 },
        { 4, 1, 0, GOOD, 0, 7, -2 },
        { 7, 1, 0, GOOD, 0, 7, -2 },
        { 255, 1, 0, GOOD, 0, 7, -2 },
        { BLKIF_OP_FLUSH_DISKCACHE, 0, ~0ull, GOOD, 0, 7, 0 },
    };

    for ( int map = 0; map < 2; map++ )
    {
        connect_back(map ? &fake_ops_map : &fake_ops);
        for ( size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++ )
        {
            const grant_ref_t refs[] = { data_ref, 0, 0xfffffff0, ro_ref, foreign_ref };
            const union blk_request raw = rw(t[i].op, t[i].nr, t[i].sector, refs[t[i].ref], t[i].first, t[i].last);

            memset(data, 0xcc, 4096);
            assert_int_equal(ask(&raw, sizeof(raw.rw), t[i].op), t[i].status);
            assert_memory_equal(disk_data, before, sizeof(before));
        }
        end_back();
    }
}

TEST(indirect_requests_that_say_nonsense_get_an_error)
{
    static const struct {
        uint8_t op;
        uint16_t nr;
        uint64_t sector;
        bool good_page, good_ref;
        uint8_t last;
        int status;
    } t[] = {
        { BLKIF_OP_READ, 1, 0, true, true, 7, 0 },
        { BLKIF_OP_READ, 32, 0, true, true, 7, 0 },
        { BLKIF_OP_READ, 33, 0, true, true, 7, -1 },
        { BLKIF_OP_READ, 512, 0, true, true, 7, -1 },
        { BLKIF_OP_READ, 65535, 0, true, true, 7, -1 },
        { BLKIF_OP_WRITE, 0, 0, true, true, 7, -1 },
        { BLKIF_OP_WRITE, 32, DISK_SECTORS - 255, true, true, 7, -1 },
        { BLKIF_OP_WRITE, 32, ~0ull - 100, true, true, 7, -1 },
        { BLKIF_OP_WRITE, 32, 0, false, true, 7, -1 },
        { BLKIF_OP_WRITE, 32, 0, true, false, 7, -1 },
        { BLKIF_OP_WRITE, 32, 0, true, true, 8, -1 },
        { BLKIF_OP_INDIRECT, 1, 0, true, true, 7, -2 },
        { BLKIF_OP_WRITE_BARRIER, 1, 0, true, true, 7, -2 },
        { BLKIF_OP_DISCARD, 1, 0, true, true, 7, -2 },
        { 99, 1, 0, true, true, 7, -2 },
    };

    for ( int map = 0; map < 2; map++ )
    {
        connect_back(map ? &fake_ops_map : &fake_ops);
        for ( size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++ )
        {
            const union blk_request raw = { .indirect = {
                .operation = BLKIF_OP_INDIRECT, .indirect_op = t[i].op, .nr_segments = t[i].nr,
                .id = 0x1122334455667788, .sector_number = t[i].sector,
                .indirect_grefs = { t[i].good_page ? indirect_ref : 4000 } } };

            for ( int k = 0; k < 512; k++ )
                ((struct blkif_request_segment *)indirect)[k] = (struct blkif_request_segment){
                    t[i].good_ref ? data_ref : 4001, 0, t[i].last };
            assert_int_equal(ask(&raw, sizeof(raw.indirect), t[i].op), t[i].status);
            assert_memory_equal(disk_data, before, sizeof(before));
        }
        end_back();
    }
}

TEST(discards_beyond_the_end_get_an_error)
{
    static const struct { uint64_t sector, nr; int status; } t[] = {
        { 0, 0, 0 }, { DISK_SECTORS, 1, -1 }, { DISK_SECTORS - 1, 2, -1 }, { 1, ~0ull, -1 }, { ~0ull, 1, -1 },
        { ~0ull, ~0ull, -1 }, { 1ull << 63, 1ull << 63, -1 }, { 0, DISK_SECTORS + 1, -1 },
    };

    connect_back(&fake_ops);
    for ( size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++ )
    {
        const union blk_request raw = { .discard = { .operation = BLKIF_OP_DISCARD, .id = 0x1122334455667788,
                                                     .sector_number = t[i].sector, .nr_sectors = t[i].nr } };

        assert_int_equal(ask(&raw, sizeof(raw.discard), BLKIF_OP_DISCARD), t[i].status);
        assert_memory_equal(disk_data, before, sizeof(before));
    }
    end_back();
}

TEST(a_wild_request_index_ends_the_connection)
{
    static const uint32_t wild[] = { 33, 34, 64, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0 };

    for ( size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++ )
        for ( int busy = 0; busy < 2; busy++ )
        {
            connect_back(&fake_ops);
            disk_async = busy;
            if ( busy )
            {
                *request_slot(0) = rw(BLKIF_OP_READ, 1, 0, data_ref, 0, 7);
                header->req_prod = 1;
                fake_ops.channel_notify(&fake_front, port);
                fake_deliver();
                assert_int_equal(disk_waiting, 1);
            }
            header->req_prod = wild[i];
            let_back_run();
            assert_int_equal(back.bus.state, XenbusStateClosing);
            assert_string_equal(fake_get(BACK_PATH "/error"), "the front end's ring index is impossible");
            assert_int_equal(fake_logs, 1);
            assert_int_equal(disk_waiting, 0);
            assert_null(back.queue[0].shared);
            end_back();
        }
}

TEST(events_without_end_cost_little_and_are_not_logged)
{
    connect_back(&fake_ops);
    for ( int i = 0; i < 20000; i++ )
    {
        fake_ops.channel_notify(&fake_front, port);
        fake_deliver();
    }
    assert_int_equal(fake_logs, 0);
    assert_int_equal(back.stats.requests, 0);
    end_back();
}

/* Requests without end, posted as fast as they are answered: each run ends all the same. */
static void refill(void *ctx, evtchn_port_t p)
{
    if ( !header )
        return;
    header->req_prod = header->rsp_prod + 32;
    header->rsp_event = header->rsp_prod + 1;
}

TEST(requests_without_end_do_not_keep_a_run_for_ever)
{
    struct pv_ops refilling = fake_ops;

    refilling.channel_notify = refill;
    be_front(&refilling);
    back_begin();
    fake_deliver();
    for ( int i = 0; i < 32; i++ )
        *request_slot(i) = rw(BLKIF_OP_READ, 1, 0, data_ref, 0, 7);
    header->req_prod = 32;
    blkback_run(&back);
    assert_true(back.more);
    assert_in_range(back.stats.requests, 32, 100);
    header = NULL;
    end_back();
}

/* A front end that changes everything it shares while the back end looks at it. */
static volatile bool stop_thread;

static void *scribble(void *arg)
{
    uint64_t s = 4711;

    while ( !stop_thread )
    {
        const uint64_t r = next_random(&s);
        uint8_t *p = r & 1 ? ring + 64 : indirect;

        __atomic_store_n(p + (r >> 8) % 4032, r >> 32, __ATOMIC_RELAXED);
        if ( r % 64 == 0 )
            __atomic_store_n(&request_slot(r >> 16)->operation, r >> 40 & 7, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* A reference may come to name the ring itself, and the disk's data then become indices: the end of that life. */
TEST(requests_that_change_all_the_time_are_survived)
{
    uint64_t served = 0;

    for ( int life = 0; life < 40; life++ )
    {
        pthread_t t;

        connect_back(life & 1 ? &fake_ops_map : &fake_ops);
        for ( int k = 0; k < 512; k++ )
            ((struct blkif_request_segment *)indirect)[k] = (struct blkif_request_segment){ data_ref, 0, 7 };
        stop_thread = false;
        pthread_create(&t, NULL, scribble, NULL);
        for ( int i = 0; i < 100 && back.bus.state == XenbusStateConnected; i++ )
        {
            for ( int k = 0; k < 32; k++ )
            {
                union blk_request raw = rw(k % 4, 11, k * 100, data_ref, 0, 7);

                if ( k % 8 == 0 )
                    raw.indirect = (struct blkif_request_indirect){
                        .operation = BLKIF_OP_INDIRECT, .indirect_op = k % 2, .nr_segments = 32,
                        .indirect_grefs = { indirect_ref } };
                memcpy(request_slot(k), &raw, sizeof(raw));
            }
            header->req_prod = back.queue[0].ring.published + 32;
            let_back_run();
        }
        stop_thread = true;
        pthread_join(t, NULL);
        served += back.stats.requests;
        end_back();
    }
    assert_true(served > 10000);
}

TEST(nodes_that_say_nonsense_close_the_device_and_an_honest_front_end_can_follow)
{
    static const struct { const char *name, *value; } t[] = {
        { "ring-ref", "0" }, { "ring-ref", "" }, { "ring-ref", "-1" }, { "ring-ref", "4294967296" },
        { "ring-ref", "abc" }, { "ring-ref", "7000" }, { "ring-ref", "99999" }, { "ring-ref", NULL },
        { "event-channel", "0" }, { "event-channel", NULL }, { "event-channel", "63" },
        { "event-channel", "4294967295" }, { "event-channel", "1x" },
        { "multi-queue-num-queues", "0" }, { "multi-queue-num-queues", "3" }, { "multi-queue-num-queues", "2" },
        { "multi-queue-num-queues", "4294967295" },
        { "ring-page-order", "1" }, { "ring-page-order", "3" }, { "ring-page-order", "64" },
        { "ring-page-order", "18446744073709551614" },
        { "num-ring-pages", "0" }, { "num-ring-pages", "3" }, { "num-ring-pages", "1048576" },
        { "protocol", "x86_32-abi" }, { "protocol", "" },
    };

    for ( size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++ )
    {
        char path[128];

        be_front(&fake_ops);
        snprintf(path, sizeof(path), FRONT_PATH "/%s", t[i].name);
        fake_set(path, t[i].value);
        back_begin();
        assert_true(settle(&seed));
        if ( back.bus.state != XenbusStateClosing )
            print_message("%s=%s: state %u\n", t[i].name, t[i].value ? t[i].value : "(none)", back.bus.state);
        assert_int_equal(back.bus.state, XenbusStateClosing);
        assert_non_null(fake_get(BACK_PATH "/error"));
        assert_in_range(fake_logs, 1, 2);

        fake_kill(&fake_front);
        fake_set(path, NULL);
        fake_set(FRONT_PATH "/state", "1");
        fake_front.event = NULL;
        fake_front.watch = (void (*)(void *))blkfront_watch;
        front_begin();
        assert_true(settle(&seed));
        assert_int_equal(back.bus.state, XenbusStateConnected);
        assert_int_equal(front.bus.state, XenbusStateConnected);
        devices_end();
    }
}

TEST(a_front_end_that_jumps_between_states_gets_nowhere)
{
    static const char *const names[] = { "ring-ref", "event-channel", "ring-page-order", "multi-queue-num-queues",
                                         "feature-persistent", "protocol" };
    static const char *const values[] = { "0", "1", "2", "", "junk", "99999999999", "x86_64-abi", NULL };

    seed = 31;
    be_front(&fake_ops);
    back_config.persistent = 100;
    back_begin();
    for ( int i = 0; i < 5000; i++ )
    {
        const uint64_t r = next_random(&seed);
        char path[128];

        if ( r % 4 == 0 )
        {
            snprintf(path, sizeof(path), FRONT_PATH "/%s", names[(r >> 8) % 6]);
            fake_set(path, values[(r >> 16) % 8]);
        }
        if ( r % 4 == 1 )
        {
            fake_set_number(FRONT_PATH "/ring-ref", ring_ref);
            fake_set_number(FRONT_PATH "/event-channel", port);
            fake_set(FRONT_PATH "/ring-page-order", NULL);
            fake_set(FRONT_PATH "/multi-queue-num-queues", NULL);
            fake_set(FRONT_PATH "/protocol", NULL);
            fake_set(FRONT_PATH "/state", "3");
        }
        if ( r % 4 == 2 )
            fake_set_number(FRONT_PATH "/state", (r >> 24) % 12);
        if ( r % 4 == 3 )
            header->req_prod += (r >> 24) % 8;
        let_back_run();
        assert_true(fake_channels() <= 3);
    }
    end_back();
}

TEST(more_lent_pages_than_are_kept_are_still_served)
{
    uint8_t *many;

    be_front(&fake_ops_map);
    back_config.persistent = 16;
    fake_set(FRONT_PATH "/feature-persistent", "1");
    back_begin();
    assert_true(settle(&seed));
    assert_true(back.persistent);
    many = fake_ops.pages_alloc(&fake_front, 64);
    for ( int i = 0; i < 200; i++ )
    {
        const grant_ref_t ref = i < 64 ? lend(many + i % 64 * 4096, FAKE_BACK, false) : data_ref;
        const union blk_request raw = rw(BLKIF_OP_READ, 1, i * 8, ref, 0, 7);

        assert_int_equal(ask(&raw, sizeof(raw.rw), BLKIF_OP_READ), 0);
        assert_memory_equal(i < 64 ? many + i * 4096 : data, disk_data + i * 4096, 4096);
    }
    assert_int_equal(back.queue[0].nr_kept, 16);
    end_back();
}

/* ------------------------------------------------------------------ a hostile back end */

static struct blkfront_io ios[40];
static struct blk_vec vecs[40];
static int statuses[40], ends[40];
static uint8_t *buffers;

static void io_done(struct blkfront_io *io, int status)
{
    statuses[io - ios] = status;
    ends[io - ios]++;
}

static void be_back(bool copy)
{
    devices_reset();
    front_config.copy = copy;
    fake_back.event = count_event;
    fake_back.watch = no_watch;
    fake_set(BACK_PATH "/state", "2");
    fake_set(BACK_PATH "/feature-max-indirect-segments", "32");
    front_begin();
}

static void connect_front(bool copy)
{
    be_back(copy);
    assert_int_equal(front.bus.state, XenbusStateInitialised);
    ring = fake_grant_page(atoi(fake_get(FRONT_PATH "/ring-ref")));
    header = (void *)ring;
    port = fake_ops.channel_open(&fake_back, FAKE_FRONT, atoi(fake_get(FRONT_PATH "/event-channel")), NULL);
    assert_true(port > 0);
    fake_set_number(BACK_PATH "/sectors", 10000);
    fake_set_number(BACK_PATH "/sector-size", 512);
    fake_set(BACK_PATH "/feature-persistent", "1");
    fake_set(BACK_PATH "/state", "4");
    assert_true(settle(&seed));
    assert_int_equal(front.bus.state, XenbusStateConnected);
    assert_int_equal(front.persistent, copy);
    buffers = fake_ops.pages_alloc(&fake_front, 40);
    memset(ends, 0, sizeof(ends));
    for ( int i = 0; i < 40; i++ )
    {
        vecs[i] = (struct blk_vec){ buffers + i * 4096, 4096 };
        ios[i] = (struct blkfront_io){ .op = BLK_READ, .sector = i * 8, .vec = &vecs[i], .nr_vec = 1, .done = io_done };
    }
}

static void submit(int i)
{
    assert_int_equal(blkfront_submit(&front, &ios[i]), 0);
    blkfront_run(&front);
}

static void answer(uint64_t id, uint8_t op, int status)
{
    struct blkif_response rsp = { .id = id, .operation = op, .status = status };

    memcpy(request_slot(header->rsp_prod), &rsp, sizeof(rsp));
    header->rsp_prod++;
    fake_ops.channel_notify(&fake_back, port);
    assert_true(settle(&seed));
}

static void end_front(int submitted)
{
    fake_kill(&fake_back);
    blkfront_stop(&front);
    for ( int i = 0; i < submitted; i++ )
        assert_int_equal(ends[i], 1);
    fake_ops.pages_free(&fake_front, buffers, 40);
    assert_true(front.lost_pages || fake_is_empty(&fake_front));
}

TEST(answers_to_what_was_not_asked_end_the_connection)
{
    enum { UNUSED, TOO_LARGE, OLD, TWICE, OTHER_OP, RIGHT, NR };

    for ( int way = 0; way < NR; way++ )
        for ( int copy = 0; copy < 2; copy++ )
        {
            uint64_t id;

            connect_front(copy);
            submit(0);
            id = request_slot(0)->rw.id;
            submit(1);
            if ( way == TWICE )
                answer(id, BLKIF_OP_READ, 0);
            answer(way == UNUSED ? id + 5 : way == TOO_LARGE ? (id & ~0xffffffffull) + 32 : way == OLD ?
                   id - (1ull << 32) : id, way == OTHER_OP ? BLKIF_OP_WRITE : BLKIF_OP_READ, 0);
            assert_int_equal(ends[0], way == TWICE || way == RIGHT);
            if ( way != RIGHT )
            {
                assert_int_equal(front.bus.state, XenbusStateClosed);
                assert_string_equal(fake_get(FRONT_PATH "/error"), "the back end answers what was not asked");
            }
            else
                assert_int_equal(statuses[0], 0);
            end_front(2);
        }
}

TEST(a_wild_response_index_ends_the_connection)
{
    static const uint32_t wild[] = { 2, 3, 32, 33, 0x7fffffff, 0x80000000, 0xffffffff };

    for ( size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++ )
    {
        connect_front(i % 2);
        submit(0);
        header->rsp_prod = wild[i];
        fake_ops.channel_notify(&fake_back, port);
        assert_true(settle(&seed));
        assert_int_equal(front.bus.state, XenbusStateClosed);
        assert_int_equal(ends[0], 0);
        end_front(1);
        assert_int_equal(statuses[0], -XEN_ENODEV);
    }
}

TEST(any_status_is_an_error_but_success)
{
    static const int16_t t[] = { 0, -1, -2, -3, 1, 77, 32767, -32768 };

    connect_front(true);
    for ( int i = 0; i < 8; i++ )
    {
        submit(i);
        answer(request_slot(i)->rw.id, BLKIF_OP_READ, t[i]);
        assert_int_equal(ends[i], 1);
        assert_int_equal(statuses[i], t[i] == 0 ? 0 : t[i] == -2 ? -XEN_EOPNOTSUPP : -XEN_EIO);
    }
    end_front(8);
}

/* xen-blkback maps what a request names for writing, whatever it is, when grants are persistent. */
TEST(what_is_lent_for_persistent_grants_may_be_mapped_for_writing)
{
    struct blkif_request_indirect req;
    grant_ref_t refs[21];
    void *at;

    connect_front(true);
    ios[0].op = BLK_WRITE;
    ios[0].nr_vec = 20;
    submit(0);
    memcpy(&req, request_slot(0), sizeof(req));
    assert_int_equal(req.operation, BLKIF_OP_INDIRECT);
    for ( int i = 0; i < 20; i++ )
        refs[i] = ((struct blkif_request_segment *)fake_grant_page(req.indirect_grefs[0]))[i].gref;
    refs[20] = req.indirect_grefs[0];
    assert_int_equal(fake_ops.grant_map(&fake_back, FAKE_FRONT, refs, 21, false, &at), 0);
    fake_ops.grant_unmap(&fake_back, at, 21);
    answer(req.id, BLKIF_OP_WRITE, 0);
    assert_int_equal(statuses[0], 0);
    end_front(1);
}

TEST(a_page_that_is_not_given_back_is_reported_and_the_device_ends)
{
    grant_ref_t ref;
    void *at;

    connect_front(false);
    submit(0);
    submit(1);
    ref = request_slot(0)->rw.seg[0].gref;
    assert_int_equal(fake_ops.grant_map(&fake_back, FAKE_FRONT, &ref, 1, false, &at), 0);
    answer(request_slot(0)->rw.id, BLKIF_OP_READ, 0);
    assert_int_equal(ends[0], 1);
    assert_int_equal(statuses[0], -XEN_EIO);
    assert_true(ios[0].held);
    assert_int_equal(front.bus.state, XenbusStateClosed);
    blkfront_stop(&front);
    assert_int_equal(ends[1], 1);
    assert_false(ios[1].held);
    fake_ops.grant_unmap(&fake_back, at, 1);
    fake_kill(&fake_front);
    fake_kill(&fake_back);
}

/* As xen-blkback: it answers Closing, and lets go when it sees Closed. */
TEST(a_back_end_that_lets_go_late_is_waited_for)
{
    grant_ref_t ref;
    void *at;

    connect_front(true);
    ref = atoi(fake_get(FRONT_PATH "/ring-ref"));
    assert_int_equal(fake_ops.grant_map(&fake_back, FAKE_FRONT, &ref, 1, false, &at), 0);
    xenbus_close(&front.bus);
    assert_string_equal(fake_get(FRONT_PATH "/state"), "5");
    assert_false(xenbus_is_closed(&front.bus));
    fake_set(BACK_PATH "/state", "5");
    assert_true(settle(&seed));
    assert_string_equal(fake_get(FRONT_PATH "/state"), "6");
    assert_false(xenbus_is_closed(&front.bus));
    fake_ops.grant_unmap(&fake_back, at, 1);
    fake_set(BACK_PATH "/state", "6");
    assert_true(settle(&seed));
    assert_true(xenbus_is_closed(&front.bus));
    end_front(0);
    assert_int_equal(front.lost_pages, 0);
}

TEST(a_back_end_cannot_collect_our_pages_by_reconnecting)
{
    connect_front(false);
    for ( int i = 0; i < 500; i++ )
    {
        const char *text = fake_get(FRONT_PATH "/ring-ref");
        grant_ref_t ref = text ? atoi(text) : 0;
        void *at;

        if ( fake_grant_page(ref) )
            fake_ops.grant_map(&fake_back, FAKE_FRONT, &ref, 1, false, &at);
        fake_set(BACK_PATH "/state", "4");
        assert_true(settle(&seed));
        fake_set(BACK_PATH "/state", "2");
        assert_true(settle(&seed));
    }
    assert_in_range(front.lost_pages, 60, 70);
    fake_kill(&fake_back);
    blkfront_stop(&front);
    fake_kill(&fake_front);
}

TEST(properties_that_are_impossible_are_not_believed)
{
    static const struct { const char *name, *value; bool ok; } t[] = {
        { "sectors", "0", true }, { "sectors", NULL, false }, { "sectors", "-1", false }, { "sectors", "", false },
        { "sectors", "18446744073709551615", false }, { "sectors", "36028797018963967", true },
        { "sector-size", "513", false }, { "sector-size", "1024", false }, { "sector-size", "4096", true },
        { "sector-size", "8192", true },        /* more than a page: taken as not there */
        { "sector-size", "0", false }, { "info", "4294967295", true }, { "info", "x", true },
        { "feature-max-indirect-segments", "4294967295", true }, { "max-ring-page-order", "4294967295", true },
        { "multi-queue-max-queues", "0", true }, { "multi-queue-max-queues", "4294967295", true },
    };

    for ( size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++ )
    {
        char path[128];

        be_back(false);
        fake_set(BACK_PATH "/sectors", "1000");
        snprintf(path, sizeof(path), BACK_PATH "/%s", t[i].name);
        fake_set(path, t[i].value);
        fake_set(BACK_PATH "/state", "4");
        assert_true(settle(&seed));
        if ( (front.bus.state == XenbusStateConnected) != t[i].ok )
            print_message("%s=%s: state %u\n", t[i].name, t[i].value ? t[i].value : "(none)", front.bus.state);
        assert_int_equal(front.bus.state, t[i].ok ? XenbusStateConnected : XenbusStateClosed);
        fake_kill(&fake_back);
        blkfront_stop(&front);
        assert_true(fake_is_empty(&fake_front));
    }
}

TEST(a_back_end_that_jumps_between_states_loses_no_operation)
{
    seed = 8;
    connect_front(true);
    for ( int i = 0; i < 30; i++ )
        submit(i);
    for ( int i = 0; i < 3000; i++ )
    {
        const uint64_t r = next_random(&seed);

        if ( r % 8 == 7 )
            fake_set(BACK_PATH "/state", NULL);
        else
            fake_set_number(BACK_PATH "/state", (r >> 8) % 10);
        fake_ops.channel_notify(&fake_back, port);
        assert_true(settle(&seed));
    }
    for ( int i = 0; i < 30; i++ )
        assert_int_equal(ends[i], 0);
    end_front(30);
}

TESTS(
    RUN(requests_that_say_nonsense_get_an_error_and_change_nothing),
    RUN(indirect_requests_that_say_nonsense_get_an_error),
    RUN(discards_beyond_the_end_get_an_error),
    RUN(a_wild_request_index_ends_the_connection),
    RUN(events_without_end_cost_little_and_are_not_logged),
    RUN(requests_without_end_do_not_keep_a_run_for_ever),
    RUN(requests_that_change_all_the_time_are_survived),
    RUN(nodes_that_say_nonsense_close_the_device_and_an_honest_front_end_can_follow),
    RUN(a_front_end_that_jumps_between_states_gets_nowhere),
    RUN(more_lent_pages_than_are_kept_are_still_served),
    RUN(answers_to_what_was_not_asked_end_the_connection),
    RUN(a_wild_response_index_ends_the_connection),
    RUN(any_status_is_an_error_but_success),
    RUN(what_is_lent_for_persistent_grants_may_be_mapped_for_writing),
    RUN(a_page_that_is_not_given_back_is_reported_and_the_device_ends),
    RUN(a_back_end_that_lets_go_late_is_waited_for),
    RUN(a_back_end_cannot_collect_our_pages_by_reconnecting),
    RUN(properties_that_are_impossible_are_not_believed),
    RUN(a_back_end_that_jumps_between_states_loses_no_operation),
)
