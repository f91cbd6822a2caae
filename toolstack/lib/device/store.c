/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the store, telling it of domains, waiting for changes.  Requests go over store_wire.c,
 * and by libxenstore where that finds no socket (a store daemon in another domain).
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

/* By libxenstore; NULL with errno. */
static char *lib_value(struct xn_ctx *ctx, const char *path, size_t *len)
{
    struct xs_handle *xs;
    unsigned int n = 0;
    char *value;

    if ( ctx_store(ctx, &xs) ) {
        errno = ENOTCONN;
        return NULL;
    }
    value = xs_read(xs, XBT_NULL, path, &n);
    *len = n;
    return value;
}

static bool path_of(char path[STORE_PATH_MAX], const char *fmt, va_list args)
{
    const int n = vsnprintf(path, STORE_PATH_MAX, fmt, args);

    if ( n >= 0 && n < STORE_PATH_MAX )
        return true;
    errno = ENAMETOOLONG;
    return false;
}

static char *read_value(struct xn_ctx *ctx, const char *fmt, va_list args)
{
    char path[STORE_PATH_MAX], *value;
    size_t len = 0;
    int rc;

    if ( !path_of(path, fmt, args) )
        return NULL;
    rc = store_wire_value(ctx, path, &value, &len);
    if ( rc == -ENOTCONN )
        value = lib_value(ctx, path, &len);
    else if ( rc )
        errno = -rc;
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
    rc = store_wire_read(ctx, paths, nr, values);
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

static char **lib_list(struct xn_ctx *ctx, const char *path, size_t *count)
{
    struct xs_handle *xs;
    unsigned int n = 0;
    char **list;

    if ( ctx_store(ctx, &xs) ) {
        errno = ENOTCONN;
        return NULL;
    }
    list = xs_directory(xs, XBT_NULL, path, &n);
    *count = list ? n : 0;
    return list;
}

char **store_list(struct xn_ctx *ctx, size_t *count, const char *fmt, ...)
{
    char path[STORE_PATH_MAX], **list;
    va_list args;
    bool ok;
    int rc;

    *count = 0;
    va_start(args, fmt);
    ok = path_of(path, fmt, args);
    va_end(args);
    if ( !ok )
        return NULL;
    rc = store_wire_list(ctx, path, &list, count);
    if ( rc == -ENOTCONN || rc == -E2BIG )          /* libxenstore takes long lists in parts */
        list = lib_list(ctx, path, count);
    else if ( rc )
        errno = -rc;
    if ( *count > STORE_LIST_MAX )
        *count = STORE_LIST_MAX;
    return list;
}

static int lib_introduce(struct xn_ctx *ctx, uint32_t domid, uint64_t ring_mfn, uint32_t port)
{
    struct xs_handle *xs;

    if ( ctx_store(ctx, &xs) )
        return -ENOTCONN;
    return xs_introduce_domain(xs, domid, ring_mfn, port) ? 0 : -errno;
}

int store_introduce(struct xn_ctx *ctx, uint32_t domid, uint64_t ring_mfn, uint32_t port)
{
    int rc = store_wire_introduce(ctx, domid, ring_mfn, port);

    if ( rc == -ENOTCONN ) {
        rc = lib_introduce(ctx, domid, ring_mfn, port);
        if ( rc == -ENOTCONN )
            return rc;                  /* the reason is recorded */
    }
    return rc ? xn_fail(ctx, -rc, "the store daemon refuses domain %u: %s", domid,
                        strerror(-rc)) : 0;
}

static int lib_release(struct xn_ctx *ctx, uint32_t domid)
{
    struct xs_handle *xs;

    if ( ctx_store(ctx, &xs) )
        return -ENOTCONN;
    return xs_release_domain(xs, domid) ? 0 : -errno;
}

int store_release(struct xn_ctx *ctx, uint32_t domid)
{
    int rc = store_wire_release(ctx, domid);

    if ( rc == -ENOTCONN ) {
        rc = lib_release(ctx, domid);
        if ( rc == -ENOTCONN )
            return rc;
    }
    /* It has seen by itself that the domain is gone, or never knew it: both are fine. */
    if ( rc && rc != -ENOENT && rc != -EINVAL )
        return xn_fail(ctx, -rc, "the store daemon keeps domain %u: %s", domid, strerror(-rc));
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
