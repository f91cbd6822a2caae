/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block device, both ends against each other: every way of moving data, every feature, deaths in between. */
#include "cm.h"
#include "disk.h"

#define NR_IOS 64

static uint64_t seed = 1;
static uint8_t model[DISK_SECTORS * 512];       /* what the disk must hold */

struct op {
    struct blkfront_io io;
    struct blk_vec vec[BLK_MAX_SEGMENTS];
    uint8_t *pages;
    unsigned int nr_pages;
    int ends, status;
    bool used;
};

static struct op ops[NR_IOS];

static void op_done(struct blkfront_io *io, int status)
{
    struct op *o = (struct op *)io;

    o->ends++;
    o->status = status;
}

/* An operation on pages of its own: @nr pieces, each @len bytes at @offset of its page (0: a random part of it). */
static struct op *op_new(uint8_t kind, uint64_t sector, unsigned int nr, unsigned int offset, unsigned int len)
{
    const unsigned int per = geometry.sector_size / 512;
    struct op *o = ops;

    while ( o->used )
        assert_true(++o < ops + NR_IOS);
    memset(o, 0, sizeof(*o));
    o->used = true;
    o->io = (struct blkfront_io){ .op = kind, .sector = sector, .vec = o->vec, .nr_vec = nr, .done = op_done };
    o->nr_pages = nr;
    if ( nr )
        o->pages = fake_ops.pages_alloc(&fake_front, nr);
    for ( unsigned int i = 0; i < nr; i++ )
    {
        unsigned int first = offset / 512, sectors = len / 512;

        if ( !len )
        {
            first = next_random(&seed) % (8 / per) * per;
            sectors = (1 + next_random(&seed) % ((8 - first) / per)) * per;
        }
        o->vec[i] = (struct blk_vec){ o->pages + i * 4096 + first * 512, sectors * 512 };
        if ( kind != BLK_READ )
            for ( unsigned int k = 0; k < o->vec[i].len; k++ )
                ((uint8_t *)o->vec[i].base)[k] = next_random(&seed);
    }
    return o;
}

static uint64_t op_sectors(const struct op *o)
{
    uint64_t n = o->io.op == BLK_DISCARD ? o->io.nr_sectors : 0;

    for ( unsigned int i = 0; i < o->io.nr_vec; i++ )
        n += o->vec[i].len / 512;
    return n;
}

static void op_free(struct op *o)
{
    assert_int_equal(o->ends, 1);
    if ( o->nr_pages )
        fake_ops.pages_free(&fake_front, o->pages, o->nr_pages);
    o->used = false;
}

/* What an operation that succeeded must have done. */
static void op_verify(struct op *o)
{
    uint8_t *at = model + o->io.sector * 512;

    assert_int_equal(o->ends, 1);
    assert_int_equal(o->status, 0);
    if ( o->io.op == BLK_DISCARD )
        memset(at, 0, o->io.nr_sectors * 512);
    for ( unsigned int i = 0; i < o->io.nr_vec; at += o->vec[i++].len )
        if ( o->io.op == BLK_READ )
            assert_memory_equal(o->vec[i].base, at, o->vec[i].len);
        else
            memcpy(at, o->vec[i].base, o->vec[i].len);
}

static int run_one(struct op *o)
{
    const int rc = blkfront_submit(&front, &o->io);

    if ( rc )
    {
        o->ends = 1;
        return rc;
    }
    blkfront_run(&front);
    assert_true(settle(&seed));
    assert_int_equal(o->ends, 1);
    return o->status;
}

static void begin(void)
{
    for ( size_t i = 0; i < sizeof(disk_data); i++ )
        disk_data[i] = model[i] = i / 512 + i;
    memset(ops, 0, sizeof(ops));
    back_begin();
    front_begin();
    assert_true(settle(&seed));
    assert_int_equal(front.bus.state, XenbusStateConnected);
    assert_int_equal(back.bus.state, XenbusStateConnected);
}

/* Random operations, many at a time but none over another's sectors, until @n are done.  @meanwhile is called often. */
static void storm(int n, void (*meanwhile)(int left))
{
    const unsigned int per = geometry.sector_size / 512, max = blkfront_max_vec(&front);
    uint64_t top = 0;

    while ( n > 0 )
    {
        const int batch = 1 + next_random(&seed) % NR_IOS;

        top = next_random(&seed) % 64 * per;
        for ( int i = 0; i < batch; i++ )
        {
            const unsigned int r = next_random(&seed) % 16;
            const uint8_t kind = r < 7 ? BLK_READ : r < 13 ? BLK_WRITE : r == 13 && front.geometry.can_discard ?
                BLK_DISCARD : r == 14 && front.geometry.can_flush ? BLK_FLUSH :
                front.has_barrier ? BLK_BARRIER : BLK_READ;
            unsigned int nr = 1 + next_random(&seed) % (next_random(&seed) % 4 ? 4 : max);
            struct op *o;

            if ( kind == BLK_BARRIER && nr > BLK_SEGMENTS )
                nr = BLK_SEGMENTS;
            o = op_new(kind, top, kind == BLK_FLUSH || kind == BLK_DISCARD ? 0 : nr, 0, 0);
            if ( kind == BLK_DISCARD )
                o->io.nr_sectors = (1 + next_random(&seed) % 16) * per;
            o->io.queue = next_random(&seed);
            top += op_sectors(o) + next_random(&seed) % 3 * per;
            if ( top > DISK_SECTORS )
            {
                o->ends = 1;
                op_free(o);
                break;
            }
            assert_int_equal(blkfront_submit(&front, &o->io), 0);
            if ( next_random(&seed) % 4 == 0 )
                blkfront_run(&front);
        }
        blkfront_run(&front);
        if ( meanwhile )
            meanwhile(n);
        assert_true(settle(&seed));
        for ( struct op *o = ops; o < ops + NR_IOS; o++ )
            if ( o->used )
            {
                op_verify(o);
                op_free(o);
                n--;
            }
        assert_memory_equal(disk_data, model, sizeof(model));
    }
}

/* ------------------------------------------------------------------ data */

struct way {
    const char *name;
    bool map, persistent, copy, async;
    unsigned int front_queues, order, segments, sector_size, kept;
    bool own;
};

TEST(data_is_right_in_every_way_it_can_go)
{
    static const struct way ways[] = {
        { "grant copy",         false, false, false, false, 1, 0, 0,   512,  0, false },
        { "later",              false, false, false, true,  1, 0, 0,   512,  0, false },
        { "mapped",             true,  false, false, true,  1, 0, 0,   512,  0, false },
        { "front copies",       false, false, true,  true,  1, 0, 32,  512,  0, false },
        { "persistent",         true,  true,  true,  true,  1, 0, 32,  512,  4096, false },
        { "persistent, few",    true,  true,  true,  true,  1, 0, 32,  512,  40, false },
        { "persistent + copy",  false, true,  true,  true,  2, 0, 32,  512,  20, false },
        { "persistent, own",    false, true,  true,  true,  1, 0, 32,  512,  4096, true },
        { "persistent, own, few", false, true, true, true,  2, 2, 32,  4096, 40, true },
        { "persistent, refused", true, true,  false, true,  1, 0, 32,  512,  4096, false },
        { "indirect",           false, false, false, true,  1, 0, 32,  512,  0, false },
        { "indirect, mapped",   true,  false, false, true,  1, 0, 256, 512,  0, false },
        { "four pages",         false, false, false, true,  1, 2, 32,  512,  0, false },
        { "queues",             false, false, false, true,  2, 0, 32,  512,  0, false },
        { "queues and pages",   true,  true,  true,  true,  2, 2, 32,  512,  4096, false },
        { "4096",               false, false, false, true,  2, 1, 32,  4096, 0, false },
    };

    for ( size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++ )
    {
        const struct way *w = &ways[i];

        seed = 1000 + i;
        devices_reset();
        back_ops = w->map ? &fake_ops_map : &fake_ops;
        back_config.persistent = w->kept;
        back_config.own_pages = w->own;
        back_config.max_segments = w->segments;
        front_config.copy = w->copy;
        front_config.max_queues = w->front_queues;
        front_config.max_ring_order = w->order;
        front_config.max_segments = 256;
        geometry.sector_size = geometry.physical_sector_size = geometry.discard_granularity = w->sector_size;
        disk_async = w->async;
        begin();
        assert_int_equal(front.nr_queues, w->front_queues);
        assert_int_equal(back.nr_queues, w->front_queues);
        assert_int_equal(back.ring_order, w->order);
        assert_int_equal(back.persistent, w->persistent && w->copy);
        assert_int_equal(blkfront_max_vec(&front), w->segments ? w->segments : BLK_SEGMENTS);
        storm(400, NULL);
        assert_int_equal(back.stats.refused + back.stats.failed_copies, 0);
        assert_int_equal(fake_logs, 0);
        devices_end();
    }
}

TEST(more_than_the_pool_holds_waits_and_is_done)
{
    devices_reset();
    seed = 5;
    disk_async = true;
    back_config.pool_pages = 1;                 /* becomes what one request may need */
    back_config.max_segments = 256;
    front_config.max_segments = 256;
    front_config.max_ring_order = 2;
    begin();
    for ( unsigned int i = 0; i < 4; i++ )
        assert_int_equal(blkfront_submit(&front, &op_new(BLK_WRITE, i * 2048, 256, 0, 4096)->io), 0);
    blkfront_run(&front);
    fake_deliver();
    assert_int_equal(disk_waiting, 1);
    assert_true(settle(&seed));
    for ( unsigned int i = 0; i < 4; i++ )
    {
        op_verify(&ops[i]);
        op_free(&ops[i]);
    }
    assert_memory_equal(disk_data, model, sizeof(model));
    devices_end();
}

TEST(responses_keep_the_order_of_requests)
{
    devices_reset();
    seed = 6;
    disk_async = true;
    begin();
    for ( unsigned int i = 0; i < 20; i++ )
        assert_int_equal(blkfront_submit(&front, &op_new(BLK_READ, i * 8, 1, 0, 4096)->io), 0);
    blkfront_run(&front);
    fake_deliver();
    assert_int_equal(disk_waiting, 20);
    while ( disk_waiting )
    {
        disk_finish(&seed);
        blkback_run(&back);
        blkfront_run(&front);
        for ( int i = 1; i < 20; i++ )
            assert_true(ops[i - 1].ends >= ops[i].ends);
    }
    for ( int i = 0; i < 20; i++ )
        op_free(&ops[i]);
    devices_end();
}

/* ------------------------------------------------------------------ features */

TEST(a_barrier_waits_for_all_before_it_and_holds_all_after_it)
{
    unsigned int at = 0;

    devices_reset();
    seed = 7;
    disk_async = true;
    begin();
    disk_nr_events = 0;
    for ( unsigned int i = 0; i < 9; i++ )
        assert_int_equal(blkfront_submit(&front, &op_new(i == 4 ? BLK_BARRIER : BLK_WRITE, i * 8, 1, 0, 4096)->io), 0);
    blkfront_run(&front);
    assert_true(settle(&seed));
    for ( unsigned int i = 0; i < 9; i++ )
    {
        op_verify(&ops[i]);
        op_free(&ops[i]);
    }

    /* four starts and ends; flush, write 4, flush, each alone; four starts and ends */
    for ( ; at < 8; at++ )
        assert_true(disk_events[at].op == BLK_WRITE && disk_events[at].sector < 32);
    for ( unsigned int part = 0; part < 3; part++ )
        for ( int end = 0; end < 2; end++, at++ )
        {
            assert_int_equal(disk_events[at].op, part == 1 ? BLK_WRITE : BLK_FLUSH);
            assert_int_equal(disk_events[at].end, end);
            if ( part == 1 )
                assert_int_equal(disk_events[at].sector, 32);
        }
    for ( ; at < 22; at++ )
        assert_true(disk_events[at].op == BLK_WRITE && disk_events[at].sector >= 40);
    assert_int_equal(disk_nr_events, 22);

    struct op *o = op_new(BLK_BARRIER, 0, 0, 0, 0);     /* without data: a flush in order */

    disk_nr_events = 0;
    assert_int_equal(run_one(o), 0);
    op_free(o);
    assert_int_equal(disk_nr_events, 2);
    assert_int_equal(disk_events[0].op, BLK_FLUSH);
    devices_end();
}

TEST(flush_and_discard_reach_the_disk_or_are_not_offered)
{
    for ( int can = 0; can < 2; can++ )
    {
        struct op *o[3];
        int rc[3];

        devices_reset();
        geometry.can_flush = geometry.can_discard = geometry.can_discard_secure = can;
        begin();
        disk_nr_events = 0;
        o[0] = op_new(BLK_FLUSH, 0, 0, 0, 0);
        o[1] = op_new(BLK_DISCARD, 80, 0, 0, 0);
        o[1]->io.nr_sectors = 16;
        o[1]->io.secure = true;
        o[2] = op_new(BLK_BARRIER, 0, 0, 0, 0);
        for ( int i = 0; i < 3; i++ )
        {
            rc[i] = run_one(o[i]);
            assert_int_equal(rc[i], can ? 0 : -XEN_EOPNOTSUPP);
            op_free(o[i]);
        }
        assert_int_equal(disk_nr_events, can ? 6 : 0);
        if ( can )
            for ( size_t i = 0; i < sizeof(disk_data); i++ )
                assert_int_equal(disk_data[i], i / 512 >= 80 && i / 512 < 96 ? 0 : model[i]);
        devices_end();
    }
}

TEST(an_operation_the_disk_does_not_know_is_not_asked_for_again)
{
    struct op *o;

    devices_reset();
    begin();
    disk_status = -XEN_EOPNOTSUPP;
    o = op_new(BLK_FLUSH, 0, 0, 0, 0);
    assert_int_equal(run_one(o), -XEN_EOPNOTSUPP);
    op_free(o);
    assert_false(front.geometry.can_flush);
    o = op_new(BLK_FLUSH, 0, 0, 0, 0);
    assert_int_equal(run_one(o), -XEN_EOPNOTSUPP);
    op_free(o);
    assert_int_equal(disk_nr_events, 2);
    devices_end();
}

TEST(a_read_only_device_and_a_cd_rom_take_no_writes)
{
    for ( int cd = 0; cd < 2; cd++ )
    {
        struct op *o;

        devices_reset();
        device_nodes(cd ? "w" : "r", cd ? "cdrom" : "disk");
        begin();
        assert_true(front.geometry.read_only);
        assert_int_equal(front.geometry.cdrom, cd);
        assert_string_equal(fake_get(BACK_PATH "/info"), cd ? "5" : "4");
        o = op_new(BLK_WRITE, 0, 1, 0, 4096);
        assert_int_equal(run_one(o), -XEN_EROFS);
        op_free(o);
        front.geometry.read_only = false;       /* a front end that does not care */
        o = op_new(BLK_WRITE, 0, 1, 0, 4096);
        assert_int_equal(run_one(o), -XEN_EIO);
        op_free(o);
        o = op_new(BLK_DISCARD, 0, 0, 0, 0);
        o->io.nr_sectors = 8;
        assert_int_equal(run_one(o), -XEN_EIO);
        op_free(o);
        o = op_new(BLK_READ, 0, 1, 0, 4096);
        assert_int_equal(run_one(o), 0);
        op_verify(o);
        op_free(o);
        assert_memory_equal(disk_data, model, sizeof(model));
        devices_end();
    }
}

TEST(what_does_not_fit_the_device_is_refused_at_once)
{
    static const struct {
        uint8_t op;
        uint64_t sector;
        unsigned int nr, offset, len;
        uint32_t sector_size;
        int rc;
    } t[] = {
        { BLK_READ, DISK_SECTORS - 8, 1, 0, 4096, 512, 0 },
        { BLK_READ, DISK_SECTORS - 7, 1, 0, 4096, 512, -XEN_ERANGE },
        { BLK_READ, DISK_SECTORS, 1, 0, 512, 512, -XEN_ERANGE },
        { BLK_READ, ~0ull, 1, 0, 512, 512, -XEN_ERANGE },
        { BLK_WRITE, ~0ull - 7, 1, 0, 4096, 512, -XEN_ERANGE },
        { BLK_READ, 0, 0, 0, 0, 512, -XEN_EINVAL },
        { BLK_READ, 0, 33, 0, 512, 512, -XEN_EINVAL },
        { BLK_READ, 8, 1, 0, 512, 4096, -XEN_EINVAL },
        { BLK_READ, 1, 1, 0, 4096, 4096, -XEN_ERANGE },
        { 77, 0, 1, 0, 512, 512, -XEN_EINVAL },
    };

    for ( size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++ )
    {
        struct op *o;

        devices_reset();
        geometry.sector_size = geometry.physical_sector_size = t[i].sector_size;
        begin();
        o = op_new(t[i].op, t[i].sector, t[i].nr, t[i].offset, t[i].len);
        assert_int_equal(run_one(o), t[i].rc);
        op_free(o);
        devices_end();
    }

    devices_reset();
    begin();
    struct op *o = op_new(BLK_READ, 0, 2, 0, 4096);

    o->vec[0] = (struct blk_vec){ o->pages + 512, 4096 };           /* across a page */
    o->io.nr_vec = 1;
    assert_int_equal(run_one(o), -XEN_EINVAL);
    o->vec[0] = (struct blk_vec){ o->pages + 100, 512 };
    assert_int_equal(run_one(o), -XEN_EINVAL);
    o->vec[0] = (struct blk_vec){ o->pages, 100 };
    assert_int_equal(run_one(o), -XEN_EINVAL);
    op_free(o);
    devices_end();
}

static unsigned int nr_changed;
static void note_change(void *owner) { nr_changed++; }

TEST(a_device_grows_and_shrinks_while_it_runs)
{
    struct op *o;

    devices_reset();
    geometry.sectors = 1000;
    front_config.changed = note_change;
    nr_changed = 0;
    begin();
    assert_int_equal(nr_changed, 1);
    o = op_new(BLK_READ, 1000, 1, 0, 512);
    assert_int_equal(run_one(o), -XEN_ERANGE);
    op_free(o);
    assert_int_equal(blkback_resize(&back, 2000), 0);
    assert_true(settle(&seed));
    assert_int_equal(front.geometry.sectors, 2000);
    assert_int_equal(nr_changed, 2);
    o = op_new(BLK_READ, 1999, 1, 0, 512);
    assert_int_equal(run_one(o), 0);
    op_verify(o);
    op_free(o);

    /* The back end decides, whatever the front end has heard of. */
    o = op_new(BLK_WRITE, 1999, 1, 0, 512);
    assert_int_equal(blkfront_submit(&front, &o->io), 0);
    assert_int_equal(blkback_resize(&back, 1500), 0);
    blkfront_run(&front);
    assert_true(settle(&seed));
    assert_int_equal(o->status, -XEN_EIO);
    op_free(o);
    assert_int_equal(blkback_resize(&back, ~0ull), -XEN_EINVAL);
    devices_end();
}

TEST(a_simple_front_end_may_name_its_single_page_either_way)
{
    devices_reset();
    begin();
    const char *ref = fake_get(FRONT_PATH "/ring-ref");

    assert_non_null(ref);
    assert_null(fake_get(FRONT_PATH "/ring-page-order"));
    assert_null(fake_get(FRONT_PATH "/multi-queue-num-queues"));
    assert_string_equal(fake_get(FRONT_PATH "/protocol"), "x86_64-abi");
    fake_set(FRONT_PATH "/ring-ref0", ref);
    fake_set(FRONT_PATH "/ring-ref", NULL);
    fake_set(FRONT_PATH "/num-ring-pages", "1");
    fake_kill(&fake_back);
    back_begin();
    assert_int_equal(back.bus.state, XenbusStateConnected);
    devices_end();
}

/* ------------------------------------------------------------------ deaths */

static int kills;
static bool complete_some;

/* kill -9 of the back end with operations on the way, and a new one. */
static void kill_back(int left)
{
    const int n = disk_waiting ? next_random(&seed) % disk_waiting : 0;

    fake_deliver();
    for ( int i = 0; complete_some && i < n; i++ )
        disk_finish(&seed);
    if ( next_random(&seed) % 2 )
        blkback_run(&back);
    disk_forget();
    fake_kill(&fake_back);
    if ( next_random(&seed) % 2 )
    {
        fake_deliver();
        blkfront_run(&front);
    }
    back_begin();
    kills++;
}

TEST(io_survives_kills_of_the_back_end)
{
    for ( int way = 0; way < 4; way++ )
    {
        seed = 77 + way;
        devices_reset();
        disk_async = true;
        back_ops = way & 1 ? &fake_ops_map : &fake_ops;
        back_config.persistent = way & 2 ? 4096 : 0;
        back_config.own_pages = way == 2;
        front_config.copy = way & 2;
        front_config.max_queues = 2;
        front_config.max_ring_order = way % 3;
        complete_some = true;
        kills = 0;
        begin();
        storm(1500, kill_back);
        assert_true(kills > 20);
        assert_int_equal(front.stats.resent, 0);        /* the rings were taken over */
        assert_int_equal(front.bus.state, XenbusStateConnected);
        devices_end();
    }
}

/* That its predecessor put answers into the ring, but died before it told. */
TEST(a_back_end_that_follows_tells_the_front_end_once)
{
    devices_reset();
    begin();
    fake_kill(&fake_back);
    back_begin();
    assert_int_equal(back.bus.state, XenbusStateConnected);
    assert_int_equal(back.stats.notifications, 1);
    devices_end();
}

/* A back end that comes back as if for the first time: the front end sets up anew and sends again. */
static void replace_back(int left)
{
    kill_back(left);
}

static void forget_back(int left)
{
    fake_deliver();
    disk_forget();
    fake_kill(&fake_back);
    fake_set(BACK_PATH "/state", "1");
    back_config.max_queues = 1 + next_random(&seed) % 2;
    back_config.max_ring_order = next_random(&seed) % 3;
    back_begin();
    kills++;
}

TEST(io_survives_a_back_end_that_starts_anew)
{
    for ( int way = 0; way < 2; way++ )
    {
        seed = 99 + way;
        devices_reset();
        disk_async = true;
        front_config.copy = way;
        front_config.max_queues = 2;
        front_config.max_ring_order = 2;
        kills = 0;
        begin();
        storm(1000, forget_back);
        assert_true(kills > 10 && front.stats.resent > 50);
        replace_back(0);
        storm(100, NULL);
        devices_end();
    }
}

static void restart_quietly(int left)
{
    fake_deliver();
    while ( blkback_stop(&back) )
        disk_finish(&seed);
    assert_true(fake_is_empty(&fake_back));
    back_begin();
    kills++;
}

TEST(io_survives_an_orderly_restart_of_the_back_end)
{
    seed = 123;
    devices_reset();
    disk_async = true;
    front_config.max_queues = 2;
    begin();
    kills = 0;
    storm(1000, restart_quietly);
    assert_true(kills > 10);
    assert_int_equal(front.stats.resent, 0);
    devices_end();
}

TEST(a_front_end_that_died_can_come_back)
{
    for ( int i = 0; i < 20; i++ )
    {
        seed = 200 + i;
        devices_reset();
        disk_async = true;
        begin();
        for ( int k = 0; k < 10; k++ )
            assert_int_equal(blkfront_submit(&front, &op_new(BLK_READ, k * 8, 1, 0, 4096)->io), 0);
        blkfront_run(&front);
        fake_deliver();
        memset(ops, 0, sizeof(ops));
        fake_kill(&fake_front);
        if ( i % 2 )
            fake_set(FRONT_PATH "/state", "1");
        front_begin();
        assert_true(settle(&seed));
        assert_int_equal(front.bus.state, XenbusStateConnected);
        assert_int_equal(back.bus.state, XenbusStateConnected);
        storm(50, NULL);
        devices_end();
    }
}

TEST(an_unplugged_device_ends_what_waits)
{
    struct op *o;

    devices_reset();
    begin();
    fake_set(BACK_PATH "/online", "0");
    fake_set(BACK_PATH "/state", "5");
    assert_true(settle(&seed));
    assert_int_equal(front.bus.state, XenbusStateClosed);
    assert_int_equal(back.bus.state, XenbusStateClosed);
    o = op_new(BLK_READ, 0, 1, 0, 512);
    assert_int_equal(blkfront_submit(&front, &o->io), 0);
    blkfront_run(&front);
    assert_true(settle(&seed));
    assert_int_equal(o->ends, 0);
    blkfront_stop(&front);
    assert_int_equal(o->ends, 1);
    assert_int_equal(o->status, -XEN_ENODEV);
    op_free(o);
    assert_int_equal(blkback_stop(&back), 0);
    fake_check_empty();
}

/* ------------------------------------------------------------------ want of everything */

static bool ends_right(unsigned int *countdown, unsigned int n, bool map)
{
    bool connected, hit;

    seed = 300 + n;
    devices_reset();
    back_ops = map ? &fake_ops_map : &fake_ops;
    front_config.copy = n & 1;
    back_config.persistent = !(n & 2) ? 0 : countdown == &fake_fail_copy ? 4 : 4096;    /* some is still copied */
    back_config.own_pages = n & 4;
    front_config.max_queues = 2;
    front_config.max_ring_order = 1;
    memset(ops, 0, sizeof(ops));
    memcpy(model, disk_data, sizeof(model));
    *countdown = n;
    back_begin();
    front_begin();
    assert_true(settle(&seed));
    connected = front.bus.state == XenbusStateConnected;
    for ( int i = 0; connected && i < 20; i++ )
    {
        const bool write = next_random(&seed) % 2;
        struct op *o;
        unsigned int saved = *countdown;

        *countdown = 0;                         /* the test's own pages are not meant */
        o = op_new(write ? BLK_WRITE : BLK_READ, i * 160, 1 + i, 0, 4096);
        *countdown = saved;
        o->io.queue = i;
        run_one(o);
        if ( o->status == 0 )
            op_verify(o);
        else if ( write )
            memcpy(model + i * 160 * 512, disk_data + i * 160 * 512, (1 + i) * 4096);   /* all or some of it */
        op_free(o);
    }
    hit = *countdown == 0;
    *countdown = 0;
    assert_memory_equal(disk_data, model, sizeof(model));
    devices_end();
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

            while ( n < 300 && ends_right(countdowns[k], n, map) )
                n++;
            assert_true(n > 3 || (map && countdowns[k] == &fake_fail_copy));
        }
}

TESTS(
    RUN(data_is_right_in_every_way_it_can_go),
    RUN(more_than_the_pool_holds_waits_and_is_done),
    RUN(responses_keep_the_order_of_requests),
    RUN(a_barrier_waits_for_all_before_it_and_holds_all_after_it),
    RUN(flush_and_discard_reach_the_disk_or_are_not_offered),
    RUN(an_operation_the_disk_does_not_know_is_not_asked_for_again),
    RUN(a_read_only_device_and_a_cd_rom_take_no_writes),
    RUN(what_does_not_fit_the_device_is_refused_at_once),
    RUN(a_device_grows_and_shrinks_while_it_runs),
    RUN(a_simple_front_end_may_name_its_single_page_either_way),
    RUN(io_survives_kills_of_the_back_end),
    RUN(a_back_end_that_follows_tells_the_front_end_once),
    RUN(io_survives_a_back_end_that_starts_anew),
    RUN(io_survives_an_orderly_restart_of_the_back_end),
    RUN(a_front_end_that_died_can_come_back),
    RUN(an_unplugged_device_ends_what_waits),
    RUN(a_shortage_at_any_point_ends_in_an_error_and_no_leak),
)
