/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a message to its handler, and the requests that are not about nodes: watches,
 * transactions, domains.
 */
#include "request.h"

#include <errno.h>
#include <stdio.h>

#include "domain.h"
#include "quota.h"

int request_strings(const struct request *q, const char **v, int max, uint32_t *rest)
{
    uint32_t at = 0;
    int n = 0;

    while ( n < max && at < q->len ) {
        const char *end = memchr(q->body + at, 0, q->len - at);

        if ( !end )
            return -EINVAL;
        v[n++] = q->body + at;
        at = end + 1 - q->body;
    }
    *rest = at;
    return n;
}

bool request_number(const char *s, unsigned long max, unsigned long *out)
{
    unsigned long n = 0;

    if ( !*s )
        return false;
    for ( ; *s; s++ ) {
        if ( *s < '0' || *s > '9' || n > (max - (*s - '0')) / 10 )
            return false;
        n = n * 10 + (*s - '0');
    }
    *out = n;
    return true;
}

/* All strings of a request, between @min and @max of them; their number or -EINVAL. */
static int all_strings(const struct request *q, const char **v, int min, int max)
{
    uint32_t rest;
    const int n = request_strings(q, v, max, &rest);

    return n < min || rest != q->len ? -EINVAL : n;
}

/* Watches. */

/* The path to watch; @relative: as the client names it. */
static const char *watch_path(struct conn *c, const char *name, char *space, bool *relative)
{
    *relative = false;
    if ( name[0] == '@' )
        return store_special(name) ? name : NULL;
    *relative = name[0] != '/';
    return access_path(c, name, space);
}

static int must_check admit_watch(struct conn *c, const char *path, const char *token, bool grows)
{
    return c->kind == CONN_TEST ? 0 :
           journal_admit(REC_SPACE(strlen(path), strlen(token) + 2), grows);
}

/* Tokens go into the journal after a letter for how the path was named. */
static void put_watch(struct conn *c, enum rec_type type, uint32_t depth, const char *path,
                      const char *token, bool relative)
{
    char data[XENSTORE_PAYLOAD_MAX + 2];
    const uint32_t len = snprintf(data, sizeof(data), "%c%s", relative ? 'r' : 'a', token) + 1;

    if ( c->kind != CONN_TEST )
        journal_put(type, c->key, depth, path, data, len);
}

static int do_watch(struct request *q)
{
    struct conn *c = q->c;
    char space[PATH_SPACE];
    const char *v[3], *path;
    unsigned long depth = WATCH_ANY_DEPTH;
    bool relative;
    int rc = all_strings(q, v, 2, 3);

    if ( rc < 0 || (rc == 3 && !request_number(v[2], WATCH_ANY_DEPTH - 1, &depth)) )
        return -EINVAL;
    path = watch_path(c, v[0], space, &relative);
    if ( !path || strlen(v[1]) > XENSTORE_PAYLOAD_MAX - XENSTORE_ABS_PATH_MAX )
        return -EINVAL;
    if ( !c->privileged && !quota_allows(c->domain, QUOTA_MEMORY, c->domain->bytes +
                                         c->domain->other_bytes, q->len) )
        return -ENOSPC;
    if ( admit_watch(c, path, v[1], true) )
        return -ENOSPC;
    rc = watch_add(c, path, v[1], relative, depth);
    if ( rc )
        return rc;
    put_watch(c, REC_WATCH, depth, path, v[1], relative);
    conn_ack(c);
    watch_send(c, v[0], v[1]);
    return 0;
}

static int do_unwatch(struct request *q)
{
    char space[PATH_SPACE];
    const char *v[2], *path;
    bool relative;
    int rc;

    if ( all_strings(q, v, 2, 2) < 0 )
        return -EINVAL;
    path = watch_path(q->c, v[0], space, &relative);
    if ( !path )
        return -EINVAL;
    if ( admit_watch(q->c, path, v[1], false) )
        return -ENOSPC;
    rc = watch_remove(q->c, path, v[1]);
    if ( rc )
        return rc;
    put_watch(q->c, REC_UNWATCH, 0, path, v[1], relative);
    conn_ack(q->c);
    return 0;
}

static int do_reset_watches(struct request *q)
{
    struct conn *c = q->c;

    if ( c->kind != CONN_TEST && journal_admit(REC_SPACE(0, 0), false) == 0 )
        journal_put(REC_RESET, c->key, 0, NULL, NULL, 0);
    watch_remove_all(c);
    txn_abort_all(c);
    conn_ack(c);
    return 0;
}

/* Transactions. */

static int do_transaction_start(struct request *q)
{
    struct txn *t;
    char id[16];
    int rc;

    if ( q->txn )
        return -EBUSY;
    rc = txn_start(q->c, &t);
    if ( rc )
        return rc;
    conn_reply(q->c, id, snprintf(id, sizeof(id), "%u", t->id) + 1);
    return 0;
}

static int do_transaction_end(struct request *q)
{
    const char *how;

    if ( all_strings(q, &how, 1, 1) < 0 || (strcmp(how, "T") && strcmp(how, "F")) )
        return -EINVAL;
    if ( !q->txn )
        return -ENOENT;
    if ( how[0] == 'T' )
        return txn_commit(q->txn, conn_ack);
    txn_abort(q->txn);
    conn_ack(q->c);
    return 0;
}

/* Domains. */

/* The domain named by the only string of a request.  0 or -EINVAL. */
static int only_domid(struct request *q, uint16_t *id)
{
    const char *v;
    unsigned long n;

    if ( all_strings(q, &v, 1, 1) < 0 || !request_number(v, 0x7fff, &n) )
        return -EINVAL;
    *id = n;
    return 0;
}

static struct domain *introduced(uint16_t id)
{
    struct domain *d = domain_find(id);

    return d && d->introduced ? d : NULL;
}

static int do_introduce(struct request *q)
{
    const char *v[4];
    unsigned long id, gfn, port;
    int rc;

    if ( all_strings(q, v, 3, 4) < 0 || !request_number(v[0], 0x7fff, &id) || !id ||
         !request_number(v[1], UINT64_MAX, &gfn) || !request_number(v[2], UINT32_MAX, &port) )
        return -EINVAL;
    rc = domain_introduce(id, gfn, port);
    if ( !rc )
        conn_ack(q->c);
    return rc;
}

static int do_release(struct request *q)
{
    struct domain *d;
    uint16_t id;

    if ( only_domid(q, &id) || id == 0 )
        return -EINVAL;
    d = domain_find(id);
    if ( !d || (!d->introduced && !d->dying) )
        return -ENOENT;
    domain_release(d);
    conn_ack(q->c);
    return 0;
}

static int do_get_domain_path(struct request *q)
{
    char path[32];
    uint16_t id;

    if ( only_domid(q, &id) )
        return -EINVAL;
    conn_reply(q->c, path, snprintf(path, sizeof(path), "/local/domain/%u", id) + 1);
    return 0;
}

static int do_is_domain_introduced(struct request *q)
{
    uint16_t id;

    if ( only_domid(q, &id) )
        return -EINVAL;
    conn_reply(q->c, introduced(id) ? "T" : "F", 2);
    return 0;
}

static int do_resume(struct request *q)
{
    uint16_t id;

    if ( only_domid(q, &id) )
        return -EINVAL;
    if ( !introduced(id) )
        return -ENOENT;
    domain_resume(introduced(id));
    conn_ack(q->c);
    return 0;
}

static int do_set_target(struct request *q)
{
    const char *v[2];
    unsigned long id, target;

    if ( all_strings(q, v, 2, 2) < 0 || !request_number(v[0], 0x7fff, &id) ||
         !request_number(v[1], 0x7fff, &target) || !id )
        return -EINVAL;
    if ( !introduced(id) || !introduced(target) )
        return -ENOENT;
    domain_set_target(introduced(id), target);
    conn_ack(q->c);
    return 0;
}

/* Dispatch. */

#define PRIVILEGED 1u
#define CHANGES    2u       /* not on the read-only socket */

static const struct operation {
    int (*handle)(struct request *q);
    unsigned int flags;
    const char *name;
} operations[] = {
    [XS_CONTROL]              = { control_handle, PRIVILEGED | CHANGES, "CONTROL" },
    [XS_DIRECTORY]            = { node_directory, 0, "DIRECTORY" },
    [XS_READ]                 = { node_read, 0, "READ" },
    [XS_GET_PERMS]            = { node_get_perms, 0, "GET_PERMS" },
    [XS_WATCH]                = { do_watch, 0, "WATCH" },
    [XS_UNWATCH]              = { do_unwatch, 0, "UNWATCH" },
    [XS_TRANSACTION_START]    = { do_transaction_start, 0, "TRANSACTION_START" },
    [XS_TRANSACTION_END]      = { do_transaction_end, 0, "TRANSACTION_END" },
    [XS_INTRODUCE]            = { do_introduce, PRIVILEGED | CHANGES, "INTRODUCE" },
    [XS_RELEASE]              = { do_release, PRIVILEGED | CHANGES, "RELEASE" },
    [XS_GET_DOMAIN_PATH]      = { do_get_domain_path, 0, "GET_DOMAIN_PATH" },
    [XS_WRITE]                = { node_write, CHANGES, "WRITE" },
    [XS_MKDIR]                = { node_mkdir, CHANGES, "MKDIR" },
    [XS_RM]                   = { node_rm, CHANGES, "RM" },
    [XS_SET_PERMS]            = { node_set_perms, CHANGES, "SET_PERMS" },
    [XS_IS_DOMAIN_INTRODUCED] = { do_is_domain_introduced, 0, "IS_DOMAIN_INTRODUCED" },
    [XS_RESUME]               = { do_resume, PRIVILEGED | CHANGES, "RESUME" },
    [XS_SET_TARGET]           = { do_set_target, PRIVILEGED | CHANGES, "SET_TARGET" },
    [XS_RESET_WATCHES]        = { do_reset_watches, 0, "RESET_WATCHES" },
    [XS_DIRECTORY_PART]       = { node_directory_part, 0, "DIRECTORY_PART" },
};

static void trace(const struct request *q, const char *name)
{
    char text[200];
    uint32_t n = q->len < sizeof(text) ? q->len : sizeof(text) - 1;

    for ( uint32_t i = 0; i < n; i++ )
        text[i] = q->body[i] ? q->body[i] : ' ';
    log_line(LOG_LEVEL_TRACE, "%u/%d: %s tx %u %.*s", q->c->id, q->c->fd, name,
             q->c->req.tx_id, (int)n, text);
}

void request_handle(struct conn *c, const char *body)
{
    struct request q = { .c = c, .body = body, .len = c->req.len };
    const struct operation *op;
    int rc;

    if ( c->req.type >= ARRAY_SIZE(operations) || !operations[c->req.type].handle ) {
        conn_error(c, ENOSYS);
        return;
    }
    op = &operations[c->req.type];
    if ( log_traces() )
        trace(&q, op->name);
    if ( (op->flags & PRIVILEGED) && !c->privileged )
        rc = -EACCES;
    else if ( (op->flags & CHANGES) && c->read_only )
        rc = -EROFS;
    else if ( c->req.tx_id && !(q.txn = txn_find(c, c->req.tx_id)) )
        rc = -ENOENT;
    else
        rc = op->handle(&q);
    if ( rc )
        conn_error(c, rc);
}
