/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pvdrivers' front ends in a guest, against whatever back ends its disks, network device and keyboard have.
 * tests/system/test_frontends.py starts it and holds the checksums against dom0's (crc32).
 *
 * disks=N: each disk twice, in different ways: the first half is read, the second one written and read back, sectors
 * beyond the end, flush, barrier and discard; then closed, and every page must be back.
 * lives=N: so many times the network device answers pings and returns UDP packets, until a ping with nine bytes tells
 * to close.
 * keys=N: prints what comes from the keyboard, until the key with this code is released.
 *
 * domU: no
 */
#include "test.h"
#include <blk/front.h>
#include <guest/device.h>
#include <kbd/kbd.h>
#include <net/front.h>

#define SECOND    1000000000ul
#define LIMIT     (90 * SECOND)
#define NR_JOBS   24u
#define MAX_VEC   64u
#define NR_PAGES  512u              /* of a disk, in memory */
#define BYTES     (NR_PAGES * PAGE_SIZE)

static uint64_t seed = 88172645463325252ul;

/* ------------------------------------------------------------------ disks */

static struct blkfront disk;
static unsigned int nr_running, nr_errors;

struct job {
    struct blkfront_io io;
    struct blk_vec vec[MAX_VEC];
    bool busy;
};
static struct job jobs[NR_JOBS];

/* As the program crc32 has it. */
static uint32_t checksum(const uint8_t *p, size_t len)
{
    static uint32_t table[256];
    uint32_t crc = ~0u;

    for ( uint32_t i = 0; i < 256 && !table[255]; i++ ) {
        table[i] = i;
        for ( int k = 0; k < 8; k++ )
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
    }
    for ( size_t i = 0; i < len; i++ )
        crc = crc >> 8 ^ table[(crc ^ p[i]) & 255];
    return ~crc;
}

static void done(struct blkfront_io *io, int status)
{
    ((struct job *)io)->busy = false;
    nr_running--;
    if ( status || io->held ) {
        nr_errors++;
        console_printf("operation %u at %lu: status %d, held %d\n", io->op, io->sector, status, io->held);
    }
}

static struct job *new_job(uint8_t op, uint64_t sector)
{
    for ( unsigned int i = 0; i < NR_JOBS; i++ ) {
        struct job *j = &jobs[i];

        if ( !j->busy ) {
            j->io = (struct blkfront_io){ .op = op, .sector = sector, .vec = j->vec, .done = done,
                                          .queue = (unsigned int)random_next(&seed) };
            return j;
        }
    }
    return NULL;
}

static int submit(struct job *j)
{
    const int rc = blkfront_submit(&disk, &j->io);

    j->busy = rc == 0;
    nr_running += rc == 0;
    return rc;
}

static bool wait_idle(void)
{
    const uint64_t end = clock_now() + LIMIT;

    blkfront_run(&disk);
    while ( nr_running && device_wait(end) )
        ;
    return nr_running == 0;
}

/* @sectors of them from @sector on, in operations of any length, many at a time. */
static bool move(uint8_t op, uint64_t sector, uint8_t *buf, unsigned int sectors)
{
    const uint64_t end = clock_now() + LIMIT;
    const unsigned int errors = nr_errors;

    for ( unsigned int at = 0; at < sectors; ) {
        struct job *j = new_job(op, sector + at);

        if ( !j ) {
            blkfront_run(&disk);
            if ( nr_running == NR_JOBS && !device_wait(end) )
                return false;
            continue;
        }

        const unsigned int max = blkfront_max_vec(&disk) < MAX_VEC ? blkfront_max_vec(&disk) : MAX_VEC;
        unsigned int left = 1 + (unsigned int)(random_next(&seed) % (max * 8));

        while ( left && at < sectors && j->io.nr_vec < max ) {
            uint8_t *p = buf + at * BLK_SECTOR;
            unsigned int n = (PAGE_SIZE - (uintptr_t)p % PAGE_SIZE) / BLK_SECTOR;

            n = n < left ? n : left;
            n = n < sectors - at ? n : sectors - at;
            j->vec[j->io.nr_vec++] = (struct blk_vec){ p, n * BLK_SECTOR };
            at += n;
            left -= n;
        }
        if ( submit(j) ) {
            test_check(false, "an operation is taken", __FILE__, __LINE__);
            return false;
        }
    }
    return wait_idle() && nr_errors == errors;
}

static bool wait_state(const struct xenbus *bus, uint8_t state)
{
    const uint64_t end = clock_now() + LIMIT;

    while ( bus->state != state && device_wait(end) )
        ;
    return bus->state == state;
}

static bool wait_closed(struct xenbus *bus)
{
    const uint64_t end = clock_now() + LIMIT;

    xenbus_close(bus);
    while ( !xenbus_is_closed(bus) && device_wait(end) )
        ;
    return xenbus_is_closed(bus);
}

static int one(uint8_t op, uint64_t sector, void *buf, size_t len)
{
    struct job *j = new_job(op, sector);
    int rc;

    j->vec[0] = (struct blk_vec){ buf, len };
    j->io.nr_vec = len != 0;
    j->io.nr_sectors = op == BLK_DISCARD ? 64 : 0;
    rc = submit(j);
    if ( rc == 0 && !wait_idle() )
        rc = -XEN_EIO;
    return rc;
}

static void check_edges(uint8_t *buf)
{
    const uint64_t last = disk.geometry.sectors - 1, half = NR_PAGES * 8;
    const unsigned int errors = nr_errors;

    EQ(one(BLK_READ, last, buf, BLK_SECTOR), 0);
    EQ(one(BLK_READ, last, buf, 2 * BLK_SECTOR), -XEN_ERANGE);
    EQ(one(BLK_WRITE, ~0ul, buf, BLK_SECTOR), -XEN_ERANGE);
    EQ(one(BLK_READ, 0, buf, 100), -XEN_EINVAL);
    EQ(one(BLK_FLUSH, 0, NULL, 0), disk.geometry.can_flush ? 0 : -XEN_EOPNOTSUPP);
    EQ(one(BLK_DISCARD, half, NULL, 0), disk.geometry.can_discard ? 0 : -XEN_EOPNOTSUPP);
    EQ(one(BLK_BARRIER, half, buf, BLK_SECTOR), disk.has_barrier ? 0 : -XEN_EOPNOTSUPP);
    EQ(nr_errors, errors);
}

static void open_disk(unsigned int nr, const struct blkfront_config *config)
{
    disk = (struct blkfront){ .config = *config };
    EQ(device_start(&device_blk, &disk.bus, nr), 0);
    if ( !wait_state(&disk.bus, XenbusStateConnected) )
        test_error("a disk does not connect");
    console_printf("disk %u: %lu sectors, %u queues, %u ring pages, %u segments, persistent %d, flush %d, barrier %d, "
                   "discard %d\n", nr, disk.geometry.sectors, disk.nr_queues, disk.queue[0].ring_pages,
                   blkfront_max_vec(&disk), disk.persistent, disk.geometry.can_flush, disk.has_barrier,
                   disk.geometry.can_discard);
}

static void close_disk(void)
{
    CHECK(wait_closed(&disk.bus));
    blkfront_stop(&disk);
    device_forget(&disk.bus);
    EQ(disk.lost_pages, 0);
    EQ(disk.stats.requests, disk.stats.responses);
}

static void check_disk(unsigned int nr, uint8_t *buf)
{
    static const struct blkfront_config lives[] = {
        { .max_queues = 4, .max_ring_order = 4, .max_segments = MAX_VEC, .copy = true },
        { .max_queues = 1, .max_ring_order = 0, .max_segments = 0, .copy = false },
    };
    struct blkfront_config config;
    uint32_t wrote = 0;

    for ( unsigned int life = 0; life < 2; life++ ) {
        config = lives[life];
        config.copy ^= nr & 1;          /* every second disk the other way round */
        open_disk(nr, &config);
        if ( disk.geometry.sectors < 2 * NR_PAGES * 8 )
            test_error("a disk is too small");
        CHECK(move(BLK_READ, 0, buf, NR_PAGES * 8));
        console_printf("disk %u life %u read %08x\n", nr, life, checksum(buf, BYTES));
        if ( life ) {
            CHECK(move(BLK_READ, NR_PAGES * 8, buf, NR_PAGES * 8));
            EQ_ROW("what the life before wrote", checksum(buf, BYTES), wrote);
        }
        check_edges(buf);
        for ( uint64_t *p = (uint64_t *)buf; p < (uint64_t *)(buf + BYTES); p++ )
            *p = random_next(&seed);
        wrote = checksum(buf, BYTES);
        CHECK(move(BLK_WRITE, NR_PAGES * 8, buf, NR_PAGES * 8));
        if ( disk.geometry.can_flush )
            EQ(one(BLK_FLUSH, 0, NULL, 0), 0);
        memset(buf, 0, BYTES);
        CHECK(move(BLK_READ, NR_PAGES * 8, buf, NR_PAGES * 8));
        EQ_ROW("what was written", checksum(buf, BYTES), wrote);
        close_disk();
    }
    console_printf("disk %u wrote %08x\n", nr, wrote);
}

/* ------------------------------------------------------------------ network */

static const uint8_t address[4] = { 10, 9, 1, 61 };
static struct netfront net;
static unsigned int nr_pings, nr_udp, nr_blank, nr_large;
static bool quit;

static void exchange(uint8_t *a, uint8_t *b, unsigned int len)
{
    for ( ; len; len--, a++, b++ ) {
        const uint8_t c = *a;

        *a = *b;
        *b = c;
    }
}

/* The packet as its answer; false: none is due. */
static bool answer(uint8_t *p, uint32_t len)
{
    if ( len < 42 || p[12] != 8 )
        return false;
    if ( p[13] == 6 && p[21] == 1 && memcmp(p + 38, address, 4) == 0 ) {
        p[21] = 2;
        exchange(p + 22, p + 32, 10);
        memcpy(p + 22, net.mac, 6);
    } else if ( p[13] == 0 && p[14] == 0x45 && ((p[20] & 0x3f) | p[21]) == 0 && memcmp(p + 30, address, 4) == 0 ) {
        const uint32_t sum = (uint32_t)(p[36] << 8 | p[37]) + 0x800;

        if ( p[23] == 1 && p[34] == 8 ) {
            p[34] = 0;
            p[36] = (uint8_t)((sum + (sum >> 16)) >> 8);
            p[37] = (uint8_t)(sum + (sum >> 16));
            nr_pings++;
            quit |= (p[16] << 8 | p[17]) == 20 + 8 + 9;
        } else if ( p[23] == 17 ) {
            nr_udp++;
            exchange(p + 34, p + 36, 2);
        } else
            return false;
        exchange(p + 26, p + 30, 4);
    } else
        return false;
    memcpy(p, p + 6, 6);
    memcpy(p + 6, net.mac, 6);
    return true;
}

static void receive(void *owner, const struct net_packet *packet, unsigned int nr)
{
    struct net_packet reply = *packet;

    nr_blank += reply.csum == NET_CSUM_BLANK;
    nr_large += reply.len > PAGE_SIZE;
    if ( answer(reply.data, reply.len) )
        EQ(netfront_send(&net, &reply, 1), 1);
}

static void check_net(unsigned int lives)
{
    static const struct netfront_config configs[] = {
        { .max_queues = 4, .buffers = 128, .receive = receive, .multicast_control = true,
          .takes = { .sg = true, .csum = true, .csum6 = true, .gso = true, .gso6 = true } },
        { .max_queues = 1, .buffers = 32, .receive = receive },
    };

    for ( unsigned int life = 0; life < lives; life++ ) {
        const uint64_t end = clock_now() + LIMIT;

        net = (struct netfront){ .config = configs[life % 2] };
        quit = false;
        nr_pings = nr_udp = nr_blank = nr_large = 0;
        EQ(device_start(&device_net, &net.bus, 0), 0);
        if ( !wait_state(&net.bus, XenbusStateConnected) )
            test_error("the network does not connect");
        console_printf("net life %u: queues %u, split %d, multicast %d, mtu %u\n", life, net.nr_queues, net.split,
                       net.multicast, net.mtu);
        while ( !quit && device_wait(end) )
            ;
        console_printf("net life %u over: pings %u, UDP %u, blank %u, large %u, dropped %lu, failed %lu\n", life,
                       nr_pings, nr_udp, nr_blank, nr_large, net.stats.dropped, net.stats.failed);
        CHECK(quit);
        EQ(net.stats.failed, 0);
        CHECK(wait_closed(&net.bus));
        netfront_stop(&net);
        device_forget(&net.bus);
        EQ(net.lost_pages, 0);
    }
}

/* ------------------------------------------------------------------ keyboard */

static struct kbdfront kbd;
static uint32_t last_key;

static void print_event(void *owner, const struct kbd_event *e)
{
    if ( e->kind == KBD_KEY )
        console_printf("key %u %s\n", e->code, e->pressed ? "down" : "up");
    else
        console_printf("pointer %d %d %d\n", e->x, e->y, e->z);
    quit |= e->kind == KBD_KEY && !e->pressed && e->code == last_key;
}

static void check_keys(uint32_t last)
{
    const uint64_t end = clock_now() + LIMIT;

    last_key = last;
    quit = false;
    kbd = (struct kbdfront){ .config = { .event = print_event } };
    EQ(device_start(&device_kbd, &kbd.bus, 0), 0);
    if ( !wait_state(&kbd.bus, XenbusStateConnected) )
        test_error("the keyboard does not connect");
    console_printf("keyboard: ready\n");
    while ( !quit && device_wait(end) )
        ;
    CHECK(quit);
    EQ(kbd.nr_dropped, 0);
    CHECK(wait_closed(&kbd.bus));
    kbdfront_stop(&kbd);
    device_forget(&kbd.bus);
    EQ(kbd.lost_pages, 0);
}

void test_main(void)
{
    const unsigned int disks = (unsigned int)test_option("disks", 0), lives = (unsigned int)test_option("lives", 0);
    const uint32_t keys = (uint32_t)test_option("keys", 0);
    uint8_t *buf;

    if ( disks == 0 && lives == 0 && keys == 0 )
        test_skip("for a guest with devices");
    EQ(device_start(&device_blk, &disk.bus, disks), -XEN_ENOENT);
    buf = mem_alloc_pages(NR_PAGES);
    if ( !buf )
        test_error("no memory");
    for ( unsigned int i = 0; i < disks; i++ )
        check_disk(i, buf);
    check_net(lives);
    if ( keys )
        check_keys(keys);
}
