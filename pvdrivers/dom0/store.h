/* SPDX-License-Identifier: MIT */
/* The store, as far as the broker lets us.  One request at a time. */
#ifndef PV_DOM0_STORE_H
#define PV_DOM0_STORE_H

#include <stddef.h>
#include <stdint.h>
#include <xenabi/io/xs_wire.h>

struct store {
    int requests, events;           /* sockets; events becomes readable when a watch fires, or the broker dies */
};

/* Start the broker of @folder: this program under another name.  0 or -errno. */
int store_open(struct store *s, const char *folder);

/*
 * A request @type (XS_*) with @path and what follows it, @rest.  The answer's length, with a NUL behind it in @answer,
 * or -XEN_E*.
 */
int store_ask(struct store *s, uint32_t type, uint32_t txn, const char *path, const char *rest, size_t rest_len,
              char answer[XENSTORE_PAYLOAD_MAX + 1]);

/* Take what fired: 1, there was something; 0; negative: the broker has gone. */
int store_fired(struct store *s);

#endif
