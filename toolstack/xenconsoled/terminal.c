/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pseudo-terminals, for whoever wants a plain file: Debian's xenconsole, virsh, screen.
 *
 * inotify tells when somebody opens one.  Until then nothing is written to it (it would only
 * hold the oldest 4 KiB), and who opens it first gets the recent output, as our viewers do.
 * With --overflow-data=keep, and for channels, every byte is written in order instead.
 */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "settings.h"
#include "util.h"

static struct source opens;             /* inotify */

static bool lossless(const struct console *c)
{
    return settings.keep || c->kind == CONSOLE_CHANNEL;
}

static struct console *by_watch(int watch)
{
    struct console *c = consoles;

    while ( c && c->watch != watch )
        c = c->next;
    return c;
}

static void opened(struct console *c)
{
    if ( c->openers++ || lossless(c) )
        return;
    c->line.muted = false;
    c->line.pos = history_tail(&c->hist);
    stream_feed(&c->line);
}

static void closed(struct console *c)
{
    if ( c->openers )
        c->openers--;
    if ( c->openers || lossless(c) )
        return;
    c->line.muted = true;
    tcflush(c->slave, TCIFLUSH);
    stream_update(&c->line);
}

static void on_opens(struct source *src, uint32_t events)
{
    char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    const ssize_t n = read(src->fd, buf, sizeof(buf));

    for ( ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= n;  ) {
        const struct inotify_event *e = (const void *)(buf + at);
        struct console *c = by_watch(e->wd);

        at += (ssize_t)(sizeof(*e) + e->len);
        if ( !c || !c->line.open )
            continue;
        if ( e->mask & IN_OPEN )
            opened(c);
        else if ( e->mask & (IN_CLOSE_WRITE | IN_CLOSE_NOWRITE) )
            closed(c);
    }
}

int terminal_init(void)
{
    const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    if ( fd < 0 )
        return -errno;
    return loop_add(&opens, fd, EPOLLIN, on_opens);
}

static int open_pair(struct console *c, int *master)
{
    struct termios t;

    *master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if ( *master < 0 )
        return -errno;
    if ( grantpt(*master) || unlockpt(*master) || ptsname_r(*master, c->tty, sizeof(c->tty)) )
        goto err;
    c->slave = open(c->tty, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if ( c->slave < 0 )
        goto err;
    if ( tcgetattr(c->slave, &t) == 0 ) {
        cfmakeraw(&t);
        tcsetattr(c->slave, TCSANOW, &t);
    }
    return 0;

 err:
    close(*master);
    return errno ? -errno : -EIO;
}

int terminal_open(struct console *c)
{
    int master, rc = open_pair(c, &master);

    if ( !rc ) {
        rc = stream_start(&c->line, c, master, c->kind == CONSOLE_CHANNEL ?
                          history_logged(&c->hist) : history_head(&c->hist));
        if ( rc )
            close(master);
    }
    if ( rc ) {
        say(LOG_ERR, "domain %u console %u: no terminal: %s", c->domid, c->number,
            strerror(-rc));
        terminal_close(c);
        return rc;
    }
    c->openers = 0;
    c->watch = inotify_add_watch(opens.fd, c->tty, IN_OPEN | IN_CLOSE);
    c->line.muted = c->watch >= 0 && !lossless(c);
    stream_update(&c->line);
    return 0;
}

void terminal_close(struct console *c)
{
    if ( c->watch >= 0 )
        inotify_rm_watch(opens.fd, c->watch);
    c->watch = -1;
    stream_stop(&c->line);
    if ( c->slave >= 0 )
        close(c->slave);
    c->slave = -1;
    c->tty[0] = 0;
}

void terminal_resize(struct console *c, uint16_t rows, uint16_t cols)
{
    const struct winsize size = { .ws_row = rows, .ws_col = cols };

    if ( c->slave >= 0 )
        ioctl(c->line.src.fd, TIOCSWINSZ, &size);
}

/* Channels with connection=socket. */

static void on_connect(struct source *src, uint32_t events)
{
    struct console *c = (struct console *)((char *)src - offsetof(struct console, listener));
    const int fd = accept4(src->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if ( fd < 0 )
        return;
    if ( c->line.open || stream_start(&c->line, c, fd, history_logged(&c->hist)) ) {
        close(fd);
        return;
    }
    loop_events(&c->listener, 0);       /* one at a time; the next waits in the backlog */
    stream_feed(&c->line);
}

/* A socket that a daemon before us left is removed; anything else in its place is not ours. */
static int bind_socket(int fd, const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    struct stat st;

    copy_text(a.sun_path, sizeof(a.sun_path), path);
    if ( lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) )
        unlink(path);
    if ( bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 4) )
        return -errno;
    return 0;
}

int channel_listen(struct console *c)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc = fd < 0 ? -errno : bind_socket(fd, c->socket);

    if ( !rc )
        rc = loop_add(&c->listener, fd, EPOLLIN, on_connect);
    if ( rc ) {
        say(LOG_ERR, "domain %u channel %u: socket %s: %s", c->domid, c->number, c->socket,
            strerror(-rc));
        if ( fd >= 0 )
            close(fd);
    }
    return rc;
}

void channel_next(struct console *c)
{
    stream_stop(&c->line);
    loop_events(&c->listener, EPOLLIN);
}

void channel_close(struct console *c)
{
    stream_stop(&c->line);
    if ( !c->listener.fn )
        return;
    loop_del(&c->listener);
    close(c->listener.fd);
    unlink(c->socket);
}
