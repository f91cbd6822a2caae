/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block front end against a back end made of the input: responses, indices, properties, states, pages that are
 * kept.  Every operation must end exactly once, and nothing stays lent but what the back end did not give back.
 */
#include "device.h"
#include "disk.h"

#define NR 24

static struct blkfront_io ios[NR];
static struct blk_vec vecs[NR][16];
static int ends[NR];
static bool sent[NR];
static uint8_t *buffers;

static void done(struct blkfront_io *io, int status)
{
    const int i = io - ios;

    MUST(sent[i] && ++ends[i] == 1);
}

static uint8_t *ring(void)
{
    return ring_page(FRONT_PATH "/ring-ref");
}

static void submit(void)
{
    const uint8_t i = byte() % NR, n = byte() % 16;

    if ( sent[i] )
        return;
    for ( int k = 0; k < n; k++ )
        vecs[i][k] = (struct blk_vec){ buffers + (byte() % 32) * 4096 + (byte() & 1) * 512, byte() & 1 ? 512 : 3584 };
    ios[i] = (struct blkfront_io){ .op = byte() % 6, .sector = byte(), .nr_sectors = byte(), .vec = vecs[i],
                                   .nr_vec = n, .queue = byte(), .done = done };
    sent[i] = true;
    if ( blkfront_submit(&front, &ios[i]) )
        sent[i] = false;
    blkfront_run(&front);
}

/* A response that is right, or nearly. */
static void respond(void)
{
    uint8_t *r = ring();
    struct xen_ring_header *h = (void *)r;
    struct blkif_response rsp;
    union blk_request req;

    if ( !r )
        return;
    memcpy(&req, r + 64 + byte() % 32 * 112, sizeof(req));
    rsp = (struct blkif_response){ .id = req.operation == BLKIF_OP_INDIRECT ? req.indirect.id : req.rw.id,
        .operation = req.operation == BLKIF_OP_INDIRECT ? req.indirect.indirect_op : req.operation, .status = 0 };
    switch ( byte() % 8 )
    {
    case 0: rsp.id ^= 1ull << byte() % 64; break;
    case 1: rsp.operation = byte(); break;
    case 2: rsp.status = (int8_t)byte(); break;
    }
    memcpy(r + 64 + h->rsp_prod % 32 * 112, &rsp, sizeof(rsp));
    h->rsp_prod++;
}

static void node(void)
{
    static const char *const names[] = { "sectors", "sector-size", "info", "feature-max-indirect-segments",
        "max-ring-page-order", "multi-queue-max-queues", "feature-persistent", "feature-barrier", "feature-flush-cache",
        "feature-discard" };
    static const char *const values[] = { NULL, "0", "1", "2", "512", "4096", "30", "18446744073709551615",
        "-1", "200" };

    any_node(BACK_PATH, names, values);
}

static void command(uint8_t c)
{
    uint8_t *r;

    switch ( c % 10 )
    {
    case 0: case 1:
        submit();
        break;
    case 2: case 3: case 4:
        respond();
        break;
    case 5:
        blkfront_run(&front);
        break;
    case 6:
        node();
        break;
    case 7:
        fake_set_number(BACK_PATH "/state", byte() % 10);
        fake_deliver();
        break;
    case 8:
        if ( byte() % 8 == 0 )
            keep_page(8 + byte());
        break;
    case 9:
        r = ring();
        if ( r && byte() % 4 == 0 )
            r[byte() % 96] = byte();
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    stream_begin(data, len);
    devices_reset();
    front_config.copy = byte() & 1;
    front_config.max_queues = 1 + (byte() & 1);
    front_config.max_ring_order = byte() & 1;
    fake_back.event = fake_back.watch = nothing;
    memset(ends, 0, sizeof(ends));
    memset(sent, 0, sizeof(sent));
    buffers = fake_ops.pages_alloc(&fake_front, 32);
    for ( int i = 0; i < 3; i++ )
        node();
    fake_set(BACK_PATH "/sectors", "200");
    fake_set(BACK_PATH "/state", "2");
    front_begin();
    fake_deliver();
    fake_set(BACK_PATH "/state", "4");
    fake_deliver();
    while ( in < end )
        command(byte());

    blkfront_stop(&front);
    for ( int i = 0; i < NR; i++ )
        MUST(ends[i] == sent[i]);
    fake_kill(&fake_back);
    if ( front.lost_pages == 0 )
    {
        fake_ops.pages_free(&fake_front, buffers, 32);
        MUST(fake_is_empty(&fake_front));
    }
    return 0;
}
