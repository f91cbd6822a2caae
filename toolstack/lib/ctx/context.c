/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The context's life, its messages, its progress reports and its chain of causes.  Handles are
 * in handles.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctx/context.h"

struct xn_ctx *xn_ctx_new(void)
{
    struct xn_ctx *ctx = calloc(1, sizeof(*ctx));

    if ( ctx ) {
        ctx->log_max = XN_WARN;
        ctx->store_fd = -1;
    }
    return ctx;
}

void xn_ctx_free(struct xn_ctx *ctx)
{
    if ( !ctx )
        return;
    ctx_close_handles(ctx);
    free(ctx);
}

void xn_set_log(struct xn_ctx *ctx, enum xn_level max, xn_log_fn *fn, void *data)
{
    ctx->log_max = max;
    ctx->log_fn = fn;
    ctx->log_data = data;
}

void xn_set_progress(struct xn_ctx *ctx, xn_progress_fn *fn, void *data)
{
    ctx->progress_fn = fn;
    ctx->progress_data = data;
}

static const char *level_prefix(enum xn_level level)
{
    switch ( level ) {
    case XN_ERROR: return "error: ";
    case XN_WARN:  return "warning: ";
    default:       return "";
    }
}

void xn_log(struct xn_ctx *ctx, enum xn_level level, const char *fmt, ...)
{
    char line[2048];
    va_list ap;

    if ( !ctx || level > ctx->log_max )
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    for ( char *c = line; *c; c++ )
        if ( *c == '\n' )
            *c = ' ';
    if ( ctx->log_fn )
        ctx->log_fn(ctx->log_data, level, line);
    else
        fprintf(stderr, "%s%s\n", level_prefix(level), line);
}

void xn_progress(struct xn_ctx *ctx, const char *what, uint64_t done, uint64_t total)
{
    if ( ctx && ctx->progress_fn )
        ctx->progress_fn(ctx->progress_data, what, done, total);
}

/* The chain of causes. */

int xn_fail(struct xn_ctx *ctx, int err, const char *fmt, ...)
{
    char text[sizeof(ctx->chain)];      /* the arguments may point into the old chain */
    va_list ap;

    if ( !ctx )
        return -err;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    memcpy(ctx->chain, text, sizeof(text));
    ctx->remedy[0] = '\0';
    return -err;
}

int xn_because(struct xn_ctx *ctx, int rc, const char *fmt, ...)
{
    char act[2 * sizeof(ctx->chain)];
    va_list ap;
    size_t len;

    if ( !ctx )
        return rc;
    va_start(ap, fmt);
    vsnprintf(act, sizeof(ctx->chain) - 2, fmt, ap);
    va_end(ap);
    if ( ctx->chain[0] ) {
        len = strlen(act);
        snprintf(act + len, sizeof(act) - len, ": %s", ctx->chain);
    }
    act[sizeof(ctx->chain) - 1] = '\0';         /* the innermost cause may be cut off */
    memcpy(ctx->chain, act, sizeof(ctx->chain));
    return rc;
}

void xn_remedy(struct xn_ctx *ctx, const char *fmt, ...)
{
    va_list ap;

    if ( !ctx )
        return;
    va_start(ap, fmt);
    vsnprintf(ctx->remedy, sizeof(ctx->remedy), fmt, ap);
    va_end(ap);
}

const char *xn_why(struct xn_ctx *ctx)
{
    if ( !ctx )
        return "";
    snprintf(ctx->why, sizeof(ctx->why), "%s%s%s", ctx->chain,
             ctx->chain[0] && ctx->remedy[0] ? "; " : "", ctx->remedy);
    return ctx->why;
}

void xn_clear_error(struct xn_ctx *ctx)
{
    if ( !ctx )
        return;
    ctx->chain[0] = '\0';
    ctx->remedy[0] = '\0';
}
