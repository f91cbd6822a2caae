/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One store transaction over the daemon's socket with its requests pipelined: a domain's
 * eighty nodes cost three exchanges instead of a hundred and sixty.
 *
 * libxenstore waits for each answer before the next request, which is why it is not used
 * here; the protocol is public (xenabi/io/xs_wire.h).  Only the local socket is served:
 * store_batch.c falls back to libxenstore without one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <xenabi/io/xs_wire.h>

#include "device/store.h"

#define PIECE       16384           /* bytes of requests sent before their answers are read */
#define READ_PIECE  1024            /* of reads, whose answers may be far longer */

struct wire {
    int fd;
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

static int run_ops(struct wire *w, const struct store_batch *b, char *text, size_t *failed)
{
    size_t from = 0;
    int rc = 0;

    for ( size_t i = 0; i < b->nr && !rc; i++ ) {
        rc = queue_op(w, &b->ops[i]);
        if ( rc ) {
            *failed = i;
            break;
        }
        if ( w->len >= PIECE || i + 1 == b->nr ) {
            rc = exchange(w, b, from, i + 1, text, failed);
            from = i + 1;
        }
    }
    return rc;
}

static int transaction(struct wire *w, const struct store_batch *b, char *text, size_t *failed)
{
    int rc = queue(w, XS_TRANSACTION_START, "", 1, NULL, 0), end;
    size_t len;

    if ( !rc )
        rc = send_all(w);
    if ( !rc )
        rc = answer(w, text, &len);
    if ( rc )
        return rc;
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

static struct wire *wire_open(char **text)
{
    struct wire *w = malloc(sizeof(*w));

    *text = malloc(XENSTORE_PAYLOAD_MAX + 1);
    if ( w && *text ) {
        w->tx = w->req = 0;
        w->len = w->in_at = w->in_len = 0;
        w->fd = connect_socket();
        if ( w->fd >= 0 )
            return w;
    }
    free(w);
    free(*text);
    return NULL;
}

static void wire_close(struct wire *w, char *text)
{
    close(w->fd);
    free(w);
    free(text);
}

/* The answers to the reads [from, to); -EIO ends it. */
static int take_values(struct wire *w, size_t from, size_t to, char *text, char **values)
{
    int rc = send_all(w);

    for ( size_t i = from; i < to && rc != -EIO; i++ ) {
        size_t len;

        rc = answer(w, text, &len);
        if ( !rc && strlen(text) == len )
            values[i] = strdup(text);
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

int store_wire_read(const char *const *paths, size_t nr, char **values)
{
    char *text;
    struct wire *w = wire_open(&text);
    int rc;

    if ( !w )
        return -ENOTCONN;
    rc = run_reads(w, paths, nr, text, values);
    wire_close(w, text);
    return rc;
}

int store_wire_commit(const struct store_batch *b, size_t *failed)
{
    char *text;
    struct wire *w = wire_open(&text);
    int rc;

    *failed = b->nr;
    if ( !w )
        return -ENOTCONN;
    rc = transaction(w, b, text, failed);
    wire_close(w, text);
    return rc;
}
