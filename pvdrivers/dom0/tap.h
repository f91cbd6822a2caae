/* SPDX-License-Identifier: MIT */
/*
 * A network interface of ours whose other side we are: packets with virtio-net headers, one in each
 * read or write.
 */
#ifndef PV_DOM0_TAP_H
#define PV_DOM0_TAP_H

#include "net/net.h"
#include <sys/types.h>

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

/* Before a packet's data: what goes to and comes from the interface with it. */
#define TAP_HEADER 10u

/* Write the header before the packet: from there on all of it goes to the interface in one write. */
void tap_pack(const struct net_packet *p);

/* What was read, @bytes with the header.  False: no packet, or of a kind that was not asked for. */
bool tap_unpack(struct net_packet *p, ssize_t bytes);

#endif
