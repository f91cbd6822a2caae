/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Viewing a console through our daemon's socket.  The position in the output is counted, so
 * that a daemon that is killed and started again costs the user nothing: the viewer connects
 * anew and goes on with the next byte.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "console/view.h"

#define RECONNECT_MS    100
#define RECONNECT_TRIES 100             /* ten seconds */

struct session {
    const struct xn_console_view *view;
    struct console_user user;
    int fd;                             /* -1: the daemon is away */
    bool attached, replayed, ended, failed;
    bool of_the_past;                   /* the domain has ended: XN_CONSOLE_END will come */
    uint32_t domid;                     /* once attached */
    uint64_t pos;                       /* of the next byte of output */
    size_t out_len, out_off;            /* input on its way to the daemon */
    char out[XN_CONSOLE_MESSAGE];
};

static int connect_daemon(const struct xn_console_view *view)
{
    const char *path = view->socket ? view->socket : XN_CONSOLE_SOCKET;
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if ( fd < 0 )
        return -errno;
    if ( strlen(path) >= sizeof(a.sun_path) ) {
        close(fd);
        return -ENAMETOOLONG;
    }
    strcpy(a.sun_path, path);
    if ( connect(fd, (struct sockaddr *)&a, sizeof(a)) ) {
        const int rc = -errno;

        close(fd);
        return rc;
    }
    return fd;
}

static bool send_attach(struct session *s)
{
    const struct xn_console_view *view = s->view;
    struct xn_console_attach a = {
        .type = XN_CONSOLE_ATTACH, .version = XN_CONSOLE_VERSION, .number = view->number,
    };

    if ( s->attached ) {
        a.flags = XN_CONSOLE_RESUME;
        a.domid = s->domid;
        a.from = s->pos;
    } else {
        a.flags = view->wait ? XN_CONSOLE_WAIT : 0;
        a.domid = view->domid;
        if ( view->name ) {
            a.flags |= XN_CONSOLE_BY_NAME;
            snprintf(a.name, sizeof(a.name), "%s", view->name);
        }
    }
    return send(s->fd, &a, sizeof(a), MSG_NOSIGNAL) == sizeof(a);
}

static void send_size(struct session *s)
{
    struct xn_console_size size = { .type = XN_CONSOLE_RESIZE };

    if ( s->fd >= 0 && user_size(&size.rows, &size.cols) )
        send(s->fd, &size, sizeof(size), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void fail(struct session *s, const char *text, size_t n)
{
    user_say("%.*s", (int)n, text);
    s->failed = true;
}

static void take_attached(struct session *s, const char *msg, size_t n)
{
    struct xn_console_attached a;

    if ( n != sizeof(a) ) {
        fail(s, "xenconsoled speaks another version of the protocol", 50);
        return;
    }
    memcpy(&a, msg, sizeof(a));
    if ( !s->attached && s->view->notify_fd > 0 && write(s->view->notify_fd, "", 1) != 1 )
        user_say("the one who waits for the console is gone");
    s->attached = true;
    s->of_the_past = a.ended;
    s->domid = a.domid;
    s->pos = a.from;
    send_size(s);
}

static void take_message(struct session *s, const char *msg, size_t n)
{
    struct xn_console_lost lost;

    switch ( msg[0] ) {
    case XN_CONSOLE_ATTACHED:
        take_attached(s, msg, n);
        break;
    case XN_CONSOLE_OUTPUT:
        s->pos += n - 1;
        if ( !user_write(&s->user, msg + 1, n - 1) )
            s->ended = true;
        break;
    case XN_CONSOLE_LOST:
        if ( n == sizeof(lost) ) {
            memcpy(&lost, msg, sizeof(lost));
            s->pos += lost.bytes;
            user_say("%llu bytes of output are missing here",
                     (unsigned long long)lost.bytes);
        }
        break;
    case XN_CONSOLE_END:
        user_say("%.*s", (int)(n - 1), msg + 1);
        s->ended = true;
        break;
    case XN_CONSOLE_ERROR:
        fail(s, msg + 1, n - 1);
        break;
    case XN_CONSOLE_REPLAYED:
        s->replayed = true;
        break;
    default:                            /* RESIZED: nothing to do */
        break;
    }
}

/* The daemon is away: try to find it again. */
static void reconnect(struct session *s)
{
    close(s->fd);
    s->fd = -1;
    if ( !s->attached && !s->view->wait ) {
        fail(s, "xenconsoled closed the connection", 33);
        return;
    }
    for ( int i = 0; i < RECONNECT_TRIES && s->fd < 0; i++ ) {
        struct pollfd p = { .fd = s->user.signal_fd, .events = POLLIN };

        if ( poll(&p, 1, RECONNECT_MS) > 0 && user_signal(&s->user) != SIGWINCH )
            break;
        s->fd = connect_daemon(s->view);
        if ( s->fd >= 0 && !send_attach(s) ) {
            close(s->fd);
            s->fd = -1;
        }
    }
    if ( s->fd < 0 )
        fail(s, "xenconsoled is gone; is it running?", 35);
}

static void take_output(struct session *s)
{
    char msg[XN_CONSOLE_MESSAGE];
    const ssize_t n = recv(s->fd, msg, sizeof(msg), MSG_DONTWAIT);

    if ( n > 0 )
        take_message(s, msg, (size_t)n);
    else if ( n == 0 || (errno != EAGAIN && errno != EINTR) )
        reconnect(s);
}

static void take_input(struct session *s)
{
    const size_t n = user_read(&s->user, s->out + 1, sizeof(s->out) - 1);

    s->out[0] = XN_CONSOLE_INPUT;
    s->out_len = n ? n + 1 : 0;
}

static void send_input(struct session *s)
{
    if ( send(s->fd, s->out, s->out_len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)s->out_len )
        s->out_len = 0;
}

static void take_signal(struct session *s)
{
    const int sig = user_signal(&s->user);

    if ( sig == SIGWINCH )
        send_size(s);
    else if ( sig )
        s->ended = true;
}

static void round_trip(struct session *s)
{
    const bool typed = s->user.input_open && !s->out_len && !s->user.left;
    struct pollfd fds[3] = {
        { .fd = s->fd, .events = (short)(POLLIN | (s->out_len ? POLLOUT : 0)) },
        { .fd = s->user.signal_fd, .events = POLLIN },
        { .fd = typed ? 0 : -1, .events = POLLIN },
    };

    if ( poll(fds, 3, -1) < 0 )
        return;
    if ( fds[1].revents )
        take_signal(s);
    if ( fds[2].revents )
        take_input(s);
    if ( s->out_len && fds[0].revents & POLLOUT )
        send_input(s);
    if ( fds[0].revents & (POLLIN | POLLHUP | POLLERR) )
        take_output(s);
}

/* After the escape character, or the end of the input: what was typed is still sent. */
static bool is_over(const struct session *s)
{
    if ( s->ended || s->failed )
        return true;
    if ( s->out_len )
        return false;
    return s->user.left || (!s->user.input_open && s->replayed && !s->of_the_past);
}

int xn_console_run(const struct xn_console_view *view)
{
    struct session s = { .view = view, .fd = view->serial ? -ENOENT : connect_daemon(view) };

    if ( s.fd < 0 )
        return console_run_tty(view);
    if ( user_enter(&s.user, view->escape) || !send_attach(&s) )
        fail(&s, "cannot talk to xenconsoled", 26);
    while ( !is_over(&s) )
        round_trip(&s);
    user_leave(&s.user);
    if ( s.fd >= 0 )
        close(s.fd);
    return s.failed;
}
