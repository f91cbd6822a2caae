/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches, found by the hash of the watched path: firing looks up each prefix of the path
 * that changed, so that it costs its depth and those who are told.
 */
#include "watch.h"

#include <errno.h>
#include <stdlib.h>

#include "conn.h"
#include "domain.h"
#include "quota.h"
#include "store.h"

struct watch {
    struct link of_conn;
    struct watch *next;             /* in the bucket */
    struct conn *conn;
    uint32_t hash, depth;
    uint16_t path_len, token_len;   /* without NUL */
    uint16_t skip;                  /* characters of paths that its owner does not see */
    char bytes[];                   /* path NUL token NUL */
};

static struct watch **bucket;
static uint32_t nr_buckets;         /* a power of two */
static uint32_t nr_watches;

static const char *path_of(const struct watch *w) { return w->bytes; }
static const char *token_of(const struct watch *w) { return w->bytes + w->path_len + 1; }

static void grow_table(void)
{
    const uint32_t nr = nr_buckets ? nr_buckets * 2 : 64;
    struct watch **new = xalloc(nr * sizeof(*new));

    for ( uint32_t i = 0; i < nr_buckets; i++ )
        for ( struct watch *w = bucket[i], *next; w; w = next ) {
            next = w->next;
            w->next = new[w->hash % nr];
            new[w->hash % nr] = w;
        }
    free(bucket);
    bucket = new;
    nr_buckets = nr;
}

static struct watch *find(struct conn *c, const char *path, const char *token)
{
    const uint32_t hash = hash_string(path);

    for ( struct watch *w = nr_buckets ? bucket[hash % nr_buckets] : NULL; w; w = w->next )
        if ( w->hash == hash && w->conn == c && !strcmp(path_of(w), path) &&
             !strcmp(token_of(w), token) )
            return w;
    return NULL;
}

static size_t watch_bytes(const struct watch *w)
{
    return sizeof(*w) + w->path_len + w->token_len + 2;
}

int watch_add(struct conn *c, const char *path, const char *token, bool relative, uint32_t depth)
{
    const size_t path_len = strlen(path), token_len = strlen(token);
    struct watch *w;

    if ( find(c, path, token) )
        return -EEXIST;
    if ( !c->privileged && !quota_allows(c->domain, QUOTA_WATCHES, c->nr_watches, 1) )
        return -E2BIG;
    if ( nr_watches >= nr_buckets )
        grow_table();
    w = xalloc(sizeof(*w) + path_len + token_len + 2);
    w->conn = c;
    w->hash = hash_string(path);
    w->depth = depth;
    w->path_len = path_len;
    w->token_len = token_len;
    memcpy(w->bytes, path, path_len + 1);
    memcpy(w->bytes + path_len + 1, token, token_len + 1);
    if ( relative ) {
        char prefix[PATH_SPACE];

        access_path(c, "x", prefix);
        w->skip = strlen(prefix) - 1;
    }
    w->next = bucket[w->hash % nr_buckets];
    bucket[w->hash % nr_buckets] = w;
    list_append(&c->watches, &w->of_conn);
    nr_watches++;
    c->nr_watches++;
    c->domain->other_bytes += watch_bytes(w);
    return 0;
}

static void destroy(struct watch *w)
{
    struct watch **at = &bucket[w->hash % nr_buckets];

    while ( *at != w )
        at = &(*at)->next;
    *at = w->next;
    list_remove(&w->of_conn);
    nr_watches--;
    w->conn->nr_watches--;
    w->conn->domain->other_bytes -= watch_bytes(w);
    free(w);
}

int watch_remove(struct conn *c, const char *path, const char *token)
{
    struct watch *w = find(c, path, token);

    if ( !w )
        return -ENOENT;
    destroy(w);
    return 0;
}

void watch_remove_all(struct conn *c)
{
    while ( !list_empty(&c->watches) )
        destroy(LIST_ENTRY(c->watches.next, struct watch, of_conn));
}

void watch_each(struct conn *c, void (*fn)(struct conn *c, const char *path, const char *token,
                                           bool relative, uint32_t depth))
{
    for ( struct link *l = c->watches.next; l != &c->watches; l = l->next ) {
        const struct watch *w = LIST_ENTRY(l, struct watch, of_conn);

        fn(c, path_of(w), token_of(w), w->skip != 0, w->depth);
    }
}

unsigned long watch_count_all(void)
{
    return nr_watches;
}

void watch_send(struct conn *c, const char *path, const char *token)
{
    conn_event(c, path, strlen(path) + 1, token, strlen(token) + 1);
}

/* Firing. */

struct firing {
    const char *path;
    uint32_t len;
    const struct perms *node, *parent;      /* as they are, or were; NULL: none */
};

static bool may_know(const struct conn *c, const struct firing *f)
{
    return c->privileged ||
           (f->node && (access_rights(c, f->node) & PERM_READ)) ||
           (f->parent && (access_rights(c, f->parent) & PERM_READ));
}

/* Those watching exactly the first @len characters of the path, which is @below levels up. */
static void fire_at(const struct firing *f, uint32_t len, uint32_t hash, uint32_t below)
{
    for ( struct watch *w = bucket[hash % nr_buckets]; w; w = w->next ) {
        if ( w->hash != hash || w->path_len != len || memcmp(path_of(w), f->path, len) ||
             below > w->depth || !may_know(w->conn, f) )
            continue;
        conn_event(w->conn, f->path + w->skip, f->len - w->skip + 1, token_of(w),
                   w->token_len + 1);
    }
}

static void fire_prefixes(const struct firing *f)
{
    uint32_t hash = HASH_START, below = 0;

    if ( f->len > 1 )
        for ( uint32_t i = 0; i < f->len; i++ )
            below += f->path[i] == '/';
    fire_at(f, 1, hash_byte(HASH_START, '/'), below);
    for ( uint32_t i = 0; i < f->len && f->len > 1; i++ ) {
        if ( i && f->path[i] == '/' )
            fire_at(f, i, hash, below);
        below -= f->path[i] == '/';
        hash = hash_byte(hash, f->path[i]);
    }
    if ( f->len > 1 )
        fire_at(f, f->len, hash, 0);
}

struct descent {
    char path[PATH_SPACE];
    uint32_t len, hash;
    const struct perms *parent;
};

/* A node that went with one above it: only those who watch it, or below. */
static void fire_gone(void *arg, struct node *kid)
{
    struct descent *d = arg;
    const uint32_t up_len = d->len, up_hash = d->hash, n = kid->data->name_len;
    const struct perms *up_parent = d->parent;
    struct firing f;

    if ( d->len + 1 + n >= sizeof(d->path) )
        return;
    d->path[d->len++] = '/';
    memcpy(d->path + d->len, node_name(kid), n + 1);
    d->len += n;
    for ( uint32_t i = up_len; i < d->len; i++ )
        d->hash = hash_byte(d->hash, d->path[i]);
    f = (struct firing){ d->path, d->len, kid->data->perms, d->parent };
    fire_at(&f, d->len, d->hash, 0);
    d->parent = kid->data->perms;
    node_each_kid(kid, fire_gone, d);
    d->len = up_len;
    d->hash = up_hash;
    d->parent = up_parent;
}

void watch_fire(const char *path, enum watch_change what, struct node *gone)
{
    struct firing f = { .path = path, .len = strlen(path) };
    struct node *near, *n;

    if ( !nr_watches )
        return;
    n = tree_find(store.root, path, &near);
    if ( n )
        f.node = n->data->perms;
    else if ( gone )
        f.node = gone->data->perms;
    if ( what != WATCH_CHANGED && f.len > 1 ) {
        char up[PATH_SPACE];
        const char *slash = strrchr(path, '/');

        memcpy(up, path, slash - path);
        up[slash - path] = '\0';
        tree_find(store.root, slash == path ? "/" : up, &near);
        f.parent = near->data->perms;
    }
    if ( gone && gone->kids ) {
        static struct descent d;

        d.len = f.len;
        d.hash = hash_string(path);
        d.parent = gone->data->perms;
        memcpy(d.path, path, f.len);
        node_each_kid(gone, fire_gone, &d);
    }
    fire_prefixes(&f);
}

void watch_fire_special(const char *name)
{
    const struct firing f = { name, strlen(name), *store_special(name), NULL };

    if ( nr_watches )
        fire_at(&f, f.len, hash_string(name), 0);
}
