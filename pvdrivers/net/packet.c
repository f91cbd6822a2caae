/* SPDX-License-Identifier: MIT */
/*
 * Looking into packets: the place of the checksum, and which connection it is.  Packets are private memory, but
 * their bytes are a stranger's: every length is held against the end.
 */
#include "net/net.h"

#define ETHERTYPE_IPV4  0x0800u
#define ETHERTYPE_IPV6  0x86ddu
#define ETHERTYPE_VLAN  0x8100u
#define ETHERTYPE_QINQ  0x88a8u
#define PROTO_TCP       6u
#define PROTO_UDP       17u
#define MAX_TAGS        2
#define MAX_EXTENSIONS  8

struct headers {
    uint8_t version;                    /* 4, 6; 0: another protocol */
    uint8_t protocol;
    bool opaque;                        /* a fragment, or routed: what follows says nothing about the whole */
    uint32_t l3, l4;                    /* where they start */
    uint32_t end;                       /* where the IP packet ends by its own account */
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static bool find_ipv4(const uint8_t *d, uint32_t len, struct headers *h)
{
    const uint8_t *ip = d + h->l3;

    if ( len - h->l3 < 20 || ip[0] >> 4 != 4 || (ip[0] & 15) < 5 )
        return false;
    h->version = 4;
    h->l4 = h->l3 + (ip[0] & 15) * 4u;
    h->end = h->l3 + get16(ip + 2);
    h->protocol = ip[9];
    h->opaque = get16(ip + 6) & 0x3fff;
    return h->l4 <= len;
}

static bool find_ipv6(const uint8_t *d, uint32_t len, struct headers *h)
{
    const uint8_t *ip = d + h->l3;

    if ( len - h->l3 < 40 || ip[0] >> 4 != 6 )
        return false;
    h->version = 6;
    h->l4 = h->l3 + 40;
    h->end = h->l4 + get16(ip + 4);
    h->protocol = ip[6];
    for ( int i = 0; i < MAX_EXTENSIONS; i++ )
    {
        const bool fragment = h->protocol == 44;

        if ( h->protocol != 0 && h->protocol != 43 && h->protocol != 60 && !fragment )
            return true;
        if ( len - h->l4 < 8 )
            return false;
        h->opaque |= fragment || h->protocol == 43;
        h->protocol = d[h->l4];
        h->l4 += fragment ? 8 : (d[h->l4 + 1] + 1u) * 8;
        if ( h->l4 > len )
            return false;
    }
    return false;
}

/* False: not IP, or cut off. */
static bool find_headers(const uint8_t *d, uint32_t len, struct headers *h)
{
    uint16_t type;

    *h = (struct headers){ .l3 = 14 };
    if ( len < 14 )
        return false;
    type = get16(d + 12);
    for ( int i = 0; i < MAX_TAGS && (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ); i++ )
    {
        if ( len - h->l3 < 4 )
            return false;
        type = get16(d + h->l3 + 2);
        h->l3 += 4;
    }
    return type == ETHERTYPE_IPV4 ? find_ipv4(d, len, h) : type == ETHERTYPE_IPV6 && find_ipv6(d, len, h);
}

static uint64_t sum(uint64_t acc, const uint8_t *p, uint32_t len)
{
    for ( ; len > 1; p += 2, len -= 2 )
        acc += get16(p);
    return acc + (len ? p[0] << 8 : 0);
}

/* The checksum of the pseudo-header and all behind it, into its place. */
static int fill_checksum(struct net_packet *p, const struct headers *h)
{
    uint8_t *field = p->data + p->csum_start + p->csum_offset;
    const unsigned int addresses = h->version == 4 ? 12 : 8;
    uint64_t acc;

    if ( h->end > p->len || h->end < p->csum_start + p->csum_offset + 2u )
        return -XEN_EINVAL;
    field[0] = field[1] = 0;
    acc = sum(h->protocol + (h->end - h->l4), p->data + h->l3 + addresses, h->version == 4 ? 8 : 32);
    acc = sum(acc, p->data + h->l4, h->end - h->l4);
    while ( acc >> 16 )
        acc = (acc & 0xffff) + (acc >> 16);
    if ( acc != 0xffff || h->protocol == PROTO_TCP )
        acc ^= 0xffff;                  /* UDP: zero would say that there is none */
    field[0] = (uint8_t)(acc >> 8);
    field[1] = (uint8_t)acc;
    p->csum = NET_CSUM_VALID;
    return 0;
}

/* Where the checksum goes; false: nowhere. */
static bool find_checksum(struct net_packet *p, struct headers *h)
{
    if ( !find_headers(p->data, p->len, h) || h->opaque )
        return false;
    p->csum_start = (uint16_t)h->l4;
    if ( h->protocol == PROTO_UDP )
    {
        p->csum_offset = 6;
        p->header_len = (uint16_t)(h->l4 + 8);
    }
    else if ( h->protocol == PROTO_TCP && p->len - h->l4 >= 20 && p->data[h->l4 + 12] >> 4 >= 5 )
    {
        p->csum_offset = 16;
        p->header_len = (uint16_t)(h->l4 + (p->data[h->l4 + 12] >> 4) * 4u);
    }
    else
        return false;
    return p->header_len <= p->len;
}

int net_prepare(struct net_packet *p, const struct net_offers *o)
{
    struct headers h;

    if ( p->len < NET_MIN_PACKET )
        return -XEN_EINVAL;
    if ( p->len > (o->sg ? NET_MAX_PACKET : PV_PAGE) )
        return -XEN_EMSGSIZE;
    if ( p->gso )
        p->csum = NET_CSUM_BLANK;
    if ( p->csum != NET_CSUM_BLANK )
        return 0;
    if ( !find_checksum(p, &h) )
        return -XEN_EINVAL;
    if ( p->gso )
    {
        const bool v4 = p->gso == XEN_NETIF_GSO_TYPE_TCPV4;

        if ( h.protocol != PROTO_TCP || p->gso_size == 0 || h.version != (v4 ? 4 : 6) ||
             (!v4 && p->gso != XEN_NETIF_GSO_TYPE_TCPV6) )
            return -XEN_EINVAL;
        return (v4 ? o->gso : o->gso6) ? 0 : -XEN_EOPNOTSUPP;
    }
    return (h.version == 4 ? o->csum : o->csum6) ? 0 : fill_checksum(p, &h);
}

static uint32_t mix(uint32_t hash, const uint8_t *p, unsigned int words)
{
    for ( ; words; words--, p += 4 )
    {
        hash = (hash ^ ((uint32_t)get16(p) << 16 | get16(p + 2))) * 0x9e3779b1u;
        hash ^= hash >> 15;
    }
    return hash;
}

unsigned int net_choose(const struct net_packet *p, unsigned int nr)
{
    struct headers h;
    uint32_t hash;

    if ( nr <= 1 || p->len < 12 )
        return 0;
    if ( !find_headers(p->data, p->len, &h) )
        hash = mix(0, p->data, 3);      /* the two stations */
    else
    {
        hash = mix(h.protocol, p->data + h.l3 + (h.version == 4 ? 12 : 8), h.version == 4 ? 2 : 8);
        if ( !h.opaque && (h.protocol == PROTO_TCP || h.protocol == PROTO_UDP) && p->len - h.l4 >= 4 )
            hash = mix(hash, p->data + h.l4, 1);
    }
    return (unsigned int)((uint64_t)hash * nr >> 32);
}
