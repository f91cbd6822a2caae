/* SPDX-License-Identifier: MIT */
/* TAP interfaces of Linux. */
#include "dom0/tap.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#define WAIT_STEPS  3000            /* for a predecessor, of 10 ms */
#define STEP_US     10000

/* Never the lowest of a bridge's ports, so a bridge does not take it for its own. */
static const uint8_t address[6] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff };

/* One process at a time can have it. */
static int take(int fd, const char *name)
{
    struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
    int size = sizeof(struct virtio_net_hdr);

    snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
    for ( int i = 0; ioctl(fd, TUNSETIFF, &r); i++ )
        if ( errno != EBUSY || i == WAIT_STEPS )
            return -errno;
        else
            usleep(STEP_US);
    memset(&r.ifr_hwaddr, 0, sizeof(r.ifr_hwaddr));
    r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    memcpy(r.ifr_hwaddr.sa_data, address, sizeof(address));
    if ( ioctl(fd, TUNSETVNETHDRSZ, &size) || ioctl(fd, SIOCSIFHWADDR, &r) || ioctl(fd, TUNSETPERSIST, 1) )
        return -errno;
    return 0;
}

int tap_open(const char *name)
{
    const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    int rc;

    if ( fd < 0 )
        return -errno;
    rc = take(fd, name);
    if ( rc == 0 )
        return fd;
    close(fd);
    return rc;
}

void tap_offer(int tap, const struct net_offers *o)
{
    /* A checksum that the front end does not take is filled in on its way. */
    ioctl(tap, TUNSETOFFLOAD, TUN_F_CSUM | (o->gso ? TUN_F_TSO4 : 0) | (o->gso6 ? TUN_F_TSO6 : 0));
}

void tap_carrier(int tap, bool on)
{
    int value = on;

    ioctl(tap, TUNSETCARRIER, &value);
}

void tap_give_up(int tap)
{
    ioctl(tap, TUNSETPERSIST, 0);
}

static const uint8_t gso_types[][2] = {
    { XEN_NETIF_GSO_TYPE_TCPV4, VIRTIO_NET_HDR_GSO_TCPV4 }, { XEN_NETIF_GSO_TYPE_TCPV6, VIRTIO_NET_HDR_GSO_TCPV6 },
};

static void to_header(struct virtio_net_hdr *h, const struct net_packet *p)
{
    memset(h, 0, sizeof(*h));
    if ( p->csum == NET_CSUM_VALID )
        h->flags = VIRTIO_NET_HDR_F_DATA_VALID;
    if ( p->csum != NET_CSUM_BLANK )
        return;
    h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    h->csum_start = p->csum_start;
    h->csum_offset = p->csum_offset;
    for ( int i = 0; i < 2; i++ )
        if ( p->gso && p->gso == gso_types[i][0] )
        {
            h->gso_type = gso_types[i][1];
            h->gso_size = p->gso_size;
            h->hdr_len = p->header_len;
        }
}

/* False: of a kind that was not asked for. */
static bool from_header(struct net_packet *p, const struct virtio_net_hdr *h)
{
    p->csum = h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM ? NET_CSUM_BLANK :
        h->flags & VIRTIO_NET_HDR_F_DATA_VALID ? NET_CSUM_VALID : NET_CSUM_UNKNOWN;
    p->gso = XEN_NETIF_GSO_TYPE_NONE;
    p->gso_size = h->gso_size;
    for ( int i = 0; i < 2; i++ )
        if ( (h->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) == gso_types[i][1] )
            p->gso = gso_types[i][0];
    return p->gso || h->gso_type == VIRTIO_NET_HDR_GSO_NONE;
}

unsigned int tap_write(int tap, const struct net_packet *packets, unsigned int nr)
{
    unsigned int lost = 0;

    for ( unsigned int i = 0; i < nr; i++ )
    {
        struct virtio_net_hdr h;
        const struct iovec v[2] = { { &h, sizeof(h) }, { packets[i].data, packets[i].len } };

        to_header(&h, &packets[i]);
        lost += writev(tap, v, 2) < 0;
    }
    return lost;
}

unsigned int tap_read(int tap, struct net_packet *packets, unsigned int nr, uint32_t room)
{
    unsigned int n = 0;

    while ( n < nr )
    {
        struct virtio_net_hdr h;
        const struct iovec v[2] = { { &h, sizeof(h) }, { packets[n].data, room } };
        const ssize_t got = readv(tap, v, 2);

        if ( got < (ssize_t)sizeof(h) )
            break;
        packets[n].len = (uint32_t)got - sizeof(h);
        n += from_header(&packets[n], &h);
    }
    return n;
}
