/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper: a parent process that shares the server's table of open files and starts the
 * server anew when it was killed, so that its clients' sockets stay open.
 *
 * Which sockets those were, and their watches and transactions, is in the journal.  What the
 * journal cannot know is how far a request or a reply had got that was under way at that very
 * moment: such a connection is marked busy in memory that keeper and server share, and is
 * closed.  All others go on as if nothing had happened.
 */
#ifndef XENSTORED_KEEPER_H
#define XENSTORED_KEEPER_H

#include "util.h"

#define KEEPER_MAX_FD 8192
#define KEEPER_LISTEN 2

struct keeper_shared {
    bool restarted;                     /* this server is not the first one */
    int listen_fd[KEEPER_LISTEN];       /* 0: none yet */
    int lock_fd;
    uint8_t busy[KEEPER_MAX_FD];
};
extern struct keeper_shared *keeper;    /* never NULL */

/*
 * Returns in each server; @ready is called in the keeper when a server first says so, @at_end
 * when it ends.  The keeper ends with a server that ends by itself, or has died too often.
 */
void keeper_start(void (*ready)(void), void (*at_end)(void));
void keeper_say_ready(void);

/* In a server that is not the first: close what the one before left open, but for @wanted. */
void keeper_close_others(bool (*wanted)(int fd));

/* Did the server before leave this file open? */
bool keeper_left_open(int fd);

static inline void keeper_busy(int fd, bool busy)
{
    if ( fd >= 0 && fd < KEEPER_MAX_FD )
        keeper->busy[fd] = busy;
}

static inline bool keeper_was_busy(int fd)
{
    return fd < 0 || fd >= KEEPER_MAX_FD || keeper->busy[fd];
}

#endif
