/* SPDX-License-Identifier: MIT */
/*
 * The configuration store, through the ring that the domain's builder made.
 *
 * Calls wait for their answer.  Paths without a slash in front are below the
 * domain's own folder.  @txn is a transaction's number, 0 for none.  Absent in
 * the control domain.  Everything returns -XEN_E* for an error.
 */
#ifndef GUEST_STORE_H
#define GUEST_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

long store_init(void);                  /* 0, or -XEN_ENODEV without a ring; guest_start has called it */

/* Length; the text ends in NUL.  -XEN_E2BIG: there is no room for it, or it has a NUL in it. */
long store_read(uint32_t txn, const char *path, char *buf, size_t size);
long store_write(uint32_t txn, const char *path, const char *value);    /* @value NULL removes */
/* The names below @path, each with its NUL, one after the other; their length together. */
long store_list(const char *path, char *buf, size_t size);

long store_begin(uint32_t *txn);
long store_end(uint32_t txn, bool commit);      /* -XEN_EAGAIN: somebody else was quicker */

/*
 * From now on (or no more) store_event is called with @token after changes at
 * and below @path, and once at first: from inside any call here, so it had
 * better only take a note.
 */
long store_watch(const char *path, const char *token, bool on);
extern void (*store_event)(const char *path, const char *token);

void store_poll(void);                  /* take what came without being asked for */
uint32_t store_port(void);              /* that its events come by; 0: no store */

#endif
