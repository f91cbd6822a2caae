/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block back end against a front end made of the input: bytes of the shared pages, requests, nodes, states,
 * events, and the disk's answers in between.  It must stay within the disk (disk.c looks), and let go of everything.
 */
#include "device.h"
#include "disk.h"

#define DATA 3u             /* two pages are the ring's, one is for descriptors */

/* Sectors near all the edges. */
static uint64_t sector(void)
{
    static const uint64_t around[] = { 0, DISK_SECTORS, 1ull << 32, 1ull << 55, 1ull << 63, 0 };
    const uint8_t b = byte();

    return around[b % 6] + (int8_t)byte();
}

static void be_front(void)
{
    devices_reset();
    back_ops = byte() & 1 ? &fake_ops_map : &fake_ops;
    const uint8_t way = byte();

    back_config.persistent = way & 1 ? 8 : 0;
    back_config.own_pages = way & 2;
    back_config.pool_pages = 1;
    geometry.sector_size = byte() & 1 ? 4096 : 512;
    lend_pages(DATA);
    *(struct xen_ring_header *)pages[0] = (struct xen_ring_header){ .req_event = 1, .rsp_event = 1 };
    fake_set_number(FRONT_PATH "/ring-ref", refs[0]);
    fake_set_number(FRONT_PATH "/event-channel", port);
    if ( byte() & 1 )
    {
        fake_set(FRONT_PATH "/ring-page-order", "1");
        fake_set_number(FRONT_PATH "/ring-ref0", refs[0]);
        fake_set_number(FRONT_PATH "/ring-ref1", refs[1]);
    }
    if ( byte() & 1 )
        fake_set(FRONT_PATH "/feature-persistent", "1");
    fake_set(FRONT_PATH "/state", "3");
}

static void segments(struct blkif_request_segment *seg, unsigned int n)
{
    for ( unsigned int i = 0; i < n; i++ )
    {
        const uint8_t b = byte();

        seg[i] = (struct blkif_request_segment){ any_ref(DATA), b & 15, b < 128 ? 7 : b >> 4 };
    }
}

static void post(void)
{
    struct xen_ring_header *h = pages[0];
    union blk_request r = { .rw = { .operation = byte() % 9, .nr_segments = byte() % 14, .sector_number = sector() } };

    if ( r.operation == BLKIF_OP_INDIRECT )
    {
        r.indirect.indirect_op = byte() % 3;
        r.indirect.nr_segments = word() % 40;
        r.indirect.indirect_grefs[0] = byte() & 7 ? refs[2] : any_ref(DATA);
    }
    else if ( r.operation == BLKIF_OP_DISCARD )
        r.discard.nr_sectors = sector();
    else
        segments(r.rw.seg, r.rw.nr_segments < 11 ? r.rw.nr_segments : 11);
    memcpy((uint8_t *)pages[0] + 64 + h->req_prod % 32 * 112, &r, sizeof(r));
    h->req_prod++;
}

static void node(void)
{
    static const char *const names[] = { "ring-ref", "ring-ref0", "ring-ref1", "event-channel", "ring-page-order",
        "num-ring-pages", "multi-queue-num-queues", "feature-persistent", "protocol", "queue-0/ring-ref" };
    static const char *const values[] = { NULL, "0", "1", "2", "8", "9", "10", "99999999999999999999", "-1",
        "x86_64-abi" };

    any_node(FRONT_PATH, names, values);
}

static void command(uint8_t c, uint64_t *seed)
{
    const uint32_t at = c % 10 < 2 ? word() : 0;

    switch ( c % 10 )
    {
    case 0:
        scribble(pages[0], at);
        break;
    case 1:
        segments((struct blkif_request_segment *)pages[2] + at % 480, 1 + byte() % 32);
        break;
    case 2: case 3: case 4:
        post();
        break;
    case 5:
        fake_ops.channel_notify(&fake_front, port);
        fake_deliver();
        break;
    case 6:
        node();
        break;
    case 7:
        fake_set_number(FRONT_PATH "/state", byte() % 10);
        fake_deliver();
        break;
    case 8:
        disk_async = byte() & 1;
        disk_status = byte() % 16 == 0 ? -XEN_EIO : 0;
        if ( disk_waiting )
            disk_finish(seed);
        blkback_run(&back);
        break;
    case 9:
        if ( byte() % 4 == 0 )
            blkback_resize(&back, byte() * 32 % (DISK_SECTORS + 8) / 8 * 8);
        fake_deliver();
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint64_t seed = 12345;

    stream_begin(data, len);
    be_front();
    back_begin();
    while ( in < end )
        command(byte(), &seed);

    fake_deliver();
    fake_kill(&fake_front);
    for ( int i = 0; blkback_stop(&back); i++ )
    {
        MUST(i < 4096 && disk_waiting);
        disk_finish(&seed);
    }
    MUST(disk_waiting == 0 && fake_is_empty(&fake_back));
    return 0;
}
