/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Viewers: connections to the daemon's socket (protocol: xenolith/console.h).
 */
#ifndef XENCONSOLED_VIEWER_H
#define XENCONSOLED_VIEWER_H

#include "console.h"

/* Listen on path.  0 or -errno after a message. */
int viewer_listen(const char *path);
/* A console appeared: viewers that waited for it are attached. */
void viewer_console_added(struct console *c);
/* Every console that was there at the start has been added: who asked before gets an answer. */
void viewer_all_known(void);
/* Send the console's viewers what is new (or its end). */
void viewer_feed_all(struct console *c);
/* The guest takes input again. */
void viewer_input_all(struct console *c);
void viewer_resize_all(struct console *c, const struct viewer *except);
/* The console is forgotten: end its viewers with this text. */
void viewer_end_all(struct console *c, const char *why);

#endif
