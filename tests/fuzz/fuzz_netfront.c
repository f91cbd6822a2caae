/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network front end against a back end made of the input: answers, packets, indices, nodes, states, pages that
 * are kept, and packets that its owner sends.  wire.c looks at what is delivered; nothing stays lent but what was kept.
 */
#include "device.h"
#include "wire.h"

static uint8_t *tx(void) { return ring_page(VIF_FRONT "/tx-ring-ref"); }
static uint8_t *rx(void) { return ring_page(VIF_FRONT "/rx-ring-ref"); }

static void send(void)
{
    static uint8_t bytes[65536];
    struct net_packet p = { .data = bytes, .len = byte() & 3 ? 20 + byte() : word(), .csum = byte() % 3 };
    const uint8_t kind = byte();

    memcpy(bytes + 12, kind & 1 ? "\x86\xdd\x60" : "\x08\x00\x45", 3);
    bytes[kind & 1 ? 20 : 23] = kind & 2 ? 6 : 17;
    bytes[kind & 1 ? 66 : 46] = 0x50;
    if ( kind & 4 )
        p.gso = byte() & 3, p.gso_size = word();
    if ( kind & 8 )
        netfront_multicast(&netfront, bytes, kind & 1);
    netfront_send(&netfront, &p, 1);
}

static void answer(void)
{
    uint8_t *r = tx();
    struct xen_ring_header *h = (void *)r;
    struct netif_tx_request req;
    struct netif_tx_response rsp;

    if ( !r )
        return;
    memcpy(&req, r + 64 + h->rsp_prod % 256 * 12, sizeof(req));
    rsp = (struct netif_tx_response){ req.id, byte() & 7 ? 0 : (int8_t)byte() };
    if ( byte() % 16 == 0 )
        rsp.id ^= byte();
    memcpy(r + 64 + h->rsp_prod++ % 256 * 12, &rsp, sizeof(rsp));
}

static void packet(void)
{
    uint8_t *r = rx(), flags = byte();
    struct xen_ring_header *h = (void *)r;
    const unsigned int slots = flags & 0x80 ? 1 + byte() % 20 : 1;

    for ( unsigned int i = 0; r && i < slots; i++ )
    {
        struct netif_rx_response rsp = {
            .id = h->rsp_prod % 32, .offset = byte() & 3 ? 0 : word(), .status = byte() & 3 ? byte() : word(),
            .flags = (i == 0 ? flags & 11 : 0) | (i + 1 < slots ? NETRXF_more_data : 0),
        };
        struct netif_rx_request req;
        uint8_t *page;

        memcpy(&req, r + 64 + h->rsp_prod % 256 * 8, sizeof(req));
        page = fake_grant_page(req.gref);
        if ( page )
        {
            memcpy(page + 12, flags & 16 ? "\x86\xdd\x60" : "\x08\x00\x45", 3);
            page[flags & 16 ? 20 : 23] = flags & 32 ? 6 : 17;
            page[flags & 16 ? 66 : 46] = byte();
            page[flags & 16 ? 19 : 17] = byte();
        }
        if ( flags & 64 )
            rsp.id ^= byte() & 1;
        memcpy(r + 64 + h->rsp_prod++ % 256 * 8, &rsp, sizeof(rsp));
        for ( bool extra = rsp.flags & NETRXF_extra_info; extra; )
        {
            struct netif_extra_info e = { .type = byte() % 7, .flags = byte() % 4 == 3 };

            e.u.gso.size = word();
            e.u.gso.type = byte() % 4;
            memcpy(r + 64 + h->rsp_prod++ % 256 * 8, &e, sizeof(e));
            extra = e.flags;
        }
    }
}

static void node(void)
{
    static const char *const names[] = { "feature-rx-copy", "feature-sg", "feature-gso-tcpv4", "feature-gso-tcpv6",
        "feature-no-csum-offload", "feature-ipv6-csum-offload", "feature-multicast-control", "carrier",
        "feature-split-event-channels", "multi-queue-max-queues" };
    static const char *const values[] = { NULL, "0", "1", "2", "1", "1", "-1", "18446744073709551615", "1", "200" };

    any_node(VIF_BACK, names, values);
}

static void command(uint8_t c)
{
    uint8_t *r;

    switch ( c % 10 )
    {
    case 0: case 1:
        send();
        break;
    case 2:
        answer();
        break;
    case 3: case 4:
        packet();
        break;
    case 5:
        netfront_run(&netfront);
        break;
    case 6:
        if ( byte() % 4 == 0 )
            node();
        break;
    case 7:
        if ( byte() % 4 == 0 )
            fake_set_number(VIF_BACK "/state", byte() % 10);
        fake_deliver();
        break;
    case 8:
        if ( byte() % 8 == 0 )
            keep_page(8 + byte());
        break;
    case 9:
        r = byte() & 1 ? tx() : rx();
        if ( r && byte() % 8 == 0 )
            r[byte() % 96] = byte();
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    stream_begin(data, len);
    wire_reset();
    netfront_config.max_queues = byte() & 1 ? 2 : 1;
    netfront_config.multicast_control = byte() & 1;
    if ( byte() & 1 )
        netfront_config.takes = (struct net_offers){ .sg = true };
    fake_back.event = fake_back.watch = nothing;
    fake_set(VIF_BACK "/feature-sg", "1");
    for ( int i = 0; i < 3; i++ )
        node();
    fake_set(VIF_BACK "/feature-rx-copy", "1");
    fake_set(VIF_BACK "/state", "2");
    wire_front_begin();
    fake_set(VIF_BACK "/state", "4");
    fake_deliver();
    while ( in < end )
        command(byte());

    MUST(wire_settle());
    fake_kill(&fake_back);
    netfront_stop(&netfront);
    MUST(netfront.lost_pages || fake_is_empty(&fake_front));
    wire_forget(&at_front);
    return 0;
}
