/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cm.h"
#include "wire.h"

struct netback netback;
struct netfront netfront;
struct netback_config netback_config;
struct netfront_config netfront_config;
const struct pv_ops *netback_ops;
struct wire_end at_back, at_front;
const struct net_offers wire_all = { .sg = true, .csum = true, .csum6 = true, .gso = true, .gso6 = true };

static void keep(struct wire_end *e, const struct net_packet *p, unsigned int nr)
{
    for ( ; nr; nr--, p++ )
    {
        struct net_packet *to;

        assert_in_range(p->len, NET_MIN_PACKET, NET_MAX_PACKET);
        assert_true(p->gso <= XEN_NETIF_GSO_TYPE_TCPV6 && (!p->gso || (p->csum == NET_CSUM_BLANK && p->gso_size)));
        if ( p->csum == NET_CSUM_BLANK )
            assert_true(p->csum_start + p->csum_offset + 2u <= p->len && p->header_len <= p->len &&
                        p->csum_start < p->header_len);
        if ( e->nr == WIRE_MAX )
        {
            e->lost++;
            continue;
        }
        to = &e->got[e->nr++];
        *to = *p;
        to->data = malloc(p->len);
        memcpy(to->data, p->data, p->len);
    }
}

static void from_front(void *owner, const struct net_packet *p, unsigned int nr)
{
    assert_ptr_equal(owner, &at_back);
    keep(&at_back, p, nr);
    for ( unsigned int i = 0; at_back.echo && i < nr; i++ )
    {
        struct net_packet copy = p[i];

        netback_send(&netback, &copy, 1);
    }
}

static void from_back(void *owner, const struct net_packet *p, unsigned int nr)
{
    assert_ptr_equal(owner, &at_front);
    keep(&at_front, p, nr);
    for ( unsigned int i = 0; at_front.echo && i < nr; i++ )
    {
        struct net_packet copy = p[i];

        netfront_send(&netfront, &copy, 1);
    }
}

static void writable(void *owner) { ((struct wire_end *)owner)->writable++; }
static void changed(void *owner) { ((struct wire_end *)owner)->changed++; }
static void back_event(void *user) { netback_run(((struct netback_queue *)user)->b); }
static void back_watch(void *user) { netback_watch(user); }
static void front_event(void *user) { netfront_run(((struct netfront_queue *)user)->f); }
static void front_watch(void *user) { netfront_watch(user); }

void wire_forget(struct wire_end *e)
{
    for ( unsigned int i = 0; i < e->nr; i++ )
        free(e->got[i].data);
    memset(e, 0, sizeof(*e));
}

void wire_reset(void)
{
    fake_reset();
    wire_forget(&at_back);
    wire_forget(&at_front);
    memset(&netback, 0, sizeof(netback));
    memset(&netfront, 0, sizeof(netfront));
    netback_ops = &fake_ops;
    netback_config = (struct netback_config){
        .max_queues = 4, .takes = wire_all, .receive = from_front, .writable = writable, .changed = changed,
        .owner = &at_back,
    };
    netfront_config = (struct netfront_config){
        .max_queues = 1, .buffers = 32, .takes = wire_all, .receive = from_back, .writable = writable,
        .changed = changed, .owner = &at_front,
    };
    fake_back.event = back_event;
    fake_back.watch = back_watch;
    fake_front.event = front_event;
    fake_front.watch = front_watch;
    fake_set(VIF_FRONT "/backend", VIF_BACK);
    fake_set(VIF_FRONT "/backend-id", "0");
    fake_set(VIF_FRONT "/state", "1");
    fake_set(VIF_FRONT "/mac", "00:16:3e:0A:bc:01");
    fake_set(VIF_BACK "/frontend", VIF_FRONT);
    fake_set(VIF_BACK "/frontend-id", "5");
    fake_set(VIF_BACK "/state", "1");
    fake_set(VIF_BACK "/online", "1");
}

void wire_back_begin(void)
{
    memset(&netback, 0, sizeof(netback));
    netback.bus.ops = netback_ops;
    netback.bus.ctx = &fake_back;
    netback.config = netback_config;
    assert_int_equal(netback_start(&netback, VIF_BACK), 0);
}

void wire_front_begin(void)
{
    memset(&netfront, 0, sizeof(netfront));
    netfront.bus.ops = &fake_ops;
    netfront.bus.ctx = &fake_front;
    netfront.config = netfront_config;
    assert_int_equal(netfront_start(&netfront, VIF_FRONT), 0);
}

void wire_connect(void)
{
    wire_back_begin();
    wire_front_begin();
    assert_true(wire_settle());
    assert_int_equal(netfront.bus.state, XenbusStateConnected);
    assert_int_equal(netback.bus.state, XenbusStateConnected);
}

bool wire_settle(void)
{
    for ( int i = 0; i < 20000; i++ )
    {
        bool any = fake_deliver();

        if ( netback.more || netback.bus.again )
            netback_run(&netback), any = true;
        if ( netfront.more || netfront.bus.again )
            netfront_run(&netfront), any = true;
        if ( !any )
            return true;
    }
    return false;
}

void wire_end(void)
{
    xenbus_close(&netfront.bus);
    assert_true(wire_settle());
    assert_int_equal(netfront.bus.state, XenbusStateClosed);
    netfront_stop(&netfront);
    netback_stop(&netback);
    assert_int_equal(netfront.lost_pages, 0);
    fake_check_empty();
    wire_forget(&at_back);
    wire_forget(&at_front);
}

/* ------------------------------------------------------------------ packets */

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = v >> 8;
    p[1] = v;
}

static uint32_t add16(uint32_t sum, uint32_t v)
{
    sum += v;
    return (sum & 0xffff) + (sum >> 16);
}

/* The one's complement sum of addresses, protocol, length and all of TCP or UDP, byte by byte. */
static uint32_t sum_of(const struct net_packet *p)
{
    const bool v6 = p->data[12] == 0x86;
    const uint32_t l4 = 14 + (v6 ? 40 : 20), from = 14 + (v6 ? 8 : 12);
    uint32_t sum = add16(p->data[14 + (v6 ? 6 : 9)], p->len - l4);

    for ( uint32_t i = from; i < p->len; i++ )
        sum = add16(sum, (i & 1) == (from & 1) ? p->data[i] << 8 : p->data[i]);
    return sum;
}

bool wire_checksum_ok(const struct net_packet *p)
{
    return sum_of(p) == 0xffff;
}

struct net_packet wire_packet(const struct wire_kind *k, uint32_t len, uint64_t *seed)
{
    const uint32_t l4 = 14 + (k->v6 ? 40 : 20);
    struct net_packet p = { .data = malloc(len), .len = len, .csum = k->blank ? NET_CSUM_BLANK : NET_CSUM_UNKNOWN };
    uint8_t *d = p.data, *field;
    uint32_t sum;

    assert_true(len >= l4 + 20);
    for ( uint32_t i = 0; i < len; i++ )
        d[i] = next_random(seed);
    d[0] &= 0xfe;
    put16(d + 12, k->v6 ? 0x86dd : 0x0800);
    memset(d + 14, 0, k->v6 ? 8 : 12);
    if ( k->v6 )
    {
        d[14] = 0x60;
        put16(d + 18, len - l4);
        d[20] = k->udp ? 17 : 6;
    }
    else
    {
        d[14] = 0x45;
        put16(d + 16, len - 14);
        d[23] = k->udp ? 17 : 6;
    }
    for ( uint32_t i = 14 + (k->v6 ? 8 : 12); i < l4 + 4; i++ )     /* addresses and ports */
        d[i] = k->flow * 0x9e3779b1 >> i % 24;
    if ( !k->udp )
        d[l4 + 12] = 0x50;
    field = d + l4 + (k->udp ? 6 : 16);
    put16(field, 0);
    if ( k->gso_size )
    {
        p.gso = k->v6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4;
        p.gso_size = k->gso_size;
        p.csum = NET_CSUM_BLANK;
    }
    if ( p.csum == NET_CSUM_BLANK )
        return p;
    sum = sum_of(&p) ^ 0xffff;
    put16(field, sum ? sum : 0xffff);
    return p;
}

void wire_free(struct net_packet *p)
{
    free(p->data);
    p->data = NULL;
}
