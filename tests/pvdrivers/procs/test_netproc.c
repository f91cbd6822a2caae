/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network back end as the process that it is in dom0, with a TAP interface, under a front end in this one; the
 * other side of the interface is a packet socket, which sees the offloads as well.  Needs root, for a network
 * namespace, and the kernel's tun driver; skipped elsewhere.
 */
#define _GNU_SOURCE
#include "cm.h"
#include "net/front.h"
#include "procs/shared.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRONT   "/local/domain/5/device/vif/0"
#define BACK    "/local/domain/0/backend/xenvif/5/0"
#define LINK    "vif5.0"
#define ETH     14u
#define MAX_LEN 40000u

static char folder[64];
static struct netfront front;
static pid_t child;
static int sock = -1;
static unsigned int nr_got, nr_changes;
static struct net_packet got;                   /* the last one, its data in got_data */
static uint8_t got_data[65536], sent_data[65536], seen[65536];

/* ------------------------------------------------------------------ the process and its surroundings */

static void spawn(void)
{
    child = fork();
    if ( child == 0 )
    {
        setenv("PV_SHARED", folder, 1);
        execl(getenv("XENOLITH_NET"), "xenolith-net", BACK, NULL);
        _exit(127);
    }
}

static int reap(int sig)
{
    int status;

    if ( sig )
        kill(child, sig);
    assert_int_equal(waitpid(child, &status, 0), child);
    shared_died(SIDE_BACK);
    return status;
}

static void receive(void *owner, const struct net_packet *p, unsigned int nr)
{
    got = p[nr - 1];
    memcpy(got_data, got.data, got.len);
    nr_got += nr;
}

static void changed(void *owner)
{
    nr_changes++;
}

static void step(int ms)
{
    void *users[32];

    shared_wait(ms);
    if ( shared_watch_fired() )
        netfront_watch(&front);
    shared_events(users, 32);
    netfront_run(&front);
}

static void wait_state(uint8_t state)
{
    for ( int i = 0; i < 600 && front.bus.state != state; i++ )
        step(100);
    assert_int_equal(front.bus.state, state);
}

static bool has_link(void)
{
    return if_nametoindex(LINK) != 0;
}

/* The interface up, and a socket on it; another one's packets do not come. */
static void open_socket(void)
{
    struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(3), .sll_ifindex = if_nametoindex(LINK) };
    const struct timeval patience = { .tv_sec = 20 };
    struct ifreq r = { .ifr_flags = IFF_UP };
    int on = 1, size = 4 << 20;

    sock = socket(AF_PACKET, SOCK_RAW, 0);
    assert_true(sock >= 0);
    strcpy(r.ifr_name, LINK);
    assert_int_equal(ioctl(sock, SIOCSIFFLAGS, &r), 0);
    assert_int_equal(setsockopt(sock, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
    setsockopt(sock, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    assert_int_equal(bind(sock, (struct sockaddr *)&at, sizeof(at)), 0);
}

static void socket_write(unsigned int k, uint32_t number);

/* The interface has a carrier a little after the front end has its link. */
static void wait_carrier(void)
{
    for ( int i = 0; i < 400 && nr_got == 0; i++ )
    {
        socket_write(0, 0);
        step(50);
    }
    assert_true(nr_got > 0);
    for ( int i = 0; i < 5; i++ )
        step(20);
    nr_got = 0;
}

static void set_up(struct net_offers takes)
{
    static const char *const nodes[][2] = {
        { FRONT "/backend", BACK }, { FRONT "/backend-id", "0" }, { FRONT "/state", "1" },
        { FRONT "/mac", "00:16:3e:00:00:01" }, { FRONT "/handle", "0" },
        { BACK "/frontend", FRONT }, { BACK "/frontend-id", "5" }, { BACK "/state", "1" }, { BACK "/online", "1" },
    };

    if ( geteuid() || access("/dev/net/tun", R_OK | W_OK) || unshare(CLONE_NEWNET) )
        skip();
    assert_int_equal(system("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"), 0);
    strcpy(folder, "/tmp/pvprocs.XXXXXX");
    assert_non_null(mkdtemp(folder));
    shared_create(folder);
    shared_attach(folder, SIDE_FRONT);
    for ( size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++ )
        shared_set(nodes[i][0], nodes[i][1]);
    memset(&front, 0, sizeof(front));
    nr_got = nr_changes = 0;
    front.bus.ops = &shared_ops;
    front.config = (struct netfront_config){
        .max_queues = 2, .buffers = 128, .takes = takes, .receive = receive, .changed = changed,
    };
    spawn();
    assert_int_equal(netfront_start(&front, FRONT), 0);
    wait_state(XenbusStateConnected);
    for ( int i = 0; i < 600 && !front.link; i++ )
        step(100);
    assert_true(front.link);
    open_socket();
    wait_carrier();
}

static void tear_down(void)
{
    char command[128];

    shared_set(BACK "/online", "0");
    xenbus_close(&front.bus);
    wait_state(XenbusStateClosed);
    netfront_stop(&front);
    assert_int_equal(reap(0), 0);               /* it ends by itself */
    assert_false(has_link());
    close(sock);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

/* ------------------------------------------------------------------ packets */

static void put16(uint8_t *p, unsigned int v)
{
    p[0] = v >> 8;
    p[1] = v;
}

static uint32_t sum16(const uint8_t *p, uint32_t len, uint32_t acc)
{
    for ( uint32_t i = 0; i < len; i++ )
        acc += i & 1 ? p[i] : p[i] << 8;
    while ( acc >> 16 )
        acc = (acc & 0xffff) + (acc >> 16);
    return acc;
}

/* The sum over a TCP segment and its pseudo-header: 0xffff if its checksum is right. */
static uint32_t tcp_sum(const uint8_t *d, uint32_t len, bool v6)
{
    const uint32_t l4 = ETH + (v6 ? 40 : 20);

    return sum16(d + l4, len - l4, sum16(d + ETH + (v6 ? 8 : 12), v6 ? 32 : 8, 6 + len - l4));
}

/*
 * A TCP segment of @len bytes in all, content by @number; its checksum that of the pseudo-header alone (@blank), as
 * whoever leaves it to others has it, or right.
 */
static void make(uint8_t *d, uint32_t len, bool v6, bool blank, uint32_t number)
{
    const uint32_t l4 = ETH + (v6 ? 40 : 20);
    uint64_t seed = number + 1;

    memset(d, 0, l4 + 20);
    memcpy(d, "\x00\x16\x3e\x00\x00\x01\x02\x00\x00\x00\x00\x02", 12);
    put16(d + 12, v6 ? 0x86dd : 0x0800);
    d[ETH] = v6 ? 0x60 : 0x45;
    put16(d + ETH + (v6 ? 4 : 2), len - (v6 ? l4 : ETH));
    d[ETH + (v6 ? 6 : 9)] = 6;
    d[ETH + (v6 ? 7 : 8)] = 64;
    memcpy(d + ETH + (v6 ? 8 : 12), "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
    if ( !v6 )
        put16(d + ETH + 10, ~sum16(d + ETH, 20, 0));
    put16(d + l4, 1000 + number % 7);           /* several connections, so several queues */
    put16(d + l4 + 2, 80);
    memcpy(d + l4 + 4, &number, 4);
    d[l4 + 12] = 5 << 4;
    d[l4 + 13] = 0x10;
    for ( uint32_t i = l4 + 20; i < len; i++ )
        d[i] = next_random(&seed);
    put16(d + l4 + 16, blank ? sum16(d + ETH + (v6 ? 8 : 12), v6 ? 32 : 8, 6 + len - l4) : ~tcp_sum(d, len, v6));
}

static const struct { uint32_t len; bool v6; uint8_t csum, gso; } kinds[] = {
    { 60, false, NET_CSUM_UNKNOWN, 0 }, { 1514, false, NET_CSUM_VALID, 0 }, { 1514, true, NET_CSUM_BLANK, 0 },
    { 1000, false, NET_CSUM_BLANK, 0 }, { 30000, false, NET_CSUM_BLANK, XEN_NETIF_GSO_TYPE_TCPV4 },
    { MAX_LEN, true, NET_CSUM_BLANK, XEN_NETIF_GSO_TYPE_TCPV6 },
    { 4096, false, NET_CSUM_BLANK, XEN_NETIF_GSO_TYPE_TCPV4 },
};
#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void send_kind(unsigned int k, uint32_t number)
{
    struct net_packet p = { .data = sent_data, .len = kinds[k].len, .csum = kinds[k].csum, .gso = kinds[k].gso,
                            .gso_size = kinds[k].gso ? 1400 : 0 };

    make(sent_data, p.len, kinds[k].v6, p.csum == NET_CSUM_BLANK, number);
    for ( int i = 0; i < 600 && netfront_send(&front, &p, 1) == 0; i++ )
        step(100);
    assert_int_equal(p.status, 0);
}

/* The next packet on the interface into seen; its length. */
static uint32_t socket_read(struct virtio_net_hdr *h)
{
    struct iovec v[2] = { { h, sizeof(*h) }, { seen, sizeof(seen) } };
    ssize_t n = readv(sock, v, 2);

    assert_true(n > (ssize_t)sizeof(*h));
    return n - sizeof(*h);
}

static void socket_write(unsigned int k, uint32_t number)
{
    struct virtio_net_hdr h = { 0 };
    struct iovec v[2] = { { &h, sizeof(h) }, { sent_data, kinds[k].len } };
    const uint32_t l4 = ETH + (kinds[k].v6 ? 40 : 20);

    make(sent_data, kinds[k].len, kinds[k].v6, kinds[k].csum == NET_CSUM_BLANK, number);
    if ( kinds[k].csum == NET_CSUM_BLANK )
    {
        h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        h.csum_start = l4;
        h.csum_offset = 16;
    }
    if ( kinds[k].gso )
    {
        h.gso_type = kinds[k].v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
        h.gso_size = 1400;
        h.hdr_len = l4 + 20;
    }
    assert_int_equal(writev(sock, v, 2), kinds[k].len + sizeof(h));
}

static void wait_got(unsigned int nr)
{
    for ( int i = 0; i < 200 && nr_got < nr; i++ )
        step(100);
    assert_int_equal(nr_got, nr);
}

/* ------------------------------------------------------------------ tests */

static const struct net_offers all = { .sg = true, .csum = true, .csum6 = true, .gso = true, .gso6 = true };

TEST(packets_of_all_kinds_go_out_as_they_are)
{
    set_up(all);
    for ( unsigned int i = 0; i < 10 * NR_KINDS; i++ )
    {
        const unsigned int k = i % NR_KINDS;
        struct virtio_net_hdr h;

        send_kind(k, i);
        step(0);
        assert_int_equal(socket_read(&h), kinds[k].len);
        assert_memory_equal(seen, sent_data, kinds[k].len);
        assert_int_equal(h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM, kinds[k].csum == NET_CSUM_BLANK);
        if ( kinds[k].csum == NET_CSUM_BLANK )
            assert_int_equal(h.csum_start + h.csum_offset, ETH + (kinds[k].v6 ? 40 : 20) + 16);
        assert_int_equal(h.gso_type, !kinds[k].gso ? VIRTIO_NET_HDR_GSO_NONE :
                         kinds[k].v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4);
        if ( kinds[k].gso )
            assert_int_equal(h.gso_size, 1400);
    }
    tear_down();
}

TEST(packets_of_all_kinds_come_in_as_they_are)
{
    set_up(all);
    for ( unsigned int i = 0; i < 10 * NR_KINDS; i++ )
    {
        const unsigned int k = i % NR_KINDS;

        socket_write(k, i);
        wait_got(i + 1);
        assert_int_equal(got.len, kinds[k].len);
        assert_memory_equal(got_data, sent_data, got.len);
        assert_int_equal(got.csum == NET_CSUM_BLANK, kinds[k].csum == NET_CSUM_BLANK);
        assert_int_equal(got.gso, kinds[k].gso);
        assert_int_equal(got.gso_size, kinds[k].gso ? 1400 : 0);
    }
    tear_down();
}

TEST(who_takes_no_offloads_gets_plain_packets)
{
    set_up((struct net_offers){ 0 });
    for ( unsigned int k = 0, want = 0; k < NR_KINDS; k++ )
    {
        const uint32_t headers = ETH + (kinds[k].v6 ? 40 : 20) + 20;

        socket_write(k, k);
        want += kinds[k].gso ? (kinds[k].len - headers + 1399) / 1400 : 1;
        wait_got(want);
        assert_true(got.len <= 1514 && got.csum != NET_CSUM_BLANK && !got.gso);
        assert_int_equal(tcp_sum(got_data, got.len, kinds[k].v6), 0xffff);
        if ( !kinds[k].gso )
            assert_memory_equal(got_data + headers, sent_data + headers, got.len - headers);
    }
    tear_down();
}

/* One packet each way, over and over if it is lost, within the time that a user would call a pause. */
static void both_ways(uint32_t number)
{
    const uint32_t len = kinds[number % NR_KINDS].len;
    struct virtio_net_hdr h;
    struct timeval short_time = { .tv_usec = 50000 };
    struct iovec v[2] = { { &h, sizeof(h) }, { seen, sizeof(seen) } };
    ssize_t n = 0;

    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &short_time, sizeof(short_time));
    for ( int i = 0; i < 200 && n <= 0; i++ )
    {
        send_kind(number % NR_KINDS, number);
        do
            n = readv(sock, v, 2);
        while ( n > 0 && (n - sizeof(h) != len || memcmp(seen, sent_data, len)) );
    }
    assert_true(n > 0);
    for ( int i = 0; i < 200 && (got.len != len || memcmp(got_data, sent_data, len)); i++ )
    {
        socket_write(number % NR_KINDS, number);
        step(50);
        step(0);
    }
    assert_int_equal(got.len, len);
    assert_memory_equal(got_data, sent_data, len);
}

TEST(traffic_goes_on_when_the_process_is_killed)
{
    set_up(all);
    const unsigned int changes = nr_changes;

    for ( unsigned int i = 0; i < 20; i++ )
    {
        for ( int k = 0; k < 20; k++ )          /* both directions, and nobody waits for it */
        {
            send_kind(k % NR_KINDS, 1000 + k);
            socket_write(k % NR_KINDS, 2000 + k);
            if ( i % 2 )
                step(0);
        }
        reap(i % 4 == 3 ? SIGTERM : SIGKILL);
        assert_true(has_link());
        spawn();
        both_ways(i);
    }
    assert_int_equal(nr_changes, changes);      /* the front end noticed nothing */
    tear_down();
}

TEST(a_successor_waits_for_the_interface)
{
    pid_t first;

    set_up(all);
    kill(child, SIGSTOP);
    first = child;
    spawn();
    usleep(300000);
    assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
    pid_t second = child;

    child = first;
    reap(SIGKILL);
    child = second;
    both_ways(1);
    tear_down();
}

TEST(the_process_has_no_rights_left)
{
    static const char *const lines[] = {
        "Uid:\t65534\t65534\t65534\t65534\n", "Groups:\t \n", "CapEff:\t0000000000000000\n",
        "CapPrm:\t0000000000000000\n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n",
    };
    char path[64], text[4096] = "";
    FILE *f;

    set_up(all);
    snprintf(path, sizeof(path), "/proc/%d/status", child);
    f = fopen(path, "r");
    assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
    fclose(f);
    for ( size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++ )
        assert_non_null(strstr(text, lines[i]));
    tear_down();
}

TESTS(
    RUN(the_process_has_no_rights_left),
    RUN(packets_of_all_kinds_go_out_as_they_are),
    RUN(packets_of_all_kinds_come_in_as_they_are),
    RUN(who_takes_no_offloads_gets_plain_packets),
    RUN(traffic_goes_on_when_the_process_is_killed),
    RUN(a_successor_waits_for_the_interface),
)
