/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls through libxencall.  Two buffers are kept for the context's life, so a call costs
 * a copy and an ioctl, no mapping.
 */
#include <errno.h>
#include <string.h>

#include <xencall.h>

#include "ctx/hypercall.h"

#define PAGE 4096UL

static int op_page(struct xn_ctx *ctx, struct xencall_handle **h, void **page)
{
    int rc = ctx_call(ctx, h);

    if ( rc )
        return rc;
    if ( !ctx->op ) {
        ctx->op = xencall_alloc_buffer_pages(*h, 1);
        if ( !ctx->op )
            return xn_fail(ctx, ENOMEM, "no memory for a hypercall's argument");
    }
    *page = ctx->op;
    return 0;
}

void *hc_data(struct xn_ctx *ctx, size_t size)
{
    const size_t pages = size ? (size + PAGE - 1) / PAGE : 1;
    struct xencall_handle *h;

    if ( ctx_call(ctx, &h) )
        return NULL;
    if ( pages > ctx->data_pages ) {
        if ( ctx->data )
            xencall_free_buffer_pages(h, ctx->data, ctx->data_pages);
        ctx->data = xencall_alloc_buffer_pages(h, pages);
        ctx->data_pages = ctx->data ? pages : 0;
        if ( !ctx->data ) {
            xn_fail(ctx, ENOMEM, "no memory for %zu KiB of hypercall arguments",
                    pages * PAGE / 1024);
            return NULL;
        }
    }
    memset(ctx->data, 0, size);
    return ctx->data;
}

/* @domid: DOMID_INVALID for a call about the host. */
static int control_failed(struct xn_ctx *ctx, int err, uint32_t domid, const char *what)
{
    int rc;

    if ( domid == DOMID_INVALID )
        rc = xn_fail(ctx, err, "hypercall %s: %s", what, strerror(err));
    else
        rc = xn_fail(ctx, err, "hypercall %s for domain %u: %s", what, domid, strerror(err));
    if ( err == EACCES )
        xn_remedy(ctx, "the hypervisor does not take control interface 0x%x (Xen 4.17)",
                  HC_CONTROL_VERSION);
    return rc;
}

int hc_domctl(struct xn_ctx *ctx, uint32_t cmd, uint32_t domid, struct xen_domctl *op,
              const char *what)
{
    struct xencall_handle *h;
    void *page;
    int rc = op_page(ctx, &h, &page);

    if ( rc )
        return rc;
    op->cmd = cmd;
    op->interface_version = HC_CONTROL_VERSION;
    op->domain = (domid_t)domid;
    memcpy(page, op, sizeof(*op));
    rc = xencall1(h, __HYPERVISOR_domctl, hc_ptr(page));
    if ( rc < 0 )
        return control_failed(ctx, errno, domid, what);
    memcpy(op, page, sizeof(*op));
    return rc;
}

int hc_sysctl(struct xn_ctx *ctx, uint32_t cmd, struct xen_sysctl *op, const char *what)
{
    struct xencall_handle *h;
    void *page;
    int rc = op_page(ctx, &h, &page);

    if ( rc )
        return rc;
    op->cmd = cmd;
    op->interface_version = HC_CONTROL_VERSION;
    memcpy(page, op, sizeof(*op));
    rc = xencall1(h, __HYPERVISOR_sysctl, hc_ptr(page));
    if ( rc < 0 )
        return control_failed(ctx, errno, DOMID_INVALID, what);
    memcpy(op, page, sizeof(*op));
    return rc;
}

long hc_op2(struct xn_ctx *ctx, unsigned int number, unsigned int cmd, void *arg, size_t size,
            const char *what)
{
    struct xencall_handle *h;
    void *page;
    long rc = op_page(ctx, &h, &page);

    if ( rc )
        return rc;
    if ( size > PAGE )
        return xn_fail(ctx, E2BIG, "hypercall %s: argument of %zu bytes", what, size);
    if ( size )
        memcpy(page, arg, size);
    rc = xencall2L(h, number, cmd, size ? hc_ptr(page) : 0);
    if ( rc < 0 )
        return xn_fail(ctx, errno, "hypercall %s: %s", what, strerror(errno));
    if ( size )
        memcpy(arg, page, size);
    return rc;
}

long hc_raw(struct xn_ctx *ctx, unsigned int number, unsigned int nr_args, const uint64_t *args)
{
    uint64_t a[5] = { 0 };
    struct xencall_handle *h;
    long rc = ctx_call(ctx, &h);

    if ( rc )
        return rc;
    for ( unsigned int i = 0; i < nr_args && i < 5; i++ )
        a[i] = args[i];
    switch ( nr_args ) {
    case 0: rc = xencall0(h, number); break;
    case 1: rc = xencall1(h, number, a[0]); break;
    case 2: rc = xencall2L(h, number, a[0], a[1]); break;
    case 3: rc = xencall3(h, number, a[0], a[1], a[2]); break;
    case 4: rc = xencall4(h, number, a[0], a[1], a[2], a[3]); break;
    default: rc = xencall5(h, number, a[0], a[1], a[2], a[3], a[4]); break;
    }
    return rc < 0 ? -errno : rc;
}
