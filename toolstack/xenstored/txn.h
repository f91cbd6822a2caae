/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transactions.  Starting one is taking a reference to the tree.  It keeps what it changes in
 * a tree of its own and in a log, and the paths that it has looked at.  If nobody else changed
 * the store in between, its tree becomes the store; else it fails with EAGAIN if something
 * that it looked at has changed, and its log is replayed on the new tree if not.
 */
#ifndef XENSTORED_TXN_H
#define XENSTORED_TXN_H

#include "journal.h"
#include "tree.h"

struct conn;

/* What a transaction depends on at a path, besides whether there is a node. */
#define ACCESS_DATA    1u       /* value or permissions */
#define ACCESS_KIDS    2u       /* the set of children */
#define ACCESS_PERMS   4u
#define ACCESS_SUBTREE 8u       /* everything below, too */
#define ACCESS_FIRED   16u      /* its watches were fired; set at the end */

struct access;
struct txn_use;

struct txn {
    struct link link;           /* of its connection */
    struct conn *conn;
    uint32_t id;
    bool doomed;                /* from before a restart: ends in EAGAIN */
    struct node *base, *root;
    struct buf log;             /* records of changes */
    struct access *table;       /* hashed */
    uint32_t nr_access, table_size;
    struct buf paths;           /* of the table */
    struct tally tally;
    struct txn_use *use;        /* change of each owner's nodes */
    uint32_t nr_use;
    uint32_t charged;           /* bytes of memory accounted for */
    uint64_t started;           /* ms */
    uint64_t held_until;        /* ms: others' changes wait until then; see conn_held */
};

/* 0 with *@out, -ENOSPC. */
int must_check txn_start(struct conn *c, struct txn **out);
struct txn *txn_find(struct conn *c, uint32_t id);
/* 0, -EAGAIN, -ENOSPC.  Ended in any case; @done is called after watches fired. */
int must_check txn_commit(struct txn *t, void (*done)(struct conn *c));
void txn_abort(struct txn *t);
void txn_abort_all(struct conn *c);
void txn_load(struct conn *c, uint32_t id);

/* Make and log a change, which is allowed: REC_WRITE, REC_MKDIR, REC_RM, REC_PERMS. */
void txn_change(struct txn *t, enum rec_type type, uint16_t creator, const char *path,
                const void *data, uint32_t len);
/* Let go of the snapshots of transactions that are open for too long: they will fail. */
void txn_expire(struct conn *c);
#define TXN_MAX_MS 60000    /* an unprivileged one that is open for longer fails */
extern unsigned int nr_txns;        /* open, of all connections */

/* Note that it depends on @path.  0 or -ENOSPC (quota). */
int must_check txn_note(struct txn *t, const char *path, unsigned int what);
/* Nodes that @domid would own less or more. */
long txn_nodes_of(const struct txn *t, uint16_t domid);

#endif
