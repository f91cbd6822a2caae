/* SPDX-License-Identifier: MIT */
/* TAP interfaces of Linux. */
#include "dom0/tap.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WAIT_STEPS  3000            /* for a predecessor, of 10 ms */
#define STEP_US     10000

_Static_assert(sizeof(struct virtio_net_hdr) == TAP_HEADER, "as tap.h says");

/* Never the lowest of a bridge's ports, so a bridge does not take it for its own. */
static const uint8_t address[6] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff };

/* One process at a time can have it. */
static int take(int fd, const char *name)
{
    struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
    int size = TAP_HEADER, most = INT_MAX;

    snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
    for ( int i = 0; ioctl(fd, TUNSETIFF, &r); i++ )
        if ( errno != EBUSY || i == WAIT_STEPS )
            return -errno;
        else
            usleep(STEP_US);
    memset(&r.ifr_hwaddr, 0, sizeof(r.ifr_hwaddr));
    r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    memcpy(r.ifr_hwaddr.sa_data, address, sizeof(address));
    /* Whoever writes never waits for who reads: the kernel drops what is too much. */
    if ( ioctl(fd, TUNSETVNETHDRSZ, &size) || ioctl(fd, TUNSETSNDBUF, &most) || ioctl(fd, SIOCSIFHWADDR, &r) ||
         ioctl(fd, TUNSETPERSIST, 1) )
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

void tap_pack(const struct net_packet *p)
{
    struct virtio_net_hdr h;

    to_header(&h, p);
    memcpy(p->data - TAP_HEADER, &h, TAP_HEADER);
}

bool tap_unpack(struct net_packet *p, ssize_t bytes)
{
    struct virtio_net_hdr h;

    if ( bytes < (ssize_t)TAP_HEADER )
        return false;
    memcpy(&h, p->data - TAP_HEADER, TAP_HEADER);
    p->len = (uint32_t)bytes - TAP_HEADER;
    return from_header(p, &h);
}
