/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening and closing what a context talks through: Debian's stable Xen libraries.  What these
 * libraries have to say goes to the context's log, not to stderr.  The only file with their
 * headers besides foreign.c and hypercall.c; it includes none of hypercall-abi/.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xencall.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
#include <xenstore.h>
#include <xentoollog.h>

#include "ctx/context.h"

struct ctx_logger {
    struct xentoollog_logger base;      /* first: the libraries pass it back */
    struct xn_ctx *ctx;
};

static void logger_message(struct xentoollog_logger *base, xentoollog_level level, int err,
                           const char *context, const char *format, va_list ap)
{
    struct ctx_logger *l = (struct ctx_logger *)base;
    char text[512];

    vsnprintf(text, sizeof(text), format, ap);
    xn_log(l->ctx, XN_DEBUG, "%s: %s%s%s", context ? context : "xen", text,
           err > 0 ? ": " : "", err > 0 ? strerror(err) : "");
}

static void logger_destroy(struct xentoollog_logger *base)
{
}

static struct xentoollog_logger *logger(struct xn_ctx *ctx)
{
    if ( !ctx->logger ) {
        ctx->logger = calloc(1, sizeof(*ctx->logger));
        if ( !ctx->logger )
            return NULL;
        ctx->logger->base.vmessage = logger_message;
        ctx->logger->base.destroy = logger_destroy;
        ctx->logger->ctx = ctx;
    }
    return &ctx->logger->base;
}

static int open_failed(struct xn_ctx *ctx, const char *what, const char *device)
{
    const int err = errno ? errno : EIO;
    const int rc = xn_fail(ctx, err, "cannot open %s (%s): %s", what, device, strerror(err));

    if ( err == EACCES || err == EPERM )
        xn_remedy(ctx, "this needs root in the control domain");
    else if ( err == ENOENT || err == ENODEV || err == ENXIO )
        xn_remedy(ctx, "is this the control domain of a Xen host? try \"modprobe xen-%s\"",
                  strrchr(device, '/') + 1);
    return rc;
}

static void close_on_exec(int fd)
{
    if ( fd >= 0 )
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

int ctx_call(struct xn_ctx *ctx, struct xencall_handle **h)
{
    if ( !ctx->call ) {
        errno = 0;
        ctx->call = xencall_open(logger(ctx), XENCALL_OPENFLAG_NON_REENTRANT);
        if ( !ctx->call )
            return open_failed(ctx, "the hypercall device", "/dev/xen/privcmd");
        close_on_exec(xencall_fd(ctx->call));
    }
    *h = ctx->call;
    return 0;
}

int ctx_foreign(struct xn_ctx *ctx, struct xenforeignmemory_handle **h)
{
    if ( !ctx->foreign ) {
        errno = 0;
        ctx->foreign = xenforeignmemory_open(logger(ctx), 0);
        if ( !ctx->foreign )
            return open_failed(ctx, "the guests' memory", "/dev/xen/privcmd");
    }
    *h = ctx->foreign;
    return 0;
}

int ctx_evtchn(struct xn_ctx *ctx, struct xenevtchn_handle **h)
{
    if ( !ctx->evtchn ) {
        errno = 0;
        ctx->evtchn = xenevtchn_open(logger(ctx), 0);
        if ( !ctx->evtchn )
            return open_failed(ctx, "event channels", "/dev/xen/evtchn");
        close_on_exec(xenevtchn_fd(ctx->evtchn));
    }
    *h = ctx->evtchn;
    return 0;
}

int ctx_gnttab(struct xn_ctx *ctx, struct xengntdev_handle **h)
{
    if ( !ctx->gnttab ) {
        errno = 0;
        ctx->gnttab = xengnttab_open(logger(ctx), 0);
        if ( !ctx->gnttab )
            return open_failed(ctx, "grants", "/dev/xen/gntdev");
        close_on_exec(xengnttab_fd(ctx->gnttab));
    }
    *h = ctx->gnttab;
    return 0;
}

/* By the socket only: /dev/xen/xenbus would wait for ever where the daemon does not run. */
int ctx_store(struct xn_ctx *ctx, struct xs_handle **h)
{
    if ( !ctx->store ) {
        errno = 0;
        ctx->store = xs_open(XS_OPEN_SOCKETONLY);
        if ( !ctx->store ) {
            const int err = errno ? errno : EIO;
            const int rc = xn_fail(ctx, err, "cannot reach the store daemon: %s", strerror(err));

            if ( err == EACCES || err == EPERM )
                xn_remedy(ctx, "this needs root");
            else
                xn_remedy(ctx, "is xenstored running?");
            return rc;
        }
        close_on_exec(xs_fileno(ctx->store));
    }
    *h = ctx->store;
    return 0;
}

void ctx_close_handles(struct xn_ctx *ctx)
{
    if ( ctx->store )
        xs_close(ctx->store);
    if ( ctx->store_fd >= 0 )
        close(ctx->store_fd);
    if ( ctx->gnttab )
        xengnttab_close(ctx->gnttab);
    if ( ctx->evtchn )
        xenevtchn_close(ctx->evtchn);
    if ( ctx->foreign )
        xenforeignmemory_close(ctx->foreign);
    if ( ctx->call ) {
        if ( ctx->op )
            xencall_free_buffer_pages(ctx->call, ctx->op, 1);
        if ( ctx->data )
            xencall_free_buffer_pages(ctx->call, ctx->data, ctx->data_pages);
        xencall_close(ctx->call);
    }
    free(ctx->logger);
    ctx->store = NULL;
    ctx->store_fd = -1;
    ctx->gnttab = NULL;
    ctx->evtchn = NULL;
    ctx->foreign = NULL;
    ctx->call = NULL;
    ctx->op = ctx->data = NULL;
    ctx->data_pages = 0;
    ctx->logger = NULL;
}
