/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transactions: snapshots, what they looked at, conflicts, replay.
 *
 * The base tree is held to the end.  So "changed since" needs no generation numbers: a node's
 * data that is still at the same address in the store's tree is the same data.
 */
#include "txn.h"

#include <errno.h>
#include <stdlib.h>

#include "conn.h"
#include "domain.h"
#include "quota.h"
#include "store.h"
#include "watch.h"

#define CONFLICTS_MAX 3     /* in a row, before others' changes wait for the next try */
#define HOLD_MS       50

unsigned int nr_txns;

struct access {
    uint32_t hash;
    uint32_t path;          /* offset in txn.paths, + 1; 0: slot is free */
    uint32_t what;
};

struct txn_use {
    uint16_t owner;
    int nodes;
    long bytes;
};

static void use_add(struct tally *tally, uint16_t owner, int nodes, long bytes)
{
    struct txn *t = (struct txn *)((char *)tally - offsetof(struct txn, tally));
    uint32_t i;

    for ( i = 0; i < t->nr_use && t->use[i].owner != owner; i++ )
        ;
    if ( i == t->nr_use ) {
        t->use = xrealloc(t->use, ++t->nr_use * sizeof(*t->use));
        t->use[i] = (struct txn_use){ .owner = owner };
    }
    t->use[i].nodes += nodes;
    t->use[i].bytes += bytes;
}

long txn_nodes_of(const struct txn *t, uint16_t domid)
{
    for ( uint32_t i = 0; i < t->nr_use; i++ )
        if ( t->use[i].owner == domid )
            return t->use[i].nodes;
    return 0;
}

static struct txn *new(struct conn *c, uint32_t id)
{
    struct txn *t = xalloc(sizeof(*t));

    t->conn = c;
    t->id = id;
    t->started = now_ms();
    t->base = node_ref(store.root);
    t->root = node_ref(store.root);
    t->tally.add = use_add;
    list_append(&c->txns, &t->link);
    nr_txns++;
    c->nr_txns++;
    return t;
}

struct txn *txn_find(struct conn *c, uint32_t id)
{
    for ( struct link *l = c->txns.next; l != &c->txns; l = l->next )
        if ( LIST_ENTRY(l, struct txn, link)->id == id )
            return LIST_ENTRY(l, struct txn, link);
    return NULL;
}

int txn_start(struct conn *c, struct txn **out)
{
    if ( !c->privileged &&
         !quota_allows(c->domain, QUOTA_TRANSACTIONS, c->nr_txns, 1) )
        return -ENOSPC;
    if ( c->kind != CONN_TEST && journal_admit(REC_SPACE(0, 0), true) )
        return -ENOSPC;
    do {
        c->last_txn++;
    } while ( !c->last_txn || txn_find(c, c->last_txn) );
    *out = new(c, c->last_txn);
    if ( c->kind != CONN_TEST )
        journal_put(REC_TXN, c->key, c->last_txn, NULL, NULL, 0);
    if ( c->privileged && c->conflicts >= CONFLICTS_MAX && !conn_holder ) {
        conn_holder = *out;
        (*out)->held_until = now_ms() + HOLD_MS;
    }
    return 0;
}

void txn_load(struct conn *c, uint32_t id)
{
    if ( txn_find(c, id) )
        return;
    new(c, id)->doomed = true;
    if ( id > c->last_txn )
        c->last_txn = id;
}

static void destroy(struct txn *t)
{
    if ( conn_holder == t )
        conn_holder = NULL;
    t->conn->domain->other_bytes -= t->charged;
    node_unref(t->base);
    node_unref(t->root);
    buf_free(&t->log);
    buf_free(&t->paths);
    free(t->table);
    free(t->use);
    list_remove(&t->link);
    t->conn->nr_txns--;
    nr_txns--;
    free(t);
}

static void put_end(struct txn *t)
{
    if ( t->conn->kind != CONN_TEST && journal_admit(REC_SPACE(0, 0), false) == 0 )
        journal_put(REC_TXN_END, t->conn->key, t->id, NULL, NULL, 0);
}

void txn_abort(struct txn *t)
{
    put_end(t);
    destroy(t);
}

/* For a connection that ends or begins anew, which the journal is told otherwise. */
void txn_abort_all(struct conn *c)
{
    while ( !list_empty(&c->txns) )
        destroy(LIST_ENTRY(c->txns.next, struct txn, link));
}

/* Account for the memory that it takes. */
static void charge(struct txn *t)
{
    const uint32_t now = t->log.cap + t->paths.cap + t->table_size * sizeof(*t->table);

    t->conn->domain->other_bytes += now - t->charged;
    t->charged = now;
}

void txn_change(struct txn *t, enum rec_type type, uint16_t creator, const char *path,
                const void *data, uint32_t len)
{
    const uint32_t had = t->log.len, space = REC_SPACE(strlen(path), len);
    void *r = buf_room(&t->log, space);

    t->log.len = had + rec_make(r, type, creator, 0, path, data, len);
    node_unref(store_apply(&t->root, &t->tally, r));
    charge(t);
}

void txn_expire(struct conn *c)
{
    const uint64_t now = now_ms();

    for ( struct link *l = c->txns.next; l != &c->txns; l = l->next ) {
        struct txn *t = LIST_ENTRY(l, struct txn, link);

        if ( c->privileged || t->doomed || now - t->started < TXN_MAX_MS )
            continue;
        log_info("domain %u: transaction %u is open for too long and will fail", c->id, t->id);
        node_unref(t->base);
        node_unref(t->root);
        t->base = node_ref(store.root);
        t->root = node_ref(store.root);
        buf_free(&t->log);
        t->nr_use = 0;
        t->doomed = true;
        charge(t);
    }
}

/* What it looked at. */

static struct access *slot_of(struct txn *t, const char *path, uint32_t hash)
{
    uint32_t i = hash;

    for ( ;; i++ ) {
        struct access *a = &t->table[i & (t->table_size - 1)];

        if ( !a->path || (a->hash == hash && !strcmp(t->paths.p + a->path - 1, path)) )
            return a;
    }
}

static void grow_table(struct txn *t)
{
    struct access *old = t->table;
    const uint32_t old_size = t->table_size;

    t->table_size = old_size ? old_size * 2 : 16;
    t->table = xalloc(t->table_size * sizeof(*t->table));
    for ( uint32_t i = 0; i < old_size; i++ )
        if ( old[i].path )
            *slot_of(t, t->paths.p + old[i].path - 1, old[i].hash) = old[i];
    free(old);
}

int txn_note(struct txn *t, const char *path, unsigned int what)
{
    struct conn *c = t->conn;
    const uint32_t hash = hash_string(path);
    struct access *a;

    if ( t->nr_access * 4 >= t->table_size * 3 )
        grow_table(t);
    a = slot_of(t, path, hash);
    if ( !a->path ) {
        if ( !c->privileged &&
             (!quota_allows(c->domain, QUOTA_TXN_NODES, t->nr_access, 1) ||
              !quota_allows(c->domain, QUOTA_MEMORY, c->domain->bytes + c->domain->other_bytes,
                            strlen(path))) )
            return -ENOSPC;
        a->hash = hash;
        a->path = t->paths.len + 1;
        buf_add(&t->paths, path, strlen(path) + 1);
        t->nr_access++;
        charge(t);
    }
    a->what |= what;
    return 0;
}

/* Did the store change at a path that it depends on? */
static bool conflicts_at(const struct txn *t, const char *path, uint32_t what)
{
    const struct node *b = tree_find(t->base, path, NULL);
    const struct node *now = tree_find(store.root, path, NULL);

    if ( !b || !now )
        return b != now;
    return ((what & (ACCESS_DATA | ACCESS_SUBTREE)) && b->data != now->data) ||
           ((what & ACCESS_PERMS) && b->data->perms != now->data->perms) ||
           ((what & ACCESS_KIDS) && b->kids_gen != now->kids_gen) ||
           ((what & ACCESS_SUBTREE) && b->kids != now->kids);
}

static bool conflicts(const struct txn *t)
{
    if ( t->doomed )
        return true;
    if ( t->base == store.root )
        return false;
    for ( uint32_t i = 0; i < t->table_size; i++ )
        if ( t->table[i].path &&
             conflicts_at(t, t->paths.p + t->table[i].path - 1, t->table[i].what) )
            return true;
    return false;
}

/* The end. */

#define EACH_REC(t, r) \
    for ( const struct rec *r = (const void *)buf_data(&(t)->log); \
          (const char *)r < buf_data(&(t)->log) + (t)->log.len; \
          r = (const void *)((const char *)r + rec_size(r->len)) )

static bool within_quota(const struct txn *t)
{
    struct domain *d = t->conn->domain;
    const long more = txn_nodes_of(t, d->id);

    return t->conn->privileged || more <= 0 || quota_allows(d, QUOTA_NODES, d->nodes, more);
}

static void fire(struct txn *t)
{
    EACH_REC(t, r) {
        const char *path = rec_path(r);
        struct access *a = slot_of(t, path, hash_string(path));
        struct node *before, *now;

        if ( a->what & ACCESS_FIRED )
            continue;
        a->what |= ACCESS_FIRED;
        before = tree_find(t->base, path, NULL);
        now = tree_find(store.root, path, NULL);
        watch_fire(path, now && before ? WATCH_CHANGED : now ? WATCH_CREATED : WATCH_REMOVED,
                   now ? NULL : before);
    }
}

static void apply(struct txn *t)
{
    EACH_REC(t, r)
        journal_put(r->type, r->domid, r->a, rec_path(r), rec_data(r), rec_data_len(r));
    if ( t->base == store.root ) {
        node_unref(store.root);
        store.root = node_ref(t->root);
        for ( uint32_t i = 0; i < t->nr_use; i++ )
            domain_tally.add(&domain_tally, t->use[i].owner, t->use[i].nodes, t->use[i].bytes);
        return;
    }
    EACH_REC(t, r)
        node_unref(store_apply(&store.root, &domain_tally, r));
}

int txn_commit(struct txn *t, void (*done)(struct conn *c))
{
    struct conn *c = t->conn;
    int rc = 0;

    if ( !t->log.len && !t->doomed ) {      /* one consistent look at the store */
        txn_abort(t);
        done(c);
        return 0;
    }
    if ( conflicts(t) )
        rc = -EAGAIN;
    else if ( !within_quota(t) || journal_admit(t->log.len * 4 + 4096, true) )
        rc = -ENOSPC;
    c->conflicts = rc == -EAGAIN ? c->conflicts + 1 : 0;
    if ( rc ) {
        txn_abort(t);
        return rc;
    }
    apply(t);
    if ( c->kind != CONN_TEST )
        journal_put(REC_TXN_END, c->key, t->id, NULL, NULL, 0);
    fire(t);
    destroy(t);
    done(c);
    return 0;
}
