/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A broker between a back end, which the test is, and a store that serves fake.c's nodes from a thread.  The store
 * looks at each request on its own: is it one that the back end of this device may make?
 */
#ifndef BROKER_WORLD_H
#define BROKER_WORLD_H

#include "dom0/broker.h"
#include "dom0/store.h"
#include "pv.h"

#define DEVICE_BACK     "/local/domain/0/backend/xenblk/5/51712"
#define DEVICE_FRONT    "/local/domain/5/device/vbd/51712"

extern struct broker broker;
extern struct store client;                 /* the back end's ends */
extern int store_end;                       /* the store's; -1: it has gone */
extern unsigned int store_asked;            /* requests that came to the store, but for the broker's own */
extern unsigned int store_wrong;            /* those among them that should not have */
extern struct xsd_sockmsg store_last;
extern char store_last_body[XENSTORE_PAYLOAD_MAX + 1];

void world_open(const char *back, const char *front);   /* nodes, sockets, the store's thread; not the broker's */
void world_serve(void);                     /* the broker's thread, until the client goes */
bool world_ended(int ms);                   /* has that thread ended? */
void world_close(void);

/* The store alone, on one end of a connection. */
void store_start(const char *back, const char *front, int fd);
void store_send(uint32_t type, const void *body, uint32_t len);     /* out of turn */
void store_cut(void);                       /* the store goes away */

#endif
