/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: file descriptors, and memory that must outlive the events in flight.
 */
#ifndef XENCONSOLED_LOOP_H
#define XENCONSOLED_LOOP_H

#include <stdint.h>

/* Part of whatever owns the descriptor.  fn NULL: not in the loop. */
struct source {
    int fd;
    uint32_t events;                        /* EPOLL* asked for */
    void (*fn)(struct source *s, uint32_t events);
};

int loop_init(void);
/* 0 or -errno. */
int loop_add(struct source *s, int fd, uint32_t events,
             void (*fn)(struct source *s, uint32_t events));
void loop_events(struct source *s, uint32_t events);
/* Takes it out of the loop; closes nothing. */
void loop_del(struct source *s);
/* free(p) once no event that was already fetched can refer to it. */
void loop_free_later(void *p);
/* Wait at most timeout_ms (-1: for ever) and deliver one round of events. */
void loop_round(int timeout_ms);

uint64_t loop_now_ns(void);

#endif
