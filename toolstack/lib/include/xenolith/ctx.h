/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A context: the open handles to the hypervisor and the store, and why the last call failed.
 *
 * Every function of libxenolith that can fail returns 0 (or a count) or a negative errno
 * value, and leaves the reason in the context: a chain, the outermost act first.  A context
 * is for one thread at a time; make one for each.  Handles are opened at first use, so
 * parsing a configuration needs neither a hypervisor nor root.
 */
#ifndef XENOLITH_CTX_H
#define XENOLITH_CTX_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xn_ctx;

enum xn_level { XN_ERROR, XN_WARN, XN_INFO, XN_DEBUG };

/* Receives every message as one line without a newline; data is xn_set_log's. */
typedef void xn_log_fn(void *data, enum xn_level level, const char *line);

/* Receives the progress of long work: done of total (bytes or steps); total 0: not known. */
typedef void xn_progress_fn(void *data, const char *what, uint64_t done, uint64_t total);

/* NULL only without memory.  xn_ctx_free(NULL) is allowed. */
struct xn_ctx *xn_ctx_new(void);
void xn_ctx_free(struct xn_ctx *ctx);

/* Messages of a level above max are not passed on.  Without a function they go to stderr. */
void xn_set_log(struct xn_ctx *ctx, enum xn_level max, xn_log_fn *fn, void *data);
void xn_set_progress(struct xn_ctx *ctx, xn_progress_fn *fn, void *data);

void xn_log(struct xn_ctx *ctx, enum xn_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void xn_progress(struct xn_ctx *ctx, const char *what, uint64_t done, uint64_t total);

/*
 * Failure.  xn_fail starts a new chain with one cause and returns -err (err: a positive
 * errno value); xn_because puts the act that failed in front of the chain and returns rc.
 *
 *     rc = xn_domain_pause(ctx, domid);
 *     if (rc)
 *         return xn_because(ctx, rc, "saving domain %u", domid);
 */
int xn_fail(struct xn_ctx *ctx, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int xn_because(struct xn_ctx *ctx, int rc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* What to do about it, printed after the chain: "give a bridge with bridge=, or make ...". */
void xn_remedy(struct xn_ctx *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The chain as one line, "act: act: cause; remedy"; "" if nothing failed.  Valid until the
 * next failure. */
const char *xn_why(struct xn_ctx *ctx);
void xn_clear_error(struct xn_ctx *ctx);

#endif
