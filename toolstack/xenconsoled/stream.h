/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A byte stream at a console's other end: the master side of its terminal, or the connection
 * to a channel's socket.  Reads from the history at its own pace, never blocks.
 */
#ifndef XENCONSOLED_STREAM_H
#define XENCONSOLED_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"

struct console;

struct stream {
    struct source src;
    struct console *console;
    uint64_t pos;               /* of the next byte to write, in the history */
    bool open;
    bool muted;                 /* nobody listens: write nothing */
};

/* Takes fd, which is non-blocking.  0 or -errno (fd is then still the caller's). */
int stream_start(struct stream *s, struct console *c, int fd, uint64_t pos);
void stream_stop(struct stream *s);
/* Write what there is, a bounded amount; the loop continues it. */
void stream_feed(struct stream *s);
/* The guest has room for input again, or has none. */
void stream_update(struct stream *s);

#endif
