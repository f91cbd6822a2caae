/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Viewers.  Each has a position in its console's history and at most one message of input
 * waiting for the guest; both directions stop at the viewer's own pace and stop nobody else.
 */
#include "viewer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <xenolith/console.h>

#include "util.h"

#define MAX_VIEWERS     256             /* in all */
#define MAX_PER_CONSOLE 32
#define CHUNK           (XN_CONSOLE_MESSAGE - 1)
#define FEED_MESSAGES   16              /* sent in one go */

struct viewer {
    struct source src;                  /* first: on_event casts */
    struct viewer *next;                /* of the console, or of those that wait */
    struct console *console;            /* NULL: not attached */
    struct xn_console_attach wanted;    /* not attached: what it waits for; type 0: nothing */
    uint64_t pos, replay_end;
    bool replayed, gone;
    size_t in_len, in_off;              /* input that the guest did not take yet */
    char in[XN_CONSOLE_MESSAGE];
};

static struct source listener;
static struct viewer *unattached;
static unsigned int nr_viewers;
static bool ready;                      /* what was there at the start is known */

static void update(struct viewer *v)
{
    const bool busy = v->in_off < v->in_len;
    uint32_t events = busy ? 0 : EPOLLIN;

    if ( v->gone )
        return;
    if ( v->console && (v->pos < history_head(&v->console->hist) || !v->replayed) )
        events |= EPOLLOUT;
    loop_events(&v->src, events);
}

static void unlink_viewer(struct viewer *v)
{
    struct viewer **link = v->console ? &v->console->viewers : &unattached;

    while ( *link && *link != v )
        link = &(*link)->next;
    if ( *link )
        *link = v->next;
    if ( v->console )
        v->console->nr_viewers--;
}

static void drop(struct viewer *v)
{
    if ( v->gone )
        return;
    v->gone = true;
    unlink_viewer(v);
    loop_del(&v->src);
    close(v->src.fd);
    nr_viewers--;
    loop_free_later(v);
}

static bool send_message(struct viewer *v, const void *msg, size_t n)
{
    return send(v->src.fd, msg, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n;
}

static void send_text(struct viewer *v, char type, const char *text)
{
    char msg[256];

    snprintf(msg, sizeof(msg), "%c%s", type, text);
    send_message(v, msg, strlen(msg));
}

static void refuse(struct viewer *v, const char *text)
{
    send_text(v, XN_CONSOLE_ERROR, text);
    drop(v);
}

/* Output. */

/* One message; false: there is none, or the socket is full. */
static bool feed_one(struct viewer *v)
{
    char msg[1 + CHUNK];
    struct xn_console_lost gap = { .type = XN_CONSOLE_LOST };
    uint64_t pos = v->pos;
    size_t n;

    if ( !v->replayed && v->pos >= v->replay_end ) {
        msg[0] = XN_CONSOLE_REPLAYED;
        v->replayed = send_message(v, msg, 1);
        return v->replayed;
    }
    n = history_get(&v->console->hist, &pos, msg + 1, CHUNK, &gap.bytes);
    if ( gap.bytes ) {
        if ( !send_message(v, &gap, sizeof(gap)) )
            return false;
        v->pos += gap.bytes;
    }
    msg[0] = XN_CONSOLE_OUTPUT;
    if ( !n || !send_message(v, msg, n + 1) )
        return false;
    v->pos = pos;
    return true;
}

static void feed(struct viewer *v)
{
    for ( int i = 0; i < FEED_MESSAGES && feed_one(v); i++ )
        ;
    if ( v->console->ended && v->pos >= history_head(&v->console->hist) ) {
        send_text(v, XN_CONSOLE_END, "the domain has ended");
        drop(v);
        return;
    }
    update(v);
}

void viewer_feed_all(struct console *c)
{
    for ( struct viewer *v = c->viewers, *next; v; v = next ) {
        next = v->next;
        feed(v);
    }
}

void viewer_end_all(struct console *c, const char *why)
{
    while ( c->viewers ) {
        send_text(c->viewers, XN_CONSOLE_END, why);
        drop(c->viewers);
    }
}

static void send_size(struct viewer *v, const struct console *c)
{
    const struct xn_console_size size = { .type = XN_CONSOLE_RESIZED, .rows = c->rows,
                                          .cols = c->cols };

    send_message(v, &size, sizeof(size));
}

void viewer_resize_all(struct console *c, const struct viewer *except)
{
    for ( struct viewer *v = c->viewers; v; v = v->next )
        if ( v != except )
            send_size(v, c);
}

/* Attaching. */

static void describe(const struct console *c, struct xn_console_attached *a)
{
    memset(a, 0, sizeof(*a));
    a->version = XN_CONSOLE_VERSION;
    a->ended = c->ended;
    a->domid = c->domid;
    a->number = c->number;
    a->head = history_head(&c->hist);
    copy_text(a->name, sizeof(a->name), c->name);
}

static uint64_t start_of(const struct xn_console_attach *w, const struct console *c)
{
    const uint64_t head = history_head(&c->hist);

    if ( w->flags & XN_CONSOLE_RESUME )
        return w->from < head ? w->from : head;
    return w->flags & XN_CONSOLE_NO_REPLAY ? head : history_tail(&c->hist);
}

static void attach(struct viewer *v, struct console *c)
{
    struct xn_console_attached a;

    if ( c->nr_viewers >= MAX_PER_CONSOLE ) {
        refuse(v, "too many viewers of this console");
        return;
    }
    unlink_viewer(v);
    v->console = c;
    v->next = c->viewers;
    c->viewers = v;
    c->nr_viewers++;
    v->pos = start_of(&v->wanted, c);
    v->replay_end = history_head(&c->hist);
    v->replayed = false;
    describe(c, &a);
    a.type = XN_CONSOLE_ATTACHED;
    a.from = v->pos;
    v->wanted.type = 0;
    if ( !send_message(v, &a, sizeof(a)) ) {
        drop(v);
        return;
    }
    if ( c->rows )
        send_size(v, c);
    feed(v);
}

static bool wants(const struct viewer *v, const struct console *c)
{
    const struct xn_console_attach *w = &v->wanted;

    if ( !w->type || w->number != c->number || c->ended )
        return false;
    return w->flags & XN_CONSOLE_BY_NAME ? !strcmp(w->name, c->name) : w->domid == c->domid;
}

void viewer_console_added(struct console *c)
{
    for ( struct viewer *v = unattached, *next; v; v = next ) {
        next = v->next;
        if ( wants(v, c) )
            attach(v, c);
    }
}

/* Attach to what is wanted if it is there.  Who waits for a domain does not want its past. */
static bool find_wanted(struct viewer *v)
{
    const struct xn_console_attach *w = &v->wanted;
    struct console *c = w->flags & XN_CONSOLE_BY_NAME ? console_find_name(w->name, w->number) :
                        console_find(w->domid, w->number);

    if ( !c || (c->ended && w->flags & XN_CONSOLE_WAIT) )
        return false;
    attach(v, c);
    return true;
}

static void refuse_missing(struct viewer *v)
{
    const struct xn_console_attach *w = &v->wanted;
    char text[160];

    if ( w->flags & XN_CONSOLE_BY_NAME )
        snprintf(text, sizeof(text), "domain '%s' has no console %u", w->name, w->number);
    else
        snprintf(text, sizeof(text), "domain %u has no console %u", w->domid, w->number);
    refuse(v, text);
}

static void take_attach(struct viewer *v, size_t n)
{
    struct xn_console_attach *w = &v->wanted;

    if ( v->console || w->type || n != sizeof(*w) ) {
        refuse(v, v->console || w->type ? "attached already" : "malformed request");
        return;
    }
    memcpy(w, v->in, sizeof(*w));
    w->name[sizeof(w->name) - 1] = 0;
    if ( w->version != XN_CONSOLE_VERSION ) {
        refuse(v, "another version of the protocol: restart xenconsoled, or update xl");
        return;
    }
    if ( !find_wanted(v) && ready && !(w->flags & XN_CONSOLE_WAIT) )
        refuse_missing(v);
}

void viewer_all_known(void)
{
    ready = true;
    for ( struct viewer *v = unattached, *next; v; v = next ) {
        next = v->next;
        if ( v->wanted.type && !find_wanted(v) && !(v->wanted.flags & XN_CONSOLE_WAIT) )
            refuse_missing(v);
    }
}

static void take_list(struct viewer *v)
{
    const char last = XN_CONSOLE_LISTED;
    struct xn_console_attached a;

    for ( const struct console *c = consoles; c; c = c->next ) {
        describe(c, &a);
        a.type = XN_CONSOLE_ENTRY;
        if ( !send_message(v, &a, sizeof(a)) )
            break;
    }
    send_message(v, &last, 1);
}

/* Input. */

static void push_input(struct viewer *v)
{
    while ( v->in_off < v->in_len ) {
        size_t n = v->in_len - v->in_off;
        const size_t room = v->console->ended ? n : console_room(v->console);

        if ( n > room )
            n = room;
        if ( !n )
            return;
        if ( !v->console->ended )
            console_input(v->console, v->in + v->in_off, n);
        v->in_off += n;
    }
}

void viewer_input_all(struct console *c)
{
    for ( struct viewer *v = c->viewers; v; v = v->next ) {
        push_input(v);
        update(v);
    }
}

static void take_resize(struct viewer *v, size_t n)
{
    struct xn_console_size size;

    if ( n != sizeof(size) )
        return;
    memcpy(&size, v->in, sizeof(size));
    console_resize(v->console, size.rows, size.cols);
    viewer_resize_all(v->console, v);
}

static void take_message(struct viewer *v, size_t n)
{
    const char type = v->in[0];

    if ( type == XN_CONSOLE_ATTACH ) {
        take_attach(v, n);
    } else if ( type == XN_CONSOLE_LIST ) {
        take_list(v);
    } else if ( type == XN_CONSOLE_INPUT && v->console ) {
        v->in_off = 1;
        v->in_len = n;
        push_input(v);
    } else if ( type == XN_CONSOLE_RESIZE && v->console ) {
        take_resize(v, n);
    } else if ( !(v->wanted.type && (type == XN_CONSOLE_INPUT || type == XN_CONSOLE_RESIZE)) ) {
        refuse(v, "request not understood");
    }
}

static void on_event(struct source *src, uint32_t events)
{
    struct viewer *v = (struct viewer *)src;

    if ( events & EPOLLOUT && v->console )
        feed(v);
    if ( !v->gone && events & EPOLLIN && v->in_off >= v->in_len ) {
        const ssize_t n = recv(src->fd, v->in, sizeof(v->in), MSG_DONTWAIT | MSG_TRUNC);

        v->in_off = v->in_len = 0;
        if ( n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) )
            drop(v);
        else if ( n > (ssize_t)sizeof(v->in) )
            refuse(v, "message too long");
        else if ( n > 0 )
            take_message(v, (size_t)n);
    } else if ( !v->gone && events & (EPOLLHUP | EPOLLERR) ) {
        drop(v);
    }
    if ( !v->gone )
        update(v);
}

static void on_connect(struct source *src, uint32_t events)
{
    const int fd = accept4(src->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct viewer *v;

    if ( fd < 0 )
        return;
    v = nr_viewers < MAX_VIEWERS ? calloc(1, sizeof(*v)) : NULL;
    if ( !v || loop_add(&v->src, fd, EPOLLIN, on_event) ) {
        const char busy[] = "Etoo many viewers";

        send(fd, busy, sizeof(busy) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        close(fd);
        free(v);
        return;
    }
    nr_viewers++;
    v->next = unattached;
    unattached = v;
}

int viewer_listen(const char *path)
{
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int rc = fd < 0 ? -errno : 0;
    mode_t mask;

    copy_text(a.sun_path, sizeof(a.sun_path), path);
    unlink(path);
    mask = umask(0177);
    if ( !rc && (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 64)) )
        rc = -errno;
    umask(mask);
    if ( !rc )
        rc = loop_add(&listener, fd, EPOLLIN, on_connect);
    if ( rc )
        say(LOG_ERR, "socket %s: %s; xl console has only the terminals", path, strerror(-rc));
    return rc;
}
