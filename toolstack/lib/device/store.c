/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the store, removing with empty parents, waiting for changes.
 *
 * Waiting uses a connection of its own: libxenstore starts a thread with the first watch,
 * and every later request of that connection pays for it.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

#include "ctx/context.h"
#include "device/store.h"

#define MAX_TRIES 32

static struct xs_handle *open_path(struct xn_ctx *ctx, char *path, const char *fmt, va_list args)
{
    int n = vsnprintf(path, STORE_PATH_MAX, fmt, args);
    struct xs_handle *xs;

    if ( n < 0 || n >= STORE_PATH_MAX ) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    if ( ctx_store(ctx, &xs) ) {
        errno = ENOTCONN;
        return NULL;
    }
    return xs;
}

static char *read_value(struct xn_ctx *ctx, const char *fmt, va_list args)
{
    char path[STORE_PATH_MAX];
    struct xs_handle *xs = open_path(ctx, path, fmt, args);
    unsigned int len = 0;
    char *value;

    if ( !xs )
        return NULL;
    value = xs_read(xs, XBT_NULL, path, &len);
    if ( value && (len > STORE_VALUE_MAX || strlen(value) != len) ) {
        free(value);
        errno = EINVAL;
        return NULL;
    }
    return value;
}

char *store_read(struct xn_ctx *ctx, const char *path, ...)
{
    va_list args;
    char *value;

    va_start(args, path);
    value = read_value(ctx, path, args);
    va_end(args);
    return value;
}

bool store_exists(struct xn_ctx *ctx, const char *path, ...)
{
    va_list args;
    char *value;

    va_start(args, path);
    value = read_value(ctx, path, args);
    va_end(args);
    free(value);
    return value || errno != ENOENT;
}

int store_read_many(struct xn_ctx *ctx, const char *const *paths, size_t nr, char **values)
{
    int rc;

    memset(values, 0, nr * sizeof(*values));
    rc = store_wire_read(paths, nr, values);
    if ( rc == -ENOTCONN ) {
        rc = 0;
        for ( size_t i = 0; i < nr && !rc; i++ ) {
            values[i] = store_read(ctx, "%s", paths[i]);
            if ( !values[i] && errno == ENOTCONN )
                rc = -ENOTCONN;         /* the reason is recorded */
        }
        return rc;
    }
    for ( size_t i = 0; rc && i < nr; i++ ) {
        free(values[i]);
        values[i] = NULL;
    }
    return rc ? xn_fail(ctx, -rc, "reading the store: %s", strerror(-rc)) : 0;
}

int store_read_number(struct xn_ctx *ctx, uint64_t max, uint64_t *value, const char *path, ...)
{
    va_list args;
    char *text, *end;
    int rc = 0;

    va_start(args, path);
    text = read_value(ctx, path, args);
    va_end(args);
    if ( !text )
        return -errno;
    errno = 0;
    if ( text[0] < '0' || text[0] > '9' ) {
        rc = -EINVAL;
    } else {
        *value = strtoull(text, &end, 10);
        if ( *end )
            rc = -EINVAL;
        else if ( errno || *value > max )
            rc = -ERANGE;
    }
    free(text);
    return rc;
}

char **store_list(struct xn_ctx *ctx, size_t *count, const char *fmt, ...)
{
    char path[STORE_PATH_MAX];
    struct xs_handle *xs;
    unsigned int n = 0;
    va_list args;
    char **list;

    *count = 0;
    va_start(args, fmt);
    xs = open_path(ctx, path, fmt, args);
    va_end(args);
    if ( !xs )
        return NULL;
    list = xs_directory(xs, XBT_NULL, path, &n);
    if ( list )
        *count = n < STORE_LIST_MAX ? n : STORE_LIST_MAX;
    return list;
}

/* Remove path if it has no children.  1: it has some. */
static int remove_if_empty(struct xs_handle *xs, const char *path)
{
    for ( unsigned int i = 0; i < MAX_TRIES; i++ ) {
        xs_transaction_t t = xs_transaction_start(xs);
        unsigned int n = 0;
        char **list;
        bool remove;

        if ( t == XBT_NULL )
            return -errno;
        list = xs_directory(xs, t, path, &n);
        free(list);
        remove = list && n == 0;
        if ( remove && !xs_rm(xs, t, path) && errno != ENOENT ) {
            int err = errno;

            xs_transaction_end(xs, t, true);
            return -err;
        }
        if ( xs_transaction_end(xs, t, !remove) )
            return n > 0;
        if ( errno != EAGAIN )
            return -errno;
    }
    return -EAGAIN;
}

int store_remove_upwards(struct xn_ctx *ctx, unsigned int keep, const char *fmt, ...)
{
    struct store_batch b = { .nr = 0 };
    char path[STORE_PATH_MAX];
    va_list args;
    int rc;

    va_start(args, fmt);
    rc = vsnprintf(path, sizeof(path), fmt, args);
    va_end(args);
    if ( rc < 0 || (size_t)rc >= sizeof(path) )
        return xn_fail(ctx, ENAMETOOLONG, "removing a store node: its path is too long");
    store_remove(&b, "%s", path);
    rc = store_commit(ctx, &b, "removing a store node");
    store_batch_free(&b);
    *strrchr(path, '/') = 0;
    return rc ? rc : store_prune(ctx, keep, "%s", path);
}

int store_prune(struct xn_ctx *ctx, unsigned int keep, const char *fmt, ...)
{
    char path[STORE_PATH_MAX];
    struct xs_handle *xs;
    unsigned int depth = 0;
    va_list args;
    int rc = 0;

    va_start(args, fmt);
    xs = open_path(ctx, path, fmt, args);
    va_end(args);
    if ( !xs )
        return xn_fail(ctx, errno, "removing a store node: %s", strerror(errno));
    for ( const char *p = path; *p; p++ )
        depth += *p == '/';
    while ( !rc && depth > keep ) {
        unsigned int n = 0;
        char **list = xs_directory(xs, XBT_NULL, path, &n);

        free(list);
        if ( list )                     /* ask first: most are not empty */
            rc = n ? 1 : remove_if_empty(xs, path);
        *strrchr(path, '/') = 0;
        depth--;
    }
    return rc < 0 ? xn_fail(ctx, -rc, "removing store node %s: %s", path, strerror(-rc)) : 0;
}

int store_introduce(struct xn_ctx *ctx, uint32_t domid, uint64_t ring_mfn, uint32_t port)
{
    struct xs_handle *xs;
    int rc = ctx_store(ctx, &xs);

    if ( rc )
        return rc;
    if ( !xs_introduce_domain(xs, domid, ring_mfn, port) )
        return xn_fail(ctx, errno, "the store daemon refuses domain %u: %s", domid,
                       strerror(errno));
    return 0;
}

int store_release(struct xn_ctx *ctx, uint32_t domid)
{
    struct xs_handle *xs;
    int rc = ctx_store(ctx, &xs);

    if ( rc )
        return rc;
    /* It has seen by itself that the domain is gone, or never knew it: both are fine. */
    if ( !xs_release_domain(xs, domid) && errno != ENOENT && errno != EINVAL )
        return xn_fail(ctx, errno, "the store daemon keeps domain %u: %s", domid,
                       strerror(errno));
    return 0;
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Wait for an event or the next tick; -ETIMEDOUT at the end.  xs NULL: ticks only. */
static int wait_event(struct xs_handle *xs, int64_t end, unsigned int tick_ms)
{
    int64_t left = end - now_ms();
    struct pollfd p = { .fd = xs ? xs_fileno(xs) : -1, .events = POLLIN };
    char **event;

    if ( left <= 0 )
        return -ETIMEDOUT;
    if ( tick_ms && left > tick_ms )
        left = tick_ms;
    if ( poll(&p, 1, (int)left) <= 0 || !xs )
        return 0;
    while ( (event = xs_check_watch(xs)) )
        free(event);
    return errno == EAGAIN ? 0 : -errno;
}

int store_wait(struct xn_ctx *ctx, const char *const *paths, size_t nr_paths,
               int (*done)(void *data), void *data, unsigned int timeout_ms,
               unsigned int tick_ms)
{
    int64_t end = now_ms() + timeout_ms;
    struct xs_handle *xs = NULL;
    int rc = done(data);

    if ( rc )
        return rc > 0 ? 0 : rc;
    if ( nr_paths ) {
        xs = xs_open(XS_OPEN_SOCKETONLY);
        if ( !xs )
            return xn_fail(ctx, errno, "no connection to the store: %s", strerror(errno));
    }
    for ( size_t i = 0; i < nr_paths; i++ ) {
        if ( !xs_watch(xs, paths[i], "w") ) {
            rc = xn_fail(ctx, errno, "watching %s: %s", paths[i], strerror(errno));
            goto out;
        }
    }
    for ( ;; ) {
        rc = done(data);
        if ( rc )
            break;
        rc = wait_event(xs, end, tick_ms);
        if ( rc )
            break;
    }
    if ( rc == -ETIMEDOUT && done(data) > 0 )
        rc = 1;

out:
    if ( xs )
        xs_close(xs);
    return rc > 0 ? 0 : rc;
}
