/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main loop: sockets, event channels, turns.
 */
#ifndef XENSTORED_LOOP_H
#define XENSTORED_LOOP_H

#include "util.h"

struct conn;

extern struct link loop_ready;      /* connections with something to read */
extern struct link loop_dirty;      /* connections with output, or to be closed */

int must_check loop_init(void);
/* Serve the listening socket @fd; @read_only clients. */
int must_check loop_listen(int fd, bool read_only);
int must_check loop_add_hv(int fd);
void loop_add_socket(struct conn *c);
/* What a socket is waited for. */
void loop_poll(struct conn *c, bool input, bool output);
int must_check loop_domain_event(void);
/* The port of domain events, for loop_run. */
extern int loop_domain_port;

/* One round over the ready connections, without waiting; for tests as well. */
void loop_round(void);
/* Until *@stop. */
void loop_run(const volatile bool *stop);

#endif
