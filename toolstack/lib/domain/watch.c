/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for a domain's end.  The store daemon tells of every domain that ended or shut down
 * (@releaseDomain); the hypervisor says whether it was ours.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

#include "domain/dom.h"

struct xn_watch {
    struct xn_ctx *ctx;
    struct xs_handle *xs;
    uint32_t domid;
};

struct xn_watch *xn_domain_watch(struct xn_ctx *ctx, uint32_t domid)
{
    struct xn_watch *w = calloc(1, sizeof(*w));

    if ( !w ) {
        xn_fail(ctx, ENOMEM, "out of memory");
        return NULL;
    }
    w->ctx = ctx;
    w->domid = domid;
    w->xs = xs_open(XS_OPEN_SOCKETONLY);
    if ( !w->xs || !xs_watch(w->xs, "@releaseDomain", "end") ) {
        xn_fail(ctx, errno, "watching for the end of domain %u: %s", domid, strerror(errno));
        xn_watch_free(w);
        return NULL;
    }
    return w;
}

int xn_watch_fd(const struct xn_watch *w)
{
    return xs_fileno(w->xs);
}

int xn_watch_read(struct xn_watch *w, enum xn_end *end, unsigned int *reason)
{
    char path[32], **event;
    struct xn_domain d;
    unsigned int len;
    void *value;
    int rc;

    *end = XN_END_NONE;
    while ( (event = xs_check_watch(w->xs)) )
        free(event);
    /* libxenstore does not wake whoever polls when the daemon goes: a question finds out. */
    snprintf(path, sizeof(path), "/local/domain/%u", w->domid);
    value = xs_read(w->xs, XBT_NULL, path, &len);
    if ( !value && errno != ENOENT )
        return xn_fail(w->ctx, errno ? errno : EIO, "watching domain %u: the store daemon is "
                       "gone: %s", w->domid, strerror(errno));
    free(value);
    rc = xn_domain_info(w->ctx, w->domid, &d);
    if ( rc && rc != -ESRCH )
        return rc;
    if ( rc || d.dying ) {
        *end = XN_END_GONE;
    } else if ( d.shutdown ) {
        *end = XN_END_SHUTDOWN;
        if ( reason )
            *reason = d.shutdown_reason;
    }
    return 0;
}

void xn_watch_free(struct xn_watch *w)
{
    if ( w && w->xs )
        xs_close(w->xs);
    free(w);
}
