/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests over the daemon's socket, pipelined where there are several: a domain's eighty nodes
 * are one transaction of three exchanges instead of a hundred and sixty.
 *
 * libxenstore waits for each answer before the next request, and needs two writes, two reads
 * and two changes of a signal's handler for each, which is why it is not used here; the
 * protocol is public (xenabi/io/xs_wire.h).  Only the local socket is served: store.c and
 * store_batch.c fall back to libxenstore without one.
 *
 * The context keeps the connection.  The daemon may have been restarted since its last use:
 * what fails on a kept one before anything was changed is tried again on a new one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <xenabi/io/xs_wire.h>

#include "ctx/context.h"
#include "device/store.h"

#define PIECE       16384           /* bytes of requests sent before their answers are read */
#define MAX_DEPTH   16              /* of parents that are pruned: so many paths are no PIECE */
#define READ_PIECE  1024            /* of reads, whose answers may be far longer */

struct wire {
    int fd;
    bool kept;                      /* the connection was there before */
    uint32_t tx, req;
    size_t len, in_at, in_len;      /* of out; what is used and there of in */
    char in[PIECE];
    char out[PIECE + sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
};

static const struct { const char *name; int err; } errors[] = {
    { "EINVAL", EINVAL }, { "EACCES", EACCES }, { "EEXIST", EEXIST }, { "EISDIR", EISDIR },
    { "ENOENT", ENOENT }, { "ENOMEM", ENOMEM }, { "ENOSPC", ENOSPC }, { "EIO", EIO },
    { "ENOTEMPTY", ENOTEMPTY }, { "ENOSYS", ENOSYS }, { "EROFS", EROFS }, { "EBUSY", EBUSY },
    { "EAGAIN", EAGAIN }, { "EISCONN", EISCONN }, { "E2BIG", E2BIG }, { "EPERM", EPERM },
};

static int connect_socket(void)
{
    const char *path = getenv("XENSTORED_PATH");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd;

    if ( !path )
        path = "/run/xenstored/socket";
    if ( strlen(path) >= sizeof(to.sun_path) )
        return -ENOTCONN;
    strcpy(to.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if ( fd < 0 )
        return -ENOTCONN;
    if ( connect(fd, (struct sockaddr *)&to, sizeof(to)) ) {
        close(fd);
        return -ENOTCONN;
    }
    return fd;
}

static int send_all(struct wire *w)
{
    size_t done = 0;

    while ( done < w->len ) {
        ssize_t n = send(w->fd, w->out + done, w->len - done, MSG_NOSIGNAL);

        if ( n < 0 && errno == EINTR )
            continue;
        if ( n <= 0 )
            return -EIO;
        done += (size_t)n;
    }
    w->len = 0;
    return 0;
}

/* Take bytes of the answers; they come many at a time. */
static int take(struct wire *w, void *to, size_t len)
{
    for ( size_t done = 0; done < len; ) {
        size_t n = w->in_len - w->in_at;

        if ( n > len - done )
            n = len - done;
        memcpy((char *)to + done, w->in + w->in_at, n);
        w->in_at += n;
        done += n;
        if ( done < len ) {
            ssize_t got = recv(w->fd, w->in, sizeof(w->in), 0);

            if ( got < 0 && errno == EINTR )
                continue;
            if ( got <= 0 )
                return -EIO;
            w->in_at = 0;
            w->in_len = (size_t)got;
        }
    }
    return 0;
}

/* Append a request; the caller has made room. */
static int queue(struct wire *w, uint32_t type, const void *a, size_t a_len, const void *b,
                 size_t b_len)
{
    struct xsd_sockmsg m = { .type = type, .req_id = w->req++, .tx_id = w->tx,
                             .len = (uint32_t)(a_len + b_len) };

    if ( a_len + b_len > XENSTORE_PAYLOAD_MAX )
        return -E2BIG;
    memcpy(w->out + w->len, &m, sizeof(m));
    w->len += sizeof(m);
    memcpy(w->out + w->len, a, a_len);
    if ( b_len )
        memcpy(w->out + w->len + a_len, b, b_len);
    w->len += a_len + b_len;
    return 0;
}

static int error_of(const char *name)
{
    for ( size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++ )
        if ( !strcmp(errors[i].name, name) )
            return -errors[i].err;
    return -EINVAL;
}

/* One answer into text (of XENSTORE_PAYLOAD_MAX + 1 bytes); the daemon's refusal as -errno. */
static int answer(struct wire *w, char *text, size_t *len)
{
    struct xsd_sockmsg m;
    int rc = take(w, &m, sizeof(m));

    if ( !rc && m.len > XENSTORE_PAYLOAD_MAX )
        rc = -EIO;
    if ( !rc )
        rc = take(w, text, m.len);
    if ( rc )
        return rc;
    text[m.len] = 0;
    *len = m.len;
    return m.type == XS_ERROR ? error_of(text) : 0;
}

static int queue_op(struct wire *w, const struct store_op *op)
{
    char perms[48];
    size_t n;

    switch ( op->kind ) {
    case STORE_WRITE:
        return queue(w, XS_WRITE, op->path, strlen(op->path) + 1, op->value, strlen(op->value));
    case STORE_REMOVE:
        return queue(w, XS_RM, op->path, strlen(op->path) + 1, NULL, 0);
    default:
        n = (size_t)snprintf(perms, sizeof(perms), "n%u", op->perms.owner) + 1;
        if ( op->perms.reader != op->perms.owner )
            n += (size_t)snprintf(perms + n, sizeof(perms) - n, "r%u", op->perms.reader) + 1;
        return queue(w, XS_SET_PERMS, op->path, strlen(op->path) + 1, perms, n);
    }
}

/* Send the operations [from, to) that are queued, and read all their answers. */
static int exchange(struct wire *w, const struct store_batch *b, size_t from, size_t to,
                    char *text, size_t *failed)
{
    int rc = send_all(w), first = rc;
    size_t len;

    for ( size_t i = from; i < to && rc != -EIO; i++ ) {
        rc = answer(w, text, &len);
        if ( rc == -ENOENT && b->ops[i].kind == STORE_REMOVE )
            rc = 0;
        if ( rc && !first ) {
            first = rc;
            *failed = i;
        }
    }
    return first;
}

/* The highest empty one of a node and its parents below the first keep components; 0: none. */
static int find_empty(struct wire *w, char *path, unsigned int keep, char *text, size_t *empty)
{
    size_t ends[MAX_DEPTH], len;
    unsigned int depth = 0, nr = 0;
    bool below = true;                  /* what was looked at so far will be gone */
    int rc;

    *empty = 0;
    for ( const char *p = path; *p; p++ )
        depth += *p == '/';
    for ( ; depth > keep && nr < MAX_DEPTH; depth-- ) {
        ends[nr++] = strlen(path);
        (void)queue(w, XS_DIRECTORY, path, strlen(path) + 1, NULL, 0);      /* it is short */
        *strrchr(path, '/') = 0;
    }
    rc = send_all(w);
    for ( unsigned int i = 0; i < nr && rc != -EIO; i++ ) {
        rc = answer(w, text, &len);
        if ( rc == -ENOENT && !*empty )
            continue;
        /* Empty, or with nothing but the one below, which goes. */
        below = below && !rc && (*empty ? len && strlen(text) + 1 == len : !len);
        if ( below )
            *empty = ends[i];
    }
    return rc == -EIO ? rc : 0;
}

/* Removal of a node with its parents as far as they are empty.  Refusals stop it: no harm. */
static int prune(struct wire *w, const struct store_op *op, char *text)
{
    char path[STORE_PATH_MAX];
    size_t end, len;
    int rc;

    if ( strlen(op->path) >= sizeof(path) )
        return -ENAMETOOLONG;
    strcpy(path, op->path);
    rc = find_empty(w, path, op->keep, text, &end);
    if ( rc || !end )
        return rc;
    rc = queue(w, XS_RM, op->path, end, "", 1);
    rc = rc ? rc : send_all(w);
    rc = rc ? rc : answer(w, text, &len);
    return rc == -EIO ? rc : 0;
}

static int run_ops(struct wire *w, const struct store_batch *b, char *text, size_t *failed)
{
    size_t from = 0;
    int rc = 0;

    for ( size_t i = 0; i < b->nr && !rc; i++ ) {
        const bool pruning = b->ops[i].kind == STORE_PRUNE;

        if ( !pruning )
            rc = queue_op(w, &b->ops[i]);
        if ( rc ) {
            *failed = i;
            break;
        }
        if ( w->len >= PIECE || i + 1 == b->nr || pruning ) {
            rc = exchange(w, b, from, pruning ? i : i + 1, text, failed);
            from = i + 1;
        }
        if ( pruning && !rc )
            rc = prune(w, &b->ops[i], text);
    }
    return rc;
}

/* *begun: the daemon has answered, so that an error is not that of an old connection. */
static int transaction(struct wire *w, const struct store_batch *b, char *text, size_t *failed,
                       bool *begun)
{
    int rc = queue(w, XS_TRANSACTION_START, "", 1, NULL, 0), end;
    size_t len;

    if ( !rc )
        rc = send_all(w);
    if ( !rc )
        rc = answer(w, text, &len);
    if ( rc )
        return rc;
    *begun = true;
    w->tx = (uint32_t)strtoul(text, NULL, 10);
    rc = run_ops(w, b, text, failed);
    if ( rc == -EIO )
        return rc;
    w->len = 0;
    end = queue(w, XS_TRANSACTION_END, rc ? "F" : "T", 2, NULL, 0);
    if ( !end )
        end = send_all(w);
    if ( !end )
        end = answer(w, text, &len);
    return rc ? rc : end;
}

/* The context's connection; text: room for an answer. */
static struct wire *wire_open(struct xn_ctx *ctx, char **text)
{
    struct wire *w = malloc(sizeof(*w));

    *text = malloc(XENSTORE_PAYLOAD_MAX + 1);
    if ( w && *text ) {
        w->tx = w->req = 0;
        w->len = w->in_at = w->in_len = 0;
        w->kept = ctx->store_fd >= 0;
        w->fd = w->kept ? ctx->store_fd : connect_socket();
        if ( w->fd >= 0 ) {
            ctx->store_fd = w->fd;
            return w;
        }
    }
    free(w);
    free(*text);
    return NULL;
}

/* rc: -EIO ends the connection.  Says whether to try again on a new one. */
static bool wire_close(struct xn_ctx *ctx, struct wire *w, char *text, int rc)
{
    const bool again = w->kept && rc == -EIO;

    if ( rc == -EIO ) {
        close(ctx->store_fd);
        ctx->store_fd = -1;
    }
    free(w);
    free(text);
    return again;
}

/* The answers to the reads [from, to); -EIO ends it. */
static int take_values(struct wire *w, size_t from, size_t to, char *text, char **values)
{
    int rc = send_all(w);

    for ( size_t i = from; i < to && rc != -EIO; i++ ) {
        size_t len;

        rc = answer(w, text, &len);
        if ( !rc && strlen(text) == len ) {
            free(values[i]);
            values[i] = strdup(text);
        }
    }
    return rc == -EIO ? rc : 0;
}

static int run_reads(struct wire *w, const char *const *paths, size_t nr, char *text,
                     char **values)
{
    size_t from = 0;
    int rc = 0;

    for ( size_t i = 0; i < nr && !rc; i++ ) {
        rc = queue(w, XS_READ, paths[i], strlen(paths[i]) + 1, NULL, 0);
        if ( !rc && (w->len >= READ_PIECE || i + 1 == nr) ) {
            rc = take_values(w, from, i + 1, text, values);
            from = i + 1;
        }
    }
    return rc;
}

int store_wire_read(struct xn_ctx *ctx, const char *const *paths, size_t nr, char **values)
{
    struct wire *w;
    char *text;
    int rc;

    do {
        w = wire_open(ctx, &text);
        if ( !w )
            return -ENOTCONN;
        rc = run_reads(w, paths, nr, text, values);
    } while ( wire_close(ctx, w, text, rc) );
    return rc;
}

int store_wire_commit(struct xn_ctx *ctx, const struct store_batch *b, size_t *failed)
{
    bool begun = false;
    struct wire *w;
    char *text;
    int rc;

    *failed = b->nr;
    do {
        w = wire_open(ctx, &text);
        if ( !w )
            return -ENOTCONN;
        rc = transaction(w, b, text, failed, &begun);
    } while ( wire_close(ctx, w, text, rc) && !begun );
    return rc;
}

/* One request outside of transactions.  *reply: the answer, NUL-terminated; free it. */
static int call(struct xn_ctx *ctx, uint32_t type, const void *body, size_t body_len,
                char **reply, size_t *len)
{
    struct wire *w;
    char *text;
    int rc;

    *reply = NULL;
    do {
        w = wire_open(ctx, &text);
        if ( !w )
            return -ENOTCONN;
        rc = queue(w, type, body, body_len, NULL, 0);
        rc = rc ? rc : send_all(w);
        rc = rc ? rc : answer(w, text, len);
        if ( !rc ) {
            *reply = malloc(*len + 1);
            rc = *reply ? 0 : -ENOMEM;
        }
        if ( !rc )
            memcpy(*reply, text, *len + 1);
    } while ( wire_close(ctx, w, text, rc) );
    return rc;
}

int store_wire_value(struct xn_ctx *ctx, const char *path, char **value, size_t *len)
{
    return call(ctx, XS_READ, path, strlen(path) + 1, value, len);
}

int store_wire_list(struct xn_ctx *ctx, const char *path, char ***list, size_t *count)
{
    size_t len, nr = 0, head;
    char *names, *text;
    int rc = call(ctx, XS_DIRECTORY, path, strlen(path) + 1, &names, &len);

    *list = NULL;
    *count = 0;
    if ( rc )
        return rc;
    for ( size_t at = 0; at < len; at += strlen(names + at) + 1 )
        nr++;
    head = (nr + 1) * sizeof(**list);
    *list = malloc(head + len + 1);
    if ( *list ) {
        text = memcpy((char *)*list + head, names, len + 1);
        for ( size_t at = 0; at < len; at += strlen(text + at) + 1 )
            (*list)[(*count)++] = text + at;
    }
    free(names);
    return *list ? 0 : -ENOMEM;
}

int store_wire_introduce(struct xn_ctx *ctx, uint32_t domid, uint64_t ring_mfn, uint32_t port)
{
    char body[64], *reply;
    size_t len = 0;

    len += (size_t)snprintf(body, sizeof(body), "%u", domid) + 1;
    len += (size_t)snprintf(body + len, sizeof(body) - len, "%llu",
                            (unsigned long long)ring_mfn) + 1;
    len += (size_t)snprintf(body + len, sizeof(body) - len, "%u", port) + 1;
    const int rc = call(ctx, XS_INTRODUCE, body, len, &reply, &len);

    free(reply);
    return rc;
}

int store_wire_release(struct xn_ctx *ctx, uint32_t domid)
{
    char body[16], *reply;
    size_t len = (size_t)snprintf(body, sizeof(body), "%u", domid) + 1;
    const int rc = call(ctx, XS_RELEASE, body, len, &reply, &len);

    free(reply);
    return rc;
}
