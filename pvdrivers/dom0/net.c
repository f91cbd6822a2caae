/* SPDX-License-Identifier: MIT */
/*
 * xenolith-net BACKEND: the network back end as a process, for one device.
 *
 * BACKEND is the device's folder in the store; "vifname" in it is the interface's name, or it is vifDOMID.DEVID.  When
 * the interface is there the process gives up its rights, its capabilities and most system calls.
 *
 * SIGTERM leaves the device and the interface to a successor, as kill -9 does; packets on the way may be lost then.
 */
#include "dom0/process.h"
#include "dom0/tap.h"
#include "dom0/uring.h"
#include "net/back.h"
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BATCH       64u
#define ROOM        (NET_MAX_PACKET + 1u)   /* of a packet from the interface: whole pages */
#define SLOT        (PV_PAGE + ROOM)        /* a page before it, for the header */
#define ROUNDS      8u                      /* of batches, before the front end is looked at again */

static struct linux_host host;
static struct netback device;
static struct pv_ops ops;
static int tap = -1;

/* Packets from the interface that the front end has not taken yet. */
static struct {
    uint8_t *data;
    struct net_packet packets[BATCH];
    unsigned int first, nr;
    bool asked;                             /* a read waits for the next one */
    unsigned int turn;                      /* the last one that brought any */
    bool eager;                             /* ... and so did the one before: look for more at once */
    bool room;                              /* worth another try */
} in;

static unsigned int turn;

/* Whose is what ended in the ring: the read; anything else, as a write that failed. */
static char from_tap, other;

static bool is_connected(void)
{
    return device.bus.state == XenbusStateConnected;
}

/* ------------------------------------------------------------------ packets */

/*
 * Written with the next system call.  One for many packets is more than a call saved: after each, Linux lets whoever
 * waits for the packet go first.
 */
static void receive(void *owner, const struct net_packet *packets, unsigned int nr)
{
    for ( unsigned int i = 0; i < nr; i++ )
    {
        struct io_uring_sqe *sqe = uring_operation();

        if ( !sqe )
            return;                         /* lost, as packets may be */
        tap_pack(&packets[i]);
        io_uring_prep_write(sqe, tap, packets[i].data - TAP_HEADER, packets[i].len + TAP_HEADER, 0);
        io_uring_sqe_set_data(sqe, &other);
        sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    }
}

/* What was received is where the next packets go: it is written before. */
static void grant_copy(void *ctx, domid_t peer, struct pv_copy *copies, unsigned int nr)
{
    if ( !copies->to_peer && io_uring_sq_ready(&uring) )
        io_uring_submit(&uring);
    linux_ops.grant_copy(ctx, peer, copies, nr);
}

static void writable(void *owner)
{
    in.room = true;
}

static void changed(void *owner)
{
    if ( is_connected() )
        tap_offer(tap, &device.peer);
    in.nr = 0;
    tap_carrier(tap, is_connected());
}

static uint8_t *slot(unsigned int i)
{
    return in.data + i * (size_t)SLOT + PV_PAGE - TAP_HEADER;
}

static void take(ssize_t bytes)
{
    struct net_packet *p = &in.packets[in.nr];

    p->data = slot(in.nr) + TAP_HEADER;
    in.nr += tap_unpack(p, bytes);
}

static void ended(const struct io_uring_cqe *cqe)
{
    if ( io_uring_cqe_get_data(cqe) != &from_tap )
        return;
    in.asked = false;
    in.eager = in.turn + 1 == turn;
    in.turn = turn;
    in.first = in.nr = 0;
    take(cqe->res);
}

/* What the interface has; false: that was all. */
static bool drain(void)
{
    ssize_t n = 1;

    while ( in.nr < BATCH && (n = read(tap, slot(in.nr), TAP_HEADER + ROOM)) > 0 )
        take(n);
    return n > 0;
}

/* The next one. */
static void ask(void)
{
    struct io_uring_sqe *sqe = uring_operation();

    if ( !sqe )
        return;
    io_uring_prep_read(sqe, tap, slot(0), TAP_HEADER + ROOM, 0);
    io_uring_sqe_set_data(sqe, &from_tap);
    in.asked = true;
}

static void to_front_end(void)
{
    bool more = in.eager && in.first == 0;

    in.room = false;
    for ( unsigned int i = 0; i < ROUNDS; i++ )
    {
        unsigned int n;

        if ( more )
            more = drain();
        n = netback_send(&device, in.packets + in.first, in.nr);
        in.first += n;
        in.nr -= n;
        if ( in.nr || !more )
            return;                         /* if some are left, writable() will be called */
        in.first = 0;
    }
}

/* A read that waits would keep the interface after our end, until Linux has time to take the ring apart. */
static void ask_no_more(void)
{
    struct io_uring_sqe *sqe = uring_operation();

    if ( !sqe )
        return;
    io_uring_prep_cancel(sqe, &from_tap, 0);
    io_uring_sqe_set_data(sqe, &other);
    while ( in.asked && uring_turn(false, ended) >= 0 )
        ;
    close(tap);
}

/* ------------------------------------------------------------------ start */

/* vifDOMID.DEVID from the folder's last two parts, if there is no other name. */
static int interface_name(const char *folder, char name[IF_NAMESIZE])
{
    unsigned int domid, devid;
    const char *p = strstr(folder, "/backend/");
    char *given = process_node(&host, folder, "vifname");
    int n = IF_NAMESIZE;

    if ( given )
        n = snprintf(name, IF_NAMESIZE, "%s", given);
    else if ( p && sscanf(p, "/backend/%*[^/]/%u/%u", &domid, &devid) == 2 )
        n = snprintf(name, IF_NAMESIZE, "vif%u.%u", domid, devid);
    free(given);
    return n > 0 && n < IF_NAMESIZE && !strpbrk(name, "/%") ? 0 : -EINVAL;
}

static int start(const char *folder)
{
    static const uint8_t may[] = { IORING_OP_READ, IORING_OP_ASYNC_CANCEL };
    char name[IF_NAMESIZE] = "";
    int rc;

    if ( linux_open(&host, folder) )
        return 1;
    rc = interface_name(folder, name);
    if ( rc == 0 )
        rc = tap = tap_open(name);
    if ( rc < 0 )
        return process_die(name, rc);
    in.data = mmap(NULL, BATCH * (size_t)SLOT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if ( in.data == MAP_FAILED )
        return process_die("memory", errno);
    tap_carrier(tap, false);
    rc = process_say_id(&host, folder);
    if ( rc )
    {
        tap_give_up(tap);
        return process_die(folder, rc);
    }
    ops = linux_ops;
    ops.grant_copy = grant_copy;
    device.bus.ops = &ops;
    device.bus.ctx = &host;
    device.config = (struct netback_config){
        .max_queues = 4, .takes = { .sg = true, .csum = true, .csum6 = true, .gso = true, .gso6 = true },
        .receive = receive, .writable = writable, .changed = changed,
    };
    uring_files[URING_EVENTS] = host.evtchn;
    uring_files[URING_STORE] = host.store.events;
    rc = uring_open(may, sizeof(may), 0);
    if ( rc )
        return process_die("io_uring", rc);
    if ( process_confine() )
        return 1;
    rc = netback_start(&device, folder);
    if ( rc )
        return process_die(folder, rc);
    fprintf(stderr, "%s: serving interface %s\n", folder, name);
    return 0;
}

/* ------------------------------------------------------------------ running */

static int serve(const char *folder)
{
    netback_run(&device);
    for ( ;; turn++ )
    {
        const int came = uring_turn(device.more || in.room, ended);

        if ( came < 0 )
            return process_die("io_uring", came);
        if ( (came & 1 << URING_STORE) && process_watches(&host) )
        {
            netback_watch(&device);
            if ( process_is_over(&host, folder, device.bus.state) )
            {
                tap_give_up(tap);
                break;
            }
        }
        if ( came & 1 << URING_SIGNALS )
            break;
        if ( (came & 1 << URING_EVENTS) || device.more )
            netback_run(&device);
        if ( !is_connected() )
            in.nr = 0;
        else if ( in.nr || in.room )
            to_front_end();
        if ( in.nr == 0 && !in.asked && is_connected() )
            ask();
    }
    netback_stop(&device);
    ask_no_more();
    return 0;
}

int main(int argc, char **argv)
{
    int rc;

    uring_files[URING_SIGNALS] = process_begin(argc, argv);
    if ( uring_files[URING_SIGNALS] < 0 )
        return 2;
    rc = start(argv[1]);
    return rc ? rc : serve(argv[1]);
}
