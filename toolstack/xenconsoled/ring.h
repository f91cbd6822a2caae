/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page shared with a guest: a byte ring each way.  Everything in it may change at any
 * time and to anything; no function here reads or writes outside its arrays, whatever the
 * indexes say.
 */
#ifndef XENCONSOLED_RING_H
#define XENCONSOLED_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <xenabi/io/console.h>

/*
 * Copy what the guest wrote, at most max bytes, without taking it off the ring; *next is the
 * consumer index after it.  *broken: the indexes made no sense; *next drops what is there.
 */
size_t ring_peek(const struct xencons_interface *r, char *buf, size_t max, uint32_t *next,
                 bool *broken);

uint32_t ring_out_cons(const struct xencons_interface *r);
void ring_set_out_cons(struct xencons_interface *r, uint32_t cons);

/* Room for input.  *broken: the indexes made no sense and were reset (the room is whole). */
size_t ring_room(struct xencons_interface *r, bool *broken);
/* Give the guest n bytes, n at most ring_room's answer; the guest is to be notified. */
void ring_put(struct xencons_interface *r, const char *buf, size_t n);

#endif
