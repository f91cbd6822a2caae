/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting, accepting, and the order of a round: turns, seal the journal, let output leave.
 */
#include "loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "domain.h"
#include "hv.h"
#include "journal.h"
#include "txn.h"

#define EVENTS_MAX 64
#define EXPIRE_MS  5000
#define CONNS_MAX  4096
#define OTHER_FILES 64      /* besides connections */

struct link loop_ready = { &loop_ready, &loop_ready };
struct link loop_dirty = { &loop_dirty, &loop_dirty };
int loop_domain_port = -1;

static int epoll_fd = -1;
static unsigned int conns_max = CONNS_MAX;

/* What epoll gives back, other than connections. */
static struct listener {
    int fd;
    bool read_only;
} listener[2];
static unsigned int nr_listeners;
static char hv_mark;

int loop_init(void)
{
    struct rlimit files = { CONNS_MAX + OTHER_FILES, CONNS_MAX + OTHER_FILES };

    if ( setrlimit(RLIMIT_NOFILE, &files) && getrlimit(RLIMIT_NOFILE, &files) == 0 &&
         files.rlim_cur > OTHER_FILES && files.rlim_cur < CONNS_MAX + OTHER_FILES )
        conns_max = files.rlim_cur - OTHER_FILES;
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return epoll_fd < 0 ? -errno : 0;
}

static int add(int fd, void *mark, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.ptr = mark };

    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

int loop_listen(int fd, bool read_only)
{
    struct listener *l = &listener[nr_listeners++];

    *l = (struct listener){ fd, read_only };
    return add(fd, l, EPOLLIN);
}

int loop_add_hv(int fd)
{
    return add(fd, &hv_mark, EPOLLIN);
}

void loop_poll(struct conn *c, bool input, bool output)
{
    struct epoll_event e = {
        .events = (input ? EPOLLIN : 0u) | (output ? EPOLLOUT : 0u), .data.ptr = c,
    };

    if ( c->waits_input == input && c->waits_output == output )
        return;
    if ( epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e) == 0 ) {
        c->waits_input = input;
        c->waits_output = output;
    }
}

void loop_add_socket(struct conn *c)
{
    c->waits_input = true;
    if ( add(c->fd, c, EPOLLIN) )
        conn_end_socket(c);
}

static void accept_clients(const struct listener *l)
{
    for ( int n = 0; n < 16; n++ ) {
        const int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if ( fd < 0 ) {
            if ( errno != EAGAIN && errno != EINTR && log_allowed() )
                log_warn("accept: %s", strerror(errno));
            return;
        }
        if ( nr_conns >= conns_max ) {
            if ( log_allowed() )
                log_warn("more than %u connections; one refused", conns_max);
            close(fd);
            return;
        }
        if ( journal_admit(REC_SPACE(0, 0), false) == 0 )
            journal_put(REC_CONN, KEY_SOCKET | fd, l->read_only, NULL, NULL, 0);
        loop_add_socket(conn_new_socket(fd, l->read_only));
    }
}

static struct conn *conn_of_port(uint32_t port)
{
    for ( struct link *l = conns.next; l != &conns; l = l->next ) {
        struct conn *c = LIST_ENTRY(l, struct conn, all);

        if ( c->kind == CONN_RING && c->port == port )
            return c;
    }
    return NULL;
}

static void hv_events(void)
{
    uint32_t ports[32];
    const int n = hv_pending(ports, ARRAY_SIZE(ports));
    bool domains = false;

    for ( int i = 0; i < n; i++ ) {
        struct conn *c;

        if ( (int)ports[i] == loop_domain_port ) {
            domains = true;
            continue;
        }
        c = conn_of_port(ports[i]);
        if ( c ) {
            conn_make_ready(c);
            conn_make_dirty(c);     /* room in its ring, perhaps */
        }
    }
    if ( domains )
        domain_check_all();
}

static void conn_events(struct conn *c, uint32_t events)
{
    if ( events & EPOLLOUT ) {
        loop_poll(c, c->waits_input, false);
        conn_make_dirty(c);
    }
    if ( events & (EPOLLIN | EPOLLHUP | EPOLLERR) ) {
        if ( conn_is_full(c) && (events & (EPOLLHUP | EPOLLERR)) ) {
            c->broken = true;       /* it will never take its output */
            conn_make_dirty(c);
        }
        conn_make_ready(c);
    }
}

void loop_round(void)
{
    struct link turn, *l;

    /* A list of its own: who becomes ready meanwhile has its turn in the next round. */
    list_init(&turn);
    while ( !list_empty(&loop_ready) ) {
        l = loop_ready.next;
        list_remove(l);
        list_append(&turn, l);
    }
    while ( !list_empty(&turn) ) {
        l = turn.next;
        list_remove(l);
        conn_serve(LIST_ENTRY(l, struct conn, ready));
    }
    for ( l = loop_dirty.next; l != &loop_dirty; l = l->next )
        conn_put_record(LIST_ENTRY(l, struct conn, dirty));
    journal_seal();
    list_init(&turn);
    while ( !list_empty(&loop_dirty) ) {
        l = loop_dirty.next;
        list_remove(l);
        list_append(&turn, l);
    }
    while ( !list_empty(&turn) ) {
        l = turn.next;
        list_remove(l);
        conn_flush(LIST_ENTRY(l, struct conn, dirty));
    }
}

/* How long to wait: not at all, if somebody is ready who may go on. */
static int timeout(void)
{
    if ( !list_empty(&loop_dirty) )
        return 0;
    for ( struct link *l = loop_ready.next; l != &loop_ready; l = l->next )
        if ( !conn_held(LIST_ENTRY(l, struct conn, ready)) )
            return 0;
    return !list_empty(&loop_ready) ? 5 : nr_txns ? EXPIRE_MS : -1;
}

/* Now and then, give up transactions that never end. */
static void expire(void)
{
    static uint64_t next;
    const uint64_t now = nr_txns ? now_ms() : 0;

    if ( now < next || !nr_txns )
        return;
    next = now + EXPIRE_MS;
    for ( struct link *l = conns.next; l != &conns; l = l->next )
        txn_expire(LIST_ENTRY(l, struct conn, all));
}

void loop_run(const volatile bool *stop)
{
    struct epoll_event e[EVENTS_MAX];

    while ( !*stop ) {
        const int n = epoll_wait(epoll_fd, e, EVENTS_MAX, timeout());

        for ( int i = 0; i < n; i++ ) {
            void *mark = e[i].data.ptr;

            if ( mark == &hv_mark )
                hv_events();
            else if ( mark >= (void *)listener && mark < (void *)(listener + 2) )
                accept_clients(mark);
            else
                conn_events(mark, e[i].events);
        }
        loop_round();
        expire();
    }
}
