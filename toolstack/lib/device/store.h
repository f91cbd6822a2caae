/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store as devices and domains use it: reads of single nodes, and batches of changes
 * that are made in one transaction.
 *
 * A batch is a plain list built in memory, so that one domain with all its devices is one
 * transaction, sent in one piece (store_wire.c), and so that tests can look at it.  Nodes
 * inherit their parent's permissions: give them to a directory first (store_dir), and the
 * nodes below it need none of their own.
 *
 * Who calls: device/, domain/.  May call: ctx/, libxenstore.
 */
#ifndef XENOLITH_STORE_H
#define XENOLITH_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenolith/ctx.h"

#define STORE_PATH_MAX      512         /* ours are far shorter */
#define STORE_VALUE_MAX     4096        /* a node can hold no more */
#define STORE_LIST_MAX      4096        /* names looked at in one directory */

/* Owner with full access, others with none; one more domain may read. */
struct store_perms {
    uint32_t owner, reader;             /* reader == owner: none */
};

enum store_op_kind { STORE_WRITE, STORE_REMOVE, STORE_CHMOD, STORE_PRUNE };

struct store_op {
    enum store_op_kind kind;
    unsigned int keep;                  /* STORE_PRUNE */
    struct store_perms perms;           /* STORE_CHMOD */
    char *path, *value;                 /* value: STORE_WRITE */
};

struct store_batch {
    struct store_op *ops;
    size_t nr, room;
    bool no_memory;                     /* something could not be added: commit fails */
};

/* Set a node; create it and its parents if need be. */
void store_put(struct store_batch *b, const char *value, const char *path, ...)
    __attribute__((format(printf, 3, 4)));
void store_put_number(struct store_batch *b, uint64_t value, const char *path, ...)
    __attribute__((format(printf, 3, 4)));
/* Create an empty node with these permissions. */
void store_dir(struct store_batch *b, struct store_perms perms, const char *path, ...)
    __attribute__((format(printf, 3, 4)));
void store_chmod(struct store_batch *b, struct store_perms perms, const char *path, ...)
    __attribute__((format(printf, 3, 4)));
/* Remove a node with everything below it; that it is not there is no error. */
void store_remove(struct store_batch *b, const char *path, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Remove a node if it has no children (any more), then its parents from below as long as they
 * are empty, but not the first keep components ("/local/domain/0/backend" are 4).
 */
void store_prune(struct store_batch *b, unsigned int keep, const char *path, ...)
    __attribute__((format(printf, 3, 4)));
/* Remove a node with everything below it, then its parents as store_prune does. */
void store_remove_upwards(struct store_batch *b, unsigned int keep, const char *path, ...)
    __attribute__((format(printf, 3, 4)));
void store_batch_free(struct store_batch *b);

/*
 * Make all of a batch's changes, or none.  what: for the message ("store nodes of domain 3").
 * Repeated a bounded number of times while others change the same nodes (-EAGAIN at last).
 * The batch remains.
 */
int store_commit(struct xn_ctx *ctx, const struct store_batch *b, const char *what);

/*
 * A node's value, NUL-terminated and free of other NULs; NULL with errno (ENOENT: not there).
 * No failure is recorded: many nodes may be absent.  Guests can write what is below their
 * device/, control/, data/ and a few more: check such values.
 */
char *store_read(struct xn_ctx *ctx, const char *path, ...) __attribute__((format(printf, 2, 3)));
/* A decimal number that fills the node and is at most max; -ENOENT, -EINVAL, -ERANGE. */
int store_read_number(struct xn_ctx *ctx, uint64_t max, uint64_t *value, const char *path, ...)
    __attribute__((format(printf, 4, 5)));
/* Many nodes in few exchanges: values[i] malloc'd or NULL. */
int store_read_many(struct xn_ctx *ctx, const char *const *paths, size_t nr, char **values);
bool store_exists(struct xn_ctx *ctx, const char *path, ...)
    __attribute__((format(printf, 2, 3)));

/* Names in a directory, malloc'd as one block; NULL with errno.  Free with free(). */
char **store_list(struct xn_ctx *ctx, size_t *count, const char *path, ...)
    __attribute__((format(printf, 3, 4)));

/* Tell the store daemon that a domain is there, with its ring; or that it is gone. */
int store_introduce(struct xn_ctx *ctx, uint32_t domid, uint64_t ring_mfn, uint32_t port);
int store_release(struct xn_ctx *ctx, uint32_t domid);

/*
 * Wait until done(data) says 1 (then 0 is returned) or fails (< 0: returned as it is), asking
 * at first, whenever one of the paths changes, and every tick_ms if that is not 0.
 * -ETIMEDOUT records nothing: the caller says what was waited for.
 */
int store_wait(struct xn_ctx *ctx, const char *const *paths, size_t nr_paths,
               int (*done)(void *data), void *data, unsigned int timeout_ms,
               unsigned int tick_ms);

/*
 * store_wire.c: over the daemon's socket.  0, what the daemon refused with, or -ENOTCONN: there
 * is no socket to talk to.  *failed: index of the operation refused.
 */
int store_wire_commit(struct xn_ctx *ctx, const struct store_batch *b, size_t *failed);
int store_wire_read(struct xn_ctx *ctx, const char *const *paths, size_t nr, char **values);
int store_wire_value(struct xn_ctx *ctx, const char *path, char **value, size_t *len);
int store_wire_list(struct xn_ctx *ctx, const char *path, char ***list, size_t *count);
int store_wire_introduce(struct xn_ctx *ctx, uint32_t domid, uint64_t ring_mfn, uint32_t port);
int store_wire_release(struct xn_ctx *ctx, uint32_t domid);

#endif
