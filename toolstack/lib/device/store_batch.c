/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Batches of store changes: the list itself, and committing it through libxenstore when
 * store_wire.c finds no socket (a store daemon in another domain).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xenstore.h>

#include "ctx/context.h"
#include "device/store.h"

#define MAX_TRIES 32

static struct store_op *add(struct store_batch *b, enum store_op_kind kind, const char *fmt,
                            va_list args)
{
    struct store_op *op;

    if ( b->nr == b->room ) {
        size_t room = b->room ? b->room * 2 : 64;
        struct store_op *ops = realloc(b->ops, room * sizeof(*ops));

        if ( !ops )
            goto none;
        b->ops = ops;
        b->room = room;
    }
    op = &b->ops[b->nr];
    memset(op, 0, sizeof(*op));
    op->kind = kind;
    if ( vasprintf(&op->path, fmt, args) < 0 )
        goto none;
    b->nr++;
    return op;

none:
    b->no_memory = true;
    return NULL;
}

static void add_value(struct store_batch *b, struct store_op *op, const char *value)
{
    if ( !op )
        return;
    op->value = strdup(value);
    if ( !op->value )
        b->no_memory = true;
}

void store_put(struct store_batch *b, const char *value, const char *path, ...)
{
    va_list args;

    va_start(args, path);
    add_value(b, add(b, STORE_WRITE, path, args), value);
    va_end(args);
}

void store_put_number(struct store_batch *b, uint64_t value, const char *path, ...)
{
    char text[24];
    va_list args;

    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    va_start(args, path);
    add_value(b, add(b, STORE_WRITE, path, args), text);
    va_end(args);
}

static void add_chmod(struct store_batch *b, struct store_perms perms, const char *fmt,
                      va_list args)
{
    struct store_op *op = add(b, STORE_CHMOD, fmt, args);

    if ( op )
        op->perms = perms;
}

void store_dir(struct store_batch *b, struct store_perms perms, const char *path, ...)
{
    va_list args, again;

    va_start(args, path);
    va_copy(again, args);
    add_value(b, add(b, STORE_WRITE, path, args), "");
    add_chmod(b, perms, path, again);
    va_end(again);
    va_end(args);
}

void store_chmod(struct store_batch *b, struct store_perms perms, const char *path, ...)
{
    va_list args;

    va_start(args, path);
    add_chmod(b, perms, path, args);
    va_end(args);
}

void store_remove(struct store_batch *b, const char *path, ...)
{
    va_list args;

    va_start(args, path);
    add(b, STORE_REMOVE, path, args);
    va_end(args);
}

static void add_prune(struct store_batch *b, unsigned int keep, const char *fmt, va_list args)
{
    struct store_op *op = add(b, STORE_PRUNE, fmt, args);

    if ( op )
        op->keep = keep;
}

void store_prune(struct store_batch *b, unsigned int keep, const char *path, ...)
{
    va_list args;

    va_start(args, path);
    add_prune(b, keep, path, args);
    va_end(args);
}

void store_remove_upwards(struct store_batch *b, unsigned int keep, const char *path, ...)
{
    va_list args, again;

    va_start(args, path);
    va_copy(again, args);
    add(b, STORE_REMOVE, path, args);
    add_prune(b, keep, path, again);        /* it is gone by then: begins with its parent */
    va_end(again);
    va_end(args);
}

void store_batch_free(struct store_batch *b)
{
    for ( size_t i = 0; i < b->nr; i++ ) {
        free(b->ops[i].path);
        free(b->ops[i].value);
    }
    free(b->ops);
    memset(b, 0, sizeof(*b));
}

/* What is not there, or cannot be listed or removed, does no harm. */
static void prune(struct xs_handle *xs, xs_transaction_t t, const struct store_op *op)
{
    unsigned int depth = 0, n;
    char path[STORE_PATH_MAX];

    snprintf(path, sizeof(path), "%s", op->path);
    for ( const char *p = path; *p; p++ )
        depth += *p == '/';
    for ( ; depth > op->keep; depth-- ) {
        char **list = xs_directory(xs, t, path, &n);

        free(list);
        if ( list ? n || !xs_rm(xs, t, path) : errno != ENOENT )
            return;
        *strrchr(path, '/') = 0;
    }
}

static bool apply(struct xs_handle *xs, xs_transaction_t t, const struct store_op *op)
{
    struct xs_permissions perms[2] = {
        { .id = op->perms.owner, .perms = XS_PERM_NONE },
        { .id = op->perms.reader, .perms = XS_PERM_READ },
    };

    switch ( op->kind ) {
    case STORE_WRITE:
        return xs_write(xs, t, op->path, op->value, strlen(op->value));
    case STORE_REMOVE:
        return xs_rm(xs, t, op->path) || errno == ENOENT;
    case STORE_PRUNE:
        prune(xs, t, op);
        return true;
    default:
        return xs_set_permissions(xs, t, op->path, perms,
                                  op->perms.reader == op->perms.owner ? 1 : 2);
    }
}

static int lib_commit(struct xn_ctx *ctx, const struct store_batch *b, size_t *failed)
{
    struct xs_handle *xs;
    xs_transaction_t t;

    *failed = b->nr;
    if ( ctx_store(ctx, &xs) )
        return -ENOTCONN;
    t = xs_transaction_start(xs);
    if ( t == XBT_NULL )
        return -errno;
    for ( size_t i = 0; i < b->nr; i++ ) {
        if ( !apply(xs, t, &b->ops[i]) ) {
            int err = errno;

            *failed = i;
            xs_transaction_end(xs, t, true);
            return -err;
        }
    }
    return xs_transaction_end(xs, t, false) ? 0 : -errno;
}

int store_commit(struct xn_ctx *ctx, const struct store_batch *b, const char *what)
{
    size_t failed = b->nr;
    int rc = 0;

    if ( b->no_memory )
        return xn_fail(ctx, ENOMEM, "%s: out of memory", what);
    if ( !b->nr )
        return 0;
    for ( unsigned int i = 0; i < MAX_TRIES; i++ ) {
        if ( i )
            usleep(500u << (i < 6 ? i : 6));
        rc = store_wire_commit(ctx, b, &failed);
        if ( rc == -ENOTCONN )
            rc = lib_commit(ctx, b, &failed);
        if ( rc != -EAGAIN )
            break;
    }
    if ( !rc )
        return 0;
    if ( rc == -ENOTCONN ) {
        xn_fail(ctx, ENOTCONN, "%s: no answer from the store daemon", what);
        xn_remedy(ctx, "is xenstored running?");
        return rc;
    }
    if ( rc == -EAGAIN )
        return xn_fail(ctx, EAGAIN, "%s: the store changed under %u attempts", what, MAX_TRIES);
    return xn_fail(ctx, -rc, "%s: the store refuses %s: %s", what,
                   failed < b->nr ? b->ops[failed].path : "the transaction", strerror(-rc));
}
