/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the journal's records mean: nodes, special watches' permissions, domains with their
 * rings, clients of the socket, watches and transactions.
 */
#include "state.h"

#include <stdio.h>

#include "conn.h"
#include "domain.h"
#include "store.h"

#define DEPTH_MAX (PATH_SPACE / 2)

struct rec_node {
    uint16_t nr_perms, unused;
};

/* Writing. */

static struct buf scratch;

static uint32_t dump_depth;

static void dump_node(void *arg, struct node *n)
{
    const struct perms *p = n->data->perms;
    const struct rec_node r = { .nr_perms = p->nr };

    scratch.start = scratch.len = 0;
    buf_add(&scratch, &r, sizeof(r));
    buf_add(&scratch, p->e, p->nr * sizeof(p->e[0]));
    buf_add(&scratch, node_value(n), n->data->value_len);
    journal_put(REC_NODE, 0, dump_depth, node_name(n), scratch.p, scratch.len);
    dump_depth++;
    node_each_kid(n, dump_node, arg);
    dump_depth--;
}

static void dump_special(const char *name)
{
    const struct perms *p = *store_special(name);

    journal_put(REC_PERMS, NO_CREATOR, 0, name, p->e, p->nr * sizeof(p->e[0]));
}

static void dump_domain(struct domain *d)
{
    struct rec_domain r = {
        .gfn = d->gfn, .remote_port = d->remote_port, .target = d->target,
        .introduced = d->introduced, .shutdown = d->shutdown,
    };

    if ( !d->introduced && !d->checked )
        return;
    memcpy(r.handle, d->handle, sizeof(r.handle));
    journal_put(REC_DOMAIN, d->id, 0, NULL, &r, sizeof(r));
}

static void dump_watch(struct conn *c, const char *path, const char *token, bool relative,
                       uint32_t depth)
{
    char data[XENSTORE_PAYLOAD_MAX + 2];
    const int len = snprintf(data, sizeof(data), "%c%s", relative ? 'r' : 'a', token) + 1;

    journal_put(REC_WATCH, c->key, depth, path, data, len);
}

static void dump_conn(struct conn *c)
{
    const char *in = buf_data(&c->in);
    struct rec_ring r;

    if ( c->kind == CONN_TEST )
        return;
    if ( c->kind == CONN_SOCKET )
        journal_put(REC_CONN, c->key, c->read_only, NULL, NULL, 0);
    watch_each(c, dump_watch);
    for ( struct link *l = c->txns.next; l != &c->txns; l = l->next )
        journal_put(REC_TXN, c->key, LIST_ENTRY(l, struct txn, link)->id, NULL, NULL, 0);
    if ( c->kind != CONN_RING )
        return;
    r = (struct rec_ring){ c->ring.req_cons, c->ring.rsp_prod, c->in.len, c->out.len, c->out.len };
    if ( c == conn_handling ) {
        in = conn_message;
        r.in = conn_message_len;
    }
    scratch.start = scratch.len = 0;
    buf_add(&scratch, &r, sizeof(r));
    buf_add(&scratch, in, r.in);
    buf_add(&scratch, buf_data(&c->out), r.out);
    journal_put(REC_RING, c->id, 0, NULL, scratch.p, scratch.len);
}

static void all_is_in_the_journal(struct domain *d)
{
    if ( d->conn )
        d->conn->out_new = 0;
}

void state_dump(void)
{
    dump_depth = 0;
    dump_node(NULL, store.root);
    dump_special(WATCH_INTRODUCE);
    dump_special(WATCH_RELEASE);
    domain_each(dump_domain);
    for ( struct link *l = conns.next; l != &conns; l = l->next )
        dump_conn(LIST_ENTRY(l, struct conn, all));
    if ( !journal_overflowed() )
        domain_each(all_is_in_the_journal);
}

/* Reading. */

static struct node **at_depth[DEPTH_MAX];
static uint32_t loaded_depth;       /* of the node loaded last */

static void no_nodes(struct domain *d)
{
    d->nodes = d->bytes = 0;
}

static void load_root(struct perms *p, const char *value, uint32_t len)
{
    node_unref(store.root);
    domain_each(no_nodes);
    store.root = tree_new(p);
    domain_tally.add(&domain_tally, perms_owner(p), 1, node_bytes(store.root));
    tree_write(&store.root, "/", value, len, NO_CREATOR, &domain_tally);
    at_depth[0] = &store.root;
}

static void load_node(const struct rec *r)
{
    struct perm e[PERMS_MAX];
    struct rec_node h;
    uint32_t len = rec_data_len(r);
    const char *data = rec_data(r), *name = rec_path(r);

    if ( len < sizeof(h) || !r->path_len || r->a >= DEPTH_MAX )
        return;
    memcpy(&h, data, sizeof(h));
    data += sizeof(h);
    len -= sizeof(h);
    if ( !h.nr_perms || h.nr_perms > PERMS_MAX || len < h.nr_perms * sizeof(*e) )
        return;
    memcpy(e, data, h.nr_perms * sizeof(*e));
    data += h.nr_perms * sizeof(*e);
    len -= h.nr_perms * sizeof(*e);
    if ( len > UINT16_MAX || !perms_valid(e, h.nr_perms) )
        return;
    if ( r->a == 0 )
        load_root(perms_get(e, h.nr_perms), data, len);
    else if ( r->a <= loaded_depth + 1 && at_depth[r->a - 1] && name[0] && !strchr(name, '/') &&
              strlen(name) + 1 == r->path_len && r->path_len < XENSTORE_ABS_PATH_MAX &&
              !tree_has_kid(*at_depth[r->a - 1], name) )
        at_depth[r->a] = tree_load_child(at_depth[r->a - 1], name, r->path_len - 1, data, len,
                                         perms_get(e, h.nr_perms), &domain_tally);
    else
        return;
    loaded_depth = r->a;
}

static void load_change(const struct rec *r)
{
    const char *path = rec_path(r);
    char space[PATH_SPACE];
    const struct conn anyone = { .privileged = true };

    if ( !r->path_len || strlen(path) + 1 != r->path_len || rec_data_len(r) > UINT16_MAX )
        return;
    if ( !store_special(path) && access_path(&anyone, path, space) != path )
        return;
    if ( r->domid >= MAX_DOMID && r->domid != NO_CREATOR )
        return;
    node_unref(store_apply(&store.root, &domain_tally, r));
}

static void load_watch(const struct rec *r, struct conn *c)
{
    const char *token = rec_data(r);
    const uint32_t len = rec_data_len(r);

    if ( !r->path_len || len < 2 || token[len - 1] || strlen(rec_path(r)) + 1 != r->path_len ||
         r->path_len > PATH_SPACE || len > XENSTORE_PAYLOAD_MAX )
        return;
    if ( r->type == REC_UNWATCH )
        (void)!watch_remove(c, rec_path(r), token + 1);
    else
        (void)!watch_add(c, rec_path(r), token + 1, token[0] == 'r', r->a);
}

static void load_ring(const struct rec *r, struct conn *c)
{
    const uint32_t len = rec_data_len(r);
    const char *data = rec_data(r);
    struct rec_ring h;

    if ( len < sizeof(h) )
        return;
    memcpy(&h, data, sizeof(h));
    data += sizeof(h);
    if ( h.in > len - sizeof(h) || h.out != len - sizeof(h) - h.in || h.in > MESSAGE_MAX )
        return;
    c->ring.req_cons = h.req_cons;
    c->ring.rsp_prod = h.rsp_prod;
    buf_drop(&c->in, c->in.len);
    buf_add(&c->in, data, h.in);
    buf_add(&c->out, data + h.in, h.out);
    if ( h.out_all <= c->out.len )
        buf_drop(&c->out, c->out.len - h.out_all);
}

static void load_domain(const struct rec *r)
{
    struct rec_domain d;

    if ( rec_data_len(r) != sizeof(d) )
        return;
    memcpy(&d, rec_data(r), sizeof(d));
    domain_load(r->domid, &d);
}

static void load_release(struct domain *d)
{
    if ( d->conn )
        conn_free(d->conn);
    d->conn = NULL;
    d->introduced = false;
}

void state_apply(const struct rec *r)
{
    struct domain *d = domain_find(r->domid);
    struct conn *c = d ? d->conn : conn_find(r->domid);
    struct txn *t;

    if ( r->type == REC_NODE ) {
        load_node(r);
        return;
    }
    at_depth[0] = NULL;         /* slots move, or nodes get shared: no more nodes */
    loaded_depth = 0;
    switch ( r->type ) {
    case REC_WRITE:
    case REC_MKDIR:
    case REC_RM:
    case REC_PERMS:
        load_change(r);
        return;
    case REC_DOMAIN:
        load_domain(r);
        return;
    case REC_FORGET:
        store_forget_domain(r->domid, r->a, false);
        if ( d )
            d->checked = false;
        return;
    case REC_RELEASE:
        if ( d )
            load_release(d);
        return;
    case REC_CONN:
        if ( !c && r->domid >= KEY_SOCKET )
            conn_new_socket(r->domid & ~KEY_SOCKET, r->a);
        return;
    }
    if ( !c )
        return;
    switch ( r->type ) {
    case REC_WATCH:
    case REC_UNWATCH:
        load_watch(r, c);
        return;
    case REC_RESET:
        conn_reset(c);
        return;
    case REC_TXN:
        txn_load(c, r->a);
        return;
    case REC_TXN_END:
        t = txn_find(c, r->a);
        if ( t )
            txn_abort(t);
        return;
    case REC_RING:
        load_ring(r, c);
        return;
    case REC_CONN_END:
        if ( c->kind != CONN_SOCKET )
            return;
        c->fd = -1;             /* that file is not this connection's any more */
        conn_free(c);
        return;
    }
}
