/* SPDX-License-Identifier: MIT */
/*
 * The store's broker: what stands between a back end's process, which may be taken over, and a connection to the store
 * that may do everything.
 *
 * A process of its own for each device, without rights but that connection.  It passes on what the back end may ask
 * for: read and watch the device's own folder and the front end's, write the nodes of its own folder that back ends
 * write (never those that the toolstack does: they say which image and which front end a successor serves), one
 * transaction at a time, at a bounded rate.  Everything else is refused, and the log has it.
 *
 * To the back end there are two sockets: one with a message of the store's protocol, whole, in each packet; and one
 * with a byte for "a watch has fired".  It ends with the back end.  When the store goes away, it stays and says so.
 */
#ifndef PV_DOM0_BROKER_H
#define PV_DOM0_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#define BROKER_NAME     "xenolith-store"    /* a back end's program under this name is one */
#define BROKER_PATH     256u                /* of a path, at most, with its end */
#define BROKER_WATCHES  8u
#define BROKER_TOKENS   512u                /* requests at once; later one for each BROKER_FILL_MS */
#define BROKER_FILL_MS  40u

struct broker {
    int client, events;
    int store;                      /* -1: it has gone */
    const char *folder;
    char front[BROKER_PATH];
    uint32_t txn;                   /* 0: none is open */
    unsigned int nr_watches, nr_refused;
    unsigned int tokens;
    uint64_t filled_ms;
};

/* Serves on standard input (messages) and output (events) until the back end ends. */
int broker_main(const char *folder);

/* Read from the store what the front end's folder is; false, with a line on standard error. */
bool broker_begin(struct broker *b);

/* Wait for something, and do it; false: the back end has ended, or does not speak the protocol. */
bool broker_turn(struct broker *b);

#endif
