/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's core without its main loop: a store, and connections that requests are handed
 * to and whose output is looked at.
 */
#ifndef XENSTORED_TEST_FAKE_H
#define XENSTORED_TEST_FAKE_H

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "loop.h"
#include "quota.h"
#include "state.h"
#include "store.h"

/* A new store without a journal; everything before is gone. */
void fake_start(void);
void fake_stop(void);

/* Domain 0 is privileged. */
struct conn *fake_conn(uint16_t id);

/*
 * Send a request, and take the reply to it; events before it are kept for fake_event.
 * Returns the reply's text (empty strings as they are), or "!EINVAL" for an error.
 */
const char *fake_request(struct conn *c, uint32_t type, uint32_t tx, const void *body,
                         uint32_t len);
extern uint32_t fake_len;       /* of the last reply */

/* The usual ones; paths and values are strings. */
const char *fake_read(struct conn *c, uint32_t tx, const char *path);
const char *fake_write(struct conn *c, uint32_t tx, const char *path, const char *value);
const char *fake_rm(struct conn *c, uint32_t tx, const char *path);
const char *fake_perms(struct conn *c, const char *path, const char *perms);    /* "n0 r5" */
const char *fake_watch(struct conn *c, const char *path, const char *token);
uint32_t fake_begin(struct conn *c);
const char *fake_end(struct conn *c, uint32_t tx);

/* The next event as "path token", or NULL. */
const char *fake_event(struct conn *c);

#endif
