/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Viewing a console through the terminal that the store names: with another console daemon
 * than ours, and for emulated serial ports.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

#include "console/view.h"

#define NAMES_MAX   4096            /* domains looked at for a name */
#define POLL_MS     100
#define QUIET_MS    300             /* without output, after the end of the input */

static char *read_node(struct xs_handle *xs, const char *path)
{
    return xs_read(xs, XBT_NULL, path, NULL);
}

static bool has_name(struct xs_handle *xs, const char *domid, const char *name)
{
    char path[64], *value;
    bool same;

    snprintf(path, sizeof(path), "/local/domain/%.16s/name", domid);
    value = read_node(xs, path);
    same = value && !strcmp(value, name);
    free(value);
    return same;
}

static int find_domain(struct xs_handle *xs, const char *name, uint32_t *domid)
{
    unsigned int n = 0;
    char **ids = xs_directory(xs, XBT_NULL, "/local/domain", &n);
    int rc = -ESRCH;

    for ( unsigned int i = 0; ids && i < n && i < NAMES_MAX && rc; i++ )
        if ( has_name(xs, ids[i], name) ) {
            *domid = (uint32_t)strtoul(ids[i], NULL, 10);
            rc = 0;
        }
    free(ids);
    return rc;
}

static char *read_tty(struct xs_handle *xs, const struct xn_console_view *view, uint32_t domid)
{
    char path[64], *tty;

    if ( view->serial )
        snprintf(path, sizeof(path), "/local/domain/%u/serial/%u/tty", domid, view->number);
    else if ( view->number )
        snprintf(path, sizeof(path), "/local/domain/%u/device/console/%u/tty", domid,
                 view->number);
    else
        snprintf(path, sizeof(path), "/local/domain/%u/console/tty", domid);
    tty = read_node(xs, path);
    if ( tty && strncmp(tty, "/dev/pts/", 9) ) {      /* "", or nothing to be opened */
        free(tty);
        tty = NULL;
    }
    return tty;
}

/* The terminal, once it is there.  -1 after a message. */
static int open_tty(const struct xn_console_view *view, struct xs_handle *xs,
                    struct console_user *u)
{
    uint32_t domid = view->domid;
    char *tty = NULL;
    int fd;

    while ( !tty ) {
        struct pollfd p = { .fd = u->signal_fd, .events = POLLIN };

        if ( !view->name || find_domain(xs, view->name, &domid) == 0 )
            tty = read_tty(xs, view, domid);
        if ( !tty && !view->wait ) {
            if ( view->name )
                user_say("domain '%s' has no console %u with a terminal; is xenconsoled "
                         "running?", view->name, view->number);
            else
                user_say("domain %u has no %s %u with a terminal; is xenconsoled running?",
                         domid, view->serial ? "serial port" : "console", view->number);
            return -1;
        }
        if ( !tty && poll(&p, 1, POLL_MS) > 0 && user_signal(u) != SIGWINCH )
            return -1;
    }
    fd = open(tty, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if ( fd < 0 || !isatty(fd) ) {
        user_say("console terminal %s: %s", tty, fd < 0 ? strerror(errno) : "not a terminal");
        if ( fd >= 0 )
            close(fd);
        fd = -1;
    }
    free(tty);
    return fd;
}

static void go_raw(int fd)
{
    struct termios t;

    if ( tcgetattr(fd, &t) == 0 ) {
        cfmakeraw(&t);
        tcsetattr(fd, TCSANOW, &t);
    }
}

/* false: the view is over. */
static bool round_trip(struct console_user *u, int tty, char *in, size_t *in_len)
{
    const bool typed = u->input_open && !*in_len && !u->left;
    struct pollfd fds[3] = {
        { .fd = tty, .events = (short)(POLLIN | (*in_len ? POLLOUT : 0)) },
        { .fd = u->signal_fd, .events = POLLIN },
        { .fd = typed ? 0 : -1, .events = POLLIN },
    };
    const int n_ready = poll(fds, 3, u->input_open ? -1 : QUIET_MS);
    char out[1024];
    ssize_t n;

    if ( n_ready <= 0 )
        return n_ready < 0 && errno == EINTR;
    if ( fds[1].revents && user_signal(u) != SIGWINCH )
        return false;
    if ( fds[2].revents )
        *in_len = user_read(u, in, 512);
    if ( *in_len && fds[0].revents & POLLOUT ) {
        n = write(tty, in, *in_len);
        if ( n > 0 ) {
            *in_len -= (size_t)n;
            memmove(in, in + n, *in_len);
        }
    }
    if ( fds[0].revents & (POLLIN | POLLHUP | POLLERR) ) {
        n = read(tty, out, sizeof(out));
        if ( n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) )
            return false;
        if ( n > 0 && !user_write(u, out, (size_t)n) )
            return false;
    }
    return !(u->left && !*in_len);
}

int console_run_tty(const struct xn_console_view *view)
{
    struct xs_handle *xs = xs_open(0);
    struct console_user u;
    size_t in_len = 0;
    char in[512];
    int tty = -1;

    if ( !xs ) {
        user_say("cannot reach the store: %s; is xenstored running?", strerror(errno));
        return 1;
    }
    if ( user_enter(&u, view->escape) == 0 )
        tty = open_tty(view, xs, &u);
    if ( tty >= 0 ) {
        go_raw(tty);
        if ( view->notify_fd > 0 && write(view->notify_fd, "", 1) != 1 )
            user_say("the one who waits for the console is gone");
        while ( round_trip(&u, tty, in, &in_len) )
            ;
        close(tty);
    }
    user_leave(&u);
    xs_close(xs);
    return tty < 0;
}
