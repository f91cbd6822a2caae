/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user's terminal: raw mode and signals, and back.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "console/view.h"

static struct termios before;
static bool is_raw;
static sigset_t blocked, unblocked;

static int go_raw(void)
{
    struct termios raw;

    if ( !isatty(0) || tcgetattr(0, &before) )
        return 0;
    raw = before;
    cfmakeraw(&raw);
    if ( tcsetattr(0, TCSANOW, &raw) )
        return -errno;
    is_raw = true;
    return 0;
}

int user_enter(struct console_user *u, int escape)
{
    static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGWINCH };

    memset(u, 0, sizeof(*u));
    u->escape = escape;
    u->input_open = true;
    sigemptyset(&blocked);
    for ( size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++ )
        sigaddset(&blocked, caught[i]);
    sigprocmask(SIG_BLOCK, &blocked, &unblocked);
    u->signal_fd = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
    return u->signal_fd < 0 ? -errno : go_raw();
}

void user_leave(struct console_user *u)
{
    if ( is_raw )
        tcsetattr(0, TCSADRAIN, &before);
    is_raw = false;
    if ( u->signal_fd >= 0 ) {
        while ( user_signal(u) )
            ;                           /* what is still pending has ended the view already */
        close(u->signal_fd);
    }
    sigprocmask(SIG_SETMASK, &unblocked, NULL);
}

size_t user_read(struct console_user *u, char *buf, size_t size)
{
    const ssize_t n = read(0, buf, size);
    const char *end;

    if ( n <= 0 ) {
        if ( n == 0 || (errno != EAGAIN && errno != EINTR) )
            u->input_open = false;
        return 0;
    }
    end = u->escape >= 0 ? memchr(buf, u->escape, (size_t)n) : NULL;
    if ( !end )
        return (size_t)n;
    u->left = true;
    return (size_t)(end - buf);
}

/* Signals are blocked, so a reader that stopped must not hold us: wait for both. */
bool user_write(struct console_user *u, const char *buf, size_t n)
{
    while ( n ) {
        struct pollfd fds[2] = {
            { .fd = 1, .events = POLLOUT }, { .fd = u->signal_fd, .events = POLLIN },
        };
        ssize_t written;

        if ( poll(fds, 2, -1) < 0 && errno != EINTR )
            return false;
        if ( fds[1].revents && !(fds[0].revents & POLLOUT) )
            return false;
        written = write(1, buf, n < 512 ? n : 512);
        if ( written < 0 && errno != EAGAIN && errno != EINTR )
            return false;
        if ( written > 0 ) {
            buf += written;
            n -= (size_t)written;
        }
    }
    return true;
}

int user_signal(struct console_user *u)
{
    struct signalfd_siginfo info;

    if ( read(u->signal_fd, &info, sizeof(info)) != sizeof(info) )
        return 0;
    return (int)info.ssi_signo;
}

bool user_size(uint16_t *rows, uint16_t *cols)
{
    struct winsize size;

    if ( ioctl(1, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col )
        return false;
    *rows = size.ws_row;
    *cols = size.ws_col;
    return true;
}

void user_say(const char *fmt, ...)
{
    char line[320];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    fprintf(stderr, is_raw ? "\r\nxl: %s\r\n" : "xl: %s\n", line);
}
