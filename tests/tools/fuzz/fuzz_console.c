/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console daemon's core between a hostile guest and hostile viewers.  The input is a
 * list of acts: what the guest writes into its page, events, what viewers connect and send.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "console.h"
#include "fuzz.h"
#include "settings.h"
#include "terminal.h"
#include "util.h"
#include "viewer.h"

#define VIEWERS 4

static union { struct xencons_interface ring; uint8_t bytes[4096]; } pages[2];
static int viewers[VIEWERS], next_port;
static char dir[64], path[80];

/* The machine. */
int port_bind(uint32_t domid, uint32_t remote)
{
    return remote % 7 == 6 ? -1 : ++next_port;
}
void port_unbind(int port) {}
void port_notify(int port) {}
void port_unmask(int port) {}
struct xencons_interface *port_map(uint32_t domid, bool primary, uint64_t ring_ref, int *how)
{
    return ring_ref % 5 == 4 ? NULL : &pages[domid & 1].ring;
}
void port_unmap(struct xencons_interface *ring, int how) {}
void watcher_tell_tty(uint32_t domid, uint32_t number, enum console_kind kind, const char *tty) {}
void watcher_tell_state(uint32_t domid, uint32_t number, bool connected) {}

static void clean_up(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", dir);
    if ( system(command) )
        perror(command);
}

static void set_up(void)
{
    strcpy(dir, access("/dev/shm", W_OK) ? "/tmp/fuzz-console-XXXXXX" : "/dev/shm/fuzz-console-XXXXXX");
    if ( !mkdtemp(dir) || loop_init() || terminal_init() )
        abort();
    atexit(clean_up);
    settings.run_dir = settings.log_dir = dir;
    settings.log_guest = true;
    settings.log_size = 8192;
    settings.log_count = 1;
    settings.replay = 4096;
    settings.rate = 1ULL << 32;
    say_up_to(-1);
    snprintf(path, sizeof(path), "%s/socket", dir);
    if ( viewer_listen(path) )
        abort();
    viewer_all_known();
}

static void connect_viewer(int *fd)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    if ( *fd >= 0 )
        close(*fd);
    *fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
    memcpy(a.sun_path, path, sizeof(path));
    if ( connect(*fd, (struct sockaddr *)&a, sizeof(a)) ) {
        close(*fd);
        *fd = -1;
    }
}

static void serve(uint8_t a, uint8_t b)
{
    struct console_info info = { .domid = a & 1, .number = a >> 1 & 1, .ring_ref = b, .port = b };

    info.kind = !info.number ? CONSOLE_PRIMARY : a & 4 ? CONSOLE_CHANNEL : CONSOLE_EXTRA;
    info.handle[0] = a >> 3;
    snprintf(info.name, sizeof(info.name), "d%u", a & 1);
    console_serve(&info);
}

static void round_of_work(void)
{
    for ( int i = 0; i < 3; i++ ) {
        loop_round(0);
        console_work();
    }
}

/* One act; the bytes of the input that it took after its first three. */
static size_t act(uint8_t what, uint8_t a, uint8_t b, const uint8_t *rest, size_t n)
{
    uint8_t *page = pages[a & 1].bytes;
    char buf[8192];

    switch ( what % 10 ) {
    case 0:                                     /* an index */
        if ( n < 4 )
            return n;
        memcpy(page + 3072 + 4 * (b & 3), rest, 4);
        return 4;
    case 1:                                     /* output as a guest writes it */
        pages[a & 1].ring.out_prod += b;
        break;
    case 2:
        for ( int port = 0; port <= next_port; port++ )
            console_event(port);
        break;
    case 3:
        connect_viewer(&viewers[a % VIEWERS]);
        break;
    case 4:
        n = n < (size_t)b * 20 ? n : (size_t)b * 20;
        if ( viewers[a % VIEWERS] >= 0 )
            send(viewers[a % VIEWERS], rest, n, MSG_NOSIGNAL);
        return n;
    case 5:
        while ( viewers[a % VIEWERS] >= 0 && recv(viewers[a % VIEWERS], buf, sizeof(buf), 0) > 0 )
            ;
        break;
    case 6:
        console_domain_gone(a & 1);
        break;
    case 7:
        serve(a, b);
        break;
    case 8:
        console_rename(a & 1, b & 1 ? "other" : "d0");
        break;
    case 9:
        console_gone(a & 1, b & 1);
        break;
    }
    round_of_work();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if ( !dir[0] )
        set_up();
    memset(pages, 0, sizeof(pages));
    next_port = 0;
    for ( int i = 0; i < VIEWERS; i++ )
        viewers[i] = -1;
    serve(0, 0);
    for ( size_t at = 0; at + 3 <= size && at < 2000; )
        at += 3 + act(data[at], data[at + 1], data[at + 2], data + at + 3, size - at - 3);
    for ( int i = 0; i < VIEWERS; i++ )
        if ( viewers[i] >= 0 )
            close(viewers[i]);
    for ( uint32_t domid = 0; domid < 2; domid++ )
        console_domain_gone(domid);
    round_of_work();
    settings.keep_ended = 0;                    /* forget them all */
    round_of_work();
    round_of_work();
    if ( consoles )
        abort();
    settings.keep_ended = 600;
    return 0;
}
