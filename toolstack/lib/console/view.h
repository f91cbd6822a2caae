/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the console viewer: the user's terminal, and the two ways to a console.
 */
#ifndef CONSOLE_VIEW_H
#define CONSOLE_VIEW_H

#include <poll.h>
#include <stddef.h>
#include <sys/types.h>

#include "xenolith/console.h"

/* The user's side: fds 0 and 1. */
struct console_user {
    int escape;
    int signal_fd;              /* readable when a signal came */
    bool input_open;            /* fd 0 has not ended */
    bool left;                  /* the escape character came */
};

/*
 * Catch signals and, if fd 0 is a terminal, make it raw.  user_leave undoes both; it is to be
 * called on every path.
 */
int user_enter(struct console_user *u, int escape);
void user_leave(struct console_user *u);
/*
 * Read what was typed, up to the escape character (u->left is then set, and the character and
 * what follows it are dropped).  Bytes; 0 at the end of input.
 */
size_t user_read(struct console_user *u, char *buf, size_t size);
/* Write all of it to fd 1.  false: nobody reads, or a signal came. */
bool user_write(struct console_user *u, const char *buf, size_t n);
/* The signal that came, 0: none.  SIGWINCH is among them. */
int user_signal(struct console_user *u);
bool user_size(uint16_t *rows, uint16_t *cols);
/* A line on fd 2, also while fd 0 is raw. */
void user_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Through the terminal that the store names. */
int console_run_tty(const struct xn_console_view *view);

#endif
