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
#include "net/back.h"
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenstore.h>

#define BATCH       64u
#define ROOM        (NET_MAX_PACKET + 1u)   /* of a packet from the interface: whole pages */
#define ROUNDS      8u                      /* of batches, before the front end is looked at again */

static struct linux_host host;
static struct netback device;
static int tap = -1, signals = -1;

/* Packets from the interface that the front end has not taken yet. */
static struct {
    uint8_t *data;
    struct net_packet packets[BATCH];
    unsigned int first, nr;
    bool room;                              /* worth another try */
} in;

static bool is_connected(void)
{
    return device.bus.state == XenbusStateConnected;
}

/* ------------------------------------------------------------------ packets */

static void receive(void *owner, const struct net_packet *packets, unsigned int nr)
{
    tap_write(tap, packets, nr);
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

static void fill(void)
{
    for ( unsigned int i = 0; i < BATCH; i++ )
        in.packets[i].data = in.data + i * (size_t)ROOM;
    in.first = 0;
    in.nr = tap_read(tap, in.packets, BATCH, ROOM);
}

static void to_front_end(void)
{
    in.room = false;
    for ( unsigned int i = 0; i < ROUNDS && is_connected(); i++ )
    {
        unsigned int n;

        if ( in.nr == 0 )
            fill();
        if ( in.nr == 0 )
            return;
        n = netback_send(&device, in.packets + in.first, in.nr);
        in.first += n;
        in.nr -= n;
        if ( in.nr )
            return;                         /* writable() will be called */
    }
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
    char name[IF_NAMESIZE] = "";
    int rc;

    if ( linux_open(&host) )
        return 1;
    rc = interface_name(folder, name);
    if ( rc == 0 )
        rc = tap = tap_open(name);
    if ( rc < 0 )
        return process_die(name, rc);
    in.data = mmap(NULL, BATCH * (size_t)ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if ( in.data == MAP_FAILED )
        return process_die("memory", errno);
    tap_carrier(tap, false);
    rc = process_say_id(&host, folder);
    if ( rc )
    {
        tap_give_up(tap);
        return process_die(folder, rc);
    }
    device.bus.ops = &linux_ops;
    device.bus.ctx = &host;
    device.config = (struct netback_config){
        .max_queues = 4, .takes = { .sg = true, .csum = true, .csum6 = true, .gso = true, .gso6 = true },
        .receive = receive, .writable = writable, .changed = changed,
    };
    if ( process_confine(&host, folder) )
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
    enum { EVENTS, STORE, SIGNALS, TAP, NR };
    void *users[LINUX_PORTS];

    netback_run(&device);
    for ( ;; )
    {
        struct pollfd p[NR] = {
            { host.evtchn, POLLIN, 0 }, { xs_fileno(host.xs), POLLIN, 0 }, { signals, POLLIN, 0 },
            { is_connected() && in.nr == 0 ? tap : -1, POLLIN, 0 },
        };

        if ( poll(p, NR, device.more ? 0 : -1) < 0 && errno != EINTR )
            return process_die("poll", errno);
        if ( p[EVENTS].revents )
            linux_events(&host, users, LINUX_PORTS);
        if ( p[STORE].revents && process_watches(&host) )
        {
            netback_watch(&device);
            if ( process_is_over(&host, folder, device.bus.state) )
            {
                tap_give_up(tap);
                break;
            }
        }
        if ( p[SIGNALS].revents )
            break;
        netback_run(&device);
        if ( p[TAP].revents || in.room )
            to_front_end();
    }
    netback_stop(&device);
    return 0;
}

int main(int argc, char **argv)
{
    int rc;

    signals = process_begin(argc, argv);
    if ( signals < 0 )
        return 2;
    rc = start(argv[1]);
    return rc ? rc : serve(argv[1]);
}
