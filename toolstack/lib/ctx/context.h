/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of a context: its handles, for the folders of the library.  Each handle is opened at
 * its first use, close-on-exec, and closed by xn_ctx_free.  No header of Xen's libraries is
 * needed to include this one: their types are only named.
 *
 * Who calls: every folder of lib/.
 */
#ifndef CTX_CONTEXT_H
#define CTX_CONTEXT_H

#include <xenolith/ctx.h>

struct xencall_handle;
struct xenforeignmemory_handle;
struct xenevtchn_handle;
struct xengntdev_handle;
struct xs_handle;
struct xentoollog_logger;

#define CTX_WHY_MAX 4096

struct xn_ctx {
    enum xn_level log_max;
    xn_log_fn *log_fn;
    void *log_data;
    xn_progress_fn *progress_fn;
    void *progress_data;

    char chain[CTX_WHY_MAX], remedy[1024], why[CTX_WHY_MAX + 1040];

    struct xencall_handle *call;
    struct xenforeignmemory_handle *foreign;
    struct xenevtchn_handle *evtchn;
    struct xengntdev_handle *gnttab;
    struct xs_handle *store;
    int store_fd;                       /* device/store_wire.c: its connection, -1: none */
    struct ctx_logger *logger;          /* what Xen's libraries say goes to our log */

    void *op;                           /* hypercall.c: a page for the operation's structure */
    void *data;                         /* hypercall.c: for the arrays it points to */
    size_t data_pages;
};

/*
 * The handles.  0, or a negative errno value with the reason in the context: not root, not a
 * control domain, no store daemon.
 */
int ctx_call(struct xn_ctx *ctx, struct xencall_handle **h);
int ctx_foreign(struct xn_ctx *ctx, struct xenforeignmemory_handle **h);
int ctx_evtchn(struct xn_ctx *ctx, struct xenevtchn_handle **h);
int ctx_gnttab(struct xn_ctx *ctx, struct xengntdev_handle **h);
int ctx_store(struct xn_ctx *ctx, struct xs_handle **h);

void ctx_close_handles(struct xn_ctx *ctx);

#endif
