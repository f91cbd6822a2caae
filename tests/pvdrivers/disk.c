/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cm.h"
#include "disk.h"

#define WAITING_MAX 4096u

uint8_t disk_data[DISK_SECTORS * 512];
bool disk_async;
int disk_status;
struct disk_event disk_events[4096];
unsigned int disk_nr_events, disk_waiting;
struct blkback back;
struct blkfront front;
const struct pv_ops *back_ops;
struct blkback_config back_config;
struct blkfront_config front_config;
struct blk_geometry geometry;

static struct blkback_io *waiting[WAITING_MAX];

static void note(const struct blkback_io *io, bool end)
{
    if ( disk_nr_events < sizeof(disk_events) / sizeof(disk_events[0]) )
        disk_events[disk_nr_events++] = (struct disk_event){ io->op, io->sector, io->nr_sectors, end };
}

static void perform(struct blkback_io *io)
{
    uint8_t *at = disk_data + io->sector * 512;

    if ( io->op == BLK_DISCARD )
        memset(at, 0, io->nr_sectors * 512);
    for ( unsigned int i = 0; i < io->nr_vec; at += io->vec[i++].len )
        if ( io->op == BLK_READ )
            memcpy(io->vec[i].base, at, io->vec[i].len);
        else
            memcpy(at, io->vec[i].base, io->vec[i].len);
}

void disk_submit(void *disk, struct blkback_io *io)
{
    uint64_t sectors = io->op == BLK_DISCARD ? io->nr_sectors : 0;

    note(io, false);
    for ( unsigned int i = 0; i < io->nr_vec; i++ )
        sectors += io->vec[i].len / 512;
    assert_true(back.geometry.sectors <= DISK_SECTORS);
    if ( io->op != BLK_FLUSH )
        assert_true(io->sector <= DISK_SECTORS && sectors <= DISK_SECTORS &&
                    io->sector + sectors <= back.geometry.sectors);
    assert_true(io->op == BLK_READ || io->op == BLK_WRITE || io->op == BLK_FLUSH || io->op == BLK_DISCARD);
    assert_true(io->nr_vec <= BLK_MAX_SEGMENTS && (io->nr_vec > 0) == (io->op == BLK_READ || io->op == BLK_WRITE));
    if ( disk_async )
    {
        assert_true(disk_waiting < WAITING_MAX);
        waiting[disk_waiting++] = io;
        return;
    }
    if ( disk_status == 0 )
        perform(io);
    note(io, true);
    blkback_done(io, disk_status);
}

void disk_finish(uint64_t *seed)
{
    const unsigned int i = next_random(seed) % disk_waiting;
    struct blkback_io *io = waiting[i];

    waiting[i] = waiting[--disk_waiting];
    if ( disk_status == 0 )
        perform(io);
    note(io, true);
    blkback_done(io, disk_status);
}

void disk_forget(void)
{
    disk_waiting = 0;
}

void device_nodes(const char *mode, const char *type)
{
    fake_set(FRONT_PATH "/backend", BACK_PATH);
    fake_set(FRONT_PATH "/backend-id", "0");
    fake_set(FRONT_PATH "/state", "1");
    fake_set(FRONT_PATH "/virtual-device", "51712");
    fake_set(BACK_PATH "/frontend", FRONT_PATH);
    fake_set(BACK_PATH "/frontend-id", "5");
    fake_set(BACK_PATH "/state", "1");
    fake_set(BACK_PATH "/online", "1");
    fake_set(BACK_PATH "/mode", mode);
    fake_set(BACK_PATH "/device-type", type);
}

static void back_event(void *user) { blkback_run(((struct blkback_queue *)user)->b); }
static void back_watch(void *user) { blkback_watch(user); }
static void front_event(void *user) { blkfront_run(((struct blkfront_queue *)user)->f); }
static void front_watch(void *user) { blkfront_watch(user); }

void devices_reset(void)
{
    fake_reset();
    disk_forget();
    memset(&back, 0, sizeof(back));
    memset(&front, 0, sizeof(front));
    disk_async = false;
    disk_status = 0;
    disk_nr_events = 0;
    back_ops = &fake_ops;
    back_config = (struct blkback_config){
        .max_queues = 2, .max_ring_order = 2, .max_segments = 32, .pool_pages = 512, .submit = disk_submit,
    };
    front_config = (struct blkfront_config){ .max_queues = 1, .max_segments = 32 };
    geometry = (struct blk_geometry){
        .sectors = DISK_SECTORS, .sector_size = 512, .physical_sector_size = 512, .discard_granularity = 512,
        .can_flush = true, .can_discard = true,
    };
    fake_back.event = back_event;
    fake_back.watch = back_watch;
    fake_front.event = front_event;
    fake_front.watch = front_watch;
    device_nodes("w", "disk");
}

void back_begin(void)
{
    memset(&back, 0, sizeof(back));
    back.bus.ops = back_ops;
    back.bus.ctx = &fake_back;
    back.config = back_config;
    back.geometry = geometry;
    assert_int_equal(blkback_start(&back, BACK_PATH), 0);
}

void front_begin(void)
{
    memset(&front, 0, sizeof(front));
    front.bus.ops = &fake_ops;
    front.bus.ctx = &fake_front;
    front.config = front_config;
    assert_int_equal(blkfront_start(&front, FRONT_PATH), 0);
}

bool settle(uint64_t *seed)
{
    for ( int i = 0; i < 20000; i++ )
    {
        bool any = fake_deliver();

        if ( disk_waiting && next_random(seed) % 2 )
        {
            disk_finish(seed);
            if ( next_random(seed) % 3 == 0 || !disk_waiting )
                blkback_run(&back);
            any = true;
        }
        if ( back.more || back.bus.again )
            blkback_run(&back), any = true;
        if ( front.more || front.bus.again )
            blkfront_run(&front), any = true;
        if ( !any && !disk_waiting )
            return true;
    }
    return false;
}

void devices_end(void)
{
    uint64_t seed = 1;

    xenbus_close(&front.bus);
    assert_true(settle(&seed));
    assert_int_equal(front.bus.state, XenbusStateClosed);
    blkfront_stop(&front);
    while ( blkback_stop(&back) )
        disk_finish(&seed);
    assert_int_equal(front.lost_pages, 0);
    fake_check_empty();
}
