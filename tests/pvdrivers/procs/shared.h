/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine of two domains in a file, each domain a process: takes the place of dom0/linux.c and of the store,
 * so that the back end's process can be run, and killed, on the host.
 */
#ifndef SHARED_H
#define SHARED_H

#include "pv.h"

enum { SIDE_BACK, SIDE_FRONT };

extern const struct pv_ops shared_ops;

void shared_create(const char *folder);             /* the test: a new world in the files of @folder */
void shared_attach(const char *folder, int side);   /* either process */
void shared_died(int side);                         /* what a system does for a process that is gone */
void shared_set(const char *path, const char *value);
bool shared_wait(int ms);                           /* something came for us (the test's side) */
unsigned int shared_events(void **users, unsigned int nr);
bool shared_watch_fired(void);

#endif
