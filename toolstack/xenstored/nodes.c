/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests about nodes: reading, listing, writing, removing, permissions.  Each checks
 * everything first; the change itself cannot fail.
 */
#include <errno.h>
#include <stdio.h>

#include "domain.h"
#include "quota.h"
#include "request.h"

#define NODE_RECORD 64      /* of a new node in a journal's dump, besides its name and value */

static char path_space[PATH_SPACE];

/* The path of a request that has nothing else, or NULL. */
static const char *only_path(const struct request *q)
{
    const char *name;
    uint32_t rest;

    if ( request_strings(q, &name, 1, &rest) != 1 || rest != q->len )
        return NULL;
    return access_path(q->c, name, path_space);
}

int node_read(struct request *q)
{
    const char *path = only_path(q);
    struct node *n;
    int rc;

    if ( !path )
        return -EINVAL;
    rc = access_find(q->c, q->txn, path, PERM_READ, ACCESS_DATA, &n, NULL);
    if ( !rc )
        conn_reply(q->c, node_value(n), n->data->value_len);
    return rc;
}

/* Listing. */

struct listing {
    struct buf names;
    uint32_t skip, room;
    bool full;
};

static void add_name(void *arg, struct node *kid)
{
    struct listing *l = arg;
    const uint32_t n = kid->data->name_len + 1;

    if ( l->skip ) {
        l->skip -= n < l->skip ? n : l->skip;
        return;
    }
    if ( l->full || n > l->room ) {
        l->full = true;
        return;
    }
    buf_add(&l->names, node_name(kid), n);
    l->room -= n;
}

int node_directory(struct request *q)
{
    static struct listing l;
    const char *path = only_path(q);
    struct node *n;
    int rc;

    if ( !path )
        return -EINVAL;
    rc = access_find(q->c, q->txn, path, PERM_READ, ACCESS_KIDS, &n, NULL);
    if ( rc )
        return rc;
    if ( n->nr_kids > XENSTORE_PAYLOAD_MAX / 2 )
        return -E2BIG;
    l.names.start = l.names.len = 0;
    l.skip = l.full = 0;
    l.room = XENSTORE_PAYLOAD_MAX;
    node_each_kid(n, add_name, &l);
    if ( l.full )
        return -E2BIG;
    conn_reply(q->c, l.names.p, l.names.len);
    return 0;
}

int node_directory_part(struct request *q)
{
    static struct listing l;
    const char *v[2], *path;
    unsigned long offset;
    char gen[24];
    uint32_t rest;
    struct node *n;
    int rc;

    if ( request_strings(q, v, 2, &rest) != 2 || rest != q->len ||
         !request_number(v[1], UINT32_MAX, &offset) )
        return -EINVAL;
    path = access_path(q->c, v[0], path_space);
    if ( !path )
        return -EINVAL;
    rc = access_find(q->c, q->txn, path, PERM_READ, ACCESS_KIDS, &n, NULL);
    if ( rc )
        return rc;
    l.names.start = l.names.len = 0;
    buf_add(&l.names, gen, sprintf(gen, "%llu", (unsigned long long)n->kids_gen) + 1);
    l.skip = offset;
    l.full = false;
    l.room = XENSTORE_PAYLOAD_MAX - l.names.len - 1;
    node_each_kid(n, add_name, &l);
    q->c->credit -= n->nr_kids / 64;
    if ( !l.full )
        buf_add(&l.names, "", 1);
    conn_reply(q->c, l.names.p, l.names.len);
    return 0;
}

/* Changing. */

static bool memory_allows(struct conn *c, unsigned long more)
{
    struct domain *d = c->domain;

    return c->privileged || quota_allows(d, QUOTA_MEMORY, d->bytes + d->other_bytes, more);
}

/* May @c have @nr_new more nodes, and one with @len bytes of value? */
static int within_quota(const struct request *q, const char *path, unsigned int nr_new,
                        uint32_t len, uint32_t old_len)
{
    struct conn *c = q->c;
    struct domain *d = c->domain;
    const uint32_t name_len = strlen(strrchr(path, '/'));

    if ( c->privileged )
        return 0;
    if ( nr_new && !quota_allows(d, QUOTA_NODES,
                                 d->nodes + (q->txn ? txn_nodes_of(q->txn, c->id) : 0), nr_new) )
        return -ENOSPC;
    if ( len && !quota_allows(d, QUOTA_NODE_SIZE, name_len, len) )
        return -ENOSPC;
    if ( (nr_new || len > old_len) &&
         !memory_allows(c, nr_new * (sizeof(struct node) + sizeof(struct data)) + len) )
        return -ENOSPC;
    return 0;
}

/*
 * Make a change, which is allowed: in the transaction, or in the journal and the store.  Then
 * tell watchers, then reply.  @grows: bytes by which the state may grow.
 */
static int change(struct request *q, enum rec_type type, const char *path, const void *data,
                  uint32_t len, uint32_t grows, enum watch_change what)
{
    static char space[REC_SPACE(PATH_SPACE, 2 * XENSTORE_PAYLOAD_MAX)] __attribute__((aligned(8)));
    const uint16_t creator = q->c->privileged ? NO_CREATOR : q->c->id;
    const struct rec *r = (const struct rec *)space;
    struct node *gone;

    if ( q->txn ) {
        txn_change(q->txn, type, creator, path, data, len);
        conn_ack(q->c);
        return 0;
    }
    if ( journal_admit(REC_SPACE(strlen(path), len) + grows, grows > 0) )
        return -ENOSPC;
    rec_make(space, type, creator, 0, path, data, len);
    journal_put_rec(r);
    gone = store_apply(&store.root, &domain_tally, r);
    watch_fire(path, what, gone);   /* before the reply, as clients have known it */
    node_unref(gone);
    conn_ack(q->c);
    return 0;
}

int node_write(struct request *q)
{
    const char *name, *path;
    unsigned int nr_new = 0;
    uint32_t rest, len;
    struct node *n = NULL;
    int rc;

    if ( request_strings(q, &name, 1, &rest) != 1 )
        return -EINVAL;
    path = access_path(q->c, name, path_space);
    if ( !path )
        return -EINVAL;
    len = q->len - rest;
    rc = access_find(q->c, q->txn, path, PERM_WRITE, ACCESS_DATA, &n, &nr_new);
    if ( rc && rc != -ENOENT )
        return rc;
    rc = within_quota(q, path, nr_new, len, n ? n->data->value_len : 0);
    if ( rc )
        return rc;
    return change(q, REC_WRITE, path, q->body + rest, len, nr_new * NODE_RECORD + len + 1,
                  n ? WATCH_CHANGED : WATCH_CREATED);
}

int node_mkdir(struct request *q)
{
    const char *path = only_path(q);
    unsigned int nr_new = 0;
    struct node *n = NULL;
    int rc;

    if ( !path )
        return -EINVAL;
    rc = access_find(q->c, q->txn, path, PERM_WRITE, 0, &n, &nr_new);
    if ( !rc ) {
        conn_ack(q->c);
        return 0;
    }
    if ( rc != -ENOENT )
        return rc;
    rc = within_quota(q, path, nr_new, 0, 0);
    if ( rc )
        return rc;
    return change(q, REC_MKDIR, path, NULL, 0, nr_new * NODE_RECORD, WATCH_CREATED);
}

int node_rm(struct request *q)
{
    const char *path = only_path(q);
    unsigned int nr_missing = 0;
    struct node *n;
    int rc;

    if ( !path || !path[1] )
        return -EINVAL;
    rc = access_find(q->c, q->txn, path, PERM_WRITE, ACCESS_SUBTREE, &n, &nr_missing);
    if ( rc == -ENOENT && nr_missing == 1 ) {
        conn_ack(q->c);         /* what is to be gone is */
        return 0;
    }
    if ( rc )
        return rc;
    return change(q, REC_RM, path, NULL, 0, 0, WATCH_REMOVED);
}

/* Permissions. */

int node_get_perms(struct request *q)
{
    static struct buf text;
    const char *name, *path;
    const struct perms *p;
    struct perms **special;
    struct node *n;
    uint32_t rest;

    if ( request_strings(q, &name, 1, &rest) != 1 || rest != q->len )
        return -EINVAL;
    special = store_special(name);
    if ( special ) {
        p = *special;
        if ( !(access_rights(q->c, p) & PERM_READ) )
            return -EACCES;
    } else {
        int rc;

        path = access_path(q->c, name, path_space);
        if ( !path )
            return -EINVAL;
        rc = access_find(q->c, q->txn, path, PERM_READ, ACCESS_DATA, &n, NULL);
        if ( rc )
            return rc;
        p = n->data->perms;
    }
    text.start = text.len = 0;
    perms_format(p, &text);
    conn_reply(q->c, text.p, text.len);
    return 0;
}

static int set_special(struct request *q, const char *name, const struct perm *e, int nr)
{
    if ( !q->c->privileged )
        return -EACCES;
    if ( journal_admit(REC_SPACE(strlen(name), nr * sizeof(*e)), true) )
        return -ENOSPC;
    journal_put(REC_PERMS, NO_CREATOR, 0, name, e, nr * sizeof(*e));
    perms_unref(*store_special(name));
    *store_special(name) = perms_get(e, nr);
    conn_ack(q->c);
    return 0;
}

int node_set_perms(struct request *q)
{
    struct conn *c = q->c;
    struct perm e[PERMS_MAX];
    const char *name, *path;
    struct node *n;
    uint32_t rest;
    int rc, nr;

    if ( request_strings(q, &name, 1, &rest) != 1 )
        return -EINVAL;
    nr = perms_parse(q->body + rest, q->len - rest, e, PERMS_MAX);
    if ( nr < 0 )
        return -EINVAL;
    for ( int i = 0; i < nr; i++ )
        if ( !domain_exists(e[i].domid) )
            e[i].rights |= PERM_IGNORE;
    if ( store_special(name) )
        return set_special(q, name, e, nr);
    path = access_path(c, name, path_space);
    if ( !path )
        return -EINVAL;
    rc = access_find(c, q->txn, path, PERM_OWNER, ACCESS_DATA, &n, NULL);
    if ( rc )
        return rc;
    if ( !c->privileged && e[0].domid != perms_owner(n->data->perms) )
        return -EPERM;
    if ( !c->privileged && !quota_allows(c->domain, QUOTA_PERMS, 0, nr) )
        return -ENOSPC;
    return change(q, REC_PERMS, path, e, nr * sizeof(*e), nr * sizeof(*e), WATCH_CHANGED);
}
