/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A console's pseudo-terminal, and a channel's listening socket.
 */
#ifndef XENCONSOLED_TERMINAL_H
#define XENCONSOLED_TERMINAL_H

#include "console.h"

int terminal_init(void);
/* Make the terminal: c->line, c->tty.  0 or -errno after a message. */
int terminal_open(struct console *c);
void terminal_close(struct console *c);
void terminal_resize(struct console *c, uint16_t rows, uint16_t cols);

int channel_listen(struct console *c);
/* The one who was connected left: take the next. */
void channel_next(struct console *c);
void channel_close(struct console *c);

#endif
