/* SPDX-License-Identifier: MIT */
/*
 * A network interface of ours whose other side we are: packets with virtio-net headers, one in each call.
 */
#ifndef PV_DOM0_TAP_H
#define PV_DOM0_TAP_H

#include "net/net.h"

/*
 * Take the interface, or make it: a descriptor that does not block, or -errno.  It stays when we end, with all that it
 * was joined to, for a successor; who waits here for a predecessor's end.
 */
int tap_open(const char *name);

/* What is to be left to us of the packets that we read, as our front end takes them. */
void tap_offer(int tap, const struct net_offers *o);

/* Is there anybody behind us? */
void tap_carrier(int tap, bool on);

/* It goes with us. */
void tap_give_up(int tap);

/* Packets written to the interface; how many were lost. */
unsigned int tap_write(int tap, const struct net_packet *packets, unsigned int nr);

/* Read into @nr packets, whose data have room for @room bytes each; how many came. */
unsigned int tap_read(int tap, struct net_packet *packets, unsigned int nr, uint32_t room);

#endif
