/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * epoll with deferred frees.  Every source gets at most one call a round, and every call does
 * a bounded amount of work, so that no descriptor starves another.
 */
#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#define ROUND_EVENTS 64

static int epoll_fd = -1;
static void **doomed;
static size_t nr_doomed, max_doomed;

int loop_init(void)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return epoll_fd < 0 ? -errno : 0;
}

int loop_add(struct source *s, int fd, uint32_t events,
             void (*fn)(struct source *s, uint32_t events))
{
    struct epoll_event ev = { .events = events, .data.ptr = s };

    if ( epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 )
        return -errno;
    s->fd = fd;
    s->events = events;
    s->fn = fn;
    return 0;
}

void loop_events(struct source *s, uint32_t events)
{
    struct epoll_event ev = { .events = events, .data.ptr = s };

    if ( !s->fn || s->events == events )
        return;
    s->events = events;
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, s->fd, &ev);
}

void loop_del(struct source *s)
{
    if ( !s->fn )
        return;
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
    s->fn = NULL;
}

void loop_free_later(void *p)
{
    if ( nr_doomed == max_doomed ) {
        const size_t max = max_doomed ? 2 * max_doomed : 64;
        void **more = realloc(doomed, max * sizeof(*more));

        if ( !more )
            return;                 /* a leak is better than a use after free */
        doomed = more;
        max_doomed = max;
    }
    doomed[nr_doomed++] = p;
}

void loop_round(int timeout_ms)
{
    struct epoll_event ev[ROUND_EVENTS];
    const int n = epoll_wait(epoll_fd, ev, ROUND_EVENTS, timeout_ms);

    for ( int i = 0; i < n; i++ ) {
        struct source *s = ev[i].data.ptr;

        if ( s->fn )
            s->fn(s, ev[i].events);
    }
    while ( nr_doomed )
        free(doomed[--nr_doomed]);
}

uint64_t loop_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}
