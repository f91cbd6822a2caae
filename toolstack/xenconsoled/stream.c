/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Byte streams.  Input is read only when the guest's ring has room for it, so nothing is ever
 * buffered here; output waits in the history.
 */
#include "stream.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "console.h"

#define CHUNK       2048
#define FEED_MAX    (16 * CHUNK)        /* bytes written in one go */

static bool behind(const struct stream *s)
{
    return !s->muted && s->pos < history_head(&s->console->hist);
}

void stream_update(struct stream *s)
{
    if ( s->open )
        loop_events(&s->src, (console_room(s->console) ? EPOLLIN : 0) |
                    (behind(s) ? EPOLLOUT : 0));
}

void stream_feed(struct stream *s)
{
    char buf[CHUNK];

    for ( size_t done = 0; s->open && behind(s) && done < FEED_MAX;  ) {
        uint64_t lost, pos = s->pos;
        const size_t n = history_get(&s->console->hist, &pos, buf, sizeof(buf), &lost);
        const ssize_t written = write(s->src.fd, buf, n);

        if ( written <= 0 )
            break;
        s->pos = pos - n + (uint64_t)written;
        done += (size_t)written;
    }
    console_drained(s->console);
    stream_update(s);
}

static void take_input(struct stream *s)
{
    char buf[1024];
    size_t room = console_room(s->console);
    ssize_t n;

    if ( !room )
        return;
    n = read(s->src.fd, buf, room < sizeof(buf) ? room : sizeof(buf));
    if ( n > 0 )
        console_input(s->console, buf, (size_t)n);
    else if ( n == 0 || (errno != EAGAIN && errno != EINTR) )
        console_stream_closed(s->console);
}

static void on_event(struct source *src, uint32_t events)
{
    struct stream *s = (struct stream *)src;

    if ( events & EPOLLOUT )
        stream_feed(s);
    if ( s->open && events & EPOLLIN )
        take_input(s);
    if ( s->open && events & (EPOLLHUP | EPOLLERR) && !(events & EPOLLIN) )
        console_stream_closed(s->console);
    stream_update(s);
}

int stream_start(struct stream *s, struct console *c, int fd, uint64_t pos)
{
    int rc;

    s->console = c;
    s->pos = pos;
    s->muted = false;
    rc = loop_add(&s->src, fd, 0, on_event);
    if ( rc )
        return rc;
    s->open = true;
    stream_update(s);
    return 0;
}

void stream_stop(struct stream *s)
{
    if ( !s->open )
        return;
    loop_del(&s->src);
    close(s->src.fd);
    s->open = false;
}
