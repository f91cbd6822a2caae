/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network back end against a front end made of the input: bytes of the shared pages, chains of slots, nodes,
 * states, events, and packets sent to it in between.  wire.c looks at what is delivered; nothing may stay behind.
 */
#include "device.h"
#include "wire.h"

#define DATA 2u             /* the rings are before it, room is behind it */

static void be_front(void)
{
    static const char *const features[] = { "feature-sg", "feature-gso-tcpv4", "feature-gso-tcpv6",
        "feature-no-csum-offload", "feature-ipv6-csum-offload", "request-multicast-control" };
    const uint8_t flags = byte();

    wire_reset();
    netback_ops = byte() & 1 ? &fake_ops_map : &fake_ops;
    if ( byte() & 1 )
        netback_config.takes = (struct net_offers){ .sg = true };
    lend_pages(DATA);
    for ( int i = 0; i < 2; i++ )
        *(struct xen_ring_header *)pages[i] = (struct xen_ring_header){ .req_event = 1, .rsp_event = 1 };
    fake_set_number(VIF_FRONT "/tx-ring-ref", refs[0]);
    fake_set_number(VIF_FRONT "/rx-ring-ref", refs[1]);
    fake_set_number(VIF_FRONT "/event-channel", port);
    fake_set(VIF_FRONT "/request-rx-copy", "1");
    for ( int i = 0; i < 6; i++ )
    {
        char path[128];

        sprintf(path, VIF_FRONT "/%s", features[i]);
        fake_set(path, flags >> i & 1 ? "1" : "0");
    }
}

/* Headers of some kind where a packet may start. */
static void headers(void)
{
    uint8_t *d = (uint8_t *)pages[2] + (byte() & 1 ? 100 : 0);
    const uint8_t kind = byte(), proto = byte() & 1 ? 6 : 17;
    const uint32_t len = word();
    uint32_t l3 = 14;

    d[0] = kind & 0x40 ? 1 : 2;
    if ( kind & 0x20 )
    {
        memcpy(d + 12, "\x81\x00\x00\x05", 4);
        l3 = 18;
    }
    memcpy(d + l3 - 2, kind & 1 ? "\x86\xdd" : "\x08\x00", 2);
    d[l3] = kind & 1 ? 0x60 : 0x40 | (kind & 2 ? 15 : 5);
    d[l3 + (kind & 1 ? 4 : 2)] = len >> 8;
    d[l3 + (kind & 1 ? 5 : 3)] = len;
    d[l3 + 6] = kind & 1 ? (kind & 4 ? byte() % 64 : proto) : (kind & 8 ? 0x20 : 0);
    d[l3 + 9] = proto;
    d[l3 + (kind & 1 ? 52 : 32)] = byte();
}

static void chain(void)
{
    struct xen_ring_header *h = pages[0];
    const uint8_t flags = byte();
    const unsigned int slots = flags & 0x80 ? 1 + byte() % 24 : 1;

    for ( unsigned int i = 0; i < slots; i++ )
    {
        struct netif_tx_request r = {
            .gref = any_ref(DATA), .offset = byte() & 1 ? 100 : byte() & 1 ? word() : 0, .id = i,
            .flags = (i == 0 ? flags & 11 : 0) | (i + 1 < slots ? NETTXF_more_data : 0), .size = word(),
        };

        memcpy((uint8_t *)pages[0] + 64 + h->req_prod++ % 256 * 12, &r, sizeof(r));
        for ( bool extra = r.flags & NETTXF_extra_info; extra; )
        {
            struct netif_extra_info e = { .type = byte() % 7, .flags = byte() % 4 == 3 };

            e.u.gso.size = word();
            e.u.gso.type = byte() % 4;
            memcpy((uint8_t *)pages[0] + 64 + h->req_prod++ % 256 * 12, &e, sizeof(e));
            extra = e.flags;
        }
    }
    if ( flags & 0x40 )
        h->req_prod -= byte() % 3;
}

static void offer(void)
{
    struct xen_ring_header *h = pages[1];

    for ( uint8_t n = byte() % 32; n; n-- )
    {
        struct netif_rx_request r = { .id = n, .gref = byte() & 7 ? refs[3] : any_ref(DATA) };

        memcpy((uint8_t *)pages[1] + 64 + h->req_prod++ % 256 * 8, &r, sizeof(r));
    }
}

static void send(void)
{
    static uint8_t bytes[70000];
    struct net_packet p[3];
    const unsigned int n = 1 + byte() % 3;

    for ( unsigned int i = 0; i < n; i++ )
    {
        memcpy(bytes, pages[2], 200);
        p[i] = (struct net_packet){ .data = bytes, .len = byte() & 1 ? word() : 60, .csum = byte() % 3,
                                    .gso = byte() & 3, .gso_size = word() };
    }
    netback_send(&netback, p, n);
}

static void node(void)
{
    static const char *const names[] = { "tx-ring-ref", "rx-ring-ref", "event-channel", "event-channel-tx",
        "event-channel-rx", "multi-queue-num-queues", "request-rx-copy", "request-multicast-control",
        "queue-0/tx-ring-ref", "queue-0/rx-ring-ref" };
    static const char *const values[] = { NULL, "0", "1", "2", "8", "9", "10", "99999999999999999999", "-1", "3" };

    any_node(VIF_FRONT, names, values);
}

static void command(uint8_t c)
{
    uint32_t at;

    switch ( c % 10 )
    {
    case 0:
        at = word();
        scribble(pages[at >> 12 & 1], at);
        break;
    case 1:
        headers();
        break;
    case 2: case 3: case 4:
        chain();
        break;
    case 5:
        fake_ops.channel_notify(&fake_front, port);
        fake_deliver();
        break;
    case 6:
        if ( byte() % 4 == 0 )
            node();
        break;
    case 7:
        if ( byte() % 4 == 0 )
            fake_set_number(VIF_FRONT "/state", byte() % 10);
        fake_deliver();
        break;
    case 8:
        offer();
        break;
    case 9:
        send();
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    stream_begin(data, len);
    be_front();
    wire_back_begin();
    fake_deliver();
    fake_set(VIF_FRONT "/state", "4");
    fake_deliver();
    while ( in < end )
        command(byte());

    MUST(wire_settle());
    fake_kill(&fake_front);
    netback_stop(&netback);
    MUST(fake_is_empty(&fake_back));
    wire_forget(&at_back);
    return 0;
}
